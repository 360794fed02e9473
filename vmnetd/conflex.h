/*
 * Copyright (c) 2026 The vmnetd authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */


#ifndef CONFLEX_H
#define CONFLEX_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The words of a configuration: files, included ones on top of those that
 * include them, macros, quotes and comments.  Knows no keyword.  Only for
 * parse.y.
 */

enum token_kind {
	TOKEN_END,		/* of the file, not of the files below it */
	TOKEN_BAD,		/* text says what is wrong with it */
	TOKEN_STRING,		/* quoted */
	TOKEN_WORD,		/* bare */
	TOKEN_NAME,		/* bare, with a `=` that is part of it */
	TOKEN_CHAR		/* text has one character */
};

/* Valid until lexer_free. */
struct token {
	enum token_kind	 kind;
	const char	*text;
	const char	*file;
	int		 line;
	bool		 first;		/* of its line */
	bool		 implied;	/* not in the file, but should be */
};

struct lexer;

struct lexer	*lexer_new(void);
void		 lexer_free(struct lexer *);

/*
 * Go on with another file; a relative path counts from where the file that
 * includes it is.  0, or -1 and the reason.
 */
int		 lexer_push(struct lexer *, const char *, const char **);
/* Such a path as it is opened, kept. */
const char	*lexer_path(struct lexer *, const char *);
/*
 * The text of a file of another language, of at most so many bytes, with the
 * same look at who may write to it.  To be freed; NULL and the reason.
 */
char		*lexer_read(struct lexer *, const char *, size_t,
		    const char **);
/* After TOKEN_END: go on in the file below; false if there is none. */
bool		 lexer_pop(struct lexer *);

void		 lexer_next(struct lexer *, struct token *);
/* The next ones again, the last put back is the first to come. */
void		 lexer_unget(struct lexer *, const struct token *);
/* Look ahead within the file: 0 is the one that comes next. */
void		 lexer_peek(struct lexer *, size_t, struct token *);

/* A copy that lives as long as the lexer. */
const char	*lexer_keep(struct lexer *, const char *, size_t);
void		 lexer_define(struct lexer *, const struct token *,
		    const char *);
/* Calls back for each macro of the files that was never used. */
void		 lexer_unused(struct lexer *,
		    void (*)(const char *name, const char *file, int line));

#endif /* CONFLEX_H */

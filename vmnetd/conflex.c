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


#include <sys/types.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "conflex.h"
#include "log.h"

#define FILE_MAX	(64 * 1024 * 1024)	/* bytes */
#define FILES_MAX	65536			/* opened in one run */
#define DEPTH_MAX	16			/* of files in files */
#define TOKEN_MAX	8192			/* with NUL */
#define AHEAD_MAX	8

/* Memory that is freed at the end, whatever happened in between. */
struct kept {
	SLIST_ENTRY(kept)	 entry;
	char			 text[];
};

struct macro {
	SLIST_ENTRY(macro)	 entry;
	const char		*name;
	const char		*value;
	const char		*file;	/* NULL: of the command line */
	int			 line;
	bool			 used;
};
SLIST_HEAD(macros, macro);

struct source {
	struct source		*below;
	const char		*name;
	char			*text;		/* ends with a NUL */
	const char		*p;
	const char		*expansion;	/* of a macro, goes first */
	int			 line;
	bool			 first;		/* no token in this line yet */
	dev_t			 dev;
	ino_t			 ino;
	struct token		 ahead[AHEAD_MAX];
	size_t			 nahead;
};

struct lexer {
	struct source		*source;
	int			 depth;
	int			 nfiles;
	SLIST_HEAD(, kept)	 kept;
	struct macros		 macros;
	char			 buf[TOKEN_MAX];
	size_t			 len;
};

/* Those of the command line outlive each run. */
static struct macros	 cmdline = SLIST_HEAD_INITIALIZER(cmdline);

static void		*allocate(size_t);
static struct source	*source_open(struct lexer *, const char *, size_t,
			    const char **);
static const char	*check_file(const struct lexer *, int,
			    struct source *);
static const char	*read_file(int, struct source *, size_t);
static int		 peek_char(struct source *);
static int		 next_char(struct source *);
static void		 lex(struct lexer *, struct token *);
static const char	*lex_token(struct lexer *, struct token *);
static void		 skip_blanks(struct source *);
static const char	*lex_quoted(struct lexer *, int);
static const char	*lex_word(struct lexer *);
static const char	*lex_macro(struct lexer *);
static bool		 take_equals(struct source *);
static bool		 add_char(struct lexer *, int);
static bool		 is_word_char(int);
static bool		 is_name_char(int);
static struct macro	*find_macro(struct macros *, const char *, size_t);

static void *
allocate(size_t size)
{
	void	*p;

	if ((p = calloc(1, size)) == NULL)
		fatal("configuration");
	return p;
}

struct lexer *
lexer_new(void)
{
	struct lexer	*l = allocate(sizeof(*l));

	SLIST_INIT(&l->kept);
	SLIST_INIT(&l->macros);
	return l;
}

void
lexer_free(struct lexer *l)
{
	struct kept	*kept;
	struct macro	*macro;

	while (l->source != NULL)
		lexer_pop(l);
	while ((macro = SLIST_FIRST(&l->macros)) != NULL) {
		SLIST_REMOVE_HEAD(&l->macros, entry);
		free(macro);
	}
	while ((kept = SLIST_FIRST(&l->kept)) != NULL) {
		SLIST_REMOVE_HEAD(&l->kept, entry);
		free(kept);
	}
	free(l);
}

const char *
lexer_keep(struct lexer *l, const char *text, size_t len)
{
	struct kept	*kept = allocate(sizeof(*kept) + len + 1);

	memcpy(kept->text, text, len);
	SLIST_INSERT_HEAD(&l->kept, kept, entry);
	return kept->text;
}

int
lexer_push(struct lexer *l, const char *path, const char **why)
{
	struct source	*s;

	if (l->depth == DEPTH_MAX) {
		*why = "too many files in files";
		return -1;
	}
	if (l->nfiles++ == FILES_MAX) {
		*why = "too many files";
		return -1;
	}
	if ((s = source_open(l, lexer_path(l, path), FILE_MAX, why)) == NULL)
		return -1;
	s->below = l->source;
	l->source = s;
	l->depth++;
	return 0;
}

bool
lexer_pop(struct lexer *l)
{
	struct source	*s = l->source;

	l->source = s->below;
	l->depth--;
	free(s->text);
	free(s);
	return l->source != NULL;
}

char *
lexer_read(struct lexer *l, const char *path, size_t max, const char **why)
{
	struct source	*s;
	char		*text;

	if (l->nfiles++ == FILES_MAX) {
		*why = "too many files";
		return NULL;
	}
	if ((s = source_open(l, path, max, why)) == NULL)
		return NULL;
	text = s->text;
	free(s);
	return text;
}

/* A relative path as seen from the directory of the file that names it. */
const char *
lexer_path(struct lexer *l, const char *path)
{
	const char	*slash, *kept;
	char		*full;
	int		 len;

	if (path[0] == '/' || l->source == NULL ||
	    (slash = strrchr(l->source->name, '/')) == NULL)
		return lexer_keep(l, path, strlen(path));
	len = asprintf(&full, "%.*s/%s", (int)(slash - l->source->name),
	    l->source->name, path);
	if (len == -1)
		fatal("configuration");
	kept = lexer_keep(l, full, (size_t)len);
	free(full);
	return kept;
}

static struct source *
source_open(struct lexer *l, const char *name, size_t max, const char **why)
{
	struct source	*s;
	int		 fd;

	/* Non-blocking: nobody may ever write to what turns out a FIFO. */
	if ((fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1) {
		*why = strerror(errno);
		return NULL;
	}
	s = allocate(sizeof(*s));
	s->name = name;
	s->line = 1;
	s->first = true;
	if ((*why = check_file(l, fd, s)) == NULL)
		*why = read_file(fd, s, max);
	close(fd);
	if (*why == NULL) {
		s->p = s->text;
		return s;
	}
	free(s->text);
	free(s);
	return NULL;
}

/* Whoever may write to the file is root in effect. */
static const char *
check_file(const struct lexer *l, int fd, struct source *s)
{
	const struct source	*below;
	struct stat		 st;

	if (fstat(fd, &st) == -1)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a regular file";
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return "must be owned by root or by the user that runs vmnetd";
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "must not be writable by group or others";
	for (below = l->source; below != NULL; below = below->below)
		if (below->dev == st.st_dev && below->ino == st.st_ino)
			return "includes itself";
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return NULL;
}

static const char *
read_file(int fd, struct source *s, size_t max)
{
	char	*text;
	size_t	 len = 0, size = 0;
	ssize_t	 n;

	do {
		if (len > max)
			return "too large";
		if (len + 1 >= size) {
			size = size == 0 ? 4096 : size * 2;
			if ((text = realloc(s->text, size)) == NULL)
				fatal("configuration");
			s->text = text;
		}
		if ((n = read(fd, s->text + len, size - len - 1)) == -1)
			return strerror(errno);
		len += (size_t)n;
	} while (n > 0);
	s->text[len] = '\0';
	if (strlen(s->text) != len)
		return "contains a NUL byte: not a text file";
	return NULL;
}

/* '\0' is the end of the file. */
static int
peek_char(struct source *s)
{
	if (s->expansion != NULL && *s->expansion == '\0')
		s->expansion = NULL;
	return (unsigned char)(s->expansion != NULL ? *s->expansion : *s->p);
}

static int
next_char(struct source *s)
{
	int	 c = peek_char(s);

	if (s->expansion != NULL) {
		s->expansion++;
		/* A macro of the command line may have some. */
		return c == '\n' ? ' ' : c;
	}
	if (c != '\0')
		s->p++;
	if (c == '\n') {
		s->line++;
		s->first = true;
	}
	return c;
}

void
lexer_next(struct lexer *l, struct token *token)
{
	struct source	*s = l->source;

	if (s->nahead > 0)
		*token = s->ahead[--s->nahead];
	else
		lex(l, token);
}

void
lexer_unget(struct lexer *l, const struct token *token)
{
	struct source	*s = l->source;

	if (s->nahead == AHEAD_MAX)
		fatalx("configuration: too many words put back");
	s->ahead[s->nahead++] = *token;
}

void
lexer_peek(struct lexer *l, size_t n, struct token *token)
{
	struct source	*s = l->source;

	if (n >= AHEAD_MAX)
		fatalx("configuration: too many words ahead");
	while (s->nahead <= n) {
		lex(l, token);
		memmove(&s->ahead[1], &s->ahead[0],
		    s->nahead * sizeof(s->ahead[0]));
		s->ahead[0] = *token;
		s->nahead++;
	}
	*token = s->ahead[s->nahead - 1 - n];
}

static void
lex(struct lexer *l, struct token *token)
{
	struct source	*s = l->source;
	const char	*bad = NULL;
	bool		 macro;

	/* A macro is nothing in itself, its value comes next. */
	do {
		skip_blanks(s);
		l->len = 0;
		memset(token, 0, sizeof(*token));
		token->file = s->name;
		token->line = s->line;
		token->first = s->first;
		macro = peek_char(s) == '$' && s->expansion == NULL;
		if (macro)
			bad = lex_macro(l);
	} while (macro && bad == NULL);

	if (bad == NULL && peek_char(s) == '\0') {
		token->text = "end of file";
		return;
	}
	if (bad == NULL)
		bad = lex_token(l, token);
	s->first = false;
	if (bad != NULL) {
		token->kind = TOKEN_BAD;
		token->text = bad;
	} else
		token->text = lexer_keep(l, l->buf, l->len);
}

/* What it is by its first character; NULL, or what is wrong with it. */
static const char *
lex_token(struct lexer *l, struct token *token)
{
	struct source	*s = l->source;
	const char	*bad;
	bool		 literal = s->expansion == NULL;
	int		 c = peek_char(s);

	if (c == '"' || c == '\'') {
		token->kind = TOKEN_STRING;
		return lex_quoted(l, next_char(s));
	}
	if (is_word_char(c) && c != '-') {
		token->kind = TOKEN_WORD;
		bad = lex_word(l);
		if (literal && s->expansion == NULL && take_equals(s))
			token->kind = TOKEN_NAME;
		return bad;
	}
	token->kind = TOKEN_CHAR;
	add_char(l, next_char(s));
	if (c == '$')
		return "a macro in the value of a macro: write "
		    "NAME = \"...\" $OTHER to put values together";
	return NULL;
}

static void
skip_blanks(struct source *s)
{
	int	 c;

	for (;;) {
		c = peek_char(s);
		if (c == '#')
			while ((c = peek_char(s)) != '\n' && c != '\0')
				next_char(s);
		else if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			next_char(s);
		else if (c == '\\' && s->expansion == NULL &&
		    s->p[1] == '\n') {
			/* One line still, so the next word is not its first. */
			s->p += 2;
			s->line++;
		} else
			return;
	}
}

/*
 * A backslash takes the meaning from a quote and from another backslash,
 * and joins two lines; it stands for itself before everything else.
 */
static const char *
lex_quoted(struct lexer *l, int quote)
{
	struct source	*s = l->source;
	bool		 expanding = s->expansion != NULL, ok = true;
	int		 c;

	while ((c = peek_char(s)) != quote ||
	    expanding != (s->expansion != NULL)) {
		if (c == '\0' || c == '\n' ||
		    expanding != (s->expansion != NULL))
			return "a quote is not closed at the end of its line";
		next_char(s);
		if (c == '\\') {
			c = peek_char(s);
			if (c == quote || c == '\\' || c == '\n')
				next_char(s);
			else
				c = '\\';
			if (c == '\n')
				continue;
		}
		ok = ok && add_char(l, c);
	}
	next_char(s);
	return ok ? NULL : "quoted text is too long";
}

static const char *
lex_word(struct lexer *l)
{
	struct source	*s = l->source;
	bool		 ok = true;

	while (is_word_char(peek_char(s)))
		ok = add_char(l, next_char(s)) && ok;
	return ok ? NULL : "word is too long";
}

/* $name: its value is read next. */
static const char *
lex_macro(struct lexer *l)
{
	char		 bad[128];
	struct source	*s = l->source;
	struct macro	*macro;

	next_char(s);
	while (is_name_char(peek_char(s)))
		add_char(l, next_char(s));
	if (l->len == 0)
		return "$ without the name of a macro";
	if ((macro = find_macro(&cmdline, l->buf, l->len)) == NULL)
		macro = find_macro(&l->macros, l->buf, l->len);
	if (macro == NULL) {
		snprintf(bad, sizeof(bad), "macro \"%.*s\" is not defined",
		    l->len > 64 ? 64 : (int)l->len, l->buf);
		return lexer_keep(l, bad, strlen(bad));
	}
	macro->used = true;
	s->expansion = macro->value;
	return NULL;
}

/* Is there a `=` after this word, if in another line?  Then take it. */
static bool
take_equals(struct source *s)
{
	const char	*p = s->p;
	int		 lines = 0;

	while (*p != '\0' && strchr(" \t\r\n#", *p) != NULL) {
		if (*p == '#') {
			p += strcspn(p, "\n");
			continue;
		}
		if (*p++ == '\n')
			lines++;
	}
	if (*p != '=')
		return false;
	s->p = p + 1;
	s->line += lines;
	return true;
}

static bool
add_char(struct lexer *l, int c)
{
	if (l->len == TOKEN_MAX - 1)
		return false;
	l->buf[l->len++] = (char)c;
	return true;
}

static bool
is_word_char(int c)
{
	return c > ' ' && c < 0x7f && strchr("{}(),=#$\"'!\\", c) == NULL;
}

static bool
is_name_char(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

static struct macro *
find_macro(struct macros *macros, const char *name, size_t len)
{
	struct macro	*macro;

	SLIST_FOREACH(macro, macros, entry)
		if (strlen(macro->name) == len &&
		    memcmp(macro->name, name, len) == 0)
			return macro;
	return NULL;
}

/* The command line goes before the file, what comes later before the rest. */
void
lexer_define(struct lexer *l, const struct token *name, const char *value)
{
	struct macro	*macro;
	size_t		 len = strlen(name->text);

	if ((macro = find_macro(&l->macros, name->text, len)) == NULL) {
		macro = allocate(sizeof(*macro));
		macro->name = name->text;
		SLIST_INSERT_HEAD(&l->macros, macro, entry);
	}
	macro->value = value;
	macro->file = name->file;
	macro->line = name->line;
	if (find_macro(&cmdline, name->text, len) != NULL)
		macro->used = true;
}

void
lexer_unused(struct lexer *l, void (*report)(const char *, const char *, int))
{
	struct macro	*macro;

	SLIST_FOREACH(macro, &l->macros, entry)
		if (!macro->used)
			report(macro->name, macro->file, macro->line);
}

int
cmdline_symset(const char *definition)
{
	struct macro	*macro;
	const char	*equals;
	char		*name, *value;
	size_t		 i, len;

	if ((equals = strchr(definition, '=')) == NULL)
		return -1;
	len = (size_t)(equals - definition);
	if (len == 0 || (definition[0] >= '0' && definition[0] <= '9'))
		return -1;
	for (i = 0; i < len; i++)
		if (!is_name_char((unsigned char)definition[i]))
			return -1;
	if ((name = strndup(definition, len)) == NULL ||
	    (value = strdup(equals + 1)) == NULL)
		fatal("macro");
	macro = allocate(sizeof(*macro));
	macro->name = name;
	macro->value = value;
	SLIST_INSERT_HEAD(&cmdline, macro, entry);
	return 0;
}

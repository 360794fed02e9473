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


#ifndef OUTPUT_H
#define OUTPUT_H

#include <sys/types.h>
#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "control.h"

/*
 * From the items of an answer to text.  The walker (output.c) turns each
 * item into named fields; a printer (table.c, json.c) writes the fields.
 * Nothing of a list is written before its end, so an answer that fails on
 * the way leaves nothing on the standard output; events are written at once.
 */

enum field_kind {
	FIELD_NONE,		/* no value */
	FIELD_WORD,
	FIELD_LINE,		/* text with blanks */
	FIELD_NUMBER,
	FIELD_BOOL
};

struct field {
	const char	*column;	/* in a table; NULL not there */
	const char	*key;		/* in JSON; NULL not there */
	enum field_kind	 kind;
	const char	*text;
	uint64_t	 number;
};

#define ITEM_FIELDS	16

struct item {
	struct field	 fields[ITEM_FIELDS];
	size_t		 n;
	const char	*line;		/* the whole item is this; NULL not */
	const char	*note;		/* for a line of its own; "" none */
	int64_t		 since;		/* of the note; 0 unknown */
};

struct output;

struct printer {
	void	(*begin)(struct output *, const struct item *);
	void	(*item)(struct output *, const struct item *);
	/* The lease is NULL where the event is not about one. */
	void	(*event)(struct output *, int64_t, const char *,
		    const struct item *);
	void	(*address)(struct output *, const char *);
	void	(*end)(struct output *);
	void	(*clear)(struct output *);
};

extern const struct printer	 table_printer;
extern const struct printer	 json_printer;

struct row;
STAILQ_HEAD(rows, row);

struct output {
	FILE			*fp;
	const struct printer	*printer;
	int64_t			 now;
	uint32_t		 type;		/* of the items; 0 none */
	size_t			 count;		/* items so far */
	/* table */
	struct rows		 rows;
	size_t			 width[ITEM_FIELDS];
	/* JSON */
	FILE			*body;
	char			*text;
	size_t			 length;
	char			 group[sizeof(((struct ctl_stat *)0)->group)];
};

/* An answer of items of this type (CTL_LEASE ...; 0: none) begins. */
void	 output_begin(struct output *, FILE *, bool json, uint32_t type,
	    int64_t now);
/*
 * One item, which must have passed output_valid().  -1 when an event could
 * not be written.
 */
int	 output_item(struct output *, const void *);
/* Complete: write it.  -1 when it could not be written. */
int	 output_end(struct output *);
/* Forget what was not written. */
void	 output_clear(struct output *);
/* The answer to `show address`. */
int	 output_address(struct output *, uint32_t);

/* How large an item of this type is; 0: not the type of an item. */
size_t	 output_size(uint32_t type);
/* Every string ends within its bounds and every value is a known one. */
bool	 output_valid(uint32_t type, const void *);
const char *output_state(uint8_t);

/*
 * Printable ASCII of a text that may hold anything, other bytes and the
 * backslash as vis(3) does; blanks too where `blanks` is false.
 */
size_t	 output_escape(char *, size_t, const char *, bool blanks);

#endif /* OUTPUT_H */

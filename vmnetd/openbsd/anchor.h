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


#ifndef ANCHOR_H
#define ANCHOR_H

#include <stdbool.h>
#include <stddef.h>

#include "rules.h"

/* Private to openbsd/: anchors of pf(4), by pfctl(8). */

/* kern.securelevel is 2: anchors stay as they are; the rest works. */
bool	 anchor_frozen(void);
/*
 * Have an anchor hold this and nothing else: 0, or -1 with the reason; then it
 * is as it was.  Frozen, it can only be what it already holds.
 */
int	 anchor_load(const char *, bool child, const struct rules_text *,
	    char *, size_t);
/*
 * Its rules as pfctl lists them, with those of the anchors in it if deep;
 * malloc'ed, "" if there is no such anchor, NULL with errno.
 */
char	*anchor_list(const char *, bool deep);
/* Away with its rules, its tables, and all anchors in it. */
void	 anchor_empty(const char *);
/* Call back with the path of each anchor that is right below this one. */
void	 anchor_children(const char *, void (*)(const char *, void *),
	    void *);

#endif /* ANCHOR_H */

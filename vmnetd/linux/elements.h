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


#ifndef ELEMENTS_H
#define ELEMENTS_H

#include <stdint.h>

#include "rules.h"

/*
 * Private to linux/: what the sets and maps of the tables hold.  A copy is
 * kept, so that only what is to be changed need be said to the kernel, and an
 * element that another port has, or had before the start, is known as such.
 * The functions return -1 with errno set; ENOENT: the tables are not there.
 */

/* Read all of it; nobody owns anything then. */
int	 elements_look(const char *);
/* What is there of a port's is the port's. */
void	 elements_adopt(const struct rules_port *);
/*
 * Exactly these elements for a port, who had those of the old one (either
 * may be NULL), in one transaction; and without a chain of that name any more,
 * unless it is NULL.
 */
int	 elements_change(const char *, const struct rules_port *,
	    const struct rules_port *, const char *);
/* Remove what nobody owns. */
int	 elements_prune(const char *);

#endif /* ELEMENTS_H */

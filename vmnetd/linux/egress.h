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


#ifndef EGRESS_H
#define EGRESS_H

#include <sys/types.h>
#include <net/if.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * Private to linux/: what `egress' means: the interfaces that a default route
 * of the main table leads to.
 */
#define EGRESS_MAX	64		/* more are not seen, logged */

/* Open the descriptor on which egress_read() is due, non-blocking. */
int	 egress_open(void);
/* Read what changed: true if the list may have. */
bool	 egress_read(void);
/* Look afresh: -1 with errno if that fails; then the list is as it was. */
int	 egress_look(void);
/* Their names and number, as seen at the last look. */
const char *const *egress_names(size_t *);

#endif /* EGRESS_H */

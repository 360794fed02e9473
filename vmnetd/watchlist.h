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


#ifndef WATCHLIST_H
#define WATCHLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel.h"

/*
 * The interfaces that one reading of the kernel's events has named, each
 * once.  The contents of the events do not count: by the time they are read,
 * things may be different again.
 */

#define WATCHLIST_MAX	128

struct watchlist {
	size_t		 n;
	bool		 lost;		/* some did not fit, or never came */
	struct {
		uint32_t ifindex;
		bool	 departed;	/* first */
		bool	 changed;	/* then, or only */
	}		 event[WATCHLIST_MAX];
};

void	 watchlist_clear(struct watchlist *);
/* Half full is the time to stop reading. */
bool	 watchlist_has_room(const struct watchlist *);
void	 watchlist_changed(struct watchlist *, uint32_t);
void	 watchlist_departed(struct watchlist *, uint32_t);
void	 watchlist_tell(const struct watchlist *,
	    const struct kernel_watcher *);

#endif /* WATCHLIST_H */

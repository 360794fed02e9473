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


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel.h"
#include "watchlist.h"

static void	 add(struct watchlist *, uint32_t, bool);

void
watchlist_clear(struct watchlist *list)
{
	list->n = 0;
	list->lost = false;
}

bool
watchlist_has_room(const struct watchlist *list)
{
	return list->n < WATCHLIST_MAX / 2;
}

static void
add(struct watchlist *list, uint32_t ifindex, bool departed)
{
	size_t	 i;

	for (i = 0; i < list->n && list->event[i].ifindex != ifindex; i++)
		;
	if (i == WATCHLIST_MAX) {
		list->lost = true;
		return;
	}
	if (i == list->n) {
		list->n++;
		list->event[i].ifindex = ifindex;
		list->event[i].departed = false;
	}
	/* After a departure the index may be another's. */
	if (departed)
		list->event[i].departed = true;
	list->event[i].changed = !departed;
}

void
watchlist_changed(struct watchlist *list, uint32_t ifindex)
{
	add(list, ifindex, false);
}

void
watchlist_departed(struct watchlist *list, uint32_t ifindex)
{
	add(list, ifindex, true);
}

void
watchlist_tell(const struct watchlist *list, const struct kernel_watcher *w)
{
	size_t	 i;

	for (i = 0; i < list->n; i++) {
		if (list->event[i].departed)
			w->departed(list->event[i].ifindex, w->arg);
		/* Those that are there will all be looked at. */
		if (list->event[i].changed && !list->lost)
			w->changed(list->event[i].ifindex, w->arg);
	}
	if (list->lost)
		w->lost(w->arg);
}

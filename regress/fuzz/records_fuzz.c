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

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "records.h"

/*
 * Bytes as if from OpenBSD's routing socket, its interface list and a bpf
 * descriptor, through all that takes them apart.
 */

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void	 check_watchlist(const struct watchlist *);
static void	 check_interface(const struct interface *);
static void	 check_frame(const uint8_t *, size_t, int, void *);

struct bounds {
	const uint8_t	*start, *end;
};

static volatile uint8_t	 sink;	/* so that each byte is read */

static void
check_watchlist(const struct watchlist *list)
{
	if (list->n > 1)
		abort();
	if (list->n == 1 && (list->event[0].ifindex == 0 ||
	    list->event[0].changed == list->event[0].departed))
		abort();
}

static void
check_interface(const struct interface *ifc)
{
	size_t	 i;

	if (ifc->index == 0 || ifc->naddr > INTERFACE_MAXADDR ||
	    ifc->name[0] == '\0' || ifc->descr[0] != '\0' ||
	    memchr(ifc->name, '\0', sizeof(ifc->name)) == NULL)
		abort();
	for (i = 0; i < ifc->naddr; i++)
		if (ifc->addr[i].len > 32)
			abort();
}

static void
check_frame(const uint8_t *frame, size_t len, int flags, void *arg)
{
	const struct bounds	*b = arg;
	size_t			 i;

	if (frame < b->start || frame > b->end ||
	    len > (size_t)(b->end - frame))
		abort();
	for (i = 0; i < len; i++)
		sink ^= frame[i];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct watchlist	 list;
	static struct prefix	 addrs[INTERFACE_MAXADDR];
	struct interface	 ifc;
	struct iflist		 iflist;
	struct bounds		 bounds;
	uint8_t			*copy;
	size_t			 n = 0;

	/* Of exactly this size, to be caught one byte behind it. */
	if ((copy = malloc(size)) == NULL)
		return 0;
	memcpy(copy, data, size);

	watchlist_clear(&list);
	records_route(copy, size, &list);
	check_watchlist(&list);

	iflist.p = copy;
	iflist.left = size;
	ifc.addr = addrs;
	while (records_interface(&iflist, &ifc)) {
		check_interface(&ifc);
		if (++n > size)
			abort();	/* it does not come to an end */
	}
	bounds.start = copy;
	bounds.end = copy + size;
	if ((size_t)records_bpf(copy, size, check_frame, &bounds) > size)
		abort();
	free(copy);
	return 0;
}

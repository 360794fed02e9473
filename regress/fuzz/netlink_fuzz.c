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
#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "rtnl.h"

/*
 * Bytes as if from rtnetlink, through all that takes such messages apart.
 */

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void	 check_link(const struct link *);
static void	 check_events(const struct watchlist *);

static void
check_link(const struct link *link)
{
	const struct interface	*ifc = &link->ifc;

	if (ifc->index == 0 || ifc->name[0] == '\0' ||
	    memchr(ifc->name, '\0', sizeof(ifc->name)) == NULL ||
	    memchr(ifc->descr, '\0', sizeof(ifc->descr)) == NULL ||
	    ifc->naddr != 0)
		abort();
}

static void
check_events(const struct watchlist *list)
{
	size_t	 i, j;

	if (list->n > WATCHLIST_MAX)
		abort();
	for (i = 0; i < list->n; i++) {
		if (list->event[i].ifindex == 0 ||
		    (!list->event[i].changed && !list->event[i].departed))
			abort();
		for (j = 0; j < i; j++)
			if (list->event[i].ifindex == list->event[j].ifindex)
				abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct watchlist	 list;
	const struct nlmsghdr		*nlh;
	struct link			 link;
	struct prefix			 addr;
	uint32_t			 ifindex;
	char				*copy;

	/* Of exactly this size, to be caught one byte behind it. */
	if (size > 65536 || (copy = malloc(size)) == NULL)
		return 0;
	memcpy(copy, data, size);
	list.n = 0;
	list.lost = false;
	rtnl_parse_events(copy, size, &list);
	check_events(&list);
	nlh = (const struct nlmsghdr *)(const void *)copy;
	if (size >= sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) &&
	    nlh->nlmsg_len <= size) {
		if (rtnl_parse_link(nlh, &link) == 0)
			check_link(&link);
		if (rtnl_parse_address(nlh, &ifindex, &addr) == 0 &&
		    addr.len > 32)
			abort();
	}
	free(copy);
	return 0;
}

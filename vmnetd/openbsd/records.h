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


#ifndef RECORDS_H
#define RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel.h"
#include "watchlist.h"

/*
 * Private to openbsd/: what the kernel writes into buffers.  All pure, and
 * nothing that they read is believed to have the length that it claims.
 */

/* One message of the routing socket. */
void	 records_route(const void *, size_t, struct watchlist *);

/* The interfaces of a NET_RT_IFLIST buffer, one after another. */
struct iflist {
	const uint8_t	*p;
	size_t		 left;
	bool		 cut;		/* this one has more addresses */
};
/*
 * False at the end.  Addresses go to ifc->addr, which must have room for
 * INTERFACE_MAXADDR; without description and master.
 */
bool	 records_interface(struct iflist *, struct interface *);

/* The frames of one read from a bpf descriptor; their number. */
int	 records_bpf(const uint8_t *, size_t, kernel_packet_cb *, void *);

#endif /* RECORDS_H */

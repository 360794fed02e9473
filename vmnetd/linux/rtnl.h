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


#ifndef RTNL_H
#define RTNL_H

#include <linux/netlink.h>

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "kernel.h"
#include "watchlist.h"

/*
 * Private to linux/: what rtnetlink messages say, and requests to it.
 */

/* One interface as RTM_NEWLINK has it. */
struct link {
	struct interface ifc;		/* no addresses, rdomain 0 */
	uint32_t	 vrf;		/* its table, if it is a VRF, else 0 */
};

/* Pure: bytes of the kernel in, -1 when they are not such a message. */
int	 rtnl_parse_link(const struct nlmsghdr *, struct link *);
int	 rtnl_parse_address(const struct nlmsghdr *, uint32_t *,
	    struct prefix *);
void	 rtnl_parse_events(const void *, size_t, struct watchlist *);

/* Open the socket for requests, unless it is open. */
int	 rtnl_open(void);
/*
 * A socket that hears what a protocol of netlink tells the groups of a mask,
 * with room for so many bytes: non-blocking, or -1.
 */
int	 rtnl_subscribe(int protocol, uint32_t groups, int room);
/*
 * One datagram from the kernel; 0 if it is from somebody else.  The buffer
 * must be aligned for a netlink message.
 */
ssize_t	 rtnl_receive(int, void *, size_t);
/* One request; call back for every message of the answer to it. */
typedef void rtnl_cb(const struct nlmsghdr *, void *);
int	 rtnl_request(struct nlmsghdr *, rtnl_cb *, void *);

#endif /* RTNL_H */

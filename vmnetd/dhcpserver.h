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

#ifndef DHCPSERVER_H
#define DHCPSERVER_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "dhcp.h"
#include "frame.h"

/*
 * What to answer a guest: one frame in, at most one frame out.  Pure; the
 * caller owns the lease and carries out the verdict.
 */

/* The one binding that a tap's guest can have. */
struct dhcp_binding {
	uint8_t			 lladdr[LLADDR_LEN];	/* of the tap */
	struct prefix		 host;		/* host address and length */
	uint32_t		 guest;
	const char		*hostname;	/* to be told; NULL: none */
	const struct dhcp_conf	*dhcp[3];	/* most specific first */
	size_t			 ndhcp;
};

enum dhcp_event {
	DHCP_EVENT_NONE,	/* nothing changes */
	DHCP_EVENT_BOUND,	/* the guest was told that it has the address */
	DHCP_EVENT_RELEASED,	/* it gave the address back */
	DHCP_EVENT_DECLINED	/* it says that somebody else has it */
};

struct dhcp_verdict {
	enum drop		 drop;		/* DROP_NONE: it was taken */
	enum dhcp_type		 received;	/* valid if drop is DROP_NONE */
	enum dhcp_type		 sent;		/* valid if a reply was made */
	enum dhcp_event		 event;
	uint8_t			 lladdr[LLADDR_LEN];	/* the guest's */
	uint32_t		 lease_time;	/* seconds, with BOUND */
	char			 hostname[HOSTNAME_LEN]; /* what it calls itself,
						 * "" if nothing printable */
};

/* Length of the reply in buf (at least FRAME_MAX bytes), 0 for none. */
size_t	 dhcp_serve(const struct dhcp_binding *, const uint8_t *, size_t, int,
	    uint8_t *, struct dhcp_verdict *);

#endif /* DHCPSERVER_H */

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

#ifndef STATS_H
#define STATS_H

#include <stdint.h>

/*
 * Counters, and the words under which `vmnetctl show stats` shows them.
 */

/* Why a packet was dropped.  drop_name() has the words. */
enum drop {
	DROP_NONE,
	DROP_SHORT,		/* cut short at any layer */
	DROP_VLAN,		/* VLAN tag */
	DROP_NOT_IPV4,		/* another ethertype or IP version */
	DROP_IP_HEADER,		/* header length, total length */
	DROP_IP_OPTIONS,	/* IPv4 options: no DHCP client sends them */
	DROP_IP_CHECKSUM,
	DROP_FRAGMENT,
	DROP_NOT_UDP,
	DROP_UDP_LENGTH,
	DROP_UDP_CHECKSUM,
	DROP_PORT,		/* not from the client's port to the server's */
	DROP_DST,		/* neither broadcast nor the host address */
	DROP_BOOTP_OP,		/* not BOOTREQUEST: another server's reply */
	DROP_HARDWARE,		/* htype not Ethernet, or hlen not 6 */
	DROP_CHADDR,		/* source is not chaddr, or no unicast */
	DROP_RELAYED,		/* giaddr or hops set */
	DROP_COOKIE,		/* options without the magic cookie */
	DROP_OPTION_OVERRUN,	/* an option goes beyond its field */
	DROP_OPTION_VALUE,	/* wrong length or value of one we need */
	DROP_MESSAGE_TYPE,	/* none that a client sends */
	DROP_OTHER_SERVER,	/* REQUEST for another server's offer */
	DROP_NO_ADDRESS,	/* REQUEST, DECLINE, RELEASE without ours */
	DROP_TOO_LONG,		/* longer than a frame can be */
	DROP_RATE,		/* tap's token bucket is empty */
	DROP_QUEUE,		/* engine is behind */
	DROP_NOT_READY,		/* lease not ready, or tap gone meanwhile */
	DROP_SEND,		/* reply could not be written */
	DROP_MAX
};

const char	*drop_name(enum drop);		/* "ip-checksum" ... */

/* DHCP message types, option 53; 0 stands for BOOTP. */
#define DHCP_TYPES	9

struct stats {
	uint64_t	 received[DHCP_TYPES];
	uint64_t	 sent[DHCP_TYPES];
	uint64_t	 dropped[DROP_MAX];
};

#endif /* STATS_H */

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

#ifndef DHCP_H
#define DHCP_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "stats.h"

/*
 * BOOTP and DHCP messages on the wire: RFC 951, 1542, 2131, 2132, 3396.
 */

#define DHCP_SERVER_PORT	67
#define DHCP_CLIENT_PORT	68
#define DHCP_FIXED_LEN		236	/* up to and with `file` */
#define BOOTP_MIN_LEN		300	/* RFC 951: clients may insist */
#define DHCP_MIN_MSG		576	/* IP datagram any client can take */

#define BOOTREQUEST		1
#define BOOTREPLY		2
#define DHCP_FLAG_BROADCAST	0x8000

enum dhcp_type {			/* option 53 */
	DHCP_BOOTP = 0,			/* ours: no option 53 */
	DHCPDISCOVER = 1,
	DHCPOFFER,
	DHCPREQUEST,
	DHCPDECLINE,
	DHCPACK,
	DHCPNAK,
	DHCPRELEASE,
	DHCPINFORM
};

/* Options that vmnetd sets or reads itself: RFC 2132 unless said. */
#define DHO_PAD			0
#define DHO_SUBNET_MASK		1
#define DHO_ROUTER		3
#define DHO_NAME_SERVER		6
#define DHO_HOST_NAME		12
#define DHO_DOMAIN_NAME		15
#define DHO_MTU			26
#define DHO_NTP			42
#define DHO_REQUESTED_ADDR	50
#define DHO_LEASE_TIME		51
#define DHO_OVERLOAD		52
#define DHO_MESSAGE_TYPE	53
#define DHO_SERVER_ID		54
#define DHO_PARAM_LIST		55
#define DHO_MESSAGE		56
#define DHO_MAX_SIZE		57
#define DHO_RENEWAL_TIME	58
#define DHO_REBINDING_TIME	59
#define DHO_CLIENT_ID		61
#define DHO_TFTP_SERVER		66
#define DHO_BOOT_FILE		67
#define DHO_RELAY_INFO		82	/* RFC 3046 */
#define DHO_DOMAIN_SEARCH	119	/* RFC 3397 */
#define DHO_CLASSLESS_ROUTE	121	/* RFC 3442 */
#define DHO_END			255

/*
 * A parsed request.  Options that occur more than once are joined (RFC
 * 3396), those of overloaded fields included, into `store`; nothing points
 * outside the structure, nothing is allocated.
 */
struct dhcp_msg {
	uint8_t		 op;
	uint8_t		 htype;
	uint8_t		 hlen;
	uint8_t		 hops;
	uint32_t	 xid;		/* as on the wire, to be echoed */
	uint16_t	 secs;		/* host byte order, as all below */
	uint16_t	 flags;
	uint32_t	 ciaddr;
	uint32_t	 yiaddr;
	uint32_t	 siaddr;
	uint32_t	 giaddr;
	uint8_t		 chaddr[16];
	uint8_t		 has_cookie;	/* vend holds options, RFC 1497 */
	enum dhcp_type	 type;
	struct {
		uint16_t	 off;	/* into store */
		uint16_t	 len;
		uint8_t		 set;
	}		 option[256];
	uint8_t		 store[1500];
};

/*
 * Cut a request into its parts, or say why it is none.  Checks what holds for
 * any message: lengths, op, htype, hlen, giaddr, hops, cookie, options.
 */
enum drop	 dhcp_parse(struct dhcp_msg *, const uint8_t *, size_t);
/* An option's bytes and length, NULL if it is not there. */
const uint8_t	*dhcp_option(const struct dhcp_msg *, uint8_t, size_t *);
const char	*dhcp_type_name(enum dhcp_type);	/* "DISCOVER" ... */

/*
 * Writes the magic cookie and options into a reply: splits long ones (RFC
 * 3396), remembers that one did not fit.  RFC 2131's own options are to be
 * put first.
 */
struct dhcp_writer {
	uint8_t		*buf;
	size_t		 size;		/* what may be used, from the cookie
					 * to END */
	size_t		 len;
	int		 full;		/* some option did not fit */
};
void		 dhcp_start(struct dhcp_writer *, uint8_t *, size_t);
int		 dhcp_put(struct dhcp_writer *, uint8_t, const void *, size_t);
int		 dhcp_put8(struct dhcp_writer *, uint8_t, uint8_t);
int		 dhcp_put16(struct dhcp_writer *, uint8_t, uint16_t);
int		 dhcp_put32(struct dhcp_writer *, uint8_t, uint32_t);
void		 dhcp_end(struct dhcp_writer *);

/*
 * Values with a form of their own.  Each writes at most size bytes and
 * returns the length, 0 when it does not fit or is not valid.
 * Names are uncompressed DNS labels (RFC 1035, 3397).
 */
size_t		 dhcp_encode_name(const char *, uint8_t *, size_t);
size_t		 dhcp_encode_route(uint32_t dst, uint8_t len, uint32_t via,
		    uint8_t *, size_t);		/* RFC 3442 */

#endif /* DHCP_H */

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


#include <stdio.h>
#include <string.h>

#include "guest.h"
#include "wire.h"

/*
 * Frames that a DHCP server must drop.  Each begins as a DISCOVER that would
 * be answered and is spoilt in one way.
 */

/* Where things are in the frame. */
#define IP	14
#define UDP	34
#define MSG	42
#define OPTIONS	(MSG + 236 + 4)

/* Returns the new length; the checksums are mended afterwards. */
typedef size_t	 spoil(uint8_t *, size_t);

/* More than BOOTP's 64 bytes for vendors, and nothing to say what they are. */
static size_t
no_cookie(uint8_t *f, size_t len)
{
	memset(f + len, 0, 100);
	f[MSG + 236] ^= 0xff;
	put16(f + IP + 2, get16(f + IP + 2) + 100);
	put16(f + UDP + 4, get16(f + UDP + 4) + 100);
	return len + 100;
}

static size_t
op_reply(uint8_t *f, size_t len)
{
	f[MSG] = 2;
	return len;
}

static size_t
op_other(uint8_t *f, size_t len)
{
	f[MSG] = 77;
	return len;
}

static size_t
htype(uint8_t *f, size_t len)
{
	f[MSG + 1] = 6;
	return len;
}

static size_t
hlen(uint8_t *f, size_t len)
{
	f[MSG + 2] = 16;
	return len;
}

static size_t
hops(uint8_t *f, size_t len)
{
	f[MSG + 3] = 1;
	return len;
}

static size_t
giaddr(uint8_t *f, size_t len)
{
	put32(f + MSG + 24, 0x0a000001);
	return len;
}

static size_t
chaddr(uint8_t *f, size_t len)
{
	f[MSG + 33] ^= 1;
	return len;
}

/* The source is a group address, and chaddr the same. */
static size_t
chaddr_group(uint8_t *f, size_t len)
{
	f[6] |= 1;
	f[MSG + 28] |= 1;
	return len;
}

static size_t
ether_source(uint8_t *f, size_t len)
{
	f[11] ^= 1;
	return len;
}

/* The last option says that it goes on behind the message. */
static size_t
overrun(uint8_t *f, size_t len)
{
	memset(f + OPTIONS + 3, 0, len - OPTIONS - 3);
	f[len - 2] = 12;
	f[len - 1] = 40;
	return len;
}

/* A code at the very end, without a length. */
static size_t
overrun_code(uint8_t *f, size_t len)
{
	memset(f + OPTIONS + 3, 0, len - OPTIONS - 3);
	f[len - 1] = 12;
	return len;
}

/* Options go on in the file field and run over it. */
static size_t
overrun_file(uint8_t *f, size_t len)
{
	static const uint8_t	 overload[] = { 52, 1, 1, 255 };

	memcpy(f + OPTIONS + 3, overload, sizeof(overload));
	f[MSG + 108 + 100] = 12;
	f[MSG + 108 + 101] = 200;
	return len;
}

static size_t
overload_value(uint8_t *f, size_t len)
{
	static const uint8_t	 overload[] = { 52, 1, 9, 255 };

	memcpy(f + OPTIONS + 3, overload, sizeof(overload));
	return len;
}

/* Option 53 has two bytes. */
static size_t
type_length(uint8_t *f, size_t len)
{
	f[OPTIONS + 1] = 2;
	return len;
}

/* Option 53 is there twice: joined, its value is too long. */
static size_t
type_twice(uint8_t *f, size_t len)
{
	static const uint8_t	 again[] = { 53, 1, 1, 255 };

	memcpy(f + OPTIONS + 3, again, sizeof(again));
	return len;
}

static size_t
type_offer(uint8_t *f, size_t len)
{
	f[OPTIONS + 2] = OFFER;
	return len;
}

static size_t
type_unknown(uint8_t *f, size_t len)
{
	f[OPTIONS + 2] = 200;
	return len;
}

/* A REQUEST that says neither what nor to whom. */
static size_t
request_empty(uint8_t *f, size_t len)
{
	f[OPTIONS + 2] = REQUEST;
	f[OPTIONS + 3] = 255;
	return len;
}

/* A REQUEST for what another server offered. */
static size_t
request_other(uint8_t *f, size_t len)
{
	static const uint8_t	 options[] = {
		54, 4, 192, 0, 2, 1, 50, 4, 192, 0, 2, 9, 255
	};

	f[OPTIONS + 2] = REQUEST;
	memcpy(f + OPTIONS + 3, options, sizeof(options));
	return len;
}

static size_t
fragment_first(uint8_t *f, size_t len)
{
	put16(f + IP + 6, 0x2000);
	return len;
}

static size_t
fragment_last(uint8_t *f, size_t len)
{
	put16(f + IP + 6, 0x0010);
	return len;
}

static size_t
ip_options(uint8_t *f, size_t len)
{
	memmove(f + UDP + 4, f + UDP, len - UDP);
	memset(f + UDP, 1, 4);
	f[IP] = 0x46;
	put16(f + IP + 2, get16(f + IP + 2) + 4);
	return len + 4;
}

static size_t
from_server_port(uint8_t *f, size_t len)
{
	put16(f + UDP, 67);
	return len;
}

static size_t
ip_destination(uint8_t *f, size_t len)
{
	put32(f + IP + 16, 0xc0000201);
	return len;
}

static size_t
udp_length_short(uint8_t *f, size_t len)
{
	put16(f + UDP + 4, 7);
	return len;
}

/* A message that ends within its fixed part. */
static size_t
message_short(uint8_t *f, size_t len)
{
	put16(f + IP + 2, 20 + 8 + 200);
	put16(f + UDP + 4, 8 + 200);
	return MSG + 200;
}

/* What the checksums would not be right for. */

static size_t
ip_checksum(uint8_t *f, size_t len)
{
	f[IP + 10] ^= 0x55;
	return len;
}

static size_t
udp_checksum(uint8_t *f, size_t len)
{
	f[UDP + 6] ^= 0x55;
	return len;
}

/* The tap's buffer ends before the datagram does. */
static size_t
cut(uint8_t *f, size_t len)
{
	return len - 50;
}

static size_t
cut_udp(uint8_t *f, size_t len)
{
	return UDP + 8;
}

static size_t
udp_length_long(uint8_t *f, size_t len)
{
	put16(f + UDP + 4, get16(f + UDP + 4) + 100);
	return len;
}

static size_t
vlan(uint8_t *f, size_t len)
{
	memmove(f + 16, f + 12, len - 12);
	put16(f + 12, 0x8100);
	put16(f + 14, 5);
	return len + 4;
}

static const struct bad {
	const char	*name;
	spoil		*spoil;
	bool		 mend;		/* checksums afterwards */
} bads[] = {
	{ "chaddr", chaddr, true },
	{ "chaddr-group", chaddr_group, true },
	{ "cookie", no_cookie, true },
	{ "cut", cut, false },
	{ "cut-udp", cut_udp, false },
	{ "ether-source", ether_source, false },
	{ "fragment-first", fragment_first, true },
	{ "fragment-last", fragment_last, true },
	{ "from-server-port", from_server_port, true },
	{ "giaddr", giaddr, true },
	{ "hlen", hlen, true },
	{ "hops", hops, true },
	{ "htype", htype, true },
	{ "ip-checksum", ip_checksum, false },
	{ "ip-destination", ip_destination, true },
	{ "ip-options", ip_options, true },
	{ "message-short", message_short, true },
	{ "op-other", op_other, true },
	{ "op-reply", op_reply, true },
	{ "overload-value", overload_value, true },
	{ "overrun", overrun, true },
	{ "overrun-code", overrun_code, true },
	{ "overrun-file", overrun_file, true },
	{ "request-empty", request_empty, true },
	{ "request-other", request_other, true },
	{ "type-length", type_length, true },
	{ "type-offer", type_offer, true },
	{ "type-twice", type_twice, true },
	{ "type-unknown", type_unknown, true },
	{ "udp-checksum", udp_checksum, false },
	{ "udp-length-long", udp_length_long, false },
	{ "udp-length-short", udp_length_short, false },
	{ "vlan", vlan, false }
};

#define NBADS	(sizeof(bads) / sizeof(bads[0]))

void
bad_list(void)
{
	size_t	 i;

	for (i = 0; i < NBADS; i++)
		printf("%s\n", bads[i].name);
}

int
bad_send(struct guest *g, const char *name)
{
	uint8_t	 frame[ETHER_MAX];
	size_t	 i, len;

	for (i = 0; i < NBADS && strcmp(bads[i].name, name) != 0; i++)
		;
	if (i == NBADS)
		return -1;
	g->xid++;
	g->reply.set = false;
	g->discovering = true;
	len = dhcp_build(g, dialog_find("discover"), 0, frame);
	len = bads[i].spoil(frame, len);
	if (bads[i].mend)
		fix_checksums(frame);
	if (!send_frame(g, frame, len))
		say(g, "bad %s not sent\n", name);
	return 0;
}

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


#include <string.h>

#include "bench.h"
#include "wire.h"

#define COOKIE		0x63825363
#define ETHER		0		/* offsets in a frame */
#define IP		14
#define UDP		34
#define BOOTP		42
#define OPTIONS		(BOOTP + 240)
#define MESSAGE_MIN	300

static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void	 put_headers(uint8_t *, const uint8_t *, const uint8_t *,
		    uint32_t, uint32_t, uint16_t, uint16_t, size_t);
static uint32_t	 sum(uint32_t, const uint8_t *, size_t);
static uint16_t	 fold(uint32_t);
static uint8_t	*put_option(uint8_t *, uint8_t, uint32_t);
static uint8_t	*put_bootp(uint8_t *, uint8_t, const struct dhcp *);
static size_t	 put_end(uint8_t *, uint8_t *);

static uint32_t
sum(uint32_t start, const uint8_t *p, size_t len)
{
	for (; len > 1; p += 2, len -= 2)
		start += get16(p);
	if (len == 1)
		start += (uint32_t)p[0] << 8;
	return start;
}

static uint16_t
fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return ~s & 0xffff;
}

/* Around a payload that is there already. */
static void
put_headers(uint8_t *f, const uint8_t *src, const uint8_t *dst, uint32_t from,
    uint32_t to, uint16_t sport, uint16_t dport, size_t len)
{
	uint16_t	 c;

	memset(f, 0, BOOTP);
	memcpy(f + ETHER, dst, 6);
	memcpy(f + ETHER + 6, src, 6);
	put16(f + ETHER + 12, 0x0800);
	f[IP] = 0x45;
	put16(f + IP + 2, 28 + len);
	f[IP + 8] = 64;
	f[IP + 9] = 17;
	put32(f + IP + 12, from);
	put32(f + IP + 16, to);
	put16(f + IP + 10, fold(sum(0, f + IP, 20)));
	put16(f + UDP, sport);
	put16(f + UDP + 2, dport);
	put16(f + UDP + 4, 8 + len);
	c = fold(sum(sum(17 + 8 + len, f + IP + 12, 8), f + UDP, 8 + len));
	put16(f + UDP + 6, c == 0 ? 0xffff : c);
}

static uint8_t *
put_option(uint8_t *p, uint8_t code, uint32_t value)
{
	p[0] = code;
	p[1] = 4;
	put32(p + 2, value);
	return p + 6;
}

/* A message up to its type; returns where its other options go. */
static uint8_t *
put_bootp(uint8_t *f, uint8_t op, const struct dhcp *m)
{
	memset(f + BOOTP, 0, MESSAGE_MIN);
	f[BOOTP] = op;
	f[BOOTP + 1] = 1;
	f[BOOTP + 2] = 6;
	put32(f + BOOTP + 4, m->xid);
	memcpy(f + BOOTP + 28, m->lladdr, 6);
	put32(f + BOOTP + 236, COOKIE);
	f[OPTIONS] = 53;
	f[OPTIONS + 1] = 1;
	f[OPTIONS + 2] = m->type;
	return f + OPTIONS + 3;
}

/* Its length, not less than that of BOOTP. */
static size_t
put_end(uint8_t *f, uint8_t *p)
{
	size_t	 len;

	*p++ = 255;
	len = p - (f + BOOTP);
	return len < MESSAGE_MIN ? MESSAGE_MIN : len;
}

size_t
dhcp_request(uint8_t *f, const struct dhcp *m)
{
	static const uint8_t	 wanted[] = { 55, 6, 1, 3, 6, 12, 15, 51 };
	uint8_t			*p = put_bootp(f, 1, m);
	size_t			 len;

	if (m->type == REQUEST) {
		p = put_option(p, 50, m->address);
		p = put_option(p, 54, m->server);
	}
	memcpy(p, wanted, sizeof(wanted));
	len = put_end(f, p + sizeof(wanted));
	put_headers(f, m->lladdr, broadcast, 0, 0xffffffff, 68, 67, len);
	return BOOTP + len;
}

size_t
dhcp_reply(uint8_t *f, const struct dhcp *m, const uint8_t *lladdr)
{
	uint8_t	*p = put_bootp(f, 2, m);
	size_t	 len;

	put32(f + BOOTP + 16, m->address);
	p = put_option(p, 54, m->server);
	p = put_option(p, 51, 3600);
	p = put_option(p, 1, 0xfffffffe);
	p = put_option(p, 3, m->server);
	p = put_option(p, 6, 0x09090909);
	len = put_end(f, p);
	put_headers(f, lladdr, m->lladdr, m->server, m->address, 67, 68, len);
	return BOOTP + len;
}

bool
dhcp_parse(const uint8_t *f, size_t len, uint16_t port, struct dhcp *m)
{
	const uint8_t	*p = f + OPTIONS, *end = f + len;
	const bool	 reply = port == 68;

	if (len < OPTIONS || get16(f + ETHER + 12) != 0x0800 ||
	    f[IP] != 0x45 || f[IP + 9] != 17 || get16(f + UDP + 2) != port ||
	    f[BOOTP] != (reply ? 2 : 1) || get32(f + BOOTP + 236) != COOKIE)
		return false;
	memset(m, 0, sizeof(*m));
	m->xid = get32(f + BOOTP + 4);
	m->address = reply ? get32(f + BOOTP + 16) : 0;
	memcpy(m->lladdr, f + BOOTP + 28, 6);
	while (p < end && *p != 255) {
		if (*p == 0) {
			p++;
			continue;
		}
		if (end - p < 2 || end - p < 2 + p[1])
			return false;
		if (p[0] == 53 && p[1] == 1)
			m->type = p[2];
		else if (p[0] == 54 && p[1] == 4)
			m->server = get32(p + 2);
		p += 2 + p[1];
	}
	return m->type != 0;
}

size_t
udp_frame(uint8_t *f, const uint8_t *src, const uint8_t *dst, uint32_t from,
    uint32_t to, uint16_t sport, size_t payload)
{
	memset(f + BOOTP, 0, payload);
	put_headers(f, src, dst, from, to, sport, 9, payload);
	return BOOTP + payload;
}

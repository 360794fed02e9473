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

#include "frame.h"
#include "wire.h"

#define ETHER_HLEN	14
#define ETYPE_IPV4	0x0800
#define ETYPE_VLAN	0x8100
#define ETYPE_QINQ	0x88a8

#define IP_HLEN		20
#define IP_VERSION	4
#define IP_FRAGMENT	0x3fff		/* offset and "more fragments" */
#define IP_UDP		17
#define IP_DEFAULT_TTL	64

#define UDP_HLEN	8

static uint64_t		 sum(uint64_t, const uint8_t *, size_t);
static uint16_t		 fold(uint64_t);
static uint16_t		 ip_checksum(const uint8_t *);
static uint16_t		 udp_checksum(const uint8_t *, const uint8_t *,
			    size_t);
static enum drop	 parse_ip(struct frame *, const uint8_t *, size_t,
			    int);
static enum drop	 parse_udp(struct frame *, const uint8_t *,
			    const uint8_t *, size_t, int);
static void		 build_ip(const struct frame *, uint8_t *);
static void		 build_udp(const struct frame *, const uint8_t *,
			    uint8_t *);

/*
 * The Internet checksum is the same whatever the byte order and the width
 * of the words that are added (RFC 1071), so take them as they come.
 */
static uint64_t
sum(uint64_t acc, const uint8_t *p, size_t len)
{
	uint32_t	 word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		acc += word;
	}
	if (len > 0) {
		word = 0;
		memcpy(&word, p, len);
		acc += word;
	}
	return acc;
}

/* The checksum in the byte order of the wire, to be stored by memcpy. */
static uint16_t
fold(uint64_t acc)
{
	while (acc > 0xffff)
		acc = (acc & 0xffff) + (acc >> 16);
	return ~acc & 0xffff;
}

/* 0 over a header that holds its right checksum. */
static uint16_t
ip_checksum(const uint8_t *ip)
{
	return fold(sum(0, ip, IP_HLEN));
}

static uint16_t
udp_checksum(const uint8_t *ip, const uint8_t *udp, size_t len)
{
	uint8_t		 pseudo[4] = { 0, IP_UDP, 0, 0 };

	put16(pseudo + 2, (uint16_t)len);
	return fold(sum(sum(sum(0, ip + 12, 8), pseudo, sizeof(pseudo)),
	    udp, len));
}

enum drop
frame_parse(struct frame *f, const uint8_t *buf, size_t len, int flags)
{
	if (flags & FRAME_VLAN)
		return DROP_VLAN;
	if (len < ETHER_HLEN)
		return DROP_SHORT;
	if (len > FRAME_MAX)
		return DROP_TOO_LONG;
	switch (get16(buf + 12)) {
	case ETYPE_IPV4:
		break;
	case ETYPE_VLAN:
	case ETYPE_QINQ:
		return DROP_VLAN;
	default:
		return DROP_NOT_IPV4;
	}
	memcpy(f->dst, buf, LLADDR_LEN);
	memcpy(f->src, buf + LLADDR_LEN, LLADDR_LEN);
	return parse_ip(f, buf + ETHER_HLEN, len - ETHER_HLEN, flags);
}

static enum drop
parse_ip(struct frame *f, const uint8_t *ip, size_t len, int flags)
{
	size_t		 hlen, total;

	if (len < IP_HLEN)
		return DROP_SHORT;
	if (ip[0] >> 4 != IP_VERSION)
		return DROP_NOT_IPV4;
	hlen = (ip[0] & 0xf) * 4;
	total = get16(ip + 2);
	if (hlen < IP_HLEN || total < hlen)
		return DROP_IP_HEADER;
	if (hlen > IP_HLEN)
		return DROP_IP_OPTIONS;
	if (total > len)
		return DROP_SHORT;
	if (ip_checksum(ip) != 0)
		return DROP_IP_CHECKSUM;
	if (get16(ip + 6) & IP_FRAGMENT)
		return DROP_FRAGMENT;
	if (ip[9] != IP_UDP)
		return DROP_NOT_UDP;
	f->ip_src = get32(ip + 12);
	f->ip_dst = get32(ip + 16);
	/* What follows the datagram is padding of the Ethernet frame. */
	return parse_udp(f, ip, ip + IP_HLEN, total - IP_HLEN, flags);
}

static enum drop
parse_udp(struct frame *f, const uint8_t *ip, const uint8_t *udp, size_t len,
    int flags)
{
	size_t		 ulen;

	if (len < UDP_HLEN)
		return DROP_UDP_LENGTH;
	/*
	 * A shorter UDP length is legal: the surplus is no data of ours
	 * (RFC 9868) and the checksum does not cover it.
	 */
	ulen = get16(udp + 4);
	if (ulen < UDP_HLEN || ulen > len)
		return DROP_UDP_LENGTH;
	if ((flags & FRAME_NOCSUM) == 0 && get16(udp + 6) != 0 &&
	    udp_checksum(ip, udp, ulen) != 0)
		return DROP_UDP_CHECKSUM;
	f->sport = get16(udp);
	f->dport = get16(udp + 2);
	f->data = udp + UDP_HLEN;
	f->len = ulen - UDP_HLEN;
	return DROP_NONE;
}

size_t
frame_build(const struct frame *f, uint8_t *buf, size_t size)
{
	uint8_t		*ip = buf + ETHER_HLEN;
	uint8_t		*udp = ip + IP_HLEN;

	if (size > FRAME_MAX)
		size = FRAME_MAX;
	if (size < FRAME_HDRLEN || f->len > size - FRAME_HDRLEN)
		return 0;

	/* The payload may have been made in its place. */
	if (f->len > 0 && f->data != udp + UDP_HLEN)
		memmove(udp + UDP_HLEN, f->data, f->len);
	memcpy(buf, f->dst, LLADDR_LEN);
	memcpy(buf + LLADDR_LEN, f->src, LLADDR_LEN);
	put16(buf + 12, ETYPE_IPV4);
	build_ip(f, ip);
	build_udp(f, ip, udp);
	return FRAME_HDRLEN + f->len;
}

static void
build_ip(const struct frame *f, uint8_t *ip)
{
	uint16_t	 csum;

	memset(ip, 0, IP_HLEN);
	ip[0] = IP_VERSION << 4 | IP_HLEN / 4;
	put16(ip + 2, (uint16_t)(IP_HLEN + UDP_HLEN + f->len));
	ip[8] = IP_DEFAULT_TTL;
	ip[9] = IP_UDP;
	put32(ip + 12, f->ip_src);
	put32(ip + 16, f->ip_dst);
	csum = ip_checksum(ip);
	memcpy(ip + 10, &csum, sizeof(csum));
}

static void
build_udp(const struct frame *f, const uint8_t *ip, uint8_t *udp)
{
	size_t		 ulen = UDP_HLEN + f->len;
	uint16_t	 csum;

	put16(udp, f->sport);
	put16(udp + 2, f->dport);
	put16(udp + 4, (uint16_t)ulen);
	put16(udp + 6, 0);
	csum = udp_checksum(ip, udp, ulen);
	/* 0 would say that there is none (RFC 768). */
	if (csum == 0)
		csum = 0xffff;
	memcpy(udp + 6, &csum, sizeof(csum));
}

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


#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "wire.h"

#define ETHERTYPE_IPV4	0x0800
#define ETHERTYPE_ARP	0x0806
#define PROTO_ICMP	1
#define PROTO_UDP	17
#define PING_LEN	56

const uint8_t	 broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

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

static uint32_t
sum_pseudo(const uint8_t *ip, size_t len)
{
	return sum(PROTO_UDP + (uint32_t)len, ip + 12, 8);
}

static void
put_ether(uint8_t *frame, const uint8_t *dst, const uint8_t *src,
    uint16_t type)
{
	memcpy(frame, dst, 6);
	memcpy(frame + 6, src, 6);
	put16(frame + 12, type);
}

/* An IPv4 header without options; its checksum too. */
static void
put_ip(uint8_t *ip, uint8_t proto, uint32_t src, uint32_t dst, size_t len)
{
	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, 20 + len);
	ip[8] = 64;
	ip[9] = proto;
	put32(ip + 12, src);
	put32(ip + 16, dst);
	put16(ip + 10, fold(sum(0, ip, 20)));
}

/* Both checksums of a DHCP frame anew, by the lengths that it says. */
void
fix_checksums(uint8_t *frame)
{
	uint8_t		*ip = frame + 14, *udp;
	const size_t	 hlen = (size_t)(ip[0] & 0xf) * 4;
	uint16_t	 c;

	put16(ip + 10, 0);
	put16(ip + 10, fold(sum(0, ip, hlen)));
	udp = ip + hlen;
	put16(udp + 6, 0);
	c = fold(sum(sum_pseudo(ip, get16(udp + 4)), udp, get16(udp + 4)));
	put16(udp + 6, c == 0 ? 0xffff : c);
}

/* From the client's port to the server's. */
size_t
build_udp(uint8_t *frame, const struct guest *g, const uint8_t *dst,
    uint32_t ip_src, uint32_t ip_dst, const uint8_t *data, size_t len)
{
	uint8_t	*udp = frame + 34;

	put_ether(frame, dst, g->lladdr, ETHERTYPE_IPV4);
	put_ip(frame + 14, PROTO_UDP, ip_src, ip_dst, 8 + len);
	put16(udp, 68);
	put16(udp + 2, 67);
	put16(udp + 4, 8 + len);
	memcpy(udp + 8, data, len);
	fix_checksums(frame);
	return 42 + len;
}

/* A tap that is not up yet, or any more, takes no frames. */
bool
send_frame(struct guest *g, const uint8_t *frame, size_t len)
{
	return g->fd != -1 && write(g->fd, frame, len) == (ssize_t)len;
}

static void
put_arp(uint8_t *arp, uint16_t op, const struct guest *g, uint32_t sender,
    const uint8_t *dst, uint32_t target)
{
	put16(arp, 1);
	put16(arp + 2, ETHERTYPE_IPV4);
	arp[4] = 6;
	arp[5] = 4;
	put16(arp + 6, op);
	memcpy(arp + 8, g->lladdr, 6);
	put32(arp + 14, sender);
	memcpy(arp + 18, dst, 6);
	put32(arp + 24, target);
}

bool
send_arp_request(struct guest *g, uint32_t target)
{
	static const uint8_t	 nobody[6];
	uint8_t			 frame[60] = { 0 };

	put_ether(frame, broadcast, g->lladdr, ETHERTYPE_ARP);
	put_arp(frame + 14, 1, g, g->address, nobody, target);
	g->arp_target = target;
	g->arp_set = false;
	return send_frame(g, frame, sizeof(frame));
}

bool
send_ping(struct guest *g, const uint8_t *dst, uint32_t target)
{
	uint8_t	 frame[14 + 20 + 8 + PING_LEN], *icmp = frame + 34;
	size_t	 i;

	put_ether(frame, dst, g->lladdr, ETHERTYPE_IPV4);
	put_ip(frame + 14, PROTO_ICMP, g->address, target, 8 + PING_LEN);
	memset(icmp, 0, 8);
	icmp[0] = 8;
	put16(icmp + 4, g->xid & 0xffff);
	put16(icmp + 6, ++g->ping_seq);
	for (i = 0; i < PING_LEN; i++)
		icmp[8 + i] = i;
	put16(icmp + 2, fold(sum(0, icmp, 8 + PING_LEN)));
	g->pong = false;
	return send_frame(g, frame, sizeof(frame));
}

static void
receive_arp(struct guest *g, const uint8_t *frame, size_t len)
{
	const uint8_t	*arp = frame + 14;
	uint8_t		 answer[60] = { 0 };

	if (len < 42 || get16(arp) != 1 || get16(arp + 2) != ETHERTYPE_IPV4)
		return;
	if (get16(arp + 6) == 1 && g->address != 0 &&
	    get32(arp + 24) == g->address) {
		put_ether(answer, arp + 8, g->lladdr, ETHERTYPE_ARP);
		put_arp(answer + 14, 2, g, g->address, arp + 8,
		    get32(arp + 14));
		send_frame(g, answer, sizeof(answer));
	} else if (get16(arp + 6) == 2 && g->arp_target != 0 &&
	    get32(arp + 14) == g->arp_target) {
		memcpy(g->arp_lladdr, arp + 8, 6);
		g->arp_set = true;
	}
}

static void
receive_icmp(struct guest *g, const uint8_t *frame, size_t hlen, size_t len)
{
	const uint8_t	*ip = frame + 14, *icmp = ip + hlen;
	uint8_t		 answer[ETHER_MAX], *p;

	if (len < 8 || g->address == 0 || get32(ip + 16) != g->address ||
	    fold(sum(0, icmp, len)) != 0)
		return;
	if (icmp[0] == 0 && get16(icmp + 4) == (g->xid & 0xffff) &&
	    get16(icmp + 6) == g->ping_seq)
		g->pong = true;
	if (icmp[0] != 8)
		return;
	p = answer + 34;
	put_ether(answer, frame + 6, g->lladdr, ETHERTYPE_IPV4);
	put_ip(answer + 14, PROTO_ICMP, g->address, get32(ip + 12), len);
	memcpy(p, icmp, len);
	p[0] = 0;
	put16(p + 2, 0);
	put16(p + 2, fold(sum(0, p, len)));
	send_frame(g, answer, 34 + len);
}

/* Guests that read raw frames take only what has a good checksum. */
static void
receive_udp(struct guest *g, const uint8_t *frame, size_t hlen, size_t len)
{
	const uint8_t	*ip = frame + 14, *udp = ip + hlen;
	struct reply	 reply;

	if (len < 8 || get16(udp + 2) != 68)
		return;
	if (get16(udp) != 67 || get16(udp + 4) != len ||
	    fold(sum(sum_pseudo(ip, len), udp, len)) != 0) {
		g->broken++;
		say(g, "broken udp\n");
		return;
	}
	memset(&reply, 0, sizeof(reply));
	memcpy(reply.dst, frame, 6);
	memcpy(reply.src, frame + 6, 6);
	reply.ip_src = get32(ip + 12);
	reply.ip_dst = get32(ip + 16);
	dhcp_receive(g, &reply, udp + 8, len - 8);
}

static void
receive_ip(struct guest *g, const uint8_t *frame, size_t len)
{
	const uint8_t	*ip = frame + 14;
	size_t		 hlen, total;

	if (len < 34 || ip[0] >> 4 != 4)
		return;
	hlen = (size_t)(ip[0] & 0xf) * 4;
	total = get16(ip + 2);
	if (hlen < 20 || total < hlen || total > len - 14 ||
	    fold(sum(0, ip, hlen)) != 0) {
		g->broken++;
		say(g, "broken ip\n");
		return;
	}
	if (ip[9] == PROTO_ICMP)
		receive_icmp(g, frame, hlen, total - hlen);
	else if (ip[9] == PROTO_UDP)
		receive_udp(g, frame, hlen, total - hlen);
}

void
receive_frame(struct guest *g, const uint8_t *frame, size_t len)
{
	if (len < 14 || (memcmp(frame, g->lladdr, 6) != 0 &&
	    memcmp(frame, broadcast, 6) != 0))
		return;
	if (get16(frame + 12) == ETHERTYPE_ARP)
		receive_arp(g, frame, len);
	else if (get16(frame + 12) == ETHERTYPE_IPV4)
		receive_ip(g, frame, len);
}

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

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "packet.h"
#include "test.h"

#define GUEST_IP	0xac100003
#define HOST_IP		0xac100002
#define MAX_PAYLOAD	(FRAME_MAX - FRAME_HDRLEN)

static const uint8_t	 host_mac[6] = { 0xfe, 0xe1, 0xba, 0xd0, 0, 1 };
static const uint8_t	 guest_mac[6] = { 0xfe, 0xe1, 0xbb, 0xd1, 0xf1, 0 };
static const char	*seed_dir;

static void		 make(struct packet *, size_t);
static enum drop	 parse(const struct packet *, int);
static enum drop	 poked(size_t, size_t, uint32_t);
static void		 test_parse(void);
static void		 test_ethernet(void);
static void		 test_ip(void);
static void		 test_fragment(void);
static void		 test_udp_length(void);
static void		 test_checksums(void);
static void		 test_truncated(void);
static void		 test_bit_flips(void);
static void		 test_padding(void);
static void		 test_build(void);
static void		 test_build_size(void);
static void		 test_build_checksum_zero(void);
static void		 test_build_in_place(void);
static void		 seed(const char *, int, const struct packet *);

int
main(int argc, char **argv)
{
	if (argc == 2)
		seed_dir = argv[1];
	TEST(test_parse());
	TEST(test_ethernet());
	TEST(test_ip());
	TEST(test_fragment());
	TEST(test_udp_length());
	TEST(test_checksums());
	TEST(test_truncated());
	TEST(test_bit_flips());
	TEST(test_padding());
	TEST(test_build());
	TEST(test_build_size());
	TEST(test_build_checksum_zero());
	TEST(test_build_in_place());
	return test_end("frame");
}

static void
seed(const char *name, int flags, const struct packet *p)
{
	uint8_t		 steer = (uint8_t)flags;

	pk_seed(seed_dir, name, &steer, 1, p->b, p->len);
}

static void
make(struct packet *p, size_t len)
{
	uint8_t		 data[MAX_PAYLOAD];
	size_t		 i;

	for (i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 7 + 1);
	pk_frame(p, host_mac, guest_mac, GUEST_IP, HOST_IP, data, len);
}

/* From a block of just that size, so that a sanitizer sees each overread. */
static enum drop
parse(const struct packet *p, int flags)
{
	struct frame	 f;
	enum drop	 drop;
	uint8_t		*copy;

	if ((copy = malloc(p->len + 1)) == NULL)
		abort();
	memcpy(copy + 1, p->b, p->len);
	drop = frame_parse(&f, copy + 1, p->len, flags);
	free(copy);
	return drop;
}

/* A good frame but for one number, with checksums that fit. */
static enum drop
poked(size_t off, size_t n, uint32_t v)
{
	struct packet	 p;

	make(&p, 300);
	pk_set(p.b + off, n, v);
	pk_fix_sums(p.b, p.len);
	return parse(&p, 0);
}

static void
test_parse(void)
{
	struct packet	 p;
	struct frame	 f;

	make(&p, 300);
	seed("plain", 0, &p);
	CHECK_INT(frame_parse(&f, p.b, p.len, 0), DROP_NONE);
	CHECK_MEM(f.src, guest_mac, 6);
	CHECK_MEM(f.dst, host_mac, 6);
	CHECK_INT(f.ip_src, GUEST_IP);
	CHECK_INT(f.ip_dst, HOST_IP);
	CHECK_INT(f.sport, 68);
	CHECK_INT(f.dport, 67);
	CHECK_INT(f.len, 300);
	CHECK(f.data == p.b + PK_BOOTP);

	make(&p, 0);
	seed("empty", 0, &p);
	CHECK_INT(frame_parse(&f, p.b, p.len, 0), DROP_NONE);
	CHECK_INT(f.len, 0);
	make(&p, MAX_PAYLOAD);
	CHECK_INT(frame_parse(&f, p.b, p.len, 0), DROP_NONE);
	CHECK_INT(f.len, MAX_PAYLOAD);
}

static void
test_ethernet(void)
{
	struct packet	 p;

	make(&p, 300);
	CHECK_INT(parse(&p, FRAME_VLAN), DROP_VLAN);
	seed("vlan-flag", FRAME_VLAN, &p);
	CHECK_INT(poked(12, 2, 0x8100), DROP_VLAN);
	CHECK_INT(poked(12, 2, 0x88a8), DROP_VLAN);
	CHECK_INT(poked(12, 2, 0x0806), DROP_NOT_IPV4);
	CHECK_INT(poked(12, 2, 0x86dd), DROP_NOT_IPV4);
	/* 802.3 with a length where the type would be */
	CHECK_INT(poked(12, 2, 300), DROP_NOT_IPV4);
	pk_set(p.b + 12, 2, 0x8100);
	seed("vlan-tag", 0, &p);
}

static void
test_ip(void)
{
	struct packet	 p;

	CHECK_INT(poked(PK_IP, 1, 0x65), DROP_NOT_IPV4);
	CHECK_INT(poked(PK_IP, 1, 0x05), DROP_NOT_IPV4);
	CHECK_INT(poked(PK_IP, 1, 0x44), DROP_IP_HEADER);
	CHECK_INT(poked(PK_IP, 1, 0x40), DROP_IP_HEADER);
	CHECK_INT(poked(PK_IP, 1, 0x46), DROP_IP_OPTIONS);
	CHECK_INT(poked(PK_IP, 1, 0x4f), DROP_IP_OPTIONS);
	CHECK_INT(poked(PK_IP + 9, 1, 6), DROP_NOT_UDP);
	CHECK_INT(poked(PK_IP + 9, 1, 1), DROP_NOT_UDP);
	CHECK_INT(poked(PK_IP + 2, 2, 19), DROP_IP_HEADER);
	CHECK_INT(poked(PK_IP + 2, 2, 0), DROP_IP_HEADER);
	CHECK_INT(poked(PK_IP + 2, 2, 329), DROP_SHORT);
	CHECK_INT(poked(PK_IP + 2, 2, 0xffff), DROP_SHORT);
	CHECK_INT(poked(PK_IP + 2, 2, 27), DROP_UDP_LENGTH);
	CHECK_INT(poked(PK_IP + 2, 2, 20), DROP_UDP_LENGTH);
	/* header options: longer than the packet says */
	CHECK_INT(poked(PK_IP, 4, 0x46000014), DROP_IP_HEADER);

	make(&p, 300);
	p.b[PK_IP] = 0x46;
	pk_fix_sums(p.b, p.len);
	seed("ip-options", 0, &p);
}

static void
test_fragment(void)
{
	struct packet	 p;

	CHECK_INT(poked(PK_IP + 6, 2, 0x4000), DROP_NONE);	/* DF */
	CHECK_INT(poked(PK_IP + 6, 2, 0x2000), DROP_FRAGMENT);	/* MF */
	CHECK_INT(poked(PK_IP + 6, 2, 0x0001), DROP_FRAGMENT);
	CHECK_INT(poked(PK_IP + 6, 2, 0x1fff), DROP_FRAGMENT);
	CHECK_INT(poked(PK_IP + 6, 2, 0x6000), DROP_FRAGMENT);

	make(&p, 300);
	pk_set(p.b + PK_IP + 6, 2, 0x2000);
	pk_fix_sums(p.b, p.len);
	seed("fragment", 0, &p);
}

static void
test_udp_length(void)
{
	struct packet	 p;
	struct frame	 f;

	CHECK_INT(poked(PK_UDP + 4, 2, 309), DROP_UDP_LENGTH);
	CHECK_INT(poked(PK_UDP + 4, 2, 0xffff), DROP_UDP_LENGTH);
	CHECK_INT(poked(PK_UDP + 4, 2, 7), DROP_UDP_LENGTH);
	CHECK_INT(poked(PK_UDP + 4, 2, 0), DROP_UDP_LENGTH);

	/* a shorter one leaves a surplus that is not payload */
	make(&p, 300);
	pk_set(p.b + PK_UDP + 4, 2, 8 + 250);
	pk_fix_sums(p.b, p.len);
	seed("udp-surplus", 0, &p);
	CHECK_INT(frame_parse(&f, p.b, p.len, 0), DROP_NONE);
	CHECK_INT(f.len, 250);
}

static void
test_checksums(void)
{
	struct packet	 p;

	make(&p, 300);
	p.b[PK_IP + 10] ^= 1;
	CHECK_INT(parse(&p, 0), DROP_IP_CHECKSUM);
	CHECK_INT(parse(&p, FRAME_NOCSUM), DROP_IP_CHECKSUM);
	seed("ip-checksum", 0, &p);

	make(&p, 300);
	p.b[PK_UDP + 6] ^= 1;
	CHECK_INT(parse(&p, 0), DROP_UDP_CHECKSUM);
	CHECK_INT(parse(&p, FRAME_NOCSUM), DROP_NONE);
	seed("udp-checksum", 0, &p);
	seed("offloaded", FRAME_NOCSUM, &p);

	pk_set(p.b + PK_UDP + 6, 2, 0);
	CHECK_INT(parse(&p, 0), DROP_NONE);
	seed("no-udp-checksum", 0, &p);

	/* odd lengths are summed with a zero behind */
	make(&p, 301);
	CHECK_INT(parse(&p, 0), DROP_NONE);
	p.b[p.len - 1] ^= 0x80;
	CHECK_INT(parse(&p, 0), DROP_UDP_CHECKSUM);
}

static void
test_truncated(void)
{
	struct packet	 p;
	size_t		 len;
	int		 wrong = 0;

	make(&p, 300);
	for (len = p.len; len-- > 0;) {
		p.len = len;
		if (parse(&p, 0) != DROP_SHORT)
			wrong++;
	}
	CHECK_INT(wrong, 0);
}

/* Whatever bit of the datagram is wrong, it is seen. */
static void
test_bit_flips(void)
{
	struct packet	 p;
	size_t		 bit;
	int		 taken = 0;

	make(&p, 300);
	for (bit = PK_IP * 8; bit < p.len * 8; bit++) {
		p.b[bit / 8] ^= 1 << bit % 8;
		if (parse(&p, 0) == DROP_NONE)
			taken++;
		p.b[bit / 8] ^= 1 << bit % 8;
	}
	CHECK_INT(taken, 0);
}

static void
test_padding(void)
{
	struct packet	 p;
	struct frame	 f;

	make(&p, 10);
	memset(p.b + p.len, 0xa5, FRAME_MAX + 1 - p.len);
	p.len = 60;
	CHECK_INT(frame_parse(&f, p.b, p.len, 0), DROP_NONE);
	CHECK_INT(f.len, 10);
	seed("padded", 0, &p);
	p.len = FRAME_MAX;
	CHECK_INT(frame_parse(&f, p.b, p.len, 0), DROP_NONE);
	CHECK_INT(f.len, 10);
	p.len = FRAME_MAX + 1;
	CHECK_INT(parse(&p, 0), DROP_TOO_LONG);
}

/* Replies go the other way: what is built is what a guest would check. */
static void
test_build(void)
{
	struct frame	 f, back;
	uint8_t		 data[MAX_PAYLOAD], buf[FRAME_MAX];
	size_t		 i, len;
	int		 wrong = 0;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(255 - i * 13 % 251);
	memcpy(f.src, host_mac, 6);
	memcpy(f.dst, guest_mac, 6);
	f.ip_src = HOST_IP;
	f.ip_dst = GUEST_IP;
	f.sport = 67;
	f.dport = 68;
	f.data = data;
	for (f.len = 0; f.len <= MAX_PAYLOAD; f.len++) {
		memset(buf, 0xa5, sizeof(buf));
		len = frame_build(&f, buf, sizeof(buf));
		if (len != FRAME_HDRLEN + f.len ||
		    memcmp(buf + PK_BOOTP, data, f.len) != 0 ||
		    (f.len >= 300 && pk_check_headers(buf, len) != NULL) ||
		    frame_parse(&back, buf, len, 0) != DROP_NONE ||
		    back.len != f.len || back.ip_src != HOST_IP ||
		    back.ip_dst != GUEST_IP || back.sport != 67 ||
		    back.dport != 68 || memcmp(back.src, host_mac, 6) != 0 ||
		    memcmp(back.dst, guest_mac, 6) != 0)
			wrong++;
	}
	CHECK_INT(wrong, 0);
}

static void
test_build_size(void)
{
	struct frame	 f;
	uint8_t		 data[2000], buf[3000];

	memset(&f, 0, sizeof(f));
	memset(data, 0, sizeof(data));
	f.data = data;
	f.len = MAX_PAYLOAD;
	CHECK_INT(frame_build(&f, buf, FRAME_MAX), FRAME_MAX);
	CHECK_INT(frame_build(&f, buf, sizeof(buf)), FRAME_MAX);
	CHECK_INT(frame_build(&f, buf, FRAME_MAX - 1), 0);
	f.len = MAX_PAYLOAD + 1;
	CHECK_INT(frame_build(&f, buf, sizeof(buf)), 0);
	f.len = SIZE_MAX;
	CHECK_INT(frame_build(&f, buf, sizeof(buf)), 0);
	f.len = 0;
	CHECK_INT(frame_build(&f, buf, FRAME_HDRLEN), FRAME_HDRLEN);
	CHECK_INT(frame_build(&f, buf, FRAME_HDRLEN - 1), 0);
	CHECK_INT(frame_build(&f, buf, 0), 0);
}

/* Of all payloads of two bytes one at least sums to zero. */
static void
test_build_checksum_zero(void)
{
	struct frame	 f;
	uint8_t		 data[2], buf[FRAME_MAX];
	uint32_t	 v;
	size_t		 len;
	int		 full = 0, wrong = 0;

	memset(&f, 0, sizeof(f));
	f.ip_src = HOST_IP;
	f.ip_dst = GUEST_IP;
	f.sport = 67;
	f.dport = 68;
	f.data = data;
	f.len = sizeof(data);
	for (v = 0; v <= 0xffff; v++) {
		pk_set(data, 2, v);
		len = frame_build(&f, buf, sizeof(buf));
		if (pk_get(buf + PK_UDP + 6, 2) == 0 ||
		    pk_sum(pk_pseudo(buf + PK_IP, len - PK_UDP),
		    buf + PK_UDP, len - PK_UDP) != 0)
			wrong++;
		if (pk_get(buf + PK_UDP + 6, 2) == 0xffff)
			full++;
	}
	CHECK_INT(wrong, 0);
	CHECK(full > 0);
}

static void
test_build_in_place(void)
{
	struct frame	 f;
	uint8_t		 data[400], apart[FRAME_MAX], in_place[FRAME_MAX];
	size_t		 i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 3);
	memset(&f, 0x11, sizeof(f));
	f.data = data;
	f.len = sizeof(data);
	CHECK_INT(frame_build(&f, apart, sizeof(apart)), 442);
	memcpy(in_place + FRAME_HDRLEN, data, sizeof(data));
	f.data = in_place + FRAME_HDRLEN;
	CHECK_INT(frame_build(&f, in_place, sizeof(in_place)), 442);
	CHECK_MEM(in_place, apart, 442);
	/* and from elsewhere in the same buffer */
	memcpy(in_place, data, sizeof(data));
	f.data = in_place;
	CHECK_INT(frame_build(&f, in_place, sizeof(in_place)), 442);
	CHECK_MEM(in_place, apart, 442);
}

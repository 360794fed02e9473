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

#ifndef PACKET_H
#define PACKET_H

#include <sys/types.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Requests as a guest makes them, and what a guest understands of a reply,
 * for the tests and fuzzers.  Written from the RFCs alone: nothing here uses
 * the daemon's own parsers and writers, whose mistakes it is to find.
 */

#define PK_ETHER	0		/* offsets in a frame */
#define PK_IP		14
#define PK_UDP		34
#define PK_BOOTP	42
#define PK_FILE		108		/* offsets in a message */
#define PK_SNAME	44
#define PK_VEND		236

struct packet {
	uint8_t		 b[2048];
	size_t		 len;
};

static inline uint32_t
pk_get(const uint8_t *p, size_t n)
{
	uint32_t	 v = 0;

	while (n-- > 0)
		v = v * 256 + *p++;
	return v;
}

static inline void
pk_set(uint8_t *p, size_t n, uint32_t v)
{
	while (n-- > 0) {
		p[n] = v % 256;
		v /= 256;
	}
}

/* RFC 1071 word by word; 0 when the checksum in the data is right. */
static inline uint16_t
pk_sum(uint32_t start, const uint8_t *p, size_t n)
{
	uint32_t	 acc = start;
	size_t		 i;

	for (i = 0; i < n; i++) {
		acc += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		acc = (acc & 0xffff) + (acc >> 16);
	}
	return ~acc & 0xffff;
}

static inline uint32_t
pk_pseudo(const uint8_t *ip, size_t ulen)
{
	uint32_t	 acc = 17 + (uint32_t)ulen;
	size_t		 i;

	for (i = 12; i < 20; i += 2)
		acc += pk_get(ip + i, 2);
	return acc;
}

/* A message as RFC 2131 has it: zeros, then options from the cookie on. */
static inline void
pk_message(struct packet *m, const uint8_t *mac, uint8_t type)
{
	static const uint8_t	 cookie[] = { 0x63, 0x82, 0x53, 0x63 };

	memset(m->b, 0, sizeof(m->b));
	m->b[0] = 1;
	m->b[1] = 1;
	m->b[2] = 6;
	pk_set(m->b + 4, 4, 0x3903f326);
	memcpy(m->b + 28, mac, 6);
	memcpy(m->b + PK_VEND, cookie, sizeof(cookie));
	m->len = PK_VEND + sizeof(cookie);
	if (type != 0) {
		m->b[m->len++] = 53;
		m->b[m->len++] = 1;
		m->b[m->len++] = type;
	}
}

static inline void
pk_option(struct packet *m, uint8_t code, const void *data, size_t len)
{
	if (m->len + 2 + len > sizeof(m->b))
		abort();
	m->b[m->len++] = code;
	m->b[m->len++] = (uint8_t)len;
	if (len > 0)
		memcpy(m->b + m->len, data, len);
	m->len += len;
}

static inline void
pk_option_num(struct packet *m, uint8_t code, size_t len, uint32_t v)
{
	uint8_t		 buf[4];

	pk_set(buf, len, v);
	pk_option(m, code, buf, len);
}

/* END, and padding to what BOOTP had. */
static inline void
pk_end(struct packet *m)
{
	m->b[m->len++] = 255;
	if (m->len < 300)
		m->len = 300;
}

/* Both checksums of a frame, by its own lengths as far as they make sense. */
static inline void
pk_fix_sums(uint8_t *b, size_t len)
{
	size_t		 hlen, ulen;
	uint16_t	 csum;

	if (len < PK_UDP)
		return;
	hlen = (size_t)(b[PK_IP] & 15) * 4;
	if (hlen < 20 || PK_IP + hlen > len)
		return;
	pk_set(b + PK_IP + 10, 2, 0);
	pk_set(b + PK_IP + 10, 2, pk_sum(0, b + PK_IP, hlen));
	if (PK_IP + hlen + 8 > len)
		return;
	ulen = pk_get(b + PK_IP + hlen + 4, 2);
	if (ulen < 8 || PK_IP + hlen + ulen > len)
		return;
	pk_set(b + PK_IP + hlen + 6, 2, 0);
	csum = pk_sum(pk_pseudo(b + PK_IP, ulen), b + PK_IP + hlen, ulen);
	pk_set(b + PK_IP + hlen + 6, 2, csum == 0 ? 0xffff : csum);
}

/* A frame around a payload, from the client's port to the server's. */
static inline void
pk_frame(struct packet *f, const uint8_t *dst, const uint8_t *src,
    uint32_t ip_src, uint32_t ip_dst, const void *data, size_t len)
{
	if (PK_BOOTP + len > sizeof(f->b))
		abort();
	memset(f->b, 0, PK_BOOTP);
	memcpy(f->b, dst, 6);
	memcpy(f->b + 6, src, 6);
	pk_set(f->b + 12, 2, 0x0800);
	f->b[PK_IP] = 0x45;
	pk_set(f->b + PK_IP + 2, 2, (uint32_t)(28 + len));
	f->b[PK_IP + 8] = 64;
	f->b[PK_IP + 9] = 17;
	pk_set(f->b + PK_IP + 12, 4, ip_src);
	pk_set(f->b + PK_IP + 16, 4, ip_dst);
	pk_set(f->b + PK_UDP, 2, 68);
	pk_set(f->b + PK_UDP + 2, 2, 67);
	pk_set(f->b + PK_UDP + 4, 2, (uint32_t)(8 + len));
	if (len > 0)
		memcpy(f->b + PK_BOOTP, data, len);
	f->len = PK_BOOTP + len;
	pk_fix_sums(f->b, f->len);
}

/* What a guest makes of a reply. */
struct pk_reply {
	const uint8_t	*dst;
	const uint8_t	*src;
	const uint8_t	*msg;
	uint32_t	 ip_src;
	uint32_t	 ip_dst;
	uint32_t	 xid;
	uint32_t	 flags;
	uint32_t	 ciaddr;
	uint32_t	 yiaddr;
	uint32_t	 siaddr;
	uint32_t	 giaddr;
	const uint8_t	*chaddr;
	const uint8_t	*sname;
	const uint8_t	*file;
	size_t		 len;		/* of the message */
	int		 has_cookie;
	size_t		 optlen[256];
	uint8_t		 seen[256];	/* in how many parts */
	uint8_t		 opt[256][1500];
	uint8_t		 order[1500];	/* codes as they came */
	size_t		 norder;
};

/* The headers; what is wrong with them, or NULL. */
static inline const char *
pk_check_headers(const uint8_t *b, size_t len)
{
	if (len < PK_BOOTP + 300)
		return "shorter than a BOOTP message";
	if (len > 1514)
		return "longer than a frame";
	if (pk_get(b + 12, 2) != 0x0800 || b[PK_IP] != 0x45)
		return "not plain IPv4";
	if (pk_get(b + PK_IP + 2, 2) != len - PK_IP)
		return "IP length";
	if (pk_get(b + PK_IP + 6, 2) != 0)
		return "fragment or DF";
	if (b[PK_IP + 8] < 16 || b[PK_IP + 9] != 17)
		return "TTL or protocol";
	if (pk_sum(0, b + PK_IP, 20) != 0)
		return "IP checksum";
	if (pk_get(b + PK_UDP, 2) != 67 || pk_get(b + PK_UDP + 2, 2) != 68)
		return "ports";
	if (pk_get(b + PK_UDP + 4, 2) != len - PK_UDP)
		return "UDP length";
	if (pk_get(b + PK_UDP + 6, 2) == 0)
		return "no UDP checksum";
	if (pk_sum(pk_pseudo(b + PK_IP, len - PK_UDP), b + PK_UDP,
	    len - PK_UDP) != 0)
		return "UDP checksum";
	return NULL;
}

/* The options from after the cookie; what is wrong with them, or NULL. */
static inline const char *
pk_check_options(struct pk_reply *r, const uint8_t *p, size_t n)
{
	size_t		 i = 0, len;
	uint8_t		 code;

	for (;;) {
		if (i == n)
			return "no END";
		code = p[i++];
		if (code == 255)
			break;
		if (code == 0)
			return "PAD between options";
		if (i == n || (size_t)p[i] > n - i - 1)
			return "option beyond the message";
		len = p[i++];
		r->order[r->norder++] = code;
		if (r->seen[code]++ > 0 && r->norder > 1 &&
		    r->order[r->norder - 2] != code)
			return "option twice";
		memcpy(r->opt[code] + r->optlen[code], p + i, len);
		r->optlen[code] += len;
		i += len;
	}
	for (; i < n; i++) {
		if (p[i] != 0)
			return "rubbish after END";
	}
	return NULL;
}

static inline const char *
pk_decode(struct pk_reply *r, const uint8_t *b, size_t len)
{
	static const uint8_t	 cookie[] = { 0x63, 0x82, 0x53, 0x63 };
	const uint8_t		*m = b + PK_BOOTP;
	const char		*wrong;

	memset(r, 0, sizeof(*r));
	if ((wrong = pk_check_headers(b, len)) != NULL)
		return wrong;
	r->dst = b;
	r->src = b + 6;
	r->msg = m;
	r->ip_src = pk_get(b + PK_IP + 12, 4);
	r->ip_dst = pk_get(b + PK_IP + 16, 4);
	r->len = len - PK_BOOTP;
	if (m[0] != 2 || m[1] != 1 || m[2] != 6 || m[3] != 0)
		return "op, htype, hlen or hops";
	if (pk_get(m + 8, 2) != 0)
		return "secs";
	r->xid = pk_get(m + 4, 4);
	r->flags = pk_get(m + 10, 2);
	r->ciaddr = pk_get(m + 12, 4);
	r->yiaddr = pk_get(m + 16, 4);
	r->siaddr = pk_get(m + 20, 4);
	r->giaddr = pk_get(m + 24, 4);
	r->chaddr = m + 28;
	r->sname = m + PK_SNAME;
	r->file = m + PK_FILE;
	if (memcmp(m + PK_VEND, cookie, sizeof(cookie)) != 0)
		return NULL;
	r->has_cookie = 1;
	return pk_check_options(r, m + PK_VEND + 4, r->len - PK_VEND - 4);
}

static inline uint32_t
pk_reply_num(const struct pk_reply *r, uint8_t code)
{
	return pk_get(r->opt[code], r->optlen[code] > 4 ? 4 :
	    r->optlen[code]);
}

/* What a request says in its options, parts joined: for fuzzers. */
struct pk_options {
	uint8_t		 has[256];
	size_t		 len[256];
	uint8_t		 data[256][1500];
};

static inline int
pk_read_field(struct pk_options *o, const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p != 255) {
		if (*p == 0) {
			p++;
			continue;
		}
		if (end - p < 2 || end - p - 2 < p[1])
			return -1;
		memcpy(o->data[*p] + o->len[*p], p + 2, p[1]);
		o->has[*p] = 1;
		o->len[*p] += p[1];
		p += 2 + p[1];
	}
	return 0;
}

/* A message of 240 to 1500 bytes: 0, or -1 if an option overruns. */
static inline int
pk_read_options(struct pk_options *o, const uint8_t *m, size_t len)
{
	uint8_t		 overload = 0;

	memset(o->has, 0, sizeof(o->has));
	memset(o->len, 0, sizeof(o->len));
	if (pk_read_field(o, m + PK_VEND + 4, m + len) == -1)
		return -1;
	if (o->len[52] == 1)
		overload = o->data[52][0];
	if ((overload & 1) &&
	    pk_read_field(o, m + PK_FILE, m + PK_FILE + 128) == -1)
		return -1;
	if ((overload & 2) &&
	    pk_read_field(o, m + PK_SNAME, m + PK_SNAME + 64) == -1)
		return -1;
	return 0;
}

/*
 * An input for a fuzzer: some bytes that steer it, then the packet.  Written
 * only when a test was told where to.
 */
static inline void
pk_seed(const char *dir, const char *name, const void *steer, size_t nsteer,
    const uint8_t *b, size_t len)
{
	char		 path[1024];
	FILE		*fp;

	if (dir == NULL)
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((fp = fopen(path, "wb")) == NULL) {
		perror(path);
		exit(1);
	}
	if ((nsteer > 0 && fwrite(steer, nsteer, 1, fp) != 1) ||
	    (len > 0 && fwrite(b, len, 1, fp) != 1) || fclose(fp) != 0) {
		perror(path);
		exit(1);
	}
}

#endif /* PACKET_H */

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

/*
 * The first byte is the flags, the rest a frame.  What frame_parse() takes
 * must be exactly what a second opinion takes, and must survive being built
 * again.
 */

int		 LLVMFuzzerTestOneInput(const uint8_t *, size_t);
static int	 is_datagram(const uint8_t *, size_t, int);
static void	 check_parts(const struct frame *, const uint8_t *, size_t);
static void	 check_built(const struct frame *);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame	 f;
	enum drop	 drop;
	int		 flags;

	if (size == 0)
		return 0;
	flags = *data++;
	size--;
	drop = frame_parse(&f, data, size, flags);
	if ((drop == DROP_NONE) != is_datagram(data, size, flags))
		abort();
	if (drop >= DROP_MAX)
		abort();
	if (drop == DROP_NONE) {
		check_parts(&f, data, size);
		check_built(&f);
	}
	return 0;
}

static int
is_datagram(const uint8_t *b, size_t len, int flags)
{
	const uint8_t	*ip = b + PK_IP, *udp = b + PK_UDP;
	size_t		 total, ulen;

	if ((flags & FRAME_VLAN) || len < PK_BOOTP || len > 1514)
		return 0;
	total = pk_get(ip + 2, 2);
	ulen = pk_get(udp + 4, 2);
	if (pk_get(b + 12, 2) != 0x0800 || ip[0] != 0x45 || ip[9] != 17 ||
	    (pk_get(ip + 6, 2) & 0x3fff) != 0 || pk_sum(0, ip, 20) != 0 ||
	    total > len - 14 || total < 28 || ulen < 8 || ulen > total - 20)
		return 0;
	return (flags & FRAME_NOCSUM) || pk_get(udp + 6, 2) == 0 ||
	    pk_sum(pk_pseudo(ip, ulen), udp, ulen) == 0;
}

static void
check_parts(const struct frame *f, const uint8_t *b, size_t len)
{
	if (f->data != b + PK_BOOTP || f->len > len - PK_BOOTP ||
	    f->len != pk_get(b + PK_UDP + 4, 2) - 8 ||
	    memcmp(f->dst, b, 6) != 0 || memcmp(f->src, b + 6, 6) != 0 ||
	    f->ip_src != pk_get(b + PK_IP + 12, 4) ||
	    f->ip_dst != pk_get(b + PK_IP + 16, 4) ||
	    f->sport != pk_get(b + PK_UDP, 2) ||
	    f->dport != pk_get(b + PK_UDP + 2, 2))
		abort();
}

static void
check_built(const struct frame *f)
{
	struct frame	 again;
	uint8_t		*out;
	size_t		 len = FRAME_HDRLEN + f->len;

	if ((out = malloc(len)) == NULL)
		abort();
	if (frame_build(f, out, len - 1) != 0 ||
	    frame_build(f, out, len) != len || !is_datagram(out, len, 0) ||
	    pk_get(out + PK_UDP + 6, 2) == 0 ||
	    frame_parse(&again, out, len, 0) != DROP_NONE)
		abort();
	check_parts(&again, out, len);
	if (again.len != f->len || memcmp(again.data, f->data, f->len) != 0)
		abort();
	free(out);
}

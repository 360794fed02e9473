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

#ifndef FRAME_H
#define FRAME_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "stats.h"

/*
 * Ethernet, IPv4 and UDP headers around one datagram.  Parsing checks every
 * length and both checksums and allocates nothing.
 */

#define LLADDR_LEN	6
#define FRAME_MAX	1514		/* Ethernet header and 1500 bytes */
#define FRAME_HDRLEN	(14 + 20 + 8)	/* Ethernet, IPv4, UDP */

/* What the packet descriptor knows of a frame besides its bytes. */
#define FRAME_NOCSUM	0x1	/* UDP checksum left to hardware: not there */
#define FRAME_VLAN	0x2	/* a VLAN tag was taken off */

struct frame {
	uint8_t		 src[LLADDR_LEN];	/* Ethernet */
	uint8_t		 dst[LLADDR_LEN];
	uint32_t	 ip_src;		/* host byte order, all below */
	uint32_t	 ip_dst;
	uint16_t	 sport;
	uint16_t	 dport;
	const uint8_t	*data;			/* UDP payload, not owned */
	size_t		 len;
};

/* DROP_NONE and the parts, or why the frame is not one UDP datagram. */
enum drop	 frame_parse(struct frame *, const uint8_t *, size_t, int);
/* Write headers with full checksums and payload; length, 0 if too long. */
size_t		 frame_build(const struct frame *, uint8_t *, size_t);

#endif /* FRAME_H */

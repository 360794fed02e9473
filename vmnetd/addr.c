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


#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"

#define NTEXT		8		/* static buffers, used in turn */
#define TEXTLEN		20		/* a prefix, with any length */

static char	*text_buffer(void);
static int	 number_parse(const char **, uint32_t, uint32_t *);
static int	 quad_parse(const char **, uint32_t *);

uint32_t
addr_mask(uint8_t len)
{
	/* Shifting by the full width is undefined. */
	return len == 0 ? 0 : 0xffffffffU << (32 - len);
}

uint32_t
prefix_first(const struct prefix *p)
{
	return p->addr & addr_mask(p->len);
}

uint32_t
prefix_last(const struct prefix *p)
{
	return p->addr | ~addr_mask(p->len);
}

bool
prefix_contains(const struct prefix *p, uint32_t addr)
{
	return ((addr ^ p->addr) & addr_mask(p->len)) == 0;
}

bool
prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	/* Of two prefixes that overlap the shorter contains the other. */
	return a->len < b->len ? prefix_contains(a, b->addr) :
	    prefix_contains(b, a->addr);
}

bool
prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->addr == b->addr && a->len == b->len;
}

/* A decimal number up to max, without sign, space or leading zeros. */
static int
number_parse(const char **s, uint32_t max, uint32_t *n)
{
	const char	*p = *s;

	if (*p < '0' || *p > '9')
		return -1;
	if (*p == '0' && p[1] >= '0' && p[1] <= '9')
		return -1;
	for (*n = 0; *p >= '0' && *p <= '9'; p++) {
		*n = *n * 10 + (*p - '0');
		if (*n > max)
			return -1;
	}
	*s = p;
	return 0;
}

static int
quad_parse(const char **s, uint32_t *addr)
{
	const char	*p = *s;
	uint32_t	 byte, sum = 0;
	int		 i;

	for (i = 0; i < 4; i++) {
		if (i > 0 && *p++ != '.')
			return -1;
		if (number_parse(&p, 255, &byte) == -1)
			return -1;
		sum = sum << 8 | byte;
	}
	*addr = sum;
	*s = p;
	return 0;
}

int
addr_parse(const char *s, uint32_t *addr)
{
	uint32_t	 a;

	if (quad_parse(&s, &a) == -1 || *s != '\0')
		return -1;
	*addr = a;
	return 0;
}

int
prefix_parse(const char *s, struct prefix *prefix)
{
	uint32_t	 addr, len;

	if (quad_parse(&s, &addr) == -1 || *s++ != '/' ||
	    number_parse(&s, 32, &len) == -1 || *s != '\0')
		return -1;
	prefix->addr = addr;
	prefix->len = len;
	return 0;
}

static char *
text_buffer(void)
{
	static char	 buf[NTEXT][TEXTLEN];
	static int	 next;

	next = (next + 1) % NTEXT;
	return buf[next];
}

const char *
addr_ntoa(uint32_t addr)
{
	char	*buf = text_buffer();

	snprintf(buf, TEXTLEN, "%u.%u.%u.%u", addr >> 24,
	    addr >> 16 & 0xff, addr >> 8 & 0xff, addr & 0xff);
	return buf;
}

const char *
prefix_ntoa(const struct prefix *p)
{
	char	*buf = text_buffer();

	snprintf(buf, TEXTLEN, "%u.%u.%u.%u/%u", p->addr >> 24,
	    p->addr >> 16 & 0xff, p->addr >> 8 & 0xff, p->addr & 0xff, p->len);
	return buf;
}

const char *
lladdr_ntoa(const uint8_t *lladdr)
{
	char	*buf = text_buffer();

	snprintf(buf, TEXTLEN, "%02x:%02x:%02x:%02x:%02x:%02x",
	    lladdr[0], lladdr[1], lladdr[2], lladdr[3], lladdr[4], lladdr[5]);
	return buf;
}

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
#include "test.h"

static uint32_t		 seed = 2463534242U;

/* The same numbers in every run. */
static uint32_t
rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static void
test_masks(void)
{
	uint32_t	 mask;
	int		 len, bits;

	CHECK_INT(addr_mask(0), 0);
	CHECK_INT(addr_mask(32), 0xffffffffU);
	CHECK_INT(addr_mask(20), 0xfffff000U);
	for (len = 0; len <= 32; len++) {
		mask = addr_mask(len);
		for (bits = 0; bits < 32 && (mask & 0x80000000U >> bits) != 0;
		    bits++)
			continue;
		CHECK_INT(bits, len);
		/* No bit after the first clear one. */
		CHECK((~mask & (~mask + 1)) == 0);
	}
}

static void
test_addresses(void)
{
	static const char *const bad[] = {
		"", ".", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5",
		"1.2.3.256", "1.2.3.04", "01.2.3.4", "00.0.0.0", "1..2.3",
		" 1.2.3.4", "1.2.3.4 ", "1.2.3.-4", "1.2.3.+4", "1.2.3.4/24",
		"1.2.3.0x4", "a.b.c.d", "1,2,3,4", "99999999999.1.1.1",
		"4294967296.0.0.1", "1.2.3.4\n"
	};
	uint32_t	 a, b;
	size_t		 i;

	CHECK(addr_parse("0.0.0.0", &a) == 0 && a == 0);
	CHECK(addr_parse("255.255.255.255", &a) == 0 && a == 0xffffffffU);
	CHECK(addr_parse("172.16.0.2", &a) == 0 && a == 0xac100002U);
	CHECK_STR(addr_ntoa(0xac100002U), "172.16.0.2");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		a = 12345;
		if (!CHECK(addr_parse(bad[i], &a) == -1))
			printf("\ttaken: \"%s\"\n", bad[i]);
		CHECK_INT(a, 12345);
	}
	for (i = 0; i < 2000; i++) {
		a = rnd();
		CHECK(addr_parse(addr_ntoa(a), &b) == 0 && a == b);
	}
}

static void
test_prefix_text(void)
{
	static const char *const bad[] = {
		"", "/", "/24", "1.2.3.4", "1.2.3.4/", "1.2.3.4/33",
		"1.2.3.4/024", "1.2.3.4/-1", "1.2.3.4/2 ", "1.2.3.4 /24",
		"1.2.3/24", "1.2.3.4/24/24", "1.2.3.4/4294967320"
	};
	struct prefix	 p, q;
	size_t		 i;

	CHECK(prefix_parse("10.1.2.3/8", &p) == 0);
	CHECK_INT(p.addr, 0x0a010203);
	CHECK_INT(p.len, 8);
	CHECK_STR(prefix_ntoa(&p), "10.1.2.3/8");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!CHECK(prefix_parse(bad[i], &p) == -1))
			printf("\ttaken: \"%s\"\n", bad[i]);
	for (i = 0; i < 2000; i++) {
		p.addr = rnd();
		p.len = rnd() % 33;
		CHECK(prefix_parse(prefix_ntoa(&p), &q) == 0 &&
		    prefix_equal(&p, &q));
	}
	p.addr = 0xffffffffU;
	p.len = 32;
	CHECK_STR(prefix_ntoa(&p), "255.255.255.255/32");
	CHECK_INT(strlen(prefix_ntoa(&p)), PREFIX_STRLEN - 1);
	CHECK_INT(strlen(addr_ntoa(p.addr)), ADDR_STRLEN - 1);
}

/* Two prefixes overlap if some address is in both: the ends tell. */
static void
test_overlaps(void)
{
	struct prefix	 p, q;
	uint32_t	 a;
	bool		 overlaps;
	int		 i;

	for (i = 0; i < 20000; i++) {
		p.len = rnd() % 33;
		q.len = rnd() % 33;
		p.addr = rnd();
		/* Often near each other. */
		q.addr = i % 2 ? rnd() : p.addr ^ 1U << rnd() % 32;
		overlaps = prefix_first(&p) <= prefix_last(&q) &&
		    prefix_first(&q) <= prefix_last(&p);
		CHECK_INT(prefix_overlaps(&p, &q), overlaps);
		CHECK_INT(prefix_overlaps(&q, &p), overlaps);
		CHECK(prefix_contains(&p, prefix_first(&p)) &&
		    prefix_contains(&p, prefix_last(&p)) &&
		    prefix_contains(&p, p.addr));
		CHECK_INT((uint64_t)prefix_last(&p) - prefix_first(&p) + 1,
		    1ULL << (32 - p.len));
		a = q.addr;
		CHECK_INT(prefix_contains(&p, a),
		    a >= prefix_first(&p) && a <= prefix_last(&p));
	}
}

/* Several texts can be in one message. */
static void
test_buffers(void)
{
	const uint8_t	 lladdr[6] = { 0xfe, 0xe1, 0xbb, 0xd1, 0xf1, 0x00 };
	struct prefix	 p = { 0x0a000000, 8 };
	char		 buf[200];

	snprintf(buf, sizeof(buf), "%s %s %s %s %s %s %s %s", addr_ntoa(1),
	    addr_ntoa(2), addr_ntoa(3), addr_ntoa(4), addr_ntoa(5),
	    addr_ntoa(6), prefix_ntoa(&p), lladdr_ntoa(lladdr));
	CHECK_STR(buf, "0.0.0.1 0.0.0.2 0.0.0.3 0.0.0.4 0.0.0.5 0.0.0.6 "
	    "10.0.0.0/8 fe:e1:bb:d1:f1:00");
}

int
main(void)
{
	TEST(test_masks());
	TEST(test_addresses());
	TEST(test_prefix_text());
	TEST(test_overlaps());
	TEST(test_buffers());
	return test_end("addr");
}

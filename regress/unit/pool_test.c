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
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "pool.h"
#include "test.h"

#define MAXCOUNT	4096		/* subnets of a pool in the model */
#define MAXRANGES	4

/* What the pool should be: one element a subnet, and no cleverness. */
struct model {
	struct prefix	 prefix;
	uint8_t		 len;
	uint32_t	 count;
	bool		 leasable[MAXCOUNT];
	bool		 free[MAXCOUNT];
};

struct obstacles {
	struct range	 range[MAXRANGES];
	size_t		 n;
};

static uint32_t		 seed = 88172645U;
static int		 nblocked;	/* calls of blocked() */

static int	 blocked(const struct prefix *, uint32_t *, void *);

static uint32_t
rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static struct prefix
prefix(const char *text)
{
	struct prefix	 p = { 0, 0 };

	CHECK(prefix_parse(text, &p) == 0);
	return p;
}

static uint32_t
addr(const char *text)
{
	uint32_t	 a = 0;

	CHECK(addr_parse(text, &a) == 0);
	return a;
}

static struct pool *
make(const char *text, uint8_t len)
{
	struct prefix	 p = prefix(text);
	struct pool	*pool = pool_new(&p, len, NULL, 0);

	CHECK(pool != NULL);
	return pool;
}

static void
check_first(const char *text, uint8_t len, const char *host,
    const char *guest, uint32_t size)
{
	struct pool	*p = make(text, len);
	struct prefix	 subnet;
	uint32_t	 a;

	CHECK_INT(pool_size(p), size);
	CHECK_INT(pool_nfree(p), size);
	if (CHECK(pool_lowest(p, NULL, NULL, &a) == 0)) {
		subnet = pool_subnet(p, a);
		CHECK_STR(addr_ntoa(subnet_host(&subnet)), host);
		CHECK_STR(addr_ntoa(subnet_guest(&subnet)), guest);
		CHECK(subnet_usable(&subnet, subnet_guest(&subnet)));
	}
	pool_free(p);
}

static void
test_first(void)
{
	check_first("172.16.0.0/24", 31, "172.16.0.2", "172.16.0.3", 126);
	check_first("172.16.0.0/24", 24, "172.16.0.1", "172.16.0.2", 1);
	check_first("172.16.0.0/24", 30, "172.16.0.1", "172.16.0.2", 64);
	check_first("172.16.0.0/16", 30, "172.16.0.1", "172.16.0.2", 16384);
	check_first("10.0.0.0/8", 16, "10.0.0.1", "10.0.0.2", 256);
	check_first("10.0.0.0/8", 31, "10.0.0.2", "10.0.0.3", 8388606);
	check_first("0.0.0.0/0", 31, "0.0.0.2", "0.0.0.3", 2147483646);
	check_first("255.255.255.248/29", 31, "255.255.255.250",
	    "255.255.255.251", 2);
	check_first("172.16.0.2/31", 31, "172.16.0.2", "172.16.0.3", 1);
}

static void
test_refused(void)
{
	struct prefix	 bits = prefix("10.0.0.1/24");
	struct prefix	 longer = prefix("10.0.0.0/24");

	CHECK(pool_new(&bits, 31, NULL, 0) == NULL);
	CHECK(pool_new(&longer, 23, NULL, 0) == NULL);
	CHECK(pool_new(&longer, 32, NULL, 0) == NULL);
	CHECK(pool_new(&longer, 0, NULL, 0) == NULL);
	pool_free(NULL);
}

static void
test_usable(void)
{
	struct prefix	 p31 = prefix("10.0.0.2/31");
	struct prefix	 p29 = prefix("10.0.0.8/29");
	uint32_t	 a;
	int		 n = 0;

	CHECK(!subnet_usable(&p31, addr("10.0.0.2")));
	CHECK(subnet_usable(&p31, addr("10.0.0.3")));
	CHECK(!subnet_usable(&p31, addr("10.0.0.4")));
	for (a = addr("10.0.0.0"); a < addr("10.0.0.32"); a++)
		n += subnet_usable(&p29, a);
	CHECK_INT(n, 5);	/* of eight: network, broadcast, host */
	CHECK(!subnet_usable(&p29, addr("10.0.0.9")));
	CHECK(subnet_usable(&p29, addr("10.0.0.10")));
	CHECK(subnet_usable(&p29, addr("10.0.0.14")));
	CHECK(!subnet_usable(&p29, addr("10.0.0.15")));
}

/* Made without a look at each subnet; some thousands of them at once. */
static void
test_large(void)
{
	struct prefix	 p = prefix("10.0.0.0/8");
	static struct pool *pools[4000];
	struct obstacles o;
	struct range	 middle = { addr("10.127.255.255"),
			    addr("10.128.0.0") };
	uint32_t	 a, i, n = sizeof(pools) / sizeof(pools[0]);

	for (i = 0; i < n; i++) {
		pools[i] = pool_new(&p, 31, &middle, 1);
		CHECK(pools[i] != NULL);
	}
	CHECK_INT(pool_size(pools[0]), 8388608 - 2 - 2);
	CHECK_INT(pool_take(pools[0], addr("10.128.0.0")), -1);
	CHECK_INT(pool_take(pools[0], addr("10.128.0.2")), 0);
	CHECK_INT(pool_take(pools[0], addr("10.128.0.2")), -1);
	for (i = 0; i < 100000; i++)
		if (pool_lowest(pools[1], NULL, NULL, &a) == -1 ||
		    a != p.addr + 2 * (i + 1) || pool_take(pools[1], a) == -1)
			break;
	CHECK_INT(i, 100000);
	/* An obstacle is passed in one step, however many are behind it. */
	o.n = 2;
	o.range[0].first = addr("10.0.0.0");
	o.range[0].last = addr("10.90.0.0");
	o.range[1] = o.range[0];
	o.range[1].last = addr("10.200.0.4");
	nblocked = 0;
	CHECK(pool_lowest(pools[1], blocked, &o, &a) == 0 &&
	    a == addr("10.200.0.6"));
	CHECK(nblocked < 10);
	for (i = 0; i < n; i++)
		pool_free(pools[i]);
}

static uint32_t
model_addr(const struct model *m, uint32_t i)
{
	return m->prefix.addr + i * (uint32_t)(1ULL << (32 - m->len));
}

static bool
model_overlaps(const struct model *m, uint32_t i, const struct range *r)
{
	uint32_t	 first = model_addr(m, i);
	uint32_t	 last = first + (uint32_t)((1ULL << (32 - m->len)) - 1);

	return r->first <= last && first <= r->last;
}

static void
model_init(struct model *m, const struct range *exclude, size_t n)
{
	uint32_t	 i;
	size_t		 k;

	for (i = 0; i < m->count; i++) {
		m->leasable[i] = true;
		for (k = 0; k < n; k++)
			if (model_overlaps(m, i, &exclude[k]))
				m->leasable[i] = false;
		if (m->len == 31 && m->count > 1 &&
		    (i == 0 || i == m->count - 1))
			m->leasable[i] = false;
		m->free[i] = m->leasable[i];
	}
}

/* In the pool, around it, or anywhere. */
static struct range
random_range(const struct model *m)
{
	struct range	 r;
	uint32_t	 size = m->count * (uint32_t)(1ULL << (32 - m->len));
	uint32_t	 length;

	length = size / (1 + rnd() % 64) + 1;
	r.first = m->prefix.addr + rnd() % size;
	r.last = r.first + rnd() % length;
	if (rnd() % 8 == 0)
		r.first -= rnd() % size;
	if (rnd() % 8 == 0)
		r.last = r.first;
	if (r.last < r.first) {
		r.first = 0;
		r.last = m->prefix.addr;
	}
	return r;
}

static int
blocked(const struct prefix *subnet, uint32_t *last, void *arg)
{
	struct obstacles	*o = arg;
	size_t			 i;

	nblocked++;
	for (i = 0; i < o->n; i++) {
		if (o->range[i].first <= prefix_last(subnet) &&
		    prefix_first(subnet) <= o->range[i].last) {
			*last = o->range[i].last;
			return -1;
		}
	}
	return 0;
}

static void
check_lowest(const struct pool *p, const struct model *m)
{
	struct obstacles	 o;
	uint32_t		 i, a = 0;
	size_t			 k;
	bool			 clear;

	o.n = rnd() % (MAXRANGES + 1);
	for (k = 0; k < o.n; k++)
		o.range[k] = random_range(m);
	for (i = 0; i < m->count; i++) {
		clear = m->free[i];
		for (k = 0; k < o.n && clear; k++)
			clear = !model_overlaps(m, i, &o.range[k]);
		if (clear)
			break;
	}
	if (i == m->count)
		CHECK_INT(pool_lowest(p, blocked, &o, &a), -1);
	else {
		CHECK_INT(pool_lowest(p, blocked, &o, &a), 0);
		CHECK_INT(a, model_addr(m, i));
	}
}

static void
check_all(struct pool *p, const struct model *m)
{
	uint32_t	 i, size = 0, nfree = 0;
	struct prefix	 subnet;

	for (i = 0; i < m->count; i++) {
		size += m->leasable[i];
		nfree += m->free[i];
		subnet.addr = model_addr(m, i);
		subnet.len = m->len;
		CHECK_INT(pool_contains(p, &subnet), m->leasable[i]);
		subnet.addr++;
		CHECK(!pool_contains(p, &subnet));
	}
	CHECK_INT(pool_size(p), size);
	CHECK_INT(pool_nfree(p), nfree);
}

static void
random_steps(struct pool *p, struct model *m, int steps)
{
	uint32_t	 a, i, outside;

	while (steps-- > 0) {
		i = rnd() % m->count;
		a = model_addr(m, i);
		switch (rnd() % 8) {
		case 0:
		case 1:
		case 2:
			CHECK_INT(pool_take(p, a), m->free[i] ? 0 : -1);
			m->free[i] = false;
			break;
		case 3:
		case 4:
			pool_give(p, a);
			m->free[i] = m->leasable[i];
			break;
		case 5:
			/* Not one of its subnets. */
			CHECK_INT(pool_take(p, a + 1), -1);
			pool_give(p, a + 1);
			outside = m->prefix.addr + m->count *
			    (uint32_t)(1ULL << (32 - m->len));
			CHECK_INT(pool_take(p, outside), -1);
			pool_give(p, outside);
			CHECK_INT(pool_take(p, m->prefix.addr - 2), -1);
			break;
		default:
			check_lowest(p, m);
			break;
		}
	}
}

static void
test_random(void)
{
	static struct model	 m;
	struct range		 exclude[MAXRANGES];
	struct pool		*p;
	size_t			 n, k;
	int			 round, bits;

	for (round = 0; round < 300; round++) {
		m.len = 16 + rnd() % 16;
		bits = rnd() % 13;
		m.prefix.len = m.len > bits ? m.len - bits : 1;
		m.count = 1U << (m.len - m.prefix.len);
		m.prefix.addr = rnd() & addr_mask(m.prefix.len);
		if (round % 10 == 0)
			m.prefix.addr = addr_mask(m.prefix.len);
		n = rnd() % (MAXRANGES + 1);
		for (k = 0; k < n; k++)
			exclude[k] = random_range(&m);
		model_init(&m, exclude, n);
		p = pool_new(&m.prefix, m.len, exclude, n);
		if (!CHECK(p != NULL))
			continue;
		check_all(p, &m);
		random_steps(p, &m, 300);
		check_all(p, &m);
		pool_free(p);
	}
}

/* Take everything, give back in another order: one piece again. */
static void
test_drain(void)
{
	struct pool	*p = make("192.0.2.0/24", 31);
	uint32_t	 a, i, n = 0;

	while (pool_lowest(p, NULL, NULL, &a) == 0 && pool_take(p, a) == 0)
		n++;
	CHECK_INT(n, 126);
	CHECK_INT(pool_nfree(p), 0);
	for (i = 0; i < 128; i++)
		pool_give(p, addr("192.0.2.0") + 2 * (i * 37 % 128));
	CHECK_INT(pool_nfree(p), 126);
	pool_give(p, addr("192.0.2.4"));	/* is free already */
	CHECK_INT(pool_nfree(p), 126);
	CHECK(pool_lowest(p, NULL, NULL, &a) == 0 && a == addr("192.0.2.2"));
	pool_free(p);
}

int
main(void)
{
	TEST(test_first());
	TEST(test_refused());
	TEST(test_usable());
	TEST(test_large());
	TEST(test_random());
	TEST(test_drain());
	return test_end("pool");
}

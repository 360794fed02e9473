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

#include "hostaddr.h"
#include "test.h"

#define IFS	200

/* What the index should hold, kept the simple way. */
static struct {
	uint32_t	 rdomain;
	size_t		 count;
	struct prefix	 addr[3];
} model[IFS + 1];

static struct prefix
prefix(const char *text)
{
	struct prefix	 p;

	if (prefix_parse(text, &p) == -1)
		abort();
	return p;
}

static void
set(uint32_t ifindex, uint32_t rdomain, const char *text)
{
	struct prefix	 p = prefix(text);

	CHECK_INT(hostaddr_set(ifindex, "em0", rdomain, &p, 1), 0);
}

static uint32_t
overlap(uint32_t rdomain, const char *text, uint32_t except)
{
	struct prefix		 p = prefix(text);
	const struct hostaddr	*found;

	found = hostaddr_overlap(rdomain, &p, except);
	return found == NULL ? 0 : found->ifindex;
}

static void
test_basics(void)
{
	test_case("basics");
	set(1, 0, "192.168.1.7/24");
	set(2, 0, "10.0.0.1/8");
	set(3, 0, "10.1.2.3/24");
	set(4, 1, "172.16.0.1/16");

	CHECK_INT(overlap(0, "192.168.1.0/31", 0), 1);
	CHECK_INT(overlap(0, "192.168.0.0/16", 0), 1);
	CHECK_INT(overlap(0, "192.168.2.0/24", 0), 0);
	CHECK_INT(overlap(0, "10.200.0.0/31", 0), 2);
	/* Both networks hold it: leaving one out finds the other. */
	CHECK_INT(overlap(0, "10.1.2.0/31", 2), 3);
	CHECK_INT(overlap(0, "10.1.2.0/31", 3), 2);
	CHECK_INT(overlap(0, "172.16.0.0/31", 0), 0);
	CHECK_INT(overlap(1, "172.16.0.0/31", 0), 4);
	CHECK_INT(overlap(1, "172.16.0.0/31", 4), 0);

	hostaddr_remove(1);
	CHECK_INT(overlap(0, "192.168.1.0/31", 0), 0);
	set(2, 0, "11.0.0.1/32");
	CHECK_INT(overlap(0, "10.200.0.0/31", 0), 0);
	CHECK_INT(overlap(0, "11.0.0.0/24", 0), 2);
	hostaddr_remove(2);
	hostaddr_remove(3);
	hostaddr_remove(4);
	hostaddr_remove(99);
}

static void
test_twice(void)
{
	struct prefix	 p[3];

	test_case("the same address twice");
	p[0] = p[2] = prefix("192.0.2.1/24");
	p[1] = prefix("192.0.2.2/24");
	CHECK_INT(hostaddr_set(7, "em0", 0, p, 3), 0);
	CHECK_INT(overlap(0, "192.0.2.0/31", 0), 7);
	CHECK_INT(hostaddr_set(7, "em0", 0, p, 0), 0);
	CHECK_INT(overlap(0, "192.0.2.0/31", 0), 0);
}

static int
model_overlaps(uint32_t rdomain, const struct prefix *p, uint32_t except)
{
	uint32_t	 i;
	size_t		 j;

	for (i = 1; i <= IFS; i++)
		for (j = 0; i != except && j < model[i].count; j++)
			if (model[i].rdomain == rdomain &&
			    prefix_overlaps(&model[i].addr[j], p))
				return 1;
	return 0;
}

static void
random_prefix(struct prefix *p)
{
	p->addr = 0x0a000000 | (random() & 0xffff);
	p->len = 14 + random() % 19;
}

static void
test_random(void)
{
	struct prefix	 p;
	uint32_t	 i, rdomain, except;
	size_t		 j;
	int		 round, wrong = 0;

	test_case("random changes agree with a plain list");
	srandom(1);
	for (round = 0; round < 20000; round++) {
		i = 1 + random() % IFS;
		model[i].rdomain = random() % 2;
		model[i].count = random() % 4;
		for (j = 0; j < model[i].count; j++)
			random_prefix(&model[i].addr[j]);
		if (hostaddr_set(i, "em0", model[i].rdomain, model[i].addr,
		    model[i].count) == -1)
			wrong++;
		random_prefix(&p);
		p.addr = prefix_first(&p);
		rdomain = random() % 2;
		except = random() % (IFS + 1);
		if ((hostaddr_overlap(rdomain, &p, except) != NULL) !=
		    model_overlaps(rdomain, &p, except))
			wrong++;
	}
	CHECK_INT(wrong, 0);
	for (i = 1; i <= IFS; i++)
		hostaddr_remove(i);
	p = prefix("0.0.0.0/0");
	CHECK(hostaddr_overlap(0, &p, 0) == NULL);
	CHECK(hostaddr_overlap(1, &p, 0) == NULL);
}

int
main(void)
{
	TEST(test_basics());
	TEST(test_twice());
	TEST(test_random());
	return TEST_DONE("hostaddr");
}

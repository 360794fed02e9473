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


#include <sys/tree.h>
#include <sys/types.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "pool.h"

/*
 * Inside, subnets are counted from 0: the number of a subnet is the offset
 * of its network address in the pool, in units of subnets.
 */

struct extent {
	RB_ENTRY(extent)	 entry;
	uint32_t		 first;		/* subnet numbers, */
	uint32_t		 last;		/* inclusive */
};
RB_HEAD(extents, extent);

struct pool {
	struct prefix		 prefix;
	uint8_t			 len;		/* of the subnets */
	uint32_t		 count;		/* subnets, leasable or not */
	uint32_t		 size;		/* leasable ones */
	uint32_t		 nfree;
	struct extents		 free;		/* disjoint, none touch */
	size_t			 nhole;
	struct range		*hole;		/* not leasable, in order */
};

static int	 extent_cmp(const struct extent *, const struct extent *);
static int	 range_cmp(const void *, const void *);
static uint32_t	 subnet_number(const struct pool *, uint32_t);
static uint32_t	 subnet_addr(const struct pool *, uint32_t);
static int	 holes_make(struct pool *, const struct range *, size_t);
static size_t	 holes_clip(struct pool *, const struct range *, size_t);
static void	 holes_merge(struct pool *);
static int	 free_fill(struct pool *);
static int	 free_add(struct pool *, uint32_t, uint32_t);
static struct extent *free_find(const struct pool *, uint32_t);
static struct extent *free_from(const struct pool *, uint32_t);
static bool	 is_leasable(const struct pool *, uint32_t);

RB_PROTOTYPE_STATIC(extents, extent, entry, extent_cmp);
RB_GENERATE_STATIC(extents, extent, entry, extent_cmp);

static int
extent_cmp(const struct extent *a, const struct extent *b)
{
	return a->first < b->first ? -1 : a->first > b->first;
}

static int
range_cmp(const void *a, const void *b)
{
	const struct range	*ra = a, *rb = b;

	return ra->first < rb->first ? -1 : ra->first > rb->first;
}

static uint32_t
subnet_number(const struct pool *p, uint32_t addr)
{
	return (addr - p->prefix.addr) >> (32 - p->len);
}

static uint32_t
subnet_addr(const struct pool *p, uint32_t number)
{
	return p->prefix.addr + (number << (32 - p->len));
}

struct pool *
pool_new(const struct prefix *prefix, uint8_t len, const struct range *exclude,
    size_t nexclude)
{
	struct pool	*p;

	if (len == 0 || len > 31 || prefix->len > len ||
	    prefix_first(prefix) != prefix->addr) {
		errno = EINVAL;
		return NULL;
	}
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	p->prefix = *prefix;
	p->len = len;
	p->count = 1U << (len - prefix->len);
	RB_INIT(&p->free);
	if (holes_make(p, exclude, nexclude) == -1 || free_fill(p) == -1) {
		pool_free(p);
		return NULL;
	}
	return p;
}

void
pool_free(struct pool *p)
{
	struct extent	*e;

	if (p == NULL)
		return;
	while ((e = RB_ROOT(&p->free)) != NULL) {
		RB_REMOVE(extents, &p->free, e);
		free(e);
	}
	free(p->hole);
	free(p);
}

/* The subnets that are not leasable, as sorted ranges of numbers. */
static int
holes_make(struct pool *p, const struct range *exclude, size_t nexclude)
{
	/* Two more: for the network and for the broadcast address. */
	if (nexclude > SIZE_MAX - 2 ||
	    (p->hole = calloc(nexclude + 2, sizeof(*p->hole))) == NULL)
		return -1;
	p->nhole = holes_clip(p, exclude, nexclude);
	/* A prefix of two addresses has no network and broadcast address. */
	if (p->len == 31 && p->prefix.len < 31) {
		p->hole[p->nhole].first = p->hole[p->nhole].last = 0;
		p->nhole++;
		p->hole[p->nhole].first = p->count - 1;
		p->hole[p->nhole].last = p->count - 1;
		p->nhole++;
	}
	holes_merge(p);
	return 0;
}

static size_t
holes_clip(struct pool *p, const struct range *exclude, size_t nexclude)
{
	uint32_t	 first = prefix_first(&p->prefix);
	uint32_t	 last = prefix_last(&p->prefix);
	size_t		 i, n = 0;

	for (i = 0; i < nexclude; i++) {
		if (exclude[i].last < first || exclude[i].first > last)
			continue;
		p->hole[n].first = exclude[i].first < first ? 0 :
		    subnet_number(p, exclude[i].first);
		p->hole[n].last = exclude[i].last > last ? p->count - 1 :
		    subnet_number(p, exclude[i].last);
		n++;
	}
	return n;
}

static void
holes_merge(struct pool *p)
{
	struct range	*hole = p->hole;
	size_t		 i, n = 0;

	if (p->nhole == 0)
		return;
	qsort(hole, p->nhole, sizeof(*hole), range_cmp);
	for (i = 1; i < p->nhole; i++) {
		/* Numbers stay below 2^31: + 1 cannot wrap. */
		if (hole[i].first > hole[n].last + 1)
			hole[++n] = hole[i];
		else if (hole[i].last > hole[n].last)
			hole[n].last = hole[i].last;
	}
	p->nhole = n + 1;
}

/* At first everything between the holes is free. */
static int
free_fill(struct pool *p)
{
	uint32_t	 next = 0;
	size_t		 i;

	for (i = 0; i < p->nhole; i++) {
		if (p->hole[i].first > next &&
		    free_add(p, next, p->hole[i].first - 1) == -1)
			return -1;
		next = p->hole[i].last + 1;
	}
	if (next < p->count && free_add(p, next, p->count - 1) == -1)
		return -1;
	p->size = p->nfree;
	return 0;
}

static int
free_add(struct pool *p, uint32_t first, uint32_t last)
{
	struct extent	*e;

	if ((e = malloc(sizeof(*e))) == NULL)
		return -1;
	e->first = first;
	e->last = last;
	RB_INSERT(extents, &p->free, e);
	p->nfree += last - first + 1;
	return 0;
}

/* The last extent that begins at or before a number; it may end before it. */
static struct extent *
free_find(const struct pool *p, uint32_t number)
{
	struct extent	*e = RB_ROOT(&p->free), *found = NULL;

	while (e != NULL) {
		if (e->first <= number) {
			found = e;
			e = RB_RIGHT(e, entry);
		} else
			e = RB_LEFT(e, entry);
	}
	return found;
}

/* The first extent that does not end before a number. */
static struct extent *
free_from(const struct pool *p, uint32_t number)
{
	struct extent	*e = RB_ROOT(&p->free), *found = NULL;

	while (e != NULL) {
		if (e->last >= number) {
			found = e;
			e = RB_LEFT(e, entry);
		} else
			e = RB_RIGHT(e, entry);
	}
	return found;
}

static bool
is_leasable(const struct pool *p, uint32_t number)
{
	size_t	 low = 0, high = p->nhole, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (number < p->hole[mid].first)
			high = mid;
		else if (number > p->hole[mid].last)
			low = mid + 1;
		else
			return false;
	}
	return true;
}

uint32_t
pool_size(const struct pool *p)
{
	return p->size;
}

uint32_t
pool_nfree(const struct pool *p)
{
	return p->nfree;
}

struct prefix
pool_subnet(const struct pool *p, uint32_t addr)
{
	struct prefix	 subnet;

	subnet.addr = addr & addr_mask(p->len);
	subnet.len = p->len;
	return subnet;
}

bool
pool_contains(const struct pool *p, const struct prefix *subnet)
{
	return subnet->len == p->len &&
	    subnet->addr == prefix_first(subnet) &&
	    prefix_contains(&p->prefix, subnet->addr) &&
	    is_leasable(p, subnet_number(p, subnet->addr));
}

int
pool_take(struct pool *p, uint32_t addr)
{
	struct prefix	 subnet = { addr, p->len };
	struct extent	*e;
	uint32_t	 number, last;

	if (!pool_contains(p, &subnet))
		return -1;
	number = subnet_number(p, addr);
	if ((e = free_find(p, number)) == NULL || number > e->last)
		return -1;
	if (e->first == e->last) {
		RB_REMOVE(extents, &p->free, e);
		free(e);
	} else if (number == e->first)
		e->first++;	/* keeps its place in the order */
	else if (number == e->last)
		e->last--;
	else {
		last = e->last;
		e->last = number - 1;
		p->nfree -= last - number;
		if (free_add(p, number + 1, last) == -1) {
			e->last = last;
			p->nfree += last - number;
			return -1;
		}
	}
	p->nfree--;
	return 0;
}

void
pool_give(struct pool *p, uint32_t addr)
{
	struct prefix	 subnet = { addr, p->len };
	struct extent	*before, *after;
	uint32_t	 number;

	if (!pool_contains(p, &subnet))
		return;
	number = subnet_number(p, addr);
	before = free_find(p, number);
	if (before != NULL && number <= before->last)
		return;
	after = free_from(p, number);
	if (before != NULL && before->last + 1 != number)
		before = NULL;
	if (after != NULL && after->first - 1 != number)
		after = NULL;
	if (before != NULL && after != NULL) {
		before->last = after->last;
		RB_REMOVE(extents, &p->free, after);
		free(after);
	} else if (before != NULL)
		before->last++;
	else if (after != NULL)
		after->first--;
	else {
		/* Without memory it counts as taken until the next reload. */
		free_add(p, number, number);
		return;
	}
	p->nfree++;
}

int
pool_lowest(const struct pool *p, pool_blocked *blocked, void *arg,
    uint32_t *addr)
{
	struct extent	*e;
	struct prefix	 subnet;
	uint32_t	 number = 0, last;

	while ((e = free_from(p, number)) != NULL) {
		if (number < e->first)
			number = e->first;
		subnet.addr = subnet_addr(p, number);
		subnet.len = p->len;
		last = prefix_last(&subnet);
		if (blocked == NULL || blocked(&subnet, &last, arg) == 0) {
			*addr = subnet.addr;
			return 0;
		}
		if (last >= prefix_last(&p->prefix))
			return -1;
		/* Never back, whatever the callback says. */
		if (last < prefix_last(&subnet))
			last = prefix_last(&subnet);
		number = subnet_number(p, last) + 1;
	}
	return -1;
}

uint32_t
subnet_host(const struct prefix *subnet)
{
	return prefix_first(subnet) + (subnet->len < 31 ? 1 : 0);
}

uint32_t
subnet_guest(const struct prefix *subnet)
{
	return subnet_host(subnet) + 1;
}

bool
subnet_usable(const struct prefix *subnet, uint32_t addr)
{
	if (!prefix_contains(subnet, addr) || addr == subnet_host(subnet))
		return false;
	return subnet->len >= 31 ||
	    (addr != prefix_first(subnet) && addr != prefix_last(subnet));
}

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

#ifndef POOL_H
#define POOL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/*
 * Which subnets of a prefix are free.  A pool is a prefix carved into equal
 * subnets.  A subnet is leasable unless it holds an excluded address or, if
 * it is a /31, the network or broadcast address of the pool itself (a pool
 * that is a /31 itself has neither).
 * Free subnets are kept as extents in a tree: every operation is
 * O(log number of extents), and memory does not grow with the prefix.
 * A subnet is named by its network address.
 */

struct pool;

/*
 * The prefix must have no host bits set, and its length must not exceed that
 * of the subnets, 1 to 31.  Exclusions may overlap each other and reach
 * beyond the prefix.  NULL when out of memory.
 */
struct pool	*pool_new(const struct prefix *, uint8_t,
		    const struct range *, size_t);
void		 pool_free(struct pool *);

uint32_t	 pool_size(const struct pool *);	/* leasable subnets */
uint32_t	 pool_nfree(const struct pool *);	/* not taken yet */
struct prefix	 pool_subnet(const struct pool *, uint32_t);
		    /* the subnet that holds an address of the pool */
bool		 pool_contains(const struct pool *, const struct prefix *);
		    /* is this exactly one leasable subnet of the pool? */

/* Take one free subnet: 0, or -1 if it is not leasable, taken or reserved. */
int		 pool_take(struct pool *, uint32_t);
/* Give a taken (or reserved) one back; anything else is ignored. */
void		 pool_give(struct pool *, uint32_t);

/*
 * The lowest free subnet.  The callback says whether something outside the
 * pool's knowledge is in the way of a subnet: 0 if it may be used, else -1
 * and the last address of the obstacle, behind which the search goes on.
 * Returns 0, or -1 when there is none.  The subnet is not taken.
 */
typedef int	 pool_blocked(const struct prefix *, uint32_t *, void *);
int		 pool_lowest(const struct pool *, pool_blocked *, void *,
		    uint32_t *);

/* The host address, the first guest address, and what a guest may have. */
uint32_t	 subnet_host(const struct prefix *);
uint32_t	 subnet_guest(const struct prefix *);
bool		 subnet_usable(const struct prefix *, uint32_t);
		    /* a usable address and not the host's */

#endif /* POOL_H */

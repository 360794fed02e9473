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

#ifndef HOSTADDR_H
#define HOSTADDR_H

#include <sys/types.h>
#include <net/if.h>

#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/*
 * The IPv4 addresses of all interfaces of the host, to keep leases clear of
 * them.  Pure: told by the engine, asked by the engine.
 */

struct hostaddr {
	struct prefix	 prefix;	/* address with its length */
	uint32_t	 rdomain;
	uint32_t	 ifindex;
	const char	*ifname;	/* not owned, valid until a change */
};

/*
 * What an interface has now, instead of what it had: 0, or -1 (no memory), and
 * then it has none.
 */
int	 hostaddr_set(uint32_t ifindex, const char *ifname, uint32_t rdomain,
	    const struct prefix *, size_t);
void	 hostaddr_remove(uint32_t ifindex);
/*
 * An address whose network overlaps a prefix in an rdomain, not counting
 * those of one interface (0: count all); NULL if there is none.
 */
const struct hostaddr *hostaddr_overlap(uint32_t rdomain,
	    const struct prefix *, uint32_t except);

#endif /* HOSTADDR_H */

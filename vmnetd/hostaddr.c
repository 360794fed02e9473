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
#include <sys/tree.h>

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hostaddr.h"

/* One address in the index, ordered so that networks can be searched. */
struct node {
	RB_ENTRY(node)	 entry;
	uint32_t	 network;
	struct hostaddr	 addr;
};
RB_HEAD(node_tree, node);

/* In one piece: each VM has one of these, mostly with one address. */
struct hostif {
	RB_ENTRY(hostif) entry;
	uint32_t	 ifindex;
	uint32_t	 count;
	char		 name[IF_NAMESIZE];
	struct node	 nodes[];
};
RB_HEAD(hostif_tree, hostif);

static int	 node_cmp(const struct node *, const struct node *);
static int	 hostif_cmp(const struct hostif *, const struct hostif *);
static struct hostif *hostif_get(uint32_t);
static const struct hostaddr *inside(uint32_t, const struct prefix *,
		    uint32_t);
static const struct hostaddr *around(uint32_t, const struct prefix *,
		    uint32_t);

RB_PROTOTYPE_STATIC(node_tree, node, entry, node_cmp)
RB_PROTOTYPE_STATIC(hostif_tree, hostif, entry, hostif_cmp)

static struct node_tree		 nodes = RB_INITIALIZER(&nodes);
static struct hostif_tree	 hostifs = RB_INITIALIZER(&hostifs);

/* By rdomain, network, length; the rest only tells equals apart. */
static int
node_cmp(const struct node *na, const struct node *nb)
{
	const struct hostaddr	*a = &na->addr, *b = &nb->addr;

	if (a->rdomain != b->rdomain)
		return a->rdomain < b->rdomain ? -1 : 1;
	if (na->network != nb->network)
		return na->network < nb->network ? -1 : 1;
	if (a->prefix.len != b->prefix.len)
		return a->prefix.len < b->prefix.len ? -1 : 1;
	if (a->prefix.addr != b->prefix.addr)
		return a->prefix.addr < b->prefix.addr ? -1 : 1;
	return a->ifindex < b->ifindex ? -1 : a->ifindex > b->ifindex;
}

static int
hostif_cmp(const struct hostif *a, const struct hostif *b)
{
	return a->ifindex < b->ifindex ? -1 : a->ifindex > b->ifindex;
}

RB_GENERATE_STATIC(node_tree, node, entry, node_cmp)
RB_GENERATE_STATIC(hostif_tree, hostif, entry, hostif_cmp)

static struct hostif *
hostif_get(uint32_t ifindex)
{
	struct hostif	 key;

	key.ifindex = ifindex;
	return RB_FIND(hostif_tree, &hostifs, &key);
}

int
hostaddr_set(uint32_t ifindex, const char *ifname, uint32_t rdomain,
    const struct prefix *addr, size_t count)
{
	struct hostif	*hif;
	struct node	*node;
	size_t		 i;

	hostaddr_remove(ifindex);
	if (count == 0)
		return 0;
	hif = calloc(1, offsetof(struct hostif, nodes) +
	    count * sizeof(hif->nodes[0]));
	if (hif == NULL)
		return -1;
	hif->ifindex = ifindex;
	strlcpy(hif->name, ifname, sizeof(hif->name));
	for (i = 0; i < count; i++) {
		node = &hif->nodes[hif->count];
		node->network = prefix_first(&addr[i]);
		node->addr.prefix = addr[i];
		node->addr.rdomain = rdomain;
		node->addr.ifindex = ifindex;
		node->addr.ifname = hif->name;
		if (RB_INSERT(node_tree, &nodes, node) == NULL)
			hif->count++;
	}
	RB_INSERT(hostif_tree, &hostifs, hif);
	return 0;
}

void
hostaddr_remove(uint32_t ifindex)
{
	struct hostif	*hif;
	uint32_t	 i;

	if ((hif = hostif_get(ifindex)) == NULL)
		return;
	for (i = 0; i < hif->count; i++)
		RB_REMOVE(node_tree, &nodes, &hif->nodes[i]);
	RB_REMOVE(hostif_tree, &hostifs, hif);
	free(hif);
}

/* The first address in the index at or after a network and length. */
static struct node *
search(uint32_t rdomain, uint32_t network, uint8_t len)
{
	struct node	 key;

	memset(&key, 0, sizeof(key));
	key.network = network;
	key.addr.rdomain = rdomain;
	key.addr.prefix.len = len;
	return RB_NFIND(node_tree, &nodes, &key);
}

/* Networks that begin within the prefix. */
static const struct hostaddr *
inside(uint32_t rdomain, const struct prefix *prefix, uint32_t except)
{
	struct node	*node;
	uint32_t	 last = prefix_last(prefix);

	for (node = search(rdomain, prefix_first(prefix), 0);
	    node != NULL && node->addr.rdomain == rdomain &&
	    node->network <= last;
	    node = RB_NEXT(node_tree, &nodes, node))
		if (node->addr.ifindex != except)
			return &node->addr;
	return NULL;
}

/* Networks that contain the prefix: at most one look-up for each length. */
static const struct hostaddr *
around(uint32_t rdomain, const struct prefix *prefix, uint32_t except)
{
	struct prefix	 wide;
	struct node	*node;

	for (wide = *prefix; wide.len-- > 0;) {
		wide.addr = prefix->addr & addr_mask(wide.len);
		for (node = search(rdomain, wide.addr, wide.len);
		    node != NULL && node->addr.rdomain == rdomain &&
		    node->addr.prefix.len == wide.len &&
		    node->network == wide.addr;
		    node = RB_NEXT(node_tree, &nodes, node))
			if (node->addr.ifindex != except)
				return &node->addr;
	}
	return NULL;
}

const struct hostaddr *
hostaddr_overlap(uint32_t rdomain, const struct prefix *prefix,
    uint32_t except)
{
	const struct hostaddr	*found;

	if ((found = inside(rdomain, prefix, except)) != NULL)
		return found;
	return around(rdomain, prefix, except);
}

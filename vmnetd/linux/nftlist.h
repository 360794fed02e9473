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


#ifndef NFTLIST_H
#define NFTLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules.h"

/*
 * Private to linux/: what is in the kernel's tables of rules.  The calls go
 * over a whole list and return 0, or -1 with errno: ENOENT if there is no
 * such table or set.
 */

/* The kernel's number of a family of our tables. */
extern const uint8_t nftlist_family[RULES_FAMILIES];
/* Is such a table one of ours, which bear that name? */
bool	 nftlist_is_ours(uint8_t family, const char *table, const char *ours);

/* Names of sets and maps that can be changed. */
typedef void nftlist_set_cb(const char *, void *);
int	 nftlist_sets(uint8_t family, const char *table, nftlist_set_cb *,
	    void *);

/* The elements of one, with set and jump valid during the call only. */
int	 nftlist_elements(uint8_t family, const char *table, const char *set,
	    rules_element_cb *, void *);

struct nftlist_chain {
	const char	*table;
	const char	*name;
	uint8_t		 family;
	bool		 base;
	uint32_t	 hook;
	bool		 drops;		/* by its policy */
};
/* Of all tables of a family (NFPROTO_UNSPEC: of all families). */
typedef void nftlist_chain_cb(const struct nftlist_chain *, void *);
int	 nftlist_chains(uint8_t family, nftlist_chain_cb *, void *);

/* The rules of a chain, as the kernel has them: NFT_MSG_NEWRULE. */
struct nlmsghdr;
typedef void nftlist_rule_cb(const struct nlmsghdr *, void *);
int	 nftlist_rules(uint8_t family, const char *table, const char *chain,
	    nftlist_rule_cb *, void *);

#endif /* NFTLIST_H */

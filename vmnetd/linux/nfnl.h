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


#ifndef NFNL_H
#define NFNL_H

#include <linux/netlink.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Private to linux/: nfnetlink, by which the kernel's tables of rules and
 * connections are read and changed.  Functions return -1 with errno set.
 */

/* Open the socket for requests, unless it is open. */
int	 nfnl_open(void);
/* Its number, which the kernel puts into what it tells of its changes. */
uint32_t nfnl_port(void);

/* --- one request -------------------------------------------------------- */

#define NFNL_REQUEST_SIZE	512
/*
 * Begin a request in a buffer of that size, aligned for a netlink message:
 * subsystem and message together (NFNL_NFT(), NFNL_CT()), flags, family.
 */
struct nlmsghdr	*nfnl_put(void *, uint16_t, uint16_t, uint8_t);
#define NFNL_NFT(msg)	((NFNL_SUBSYS_NFTABLES << 8) | (msg))
#define NFNL_CT(msg)	((NFNL_SUBSYS_CTNETLINK << 8) | (msg))

/* Send it, and call back for every message of the answer. */
typedef void nfnl_cb(const struct nlmsghdr *, void *);
int	 nfnl_request(struct nlmsghdr *, nfnl_cb *, void *);

/* --- one transaction of nftables ---------------------------------------- */

/*
 * Changes of tables that are done all or not at all.  Begin, add what is to
 * be done, commit.  What does not fit, or is too long, makes the commit
 * fail with EMSGSIZE.
 */
void	 nft_begin(uint8_t family, const char *table);
/* The following is for that table. */
void	 nft_table(uint8_t family, const char *table);
/* An element that is there already with the same value is no error. */
struct nft_element {
	const char	*set;
	const void	*key;
	size_t		 keylen;
	const void	*value;		/* of a map, or NULL */
	size_t		 valuelen;
	const char	*jump;		/* chain, of a verdict map, or NULL */
};
void	 nft_add_element(const struct nft_element *);
void	 nft_del_element(const struct nft_element *);
void	 nft_flush_set(const char *);
void	 nft_del_chain(const char *);		/* with its rules */
void	 nft_del_table(void);
int	 nft_commit(void);

#endif /* NFNL_H */

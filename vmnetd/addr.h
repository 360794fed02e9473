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

#ifndef ADDR_H
#define ADDR_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

/*
 * IPv4 addresses and prefixes: arithmetic and text, no I/O.
 * An address is a uint32_t in host byte order everywhere in the daemon
 * and in its messages; only frames and DHCP messages on the wire are in
 * network byte order.
 */

struct prefix {
	uint32_t	 addr;		/* may have host bits set */
	uint8_t		 len;		/* 0 to 32 */
};

struct range {
	uint32_t	 first;
	uint32_t	 last;		/* inclusive, >= first */
};

#define ADDR_STRLEN	16		/* "255.255.255.255" with its NUL */
#define PREFIX_STRLEN	19		/* the same with "/32" */

uint32_t	 addr_mask(uint8_t);	/* length 0 to 32 to netmask */
uint32_t	 prefix_first(const struct prefix *);	/* network address */
uint32_t	 prefix_last(const struct prefix *);	/* broadcast address */
bool		 prefix_contains(const struct prefix *, uint32_t);
bool		 prefix_overlaps(const struct prefix *, const struct prefix *);
bool		 prefix_equal(const struct prefix *, const struct prefix *);

/* 0, or -1 when the text is not exactly one address, or prefix "a/len". */
int		 addr_parse(const char *, uint32_t *);
int		 prefix_parse(const char *, struct prefix *);

/*
 * Text in one of eight static buffers used in turn, so that some can
 * appear in one call of printf; not to be kept.
 */
const char	*addr_ntoa(uint32_t);
const char	*prefix_ntoa(const struct prefix *);
const char	*lladdr_ntoa(const uint8_t *);		/* six bytes */

#endif /* ADDR_H */

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

#ifndef RULES_H
#define RULES_H

#include <sys/types.h>
#include <net/if.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"

/*
 * From what a pool and a VM want to the text of rules: pf.conf(5)'s and
 * nft(8)'s language.  Pure; both are built and tested on every system.
 *
 * Names and numbers are quoted and come from parsed values; nothing that a
 * guest chose gets into a rule.  A line of text remembers the file that it
 * came from, so that the errors of pfctl(8) and nft(8) can name it.
 */

/* What one VM interface that is present wants. */
struct rules_port {
	char			 tap[IF_NAMESIZE];
	char			 vm[VM_NAMELEN];
	char			 pool[POOL_NAMELEN];
	uint8_t			 ifn;
	uint32_t		 ifindex;
	uint32_t		 rdomain;
	struct prefix		 host;		/* host address with length */
	uint32_t		 guest;
	uint32_t		 via;		/* `nameserver host via`; 0 */
	bool			 isolate;	/* its pool does */
	const struct conf_forward **forward;	/* those in force */
	size_t			 nforward;
	const struct conf_rules	**rules;	/* pool's, vm's, interface's */
	size_t			 nrules;
};

/* Has it rules of its own, or is membership all it needs? */
bool	 rules_own(const struct rules_port *);

#endif /* RULES_H */

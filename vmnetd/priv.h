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

#ifndef PRIV_H
#define PRIV_H

#include <sys/types.h>
#include <sys/tree.h>

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "conf.h"
#include "rules.h"

/*
 * What the files of priv share: priv.c checks and carries out what the engine
 * asks for, guard.c keeps the packet filter in step with the ports.
 */

/* A tap in use, from PREPARE to WITHDRAW. */
struct port {
	RB_ENTRY(port)	 entry;
	RB_ENTRY(port)	 bytap;
	RB_ENTRY(port)	 bysubnet;
	uint32_t	 id;		/* ascending: the older has the lower */
	struct prefix	 subnet;
	struct rules_port rules;	/* whose it is, and what it wants */
	bool		 guarded;	/* the rules are loaded */
	bool		 confined;	/* those of one that may not send */
};
RB_HEAD(port_tree, port);
RB_PROTOTYPE(port_tree, port, entry, port_cmp)

/* priv.c */
extern struct port_tree	 ports;

/* Tell the engine how a port's rules are now. */
void	 port_notice(const struct port *, bool, const char *);

/* guard.c */
void	 guard_open(void);
/* Event handling can begin. */
void	 guard_start(void);
/*
 * Go over to a configuration: its rules are loaded and those of all ports
 * changed, or, on -1, nothing is and the buffer says why, line by line.
 */
int	 guard_configure(const struct conf *, char *, size_t);
/*
 * Load the rules of a port that has come, or take them away.  A port that
 * runs without some of its forwards is good all the same: then the result is
 * 0 and the buffer says which; it is empty otherwise.
 */
int	 guard_add(struct port *, char *, size_t);
void	 guard_remove(struct port *);
/* Instead of what it had, if anything: what its tap sends is dropped. */
void	 guard_confine(struct port *);
/* All that were there at the start are back: the rest is stale. */
void	 guard_prune(void);
/* What is loaded for all (NULL) or for a port; malloc'ed text or NULL. */
char	*guard_show(const struct port *);
/* What is amiss outside our rules, a line each. */
void	 guard_check(void (*)(void *, const char *), void *);

#endif /* PRIV_H */

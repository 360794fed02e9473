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

#ifndef ENGINE_H
#define ENGINE_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include <event.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "control.h"
#include "dhcpserver.h"
#include "kernel.h"
#include "lease.h"
#include "stats.h"

/*
 * What the files of the engine share: engine.c speaks with the other
 * processes, tap.c leads each tap through its life, show.c answers vmnetctl.
 */

enum tap_state {
	TAP_UNMANAGED,		/* not ours, `reason` says why */
	TAP_WAITING,		/* ours, but nobody holds it open yet */
	TAP_SETTLING,		/* vmd(8) may still be at it */
	TAP_STORING,		/* the lease is on its way to the disk */
	TAP_PREPARING,		/* priv is at work */
	TAP_READY,		/* DHCP is answered */
	TAP_FAILED		/* `reason` says why; tried again */
};

struct tap {
	RB_ENTRY(tap)		 byindex;
	RB_ENTRY(tap)		 byname;	/* only with a name */
	RB_ENTRY(tap)		 byport;	/* only with a port */
	TAILQ_ENTRY(tap)	 queue;		/* STORING or FAILED */
	struct interface	 ifc;		/* as last seen; owns addr */
	struct event		*timer;		/* SETTLING, link lost, or a
						 * port of a bridge */
	int64_t			 since;		/* in this state */
	enum tap_state		 state;
	uint32_t		 master;	/* that priv saw; 0 none */
	uint32_t		 rdomain;	/* with a lease: of its pool */
	uint32_t		 seq;		/* STORING: of the request */
	uint32_t		 port;		/* 0: none */
	char			 vm[VM_NAMELEN];	/* "" no name */
	uint8_t			 ifn;
	bool			 cut;		/* the name may be cut */
	bool			 raised;	/* it was our turn to set it up */
	bool			 raising;	/* it still is, when prepared */
	bool			 settled;
	bool			 addr_seen;	/* our address was seen set */
	bool			 confined;	/* the port is */
	bool			 heard;		/* a DHCP client, since ready */
	bool			 note_due;	/* one was held back */
	uint8_t			 earlyflags;	/* of the early frame */
	uint16_t		 earlylen;
	int			 notes;		/* of late, and since when */
	int64_t			 notes_since;
	struct lease		*lease;		/* STORING to READY; FAILED
						 * too if priv refused it */
	struct dhcp_binding	 binding;	/* READY */
	uint8_t			*early;		/* a frame before READY */
	char			*reason;	/* or NULL */
};
RB_HEAD(tap_index, tap);
RB_HEAD(tap_names, tap);
RB_HEAD(tap_ports, tap);
TAILQ_HEAD(tap_queue, tap);

RB_PROTOTYPE(tap_index, tap, byindex, tap_index_cmp)
RB_PROTOTYPE(tap_names, tap, byname, tap_name_cmp)

/* engine.c */
extern struct conf	*conf;
extern struct leases	 leases;
extern struct stats	 stats;

int64_t	 now(void);			/* wall clock, seconds */
void	 send_raise(const struct tap *);
void	 send_confine(const struct tap *);
void	 send_look(const struct tap *);
void	 send_prepare(const struct tap *);
void	 send_prune(void);
void	 send_withdraw(uint32_t port, bool vacate);
void	 send_frame(uint32_t port, const uint8_t *, size_t);
/* What only priv knows comes back by show_text() and show_answered(). */
void	 ask_rules(uint32_t client, uint32_t port);	/* 0: of all */
void	 ask_check(uint32_t client);
void	 send_item(uint32_t client, uint32_t type, const void *, size_t);
/* Tell those who monitor about a tap, or (NULL) about the daemon. */
void	 send_event(enum ctl_event_type, const struct tap *);
void	 send_lease_event(enum ctl_event_type, const struct lease *);
uint32_t store_seq(void);		/* of the record journalled last */
/* Hold notes back from now on, or not; were there any meanwhile? */
bool	 notes_hold(bool);

/* tap.c */
extern struct tap_index	 taps;
extern struct tap_names	 tap_names;
extern struct tap_queue	 taps_failed;	/* longest first */

void	 taps_init(void);
void	 tap_seen(const struct interface *);
void	 tap_departed(uint32_t ifindex);
bool	 taps_scanned(void);		/* all have been seen: begin; false
					 * if that has been */
void	 taps_configured(void);		/* there is a new configuration */
void	 taps_retry(void);		/* something may have come free */
void	 tap_looked(uint32_t ifindex, uint32_t master);
void	 tap_stored(uint32_t seq, const char *error);
/* Not ok: the reason.  ok: what is missing all the same, or "". */
void	 tap_prepared(uint32_t port, bool ok, const uint8_t *lladdr,
	    const char *reason);
void	 tap_frame(uint32_t port, const uint8_t *, size_t, int);
/* Its lease is given, but not all of what that promises has been done yet. */
bool	 tap_on_its_way(const struct tap *);
struct tap *tap_of_lease(const struct lease *);	/* NULL: no VM now */

/* The first tap of a VM from an interface on, NULL if none. */
struct tap *tap_named(const char *vm, uint8_t ifn);

/* show.c */
void	 show(uint32_t client, enum ctl_type, const struct ctl_request *);
void	 show_text(uint32_t client, const char *);
void	 show_answered(uint32_t client, bool ok);
void	 show_fill_lease(const struct lease *, struct ctl_lease *);
void	 show_fill_tap(const struct tap *, struct ctl_lease *);

#endif /* ENGINE_H */

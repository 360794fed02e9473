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

#ifndef CONTROL_H
#define CONTROL_H

#include <sys/types.h>
#include <net/if.h>

#include <stdint.h>

#include "conf.h"
#include "frame.h"

/*
 * What vmnetctl(8) and the daemon say to each other on the control socket.
 *
 * The client sends one request at a time: another before it has read the last
 * answer closes the connection.  The daemon answers with any number of items
 * and one CTL_END.  A list comes in pages of at most CTL_PAGE items: while
 * `more` is set in the end, the client repeats its request with the cursor that
 * the end gave it, so nothing on the way has to hold a long list.  After
 * CTL_MONITOR events follow until the client closes.
 * A message of wrong type or length closes the connection.
 * Byte order is the host's: both ends are of the same release.
 */

#define CTL_PAGE	64

enum ctl_type {
	/* requests, each with struct ctl_request */
	CTL_SHOW_LEASES = 1,	/* CTL_LEASE items */
	CTL_SHOW_POOLS,		/* CTL_POOL */
	CTL_SHOW_INTERFACES,	/* CTL_INTERFACE */
	CTL_SHOW_STATS,		/* CTL_STAT */
	CTL_MONITOR,		/* CTL_EVENT until closed */
	CTL_RELOAD,
	CTL_RELEASE,
	CTL_LOG,
	CTL_SHOW_RULES,		/* CTL_RULE */
	CTL_CHECK,		/* CTL_FINDING */
	/* answers */
	CTL_LEASE,
	CTL_POOL,
	CTL_INTERFACE,
	CTL_STAT,
	CTL_EVENT,
	CTL_RULE,		/* struct ctl_text, a line of rules each */
	CTL_FINDING,		/* struct ctl_text, something that is amiss */
	CTL_ERROR,		/* a line of text, NUL-terminated; there may be
				 * more of them, then CTL_END */
	CTL_END
};

#define CTL_TEXTLEN	1024

struct ctl_text {		/* sent up to the NUL at its end */
	char		 text[CTL_TEXTLEN];
};

#define CTL_ANY_IF	(-1)

struct ctl_cursor {		/* all zero: from the beginning */
	char		 vm[VM_NAMELEN];
	uint32_t	 ifn;
	uint32_t	 ifindex;
	uint32_t	 started;	/* nonzero: continue after this */
};

struct ctl_request {
	char		 vm[VM_NAMELEN];	/* "" all */
	int32_t		 ifn;		/* CTL_ANY_IF: all of the VM */
	int32_t		 verbose;	/* CTL_LOG: 0 brief, 1 verbose */
	struct ctl_cursor cursor;
};

struct ctl_end {
	int32_t		 ok;		/* 0: CTL_ERROR said why */
	int32_t		 more;
	struct ctl_cursor cursor;
};

#define CTL_REASONLEN	160

struct ctl_lease {
	char		 vm[VM_NAMELEN];
	char		 tap[IF_NAMESIZE];	/* "" no VM now */
	char		 pool[POOL_NAMELEN];	/* "" none */
	char		 hostname[HOSTNAME_LEN];
	char		 reason[CTL_REASONLEN];
	int64_t		 since;		/* seconds since the epoch; 0 none */
	int64_t		 bound;		/* when the guest acknowledged; 0 */
	int64_t		 expires;	/* 0 never, or not bound */
	uint32_t	 ifn;
	uint32_t	 host;		/* 0 none */
	uint32_t	 guest;
	uint8_t		 plen;
	uint8_t		 state;		/* enum lease_state */
	uint8_t		 has_lladdr;
	uint8_t		 lladdr[LLADDR_LEN];
};

struct ctl_pool {
	char		 name[POOL_NAMELEN];
	struct prefix	 inet;
	uint32_t	 rdomain;
	uint32_t	 subnet;	/* its length */
	uint32_t	 size;		/* leasable subnets */
	uint32_t	 used;
	uint32_t	 idle;
	uint32_t	 free;
};

struct ctl_interface {
	char		 name[IF_NAMESIZE];
	char		 vm[VM_NAMELEN];	/* "" unknown */
	char		 descr[64];
	char		 reason[CTL_REASONLEN];	/* why it is not managed */
	uint32_t	 index;
	uint32_t	 ifn;
	uint32_t	 rdomain;
	uint8_t		 managed;
	uint8_t		 up;
	uint8_t		 link;
};

struct ctl_stat {
	char		 group[16];	/* "received", "sent", "dropped" ... */
	char		 name[24];
	uint64_t	 value;
};

enum ctl_event_type {
	EVENT_ARRIVAL,		/* a VM interface has come */
	EVENT_READY,
	EVENT_BOUND,
	EVENT_FAILED,		/* with the reason */
	EVENT_RELEASED,		/* given back by the guest or forgotten */
	EVENT_DEPARTURE,
	EVENT_RELOAD
};

struct ctl_event {
	int64_t		 when;
	uint32_t	 type;		/* enum ctl_event_type */
	struct ctl_lease lease;		/* as it is now; vm "" with RELOAD */
};

#endif /* CONTROL_H */

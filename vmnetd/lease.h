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

#ifndef LEASE_H
#define LEASE_H

#include <sys/queue.h>
#include <sys/tree.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "conf.h"
#include "frame.h"
#include "pool.h"

/*
 * Bindings of VM interfaces to subnets, and who gets which: the policy of
 * DESIGN: found again by name, else the configured address, else the lowest
 * free subnet, else the idle lease unused for longest.  Does no I/O: what
 * has to be remembered is handed to a callback as lease records.
 */

enum lease_state {
	LEASE_IDLE,		/* remembered; no VM now */
	LEASE_READY,		/* VM present, network set up */
	LEASE_BOUND,		/* the guest has acknowledged its address */
	LEASE_FAILED		/* VM present, but `reason` */
};
const char	*lease_state_name(enum lease_state);

/* One lease as it is written to disk and sent between processes. */
struct lease_record {
	char		 vm[VM_NAMELEN];
	char		 pool[POOL_NAMELEN];
	char		 hostname[HOSTNAME_LEN];	/* "" unknown */
	uint32_t	 subnet;	/* network address */
	uint32_t	 guest;
	int64_t		 since;		/* in this state; seconds since epoch */
	int64_t		 expires;	/* if bound: 0 never */
	uint8_t		 ifn;		/* interface index in the VM */
	uint8_t		 plen;		/* the subnet's length */
	uint8_t		 state;		/* never LEASE_FAILED */
	uint8_t		 has_lladdr;
	uint8_t		 lladdr[LLADDR_LEN];
};

/*
 * leasepack.c
 * A record to and from the bytes that travel at a start, when there may be
 * 100,000: many in one message.  Packing needs at most LEASE_MAXPACK bytes and
 * returns -1 when out of memory.  Unpacking takes one record from the front;
 * -1 when there is no whole one.  What is in it is for leases_restore() to
 * check.
 */
#define LEASE_MAXPACK	(VM_NAMELEN + POOL_NAMELEN + HOSTNAME_LEN + 34)
struct ibuf;
int		 lease_pack(struct ibuf *, const struct lease_record *);
int		 lease_unpack(struct ibuf *, struct lease_record *);

struct lease_pool;

/*
 * Why a present lease is not what the configuration says.  It stays as it is
 * until its VM leaves, and is forgotten then.
 */
enum lease_stay {
	STAY_NOT,
	STAY_NO_POOL,		/* no pool applies to the VM any more */
	STAY_IGNORED,		/* the VM is to be ignored */
	STAY_OTHER_POOL,
	STAY_RDOMAIN,		/* its pool is in another rdomain now */
	STAY_SUBNET,		/* its pool does not have the subnet now */
	STAY_ADDRESS,		/* the VM has another configured address */
	STAY_RESERVED		/* another VM has its configured address */
};

/* A remembered binding, present or idle.  Kept small: there may be 100,000. */
struct lease {
	RB_ENTRY(lease)		 entry;		/* by VM name, then index */
	union {
		/* In its pool, unused for longest first. */
		TAILQ_ENTRY(lease)	 idle;
		/* Without a pool: by subnet. */
		SPLAY_ENTRY(lease)	 orphan;
	};
	struct lease_pool	*pool;		/* NULL: the configuration has
						 * no place for it any more */
	const char		*poolname;	/* shared, do not free */
	char			*reason;	/* of LEASE_FAILED, or why it
						 * stays where it is; may be
						 * NULL */
	char			*hostname;	/* what the guest sent; NULL */
	int64_t			 since;
	int64_t			 expires;
	uint32_t		 subnet;
	uint32_t		 guest;
	uint32_t		 rdomain;	/* of a present lease */
	uint32_t		 storing;	/* the engine's: names the request
						 * to store it that is not
						 * answered yet; 0 none */
	uint8_t			 lladdr[LLADDR_LEN];
	uint8_t			 has_lladdr;
	uint8_t			 plen;
	uint8_t			 ifn;
	uint8_t			 state;		/* enum lease_state; show
						 * lease_state_at() */
	uint8_t			 present;	/* a VM has it: not to be
						 * reclaimed, whatever state */
	uint8_t			 stay;		/* enum lease_stay */
	uint8_t			 renamed;	/* while configuring: its pool
						 * has another name now */
	char			 vm[];
};
RB_HEAD(lease_tree, lease);
SPLAY_HEAD(lease_orphans, lease);

/* The subnet of a configured address: for its VM only. */
struct lease_reserved {
	uint32_t		 subnet;
	struct lease		*holder;	/* who has it now, or NULL */
};

/*
 * One configured pool, its free subnets and its idle leases.  Of the leasable
 * subnets, nused + nidle + free (pool_nfree) + those reserved and held by
 * nobody are all.
 */
struct lease_pool {
	TAILQ_ENTRY(lease_pool)	 entry;
	const struct conf_pool	*conf;
	const char		*name;		/* shared with its leases */
	struct pool		*pool;
	struct lease_reserved	*reserved;	/* by subnet */
	size_t			 nreserved;
	TAILQ_HEAD(, lease)	 idle;		/* those in no reserved subnet,
						 * unused for longest first */
	uint32_t		 nidle;
	uint32_t		 nused;		/* held by present VMs */
};
TAILQ_HEAD(lease_pools, lease_pool);

enum lease_op {
	LEASE_STORE,		/* must be durable before it is used */
	LEASE_NOTE,		/* a change of state: need not be synced */
	LEASE_FORGET		/* the VM interface has no lease any more */
};
/*
 * Called in an order in which, after each record, no two records of one pool
 * overlap: the victim is forgotten before its subnet is stored for another.
 */
typedef void lease_journal(void *, enum lease_op, const struct lease_record *);

struct lease_name;
RB_HEAD(lease_names, lease_name);

struct leases {
	struct lease_tree	 tree;
	struct lease_pools	 pools;
	struct lease_orphans	 orphans;	/* leases without a pool */
	struct lease_names	 names;		/* of pools, now and before */
	const struct conf	*conf;
	size_t			 count;
	lease_journal		*journal;
	void			*arg;
};

void		 leases_init(struct leases *, lease_journal *, void *);
void		 leases_clear(struct leases *);
/*
 * Take over a configuration, which must outlive the next call.  Leases that
 * have a place in it are bound to its pools; the others stay remembered, a
 * present one with the reason.  Subnets of configured addresses are reserved.
 * O(n log n).  -1: out of memory, and everything is as it was before.
 */
int		 leases_configure(struct leases *, const struct conf *);
/*
 * A record of the lease file: a lease whose VM is not there, or -1 (a
 * duplicate, not a lease, or out of memory).  Restore all, then configure:
 * a restored lease gets its place in a pool by the next leases_configure().
 * (Having configured before as well does no harm.)
 * A record that is not idle keeps its state and times, so that lease_claim()
 * can adopt it.
 */
int		 leases_restore(struct leases *, const struct lease_record *);
/*
 * Some time after the start: leases that are not idle by the lease file and
 * whose VM has not come are idle from now on, and noted.  Until then they
 * are reclaimed after those that were idle before.
 */
void		 leases_settle(struct leases *, int64_t now);

struct lease	*lease_find(struct leases *, const char *, uint8_t);
/* The first lease after this VM interface in the order of the tree. */
struct lease	*lease_after(struct leases *, const char *, uint8_t);

/*
 * The lease for a VM interface that has come, found or made, marked present
 * and LEASE_READY.  The journal callback gets what must be remembered: STORE
 * for a new or moved binding, FORGET for one reclaimed, NOTE for one found
 * as it was.  `blocked` (or NULL) says what of the host is in the way, as
 * pool_lowest() does; what other leases are in the way is known here.
 * adopted: the VM's tap carries the host address of its remembered lease
 * (see lease_host()), set before this daemon started.  Such a lease is kept
 * whatever the configuration says (with `stay` and the reason) or `blocked`
 * says, and stays LEASE_BOUND if it was; as renewals are not recorded, it
 * expires when the lease time has passed from now.
 * *isnew tells whether a STORE was made.  NULL: no lease, and `reason`
 * (a buffer of the given size) says why; what is remembered stays so.  A
 * lease that is present already is refused: one VM interface, one tap.
 */
struct lease	*lease_claim(struct leases *, const char *, uint8_t,
		    const struct conf_match *, bool adopted, pool_blocked *,
		    void *, int64_t now, bool *isnew, char *reason, size_t);
/*
 * The VM has gone: idle, or forgotten (and freed) when the configuration has
 * no place for it.
 */
void		 lease_leave(struct leases *, struct lease *, int64_t now);
/*
 * The guest acknowledged: notes it only when something else than the expiry
 * changed.  lladdr of six bytes; hostname may be "".
 */
void		 lease_bound(struct leases *, struct lease *,
		    const uint8_t *, const char *, int64_t now,
		    int64_t expires);
/* The guest gave it back or lost it: ready again. */
void		 lease_unbound(struct leases *, struct lease *, int64_t now);
/* Note the lease as it is now, after notes of it were held back. */
void		 lease_note(struct leases *, const struct lease *);
/*
 * Failed with a reason, or well again (NULL: back to ready).  Present leases
 * only; not recorded.
 */
void		 lease_fail(struct lease *, int64_t now, const char *);
/* Forget (and free) an idle lease: 0, or -1 if a VM has it. */
int		 lease_forget(struct leases *, struct lease *);
void		 lease_to_record(const struct lease *, struct lease_record *);
struct prefix	 lease_host(const struct lease *);  /* host address, length */
/*
 * The state to show: bound leases past their expiry are ready, and those
 * whose VM is not there are idle.
 */
enum lease_state lease_state_at(const struct lease *, int64_t now);

RB_PROTOTYPE(lease_tree, lease, entry, lease_cmp);

#endif /* LEASE_H */

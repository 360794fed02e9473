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


#include <sys/queue.h>
#include <sys/tree.h>
#include <sys/types.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "conf.h"
#include "lease.h"
#include "pool.h"

/*
 * Where a lease is kept besides the tree by name: a present one in its pool's
 * count or, if its subnet is a reserved one, there as the holder; an idle one
 * in its pool's list or as such a holder too; one without a pool in the
 * orphans.  lease_place(), lease_orphan() and lease_unplace() are the only
 * ways in and out.
 */

/* The name of a pool that is or was configured, shared by its leases. */
struct lease_name {
	RB_ENTRY(lease_name)	 entry;
	struct lease_pool	*pool;		/* NULL: not configured */
	/* While a configuration is being taken over: */
	struct lease_pool	*next;
	size_t			 nleaving;	/* leases that would rather
						 * have another name */
	char			 name[POOL_NAMELEN];
};

/* One call of lease_claim(), for those that do its work. */
struct claim {
	struct leases		*ls;
	struct lease_pool	*lp;
	const struct conf_match	*match;
	pool_blocked		*blocked;
	void			*arg;
	int64_t			 now;
	char			*reason;
	size_t			 size;		/* of the reason */
};

static int	 lease_cmp(const struct lease *, const struct lease *);
static int	 vmif_cmp(const char *, uint8_t, const struct lease *);
static int	 orphan_cmp(const struct lease *, const struct lease *);
static int	 name_cmp(const struct lease_name *, const struct lease_name *);
static struct lease_name *name_find(struct leases *, const char *);
static struct lease_name *name_get(struct leases *, const char *);
static struct lease_pool *name_pool(struct leases *, const char *);

static struct lease *lease_new(const char *, uint8_t);
static void	 lease_free(struct lease *);
static void	 lease_journalize(struct leases *, enum lease_op,
		    const struct lease *);
static void	 lease_drop(struct leases *, struct lease *);
static bool	 set_text(char **, const char *);
static void	 lease_explain(struct lease *);

static int	 lease_place(struct lease_pool *, struct lease *);
static void	 lease_orphan(struct leases *, struct lease *);
static void	 lease_unplace(struct leases *, struct lease *);
static void	 lease_set_present(struct lease *, bool);
static struct lease *orphan_from(struct leases *, uint32_t, uint8_t);
static struct lease *orphan_overlap(struct leases *,
		    const struct lease_pool *, const struct prefix *, bool);
static bool	 orphan_in_way(const struct lease *,
		    const struct lease_pool *, bool);
static void	 orphans_forget(struct leases *, const struct lease *);

static struct lease_reserved *reserved_find(const struct lease_pool *,
		    uint32_t);
static int	 reserved_cmp(const void *, const void *);
static int	 reserved_add(struct lease_pool *, size_t *, uint32_t);
static void	 reserved_take(struct lease_pool *);
static int	 pools_build(struct leases *, const struct conf *,
		    struct lease_pools *);
static int	 pools_reserve(struct leases *, const struct conf *);
static int	 vm_reserve(struct leases *, const struct conf *,
		    const struct conf_vm *);
static int	 vmif_reserve(struct leases *, const struct conf_pool *,
		    uint32_t);
static struct lease_pool *pool_build(struct leases *,
		    const struct conf_pool *);
static void	 pool_discard(struct lease_pool *);
static void	 pools_discard(struct lease_pools *);
static void	 pools_switch(struct leases *, struct lease_pools *);
static struct lease **idle_by_age(struct leases *, size_t *);
static int	 age_cmp(const void *, const void *);
static void	 rebind_present(struct leases *, struct lease *);
static void	 rebind_idle(struct leases *, struct lease **, size_t);
static void	 rebind_matching(struct leases *, struct lease *);
static void	 rename_all(struct leases *);
static bool	 rename_possible(struct leases *, const struct lease *);
static void	 lease_rename(struct leases *, struct lease *);
static enum lease_stay lease_stays(struct leases *, const struct lease *,
		    const struct conf_match *);
static bool	 lease_fits(const struct lease_pool *, const struct lease *,
		    const struct conf_match *);

static int	 claim_fail(const struct claim *, const char *, ...)
		    __attribute__((__format__ (printf, 2, 3)));
static int	 claim_pool(struct claim *, const struct lease *);
static int	 claim_blocked(const struct prefix *, uint32_t *, void *);
static bool	 claim_in_way(struct claim *, uint32_t);
static bool	 claim_found(struct claim *, struct lease *);
static int	 claim_again(struct claim *, struct lease *, bool);
static void	 claim_stay(struct claim *, struct lease *);
static struct lease *claim_new(struct claim *, struct lease *, const char *,
		    uint8_t);
static int	 claim_subnet(struct claim *, const struct lease *,
		    struct prefix *);
static int	 claim_fixed(struct claim *, const struct lease *,
		    struct prefix *);
static int	 claim_dynamic(struct claim *, struct prefix *);
static int	 claim_full(struct claim *);
static int	 claim_move(struct claim *, struct lease *,
		    const struct prefix *);
static bool	 lease_arrive(struct lease *, const struct conf_match *, bool,
		    int64_t);
static int64_t	 lease_time(const struct conf_match *);

RB_GENERATE(lease_tree, lease, entry, lease_cmp);
RB_PROTOTYPE_STATIC(lease_names, lease_name, entry, name_cmp);
RB_GENERATE_STATIC(lease_names, lease_name, entry, name_cmp);
SPLAY_PROTOTYPE(lease_orphans, lease, orphan, orphan_cmp);
SPLAY_GENERATE(lease_orphans, lease, orphan, orphan_cmp);

static const char *const state_names[] = {
	[LEASE_IDLE] =		"idle",
	[LEASE_READY] =		"ready",
	[LEASE_BOUND] =		"bound",
	[LEASE_FAILED] =	"failed"
};

static const char *const stay_texts[] = {
	[STAY_NO_POOL] =	"no pool applies to it any more",
	[STAY_IGNORED] =	"the configuration ignores it now",
	[STAY_OTHER_POOL] =	"another pool applies to it now",
	[STAY_RDOMAIN] =	"the pool is in another rdomain now",
	[STAY_SUBNET] =		"the pool does not give out its subnet now",
	[STAY_ADDRESS] =	"another address is configured for it now",
	[STAY_RESERVED] =	"its subnet is reserved for another VM now"
};

const char *
lease_state_name(enum lease_state state)
{
	return (unsigned int)state <= LEASE_FAILED ? state_names[state] :
	    "unknown";
}

static int
lease_cmp(const struct lease *a, const struct lease *b)
{
	return vmif_cmp(a->vm, a->ifn, b);
}

static int
vmif_cmp(const char *vm, uint8_t ifn, const struct lease *l)
{
	int	 cmp = strcmp(vm, l->vm);

	return cmp != 0 ? cmp : (int)ifn - (int)l->ifn;
}

/* The pointer tells those apart that have the same subnet in other pools. */
static int
orphan_cmp(const struct lease *a, const struct lease *b)
{
	if (a->subnet != b->subnet)
		return a->subnet < b->subnet ? -1 : 1;
	if (a->plen != b->plen)
		return a->plen < b->plen ? -1 : 1;
	return (uintptr_t)a < (uintptr_t)b ? -1 : a != b;
}

static int
name_cmp(const struct lease_name *a, const struct lease_name *b)
{
	return strcmp(a->name, b->name);
}

static struct lease_name *
name_find(struct leases *ls, const char *name)
{
	struct lease_name	 key;

	strlcpy(key.name, name, sizeof(key.name));
	return RB_FIND(lease_names, &ls->names, &key);
}

static struct lease_name *
name_get(struct leases *ls, const char *name)
{
	struct lease_name	*n;

	if ((n = name_find(ls, name)) != NULL)
		return n;
	if ((n = calloc(1, sizeof(*n))) == NULL)
		return NULL;
	strlcpy(n->name, name, sizeof(n->name));
	RB_INSERT(lease_names, &ls->names, n);
	return n;
}

static struct lease_pool *
name_pool(struct leases *ls, const char *name)
{
	struct lease_name	*n = name_find(ls, name);

	return n == NULL ? NULL : n->pool;
}

void
leases_init(struct leases *ls, lease_journal *journal, void *arg)
{
	memset(ls, 0, sizeof(*ls));
	RB_INIT(&ls->tree);
	TAILQ_INIT(&ls->pools);
	SPLAY_INIT(&ls->orphans);
	RB_INIT(&ls->names);
	ls->journal = journal;
	ls->arg = arg;
}

void
leases_clear(struct leases *ls)
{
	struct lease		*l;
	struct lease_name	*n;

	while ((l = RB_ROOT(&ls->tree)) != NULL) {
		RB_REMOVE(lease_tree, &ls->tree, l);
		lease_free(l);
	}
	pools_discard(&ls->pools);
	while ((n = RB_ROOT(&ls->names)) != NULL) {
		RB_REMOVE(lease_names, &ls->names, n);
		free(n);
	}
	leases_init(ls, ls->journal, ls->arg);
}

static struct lease *
lease_new(const char *vm, uint8_t ifn)
{
	struct lease	*l;
	size_t		 len = strlen(vm) + 1;

	if ((l = malloc(offsetof(struct lease, vm) + len)) == NULL)
		return NULL;
	memset(l, 0, offsetof(struct lease, vm));
	memcpy(l->vm, vm, len);
	l->ifn = ifn;
	return l;
}

static void
lease_free(struct lease *l)
{
	free(l->reason);
	free(l->hostname);
	free(l);
}

static void
lease_journalize(struct leases *ls, enum lease_op op, const struct lease *l)
{
	struct lease_record	 record;

	lease_to_record(l, &record);
	ls->journal(ls->arg, op, &record);
}

/* Forget a lease for ever. */
static void
lease_drop(struct leases *ls, struct lease *l)
{
	lease_journalize(ls, LEASE_FORGET, l);
	lease_unplace(ls, l);
	RB_REMOVE(lease_tree, &ls->tree, l);
	ls->count--;
	lease_free(l);
}

/* Change a text, NULL for none; whether it was another. */
static bool
set_text(char **text, const char *new)
{
	if (new == NULL ? *text == NULL :
	    *text != NULL && strcmp(*text, new) == 0)
		return false;
	free(*text);
	*text = new == NULL ? NULL : strdup(new);
	return true;
}

/* The reason of a lease that is well: why it stays, or none. */
static void
lease_explain(struct lease *l)
{
	char	 buf[256];

	if (l->stay == STAY_NOT) {
		set_text(&l->reason, NULL);
		return;
	}
	snprintf(buf, sizeof(buf),
	    "stays in pool \"%s\" until its VM leaves: %s", l->poolname,
	    stay_texts[l->stay]);
	set_text(&l->reason, buf);
}

/* Into a pool, if its subnet is one of it that nobody else has: 0, or -1. */
static int
lease_place(struct lease_pool *lp, struct lease *l)
{
	const struct prefix	 subnet = { l->subnet, l->plen };
	struct lease_reserved	*r;

	if (!pool_contains(lp->pool, &subnet))
		return -1;
	if ((r = reserved_find(lp, l->subnet)) != NULL) {
		if (r->holder != NULL)
			return -1;
		r->holder = l;
	} else if (pool_take(lp->pool, l->subnet) == -1)
		return -1;
	l->pool = lp;
	if (l->present)
		lp->nused++;
	else {
		lp->nidle++;
		if (r == NULL)
			TAILQ_INSERT_TAIL(&lp->idle, l, idle);
	}
	return 0;
}

static void
lease_orphan(struct leases *ls, struct lease *l)
{
	SPLAY_INSERT(lease_orphans, &ls->orphans, l);
}

/* Out of its pool or the orphans; to be placed, orphaned or freed next. */
static void
lease_unplace(struct leases *ls, struct lease *l)
{
	struct lease_pool	*lp = l->pool;
	struct lease_reserved	*r;

	if (lp == NULL) {
		SPLAY_REMOVE(lease_orphans, &ls->orphans, l);
		return;
	}
	if ((r = reserved_find(lp, l->subnet)) != NULL)
		r->holder = NULL;
	else
		pool_give(lp->pool, l->subnet);
	if (l->present)
		lp->nused--;
	else {
		lp->nidle--;
		if (r == NULL)
			TAILQ_REMOVE(&lp->idle, l, idle);
	}
	l->pool = NULL;
}

static void
lease_set_present(struct lease *l, bool present)
{
	struct lease_pool	*lp = l->pool;
	bool			 listed;

	if (l->present == present)
		return;
	l->present = present;
	if (lp == NULL)
		return;
	listed = reserved_find(lp, l->subnet) == NULL;
	if (present) {
		lp->nidle--;
		lp->nused++;
		if (listed)
			TAILQ_REMOVE(&lp->idle, l, idle);
	} else {
		lp->nused--;
		lp->nidle++;
		if (listed)
			TAILQ_INSERT_TAIL(&lp->idle, l, idle);
	}
}

/* The first orphan at or after a subnet. */
static struct lease *
orphan_from(struct leases *ls, uint32_t subnet, uint8_t plen)
{
	struct lease	 key, *l;

	/* Shorter by one: not equal to any, and before those asked for. */
	key.subnet = subnet;
	key.plen = plen - 1;
	SPLAY_FIND(lease_orphans, &ls->orphans, &key);
	/* One of the neighbours is at the root now. */
	l = SPLAY_ROOT(&ls->orphans);
	while (l != NULL && (l->subnet < subnet ||
	    (l->subnet == subnet && l->plen < plen)))
		l = SPLAY_NEXT(lease_orphans, &ls->orphans, l);
	return l;
}

/*
 * An orphan in use that must not share its subnet with a lease of a pool, or
 * an idle one that has to be forgotten for it.
 */
static struct lease *
orphan_overlap(struct leases *ls, const struct lease_pool *lp,
    const struct prefix *subnet, bool used)
{
	struct prefix	 p;
	struct lease	*l;

	/* First those that contain the subnet. */
	for (p.len = 1; p.len < subnet->len; p.len++) {
		p.addr = subnet->addr & addr_mask(p.len);
		for (l = orphan_from(ls, p.addr, p.len); l != NULL &&
		    l->subnet == p.addr && l->plen == p.len;
		    l = SPLAY_NEXT(lease_orphans, &ls->orphans, l))
			if (orphan_in_way(l, lp, used))
				return l;
	}
	/* Then those inside. */
	for (l = orphan_from(ls, subnet->addr, subnet->len); l != NULL &&
	    l->subnet <= prefix_last(subnet);
	    l = SPLAY_NEXT(lease_orphans, &ls->orphans, l))
		if (orphan_in_way(l, lp, used))
			return l;
	return NULL;
}

static bool
orphan_in_way(const struct lease *l, const struct lease_pool *lp, bool used)
{
	/* What is not idle by the lease file may be adopted any time. */
	if ((l->present || l->state != LEASE_IDLE) != used)
		return false;
	/* That file does not let a pool have overlapping leases. */
	return l->poolname == lp->name ||
	    (l->present && l->rdomain == lp->conf->rdomain);
}

/* Idle leases without a place give way to one that has it. */
static void
orphans_forget(struct leases *ls, const struct lease *l)
{
	const struct prefix	 subnet = { l->subnet, l->plen };
	struct lease		*orphan;

	if (SPLAY_EMPTY(&ls->orphans))
		return;
	while ((orphan = orphan_overlap(ls, l->pool, &subnet, false)) != NULL)
		lease_drop(ls, orphan);
}

static struct lease_reserved *
reserved_find(const struct lease_pool *lp, uint32_t subnet)
{
	const struct lease_reserved	 key = { subnet, NULL };

	if (lp->nreserved == 0)
		return NULL;
	return bsearch(&key, lp->reserved, lp->nreserved, sizeof(key),
	    reserved_cmp);
}

static int
reserved_cmp(const void *a, const void *b)
{
	const struct lease_reserved	*ra = a, *rb = b;

	return ra->subnet < rb->subnet ? -1 : ra->subnet > rb->subnet;
}

int
leases_configure(struct leases *ls, const struct conf *conf)
{
	struct lease_pools	 pools;
	struct lease		**idle, *l;
	size_t			 n;

	if ((idle = idle_by_age(ls, &n)) == NULL)
		return -1;
	if (pools_build(ls, conf, &pools) == -1) {
		free(idle);
		return -1;
	}
	/* From here on nothing fails. */
	pools_switch(ls, &pools);
	ls->conf = conf;
	/* Present leases come first, they cannot be asked to move. */
	RB_FOREACH(l, lease_tree, &ls->tree)
		if (l->present)
			rebind_present(ls, l);
	rebind_idle(ls, idle, n);
	free(idle);
	rename_all(ls);
	return 0;
}

/* All leases that are not present, unused for longest first. */
static struct lease **
idle_by_age(struct leases *ls, size_t *n)
{
	struct lease_pool	*lp;
	struct lease		**idle, *l;

	*n = 0;
	if ((idle = calloc(ls->count + 1, sizeof(*idle))) == NULL)
		return NULL;
	/* Times are in seconds: within one, the order of the lists counts. */
	TAILQ_FOREACH(lp, &ls->pools, entry)
		TAILQ_FOREACH(l, &lp->idle, idle)
			idle[(*n)++] = l;
	RB_FOREACH(l, lease_tree, &ls->tree)
		if (!l->present && (l->pool == NULL ||
		    reserved_find(l->pool, l->subnet) != NULL))
			idle[(*n)++] = l;
	if (*n > 1 && mergesort(idle, *n, sizeof(*idle), age_cmp) == -1) {
		free(idle);
		return NULL;
	}
	return idle;
}

/* What is not idle by the lease file was in use until the last stop. */
static int
age_cmp(const void *a, const void *b)
{
	const struct lease	*la = *(struct lease *const *)a;
	const struct lease	*lb = *(struct lease *const *)b;
	int64_t			 ta, tb;

	ta = la->state == LEASE_IDLE ? la->since : INT64_MAX;
	tb = lb->state == LEASE_IDLE ? lb->since : INT64_MAX;
	return ta < tb ? -1 : ta > tb;
}

/* The pools of a configuration, with nothing taken but what is reserved. */
static int
pools_build(struct leases *ls, const struct conf *conf,
    struct lease_pools *pools)
{
	struct lease_pool	*lp;
	struct lease_name	*n;
	const struct conf_pool	*cp;

	TAILQ_INIT(pools);
	RB_FOREACH(n, lease_names, &ls->names)
		n->next = NULL;
	TAILQ_FOREACH(cp, &conf->pools, entry) {
		if ((lp = pool_build(ls, cp)) == NULL) {
			pools_discard(pools);
			return -1;
		}
		TAILQ_INSERT_TAIL(pools, lp, entry);
	}
	if (pools_reserve(ls, conf) == -1) {
		pools_discard(pools);
		return -1;
	}
	TAILQ_FOREACH(lp, pools, entry)
		reserved_take(lp);
	return 0;
}

static struct lease_pool *
pool_build(struct leases *ls, const struct conf_pool *cp)
{
	struct lease_pool	*lp;
	struct lease_name	*n;

	if ((n = name_get(ls, cp->name)) == NULL ||
	    (lp = calloc(1, sizeof(*lp))) == NULL)
		return NULL;
	TAILQ_INIT(&lp->idle);
	lp->conf = cp;
	lp->name = n->name;
	lp->pool = pool_new(&cp->inet, cp->subnet, cp->exclude, cp->nexclude);
	if (lp->pool == NULL) {
		pool_discard(lp);
		return NULL;
	}
	n->next = lp;
	return lp;
}

static void
pool_discard(struct lease_pool *lp)
{
	pool_free(lp->pool);
	free(lp->reserved);
	free(lp);
}

static void
pools_discard(struct lease_pools *pools)
{
	struct lease_pool	*lp;

	while ((lp = TAILQ_FIRST(pools)) != NULL) {
		TAILQ_REMOVE(pools, lp, entry);
		pool_discard(lp);
	}
}

/* Collect the subnets of all configured addresses. */
static int
pools_reserve(struct leases *ls, const struct conf *conf)
{
	const struct conf_vm	*vm;

	TAILQ_FOREACH(vm, &conf->vms, entry)
		if (vm_reserve(ls, conf, vm) == -1)
			return -1;
	return 0;
}

static int
vm_reserve(struct leases *ls, const struct conf *conf,
    const struct conf_vm *vm)
{
	const struct conf_vmif	*vi;
	const struct conf_pool	*all, *cp, *first;
	uint32_t		 address = vm->all.address;

	/*
	 * As conf_match() does: an address for all means interface 0, unless
	 * that has its own.
	 */
	all = vm->all.pool != NULL ? vm->all.pool : conf->default_pool;
	first = all;
	TAILQ_FOREACH(vi, &vm->ifs, entry) {
		cp = vi->pool != NULL ? vi->pool : all;
		if (vmif_reserve(ls, cp, vi->address) == -1)
			return -1;
		if (vi->index == 0) {
			first = cp;
			if (vi->address != 0)
				address = 0;
		}
	}
	return vmif_reserve(ls, first, address);
}

static int
vmif_reserve(struct leases *ls, const struct conf_pool *cp, uint32_t address)
{
	struct lease_name	*n;
	struct prefix		 subnet;

	if (address == 0 || cp == NULL)
		return 0;
	if ((n = name_find(ls, cp->name)) == NULL || n->next == NULL)
		return 0;
	subnet = pool_subnet(n->next->pool, address);
	if (!pool_contains(n->next->pool, &subnet))
		return 0;
	return reserved_add(n->next, &n->next->nreserved, subnet.addr);
}

static int
reserved_add(struct lease_pool *lp, size_t *n, uint32_t subnet)
{
	struct lease_reserved	*r;

	/* Room for a power of two. */
	if ((*n & (*n - 1)) == 0) {
		r = reallocarray(lp->reserved, *n == 0 ? 1 : *n * 2,
		    sizeof(*r));
		if (r == NULL)
			return -1;
		lp->reserved = r;
	}
	lp->reserved[*n].subnet = subnet;
	lp->reserved[*n].holder = NULL;
	(*n)++;
	return 0;
}

/* In order, each once, and none of them free. */
static void
reserved_take(struct lease_pool *lp)
{
	size_t	 i, n = 0;

	if (lp->nreserved > 1)
		qsort(lp->reserved, lp->nreserved, sizeof(*lp->reserved),
		    reserved_cmp);
	for (i = 0; i < lp->nreserved; i++)
		if (pool_take(lp->pool, lp->reserved[i].subnet) == 0)
			lp->reserved[n++] = lp->reserved[i];
	lp->nreserved = n;
}

/* The new pools instead of the old; no lease has a place then. */
static void
pools_switch(struct leases *ls, struct lease_pools *pools)
{
	struct lease_name	*n;
	struct lease		*l;

	while ((l = SPLAY_MIN(lease_orphans, &ls->orphans)) != NULL)
		SPLAY_REMOVE(lease_orphans, &ls->orphans, l);
	RB_FOREACH(l, lease_tree, &ls->tree)
		l->pool = NULL;
	pools_discard(&ls->pools);
	TAILQ_CONCAT(&ls->pools, pools, entry);
	RB_FOREACH(n, lease_names, &ls->names) {
		n->pool = n->next;
		n->next = NULL;
	}
}

/*
 * A present lease stays where it is.  At most the pool around it changes,
 * when the one that applies now has its subnet.
 */
static void
rebind_present(struct leases *ls, struct lease *l)
{
	struct conf_match	 m;
	struct lease_pool	*old, *new = NULL;

	conf_match(ls->conf, l->vm, l->ifn, &m);
	if (!m.ignore && m.pool != NULL)
		new = name_pool(ls, m.pool->name);
	old = name_pool(ls, l->poolname);
	if (new != NULL && new->conf->rdomain == l->rdomain &&
	    lease_place(new, l) == 0)
		l->renamed = l->poolname != new->name;
	else if (old == NULL || old == new ||
	    old->conf->rdomain != l->rdomain || lease_place(old, l) == -1)
		lease_orphan(ls, l);
	l->stay = lease_stays(ls, l, &m);
	if (l->state != LEASE_FAILED)
		lease_explain(l);
}

/*
 * Idle leases keep their subnets where the pool of that name still has them,
 * or else the pool that applies to their VM.
 */
static void
rebind_idle(struct leases *ls, struct lease **idle, size_t n)
{
	struct lease_pool	*lp;
	struct lease		*l;
	size_t			 i;

	for (i = 0; i < n; i++)
		if ((lp = name_pool(ls, idle[i]->poolname)) != NULL)
			lease_place(lp, idle[i]);
	for (i = 0; i < n; i++)
		if (idle[i]->pool == NULL)
			rebind_matching(ls, idle[i]);
	/* All in their places, now in order. */
	TAILQ_FOREACH(lp, &ls->pools, entry)
		TAILQ_INIT(&lp->idle);
	for (i = 0; i < n; i++) {
		l = idle[i];
		if (l->pool != NULL &&
		    reserved_find(l->pool, l->subnet) == NULL)
			TAILQ_INSERT_TAIL(&l->pool->idle, l, idle);
	}
}

static void
rebind_matching(struct leases *ls, struct lease *l)
{
	struct conf_match	 m;
	struct lease_pool	*lp = NULL;

	conf_match(ls->conf, l->vm, l->ifn, &m);
	if (!m.ignore && m.pool != NULL)
		lp = name_pool(ls, m.pool->name);
	if (lp != NULL && lease_fits(lp, l, &m) && lease_place(lp, l) == 0)
		l->renamed = 1;
	else
		lease_orphan(ls, l);
}

/* Leases that are in a pool of another name now bear it, or do without. */
static void
rename_all(struct leases *ls)
{
	struct lease_name	*n;
	struct lease		*l;

	RB_FOREACH(n, lease_names, &ls->names)
		n->nleaving = 0;
	RB_FOREACH(l, lease_tree, &ls->tree)
		if (l->renamed)
			name_find(ls, l->poolname)->nleaving++;
	RB_FOREACH(l, lease_tree, &ls->tree) {
		if (!l->renamed)
			continue;
		l->renamed = 0;
		if (rename_possible(ls, l)) {
			lease_rename(ls, l);
			lease_journalize(ls, LEASE_NOTE, l);
			continue;
		}
		lease_unplace(ls, l);
		lease_orphan(ls, l);
		if (l->present) {
			l->stay = STAY_OTHER_POOL;
			if (l->state != LEASE_FAILED)
				lease_explain(l);
		}
	}
}

/*
 * The lease file must not, even for a moment, have overlapping leases in the
 * pool of the new name: none in use there, and none about to leave it.
 */
static bool
rename_possible(struct leases *ls, const struct lease *l)
{
	const struct prefix	 subnet = { l->subnet, l->plen };

	return name_find(ls, l->pool->name)->nleaving == 0 &&
	    orphan_overlap(ls, l->pool, &subnet, true) == NULL;
}

/* Bear the name of the pool it is in, of which old leases give way. */
static void
lease_rename(struct leases *ls, struct lease *l)
{
	orphans_forget(ls, l);
	l->poolname = l->pool->name;
}

/* Is a lease what the configuration says, and if not, why? */
static enum lease_stay
lease_stays(struct leases *ls, const struct lease *l,
    const struct conf_match *m)
{
	struct lease_pool	*lp;

	if (m->ignore)
		return STAY_IGNORED;
	if (m->pool == NULL || (lp = name_pool(ls, m->pool->name)) == NULL)
		return STAY_NO_POOL;
	if (l->pool != lp) {
		if (l->poolname != lp->name)
			return STAY_OTHER_POOL;
		return l->rdomain != lp->conf->rdomain ? STAY_RDOMAIN :
		    STAY_SUBNET;
	}
	if (lease_fits(lp, l, m))
		return STAY_NOT;
	return m->address != 0 ? STAY_ADDRESS : STAY_RESERVED;
}

/* Is the subnet right, if it is one of the pool? */
static bool
lease_fits(const struct lease_pool *lp, const struct lease *l,
    const struct conf_match *m)
{
	if (m->address != 0)
		return l->guest == m->address;
	return reserved_find(lp, l->subnet) == NULL;
}

int
leases_restore(struct leases *ls, const struct lease_record *record)
{
	const struct prefix	 subnet = { record->subnet, record->plen };
	struct lease_name	*n;
	struct lease		*l;

	if (record->vm[0] == '\0' || record->pool[0] == '\0' ||
	    record->state >= LEASE_FAILED || subnet.len == 0 ||
	    subnet.len > 31 || prefix_first(&subnet) != subnet.addr ||
	    !subnet_usable(&subnet, record->guest))
		return -1;
	if ((n = name_get(ls, record->pool)) == NULL ||
	    (l = lease_new(record->vm, record->ifn)) == NULL)
		return -1;
	if (RB_INSERT(lease_tree, &ls->tree, l) != NULL) {
		lease_free(l);
		return -1;
	}
	l->poolname = n->name;
	l->subnet = record->subnet;
	l->plen = record->plen;
	l->guest = record->guest;
	l->state = record->state;
	l->since = record->since;
	l->expires = record->expires;
	l->has_lladdr = record->has_lladdr;
	memcpy(l->lladdr, record->lladdr, sizeof(l->lladdr));
	if (record->hostname[0] != '\0')
		set_text(&l->hostname, record->hostname);
	ls->count++;
	lease_orphan(ls, l);
	return 0;
}

void
leases_settle(struct leases *ls, int64_t now)
{
	struct lease	*l;

	RB_FOREACH(l, lease_tree, &ls->tree) {
		if (l->present || l->state == LEASE_IDLE)
			continue;
		l->state = LEASE_IDLE;
		l->since = now;
		l->expires = 0;
		if (l->pool != NULL &&
		    reserved_find(l->pool, l->subnet) == NULL) {
			TAILQ_REMOVE(&l->pool->idle, l, idle);
			TAILQ_INSERT_TAIL(&l->pool->idle, l, idle);
		}
		lease_journalize(ls, LEASE_NOTE, l);
	}
}

struct lease *
lease_find(struct leases *ls, const char *vm, uint8_t ifn)
{
	struct lease	*l = RB_ROOT(&ls->tree);
	int		 cmp;

	while (l != NULL && (cmp = vmif_cmp(vm, ifn, l)) != 0)
		l = cmp < 0 ? RB_LEFT(l, entry) : RB_RIGHT(l, entry);
	return l;
}

struct lease *
lease_after(struct leases *ls, const char *vm, uint8_t ifn)
{
	struct lease	*l = RB_ROOT(&ls->tree), *found = NULL;

	while (l != NULL) {
		if (vmif_cmp(vm, ifn, l) < 0) {
			found = l;
			l = RB_LEFT(l, entry);
		} else
			l = RB_RIGHT(l, entry);
	}
	return found;
}

struct lease *
lease_claim(struct leases *ls, const char *vm, uint8_t ifn,
    const struct conf_match *match, bool adopted, pool_blocked *blocked,
    void *arg, int64_t now, bool *isnew, char *reason, size_t size)
{
	struct claim	 c = { ls, NULL, match, blocked, arg, now, reason,
			    size };
	struct lease	*l = lease_find(ls, vm, ifn);

	*isnew = false;
	if (claim_pool(&c, l) == -1)
		return NULL;
	if (l != NULL && claim_found(&c, l))
		return claim_again(&c, l, adopted) == -1 ? NULL : l;
	if (l != NULL && adopted) {
		claim_stay(&c, l);
		return l;
	}
	l = claim_new(&c, l, vm, ifn);
	*isnew = l != NULL;
	return l;
}

static int
claim_fail(const struct claim *c, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(c->reason, c->size, fmt, ap);
	va_end(ap);
	return -1;
}

static int
claim_pool(struct claim *c, const struct lease *l)
{
	if (l != NULL && l->present)
		return claim_fail(c, "interface %u of VM \"%s\" is on another "
		    "tap already", l->ifn, l->vm);
	if (c->match->ignore || c->match->pool == NULL)
		return claim_fail(c, "no pool applies to it");
	c->lp = name_pool(c->ls, c->match->pool->name);
	if (c->lp == NULL)
		return claim_fail(c, "no pool \"%s\"", c->match->pool->name);
	return 0;
}

/* Present leases without a pool are in the way as the host's addresses are. */
static int
claim_blocked(const struct prefix *subnet, uint32_t *last, void *arg)
{
	struct claim	*c = arg;
	struct lease	*l = NULL;

	if (!SPLAY_EMPTY(&c->ls->orphans))
		l = orphan_overlap(c->ls, c->lp, subnet, true);
	if (l != NULL) {
		const struct prefix	 p = { l->subnet, l->plen };

		*last = prefix_last(&p);
		return -1;
	}
	return c->blocked == NULL ? 0 : c->blocked(subnet, last, c->arg);
}

static bool
claim_in_way(struct claim *c, uint32_t addr)
{
	const struct prefix	 subnet = pool_subnet(c->lp->pool, addr);
	uint32_t		 last;

	return claim_blocked(&subnet, &last, c) == -1;
}

/* Is the lease still right?  One without a place takes it now, if so. */
static bool
claim_found(struct claim *c, struct lease *l)
{
	if (!lease_fits(c->lp, l, c->match))
		return false;
	if (l->pool == NULL) {
		lease_unplace(c->ls, l);
		if (lease_place(c->lp, l) == -1)
			lease_orphan(c->ls, l);
	}
	return l->pool == c->lp;
}

static int
claim_again(struct claim *c, struct lease *l, bool adopted)
{
	const struct prefix	 subnet = { l->subnet, l->plen };
	bool			 renamed = l->poolname != c->lp->name;

	if ((renamed || !adopted) && claim_in_way(c, l->subnet)) {
		if (renamed) {
			lease_unplace(c->ls, l);
			lease_orphan(c->ls, l);
		}
		if (!adopted)
			return claim_fail(c, "its subnet %s overlaps an "
			    "address of this host", prefix_ntoa(&subnet));
		claim_stay(c, l);
		return 0;
	}
	lease_rename(c->ls, l);
	l->stay = STAY_NOT;
	if (lease_arrive(l, c->match, adopted, c->now) || renamed)
		lease_journalize(c->ls, LEASE_NOTE, l);
	return 0;
}

/* Its VM runs with it: it stays, as it would have if we had been there. */
static void
claim_stay(struct claim *c, struct lease *l)
{
	if (l->pool != NULL &&
	    l->pool->conf->rdomain != c->lp->conf->rdomain) {
		/* Not the pool that it came from, but one of that name. */
		lease_unplace(c->ls, l);
		lease_orphan(c->ls, l);
	}
	if (lease_arrive(l, c->match, true, c->now))
		lease_journalize(c->ls, LEASE_NOTE, l);
	l->stay = lease_stays(c->ls, l, c->match);
	lease_explain(l);
}

/* A new lease, or a remembered one that moves. */
static struct lease *
claim_new(struct claim *c, struct lease *old, const char *vm, uint8_t ifn)
{
	struct prefix	 subnet;
	struct lease	*l = old;

	if (l == NULL && (l = lease_new(vm, ifn)) == NULL) {
		claim_fail(c, "out of memory");
		return NULL;
	}
	/* It must not be in its own way. */
	if (l->pool == NULL && old != NULL)
		lease_unplace(c->ls, l);
	if (claim_subnet(c, old, &subnet) == -1 ||
	    claim_move(c, l, &subnet) == -1) {
		if (old == NULL)
			lease_free(l);
		else if (l->pool == NULL)
			lease_orphan(c->ls, l);
		return NULL;
	}
	if (old == NULL) {
		RB_INSERT(lease_tree, &c->ls->tree, l);
		c->ls->count++;
	}
	l->state = LEASE_READY;
	l->since = c->now;
	l->expires = 0;
	l->stay = STAY_NOT;
	l->rdomain = c->lp->conf->rdomain;
	lease_rename(c->ls, l);
	lease_journalize(c->ls, LEASE_STORE, l);
	return l;
}

static int
claim_subnet(struct claim *c, const struct lease *self, struct prefix *subnet)
{
	return c->match->address != 0 ? claim_fixed(c, self, subnet) :
	    claim_dynamic(c, subnet);
}

/* The subnet of the configured address, which an idle lease must leave. */
static int
claim_fixed(struct claim *c, const struct lease *self, struct prefix *subnet)
{
	uint32_t		 address = c->match->address;
	struct lease_reserved	*r;
	struct lease		*holder;

	*subnet = pool_subnet(c->lp->pool, address);
	r = reserved_find(c->lp, subnet->addr);
	if (r == NULL || !pool_contains(c->lp->pool, subnet) ||
	    !subnet_usable(subnet, address))
		return claim_fail(c, "pool \"%s\" does not give out address %s",
		    c->lp->name, addr_ntoa(address));
	holder = r->holder;
	if (holder != NULL && holder->present)
		return claim_fail(c, "address %s: VM \"%s\" interface %u has "
		    "its subnet %s", addr_ntoa(address), holder->vm,
		    holder->ifn, prefix_ntoa(subnet));
	if (claim_in_way(c, subnet->addr))
		return claim_fail(c, "address %s: its subnet %s overlaps an "
		    "address of this host", addr_ntoa(address),
		    prefix_ntoa(subnet));
	if (holder != NULL && holder != self)
		lease_drop(c->ls, holder);
	return 0;
}

/* The lowest free subnet, else that of the idle lease unused for longest. */
static int
claim_dynamic(struct claim *c, struct prefix *subnet)
{
	struct lease	*l;
	uint32_t	 addr;

	if (pool_lowest(c->lp->pool, claim_blocked, c, &addr) == 0) {
		*subnet = pool_subnet(c->lp->pool, addr);
		return 0;
	}
	TAILQ_FOREACH(l, &c->lp->idle, idle) {
		if (claim_in_way(c, l->subnet))
			continue;
		*subnet = pool_subnet(c->lp->pool, l->subnet);
		lease_drop(c->ls, l);
		return 0;
	}
	return claim_full(c);
}

static int
claim_full(struct claim *c)
{
	uint32_t	 size = pool_size(c->lp->pool);

	if (pool_nfree(c->lp->pool) > 0)
		return claim_fail(c, "every free subnet of pool \"%s\" "
		    "overlaps an address of this host", c->lp->name);
	return claim_fail(c, "pool \"%s\" is full (%u of %u subnets in use%s)",
	    c->lp->name, c->lp->nused, size, c->lp->nused == size ? "" :
	    ", the others reserved or overlapping an address of this host");
}

/* To its new subnet, out of the place that it had before. */
static int
claim_move(struct claim *c, struct lease *l, const struct prefix *subnet)
{
	const struct prefix	 old = { l->subnet, l->plen };

	if (l->pool != NULL)
		lease_unplace(c->ls, l);
	l->subnet = subnet->addr;
	l->plen = subnet->len;
	l->present = 1;
	if (lease_place(c->lp, l) == -1) {
		/* For want of memory only. */
		l->subnet = old.addr;
		l->plen = old.len;
		l->present = 0;
		return claim_fail(c, "out of memory");
	}
	l->guest = c->match->address != 0 ? c->match->address :
	    subnet_guest(subnet);
	return 0;
}

/* The VM of a remembered lease is there; whether that is to be noted. */
static bool
lease_arrive(struct lease *l, const struct conf_match *m, bool adopted,
    int64_t now)
{
	uint8_t	 recorded = l->state;
	int64_t	 duration = lease_time(m);

	lease_set_present(l, true);
	l->rdomain = m->pool->rdomain;
	if (adopted && recorded == LEASE_BOUND) {
		/* It may have been renewed any time before now. */
		if (duration == 0)
			l->expires = 0;
		else if (l->expires != 0 && l->expires < now + duration)
			l->expires = now + duration;
		return false;
	}
	l->expires = 0;
	if (adopted && recorded == LEASE_READY)
		return false;
	l->state = LEASE_READY;
	l->since = now;
	return true;
}

/* Seconds; 0 for ever. */
static int64_t
lease_time(const struct conf_match *m)
{
	size_t	 i;

	for (i = 0; i < m->ndhcp; i++) {
		if (m->dhcp[i]->lease_time == LEASE_TIME_FOREVER)
			return 0;
		if (m->dhcp[i]->lease_time != 0)
			return m->dhcp[i]->lease_time;
	}
	return LEASE_TIME_DEFAULT;
}

void
lease_leave(struct leases *ls, struct lease *l, int64_t now)
{
	if (!l->present)
		return;
	if (l->stay != STAY_NOT) {
		lease_drop(ls, l);
		return;
	}
	lease_set_present(l, false);
	l->state = LEASE_IDLE;
	l->since = now;
	l->expires = 0;
	set_text(&l->reason, NULL);
	lease_journalize(ls, LEASE_NOTE, l);
}

void
lease_bound(struct leases *ls, struct lease *l, const uint8_t *lladdr,
    const char *hostname, int64_t now, int64_t expires)
{
	bool	 changed = l->state != LEASE_BOUND;

	if (!l->present || l->state == LEASE_FAILED)
		return;
	l->expires = expires;
	/* A renewal without a name does not take it back. */
	if (hostname[0] != '\0' || changed)
		changed |= set_text(&l->hostname,
		    hostname[0] == '\0' ? NULL : hostname);
	if (!l->has_lladdr || memcmp(l->lladdr, lladdr, LLADDR_LEN) != 0)
		changed = true;
	if (!changed)
		return;
	if (l->state != LEASE_BOUND)
		l->since = now;
	l->state = LEASE_BOUND;
	l->has_lladdr = 1;
	memcpy(l->lladdr, lladdr, LLADDR_LEN);
	lease_journalize(ls, LEASE_NOTE, l);
}

void
lease_unbound(struct leases *ls, struct lease *l, int64_t now)
{
	if (l->state != LEASE_BOUND || !l->present)
		return;
	l->state = LEASE_READY;
	l->since = now;
	l->expires = 0;
	lease_journalize(ls, LEASE_NOTE, l);
}

void
lease_note(struct leases *ls, const struct lease *l)
{
	lease_journalize(ls, LEASE_NOTE, l);
}

void
lease_fail(struct lease *l, int64_t now, const char *reason)
{
	if (!l->present)
		return;
	if ((reason != NULL) != (l->state == LEASE_FAILED)) {
		l->state = reason != NULL ? LEASE_FAILED : LEASE_READY;
		l->since = now;
		l->expires = 0;
	}
	if (reason != NULL)
		set_text(&l->reason, reason);
	else
		lease_explain(l);
}

int
lease_forget(struct leases *ls, struct lease *l)
{
	if (l->present)
		return -1;
	lease_drop(ls, l);
	return 0;
}

void
lease_to_record(const struct lease *l, struct lease_record *record)
{
	memset(record, 0, sizeof(*record));
	strlcpy(record->vm, l->vm, sizeof(record->vm));
	strlcpy(record->pool, l->poolname, sizeof(record->pool));
	if (l->hostname != NULL)
		strlcpy(record->hostname, l->hostname,
		    sizeof(record->hostname));
	record->subnet = l->subnet;
	record->guest = l->guest;
	record->since = l->since;
	record->expires = l->expires;
	record->ifn = l->ifn;
	record->plen = l->plen;
	record->state = l->state;
	if (l->state == LEASE_FAILED)
		record->state = LEASE_READY;
	record->has_lladdr = l->has_lladdr;
	memcpy(record->lladdr, l->lladdr, sizeof(record->lladdr));
}

struct prefix
lease_host(const struct lease *l)
{
	const struct prefix	 subnet = { l->subnet, l->plen };
	struct prefix		 host;

	host.addr = subnet_host(&subnet);
	host.len = l->plen;
	return host;
}

enum lease_state
lease_state_at(const struct lease *l, int64_t now)
{
	if (!l->present)
		return LEASE_IDLE;
	if (l->state == LEASE_BOUND && l->expires != 0 && l->expires <= now)
		return LEASE_READY;
	return l->state;
}

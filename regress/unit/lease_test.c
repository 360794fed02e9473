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
#include <sys/uio.h>

#include <imsg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "addr.h"
#include "conf.h"
#include "lease.h"
#include "pool.h"
#include "test.h"

#define TABLE_MAX	512

/*
 * What the lease file would hold, kept as it keeps it: a record replaces the
 * earlier one of the VM interface, and two of one pool never overlap.
 */
struct table {
	struct lease_record	 record[TABLE_MAX];
	size_t			 n;
	int			 stores;	/* calls */
	int			 notes;
	int			 forgets;
	struct lease_record	 last;		/* forgotten */
};

/* Addresses of the host that leases must keep clear of. */
struct host {
	struct range		 range[4];
	size_t			 n;
};

static struct leases		 ls;
static struct table		 table;
static struct host		 host;
static struct conf		*conf;		/* the one in use */
static char			 reason[256];
static bool			 isnew;
static uint32_t			 seed = 362436065U;

static uint32_t
rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static uint32_t
addr(const char *text)
{
	uint32_t	 a = 0;

	CHECK(addr_parse(text, &a) == 0);
	return a;
}

/* --- the lease file ----------------------------------------------------- */

static struct lease_record *
table_find(const char *vm, uint8_t ifn)
{
	size_t	 i;

	for (i = 0; i < table.n; i++)
		if (strcmp(table.record[i].vm, vm) == 0 &&
		    table.record[i].ifn == ifn)
			return &table.record[i];
	return NULL;
}

static void
table_put(const struct lease_record *new)
{
	struct lease_record	*r = table_find(new->vm, new->ifn);
	struct prefix		 a = { new->subnet, new->plen }, b;
	size_t			 i;

	if (r == NULL && CHECK(table.n < TABLE_MAX))
		r = &table.record[table.n++];
	if (r == NULL)
		return;
	*r = *new;
	for (i = 0; i < table.n; i++) {
		b.addr = table.record[i].subnet;
		b.len = table.record[i].plen;
		CHECK(&table.record[i] == r ||
		    strcmp(table.record[i].pool, new->pool) != 0 ||
		    !prefix_overlaps(&a, &b));
	}
	CHECK(new->state < LEASE_FAILED);
	CHECK(subnet_usable(&a, new->guest));
}

static void
journal(void *arg, enum lease_op op, const struct lease_record *new)
{
	struct lease_record	*r = table_find(new->vm, new->ifn);

	switch (op) {
	case LEASE_STORE:
		table.stores++;
		table_put(new);
		break;
	case LEASE_NOTE:
		/* Never a binding that has not been stored. */
		table.notes++;
		if (CHECK(r != NULL))
			CHECK(r->subnet == new->subnet &&
			    r->plen == new->plen && r->guest == new->guest);
		table_put(new);
		break;
	case LEASE_FORGET:
		table.forgets++;
		table.last = *new;
		if (CHECK(r != NULL))
			*r = table.record[--table.n];
		break;
	}
}

/* --- configurations ----------------------------------------------------- */

static void
report(void *arg, const char *text)
{
	printf("\t%s\n", text);
}

static struct conf_pool *
add_pool(struct conf *c, const char *name, const char *inet, uint8_t subnet,
    uint32_t rdomain)
{
	struct conf_pool	*p = conf_add_pool(c);

	strlcpy(p->name, name, sizeof(p->name));
	CHECK(prefix_parse(inet, &p->inet) == 0);
	p->subnet = subnet;
	p->rdomain = rdomain;
	return p;
}

static void
add_exclude(struct conf_pool *p, const char *first, const char *last)
{
	p->exclude = calloc(1, sizeof(*p->exclude));
	p->nexclude = 1;
	p->exclude->first = addr(first);
	p->exclude->last = addr(last);
}

static struct conf_vm *
add_vm(struct conf *c, const char *pattern, const char *pool,
    const char *address)
{
	struct conf_vm	*vm = conf_add_vm(c);

	strlcpy(vm->pattern, pattern, sizeof(vm->pattern));
	if (pool != NULL)
		strlcpy(vm->all.poolname, pool, sizeof(vm->all.poolname));
	if (address != NULL)
		vm->all.address = addr(address);
	return vm;
}

static void
add_vmif(struct conf_vm *vm, uint8_t index, const char *pool,
    const char *address)
{
	struct conf_vmif	*vi = conf_add_vmif(vm);

	vi->index = index;
	if (pool != NULL)
		strlcpy(vi->poolname, pool, sizeof(vi->poolname));
	if (address != NULL)
		vi->address = addr(address);
}

static void
configure(struct conf *new)
{
	CHECK_INT(conf_check(new, report, NULL), 0);
	CHECK_INT(leases_configure(&ls, new), 0);
	conf_free(conf);
	conf = new;
}

/* One pool of six /31 subnets: .2 .4 .6 .8 .10 .12 */
static struct conf *
small(void)
{
	struct conf	*c = conf_new();

	add_pool(c, "lab", "172.16.0.0/28", 31, 0);
	return c;
}

static void
begin(struct conf *c)
{
	memset(&table, 0, sizeof(table));
	host.n = 0;
	leases_init(&ls, journal, NULL);
	configure(c);
}

static void
finish(void)
{
	leases_clear(&ls);
	CHECK_INT(ls.count, 0);
	conf_free(conf);
	conf = NULL;
}

/* Another process begins with what the file holds. */
static void
restart(void)
{
	size_t	 i;

	leases_clear(&ls);
	leases_init(&ls, journal, NULL);
	for (i = 0; i < table.n; i++)
		CHECK_INT(leases_restore(&ls, &table.record[i]), 0);
	CHECK_INT(leases_configure(&ls, conf), 0);
	CHECK_INT(ls.count, table.n);
}

/* --- shorthands --------------------------------------------------------- */

static int
blocked(const struct prefix *subnet, uint32_t *last, void *arg)
{
	size_t	 i;

	for (i = 0; i < host.n; i++) {
		if (host.range[i].first <= prefix_last(subnet) &&
		    subnet->addr <= host.range[i].last) {
			*last = host.range[i].last;
			return -1;
		}
	}
	return 0;
}

static void
block(const char *first, const char *last)
{
	host.range[host.n].first = addr(first);
	host.range[host.n++].last = addr(last);
}

static struct lease *
claim(const char *vm, uint8_t ifn, bool adopted, int64_t now)
{
	struct conf_match	 m;

	conf_match(conf, vm, ifn, &m);
	reason[0] = '\0';
	return lease_claim(&ls, vm, ifn, &m, adopted, blocked, NULL, now,
	    &isnew, reason, sizeof(reason));
}

/* Comes, with this guest address. */
static struct lease *
comes(const char *vm, const char *guest, int64_t now)
{
	struct lease	*l = claim(vm, 0, false, now);

	if (!CHECK(l != NULL)) {
		printf("\t%s: %s\n", vm, reason);
		return NULL;
	}
	CHECK_STR(addr_ntoa(l->guest), guest);
	CHECK_INT(l->present, 1);
	CHECK_INT(lease_state_at(l, now), LEASE_READY);
	return l;
}

static void
fails(const char *vm, const char *why, int64_t now)
{
	CHECK(claim(vm, 0, false, now) == NULL);
	CHECK_STR(reason, why);
	CHECK(!isnew);
}

static void
leaves(const char *vm, int64_t now)
{
	struct lease	*l = lease_find(&ls, vm, 0);

	if (CHECK(l != NULL))
		lease_leave(&ls, l, now);
}

/* --- scenarios ---------------------------------------------------------- */

static void
test_first(void)
{
	struct lease		*l;
	struct lease_record	*r;
	struct prefix		 h;

	begin(small());
	l = comes("vm0", "172.16.0.3", 100);
	CHECK(isnew);
	CHECK_INT(table.stores, 1);
	h = lease_host(l);
	CHECK_STR(prefix_ntoa(&h), "172.16.0.2/31");
	r = table_find("vm0", 0);
	if (CHECK(r != NULL)) {
		CHECK_STR(r->pool, "lab");
		CHECK_INT(r->since, 100);
		CHECK_INT(r->state, LEASE_READY);
		CHECK_INT(r->has_lladdr, 0);
		CHECK_STR(r->hostname, "");
	}
	comes("vm1", "172.16.0.5", 100);
	l = claim("vm0", 1, false, 101);
	CHECK(l != NULL && l->guest == addr("172.16.0.7"));
	CHECK(lease_find(&ls, "vm0", 2) == NULL);
	CHECK(claim("vm0", 0, false, 102) == NULL);
	CHECK_STR(reason,
	    "interface 0 of VM \"vm0\" is on another tap already");
	CHECK_INT(ls.count, 3);
	finish();
}

static void
test_order(void)
{
	struct lease	*l;

	begin(small());
	comes("b", "172.16.0.3", 1);
	CHECK(claim("a", 10, false, 1) != NULL);
	CHECK(claim("a", 9, false, 1) != NULL);
	comes("ab", "172.16.0.9", 1);
	l = lease_after(&ls, "", 0);
	CHECK(l != NULL && strcmp(l->vm, "a") == 0 && l->ifn == 9);
	l = lease_after(&ls, "a", 9);
	CHECK(l != NULL && strcmp(l->vm, "a") == 0 && l->ifn == 10);
	l = lease_after(&ls, "a", 255);
	CHECK(l != NULL && strcmp(l->vm, "ab") == 0);
	l = lease_after(&ls, "aa", 3);
	CHECK(l != NULL && strcmp(l->vm, "ab") == 0);
	CHECK(lease_after(&ls, "b", 0) == NULL);
	finish();
}

static void
test_states(void)
{
	const uint8_t	 mac[6] = { 2, 0, 0, 0, 0, 1 };
	const uint8_t	 mac2[6] = { 2, 0, 0, 0, 0, 2 };
	struct lease	*l;

	begin(small());
	l = comes("vm0", "172.16.0.3", 100);
	lease_bound(&ls, l, mac, "guest", 200, 3800);
	CHECK_INT(table.notes, 1);
	CHECK_INT(lease_state_at(l, 201), LEASE_BOUND);
	CHECK_INT(l->since, 200);
	/* Renewals write nothing. */
	lease_bound(&ls, l, mac, "guest", 2000, 5600);
	lease_bound(&ls, l, mac, "", 2000, 5600);
	CHECK_INT(table.notes, 1);
	CHECK_INT(l->since, 200);
	CHECK_INT(l->expires, 5600);
	CHECK_STR(l->hostname, "guest");
	CHECK_INT(lease_state_at(l, 5599), LEASE_BOUND);
	CHECK_INT(lease_state_at(l, 5600), LEASE_READY);
	/* What is new is noted. */
	lease_bound(&ls, l, mac, "other", 2100, 5700);
	CHECK_INT(table.notes, 2);
	lease_bound(&ls, l, mac2, "other", 2100, 5700);
	CHECK_INT(table.notes, 3);
	CHECK_INT(l->since, 200);
	CHECK_STR(table_find("vm0", 0)->hostname, "other");
	CHECK_MEM(table_find("vm0", 0)->lladdr, mac2, 6);
	lease_unbound(&ls, l, 2200);
	CHECK_INT(lease_state_at(l, 2200), LEASE_READY);
	CHECK_INT(table.notes, 4);
	lease_unbound(&ls, l, 2300);
	CHECK_INT(table.notes, 4);
	CHECK_INT(l->since, 2200);
	lease_bound(&ls, l, mac2, "other", 2400, 0);
	CHECK_INT(lease_state_at(l, INT64_MAX), LEASE_BOUND);
	lease_fail(l, 2500, "rules refused");
	CHECK_INT(lease_state_at(l, 2500), LEASE_FAILED);
	CHECK_STR(l->reason, "rules refused");
	lease_fail(l, 2600, "rules refused again");
	CHECK_INT(l->since, 2500);
	lease_fail(l, 2700, NULL);
	CHECK_INT(lease_state_at(l, 2700), LEASE_READY);
	CHECK(l->reason == NULL);
	lease_leave(&ls, l, 3000);
	CHECK_INT(lease_state_at(l, 3000), LEASE_IDLE);
	CHECK_INT(table_find("vm0", 0)->state, LEASE_IDLE);
	CHECK_INT(table_find("vm0", 0)->since, 3000);
	/* The last name and address stay to be seen. */
	CHECK_STR(table_find("vm0", 0)->hostname, "other");
	lease_fail(l, 3100, "not there");
	CHECK_INT(lease_state_at(l, 3100), LEASE_IDLE);
	comes("vm0", "172.16.0.3", 3200);
	CHECK(!isnew);
	CHECK_INT(table.stores, 1);
	CHECK_STR(lease_state_name(LEASE_BOUND), "bound");
	CHECK_STR(lease_state_name(LEASE_FAILED), "failed");
	finish();
}

/* Found again whatever the order of starts, until the pool is full. */
static void
test_full(void)
{
	char	 vm[16];
	int	 i;

	begin(small());
	for (i = 0; i < 6; i++) {
		snprintf(vm, sizeof(vm), "vm%d", i);
		CHECK(claim(vm, 0, false, 10) != NULL);
	}
	fails("vm6", "pool \"lab\" is full (6 of 6 subnets in use)", 11);
	CHECK(lease_find(&ls, "vm6", 0) == NULL);
	leaves("vm3", 20);
	leaves("vm1", 30);
	leaves("vm4", 40);
	/* Who left first goes, not who came first or is lowest. */
	comes("vm6", "172.16.0.9", 50);
	CHECK(lease_find(&ls, "vm3", 0) == NULL);
	CHECK_STR(table.last.vm, "vm3");
	CHECK_INT(table.forgets, 1);
	comes("vm4", "172.16.0.11", 51);
	comes("vm3", "172.16.0.5", 52);
	CHECK(lease_find(&ls, "vm1", 0) == NULL);
	finish();
}

static void
test_forget(void)
{
	struct lease	*l;

	begin(small());
	l = comes("vm0", "172.16.0.3", 1);
	CHECK_INT(lease_forget(&ls, l), -1);
	lease_leave(&ls, l, 2);
	CHECK_INT(lease_forget(&ls, l), 0);
	CHECK(lease_find(&ls, "vm0", 0) == NULL);
	CHECK_INT(table.n, 0);
	comes("vm1", "172.16.0.3", 3);
	finish();
}

static void
test_blocked(void)
{
	begin(small());
	block("172.16.0.0", "172.16.0.4");
	comes("vm0", "172.16.0.7", 1);
	leaves("vm0", 2);
	/* A lease does not move out of the way. */
	block("172.16.0.6", "172.16.0.6");
	fails("vm0", "its subnet 172.16.0.6/31 overlaps an address of this "
	    "host", 3);
	CHECK(lease_find(&ls, "vm0", 0) != NULL);
	CHECK_INT(table.n, 1);
	host.n = 1;
	comes("vm0", "172.16.0.7", 4);
	CHECK(!isnew);
	host.n = 0;
	block("172.16.0.0", "172.16.0.15");
	fails("vm1", "every free subnet of pool \"lab\" overlaps an address "
	    "of this host", 5);
	CHECK_INT(table.n, 1);
	finish();
}

/* A blocked idle lease is no use to anyone else either. */
static void
test_reclaim_blocked(void)
{
	char	 vm[16];
	int	 i;

	begin(small());
	for (i = 0; i < 6; i++) {
		snprintf(vm, sizeof(vm), "vm%d", i);
		CHECK(claim(vm, 0, false, 1) != NULL);
		leaves(vm, 10 + i);
	}
	block("172.16.0.2", "172.16.0.4");
	comes("new", "172.16.0.7", 20);
	CHECK_STR(table.last.vm, "vm2");
	host.n = 0;
	block("172.16.0.0", "172.16.0.255");
	fails("newer", "pool \"lab\" is full (1 of 6 subnets in use, the "
	    "others reserved or overlapping an address of this host)", 21);
	CHECK_INT(ls.count, 6);
	finish();
}

/* --- configured addresses ----------------------------------------------- */

static struct conf *
fixed(const char *web, const char *db)
{
	struct conf	*c = small();

	if (web != NULL)
		add_vm(c, "web", NULL, web);
	if (db != NULL)
		add_vm(c, "db", NULL, db);
	return c;
}

static void
test_fixed(void)
{
	struct lease_pool	*lp;

	begin(fixed("172.16.0.5", "172.16.0.3"));
	lp = TAILQ_FIRST(&ls.pools);
	CHECK_INT(pool_nfree(lp->pool), 4);
	/* Never given to others, not even when there is nothing else. */
	comes("vm0", "172.16.0.7", 1);
	comes("vm1", "172.16.0.9", 1);
	comes("web", "172.16.0.5", 1);
	CHECK_INT(lp->nused, 3);
	leaves("web", 2);
	comes("vm2", "172.16.0.11", 3);
	comes("vm3", "172.16.0.13", 3);
	fails("vm4", "pool \"lab\" is full (4 of 6 subnets in use, the others "
	    "reserved or overlapping an address of this host)", 4);
	comes("web", "172.16.0.5", 5);
	CHECK(!isnew);
	comes("db", "172.16.0.3", 5);
	fails("vm4", "pool \"lab\" is full (6 of 6 subnets in use)", 6);
	/* Another interface of it is another matter. */
	CHECK(claim("web", 1, false, 7) == NULL);
	finish();
}

static void
test_fixed_evicts(void)
{
	struct lease	*l;

	begin(small());
	comes("vm0", "172.16.0.3", 1);
	comes("web", "172.16.0.5", 1);
	leaves("web", 2);
	/* Present: the newcomer has to wait, and knows for whom. */
	configure(fixed("172.16.0.3", NULL));
	l = lease_find(&ls, "vm0", 0);
	CHECK(l != NULL && l->present && l->guest == addr("172.16.0.3"));
	CHECK_STR(l->reason, "stays in pool \"lab\" until its VM leaves: its "
	    "subnet is reserved for another VM now");
	fails("web", "address 172.16.0.3: VM \"vm0\" interface 0 has its "
	    "subnet 172.16.0.2/31", 3);
	CHECK_INT(table_find("web", 0)->guest, addr("172.16.0.5"));
	leaves("vm0", 4);
	CHECK(lease_find(&ls, "vm0", 0) == NULL);
	/* web moves, and what it had is free. */
	comes("web", "172.16.0.3", 5);
	CHECK(isnew);
	CHECK_INT(table_find("web", 0)->guest, addr("172.16.0.3"));
	comes("vm0", "172.16.0.5", 6);
	finish();
}

static void
test_fixed_evicts_idle(void)
{
	begin(small());
	comes("vm0", "172.16.0.3", 1);
	leaves("vm0", 2);
	configure(fixed("172.16.0.3", NULL));
	CHECK(lease_find(&ls, "vm0", 0) != NULL);
	/* In the way of the host too: nobody is evicted for nothing. */
	block("172.16.0.2", "172.16.0.2");
	fails("web", "address 172.16.0.3: its subnet 172.16.0.2/31 overlaps "
	    "an address of this host", 3);
	CHECK(lease_find(&ls, "vm0", 0) != NULL);
	host.n = 0;
	comes("web", "172.16.0.3", 4);
	CHECK(lease_find(&ls, "vm0", 0) == NULL);
	CHECK_STR(table.last.vm, "vm0");
	finish();
}

/* Its own idle lease in what is reserved for another does not help it. */
static void
test_fixed_moves_idle(void)
{
	begin(small());
	comes("vm0", "172.16.0.3", 1);
	leaves("vm0", 2);
	configure(fixed("172.16.0.3", NULL));
	comes("vm0", "172.16.0.5", 3);
	CHECK(isnew);
	CHECK_INT(table.n, 1);
	comes("web", "172.16.0.3", 4);
	finish();
}

/* The same subnet, another guest address. */
static void
test_fixed_guest(void)
{
	struct conf	*c;
	struct lease	*l;

	c = conf_new();
	add_pool(c, "lab", "10.0.0.0/16", 24, 0);
	begin(c);
	comes("web", "10.0.0.2", 1);
	c = conf_new();
	add_pool(c, "lab", "10.0.0.0/16", 24, 0);
	add_vm(c, "web", NULL, "10.0.0.77");
	configure(c);
	l = lease_find(&ls, "web", 0);
	CHECK_STR(l->reason, "stays in pool \"lab\" until its VM leaves: "
	    "another address is configured for it now");
	CHECK_INT(l->guest, addr("10.0.0.2"));
	lease_fail(l, 2, "oops");
	lease_fail(l, 2, NULL);
	CHECK(l->reason != NULL && strncmp(l->reason, "stays", 5) == 0);
	leaves("web", 3);
	comes("web", "10.0.0.77", 4);
	leaves("web", 5);
	/* Without the address it keeps what it has. */
	c = conf_new();
	add_pool(c, "lab", "10.0.0.0/16", 24, 0);
	configure(c);
	comes("web", "10.0.0.77", 6);
	CHECK(!isnew);
	leaves("web", 7);
	c = conf_new();
	add_pool(c, "lab", "10.0.0.0/16", 24, 0);
	add_vm(c, "web", NULL, "10.0.0.78");
	configure(c);
	comes("web", "10.0.0.78", 8);
	CHECK(isnew);
	CHECK_INT(table.n, 1);
	finish();
}

/* --- other configurations ----------------------------------------------- */

static struct conf *
two(const char *pool)
{
	struct conf	*c = conf_new();

	add_pool(c, "lab", "172.16.0.0/28", 31, 0);
	add_pool(c, "back", "10.0.0.0/24", 30, 0);
	add_vm(c, "vm*", pool, NULL);
	return c;
}

static void
test_other_pool(void)
{
	struct lease	*l;

	begin(two("lab"));
	comes("vm0", "172.16.0.3", 1);
	comes("vm1", "172.16.0.5", 1);
	leaves("vm1", 2);
	configure(two("back"));
	l = lease_find(&ls, "vm0", 0);
	CHECK_STR(l->reason, "stays in pool \"lab\" until its VM leaves: "
	    "another pool applies to it now");
	CHECK_STR(l->poolname, "lab");
	comes("vm1", "10.0.0.2", 3);
	CHECK(isnew);
	CHECK_STR(table_find("vm1", 0)->pool, "back");
	configure(two("lab"));
	CHECK(lease_find(&ls, "vm0", 0)->reason == NULL);
	configure(two("back"));
	leaves("vm0", 4);
	CHECK(table_find("vm0", 0) == NULL);
	comes("vm0", "10.0.0.6", 5);
	finish();
}

static void
test_pool_gone(void)
{
	struct lease	*l;
	struct conf	*c;

	begin(two("lab"));
	comes("vm0", "172.16.0.3", 1);
	comes("vm1", "172.16.0.5", 1);
	leaves("vm1", 2);
	c = conf_new();
	add_pool(c, "back", "10.0.0.0/24", 30, 0);
	configure(c);
	l = lease_find(&ls, "vm0", 0);
	CHECK(l->pool == NULL);
	CHECK_STR(l->poolname, "lab");
	CHECK_STR(l->reason, "stays in pool \"lab\" until its VM leaves: "
	    "another pool applies to it now");
	l = lease_find(&ls, "vm1", 0);
	CHECK(l != NULL && l->pool == NULL && l->reason == NULL);
	/* And back again. */
	configure(two("lab"));
	l = lease_find(&ls, "vm0", 0);
	CHECK(l->pool != NULL && l->reason == NULL);
	comes("vm1", "172.16.0.5", 3);
	CHECK(!isnew);
	leaves("vm0", 4);
	comes("vm0", "172.16.0.3", 5);
	finish();
}

static void
test_no_pool(void)
{
	struct conf	*c;
	struct lease	*l;

	begin(two("lab"));
	comes("vm0", "172.16.0.3", 1);
	c = two("lab");
	TAILQ_FIRST(&c->vms)->all.ignore = true;
	TAILQ_FIRST(&c->vms)->all.poolname[0] = '\0';
	configure(c);
	l = lease_find(&ls, "vm0", 0);
	CHECK_STR(l->reason, "stays in pool \"lab\" until its VM leaves: "
	    "the configuration ignores it now");
	fails("vm1", "no pool applies to it", 2);
	fails("other", "no pool applies to it", 2);
	leaves("vm0", 3);
	CHECK_INT(ls.count, 0);
	finish();
}

/* A pool that only changes its name takes its leases along. */
static void
test_renamed(void)
{
	struct conf	*c;
	struct lease	*l;

	begin(small());
	comes("vm0", "172.16.0.3", 1);
	comes("vm1", "172.16.0.5", 1);
	leaves("vm1", 2);
	c = conf_new();
	add_pool(c, "prod", "172.16.0.0/28", 31, 0);
	configure(c);
	l = lease_find(&ls, "vm0", 0);
	CHECK(l->pool != NULL && l->reason == NULL);
	CHECK_STR(l->poolname, "prod");
	CHECK_STR(table_find("vm0", 0)->pool, "prod");
	CHECK_STR(table_find("vm1", 0)->pool, "prod");
	comes("vm2", "172.16.0.7", 3);
	comes("vm1", "172.16.0.5", 4);
	CHECK(!isnew);
	finish();
}

/* Carved anew: what is present keeps others off, what is idle gives way. */
static void
test_carved(void)
{
	struct conf	*c;

	begin(small());
	comes("vm0", "172.16.0.3", 1);
	comes("vm1", "172.16.0.5", 1);
	comes("vm2", "172.16.0.7", 1);
	comes("vm3", "172.16.0.9", 1);
	leaves("vm1", 2);
	leaves("vm3", 3);
	c = conf_new();
	add_pool(c, "lab", "172.16.0.0/28", 30, 0);
	configure(c);
	CHECK_STR(lease_find(&ls, "vm0", 0)->reason, "stays in pool \"lab\" "
	    "until its VM leaves: the pool does not give out its subnet now");
	CHECK(lease_find(&ls, "vm1", 0) != NULL);
	comes("new", "172.16.0.10", 4);
	CHECK(lease_find(&ls, "vm3", 0) == NULL);
	CHECK_STR(table.last.vm, "vm3");
	CHECK(lease_find(&ls, "vm1", 0) != NULL);
	leaves("vm2", 5);
	CHECK(lease_find(&ls, "vm2", 0) == NULL);
	comes("vm1", "172.16.0.6", 6);
	CHECK(isnew);
	comes("newer", "172.16.0.14", 7);
	fails("newest", "every free subnet of pool \"lab\" overlaps an address "
	    "of this host", 8);
	leaves("vm0", 9);
	comes("newest", "172.16.0.2", 10);
	finish();
}

/* Excluded for a while, and nobody took it. */
static void
test_excluded(void)
{
	struct conf	*c;

	begin(small());
	comes("vm0", "172.16.0.3", 1);
	leaves("vm0", 2);
	c = small();
	add_exclude(TAILQ_FIRST(&c->pools), "172.16.0.0", "172.16.0.3");
	configure(c);
	CHECK(lease_find(&ls, "vm0", 0)->pool == NULL);
	configure(small());
	comes("vm0", "172.16.0.3", 3);
	CHECK(!isnew);
	leaves("vm0", 4);
	c = small();
	add_exclude(TAILQ_FIRST(&c->pools), "172.16.0.0", "172.16.0.3");
	configure(c);
	comes("vm0", "172.16.0.5", 5);
	CHECK(isnew);
	CHECK_INT(table.n, 1);
	finish();
}

/* The same prefix in two rdomains is two. */
static void
test_rdomains(void)
{
	struct conf	*c = conf_new();
	struct conf_vm	*vm;
	struct lease	*l;

	add_pool(c, "one", "10.0.0.0/24", 31, 0);
	add_pool(c, "two", "10.0.0.0/24", 31, 1);
	vm = add_vm(c, "vm0", "one", "10.0.0.5");
	add_vmif(vm, 1, "two", "10.0.0.5");
	add_vm(c, "*", "two", NULL);
	begin(c);
	comes("vm0", "10.0.0.5", 1);
	l = claim("vm0", 1, false, 1);
	CHECK(l != NULL && l->guest == addr("10.0.0.5"));
	comes("vm1", "10.0.0.3", 1);
	comes("vm2", "10.0.0.7", 1);
	CHECK_INT(l->rdomain, 1);
	/* Its pool moves to another rdomain; it cannot. */
	c = conf_new();
	add_pool(c, "one", "10.0.0.0/24", 31, 1);
	add_pool(c, "two", "10.0.0.0/24", 31, 2);
	add_vm(c, "*", "two", NULL);
	configure(c);
	l = lease_find(&ls, "vm1", 0);
	CHECK_STR(l->reason, "stays in pool \"two\" until its VM leaves: "
	    "the pool is in another rdomain now");
	CHECK(l->pool == NULL);
	/* Its record is in the pool still, so its subnet is not free. */
	comes("vm3", "10.0.0.9", 2);
	finish();
}

/* --- restarts ----------------------------------------------------------- */

static void
test_adopt(void)
{
	const uint8_t	 mac[6] = { 2, 0, 0, 0, 0, 1 };
	struct lease	*l;

	begin(small());
	l = comes("vm0", "172.16.0.3", 100);
	lease_bound(&ls, l, mac, "guest", 200, 3800);
	lease_bound(&ls, l, mac, "guest", 9000, 12600);
	comes("vm1", "172.16.0.5", 300);
	l = comes("vm2", "172.16.0.7", 300);
	lease_bound(&ls, l, mac, "", 300, 0);
	restart();
	l = lease_find(&ls, "vm0", 0);
	CHECK_INT(lease_state_at(l, 10000), LEASE_IDLE);
	CHECK_INT(l->state, LEASE_BOUND);
	table.notes = table.stores = 0;
	l = claim("vm0", 0, true, 10000);
	CHECK(l != NULL && !isnew);
	CHECK_INT(lease_state_at(l, 10000), LEASE_BOUND);
	CHECK_INT(l->since, 200);
	/* By the file it has expired, but renewals are not in the file. */
	CHECK_INT(l->expires, 10000 + LEASE_TIME_DEFAULT);
	CHECK_STR(l->hostname, "guest");
	CHECK_MEM(l->lladdr, mac, 6);
	l = claim("vm1", 0, true, 10000);
	CHECK_INT(lease_state_at(l, 10000), LEASE_READY);
	CHECK_INT(l->since, 300);
	CHECK_INT(table.notes + table.stores, 0);
	/* A new start of the VM: not what the file says. */
	l = claim("vm2", 0, false, 10000);
	CHECK(l != NULL && l->guest == addr("172.16.0.7"));
	CHECK_INT(lease_state_at(l, 10000), LEASE_READY);
	CHECK_INT(table_find("vm2", 0)->state, LEASE_READY);
	CHECK_INT(table.notes, 1);
	restart();
	l = claim("vm0", 0, true, 10001);
	CHECK_INT(lease_state_at(l, 10001), LEASE_BOUND);
	finish();
}

/* Adopted is adopted, whatever has changed in between. */
static void
test_adopt_moved(void)
{
	struct lease	*l;
	struct conf	*c;

	begin(two("lab"));
	comes("vm0", "172.16.0.3", 1);
	comes("vm1", "172.16.0.5", 1);
	leaves("vm1", 2);
	c = conf_new();
	add_pool(c, "back", "172.16.0.0/24", 30, 0);
	CHECK_INT(conf_check(c, report, NULL), 0);
	conf_free(conf);
	conf = c;
	restart();
	block("172.16.0.0", "172.16.0.3");
	l = claim("vm0", 0, true, 3);
	CHECK(l != NULL && !isnew);
	CHECK_INT(l->guest, addr("172.16.0.3"));
	CHECK_STR(l->reason, "stays in pool \"lab\" until its VM leaves: "
	    "another pool applies to it now");
	host.n = 0;
	/* The other pool keeps clear of it. */
	comes("vm1", "172.16.0.6", 4);
	CHECK(isnew);
	leaves("vm0", 5);
	CHECK(lease_find(&ls, "vm0", 0) == NULL);
	comes("vm0", "172.16.0.2", 6);
	finish();
}

static void
test_restore(void)
{
	struct lease_record	 r, ok;
	struct lease		*l;

	memset(&ok, 0, sizeof(ok));
	strlcpy(ok.vm, "vm0", sizeof(ok.vm));
	strlcpy(ok.pool, "lab", sizeof(ok.pool));
	ok.subnet = addr("172.16.0.4");
	ok.plen = 31;
	ok.guest = addr("172.16.0.5");
	begin(small());
	table_put(&ok);
	CHECK_INT(leases_restore(&ls, &ok), 0);
	CHECK_INT(leases_restore(&ls, &ok), -1);
	r = ok;
	r.ifn = 1;
	r.subnet++;
	CHECK_INT(leases_restore(&ls, &r), -1);
	r = ok;
	r.ifn = 1;
	r.guest = addr("172.16.0.6");
	CHECK_INT(leases_restore(&ls, &r), -1);
	r = ok;
	r.ifn = 1;
	r.plen = 0;
	CHECK_INT(leases_restore(&ls, &r), -1);
	r = ok;
	r.ifn = 1;
	r.state = LEASE_FAILED;
	CHECK_INT(leases_restore(&ls, &r), -1);
	CHECK_INT(ls.count, 1);
	/* Restored after configuring: claiming finds it all the same. */
	l = comes("vm0", "172.16.0.5", 1);
	CHECK(!isnew && l->pool != NULL);
	comes("vm1", "172.16.0.3", 1);
	finish();
}

/* What ran until the stop is not what was unused for longest. */
static void
test_settle(void)
{
	char		 vm[16];
	struct lease	*l;
	int		 i;

	begin(small());
	for (i = 0; i < 6; i++) {
		snprintf(vm, sizeof(vm), "vm%d", i);
		CHECK(claim(vm, 0, false, 10) != NULL);
	}
	leaves("vm4", 500);
	leaves("vm5", 400);
	restart();
	comes("n1", "172.16.0.13", 600);
	comes("n2", "172.16.0.11", 600);
	CHECK_STR(table.last.vm, "vm4");
	comes("vm2", "172.16.0.7", 610);
	table.notes = 0;
	leases_settle(&ls, 700);
	CHECK_INT(table.notes, 3);
	l = lease_find(&ls, "vm0", 0);
	CHECK(l->state == LEASE_IDLE && l->since == 700);
	CHECK_INT(lease_state_at(lease_find(&ls, "vm2", 0), 700),
	    LEASE_READY);
	leases_settle(&ls, 800);
	CHECK_INT(table.notes, 3);
	finish();
}

/* --- everything at random, against a model that looks at every subnet --- */

#define NVMS		16
#define NIFS		2
#define SNAP_MAX	(NVMS * NIFS)

struct snap {
	struct lease_record	 r;
	uint32_t		 rdomain;
	bool			 present;
	bool			 placed;
	const struct conf_pool	*pool;
};

static struct snap		 before[SNAP_MAX];
static size_t			 nbefore;
static const struct snap	*self;		/* who claims */
static int64_t			 now;
static int64_t			 started;
static int			 nclaims[5];	/* how each kind ended */

enum { FOUND, NEW, RECLAIMED, EVICTED, REFUSED };

static void
quiet(void *arg, const char *text)
{
}

static void
random_pools(struct conf *c)
{
	static const uint8_t	 len[] = { 31, 31, 31, 30, 29 };
	static const char *const name[] = { "lab", "lab", "lab", "prod" };
	struct conf_pool	*p;

	p = add_pool(c, name[rnd() % 4], rnd() % 4 ? "172.16.0.0/27" :
	    "172.16.0.16/28", len[rnd() % 5], 0);
	strlcpy(c->default_poolname, p->name, sizeof(c->default_poolname));
	if (rnd() % 3 == 0)
		add_exclude(p, "172.16.0.16", "172.16.0.18");
	if (rnd() % 4)
		add_pool(c, "back", "10.0.0.0/28", 31, rnd() % 8 == 0);
	if (rnd() % 4)
		add_pool(c, "twin", "172.16.0.0/27", 31, 1 + rnd() % 2);
}

static void
random_vms(struct conf *c)
{
	char		 vm[16], address[16];
	uint32_t	 i, n = rnd() % 5;

	for (i = 0; i < n; i++) {
		snprintf(vm, sizeof(vm), "v%u", i * 3);
		snprintf(address, sizeof(address), "172.16.0.%u",
		    1 + 2 * (rnd() % 15));
		add_vm(c, vm, rnd() % 2 ? "lab" : NULL, address);
	}
	if (rnd() % 2)
		add_vm(c, "v1*", "back", NULL);
	if (rnd() % 2)
		add_vmif(add_vm(c, "v?", "lab", NULL), 1, "twin", NULL);
	if (rnd() % 8 == 0)
		add_vm(c, "v[45]", NULL, NULL)->all.ignore = true;
}

/* One that passes the checks. */
static struct conf *
random_conf(void)
{
	struct conf	*c;

	for (;;) {
		c = conf_new();
		random_pools(c);
		random_vms(c);
		if (conf_check(c, quiet, NULL) == 0)
			return c;
		conf_free(c);
	}
}

static void
take_snap(void)
{
	struct lease	*l;

	nbefore = 0;
	RB_FOREACH(l, lease_tree, &ls.tree) {
		lease_to_record(l, &before[nbefore].r);
		before[nbefore].rdomain = l->rdomain;
		before[nbefore].present = l->present;
		before[nbefore].placed = l->pool != NULL;
		before[nbefore].pool = l->pool != NULL ? l->pool->conf : NULL;
		nbefore++;
	}
}

static bool
overlap(uint32_t a, uint8_t alen, uint32_t b, uint8_t blen)
{
	const struct prefix	 pa = { a, alen }, pb = { b, blen };

	return prefix_overlaps(&pa, &pb);
}

static bool
model_reserved(const struct conf_pool *p, uint32_t subnet)
{
	const struct conf_vm	*vm;

	/* None is configured for an interface block here. */
	TAILQ_FOREACH(vm, &conf->vms, entry)
		if (vm->all.address != 0 && p == (vm->all.pool != NULL ?
		    vm->all.pool : conf->default_pool) &&
		    (vm->all.address & addr_mask(p->subnet)) == subnet)
			return true;
	return false;
}

static bool
model_leasable(const struct conf_pool *p, uint32_t subnet, uint8_t plen)
{
	const struct prefix	 s = { subnet, plen };
	size_t			 i;

	if (plen != p->subnet || !prefix_contains(&p->inet, subnet))
		return false;
	if (plen == 31 && (subnet == prefix_first(&p->inet) ||
	    subnet + 1 == prefix_last(&p->inet)))
		return false;
	for (i = 0; i < p->nexclude; i++)
		if (p->exclude[i].first <= prefix_last(&s) &&
		    subnet <= p->exclude[i].last)
			return false;
	return true;
}

/* Who has a subnet of a pool, or NULL. */
static const struct snap *
model_holder(const struct conf_pool *p, uint32_t subnet)
{
	size_t	 i;

	for (i = 0; i < nbefore; i++)
		if (before[i].placed && before[i].pool == p &&
		    before[i].r.subnet == subnet)
			return &before[i];
	return NULL;
}

static bool
model_blocked(const struct conf_pool *p, uint32_t subnet)
{
	const struct prefix	 s = { subnet, p->subnet };
	uint32_t		 last;
	size_t			 i;

	if (blocked(&s, &last, NULL) == -1)
		return true;
	for (i = 0; i < nbefore; i++)
		if (&before[i] != self && !before[i].placed &&
		    ((before[i].present &&
		    before[i].rdomain == p->rdomain) ||
		    ((before[i].present || before[i].r.state != LEASE_IDLE) &&
		    strcmp(before[i].r.pool, p->name) == 0)) &&
		    overlap(before[i].r.subnet, before[i].r.plen, subnet,
		    p->subnet))
			return true;
	return false;
}

static bool
model_right(const struct snap *s, const struct conf_match *m)
{
	if (s->placed ? s->pool != m->pool :
	    (!model_leasable(m->pool, s->r.subnet, s->r.plen) ||
	    model_holder(m->pool, s->r.subnet) != NULL))
		return false;
	return m->address != 0 ? s->r.guest == m->address :
	    !model_reserved(m->pool, s->r.subnet);
}

/* The lowest subnet that may be given, or -1. */
static int
model_lowest(const struct conf_pool *p, uint32_t *subnet)
{
	uint32_t	 step = 1U << (32 - p->subnet), s;

	for (s = p->inet.addr; s <= prefix_last(&p->inet) - (step - 1);
	    s += step) {
		if (model_leasable(p, s, p->subnet) && !model_reserved(p, s) &&
		    model_holder(p, s) == NULL && !model_blocked(p, s)) {
			*subnet = s;
			return 0;
		}
	}
	return -1;
}

static int64_t
model_age(const struct snap *s)
{
	return s->r.state == LEASE_IDLE ? s->r.since : started;
}

static bool
model_reclaimable(const struct snap *s, const struct conf_pool *p)
{
	return s->placed && s->pool == p && !s->present &&
	    !model_reserved(p, s->r.subnet) &&
	    !model_blocked(p, s->r.subnet);
}

/* The dynamic part of a claim, given what came of it. */
static void
check_dynamic(const struct lease *l, const struct conf_match *m)
{
	const struct snap	*victim = NULL;
	uint32_t		 want;
	size_t			 i;
	bool			 possible = false;

	if (model_lowest(m->pool, &want) == 0) {
		if (CHECK(l != NULL))
			CHECK_INT(l->subnet, want);
		nclaims[NEW]++;
		return;
	}
	if (l != NULL)
		victim = model_holder(m->pool, l->subnet);
	for (i = 0; i < nbefore; i++) {
		if (!model_reclaimable(&before[i], m->pool))
			continue;
		possible = true;
		if (victim != NULL && before[i].r.state == LEASE_IDLE)
			CHECK(before[i].r.since >= model_age(victim));
	}
	CHECK_INT(l != NULL, possible);
	nclaims[l != NULL ? RECLAIMED : REFUSED]++;
	if (l == NULL)
		return;
	if (CHECK(victim != NULL)) {
		CHECK(model_reclaimable(victim, m->pool));
		CHECK(lease_find(&ls, victim->r.vm, victim->r.ifn) == NULL);
	}
}

static void
check_fixed(const struct lease *l, const struct conf_match *m)
{
	uint32_t		 subnet;
	const struct snap	*holder;

	subnet = m->address & addr_mask(m->pool->subnet);
	holder = model_holder(m->pool, subnet);
	if ((holder != NULL && holder->present) ||
	    model_blocked(m->pool, subnet)) {
		CHECK(l == NULL);
		nclaims[REFUSED]++;
		return;
	}
	if (CHECK(l != NULL)) {
		CHECK_INT(l->subnet, subnet);
		CHECK_INT(l->guest, m->address);
		if (holder != NULL && strcmp(holder->r.vm, l->vm) != 0)
			CHECK(lease_find(&ls, holder->r.vm,
			    holder->r.ifn) == NULL);
	}
	nclaims[EVICTED] += holder != NULL;
}

static void
random_claim(const char *vm, uint8_t ifn)
{
	struct conf_match	 m;
	const struct snap	*s = NULL;
	struct lease		*l;
	size_t			 i;

	take_snap();
	for (i = 0; i < nbefore; i++)
		if (strcmp(before[i].r.vm, vm) == 0 &&
		    before[i].r.ifn == ifn)
			s = &before[i];
	self = s;
	conf_match(conf, vm, ifn, &m);
	table.stores = 0;
	l = claim(vm, ifn, false, now);
	CHECK_INT(isnew, table.stores == 1);
	CHECK_INT(l == NULL, reason[0] != '\0');
	if ((s != NULL && s->present) || m.ignore || m.pool == NULL) {
		CHECK(l == NULL);
		return;
	}
	if (l != NULL)
		CHECK(l->present && l->state == LEASE_READY &&
		    l->pool != NULL && l->pool->conf == m.pool);
	if (s != NULL && model_right(s, &m)) {
		nclaims[FOUND]++;
		CHECK(!isnew);
		CHECK_INT(l == NULL, model_blocked(m.pool, s->r.subnet));
		l = lease_find(&ls, vm, ifn);
		if (CHECK(l != NULL))
			CHECK(l->subnet == s->r.subnet &&
			    l->guest == s->r.guest);
	} else if (m.address != 0)
		check_fixed(l, &m);
	else
		check_dynamic(l, &m);
	/* Whoever is refused loses nothing. */
	if (l == NULL && s != NULL)
		CHECK(lease_find(&ls, vm, ifn) != NULL);
}

/* Present leases are where they were, but for one that may have left. */
static void
check_present(const char *vm, uint8_t ifn)
{
	struct lease	*l;
	size_t		 i;

	for (i = 0; i < nbefore; i++) {
		if (!before[i].present || (before[i].r.ifn == ifn &&
		    strcmp(before[i].r.vm, vm) == 0))
			continue;
		l = lease_find(&ls, before[i].r.vm, before[i].r.ifn);
		if (CHECK(l != NULL))
			CHECK(l->present && l->subnet == before[i].r.subnet &&
			    l->plen == before[i].r.plen &&
			    l->guest == before[i].r.guest);
	}
}

static void
check_pools(void)
{
	struct lease_pool	*lp;
	struct lease		*l;
	uint32_t		 used, idle, listed, unheld;
	size_t			 i;

	TAILQ_FOREACH(lp, &ls.pools, entry) {
		used = idle = listed = unheld = 0;
		RB_FOREACH(l, lease_tree, &ls.tree) {
			if (l->pool != lp)
				continue;
			if (l->present)
				used++;
			else
				idle++;
			if (!l->present &&
			    !model_reserved(lp->conf, l->subnet))
				listed++;
			CHECK(model_leasable(lp->conf, l->subnet, l->plen));
			CHECK(l->poolname == lp->name);
		}
		for (i = 0; i < lp->nreserved; i++)
			unheld += lp->reserved[i].holder == NULL;
		CHECK_INT(lp->nused, used);
		CHECK_INT(lp->nidle, idle);
		CHECK_INT(pool_size(lp->pool),
		    used + idle + unheld + pool_nfree(lp->pool));
		TAILQ_FOREACH(l, &lp->idle, idle) {
			CHECK(l->pool == lp && !l->present);
			listed--;
		}
		CHECK_INT(listed, 0);
	}
}

static void
check_leases(void)
{
	struct lease		*a, *b;
	struct lease_record	*r;
	size_t			 n = 0;

	RB_FOREACH(a, lease_tree, &ls.tree) {
		n++;
		if (CHECK((r = table_find(a->vm, a->ifn)) != NULL))
			CHECK(r->subnet == a->subnet && r->plen == a->plen &&
			    r->guest == a->guest &&
			    strcmp(r->pool, a->poolname) == 0 &&
			    (a->state == LEASE_FAILED ||
			    (r->state == a->state || a->state == LEASE_READY)));
		if (a->present && a->pool != NULL)
			CHECK_INT(a->rdomain, a->pool->conf->rdomain);
		CHECK_INT(a->stay != STAY_NOT && a->state != LEASE_FAILED,
		    a->reason != NULL && a->state != LEASE_FAILED);
		RB_FOREACH(b, lease_tree, &ls.tree) {
			if (a == b || !overlap(a->subnet, a->plen, b->subnet,
			    b->plen))
				continue;
			CHECK(a->pool == NULL || b->pool == NULL ||
			    a->pool->conf->rdomain != b->pool->conf->rdomain);
			CHECK(!a->present || !b->present ||
			    a->rdomain != b->rdomain);
		}
	}
	CHECK_INT(ls.count, n);
	CHECK_INT(table.n, n);
	check_pools();
}

/* The daemon begins anew while its VMs run. */
static void
random_restart(void)
{
	struct conf_match	 m;
	struct lease		*l;
	size_t			 i;

	take_snap();
	if (rnd() % 4 == 0) {
		conf_free(conf);
		conf = random_conf();
	}
	restart();
	started = now;
	for (i = 0; i < nbefore; i++) {
		conf_match(conf, before[i].r.vm, before[i].r.ifn, &m);
		if (!before[i].present)
			continue;
		if (m.ignore || m.pool == NULL ||
		    m.pool->rdomain != before[i].rdomain) {
			/* Its tap is not looked at: as if it had left. */
			before[i].present = false;
			continue;
		}
		table.stores = 0;
		l = claim(before[i].r.vm, before[i].r.ifn, true, now);
		CHECK(l != NULL && table.stores == 0);
	}
}

static void
random_host(void)
{
	host.n = 0;
	if (rnd() % 2)
		block("172.16.0.4", "172.16.0.9");
	if (rnd() % 4 == 0)
		block("10.0.0.0", "10.0.0.15");
}

/* What is forgotten is gone, and nothing can be read of it any more. */
static void
random_forget(struct lease *l)
{
	const bool	 present = l->present;

	CHECK_INT(lease_forget(&ls, l), present ? -1 : 0);
}

static void
random_step(void)
{
	static const char *const names[] = { "", "a", "guest" };
	const uint8_t	 mac[6] = { 2, 0, 0, 0, 0, rnd() % 2 };
	struct lease	*l;
	char		 vm[16];
	uint8_t		 ifn = rnd() % NIFS;
	uint32_t	 what = rnd() % 100;

	snprintf(vm, sizeof(vm), "v%u", rnd() % NVMS);
	now += rnd() % 3;
	take_snap();
	l = lease_find(&ls, vm, ifn);
	if (what < 45)
		random_claim(vm, ifn);
	else if (what < 70 && l != NULL)
		lease_leave(&ls, l, now);
	else if (what < 80 && l != NULL)
		lease_bound(&ls, l, mac, names[rnd() % 3], now, now + 10);
	else if (what < 82 && l != NULL)
		lease_unbound(&ls, l, now);
	else if (what < 84 && l != NULL)
		lease_fail(l, now, rnd() % 2 ? "broken" : NULL);
	else if (what < 86 && l != NULL)
		random_forget(l);
	else if (what < 90)
		random_host();
	else if (what < 95)
		configure(random_conf());
	else if (what < 97)
		random_restart();
	else if (what < 98)
		leases_settle(&ls, now);
	check_present(vm, what >= 45 && what < 70 ? ifn : NIFS);
	check_leases();
}

static void
test_random(void)
{
	int	 round, step, wrong = test_nwrong;

	for (round = 0; round < 150 && test_nwrong == wrong; round++) {
		now = started = 1000;
		begin(random_conf());
		for (step = 0; step < 400 && test_nwrong == wrong; step++)
			random_step();
		if (!CHECK(test_nwrong == wrong))
			printf("\tround %d, step %d\n", round, step);
		finish();
	}
	/* Every way was gone often. */
	CHECK(nclaims[FOUND] > 100 && nclaims[NEW] > 100 &&
	    nclaims[RECLAIMED] > 100 && nclaims[EVICTED] > 10 &&
	    nclaims[REFUSED] > 100);
}

/* --- many --------------------------------------------------------------- */

static void
nowhere(void *arg, enum lease_op op, const struct lease_record *r)
{
}

/* Restore and configure so many; the seconds of the processor. */
static double
many(uint32_t n)
{
	struct lease_record	 r;
	struct conf		*c = conf_new();
	struct conf_match	 m;
	struct lease_pool	*lp;
	struct lease		*l;
	clock_t			 begun;
	double			 spent;
	uint32_t		 i;

	memset(&r, 0, sizeof(r));
	strlcpy(r.pool, "lab", sizeof(r.pool));
	r.plen = 31;
	add_pool(c, "lab", "10.0.0.0/12", 31, 0);
	CHECK_INT(conf_check(c, report, NULL), 0);
	leases_init(&ls, nowhere, NULL);
	begun = clock();
	CHECK_INT(leases_configure(&ls, c), 0);
	for (i = 0; i < n; i++) {
		snprintf(r.vm, sizeof(r.vm), "vm%05u", i);
		r.subnet = addr("10.0.0.2") + 2 * i;
		r.guest = r.subnet + 1;
		r.since = i * 7919U % 65536;
		if (leases_restore(&ls, &r) == -1)
			break;
	}
	CHECK_INT(leases_configure(&ls, c), 0);
	spent = (double)(clock() - begun) / CLOCKS_PER_SEC;
	CHECK_INT(ls.count, n);
	lp = TAILQ_FIRST(&ls.pools);
	CHECK_INT(lp->nidle, n);
	i = 0;
	TAILQ_FOREACH(l, &lp->idle, idle)
		if (TAILQ_NEXT(l, idle) != NULL)
			i += l->since > TAILQ_NEXT(l, idle)->since;
	CHECK_INT(i, 0);
	conf_match(c, "vm00077", 0, &m);
	l = lease_claim(&ls, "vm00077", 0, &m, false, NULL, NULL, 1, &isnew,
	    reason, sizeof(reason));
	CHECK(l != NULL && l->guest == addr("10.0.0.3") + 2 * 77);
	leases_clear(&ls);
	conf_free(c);
	return spent;
}

/* --- between processes ------------------------------------------------------ */

static void
random_text(char *s, size_t size)
{
	size_t	 n = rnd() % size;

	memset(s, 0, size);
	while (n-- > 0)
		s[n] = 1 + rnd() % 255;
}

static void
random_record(struct lease_record *record)
{
	memset(record, 0, sizeof(*record));
	random_text(record->vm, sizeof(record->vm));
	random_text(record->pool, sizeof(record->pool));
	random_text(record->hostname, sizeof(record->hostname));
	record->subnet = rnd();
	record->guest = rnd();
	record->since = (int64_t)((uint64_t)rnd() << 32 | rnd());
	record->expires = (int64_t)((uint64_t)rnd() << 32 | rnd());
	record->ifn = rnd();
	record->plen = rnd();
	record->state = rnd();
	record->has_lladdr = rnd();
	record->lladdr[rnd() % LLADDR_LEN] = rnd();
}

/* What is packed comes out again, and no part of it is taken for a whole. */
static void
test_pack(void)
{
	struct lease_record	 in[50], out;
	struct ibuf		*buf, part;
	size_t			 i, len, cut;

	for (i = 0; i < 50; i++) {
		random_record(&in[i]);
		if (!CHECK((buf = ibuf_open(LEASE_MAXPACK)) != NULL))
			return;
		CHECK_INT(lease_pack(buf, &in[i]), 0);
		len = ibuf_size(buf);
		for (cut = 0; cut < len; cut++) {
			ibuf_from_buffer(&part, ibuf_data(buf), cut);
			CHECK_INT(lease_unpack(&part, &out), -1);
		}
		ibuf_free(buf);
	}
	if (!CHECK((buf = ibuf_open(50 * LEASE_MAXPACK)) != NULL))
		return;
	for (i = 0; i < 50; i++)
		CHECK_INT(lease_pack(buf, &in[i]), 0);
	for (i = 0; i < 50; i++) {
		CHECK_INT(lease_unpack(buf, &out), 0);
		CHECK_MEM(&out, &in[i], sizeof(out));
	}
	CHECK_INT(ibuf_size(buf), 0);
	ibuf_free(buf);
}

/* Texts that do not fit, or end before their end. */
static void
test_unpack_refused(void)
{
	struct lease_record	 record;
	struct ibuf		 buf;
	char			 bytes[LEASE_MAXPACK];
	size_t			 n;

	for (n = 0; n < 256; n++) {
		/* Behind the name that long, two of one letter. */
		memset(bytes, 'a', sizeof(bytes));
		bytes[0] = n;
		bytes[1 + n % (sizeof(bytes) - 2)] = 1;
		bytes[3 + n % (sizeof(bytes) - 4)] = 1;
		ibuf_from_buffer(&buf, bytes, sizeof(bytes));
		CHECK_INT(lease_unpack(&buf, &record),
		    n < VM_NAMELEN ? 0 : -1);
	}
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = 2;
	bytes[1] = 'a';
	ibuf_from_buffer(&buf, bytes, sizeof(bytes));
	CHECK_INT(lease_unpack(&buf, &record), -1);
}

/* Not quadratic: five times as many take far less than 25 times as long. */
static void
test_many(void)
{
	double	 few = 1e9, lots = 1e9, t;
	int	 i;

	for (i = 0; i < 3; i++) {
		if ((t = many(20000)) < few)
			few = t;
		if ((t = many(100000)) < lots)
			lots = t;
	}
	CHECK(lots < 15 * few + 0.05);
	/* A lease with a name of 8 bytes, and what malloc(3) adds. */
	CHECK(offsetof(struct lease, vm) + 8 + 16 < 150);
}

int
main(void)
{
	TEST(test_first());
	TEST(test_order());
	TEST(test_states());
	TEST(test_full());
	TEST(test_forget());
	TEST(test_blocked());
	TEST(test_reclaim_blocked());
	TEST(test_fixed());
	TEST(test_fixed_evicts());
	TEST(test_fixed_evicts_idle());
	TEST(test_fixed_moves_idle());
	TEST(test_fixed_guest());
	TEST(test_other_pool());
	TEST(test_pool_gone());
	TEST(test_no_pool());
	TEST(test_renamed());
	TEST(test_carved());
	TEST(test_excluded());
	TEST(test_rdomains());
	TEST(test_adopt());
	TEST(test_adopt_moved());
	TEST(test_restore());
	TEST(test_settle());
	TEST(test_random());
	TEST(test_pack());
	TEST(test_unpack_refused());
	TEST(test_many());
	return test_end("lease");
}

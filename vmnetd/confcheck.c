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


#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "pool.h"

#define MESSAGE_LEN	2048
#define PLACE_LEN	1200	/* what "file:line" takes of it at most */

/* The subnet that the address of a VM interface takes. */
struct claim {
	const struct conf_pool	*pool;
	const struct conf_vm	*vm;
	const struct conf_vmif	*vmif;		/* that says the address */
	uint8_t			 index;		/* of the interface */
	uint32_t		 subnet;
	const char		*why;		/* it cannot be, or NULL */
	const struct conf_vmif	*taken;		/* by this earlier one */
};

/* An outside port that is to lead to a VM interface. */
struct outside {
	const struct conf_forward *forward;
	size_t			 order;		/* in the file */
	const struct conf_forward *clash;	/* with this earlier one */
	size_t			 clash_order;
};

struct check {
	struct conf		*conf;
	conf_report		*report;
	void			*arg;
	int			 mistakes;
	struct claim		*claims;
	size_t			 nclaims;
	size_t			 size;
};

static void		 wrong(struct check *, const struct conf_where *, int,
			    const char *, ...)
			    __attribute__((__format__ (printf, 4, 5)));
static void		 check_pools(struct check *);
static void		 check_pool(struct check *, const struct conf_pool *);
static void		 check_pool_pair(struct check *,
			    const struct conf_pool *, const struct conf_pool *);
static void		 check_default(struct check *);
static void		 check_vms(struct check *);
static void		 check_vm(struct check *, struct conf_vm *);
static void		 check_ifs(struct check *, struct conf_vm *);
static void		 check_ignore(struct check *, const struct conf_vm *,
			    const struct conf_vmif *);
static bool		 dhcp_said(const struct dhcp_conf *);
static void		 resolve(struct check *, struct conf_vmif *);
static void		 check_ignored_forwards(struct check *,
			    const struct conf_vm *);
static void		 claim_all(struct check *, struct conf_vm *);
static void		 claim(struct check *, const struct conf_vm *,
			    const struct conf_vmif *, uint8_t);
static void		 add_claim(struct check *, const struct claim *);
static int		 claim_cmp(const void *, const void *);
static int		 claim_order(const void *, const void *);
static void		 check_claims(struct check *);
static void		 report_claim(struct check *, const struct claim *);
static void		 check_forwards(struct check *);
static size_t		 list_forwards(const struct conf *, struct outside *);
static size_t		 list_vmif(const struct conf_vmif *, struct outside *,
			    size_t);
static void		 find_clashes(struct outside *, size_t);
static int		 outside_cmp(const void *, const void *);
static int		 outside_order(const void *, const void *);
static const char	*unfit(const struct claim *, const struct pool *);
static const char	*unleasable(const struct conf_pool *,
			    const struct prefix *);

/* Report a mistake; what came from another process has no place. */
static void
wrong(struct check *c, const struct conf_where *where, int line,
    const char *fmt, ...)
{
	char	 message[MESSAGE_LEN];
	va_list	 ap;
	int	 len = 0;

	if (where->file != NULL)
		len = snprintf(message, sizeof(message), "%.*s:%d: ",
		    PLACE_LEN, where->file, line);
	va_start(ap, fmt);
	vsnprintf(message + len, sizeof(message) - (size_t)len, fmt, ap);
	va_end(ap);
	c->report(c->arg, message);
	c->mistakes++;
}

int
conf_check(struct conf *conf, conf_report *report, void *arg)
{
	struct check	 c = { .conf = conf, .report = report, .arg = arg };

	check_pools(&c);
	check_default(&c);
	check_vms(&c);
	check_claims(&c);
	check_forwards(&c);
	free(c.claims);
	return c.mistakes;
}

static void
check_pools(struct check *c)
{
	const struct conf_pool	*pool, *earlier;

	TAILQ_FOREACH(pool, &c->conf->pools, entry) {
		check_pool(c, pool);
		TAILQ_FOREACH(earlier, &c->conf->pools, entry) {
			if (earlier == pool)
				break;
			check_pool_pair(c, pool, earlier);
		}
	}
}

static void
check_pool(struct check *c, const struct conf_pool *pool)
{
	struct pool	*p;

	if (pool->subnet == 0) {
		if (!pool->broken)
			wrong(c, &pool->where, pool->where.line,
			    "pool \"%s\" has no addresses, should have: "
			    "inet PREFIX", pool->name);
		return;
	}
	p = pool_new(&pool->inet, pool->subnet, pool->exclude, pool->nexclude);
	if (p == NULL)
		wrong(c, &pool->where, pool->where.line, "out of memory");
	else if (pool_size(p) == 0)
		wrong(c, &pool->where, pool->where.line,
		    "pool \"%s\" has no subnet to give: no /%u of %s is "
		    "usable and free of excluded addresses", pool->name,
		    pool->subnet, prefix_ntoa(&pool->inet));
	pool_free(p);
}

static void
check_pool_pair(struct check *c, const struct conf_pool *pool,
    const struct conf_pool *earlier)
{
	if (pool->name[0] != '\0' && strcmp(pool->name, earlier->name) == 0)
		wrong(c, &pool->where, pool->where.line,
		    "pool \"%s\" is already defined (%s:%d)", pool->name,
		    earlier->where.file, earlier->where.line);
	if (pool->subnet != 0 && earlier->subnet != 0 &&
	    pool->rdomain == earlier->rdomain &&
	    prefix_overlaps(&pool->inet, &earlier->inet))
		wrong(c, &pool->where, pool->where.line,
		    "pool \"%s\": %s overlaps %s of pool \"%s\" (%s:%d) in "
		    "rdomain %u", pool->name, prefix_ntoa(&pool->inet),
		    prefix_ntoa(&earlier->inet), earlier->name,
		    earlier->where.file, earlier->where.line, pool->rdomain);
}

static void
check_default(struct check *c)
{
	struct conf	*conf = c->conf;

	conf->default_pool = NULL;
	if (conf->default_poolname[0] != '\0') {
		conf->default_pool = conf_find_pool(conf,
		    conf->default_poolname);
		if (conf->default_pool == NULL && !conf->broken)
			wrong(c, &conf->default_where,
			    conf->default_where.line,
			    "default pool \"%s\" is not defined",
			    conf->default_poolname);
	} else if (TAILQ_FIRST(&conf->pools) ==
	    TAILQ_LAST(&conf->pools, conf_pools))
		conf->default_pool = TAILQ_FIRST(&conf->pools);
}

static void
check_vms(struct check *c)
{
	struct conf_vm	*vm, *earlier;

	TAILQ_INIT(&c->conf->patterns);
	RB_INIT(&c->conf->tree);
	TAILQ_FOREACH(vm, &c->conf->vms, entry) {
		check_vm(c, vm);
		if (vm->pattern[0] == '\0')
			continue;
		earlier = RB_INSERT(conf_vm_tree, &c->conf->tree, vm);
		if (earlier != NULL)
			wrong(c, &vm->all.where, vm->all.where.line,
			    "vm \"%s\" is already defined (%s:%d)",
			    vm->pattern, earlier->all.where.file,
			    earlier->all.where.line);
		else if (conf_has_wildcards(vm->pattern))
			TAILQ_INSERT_TAIL(&c->conf->patterns, vm, wild);
	}
}

static void
check_vm(struct check *c, struct conf_vm *vm)
{
	struct conf_vmif	*vmif;

	resolve(c, &vm->all);
	check_ignore(c, vm, &vm->all);
	check_ifs(c, vm);
	check_ignored_forwards(c, vm);
	if (!conf_has_wildcards(vm->pattern)) {
		claim_all(c, vm);
		return;
	}
	if (vm->all.address != 0)
		wrong(c, &vm->all.where, vm->all.address_line,
		    "address %s: only a vm without wildcards can have one, "
		    "\"%s\" may be several", addr_ntoa(vm->all.address),
		    vm->pattern);
	TAILQ_FOREACH(vmif, &vm->ifs, entry)
		if (vmif->address != 0)
			wrong(c, &vmif->where, vmif->address_line,
			    "address %s: only a vm without wildcards can have "
			    "one, \"%s\" may be several",
			    addr_ntoa(vmif->address), vm->pattern);
}

static void
check_ifs(struct check *c, struct conf_vm *vm)
{
	struct conf_vmif	*vmif;
	const struct conf_vmif	*seen[VMIF_MAX + 1];

	if (TAILQ_EMPTY(&vm->ifs))
		return;
	memset(seen, 0, sizeof(seen));
	TAILQ_FOREACH(vmif, &vm->ifs, entry) {
		resolve(c, vmif);
		check_ignore(c, vm, vmif);
		if (vmif->broken)
			continue;
		if (seen[vmif->index] != NULL)
			wrong(c, &vmif->where, vmif->where.line,
			    "interface %u of vm \"%s\" is already defined "
			    "(%s:%d)", vmif->index, vm->pattern,
			    seen[vmif->index]->where.file,
			    seen[vmif->index]->where.line);
		seen[vmif->index] = vmif;
	}
}

/* What is left alone has nothing to be told. */
static void
check_ignore(struct check *c, const struct conf_vm *vm,
    const struct conf_vmif *vmif)
{
	if (!vmif->ignore)
		return;
	if (vmif->poolname[0] != '\0' || vmif->address != 0 ||
	    vmif->hostname[0] != '\0' || dhcp_said(&vmif->dhcp) ||
	    vmif->nforward != 0 || vmif->nrules != 0 ||
	    (vmif == &vm->all && !TAILQ_EMPTY(&vm->ifs)))
		wrong(c, &vmif->where, vmif->where.line,
		    "vm \"%s\": nothing else can be said beside ignore",
		    vm->pattern);
}

static bool
dhcp_said(const struct dhcp_conf *dhcp)
{
	return dhcp->lease_time != 0 || dhcp->mtu != 0 ||
	    dhcp->nnameserver != 0 || dhcp->domain != NULL ||
	    dhcp->nsearch != 0 || dhcp->nntp != 0 || dhcp->nroute != 0 ||
	    dhcp->has_boot_server || dhcp->boot_file != NULL ||
	    dhcp->noption != 0;
}

static void
resolve(struct check *c, struct conf_vmif *vmif)
{
	vmif->pool = NULL;
	if (vmif->poolname[0] == '\0')
		return;
	vmif->pool = conf_find_pool(c->conf, vmif->poolname);
	if (vmif->pool == NULL && !c->conf->broken)
		wrong(c, &vmif->where, vmif->pool_line,
		    "pool \"%s\" is not defined", vmif->poolname);
}

/* What comes from outside for an interface that is left alone gets nowhere. */
static void
check_ignored_forwards(struct check *c, const struct conf_vm *vm)
{
	const struct conf_forward	*f = vm->all.forward;
	const struct conf_vmif		*vmif;

	TAILQ_FOREACH(vmif, &vm->ifs, entry)
		if (vmif->index == 0 && vmif->ignore && !vmif->broken &&
		    vm->all.nforward > 0)
			wrong(c, &f->where, f->where.line,
			    "forward is to interface 0, which is to be "
			    "ignored (%s:%d)", vmif->where.file,
			    vmif->where.line);
}

/* The addresses that apply: those of interfaces go before the vm's own. */
static void
claim_all(struct check *c, struct conf_vm *vm)
{
	const struct conf_vmif	*vmif;
	bool			 own = vm->all.address != 0;

	TAILQ_FOREACH(vmif, &vm->ifs, entry) {
		if (vmif->index == 0 && vmif->ignore && own)
			wrong(c, &vm->all.where, vm->all.address_line,
			    "address %s is that of interface 0, which is to "
			    "be ignored (%s:%d)", addr_ntoa(vm->all.address),
			    vmif->where.file, vmif->where.line);
		if (vmif->index == 0 && (vmif->ignore || vmif->address != 0))
			own = false;
		if (vmif->address != 0)
			claim(c, vm, vmif, vmif->index);
	}
	if (own)
		claim(c, vm, &vm->all, 0);
}

/* Note the subnet for check_claims, or say why there can be none. */
static void
claim(struct check *c, const struct conf_vm *vm, const struct conf_vmif *said,
    uint8_t index)
{
	const struct conf_vmif	*vmif, *pooled = &vm->all;
	const struct conf_pool	*pool;
	struct prefix		 subnet = { .addr = said->address };

	TAILQ_FOREACH(vmif, &vm->ifs, entry)
		if (vmif->index == index && vmif->poolname[0] != '\0')
			pooled = vmif;
	pool = pooled->pool;
	if (pooled->poolname[0] == '\0')
		pool = c->conf->default_pool;
	if (pool == NULL) {
		/* A pool that is not defined has been reported. */
		if (pooled->poolname[0] == '\0' && !c->conf->broken &&
		    c->conf->default_poolname[0] == '\0' && !pooled->broken)
			wrong(c, &said->where, said->address_line,
			    "address %s of vm \"%s\": no pool applies, "
			    "should have: pool \"NAME\"",
			    addr_ntoa(said->address), vm->pattern);
		return;
	}
	if (pool->subnet == 0 || pooled->broken || said->broken)
		return;
	subnet.len = pool->subnet;
	add_claim(c, &(struct claim){ .pool = pool, .vm = vm, .vmif = said,
	    .index = index, .subnet = prefix_first(&subnet) });
}

static void
add_claim(struct check *c, const struct claim *new)
{
	struct claim	*claims;
	size_t		 size;

	if (c->nclaims == c->size) {
		size = c->size == 0 ? 64 : c->size * 2;
		claims = reallocarray(c->claims, size, sizeof(*claims));
		if (claims == NULL) {
			wrong(c, &new->vmif->where, new->vmif->address_line,
			    "out of memory");
			return;
		}
		c->claims = claims;
		c->size = size;
	}
	c->claims[c->nclaims++] = *new;
}

/* By pool and subnet; what was said first comes first. */
static int
claim_cmp(const void *va, const void *vb)
{
	const struct claim	*a = va, *b = vb;

	if (a->pool != b->pool)
		return (uintptr_t)a->pool < (uintptr_t)b->pool ? -1 : 1;
	if (a->subnet != b->subnet)
		return a->subnet < b->subnet ? -1 : 1;
	return claim_order(va, vb);
}

static int
claim_order(const void *va, const void *vb)
{
	const struct claim	*a = va, *b = vb;

	if (a->vm->order != b->vm->order)
		return a->vm->order < b->vm->order ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

/*
 * Find what is wrong pool by pool and in the order of addresses, but report
 * it in that of the file.
 */
static void
check_claims(struct check *c)
{
	struct claim	*claim, *holder = NULL;
	struct pool	*pool = NULL;
	size_t		 i;

	if (c->nclaims == 0)
		return;
	qsort(c->claims, c->nclaims, sizeof(c->claims[0]), claim_cmp);
	for (i = 0; i < c->nclaims; i++) {
		claim = &c->claims[i];
		if (i == 0 || claim[-1].pool != claim->pool) {
			pool_free(pool);
			pool = pool_new(&claim->pool->inet,
			    claim->pool->subnet, claim->pool->exclude,
			    claim->pool->nexclude);
		}
		if (pool != NULL)
			claim->why = unfit(claim, pool);
		if (claim->why != NULL)
			continue;
		if (holder != NULL && holder->pool == claim->pool &&
		    holder->subnet == claim->subnet)
			claim->taken = holder->vmif;
		else
			holder = claim;
	}
	pool_free(pool);
	qsort(c->claims, c->nclaims, sizeof(c->claims[0]), claim_order);
	for (i = 0; i < c->nclaims; i++)
		report_claim(c, &c->claims[i]);
}

static void
report_claim(struct check *c, const struct claim *claim)
{
	const struct conf_vmif	*vmif = claim->vmif;

	if (claim->why != NULL)
		wrong(c, &vmif->where, vmif->address_line, "address %s: %s %s "
		    "of pool \"%s\"", addr_ntoa(vmif->address), claim->why,
		    prefix_ntoa(&claim->pool->inet), claim->pool->name);
	else if (claim->taken != NULL)
		wrong(c, &vmif->where, vmif->address_line, "address %s: its "
		    "subnet is already that of address %s (%s:%d)",
		    addr_ntoa(vmif->address), addr_ntoa(claim->taken->address),
		    claim->taken->where.file, claim->taken->address_line);
}

/*
 * Two forwards that would take the same packet, be they of one vm or of two.
 * Found in the order of ports, but reported in that of the file.
 */
static void
check_forwards(struct check *c)
{
	const struct conf_forward	*f;
	struct outside			*ports;
	size_t				 i, n;

	if ((n = list_forwards(c->conf, NULL)) == 0)
		return;
	if ((ports = calloc(n, sizeof(*ports))) == NULL) {
		wrong(c, &(struct conf_where){ NULL, 0 }, 0, "out of memory");
		return;
	}
	list_forwards(c->conf, ports);
	qsort(ports, n, sizeof(ports[0]), outside_cmp);
	find_clashes(ports, n);
	qsort(ports, n, sizeof(ports[0]), outside_order);
	for (i = 0; i < n; i++) {
		if (ports[i].clash == NULL)
			continue;
		f = ports[i].forward;
		wrong(c, &f->where, f->where.line, "forward of port %u%s "
		    "clashes with that of %s:%d", f->first,
		    f->first == f->last ? "" : " and up",
		    ports[i].clash->where.file, ports[i].clash->where.line);
	}
	free(ports);
}

/* Into the array, if there is one; their number. */
static size_t
list_forwards(const struct conf *conf, struct outside *ports)
{
	const struct conf_vm	*vm;
	const struct conf_vmif	*vmif;
	size_t			 n = 0;

	TAILQ_FOREACH(vm, &conf->vms, entry) {
		n = list_vmif(&vm->all, ports, n);
		TAILQ_FOREACH(vmif, &vm->ifs, entry)
			n = list_vmif(vmif, ports, n);
	}
	return n;
}

static size_t
list_vmif(const struct conf_vmif *vmif, struct outside *ports, size_t n)
{
	size_t	 i;

	for (i = 0; i < vmif->nforward; i++, n++)
		if (ports != NULL) {
			ports[n].forward = &vmif->forward[i];
			ports[n].order = n;
		}
	return n;
}

/* For each, the first in the file that it clashes with. */
static void
find_clashes(struct outside *ports, size_t n)
{
	struct outside	*earlier, *later;
	size_t		 i, j;

	for (i = 0; i < n; i++)
		for (j = i + 1; j < n &&
		    ports[j].forward->first <= ports[i].forward->last; j++) {
			if (!conf_forwards_clash(ports[i].forward,
			    ports[j].forward))
				continue;
			earlier = &ports[i];
			later = &ports[j];
			if (later->order < earlier->order) {
				earlier = &ports[j];
				later = &ports[i];
			}
			if (later->clash != NULL &&
			    later->clash_order <= earlier->order)
				continue;
			later->clash = earlier->forward;
			later->clash_order = earlier->order;
		}
}

static int
outside_cmp(const void *va, const void *vb)
{
	const struct outside	*a = va, *b = vb;

	if (a->forward->first != b->forward->first)
		return a->forward->first < b->forward->first ? -1 : 1;
	return outside_order(va, vb);
}

static int
outside_order(const void *va, const void *vb)
{
	const struct outside	*a = va, *b = vb;

	return a->order < b->order ? -1 : a->order > b->order;
}

/* Why a guest cannot have this address of the pool, NULL if it can. */
static const char *
unfit(const struct claim *claim, const struct pool *pool)
{
	struct prefix	 subnet = { claim->subnet, claim->pool->subnet };
	uint32_t	 addr = claim->vmif->address;

	if (!prefix_contains(&claim->pool->inet, addr))
		return "it is outside of";
	if (!pool_contains(pool, &subnet))
		return unleasable(claim->pool, &subnet);
	if (addr == subnet_host(&subnet))
		return "it is the host address of its subnet in";
	if (!subnet_usable(&subnet, addr))
		return "it is the network or broadcast address of its "
		    "subnet in";
	return NULL;
}

static const char *
unleasable(const struct conf_pool *pool, const struct prefix *subnet)
{
	size_t	 i;

	for (i = 0; i < pool->nexclude; i++)
		if (pool->exclude[i].first <= prefix_last(subnet) &&
		    pool->exclude[i].last >= prefix_first(subnet))
			return "its subnet holds an excluded address of";
	return "its subnet holds the network or broadcast address of";
}

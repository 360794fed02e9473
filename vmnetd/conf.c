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

#include <fnmatch.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "dhcp.h"

#define DESCR_LEN	63	/* the most that an interface can hold */

static void		 vmif_clear(struct conf_vmif *);
static void		 strings_free(char **, size_t);
static bool		 is_alnum(char);
static const char	*parse_number(const char *, uint32_t, uint32_t *);
static const struct conf_vm *
			 find_vm(const struct conf *, const char *);
static const struct conf_vmif *
			 find_vmif(const struct conf_vm *, uint8_t);
static void		 match_vmif(struct conf_match *,
			    const struct conf_vmif *, bool);
static uint32_t		 match_via(const struct conf_match *);
static void		 match_rules(struct conf_match *, size_t,
			    char *const *, size_t);
static int		 conf_vm_cmp(const struct conf_vm *,
			    const struct conf_vm *);

struct conf *
conf_new(void)
{
	struct conf	*conf;

	if ((conf = calloc(1, sizeof(*conf))) == NULL)
		return NULL;
	TAILQ_INIT(&conf->pools);
	TAILQ_INIT(&conf->vms);
	TAILQ_INIT(&conf->patterns);
	TAILQ_INIT(&conf->rules);
	RB_INIT(&conf->tree);
	strlcpy(conf->anchor, ANCHOR_DEFAULT, sizeof(conf->anchor));
	return conf;
}

void
conf_free(struct conf *conf)
{
	struct conf_pool	*pool;
	struct conf_vm		*vm;
	struct conf_rules	*rules;

	if (conf == NULL)
		return;
	while ((pool = TAILQ_FIRST(&conf->pools)) != NULL)
		conf_remove_pool(conf, pool);
	while ((vm = TAILQ_FIRST(&conf->vms)) != NULL)
		conf_remove_vm(conf, vm);
	while ((rules = TAILQ_FIRST(&conf->rules)) != NULL) {
		TAILQ_REMOVE(&conf->rules, rules, entry);
		free(rules->path);
		free(rules->text);
		free(rules);
	}
	free(conf->socket_group);
	free(conf->default_where.file);
	free(conf);
}

struct conf_pool *
conf_add_pool(struct conf *conf)
{
	struct conf_pool	*pool;

	if ((pool = calloc(1, sizeof(*pool))) == NULL)
		return NULL;
	TAILQ_INSERT_TAIL(&conf->pools, pool, entry);
	return pool;
}

struct conf_vm *
conf_add_vm(struct conf *conf)
{
	struct conf_vm	*vm, *last;

	if ((vm = calloc(1, sizeof(*vm))) == NULL)
		return NULL;
	TAILQ_INIT(&vm->ifs);
	if ((last = TAILQ_LAST(&conf->vms, conf_vms)) != NULL)
		vm->order = last->order + 1;
	TAILQ_INSERT_TAIL(&conf->vms, vm, entry);
	return vm;
}

struct conf_vmif *
conf_add_vmif(struct conf_vm *vm)
{
	struct conf_vmif	*vmif;

	if ((vmif = calloc(1, sizeof(*vmif))) == NULL)
		return NULL;
	TAILQ_INSERT_TAIL(&vm->ifs, vmif, entry);
	return vmif;
}

/* Only before conf_check has made references to it, or at the very end. */
void
conf_remove_pool(struct conf *conf, struct conf_pool *pool)
{
	TAILQ_REMOVE(&conf->pools, pool, entry);
	dhcp_conf_clear(&pool->dhcp);
	free(pool->exclude);
	free(pool->nat);
	strings_free(pool->rules, pool->nrules);
	free(pool->where.file);
	free(pool);
}

/* The same. */
void
conf_remove_vm(struct conf *conf, struct conf_vm *vm)
{
	struct conf_vmif	*vmif;

	TAILQ_REMOVE(&conf->vms, vm, entry);
	while ((vmif = TAILQ_FIRST(&vm->ifs)) != NULL) {
		TAILQ_REMOVE(&vm->ifs, vmif, entry);
		vmif_clear(vmif);
		free(vmif);
	}
	vmif_clear(&vm->all);
	free(vm);
}

static void
vmif_clear(struct conf_vmif *vmif)
{
	size_t	 i;

	dhcp_conf_clear(&vmif->dhcp);
	for (i = 0; i < vmif->nforward; i++)
		free(vmif->forward[i].where.file);
	free(vmif->forward);
	strings_free(vmif->rules, vmif->nrules);
	free(vmif->where.file);
}

static void
strings_free(char **strings, size_t n)
{
	while (n > 0)
		free(strings[--n]);
	free(strings);
}

struct conf_rules *
conf_add_rules(struct conf *conf, const char *path, const char *text)
{
	struct conf_rules	*rules;

	if ((rules = calloc(1, sizeof(*rules))) == NULL)
		return NULL;
	rules->path = strdup(path);
	rules->text = strdup(text);
	if (rules->path == NULL || rules->text == NULL) {
		free(rules->path);
		free(rules->text);
		free(rules);
		return NULL;
	}
	rules->len = rules->received = strlen(text);
	TAILQ_INSERT_TAIL(&conf->rules, rules, entry);
	return rules;
}

const struct conf_rules *
conf_find_rules(const struct conf *conf, const char *path)
{
	const struct conf_rules	*rules;

	TAILQ_FOREACH(rules, &conf->rules, entry)
		if (strcmp(rules->path, path) == 0)
			return rules->received == rules->len ? rules : NULL;
	return NULL;
}

void
dhcp_conf_clear(struct dhcp_conf *dhcp)
{
	size_t	 i;

	free(dhcp->nameserver);
	free(dhcp->domain);
	for (i = 0; i < dhcp->nsearch; i++)
		free(dhcp->search[i]);
	free(dhcp->search);
	free(dhcp->ntp);
	free(dhcp->route);
	free(dhcp->boot_file);
	for (i = 0; i < dhcp->noption; i++)
		free(dhcp->option[i].data);
	free(dhcp->option);
	memset(dhcp, 0, sizeof(*dhcp));
}

struct conf_pool *
conf_find_pool(const struct conf *conf, const char *name)
{
	struct conf_pool	*pool;

	TAILQ_FOREACH(pool, &conf->pools, entry)
		if (strcmp(pool->name, name) == 0)
			return pool;
	return NULL;
}

/* Whatever the locale. */
static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

bool
conf_valid_poolname(const char *name)
{
	size_t	 i;

	for (i = 0; name[i] != '\0'; i++)
		if (!is_alnum(name[i]) && name[i] != '-' && name[i] != '_')
			return false;
	return i > 0 && i < POOL_NAMELEN;
}

bool
conf_valid_vmname(const char *name)
{
	size_t	 i;

	if (name[0] == '-' || name[0] == '.' || name[0] == '_')
		return false;
	for (i = 0; name[i] != '\0'; i++)
		if (!is_alnum(name[i]) && strchr("-._", name[i]) == NULL)
			return false;
	return i > 0 && i < VM_NAMELEN;
}

bool
conf_valid_hostname(const char *name)
{
	size_t	 i;

	for (i = 0; name[i] != '\0'; i++)
		if (!is_alnum(name[i]) && name[i] != '-')
			return false;
	return i > 0 && i < HOSTNAME_LEN && name[0] != '-' &&
	    name[i - 1] != '-';
}

/* Labels as they occur: RFC 1123 and the underscore. */
bool
conf_valid_domain(const char *name)
{
	size_t	 i, label = 0;

	for (i = 0; name[i] != '\0'; i++) {
		if (name[i] == '.') {
			if (label == 0 || name[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!is_alnum(name[i]) && name[i] != '_' &&
		    (name[i] != '-' || label == 0))
			return false;
		if (++label > 63)
			return false;
	}
	return label > 0 && i < DOMAIN_LEN && name[i - 1] != '-';
}

bool
conf_valid_group(const char *name)
{
	size_t	 i;

	for (i = 0; name[i] != '\0'; i++)
		if (!is_alnum(name[i]) && strchr("-._", name[i]) == NULL)
			return false;
	return i > 0 && i < GROUP_NAMELEN && name[0] != '-';
}

bool
conf_has_wildcards(const char *pattern)
{
	return strpbrk(pattern, "*?[\\") != NULL;
}

/* Whatever could match the name of a VM. */
bool
conf_valid_pattern(const char *pattern)
{
	size_t	 i;

	if (!conf_has_wildcards(pattern))
		return conf_valid_vmname(pattern);
	for (i = 0; pattern[i] != '\0'; i++)
		if (!is_alnum(pattern[i]) &&
		    strchr("-._*?[]!^:\\", pattern[i]) == NULL)
			return false;
	return i < VM_NAMELEN;
}

/* For pf(4), which keeps names with a _ first, and for nft(8). */
bool
conf_valid_anchor(const char *name)
{
	size_t	 i;

	if (name[0] >= '0' && name[0] <= '9')
		return false;
	for (i = 0; name[i] != '\0'; i++)
		if (!is_alnum(name[i]) &&
		    (i == 0 || strchr("-._", name[i]) == NULL))
			return false;
	return i > 0 && i < ANCHOR_NAMELEN;
}

/* Of an interface, or of a group of interfaces but egress. */
bool
conf_valid_ifname(const char *name)
{
	size_t	 i;

	if (strcmp(name, "egress") == 0)
		return false;
	for (i = 0; name[i] != '\0'; i++)
		if (!is_alnum(name[i]) &&
		    (i == 0 || strchr("-._", name[i]) == NULL))
			return false;
	return i > 0 && i < IF_NAMESIZE;
}

bool
conf_valid_outside(uint32_t addr)
{
	return conf_valid_host(addr) && addr >> 24 != 127;
}

bool
conf_valid_forward(const struct conf_forward *f)
{
	return (f->tcp || f->udp) && f->first != 0 && f->first <= f->last &&
	    f->to != 0 && (!f->to_range ||
	    f->last - f->first <= UINT16_MAX - f->to) &&
	    (f->ifname[0] == '\0' || conf_valid_ifname(f->ifname)) &&
	    f->from.len <= 32 && f->from.addr == prefix_first(&f->from) &&
	    (f->address == 0 || conf_valid_outside(f->address));
}

bool
conf_forwards_clash(const struct conf_forward *a, const struct conf_forward *b)
{
	if ((!a->tcp || !b->tcp) && (!a->udp || !b->udp))
		return false;
	if (a->last < b->first || b->last < a->first ||
	    !prefix_overlaps(&a->from, &b->from))
		return false;
	if (a->ifname[0] != '\0' && b->ifname[0] != '\0' &&
	    strcmp(a->ifname, b->ifname) != 0)
		return false;
	return a->address == 0 || b->address == 0 || a->address == b->address;
}

/* Neither 0.0.0.0/8 nor multicast, reserved and broadcast. */
bool
conf_valid_host(uint32_t addr)
{
	return addr >> 24 != 0 && addr < 0xe0000000U;
}

bool
conf_valid_inet(const struct prefix *inet, uint8_t subnet)
{
	const struct prefix	 loopback = { 0x7f000000U, 8 };

	return inet->len <= subnet && subnet <= 31 &&
	    inet->addr == prefix_first(inet) &&
	    conf_valid_host(inet->addr) &&
	    conf_valid_host(prefix_last(inet)) &&
	    !prefix_overlaps(inet, &loopback);
}

bool
conf_valid_option(uint8_t code)
{
	static const uint8_t	 ours[] = {
		DHO_PAD, DHO_SUBNET_MASK, DHO_ROUTER, DHO_NAME_SERVER,
		DHO_HOST_NAME, DHO_DOMAIN_NAME, DHO_MTU, DHO_NTP,
		DHO_REQUESTED_ADDR, DHO_LEASE_TIME, DHO_OVERLOAD,
		DHO_MESSAGE_TYPE, DHO_SERVER_ID, DHO_PARAM_LIST, DHO_MESSAGE,
		DHO_MAX_SIZE, DHO_RENEWAL_TIME, DHO_REBINDING_TIME,
		DHO_CLIENT_ID, DHO_TFTP_SERVER, DHO_BOOT_FILE, DHO_RELAY_INFO,
		DHO_DOMAIN_SEARCH, DHO_CLASSLESS_ROUTE, DHO_END
	};

	return memchr(ours, code, sizeof(ours)) == NULL;
}

/* A decimal number as printf's %u writes it; NULL if it is none. */
static const char *
parse_number(const char *p, uint32_t max, uint32_t *number)
{
	uint64_t	 n = 0;
	const char	*start = p;

	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (uint64_t)(*p - '0');
		if (n > max)
			return NULL;
	}
	if (p == start || (*start == '0' && p - start > 1))
		return NULL;
	*number = (uint32_t)n;
	return p;
}

int
conf_parse_descr(const char *descr, char *name, uint8_t *index, bool *cut)
{
	const char	*p = descr;
	uint32_t	 id, ifn;

	if (strncmp(p, "vm", 2) != 0 ||
	    (p = parse_number(p + 2, UINT32_MAX, &id)) == NULL ||
	    strncmp(p, "-if", 3) != 0 ||
	    (p = parse_number(p + 3, VMIF_MAX, &ifn)) == NULL ||
	    *p++ != '-' || !conf_valid_vmname(p))
		return -1;
	strlcpy(name, p, VM_NAMELEN);
	*index = (uint8_t)ifn;
	*cut = strlen(descr) == DESCR_LEN;
	return 0;
}

static int
conf_vm_cmp(const struct conf_vm *a, const struct conf_vm *b)
{
	return strcmp(a->pattern, b->pattern);
}

RB_GENERATE(conf_vm_tree, conf_vm, node, conf_vm_cmp);

/*
 * The first block that matches: a name is looked up in the tree, only the
 * patterns that come before what was found there are tried.
 */
static const struct conf_vm *
find_vm(const struct conf *conf, const char *name)
{
	struct conf_vm		 key;
	struct conf_vm_tree	 tree = conf->tree;
	const struct conf_vm	*literal = NULL, *vm;

	if (strlcpy(key.pattern, name, sizeof(key.pattern)) <
	    sizeof(key.pattern))
		literal = RB_FIND(conf_vm_tree, &tree, &key);
	TAILQ_FOREACH(vm, &conf->patterns, wild) {
		if (literal != NULL && literal->order < vm->order)
			break;
		if (fnmatch(vm->pattern, name, 0) == 0)
			return vm;
	}
	return literal;
}

static const struct conf_vmif *
find_vmif(const struct conf_vm *vm, uint8_t index)
{
	const struct conf_vmif	*vmif;

	TAILQ_FOREACH(vmif, &vm->ifs, entry)
		if (vmif->index == index)
			return vmif;
	return NULL;
}

/* Take what a block says unless a more specific one has said it. */
static void
match_vmif(struct conf_match *match, const struct conf_vmif *vmif,
    bool addressed)
{
	match->ignore = match->ignore || vmif->ignore;
	if (match->pool == NULL)
		match->pool = vmif->pool;
	if (addressed && match->address == 0)
		match->address = vmif->address;
	if (addressed && match->hostname == NULL && vmif->hostname[0] != '\0')
		match->hostname = vmif->hostname;
	if (addressed && match->nforward == 0) {
		match->forward = vmif->forward;
		match->nforward = vmif->nforward;
	}
	match->dhcp[match->ndhcp++] = &vmif->dhcp;
}

/* The most specific one that names any says which. */
static uint32_t
match_via(const struct conf_match *match)
{
	size_t	 i;

	for (i = 0; i < match->ndhcp; i++)
		if (match->dhcp[i]->nnameserver > 0)
			return match->dhcp[i]->nameserver_via;
	return 0;
}

static void
match_rules(struct conf_match *match, size_t level, char *const *rules,
    size_t n)
{
	match->rules[level] = rules;
	match->nrules[level] = n;
}

void
conf_match(const struct conf *conf, const char *name, uint8_t index,
    struct conf_match *match)
{
	const struct conf_vm	*vm;
	const struct conf_vmif	*vmif;

	memset(match, 0, sizeof(*match));
	if ((vm = find_vm(conf, name)) != NULL) {
		if ((vmif = find_vmif(vm, index)) != NULL) {
			match_vmif(match, vmif, true);
			match_rules(match, 2, vmif->rules, vmif->nrules);
		}
		match_vmif(match, &vm->all, index == 0);
		match_rules(match, 1, vm->all.rules, vm->all.nrules);
	}
	if (match->pool == NULL)
		match->pool = conf->default_pool;
	if (match->pool != NULL) {
		match->dhcp[match->ndhcp++] = &match->pool->dhcp;
		match_rules(match, 0, match->pool->rules, match->pool->nrules);
	}
	match->nameserver_via = match_via(match);
}

static bool
reserves(const struct conf_vmif *vi, const struct conf_pool *its,
    const struct conf_pool *cp, const struct prefix *subnet)
{
	return vi->address != 0 && its == cp &&
	    prefix_contains(subnet, vi->address);
}

/* As conf_match() does: an address for all means interface 0. */
bool
conf_reserved(const struct conf *conf, const struct conf_pool *cp,
    const struct prefix *subnet)
{
	const struct conf_vm	*vm;
	const struct conf_vmif	*vi;
	const struct conf_pool	*all, *first, *its;
	bool			 own;

	TAILQ_FOREACH(vm, &conf->vms, entry) {
		all = vm->all.pool != NULL ? vm->all.pool :
		    conf->default_pool;
		first = all;
		own = false;
		TAILQ_FOREACH(vi, &vm->ifs, entry) {
			its = vi->pool != NULL ? vi->pool : all;
			if (reserves(vi, its, cp, subnet))
				return true;
			if (vi->index == 0) {
				first = its;
				own = vi->address != 0;
			}
		}
		if (!own && reserves(&vm->all, first, cp, subnet))
			return true;
	}
	return false;
}

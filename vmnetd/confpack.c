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
#include <sys/uio.h>

#include <imsg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define PACK_START	256	/* most blocks need less */

/* Limits that only hold for bytes: what the size of a block allows. */
#define EXCLUDE_MAX	(CONF_MAXPACK / 8)
#define OPTION_MAX	255
#define NAT_MAX		(CONF_MAXPACK / 6)
#define FORWARD_MAX	(CONF_MAXPACK / 20)
#define PATHS_MAX	(CONF_MAXPACK / 3)

typedef int		 pack_fn(struct ibuf *, const void *);

static struct ibuf	*pack(pack_fn *, const void *);
static int		 pack_global(struct ibuf *, const void *);
static int		 pack_pool(struct ibuf *, const void *);
static int		 pack_vm(struct ibuf *, const void *);
static int		 pack_vmif(struct ibuf *, const struct conf_vmif *);
static int		 pack_string(struct ibuf *, const char *);
static int		 pack_addrs(struct ibuf *, const uint32_t *, size_t);
static int		 pack_dhcp(struct ibuf *, const struct dhcp_conf *);
static int		 pack_search(struct ibuf *, const struct dhcp_conf *);
static int		 pack_routes(struct ibuf *, const struct dhcp_conf *);
static int		 pack_options(struct ibuf *, const struct dhcp_conf *);
static int		 pack_nat(struct ibuf *, const struct conf_pool *);
static int		 pack_forwards(struct ibuf *,
			    const struct conf_vmif *);
static int		 pack_paths(struct ibuf *, char *const *, size_t);
static int		 pack_piece(struct ibuf *, const void *);

static int		 unpack_pool(struct ibuf *, struct conf_pool *);
static int		 unpack_vm(struct ibuf *, struct conf_vm *);
static int		 unpack_vmif(struct ibuf *, struct conf_vmif *);
static int		 unpack_string(struct ibuf *, char *, size_t);
static int		 unpack_name(struct ibuf *, char *, size_t,
			    bool (*)(const char *));
static int		 unpack_text(struct ibuf *, char **, size_t,
			    bool (*)(const char *));
static int		 unpack_bool(struct ibuf *, bool *);
static int		 unpack_count(struct ibuf *, size_t *, size_t, size_t);
static int		 unpack_host(struct ibuf *, uint32_t *, bool);
static int		 unpack_prefix(struct ibuf *, struct prefix *);
static int		 unpack_exclude(struct ibuf *, struct conf_pool *);
static int		 unpack_addrs(struct ibuf *, uint32_t **, size_t *);
static int		 unpack_dhcp(struct ibuf *, struct dhcp_conf *);
static int		 unpack_search(struct ibuf *, struct dhcp_conf *);
static int		 unpack_routes(struct ibuf *, struct dhcp_conf *);
static int		 unpack_options(struct ibuf *, struct dhcp_conf *);
static int		 unpack_option(struct ibuf *, struct dhcp_option *);
static int		 unpack_nat(struct ibuf *, struct conf_pool *);
static int		 unpack_forwards(struct ibuf *, struct conf_vmif *);
static int		 unpack_forward(struct ibuf *, struct conf_forward *);
static int		 unpack_paths(struct ibuf *, char ***, size_t *);
static struct conf_rules *
			 begin_rules(struct conf *, const char *, size_t);
static bool		 valid_via(const struct dhcp_conf *);
static bool		 valid_option_data(const struct dhcp_option *);
static bool		 valid_line(const char *);

static struct ibuf *
pack(pack_fn *fn, const void *what)
{
	struct ibuf	*buf;

	if ((buf = ibuf_dynamic(PACK_START, CONF_MAXPACK)) == NULL)
		return NULL;
	if (fn(buf, what) == -1) {
		ibuf_free(buf);
		return NULL;
	}
	return buf;
}

struct ibuf *
conf_pack_global(const struct conf *conf)
{
	return pack(pack_global, conf);
}

struct ibuf *
conf_pack_pool(const struct conf_pool *pool)
{
	return pack(pack_pool, pool);
}

struct ibuf *
conf_pack_vm(const struct conf_vm *vm)
{
	return pack(pack_vm, vm);
}

static int
pack_global(struct ibuf *buf, const void *what)
{
	const struct conf	*conf = what;

	if (pack_string(buf, conf->anchor) == -1 ||
	    pack_string(buf, conf->socket_group) == -1)
		return -1;
	return pack_string(buf, conf->default_poolname);
}

/* What conf_pack_rules packs. */
struct piece {
	const struct conf_rules	*rules;
	size_t			*offset;
};

struct ibuf *
conf_pack_rules(const struct conf_rules *rules, size_t *offset)
{
	struct piece	 piece = { rules, offset };

	return pack(pack_piece, &piece);
}

static int
pack_piece(struct ibuf *buf, const void *what)
{
	const struct piece	*piece = what;
	const struct conf_rules	*rules = piece->rules;
	size_t			 len = rules->len - *piece->offset;

	if (strlen(rules->path) >= RULES_PATHLEN)
		return -1;
	if (len > CONF_MAXPACK - RULES_PATHLEN - 16)
		len = CONF_MAXPACK - RULES_PATHLEN - 16;
	if (pack_string(buf, rules->path) == -1 ||
	    ibuf_add_n32(buf, rules->len) == -1 ||
	    ibuf_add_n32(buf, *piece->offset) == -1 ||
	    ibuf_add(buf, rules->text + *piece->offset, len) == -1)
		return -1;
	*piece->offset += len;
	return 0;
}

static int
pack_pool(struct ibuf *buf, const void *what)
{
	const struct conf_pool	*pool = what;
	size_t			 i;

	if (pack_string(buf, pool->name) == -1 ||
	    ibuf_add_n32(buf, pool->inet.addr) == -1 ||
	    ibuf_add_n8(buf, pool->inet.len) == -1 ||
	    ibuf_add_n8(buf, pool->subnet) == -1 ||
	    ibuf_add_n32(buf, pool->rdomain) == -1 ||
	    pool->nexclude > EXCLUDE_MAX ||
	    ibuf_add_n16(buf, pool->nexclude) == -1)
		return -1;
	for (i = 0; i < pool->nexclude; i++)
		if (ibuf_add_n32(buf, pool->exclude[i].first) == -1 ||
		    ibuf_add_n32(buf, pool->exclude[i].last) == -1)
			return -1;
	if (pack_nat(buf, pool) == -1 ||
	    ibuf_add_n8(buf, pool->isolate) == -1 ||
	    pack_paths(buf, pool->rules, pool->nrules) == -1)
		return -1;
	return pack_dhcp(buf, &pool->dhcp);
}

static int
pack_nat(struct ibuf *buf, const struct conf_pool *pool)
{
	size_t	 i;

	if (pool->nnat > NAT_MAX || ibuf_add_n16(buf, pool->nnat) == -1)
		return -1;
	for (i = 0; i < pool->nnat; i++)
		if (pack_string(buf, pool->nat[i].ifname) == -1 ||
		    ibuf_add_n32(buf, pool->nat[i].to) == -1)
			return -1;
	return 0;
}

static int
pack_paths(struct ibuf *buf, char *const *paths, size_t n)
{
	size_t	 i;

	if (n > PATHS_MAX || ibuf_add_n16(buf, n) == -1)
		return -1;
	for (i = 0; i < n; i++)
		if (pack_string(buf, paths[i]) == -1)
			return -1;
	return 0;
}

static int
pack_vm(struct ibuf *buf, const void *what)
{
	const struct conf_vm	*vm = what;
	const struct conf_vmif	*vmif;
	size_t			 n = 0;

	TAILQ_FOREACH(vmif, &vm->ifs, entry)
		n++;
	if (pack_string(buf, vm->pattern) == -1 ||
	    pack_vmif(buf, &vm->all) == -1 || n > VMIF_MAX + 1 ||
	    ibuf_add_n16(buf, n) == -1)
		return -1;
	TAILQ_FOREACH(vmif, &vm->ifs, entry)
		if (ibuf_add_n8(buf, vmif->index) == -1 ||
		    pack_vmif(buf, vmif) == -1)
			return -1;
	return 0;
}

static int
pack_vmif(struct ibuf *buf, const struct conf_vmif *vmif)
{
	if (ibuf_add_n8(buf, vmif->ignore) == -1 ||
	    pack_string(buf, vmif->poolname) == -1 ||
	    ibuf_add_n32(buf, vmif->address) == -1 ||
	    pack_string(buf, vmif->hostname) == -1 ||
	    pack_forwards(buf, vmif) == -1 ||
	    pack_paths(buf, vmif->rules, vmif->nrules) == -1)
		return -1;
	return pack_dhcp(buf, &vmif->dhcp);
}

static int
pack_forwards(struct ibuf *buf, const struct conf_vmif *vmif)
{
	const struct conf_forward	*f;
	size_t				 i;

	if (vmif->nforward > FORWARD_MAX ||
	    ibuf_add_n16(buf, vmif->nforward) == -1)
		return -1;
	for (i = 0; i < vmif->nforward; i++) {
		f = &vmif->forward[i];
		if (ibuf_add_n8(buf, f->tcp) == -1 ||
		    ibuf_add_n8(buf, f->udp) == -1 ||
		    ibuf_add_n8(buf, f->to_range) == -1 ||
		    pack_string(buf, f->ifname) == -1 ||
		    ibuf_add_n32(buf, f->from.addr) == -1 ||
		    ibuf_add_n8(buf, f->from.len) == -1 ||
		    ibuf_add_n32(buf, f->address) == -1 ||
		    ibuf_add_n16(buf, f->first) == -1 ||
		    ibuf_add_n16(buf, f->last) == -1 ||
		    ibuf_add_n16(buf, f->to) == -1)
			return -1;
	}
	return 0;
}

/* What was not said is the empty string. */
static int
pack_string(struct ibuf *buf, const char *s)
{
	size_t	 len = s == NULL ? 0 : strlen(s);

	if (len > UINT16_MAX || ibuf_add_n16(buf, len) == -1)
		return -1;
	return len == 0 ? 0 : ibuf_add(buf, s, len);
}

static int
pack_addrs(struct ibuf *buf, const uint32_t *addrs, size_t n)
{
	size_t	 i;

	if (n > ADDRS_MAX || ibuf_add_n16(buf, n) == -1)
		return -1;
	for (i = 0; i < n; i++)
		if (ibuf_add_n32(buf, addrs[i]) == -1)
			return -1;
	return 0;
}

static int
pack_dhcp(struct ibuf *buf, const struct dhcp_conf *dhcp)
{
	if (ibuf_add_n32(buf, dhcp->lease_time) == -1 ||
	    ibuf_add_n16(buf, dhcp->mtu) == -1 ||
	    pack_addrs(buf, dhcp->nameserver, dhcp->nnameserver) == -1 ||
	    ibuf_add_n32(buf, dhcp->nameserver_via) == -1 ||
	    pack_string(buf, dhcp->domain) == -1 ||
	    pack_search(buf, dhcp) == -1 ||
	    pack_addrs(buf, dhcp->ntp, dhcp->nntp) == -1 ||
	    pack_routes(buf, dhcp) == -1 ||
	    ibuf_add_n8(buf, dhcp->has_boot_server) == -1 ||
	    ibuf_add_n32(buf, dhcp->boot_server) == -1 ||
	    pack_string(buf, dhcp->boot_file) == -1)
		return -1;
	return pack_options(buf, dhcp);
}

static int
pack_search(struct ibuf *buf, const struct dhcp_conf *dhcp)
{
	size_t	 i;

	if (dhcp->nsearch > SEARCH_MAX ||
	    ibuf_add_n16(buf, dhcp->nsearch) == -1)
		return -1;
	for (i = 0; i < dhcp->nsearch; i++)
		if (pack_string(buf, dhcp->search[i]) == -1)
			return -1;
	return 0;
}

static int
pack_routes(struct ibuf *buf, const struct dhcp_conf *dhcp)
{
	const struct dhcp_route	*route;
	size_t			 i;

	if (dhcp->nroute > ROUTES_MAX || ibuf_add_n16(buf, dhcp->nroute) == -1)
		return -1;
	for (i = 0; i < dhcp->nroute; i++) {
		route = &dhcp->route[i];
		if (ibuf_add_n32(buf, route->dst.addr) == -1 ||
		    ibuf_add_n8(buf, route->dst.len) == -1 ||
		    ibuf_add_n32(buf, route->via) == -1)
			return -1;
	}
	return 0;
}

static int
pack_options(struct ibuf *buf, const struct dhcp_conf *dhcp)
{
	const struct dhcp_option	*option;
	size_t				 i;

	if (dhcp->noption > OPTION_MAX ||
	    ibuf_add_n16(buf, dhcp->noption) == -1)
		return -1;
	for (i = 0; i < dhcp->noption; i++) {
		option = &dhcp->option[i];
		if (ibuf_add_n8(buf, option->code) == -1 ||
		    ibuf_add_n8(buf, option->kind) == -1 ||
		    option->len > OPTION_MAX ||
		    ibuf_add_n8(buf, option->len) == -1 ||
		    ibuf_add(buf, option->data, option->len) == -1)
			return -1;
	}
	return 0;
}

int
conf_unpack_global(struct conf *conf, struct ibuf *buf)
{
	char	*group;

	if (unpack_name(buf, conf->anchor, sizeof(conf->anchor),
	    conf_valid_anchor) == -1 || conf->anchor[0] == '\0' ||
	    unpack_text(buf, &group, GROUP_NAMELEN, conf_valid_group) == -1)
		return -1;
	free(conf->socket_group);
	conf->socket_group = group;
	if (unpack_name(buf, conf->default_poolname,
	    sizeof(conf->default_poolname), conf_valid_poolname) == -1)
		return -1;
	return ibuf_size(buf) == 0 ? 0 : -1;
}

int
conf_unpack_pool(struct conf *conf, struct ibuf *buf)
{
	struct conf_pool	*pool;

	if ((pool = conf_add_pool(conf)) == NULL)
		return -1;
	if (unpack_pool(buf, pool) == 0 && ibuf_size(buf) == 0)
		return 0;
	conf_remove_pool(conf, pool);
	return -1;
}

int
conf_unpack_vm(struct conf *conf, struct ibuf *buf)
{
	struct conf_vm	*vm;

	if ((vm = conf_add_vm(conf)) == NULL)
		return -1;
	if (unpack_vm(buf, vm) == 0 && ibuf_size(buf) == 0)
		return 0;
	conf_remove_vm(conf, vm);
	return -1;
}

static int
unpack_pool(struct ibuf *buf, struct conf_pool *pool)
{
	if (unpack_name(buf, pool->name, sizeof(pool->name),
	    conf_valid_poolname) == -1 || pool->name[0] == '\0' ||
	    unpack_prefix(buf, &pool->inet) == -1 ||
	    ibuf_get_n8(buf, &pool->subnet) == -1 ||
	    !conf_valid_inet(&pool->inet, pool->subnet) ||
	    ibuf_get_n32(buf, &pool->rdomain) == -1 ||
	    unpack_exclude(buf, pool) == -1 ||
	    unpack_nat(buf, pool) == -1 ||
	    unpack_bool(buf, &pool->isolate) == -1 ||
	    unpack_paths(buf, &pool->rules, &pool->nrules) == -1)
		return -1;
	return unpack_dhcp(buf, &pool->dhcp);
}

static int
unpack_vm(struct ibuf *buf, struct conf_vm *vm)
{
	struct conf_vmif	*vmif;
	size_t			 n;

	if (unpack_name(buf, vm->pattern, sizeof(vm->pattern),
	    conf_valid_pattern) == -1 || vm->pattern[0] == '\0' ||
	    unpack_vmif(buf, &vm->all) == -1 ||
	    unpack_count(buf, &n, VMIF_MAX + 1, 1) == -1)
		return -1;
	while (n-- > 0)
		if ((vmif = conf_add_vmif(vm)) == NULL ||
		    ibuf_get_n8(buf, &vmif->index) == -1 ||
		    unpack_vmif(buf, vmif) == -1 ||
		    (vmif->index == 0 && vmif->nforward > 0))
			return -1;
	return 0;
}

static int
unpack_vmif(struct ibuf *buf, struct conf_vmif *vmif)
{
	if (unpack_bool(buf, &vmif->ignore) == -1 ||
	    unpack_name(buf, vmif->poolname, sizeof(vmif->poolname),
	    conf_valid_poolname) == -1 ||
	    ibuf_get_n32(buf, &vmif->address) == -1 ||
	    (vmif->address != 0 && !conf_valid_host(vmif->address)) ||
	    unpack_name(buf, vmif->hostname, sizeof(vmif->hostname),
	    conf_valid_hostname) == -1 ||
	    unpack_forwards(buf, vmif) == -1 ||
	    unpack_paths(buf, &vmif->rules, &vmif->nrules) == -1)
		return -1;
	return unpack_dhcp(buf, &vmif->dhcp);
}

static int
unpack_string(struct ibuf *buf, char *s, size_t size)
{
	uint16_t	 len;

	if (ibuf_get_n16(buf, &len) == -1 || len >= size ||
	    ibuf_get(buf, s, len) == -1)
		return -1;
	s[len] = '\0';
	return strlen(s) == len ? 0 : -1;
}

/* A string that may be left out into an array. */
static int
unpack_name(struct ibuf *buf, char *s, size_t size,
    bool (*valid)(const char *))
{
	if (unpack_string(buf, s, size) == -1)
		return -1;
	return s[0] == '\0' || valid(s) ? 0 : -1;
}

/* A string that may be left out, NULL then, allocated. */
static int
unpack_text(struct ibuf *buf, char **text, size_t size,
    bool (*valid)(const char *))
{
	char	 s[DOMAIN_LEN];

	*text = NULL;
	if (size > sizeof(s) || unpack_name(buf, s, size, valid) == -1)
		return -1;
	if (s[0] != '\0' && (*text = strdup(s)) == NULL)
		return -1;
	return 0;
}

static int
unpack_bool(struct ibuf *buf, bool *value)
{
	uint8_t	 n;

	if (ibuf_get_n8(buf, &n) == -1 || n > 1)
		return -1;
	*value = n == 1;
	return 0;
}

/* A count, of which each needs at least so many of the bytes that follow. */
static int
unpack_count(struct ibuf *buf, size_t *count, size_t max, size_t each)
{
	uint16_t	 n;

	if (ibuf_get_n16(buf, &n) == -1 || n > max ||
	    n > ibuf_size(buf) / each)
		return -1;
	*count = n;
	return 0;
}

static int
unpack_host(struct ibuf *buf, uint32_t *addr, bool or_host)
{
	if (ibuf_get_n32(buf, addr) == -1)
		return -1;
	if (or_host && *addr == ADDR_HOST)
		return 0;
	return conf_valid_host(*addr) ? 0 : -1;
}

static int
unpack_prefix(struct ibuf *buf, struct prefix *prefix)
{
	if (ibuf_get_n32(buf, &prefix->addr) == -1 ||
	    ibuf_get_n8(buf, &prefix->len) == -1 || prefix->len > 32)
		return -1;
	return prefix->addr == prefix_first(prefix) ? 0 : -1;
}

static int
unpack_exclude(struct ibuf *buf, struct conf_pool *pool)
{
	size_t	 i, n;

	if (unpack_count(buf, &n, EXCLUDE_MAX, 8) == -1)
		return -1;
	if (n == 0)
		return 0;
	if ((pool->exclude = calloc(n, sizeof(*pool->exclude))) == NULL)
		return -1;
	pool->nexclude = n;
	for (i = 0; i < n; i++)
		if (ibuf_get_n32(buf, &pool->exclude[i].first) == -1 ||
		    ibuf_get_n32(buf, &pool->exclude[i].last) == -1 ||
		    pool->exclude[i].first > pool->exclude[i].last)
			return -1;
	return 0;
}

static int
unpack_nat(struct ibuf *buf, struct conf_pool *pool)
{
	size_t	 i, j, n;

	if (unpack_count(buf, &n, NAT_MAX, 6) == -1)
		return -1;
	if (n == 0)
		return 0;
	if ((pool->nat = calloc(n, sizeof(*pool->nat))) == NULL)
		return -1;
	pool->nnat = n;
	for (i = 0; i < n; i++) {
		if (unpack_name(buf, pool->nat[i].ifname,
		    sizeof(pool->nat[i].ifname), conf_valid_ifname) == -1 ||
		    ibuf_get_n32(buf, &pool->nat[i].to) == -1 ||
		    (pool->nat[i].to != 0 &&
		    !conf_valid_outside(pool->nat[i].to)))
			return -1;
		for (j = 0; j < i; j++)
			if (strcmp(pool->nat[i].ifname,
			    pool->nat[j].ifname) == 0)
				return -1;
	}
	return 0;
}

static int
unpack_forwards(struct ibuf *buf, struct conf_vmif *vmif)
{
	size_t	 i, n;

	if (unpack_count(buf, &n, FORWARD_MAX, 20) == -1)
		return -1;
	if (n == 0)
		return 0;
	if ((vmif->forward = calloc(n, sizeof(*vmif->forward))) == NULL)
		return -1;
	vmif->nforward = n;
	for (i = 0; i < n; i++)
		if (unpack_forward(buf, &vmif->forward[i]) == -1)
			return -1;
	return 0;
}

static int
unpack_forward(struct ibuf *buf, struct conf_forward *f)
{
	if (unpack_bool(buf, &f->tcp) == -1 ||
	    unpack_bool(buf, &f->udp) == -1 ||
	    unpack_bool(buf, &f->to_range) == -1 ||
	    unpack_string(buf, f->ifname, sizeof(f->ifname)) == -1 ||
	    unpack_prefix(buf, &f->from) == -1 ||
	    ibuf_get_n32(buf, &f->address) == -1 ||
	    ibuf_get_n16(buf, &f->first) == -1 ||
	    ibuf_get_n16(buf, &f->last) == -1 ||
	    ibuf_get_n16(buf, &f->to) == -1)
		return -1;
	return conf_valid_forward(f) ? 0 : -1;
}

static int
unpack_paths(struct ibuf *buf, char ***paths, size_t *count)
{
	char	 path[RULES_PATHLEN];
	size_t	 i, j, n;

	if (unpack_count(buf, &n, PATHS_MAX, 3) == -1)
		return -1;
	if (n == 0)
		return 0;
	if ((*paths = calloc(n, sizeof(**paths))) == NULL)
		return -1;
	*count = n;
	for (i = 0; i < n; i++) {
		if (unpack_string(buf, path, sizeof(path)) == -1 ||
		    path[0] == '\0' || !valid_line(path) ||
		    ((*paths)[i] = strdup(path)) == NULL)
			return -1;
		for (j = 0; j < i; j++)
			if (strcmp((*paths)[i], (*paths)[j]) == 0)
				return -1;
	}
	return 0;
}

/* The pieces of a file come one after the other, and so do the files. */
int
conf_unpack_rules(struct conf *conf, struct ibuf *buf)
{
	struct conf_rules	*rules;
	char			 path[RULES_PATHLEN];
	uint32_t		 len, offset;
	size_t			 n;

	if (unpack_string(buf, path, sizeof(path)) == -1 || path[0] == '\0' ||
	    ibuf_get_n32(buf, &len) == -1 || len > RULES_MAX ||
	    ibuf_get_n32(buf, &offset) == -1)
		return -1;
	rules = TAILQ_LAST(&conf->rules, conf_rules_list);
	if (offset == 0 && (rules == NULL || rules->received == rules->len))
		rules = begin_rules(conf, path, len);
	n = ibuf_size(buf);
	if (rules == NULL || strcmp(rules->path, path) != 0 ||
	    rules->len != len || rules->received != offset ||
	    n > len - offset || (n == 0 && len != 0) ||
	    ibuf_get(buf, rules->text + offset, n) == -1 ||
	    memchr(rules->text + offset, '\0', n) != NULL)
		return -1;
	rules->received += n;
	return 0;
}

static struct conf_rules *
begin_rules(struct conf *conf, const char *path, size_t len)
{
	struct conf_rules	*rules;
	char			*text;

	if (conf_find_rules(conf, path) != NULL ||
	    (text = calloc(1, len + 1)) == NULL)
		return NULL;
	if ((rules = conf_add_rules(conf, path, "")) == NULL) {
		free(text);
		return NULL;
	}
	free(rules->text);
	rules->text = text;
	rules->len = len;
	return rules;
}

static int
unpack_addrs(struct ibuf *buf, uint32_t **addrs, size_t *count)
{
	size_t	 i, n;

	if (unpack_count(buf, &n, ADDRS_MAX, 4) == -1)
		return -1;
	if (n == 0)
		return 0;
	if ((*addrs = calloc(n, sizeof(**addrs))) == NULL)
		return -1;
	*count = n;
	for (i = 0; i < n; i++)
		if (unpack_host(buf, &(*addrs)[i], true) == -1)
			return -1;
	return 0;
}

static int
unpack_dhcp(struct ibuf *buf, struct dhcp_conf *dhcp)
{
	if (ibuf_get_n32(buf, &dhcp->lease_time) == -1 ||
	    (dhcp->lease_time != 0 && dhcp->lease_time < LEASE_TIME_MIN) ||
	    ibuf_get_n16(buf, &dhcp->mtu) == -1 ||
	    (dhcp->mtu != 0 && dhcp->mtu < MTU_MIN) ||
	    unpack_addrs(buf, &dhcp->nameserver, &dhcp->nnameserver) == -1 ||
	    ibuf_get_n32(buf, &dhcp->nameserver_via) == -1 ||
	    !valid_via(dhcp) ||
	    unpack_text(buf, &dhcp->domain, DOMAIN_LEN,
	    conf_valid_domain) == -1 ||
	    unpack_search(buf, dhcp) == -1 ||
	    unpack_addrs(buf, &dhcp->ntp, &dhcp->nntp) == -1 ||
	    unpack_routes(buf, dhcp) == -1 ||
	    unpack_bool(buf, &dhcp->has_boot_server) == -1 ||
	    unpack_host(buf, &dhcp->boot_server, true) == -1 ||
	    (!dhcp->has_boot_server && dhcp->boot_server != 0) ||
	    unpack_text(buf, &dhcp->boot_file, BOOT_FILELEN, valid_line) == -1)
		return -1;
	return unpack_options(buf, dhcp);
}

static int
unpack_search(struct ibuf *buf, struct dhcp_conf *dhcp)
{
	size_t	 i, n;

	if (unpack_count(buf, &n, SEARCH_MAX, 3) == -1)
		return -1;
	if (n == 0)
		return 0;
	if ((dhcp->search = calloc(n, sizeof(*dhcp->search))) == NULL)
		return -1;
	dhcp->nsearch = n;
	for (i = 0; i < n; i++)
		if (unpack_text(buf, &dhcp->search[i], DOMAIN_LEN,
		    conf_valid_domain) == -1 || dhcp->search[i] == NULL)
			return -1;
	return 0;
}

static int
unpack_routes(struct ibuf *buf, struct dhcp_conf *dhcp)
{
	size_t	 i, j, n;

	if (unpack_count(buf, &n, ROUTES_MAX, 9) == -1)
		return -1;
	if (n == 0)
		return 0;
	if ((dhcp->route = calloc(n, sizeof(*dhcp->route))) == NULL)
		return -1;
	dhcp->nroute = n;
	for (i = 0; i < n; i++) {
		if (unpack_prefix(buf, &dhcp->route[i].dst) == -1 ||
		    unpack_host(buf, &dhcp->route[i].via, true) == -1)
			return -1;
		for (j = 0; j < i; j++)
			if (prefix_equal(&dhcp->route[i].dst,
			    &dhcp->route[j].dst))
				return -1;
	}
	return 0;
}

static int
unpack_options(struct ibuf *buf, struct dhcp_conf *dhcp)
{
	size_t	 i, j, n;

	if (unpack_count(buf, &n, OPTION_MAX, 3) == -1)
		return -1;
	if (n == 0)
		return 0;
	if ((dhcp->option = calloc(n, sizeof(*dhcp->option))) == NULL)
		return -1;
	dhcp->noption = n;
	for (i = 0; i < n; i++) {
		if (unpack_option(buf, &dhcp->option[i]) == -1)
			return -1;
		for (j = 0; j < i; j++)
			if (dhcp->option[i].code == dhcp->option[j].code)
				return -1;
	}
	return 0;
}

static int
unpack_option(struct ibuf *buf, struct dhcp_option *option)
{
	uint8_t	 kind, len;

	if (ibuf_get_n8(buf, &option->code) == -1 ||
	    !conf_valid_option(option->code) ||
	    ibuf_get_n8(buf, &kind) == -1 || kind > OPTION_NUMBER ||
	    ibuf_get_n8(buf, &len) == -1 || len > ibuf_size(buf))
		return -1;
	option->kind = kind;
	option->len = len;
	/* Never NULL, whatever the length. */
	if ((option->data = calloc(1, (size_t)len + 1)) == NULL ||
	    ibuf_get(buf, option->data, len) == -1)
		return -1;
	return valid_option_data(option) ? 0 : -1;
}

/* Only the host's address can be somebody else's. */
static bool
valid_via(const struct dhcp_conf *dhcp)
{
	size_t	 i;

	if (dhcp->nameserver_via == 0)
		return true;
	for (i = 0; i < dhcp->nnameserver; i++)
		if (dhcp->nameserver[i] == ADDR_HOST)
			return conf_valid_host(dhcp->nameserver_via);
	return false;
}

static bool
valid_option_data(const struct dhcp_option *option)
{
	const uint8_t	*p = option->data;

	switch (option->kind) {
	case OPTION_TEXT:
		return memchr(p, '\0', option->len) == NULL &&
		    memchr(p, '\n', option->len) == NULL;
	case OPTION_BYTES:
		return option->len > 0;
	case OPTION_ADDRESS:
		return option->len == 4;
	case OPTION_NUMBER:
		/* The fewest of 1, 2 and 4 bytes. */
		return option->len == 1 || (option->len == 2 && p[0] != 0) ||
		    (option->len == 4 && (p[0] != 0 || p[1] != 0));
	}
	return false;
}

static bool
valid_line(const char *s)
{
	return strchr(s, '\n') == NULL;
}

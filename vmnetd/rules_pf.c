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

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

/*
 * In pf.conf(5)'s language.  The anchor has all that does not depend on who is
 * there: tables tell that.  A VM interface with forwards or users' rules
 * also has a child anchor, which goes when it goes.
 *
 * NAT is by match, for what `pass ... nat-to' says is undone by a later pass
 * of the main rule set.  Forwards pass and are quick, so that the main rule
 * set need not know of them; all else that a guest may do is up to it.
 */

#define COMPONENT_MAX	63	/* of an anchor's path, without NUL */

static int	 collect_via(const struct conf *, uint32_t **, size_t *);
static int	 via_cmp(const void *, const void *);
static void	 render_tables(struct rules_text *, const struct conf *,
		    const uint32_t *, size_t);
static void	 render_nat(struct rules_text *, const struct conf_pool *);
static void	 render_rdomain(struct rules_text *, const struct conf *,
		    const struct conf_pool *);
static void	 render_confinement(struct rules_text *);
static void	 render_via(struct rules_text *, const uint32_t *, size_t);
static void	 render_hairpin(struct rules_text *,
		    const struct rules_port *, const char *);
static void	 render_forward(struct rules_text *,
		    const struct rules_port *, const struct conf_forward *,
		    const char *);
static void	 render_macros(struct rules_text *,
		    const struct rules_port *);
static void	 add_table(struct rules_table *, uint32_t, const char *,
		    const char *);

int
rules_pf_anchor(struct rules_text *text, const struct conf *conf)
{
	const struct conf_pool	*pool;
	uint32_t		*via;
	size_t			 nvia;

	if (collect_via(conf, &via, &nvia) == -1) {
		text->error = errno;
		return -1;
	}
	render_tables(text, conf, via, nvia);
	TAILQ_FOREACH(pool, &conf->pools, entry)
		render_nat(text, pool);
	render_confinement(text);
	/* pf looks for urpf-failed in the table that a match has set. */
	TAILQ_FOREACH(pool, &conf->pools, entry)
		render_rdomain(text, conf, pool);
	TAILQ_FOREACH(pool, &conf->pools, entry)
		if (pool->isolate)
			rules_printf(text, "block drop in quick on rdomain %u "
			    "inet from <p_%s> to <p_%s>\n", pool->rdomain,
			    pool->name, pool->name);
	render_via(text, via, nvia);
	rules_printf(text, "anchor \"*\"\n");
	free(via);
	return rules_text_end(text);
}

/* The resolvers that are named anywhere, each once. */
static int
collect_via(const struct conf *conf, uint32_t **via, size_t *nvia)
{
	const struct conf_pool	*pool;
	const struct conf_vm	*vm;
	const struct conf_vmif	*vmif;
	size_t			 i, n = 0, max = 1;

	TAILQ_FOREACH(pool, &conf->pools, entry)
		max++;
	TAILQ_FOREACH(vm, &conf->vms, entry) {
		max++;
		TAILQ_FOREACH(vmif, &vm->ifs, entry)
			max++;
	}
	if ((*via = calloc(max, sizeof(**via))) == NULL)
		return -1;
	TAILQ_FOREACH(pool, &conf->pools, entry)
		(*via)[n++] = pool->dhcp.nameserver_via;
	TAILQ_FOREACH(vm, &conf->vms, entry) {
		(*via)[n++] = vm->all.dhcp.nameserver_via;
		TAILQ_FOREACH(vmif, &vm->ifs, entry)
			(*via)[n++] = vmif->dhcp.nameserver_via;
	}
	qsort(*via, n, sizeof(**via), via_cmp);
	/* 0 is none, and comes first. */
	for (*nvia = 0, i = 0; i < n; i++)
		if ((*via)[i] != (*nvia == 0 ? 0 : (*via)[*nvia - 1]))
			(*via)[(*nvia)++] = (*via)[i];
	return 0;
}

static int
via_cmp(const void *va, const void *vb)
{
	const uint32_t	*a = va, *b = vb;

	return *a < *b ? -1 : *a > *b;
}

static void
render_tables(struct rules_text *text, const struct conf *conf,
    const uint32_t *via, size_t nvia)
{
	const struct conf_pool	*pool;
	size_t			 i;

	rules_printf(text, "table <guests> persist\n");
	TAILQ_FOREACH(pool, &conf->pools, entry)
		if (pool->isolate)
			rules_printf(text, "table <p_%s> persist\n",
			    pool->name);
	for (i = 0; i < nvia; i++)
		rules_printf(text, "table <ask_%s> persist\n"
		    "table <dns_%s> persist\n", addr_ntoa(via[i]),
		    addr_ntoa(via[i]));
}

static void
render_nat(struct rules_text *text, const struct conf_pool *pool)
{
	const struct conf_nat	*nat;
	size_t			 i;

	for (i = 0; i < pool->nnat; i++) {
		nat = &pool->nat[i];
		rules_printf(text, "match out on ");
		if (nat->ifname[0] == '\0')
			rules_printf(text, "egress");
		else
			rules_printf(text, "\"%s\"", nat->ifname);
		rules_printf(text, " inet from %s nat-to ",
		    prefix_ntoa(&pool->inet));
		if (nat->to != 0)
			rules_printf(text, "%s\n", addr_ntoa(nat->to));
		else
			rules_printf(text, "(\"%s:0\")\n",
			    nat->ifname[0] == '\0' ? "egress" : nat->ifname);
	}
}

/*
 * The way out is in rdomain 0: what does not go to a pool of the same rdomain
 * is routed there.  No rule may name the other rdomain's routing table, which
 * need not exist yet.
 */
static void
render_rdomain(struct rules_text *text, const struct conf *conf,
    const struct conf_pool *pool)
{
	const struct conf_pool	*other;

	if (pool->rdomain == 0 || pool->nnat == 0)
		return;
	rules_printf(text, "table <net_%s> const {", pool->name);
	TAILQ_FOREACH(other, &conf->pools, entry)
		if (other->rdomain == pool->rdomain)
			rules_printf(text, " %s", prefix_ntoa(&other->inet));
	rules_printf(text, " }\n"
	    "match in on rdomain %u inet from %s to ! <net_%s> rtable 0\n",
	    pool->rdomain, prefix_ntoa(&pool->inet), pool->name);
}

static void
render_confinement(struct rules_text *text)
{
	rules_printf(text, "block drop quick on vmnet inet6\n"
	    "block drop in quick on vmnet inet from urpf-failed\n"
	    "block drop in quick on vmnet inet from ! <guests>\n");
}

static void
render_via(struct rules_text *text, const uint32_t *via, size_t nvia)
{
	const char	*to;
	size_t		 i;

	for (i = 0; i < nvia; i++) {
		to = addr_ntoa(via[i]);
		rules_printf(text, "pass in quick on vmnet inet "
		    "proto { tcp, udp } from <ask_%s> to <dns_%s> port 53 "
		    "rdr-to %s port 53\n", to, to, to);
	}
}

int
rules_pf_child(struct rules_text *text, const struct rules_port *port)
{
	char	 label[RULES_LABEL_LEN];
	size_t	 i;

	if (!rules_valid_port(port) ||
	    rules_pf_label(label, sizeof(label), port) == -1) {
		text->error = EINVAL;
		return rules_text_end(text);
	}
	if (port->nforward > 0)
		render_hairpin(text, port, label);
	for (i = 0; i < port->nforward; i++)
		render_forward(text, port, port->forward[i], label);
	for (i = 0; i < port->nrules; i++) {
		render_macros(text, port);
		rules_include(text, port->rules[i]);
	}
	return rules_text_end(text);
}

/*
 * What a forward let in goes out to the guest.  To a guest that calls itself
 * by the forward the answer must come back this way too.
 */
static void
render_hairpin(struct rules_text *text, const struct rules_port *port,
    const char *label)
{
	const char	*guest = addr_ntoa(port->guest);

	rules_printf(text, "pass out quick on \"%s\" inet from %s to %s "
	    "tagged \"vmnetd\" label \"%s\" nat-to %s\n", port->tap, guest,
	    guest, label, addr_ntoa(port->host.addr));
	rules_printf(text, "pass out quick on \"%s\" inet to %s "
	    "tagged \"vmnetd\" label \"%s\"\n", port->tap, guest, label);
}

static void
render_forward(struct rules_text *text, const struct rules_port *port,
    const struct conf_forward *f, const char *label)
{
	bool	 range = f->first != f->last;

	rules_printf(text, "pass in quick on ");
	if (f->ifname[0] == '\0')
		rules_printf(text, "{ egress, vmnet }");
	else
		rules_printf(text, "\"%s\"", f->ifname);
	rules_printf(text, " inet proto %s from %s to ",
	    f->tcp && f->udp ? "{ tcp, udp }" : f->tcp ? "tcp" : "udp",
	    f->from.len == 0 ? "any" : prefix_ntoa(&f->from));
	if (f->address != 0)
		rules_printf(text, "%s", addr_ntoa(f->address));
	else
		rules_printf(text, "(\"%s\")",
		    f->ifname[0] == '\0' ? "egress" : f->ifname);
	rules_printf(text, " port %u", f->first);
	if (range)
		rules_printf(text, ":%u", f->last);
	rules_printf(text, " tag \"vmnetd\" label \"%s\"", label);
	if (port->rdomain != 0)
		rules_printf(text, " rtable %u", port->rdomain);
	rules_printf(text, " rdr-to %s port %u%s\n", addr_ntoa(port->guest),
	    f->to, range && f->to_range ? ":*" : "");
}

/*
 * The names might be words of the language: quotes within the value make them
 * strings wherever they are used.
 */
static void
render_macros(struct rules_text *text, const struct rules_port *port)
{
	rules_printf(text, "tap = \"%s\"\n", port->tap);
	rules_printf(text, "vm = '\"%s\"'\n", port->vm);
	rules_printf(text, "host = \"%s\"\n", addr_ntoa(port->host.addr));
	rules_printf(text, "guest = \"%s\"\n", addr_ntoa(port->guest));
	rules_printf(text, "pool = '\"%s\"'\n", port->pool);
}

int
rules_pf_child_name(char *buf, size_t size, const char *anchor,
    const struct rules_port *port)
{
	char	 child[VM_NAMELEN + 4];
	int	 len;

	len = snprintf(child, sizeof(child), "%s.%u", port->vm, port->ifn);
	if (len > COMPONENT_MAX || (size_t)snprintf(buf, size, "%s/%s", anchor,
	    child) >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

/* Short enough for any name that fits into a description. */
int
rules_pf_label(char *buf, size_t size, const struct rules_port *port)
{
	int	 len;

	len = snprintf(buf, size, "vm:%s.%u", port->vm, port->ifn);
	if (len >= 0 && (size_t)len < size)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

size_t
rules_pf_tables(const struct rules_port *port,
    struct rules_table tables[RULES_TABLES_MAX])
{
	const char	*via = addr_ntoa(port->via);
	size_t		 n = 0;

	if (port->guest == 0)
		return 0;
	add_table(&tables[n++], port->guest, "guests", "");
	if (port->isolate)
		add_table(&tables[n++], port->guest, "p_", port->pool);
	if (port->via != 0) {
		add_table(&tables[n++], port->guest, "ask_", via);
		add_table(&tables[n++], port->host.addr, "dns_", via);
	}
	return n;
}

bool
rules_pf_is_members(const char *name)
{
	return strcmp(name, "guests") == 0 || strncmp(name, "p_", 2) == 0 ||
	    strncmp(name, "ask_", 4) == 0 || strncmp(name, "dns_", 4) == 0;
}

static void
add_table(struct rules_table *table, uint32_t addr, const char *prefix,
    const char *name)
{
	table->addr = addr;
	strlcpy(table->name, prefix, sizeof(table->name));
	strlcat(table->name, name, sizeof(table->name));
}

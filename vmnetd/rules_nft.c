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
#include <sys/socket.h>

#include <netinet/in.h>

#include <arpa/inet.h>

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "rules.h"

/*
 * In nft(8)'s language.  Everything that depends on who is there is an element
 * of a set or map, so that packets cost the same however many there are: but
 * for users' rules, which have a chain for each tap, and for those forwards
 * that only rules can express.
 *
 * A guest's packet passes, in this order: prerouting (what it may not send),
 * prerouting_nat (name servers, forwards), forward_from (isolation, and users'
 * rules of where it comes from) or input, forward_to (users' rules of where
 * it goes) and postrouting_nat.  Those of NAT see the first packet of a
 * connection only, but every packet of the host pays for each other chain with
 * a hook: so there are none but those that the configuration needs, and what
 * is about IPv6 has a table of its own.
 */

/* Ports of a forward that are worth an element each. */
#define PLAIN_MAX	1024

/* Elements in one command: libnftables crashes when it is to get too many. */
#define COMMAND_MAX	128

/* Elements as text: those of one set that follow each other go together. */
struct writer {
	struct rules_text	*text;
	const char		*verb;		/* of a command */
	const char		*anchor;
	const char		*set;		/* that of the last, or NULL */
	enum rules_family	 family;	/* its */
	size_t			 n;		/* in this command */
	bool			 values;	/* say them, too */
};

/* What a chain is for. */
enum purpose {
	ANY,			/* it is always there */
	POLICY,			/* isolation or users' rules */
	USERS			/* users' rules */
};

static bool	 has_purpose(const struct conf *, enum purpose);
static bool	 has_rules(const struct conf *);
static void	 render_tables(struct rules_text *, const struct conf *);
static void	 render_sets(struct rules_text *, const char *);
static void	 render_chains(struct rules_text *, const struct conf *);
static void	 render_prerouting(struct rules_text *);
static void	 render_dstnat(struct rules_text *, const struct conf *);
static void	 render_srcnat(struct rules_text *, const struct conf *);
static void	 render_filter(struct rules_text *, const struct conf *);
static void	 render_known(struct rules_text *, const char *);
static void	 render_vmap(struct rules_text *, const struct conf *);
static void	 render_ip6(struct rules_text *);
static void	 render_arp(struct rules_text *);
static bool	 has_rdomain(const struct conf *);
static bool	 is_covered(const struct conf *, const struct conf_pool *);
static void	 put_index(struct rules_element *, uint32_t);
static void	 put_addr(uint8_t *, uint32_t);
static void	 put_port(uint8_t *, uint32_t);
static void	 guest_elements(const struct rules_port *,
		    const struct rules_element *, rules_element_cb *,
		    void *);
static void	 all_forward_elements(const struct rules_port *,
		    rules_element_cb *, void *);
static void	 forward_elements(const struct rules_port *,
		    const struct conf_forward *, uint8_t, rules_element_cb *,
		    void *);
static uint32_t	 target_port(const struct conf_forward *, uint32_t);
static void	 write_element(const struct rules_element *, void *);
static void	 write_key(struct rules_text *,
		    const struct rules_element *);
static void	 write_value(struct rules_text *,
		    const struct rules_element *);
static uint32_t	 get_addr(const uint8_t *);
static uint32_t	 get_port(const uint8_t *);
static void	 render_defines(struct rules_text *,
		    const struct rules_port *);
static bool	 is_plain(const struct conf_forward *);
static void	 render_special(struct rules_text *, const char *,
		    const struct rules_port *, const struct conf_forward *);
static void	 render_target(struct rules_text *,
		    const struct rules_port *, const struct conf_forward *);
static int	 refuse(struct rules_text *);

static const char *const families[RULES_FAMILIES] = {
	[RULES_INET] = "inet",
	[RULES_IP6] = "ip6",
	[RULES_ARP] = "arp"
};

static const struct set {
	enum rules_family	 family;
	const char		*kind;
	const char		*name;
	const char		*type;
} sets[] = {
	{ RULES_INET, "set", "ifs",	 "iface_index" },
	{ RULES_INET, "set", "guests",	 "iface_index . ipv4_addr" },
	{ RULES_INET, "set", "isolated", "iface_index" },
	{ RULES_INET, "set", "egress",	 "ifname" },
	{ RULES_INET, "map", "via",	 "iface_index . ipv4_addr : "
					 "ipv4_addr" },
	{ RULES_INET, "map", "forwards", "inet_proto . inet_service : "
					 "ipv4_addr . inet_service" },
	{ RULES_INET, "map", "rules",	 "iface_index : verdict" },
	{ RULES_IP6,  "set", "ifs",	 "iface_index" },
	{ RULES_ARP,  "set", "ifs",	 "iface_index" },
	{ RULES_ARP,  "set", "guests",	 "iface_index . ipv4_addr" }
};
#define NSETS		(sizeof(sets) / sizeof(sets[0]))

/* Each after those it jumps to. */
static const struct chain {
	enum rules_family	 family;
	enum purpose		 purpose;
	const char		*name;
	const char		*hook;	/* NULL: none, it is jumped to */
} chains[] = {
	{ RULES_INET, ANY, "from_guest", NULL },
	{ RULES_INET, ANY, "special", NULL },
	{ RULES_INET, ANY, "special_to", NULL },
	{ RULES_INET, ANY, "special_on", NULL },
	{ RULES_INET, ANY, "own_address", NULL },
	{ RULES_INET, ANY, "forwarded", NULL },
	{ RULES_INET, ANY, "prerouting",
	    "type filter hook prerouting priority -300" },
	{ RULES_INET, ANY, "prerouting_nat",
	    "type nat hook prerouting priority -100" },
	{ RULES_INET, ANY, "output_nat",
	    "type nat hook output priority -100" },
	{ RULES_INET, POLICY, "forward_from",
	    "type filter hook forward priority 0" },
	{ RULES_INET, USERS, "forward_to",
	    "type filter hook forward priority 1" },
	{ RULES_INET, USERS, "input",
	    "type filter hook input priority 0" },
	{ RULES_INET, USERS, "output",
	    "type filter hook output priority 0" },
	{ RULES_INET, ANY, "postrouting_nat",
	    "type nat hook postrouting priority 100" },
	{ RULES_IP6, ANY, "prerouting",
	    "type filter hook prerouting priority -300" },
	{ RULES_IP6, ANY, "postrouting",
	    "type filter hook postrouting priority 0" },
	{ RULES_ARP, ANY, "from_guest", NULL },
	{ RULES_ARP, ANY, "input", "type filter hook input priority 0" }
};
#define NCHAINS		(sizeof(chains) / sizeof(chains[0]))

const char *
rules_nft_family(enum rules_family family)
{
	return families[family];
}

/*
 * The configuration.
 */

int
rules_nft_load(struct rules_text *text, const struct conf *conf)
{
	render_tables(text, conf);
	rules_printf(text, "table inet %s {\n", conf->anchor);
	render_prerouting(text);
	render_dstnat(text, conf);
	render_filter(text, conf);
	render_srcnat(text, conf);
	rules_printf(text, "}\ntable ip6 %s {\n", conf->anchor);
	render_ip6(text);
	rules_printf(text, "}\ntable arp %s {\n", conf->anchor);
	render_arp(text);
	rules_printf(text, "}\n");
	return rules_text_end(text);
}

static bool
has_purpose(const struct conf *conf, enum purpose purpose)
{
	const struct conf_pool	*pool;

	if (purpose == ANY || has_rules(conf))
		return true;
	if (purpose == POLICY)
		TAILQ_FOREACH(pool, &conf->pools, entry)
			if (pool->isolate)
				return true;
	return false;
}

/* Of users, for anybody. */
static bool
has_rules(const struct conf *conf)
{
	const struct conf_pool	*pool;
	const struct conf_vm	*vm;
	const struct conf_vmif	*vmif;

	TAILQ_FOREACH(pool, &conf->pools, entry)
		if (pool->nrules > 0)
			return true;
	TAILQ_FOREACH(vm, &conf->vms, entry) {
		if (vm->all.nrules > 0)
			return true;
		TAILQ_FOREACH(vmif, &vm->ifs, entry)
			if (vmif->nrules > 0)
				return true;
	}
	return false;
}

/* What is there already stays, but for the rules. */
static void
render_tables(struct rules_text *text, const struct conf *conf)
{
	size_t	 i;

	for (i = 0; i < RULES_FAMILIES; i++)
		rules_printf(text, "add table %s %s\n", families[i],
		    conf->anchor);
	render_sets(text, conf->anchor);
	render_chains(text, conf);
}

static void
render_sets(struct rules_text *text, const char *anchor)
{
	const struct set	*set;

	for (set = sets; set < sets + NSETS; set++)
		rules_printf(text, "add %s %s %s %s { type %s; }\n",
		    set->kind, families[set->family], anchor, set->name,
		    set->type);
}

/* One that is not needed may be there from before. */
static void
render_chains(struct rules_text *text, const struct conf *conf)
{
	const struct chain	*chain;
	const char		*family, *verb;

	for (chain = chains; chain < chains + NCHAINS; chain++) {
		family = families[chain->family];
		rules_printf(text, "add chain %s %s %s", family, conf->anchor,
		    chain->name);
		if (chain->hook != NULL)
			rules_printf(text, " { %s; policy accept; }",
			    chain->hook);
		rules_printf(text, "\n");
		/* The special ones are rules_nft_forwards'. */
		if (strncmp(chain->name, "special", 7) == 0)
			continue;
		verb = has_purpose(conf, chain->purpose) ? "flush" : "delete";
		rules_printf(text, "%s chain %s %s %s\n", verb, family,
		    conf->anchor, chain->name);
	}
}

/*
 * The DHCP server has its packets by then; in the stack they would draw a
 * port unreachable.  127/8 is for the redirection of name servers only, which
 * comes later.
 */
static void
render_prerouting(struct rules_text *text)
{
	rules_printf(text,
	    "\tchain from_guest {\n"
	    "\t\tudp dport 67 fib daddr type { local, broadcast, multicast } "
	    "drop\n"
	    "\t\tiif . ip saddr != @guests counter drop\n"
	    "\t\tip daddr 127.0.0.0/8 counter drop\n"
	    "\t}\n"
	    "\tchain prerouting {\n"
	    "\t\tiif @ifs jump from_guest\n"
	    "\t}\n");
}

/*
 * From outside, from guests and from the host itself, but a forward with an
 * interface only from there.  The host's addresses on taps are not its own in
 * this sense: what guests ask there is for the host.
 */
static void
render_dstnat(struct rules_text *text, const struct conf *conf)
{
	const struct conf_pool	*pool;
	const char		*comma = "";

	rules_printf(text,
	    "\tchain own_address {\n"
	    "\t\tdnat ip to meta l4proto . th dport map @forwards\n"
	    "\t\tjump special\n"
	    "\t}\n"
	    "\tchain forwarded {\n"
	    "\t\tjump special_to\n"
	    "\t\tfib daddr type local ");
	if (!TAILQ_EMPTY(&conf->pools)) {
		rules_printf(text, "ip daddr != { ");
		TAILQ_FOREACH(pool, &conf->pools, entry) {
			if (is_covered(conf, pool))
				continue;
			rules_printf(text, "%s%s", comma,
			    prefix_ntoa(&pool->inet));
			comma = ", ";
		}
		rules_printf(text, " } ");
	}
	rules_printf(text, "jump own_address\n"
	    "\t}\n"
	    "\tchain prerouting_nat {\n"
	    "\t\tmeta l4proto { tcp, udp } th dport 53 "
	    "dnat ip to iif . ip daddr map @via\n"
	    "\t\tjump special_on\n"
	    "\t\tiifname @egress jump forwarded\n"
	    "\t\tiif @ifs jump forwarded\n"
	    "\t}\n"
	    "\tchain output_nat {\n"
	    "\t\tip daddr != 127.0.0.0/8 jump forwarded\n"
	    "\t}\n");
}

/* By another pool's prefix, in another rdomain: of equal ones all but one. */
static bool
is_covered(const struct conf *conf, const struct conf_pool *pool)
{
	const struct conf_pool	*other;
	bool			 earlier = true;

	TAILQ_FOREACH(other, &conf->pools, entry) {
		if (other == pool) {
			earlier = false;
			continue;
		}
		if (prefix_overlaps(&other->inet, &pool->inet) &&
		    (other->inet.len < pool->inet.len ||
		    (other->inet.len == pool->inet.len && earlier)))
			return true;
	}
	return false;
}

/*
 * A vm's rules may say accept, which ends the chain that called them: so those
 * of the sender and those of the receiver have a chain each.
 */
static void
render_filter(struct rules_text *text, const struct conf *conf)
{
	const struct conf_pool	*pool;
	const char		*prefix;

	if (!has_purpose(conf, POLICY))
		return;
	render_known(text, "forward_from");
	TAILQ_FOREACH(pool, &conf->pools, entry) {
		if (!pool->isolate)
			continue;
		prefix = prefix_ntoa(&pool->inet);
		rules_printf(text, "\t\toif @isolated ip saddr %s "
		    "ip daddr %s counter drop comment \"%s\"\n", prefix,
		    prefix, pool->name);
	}
	if (!has_rules(conf)) {
		rules_printf(text, "\t}\n");
		return;
	}
	render_vmap(text, conf);
	render_known(text, "forward_to");
	rules_printf(text, "\t\toif vmap @rules\n\t}\n");
	render_known(text, "input");
	render_vmap(text, conf);
	render_known(text, "output");
	rules_printf(text, "\t\toif vmap @rules\n\t}\n");
}

/* Users' rules of the tap, also where the packet is the VRF's. */
static void
render_vmap(struct rules_text *text, const struct conf *conf)
{
	if (has_rdomain(conf))
		rules_printf(text, "\t\tmeta sdif vmap @rules\n");
	rules_printf(text, "\t\tiif vmap @rules\n\t}\n");
}

/* The beginning of a chain that is about new connections only. */
static void
render_known(struct rules_text *text, const char *chain)
{
	rules_printf(text, "\tchain %s {\n"
	    "\t\tct state established,related accept\n"
	    "\t\tct status dnat accept\n", chain);
}

static bool
has_rdomain(const struct conf *conf)
{
	const struct conf_pool	*pool;

	TAILQ_FOREACH(pool, &conf->pools, entry)
		if (pool->rdomain != 0)
			return true;
	return false;
}

/* First a guest that calls itself by its forward: let the answer come back. */
static void
render_srcnat(struct rules_text *text, const struct conf *conf)
{
	const struct conf_pool	*pool;
	const struct conf_nat	*nat;
	size_t			 i;

	rules_printf(text, "\tchain postrouting_nat {\n"
	    "\t\tct status dnat oif . ip saddr @guests masquerade\n");
	TAILQ_FOREACH(pool, &conf->pools, entry)
		for (i = 0; i < pool->nnat; i++) {
			nat = &pool->nat[i];
			rules_printf(text, "\t\tip saddr %s ",
			    prefix_ntoa(&pool->inet));
			if (nat->ifname[0] == '\0')
				rules_printf(text, "oifname @egress ");
			else
				rules_printf(text, "oifname \"%s\" ",
				    nat->ifname);
			if (nat->to == 0)
				rules_printf(text, "masquerade\n");
			else
				rules_printf(text, "snat ip to %s\n",
				    addr_ntoa(nat->to));
		}
	rules_printf(text, "\t}\n");
}

/* Closed, in both directions. */
static void
render_ip6(struct rules_text *text)
{
	rules_printf(text,
	    "\tchain prerouting {\n"
	    "\t\tiif @ifs counter drop\n"
	    "\t}\n"
	    "\tchain postrouting {\n"
	    "\t\toif @ifs counter drop\n"
	    "\t}\n");
}

static void
render_arp(struct rules_text *text)
{
	rules_printf(text,
	    "\tchain from_guest {\n"
	    "\t\tarp htype 1 arp ptype ip iif . arp saddr ip @guests accept\n"
	    "\t\tcounter drop\n"
	    "\t}\n"
	    "\tchain input {\n"
	    "\t\tiif @ifs jump from_guest\n"
	    "\t}\n");
}

/*
 * A port's membership, as the kernel has it.
 */

const char *
rules_nft_members(const char *name)
{
	const struct set	*set;

	for (set = sets; set < sets + NSETS; set++)
		if (strcmp(set->name, name) == 0)
			return strcmp(name, "egress") != 0 ? set->name : NULL;
	return NULL;
}

uint32_t
rules_nft_tap(const struct rules_element *e)
{
	uint32_t	 ifindex;

	if (strcmp(e->set, "forwards") == 0)
		return 0;
	memcpy(&ifindex, e->key, sizeof(ifindex));
	return ifindex;
}

/* One that may not send is among the taps and nowhere else. */
void
rules_nft_elements(const struct rules_port *port, rules_element_cb *cb,
    void *arg)
{
	struct rules_element	 tap;

	memset(&tap, 0, sizeof(tap));
	put_index(&tap, port->ifindex);
	if (port->guest != 0)
		guest_elements(port, &tap, cb, arg);
	tap.set = "ifs";
	for (tap.family = 0; tap.family < RULES_FAMILIES; tap.family++)
		cb(&tap, arg);
}

/* In ARP a guest is also nobody, when it probes for an address. */
static void
guest_elements(const struct rules_port *port, const struct rules_element *tap,
    rules_element_cb *cb, void *arg)
{
	struct rules_element	 e;

	e = *tap;
	e.set = "guests";
	e.keylen += 4;
	e.family = RULES_ARP;
	cb(&e, arg);
	put_addr(e.key + 4, port->guest);
	cb(&e, arg);
	e.family = RULES_INET;
	cb(&e, arg);
	if (port->via != 0) {
		e.set = "via";
		put_addr(e.key + 4, port->host.addr);
		put_addr(e.value, port->via);
		e.valuelen = 4;
		cb(&e, arg);
	}
	e = *tap;
	e.set = "isolated";
	if (port->isolate)
		cb(&e, arg);
	if (port->nrules > 0) {
		e.set = "rules";
		rules_nft_chain_name(e.jump, sizeof(e.jump), port->ifindex);
		cb(&e, arg);
	}
	all_forward_elements(port, cb, arg);
}

static void
all_forward_elements(const struct rules_port *port, rules_element_cb *cb,
    void *arg)
{
	const struct conf_forward	*f;
	size_t				 i;

	for (i = 0; i < port->nforward; i++) {
		f = port->forward[i];
		if (!is_plain(f))
			continue;
		if (f->tcp)
			forward_elements(port, f, IPPROTO_TCP, cb, arg);
		if (f->udp)
			forward_elements(port, f, IPPROTO_UDP, cb, arg);
	}
}

static void
put_index(struct rules_element *e, uint32_t ifindex)
{
	memcpy(e->key, &ifindex, sizeof(ifindex));
	e->keylen = sizeof(ifindex);
}

static void
put_addr(uint8_t *p, uint32_t addr)
{
	p[0] = (uint8_t)(addr >> 24);
	p[1] = (uint8_t)(addr >> 16);
	p[2] = (uint8_t)(addr >> 8);
	p[3] = (uint8_t)addr;
}

static void
put_port(uint8_t *p, uint32_t port)
{
	p[0] = (uint8_t)(port >> 8);
	p[1] = (uint8_t)port;
}

/* One for each outside port. */
static void
forward_elements(const struct rules_port *port, const struct conf_forward *f,
    uint8_t proto, rules_element_cb *cb, void *arg)
{
	struct rules_element	 e;
	uint32_t		 n;

	memset(&e, 0, sizeof(e));
	e.set = "forwards";
	e.key[0] = proto;
	e.keylen = 8;
	put_addr(e.value, port->guest);
	e.valuelen = 8;
	for (n = f->first; n <= f->last; n++) {
		put_port(e.key + 4, n);
		put_port(e.value + 4, target_port(f, n));
		cb(&e, arg);
	}
}

static uint32_t
target_port(const struct conf_forward *f, uint32_t port)
{
	return f->to_range ? f->to + port - f->first : f->to;
}

/*
 * The same as text.
 */

void
rules_nft_commands(struct rules_text *text, const char *verb,
    const char *anchor, const struct rules_port *port)
{
	struct writer	 w = { .text = text, .verb = verb, .anchor = anchor,
			    .values = strcmp(verb, "get") != 0 };

	rules_nft_elements(port, write_element, &w);
	rules_printf(text, " }\n");
}

static void
write_element(const struct rules_element *e, void *arg)
{
	struct writer	*w = arg;

	if (w->set != NULL && strcmp(w->set, e->set) == 0 &&
	    w->family == e->family && ++w->n < COMMAND_MAX)
		rules_printf(w->text, ", ");
	else {
		rules_printf(w->text, "%s%s element %s %s %s { ",
		    w->set == NULL ? "" : " }\n", w->verb,
		    families[e->family], w->anchor, e->set);
		w->n = 0;
	}
	w->set = e->set;
	w->family = e->family;
	write_key(w->text, e);
	if (w->values)
		write_value(w->text, e);
}

static void
write_key(struct rules_text *text, const struct rules_element *e)
{
	uint32_t	 tap = rules_nft_tap(e);

	if (tap == 0) {
		rules_printf(text, "%s . %u",
		    e->key[0] == IPPROTO_TCP ? "tcp" : "udp",
		    get_port(e->key + 4));
		return;
	}
	rules_printf(text, "%u", tap);
	if (e->keylen > sizeof(tap))
		rules_printf(text, " . %s", addr_ntoa(get_addr(e->key + 4)));
}

static void
write_value(struct rules_text *text, const struct rules_element *e)
{
	if (e->jump[0] != '\0')
		rules_printf(text, " : jump %s", e->jump);
	if (e->valuelen >= 4)
		rules_printf(text, " : %s", addr_ntoa(get_addr(e->value)));
	if (e->valuelen == 8)
		rules_printf(text, " . %u", get_port(e->value + 4));
}

static uint32_t
get_addr(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static uint32_t
get_port(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/*
 * Users' rules.
 */

/* A name that may not stand in a rule. */
static int
refuse(struct rules_text *text)
{
	text->error = EINVAL;
	return rules_text_end(text);
}

int
rules_nft_chain(struct rules_text *text, const char *anchor,
    const struct rules_port *port)
{
	char	 chain[RULES_CHAIN_LEN];
	size_t	 i;

	if (!rules_valid_port(port))
		return refuse(text);
	if (port->nrules == 0)
		return 0;
	rules_nft_chain_name(chain, sizeof(chain), port->ifindex);
	rules_printf(text, "add chain inet %s %s\nflush chain inet %s %s\n",
	    anchor, chain, anchor, chain);
	for (i = 0; i < port->nrules; i++) {
		rules_printf(text, "table inet %s {\n\tchain %s {\n", anchor,
		    chain);
		render_defines(text, port);
		rules_include(text, port->rules[i]);
		rules_printf(text, "\t}\n}\n");
	}
	return rules_text_end(text);
}

void
rules_nft_chain_name(char *buf, size_t size, uint32_t ifindex)
{
	snprintf(buf, size, RULES_CHAIN_PREFIX "%u", ifindex);
}

static void
render_defines(struct rules_text *text, const struct rules_port *port)
{
	rules_printf(text, "define tap = \"%s\"\n", port->tap);
	rules_printf(text, "define vm = \"%s\"\n", port->vm);
	rules_printf(text, "define host = %s\n", addr_ntoa(port->host.addr));
	rules_printf(text, "define guest = %s\n", addr_ntoa(port->guest));
	rules_printf(text, "define pool = \"%s\"\n", port->pool);
}

/*
 * Forwards that are no elements.
 */

static bool
is_plain(const struct conf_forward *f)
{
	return f->ifname[0] == '\0' && f->address == 0 && f->from.len == 0 &&
	    f->last - f->first < PLAIN_MAX;
}

bool
rules_nft_special(const struct rules_port *port)
{
	size_t	 i;

	for (i = 0; i < port->nforward; i++)
		if (!is_plain(port->forward[i]))
			return true;
	return false;
}

int
rules_nft_forwards(struct rules_text *text, const char *anchor,
    const struct rules_port *const *ports, size_t n)
{
	size_t	 i, j;

	rules_printf(text, "flush chain inet %s special\n"
	    "flush chain inet %s special_to\n"
	    "flush chain inet %s special_on\n", anchor, anchor, anchor);
	for (i = 0; i < n; i++) {
		if (!rules_valid_port(ports[i]))
			return refuse(text);
		for (j = 0; j < ports[i]->nforward; j++)
			if (!is_plain(ports[i]->forward[j]))
				render_special(text, anchor, ports[i],
				    ports[i]->forward[j]);
	}
	return rules_text_end(text);
}

static void
render_special(struct rules_text *text, const char *anchor,
    const struct rules_port *port, const struct conf_forward *f)
{
	rules_printf(text, "add rule inet %s special%s ", anchor,
	    f->ifname[0] != '\0' ? "_on" : f->address != 0 ? "_to" : "");
	if (f->ifname[0] != '\0')
		rules_printf(text, "iifname \"%s\" ", f->ifname);
	if (f->from.len != 0)
		rules_printf(text, "ip saddr %s ", prefix_ntoa(&f->from));
	if (f->address != 0)
		rules_printf(text, "ip daddr %s ", addr_ntoa(f->address));
	else if (f->ifname[0] != '\0')
		rules_printf(text, "fib daddr . iif type local ");
	rules_printf(text, "meta l4proto %s th dport %u",
	    f->tcp && f->udp ? "{ tcp, udp }" : f->tcp ? "tcp" : "udp",
	    f->first);
	if (f->last != f->first)
		rules_printf(text, "-%u", f->last);
	render_target(text, port, f);
	rules_printf(text, " comment \"%s.%u\"\n", port->vm, port->ifn);
}

/* Ports can only be mapped one by one, or not at all. */
static void
render_target(struct rules_text *text, const struct rules_port *port,
    const struct conf_forward *f)
{
	const char	*comma = "";
	uint32_t	 n;

	rules_printf(text, " dnat ip to %s", addr_ntoa(port->guest));
	if (!f->to_range || f->first == f->last)
		rules_printf(text, ":%u", f->to);
	else if (f->to != f->first) {
		rules_printf(text, " : th dport map { ");
		for (n = f->first; n <= f->last; n++) {
			rules_printf(text, "%s%u : %u", comma, n,
			    target_port(f, n));
			comma = ", ";
		}
		rules_printf(text, " }");
	}
}

/*
 * What is loaded.
 */

int
rules_nft_list(struct rules_text *text, const char *anchor,
    const struct rules_port *port)
{
	char	 chain[RULES_CHAIN_LEN];
	size_t	 i;

	if (port == NULL) {
		for (i = 0; i < RULES_FAMILIES; i++)
			rules_printf(text, "list table %s %s\n", families[i],
			    anchor);
		return rules_text_end(text);
	}
	if (!rules_valid_port(port))
		return refuse(text);
	rules_nft_commands(text, "get", anchor, port);
	if (rules_nft_special(port))
		rules_printf(text, "list chain inet %s special\n"
		    "list chain inet %s special_to\n"
		    "list chain inet %s special_on\n", anchor, anchor, anchor);
	if (port->nrules > 0) {
		rules_nft_chain_name(chain, sizeof(chain), port->ifindex);
		rules_printf(text, "list chain inet %s %s\n", anchor, chain);
	}
	return rules_text_end(text);
}

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
#include <sys/socket.h>
#include <net/if.h>

#include <arpa/inet.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "foreign.h"
#include "nftlist.h"

/*
 * A rule is a list of expressions: some load a register with something of
 * the packet, some compare the register, the last says what becomes of the
 * packet.  Of what there is, these matter: the names of interfaces and the
 * addresses of a packet, and rules that hold for every packet.
 */

#define CHAINS_MAX	64
#define TABLE_NAMELEN	64
#define LOOK_TRIES	8
#define IP_SRC_OFFSET	12
#define IP_DST_OFFSET	16

/* A chain at the hook, and the table in which it may have others. */
struct hook {
	uint8_t		 family;
	char		 table[TABLE_NAMELEN];
	char		 chain[TABLE_NAMELEN];
	bool		 drops;
};

struct hooks {
	const char	*ours;
	struct hook	 hook[CHAINS_MAX];
	size_t		 n;
};

/* What is in the register that a comparison looks at. */
enum loaded {
	LOADED_OTHER,
	LOADED_NAME,		/* of an interface */
	LOADED_INDEX,
	LOADED_ADDRESS
};

/* What is known of the rule that is being read. */
struct rule {
	enum loaded	 loaded;
	uint32_t	 mask;		/* host byte order */
	bool		 narrow;	/* does not hold for every packet */
	bool		 names;		/* a guest */
	bool		 drop;
	bool		 pass;		/* any other verdict */
};

/* What is known of the rules of a chain or table. */
struct opinion {
	const struct foreign_guest *guest;
	size_t		 nguest;
	bool		 lets_pass;	/* a guest, or everybody */
	bool		 drops_all;
};

static void	 take_chain(const struct nftlist_chain *, void *);
static void	 take_rule(const struct nlmsghdr *, void *);
static void	 take_any_rule(const struct nlmsghdr *, void *);
static void	 read_rule(const struct nlmsghdr *, const struct opinion *,
		    struct rule *);
static void	 read_expr(const struct nlattr *, const struct opinion *,
		    struct rule *);
static void	 read_meta(const struct nlattr *, struct rule *);
static void	 read_payload(const struct nlattr *, struct rule *);
static void	 read_bitwise(const struct nlattr *, struct rule *);
static void	 read_cmp(const struct nlattr *, const struct opinion *,
		    struct rule *);
static void	 read_immediate(const struct nlattr *, struct rule *);
static bool	 is_guest(const uint8_t *, size_t, const struct rule *,
		    const struct foreign_guest *);
static const struct nlattr *find_attr(const struct nlattr *, uint16_t);
static uint32_t	 number(const struct nlattr *, uint16_t, uint32_t);
static const uint8_t *value(const struct nlattr *, uint16_t, size_t *);
static bool	 is_name(const struct nlattr *, const char *);
static int	 judge(const struct hook *, struct opinion *);

/* --- attributes ----------------------------------------------------------- */

static const struct nlattr *
find_attr(const struct nlattr *nest, uint16_t type)
{
	struct nlattr		*attr;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

static uint32_t
number(const struct nlattr *nest, uint16_t type, uint32_t otherwise)
{
	const struct nlattr	*attr = find_attr(nest, type);

	if (attr == NULL || mnl_attr_get_payload_len(attr) != sizeof(uint32_t))
		return otherwise;
	return ntohl(mnl_attr_get_u32(attr));
}

/* The bytes of a datum; NULL if there are none. */
static const uint8_t *
value(const struct nlattr *nest, uint16_t type, size_t *len)
{
	const struct nlattr	*attr = find_attr(nest, type);

	if (attr == NULL || (attr = find_attr(attr, NFTA_DATA_VALUE)) == NULL)
		return NULL;
	*len = mnl_attr_get_payload_len(attr);
	return mnl_attr_get_payload(attr);
}

static bool
is_name(const struct nlattr *attr, const char *name)
{
	size_t	 len = mnl_attr_get_payload_len(attr);

	return len == strlen(name) + 1 &&
	    memcmp(mnl_attr_get_payload(attr), name, len) == 0;
}

/* --- one rule ------------------------------------------------------------- */

static void
read_meta(const struct nlattr *data, struct rule *rule)
{
	switch (number(data, NFTA_META_KEY, NFT_META_LEN)) {
	case NFT_META_IIFNAME:
	case NFT_META_OIFNAME:
		rule->loaded = LOADED_NAME;
		break;
	case NFT_META_IIF:
	case NFT_META_OIF:
		rule->loaded = LOADED_INDEX;
		break;
	default:
		rule->loaded = LOADED_OTHER;
	}
	rule->narrow = true;
}

static void
read_payload(const struct nlattr *data, struct rule *rule)
{
	uint32_t	 offset = number(data, NFTA_PAYLOAD_OFFSET, 0);

	rule->loaded = LOADED_OTHER;
	if (number(data, NFTA_PAYLOAD_BASE, UINT32_MAX) ==
	    NFT_PAYLOAD_NETWORK_HEADER &&
	    (offset == IP_SRC_OFFSET || offset == IP_DST_OFFSET))
		rule->loaded = LOADED_ADDRESS;
	rule->mask = UINT32_MAX;
	rule->narrow = true;
}

static void
read_bitwise(const struct nlattr *data, struct rule *rule)
{
	const uint8_t	*mask;
	uint32_t	 bits;
	size_t		 len;

	mask = value(data, NFTA_BITWISE_MASK, &len);
	if (rule->loaded == LOADED_ADDRESS && mask != NULL &&
	    len == sizeof(bits)) {
		memcpy(&bits, mask, sizeof(bits));
		rule->mask = ntohl(bits);
	} else
		rule->loaded = LOADED_OTHER;
	rule->narrow = true;
}

/* What is compared with is cut to the prefix, and so is a wildcard name. */
static bool
is_guest(const uint8_t *data, size_t len, const struct rule *rule,
    const struct foreign_guest *guest)
{
	char		 name[IF_NAMESIZE];
	uint32_t	 address;

	switch (rule->loaded) {
	case LOADED_NAME:
		memset(name, 0, sizeof(name));
		strlcpy(name, guest->tap, sizeof(name));
		return len <= sizeof(name) && memcmp(name, data, len) == 0;
	case LOADED_INDEX:
		return len == sizeof(guest->ifindex) &&
		    memcmp(&guest->ifindex, data, len) == 0;
	case LOADED_ADDRESS:
		address = htonl(guest->address & rule->mask);
		return len <= sizeof(address) &&
		    memcmp(&address, data, len) == 0;
	case LOADED_OTHER:
		break;
	}
	return false;
}

static void
read_cmp(const struct nlattr *data, const struct opinion *op,
    struct rule *rule)
{
	const uint8_t	*bytes;
	size_t		 len, i;

	rule->narrow = true;
	bytes = value(data, NFTA_CMP_DATA, &len);
	if (bytes == NULL ||
	    number(data, NFTA_CMP_OP, NFT_CMP_NEQ) != NFT_CMP_EQ)
		return;
	for (i = 0; i < op->nguest && !rule->names; i++)
		rule->names = is_guest(bytes, len, rule, &op->guest[i]);
}

static void
read_immediate(const struct nlattr *data, struct rule *rule)
{
	const struct nlattr	*attr;
	uint32_t		 code;

	if ((attr = find_attr(data, NFTA_IMMEDIATE_DATA)) == NULL ||
	    (attr = find_attr(attr, NFTA_DATA_VERDICT)) == NULL)
		return;
	code = number(attr, NFTA_VERDICT_CODE, NF_DROP);
	if (code == NF_DROP)
		rule->drop = true;
	else if (code == NF_ACCEPT)
		rule->pass = true;
	else {
		/* What is beyond a jump is not looked into. */
		rule->pass = true;
		rule->narrow = true;
	}
}

static void
read_expr(const struct nlattr *expr, const struct opinion *op,
    struct rule *rule)
{
	const struct nlattr	*name, *data;

	if ((name = find_attr(expr, NFTA_EXPR_NAME)) == NULL ||
	    (data = find_attr(expr, NFTA_EXPR_DATA)) == NULL)
		return;
	if (is_name(name, "meta"))
		read_meta(data, rule);
	else if (is_name(name, "payload"))
		read_payload(data, rule);
	else if (is_name(name, "bitwise"))
		read_bitwise(data, rule);
	else if (is_name(name, "cmp"))
		read_cmp(data, op, rule);
	else if (is_name(name, "immediate"))
		read_immediate(data, rule);
	else if (is_name(name, "reject"))
		rule->drop = true;
	else if (!is_name(name, "counter") && !is_name(name, "log"))
		rule->narrow = true;
}

static void
read_rule(const struct nlmsghdr *nlh, const struct opinion *op,
    struct rule *rule)
{
	struct nlattr		*attr, *expr;

	memset(rule, 0, sizeof(*rule));
	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_RULE_EXPRESSIONS)
			mnl_attr_for_each_nested(expr, attr)
				read_expr(expr, op, rule);
}

/* --- chains --------------------------------------------------------------- */

/* In the chain at the hook itself the order counts. */
static void
take_rule(const struct nlmsghdr *nlh, void *arg)
{
	struct opinion	*op = arg;
	struct rule	 rule;

	if (op->lets_pass || op->drops_all)
		return;
	read_rule(nlh, op, &rule);
	if (rule.pass && (rule.names || !rule.narrow))
		op->lets_pass = true;
	else if (rule.drop && !rule.narrow)
		op->drops_all = true;
}

/* Somewhere in the table, which it may jump to. */
static void
take_any_rule(const struct nlmsghdr *nlh, void *arg)
{
	struct opinion	*op = arg;
	struct rule	 rule;

	read_rule(nlh, op, &rule);
	if (rule.pass && rule.names)
		op->lets_pass = true;
}

static void
take_chain(const struct nftlist_chain *chain, void *arg)
{
	struct hooks	*hooks = arg;
	struct hook	*hook;

	if (!chain->base || chain->hook != NF_INET_FORWARD ||
	    (chain->family != NFPROTO_INET && chain->family != NFPROTO_IPV4) ||
	    (chain->family == NFPROTO_INET &&
	    strcmp(chain->table, hooks->ours) == 0) ||
	    hooks->n == CHAINS_MAX)
		return;
	hook = &hooks->hook[hooks->n];
	hook->family = chain->family;
	hook->drops = chain->drops;
	if (strlcpy(hook->table, chain->table, sizeof(hook->table)) <
	    sizeof(hook->table) &&
	    strlcpy(hook->chain, chain->name, sizeof(hook->chain)) <
	    sizeof(hook->chain))
		hooks->n++;
}

/* 1 if the chain drops what guests send, 0 if not. */
static int
judge(const struct hook *hook, struct opinion *op)
{
	op->lets_pass = op->drops_all = false;
	if (nftlist_rules(hook->family, hook->table, hook->chain, take_rule,
	    op) == -1)
		return -1;
	if (op->lets_pass || (!op->drops_all && !hook->drops))
		return 0;
	if (nftlist_rules(hook->family, hook->table, NULL, take_any_rule,
	    op) == -1)
		return -1;
	return !op->lets_pass;
}

int
foreign_look(const char *ours, const struct foreign_guest *guest, size_t n,
    void (*finding)(void *, const char *), void *arg)
{
	static struct hooks	 hooks;
	struct opinion		 op = { .guest = guest, .nguest = n };
	const struct hook	*hook;
	char			 line[512];
	size_t			 i;
	int			 drops, tries = 0;

	do {
		hooks.ours = ours;
		hooks.n = 0;
	} while (nftlist_chains(NFPROTO_UNSPEC, take_chain, &hooks) == -1 &&
	    errno == EINTR && ++tries < LOOK_TRIES);
	for (i = 0; i < hooks.n; i++) {
		hook = &hooks.hook[i];
		if ((drops = judge(hook, &op)) != 1)
			continue;
		snprintf(line, sizeof(line), "chain %s of table %s %s drops "
		    "what VMs send and receive: accept there iifname \"%s\" "
		    "and oifname \"%s\"", hook->chain,
		    hook->family == NFPROTO_INET ? "inet" : "ip",
		    hook->table, guest->tap, guest->tap);
		finding(arg, line);
	}
	return 0;
}

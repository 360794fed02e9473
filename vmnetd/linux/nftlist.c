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

#include <arpa/inet.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "nfnl.h"
#include "nftlist.h"

const uint8_t nftlist_family[RULES_FAMILIES] = {
	[RULES_INET] = NFPROTO_INET,
	[RULES_IP6] = NFPROTO_IPV6,
	[RULES_ARP] = NFPROTO_ARP
};

struct listing {
	uint8_t		 family;
	const char	*table;
	const char	*name;		/* of set or chain */
	union {
		nftlist_set_cb		*set;
		nftlist_chain_cb	*chain;
		nftlist_rule_cb		*rule;
		rules_element_cb	*element;
	}		 cb;
	void		*arg;
};

static const char *get_name(const struct nlattr *);
static bool	 get_number(const struct nlattr *, uint32_t *);
static int	 list(uint16_t, uint16_t, struct listing *, nfnl_cb *);
static void	 take_set(const struct nlmsghdr *, void *);
static void	 take_elements(const struct nlmsghdr *, void *);
static void	 take_element(const struct nlattr *, const struct listing *);
static bool	 take_data(const struct nlattr *, uint8_t *, size_t,
		    size_t *);
static void	 take_verdict(const struct nlattr *, char *, size_t);
static void	 take_chain(const struct nlmsghdr *, void *);
static void	 take_hook(const struct nlattr *, struct nftlist_chain *);
static void	 take_rule(const struct nlmsghdr *, void *);

bool
nftlist_is_ours(uint8_t family, const char *table, const char *ours)
{
	size_t	 i;

	for (i = 0; i < RULES_FAMILIES; i++)
		if (family == nftlist_family[i])
			return strcmp(table, ours) == 0;
	return false;
}

/* Text of the kernel, which must have an end; NULL if it has not. */
static const char *
get_name(const struct nlattr *attr)
{
	const char	*s = mnl_attr_get_payload(attr);
	size_t		 len = mnl_attr_get_payload_len(attr);

	return memchr(s, '\0', len) != NULL ? s : NULL;
}

static bool
get_number(const struct nlattr *attr, uint32_t *number)
{
	if (mnl_attr_get_payload_len(attr) != sizeof(*number))
		return false;
	*number = ntohl(mnl_attr_get_u32(attr));
	return true;
}

/*
 * Attribute 1 is the table's name in all requests; what the second is, if
 * there is a name for it, says the caller.
 */
static int
list(uint16_t msg, uint16_t attr, struct listing *l, nfnl_cb *cb)
{
	static char	 buf[NFNL_REQUEST_SIZE * 2]
			    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	struct nlmsghdr	*nlh;

	nlh = nfnl_put(buf, NFNL_NFT(msg), NLM_F_DUMP, l->family);
	if (l->table != NULL)
		mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, l->table);
	if (l->name != NULL)
		mnl_attr_put_strz(nlh, attr, l->name);
	return nfnl_request(nlh, cb, l);
}

/* --- sets ---------------------------------------------------------------- */

static void
take_set(const struct nlmsghdr *nlh, void *arg)
{
	const struct listing	*l = arg;
	struct nlattr		*attr;
	const char		*name = NULL;
	uint32_t		 flags = 0;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
		switch (mnl_attr_get_type(attr)) {
		case NFTA_SET_TABLE:
			if (get_name(attr) == NULL ||
			    strcmp(get_name(attr), l->table) != 0)
				return;
			break;
		case NFTA_SET_NAME:
			name = get_name(attr);
			break;
		case NFTA_SET_FLAGS:
			(void)get_number(attr, &flags);
			break;
		}
	if (name != NULL &&
	    (flags & (NFT_SET_ANONYMOUS | NFT_SET_CONSTANT)) == 0)
		l->cb.set(name, l->arg);
}

int
nftlist_sets(uint8_t family, const char *table, nftlist_set_cb *cb, void *arg)
{
	struct listing	 l = { .family = family, .table = table, .arg = arg };

	l.cb.set = cb;
	return list(NFT_MSG_GETSET, 0, &l, take_set);
}

/* --- elements ------------------------------------------------------------ */

static void
take_verdict(const struct nlattr *verdict, char *jump, size_t size)
{
	struct nlattr		*attr;

	mnl_attr_for_each_nested(attr, verdict)
		if (mnl_attr_get_type(attr) == NFTA_VERDICT_CHAIN &&
		    get_name(attr) != NULL)
			strlcpy(jump, get_name(attr), size);
}

static bool
take_data(const struct nlattr *data, uint8_t *buf, size_t size, size_t *len)
{
	struct nlattr		*attr;

	mnl_attr_for_each_nested(attr, data) {
		if (mnl_attr_get_type(attr) != NFTA_DATA_VALUE)
			continue;
		*len = mnl_attr_get_payload_len(attr);
		if (*len > size)
			return false;
		memcpy(buf, mnl_attr_get_payload(attr), *len);
	}
	return true;
}

static void
take_element(const struct nlattr *item, const struct listing *l)
{
	struct rules_element	 elem;
	struct nlattr		*attr, *data;

	memset(&elem, 0, sizeof(elem));
	elem.set = l->name;
	mnl_attr_for_each_nested(attr, item)
		switch (mnl_attr_get_type(attr)) {
		case NFTA_SET_ELEM_KEY:
			if (!take_data(attr, elem.key, sizeof(elem.key),
			    &elem.keylen))
				return;
			break;
		case NFTA_SET_ELEM_DATA:
			if (!take_data(attr, elem.value, sizeof(elem.value),
			    &elem.valuelen))
				return;
			mnl_attr_for_each_nested(data, attr)
				if (mnl_attr_get_type(data) ==
				    NFTA_DATA_VERDICT)
					take_verdict(data, elem.jump,
					    sizeof(elem.jump));
			break;
		}
	l->cb.element(&elem, l->arg);
}

static void
take_elements(const struct nlmsghdr *nlh, void *arg)
{
	struct nlattr		*attr, *item;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_LIST_ELEMENTS)
			mnl_attr_for_each_nested(item, attr)
				take_element(item, arg);
}

int
nftlist_elements(uint8_t family, const char *table, const char *set,
    rules_element_cb *cb, void *arg)
{
	struct listing	 l = { .family = family, .table = table, .name = set,
			    .arg = arg };

	l.cb.element = cb;
	return list(NFT_MSG_GETSETELEM, NFTA_SET_ELEM_LIST_SET, &l,
	    take_elements);
}

/* --- chains and rules ----------------------------------------------------- */

static void
take_hook(const struct nlattr *hook, struct nftlist_chain *chain)
{
	struct nlattr		*attr;

	mnl_attr_for_each_nested(attr, hook)
		if (mnl_attr_get_type(attr) == NFTA_HOOK_HOOKNUM)
			chain->base = get_number(attr, &chain->hook);
}

static void
take_chain(const struct nlmsghdr *nlh, void *arg)
{
	const struct listing	*l = arg;
	const struct nfgenmsg	*nfg = mnl_nlmsg_get_payload(nlh);
	struct nlattr		*attr;
	struct nftlist_chain	 chain;
	uint32_t		 policy;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg))
		return;
	memset(&chain, 0, sizeof(chain));
	chain.family = nfg->nfgen_family;
	mnl_attr_for_each(attr, nlh, sizeof(*nfg))
		switch (mnl_attr_get_type(attr)) {
		case NFTA_CHAIN_TABLE:
			chain.table = get_name(attr);
			break;
		case NFTA_CHAIN_NAME:
			chain.name = get_name(attr);
			break;
		case NFTA_CHAIN_HOOK:
			take_hook(attr, &chain);
			break;
		case NFTA_CHAIN_POLICY:
			if (get_number(attr, &policy))
				chain.drops = policy == NF_DROP;
			break;
		}
	if (chain.table != NULL && chain.name != NULL)
		l->cb.chain(&chain, l->arg);
}

int
nftlist_chains(uint8_t family, nftlist_chain_cb *cb, void *arg)
{
	struct listing	 l = { .family = family, .arg = arg };

	l.cb.chain = cb;
	return list(NFT_MSG_GETCHAIN, 0, &l, take_chain);
}

static void
take_rule(const struct nlmsghdr *nlh, void *arg)
{
	const struct listing	*l = arg;

	l->cb.rule(nlh, l->arg);
}

int
nftlist_rules(uint8_t family, const char *table, const char *chain,
    nftlist_rule_cb *cb, void *arg)
{
	struct listing	 l = { .family = family, .table = table,
			    .name = chain, .arg = arg };

	l.cb.rule = cb;
	return list(NFT_MSG_GETRULE, NFTA_RULE_CHAIN, &l, take_rule);
}

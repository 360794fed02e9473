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
#include <sys/time.h>

#include <arpa/inet.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nfnl.h"
#include "rtnl.h"

#define ANSWER_SIZE	65536
#define ANSWER_TIMEOUT	10		/* seconds; it answers at once */
#define BATCH_MIN	65536
#define BATCH_MAX	(16 * 1024 * 1024)
/* The longest message of a transaction: names of 256 bytes at most. */
#define BATCH_SPARE	2048

static int	 receive(uint32_t, nfnl_cb *, void *);
static bool	 batch_reserve(void);
static void	 batch_control(uint16_t);
static struct nlmsghdr	*batch_put(uint16_t, uint16_t);
static struct nlmsghdr	*message_at(size_t);
static void	 batch_done(const struct nlmsghdr *);
static int	 batch_send(void);
static void	 put_element(uint16_t, uint16_t, const struct nft_element *);
static bool	 answered(const void *, size_t, uint32_t, int *, nfnl_cb *,
		    void *);

static int	 sock = -1;
static uint32_t	 seq;

/* The transaction that is being written. */
static struct {
	char		*buf;
	size_t		 size;
	size_t		 len;
	size_t		 last;		/* message: it asks for an answer */
	uint8_t		 family;
	const char	*table;
	int		 error;		/* errno */
	size_t		 sndbuf;	/* what the socket takes at once */
} batch;

int
nfnl_open(void)
{
	const struct timeval	 patience = { ANSWER_TIMEOUT, 0 };
	const int		 on = 1;
	struct sockaddr_nl	 sa;
	int			 sndbuf = 0;
	socklen_t		 len = sizeof(sndbuf);

	if (sock != -1)
		return 0;
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (sock == -1)
		return -1;
	memset(&sa, 0, sizeof(sa));
	sa.nl_family = AF_NETLINK;
	if (bind(sock, (struct sockaddr *)&sa, sizeof(sa)) == -1 ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience)) == -1) {
		close(sock);
		sock = -1;
		return -1;
	}
	(void)setsockopt(sock, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	/* Half of it is the kernel's own. */
	(void)getsockopt(sock, SOL_SOCKET, SO_SNDBUF, &sndbuf, &len);
	batch.sndbuf = sndbuf / 2;
	return 0;
}

uint32_t
nfnl_port(void)
{
	struct sockaddr_nl	 sa;
	socklen_t		 len = sizeof(sa);

	memset(&sa, 0, sizeof(sa));
	if (getsockname(sock, (struct sockaddr *)&sa, &len) == -1)
		return 0;
	return sa.nl_pid;
}

struct nlmsghdr *
nfnl_put(void *buf, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nlmsghdr		*nlh;
	struct nfgenmsg		*nfg;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = 0;
	return nlh;
}

/*
 * Take one datagram.  True when the answer is complete, with its error in
 * the argument; EINTR when things changed while the kernel told them.
 */
static bool
answered(const void *buf, size_t size, uint32_t first, int *error,
    nfnl_cb *cb, void *arg)
{
	const struct nlmsghdr	*nlh = buf;
	const struct nlmsgerr	*nlerr;
	int			 len = size;

	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		/* Of a request that was given up? */
		if ((int32_t)(nlh->nlmsg_seq - first) < 0)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			*error = EINTR;
		switch (nlh->nlmsg_type) {
		case NLMSG_ERROR:
			nlerr = mnl_nlmsg_get_payload(nlh);
			if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*nlerr))
				*error = EBADMSG;
			else if (nlerr->error != 0 && *error == 0)
				*error = -nlerr->error;
			return true;
		case NLMSG_DONE:
			return true;
		default:
			if (cb != NULL)
				cb(nlh, arg);
			if ((nlh->nlmsg_flags & NLM_F_MULTI) == 0)
				return true;
		}
	}
	return false;
}

/* Wait for the answer to what was sent from that number on. */
static int
receive(uint32_t first, nfnl_cb *cb, void *arg)
{
	static char	 buf[ANSWER_SIZE]
			    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	ssize_t		 n;
	int		 error = 0;

	do {
		n = rtnl_receive(sock, buf, sizeof(buf));
		if (n == -1 && errno == EAGAIN)
			errno = ETIMEDOUT;
		if (n == -1 && errno != EINTR)
			return -1;
	} while (n <= 0 || !answered(buf, n, first, &error, cb, arg));
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}

int
nfnl_request(struct nlmsghdr *req, nfnl_cb *cb, void *arg)
{
	req->nlmsg_seq = ++seq;
	if (send(sock, req, req->nlmsg_len, 0) == -1)
		return -1;
	return receive(seq, cb, arg);
}

/* --- transactions ------------------------------------------------------- */

/* Room for one more message and the end. */
static bool
batch_reserve(void)
{
	size_t	 size = batch.size == 0 ? BATCH_MIN : batch.size * 2;
	char	*p;

	if (batch.error != 0)
		return false;
	if (batch.len + 2 * BATCH_SPARE <= batch.size)
		return true;
	if (size > BATCH_MAX) {
		batch.error = EMSGSIZE;
		return false;
	}
	if ((p = realloc(batch.buf, size)) == NULL) {
		batch.error = errno;
		return false;
	}
	batch.buf = p;
	batch.size = size;
	return true;
}

/* A message that begins or ends the transaction. */
static void
batch_control(uint16_t type)
{
	struct nlmsghdr		*nlh;
	struct nfgenmsg		*nfg;

	nlh = nfnl_put(batch.buf + batch.len, type, 0, AF_UNSPEC);
	nfg = mnl_nlmsg_get_payload(nlh);
	nfg->res_id = htons(NFNL_SUBSYS_NFTABLES);
	nlh->nlmsg_seq = ++seq;
	batch_done(nlh);
}

/* The next message of the transaction, with the name of the table. */
static struct nlmsghdr *
batch_put(uint16_t msg, uint16_t flags)
{
	struct nlmsghdr	*nlh;

	if (!batch_reserve())
		return NULL;
	nlh = nfnl_put(batch.buf + batch.len, NFNL_NFT(msg), flags,
	    batch.family);
	nlh->nlmsg_seq = ++seq;
	/* It is attribute 1 of all objects. */
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, batch.table);
	batch.last = batch.len;
	return nlh;
}

static struct nlmsghdr *
message_at(size_t offset)
{
	return (struct nlmsghdr *)(void *)(batch.buf + offset);
}

static void
batch_done(const struct nlmsghdr *nlh)
{
	batch.len += NLMSG_ALIGN(nlh->nlmsg_len);
}

void
nft_begin(uint8_t family, const char *table)
{
	batch.len = 0;
	batch.last = 0;
	batch.error = 0;
	nft_table(family, table);
	if (batch_reserve())
		batch_control(NFNL_MSG_BATCH_BEGIN);
}

void
nft_table(uint8_t family, const char *table)
{
	batch.family = family;
	batch.table = table;
}

static void
put_element(uint16_t msg, uint16_t flags, const struct nft_element *elem)
{
	struct nlmsghdr	*nlh;
	struct nlattr	*list, *item, *key, *data, *verdict;

	if ((nlh = batch_put(msg, flags)) == NULL)
		return;
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, elem->set);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	item = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, elem->keylen, elem->key);
	mnl_attr_nest_end(nlh, key);
	if (elem->value != NULL || elem->jump != NULL) {
		data = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_DATA);
		if (elem->value != NULL)
			mnl_attr_put(nlh, NFTA_DATA_VALUE, elem->valuelen,
			    elem->value);
		else {
			verdict = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);
			mnl_attr_put_u32(nlh, NFTA_VERDICT_CODE,
			    htonl(NFT_JUMP));
			mnl_attr_put_strz(nlh, NFTA_VERDICT_CHAIN,
			    elem->jump);
			mnl_attr_nest_end(nlh, verdict);
		}
		mnl_attr_nest_end(nlh, data);
	}
	mnl_attr_nest_end(nlh, item);
	mnl_attr_nest_end(nlh, list);
	batch_done(nlh);
}

void
nft_add_element(const struct nft_element *elem)
{
	put_element(NFT_MSG_NEWSETELEM, NLM_F_CREATE, elem);
}

/* Only the key counts, and some kernels refuse the rest. */
void
nft_del_element(const struct nft_element *elem)
{
	struct nft_element	 key = *elem;

	key.value = NULL;
	key.jump = NULL;
	put_element(NFT_MSG_DELSETELEM, 0, &key);
}

void
nft_flush_set(const char *set)
{
	struct nlmsghdr	*nlh;

	if ((nlh = batch_put(NFT_MSG_DELSETELEM, 0)) == NULL)
		return;
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	batch_done(nlh);
}

void
nft_del_chain(const char *chain)
{
	struct nlmsghdr	*nlh;

	if ((nlh = batch_put(NFT_MSG_DELRULE, 0)) == NULL)
		return;
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	batch_done(nlh);
	if ((nlh = batch_put(NFT_MSG_DELCHAIN, 0)) == NULL)
		return;
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, chain);
	batch_done(nlh);
}

void
nft_del_table(void)
{
	struct nlmsghdr	*nlh;

	if ((nlh = batch_put(NFT_MSG_DELTABLE, 0)) != NULL)
		batch_done(nlh);
}

/* The kernel takes a transaction whole or not at all. */
static int
batch_send(void)
{
	int	 size = (int)batch.len;

	if (batch.len > batch.sndbuf) {
		if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size,
		    sizeof(size)) == -1)
			return -1;
		batch.sndbuf = batch.len;
	}
	return send(sock, batch.buf, batch.len, 0) == -1 ? -1 : 0;
}

int
nft_commit(void)
{
	uint32_t	 first;

	if (batch.error != 0) {
		errno = batch.error;
		return -1;
	}
	if (batch.last == 0)
		return 0;
	/* One acknowledgement says that all went well. */
	message_at(batch.last)->nlmsg_flags |= NLM_F_ACK;
	first = message_at(0)->nlmsg_seq;
	batch_control(NFNL_MSG_BATCH_END);
	if (batch_send() == -1)
		return -1;
	return receive(first, NULL, NULL);
}

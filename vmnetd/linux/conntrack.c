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

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conntrack.h"
#include "nfnl.h"

/* The bits of CTA_FILTER_*_FLAGS, which the kernel's headers do not have. */
#define FILTER_IP_SRC	(1U << 0)

/* What is forgotten at once, where the kernel does not do it by itself. */
#define BATCH_MAX	1024
#define ROUNDS_MAX	64
#define TUPLE_SIZE	128

/* Which of a connection's two directions comes from the guest. */
enum direction {
	DIR_ORIGINAL,		/* it began it */
	DIR_REPLY,		/* it answers: it was sent there, or NATed */
	DIR_MAX
};

static const uint16_t tuple_attr[DIR_MAX] = {
	[DIR_ORIGINAL] = CTA_TUPLE_ORIG,
	[DIR_REPLY] = CTA_TUPLE_REPLY
};
static const uint16_t flags_attr[DIR_MAX] = {
	[DIR_ORIGINAL] = CTA_FILTER_ORIG_FLAGS,
	[DIR_REPLY] = CTA_FILTER_REPLY_FLAGS
};

/* One connection, as the kernel wants to hear of it again. */
struct connection {
	uint8_t		 tuple[TUPLE_SIZE];	/* what CTA_TUPLE_ORIG holds */
	size_t		 len;
	uint32_t	 id;
	uint16_t	 zone;
};

struct search {
	uint32_t	 guest;			/* network byte order */
	enum direction	 dir;
	size_t		 n;
	bool		 more;
	struct connection found[BATCH_MAX];
};

static struct nlmsghdr	*request(void *, uint16_t, uint16_t, enum direction,
		    uint32_t);
static bool	 comes_from(const struct nlattr *, uint32_t);
static void	 take_connection(const struct nlmsghdr *, void *);
static int	 forget_one(const struct connection *);
static int	 forget_listed(enum direction, uint32_t);

/* Of the connections whose direction has that source address. */
static struct nlmsghdr *
request(void *buf, uint16_t msg, uint16_t flags, enum direction dir,
    uint32_t guest)
{
	struct nlmsghdr	*nlh;
	struct nfgenmsg	*nfg;
	struct nlattr	*tuple, *ip, *filter;

	nlh = nfnl_put(buf, NFNL_CT(msg), flags, AF_INET);
	/* From this version on the family counts when deleting, too. */
	nfg = mnl_nlmsg_get_payload(nlh);
	nfg->version = 1;
	tuple = mnl_attr_nest_start(nlh, tuple_attr[dir]);
	ip = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
	mnl_attr_put_u32(nlh, CTA_IP_V4_SRC, guest);
	mnl_attr_nest_end(nlh, ip);
	mnl_attr_nest_end(nlh, tuple);
	filter = mnl_attr_nest_start(nlh, CTA_FILTER);
	mnl_attr_put_u32(nlh, flags_attr[dir], FILTER_IP_SRC);
	mnl_attr_nest_end(nlh, filter);
	return nlh;
}

static bool
comes_from(const struct nlattr *tuple, uint32_t address)
{
	struct nlattr		*ip, *attr;

	mnl_attr_for_each_nested(ip, tuple)
		if (mnl_attr_get_type(ip) == CTA_TUPLE_IP)
			mnl_attr_for_each_nested(attr, ip)
				if (mnl_attr_get_type(attr) == CTA_IP_V4_SRC &&
				    mnl_attr_get_payload_len(attr) ==
				    sizeof(uint32_t) &&
				    mnl_attr_get_u32(attr) == address)
					return true;
	return false;
}

/* Older kernels do not heed the filter and tell all. */
static void
take_connection(const struct nlmsghdr *nlh, void *arg)
{
	struct search		*s = arg;
	struct connection	 conn;
	struct nlattr		*attr;
	bool			 ours = false;

	memset(&conn, 0, sizeof(conn));
	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == tuple_attr[s->dir])
			ours = comes_from(attr, s->guest);
		switch (mnl_attr_get_type(attr)) {
		case CTA_TUPLE_ORIG:
			conn.len = mnl_attr_get_payload_len(attr);
			if (conn.len > sizeof(conn.tuple))
				return;
			memcpy(conn.tuple, mnl_attr_get_payload(attr),
			    conn.len);
			break;
		case CTA_ID:
			if (mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
				conn.id = mnl_attr_get_u32(attr);
			break;
		case CTA_ZONE:
			if (mnl_attr_get_payload_len(attr) == sizeof(uint16_t))
				conn.zone = mnl_attr_get_u16(attr);
			break;
		}
	}
	if (!ours || conn.len == 0)
		return;
	if (s->n == BATCH_MAX)
		s->more = true;
	else
		s->found[s->n++] = conn;
}

static int
forget_one(const struct connection *conn)
{
	static char	 buf[NFNL_REQUEST_SIZE]
			    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	struct nlmsghdr	*nlh;

	nlh = nfnl_put(buf, NFNL_CT(IPCTNL_MSG_CT_DELETE), NLM_F_ACK, AF_INET);
	mnl_attr_put(nlh, CTA_TUPLE_ORIG | NLA_F_NESTED, conn->len,
	    conn->tuple);
	if (conn->zone != 0)
		mnl_attr_put_u16(nlh, CTA_ZONE, conn->zone);
	/* Not one that has taken its place meanwhile. */
	if (conn->id != 0)
		mnl_attr_put_u32(nlh, CTA_ID, conn->id);
	if (nfnl_request(nlh, NULL, NULL) == -1 && errno != ENOENT)
		return -1;
	return 0;
}

/* List and delete, until nothing is found or it comes faster than it goes. */
static int
forget_listed(enum direction dir, uint32_t guest)
{
	static char		 buf[NFNL_REQUEST_SIZE]
				    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	static struct search	 s;
	size_t			 i;
	int			 rounds;

	for (rounds = 0; rounds < ROUNDS_MAX; rounds++) {
		s.guest = guest;
		s.dir = dir;
		s.n = 0;
		s.more = false;
		if (nfnl_request(request(buf, IPCTNL_MSG_CT_GET, NLM_F_DUMP,
		    dir, guest), take_connection, &s) == -1 && errno != EINTR)
			return -1;
		for (i = 0; i < s.n; i++)
			if (forget_one(&s.found[i]) == -1)
				return -1;
		if (!s.more)
			return 0;
	}
	errno = EAGAIN;
	return -1;
}

/*
 * Kernels since 6.8 delete by a filter; others say that half a tuple names no
 * connection.
 */
int
conntrack_forget(uint32_t address)
{
	static char	 buf[NFNL_REQUEST_SIZE]
			    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	static bool	 listed;
	const uint32_t	 guest = htonl(address);
	enum direction	 dir;

	for (dir = 0; dir < DIR_MAX; dir++) {
		if (!listed) {
			if (nfnl_request(request(buf, IPCTNL_MSG_CT_DELETE,
			    NLM_F_ACK, dir, guest), NULL, NULL) == 0)
				continue;
			if (errno != EINVAL)
				return -1;
			listed = true;
		}
		if (forget_listed(dir, guest) == -1)
			return -1;
	}
	return 0;
}

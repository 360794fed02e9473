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

/*
 * Either the kernel finds a guest's connections, going over all that there
 * are twice, or it tells all, which takes some times as long for any number
 * of guests.
 */
#define FEW		4

/* The bits of CTA_FILTER_*_FLAGS, which the kernel's headers do not have. */
#define FILTER_IP_SRC	(1U << 0)

#define FOUND_MIN	256
#define FOUND_MAX	65536
#define ROUNDS_MAX	16
#define TUPLE_SIZE	80

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

/* Connections of guests, whose addresses are sorted. */
struct search {
	const uint32_t	*guest;
	size_t		 nguest;
	struct connection *found;
	size_t		 n, size;
	bool		 more;			/* than there is room for */
};

static int	 address_cmp(const void *, const void *);
static struct nlmsghdr	*request(void *, uint16_t, uint16_t, enum direction,
		    uint32_t);
static bool	 is_from(const struct search *, const struct nlattr *);
static bool	 read_connection(const struct nlmsghdr *,
		    const struct search *, struct connection *);
static void	 take_connection(const struct nlmsghdr *, void *);
static int	 forget_one(const struct connection *);
static int	 forget_found(struct nlmsghdr *, struct search *);
static int	 forget_guest(uint32_t);
static int	 forget_guests(const uint32_t *, size_t);

static int
address_cmp(const void *p, const void *q)
{
	const uint32_t	*a = p, *b = q;

	return *a < *b ? -1 : *a > *b;
}

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
	mnl_attr_put_u32(nlh, CTA_IP_V4_SRC, htonl(guest));
	mnl_attr_nest_end(nlh, ip);
	mnl_attr_nest_end(nlh, tuple);
	filter = mnl_attr_nest_start(nlh, CTA_FILTER);
	mnl_attr_put_u32(nlh, flags_attr[dir], FILTER_IP_SRC);
	mnl_attr_nest_end(nlh, filter);
	return nlh;
}

/* --- one by one ----------------------------------------------------------- */

static bool
is_from(const struct search *s, const struct nlattr *tuple)
{
	struct nlattr	*ip, *attr;
	uint32_t	 address;

	mnl_attr_for_each_nested(ip, tuple) {
		if (mnl_attr_get_type(ip) != CTA_TUPLE_IP)
			continue;
		mnl_attr_for_each_nested(attr, ip) {
			if (mnl_attr_get_type(attr) != CTA_IP_V4_SRC ||
			    mnl_attr_get_payload_len(attr) != sizeof(address))
				continue;
			address = ntohl(mnl_attr_get_u32(attr));
			return bsearch(&address, s->guest, s->nguest,
			    sizeof(address), address_cmp) != NULL;
		}
	}
	return false;
}

/* True if it is one of a guest's: older kernels do not heed the filter. */
static bool
read_connection(const struct nlmsghdr *nlh, const struct search *s,
    struct connection *conn)
{
	struct nlattr	*attr;
	bool		 wanted = false;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
		switch (mnl_attr_get_type(attr)) {
		case CTA_TUPLE_ORIG:
			conn->len = mnl_attr_get_payload_len(attr);
			if (conn->len > sizeof(conn->tuple))
				return false;
			memcpy(conn->tuple, mnl_attr_get_payload(attr),
			    conn->len);
			wanted = wanted || is_from(s, attr);
			break;
		case CTA_TUPLE_REPLY:
			wanted = wanted || is_from(s, attr);
			break;
		case CTA_ID:
			if (mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
				conn->id = mnl_attr_get_u32(attr);
			break;
		case CTA_ZONE:
			if (mnl_attr_get_payload_len(attr) == sizeof(uint16_t))
				conn->zone = mnl_attr_get_u16(attr);
			break;
		}
	return wanted && conn->len > 0;
}

static void
take_connection(const struct nlmsghdr *nlh, void *arg)
{
	struct search		*s = arg;
	struct connection	 conn, *p;
	size_t			 size;

	memset(&conn, 0, sizeof(conn));
	if (!read_connection(nlh, s, &conn))
		return;
	if (s->n == s->size && s->size < FOUND_MAX) {
		size = s->size == 0 ? FOUND_MIN : s->size * 2;
		p = reallocarray(s->found, size, sizeof(*p));
		if (p != NULL) {
			s->found = p;
			s->size = size;
		}
	}
	if (s->n == s->size)
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

/* List and delete, until all is found or it comes faster than it goes. */
static int
forget_found(struct nlmsghdr *nlh, struct search *s)
{
	size_t	 i;
	int	 rounds = 0, result = 0;

	do {
		s->n = 0;
		s->more = false;
		if (nfnl_request(nlh, take_connection, s) == -1 &&
		    errno != EINTR)
			result = -1;
		for (i = 0; i < s->n && result == 0; i++)
			result = forget_one(&s->found[i]);
	} while (result == 0 && s->more && s->n > 0 && ++rounds < ROUNDS_MAX);
	free(s->found);
	return result;
}

static int
forget_guests(const uint32_t *guests, size_t n)
{
	static char	 buf[NFNL_REQUEST_SIZE]
			    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	struct search	 s = { .guest = guests, .nguest = n };

	return forget_found(nfnl_put(buf, NFNL_CT(IPCTNL_MSG_CT_GET),
	    NLM_F_DUMP, AF_INET), &s);
}

/* --- by the kernel -------------------------------------------------------- */

/*
 * Kernels since 6.8 delete by a filter; others say that half a tuple names no
 * connection, but list by a filter since 5.8.
 */
static int
forget_guest(uint32_t guest)
{
	static char	 buf[NFNL_REQUEST_SIZE]
			    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	static bool	 listed;
	enum direction	 dir;

	for (dir = 0; dir < DIR_MAX; dir++) {
		struct search	 s = { .guest = &guest, .nguest = 1 };

		if (!listed) {
			if (nfnl_request(request(buf, IPCTNL_MSG_CT_DELETE,
			    NLM_F_ACK, dir, guest), NULL, NULL) == 0)
				continue;
			if (errno != EINVAL)
				return -1;
			listed = true;
		}
		if (forget_found(request(buf, IPCTNL_MSG_CT_GET, NLM_F_DUMP,
		    dir, guest), &s) == -1)
			return -1;
	}
	return 0;
}

int
conntrack_forget(uint32_t *guests, size_t n)
{
	size_t	 i;

	if (n > FEW) {
		qsort(guests, n, sizeof(*guests), address_cmp);
		return forget_guests(guests, n);
	}
	for (i = 0; i < n; i++)
		if (forget_guest(guests[i]) == -1)
			return -1;
	return 0;
}

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

#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rtnl.h"

/* The kernel fills up to this with one part of a long answer. */
#define ANSWER_SIZE	32768
/* It answers at once; a program must not hang if it does not. */
#define ANSWER_TIMEOUT	5	/* seconds */

static void	 get_string(const struct nlattr *, char *, size_t);
static uint32_t	 get_u32(const struct nlattr *);
static void	 parse_linkinfo(const struct nlattr *, struct link *);
static void	 add_event(struct watchlist *, const struct nlmsghdr *);
static bool	 message_ok(const struct nlmsghdr *, int);
static int	 set_option(int, int);
static bool	 answered(const void *, size_t, int *, rtnl_cb *, void *);

static int	 sock = -1;
static uint32_t	 seq;

/* Text that does not fit cannot be what vmnetd looks for: "". */
static void
get_string(const struct nlattr *attr, char *buf, size_t size)
{
	const char	*s = mnl_attr_get_payload(attr);
	size_t		 len = strnlen(s, mnl_attr_get_payload_len(attr));

	if (len >= size)
		len = 0;
	memcpy(buf, s, len);
	buf[len] = '\0';
}

static uint32_t
get_u32(const struct nlattr *attr)
{
	if (mnl_attr_get_payload_len(attr) != sizeof(uint32_t))
		return 0;
	return mnl_attr_get_u32(attr);
}

/* The kind of device, and what only that kind has to say. */
static void
parse_linkinfo(const struct nlattr *info, struct link *link)
{
	struct nlattr	*attr, *data = NULL;
	char			 kind[16] = "";

	mnl_attr_for_each_nested(attr, info) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			get_string(attr, kind, sizeof(kind));
		else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA)
			data = attr;
	}
	if (data == NULL)
		return;
	mnl_attr_for_each_nested(attr, data) {
		if (strcmp(kind, "tun") == 0 &&
		    mnl_attr_get_type(attr) == IFLA_TUN_TYPE &&
		    mnl_attr_get_payload_len(attr) == sizeof(uint8_t))
			link->ifc.tap = mnl_attr_get_u8(attr) == IFF_TAP;
		if (strcmp(kind, "vrf") == 0 &&
		    mnl_attr_get_type(attr) == IFLA_VRF_TABLE)
			link->vrf = get_u32(attr);
	}
}

int
rtnl_parse_link(const struct nlmsghdr *nlh, struct link *link)
{
	const struct ifinfomsg	*ifi = mnl_nlmsg_get_payload(nlh);
	struct nlattr		*attr;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi) ||
	    ifi->ifi_index <= 0)
		return -1;
	memset(link, 0, sizeof(*link));
	link->ifc.index = ifi->ifi_index;
	link->ifc.up = (ifi->ifi_flags & IFF_UP) != 0;
	mnl_attr_for_each(attr, nlh, sizeof(*ifi))
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IFNAME:
			get_string(attr, link->ifc.name,
			    sizeof(link->ifc.name));
			break;
		case IFLA_IFALIAS:
			get_string(attr, link->ifc.descr,
			    sizeof(link->ifc.descr));
			break;
		case IFLA_CARRIER:
			if (mnl_attr_get_payload_len(attr) == sizeof(uint8_t))
				link->ifc.link = mnl_attr_get_u8(attr) != 0;
			break;
		case IFLA_MASTER:
			link->ifc.master = get_u32(attr);
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(attr) == LLADDR_LEN)
				memcpy(link->ifc.lladdr,
				    mnl_attr_get_payload(attr), LLADDR_LEN);
			break;
		case IFLA_LINKINFO:
			parse_linkinfo(attr, link);
			break;
		}
	return link->ifc.name[0] == '\0' ? -1 : 0;
}

int
rtnl_parse_address(const struct nlmsghdr *nlh, uint32_t *ifindex,
    struct prefix *prefix)
{
	const struct ifaddrmsg	*ifa = mnl_nlmsg_get_payload(nlh);
	struct nlattr		*attr;
	bool			 found = false;

	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa) ||
	    ifa->ifa_family != AF_INET || ifa->ifa_prefixlen > 32)
		return -1;
	/* Callers compare bytes: no rubbish between the members. */
	memset(prefix, 0, sizeof(*prefix));
	*ifindex = ifa->ifa_index;
	prefix->len = ifa->ifa_prefixlen;
	mnl_attr_for_each(attr, nlh, sizeof(*ifa))
		if (mnl_attr_get_type(attr) == IFA_LOCAL &&
		    mnl_attr_get_payload_len(attr) == sizeof(uint32_t)) {
			prefix->addr = ntohl(mnl_attr_get_u32(attr));
			found = true;
		}
	return found ? 0 : -1;
}

/*
 * Only which interface it is about counts.  A bridge that loses a port says
 * RTM_DELLINK of the port, too; that is no departure.
 */
static void
add_event(struct watchlist *list, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg	*ifi = mnl_nlmsg_get_payload(nlh);
	const struct ifaddrmsg	*ifa = mnl_nlmsg_get_payload(nlh);
	size_t			 len = mnl_nlmsg_get_payload_len(nlh);

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (len < sizeof(*ifi) || ifi->ifi_index <= 0)
			break;
		if (nlh->nlmsg_type == RTM_DELLINK &&
		    ifi->ifi_family == AF_UNSPEC)
			watchlist_departed(list, ifi->ifi_index);
		else
			watchlist_changed(list, ifi->ifi_index);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (len >= sizeof(*ifa) && ifa->ifa_index != 0)
			watchlist_changed(list, ifa->ifa_index);
		break;
	}
}

/* The library takes a length of more than INT_MAX for a negative one. */
static bool
message_ok(const struct nlmsghdr *nlh, int len)
{
	return mnl_nlmsg_ok(nlh, len) && nlh->nlmsg_len <= (uint32_t)len;
}

void
rtnl_parse_events(const void *buf, size_t size, struct watchlist *list)
{
	const struct nlmsghdr	*nlh = buf;
	int			 len = size;

	for (; message_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
		if (nlh->nlmsg_type == NLMSG_OVERRUN)
			list->lost = true;
		else
			add_event(list, nlh);
}

static int
set_option(int option, int value)
{
	return setsockopt(sock, SOL_NETLINK, option, &value, sizeof(value));
}

int
rtnl_open(void)
{
	const struct timeval	 patience = { ANSWER_TIMEOUT, 0 };

	if (sock != -1)
		return 0;
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (sock == -1)
		return -1;
	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience)) == -1) {
		close(sock);
		sock = -1;
		return -1;
	}
	/* Answers that are short; older kernels give long ones. */
	(void)set_option(NETLINK_GET_STRICT_CHK, 1);
	(void)set_option(NETLINK_CAP_ACK, 1);
	return 0;
}

int
rtnl_subscribe(int protocol, uint32_t groups, int room)
{
	struct sockaddr_nl	 sa;
	int			 fd, error;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    protocol);
	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room,
	    sizeof(room)) == -1)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room,
		    sizeof(room));
	memset(&sa, 0, sizeof(sa));
	sa.nl_family = AF_NETLINK;
	sa.nl_groups = groups;
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

ssize_t
rtnl_receive(int fd, void *buf, size_t size)
{
	struct sockaddr_nl	 from;
	struct iovec		 iov = { buf, size };
	struct msghdr		 msg;
	ssize_t			 n;

	memset(&msg, 0, sizeof(msg));
	memset(&from, 0, sizeof(from));
	msg.msg_name = &from;
	msg.msg_namelen = sizeof(from);
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if ((n = recvmsg(fd, &msg, 0)) == -1)
		return -1;
	if (msg.msg_namelen != sizeof(from) || from.nl_pid != 0)
		return 0;
	if (msg.msg_flags & MSG_TRUNC) {
		errno = EMSGSIZE;
		return -1;
	}
	return n;
}

/*
 * Take one datagram.  True when the answer is complete, with its error in
 * the argument; EINTR when things changed while the kernel told them.
 */
static bool
answered(const void *buf, size_t size, int *error, rtnl_cb *cb, void *arg)
{
	const struct nlmsghdr	*nlh = buf;
	const struct nlmsgerr	*nlerr;
	int			 len = size;

	for (; message_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_seq != seq)
			continue;	/* of a request that was given up */
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			*error = EINTR;
		switch (nlh->nlmsg_type) {
		case NLMSG_ERROR:
			nlerr = mnl_nlmsg_get_payload(nlh);
			if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*nlerr))
				*error = EBADMSG;
			else if (nlerr->error != 0)
				*error = -nlerr->error;
			return true;
		case NLMSG_DONE:
			return true;
		default:
			cb(nlh, arg);
			if ((nlh->nlmsg_flags & NLM_F_MULTI) == 0)
				return true;
		}
	}
	return false;
}

int
rtnl_request(struct nlmsghdr *req, rtnl_cb *cb, void *arg)
{
	static char	 buf[ANSWER_SIZE]
			    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	ssize_t		 n;
	int		 error = 0;

	req->nlmsg_seq = ++seq;
	req->nlmsg_flags |= NLM_F_REQUEST;
	/* Unnamed: to the kernel, and no way to name anybody else. */
	if (send(sock, req, req->nlmsg_len, 0) == -1)
		return -1;
	do {
		n = rtnl_receive(sock, buf, sizeof(buf));
		if (n == -1 && errno == EAGAIN)
			errno = ETIMEDOUT;
		if (n == -1 && errno != EINTR)
			return -1;
	} while (n <= 0 || !answered(buf, n, &error, cb, arg));
	if (error == 0)
		return 0;
	errno = error == ENODEV ? ENXIO : error;
	return -1;
}

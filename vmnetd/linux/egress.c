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

#include <linux/rtnetlink.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "egress.h"
#include "log.h"
#include "rtnl.h"

#define EGRESS_RCVBUF	(1024 * 1024)
#define READ_BATCH	64		/* datagrams at once */
#define LOOK_TRIES	16
#define REQUEST_SIZE	128

struct list {
	uint32_t	 ifindex[EGRESS_MAX];
	char		 name[EGRESS_MAX][IF_NAMESIZE];
	const char	*names[EGRESS_MAX];
	size_t		 n;
	bool		 full;
};

static bool	 is_default(const struct nlmsghdr *);
static void	 take_route(const struct nlmsghdr *, void *);
static void	 take_hops(const struct nlattr *, struct list *);
static void	 add(struct list *, uint32_t);
static bool	 has(const struct list *, uint32_t);
static void	 take_name(const struct nlmsghdr *, void *);
static bool	 concerns(const struct nlmsghdr *);
static int	 look(struct list *);
static void	 find_names(struct list *);

static int		 sock = -1;
static struct list	 current;

int
egress_open(void)
{
	if (rtnl_open() == -1)
		return -1;
	sock = rtnl_subscribe(NETLINK_ROUTE, RTMGRP_LINK |
	    RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE, EGRESS_RCVBUF);
	return sock;
}

/* --- routes -------------------------------------------------------------- */

/* The table's number in the header is cut where it is large. */
static bool
is_default(const struct nlmsghdr *nlh)
{
	const struct rtmsg	*rtm = mnl_nlmsg_get_payload(nlh);

	return mnl_nlmsg_get_payload_len(nlh) >= sizeof(*rtm) &&
	    rtm->rtm_family == AF_INET && rtm->rtm_dst_len == 0 &&
	    rtm->rtm_table == RT_TABLE_MAIN && rtm->rtm_type == RTN_UNICAST &&
	    (rtm->rtm_flags & RTM_F_CLONED) == 0;
}

static bool
has(const struct list *list, uint32_t ifindex)
{
	size_t	 i;

	for (i = 0; i < list->n; i++)
		if (list->ifindex[i] == ifindex)
			return true;
	return false;
}

static void
add(struct list *list, uint32_t ifindex)
{
	if (ifindex == 0 || has(list, ifindex))
		return;
	if (list->n == EGRESS_MAX)
		list->full = true;
	else
		list->ifindex[list->n++] = ifindex;
}

static void
take_hops(const struct nlattr *attr, struct list *list)
{
	const char			*p = mnl_attr_get_payload(attr);
	const struct rtnexthop		*hop;
	size_t				 step, len;

	for (len = mnl_attr_get_payload_len(attr); len >= sizeof(*hop);
	    p += step, len -= step) {
		hop = (const struct rtnexthop *)(const void *)p;
		step = MNL_ALIGN(hop->rtnh_len);
		if (hop->rtnh_len < sizeof(*hop) || step > len)
			return;
		add(list, hop->rtnh_ifindex);
	}
}

static void
take_route(const struct nlmsghdr *nlh, void *arg)
{
	struct list		*list = arg;
	struct nlattr		*attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE || !is_default(nlh))
		return;
	mnl_attr_for_each(attr, nlh, sizeof(struct rtmsg))
		switch (mnl_attr_get_type(attr)) {
		case RTA_OIF:
			if (mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
				add(list, mnl_attr_get_u32(attr));
			break;
		case RTA_MULTIPATH:
			take_hops(attr, list);
			break;
		}
}

static void
take_name(const struct nlmsghdr *nlh, void *arg)
{
	struct link	 link;

	if (rtnl_parse_link(nlh, &link) == 0)
		strlcpy(arg, link.ifc.name, IF_NAMESIZE);
}

/* One that has gone meanwhile is left out. */
static void
find_names(struct list *list)
{
	static char		 buf[REQUEST_SIZE]
				    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	struct nlmsghdr		*nlh;
	struct ifinfomsg	*ifi;
	size_t			 i, n = 0;

	for (i = 0; i < list->n; i++) {
		nlh = mnl_nlmsg_put_header(buf);
		nlh->nlmsg_type = RTM_GETLINK;
		ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
		ifi->ifi_index = list->ifindex[i];
		list->name[n][0] = '\0';
		if (rtnl_request(nlh, take_name, list->name[n]) == -1 ||
		    list->name[n][0] == '\0')
			continue;
		list->ifindex[n++] = list->ifindex[i];
	}
	list->n = n;
}

static int
look(struct list *list)
{
	static char	 buf[REQUEST_SIZE]
			    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	struct nlmsghdr	*nlh;
	struct rtmsg	*rtm;

	memset(list, 0, sizeof(*list));
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_DUMP;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = AF_INET;
	rtm->rtm_table = RT_TABLE_MAIN;
	return rtnl_request(nlh, take_route, list);
}

int
egress_look(void)
{
	static struct list	 list;
	static bool		 said;
	size_t			 i;
	int			 tries = 0;

	while (look(&list) == -1)
		if (errno != EINTR || ++tries == LOOK_TRIES)
			return -1;
	find_names(&list);
	if (list.full && !said)
		log_warnx("more than %d interfaces have a default route: "
		    "the rest is not seen", EGRESS_MAX);
	said = list.full;
	current = list;
	for (i = 0; i < current.n; i++)
		current.names[i] = current.name[i];
	return 0;
}

const char *const *
egress_names(size_t *n)
{
	*n = current.n;
	return current.names;
}

/* --- what is announced ---------------------------------------------------- */

/*
 * The routes of an interface that goes down, or loses the address that they
 * are bound to, go without a word of their own.
 */
static bool
concerns(const struct nlmsghdr *nlh)
{
	const struct ifinfomsg	*ifi = mnl_nlmsg_get_payload(nlh);
	const struct ifaddrmsg	*ifa = mnl_nlmsg_get_payload(nlh);
	size_t			 len = mnl_nlmsg_get_payload_len(nlh);

	switch (nlh->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return is_default(nlh);
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return len >= sizeof(*ifi) && has(&current, ifi->ifi_index);
	case RTM_DELADDR:
		return len >= sizeof(*ifa) && has(&current, ifa->ifa_index);
	case NLMSG_OVERRUN:
		return true;
	}
	return false;
}

bool
egress_read(void)
{
	static char		 buf[32768]
				    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	const struct nlmsghdr	*nlh;
	bool			 changed = false;
	ssize_t			 n;
	int			 batch, len;

	for (batch = 0; batch < READ_BATCH; batch++) {
		if ((n = rtnl_receive(sock, buf, sizeof(buf))) == -1) {
			if (errno == EAGAIN)
				break;
			/* Some were lost. */
			if (errno == ENOBUFS || errno == EMSGSIZE)
				changed = true;
			else if (errno != EINTR) {
				log_warn("routes");
				break;
			}
			continue;
		}
		len = n;
		nlh = (const struct nlmsghdr *)(const void *)buf;
		for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
			changed |= concerns(nlh);
	}
	return changed;
}

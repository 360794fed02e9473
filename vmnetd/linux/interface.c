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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "log.h"
#include "rtnl.h"
#include "watchlist.h"

/* A burst of taps fills this with messages of some 1.5 kB before we read. */
#define WATCH_RCVBUF	(4 * 1024 * 1024)
/* Datagrams taken at once: others wait for the processor, too. */
#define WATCH_BATCH	64
/* The list changes while we read it: try again, this often. */
#define LOOK_TRIES	64

#define REQUEST_SIZE	128

/* What a look at one interface gathers. */
struct look {
	uint32_t	 ifindex;
	struct link	 link;
	bool		 found;
};

/* What a look at all of them gathers. */
struct owned {
	uint32_t	 ifindex;
	uint32_t	 order;
	struct prefix	 addr;
};

static struct nlmsghdr	*request(void *, uint16_t, uint16_t, uint32_t);
static int	 ask_link(uint32_t, struct link *);
static void	 take_link(const struct nlmsghdr *, void *);
static void	 take_address(const struct nlmsghdr *, void *);
static int	 find_domain(struct link *);
static int	 look(uint32_t, struct interface *);
static void	 add_address(const struct interface *, const struct prefix *);
static int	 gather(void);
static void	 gather_link(const struct nlmsghdr *, void *);
static void	 gather_address(const struct nlmsghdr *, void *);
static void	*grow(void *, size_t *, size_t, size_t);
static int	 link_cmp(const void *, const void *);
static int	 owned_cmp(const void *, const void *);
static void	 join_domain(struct link *);

const struct kernel_traits kernel_traits = {
	.taps_need_up = true,
	.settle = { 0, 0 },
	.log_by_parent = true,
	.descr_silent = false
};

static int		 watch = -1;
static struct prefix	 addrs[INTERFACE_MAXADDR];
static size_t		 naddrs;

static struct {
	struct link	*link;
	size_t		 nlink, link_size;
	struct owned	*owned;
	size_t		 nowned, owned_size;
	bool		 full;		/* no memory for the rest */
} all;

int
kernel_watch_open(void)
{
	if (rtnl_open() == -1)
		return -1;
	watch = rtnl_subscribe(NETLINK_ROUTE, RTMGRP_LINK |
	    RTMGRP_IPV4_IFADDR, WATCH_RCVBUF);
	return watch;
}

int
kernel_watch_read(const struct kernel_watcher *w)
{
	static char		 buf[32768]
				    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	static struct watchlist	 list;
	ssize_t			 n;
	int			 batch;

	watchlist_clear(&list);
	for (batch = 0; batch < WATCH_BATCH && watchlist_has_room(&list);
	    batch++) {
		n = rtnl_receive(watch, buf, sizeof(buf));
		if (n >= 0)
			rtnl_parse_events(buf, n, &list);
		else if (errno == ENOBUFS || errno == EMSGSIZE)
			list.lost = true;
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			return -1;
	}
	watchlist_tell(&list, w);
	return 0;
}

/* A request about links or addresses, of one interface if it is not 0. */
static struct nlmsghdr *
request(void *buf, uint16_t type, uint16_t flags, uint32_t ifindex)
{
	struct nlmsghdr		*nlh;
	struct ifinfomsg	*ifi;
	struct ifaddrmsg	*ifa;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	if (type == RTM_GETADDR) {
		ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
		ifa->ifa_family = AF_INET;
		ifa->ifa_index = ifindex;
	} else {
		ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
		ifi->ifi_index = ifindex;
		mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	}
	return nlh;
}

static void
take_link(const struct nlmsghdr *nlh, void *arg)
{
	struct look	*l = arg;

	if (rtnl_parse_link(nlh, &l->link) == 0 &&
	    l->link.ifc.index == l->ifindex)
		l->found = true;
}

static int
ask_link(uint32_t ifindex, struct link *link)
{
	static char	 buf[REQUEST_SIZE]
			    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	struct look	 l;

	l.ifindex = ifindex;
	l.found = false;
	if (rtnl_request(request(buf, RTM_GETLINK, 0, ifindex), take_link,
	    &l) == -1)
		return -1;
	if (!l.found) {
		errno = ENXIO;
		return -1;
	}
	*link = l.link;
	return 0;
}

/* A VRF is no bridge: it stands for its routing table. */
static int
find_domain(struct link *link)
{
	struct link	 master;

	if (link->ifc.master == 0)
		return 0;
	if (ask_link(link->ifc.master, &master) == -1)
		return -1;
	if (master.vrf != 0) {
		link->ifc.rdomain = master.vrf;
		link->ifc.master = 0;
	}
	return 0;
}

static void
add_address(const struct interface *ifc, const struct prefix *addr)
{
	static bool	 said;

	if (naddrs < INTERFACE_MAXADDR) {
		memcpy(&addrs[naddrs++], addr, sizeof(*addr));
		return;
	}
	if (!said)
		log_warnx("%s has more than %d addresses: the rest is not "
		    "seen", ifc->name, INTERFACE_MAXADDR);
	said = true;
}

static void
take_address(const struct nlmsghdr *nlh, void *arg)
{
	const struct interface	*ifc = arg;
	struct prefix		 addr;
	uint32_t		 ifindex;

	/* Kernels that do not know strict checking tell all. */
	if (rtnl_parse_address(nlh, &ifindex, &addr) == 0 &&
	    ifindex == ifc->index)
		add_address(ifc, &addr);
}

static int
look(uint32_t ifindex, struct interface *ifc)
{
	static char	 buf[REQUEST_SIZE]
			    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	struct link	 link;

	if (ask_link(ifindex, &link) == -1 || find_domain(&link) == -1)
		return -1;
	*ifc = link.ifc;
	ifc->addr = addrs;
	naddrs = 0;
	if (rtnl_request(request(buf, RTM_GETADDR, NLM_F_DUMP, ifindex),
	    take_address, ifc) == -1)
		return -1;
	ifc->naddr = naddrs;
	return 0;
}

int
kernel_look(uint32_t ifindex, struct interface *ifc)
{
	int	 tries;

	for (tries = 0; tries < LOOK_TRIES; tries++)
		if (look(ifindex, ifc) == 0)
			return 0;
		else if (errno != EINTR)
			return -1;
	/* Whatever changed is announced, and looked at again. */
	ifc->naddr = naddrs;
	return 0;
}

int
kernel_look_priv(uint32_t ifindex, struct interface *ifc)
{
	return kernel_look(ifindex, ifc);
}

static void *
grow(void *array, size_t *size, size_t used, size_t elem)
{
	void	*p;
	size_t	 n = *size == 0 ? 64 : *size * 2;

	if (used < *size)
		return array;
	if ((p = reallocarray(array, n, elem)) == NULL) {
		all.full = true;
		return array;
	}
	*size = n;
	return p;
}

static void
gather_link(const struct nlmsghdr *nlh, void *arg)
{
	all.link = grow(all.link, &all.link_size, all.nlink,
	    sizeof(*all.link));
	if (all.nlink < all.link_size &&
	    rtnl_parse_link(nlh, &all.link[all.nlink]) == 0)
		all.nlink++;
}

static void
gather_address(const struct nlmsghdr *nlh, void *arg)
{
	struct owned	*o;

	all.owned = grow(all.owned, &all.owned_size, all.nowned,
	    sizeof(*all.owned));
	if (all.nowned == all.owned_size)
		return;
	o = &all.owned[all.nowned];
	if (rtnl_parse_address(nlh, &o->ifindex, &o->addr) == -1)
		return;
	o->order = all.nowned++;
}

static int
link_cmp(const void *p, const void *q)
{
	const struct link	*a = p, *b = q;

	return a->ifc.index < b->ifc.index ? -1 : a->ifc.index > b->ifc.index;
}

/* Each interface's addresses together, in the kernel's order. */
static int
owned_cmp(const void *p, const void *q)
{
	const struct owned	*a = p, *b = q;

	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void
join_domain(struct link *link)
{
	struct link	 key, *master;

	key.ifc.index = link->ifc.master;
	if (link->ifc.master == 0 || (master = bsearch(&key, all.link,
	    all.nlink, sizeof(key), link_cmp)) == NULL || master->vrf == 0)
		return;
	link->ifc.rdomain = master->vrf;
	link->ifc.master = 0;
}

static int
gather(void)
{
	static char	 buf[REQUEST_SIZE]
			    __attribute__((__aligned__(NLMSG_ALIGNTO)));

	all.nlink = all.nowned = 0;
	all.full = false;
	if (rtnl_request(request(buf, RTM_GETLINK, NLM_F_DUMP, 0),
	    gather_link, NULL) == -1 ||
	    rtnl_request(request(buf, RTM_GETADDR, NLM_F_DUMP, 0),
	    gather_address, NULL) == -1)
		return -1;
	if (all.full) {
		errno = ENOMEM;
		return -1;
	}
	qsort(all.link, all.nlink, sizeof(*all.link), link_cmp);
	qsort(all.owned, all.nowned, sizeof(*all.owned), owned_cmp);
	return 0;
}

int
kernel_look_all(void (*cb)(const struct interface *, void *), void *arg)
{
	struct link	*link;
	size_t		 i, o = 0;
	int		 tries = 0;

	/* Half a list would make interfaces depart that are there. */
	while (gather() == -1)
		if (errno != EINTR || ++tries == LOOK_TRIES)
			return -1;
	for (i = 0; i < all.nlink; i++)
		join_domain(&all.link[i]);
	for (i = 0; i < all.nlink; i++) {
		link = &all.link[i];
		naddrs = 0;
		while (o < all.nowned &&
		    all.owned[o].ifindex < link->ifc.index)
			o++;
		for (; o < all.nowned &&
		    all.owned[o].ifindex == link->ifc.index; o++)
			add_address(&link->ifc, &all.owned[o].addr);
		link->ifc.addr = addrs;
		link->ifc.naddr = naddrs;
		cb(&link->ifc, arg);
	}
	return 0;
}

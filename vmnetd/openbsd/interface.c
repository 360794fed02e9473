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
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sockio.h>
#include <sys/sysctl.h>

#include <net/if.h>
#include <net/route.h>

#include <netinet/in.h>
#include <netinet/if_ether.h>

#include <net/if_bridge.h>	/* needs the above */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "log.h"
#include "look.h"
#include "records.h"
#include "watchlist.h"

/* A burst of taps fills this with messages of some 300 bytes. */
#define WATCH_RCVBUF	(1024 * 1024)
#define WATCH_RCVBUF_MIN 65536
/* Messages taken at once: others wait for the processor, too. */
#define WATCH_BATCH	64

/* What the kernel asks for grows while we fetch it: this often. */
#define LIST_TRIES	10
#define LIST_SLACK	4096

static void	 enlarge_buffer(int);
static int	 fetch_list(uint32_t, struct iflist *);
static int	 get_descr(struct interface *);
static int	 look(uint32_t, struct interface *, struct prefix *);
static void	 say_cut(const struct interface *);
static int	 find_bridge(struct interface *);
static int	 search_group(const char *, struct interface *);
static int	 has_port(const char *, const char *);

/* vmd(8) goes on with a tap for a moment after it wrote the description. */
const struct kernel_traits kernel_traits = {
	.taps_need_up = false,
	.settle = { 0, 50 * 1000 },
	.descr_silent = true,
	.log_by_parent = false,
	.rules_file = "anchor.pf",
	.ports_hidden = true
};

static int		 watch = -1;
static int		 sock = -1;
static struct prefix	 addrs[INTERFACE_MAXADDR];

/* The kernel's ceiling is not known beforehand. */
static void
enlarge_buffer(int fd)
{
	int	 size;

	for (size = WATCH_RCVBUF; size >= WATCH_RCVBUF_MIN; size /= 2)
		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size,
		    sizeof(size)) == 0)
			return;
}

int
kernel_watch_open(void)
{
	unsigned int	 filter, table = RTABLE_ANY;

	if (look_open() == -1)
		return -1;
	filter = ROUTE_FILTER(RTM_IFANNOUNCE) | ROUTE_FILTER(RTM_IFINFO) |
	    ROUTE_FILTER(RTM_NEWADDR) | ROUTE_FILTER(RTM_DELADDR);
	watch = socket(AF_ROUTE, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    AF_INET);
	if (watch == -1)
		return -1;
	if (setsockopt(watch, AF_ROUTE, ROUTE_MSGFILTER, &filter,
	    sizeof(filter)) == -1 ||
	    setsockopt(watch, AF_ROUTE, ROUTE_TABLEFILTER, &table,
	    sizeof(table)) == -1) {
		close(watch);
		watch = -1;
		return -1;
	}
	enlarge_buffer(watch);
	return watch;
}

int
kernel_watch_read(const struct kernel_watcher *w)
{
	static long		 buf[8192 / sizeof(long)];
	static struct watchlist	 list;
	ssize_t			 n;
	int			 batch;

	watchlist_clear(&list);
	for (batch = 0; batch < WATCH_BATCH && watchlist_has_room(&list);
	    batch++) {
		n = read(watch, buf, sizeof(buf));
		if (n > 0)
			records_route(buf, n, &list);
		else if (n == 0) {
			errno = ECONNRESET;
			return -1;
		} else if (errno == ENOBUFS)
			list.lost = true;
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			return -1;
	}
	watchlist_tell(&list, w);
	return 0;
}

int
look_open(void)
{
	if (sock == -1)
		sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return sock == -1 ? -1 : 0;
}

int
look_ioctl(unsigned long request, void *arg)
{
	if (ioctl(sock, request, arg) == 0)
		return 0;
	if (errno == ENODEV)
		errno = ENXIO;
	return -1;
}

/*
 * Links and IPv4 addresses of one interface, or of all for 0, as the kernel
 * has them in one moment.
 */
static int
fetch_list(uint32_t ifindex, struct iflist *list)
{
	static uint8_t	*buf;
	static size_t	 size;
	int		 mib[] = { CTL_NET, PF_ROUTE, 0, AF_INET,
			    NET_RT_IFLIST, ifindex };
	const u_int	 miblen = sizeof(mib) / sizeof(mib[0]);
	uint8_t		*p;
	size_t		 len;
	int		 tries;

	for (tries = 0; tries < LIST_TRIES; tries++) {
		len = size;
		if (buf != NULL &&
		    sysctl(mib, miblen, buf, &len, NULL, 0) == 0) {
			list->p = buf;
			list->left = len;
			return 0;
		}
		if (buf != NULL && errno != ENOMEM)
			return -1;
		if (sysctl(mib, miblen, NULL, &len, NULL, 0) == -1)
			return -1;
		len += LIST_SLACK;
		if (len <= size)
			continue;
		if ((p = realloc(buf, len)) == NULL)
			return -1;
		buf = p;
		size = len;
	}
	errno = EAGAIN;
	return -1;
}

static void
say_cut(const struct interface *ifc)
{
	static bool	 said;

	if (!said)
		log_warnx("%s has more than %d addresses: the rest is not "
		    "seen", ifc->name, INTERFACE_MAXADDR);
	said = true;
}

static int
get_descr(struct interface *ifc)
{
	struct ifreq	 ifr;
	char		 descr[IFDESCRSIZE];

	memset(&ifr, 0, sizeof(ifr));
	memset(descr, 0, sizeof(descr));
	memcpy(ifr.ifr_name, ifc->name, sizeof(ifr.ifr_name));
	ifr.ifr_data = descr;
	if (look_ioctl(SIOCGIFDESCR, &ifr) == -1)
		return -1;
	strlcpy(ifc->descr, descr, sizeof(ifc->descr));
	return 0;
}

/* Without the description; addresses go where there is room for them. */
static int
look(uint32_t ifindex, struct interface *ifc, struct prefix *addr)
{
	struct iflist	 list;

	if (ifindex != 0 && fetch_list(ifindex, &list) == -1)
		return -1;
	ifc->addr = addr;
	while (ifindex != 0 && records_interface(&list, ifc)) {
		if (list.cut)
			say_cut(ifc);
		if (ifc->index == ifindex)
			return 0;
	}
	errno = ENXIO;
	return -1;
}

int
look_again(const struct interface *old, struct interface *ifc)
{
	static struct prefix	 again[INTERFACE_MAXADDR];

	if (look(old->index, ifc, again) == -1)
		return -1;
	if (strcmp(old->name, ifc->name) == 0)
		return 0;
	errno = ENXIO;
	return -1;
}

/*
 * A description is asked for by name, and names come back soon: it is right
 * only if the index still has the name afterwards.
 */
int
kernel_look(uint32_t ifindex, struct interface *ifc)
{
	struct interface	 now;

	if (look(ifindex, ifc, addrs) == -1 || get_descr(ifc) == -1)
		return -1;
	return look_again(ifc, &now);
}

/*
 * An interface that departs meanwhile is left out.  One whose name comes
 * back meanwhile is announced, and looked at again.
 */
int
kernel_look_all(void (*cb)(const struct interface *, void *), void *arg)
{
	struct interface	 ifc;
	struct iflist		 list;

	if (fetch_list(0, &list) == -1)
		return -1;
	ifc.addr = addrs;
	while (records_interface(&list, &ifc)) {
		if (list.cut)
			say_cut(&ifc);
		if (get_descr(&ifc) == 0)
			cb(&ifc, arg);
	}
	return 0;
}

int
kernel_look_priv(uint32_t ifindex, struct interface *ifc)
{
	if (kernel_look(ifindex, ifc) == -1)
		return -1;
	return ifc->tap ? find_bridge(ifc) : 0;
}

/* No port knows its bridge: ask all that there are. */
static int
find_bridge(struct interface *ifc)
{
	static const char *const	 groups[] = { "veb", "bridge", "tpmr" };
	size_t				 i;

	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (ifc->master == 0 && search_group(groups[i], ifc) == -1)
			return -1;
	return 0;
}

/* The interfaces of one kind are a group of that name. */
static int
search_group(const char *group, struct interface *ifc)
{
	struct ifgroupreq	 ifgr;
	struct ifg_req		*members;
	size_t			 i, n;
	int			 found = 0;

	memset(&ifgr, 0, sizeof(ifgr));
	strlcpy(ifgr.ifgr_name, group, sizeof(ifgr.ifgr_name));
	if (look_ioctl(SIOCGIFGMEMB, &ifgr) == -1)
		return errno == ENOENT ? 0 : -1;
	if (ifgr.ifgr_len == 0)
		return 0;
	if ((members = calloc(1, ifgr.ifgr_len)) == NULL)
		return -1;
	ifgr.ifgr_groups = members;
	if (look_ioctl(SIOCGIFGMEMB, &ifgr) == -1) {
		free(members);
		return errno == ENOENT ? 0 : -1;
	}
	n = ifgr.ifgr_len / sizeof(*members);
	for (i = 0; i < n && found == 0; i++) {
		found = has_port(members[i].ifgrq_member, ifc->name);
		if (found == 1)
			ifc->master = if_nametoindex(members[i].ifgrq_member);
	}
	free(members);
	return found == -1 ? -1 : 0;
}

/* 1 if it is, 0 if not or if the bridge is gone, -1 if we cannot tell. */
static int
has_port(const char *bridge, const char *port)
{
	static struct ifbreq	*ports;
	static size_t		 size;		/* number of them */
	struct ifbreq		*p;
	size_t			 i, n;
	union {
		struct ifbifconf conf;
		struct ifbreq	 req;	/* the ioctl copies as much as this */
	}			 u;

	for (;;) {
		memset(&u, 0, sizeof(u));
		strlcpy(u.conf.ifbic_name, bridge,
		    sizeof(u.conf.ifbic_name));
		u.conf.ifbic_len = size * sizeof(*ports);
		u.conf.ifbic_req = ports;
		if (size > 0 && look_ioctl(SIOCBRDGIFS, &u) == -1)
			return errno == ENXIO || errno == ENOTTY ? 0 : -1;
		n = u.conf.ifbic_len / sizeof(*ports);
		if (size > 0 && n < size)
			break;
		/* Full: there may be more. */
		n = size == 0 ? 32 : size * 2;
		if ((p = reallocarray(ports, n, sizeof(*ports))) == NULL)
			return -1;
		ports = p;
		size = n;
	}
	for (i = 0; i < n; i++)
		if (strncmp(ports[i].ifbr_ifsname, port,
		    sizeof(ports[i].ifbr_ifsname)) == 0)
			return 1;
	return 0;
}

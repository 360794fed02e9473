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

#include <arpa/inet.h>
#include <net/if.h>

#include <linux/rtnetlink.h>

#include <err.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define RECEIVE_BUFFER	(32 * 1024 * 1024)

static struct nlmsghdr *link_message(uint16_t, uint16_t, unsigned int);
static int	 request(struct nlmsghdr *);
static void	 event(const struct nlmsghdr *, link_cb *);
static const char *name_of(const struct nlmsghdr *);

static int		 sock = -1;		/* for requests */
static char		 buf[8192];

int
link_watch(void)
{
	struct sockaddr_nl	 sa;
	int			 fd, size = RECEIVE_BUFFER;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    NETLINK_ROUTE);
	if (fd == -1)
		err(1, "netlink");
	memset(&sa, 0, sizeof(sa));
	sa.nl_family = AF_NETLINK;
	sa.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR;
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1)
		err(1, "netlink: bind");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

static const char *
name_of(const struct nlmsghdr *nlh)
{
	struct nlattr	*attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg))
		if (mnl_attr_get_type(attr) == IFLA_IFNAME)
			return mnl_attr_get_str(attr);
	return NULL;
}

static void
event(const struct nlmsghdr *nlh, link_cb *cb)
{
	const struct ifinfomsg	*ifi = mnl_nlmsg_get_payload(nlh);
	const struct ifaddrmsg	*ifa = mnl_nlmsg_get_payload(nlh);
	struct link_event	 ev;

	memset(&ev, 0, sizeof(ev));
	switch (nlh->nlmsg_type) {
	case RTM_NEWADDR:
		if (ifa->ifa_family != AF_INET)
			return;
		ev.address = true;
		ev.ifindex = ifa->ifa_index;
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		ev.ifindex = ifi->ifi_index;
		ev.up = ifi->ifi_flags & IFF_UP;
		ev.gone = nlh->nlmsg_type == RTM_DELLINK;
		ev.name = name_of(nlh);
		break;
	default:
		return;
	}
	cb(&ev);
}

bool
link_read(int fd, link_cb *cb)
{
	static char		 events[65536];
	const struct nlmsghdr	*nlh;
	ssize_t			 n;
	int			 len;

	while ((n = recv(fd, events, sizeof(events), 0)) > 0) {
		len = (int)n;
		nlh = (const struct nlmsghdr *)(void *)events;
		for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
			event(nlh, cb);
	}
	if (n == -1 && errno == ENOBUFS)
		return false;
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		err(1, "netlink: recv");
	return true;
}

static struct nlmsghdr *
link_message(uint16_t type, uint16_t flags, unsigned int ifindex)
{
	struct nlmsghdr		*nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg	*ifi;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = ifindex;
	return nlh;
}

/* Done, or an errno. */
static int
request(struct nlmsghdr *nlh)
{
	const struct nlmsgerr	*answer;

	if (sock == -1 && (sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
	    NETLINK_ROUTE)) == -1)
		err(1, "netlink");
	if (send(sock, nlh, nlh->nlmsg_len, 0) == -1 ||
	    recv(sock, buf, sizeof(buf), 0) == -1)
		err(1, "netlink: request");
	answer = mnl_nlmsg_get_payload((struct nlmsghdr *)(void *)buf);
	return -answer->error;
}

void
link_name(unsigned int ifindex, const char *alias)
{
	struct nlmsghdr	*nlh = link_message(RTM_SETLINK, 0, ifindex);
	int		 error;

	mnl_attr_put(nlh, IFLA_IFALIAS, strlen(alias), alias);
	mnl_attr_put_u32(nlh, IFLA_GROUP, BENCH_GROUP);
	if ((error = request(nlh)) != 0)
		errx(1, "alias: %s", strerror(error));
}

void
link_up(unsigned int ifindex)
{
	struct nlmsghdr		*nlh = link_message(RTM_NEWLINK, 0, ifindex);
	struct ifinfomsg	*ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	(void)request(nlh);
}

void
link_address(unsigned int ifindex, uint32_t addr, uint8_t plen)
{
	struct nlmsghdr		*nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg	*ifa;

	nlh->nlmsg_type = RTM_NEWADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = plen;
	ifa->ifa_index = ifindex;
	mnl_attr_put_u32(nlh, IFA_LOCAL, htonl(addr));
	mnl_attr_put_u32(nlh, IFA_ADDRESS, htonl(addr));
	(void)request(nlh);
}

void
link_delete(unsigned int ifindex)
{
	(void)request(link_message(RTM_DELLINK, 0, ifindex));
}

/* One after the other they would take the kernel 20 ms each. */
void
link_delete_group(void)
{
	struct nlmsghdr	*nlh = link_message(RTM_DELLINK, 0, 0);

	mnl_attr_put_u32(nlh, IFLA_GROUP, BENCH_GROUP);
	(void)request(nlh);
}

void
link_lladdr(const char *name, uint8_t *lladdr)
{
	struct ifreq	 ifr;
	int		 fd;

	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	if ((fd = socket(AF_INET, SOCK_DGRAM, 0)) == -1)
		err(1, "socket");
	if (ioctl(fd, SIOCGIFHWADDR, &ifr) == -1)
		err(1, "%s: address", name);
	memcpy(lladdr, ifr.ifr_hwaddr.sa_data, 6);
	close(fd);
}

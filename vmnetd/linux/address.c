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

#include <linux/rtnetlink.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdint.h>
#include <string.h>

#include "addr.h"
#include "kernel.h"
#include "rtnl.h"

#define REQUEST_SIZE	128

static int	 change_address(uint16_t, uint16_t, const struct interface *,
		    const struct prefix *);
static void	 no_link_local(const struct interface *);
static void	 ignore(const struct nlmsghdr *, void *);

int
kernel_change_open(void)
{
	return rtnl_open();
}

/* An acknowledgement is all that there is to hear. */
static void
ignore(const struct nlmsghdr *nlh, void *arg)
{
}

static int
change_address(uint16_t type, uint16_t flags, const struct interface *ifc,
    const struct prefix *addr)
{
	static char		 buf[REQUEST_SIZE]
				    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	struct nlmsghdr		*nlh;
	struct ifaddrmsg	*ifa;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_ACK | flags;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = addr->len;
	ifa->ifa_scope = RT_SCOPE_UNIVERSE;
	ifa->ifa_index = ifc->index;
	mnl_attr_put_u32(nlh, IFA_LOCAL, htonl(addr->addr));
	mnl_attr_put_u32(nlh, IFA_ADDRESS, htonl(addr->addr));
	/* A point-to-point link of two has none (RFC 3021). */
	if (type == RTM_NEWADDR && addr->len < 31)
		mnl_attr_put_u32(nlh, IFA_BROADCAST,
		    htonl(prefix_last(addr)));
	return rtnl_request(nlh, ignore, NULL);
}

int
kernel_address_add(const struct interface *ifc, const struct prefix *addr)
{
	return change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifc,
	    addr);
}

int
kernel_address_del(const struct interface *ifc, const struct prefix *addr)
{
	return change_address(RTM_DELADDR, 0, ifc, addr);
}

/*
 * IPv6 is closed on our taps; but an address of its own, with its route, is
 * what an interface that is set up takes longest for, the longer the more
 * there are.  A kernel without IPv6 refuses.
 */
static void
no_link_local(const struct interface *ifc)
{
	static char		 buf[REQUEST_SIZE]
				    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	struct nlmsghdr		*nlh;
	struct ifinfomsg	*ifi;
	struct nlattr		*spec, *inet6;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_SETLINK;
	nlh->nlmsg_flags = NLM_F_ACK;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = ifc->index;
	spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(nlh, AF_INET6);
	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE,
	    IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(nlh, inet6);
	mnl_attr_nest_end(nlh, spec);
	(void)rtnl_request(nlh, ignore, NULL);
}

int
kernel_tap_up(const struct interface *ifc)
{
	static char		 buf[REQUEST_SIZE]
				    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	struct nlmsghdr		*nlh;
	struct ifinfomsg	*ifi;

	no_link_local(ifc);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_NEWLINK;
	nlh->nlmsg_flags = NLM_F_ACK;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = ifc->index;
	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	return rtnl_request(nlh, ignore, NULL);
}

/* There are no interface groups by name. */
int
kernel_tap_join(const struct interface *ifc)
{
	return 0;
}

/* Nobody takes an alias for the next VM's before it is written. */
int
kernel_tap_vacate(const struct interface *ifc)
{
	return 0;
}

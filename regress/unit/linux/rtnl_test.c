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

#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>

#include <libmnl/libmnl.h>
#include <stdint.h>
#include <string.h>

#include "kernel.h"
#include "rtnl.h"
#include "test.h"

/*
 * rtnetlink messages that a kernel does not send at every wish.
 */

#define SIZE	4096

static char	 buf[SIZE] __attribute__((__aligned__(NLMSG_ALIGNTO)));

static struct nlmsghdr	*new_link(void *, uint16_t, uint8_t, int);
static void		 put_kind(struct nlmsghdr *, const char *, uint16_t,
			    const void *, size_t);
static void		 test_link(void);
static void		 test_link_bad(void);
static void		 test_address(void);
static void		 test_events(void);
static void		 test_events_full(void);

static struct nlmsghdr *
new_link(void *p, uint16_t type, uint8_t family, int ifindex)
{
	struct nlmsghdr		*nlh = mnl_nlmsg_put_header(p);
	struct ifinfomsg	*ifi;

	nlh->nlmsg_type = type;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = family;
	ifi->ifi_index = ifindex;
	return nlh;
}

static void
put_kind(struct nlmsghdr *nlh, const char *kind, uint16_t type,
    const void *value, size_t len)
{
	struct nlattr	*info, *data;

	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put(nlh, type, len, value);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

static void
test_link(void)
{
	const uint8_t	 tap = IFF_TAP, tun = IFF_TUN;
	const uint32_t	 table = 1001;
	struct nlmsghdr	*nlh;
	struct link	 link;
	char		 alias[256];

	nlh = new_link(buf, RTM_NEWLINK, AF_UNSPEC, 7);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "tap0");
	put_kind(nlh, "tun", IFLA_TUN_TYPE, &tap, sizeof(tap));
	CHECK_INT(rtnl_parse_link(nlh, &link), 0);
	CHECK_INT(link.ifc.index, 7);
	CHECK_STR(link.ifc.name, "tap0");
	CHECK_STR(link.ifc.descr, "");
	CHECK(link.ifc.tap);
	CHECK_INT(link.vrf, 0);

	nlh = new_link(buf, RTM_NEWLINK, AF_UNSPEC, 7);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "tun0");
	put_kind(nlh, "tun", IFLA_TUN_TYPE, &tun, sizeof(tun));
	CHECK_INT(rtnl_parse_link(nlh, &link), 0);
	CHECK(!link.ifc.tap);

	/* The number means something else to another kind of device. */
	nlh = new_link(buf, RTM_NEWLINK, AF_UNSPEC, 7);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "tap0");
	put_kind(nlh, "tunnel", IFLA_TUN_TYPE, &tap, sizeof(tap));
	CHECK_INT(rtnl_parse_link(nlh, &link), 0);
	CHECK(!link.ifc.tap);

	nlh = new_link(buf, RTM_NEWLINK, AF_UNSPEC, 7);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "blue");
	put_kind(nlh, "vrf", IFLA_VRF_TABLE, &table, sizeof(table));
	CHECK_INT(rtnl_parse_link(nlh, &link), 0);
	CHECK_INT(link.vrf, 1001);

	/* No description that vmd would write is longer than 63. */
	memset(alias, 'a', sizeof(alias));
	alias[64] = '\0';
	nlh = new_link(buf, RTM_NEWLINK, AF_UNSPEC, 7);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "tap0");
	mnl_attr_put_strz(nlh, IFLA_IFALIAS, alias);
	CHECK_INT(rtnl_parse_link(nlh, &link), 0);
	CHECK_STR(link.ifc.descr, "");
	alias[63] = '\0';
	nlh = new_link(buf, RTM_NEWLINK, AF_UNSPEC, 7);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "tap0");
	mnl_attr_put_strz(nlh, IFLA_IFALIAS, alias);
	CHECK_INT(rtnl_parse_link(nlh, &link), 0);
	CHECK_STR(link.ifc.descr, alias);
}

static void
test_link_bad(void)
{
	const uint8_t	 two[2] = { IFF_TAP, 0 };
	struct nlmsghdr	*nlh;
	struct link	 link;

	nlh = new_link(buf, RTM_NEWLINK, AF_UNSPEC, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "tap0");
	CHECK_INT(rtnl_parse_link(nlh, &link), -1);
	nlh = new_link(buf, RTM_NEWLINK, AF_UNSPEC, 7);
	CHECK_INT(rtnl_parse_link(nlh, &link), -1);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "a-name-too-long-for-one");
	CHECK_INT(rtnl_parse_link(nlh, &link), -1);
	nlh = new_link(buf, RTM_DELLINK, AF_UNSPEC, 7);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "tap0");
	CHECK_INT(rtnl_parse_link(nlh, &link), -1);

	/* Values of a wrong size are no values. */
	nlh = new_link(buf, RTM_NEWLINK, AF_UNSPEC, 7);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "tap0");
	mnl_attr_put(nlh, IFLA_CARRIER, 2, two);
	mnl_attr_put(nlh, IFLA_MASTER, 2, two);
	mnl_attr_put(nlh, IFLA_ADDRESS, 2, two);
	put_kind(nlh, "tun", IFLA_TUN_TYPE, two, sizeof(two));
	CHECK_INT(rtnl_parse_link(nlh, &link), 0);
	CHECK(!link.ifc.link && !link.ifc.tap);
	CHECK_INT(link.ifc.master, 0);
	CHECK_INT(link.ifc.lladdr[0], 0);
}

static void
test_address(void)
{
	struct nlmsghdr		*nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg	*ifa;
	struct prefix		 addr;
	uint32_t		 ifindex;

	nlh->nlmsg_type = RTM_NEWADDR;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = 31;
	ifa->ifa_index = 9;
	CHECK_INT(rtnl_parse_address(nlh, &ifindex, &addr), -1);
	/* The far end of a point-to-point link is not ours. */
	mnl_attr_put_u32(nlh, IFA_ADDRESS, htonl(0x0a000001));
	mnl_attr_put_u32(nlh, IFA_LOCAL, htonl(0x0a000002));
	CHECK_INT(rtnl_parse_address(nlh, &ifindex, &addr), 0);
	CHECK_INT(ifindex, 9);
	CHECK_INT(addr.addr, 0x0a000002);
	CHECK_INT(addr.len, 31);
	ifa->ifa_prefixlen = 33;
	CHECK_INT(rtnl_parse_address(nlh, &ifindex, &addr), -1);
	ifa->ifa_prefixlen = 31;
	ifa->ifa_family = AF_INET6;
	CHECK_INT(rtnl_parse_address(nlh, &ifindex, &addr), -1);
}

static void
test_events(void)
{
	static struct watchlist	 list;
	struct nlmsghdr			*nlh;

	nlh = new_link(buf, RTM_NEWLINK, AF_UNSPEC, 7);
	rtnl_parse_events(nlh, nlh->nlmsg_len, &list);
	rtnl_parse_events(nlh, nlh->nlmsg_len, &list);
	CHECK_INT(list.n, 1);
	CHECK(list.event[0].changed && !list.event[0].departed);
	/* A bridge lost a port. */
	nlh = new_link(buf, RTM_DELLINK, AF_BRIDGE, 7);
	rtnl_parse_events(nlh, nlh->nlmsg_len, &list);
	CHECK_INT(list.n, 1);
	CHECK(list.event[0].changed && !list.event[0].departed);
	nlh = new_link(buf, RTM_DELLINK, AF_UNSPEC, 7);
	rtnl_parse_events(nlh, nlh->nlmsg_len, &list);
	CHECK_INT(list.n, 1);
	CHECK(!list.event[0].changed && list.event[0].departed);
	/* Another comes with the same index: both count. */
	nlh = new_link(buf, RTM_NEWLINK, AF_UNSPEC, 7);
	rtnl_parse_events(nlh, nlh->nlmsg_len, &list);
	CHECK_INT(list.n, 1);
	CHECK(list.event[0].changed && list.event[0].departed);
	nlh = new_link(buf, RTM_DELLINK, AF_UNSPEC, 7);
	rtnl_parse_events(nlh, nlh->nlmsg_len, &list);
	CHECK_INT(list.n, 1);
	CHECK(!list.event[0].changed && list.event[0].departed);
	CHECK(!list.lost);
}

static void
test_events_full(void)
{
	static struct watchlist	 list;
	struct nlmsghdr			*nlh;
	int				 i;

	for (i = 1; i <= WATCHLIST_MAX; i++) {
		nlh = new_link(buf, RTM_NEWLINK, AF_UNSPEC, i);
		rtnl_parse_events(nlh, nlh->nlmsg_len, &list);
	}
	CHECK_INT(list.n, WATCHLIST_MAX);
	CHECK(!list.lost);
	nlh = new_link(buf, RTM_NEWLINK, AF_UNSPEC, 1);
	rtnl_parse_events(nlh, nlh->nlmsg_len, &list);
	CHECK(!list.lost);
	nlh = new_link(buf, RTM_NEWLINK, AF_UNSPEC, i);
	rtnl_parse_events(nlh, nlh->nlmsg_len, &list);
	CHECK(list.lost);
	CHECK_INT(list.n, WATCHLIST_MAX);
}

int
main(void)
{
	TEST(test_link());
	TEST(test_link_bad());
	TEST(test_address());
	TEST(test_events());
	TEST(test_events_full());
	return test_end("rtnl");
}

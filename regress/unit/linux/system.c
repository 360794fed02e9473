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

#include <net/if.h>

#include <linux/if_tun.h>
#include <linux/rtnetlink.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "rtnl.h"
#include "../system.h"

#define BRIDGE_NAME	"vmnettest"
#define VRF_NAME	"vmnetvrf"

static struct nlmsghdr	*link_request(uint16_t, const char *);
static int		 try(struct nlmsghdr *);
static void		 run(struct nlmsghdr *, const char *);
static struct nlmsghdr	*creation(const char *, const char *, uint32_t);
static void		 set_master(const char *, const char *);
static void		 nothing(const struct nlmsghdr *, void *);

int
system_isolate(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) == -1)
		return -1;
	if (rtnl_open() == -1)
		err(1, "rtnetlink");
	return 0;
}

int
system_tap_open(char name[IF_NAMESIZE], bool stay)
{
	struct ifreq	 ifr;
	int		 fd;

	if ((fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK)) == -1)
		err(1, "/dev/net/tun");
	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, name[0] == '\0' ? "tap%d" : name,
	    name[0] == '\0' ? sizeof("tap%d") : IF_NAMESIZE);
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI;
	if (ioctl(fd, TUNSETIFF, &ifr) == -1)
		err(1, "TUNSETIFF");
	if (ioctl(fd, TUNSETPERSIST, stay ? 1 : 0) == -1)
		err(1, "TUNSETPERSIST");
	memcpy(name, ifr.ifr_name, IF_NAMESIZE);
	return fd;
}

static void
nothing(const struct nlmsghdr *nlh, void *arg)
{
}

static struct nlmsghdr *
link_request(uint16_t type, const char *name)
{
	static char		 buf[512]
				    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	struct nlmsghdr		*nlh;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_ACK;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return nlh;
}

static int
try(struct nlmsghdr *nlh)
{
	return rtnl_request(nlh, nothing, NULL);
}

static void
run(struct nlmsghdr *nlh, const char *what)
{
	if (try(nlh) == -1)
		err(1, "%s", what);
}

void
system_tap_remove(const char *name)
{
	run(link_request(RTM_DELLINK, name), name);
}

void
system_describe(const char *name, const char *descr)
{
	struct nlmsghdr	*nlh = link_request(RTM_NEWLINK, name);

	mnl_attr_put_strz(nlh, IFLA_IFALIAS, descr);
	run(nlh, descr);
}

static struct nlmsghdr *
creation(const char *name, const char *kind, uint32_t table)
{
	struct nlmsghdr	*nlh = link_request(RTM_NEWLINK, name);
	struct nlattr	*info, *data;

	nlh->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	if (table != 0) {
		data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
		mnl_attr_put_u32(nlh, IFLA_VRF_TABLE, table);
		mnl_attr_nest_end(nlh, data);
	}
	mnl_attr_nest_end(nlh, info);
	return nlh;
}

static void
set_master(const char *name, const char *master)
{
	struct nlmsghdr	*nlh = link_request(RTM_NEWLINK, name);

	mnl_attr_put_u32(nlh, IFLA_MASTER, if_nametoindex(master));
	run(nlh, master);
}

int
system_set_rdomain(const char *name, unsigned int rdomain)
{
	if (rdomain == 0) {
		system_tap_remove(VRF_NAME);
		return 0;
	}
	if (try(creation(VRF_NAME, "vrf", rdomain)) == -1)
		return -1;
	set_master(name, VRF_NAME);
	return 0;
}

void
system_bridge(const char *name)
{
	run(creation(BRIDGE_NAME, "bridge", 0), "bridge");
	set_master(name, BRIDGE_NAME);
}

void
system_unbridge(void)
{
	system_tap_remove(BRIDGE_NAME);
}

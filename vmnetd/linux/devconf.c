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

#include <linux/ip.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

#include "devconf.h"
#include "rtnl.h"

#define REQUEST_SIZE	128

static void	 take_forwarding(const struct nlmsghdr *, void *);
static void	 ignore(const struct nlmsghdr *, void *);

static void
take_forwarding(const struct nlmsghdr *nlh, void *arg)
{
	int			*forwarding = arg;
	struct nlattr		*attr;

	if (nlh->nlmsg_type != RTM_NEWNETCONF)
		return;
	mnl_attr_for_each(attr, nlh, sizeof(struct netconfmsg))
		if (mnl_attr_get_type(attr) == NETCONFA_FORWARDING &&
		    mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
			*forwarding = mnl_attr_get_u32(attr) != 0;
}

int
devconf_forwarding(void)
{
	static char		 buf[REQUEST_SIZE]
				    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	struct nlmsghdr		*nlh;
	struct netconfmsg	*ncm;
	int			 forwarding = -1;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_GETNETCONF;
	ncm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ncm));
	ncm->ncm_family = AF_INET;
	mnl_attr_put_u32(nlh, NETCONFA_IFINDEX,
	    (uint32_t)NETCONFA_IFINDEX_ALL);
	if (rtnl_request(nlh, take_forwarding, &forwarding) == -1)
		return -1;
	if (forwarding == -1)
		errno = EBADMSG;
	return forwarding;
}

/* An acknowledgement is all that there is to hear. */
static void
ignore(const struct nlmsghdr *nlh, void *arg)
{
}

int
devconf_route_localnet(uint32_t ifindex, bool on)
{
	static char		 buf[REQUEST_SIZE]
				    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	struct nlmsghdr		*nlh;
	struct ifinfomsg	*ifi;
	struct nlattr		*spec, *inet, *values;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_SETLINK;
	nlh->nlmsg_flags = NLM_F_ACK;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = ifindex;
	spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	inet = mnl_attr_nest_start(nlh, AF_INET);
	values = mnl_attr_nest_start(nlh, IFLA_INET_CONF);
	mnl_attr_put_u32(nlh, IPV4_DEVCONF_ROUTE_LOCALNET, on);
	mnl_attr_nest_end(nlh, values);
	mnl_attr_nest_end(nlh, inet);
	mnl_attr_nest_end(nlh, spec);
	return rtnl_request(nlh, ignore, NULL);
}

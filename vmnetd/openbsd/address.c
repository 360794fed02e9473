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

#include <net/if.h>

#include <netinet/in.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "addr.h"
#include "kernel.h"
#include "look.h"

/* The interface group that users may name in their own rules. */
#define GROUP	"vmnet"

static void	 put_address(struct sockaddr *, uint32_t);
static int	 change_address(unsigned long, const struct interface *,
		    const struct prefix *);
static bool	 has_address(const struct interface *, const struct prefix *);
static int	 change_group(unsigned long, const struct interface *);

int
kernel_change_open(void)
{
	return look_open();
}

static void
put_address(struct sockaddr *sa, uint32_t addr)
{
	struct sockaddr_in	 sin;

	memset(&sin, 0, sizeof(sin));
	sin.sin_len = sizeof(sin);
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(addr);
	memcpy(sa, &sin, sizeof(sin));
}

/*
 * Family and length are what makes the kernel take this address, and not
 * the first that the interface has.
 */
static int
change_address(unsigned long request, const struct interface *ifc,
    const struct prefix *addr)
{
	struct ifaliasreq	 req;

	memset(&req, 0, sizeof(req));
	memcpy(req.ifra_name, ifc->name, sizeof(req.ifra_name));
	put_address(&req.ifra_addr, addr->addr);
	if (request == SIOCAIFADDR)
		put_address(&req.ifra_mask, addr_mask(addr->len));
	return look_ioctl(request, &req);
}

static bool
has_address(const struct interface *ifc, const struct prefix *addr)
{
	size_t	 i;

	for (i = 0; i < ifc->naddr; i++)
		if (prefix_equal(&ifc->addr[i], addr))
			return true;
	return false;
}

/*
 * To set what is there would take it away for a moment, and to set anything
 * on a tap that is down would set it up.  The request is by name: see before
 * and afterwards whose name it is.
 */
int
kernel_address_add(const struct interface *ifc, const struct prefix *addr)
{
	struct interface	 now;

	if (look_again(ifc, &now) == -1)
		return -1;
	if (has_address(&now, addr)) {
		errno = EEXIST;
		return -1;
	}
	if (!now.up) {
		errno = ENETDOWN;
		return -1;
	}
	if (change_address(SIOCAIFADDR, &now, addr) == -1)
		return -1;
	if (look_again(ifc, &now) == -1) {
		(void)change_address(SIOCDIFADDR, ifc, addr);
		errno = ENXIO;
		return -1;
	}
	return 0;
}

int
kernel_address_del(const struct interface *ifc, const struct prefix *addr)
{
	struct interface	 now;

	if (look_again(ifc, &now) == -1)
		return -1;
	if (!has_address(&now, addr)) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	return change_address(SIOCDIFADDR, &now, addr);
}

/* Whoever opens a tap sets it up; one that is down is meant to be. */
int
kernel_tap_up(const struct interface *ifc)
{
	return 0;
}

static int
change_group(unsigned long request, const struct interface *ifc)
{
	struct ifgroupreq	 ifgr;

	memset(&ifgr, 0, sizeof(ifgr));
	memcpy(ifgr.ifgr_name, ifc->name, sizeof(ifgr.ifgr_name));
	strlcpy(ifgr.ifgr_group, GROUP, sizeof(ifgr.ifgr_group));
	return look_ioctl(request, &ifgr);
}

int
kernel_tap_join(const struct interface *ifc)
{
	if (change_group(SIOCAIFGROUP, ifc) == -1 && errno != EEXIST)
		return -1;
	return 0;
}

/* As long as somebody holds the tap open, the description is theirs. */
int
kernel_tap_vacate(const struct interface *ifc)
{
	struct interface	 now;
	struct ifreq		 ifr;
	char			 empty[IFDESCRSIZE];

	if (look_again(ifc, &now) == -1)
		return -1;
	if (now.link)
		return 0;
	memset(&ifr, 0, sizeof(ifr));
	memset(empty, 0, sizeof(empty));
	memcpy(ifr.ifr_name, now.name, sizeof(ifr.ifr_name));
	ifr.ifr_data = empty;
	if (look_ioctl(SIOCSIFDESCR, &ifr) == -1)
		return -1;
	if (change_group(SIOCDIFGROUP, &now) == -1 && errno != ENOENT)
		return -1;
	return 0;
}

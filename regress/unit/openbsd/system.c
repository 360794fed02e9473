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
#include <net/route.h>

#include <netinet/in.h>
#include <netinet/if_ether.h>

#include <net/if_bridge.h>	/* needs the above */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../system.h"

#define BRIDGE_NAME	"veb77"
#define MAX_TAPS	4		/* that have a device node by default */

static void	 request(const char *, unsigned long, const char *);

static int	 sock = -1;

int
system_isolate(void)
{
	if (geteuid() != 0)
		return -1;
	if ((sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		err(1, "socket");
	return 0;
}

/* An ioctl that takes nothing but a name. */
static void
request(const char *what, unsigned long code, const char *name)
{
	struct ifreq	 ifr;

	memset(&ifr, 0, sizeof(ifr));
	strlcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	if (ioctl(sock, code, &ifr) == -1)
		err(1, "%s %s", what, name);
}

int
system_tap_open(char name[IF_NAMESIZE], bool stay)
{
	char	 path[32];
	int	 fd, unit;

	for (unit = 0; unit < MAX_TAPS; unit++) {
		snprintf(path, sizeof(path), "/dev/tap%d", unit);
		if (name[0] != '\0' && strcmp(path + 5, name) != 0)
			continue;
		if (name[0] == '\0' && if_nametoindex(path + 5) != 0)
			continue;
		if (stay && name[0] == '\0')
			request("create", SIOCIFCREATE, path + 5);
		if ((fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)) == -1)
			err(1, "%s", path);
		strlcpy(name, path + 5, IF_NAMESIZE);
		return fd;
	}
	errx(1, "no tap left");
}

void
system_tap_remove(const char *name)
{
	request("destroy", SIOCIFDESTROY, name);
}

void
system_describe(const char *name, const char *descr)
{
	struct ifreq	 ifr;
	char		 buf[IFDESCRSIZE];

	memset(&ifr, 0, sizeof(ifr));
	strlcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	strlcpy(buf, descr, sizeof(buf));
	ifr.ifr_data = buf;
	if (ioctl(sock, SIOCSIFDESCR, &ifr) == -1)
		err(1, "describe %s", name);
}

int
system_set_rdomain(const char *name, unsigned int rdomain)
{
	struct ifreq	 ifr;

	memset(&ifr, 0, sizeof(ifr));
	strlcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	ifr.ifr_rdomainid = rdomain;
	return ioctl(sock, SIOCSIFRDOMAIN, &ifr);
}

void
system_bridge(const char *name)
{
	struct ifbreq	 req;

	request("create", SIOCIFCREATE, BRIDGE_NAME);
	memset(&req, 0, sizeof(req));
	strlcpy(req.ifbr_name, BRIDGE_NAME, sizeof(req.ifbr_name));
	strlcpy(req.ifbr_ifsname, name, sizeof(req.ifbr_ifsname));
	if (ioctl(sock, SIOCBRDGADD, &req) == -1)
		err(1, "add %s to %s", name, BRIDGE_NAME);
}

void
system_unbridge(void)
{
	request("destroy", SIOCIFDESTROY, BRIDGE_NAME);
}

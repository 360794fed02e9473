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


#define _GNU_SOURCE		/* setns */

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <net/if.h>

#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"

static int
attach(const char *name)
{
	struct ifreq	 ifr;
	int		 fd, save;

	if (strlen(name) >= sizeof(ifr.ifr_name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return -1;
	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, name, strlen(name));
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI;
	if (ioctl(fd, TUNSETIFF, &ifr) == -1) {
		save = errno;
		close(fd);
		errno = save;
		return -1;
	}
	return fd;
}

static int
enter(const char *path)
{
	int	 fd, result, save;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	result = setns(fd, CLONE_NEWNET);
	save = errno;
	close(fd);
	errno = save;
	return result;
}

int
tap_open(const char *name, const char *where)
{
	char	 there[PATH_MAX], here[64];
	int	 fd, save;

	if (where == NULL || *where == '\0')
		return attach(name);
	/* A tap belongs to the namespace in which it was opened. */
	snprintf(here, sizeof(here), "/proc/%ld/ns/net", (long)getpid());
	snprintf(there, sizeof(there), "/run/netns/%s", where);
	if ((save = open(here, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	if (enter(there) == -1) {
		close(save);
		return -1;
	}
	fd = attach(name);
	if (setns(save, CLONE_NEWNET) == -1)
		abort();
	close(save);
	return fd;
}

struct request {
	struct nlmsghdr		 header;
	struct ifinfomsg	 info;
	char			 attributes[RTA_SPACE(256)];
};

static int
talk(int fd, struct request *req)
{
	struct {
		struct nlmsghdr	 header;
		struct nlmsgerr	 error;
	}		 answer;
	ssize_t		 n;

	if (send(fd, req, req->header.nlmsg_len, 0) == -1)
		return -1;
	if ((n = recv(fd, &answer, sizeof(answer), MSG_TRUNC)) == -1)
		return -1;
	if ((size_t)n < sizeof(answer) ||
	    answer.header.nlmsg_type != NLMSG_ERROR) {
		errno = EPROTO;
		return -1;
	}
	if (answer.error.error == 0)
		return 0;
	errno = -answer.error.error;
	return -1;
}

int
tap_describe(const char *name, const char *descr)
{
	const size_t	 len = strlen(descr);
	struct request	 req;
	struct rtattr	*rta;
	int		 fd, result, save;

	memset(&req, 0, sizeof(req));
	if (len >= 256) {
		errno = EINVAL;
		return -1;
	}
	req.info.ifi_family = AF_UNSPEC;
	if ((req.info.ifi_index = (int)if_nametoindex(name)) == 0)
		return -1;
	req.header.nlmsg_type = RTM_SETLINK;
	req.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	rta = (struct rtattr *)(void *)req.attributes;
	rta->rta_type = IFLA_IFALIAS;
	rta->rta_len = RTA_LENGTH(len);
	memcpy(RTA_DATA(rta), descr, len);
	req.header.nlmsg_len = NLMSG_LENGTH(sizeof(req.info)) +
	    RTA_SPACE(len);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd == -1)
		return -1;
	result = talk(fd, &req);
	save = errno;
	close(fd);
	errno = save;
	return result;
}

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

#include <ifaddrs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "look.h"

static bool	 is_one_of(const char *, char (*)[IF_NAMESIZE], size_t);

size_t
group_members(const char *group, char (**names)[IF_NAMESIZE])
{
	struct ifgroupreq	 ifgr;
	size_t			 i, n = 0;

	*names = NULL;
	memset(&ifgr, 0, sizeof(ifgr));
	strlcpy(ifgr.ifgr_name, group, sizeof(ifgr.ifgr_name));
	if (look_ioctl(SIOCGIFGMEMB, &ifgr) == -1 || ifgr.ifgr_len == 0)
		return 0;
	if ((ifgr.ifgr_groups = calloc(1, ifgr.ifgr_len)) == NULL)
		return 0;
	if (look_ioctl(SIOCGIFGMEMB, &ifgr) == 0)
		n = ifgr.ifgr_len / sizeof(*ifgr.ifgr_groups);
	if (n > 0 && (*names = calloc(n, sizeof(**names))) == NULL)
		n = 0;
	for (i = 0; i < n; i++)
		strlcpy((*names)[i], ifgr.ifgr_groups[i].ifgrq_member,
		    sizeof(**names));
	free(ifgr.ifgr_groups);
	return n;
}

static bool
is_one_of(const char *name, char (*names)[IF_NAMESIZE], size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

size_t
group_addresses(const char *name, uint32_t **addr)
{
	const struct sockaddr_in *sin;
	struct ifaddrs		*all, *ifa;
	char			(*names)[IF_NAMESIZE];
	size_t			 n = 0, nnames, max = 1;

	*addr = NULL;
	if (getifaddrs(&all) == -1)
		return 0;
	nnames = group_members(name, &names);
	for (ifa = all; ifa != NULL; ifa = ifa->ifa_next)
		max++;
	*addr = calloc(max, sizeof(**addr));
	for (ifa = all; ifa != NULL && *addr != NULL; ifa = ifa->ifa_next) {
		if (ifa->ifa_addr == NULL ||
		    ifa->ifa_addr->sa_family != AF_INET ||
		    (strcmp(ifa->ifa_name, name) != 0 &&
		    !is_one_of(ifa->ifa_name, names, nnames)))
			continue;
		sin = (const struct sockaddr_in *)ifa->ifa_addr;
		(*addr)[n++] = ntohl(sin->sin_addr.s_addr);
	}
	freeifaddrs(all);
	free(names);
	return n;
}

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
#include <sys/mbuf.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <net/bpf.h>
#include <net/if.h>
#include <net/if_dl.h>
#include <net/route.h>

#include <netinet/in.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "frame.h"
#include "kernel.h"
#include "records.h"
#include "watchlist.h"

/* Socket addresses stand at multiples of this. */
#define ADDR_ALIGN	sizeof(long)

/* What all messages begin with. */
#define COMMON_LEN	offsetof(struct if_announcemsghdr, ifan_what)

_Static_assert(offsetof(struct if_msghdr, ifm_index) ==
    offsetof(struct if_announcemsghdr, ifan_index), "interface index");
_Static_assert(offsetof(struct ifa_msghdr, ifam_index) ==
    offsetof(struct if_announcemsghdr, ifan_index), "interface index");

static bool	 get_header(const uint8_t *, size_t,
		    struct if_announcemsghdr *);
static const uint8_t *find_addr(const uint8_t *, size_t, int, int, size_t *);
static bool	 parse_link(const uint8_t *, size_t, struct interface *);
static bool	 parse_dl(const uint8_t *, size_t, struct interface *);
static bool	 parse_addr(const uint8_t *, size_t, struct prefix *);
static bool	 is_tap(const char *);

/* The message is whole, and its header lies within it. */
static bool
get_header(const uint8_t *p, size_t left, struct if_announcemsghdr *hdr)
{
	size_t	 len;

	memset(hdr, 0, sizeof(*hdr));
	len = left < sizeof(*hdr) ? left : sizeof(*hdr);
	memcpy(hdr, p, len);
	return left >= COMMON_LEN && hdr->ifan_msglen >= COMMON_LEN &&
	    hdr->ifan_msglen <= left && hdr->ifan_hdrlen >= COMMON_LEN &&
	    hdr->ifan_hdrlen <= hdr->ifan_msglen;
}

void
records_route(const void *buf, size_t len, struct watchlist *list)
{
	struct if_announcemsghdr	 hdr;

	if (!get_header(buf, len, &hdr) || hdr.ifan_version != RTM_VERSION)
		return;
	switch (hdr.ifan_type) {
	case RTM_DESYNC:
		list->lost = true;
		break;
	case RTM_IFANNOUNCE:
		if (hdr.ifan_msglen < sizeof(hdr) || hdr.ifan_index == 0)
			break;
		if (hdr.ifan_what == IFAN_DEPARTURE)
			watchlist_departed(list, hdr.ifan_index);
		else
			watchlist_changed(list, hdr.ifan_index);
		break;
	case RTM_IFINFO:
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (hdr.ifan_index != 0)
			watchlist_changed(list, hdr.ifan_index);
		break;
	}
}

/* The address of one kind among those that follow a header. */
static const uint8_t *
find_addr(const uint8_t *p, size_t left, int addrs, int which, size_t *len)
{
	size_t	 step;
	int	 i;

	for (i = 0; i < RTAX_MAX && left > 0; i++) {
		if ((addrs & (1 << i)) == 0)
			continue;
		*len = p[0];		/* sa_len */
		if (*len > left)
			return NULL;
		if (i == which)
			return p;
		step = *len == 0 ? ADDR_ALIGN :
		    (*len + ADDR_ALIGN - 1) / ADDR_ALIGN * ADDR_ALIGN;
		if (step > left)
			return NULL;
		p += step;
		left -= step;
	}
	return NULL;
}

static bool
is_tap(const char *name)
{
	return strncmp(name, "tap", 3) == 0 && name[3] != '\0' &&
	    name[3 + strspn(name + 3, "0123456789")] == '\0';
}

/* Name and link-layer address. */
static bool
parse_dl(const uint8_t *p, size_t len, struct interface *ifc)
{
	struct sockaddr_dl	 dl;
	const size_t		 hlen = offsetof(struct sockaddr_dl, sdl_data);

	if (len < hlen)
		return false;
	memset(&dl, 0, sizeof(dl));
	memcpy(&dl, p, hlen);
	if (dl.sdl_nlen == 0 || dl.sdl_nlen >= sizeof(ifc->name) ||
	    (size_t)dl.sdl_nlen + dl.sdl_alen > len - hlen ||
	    memchr(p + hlen, '\0', dl.sdl_nlen) != NULL)
		return false;
	memcpy(ifc->name, p + hlen, dl.sdl_nlen);
	ifc->name[dl.sdl_nlen] = '\0';
	if (dl.sdl_alen == LLADDR_LEN)
		memcpy(ifc->lladdr, p + hlen + dl.sdl_nlen, LLADDR_LEN);
	ifc->tap = is_tap(ifc->name);
	return true;
}

/* An RTM_IFINFO message of the list. */
static bool
parse_link(const uint8_t *p, size_t len, struct interface *ifc)
{
	struct if_msghdr	 ifm;
	const uint8_t		*dl;
	size_t			 dllen, hdrlen;

	if (len < sizeof(ifm))
		return false;
	memcpy(&ifm, p, sizeof(ifm));
	hdrlen = ifm.ifm_hdrlen;
	if (hdrlen < sizeof(ifm) || hdrlen > len || ifm.ifm_index == 0 ||
	    (dl = find_addr(p + hdrlen, len - hdrlen, ifm.ifm_addrs, RTAX_IFP,
	    &dllen)) == NULL)
		return false;
	ifc->index = ifm.ifm_index;
	ifc->up = (ifm.ifm_flags & IFF_UP) != 0;
	/* That of a tap is always known; others do not matter. */
	ifc->link = ifm.ifm_data.ifi_link_state >= LINK_STATE_UP;
	ifc->rdomain = ifm.ifm_tableid;
	return parse_dl(dl, dllen, ifc);
}

/* An RTM_NEWADDR message of the list. */
static bool
parse_addr(const uint8_t *p, size_t len, struct prefix *prefix)
{
	struct ifa_msghdr	 ifam;
	struct sockaddr_in	 addr, mask;
	const uint8_t		*sa;
	size_t			 hdrlen, salen;
	uint32_t		 bits;

	if (len < sizeof(ifam))
		return false;
	memcpy(&ifam, p, sizeof(ifam));
	hdrlen = ifam.ifam_hdrlen;
	if (hdrlen < sizeof(ifam) || hdrlen > len)
		return false;
	memset(&addr, 0, sizeof(addr));
	memset(&mask, 0, sizeof(mask));
	if ((sa = find_addr(p + hdrlen, len - hdrlen, ifam.ifam_addrs,
	    RTAX_IFA, &salen)) == NULL || salen < sizeof(addr))
		return false;
	memcpy(&addr, sa, sizeof(addr));
	/* A mask ends where its ones do, and does not say its family. */
	if ((sa = find_addr(p + hdrlen, len - hdrlen, ifam.ifam_addrs,
	    RTAX_NETMASK, &salen)) == NULL)
		return false;
	memcpy(&mask, sa, salen < sizeof(mask) ? salen : sizeof(mask));
	bits = ntohl(mask.sin_addr.s_addr);
	if (addr.sin_family != AF_INET || (~bits & (~bits + 1)) != 0)
		return false;
	memset(prefix, 0, sizeof(*prefix));
	prefix->addr = ntohl(addr.sin_addr.s_addr);
	for (; bits != 0; bits <<= 1)
		prefix->len++;
	return true;
}

bool
records_interface(struct iflist *l, struct interface *ifc)
{
	struct if_announcemsghdr	 hdr;
	struct prefix			*addr = ifc->addr;
	struct prefix			 prefix;
	bool				 found = false;

	memset(ifc, 0, sizeof(*ifc));
	ifc->addr = addr;
	l->cut = false;
	for (; get_header(l->p, l->left, &hdr); l->p += hdr.ifan_msglen,
	    l->left -= hdr.ifan_msglen) {
		if (hdr.ifan_version != RTM_VERSION)
			continue;
		if (hdr.ifan_type == RTM_IFINFO) {
			if (found)
				return true;
			found = parse_link(l->p, hdr.ifan_msglen, ifc);
		} else if (hdr.ifan_type == RTM_NEWADDR && found &&
		    hdr.ifan_index == ifc->index &&
		    parse_addr(l->p, hdr.ifan_msglen, &prefix)) {
			if (ifc->naddr < INTERFACE_MAXADDR)
				memcpy(&addr[ifc->naddr++], &prefix,
				    sizeof(prefix));
			else
				l->cut = true;
		}
	}
	return found;
}

int
records_bpf(const uint8_t *p, size_t left, kernel_packet_cb *cb, void *arg)
{
	struct bpf_hdr	 hdr;
	size_t		 len;
	int		 flags, n = 0;

	while (left >= sizeof(hdr)) {
		memcpy(&hdr, p, sizeof(hdr));
		if (hdr.bh_hdrlen < sizeof(hdr) || hdr.bh_hdrlen > left ||
		    hdr.bh_caplen > left - hdr.bh_hdrlen)
			break;
		/* Filled in by the hardware: here nobody is. */
		flags = hdr.bh_csumflags & (M_UDP_CSUM_OUT |
		    M_UDP_CSUM_IN_OK) ? FRAME_NOCSUM : 0;
		cb(p + hdr.bh_hdrlen, hdr.bh_caplen, flags, arg);
		n++;
		len = BPF_WORDALIGN((size_t)hdr.bh_hdrlen + hdr.bh_caplen);
		if (len >= left)
			break;
		p += len;
		left -= len;
	}
	return n;
}

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

#include <netinet/in.h>

#include <net/pfvar.h>	/* needs the above */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "paths.h"
#include "pfdev.h"

static int	 name_table(struct pfioc_table *, const char *, const char *);
static void	 put_address(struct pfr_addr *, uint32_t);
static int	 change(unsigned long, const char *, const char *, uint32_t);
static int	 kill_states(struct pfioc_state_kill *, uint32_t);

static int	 dev = -1;

int
pfdev_open(void)
{
	if (dev == -1)
		dev = open(PATH_PF, O_RDWR | O_CLOEXEC);
	return dev == -1 ? -1 : 0;
}

int
pfdev_enabled(void)
{
	struct pf_status	 status;

	if (ioctl(dev, DIOCGETSTATUS, &status) == -1)
		return -1;
	return status.running != 0;
}

/* --- tables ------------------------------------------------------------- */

static int
name_table(struct pfioc_table *io, const char *anchor, const char *table)
{
	memset(io, 0, sizeof(*io));
	io->pfrio_esize = sizeof(struct pfr_addr);
	if (strlcpy(io->pfrio_table.pfrt_anchor, anchor,
	    sizeof(io->pfrio_table.pfrt_anchor)) >=
	    sizeof(io->pfrio_table.pfrt_anchor) ||
	    strlcpy(io->pfrio_table.pfrt_name, table,
	    sizeof(io->pfrio_table.pfrt_name)) >=
	    sizeof(io->pfrio_table.pfrt_name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

static void
put_address(struct pfr_addr *pa, uint32_t addr)
{
	memset(pa, 0, sizeof(*pa));
	pa->pfra_ip4addr.s_addr = htonl(addr);
	pa->pfra_af = AF_INET;
	pa->pfra_net = 32;
}

static int
change(unsigned long request, const char *anchor, const char *table,
    uint32_t addr)
{
	struct pfioc_table	 io;
	struct pfr_addr		 pa;

	if (name_table(&io, anchor, table) == -1)
		return -1;
	put_address(&pa, addr);
	io.pfrio_buffer = &pa;
	io.pfrio_size = 1;
	if (ioctl(dev, request, &io) == -1)
		return -1;
	return io.pfrio_nadd + io.pfrio_ndel;
}

int
pfdev_table_add(const char *anchor, const char *table, uint32_t addr)
{
	return change(DIOCRADDADDRS, anchor, table, addr);
}

int
pfdev_table_del(const char *anchor, const char *table, uint32_t addr)
{
	return change(DIOCRDELADDRS, anchor, table, addr);
}

int
pfdev_table_set(const char *anchor, const char *table, const uint32_t *addr,
    size_t n)
{
	struct pfioc_table	 io;
	struct pfr_addr		*pa;
	size_t			 i;
	int			 result;

	if (name_table(&io, anchor, table) == -1 ||
	    (pa = calloc(n + 1, sizeof(*pa))) == NULL)
		return -1;
	for (i = 0; i < n; i++)
		put_address(&pa[i], addr[i]);
	io.pfrio_buffer = pa;
	io.pfrio_size = n;
	result = ioctl(dev, DIOCRSETADDRS, &io);
	free(pa);
	return result;
}

int
pfdev_tables(const char *anchor, char (**names)[PFDEV_TABLELEN], size_t *n)
{
	struct pfioc_table	 io;
	struct pfr_table	*table = NULL, *p;
	int			 i, room = 0;

	if (name_table(&io, anchor, "") == -1)
		return -1;
	io.pfrio_esize = sizeof(*table);
	for (;;) {
		io.pfrio_buffer = table;
		io.pfrio_size = room;
		if (ioctl(dev, DIOCRGETTABLES, &io) == -1)
			goto bad;
		if (io.pfrio_size <= room)
			break;
		room = io.pfrio_size + 4;
		if ((p = reallocarray(table, room, sizeof(*table))) == NULL)
			goto bad;
		table = p;
	}
	if ((*names = calloc(io.pfrio_size + 1, sizeof(**names))) == NULL)
		goto bad;
	*n = 0;
	for (i = 0; i < io.pfrio_size; i++)
		if (table[i].pfrt_flags & PFR_TFLAG_ACTIVE)
			strlcpy((*names)[(*n)++], table[i].pfrt_name,
			    sizeof(**names));
	free(table);
	return 0;
bad:
	free(table);
	return -1;
}

/* The kernel says how many there are, and fills the buffer if it holds all. */
int
pfdev_table_get(const char *anchor, const char *table, uint32_t **addr,
    size_t *n)
{
	struct pfioc_table	 io;
	struct pfr_addr		*pa = NULL, *p;
	int			 i, room = 0;

	if (name_table(&io, anchor, table) == -1)
		return -1;
	for (;;) {
		io.pfrio_buffer = pa;
		io.pfrio_size = room;
		if (ioctl(dev, DIOCRGETADDRS, &io) == -1)
			goto bad;
		if (io.pfrio_size <= room)
			break;
		room = io.pfrio_size + 16;
		if ((p = reallocarray(pa, room, sizeof(*pa))) == NULL)
			goto bad;
		pa = p;
	}
	if ((*addr = calloc(io.pfrio_size + 1, sizeof(**addr))) == NULL)
		goto bad;
	*n = 0;
	for (i = 0; i < io.pfrio_size; i++)
		if (pa[i].pfra_af == AF_INET)
			(*addr)[(*n)++] = ntohl(pa[i].pfra_ip4addr.s_addr);
	free(pa);
	return 0;
bad:
	free(pa);
	return -1;
}

/* --- states ------------------------------------------------------------- */

static int
kill_states(struct pfioc_state_kill *psk, uint32_t rdomain)
{
	psk->psk_rdomain = rdomain;
	return ioctl(dev, DIOCKILLSTATES, psk);
}

/* A mask of zeros matches every address. */
int
pfdev_kill_address(uint32_t addr, uint32_t rdomain)
{
	struct pfioc_state_kill	 from, to;

	memset(&from, 0, sizeof(from));
	from.psk_af = AF_INET;
	to = from;
	from.psk_src.addr.v.a.addr.v4.s_addr = htonl(addr);
	from.psk_src.addr.v.a.mask.v4.s_addr = INADDR_BROADCAST;
	to.psk_dst = from.psk_src;
	if (kill_states(&from, rdomain) == -1)
		return -1;
	return kill_states(&to, rdomain);
}

int
pfdev_kill_udp(uint32_t addr, uint16_t first, uint16_t last, uint32_t rdomain)
{
	struct pfioc_state_kill	 psk;

	memset(&psk, 0, sizeof(psk));
	psk.psk_af = AF_INET;
	psk.psk_proto = IPPROTO_UDP;
	psk.psk_dst.addr.v.a.addr.v4.s_addr = htonl(addr);
	psk.psk_dst.addr.v.a.mask.v4.s_addr = INADDR_BROADCAST;
	psk.psk_dst.port_op = PF_OP_RRG;
	psk.psk_dst.port[0] = htons(first);
	psk.psk_dst.port[1] = htons(last);
	return kill_states(&psk, rdomain);
}

int
pfdev_kill_label(const char *label, uint32_t rdomain)
{
	struct pfioc_state_kill	 psk;

	memset(&psk, 0, sizeof(psk));
	if (strlcpy(psk.psk_label, label, sizeof(psk.psk_label)) >=
	    sizeof(psk.psk_label)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return kill_states(&psk, rdomain);
}

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
#include <net/if.h>

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/*
 * The floor: what the kernel must do for a tap, in one process, with nothing
 * decided, checked or confined, and nothing in between.  A tap that comes
 * costs one event read, one synced append of 50 bytes, one element of a set,
 * one address, and the tap set up.  A guest is answered from one packet
 * socket with what was prepared.
 *
 * usage: floor file
 *
 * `nft' must have made `table inet floor' and its `set guests', of
 * `ifname . ipv4_addr'.
 */

#define TABLE		"floor"
#define SET		"guests"
#define POOL		0xac100002U	/* 172.16.0.2 */
#define RECORD_LEN	50
#define IFINDEX_MAX	65536

static void	 arrival(const struct link_event *);
static void	 answer(int);
static int	 packets(void);
static void	 record(const char *);
static void	 element(const char *, uint32_t);
static struct nlmsghdr	*nft_message(char *, uint16_t, uint16_t, uint16_t);

static int		 file = -1, nfnl = -1;
static uint32_t		 host[IFINDEX_MAX];	/* by the tap's index */
static const uint8_t	 lladdr[6] = { 0x02, 0, 0, 0, 0, 1 };

static void
record(const char *name)
{
	char	 line[RECORD_LEN + 1];

	snprintf(line, sizeof(line), "%-*s\n", RECORD_LEN - 1, name);
	if (write(file, line, RECORD_LEN) != RECORD_LEN ||
	    fdatasync(file) == -1)
		err(1, "file");
}

static struct nlmsghdr *
nft_message(char *buf, uint16_t type, uint16_t flags, uint16_t subsystem)
{
	struct nlmsghdr		*nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg		*nfg;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = NFPROTO_INET;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(subsystem);
	return nlh;
}

/* One transaction: begin, the element, end. */
static void
element(const char *name, uint32_t addr)
{
	char			 buf[1024] = { 0 }, key[IFNAMSIZ + 4] = { 0 };
	char			*p = buf;
	struct nlmsghdr		*nlh;
	struct nlattr		*list, *item, *nest;
	const struct nlmsgerr	*reply;

	memcpy(key, name, strnlen(name, IFNAMSIZ - 1));
	addr = htonl(addr);
	memcpy(key + IFNAMSIZ, &addr, 4);
	nlh = nft_message(p, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES);
	p += nlh->nlmsg_len;
	nlh = nft_message(p, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM,
	    NLM_F_CREATE | NLM_F_ACK, 0);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, SET);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	item = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, sizeof(key), key);
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, item);
	mnl_attr_nest_end(nlh, list);
	p += NLMSG_ALIGN(nlh->nlmsg_len);
	nlh = nft_message(p, NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES);
	p += nlh->nlmsg_len;
	if (send(nfnl, buf, p - buf, 0) == -1 ||
	    recv(nfnl, buf, sizeof(buf), 0) == -1)
		err(1, "nfnetlink");
	reply = mnl_nlmsg_get_payload((struct nlmsghdr *)(void *)buf);
	if (reply->error != 0)
		errx(1, "element: %s", strerror(-reply->error));
}

static void
arrival(const struct link_event *ev)
{
	static uint32_t	 next = POOL;

	if (ev->address || ev->gone || ev->name == NULL ||
	    ev->ifindex >= IFINDEX_MAX || host[ev->ifindex] != 0 ||
	    strncmp(ev->name, TAP_PREFIX, strlen(TAP_PREFIX)) != 0)
		return;
	host[ev->ifindex] = next;
	next += 2;
	record(ev->name);
	element(ev->name, host[ev->ifindex] + 1);
	link_address(ev->ifindex, host[ev->ifindex], 31);
	link_up(ev->ifindex);
}

/* One socket for all taps, of what is for port 67. */
static int
packets(void)
{
	struct sock_filter	 insns[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 17, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 14 + 20 + 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 67, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, FRAME_SIZE),
		BPF_STMT(BPF_RET | BPF_K, 0)
	};
	const struct sock_fprog	 prog = {
		.len = sizeof(insns) / sizeof(insns[0]),
		.filter = insns
	};
	struct sockaddr_ll	 sll;
	int			 fd;

	memset(&sll, 0, sizeof(sll));
	sll.sll_family = AF_PACKET;
	sll.sll_protocol = htons(ETH_P_IP);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
	    sizeof(prog)) == -1 ||
	    bind(fd, (struct sockaddr *)&sll, sizeof(sll)) == -1)
		err(1, "packet socket");
	return fd;
}

static void
answer(int fd)
{
	uint8_t			 frame[FRAME_SIZE];
	struct sockaddr_ll	 from;
	socklen_t		 fromlen;
	struct dhcp		 m;
	ssize_t			 n;

	for (;;) {
		fromlen = sizeof(from);
		n = recvfrom(fd, frame, sizeof(frame), 0,
		    (struct sockaddr *)&from, &fromlen);
		if (n <= 0)
			return;
		if (from.sll_ifindex >= IFINDEX_MAX ||
		    host[from.sll_ifindex] == 0 ||
		    !dhcp_parse(frame, n, 67, &m))
			continue;
		m.type = m.type == DISCOVER ? OFFER : ACK;
		m.server = host[from.sll_ifindex];
		m.address = m.server + 1;
		n = dhcp_reply(frame, &m, lladdr);
		(void)sendto(fd, frame, n, 0, (struct sockaddr *)&from,
		    sizeof(from));
	}
}

int
main(int argc, char *argv[])
{
	struct pollfd	 pfd[2];

	if (argc != 2)
		errx(1, "usage: floor file");
	file = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (file == -1)
		err(1, "%s", argv[1]);
	nfnl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	pfd[0].fd = link_watch();
	pfd[1].fd = packets();
	if (nfnl == -1)
		err(1, "nfnetlink");
	pfd[0].events = pfd[1].events = POLLIN;
	printf("ready\n");
	fflush(stdout);
	while (poll(pfd, 2, -1) != -1) {
		(void)link_read(pfd[0].fd, arrival);
		answer(pfd[1].fd);
	}
	err(1, "poll");
}

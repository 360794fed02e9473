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

#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "nfnl.h"
#include "nftlist.h"
#include "nftwatch.h"
#include "rtnl.h"

/*
 * The kernel tells every change of every table, in the order in which they
 * were made, and ends each transaction with a message that says which
 * process made it.
 */

#define WATCH_RCVBUF	(4 * 1024 * 1024)
#define READ_BATCH	256		/* datagrams at once */

static void	 take_pid(const struct nlmsghdr *, void *);
static int	 ignore_requests(void);
static bool	 is_ours(const struct nlmsghdr *, const char *);
static bool	 alters(uint16_t);
static bool	 take_message(const struct nlmsghdr *, const char *);

static int	 sock = -1;
static uint32_t	 self;		/* this process, as the kernel calls it */
static bool	 touched;	/* by the transaction being told */

/* The answer bears who asked, even where processes have other numbers. */
static void
take_pid(const struct nlmsghdr *nlh, void *arg)
{
	uint32_t		*pid = arg;
	struct nlattr		*attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_GEN_PROC_PID &&
		    mnl_attr_get_payload_len(attr) == sizeof(*pid))
			*pid = ntohl(mnl_attr_get_u32(attr));
}

/*
 * Each arrival of a VM is a transaction by the socket for requests: those
 * do not even come here.  What a transaction consists of bears the number of
 * the socket that asked for it.
 */
static int
ignore_requests(void)
{
	struct sock_filter	 code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)
	};
	const struct sock_fprog	 prog = {
		sizeof(code) / sizeof(code[0]), code
	};

	/* The kernel reads it in network byte order. */
	code[1].k = htonl(nfnl_port());
	return setsockopt(sock, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
	    sizeof(prog));
}

int
nftwatch_open(void)
{
	static char		 buf[NFNL_REQUEST_SIZE]
				    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	const int		 group = NFNLGRP_NFTABLES;

	if (nfnl_open() == -1 || nfnl_request(nfnl_put(buf,
	    NFNL_NFT(NFT_MSG_GETGEN), 0, AF_UNSPEC), take_pid, &self) == -1)
		return -1;
	/* The group is joined when nothing comes any more that is not to. */
	sock = rtnl_subscribe(NETLINK_NETFILTER, 0, WATCH_RCVBUF);
	if (sock == -1)
		return -1;
	if (ignore_requests() == -1 ||
	    setsockopt(sock, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
	    sizeof(group)) == -1) {
		close(sock);
		sock = -1;
	}
	return sock;
}

/* Of one of our tables?  Its name is attribute 1 of all objects. */
static bool
is_ours(const struct nlmsghdr *nlh, const char *table)
{
	const struct nfgenmsg	*nfg = mnl_nlmsg_get_payload(nlh);
	struct nlattr		*attr;
	const char		*name;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg))
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(*nfg)) {
		if (mnl_attr_get_type(attr) != NFTA_TABLE_NAME)
			continue;
		name = mnl_attr_get_payload(attr);
		return memchr(name, '\0',
		    mnl_attr_get_payload_len(attr)) != NULL &&
		    nftlist_is_ours(nfg->nfgen_family, name, table);
	}
	return false;
}

/*
 * What an administrator adds, a rule to count or trace something, may stay;
 * what is missing, or switched off, may not.
 */
static bool
alters(uint16_t msg)
{
	switch (msg) {
	case NFT_MSG_NEWTABLE:
	case NFT_MSG_NEWCHAIN:
	case NFT_MSG_DELTABLE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELRULE:
	case NFT_MSG_DELSET:
	case NFT_MSG_DELSETELEM:
		return true;
	}
	return false;
}

/* True at the end of somebody else's transaction that touched ours. */
static bool
take_message(const struct nlmsghdr *nlh, const char *table)
{
	uint32_t	 pid = 0;
	bool		 changed;

	if (NFNL_SUBSYS_ID(nlh->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
		return false;
	if (NFNL_MSG_TYPE(nlh->nlmsg_type) != NFT_MSG_NEWGEN) {
		if (alters(NFNL_MSG_TYPE(nlh->nlmsg_type)) &&
		    is_ours(nlh, table))
			touched = true;
		return false;
	}
	take_pid(nlh, &pid);
	changed = touched && pid != self;
	touched = false;
	return changed;
}

bool
nftwatch_read(const char *table)
{
	static char		 buf[65536]
				    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	const struct nlmsghdr	*nlh;
	bool			 changed = false;
	ssize_t			 n;
	int			 batch, len;

	for (batch = 0; batch < READ_BATCH; batch++) {
		if ((n = rtnl_receive(sock, buf, sizeof(buf))) == -1) {
			if (errno == EAGAIN)
				break;
			/* Some were lost: who knows what they said. */
			if (errno == ENOBUFS || errno == EMSGSIZE) {
				changed = true;
				touched = false;
			} else if (errno != EINTR) {
				log_warn("nftables' notifications");
				break;
			}
			continue;
		}
		len = n;
		nlh = (const struct nlmsghdr *)(const void *)buf;
		for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
			changed |= take_message(nlh, table);
	}
	return changed;
}

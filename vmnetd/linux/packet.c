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

#include <arpa/inet.h>
#include <net/if.h>

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "clientfilter.h"
#include "frame.h"
#include "kernel.h"

/* Some dozen frames: more than a client sends before it waits. */
#define PACKET_RCVBUF	32768

static int	 set_options(int);
static int	 set_filter(int, uint32_t);
static int	 attach(int, const struct interface *);
static bool	 gone(int);
static int	 frame_flags(struct msghdr *);

static int
set_options(int fd)
{
	const int	 on = 1, size = PACKET_RCVBUF;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == -1 ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) == -1)
		return -1;
	/* Saves the filter's work where the kernel has it (4.20). */
	(void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
	    sizeof(on));
	return 0;
}

static int
set_filter(int fd, uint32_t host)
{
	struct sock_filter	 insns[] = {
		/* Not what the host sends. */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    SKF_AD_OFF + SKF_AD_PKTTYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		CLIENT_FILTER(host)
	};
	const struct sock_fprog	 prog = {
		.len = sizeof(insns) / sizeof(insns[0]),
		.filter = insns
	};
	const int		 on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
	    sizeof(prog)) == -1)
		return -1;
	return setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on));
}

/* Bound by index, which must still be that of the name. */
static int
attach(int fd, const struct interface *ifc)
{
	struct sockaddr_ll	 sll;
	struct ifreq		 ifr;
	socklen_t		 len = sizeof(int);
	int			 down;

	memset(&sll, 0, sizeof(sll));
	sll.sll_family = AF_PACKET;
	sll.sll_protocol = htons(ETH_P_ALL);	/* IPv4, tagged or not */
	sll.sll_ifindex = ifc->index;
	if (bind(fd, (struct sockaddr *)&sll, sizeof(sll)) == -1)
		return -1;
	/* On a tap that is still down the next read would fail of that. */
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &down, &len) == -1)
		return -1;
	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, ifc->name, sizeof(ifr.ifr_name));
	if (ioctl(fd, SIOCGIFINDEX, &ifr) == -1)
		return -1;
	if ((uint32_t)ifr.ifr_ifindex != ifc->index) {
		errno = ENXIO;
		return -1;
	}
	return 0;
}

int
kernel_packet_open(const struct interface *ifc, uint32_t host)
{
	int	 error, fd;

	/* Protocol 0: nothing comes in before filter and interface are set. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (set_options(fd) == -1 || set_filter(fd, host) == -1 ||
	    attach(fd, ifc) == -1) {
		error = errno == ENODEV ? ENXIO : errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* An interface that is down can come up again, one that has gone cannot. */
static bool
gone(int fd)
{
	struct sockaddr_ll	 sll;
	socklen_t		 len = sizeof(sll);

	return getsockname(fd, (struct sockaddr *)&sll, &len) == -1 ||
	    sll.sll_ifindex <= 0;
}

/* What the kernel took out of the frame or left to the hardware to do. */
static int
frame_flags(struct msghdr *msg)
{
	struct tpacket_auxdata	 aux;
	struct cmsghdr		*cmsg;
	int			 flags = 0;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL;
	    cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_PACKET ||
		    cmsg->cmsg_type != PACKET_AUXDATA ||
		    cmsg->cmsg_len != CMSG_LEN(sizeof(aux)))
			continue;
		memcpy(&aux, CMSG_DATA(cmsg), sizeof(aux));
		if (aux.tp_status & TP_STATUS_CSUMNOTREADY)
			flags |= FRAME_NOCSUM;
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			flags |= FRAME_VLAN;
	}
	return flags;
}

int
kernel_packet_read(int fd, kernel_packet_cb *cb, void *arg)
{
	static uint8_t	 buf[CLIENT_FILTER_SNAPLEN];
	union {
		struct cmsghdr	 align;
		char		 buf[CMSG_SPACE(sizeof(
				    struct tpacket_auxdata))];
	} control;
	struct iovec	 iov = { buf, sizeof(buf) };
	struct msghdr	 msg;
	ssize_t		 n;

	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &control;
	msg.msg_controllen = sizeof(control);
	if ((n = recvmsg(fd, &msg, 0)) == -1) {
		if (errno == EAGAIN || errno == EINTR ||
		    (errno == ENETDOWN && !gone(fd)))
			return 0;
		return -1;
	}
	cb(buf, n, frame_flags(&msg), arg);
	return 1;
}

/* Never with an address: the tap that it is bound to is the only one. */
int
kernel_packet_write(int fd, const uint8_t *frame, size_t len)
{
	return send(fd, frame, len, 0) == -1 ? -1 : 0;
}

/* The kernel begins anew each time that it is asked. */
void
kernel_packet_missed(int fd, uint32_t *missed)
{
	struct tpacket_stats	 st;
	socklen_t		 len = sizeof(st);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &len) == 0)
		*missed += st.tp_drops;
}

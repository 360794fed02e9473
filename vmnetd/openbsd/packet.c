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
#include <sys/time.h>

#include <net/bpf.h>
#include <net/if.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "clientfilter.h"
#include "kernel.h"
#include "paths.h"
#include "records.h"
#include "spoof.h"

/* Some frames; the kernel allocates two or three of it for each tap. */
#define PACKET_BUFLEN	8192
/* Nothing comes into it. */
#define DROP_BUFLEN	32

static int	 set_options(int);
static int	 set_filters(int, uint32_t);
static int	 set_drop(int, uint32_t);
static int	 attach(int, const char *, uint32_t);
static int	 give_up(int);

static int
set_options(int fd)
{
	u_int	 blen = PACKET_BUFLEN, on = 1;
	u_int	 drop = BPF_FILDROP_CAPTURE, ignore = BPF_DIRECTION_OUT;

	if (ioctl(fd, BIOCSBLEN, &blen) == -1 ||
	    ioctl(fd, BIOCIMMEDIATE, &on) == -1 ||
	    ioctl(fd, BIOCSFILDROP, &drop) == -1 ||
	    ioctl(fd, BIOCSDIRFILT, &ignore) == -1)
		return -1;
	if (blen != PACKET_BUFLEN) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

/* Read what a client says, write what this server says, and no more. */
static int
set_filters(int fd, uint32_t host)
{
	struct bpf_insn		 client[] = { CLIENT_FILTER(host) };
	struct bpf_insn		 server[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),	/* ethertype */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0800, 0, 11),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14),	/* no options */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x45, 0, 9),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),	/* protocol */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 17, 0, 7),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),	/* fragment */
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 5, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 26),	/* from */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, host, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 34),	/* ports */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 67 << 16 | 68, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, (u_int)-1),
		BPF_STMT(BPF_RET | BPF_K, 0)
	};
	struct bpf_program	 prog;

	prog.bf_len = sizeof(client) / sizeof(client[0]);
	prog.bf_insns = client;
	if (ioctl(fd, BIOCSETF, &prog) == -1)
		return -1;
	prog.bf_len = sizeof(server) / sizeof(server[0]);
	prog.bf_insns = server;
	return ioctl(fd, BIOCSETWF, &prog);
}

/*
 * A descriptor is attached by name.  If the name has the right index after
 * that, it had it then as well: one that has gone does not come back.  And
 * the descriptor dies with the interface.
 */
static int
attach(int fd, const char *name, uint32_t index)
{
	struct ifreq	 ifr;
	u_int		 dlt;

	memset(&ifr, 0, sizeof(ifr));
	strlcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	if (ioctl(fd, BIOCSETIF, &ifr) == -1)
		return -1;
	if (if_nametoindex(name) != index) {
		errno = ENXIO;
		return -1;
	}
	if (ioctl(fd, BIOCGDLT, &dlt) == -1)
		return -1;
	if (dlt != DLT_EN10MB) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	return ioctl(fd, BIOCLOCK);
}

/* Close it, with the errno of what went wrong. */
static int
give_up(int fd)
{
	const int	 error = errno == ENODEV ? ENXIO : errno;

	close(fd);
	errno = error;
	return -1;
}

int
kernel_packet_open(const struct interface *ifc, uint32_t host)
{
	int	 fd;

	if ((fd = open(PATH_BPF, O_RDWR | O_CLOEXEC | O_NONBLOCK)) == -1)
		return -1;
	if (set_options(fd) == -1 || set_filters(fd, host) == -1 ||
	    attach(fd, ifc->name, ifc->index) == -1)
		return give_up(fd);
	return fd;
}

/*
 * What the filter picks is dropped.  A frame too short for what is looked at
 * is not picked: it is too short for the kernel as well.
 */
static int
set_drop(int fd, uint32_t guest)
{
	u_int			 blen = DROP_BUFLEN;
	u_int			 drop = BPF_FILDROP_DROP;
	u_int			 ignore = BPF_DIRECTION_OUT;
	struct bpf_insn		 spoof[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),	/* ethertype */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0806, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 28),	/* ARP sender */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, guest, 11, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 10, 9),	/* probe */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0800, 0, 8),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 26),	/* IPv4 source */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, guest, 7, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 5),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),	/* protocol */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 17, 0, 3),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),
		BPF_STMT(BPF_LD | BPF_W | BPF_IND, 14),	/* ports */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 68 << 16 | 67, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, (u_int)-1),
		BPF_STMT(BPF_RET | BPF_K, 0)
	};
	struct bpf_program	 prog;

	prog.bf_len = sizeof(spoof) / sizeof(spoof[0]);
	prog.bf_insns = spoof;
	if (ioctl(fd, BIOCSBLEN, &blen) == -1 ||
	    ioctl(fd, BIOCSFILDROP, &drop) == -1 ||
	    ioctl(fd, BIOCSDIRFILT, &ignore) == -1)
		return -1;
	return ioctl(fd, BIOCSETF, &prog);
}

int
spoof_drop(const char *tap, uint32_t ifindex, uint32_t guest)
{
	int	 fd;

	if ((fd = open(PATH_BPF, O_RDWR | O_CLOEXEC | O_NONBLOCK)) == -1)
		return -1;
	if (set_drop(fd, guest) == -1 || attach(fd, tap, ifindex) == -1)
		return give_up(fd);
	return fd;
}

/* Nothing there is 0 here, and a read must be of the buffer's length. */
int
kernel_packet_read(int fd, kernel_packet_cb *cb, void *arg)
{
	static uint32_t	 buf[PACKET_BUFLEN / sizeof(uint32_t)];
	ssize_t		 n;

	if ((n = read(fd, buf, sizeof(buf))) == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	return records_bpf((const uint8_t *)buf, n, cb, arg);
}

int
kernel_packet_write(int fd, const uint8_t *frame, size_t len)
{
	return write(fd, frame, len) == -1 ? -1 : 0;
}

void
kernel_packet_missed(int fd, uint32_t *missed)
{
	struct bpf_stat	 st;

	if (ioctl(fd, BIOCGSTATS, &st) == 0)
		*missed = st.bs_drop;
}

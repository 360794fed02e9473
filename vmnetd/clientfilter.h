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


#ifndef CLIENTFILTER_H
#define CLIENTFILTER_H

#include "frame.h"

/*
 * The BPF program that picks what a DHCP client says to the server: IPv4,
 * UDP, first fragment, to port 67 of everybody or of the host address.  The
 * same behind one VLAN tag is picked as well, to be counted and dropped.
 * Nothing else may match: where the kernel can, it keeps from the host what
 * is picked here.
 *
 * The instructions are the same everywhere, only their structure's name is
 * not: `struct sock_filter prog[] = { CLIENT_FILTER(host) };`
 */

/* One byte more than a frame may have shows that it is too long. */
#define CLIENT_FILTER_SNAPLEN	(FRAME_MAX + 1)

#define CLIENT_FILTER(host)						\
	/* 0: ethertype */						\
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),				\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0800, 5, 0),		\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x8100, 1, 0),		\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x88a8, 0, 2),		\
	/* 4: ethertype behind the tag */				\
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 16),				\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0800, 16, 0),		\
	BPF_STMT(BPF_RET | BPF_K, 0),					\
	/* 7 and 22 */							\
	CLIENT_FILTER_IP(14, host),					\
	CLIENT_FILTER_IP(18, host)

/* Fifteen instructions about the IPv4 header at this offset. */
#define CLIENT_FILTER_IP(ip, host)					\
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (ip)),	/* version */	\
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),			\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40, 0, 11),		\
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (ip) + 9),	/* protocol */	\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 17, 0, 9),			\
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (ip) + 6),	/* fragment */	\
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 7, 0),		\
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, (ip)),	/* length */	\
	BPF_STMT(BPF_LD | BPF_H | BPF_IND, (ip) + 2),	/* port */	\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 67, 0, 4),			\
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (ip) + 16),	/* to */	\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 1, 0),		\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (host), 0, 1),		\
	BPF_STMT(BPF_RET | BPF_K, CLIENT_FILTER_SNAPLEN),		\
	BPF_STMT(BPF_RET | BPF_K, 0)

#endif /* CLIENTFILTER_H */

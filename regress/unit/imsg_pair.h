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

#ifndef IMSG_PAIR_H
#define IMSG_PAIR_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <fcntl.h>
#include <imsg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * For the tests of imsg: two connected ends, what a peer that does not use
 * the library could send, and descriptors that can be told from each other.
 */

#define LEN_HAS_FD	0x80000000U

/* Two ends, and what the second has received last. */
struct pair {
	struct imsgbuf	 a;
	struct imsgbuf	 b;
	struct imsg	 msg;
	int		 fd[2];
};

static inline void
pair_open(struct pair *p, int fdpass)
{
	int	 i;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p->fd) == -1)
		abort();
	for (i = 0; i < 2; i++)
		if (fcntl(p->fd[i], F_SETFL, O_NONBLOCK) == -1)
			abort();
	if (imsgbuf_init(&p->a, p->fd[0]) == -1 ||
	    imsgbuf_init(&p->b, p->fd[1]) == -1)
		abort();
	if (fdpass) {
		imsgbuf_allow_fdpass(&p->a);
		imsgbuf_allow_fdpass(&p->b);
	}
}

static inline void
pair_close(struct pair *p)
{
	imsgbuf_clear(&p->a);
	imsgbuf_clear(&p->b);
	close(p->fd[0]);
	close(p->fd[1]);
}

/* The next message at the second end; false if there is none. */
static inline int
pair_get(struct pair *p)
{
	ssize_t	 n;

	if ((n = imsg_get(&p->b, &p->msg)) == 0) {
		if (imsgbuf_read(&p->b) != 1)
			return 0;
		n = imsg_get(&p->b, &p->msg);
	}
	return n > 0;
}

static inline int
open_files(void)
{
	int	 i, n = 0;

	for (i = 0; i < 256; i++)
		if (fcntl(i, F_GETFD) != -1)
			n++;
	return n;
}

/* A descriptor from which this byte can be read. */
static inline int
token(char c)
{
	int	 fd[2];

	if (pipe(fd) == -1 || write(fd[1], &c, 1) != 1)
		abort();
	close(fd[1]);
	return fd[0];
}

/* The byte, and the descriptor is closed; -1 if there was none. */
static inline int
token_read(int fd)
{
	unsigned char	 c;
	int		 res;

	if (fd == -1)
		return -1;
	res = read(fd, &c, 1) == 1 ? c : -1;
	close(fd);
	return res;
}

/* A message as it is on the wire, of a payload that counts up. */
static inline size_t
raw(unsigned char *buf, uint32_t type, size_t payload, uint32_t flag)
{
	struct imsg_hdr	 hdr;
	size_t		 i;

	memset(&hdr, 0, sizeof(hdr));
	hdr.type = type;
	hdr.len = (sizeof(hdr) + payload) | flag;
	hdr.peerid = type * 2;
	hdr.pid = 4711;
	memcpy(buf, &hdr, sizeof(hdr));
	for (i = 0; i < payload; i++)
		buf[sizeof(hdr) + i] = type + i;
	return sizeof(hdr) + payload;
}

static inline int
raw_ok(struct imsg *msg, uint32_t type, size_t payload)
{
	unsigned char	 want[MAX_IMSGSIZE], got[MAX_IMSGSIZE];

	raw(want, type, payload, 0);
	return imsg_get_type(msg) == type && imsg_get_id(msg) == type * 2 &&
	    imsg_get_pid(msg) == 4711 && imsg_get_len(msg) == payload &&
	    (payload == 0 || (imsg_get_data(msg, got, payload) == 0 &&
	    memcmp(got, want + IMSG_HEADER_SIZE, payload) == 0));
}

/* Send bytes and descriptors as the worst of peers would. */
static inline void
raw_send(int s, const void *data, size_t len, const int *fds, size_t nfd)
{
	union {
		struct cmsghdr	 hdr;
		unsigned char	 buf[CMSG_SPACE(sizeof(int) * 4)];
	}		 control;
	struct msghdr	 msg;
	struct iovec	 iov;
	struct cmsghdr	*cmsg;
	unsigned char	 copy[1024];

	memcpy(copy, data, len);
	iov.iov_base = copy;
	iov.iov_len = len;
	memset(&control, 0, sizeof(control));
	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if (nfd > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfd);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * nfd);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * nfd);
	}
	if (sendmsg(s, &msg, 0) != (ssize_t)len)
		abort();
}

#endif /* IMSG_PAIR_H */

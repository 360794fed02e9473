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
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"

/*
 * On the wire a message is its header, in host byte order, and its payload.
 * The highest bit of the length says that a descriptor belongs to it, which
 * arrives with its first byte.
 *
 * Descriptors need recvmsg(2) and sendmsg(2).  A sandbox may forbid these to
 * a process that passes none, so all else goes through readv(2) and
 * writev(2), and sendmsg(2) carries only what begins with a descriptor.
 */
#define LEN_HAS_FD	0x80000000U
#define FLAG_FDPASS	0x01

#define WRITE_MAX	(IOV_MAX < 1024 ? IOV_MAX : 1024)

TAILQ_HEAD(ibufhead, ibuf);

struct msgbuf {
	struct ibufhead	 out;
	struct ibufhead	 in;		/* complete messages */
	struct ibuf	*partial;	/* one whose end has not come yet */
	size_t		 have;		/* bytes in buf, less than a header
					 * from one read to the next */
	uint32_t	 nout;
	int		 fd;		/* came with the bytes in buf */
	unsigned char	 buf[IBUF_READ_SIZE];
};

union control {
	struct cmsghdr	 hdr;
	unsigned char	 buf[CMSG_SPACE(sizeof(int))];
};

static ssize_t	 receive(struct imsgbuf *, struct iovec *, int, int *);
static int	 control_fd(struct msghdr *);
static size_t	 partial_fill(struct msgbuf *, size_t);
static int	 parse(struct imsgbuf *, int);
static struct ibuf *parse_one(struct imsgbuf *, const unsigned char *, size_t,
		    int *);
static void	 enqueue(struct msgbuf *, struct ibuf *);
static ssize_t	 transmit(struct imsgbuf *);
static ssize_t	 send_fd(int, struct iovec *, int, int);
static void	 sent(struct msgbuf *, size_t);
static void	 queue_clear(struct ibufhead *);

int
imsgbuf_init(struct imsgbuf *imsgbuf, int fd)
{
	struct msgbuf	*w;

	if ((w = malloc(sizeof(*w))) == NULL)
		return -1;
	TAILQ_INIT(&w->out);
	TAILQ_INIT(&w->in);
	w->partial = NULL;
	w->have = 0;
	w->nout = 0;
	w->fd = -1;

	imsgbuf->w = w;
	imsgbuf->pid = getpid();
	imsgbuf->maxsize = MAX_IMSGSIZE;
	imsgbuf->fd = fd;
	imsgbuf->flags = 0;
	return 0;
}

void
imsgbuf_allow_fdpass(struct imsgbuf *imsgbuf)
{
	imsgbuf->flags |= FLAG_FDPASS;
}

int
imsgbuf_set_maxsize(struct imsgbuf *imsgbuf, uint32_t maxsize)
{
	if (maxsize < IMSG_HEADER_SIZE || (maxsize & LEN_HAS_FD)) {
		errno = EINVAL;
		return -1;
	}
	imsgbuf->maxsize = maxsize;
	return 0;
}

void
imsgbuf_clear(struct imsgbuf *imsgbuf)
{
	struct msgbuf	*w = imsgbuf->w;

	if (w == NULL)
		return;
	queue_clear(&w->out);
	queue_clear(&w->in);
	ibuf_free(w->partial);
	if (w->fd != -1)
		close(w->fd);
	free(w);
	imsgbuf->w = NULL;
}

static void
queue_clear(struct ibufhead *head)
{
	struct ibuf	*buf;

	while ((buf = TAILQ_FIRST(head)) != NULL) {
		TAILQ_REMOVE(head, buf, entry);
		ibuf_free(buf);
	}
}

uint32_t
imsgbuf_queuelen(struct imsgbuf *imsgbuf)
{
	return imsgbuf->w->nout;
}

/*
 * One system call: the end of a message that is under way goes to its place,
 * what follows it to the buffer.
 */
int
imsgbuf_read(struct imsgbuf *imsgbuf)
{
	struct msgbuf	*w = imsgbuf->w;
	struct iovec	 iov[2];
	ssize_t		 n;
	int		 iovcnt = 0, fd = -1;

	if (w->partial != NULL) {
		iov[iovcnt].iov_base = w->partial->buf + w->partial->wpos;
		iov[iovcnt++].iov_len = ibuf_left(w->partial);
	}
	iov[iovcnt].iov_base = w->buf + w->have;
	iov[iovcnt++].iov_len = sizeof(w->buf) - w->have;

	if ((n = receive(imsgbuf, iov, iovcnt, &fd)) == -1)
		return errno == EAGAIN ? 1 : -1;
	if (n == 0)
		return 0;
	w->have += partial_fill(w, n);
	return parse(imsgbuf, fd) == -1 ? -1 : 1;
}

static ssize_t
receive(struct imsgbuf *imsgbuf, struct iovec *iov, int iovcnt, int *fd)
{
	union control	 control;
	struct msghdr	 msg;
	ssize_t		 n;

	if (!(imsgbuf->flags & FLAG_FDPASS)) {
		while ((n = readv(imsgbuf->fd, iov, iovcnt)) == -1 &&
		    errno == EINTR)
			continue;
		return n;
	}
	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = iov;
	msg.msg_iovlen = iovcnt;
	msg.msg_control = &control;
	msg.msg_controllen = sizeof(control);
	while ((n = recvmsg(imsgbuf->fd, &msg, MSG_CMSG_CLOEXEC)) == -1 &&
	    errno == EINTR)
		continue;
	if (n != -1)
		*fd = control_fd(&msg);
	return n;
}

/*
 * The descriptor that was received, or -1.  There is room for more than one
 * where the system pads the control message; a sender that knows how to
 * behave sends one.
 */
static int
control_fd(struct msghdr *msg)
{
	struct cmsghdr	*cmsg;
	size_t		 i, n;
	int		 fd, first = -1;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL;
	    cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(fd);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd),
			    sizeof(fd));
			if (first == -1)
				first = fd;
			else
				close(fd);
		}
	}
	return first;
}

/* Account for n bytes read; returns how many of them are in the buffer. */
static size_t
partial_fill(struct msgbuf *w, size_t n)
{
	struct ibuf	*buf = w->partial;
	size_t		 mine;

	if (buf == NULL)
		return n;
	mine = n < ibuf_left(buf) ? n : ibuf_left(buf);
	buf->wpos += mine;
	if (ibuf_left(buf) == 0) {
		TAILQ_INSERT_TAIL(&w->in, buf, entry);
		w->partial = NULL;
	}
	return n - mine;
}

/*
 * Cut the buffer into messages.  At most two descriptors are waiting for
 * theirs: the one that came with the beginning of a header, which is
 * complete only now, and the one that came just now.
 */
static int
parse(struct imsgbuf *imsgbuf, int newfd)
{
	struct msgbuf	*w = imsgbuf->w;
	struct ibuf	*buf;
	size_t		 off = 0, n;
	int		 fds[2] = { w->fd, newfd }, res = 0;

	while (w->have - off >= IMSG_HEADER_SIZE) {
		buf = parse_one(imsgbuf, w->buf + off, w->have - off, fds);
		if (buf == NULL) {
			res = -1;
			break;
		}
		n = buf->wpos;
		off += n;
		if (ibuf_left(buf) > 0)
			w->partial = buf;
		else
			TAILQ_INSERT_TAIL(&w->in, buf, entry);
	}
	w->have -= off;
	memmove(w->buf, w->buf + off, w->have);

	/* Only a header that is not complete can still lay claim to one. */
	w->fd = -1;
	if (res == 0 && w->have > 0) {
		w->fd = fds[1] != -1 ? fds[1] : fds[0];
		fds[fds[1] != -1] = -1;
	}
	for (n = 0; n < 2; n++)
		if (fds[n] != -1)
			close(fds[n]);
	return res;
}

/* The message whose header, and maybe not all of the rest, is at p. */
static struct ibuf *
parse_one(struct imsgbuf *imsgbuf, const unsigned char *p, size_t len,
    int *fds)
{
	struct imsg_hdr	 hdr;
	struct ibuf	*buf;
	int		 i, has_fd;

	memcpy(&hdr, p, sizeof(hdr));
	has_fd = (hdr.len & LEN_HAS_FD) != 0;
	hdr.len &= ~LEN_HAS_FD;
	if (hdr.len < sizeof(hdr) || hdr.len > imsgbuf->maxsize) {
		errno = ERANGE;
		return NULL;
	}
	if ((buf = ibuf_open(hdr.len)) == NULL)
		return NULL;
	ibuf_add(buf, p, len < hdr.len ? len : hdr.len);
	memcpy(buf->buf, &hdr, sizeof(hdr));
	if (has_fd) {
		i = fds[0] != -1 ? 0 : 1;
		buf->fd = fds[i];
		fds[i] = -1;
	}
	return buf;
}

ssize_t
imsg_get(struct imsgbuf *imsgbuf, struct imsg *imsg)
{
	struct msgbuf	*w = imsgbuf->w;
	struct ibuf	*buf;

	if ((buf = TAILQ_FIRST(&w->in)) == NULL)
		return 0;
	TAILQ_REMOVE(&w->in, buf, entry);
	ibuf_get(buf, &imsg->hdr, sizeof(imsg->hdr));
	imsg->data = ibuf_size(buf) > 0 ? ibuf_data(buf) : NULL;
	imsg->buf = buf;
	return imsg->hdr.len;
}

void
imsg_free(struct imsg *imsg)
{
	ibuf_free(imsg->buf);
}

int
imsg_get_ibuf(struct imsg *imsg, struct ibuf *buf)
{
	if (ibuf_size(imsg->buf) == 0) {
		errno = EBADMSG;
		return -1;
	}
	return ibuf_get_ibuf(imsg->buf, ibuf_size(imsg->buf), buf);
}

int
imsg_get_data(struct imsg *imsg, void *data, size_t len)
{
	if (len == 0) {
		errno = EINVAL;
		return -1;
	}
	if (ibuf_size(imsg->buf) != len) {
		errno = EBADMSG;
		return -1;
	}
	return ibuf_get(imsg->buf, data, len);
}

int
imsg_get_fd(struct imsg *imsg)
{
	return ibuf_fd_get(imsg->buf);
}

uint32_t
imsg_get_id(struct imsg *imsg)
{
	return imsg->hdr.peerid;
}

size_t
imsg_get_len(struct imsg *imsg)
{
	return ibuf_size(imsg->buf);
}

pid_t
imsg_get_pid(struct imsg *imsg)
{
	return imsg->hdr.pid;
}

uint32_t
imsg_get_type(struct imsg *imsg)
{
	return imsg->hdr.type;
}

struct ibuf *
imsg_create(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id, pid_t pid,
    size_t datalen)
{
	struct imsg_hdr	 hdr;
	struct ibuf	*buf;

	if (datalen > imsgbuf->maxsize - IMSG_HEADER_SIZE) {
		errno = ERANGE;
		return NULL;
	}
	buf = ibuf_dynamic(IMSG_HEADER_SIZE + datalen, imsgbuf->maxsize);
	if (buf == NULL)
		return NULL;
	hdr.type = type;
	hdr.len = 0;
	hdr.peerid = id;
	hdr.pid = pid == 0 ? imsgbuf->pid : pid;
	ibuf_add(buf, &hdr, sizeof(hdr));
	return buf;
}

int
imsg_add(struct ibuf *msg, const void *data, size_t datalen)
{
	if (ibuf_add(msg, data, datalen) == -1) {
		ibuf_free(msg);
		return -1;
	}
	return datalen;
}

void
imsg_close(struct imsgbuf *imsgbuf, struct ibuf *msg)
{
	uint32_t	 len = ibuf_size(msg);

	if (ibuf_fd_avail(msg))
		len |= LEN_HAS_FD;
	ibuf_set_h32(msg, offsetof(struct imsg_hdr, len), len);
	enqueue(imsgbuf->w, msg);
}

static void
enqueue(struct msgbuf *w, struct ibuf *buf)
{
	TAILQ_INSERT_TAIL(&w->out, buf, entry);
	w->nout++;
}

int
imsg_compose(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id, pid_t pid,
    int fd, const void *data, size_t datalen)
{
	struct ibuf	*buf;

	if ((buf = imsg_create(imsgbuf, type, id, pid, datalen)) == NULL)
		return -1;
	if (imsg_add(buf, data, datalen) == -1)
		return -1;
	ibuf_fd_set(buf, fd);
	imsg_close(imsgbuf, buf);
	return 1;
}

int
imsg_composev(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id, pid_t pid,
    int fd, const struct iovec *iov, int iovcnt)
{
	struct ibuf	*buf;
	size_t		 len = 0;
	int		 i;

	for (i = 0; i < iovcnt; i++) {
		if (iov[i].iov_len > imsgbuf->maxsize - len) {
			errno = ERANGE;
			return -1;
		}
		len += iov[i].iov_len;
	}
	if ((buf = imsg_create(imsgbuf, type, id, pid, len)) == NULL)
		return -1;
	for (i = 0; i < iovcnt; i++)
		if (imsg_add(buf, iov[i].iov_base, iov[i].iov_len) == -1)
			return -1;
	ibuf_fd_set(buf, fd);
	imsg_close(imsgbuf, buf);
	return 1;
}

/* The payload is queued as it is, behind a header of its own. */
int
imsg_compose_ibuf(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id,
    pid_t pid, struct ibuf *buf)
{
	struct ibuf	*hdr;
	size_t		 len = ibuf_size(buf);

	if (len > imsgbuf->maxsize - IMSG_HEADER_SIZE) {
		errno = ERANGE;
		goto fail;
	}
	if ((hdr = imsg_create(imsgbuf, type, id, pid, 0)) == NULL)
		goto fail;
	ibuf_set_h32(hdr, offsetof(struct imsg_hdr, len),
	    IMSG_HEADER_SIZE + len);
	ibuf_fd_set(buf, -1);
	enqueue(imsgbuf->w, hdr);
	if (len > 0)
		enqueue(imsgbuf->w, buf);
	else
		ibuf_free(buf);
	return 1;

fail:
	ibuf_free(buf);
	return -1;
}

/* Whatever of it has been consumed already is sent as well. */
int
imsg_forward(struct imsgbuf *imsgbuf, struct imsg *imsg)
{
	struct ibuf	*buf;

	if (imsg->hdr.len > imsgbuf->maxsize) {
		errno = ERANGE;
		return -1;
	}
	if ((buf = ibuf_open(imsg->hdr.len)) == NULL)
		return -1;
	ibuf_add(buf, imsg->buf->buf, imsg->hdr.len);
	enqueue(imsgbuf->w, buf);
	return 1;
}

int
imsgbuf_write(struct imsgbuf *imsgbuf)
{
	ssize_t	 n;

	if (imsgbuf->w->nout == 0)
		return 0;
	while ((n = transmit(imsgbuf)) == -1 && errno == EINTR)
		continue;
	if (n == -1) {
		/* The last is too many descriptors that nobody has read. */
		if (errno == EAGAIN || errno == ENOBUFS ||
		    errno == ETOOMANYREFS)
			return 0;
		return -1;
	}
	sent(imsgbuf->w, n);
	return 0;
}

int
imsgbuf_flush(struct imsgbuf *imsgbuf)
{
	while (imsgbuf->w->nout > 0)
		if (imsgbuf_write(imsgbuf) == -1)
			return -1;
	return 0;
}

/* As many messages as one call takes, up to the next descriptor. */
static ssize_t
transmit(struct imsgbuf *imsgbuf)
{
	struct iovec	 iov[WRITE_MAX];
	struct ibuf	*buf, *first = TAILQ_FIRST(&imsgbuf->w->out);
	int		 fdpass = imsgbuf->flags & FLAG_FDPASS, n = 0;

	TAILQ_FOREACH(buf, &imsgbuf->w->out, entry) {
		if (n == WRITE_MAX)
			break;
		if (fdpass && buf != first && buf->fd != -1)
			break;
		iov[n].iov_base = ibuf_data(buf);
		iov[n++].iov_len = ibuf_size(buf);
	}
	if (fdpass && first->fd != -1)
		return send_fd(imsgbuf->fd, iov, n, first->fd);
	return writev(imsgbuf->fd, iov, n);
}

static ssize_t
send_fd(int s, struct iovec *iov, int iovcnt, int fd)
{
	union control	 control;
	struct msghdr	 msg;
	struct cmsghdr	*cmsg;

	memset(&control, 0, sizeof(control));
	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = iov;
	msg.msg_iovlen = iovcnt;
	msg.msg_control = &control;
	msg.msg_controllen = sizeof(control);
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(s, &msg, 0);
}

/* A descriptor is gone with the first byte of its message. */
static void
sent(struct msgbuf *w, size_t n)
{
	struct ibuf	*buf;

	while (n > 0 && (buf = TAILQ_FIRST(&w->out)) != NULL) {
		ibuf_fd_set(buf, -1);
		if (n < ibuf_size(buf)) {
			buf->rpos += n;
			return;
		}
		n -= ibuf_size(buf);
		TAILQ_REMOVE(&w->out, buf, entry);
		w->nout--;
		ibuf_free(buf);
	}
}

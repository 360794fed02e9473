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


#ifndef PROCESS_FUZZ_H
#define PROCESS_FUZZ_H

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <err.h>
#include <imsg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "process.h"
#include "quiet_log.h"

/*
 * For the fuzzers of whole processes: the input, byte by byte, and messages
 * from the others, which go through a socket as they do in the daemon.
 */

static const uint8_t	*in;
static size_t		 left;
static struct imsgbuf	 writer, reader;

static inline void
must(bool ok)
{
	if (!ok)
		abort();
}

static inline uint8_t
byte(void)
{
	if (left == 0)
		return 0;
	left--;
	return *in++;
}

static inline uint32_t
word(void)
{
	uint32_t	 v = byte();

	v = v << 8 | byte();
	v = v << 8 | byte();
	return v << 8 | byte();
}

/* Some bytes of the input, then what follows from them. */
static inline void
fill(uint8_t *buf, size_t len, uint8_t seed)
{
	size_t	 i;

	for (i = 0; i < len; i++)
		buf[i] = i < 64 ? byte() : (uint8_t)(seed * i);
}

static inline void
hear_init(void)
{
	int	 sp[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sp) == -1 ||
	    imsgbuf_init(&writer, sp[0]) == -1 ||
	    imsgbuf_init(&reader, sp[1]) == -1)
		err(1, "socketpair");
	imsgbuf_allow_fdpass(&writer);
	imsgbuf_allow_fdpass(&reader);
}

/* One message, of two parts, with a descriptor or -1, which it takes. */
static inline void
hear_fd(void (*dispatch)(struct channel *, struct imsg *), struct channel *ch,
    uint32_t type, int fd, const void *a, size_t alen, const void *b,
    size_t blen)
{
	struct iovec	 iov[2];
	struct imsg	 imsg;

	iov[0].iov_base = (void *)(uintptr_t)a;
	iov[0].iov_len = alen;
	iov[1].iov_base = (void *)(uintptr_t)b;
	iov[1].iov_len = blen;
	if (imsg_composev(&writer, type, 7, 0, fd, iov, 2) == -1 ||
	    imsgbuf_flush(&writer) == -1 || imsgbuf_read(&reader) != 1 ||
	    imsg_get(&reader, &imsg) <= 0)
		err(1, "imsg");
	dispatch(ch, &imsg);
	imsg_free(&imsg);
}

static inline void
hear(void (*dispatch)(struct channel *, struct imsg *), struct channel *ch,
    uint32_t type, const void *a, size_t alen, const void *b, size_t blen)
{
	hear_fd(dispatch, ch, type, -1, a, alen, b, blen);
}

static inline void
conf_wrong(void *arg, const char *message)
{
	errx(1, "%s", message);
}

static inline struct conf *
make_conf(const char *text)
{
	char		 path[] = "/dev/shm/fuzz.XXXXXXXXXX";
	struct conf	*c;
	int		 fd;

	if ((fd = mkstemp(path)) == -1 ||
	    write(fd, text, strlen(text)) == -1)
		err(1, "%s", path);
	close(fd);
	if ((c = parse_config(path, conf_wrong, NULL)) == NULL)
		errx(1, "%s", text);
	unlink(path);
	return c;
}

#endif /* PROCESS_FUZZ_H */

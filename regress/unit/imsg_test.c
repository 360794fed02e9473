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
#include <fcntl.h>
#include <imsg.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg_pair.h"
#include "test.h"

/* --- buffers ---------------------------------------------------------------*/

static void
test_numbers(void)
{
	static const unsigned char n[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
	    12, 13, 14, 15 };
	struct ibuf	*buf = ibuf_dynamic(0, 64);
	uint64_t	 v64;
	uint32_t	 v32;
	uint16_t	 v16;
	uint8_t		 v8;

	test_case("numbers");
	CHECK_INT(ibuf_add_n8(buf, 1), 0);
	CHECK_INT(ibuf_add_n16(buf, 0x0203), 0);
	CHECK_INT(ibuf_add_n32(buf, 0x04050607), 0);
	CHECK_INT(ibuf_add_n64(buf, 0x08090a0b0c0d0e0f), 0);
	CHECK_INT(ibuf_size(buf), sizeof(n));
	CHECK_MEM(ibuf_data(buf), n, sizeof(n));

	errno = 0;
	CHECK_INT(ibuf_add_n8(buf, 256), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(ibuf_add_n16(buf, 65536), -1);
	CHECK_INT(ibuf_add_n32(buf, 1ULL << 32), -1);
	CHECK_INT(ibuf_add_h16(buf, 65536), -1);
	CHECK_INT(ibuf_add_h32(buf, 1ULL << 32), -1);
	CHECK_INT(ibuf_size(buf), sizeof(n));

	CHECK_INT(ibuf_add_h16(buf, 0x1234), 0);
	CHECK_INT(ibuf_add_h32(buf, 0x12345678), 0);
	CHECK_INT(ibuf_add_h64(buf, 0x123456789abcdef0), 0);

	CHECK(ibuf_get_n8(buf, &v8) == 0 && v8 == 1);
	CHECK(ibuf_get_n16(buf, &v16) == 0 && v16 == 0x0203);
	CHECK(ibuf_get_n32(buf, &v32) == 0 && v32 == 0x04050607);
	CHECK(ibuf_get_n64(buf, &v64) == 0 && v64 == 0x08090a0b0c0d0e0f);
	CHECK(ibuf_get_h16(buf, &v16) == 0 && v16 == 0x1234);
	CHECK(ibuf_get_h32(buf, &v32) == 0 && v32 == 0x12345678);
	CHECK(ibuf_get_h64(buf, &v64) == 0 && v64 == 0x123456789abcdef0);
	errno = 0;
	CHECK_INT(ibuf_get_n8(buf, &v8), -1);
	CHECK_INT(errno, EBADMSG);
	CHECK_INT(ibuf_get_h64(buf, &v64), -1);
	ibuf_free(buf);
}

static void
test_set(void)
{
	static const unsigned char want[] = { 0, 7, 0, 8, 0, 0, 0, 9 };
	struct ibuf	*buf = ibuf_open(16);

	test_case("set");
	CHECK_INT(ibuf_add_zero(buf, 8), 0);
	CHECK_INT(ibuf_set_n8(buf, 1, 7), 0);
	CHECK_INT(ibuf_set_n16(buf, 2, 8), 0);
	CHECK_INT(ibuf_set_n32(buf, 4, 9), 0);
	CHECK_MEM(ibuf_data(buf), want, sizeof(want));

	errno = 0;
	CHECK_INT(ibuf_set_n32(buf, 5, 9), -1);	/* allocated, not in use */
	CHECK_INT(errno, ERANGE);
	CHECK_INT(ibuf_set_n64(buf, 1, 9), -1);
	CHECK_INT(ibuf_set(buf, 9, "", 0), -1);
	CHECK_INT(ibuf_set(buf, SIZE_MAX, want, 2), -1);
	CHECK_INT(ibuf_set(buf, 2, want, SIZE_MAX - 1), -1);
	CHECK_INT(ibuf_set(buf, 8, "", 0), 0);
	CHECK_INT(ibuf_set_n8(buf, 0, 256), -1);
	CHECK_MEM(ibuf_data(buf), want, sizeof(want));

	/* Positions count from what is still to be read. */
	CHECK_INT(ibuf_skip(buf, 4), 0);
	CHECK_INT(ibuf_set_n8(buf, 0, 1), 0);
	CHECK(ibuf_seek(buf, 4, 1) == NULL);
	CHECK(ibuf_seek(buf, 3, 1) != NULL);
	ibuf_rewind(buf);
	CHECK_INT(*(unsigned char *)ibuf_seek(buf, 4, 1), 1);
	ibuf_free(buf);
}

static void
test_growth(void)
{
	struct ibuf	*buf;
	unsigned char	 block[100], *p;
	size_t		 i;
	int		 bad = 0;

	test_case("growth");
	CHECK((buf = ibuf_open(4)) != NULL);
	CHECK_INT(ibuf_left(buf), 4);
	CHECK_INT(ibuf_add(buf, "abcd", 4), 0);
	errno = 0;
	CHECK_INT(ibuf_add(buf, "e", 1), -1);
	CHECK_INT(errno, ERANGE);
	CHECK_INT(ibuf_size(buf), 4);
	ibuf_free(buf);

	errno = 0;
	CHECK(ibuf_dynamic(0, 0) == NULL);
	CHECK_INT(errno, EINVAL);
	CHECK(ibuf_dynamic(11, 10) == NULL);

	CHECK((buf = ibuf_dynamic(3, 10000)) != NULL);
	for (i = 0; i < 100; i++) {
		memset(block, i, sizeof(block));
		if (ibuf_add(buf, block, sizeof(block)) == -1)
			bad++;
	}
	CHECK_INT(bad, 0);
	CHECK_INT(ibuf_size(buf), 10000);
	CHECK_INT(ibuf_left(buf), 0);
	p = ibuf_data(buf);
	for (i = 0; i < 10000; i++)
		if (p[i] != i / 100)
			bad++;
	CHECK_INT(bad, 0);
	errno = 0;
	CHECK(ibuf_reserve(buf, 1) == NULL);
	CHECK_INT(errno, ERANGE);
	CHECK(ibuf_reserve(buf, SIZE_MAX) == NULL);
	CHECK_INT(ibuf_size(buf), 10000);
	ibuf_free(buf);
	ibuf_free(NULL);
}

static void
test_consume(void)
{
	struct ibuf	*buf = ibuf_open(32), *other, view, sub;
	char		 data[8], *s;

	test_case("consume");
	CHECK_INT(ibuf_add(buf, "head\0tail rest", 14), 0);
	ibuf_from_ibuf(&view, buf);
	CHECK((s = ibuf_get_string(&view, 9)) != NULL);
	CHECK_STR(s, "head");		/* up to the NUL; 9 are consumed */
	free(s);
	CHECK_INT(ibuf_size(&view), 5);
	CHECK_INT(ibuf_size(buf), 14);
	errno = 0;
	CHECK(ibuf_get_string(&view, 6) == NULL);
	CHECK_INT(errno, EBADMSG);
	CHECK_INT(ibuf_get(&view, data, 5), 0);
	CHECK_MEM(data, " rest", 5);

	CHECK_INT(ibuf_get_ibuf(buf, 15, &sub), -1);
	CHECK_INT(ibuf_get_ibuf(buf, 4, &sub), 0);
	CHECK_INT(ibuf_size(&sub), 4);
	CHECK_INT(ibuf_size(buf), 10);
	CHECK_INT(ibuf_left(&sub), 0);
	CHECK_INT(ibuf_add(&sub, "x", 1), -1);	/* a view does not grow */
	CHECK_INT(ibuf_truncate(&sub, 5), -1);
	CHECK_INT(ibuf_truncate(&sub, 2), 0);
	CHECK_INT(ibuf_fd_avail(&sub), 0);
	CHECK_INT(ibuf_fd_get(&sub), -1);

	other = ibuf_open(32);
	CHECK_INT(ibuf_add_ibuf(other, buf), 0);	/* what is left of it */
	CHECK_INT(ibuf_size(other), 10);
	CHECK_MEM(ibuf_data(other), "\0tail rest", 10);
	CHECK_INT(ibuf_truncate(other, 5), 0);
	CHECK_INT(ibuf_truncate(other, 8), 0);
	CHECK_MEM(ibuf_data(other), "\0tail\0\0\0", 8);
	CHECK_INT(ibuf_truncate(other, 33), -1);

	CHECK_INT(ibuf_skip(buf, 11), -1);
	CHECK_INT(ibuf_skip(buf, 10), 0);
	CHECK_INT(ibuf_size(buf), 0);
	ibuf_rewind(buf);
	CHECK_INT(ibuf_size(buf), 14);
	ibuf_free(buf);
	ibuf_free(other);
}

static void
test_buffer_fd(void)
{
	struct ibuf	*buf = ibuf_open(1);
	int		 before = open_files(), fd;

	test_case("a buffer's descriptor");
	CHECK_INT(ibuf_fd_avail(buf), 0);
	CHECK_INT(ibuf_fd_get(buf), -1);
	ibuf_fd_set(buf, token('a'));
	ibuf_fd_set(buf, token('b'));		/* closes the first */
	CHECK_INT(open_files(), before + 1);
	CHECK(ibuf_fd_avail(buf) != 0);
	fd = ibuf_fd_get(buf);
	CHECK_INT(ibuf_fd_avail(buf), 0);
	CHECK_INT(token_read(fd), 'b');
	ibuf_fd_set(buf, token('c'));
	ibuf_free(buf);
	CHECK_INT(open_files(), before);
}

/* --- messages --------------------------------------------------------------*/

static void
test_roundtrip(void)
{
	struct pair	 p;
	struct ibuf	 view;
	char		 data[8];

	test_case("round trip");
	pair_open(&p, 0);
	CHECK_INT(imsgbuf_queuelen(&p.a), 0);
	CHECK_INT(imsgbuf_write(&p.a), 0);
	CHECK_INT(imsgbuf_read(&p.b), 1);	/* nothing there is no error */
	CHECK_INT(imsg_get(&p.b, &p.msg), 0);

	CHECK_INT(imsg_compose(&p.a, 7, 8, 0, -1, "hello", 6), 1);
	CHECK_INT(imsg_compose(&p.a, 9, 10, 11, -1, NULL, 0), 1);
	CHECK_INT(imsgbuf_queuelen(&p.a), 2);
	CHECK_INT(imsgbuf_write(&p.a), 0);
	CHECK_INT(imsgbuf_queuelen(&p.a), 0);

	CHECK_INT(imsgbuf_read(&p.b), 1);
	CHECK_INT(imsg_get(&p.b, &p.msg), IMSG_HEADER_SIZE + 6);
	CHECK_INT(imsg_get_type(&p.msg), 7);
	CHECK_INT(imsg_get_id(&p.msg), 8);
	CHECK_INT(imsg_get_pid(&p.msg), getpid());
	CHECK_INT(imsg_get_len(&p.msg), 6);
	CHECK_INT(imsg_get_fd(&p.msg), -1);
	errno = 0;
	CHECK_INT(imsg_get_data(&p.msg, data, 5), -1);
	CHECK_INT(errno, EBADMSG);
	CHECK_INT(imsg_get_data(&p.msg, data, 7), -1);
	errno = 0;
	CHECK_INT(imsg_get_data(&p.msg, data, 0), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(imsg_get_data(&p.msg, data, 6), 0);
	CHECK_STR(data, "hello");
	CHECK_INT(imsg_get_len(&p.msg), 0);
	CHECK_INT(imsg_get_data(&p.msg, data, 6), -1);
	imsg_free(&p.msg);

	CHECK_INT(imsg_get(&p.b, &p.msg), IMSG_HEADER_SIZE);
	CHECK_INT(imsg_get_type(&p.msg), 9);
	CHECK_INT(imsg_get_pid(&p.msg), 11);
	CHECK_INT(imsg_get_len(&p.msg), 0);
	errno = 0;
	CHECK_INT(imsg_get_ibuf(&p.msg, &view), -1);
	CHECK_INT(errno, EBADMSG);
	imsg_free(&p.msg);
	CHECK_INT(imsg_get(&p.b, &p.msg), 0);
	pair_close(&p);
}

static void
test_compose(void)
{
	struct pair	 p;
	struct ibuf	*buf, view;
	struct iovec	 iov[3];
	char		 one[] = "one", two[] = "two", data[8];

	test_case("compose");
	pair_open(&p, 0);
	iov[0].iov_base = one;
	iov[0].iov_len = 3;
	iov[1].iov_base = NULL;
	iov[1].iov_len = 0;
	iov[2].iov_base = two;
	iov[2].iov_len = 4;
	CHECK_INT(imsg_composev(&p.a, 1, 0, 0, -1, iov, 3), 1);

	CHECK((buf = imsg_create(&p.a, 2, 0, 0, 2)) != NULL);
	CHECK_INT(imsg_add(buf, one, 3), 3);	/* more than was announced */
	CHECK_INT(imsg_add(buf, two, 4), 4);
	CHECK_INT(imsgbuf_queuelen(&p.a), 1);
	imsg_close(&p.a, buf);

	buf = ibuf_dynamic(0, 10);
	ibuf_add(buf, "xonetwo", 8);
	ibuf_skip(buf, 1);
	CHECK_INT(imsg_compose_ibuf(&p.a, 3, 0, 0, buf), 1);
	CHECK_INT(imsgbuf_flush(&p.a), 0);
	CHECK_INT(imsgbuf_queuelen(&p.a), 0);

	for (uint32_t i = 1; i <= 3; i++) {
		if (!CHECK(pair_get(&p)))
			break;
		CHECK_INT(imsg_get_type(&p.msg), i);
		CHECK_INT(imsg_get_len(&p.msg), 7);
		CHECK_INT(imsg_get_ibuf(&p.msg, &view), 0);
		CHECK_INT(imsg_get_len(&p.msg), 0);
		CHECK_INT(ibuf_size(&view), 7);
		CHECK_INT(ibuf_get(&view, data, 7), 0);
		CHECK_STR(data, "onetwo");
		imsg_free(&p.msg);
	}
	pair_close(&p);
}

static void
test_limits(void)
{
	static unsigned char big[MAX_IMSGSIZE];
	const size_t	 max = MAX_IMSGSIZE - IMSG_HEADER_SIZE;
	struct pair	 p;
	struct ibuf	*buf;
	struct iovec	 iov[2];
	int		 fd, before;

	test_case("limits");
	pair_open(&p, 1);
	before = open_files();
	fd = token('x');
	errno = 0;
	CHECK_INT(imsg_compose(&p.a, 1, 0, 0, fd, big, max + 1), -1);
	CHECK_INT(errno, ERANGE);
	CHECK_INT(imsg_compose(&p.a, 1, 0, 0, fd, big, SIZE_MAX), -1);
	iov[0].iov_base = iov[1].iov_base = big;
	iov[0].iov_len = max;
	iov[1].iov_len = 1;
	CHECK_INT(imsg_composev(&p.a, 1, 0, 0, fd, iov, 2), -1);
	CHECK_INT(token_read(fd), 'x');		/* it is still ours */
	CHECK(imsg_create(&p.a, 1, 0, 0, max + 1) == NULL);
	CHECK((buf = imsg_create(&p.a, 1, 0, 0, 0)) != NULL);
	CHECK_INT(imsg_add(buf, big, max + 1), -1);
	buf = ibuf_open(max + 1);
	ibuf_add_zero(buf, max + 1);
	CHECK_INT(imsg_compose_ibuf(&p.a, 1, 0, 0, buf), -1);
	CHECK_INT(imsgbuf_queuelen(&p.a), 0);

	CHECK_INT(imsg_compose(&p.a, 2, 0, 0, -1, big, max), 1);
	CHECK_INT(imsgbuf_write(&p.a), 0);
	if (CHECK(pair_get(&p))) {
		CHECK_INT(imsg_get_len(&p.msg), max);
		imsg_free(&p.msg);
	}
	CHECK_INT(open_files(), before);
	pair_close(&p);
}

/* A message that is larger than what one read takes. */
static void
test_maxsize(void)
{
	const size_t	 len = 8 * IBUF_READ_SIZE;
	struct pair	 p;
	unsigned char	*data, *got;
	size_t		 i;
	int		 n, before;

	test_case("maximum size");
	pair_open(&p, 1);
	CHECK_INT(imsgbuf_set_maxsize(&p.a, 0x80000000U), -1);
	CHECK_INT(imsgbuf_set_maxsize(&p.a, len + 1000), 0);
	CHECK_INT(imsgbuf_set_maxsize(&p.b, len + 1000), 0);
	if ((data = malloc(len)) == NULL || (got = malloc(len)) == NULL)
		abort();
	for (i = 0; i < len; i++)
		data[i] = i * 31 >> 3;
	before = open_files();
	CHECK_INT(imsg_compose(&p.a, 1, 0, 0, token('a'), data, len), 1);
	CHECK_INT(imsg_compose(&p.a, 2, 0, 0, -1, data, 5), 1);
	/* The socket does not hold it all: its descriptor has gone ahead. */
	CHECK_INT(imsgbuf_write(&p.a), 0);
	CHECK_INT(imsgbuf_queuelen(&p.a), 2);
	CHECK_INT(open_files(), before);
	for (n = 0; n < 1000 && imsg_get(&p.b, &p.msg) == 0; n++)
		if (imsgbuf_write(&p.a) == -1 || imsgbuf_read(&p.b) != 1)
			break;
	CHECK_INT(imsg_get_type(&p.msg), 1);
	CHECK_INT(imsg_get_data(&p.msg, got, len), 0);
	CHECK(memcmp(got, data, len) == 0);
	CHECK_INT(token_read(imsg_get_fd(&p.msg)), 'a');
	imsg_free(&p.msg);
	CHECK_INT(imsgbuf_flush(&p.a), 0);
	if (CHECK(pair_get(&p))) {
		CHECK_INT(imsg_get_type(&p.msg), 2);
		CHECK_INT(imsg_get_len(&p.msg), 5);
		imsg_free(&p.msg);
	}
	free(data);
	free(got);
	pair_close(&p);
}

/* Three messages, cut in two at every byte, and sent byte by byte. */
static void
test_pieces(void)
{
	unsigned char	 buf[256];
	struct pair	 p;
	size_t		 len, cut, i;
	uint32_t	 n;
	int		 bad = 0;

	test_case("pieces");
	len = raw(buf, 1, 40, 0);
	len += raw(buf + len, 2, 0, 0);
	len += raw(buf + len, 3, 1, 0);
	for (cut = 1; cut < len; cut++) {
		pair_open(&p, cut % 2);
		n = 0;
		raw_send(p.fd[0], buf, cut, NULL, 0);
		if (imsgbuf_read(&p.b) != 1)
			bad++;
		while (imsg_get(&p.b, &p.msg) > 0) {
			n++;
			bad += !raw_ok(&p.msg, n, n == 1 ? 40 : n == 3);
			imsg_free(&p.msg);
		}
		bad += n != (cut >= 56 ? 1U : 0) + (cut >= 72 ? 1U : 0);
		raw_send(p.fd[0], buf + cut, len - cut, NULL, 0);
		while (pair_get(&p)) {
			n++;
			bad += !raw_ok(&p.msg, n, n == 1 ? 40 : n == 3);
			imsg_free(&p.msg);
		}
		bad += n != 3;
		pair_close(&p);
	}
	CHECK_INT(bad, 0);

	pair_open(&p, 0);
	n = 0;
	for (i = 0; i < len; i++) {
		raw_send(p.fd[0], buf + i, 1, NULL, 0);
		if (imsgbuf_read(&p.b) != 1)
			bad++;
		while (imsg_get(&p.b, &p.msg) > 0) {
			n++;
			bad += !raw_ok(&p.msg, n, n == 1 ? 40 : n == 3);
			imsg_free(&p.msg);
		}
	}
	CHECK_INT(n, 3);
	CHECK_INT(bad, 0);
	pair_close(&p);
}

/* Far more than the socket holds, of all sizes, both ends non-blocking. */
static void
test_many(void)
{
	unsigned char	 data[3000], got[3000];
	struct pair	 p;
	uint32_t	 i, n = 0, rest;
	size_t		 len;
	int		 bad = 0, stalls = 0;

	test_case("many");
	pair_open(&p, 0);
	for (i = 0; i < 5000; i++) {
		len = i * 7 % sizeof(data);
		memset(data, i, len);
		if (imsg_compose(&p.a, i, i, 0, -1, data, len) != 1)
			bad++;
	}
	CHECK_INT(imsgbuf_queuelen(&p.a), 5000);
	do {
		/* Until it takes no more, which is no error. */
		do {
			rest = imsgbuf_queuelen(&p.a);
			if (imsgbuf_write(&p.a) == -1)
				bad++;
		} while (imsgbuf_queuelen(&p.a) != rest);
		if (rest > 0)
			stalls++;
		while (pair_get(&p)) {
			len = n * 7 % sizeof(data);
			memset(data, n, len);
			bad += imsg_get_type(&p.msg) != n ||
			    imsg_get_len(&p.msg) != len ||
			    (len > 0 && (imsg_get_data(&p.msg, got, len) ||
			    memcmp(got, data, len) != 0));
			imsg_free(&p.msg);
			n++;
		}
	} while (rest > 0 && bad == 0 && stalls < 100000);
	CHECK_INT(n, 5000);
	CHECK_INT(bad, 0);
	CHECK(stalls > 1);
	CHECK_INT(imsgbuf_queuelen(&p.a), 0);
	pair_close(&p);
}

/* Messages that nobody fetches do not stop the reading. */
static void
test_unfetched(void)
{
	static unsigned char data[10000];
	struct pair	 p;
	uint32_t	 i;
	int		 bad = 0;

	test_case("unfetched");
	pair_open(&p, 0);
	for (i = 0; i < 100; i++) {
		imsg_compose(&p.a, i, 0, 0, -1, data, sizeof(data));
		if (imsgbuf_flush(&p.a) == -1 || imsgbuf_read(&p.b) != 1)
			bad++;
	}
	for (i = 0; i < 100; i++) {
		if (!pair_get(&p)) {
			bad++;
			break;
		}
		bad += imsg_get_type(&p.msg) != i;
		imsg_free(&p.msg);
	}
	CHECK_INT(bad, 0);
	pair_close(&p);
}

static void
test_bad_header(void)
{
	static const uint32_t lens[] = { 0, 1, IMSG_HEADER_SIZE - 1,
	    MAX_IMSGSIZE + 1, 0x7fffffff, 0xffffffff, LEN_HAS_FD,
	    LEN_HAS_FD | 15 };
	unsigned char	 buf[64];
	struct pair	 p;
	size_t		 i, len;
	int		 before = open_files(), fd, res;

	test_case("bad header");
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		pair_open(&p, 1);
		/* A good one goes before it and a descriptor with it. */
		len = raw(buf, 1, 4, 0);
		raw(buf + len, 2, 0, 0);
		memcpy(buf + len + offsetof(struct imsg_hdr, len), &lens[i],
		    sizeof(lens[i]));
		fd = token('x');
		raw_send(p.fd[0], buf, len + IMSG_HEADER_SIZE, &fd, 1);
		close(fd);
		errno = 0;
		res = imsgbuf_read(&p.b);
		CHECK_INT(res, -1);
		CHECK_INT(errno, ERANGE);
		pair_close(&p);
		CHECK_INT(open_files(), before);
	}
}

static void
test_end_of_peer(void)
{
	struct pair	 p;
	unsigned char	 buf[64];

	test_case("end");
	pair_open(&p, 0);
	raw(buf, 1, 10, 0);
	raw_send(p.fd[0], buf, 20, NULL, 0);
	CHECK_INT(imsgbuf_read(&p.b), 1);
	close(p.fd[0]);
	CHECK_INT(imsgbuf_read(&p.b), 0);
	CHECK_INT(imsg_get(&p.b, &p.msg), 0);	/* it is not complete */
	CHECK_INT(imsg_compose(&p.b, 1, 0, 0, -1, "x", 1), 1);
	errno = 0;
	CHECK_INT(imsgbuf_write(&p.b), -1);
	CHECK_INT(errno, EPIPE);
	errno = 0;
	CHECK_INT(imsgbuf_flush(&p.b), -1);
	p.fd[0] = -1;
	pair_close(&p);
}

static void
test_forward(void)
{
	struct pair	 p, q;
	char		 data[6];
	int		 before = open_files(), i;

	test_case("forward");
	pair_open(&p, 1);
	pair_open(&q, 1);
	imsg_compose(&p.a, 7, 8, 9, token('x'), "hello", 6);
	imsgbuf_write(&p.a);
	if (!CHECK(pair_get(&p)))
		return;
	CHECK_INT(imsg_forward(&q.a, &p.msg), 1);
	CHECK_INT(imsg_get_data(&p.msg, data, 6), 0);
	CHECK_INT(imsg_forward(&q.a, &p.msg), 1);	/* and as a whole */
	CHECK_INT(token_read(imsg_get_fd(&p.msg)), 'x');
	imsg_free(&p.msg);
	CHECK_INT(imsgbuf_write(&q.a), 0);
	for (i = 0; i < 2; i++) {
		if (!CHECK(pair_get(&q)))
			break;
		CHECK_INT(imsg_get_type(&q.msg), 7);
		CHECK_INT(imsg_get_id(&q.msg), 8);
		CHECK_INT(imsg_get_pid(&q.msg), 9);
		CHECK_INT(imsg_get_fd(&q.msg), -1);
		memset(data, 0, sizeof(data));
		CHECK_INT(imsg_get_data(&q.msg, data, 6), 0);
		CHECK_STR(data, "hello");
		imsg_free(&q.msg);
	}
	pair_close(&p);
	pair_close(&q);
	CHECK_INT(open_files(), before);
}

/* --- descriptors -----------------------------------------------------------*/

static void
test_fds(void)
{
	struct pair	 p;
	int		 before = open_files(), i, want, got;

	test_case("descriptors");
	pair_open(&p, 1);
	/* With and without, several in one queue: each gets its own. */
	for (i = 0; i < 20; i++)
		CHECK_INT(imsg_compose(&p.a, i, 0, 0,
		    i % 3 == 0 ? token('a' + i) : -1, &i, sizeof(i)), 1);
	CHECK_INT(imsgbuf_flush(&p.a), 0);
	for (i = 0; i < 20; i++) {
		if (!CHECK(pair_get(&p)))
			break;
		CHECK_INT(imsg_get_type(&p.msg), i);
		want = i % 3 == 0 ? 'a' + i : -1;
		got = token_read(imsg_get_fd(&p.msg));
		CHECK_INT(got, want);
		CHECK_INT(imsg_get_fd(&p.msg), -1);
		imsg_free(&p.msg);
	}
	pair_close(&p);
	CHECK_INT(open_files(), before);
}

/* All that nobody takes is closed, wherever it is. */
static void
test_fd_leaks(void)
{
	struct pair	 p;
	int		 before = open_files();

	test_case("unclaimed descriptors");
	pair_open(&p, 1);
	imsg_compose(&p.a, 1, 0, 0, token('a'), NULL, 0);
	imsg_compose(&p.a, 2, 0, 0, token('b'), NULL, 0);
	imsgbuf_flush(&p.a);
	CHECK_INT(open_files(), before + 2);	/* sent: no longer here */
	imsg_compose(&p.a, 3, 0, 0, token('c'), NULL, 0);
	if (CHECK(pair_get(&p)))
		imsg_free(&p.msg);
	CHECK_INT(imsgbuf_read(&p.b), 1);	/* the second is not fetched */
	CHECK_INT(open_files(), before + 4);
	pair_close(&p);				/* nor the third sent */
	CHECK_INT(open_files(), before);
}

static void
test_fd_forbidden(void)
{
	unsigned char	 buf[64];
	struct pair	 p;
	int		 before = open_files(), fd;

	test_case("descriptors not allowed");
	pair_open(&p, 0);
	imsg_compose(&p.a, 1, 0, 0, token('a'), "x", 1);
	CHECK_INT(imsgbuf_write(&p.a), 0);
	if (CHECK(pair_get(&p))) {
		CHECK_INT(imsg_get_fd(&p.msg), -1);
		CHECK_INT(imsg_get_len(&p.msg), 1);
		imsg_free(&p.msg);
	}
	fd = token('b');
	raw_send(p.fd[0], buf, raw(buf, 2, 3, LEN_HAS_FD), &fd, 1);
	close(fd);
	if (CHECK(pair_get(&p))) {
		CHECK_INT(imsg_get_fd(&p.msg), -1);
		CHECK(raw_ok(&p.msg, 2, 3));
		imsg_free(&p.msg);
	}
	pair_close(&p);
	CHECK_INT(open_files(), before);
}

/* Descriptors and what the header says of them do not go together. */
static void
test_fd_hostile(void)
{
	unsigned char	 buf[64];
	struct pair	 p;
	int		 before = open_files(), fds[3], i;

	test_case("hostile descriptors");
	pair_open(&p, 1);
	raw_send(p.fd[0], buf, raw(buf, 1, 3, LEN_HAS_FD), NULL, 0);
	if (CHECK(pair_get(&p))) {
		CHECK_INT(imsg_get_fd(&p.msg), -1);
		CHECK(raw_ok(&p.msg, 1, 3));
		imsg_free(&p.msg);
	}
	for (i = 0; i < 3; i++)
		fds[i] = token('a' + i);
	raw_send(p.fd[0], buf, raw(buf, 2, 3, 0), fds, 1);
	if (CHECK(pair_get(&p))) {
		CHECK_INT(imsg_get_fd(&p.msg), -1);
		CHECK(raw_ok(&p.msg, 2, 3));
		imsg_free(&p.msg);
	}
	CHECK_INT(open_files(), before + 2 + 3);

	/* Far more than one, and not one more than that stays open. */
	raw_send(p.fd[0], buf, raw(buf, 3, 3, LEN_HAS_FD), fds, 3);
	if (CHECK(pair_get(&p))) {
		close(imsg_get_fd(&p.msg));
		CHECK(raw_ok(&p.msg, 3, 3));
		imsg_free(&p.msg);
	}
	CHECK_INT(open_files(), before + 2 + 3);

	/* One with each byte of a header. */
	raw(buf, 4, 0, 0);
	for (i = 0; i < (int)IMSG_HEADER_SIZE; i++) {
		raw_send(p.fd[0], buf + i, 1, fds, 1);
		CHECK_INT(imsgbuf_read(&p.b), 1);
	}
	if (CHECK(pair_get(&p)))
		imsg_free(&p.msg);
	CHECK_INT(open_files(), before + 2 + 3);
	/* One with part of a header, which nothing follows. */
	raw_send(p.fd[0], buf, 4, fds, 1);
	CHECK_INT(imsgbuf_read(&p.b), 1);
	for (i = 0; i < 3; i++)
		close(fds[i]);
	pair_close(&p);
	CHECK_INT(open_files(), before);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);

	TEST(test_numbers());
	TEST(test_set());
	TEST(test_growth());
	TEST(test_consume());
	TEST(test_buffer_fd());

	TEST(test_roundtrip());
	TEST(test_compose());
	TEST(test_limits());
	TEST(test_maxsize());
	TEST(test_pieces());
	TEST(test_many());
	TEST(test_unfetched());
	TEST(test_bad_header());
	TEST(test_end_of_peer());
	TEST(test_forward());

	TEST(test_fds());
	TEST(test_fd_leaks());
	TEST(test_fd_forbidden());
	TEST(test_fd_hostile());

	return TEST_DONE("imsg");
}

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
#include <sys/resource.h>
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

/*
 * What our implementation of imsg promises beyond the interface, which
 * imsg_test checks: this test is not for systems that have one of their own.
 */

/*
 * A pipe takes readv(2) and writev(2), and refuses recvmsg(2) and sendmsg(2)
 * as a sandbox would.
 */
static void
test_system_calls(void)
{
	struct imsgbuf	 in, out;
	struct imsg	 msg;
	int		 fd[2], i;

	test_case("system calls");
	if (pipe(fd) == -1)
		abort();
	if (imsgbuf_init(&in, fd[0]) == -1 || imsgbuf_init(&out, fd[1]) == -1)
		abort();
	imsg_compose(&out, 1, 0, 0, token('a'), "x", 1);
	CHECK_INT(imsgbuf_write(&out), 0);
	CHECK_INT(imsgbuf_queuelen(&out), 0);

	imsgbuf_allow_fdpass(&out);
	for (i = 2; i < 5; i++)
		imsg_compose(&out, i, 0, 0, i == 4 ? token('b') : -1, "x", 1);
	CHECK_INT(imsgbuf_write(&out), 0);
	CHECK_INT(imsgbuf_queuelen(&out), 1);
	errno = 0;
	CHECK_INT(imsgbuf_write(&out), -1);
	CHECK_INT(errno, ENOTSOCK);

	CHECK_INT(imsgbuf_read(&in), 1);
	for (i = 1; i < 4; i++) {
		if (!CHECK(imsg_get(&in, &msg) > 0))
			break;
		CHECK_INT(imsg_get_type(&msg), i);
		imsg_free(&msg);
	}
	imsgbuf_allow_fdpass(&in);
	errno = 0;
	CHECK_INT(imsgbuf_read(&in), -1);
	CHECK_INT(errno, ENOTSOCK);
	imsgbuf_clear(&in);
	imsgbuf_clear(&out);
	close(fd[0]);
	close(fd[1]);
}

static void
test_close_on_exec(void)
{
	struct pair	 p;
	int		 fd;

	test_case("close on exec");
	pair_open(&p, 1);
	imsg_compose(&p.a, 1, 0, 0, token('a'), NULL, 0);
	imsgbuf_write(&p.a);
	if (CHECK(pair_get(&p))) {
		fd = imsg_get_fd(&p.msg);
		CHECK_INT(fcntl(fd, F_GETFD), FD_CLOEXEC);
		CHECK_INT(token_read(fd), 'a');
		imsg_free(&p.msg);
	}
	pair_close(&p);
}

/* A message comes even where no descriptor is free for the one with it. */
static void
test_table_full(void)
{
	struct pair	 p;
	struct rlimit	 old, few;
	int		 fds[64], n = 0;

	test_case("descriptor table full");
	pair_open(&p, 1);
	imsg_compose(&p.a, 1, 0, 0, token('a'), "x", 1);
	imsg_compose(&p.a, 2, 0, 0, token('b'), "y", 1);
	imsgbuf_flush(&p.a);
	if (getrlimit(RLIMIT_NOFILE, &old) == -1)
		abort();
	few = old;
	few.rlim_cur = 64;
	if (setrlimit(RLIMIT_NOFILE, &few) == -1)
		abort();
	while (n < 64 && (fds[n] = dup(p.fd[0])) != -1)
		n++;
	if (CHECK(pair_get(&p))) {
		CHECK_INT(imsg_get_type(&p.msg), 1);
		CHECK_INT(imsg_get_fd(&p.msg), -1);
		imsg_free(&p.msg);
	}
	while (n > 0)
		close(fds[--n]);
	if (setrlimit(RLIMIT_NOFILE, &old) == -1)
		abort();
	if (CHECK(pair_get(&p))) {
		CHECK_INT(imsg_get_type(&p.msg), 2);
		CHECK_INT(token_read(imsg_get_fd(&p.msg)), 'b');
		imsg_free(&p.msg);
	}
	pair_close(&p);
}

/* Each end has its own limit. */
static void
test_forward_limit(void)
{
	struct pair	 p;
	char		 data[100] = "";

	test_case("forward to less");
	pair_open(&p, 0);
	CHECK_INT(imsg_compose(&p.a, 1, 0, 0, -1, data, sizeof(data)), 1);
	CHECK_INT(imsgbuf_write(&p.a), 0);
	CHECK_INT(imsgbuf_set_maxsize(&p.a, 100), 0);
	if (CHECK(pair_get(&p))) {
		errno = 0;
		CHECK_INT(imsg_forward(&p.a, &p.msg), -1);
		CHECK_INT(errno, ERANGE);
		CHECK_INT(imsgbuf_queuelen(&p.a), 0);
		imsg_free(&p.msg);
	}
	pair_close(&p);
}

/* An empty payload is none, and holds nothing up. */
static void
test_empty_ibuf(void)
{
	struct pair	 p;
	uint32_t	 i;

	test_case("empty payload");
	pair_open(&p, 0);
	CHECK_INT(imsg_compose_ibuf(&p.a, 1, 0, 0, ibuf_open(0)), 1);
	CHECK_INT(imsg_compose_ibuf(&p.a, 2, 0, 0, ibuf_open(1)), 1);
	CHECK_INT(imsgbuf_write(&p.a), 0);
	CHECK_INT(imsgbuf_queuelen(&p.a), 0);
	for (i = 1; i < 3; i++) {
		if (!CHECK(pair_get(&p)))
			break;
		CHECK_INT(imsg_get_type(&p.msg), i);
		CHECK_INT(imsg_get_len(&p.msg), 0);
		imsg_free(&p.msg);
	}
	pair_close(&p);
}

/* A descriptor comes with the first byte, the rest of the header later. */
static void
test_fd_pieces(void)
{
	unsigned char	 buf[128];
	struct pair	 p;
	size_t		 len, cut;
	int		 before = open_files(), fd, bad = 0;

	test_case("descriptors and pieces");
	for (cut = 1; cut < 20; cut++) {
		pair_open(&p, 1);
		len = raw(buf, 1, 4, LEN_HAS_FD);
		fd = token('a');
		raw_send(p.fd[0], buf, cut, &fd, 1);
		close(fd);
		if (imsgbuf_read(&p.b) != 1)
			bad++;
		/* The next one's is there as soon as the first is complete. */
		raw_send(p.fd[0], buf + cut, len - cut, NULL, 0);
		len = raw(buf, 2, 0, LEN_HAS_FD);
		fd = token('b');
		raw_send(p.fd[0], buf, len, &fd, 1);
		close(fd);
		bad += !pair_get(&p) || !raw_ok(&p.msg, 1, 4) ||
		    token_read(imsg_get_fd(&p.msg)) != 'a';
		imsg_free(&p.msg);
		bad += !pair_get(&p) || !raw_ok(&p.msg, 2, 0) ||
		    token_read(imsg_get_fd(&p.msg)) != 'b';
		imsg_free(&p.msg);
		pair_close(&p);
	}
	CHECK_INT(bad, 0);
	CHECK_INT(open_files(), before);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);

	TEST(test_system_calls());
	TEST(test_close_on_exec());
	TEST(test_table_full());
	TEST(test_forward_limit());
	TEST(test_empty_ibuf());
	TEST(test_fd_pieces());

	return TEST_DONE("compat");
}

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
#include <sys/time.h>
#include <sys/wait.h>

#include <errno.h>
#include <event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"
#include "test.h"

int	 __wrap_event_add(struct event *, const struct timeval *);

/* What is written to stderr goes here meanwhile. */
static FILE	*captured;
static int	 saved_stderr;

/* The timer that was added last. */
static struct event	*added;
static long		 added_wait;

static void
capture(void)
{
	fflush(stderr);
	if ((captured = tmpfile()) == NULL ||
	    (saved_stderr = dup(STDERR_FILENO)) == -1 ||
	    dup2(fileno(captured), STDERR_FILENO) == -1)
		abort();
}

static const char *
capture_end(void)
{
	static char	 buf[16384];
	size_t		 n;

	fflush(stderr);
	if (dup2(saved_stderr, STDERR_FILENO) == -1)
		abort();
	close(saved_stderr);
	rewind(captured);
	n = fread(buf, 1, sizeof(buf) - 1, captured);
	buf[n] = '\0';
	fclose(captured);
	return buf;
}

static void
test_lines(void)
{
	test_case("lines");
	log_init(1, LOG_DAEMON);
	capture();
	log_info("tap%d is %s", 3, "bound");
	errno = ENOENT;
	log_warn("%s", "vm0");
	errno = EPERM;
	log_warn(NULL);
	errno = EPERM;
	log_warnx("100%% %s", "%s");
	log_crit("end");
	CHECK_STR(capture_end(), "tap3 is bound\n"
	    "vm0: No such file or directory\n"
	    "Operation not permitted\n"
	    "100% %s\n"
	    "end\n");
}

static void
test_verbose(void)
{
	test_case("verbose");
	CHECK_INT(log_getverbose(), 0);
	capture();
	log_debug("one");
	log_setverbose(1);
	log_debug("two");
	log_setverbose(0);
	log_debug("three");
	CHECK_STR(capture_end(), "two\n");
	log_setverbose(2);
	CHECK_INT(log_getverbose(), 2);
	log_setverbose(0);
}

static void
test_errno(void)
{
	int	 a, b, c, d;

	test_case("errno");
	capture();
	close(STDERR_FILENO);		/* each message fails */
	errno = EXDEV;
	log_warn("x");
	a = errno;
	log_info("x");
	b = errno;
	log_warnx("x");
	c = errno;
	log_setverbose(1);
	log_debug("x");
	log_setverbose(0);
	d = errno;
	capture_end();
	CHECK_INT(a, EXDEV);
	CHECK_INT(b, EXDEV);
	CHECK_INT(c, EXDEV);
	CHECK_INT(d, EXDEV);
}

/* One message is one line, however long it is and whatever it says. */
static void
test_hostile(void)
{
	char		*big;
	const char	*got;
	size_t		 len = 10000;

	test_case("hostile");
	capture();
	log_info("name \"%s\"", "a\nvmnetd: all is well\r\x1b[2J\x7f\t");
	got = capture_end();
	CHECK_STR(got, "name \"a?vmnetd: all is well??[2J??\"\n");

	if ((big = malloc(len + 1)) == NULL)
		abort();
	memset(big, 'x', len);
	big[len] = '\0';
	capture();
	log_info("%s", big);
	errno = ENOENT;
	log_warn("%s", big);
	got = capture_end();
	CHECK(strspn(got, "x") > 1000);
	CHECK(got[strspn(got, "x")] == '\n');
	CHECK(strchr(got, '\n') == got + strlen(got) / 2 - 1);
	free(big);
}

/* In place of libevent's, by --wrap: nobody waits for the minute's end here. */
int
__wrap_event_add(struct event *ev, const struct timeval *wait)
{
	added = ev;
	added_wait = wait->tv_sec;
	return 0;
}

static int
count_lines(const char *text)
{
	int	 n = 0;

	while ((text = strchr(text, '\n')) != NULL) {
		n++;
		text++;
	}
	return n;
}

static void
refuse(int from, int to)
{
	for (; from < to; from++)
		log_refused("message %d", from);
}

/* What comes too often is counted, and the count is said. */
static void
test_refused(void)
{
	const char	*got;

	test_case("refused");
	event_init();
	capture();
	refuse(0, 150);
	log_warnx("another thing");
	got = capture_end();
	CHECK_INT(count_lines(got), 101);
	CHECK(strstr(got, "message 99\nanother thing\n") != NULL);
	CHECK_INT(added_wait, 60);

	capture();
	event_active(added, EV_TIMEOUT, 1);
	event_loop(EVLOOP_NONBLOCK);
	refuse(150, 250);
	got = capture_end();
	CHECK(strstr(got, ": 50 more like these were refused within a "
	    "minute\nmessage 150\n") != NULL);
	CHECK_INT(count_lines(got), 101);

	capture();
	event_active(added, EV_TIMEOUT, 1);
	event_loop(EVLOOP_NONBLOCK);
	CHECK_STR(capture_end(), "");
}

/* Run in a process of its own, whose end and last words are returned. */
static const char *
dying(void (*die)(void), int *status)
{
	pid_t	 pid;

	capture();
	if ((pid = fork()) == -1)
		abort();
	if (pid == 0) {
		die();
		_exit(0);
	}
	if (waitpid(pid, status, 0) != pid)
		abort();
	return capture_end();
}

static void
die_errno(void)
{
	log_procinit("engine");
	errno = ENOENT;
	fatal("cannot open %s", "it");
}

static void
die_plain(void)
{
	log_procinit("priv");
	errno = ENOENT;
	fatalx("no");
}

static void
die_null(void)
{
	log_procinit("priv");
	errno = ENOENT;
	fatal(NULL);
}

static void
test_fatal(void)
{
	int	 status;

	test_case("fatal");
	CHECK_STR(dying(die_errno, &status),
	    "fatal in engine: cannot open it: No such file or directory\n");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	CHECK_STR(dying(die_plain, &status), "fatal in priv: no\n");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	CHECK_STR(dying(die_null, &status),
	    "fatal in priv: No such file or directory\n");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

int
main(void)
{
	TEST(test_lines());
	TEST(test_verbose());
	TEST(test_hostile());
	TEST(test_refused());
	TEST(test_fatal());
	TEST(test_errno());

	return TEST_DONE("log");
}

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
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <imsg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "lease.h"
#include "test.h"

/*
 * The whole of vmnetctl(8) against a daemon that is a child of this test: it
 * listens on a real socket and plays answers, right ones and all kinds of
 * wrong ones.  What is checked is what a user sees: standard output, the line
 * on standard error, and the exit status.
 */

int	 vmnetctl_main(int, char *[]);

#define main vmnetctl_main
#include "vmnetctl.c"
#undef main

#define NOT_UNDERSTOOD	"answer not understood: is vmnetd of another version?"
#define CLOSED		"vmnetd closed the connection"
#define HEADING		"vm  if  tap  pool  state  host  guest  lladdr  " \
			"hostname\n"
#define TIMEOUT		20	/* seconds until a test that hangs ends */

typedef void script(struct imsgbuf *);

static char	 dir[] = "/tmp/ctlclient.XXXXXXXXXX";
static char	 sockpath[sizeof(dir) + 8];
static char	 outpath[sizeof(dir) + 8], errpath[sizeof(dir) + 8];
static char	 outtext[65536], errtext[8192];

/*
 * The daemon's side.  It runs in a child: a request that is not as it
 * should be ends it with a status that the test sees.
 */

static void
expect(int ok, const char *what)
{
	if (!ok)
		errx(1, "daemon: %s", what);
}

/* The next request, whose type is given. */
static void
request(struct imsgbuf *ibuf, uint32_t type, struct ctl_request *req)
{
	struct imsg	 imsg;
	ssize_t		 n;

	while ((n = imsg_get(ibuf, &imsg)) == 0)
		expect(imsgbuf_read(ibuf) == 1, "no request");
	expect(n > 0, "bad message");
	expect(imsg_get_type(&imsg) == type, "type of the request");
	expect(imsg_get_data(&imsg, req, sizeof(*req)) == 0,
	    "length of the request");
	imsg_free(&imsg);
}

static void
ask(struct imsgbuf *ibuf, uint32_t type)
{
	struct ctl_request	 req;

	request(ibuf, type, &req);
}

/* The client may have gone already, with an error that the test checks. */
static void
answer(struct imsgbuf *ibuf, uint32_t type, const void *data, size_t len)
{
	expect(imsg_compose(ibuf, type, 0, 0, -1, data, len) == 1, "compose");
	(void)imsgbuf_flush(ibuf);
}

static void
answer_end(struct imsgbuf *ibuf, int ok)
{
	struct ctl_end	 end;

	memset(&end, 0, sizeof(end));
	end.ok = ok;
	answer(ibuf, CTL_END, &end, sizeof(end));
}

static void
answer_error(struct imsgbuf *ibuf, const char *text)
{
	answer(ibuf, CTL_ERROR, text, strlen(text) + 1);
}

static struct ctl_lease
make_lease(const char *vm, uint32_t ifn, enum lease_state state)
{
	struct ctl_lease	 lease;

	memset(&lease, 0, sizeof(lease));
	strlcpy(lease.vm, vm, sizeof(lease.vm));
	lease.ifn = ifn;
	lease.state = state;
	if (state == LEASE_FAILED) {
		strlcpy(lease.reason, "pool \"p\" is full",
		    sizeof(lease.reason));
		return lease;
	}
	strlcpy(lease.pool, "p", sizeof(lease.pool));
	lease.host = 0x0a000002;
	lease.guest = 0x0a000003;
	lease.plen = 31;
	return lease;
}

static void
answer_lease(struct imsgbuf *ibuf, enum lease_state state)
{
	const struct ctl_lease	 lease = make_lease("v", 0, state);

	answer(ibuf, CTL_LEASE, &lease, sizeof(lease));
}

static int
listen_at(const char *path)
{
	struct sockaddr_un	 sun;
	int			 fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(fd, 1) == -1)
		err(1, "%s", path);
	return fd;
}

static pid_t
start_daemon(script *play)
{
	struct imsgbuf	 ibuf;
	pid_t		 pid;
	int		 listener, fd;

	listener = listen_at(sockpath);
	fflush(NULL);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid != 0) {
		close(listener);
		return pid;
	}
	alarm(TIMEOUT);
	signal(SIGPIPE, SIG_IGN);
	if ((fd = accept(listener, NULL, NULL)) == -1 ||
	    imsgbuf_init(&ibuf, fd) == -1)
		err(1, "daemon");
	play(&ibuf);
	imsgbuf_clear(&ibuf);
	close(fd);
	_exit(0);
}

/* The client's side. */

static void
redirect(int to, const char *path)
{
	int	 fd;

	if ((fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600)) == -1 ||
	    dup2(fd, to) == -1)
		err(1, "%s", path);
	close(fd);
}

static void
read_file(const char *path, char *buf, size_t size)
{
	ssize_t	 n;
	int	 fd;

	if ((fd = open(path, O_RDONLY)) == -1 ||
	    (n = read(fd, buf, size - 1)) == -1)
		err(1, "%s", path);
	buf[n] = '\0';
	close(fd);
}

/* Run vmnetctl with words on a socket; returns its exit status. */
static int
run_client(char *path, const char *line)
{
	char	 words[256], *argv[12], *next = words, *word;
	int	 argc = 0, status;
	pid_t	 pid;

	strlcpy(words, line, sizeof(words));
	argv[argc++] = "vmnetctl";
	argv[argc++] = "-s";
	argv[argc++] = path;
	while (argc < 11 && (word = strsep(&next, " ")) != NULL)
		argv[argc++] = word;
	argv[argc] = NULL;
	fflush(NULL);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		alarm(TIMEOUT);
		redirect(STDOUT_FILENO, outpath);
		redirect(STDERR_FILENO, errpath);
		exit(vmnetctl_main(argc, argv));
	}
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	read_file(outpath, outtext, sizeof(outtext));
	read_file(errpath, errtext, sizeof(errtext));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
run(script *play, const char *line)
{
	pid_t	 pid = start_daemon(play);
	int	 client, status;

	client = run_client(sockpath, line);
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	unlink(sockpath);
	return client;
}

static void
succeeds(script *play, const char *line, const char *want)
{
	if (!CHECK_INT(run(play, line), 0))
		printf("\t%s\n", line);
	CHECK_STR(outtext, want);
	CHECK_STR(errtext, "");
}

/* One line of the program's name and the message, and nothing else. */
static void
check_message(const char *want)
{
	const char	*message = strchr(errtext, ':');
	char		 line[sizeof(errtext)];

	CHECK_STR(outtext, "");
	snprintf(line, sizeof(line), ": %s\n", want);
	CHECK_STR(message, line);
}

static void
fails(script *play, const char *line, const char *want)
{
	if (!CHECK_INT(run(play, line), 1))
		printf("\t%s\n", line);
	check_message(want);
}

/* The same; the message names the socket first. */
static void
fails_at(script *play, const char *line, const char *want)
{
	char	 message[256];

	snprintf(message, sizeof(message), "%s: %s", sockpath, want);
	fails(play, line, message);
}

/* Right answers. */

static void
play_empty(struct imsgbuf *ibuf)
{
	struct ctl_request	 req;

	request(ibuf, CTL_SHOW_LEASES, &req);
	expect(req.vm[0] == '\0' && req.ifn == CTL_ANY_IF &&
	    req.cursor.started == 0, "request for everything");
	answer_end(ibuf, 1);
}

#define PAGES		3
#define LASTPAGE	2

static void
play_pages(struct imsgbuf *ibuf)
{
	struct ctl_request	 req;
	struct ctl_lease	 lease;
	struct ctl_end		 end;
	uint32_t		 page, i;
	char			 vm[VM_NAMELEN];

	for (page = 0; page < PAGES; page++) {
		request(ibuf, CTL_SHOW_LEASES, &req);
		snprintf(vm, sizeof(vm), "v%u", page);
		expect(req.cursor.started == (page != 0) &&
		    req.cursor.ifn == page && req.cursor.ifindex == page * 7 &&
		    (page == 0 || strcmp(req.cursor.vm, vm) == 0),
		    "cursor of the request");
		for (i = 0; i < (page + 1 == PAGES ? LASTPAGE : CTL_PAGE);
		    i++) {
			lease = make_lease("v", page * CTL_PAGE + i,
			    LEASE_IDLE);
			answer(ibuf, CTL_LEASE, &lease, sizeof(lease));
		}
		memset(&end, 0, sizeof(end));
		end.ok = 1;
		end.more = page + 1 < PAGES;
		end.cursor.started = 1;
		end.cursor.ifn = page + 1;
		end.cursor.ifindex = (page + 1) * 7;
		snprintf(end.cursor.vm, sizeof(end.cursor.vm), "v%u",
		    page + 1);
		answer(ibuf, CTL_END, &end, sizeof(end));
	}
}

static void
test_pages(void)
{
	char	*line, *next = outtext, want[32];
	int	 n = 0;

	succeeds(play_empty, "show", HEADING);
	succeeds(play_empty, "-j show", "{\"leases\":[]}\n");

	CHECK_INT(run(play_pages, "show"), 0);
	CHECK_STR(errtext, "");
	while ((line = strsep(&next, "\n")) != NULL && *line != '\0') {
		if (n > 0) {
			snprintf(want, sizeof(want), "v   %-3d  -", n - 1);
			CHECK(strncmp(line, want, strlen(want)) == 0);
		}
		n++;
	}
	CHECK_INT(n, 1 + (PAGES - 1) * CTL_PAGE + LASTPAGE);
}

static void
play_one(struct imsgbuf *ibuf)
{
	struct ctl_request	 req;

	request(ibuf, CTL_SHOW_LEASES, &req);
	expect(strcmp(req.vm, "v") == 0 && req.ifn == 0, "request for one");
	answer_lease(ibuf, LEASE_BOUND);
	answer_end(ibuf, 1);
}

static void
play_none(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer_end(ibuf, 1);
}

static void
play_ready(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer_lease(ibuf, LEASE_READY);
	answer_end(ibuf, 1);
}

static void
play_idle(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer_lease(ibuf, LEASE_IDLE);
	answer_end(ibuf, 1);
}

static void
play_failed(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer_lease(ibuf, LEASE_FAILED);
	answer_end(ibuf, 1);
}

static void
test_vm(void)
{
	static const char row[] =
	    "vm  if  tap  pool  state  host         guest     lladdr  "
	    "hostname\n"
	    "v   0   -    p     bound  10.0.0.2/31  10.0.0.3  -       -\n";

	succeeds(play_one, "show leases v 0", row);
	succeeds(play_one, "show v 0", row);
	fails(play_none, "show leases v", "no lease of VM \"v\"");
	fails(play_none, "show leases v 3",
	    "no lease of VM \"v\" interface 3");
	fails(play_none, "-j show leases v", "no lease of VM \"v\"");
	fails(play_none, "show vm", "unknown argument \"vm\", and no VM of "
	    "that name has a lease; valid: leases, pools, interfaces, "
	    "address, stats, rules");
}

static void
test_address(void)
{
	succeeds(play_one, "show address v", "10.0.0.3\n");
	succeeds(play_ready, "show address v", "10.0.0.3\n");
	succeeds(play_ready, "-j show address v",
	    "{\"address\":\"10.0.0.3\"}\n");
	fails(play_idle, "show address v",
	    "the lease of VM \"v\" interface 0 is idle");
	fails(play_failed, "-j show address v",
	    "the lease of VM \"v\" interface 0 is failed: "
	    "pool \"p\" is full");
	fails(play_none, "show address v",
	    "no lease of VM \"v\" interface 0");
}

static void
play_reload(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_RELOAD);
	answer_end(ibuf, 1);
}

static void
play_release(struct imsgbuf *ibuf)
{
	struct ctl_request	 req;

	request(ibuf, CTL_RELEASE, &req);
	expect(strcmp(req.vm, "v") == 0 && req.ifn == 4, "release of one");
	answer_end(ibuf, 1);
}

static void
play_verbose(struct imsgbuf *ibuf)
{
	struct ctl_request	 req;

	request(ibuf, CTL_LOG, &req);
	expect(req.verbose == 1, "log verbose");
	answer_end(ibuf, 1);
}

static void
test_changes(void)
{
	succeeds(play_reload, "reload", "");
	succeeds(play_reload, "-j reload", "{}\n");
	succeeds(play_release, "release v 4", "");
	succeeds(play_verbose, "log verbose", "");
}

/* Refusals. */

static void
play_refused(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_RELOAD);
	answer_error(ibuf, "/etc/vmnetd.conf:3: unknown pool \"\033[1mx\"");
	answer_end(ibuf, 0);
}

/* As many lines as the configuration has mistakes. */
static void
play_mistakes(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_RELOAD);
	answer_error(ibuf, "first");
	answer_error(ibuf, "second");
	answer_error(ibuf, "third");
	answer_end(ibuf, 0);
}

static void
play_long_refusal(struct imsgbuf *ibuf)
{
	char	 line[16000];

	ask(ibuf, CTL_RELOAD);
	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	answer_error(ibuf, line);
	answer_end(ibuf, 0);
}

/* A list that fails in its middle. */
static void
play_half(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer_lease(ibuf, LEASE_BOUND);
	answer_error(ibuf, "engine is gone");
	answer_end(ibuf, 0);
}

static void
test_refusals(void)
{
	fails(play_refused, "reload",
	    "/etc/vmnetd.conf:3: unknown pool \"\\033[1mx\"");
	fails(play_mistakes, "reload", "first (and 2 more)");
	CHECK_INT(run(play_long_refusal, "reload"), 1);
	CHECK(strlen(errtext) > 2000 && strlen(errtext) < 2100 &&
	    strchr(errtext, '\n') == errtext + strlen(errtext) - 1);
	fails(play_half, "show", "engine is gone");
	fails(play_half, "-j show", "engine is gone");
}

/* A daemon that goes away. */

static void
play_close(struct imsgbuf *ibuf)
{
}

static void
play_close_after_request(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
}

static void
play_close_after_item(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer_lease(ibuf, LEASE_BOUND);
}

static void
play_close_after_error(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer_error(ibuf, "x");
}

static void
play_close_in_message(struct imsgbuf *ibuf)
{
	struct {
		struct imsg_hdr	 hdr;
		char		 payload[8];
	} part;

	ask(ibuf, CTL_SHOW_LEASES);
	memset(&part, 0, sizeof(part));
	part.hdr.type = CTL_LEASE;
	part.hdr.len = sizeof(part.hdr) + sizeof(struct ctl_lease);
	expect(write(ibuf->fd, &part, sizeof(part)) == sizeof(part), "write");
}

static void
test_closes(void)
{
	fails_at(play_close, "show", CLOSED);
	fails_at(play_close_after_request, "show", CLOSED);
	fails_at(play_close_after_item, "-j show", CLOSED);
	fails_at(play_close_after_error, "show", CLOSED);
	fails_at(play_close_in_message, "show", CLOSED);
}

/* A daemon that speaks otherwise. */

/* Only the type differs. */
static void
play_wrong_type(struct imsgbuf *ibuf)
{
	const struct ctl_lease	 lease = make_lease("v", 0, LEASE_BOUND);

	ask(ibuf, CTL_SHOW_LEASES);
	answer(ibuf, CTL_POOL, &lease, sizeof(lease));
	answer_end(ibuf, 1);
}

static void
play_unknown_type(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer(ibuf, 0, NULL, 0);
}

static void
play_short_item(struct imsgbuf *ibuf)
{
	const struct ctl_lease	 lease = make_lease("v", 0, LEASE_BOUND);

	ask(ibuf, CTL_SHOW_LEASES);
	answer(ibuf, CTL_LEASE, &lease, sizeof(lease) - 1);
	answer_end(ibuf, 1);
}

static void
play_long_item(struct imsgbuf *ibuf)
{
	char	 item[sizeof(struct ctl_lease) + 1];

	ask(ibuf, CTL_SHOW_LEASES);
	memset(item, 0, sizeof(item));
	answer(ibuf, CTL_LEASE, item, sizeof(item));
	answer_end(ibuf, 1);
}

static void
play_unterminated(struct imsgbuf *ibuf)
{
	struct ctl_lease	 lease = make_lease("v", 0, LEASE_BOUND);

	ask(ibuf, CTL_SHOW_LEASES);
	memset(lease.hostname, 'a', sizeof(lease.hostname));
	answer(ibuf, CTL_LEASE, &lease, sizeof(lease));
	answer_end(ibuf, 1);
}

static void
play_short_end(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer(ibuf, CTL_END, "", 1);
}

static void
play_empty_end(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer(ibuf, CTL_END, NULL, 0);
}

/* No reason given. */
static void
play_bare_refusal(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer_end(ibuf, 0);
}

/* An error, and yet a good end. */
static void
play_contradiction(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer_error(ibuf, "x");
	answer_end(ibuf, 1);
}

static void
play_item_after_error(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer_error(ibuf, "x");
	answer_lease(ibuf, LEASE_BOUND);
	answer_end(ibuf, 0);
}

static void
play_error_unterminated(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer(ibuf, CTL_ERROR, "xy", 2);
	answer_end(ibuf, 0);
}

static void
play_error_empty(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_SHOW_LEASES);
	answer(ibuf, CTL_ERROR, NULL, 0);
	answer_end(ibuf, 0);
}

/* A page that goes on from where it was would never end. */
static void
play_no_progress(struct imsgbuf *ibuf)
{
	struct ctl_end	 end;
	int		 i;

	for (i = 0; i < 2; i++) {
		ask(ibuf, CTL_SHOW_LEASES);
		memset(&end, 0, sizeof(end));
		end.ok = end.more = 1;
		end.cursor.started = 1;
		answer(ibuf, CTL_END, &end, sizeof(end));
	}
}

static void
play_more_of_nothing(struct imsgbuf *ibuf)
{
	struct ctl_end	 end;

	ask(ibuf, CTL_RELOAD);
	memset(&end, 0, sizeof(end));
	end.ok = end.more = 1;
	end.cursor.started = 1;
	answer(ibuf, CTL_END, &end, sizeof(end));
}

static void
play_item_of_nothing(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_RELOAD);
	answer_lease(ibuf, LEASE_BOUND);
	answer_end(ibuf, 1);
}

static void
write_header(struct imsgbuf *ibuf, uint32_t len)
{
	struct imsg_hdr	 hdr;

	ask(ibuf, CTL_SHOW_LEASES);
	memset(&hdr, 0, sizeof(hdr));
	hdr.type = CTL_LEASE;
	hdr.len = len;
	expect(write(ibuf->fd, &hdr, sizeof(hdr)) == sizeof(hdr), "write");
}

static void
play_huge_header(struct imsgbuf *ibuf)
{
	write_header(ibuf, 0x7fffffff);
}

static void
play_tiny_header(struct imsgbuf *ibuf)
{
	write_header(ibuf, 3);
}

static void
test_other_versions(void)
{
	static script *const plays[] = {
		play_wrong_type, play_unknown_type, play_short_item,
		play_long_item, play_unterminated, play_short_end,
		play_empty_end, play_bare_refusal, play_contradiction,
		play_item_after_error, play_error_unterminated,
		play_error_empty, play_no_progress, play_huge_header,
		play_tiny_header
	};
	size_t	 i;

	for (i = 0; i < sizeof(plays) / sizeof(plays[0]); i++)
		fails_at(plays[i], i % 2 ? "-j show" : "show", NOT_UNDERSTOOD);
	fails_at(play_more_of_nothing, "reload", NOT_UNDERSTOOD);
	fails_at(play_item_of_nothing, "reload", NOT_UNDERSTOOD);
}

/* Events. */

static void
send_events(struct imsgbuf *ibuf)
{
	struct ctl_event	 event;

	memset(&event, 0, sizeof(event));
	event.when = 1800000000;
	event.type = EVENT_READY;
	event.lease = make_lease("v", 0, LEASE_READY);
	answer(ibuf, CTL_EVENT, &event, sizeof(event));
	memset(&event.lease, 0, sizeof(event.lease));
	event.type = EVENT_RELOAD;
	answer(ibuf, CTL_EVENT, &event, sizeof(event));
}

static void
play_events(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_MONITOR);
	send_events(ibuf);
}

static void
play_end_and_events(struct imsgbuf *ibuf)
{
	ask(ibuf, CTL_MONITOR);
	answer_end(ibuf, 1);
	send_events(ibuf);
}

/* Waits for the first line to appear before it says more. */
static void
play_one_by_one(struct imsgbuf *ibuf)
{
	struct stat	 sb;
	int		 i;

	ask(ibuf, CTL_MONITOR);
	send_events(ibuf);
	for (i = 0; i < 1000; i++) {
		if (stat(outpath, &sb) == 0 && sb.st_size > 0)
			return;
		usleep(10000);
	}
	expect(0, "events were not written at once");
}

static void
test_monitor(void)
{
	static const char text[] =
	    "08:00:00 ready v 0 - p ready 10.0.0.2/31 10.0.0.3 - -\n"
	    "08:00:00 reload\n";
	static script *const plays[] = { play_events, play_end_and_events,
	    play_one_by_one };
	char	 message[256];
	size_t	 i;

	setenv("TZ", "UTC0", 1);
	snprintf(message, sizeof(message), "%s: %s\n", sockpath, CLOSED);
	for (i = 0; i < sizeof(plays) / sizeof(plays[0]); i++) {
		unlink(outpath);
		CHECK_INT(run(plays[i], "monitor"), 1);
		CHECK_STR(outtext, text);
		CHECK(strstr(errtext, message) != NULL);
	}
	CHECK_INT(run(play_events, "-j monitor"), 1);
	CHECK(strstr(outtext, "{\"time\":1800000000,\"event\":\"ready\","
	    "\"lease\":{\"vm\":\"v\",") == outtext);
	CHECK(strstr(outtext, "}}\n{\"time\":1800000000,\"event\":\"reload\","
	    "\"lease\":null}\n") != NULL);
}

/* No daemon. */

static void
test_no_daemon(void)
{
	char	 message[512], path[256];
	int	 fd;

	CHECK_INT(run_client(sockpath, "show"), 1);
	snprintf(message, sizeof(message), "is vmnetd running? connect: %s: "
	    "No such file or directory", sockpath);
	check_message(message);

	fd = listen_at(sockpath);
	close(fd);
	CHECK_INT(run_client(sockpath, "show"), 1);
	snprintf(message, sizeof(message), "is vmnetd running? connect: %s: "
	    "Connection refused", sockpath);
	check_message(message);
	unlink(sockpath);

	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	CHECK_INT(run_client(path, "show"), 1);
	snprintf(message, sizeof(message), "connect: %s: %s", path,
	    strerror(ENAMETOOLONG));
	check_message(message);
}

/* Somebody who may not connect: only root can play that. */
static void
test_no_permission(void)
{
	struct client	 client;
	char		 message[256];
	int		 fd, result;

	if (geteuid() != 0)
		return;
	fd = listen_at(sockpath);
	if (chmod(sockpath, 0600) == -1 || seteuid(12345) == -1)
		err(1, "%s", sockpath);
	result = client_connect(&client, sockpath);
	if (seteuid(0) == -1)
		err(1, "seteuid");
	CHECK_INT(result, -1);
	snprintf(message, sizeof(message), "connect: %s: Permission denied: "
	    "only root and the socket's group may connect", sockpath);
	CHECK_STR(client.error, message);
	unlink(sockpath);
	close(fd);
}

/* A command line that is wrong never reaches the daemon. */
static void
test_usage(void)
{
	CHECK_INT(run_client(sockpath, "x"), 1);
	check_message("unknown argument \"x\"; valid: show, reload, release, "
	    "log, monitor, check");
	CHECK_INT(run_client(sockpath, "-x"), 1);
	CHECK(strstr(errtext, "usage: vmnetctl [-j] [-s socket] command "
	    "[argument ...]\n") != NULL);
	CHECK_STR(outtext, "");
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		err(1, "%s", dir);
	snprintf(sockpath, sizeof(sockpath), "%s/sock", dir);
	snprintf(outpath, sizeof(outpath), "%s/out", dir);
	snprintf(errpath, sizeof(errpath), "%s/err", dir);
	TEST(test_pages());
	TEST(test_vm());
	TEST(test_address());
	TEST(test_changes());
	TEST(test_refusals());
	TEST(test_closes());
	TEST(test_other_versions());
	TEST(test_monitor());
	TEST(test_no_daemon());
	TEST(test_no_permission());
	TEST(test_usage());
	unlink(outpath);
	unlink(errpath);
	rmdir(dir);
	return test_end("ctlclient_test");
}

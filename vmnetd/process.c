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
#include <event.h>
#include <fcntl.h>
#include <imsg.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"
#include "message.h"
#include "process.h"

#define DESCRIPTORS_MAX	65536

static void	 channel_event(int, short, void *);
static void	 channel_flush(int, short, void *);
static void	 channel_flush_soon(struct channel *);
static void	 channel_arm(struct channel *);
static bool	 channel_read(struct channel *);
static bool	 channel_write(struct channel *);
static void	 raise_limits(void);
static bool	 say(int, const char *);

static int		 ndescriptors = DESCRIPTORS_MAX;
static struct channel	*log_channel;

static const char *const role_names[ROLE_MAX] = {
	[ROLE_PARENT] = "parent",
	[ROLE_PRIV] = "priv",
	[ROLE_FRONTEND] = "frontend",
	[ROLE_ENGINE] = "engine"
};

const char *
role_name(enum role role)
{
	return role_names[role];
}

int
role_parse(const char *name, enum role *role)
{
	int	 i;

	for (i = 0; i < ROLE_MAX; i++)
		if (strcmp(name, role_names[i]) == 0) {
			*role = i;
			return 0;
		}
	return -1;
}

void
channel_open(struct channel *ch, int fd, enum role peer,
    void (*dispatch)(struct channel *, struct imsg *),
    void (*closed)(struct channel *))
{
	memset(ch, 0, sizeof(*ch));
	if (imsgbuf_init(&ch->ibuf, fd) == -1)
		fatal("channel to %s", role_name(peer));
	imsgbuf_allow_fdpass(&ch->ibuf);
	ch->peer = role_name(peer);
	ch->dispatch = dispatch;
	ch->closed = closed;
	ch->events = EV_READ | EV_PERSIST;
	event_set(&ch->ev, fd, ch->events, channel_event, ch);
	event_add(&ch->ev, NULL);
	evtimer_set(&ch->flush, channel_flush, ch);
}

void
channel_close(struct channel *ch)
{
	if (ch->peer == NULL)
		return;
	event_del(&ch->flush);
	event_del(&ch->ev);
	imsgbuf_clear(&ch->ibuf);
	close(ch->ibuf.fd);
	ch->peer = NULL;
}

/*
 * What is sent goes out together, when the events of this turn of the loop
 * have been handled: without asking the kernel first whether it may.
 */
static void
channel_flush_soon(struct channel *ch)
{
	if (!(ch->events & EV_WRITE))
		event_active(&ch->flush, EV_TIMEOUT, 1);
}

/* That the other end has closed is found after all that it said before. */
static void
channel_flush(int fd, short events, void *arg)
{
	struct channel	*ch = arg;

	if (channel_write(ch))
		channel_arm(ch);
}

/* Only what the other end has no room for waits for it. */
static void
channel_arm(struct channel *ch)
{
	short	 events = EV_READ | EV_PERSIST;

	if (imsgbuf_queuelen(&ch->ibuf) > 0)
		events |= EV_WRITE;
	if (events == ch->events)
		return;
	event_del(&ch->ev);
	ch->events = events;
	event_set(&ch->ev, ch->ibuf.fd, ch->events, channel_event, ch);
	event_add(&ch->ev, NULL);
}

/* False when the other end has closed. */
static bool
channel_read(struct channel *ch)
{
	struct imsg	 imsg;
	ssize_t		 n;

	switch (imsgbuf_read(&ch->ibuf)) {
	case -1:
		if (errno == ECONNRESET)
			return false;
		fatal("read from %s", ch->peer);
	case 0:
		return false;
	}
	for (;;) {
		if ((n = imsg_get(&ch->ibuf, &imsg)) == -1)
			fatal("message from %s", ch->peer);
		if (n == 0)
			break;
		ch->dispatch(ch, &imsg);
		imsg_free(&imsg);
	}
	if (ch->drained != NULL)
		ch->drained(ch);
	return true;
}

/* As much as there is room for.  False when the other end has closed. */
static bool
channel_write(struct channel *ch)
{
	uint32_t	 before;

	while ((before = imsgbuf_queuelen(&ch->ibuf)) > 0) {
		if (imsgbuf_write(&ch->ibuf) == -1) {
			if (errno != EPIPE && errno != ECONNRESET)
				fatal("write to %s", ch->peer);
			return false;
		}
		if (imsgbuf_queuelen(&ch->ibuf) == before)
			break;
	}
	return true;
}

static void
channel_event(int fd, short events, void *arg)
{
	struct channel	*ch = arg;
	bool		 open = true;

	if (events & EV_WRITE && !channel_write(ch))
		open = false;
	/* What the other end said before it closed is still taken. */
	if (events & EV_READ && !channel_read(ch))
		open = false;
	if (open) {
		if (events & EV_WRITE)
			channel_arm(ch);
		return;
	}
	event_del(&ch->flush);
	event_del(&ch->ev);
	imsgbuf_clear(&ch->ibuf);
	close(ch->ibuf.fd);
	ch->closed(ch);
	ch->peer = NULL;
}

void
channel_send(struct channel *ch, uint32_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	if (ch->peer == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	if (imsg_compose(&ch->ibuf, type, id, 0, fd, data, len) == -1)
		fatal("message to %s", ch->peer);
	channel_flush_soon(ch);
}

void
channel_sendv(struct channel *ch, uint32_t type, uint32_t id,
    const struct iovec *iov, int iovcnt)
{
	if (ch->peer == NULL)
		return;
	if (imsg_composev(&ch->ibuf, type, id, 0, -1, iov, iovcnt) == -1)
		fatal("message to %s", ch->peer);
	channel_flush_soon(ch);
}

void
channel_send_ibuf(struct channel *ch, uint32_t type, struct ibuf *buf)
{
	if (buf == NULL)
		fatal("message to %s", ch->peer);
	channel_send(ch, type, 0, -1, ibuf_data(buf), ibuf_size(buf));
	ibuf_free(buf);
}

size_t
channel_queued(struct channel *ch)
{
	return ch->peer == NULL ? 0 : imsgbuf_queuelen(&ch->ibuf);
}

bool
message_get(struct channel *ch, struct imsg *imsg, void *data, size_t len)
{
	if (imsg_get_len(imsg) == len && imsg_get_data(imsg, data, len) == 0)
		return true;
	log_refused("%s sent message %u of wrong length %zu: ignored", ch->peer,
	    imsg_get_type(imsg), imsg_get_len(imsg));
	return false;
}

bool
message_string(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

pid_t
process_start(const char *argv0, enum role role, bool debug, int verbose,
    int *fd)
{
	const char	*argv[7];
	int		 argc = 0, sp[2];
	pid_t		 pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    PF_UNSPEC, sp) == -1)
		fatal("socketpair");
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid > 0) {
		close(sp[1]);
		*fd = sp[0];
		return pid;
	}

	if (sp[1] != CHANNEL_FILENO) {
		if (dup2(sp[1], CHANNEL_FILENO) == -1)
			fatal("dup2");
	} else if (fcntl(sp[1], F_SETFD, 0) == -1)
		fatal("fcntl");
	closefrom(CHANNEL_FILENO + 1);

	argv[argc++] = argv0;
	argv[argc++] = "-P";
	argv[argc++] = role_name(role);
	if (debug)
		argv[argc++] = "-d";
	while (verbose-- > 0 && argc < 6)
		argv[argc++] = "-v";
	argv[argc] = NULL;
	execvp(argv0, (char *const *)(uintptr_t)argv);
	fatal("%s: cannot start the %s process", argv0, role_name(role));
}

/* One packet descriptor for each tap: root may have as many as it likes. */
static void
raise_limits(void)
{
	struct rlimit	 rl = { DESCRIPTORS_MAX, DESCRIPTORS_MAX };

	if (setrlimit(RLIMIT_NOFILE, &rl) == -1) {
		if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
			fatal("getrlimit");
		rl.rlim_cur = rl.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
			fatal("setrlimit");
	}
	ndescriptors = rl.rlim_cur < DESCRIPTORS_MAX ? rl.rlim_cur :
	    DESCRIPTORS_MAX;
}

int
process_descriptors(void)
{
	return ndescriptors;
}

void
process_init(enum role role, struct channel *parent,
    void (*dispatch)(struct channel *, struct imsg *))
{
	setproctitle("%s", role_name(role));
	log_procinit(role_name(role));
	raise_limits();

	event_init();
	/* The parent alone decides when the daemon stops or reloads. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);

	if (fcntl(CHANNEL_FILENO, F_SETFD, FD_CLOEXEC) == -1)
		fatal("no channel to the parent");
	channel_open(parent, CHANNEL_FILENO, ROLE_PARENT, dispatch,
	    process_closed);
	if (kernel_traits.log_by_parent) {
		log_channel = parent;
		log_through(say);
	}
}

/*
 * A line for the log.  What is critical is the last that a process says: it
 * goes at once or not at all.
 */
static bool
say(int priority, const char *line)
{
	struct imsgbuf	*ibuf = &log_channel->ibuf;
	uint32_t	 before;

	if (imsg_compose(ibuf, IMSG_SAY, priority, 0, -1, line,
	    strlen(line) + 1) == -1)
		return false;
	if (priority != LOG_CRIT) {
		channel_flush_soon(log_channel);
		return true;
	}
	do {
		before = imsgbuf_queuelen(ibuf);
	} while (imsgbuf_write(ibuf) != -1 && imsgbuf_queuelen(ibuf) > 0 &&
	    imsgbuf_queuelen(ibuf) < before);
	return imsgbuf_queuelen(ibuf) == 0;
}

void
process_closed(struct channel *ch)
{
	static bool	 stopping;

	if (ch == log_channel)
		log_through(NULL);
	if (!stopping)
		log_debug("%s has gone: stopping", ch->peer);
	stopping = true;
	event_loopexit(NULL);
}

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
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <event.h>
#include <grp.h>
#include <imsg.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controlsock.h"
#include "log.h"
#include "paths.h"
#include "process.h"

#define CONTROL_BACKLOG	16
#define CLIENTS_MAX	64
/* A client that wants nothing for so long is closed. */
#define CLIENT_IDLE	60	/* seconds */
/*
 * So many events may wait for monitors to read them; at more, whoever has
 * read nothing for longest is closed.
 */
#define MONITOR_BACKLOG	4096
/* While a user leaves so much unread, in items, its questions wait. */
#define UNREAD_MAX	16384
/* So often a client comes before all else, for each answer. */
#define CLIENT_HURRY	4
/* Whoever may have the socket has so long to let a new client in. */
#define LISTEN_PATIENCE	1	/* seconds */
/* Descriptors that are for taps, whatever clients there are. */
#define DESCRIPTORS_SPARE	64

struct client {
	TAILQ_ENTRY(client)	 entry;		/* idle for longest first */
	struct imsgbuf		 ibuf;
	struct event		 ev;
	uint32_t		 id;
	uid_t			 uid;
	int			 hurry;		/* so often before all else */
	bool			 busy;		/* until it has its answer */
	bool			 monitor;
	bool			 queued;	/* waits for its turn */
	TAILQ_ENTRY(client)	 turn;
	enum ctl_type		 type;		/* what it asks for */
	struct ctl_request	 req;
};
TAILQ_HEAD(clients, client);

static int	 control_socket(int);
static bool	 control_answers(const struct sockaddr_un *);
static bool	 control_served(int);
static void	 control_accept(int, short, void *);
static bool	 control_spare(int);
static void	 control_resume(int, short, void *);
static void	 client_event(int, short, void *);
static void	 client_arm(struct client *);
static void	 client_touch(struct client *);
static void	 client_send(struct client *, uint32_t, const void *, size_t);
static bool	 client_read(struct client *);
static bool	 client_request(struct client *, struct imsg *);
static void	 client_refuse(struct client *, const char *);
static void	 client_ask(struct client *);
static void	 ask_next(void);
static struct client *whose_turn(void);
static uint32_t	 turns_until(uid_t);
static size_t	 unread(uid_t);
static void	 client_close(struct client *);
static void	 client_make_room(uid_t);
static uint32_t	 count_clients(uid_t);
static void	 monitors_limit(void);
static struct client *client_find(uint32_t);
static void	 answer(uint32_t, uint32_t, const void *, size_t);

static struct clients	 clients = TAILQ_HEAD_INITIALIZER(clients);
static struct clients	 turns = TAILQ_HEAD_INITIALIZER(turns);
static uint32_t		 nclients, nmonitors, last_id;
static uint32_t		 asking;	/* whose request is under way, or 0 */
static uid_t		 last_uid;	/* whose was the last, but for root */
static struct event	 listen_ev, resume_ev;
static control_request	*on_request;
static void		(*on_monitors)(uint32_t);

static int
control_socket(int flags)
{
	int	 fd;

	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags,
	    0)) == -1)
		err(1, "control socket");
	return fd;
}

/*
 * Does another daemon have the socket?  On Linux we may have to wait while too
 * many others do: then there is one.
 */
static bool
control_answers(const struct sockaddr_un *sun)
{
	const struct timeval	 patience = { LISTEN_PATIENCE, 0 };
	bool			 answers;
	int			 fd = control_socket(0);

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience)) == -1)
		err(1, "control socket");
	if (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0)
		answers = control_served(fd);
	else
		answers = errno == EAGAIN;
	close(fd);
	return answers;
}

/*
 * Is whoever made the socket at the other end still there?  Its frontend,
 * which has the socket, can take some time to die.
 */
static bool
control_served(int fd)
{
	struct sockpeercred	 peer;
	socklen_t		 len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return true;
	return kill(peer.pid, 0) == 0 || errno != ESRCH;
}

int
control_listen(const char *path, const char *group)
{
	struct sockaddr_un	 sun;
	struct group		*gr;
	mode_t			 mask;
	int			 fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path))
		errx(1, "control socket %s: path too long", path);
	if (group == NULL)
		group = VMNETD_GROUP;
	if ((gr = getgrnam(group)) == NULL)
		errx(1, "control socket: unknown group \"%s\"", group);

	if (control_answers(&sun))
		errx(1, "already running: %s answers", path);
	fd = control_socket(SOCK_NONBLOCK);
	if (unlink(path) == -1 && errno != ENOENT)
		err(1, "control socket %s", path);

	mask = umask(S_IXUSR | S_IXGRP | S_IRWXO);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "control socket %s", path);
	umask(mask);
	if (chown(path, -1, gr->gr_gid) == -1)
		err(1, "control socket %s: group %s", path, group);
	if (listen(fd, CONTROL_BACKLOG) == -1)
		err(1, "control socket %s", path);
	return fd;
}

void
control_init(int fd, control_request *request, void (*monitors)(uint32_t))
{
	on_request = request;
	on_monitors = monitors;
	/* Those who come do not go before all else, but those who are there. */
	event_set(&listen_ev, fd, EV_READ | EV_PERSIST, control_accept, NULL);
	event_add(&listen_ev, NULL);
	evtimer_set(&resume_ev, control_resume, NULL);
}

void
control_close(void)
{
	struct client	*client;

	if (on_request == NULL)
		return;
	event_del(&listen_ev);
	evtimer_del(&resume_ev);
	close(EVENT_FD(&listen_ev));
	while ((client = TAILQ_FIRST(&clients)) != NULL)
		client_close(client);
}

static void
control_accept(int listener, short events, void *arg)
{
	const struct timeval	 pause = { 1, 0 };
	struct client		*client;
	gid_t			 gid;
	int			 fd;

	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd != -1 && !control_spare(fd)) {
		close(fd);
		fd = -1;
		errno = EMFILE;
	}
	if (fd == -1) {
		if (errno == EMFILE || errno == ENFILE) {
			log_warn("control socket: clients have to wait");
			event_del(&listen_ev);
			evtimer_add(&resume_ev, &pause);
		} else if (errno != EWOULDBLOCK && errno != EINTR &&
		    errno != ECONNABORTED)
			log_warn("control socket");
		return;
	}
	if ((client = calloc(1, sizeof(*client))) == NULL ||
	    getpeereid(fd, &client->uid, &gid) == -1 ||
	    imsgbuf_init(&client->ibuf, fd) == -1) {
		log_warn("control client");
		free(client);
		close(fd);
		return;
	}
	client_make_room(client->uid);
	client->id = ++last_id;
	if (client->id == 0)
		client->id = ++last_id;		/* 0 is nobody */
	client->hurry = CLIENT_HURRY;
	TAILQ_INSERT_TAIL(&clients, client, entry);
	nclients++;
	client_arm(client);
}

/* The lowest free number is what a client gets. */
static bool
control_spare(int fd)
{
	int	 limit = process_descriptors();
	int	 spare = DESCRIPTORS_SPARE;

	if (spare > limit / 4)
		spare = limit / 4;
	return fd < limit - spare;
}

static void
control_resume(int fd, short events, void *arg)
{
	event_add(&listen_ev, NULL);
}

/*
 * A full house must not keep anyone out: of whoever has most the one goes that
 * has been idle for longest.  Root is never put out for somebody else.
 */
static void
client_make_room(uid_t uid)
{
	struct client	*client, *out = NULL;
	uint32_t	 n, most = 0;

	if (nclients < CLIENTS_MAX)
		return;
	TAILQ_FOREACH(client, &clients, entry) {
		if (client->uid == 0 && uid != 0)
			continue;
		n = count_clients(client->uid);
		if (n > most) {
			most = n;
			out = client;
		}
	}
	if (out == NULL)
		return;
	log_debug("control socket: too many clients, an idle one is closed");
	client_close(out);
}

static uint32_t
count_clients(uid_t uid)
{
	struct client	*client;
	uint32_t	 n = 0;

	TAILQ_FOREACH(client, &clients, entry)
		n += client->uid == uid;
	return n;
}

static struct client *
client_find(uint32_t id)
{
	struct client	*client;

	TAILQ_FOREACH(client, &clients, entry)
		if (client->id == id)
			return client;
	return NULL;
}

static void
client_close(struct client *client)
{
	TAILQ_REMOVE(&clients, client, entry);
	nclients--;
	if (client->queued)
		TAILQ_REMOVE(&turns, client, turn);
	if (client->monitor)
		on_monitors(--nmonitors);
	if (event_initialized(&client->ev))
		event_del(&client->ev);
	imsgbuf_clear(&client->ibuf);
	close(client->ibuf.fd);
	free(client);
	if (evtimer_pending(&resume_ev, NULL)) {
		evtimer_del(&resume_ev);
		event_add(&listen_ev, NULL);
	}
}

static void
client_arm(struct client *client)
{
	const struct timeval	 idle = { CLIENT_IDLE, 0 };
	short			 events = EV_READ;

	if (imsgbuf_queuelen(&client->ibuf) > 0)
		events |= EV_WRITE;
	if (event_initialized(&client->ev))
		event_del(&client->ev);
	event_set(&client->ev, client->ibuf.fd, events, client_event, client);
	if (client->hurry > 0)
		event_priority_set(&client->ev, 0);
	/* Who has something to read and does not is idle, too. */
	if (client->monitor || (client->busy && !(events & EV_WRITE)))
		event_add(&client->ev, NULL);
	else
		event_add(&client->ev, &idle);
}

static void
client_touch(struct client *client)
{
	TAILQ_REMOVE(&clients, client, entry);
	TAILQ_INSERT_TAIL(&clients, client, entry);
}

/*
 * Whoever asks comes first, but not again and again before the others have had
 * their turn, which an answer is a sign of.
 */
static void
client_event(int fd, short events, void *arg)
{
	struct client	*client = arg;

	if (client->hurry > 0)
		client->hurry--;
	if (events & EV_TIMEOUT ||
	    (events & EV_WRITE && imsgbuf_write(&client->ibuf) == -1) ||
	    (events & EV_READ && !client_read(client)))
		client_close(client);
	else {
		client_touch(client);
		client_arm(client);
	}
	/* Others of its user may have waited until it read. */
	ask_next();
}

/* False when the client has gone, or is to go. */
static bool
client_read(struct client *client)
{
	struct imsg	 imsg;
	ssize_t		 n;
	bool		 good = true;

	if (imsgbuf_read(&client->ibuf) != 1)
		return false;
	while (good) {
		if ((n = imsg_get(&client->ibuf, &imsg)) == -1)
			return false;
		if (n == 0)
			break;
		good = client_request(client, &imsg);
		imsg_free(&imsg);
	}
	return good;
}

/*
 * One request at a time, and none before the last answer has been read, keeps
 * what is queued for a client small.  False when the client breaks the
 * protocol.
 */
static bool
client_request(struct client *client, struct imsg *imsg)
{
	struct ctl_request	 req;
	uint32_t		 type = imsg_get_type(imsg);

	if (client->busy || client->monitor ||
	    imsgbuf_queuelen(&client->ibuf) > 0 ||
	    imsg_get_len(imsg) != sizeof(req) ||
	    imsg_get_data(imsg, &req, sizeof(req)) == -1 ||
	    memchr(req.vm, '\0', sizeof(req.vm)) == NULL ||
	    memchr(req.cursor.vm, '\0', sizeof(req.cursor.vm)) == NULL)
		return false;
	switch (type) {
	case CTL_MONITOR:
		client->monitor = true;
		on_monitors(++nmonitors);
		return true;
	case CTL_RELOAD:
	case CTL_RELEASE:
	case CTL_LOG:
		if (client->uid != 0) {
			client_refuse(client, "only root may do this");
			return true;
		}
		break;
	case CTL_SHOW_LEASES:
	case CTL_SHOW_POOLS:
	case CTL_SHOW_INTERFACES:
	case CTL_SHOW_STATS:
	case CTL_SHOW_RULES:
	case CTL_CHECK:
		break;
	default:
		return false;
	}
	client->busy = true;
	client->type = type;
	client->req = req;
	client_ask(client);
	return true;
}

/*
 * The engine has one question at a time, so that what it and priv have to do
 * for guests never waits for more than one.  (It does not answer for a reload
 * or the log.)
 */
static void
client_ask(struct client *client)
{
	if (client->type == CTL_RELOAD || client->type == CTL_LOG) {
		on_request(client->id, client->type, &client->req);
		return;
	}
	TAILQ_INSERT_TAIL(&turns, client, turn);
	client->queued = true;
	ask_next();
}

static void
ask_next(void)
{
	struct client	*client;

	if (asking != 0 || (client = whose_turn()) == NULL)
		return;
	TAILQ_REMOVE(&turns, client, turn);
	client->queued = false;
	if (client->uid != 0)
		last_uid = client->uid;
	asking = client->id;
	on_request(client->id, client->type, &client->req);
}

/* Root's, else that of the user who comes after the last one's. */
static struct client *
whose_turn(void)
{
	struct client	*client, *first = NULL;

	TAILQ_FOREACH(client, &turns, turn) {
		if (unread(client->uid) > UNREAD_MAX)
			continue;
		if (client->uid == 0)
			return client;
		if (first == NULL ||
		    turns_until(client->uid) < turns_until(first->uid))
			first = client;
	}
	return first;
}

/* Users have their turns in the order of their numbers, and round again. */
static uint32_t
turns_until(uid_t uid)
{
	return (uint32_t)uid - (uint32_t)last_uid - 1;
}

/* How much waits for a user to read it. */
static size_t
unread(uid_t uid)
{
	struct client	*client;
	size_t		 n = 0;

	TAILQ_FOREACH(client, &clients, entry)
		if (client->uid == uid)
			n += imsgbuf_queuelen(&client->ibuf);
	return n;
}

static void
client_refuse(struct client *client, const char *why)
{
	struct ctl_end	 end;

	memset(&end, 0, sizeof(end));
	if (imsg_compose(&client->ibuf, CTL_ERROR, 0, 0, -1, why,
	    strlen(why) + 1) == -1 ||
	    imsg_compose(&client->ibuf, CTL_END, 0, 0, -1, &end,
	    sizeof(end)) == -1)
		fatal("control client");
}

static void
client_send(struct client *client, uint32_t type, const void *data, size_t len)
{
	if (imsg_compose(&client->ibuf, type, 0, 0, -1, data, len) == -1)
		fatal("control client");
	client->hurry = CLIENT_HURRY;
	client_arm(client);
}

/* To whom it may concern, who may have gone. */
static void
answer(uint32_t id, uint32_t type, const void *data, size_t len)
{
	struct client	*client;

	if ((client = client_find(id)) != NULL) {
		if (type == CTL_END)
			client->busy = false;
		client_send(client, type, data, len);
	}
	if (type == CTL_END && id == asking) {
		asking = 0;
		ask_next();
	}
}

void
control_send(uint32_t id, uint32_t type, const void *data, size_t len)
{
	struct client	*client;

	if (type != CTL_EVENT) {
		answer(id, type, data, len);
		return;
	}
	TAILQ_FOREACH(client, &clients, entry)
		if (client->monitor)
			client_send(client, type, data, len);
	monitors_limit();
}

/* Monitors that do not read are closed until no more waits for all of them. */
static void
monitors_limit(void)
{
	struct client	*client, *idle;
	size_t		 n, waiting;

	do {
		idle = NULL;
		waiting = 0;
		TAILQ_FOREACH(client, &clients, entry) {
			if (!client->monitor)
				continue;
			n = imsgbuf_queuelen(&client->ibuf);
			if (n > 0 && idle == NULL)
				idle = client;
			waiting += n;
		}
		if (waiting <= MONITOR_BACKLOG)
			return;
		log_refused("control socket: a monitor that does not read is "
		    "closed");
		client_close(idle);
	} while (true);
}

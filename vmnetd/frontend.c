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
#include <sys/time.h>
#include <sys/tree.h>
#include <sys/uio.h>

#include <errno.h>
#include <event.h>
#include <imsg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "controlsock.h"
#include "kernel.h"
#include "log.h"
#include "message.h"
#include "process.h"
#include "stats.h"

/*
 * frontend holds what the outside world reaches: the routing socket, the
 * packet descriptors and the control socket.  It looks and carries; what it
 * sees means nothing to it.
 */

/*
 * Silent changes are looked for at growing intervals, so that they are seen
 * after twice the time that they took; then slowly.
 */
#define LOOK_FIRST	50	/* microseconds */
#define LOOK_STEPS	18	/* each twice as long as the one before */
#define LOOK_SLOW	30000000	/* microseconds */

/* A guest may send this many DHCP frames a second, and this many at once. */
#define BUCKET_RATE	100
#define BUCKET_SIZE	200
/* When it may send no more it is not heard either, for some milliseconds. */
#define BUCKET_PAUSE	100
/* Frames wait for the engine up to this number; then they are dropped. */
#define ENGINE_BACKLOG	1024

/*
 * The control socket comes first.  The kernel, the other processes and each
 * guest have their turn one after the other; last is what can wait.
 */
enum { PRIO_CONTROL, PRIO_DEFAULT, PRIO_LAST, PRIO_MAX };

/* An interface as the engine knows it. */
struct seen {
	RB_ENTRY(seen)	 entry;
	TAILQ_ENTRY(seen) look;		/* only when one is to come */
	struct interface ifc;
	int64_t		 due;		/* that look, microseconds */
	uint8_t		 step;		/* the next interval; 0: the slow one */
	bool		 to_come;
	bool		 marked;	/* seen by the scan under way */
};
RB_HEAD(seen_tree, seen);

/* All that are to be looked at after the same interval, in the order due. */
struct looks {
	TAILQ_HEAD(, seen) seens;
	struct event	 ev;
	int64_t		 interval;	/* microseconds */
};

/* A packet descriptor. */
struct fport {
	RB_ENTRY(fport)	 entry;
	TAILQ_ENTRY(fport) queue;	/* closing */
	struct event	 ev;		/* what it reads, or while paused the
					 * time to go on */
	uint32_t	 id;
	int		 fd;
	bool		 dead;		/* the tap has gone: not read any more */
	bool		 paused;	/* not read for a while */
	uint32_t	 missed;	/* frames that were never read */
	uint32_t	 tokens;	/* in thousandths */
	struct timespec	 filled;
};
RB_HEAD(fport_tree, fport);

static void	 frontend_dispatch_parent(struct channel *, struct imsg *);
static void	 frontend_dispatch_engine(struct channel *, struct imsg *);
static void	 frontend_dispatch_priv(struct channel *, struct imsg *);
static void	 frontend_connect(struct imsg *);
static void	 reload_answer(struct imsg *);
static void	 engine_answer(struct channel *, struct imsg *);
static void	 request(uint32_t, enum ctl_type, const struct ctl_request *);
static void	 monitors(uint32_t);
static void	 answer_end(uint32_t, int32_t);

static void	 watch_event(int, short, void *);
static void	 watch_changed(uint32_t, void *);
static void	 watch_departed(uint32_t, void *);
static void	 watch_lost(void *);
static void	 scan(void);
static void	 scan_mark(const struct interface *, void *);
static void	 scan_one(const struct interface *, void *);
static struct seen *seen_find(uint32_t);
static void	 seen_update(const struct interface *, bool);
static bool	 seen_differs(const struct interface *,
		    const struct interface *);
static void	 seen_copy(struct seen *, const struct interface *);
static void	 seen_gone(struct seen *);
static void	 seen_settle(struct seen *, bool);
static bool	 may_change_silently(const struct seen *);
static void	 looks_init(void);
static int64_t	 looks_now(void);
static void	 looks_wait(struct looks *);
static void	 looks_due(int, short, void *);
static void	 look_later(struct seen *);
static void	 look_cancel(struct seen *);
static void	 look_again(struct seen *);
static void	 send_interface(const struct interface *);

static void	 port_open(struct channel *, struct imsg *);
static void	 port_listen(struct fport *);
static void	 port_close(uint32_t);
static void	 port_hangup(struct fport *);
static void	 close_later(void);
static void	 close_one(int, short, void *);
static struct fport *port_find(uint32_t);
static void	 port_event(int, short, void *);
static void	 port_pause(struct fport *);
static void	 port_resume(int, short, void *);
static void	 port_count(struct fport *);
static void	 port_frame(const uint8_t *, size_t, int, void *);
static void	 port_refill(struct fport *);
static bool	 port_token(struct fport *);
static void	 port_send(struct channel *, struct imsg *);

static int	 seen_cmp(const struct seen *, const struct seen *);
static int	 fport_cmp(const struct fport *, const struct fport *);

RB_PROTOTYPE_STATIC(seen_tree, seen, entry, seen_cmp)
RB_PROTOTYPE_STATIC(fport_tree, fport, entry, fport_cmp)

static struct channel		 parent, engine, priv;
static struct seen_tree		 seens = RB_INITIALIZER(&seens);
static struct fport_tree	 fports = RB_INITIALIZER(&fports);
static struct looks		 looks[1 + LOOK_STEPS];
static struct event		 watch_ev;
static TAILQ_HEAD(, fport)	 closing = TAILQ_HEAD_INITIALIZER(closing);
static struct event		 close_ev;
static struct stats		 stats;

static int
seen_cmp(const struct seen *a, const struct seen *b)
{
	return a->ifc.index < b->ifc.index ? -1 : a->ifc.index > b->ifc.index;
}

static int
fport_cmp(const struct fport *a, const struct fport *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

RB_GENERATE_STATIC(seen_tree, seen, entry, seen_cmp)
RB_GENERATE_STATIC(fport_tree, fport, entry, fport_cmp)

void
frontend_main(void)
{
	int	 fd;

	/* For libevent 2, whose timers are some milliseconds late otherwise. */
	if (setenv("EVENT_PRECISE_TIMER", "1", 1) == -1)
		fatal("environment");
	process_init(ROLE_FRONTEND, &parent, frontend_dispatch_parent);
	if ((fd = kernel_watch_open()) == -1)
		fatal("watch interfaces");
	sandbox_enter(ROLE_FRONTEND, NULL);
	event_priority_init(PRIO_MAX);
	event_set(&watch_ev, fd, EV_READ | EV_PERSIST, watch_event, NULL);
	looks_init();
	evtimer_set(&close_ev, close_one, NULL);
	event_priority_set(&close_ev, PRIO_LAST);
	event_dispatch();
	/* To close many packet descriptors takes the kernel a while. */
	control_close();
}

/* --- messages ------------------------------------------------------------ */

static void
frontend_dispatch_parent(struct channel *ch, struct imsg *imsg)
{
	int32_t	 verbose;
	int	 fd;

	switch (imsg_get_type(imsg)) {
	case IMSG_CHANNEL:
		frontend_connect(imsg);
		break;
	case IMSG_CONTROL_SOCKET:
		if ((fd = imsg_get_fd(imsg)) == -1)
			fatalx("control socket without a descriptor");
		control_init(fd, request, monitors);
		break;
	case IMSG_VERBOSE:
		if (message_get(ch, imsg, &verbose, sizeof(verbose)))
			log_setverbose(verbose);
		break;
	case IMSG_RELOAD_ERROR:
	case IMSG_RELOAD_DONE:
		reload_answer(imsg);
		break;
	default:
		log_refused("%s sent unknown message %u: ignored", ch->peer,
		    imsg_get_type(imsg));
		break;
	}
}

static void
frontend_connect(struct imsg *imsg)
{
	struct msg_channel	 msg;
	int			 fd;

	if (!message_get(&parent, imsg, &msg, sizeof(msg)) ||
	    (fd = imsg_get_fd(imsg)) == -1)
		fatalx("channel from the parent without a descriptor");
	if (msg.role == ROLE_ENGINE)
		channel_open(&engine, fd, ROLE_ENGINE,
		    frontend_dispatch_engine, process_closed);
	else
		channel_open(&priv, fd, ROLE_PRIV, frontend_dispatch_priv,
		    process_closed);
	if (engine.peer != NULL && priv.peer != NULL)
		sandbox_started(ROLE_FRONTEND);
}

/* The parent's answer to a reload goes to the client that asked. */
static void
reload_answer(struct imsg *imsg)
{
	struct ibuf	 buf;
	uint32_t	 client = imsg_get_id(imsg);
	int32_t		 ok;

	if (imsg_get_type(imsg) == IMSG_RELOAD_ERROR) {
		if (imsg_get_ibuf(imsg, &buf) == 0)
			control_send(client, CTL_ERROR, ibuf_data(&buf),
			    ibuf_size(&buf));
		return;
	}
	if (message_get(&parent, imsg, &ok, sizeof(ok)))
		answer_end(client, ok);
}

static void
answer_end(uint32_t client, int32_t ok)
{
	struct ctl_end	 end;

	memset(&end, 0, sizeof(end));
	end.ok = ok;
	control_send(client, CTL_END, &end, sizeof(end));
}

static void
frontend_dispatch_engine(struct channel *ch, struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case IMSG_WATCH:
		event_add(&watch_ev, NULL);
		scan();
		channel_send(&engine, IMSG_SCANNED, 0, -1, NULL, 0);
		break;
	case IMSG_FRAME:
		port_send(ch, imsg);
		break;
	default:
		engine_answer(ch, imsg);
		break;
	}
}

/* What the engine says to clients passes through unchanged. */
static void
engine_answer(struct channel *ch, struct imsg *imsg)
{
	uint32_t	 type = imsg_get_type(imsg);
	struct ibuf	 buf;

	if (type < CTL_LEASE || type > CTL_END ||
	    imsg_get_ibuf(imsg, &buf) == -1) {
		log_refused("%s sent unknown message %u: ignored", ch->peer,
		    type);
		return;
	}
	control_send(imsg_get_id(imsg), type, ibuf_data(&buf),
	    ibuf_size(&buf));
}

static void
frontend_dispatch_priv(struct channel *ch, struct imsg *imsg)
{
	uint32_t	 port;

	switch (imsg_get_type(imsg)) {
	case IMSG_PORT:
		port_open(ch, imsg);
		break;
	case IMSG_PORT_CLOSE:
		if (message_get(ch, imsg, &port, sizeof(port)))
			port_close(port);
		break;
	default:
		log_refused("%s sent unknown message %u: ignored", ch->peer,
		    imsg_get_type(imsg));
		break;
	}
}

static void
request(uint32_t client, enum ctl_type type, const struct ctl_request *req)
{
	int32_t		 verbose = req->verbose;
	struct fport	*port;

	switch (type) {
	case CTL_RELOAD:
		channel_send(&parent, IMSG_RELOAD, client, -1, NULL, 0);
		break;
	case CTL_LOG:
		channel_send(&parent, IMSG_LOG, 0, -1, &verbose,
		    sizeof(verbose));
		answer_end(client, 1);
		break;
	case CTL_SHOW_STATS:
		RB_FOREACH(port, fport_tree, &fports)
			port_count(port);
		channel_send(&engine, IMSG_STATS, 0, -1, &stats,
		    sizeof(stats));
		/* FALLTHROUGH */
	default:
		channel_send(&engine, type, client, -1, req, sizeof(*req));
		break;
	}
}

static void
monitors(uint32_t count)
{
	channel_send(&engine, IMSG_MONITORS, 0, -1, &count, sizeof(count));
}

/* --- interfaces ---------------------------------------------------------- */

static const struct kernel_watcher watcher = {
	.changed = watch_changed,
	.departed = watch_departed,
	.lost = watch_lost
};

static void
watch_event(int fd, short events, void *arg)
{
	if (kernel_watch_read(&watcher) == -1)
		fatal("watch interfaces");
}

/* Whatever was announced, only a fresh look counts. */
static void
watch_changed(uint32_t ifindex, void *arg)
{
	struct interface	 ifc;

	if (kernel_look(ifindex, &ifc) == -1) {
		watch_departed(ifindex, NULL);
		return;
	}
	seen_update(&ifc, true);
}

static void
watch_departed(uint32_t ifindex, void *arg)
{
	struct seen	*seen;

	if ((seen = seen_find(ifindex)) != NULL)
		seen_gone(seen);
}

static void
watch_lost(void *arg)
{
	log_info("interface events were lost: looking at all interfaces");
	scan();
}

/*
 * Look at all.  Those that are not there any more have departed, which is said
 * first: what they had may be another's by now.
 */
static void
scan(void)
{
	struct seen	*seen, *next;

	RB_FOREACH(seen, seen_tree, &seens)
		seen->marked = false;
	if (kernel_look_all(scan_mark, NULL) == -1) {
		log_warn("look at all interfaces");
		return;
	}
	RB_FOREACH_SAFE(seen, seen_tree, &seens, next)
		if (!seen->marked)
			seen_gone(seen);
	if (kernel_look_all(scan_one, NULL) == -1)
		log_warn("look at all interfaces");
}

static void
scan_mark(const struct interface *ifc, void *arg)
{
	struct seen	*seen;

	if ((seen = seen_find(ifc->index)) != NULL)
		seen->marked = true;
}

static void
scan_one(const struct interface *ifc, void *arg)
{
	seen_update(ifc, true);
}

static struct seen *
seen_find(uint32_t ifindex)
{
	struct seen	 key;

	key.ifc.index = ifindex;
	return RB_FIND(seen_tree, &seens, &key);
}

/*
 * Tell the engine what is new about an interface.  announced: the kernel
 * said that something happened, so that more may follow in silence.
 */
static void
seen_update(const struct interface *ifc, bool announced)
{
	struct seen	*seen;
	bool		 came_up;

	if ((seen = seen_find(ifc->index)) == NULL) {
		if ((seen = calloc(1, sizeof(*seen))) == NULL)
			fatal("interface");
		seen->ifc.index = ifc->index;
		RB_INSERT(seen_tree, &seens, seen);
	} else if (!seen_differs(&seen->ifc, ifc)) {
		seen_settle(seen, announced && kernel_traits.descr_silent);
		return;
	}
	came_up = ifc->link && !seen->ifc.link;
	seen_copy(seen, ifc);
	send_interface(&seen->ifc);
	seen_settle(seen, announced || came_up);
}

static bool
seen_differs(const struct interface *a, const struct interface *b)
{
	return strcmp(a->name, b->name) != 0 ||
	    strcmp(a->descr, b->descr) != 0 ||
	    a->tap != b->tap || a->up != b->up || a->link != b->link ||
	    a->master != b->master || a->rdomain != b->rdomain ||
	    memcmp(a->lladdr, b->lladdr, sizeof(a->lladdr)) != 0 ||
	    a->naddr != b->naddr ||
	    memcmp(a->addr, b->addr, a->naddr * sizeof(*a->addr)) != 0;
}

/* Keep a copy with addresses of its own. */
static void
seen_copy(struct seen *seen, const struct interface *ifc)
{
	struct prefix	*addr;

	addr = reallocarray(seen->ifc.addr, ifc->naddr > 0 ? ifc->naddr : 1,
	    sizeof(*addr));
	if (addr == NULL)
		fatal("interface");
	memcpy(addr, ifc->addr, ifc->naddr * sizeof(*addr));
	seen->ifc = *ifc;
	seen->ifc.addr = addr;
}

static void
seen_gone(struct seen *seen)
{
	channel_send(&engine, IMSG_DEPARTED, 0, -1, &seen->ifc.index,
	    sizeof(seen->ifc.index));
	RB_REMOVE(seen_tree, &seens, seen);
	look_cancel(seen);
	free(seen->ifc.addr);
	free(seen);
}

/* Can this tap become something else without a word of the kernel? */
static bool
may_change_silently(const struct seen *seen)
{
	char	 vm[VM_NAMELEN];
	uint8_t	 ifn;
	bool	 cut;

	if (!seen->ifc.tap)
		return false;
	if (conf_parse_descr(seen->ifc.descr, vm, &ifn, &cut) == -1)
		return true;
	return kernel_traits.taps_need_up ? !seen->ifc.up :
	    kernel_traits.descr_silent;
}

/*
 * When to look at a tap again.  After something happened the looks begin
 * anew, soon; each that finds nothing doubles the wait.  At the end of it a
 * tap that is described is left in peace, and one that is not is looked at
 * slowly.
 */
static void
seen_settle(struct seen *seen, bool restart)
{
	char	 vm[VM_NAMELEN];
	uint8_t	 ifn;
	bool	 cut;

	if (!may_change_silently(seen)) {
		look_cancel(seen);
		seen->step = 0;
		return;
	}
	if (restart) {
		look_cancel(seen);
		seen->step = 1;
	} else if (seen->to_come)
		return;
	if (seen->step != 0 || kernel_traits.taps_need_up ||
	    conf_parse_descr(seen->ifc.descr, vm, &ifn, &cut) == -1)
		look_later(seen);
}

static void
looks_init(void)
{
	int64_t	 interval = LOOK_FIRST;
	int	 i;

	for (i = 0; i <= LOOK_STEPS; i++) {
		TAILQ_INIT(&looks[i].seens);
		evtimer_set(&looks[i].ev, looks_due, &looks[i]);
		looks[i].interval = i == 0 ? LOOK_SLOW : interval;
		if (i > 0)
			interval *= 2;
	}
}

static int64_t
looks_now(void)
{
	struct timespec	 ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		fatal("clock");
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* For the first of them. */
static void
looks_wait(struct looks *l)
{
	int64_t		 us = TAILQ_FIRST(&l->seens)->due - looks_now();
	struct timeval	 tv;

	if (us < 0)
		us = 0;
	tv.tv_sec = us / 1000000;
	tv.tv_usec = us % 1000000;
	evtimer_add(&l->ev, &tv);
}

/* What is due soon is looked at now, so that we wake up less often. */
static void
looks_due(int fd, short events, void *arg)
{
	struct looks	*l = arg;
	struct seen	*seen;
	int64_t		 soon = looks_now() + l->interval / 4;

	while ((seen = TAILQ_FIRST(&l->seens)) != NULL && seen->due <= soon)
		look_again(seen);
	if (!TAILQ_EMPTY(&l->seens))
		looks_wait(l);
}

static void
look_later(struct seen *seen)
{
	struct looks	*l = &looks[seen->step];

	seen->to_come = true;
	seen->due = looks_now() + l->interval;
	TAILQ_INSERT_TAIL(&l->seens, seen, look);
	if (!evtimer_pending(&l->ev, NULL))
		looks_wait(l);
}

static void
look_cancel(struct seen *seen)
{
	struct looks	*l = &looks[seen->step];

	if (!seen->to_come)
		return;
	seen->to_come = false;
	TAILQ_REMOVE(&l->seens, seen, look);
	if (TAILQ_EMPTY(&l->seens))
		evtimer_del(&l->ev);
}

static void
look_again(struct seen *seen)
{
	struct interface	 ifc;

	look_cancel(seen);
	if (seen->step != 0)
		seen->step = (seen->step + 1) % (LOOK_STEPS + 1);
	if (kernel_look(seen->ifc.index, &ifc) == -1)
		seen_gone(seen);
	else
		seen_update(&ifc, false);
}

static void
send_interface(const struct interface *ifc)
{
	struct msg_interface	 msg;
	struct iovec		 iov[2];

	memset(&msg, 0, sizeof(msg));
	msg.ifc = *ifc;
	msg.ifc.addr = NULL;
	iov[0].iov_base = &msg;
	iov[0].iov_len = sizeof(msg);
	iov[1].iov_base = ifc->addr;
	iov[1].iov_len = ifc->naddr * sizeof(*ifc->addr);
	channel_sendv(&engine, IMSG_INTERFACE, 0, iov, 2);
}

/* --- packets ------------------------------------------------------------- */

static void
port_open(struct channel *ch, struct imsg *imsg)
{
	struct msg_port	 msg;
	struct fport	*port;
	int		 fd;

	if (!message_get(ch, imsg, &msg, sizeof(msg)))
		return;
	if ((fd = imsg_get_fd(imsg)) == -1) {
		log_warnx("port %u without a descriptor: too many open "
		    "files?", msg.port);
		return;
	}
	if ((port = calloc(1, sizeof(*port))) == NULL)
		fatal("port");
	port->id = msg.port;
	port->fd = fd;
	port->tokens = BUCKET_SIZE * 1000;
	clock_gettime(CLOCK_MONOTONIC, &port->filled);
	if (RB_INSERT(fport_tree, &fports, port) != NULL) {
		log_refused("port %u is open already: ignored", msg.port);
		close(fd);
		free(port);
		return;
	}
	port_listen(port);
}

static void
port_listen(struct fport *port)
{
	port->paused = false;
	event_set(&port->ev, port->fd, EV_READ | EV_PERSIST, port_event,
	    port);
	event_add(&port->ev, NULL);
}

static struct fport *
port_find(uint32_t id)
{
	struct fport	 key;

	key.id = id;
	return RB_FIND(fport_tree, &fports, &key);
}

static void
port_hangup(struct fport *port)
{
	if (port->dead)
		return;
	port_count(port);
	event_del(&port->ev);
	port->dead = true;
}

/*
 * Closing a packet descriptor can take the kernel many milliseconds, so that
 * of many that go together one is closed at a time, after all other work.
 */
static void
port_close(uint32_t id)
{
	struct fport	*port;

	if ((port = port_find(id)) == NULL)
		return;
	port_hangup(port);
	RB_REMOVE(fport_tree, &fports, port);
	TAILQ_INSERT_TAIL(&closing, port, queue);
	close_later();
}

static void
close_later(void)
{
	const struct timeval	 soon = { 0, 0 };

	if (!TAILQ_EMPTY(&closing) && !evtimer_pending(&close_ev, NULL))
		evtimer_add(&close_ev, &soon);
}

static void
close_one(int fd, short events, void *arg)
{
	struct fport	*port;

	if ((port = TAILQ_FIRST(&closing)) == NULL)
		return;
	TAILQ_REMOVE(&closing, port, queue);
	close(port->fd);
	free(port);
	close_later();
}

static void
port_event(int fd, short events, void *arg)
{
	struct fport	*port = arg;

	port_refill(port);
	if (port->tokens < 1000)
		port_pause(port);
	/* The interface's departure is announced as well: just be quiet. */
	else if (kernel_packet_read(fd, port_frame, port) == -1)
		port_hangup(port);
}

/*
 * To read a flood only to drop it would cost the others more than the flood
 * itself does.  What is not read the kernel drops, and counts.
 */
static void
port_pause(struct fport *port)
{
	const struct timeval	 tv = { 0, BUCKET_PAUSE * 1000 };

	port_count(port);
	port->paused = true;
	event_del(&port->ev);
	evtimer_set(&port->ev, port_resume, port);
	evtimer_add(&port->ev, &tv);
}

static void
port_resume(int fd, short events, void *arg)
{
	struct fport	*port = arg;

	port_count(port);
	port_listen(port);
}

/* Frames that were not read: by intention, or for want of time. */
static void
port_count(struct fport *port)
{
	const uint32_t	 before = port->missed;

	if (port->dead)
		return;
	kernel_packet_missed(port->fd, &port->missed);
	stats.dropped[port->paused ? DROP_RATE : DROP_QUEUE] +=
	    (uint32_t)(port->missed - before);
}

static void
port_frame(const uint8_t *frame, size_t len, int flags, void *arg)
{
	struct fport		*port = arg;
	struct msg_frame	 msg;
	struct iovec		 iov[2];

	if (len > FRAME_MAX) {
		stats.dropped[DROP_TOO_LONG]++;
		return;
	}
	if (!port_token(port)) {
		stats.dropped[DROP_RATE]++;
		return;
	}
	if (channel_queued(&engine) > ENGINE_BACKLOG) {
		stats.dropped[DROP_QUEUE]++;
		return;
	}
	msg.port = port->id;
	msg.flags = flags;
	iov[0].iov_base = &msg;
	iov[0].iov_len = sizeof(msg);
	iov[1].iov_base = (void *)(uintptr_t)frame;
	iov[1].iov_len = len;
	channel_sendv(&engine, IMSG_FRAME, 0, iov, 2);
}

/* What time has brought into the tap's token bucket. */
static void
port_refill(struct fport *port)
{
	struct timespec	 now;
	int64_t		 ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (int64_t)(now.tv_sec - port->filled.tv_sec) * 1000 +
	    (now.tv_nsec - port->filled.tv_nsec) / 1000000;
	if (ms > 0) {
		port->filled = now;
		if (ms >= BUCKET_SIZE * 1000 / BUCKET_RATE)
			port->tokens = BUCKET_SIZE * 1000;
		else
			port->tokens += ms * BUCKET_RATE;
		if (port->tokens > BUCKET_SIZE * 1000)
			port->tokens = BUCKET_SIZE * 1000;
	}
}

static bool
port_token(struct fport *port)
{
	if (port->tokens < 1000)
		return false;
	port->tokens -= 1000;
	return true;
}

static void
port_send(struct channel *ch, struct imsg *imsg)
{
	struct msg_frame	 msg;
	struct ibuf		 buf;
	struct fport		*port;

	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &msg, sizeof(msg)) == -1 || ibuf_size(&buf) == 0) {
		log_refused("%s sent a frame without content: ignored",
		    ch->peer);
		return;
	}
	if ((port = port_find(msg.port)) == NULL || port->dead ||
	    kernel_packet_write(port->fd, ibuf_data(&buf),
	    ibuf_size(&buf)) == -1)
		stats.dropped[DROP_SEND]++;
}

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


/*
 * The frontend between an engine, a priv and a parent that say what they
 * like, clients that ask, and a kernel that is played here: interfaces that
 * come, go and change, with or without a word, and taps from which a guest
 * floods.  Each byte of the input is a step.
 *
 * What must hold: what the engine is told of an interface is whole; a frame
 * comes from a port that is open and is no longer than a frame can be; one goes
 * out only on a port that is open; every frame is passed on or counted; every
 * descriptor is closed, once; clients get only what is an answer.
 */

#include <sys/types.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

#include <err.h>
#include <event.h>
#include <fcntl.h>
#include <imsg.h>

#include "process.h"

static void	 out(struct channel *, uint32_t, uint32_t, int, const void *,
		    size_t);
static void	 outv(struct channel *, uint32_t, uint32_t,
		    const struct iovec *, int);
static size_t	 out_queued(struct channel *);

/* What the frontend says to the others comes here. */
#define channel_send	out
#define channel_sendv	outv
#define channel_queued	out_queued
#include "../../vmnetd/frontend.c"
#undef channel_send
#undef channel_sendv
#undef channel_queued

#include "process_fuzz.h"

#define NIFS		5
#define NPORTS		6
#define MAXADDR		3
#define MAXFD		256

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct host_if {
	bool		 there;
	struct interface ifc;
	struct prefix	 addr[MAXADDR];
};

const struct kernel_traits kernel_traits = {
	.taps_need_up = true, .descr_silent = true
};

static struct host_if	 host[NIFS];
static bool		 told[NIFS];	/* the engine knows of it */
static bool		 is_open[MAXFD];	/* ports' descriptors */
static uint32_t		 fd_missed[MAXFD];
static uint64_t		 ncame, npassed;
static bool		 behind;	/* the engine is */
static bool		 watching;	/* it has asked for interfaces */

/* --- the kernel ------------------------------------------------------------ */

int
kernel_watch_open(void)
{
	return -1;
}

int
kernel_watch_read(const struct kernel_watcher *w)
{
	return 0;
}

int
kernel_look(uint32_t ifindex, struct interface *ifc)
{
	if (ifindex < 1 || ifindex > NIFS || !host[ifindex - 1].there)
		return -1;
	*ifc = host[ifindex - 1].ifc;
	ifc->addr = host[ifindex - 1].addr;
	return 0;
}

int
kernel_look_all(void (*cb)(const struct interface *, void *), void *arg)
{
	struct interface	 ifc;
	uint32_t		 n;

	for (n = 1; n <= NIFS; n++)
		if (kernel_look(n, &ifc) == 0)
			cb(&ifc, arg);
	return 0;
}

/* What the guest sends, one frame at a time or several, or no more for now. */
int
kernel_packet_read(int fd, kernel_packet_cb *cb, void *arg)
{
	static uint8_t	 frame[FRAME_MAX + 1];
	uint64_t	 value;
	uint8_t		 what = byte();
	int		 i, n = what & 0x40 ? 70 : what % 4;

	must(fd >= 0 && fd < MAXFD && is_open[fd]);
	if (n == 0)
		must(read(fd, &value, sizeof(value)) == sizeof(value));
	if (what == 0xff)
		return -1;
	for (i = 0; i < n; i++) {
		ncame++;
		cb(frame, what == 0xfe ? sizeof(frame) : what, 0, arg);
	}
	return n;
}

int
kernel_packet_write(int fd, const uint8_t *frame, size_t len)
{
	must(fd >= 0 && fd < MAXFD && is_open[fd] && len > 0);
	return byte() >= 0xf0 ? -1 : 0;
}

void
kernel_packet_missed(int fd, uint32_t *missed)
{
	must(fd >= 0 && fd < MAXFD && is_open[fd]);
	ncame += fd_missed[fd];
	*missed += fd_missed[fd];
	fd_missed[fd] = 0;
}

/* --- clients --------------------------------------------------------------- */

int
control_listen(const char *path, const char *group)
{
	return -1;
}

void
control_init(int fd, control_request *req, void (*count)(uint32_t))
{
	close(fd);
}

void
control_send(uint32_t client, uint32_t type, const void *data, size_t len)
{
	must(type >= CTL_LEASE && type <= CTL_END);
}

/* --- what the frontend says ------------------------------------------------ */

static size_t
out_queued(struct channel *ch)
{
	must(ch == &engine);
	return behind ? ENGINE_BACKLOG + 1 : 0;
}

static void
out(struct channel *ch, uint32_t type, uint32_t id, int fd, const void *data,
    size_t len)
{
	uint32_t	 ifindex;

	must(fd == -1);
	switch (type) {
	case IMSG_DEPARTED:
		must(ch == &engine && len == sizeof(ifindex));
		memcpy(&ifindex, data, sizeof(ifindex));
		must(ifindex >= 1 && ifindex <= NIFS && told[ifindex - 1]);
		told[ifindex - 1] = false;
		break;
	case IMSG_RELOAD:
	case IMSG_LOG:
		must(ch == &parent);
		break;
	default:
		must(ch == &engine);
		break;
	}
}

static void
out_interface(const struct msg_interface *msg, const struct iovec *addr)
{
	const uint32_t	 ifindex = msg->ifc.index;

	must(ifindex >= 1 && ifindex <= NIFS && msg->ifc.addr == NULL);
	must(addr->iov_len == msg->ifc.naddr * sizeof(struct prefix));
	must(addr->iov_len == 0 || memcmp(addr->iov_base,
	    host[ifindex - 1].addr, addr->iov_len) == 0);
	told[ifindex - 1] = true;
}

static void
outv(struct channel *ch, uint32_t type, uint32_t id, const struct iovec *iov,
    int n)
{
	const struct msg_frame	*msg = iov[0].iov_base;
	struct fport		*port;

	must(ch == &engine && n == 2);
	if (type == IMSG_INTERFACE) {
		must(iov[0].iov_len == sizeof(struct msg_interface));
		out_interface(iov[0].iov_base, &iov[1]);
		return;
	}
	must(type == IMSG_FRAME && iov[0].iov_len == sizeof(*msg) &&
	    iov[1].iov_len <= FRAME_MAX && !behind);
	port = port_find(msg->port);
	must(port != NULL && !port->dead && is_open[port->fd]);
	npassed++;
}

/* --- what happens ---------------------------------------------------------- */

static void
step_host(void)
{
	static const char *const descrs[] = {
		"vm1-if0-web", "vm2-if1-db", "", "nothing", "vm3-if0-x"
	};
	uint32_t	 n = byte() % NIFS;
	struct host_if	*h = &host[n];
	uint8_t		 what = byte();

	if (what % 8 == 0)
		h->there = false;
	else {
		if (!h->there)
			memset(h, 0, sizeof(*h));
		h->there = true;
		h->ifc.index = n + 1;
		snprintf(h->ifc.name, sizeof(h->ifc.name), "tap%u", n);
		strlcpy(h->ifc.descr, descrs[what / 8 % 5],
		    sizeof(h->ifc.descr));
		h->ifc.tap = what % 8 != 1;
		h->ifc.up = h->ifc.link = what & 0x80;
		h->ifc.naddr = what % (MAXADDR + 1);
		fill((uint8_t *)h->addr, 4, what);
	}
	/* With a word of the kernel, or without. */
	if (watching && byte() % 4 != 0)
		watch_changed(n + 1, NULL);
}

static void
step_port(void)
{
	struct msg_port	 msg;
	uint8_t		 what = byte();
	int		 fd = -1;

	msg.port = what % NPORTS;
	msg.ifindex = what;
	if (what < 0xf0) {
		if ((fd = eventfd(1, EFD_NONBLOCK)) == -1)
			err(1, "eventfd");
	}
	hear_fd(frontend_dispatch_priv, &priv, IMSG_PORT, fd, &msg,
	    sizeof(msg), NULL, 0);
}

static void
step_close(void)
{
	uint8_t		 what = byte();
	uint32_t	 port = what < 0xf0 ? what % NPORTS : word();

	hear(frontend_dispatch_priv, &priv, IMSG_PORT_CLOSE, &port,
	    sizeof(port), NULL, 0);
	must(port_find(port) == NULL);
}

static void
step_frame(void)
{
	static uint8_t		 frame[2048];
	struct msg_frame	 msg;
	uint8_t			 what = byte();

	msg.port = what % (NPORTS + 1);
	msg.flags = 0;
	hear(frontend_dispatch_engine, &engine, IMSG_FRAME, &msg, sizeof(msg),
	    frame, what * 8);
}

/* Time goes by: an interface is looked at again, until it is left in peace. */
static void
step_look(void)
{
	uint32_t	 ifindex = 1 + byte() % NIFS;
	struct seen	*seen;
	int		 n = byte() % 32;

	while (n-- > 0 && (seen = seen_find(ifindex)) != NULL &&
	    seen->to_come)
		look_again(seen);
}

/* The guest of a port has sent what nobody has read. */
static void
step_missed(void)
{
	struct fport	*port = port_find(byte() % NPORTS);

	if (port != NULL && !port->dead)
		fd_missed[port->fd] += byte();
}

static void
step_request(void)
{
	struct ctl_request	 req;

	memset(&req, 0, sizeof(req));
	req.verbose = byte();
	request(byte(), 1 + byte() % (CTL_LEASE - 1), &req);
}

/* All guests have something to send again. */
static void
guests_send(void)
{
	const uint64_t	 one = 1;
	struct fport	*port;

	RB_FOREACH(port, fport_tree, &fports)
		must(port->dead ||
		    write(port->fd, &one, sizeof(one)) == sizeof(one));
}

/* Anything, from anybody; but what ends the frontend by right. */
static void
step_garbage(void)
{
	static uint8_t	 buf[2048];
	uint32_t	 type = byte();
	uint8_t		 who = byte() % 3;
	size_t		 len = byte() * (byte() % 9);

	if (who == 2 && (type == IMSG_CHANNEL || type == IMSG_CONTROL_SOCKET))
		return;
	if (who == 0 && type == IMSG_WATCH)
		return;
	fill(buf, len, type);
	hear_fd(who == 0 ? frontend_dispatch_engine : who == 1 ?
	    frontend_dispatch_priv : frontend_dispatch_parent, who == 0 ?
	    &engine : who == 1 ? &priv : &parent, type, byte() % 4 == 0 ?
	    dup(STDERR_FILENO) : -1, buf, len, NULL, 0);
}

/* --- the beginning and the end --------------------------------------------- */

/* Whose descriptors may be used; the others are waited for no more. */
static void
note_open(void)
{
	struct fport	*port;

	memset(is_open, 0, sizeof(is_open));
	RB_FOREACH(port, fport_tree, &fports) {
		must(port->fd > 2 && port->fd < MAXFD && !is_open[port->fd]);
		must(fcntl(port->fd, F_GETFD) != -1);
		is_open[port->fd] = !port->dead;
		must(!port->dead || !event_pending(&port->ev, EV_READ, NULL));
	}
	TAILQ_FOREACH(port, &closing, queue)
		must(!event_pending(&port->ev, EV_READ | EV_TIMEOUT, NULL));
}

static int
open_files(void)
{
	int	 fd, n = 0;

	for (fd = 0; fd < MAXFD; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
begin(void)
{
	if (parent.peer == NULL) {
		event_init();
		event_priority_init(PRIO_MAX);
		hear_init();
		event_set(&watch_ev, -1, EV_PERSIST, watch_event, NULL);
		looks_init();
		evtimer_set(&close_ev, close_one, NULL);
		event_priority_set(&close_ev, PRIO_LAST);
		parent.peer = "parent";
		engine.peer = "engine";
		priv.peer = "priv";
	}
	memset(host, 0, sizeof(host));
	memset(told, 0, sizeof(told));
	memset(fd_missed, 0, sizeof(fd_missed));
	memset(&stats, 0, sizeof(stats));
	ncame = npassed = 0;
	behind = watching = false;
}

/* All is given back, and each frame that came is accounted for. */
static void
end(int files)
{
	struct fport	*port, *next;
	uint64_t	 dropped;
	uint32_t	 n;

	left = 0;
	RB_FOREACH_SAFE(port, fport_tree, &fports, next)
		port_close(port->id);
	while (!TAILQ_EMPTY(&closing))
		close_one(-1, 0, NULL);
	evtimer_del(&close_ev);
	for (n = 1; n <= NIFS; n++)
		watch_departed(n, NULL);
	must(RB_EMPTY(&seens));
	for (n = 0; n <= LOOK_STEPS; n++)
		must(TAILQ_EMPTY(&looks[n].seens) &&
		    !evtimer_pending(&looks[n].ev, NULL));
	for (n = 0; n < NIFS; n++)
		must(!told[n]);
	dropped = stats.dropped[DROP_TOO_LONG] + stats.dropped[DROP_RATE] +
	    stats.dropped[DROP_QUEUE];
	must(ncame == npassed + dropped);
	must(open_files() == files);
}

static void
step(void)
{
	switch (byte() % 16) {
	case 0:
	case 1:
	case 2:
		step_host();
		break;
	case 3:
		watching = true;
		hear(frontend_dispatch_engine, &engine, IMSG_WATCH, NULL, 0,
		    NULL, 0);
		break;
	case 4:
		watch_lost(NULL);
		break;
	case 5:
	case 6:
	case 7:
		step_port();
		break;
	case 8:
		step_close();
		break;
	case 9:
		step_missed();
		break;
	case 10:
		step_request();
		break;
	case 11:
		step_garbage();
		break;
	case 12:
		behind = !behind;
		break;
	case 13:
		step_look();
		break;
	default:
		step_frame();
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int	 files;

	in = data;
	left = size;
	begin();
	files = open_files();
	while (left > 0) {
		step();
		note_open();
		/* Guests send until they have no more, timers end. */
		guests_send();
		event_loop(EVLOOP_NONBLOCK | EVLOOP_ONCE);
		note_open();
	}
	end(files);
	return 0;
}

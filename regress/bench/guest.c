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
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <net/if.h>
#include <linux/if_tun.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "wire.h"

/* A tap takes nothing while it is down; that it is up is heard, if not lost. */
#define DOWN_PATIENCE	1000000000	/* ns */
#define EVENTS_MAX	64
/* They are numbered from here, so that a tap is found by its index. */
#define FIRST_IFINDEX	1000
#define WATCH		UINT32_MAX	/* what epoll calls the kernel */

static void	 watch(int, uint32_t);
static void	 heard_link(const struct link_event *);
static struct tap *tap_find(unsigned int);
static void	 tap_read(struct tap *);
static void	 tap_frame(struct tap *, const uint8_t *, size_t);
static bool	 guest_send(struct guest *, uint8_t);
static void	 guest_wait(struct guest *, bool);
static void	 guests_due(int64_t);
static void	 turn(int64_t);

struct tap		*taps;
struct guest		*guests;
size_t			 ntaps, nguests;
int64_t			 patience, hesitation;
bool			 patience_grows;
void			(*guest_bound)(struct guest *);

static size_t		 per_tap;
static size_t		 ntaps_size;
static int		 epfd, linkfd;
static int64_t		 next_due;

void
guests_init(size_t n)
{
	per_tap = n;
	if ((epfd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll");
	linkfd = link_watch();
	watch(linkfd, WATCH);
}

static void
watch(int fd, uint32_t what)
{
	struct epoll_event	 ev;

	memset(&ev, 0, sizeof(ev));
	ev.events = EPOLLIN;
	ev.data.u32 = what;
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) == -1)
		err(1, "epoll");
}

/* --- taps ----------------------------------------------------------------- */

static void
grow(void)
{
	if (ntaps < ntaps_size)
		return;
	ntaps_size = ntaps_size == 0 ? 64 : ntaps_size * 2;
	taps = reallocarray(taps, ntaps_size, sizeof(*taps));
	guests = reallocarray(guests, ntaps_size * per_tap, sizeof(*guests));
	if (taps == NULL || guests == NULL)
		err(1, NULL);
}

static struct tap *
tap_find(unsigned int ifindex)
{
	if (ifindex < FIRST_IFINDEX || ifindex - FIRST_IFINDEX >= ntaps)
		return NULL;
	return &taps[ifindex - FIRST_IFINDEX];
}

/* Its guests do not begin by themselves. */
static void
guests_create(size_t tap)
{
	struct guest	*g;
	size_t		 n;

	for (n = tap * per_tap; n < (tap + 1) * per_tap; n++) {
		g = &guests[n];
		memset(g, 0, sizeof(*g));
		g->tap = tap;
		put16(g->dhcp.lladdr, 0xfee1);
		put32(g->dhcp.lladdr + 2, 0xbb000000 + n);
	}
	nguests = n;
}

/*
 * Make a tap with its name, and give it its alias at once.  The time counts
 * from before it is made: servers that go by the interface's name hear of it
 * while that goes on, and may have done all before this process is on again.
 */
void
tap_create(void)
{
	struct tap	*tap;
	struct ifreq	 ifr;
	char		 alias[64];

	grow();
	tap = &taps[ntaps];
	memset(tap, 0, sizeof(*tap));
	memset(&ifr, 0, sizeof(ifr));
	snprintf(tap->name, sizeof(tap->name), TAP_PREFIX "%zu", ntaps);
	snprintf(alias, sizeof(alias), "vm%zu-if0-g%zu", ntaps + 1, ntaps);
	memcpy(ifr.ifr_name, tap->name, sizeof(tap->name));
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI;
	tap->ifindex = FIRST_IFINDEX + ntaps;
	if ((tap->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK |
	    O_CLOEXEC)) == -1)
		err(1, "/dev/net/tun");
	if (ioctl(tap->fd, TUNSETIFINDEX, &tap->ifindex) == -1)
		err(1, "%s", tap->name);
	tap->began = now_ns();
	if (ioctl(tap->fd, TUNSETIFF, &ifr) == -1)
		err(1, "%s", tap->name);
	tap->made = now_ns();
	link_name(tap->ifindex, alias);
	guests_create(ntaps);
	watch(tap->fd, ntaps);
	ntaps++;
}

void
tap_delete(struct tap *tap)
{
	if (tap->fd == -1)
		return;
	link_delete(tap->ifindex);
	close(tap->fd);
	tap->fd = -1;
}

void
taps_delete(void)
{
	size_t	 i;

	link_delete_group();
	for (i = 0; i < ntaps; i++) {
		if (taps[i].fd != -1)
			close(taps[i].fd);
		taps[i].fd = -1;
	}
}

/* --- guests --------------------------------------------------------------- */

static bool
guest_send(struct guest *g, uint8_t type)
{
	const struct tap	*tap = &taps[g->tap];
	uint8_t			 frame[FRAME_SIZE];
	size_t			 len;

	g->dhcp.type = type;
	len = dhcp_request(frame, &g->dhcp);
	return tap->fd != -1 && write(tap->fd, frame, len) == (ssize_t)len;
}

/* Say it again later, or soon if it could not be said. */
static void
guest_wait(struct guest *g, bool sent)
{
	if (!sent)
		g->due = now_ns() + DOWN_PATIENCE;
	else {
		g->due = now_ns() + g->patience;
		if (patience_grows)
			g->patience *= 2;
	}
	if (g->due < next_due)
		next_due = g->due;
}

static void
guest_discover(struct guest *g)
{
	bool	 sent;

	g->state = GUEST_DISCOVERING;
	if ((sent = guest_send(g, DISCOVER)))
		g->discovers++;
	guest_wait(g, sent);
}

void
guest_start(struct guest *g)
{
	static uint32_t	 xid = 0x1000;

	g->dhcp.xid = ++xid;
	g->discovers = 0;
	g->patience = patience;
	g->began = now_ns();
	guest_discover(g);
}

/* From now on it is another one, with a link-layer address of its own. */
void
guest_renew(struct guest *g)
{
	static uint16_t	 generation;

	put16(g->dhcp.lladdr + 1, ++generation);
}

static void
guest_reply(struct guest *g, const struct dhcp *m)
{
	if (m->xid != g->dhcp.xid)
		return;
	if (g->state == GUEST_DISCOVERING && m->type == OFFER) {
		g->dhcp.address = m->address;
		g->dhcp.server = m->server;
		g->state = GUEST_REQUESTING;
		g->patience = patience;
		guest_wait(g, guest_send(g, REQUEST));
	} else if (g->state == GUEST_REQUESTING && m->type == ACK) {
		g->state = GUEST_BOUND;
		g->bound = now_ns();
		if (guest_bound != NULL)
			guest_bound(g);
	} else if (g->state == GUEST_REQUESTING && m->type == NAK)
		guest_discover(g);
}

static void
tap_frame(struct tap *tap, const uint8_t *frame, size_t len)
{
	struct dhcp	 m;
	size_t		 n;

	if (!dhcp_parse(frame, len, 68, &m))
		return;
	n = get32(m.lladdr + 2) & 0xffffff;
	if (n < nguests && guests[n].tap == (size_t)(tap - taps))
		guest_reply(&guests[n], &m);
}

static void
tap_read(struct tap *tap)
{
	uint8_t	 frame[FRAME_SIZE];
	ssize_t	 n;

	while ((n = read(tap->fd, frame, sizeof(frame))) > 0)
		tap_frame(tap, frame, n);
	/* It was deleted under us. */
	if (n == -1 && errno != EAGAIN) {
		close(tap->fd);
		tap->fd = -1;
	}
}

/*
 * Those whose tap is up now say what they could not say before.  The kernel
 * says that it is up some moments before a packet socket hears of it, too.
 */
static void
heard_link(const struct link_event *ev)
{
	struct tap	*tap = tap_find(ev->ifindex);
	size_t		 n;

	if (tap == NULL || ev->gone)
		return;
	if (ev->address) {
		if (tap->addressed == 0)
			tap->addressed = now_ns();
		return;
	}
	if (tap->up || !ev->up)
		return;
	tap->up = true;
	for (n = (tap - taps) * per_tap; n < (tap - taps + 1) * per_tap; n++) {
		if (guests[n].state != GUEST_DISCOVERING ||
		    guests[n].discovers > 0)
			continue;
		guests[n].due = now_ns() + hesitation;
		if (guests[n].due < next_due)
			next_due = guests[n].due;
	}
}

static void
guests_due(int64_t now)
{
	struct guest	*g;

	next_due = INT64_MAX;
	for (g = guests; g < guests + nguests; g++) {
		if (g->state != GUEST_DISCOVERING &&
		    g->state != GUEST_REQUESTING)
			continue;
		if (g->due > now) {
			if (g->due < next_due)
				next_due = g->due;
		} else if (g->state == GUEST_DISCOVERING)
			guest_discover(g);
		else
			guest_wait(g, guest_send(g, REQUEST));
	}
}

/* --- the loop ------------------------------------------------------------- */

/* Take what is there, having waited for it until then at most. */
static void
turn(int64_t until)
{
	struct epoll_event	 ev[EVENTS_MAX];
	struct timespec		 ts;
	int64_t			 now = now_ns();
	int			 i, n;

	if (next_due < until)
		until = next_due;
	if (until < now)
		until = now;
	ts.tv_sec = (until - now) / 1000000000;
	ts.tv_nsec = (until - now) % 1000000000;
	if ((n = epoll_pwait2(epfd, ev, EVENTS_MAX, &ts, NULL)) == -1 &&
	    errno != EINTR)
		err(1, "epoll");
	for (i = 0; i < n; i++) {
		if (ev[i].data.u32 != WATCH)
			tap_read(&taps[ev[i].data.u32]);
		else if (!link_read(linkfd, heard_link))
			warnx("events of the kernel were lost");
	}
	if ((now = now_ns()) >= next_due)
		guests_due(now);
}

bool
run(bool (*done)(void), int64_t ns)
{
	const int64_t	 end = now_ns() + ns;

	while (!done()) {
		if (now_ns() >= end)
			return false;
		turn(end);
	}
	return true;
}

static bool
never(void)
{
	return false;
}

void
run_pending(void)
{
	(void)run(never, 1000000);
}

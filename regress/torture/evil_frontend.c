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

#include <event.h>

/*
 * A frontend that was taken over: the true one, which goes on with its work,
 * and from time to time says to the others what they must not believe.
 */

static int	 evil_dispatch(void);

#define event_dispatch	evil_dispatch
#include "../../vmnetd/frontend.c"
#undef event_dispatch

#define ROUNDS		200
#define STORM		2000
#define BIG		8000

static void	 evil_timer(int, short, void *);
static void	 rubbish_to(struct channel *, const char *);
static void	 storm(void);
static void	 thief(void);
static void	 liar(void);
static void	 lie(const struct interface *, const struct prefix *, size_t);
static void	 strange_frames(void);
static void	 strange_requests(void);
static uint32_t	 rnd(void);

static struct event	 evil_ev;
static int		 evil_round;
static uint32_t		 evil_seed = 362436069U;

static uint32_t
rnd(void)
{
	evil_seed ^= evil_seed << 13;
	evil_seed ^= evil_seed >> 17;
	evil_seed ^= evil_seed << 5;
	return evil_seed;
}

static int
evil_dispatch(void)
{
	const struct timeval	 tv = { 1, 0 };

	evtimer_set(&evil_ev, evil_timer, NULL);
	evtimer_add(&evil_ev, &tv);
	return event_dispatch();
}

/* Not before the test has a guest that is served. */
static void
evil_timer(int fd, short events, void *arg)
{
	struct timeval	 tv = { 0, 10000 };

	if (RB_EMPTY(&fports)) {
		evtimer_add(&evil_ev, &tv);
		return;
	}
	if (evil_round == 0)
		storm();
	thief();
	rubbish_to(&parent, "parent");
	rubbish_to(&engine, "engine");
	rubbish_to(&priv, "priv");
	liar();
	strange_frames();
	strange_requests();
	if (++evil_round == ROUNDS)
		log_info("evil: over after %d rounds", ROUNDS);
	else
		evtimer_add(&evil_ev, &tv);
}

/* Each is an answer for a client, and would be a line in the log. */
static void
storm(void)
{
	int	 i;

	for (i = 0; i < STORM; i++)
		channel_send(&parent, IMSG_RELOAD, 4711, -1, NULL, 0);
}

/* A lease that the engine may have stored, and nobody else. */
static void
thief(void)
{
	struct msg_store	 msg;

	memset(&msg, 0, sizeof(msg));
	msg.op = LEASE_STORE;
	strlcpy(msg.record.vm, "thief", sizeof(msg.record.vm));
	strlcpy(msg.record.pool, "default", sizeof(msg.record.pool));
	msg.record.subnet = 0xac100064;		/* 172.16.0.100 */
	msg.record.plen = 31;
	msg.record.guest = msg.record.subnet + 1;
	channel_send(&parent, IMSG_STORE, 0, -1, &msg, sizeof(msg));
	msg.op = LEASE_FORGET;
	strlcpy(msg.record.vm, "vm0", sizeof(msg.record.vm));
	channel_send(&parent, IMSG_STORE, 0, -1, &msg, sizeof(msg));
}

/* Any type, any length, any content. */
static void
rubbish_to(struct channel *ch, const char *who)
{
	static uint8_t	 rubbish[BIG];
	const size_t	 sizes[] = {
		0, 1, 4, 8, sizeof(struct msg_interface),
		sizeof(struct msg_store), sizeof(struct msg_prepare),
		sizeof(struct msg_withdraw), sizeof(struct stats),
		sizeof(struct ctl_request), BIG
	};
	uint32_t	 type;
	size_t		 i, j, n;

	for (i = 0; i < 8; i++) {
		type = i == 0 ? rnd() : rnd() % (IMSG_PORT_CLOSE + 20);
		/* These are its own to say. */
		if (type == IMSG_RELOAD || type == IMSG_LOG ||
		    type == IMSG_MONITORS || type == IMSG_STATS ||
		    type == IMSG_DEPARTED || type == IMSG_SCANNED)
			continue;
		n = sizes[rnd() % (sizeof(sizes) / sizeof(sizes[0]))];
		for (j = 0; j < n; j++)
			rubbish[j] = rnd() >> 8;
		channel_send(ch, type, rnd(), -1, rubbish, n);
	}
}

/* What the frontend says of interfaces is all that the engine knows. */
static void
liar(void)
{
	struct interface	 ifc;
	struct seen		*seen;
	struct prefix		 addr[2] = {
		{ 0xac100002, 31 }, { 0x0a000001, 255 }
	};

	seen = RB_MIN(seen_tree, &seens);
	ifc = seen->ifc;
	switch (evil_round % 6) {
	case 0:		/* more addresses than there are */
		lie(&ifc, addr, 1);
		break;
	case 1:		/* a length that cannot be */
		ifc.naddr = 2;
		lie(&ifc, addr, 2);
		break;
	case 2:		/* names without an end */
		memset(ifc.name, 'x', sizeof(ifc.name));
		ifc.naddr = 1;
		lie(&ifc, addr, 1);
		break;
	case 3:
		memset(ifc.descr, 'x', sizeof(ifc.descr));
		ifc.naddr = 1;
		lie(&ifc, addr, 1);
		break;
	case 4:		/* neither true nor false */
		memset(&ifc.tap, 0x55, sizeof(ifc.tap));
		ifc.naddr = 1;
		lie(&ifc, addr, 1);
		break;
	case 5:		/* too many to be added up */
		ifc.naddr = SIZE_MAX / sizeof(struct prefix) + 2;
		lie(&ifc, addr, 1);
		break;
	}
}

/* So many addresses follow, whatever it says. */
static void
lie(const struct interface *ifc, const struct prefix *addr, size_t n)
{
	struct msg_interface	 msg;
	struct iovec		 iov[2];

	memset(&msg, 0, sizeof(msg));
	memcpy(&msg.ifc, ifc, sizeof(msg.ifc));
	if (evil_round % 6 == 0)
		msg.ifc.naddr = 3;
	msg.ifc.addr = NULL;
	iov[0].iov_base = &msg;
	iov[0].iov_len = sizeof(msg);
	iov[1].iov_base = (void *)(uintptr_t)addr;
	iov[1].iov_len = n * sizeof(*addr);
	channel_sendv(&engine, IMSG_INTERFACE, 0, iov, 2);
}

/* Frames of ports that there are and are not, of any length. */
static void
strange_frames(void)
{
	static uint8_t		 rubbish[BIG];
	struct msg_frame	 msg;
	struct iovec		 iov[2];
	int			 i;

	for (i = 0; i < 4; i++) {
		msg.port = i < 2 ? RB_MIN(fport_tree, &fports)->id : rnd();
		msg.flags = rnd();
		rubbish[rnd() % sizeof(rubbish)] = rnd();
		iov[0].iov_base = &msg;
		iov[0].iov_len = sizeof(msg);
		iov[1].iov_base = rubbish;
		iov[1].iov_len = rnd() % (i % 2 == 0 ? FRAME_MAX : BIG);
		channel_sendv(&engine, IMSG_FRAME, 0, iov, 2);
	}
}

static void
strange_requests(void)
{
	struct ctl_request	 req;
	uint32_t		 type = rnd() % CTL_END;

	memset(&req, rnd(), sizeof(req));
	channel_send(&engine, type, rnd(), -1, &req, sizeof(req));
	memset(&req, 0, sizeof(req));
	memset(req.vm, 'x', sizeof(req.vm) - (rnd() & 1));
	req.ifn = rnd();
	req.cursor.started = 1;
	req.cursor.ifn = rnd();
	req.cursor.ifindex = rnd();
	channel_send(&engine, type, rnd(), -1, &req, sizeof(req));
}

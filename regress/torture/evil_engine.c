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
#include <sys/uio.h>

#include <event.h>
#include <imsg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "confsend.h"
#include "control.h"
#include "kernel.h"
#include "lease.h"
#include "log.h"
#include "message.h"
#include "pool.h"
#include "process.h"

/*
 * An engine that was taken over: linked into vmnetd in place of the true one,
 * it asks priv and the parent for all that they must refuse, and says in the
 * log what came of it.  Each attack is followed by a request that is surely
 * answered, so that those are seen that are met with silence.
 *
 *	evil: NAME: REASON	refused, or silence ("-")
 *	evil: NAME: DONE	it was done: only right for those named good-*
 *	evil: over
 */

#define SYNC_PORT	0xfffffff0U	/* of a tap that cannot be */
#define SYNC_SEQ	0xfffffff0U
#define NO_IFINDEX	0x7ffffff0U
#define BIG		8000		/* more than any message has */
#define FLOOD		2000		/* to fill the log */

enum where { PRIV, PARENT };

struct attack {
	const char	*name;
	enum where	 where;
	void		(*run)(const struct attack *);
	const char	*tap;
	const char	*vm;
	uint32_t	 ifn;
	const char	*pool;
	const char	*subnet;	/* with length, or just text */
	const char	*guest;
};

static void	 from_parent(struct channel *, struct imsg *);
static void	 from_frontend(struct channel *, struct imsg *);
static void	 from_priv(struct channel *, struct imsg *);
static void	 open_channel(struct imsg *);
static void	 note_interface(struct imsg *);
static uint32_t	 index_of(const char *);
static void	 waited(int, short, void *);
static void	 next(void);
static void	 result(const char *);
static void	 sync_with(enum where);

static void	 a_prepare(const struct attack *);
static void	 a_prepare_again(const struct attack *);
static void	 a_prepare_unended(const struct attack *);
static void	 a_prepare_length(const struct attack *);
static void	 a_withdraw(const struct attack *);
static void	 a_withdraw_last(const struct attack *);
static void	 a_raise(const struct attack *);
static void	 a_raise_unended(const struct attack *);
static void	 a_confine(const struct attack *);
static void	 a_confine_other(const struct attack *);
static void	 a_lengths(const struct attack *);
static void	 a_unknown(const struct attack *);
static void	 a_flood(const struct attack *);
static void	 a_flood_parent(const struct attack *);
static void	 a_store(const struct attack *);
static void	 a_store_note(const struct attack *);
static void	 a_store_unended(const struct attack *);
static void	 a_store_op(const struct attack *);
static void	 a_store_state(const struct attack *);
static void	 a_conf_done(const struct attack *);
static void	 a_reload(const struct attack *);
static void	 a_log(const struct attack *);
static void	 a_garbage(const struct attack *);

/* The names are those of the interfaces and the configuration of the test. */
static const struct attack attacks[] = {
	{ "good-prepare", PRIV, a_prepare, "tap0", "vm0", 0, "default",
	    "172.16.0.2/31", NULL },
	{ "good-store", PARENT, a_store, NULL, "vm0", 0, "default",
	    "172.16.0.2/31", "172.16.0.3" },
	{ "good-store-wide", PARENT, a_store, NULL, "wide", 0, "wide",
	    "10.78.0.0/29", "10.78.0.2" },
	/* Of before the start: that and nothing else. */
	{ "kept-other-guest", PRIV, a_prepare, "tap9", "old", 0, "gone",
	    "10.79.0.0/29", "10.79.0.3" },
	{ "good-kept", PRIV, a_prepare, "tap9", "old", 0, "gone",
	    "10.79.0.0/29", "10.79.0.2" },

	{ "port-again", PRIV, a_prepare_again, "tap1", "vm1", 0, "default",
	    "172.16.0.4/31", NULL },
	{ "tap-in-use", PRIV, a_prepare, "tap0", "vm0", 0, "default",
	    "172.16.0.4/31", NULL },
	{ "subnet-in-use", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "172.16.0.2/31", NULL },
	{ "other-vm", PRIV, a_prepare, "tap1", "vm0", 0, "default",
	    "172.16.0.4/31", NULL },
	{ "other-interface", PRIV, a_prepare, "tap1", "vm1", 1, "default",
	    "172.16.0.4/31", NULL },
	{ "interface-256", PRIV, a_prepare, "tap1", "vm1", 256, "default",
	    "172.16.0.4/31", NULL },
	{ "outside", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "10.0.0.0/31", NULL },
	{ "next-to-pool", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "172.16.1.0/31", NULL },
	{ "whole-pool", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "172.16.0.0/24", NULL },
	{ "two-subnets", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "172.16.0.4/30", NULL },
	{ "half-subnet", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "172.16.0.4/32", NULL },
	{ "everything", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "0.0.0.0/0", NULL },
	{ "length-33", PRIV, a_prepare_length, "tap1", "vm1", 33, "default",
	    "172.16.0.4/31", NULL },
	{ "length-max", PRIV, a_prepare_length, "tap1", "vm1", UINT32_MAX,
	    "default", "172.16.0.4/31", NULL },
	{ "length-256", PRIV, a_prepare_length, "tap1", "vm1", 256 + 31,
	    "default", "172.16.0.4/31", NULL },
	{ "other-guest", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "172.16.0.4/31", "172.16.0.99" },
	{ "odd-subnet", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "172.16.0.5/31", NULL },
	{ "network-address", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "172.16.0.0/31", NULL },
	{ "broadcast-address", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "172.16.0.254/31", NULL },
	{ "excluded", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "172.16.0.64/31", NULL },
	{ "other-pool", PRIV, a_prepare, "tap1", "vm1", 0, "backend",
	    "10.77.0.0/30", NULL },
	{ "wrong-pool", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "10.77.0.0/30", NULL },
	{ "no-pool", PRIV, a_prepare, "tap1", "vm1", 0, "",
	    "172.16.0.4/31", NULL },
	{ "reserved", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "172.16.0.100/31", NULL },
	{ "not-its-address", PRIV, a_prepare, "tap2", "fixed", 0, "default",
	    "172.16.0.4/31", NULL },
	{ "address-elsewhere", PRIV, a_prepare, "tap2", "fixed", 0, "default",
	    "172.16.0.4/31", "172.16.0.101" },
	{ "ignored-vm", PRIV, a_prepare, "tap3", "shun", 0, "default",
	    "172.16.0.4/31", NULL },
	{ "bridge-port", PRIV, a_prepare, "tap4", "vm4", 0, "default",
	    "172.16.0.4/31", NULL },
	{ "foreign-address", PRIV, a_prepare, "tap5", "vm5", 0, "default",
	    "172.16.0.4/31", NULL },
	{ "take-foreign", PRIV, a_prepare, "tap5", "vm5", 0, "default",
	    "192.0.2.0/24", NULL },
	{ "drop-foreign", PRIV, a_withdraw_last, NULL, NULL, 0, NULL, NULL,
	    NULL },
	{ "tap-of-other-pool", PRIV, a_prepare, "tap6", "other", 0, "default",
	    "172.16.0.4/31", NULL },
	{ "running-vm", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "172.16.0.200/31", NULL },
	{ "host-network", PRIV, a_prepare, "tap1", "vm1", 0, "default",
	    "172.16.0.134/31", NULL },
	{ "no-description", PRIV, a_prepare, "tap8", "", 0, "default",
	    "172.16.0.4/31", NULL },
	{ "not-a-tap", PRIV, a_prepare, "host0", "vm9", 0, "default",
	    "172.16.0.4/31", NULL },
	{ "loopback", PRIV, a_prepare, "lo", "vm1", 0, "default",
	    "172.16.0.4/31", NULL },
	{ "no-interface", PRIV, a_prepare, NULL, "vm1", 0, "default",
	    "172.16.0.4/31", NULL },
	{ "unended", PRIV, a_prepare_unended, "tap1", "vm1", 0, "default",
	    "172.16.0.4/31", NULL },

	{ "withdraw-unknown", PRIV, a_withdraw, NULL, NULL, 0, NULL, NULL,
	    NULL },
	{ "raise-ignored", PRIV, a_raise, "tap3", "shun", 0, NULL, NULL,
	    NULL },
	{ "raise-other-vm", PRIV, a_raise, "tap8", "vm1", 0, NULL, NULL,
	    NULL },
	{ "raise-not-a-tap", PRIV, a_raise, "down0", "vm9", 0, NULL, NULL,
	    NULL },
	{ "raise-bridge-port", PRIV, a_raise, "tap4", "vm4", 0, NULL, NULL,
	    NULL },
	{ "raise-no-pool", PRIV, a_raise, "tap10", "poolless", 0, NULL, NULL,
	    NULL },
	{ "raise-unended", PRIV, a_raise_unended, "tap8", "vm1", 0, NULL,
	    NULL, NULL },
	{ "confine-ignored", PRIV, a_confine, "tap3", "shun", 0, NULL, NULL,
	    NULL },
	{ "confine-other-vm", PRIV, a_confine, "tap8", "vm1", 0, NULL, NULL,
	    NULL },
	{ "confine-not-a-tap", PRIV, a_confine, "host0", "vm9", 0, NULL, NULL,
	    NULL },
	{ "confine-bridge-port", PRIV, a_confine, "tap4", "vm4", 0, NULL,
	    NULL, NULL },
	{ "confine-other-port", PRIV, a_confine_other, "tap8", "vm1", 0, NULL,
	    NULL, NULL },
	{ "lengths", PRIV, a_lengths, NULL, NULL, 0, NULL, NULL, NULL },
	{ "unknown", PRIV, a_unknown, NULL, NULL, 0, NULL, NULL, NULL },

	{ "store-outside", PARENT, a_store, NULL, "vm1", 0, "default",
	    "10.0.0.0/31", "10.0.0.1" },
	{ "store-no-pool", PARENT, a_store, NULL, "vm1", 0, "nowhere",
	    "172.16.0.4/31", "172.16.0.5" },
	{ "store-other-pool", PARENT, a_store, NULL, "vm1", 0, "backend",
	    "10.77.0.0/30", "10.77.0.2" },
	{ "store-length", PARENT, a_store, NULL, "vm1", 0, "default",
	    "172.16.0.4/30", "172.16.0.6" },
	{ "store-in-use", PARENT, a_store, NULL, "vm1", 0, "default",
	    "172.16.0.2/31", "172.16.0.3" },
	{ "store-odd", PARENT, a_store, NULL, "vm1", 0, "default",
	    "172.16.0.5/31", "172.16.0.5" },
	{ "store-network", PARENT, a_store, NULL, "vm1", 0, "default",
	    "172.16.0.0/31", "172.16.0.1" },
	{ "store-excluded", PARENT, a_store, NULL, "vm1", 0, "default",
	    "172.16.0.64/31", "172.16.0.65" },
	{ "store-reserved", PARENT, a_store, NULL, "vm1", 0, "default",
	    "172.16.0.100/31", "172.16.0.101" },
	{ "store-not-its-address", PARENT, a_store, NULL, "fixed", 0,
	    "default", "172.16.0.4/31", "172.16.0.5" },
	{ "store-ignored", PARENT, a_store, NULL, "shun", 0, "default",
	    "172.16.0.4/31", "172.16.0.5" },
	{ "store-host-for-guest", PARENT, a_store, NULL, "vm1", 0, "default",
	    "172.16.0.4/31", "172.16.0.4" },
	{ "store-guest-outside", PARENT, a_store, NULL, "vm1", 0, "default",
	    "172.16.0.4/31", "172.16.0.9" },
	{ "store-bad-name", PARENT, a_store, NULL, "vm 1\nlease x", 0,
	    "default", "172.16.0.4/31", "172.16.0.5" },
	{ "store-no-name", PARENT, a_store, NULL, "", 0, "default",
	    "172.16.0.4/31", "172.16.0.5" },
	{ "store-unended", PARENT, a_store_unended, NULL, "vm1", 0, "default",
	    "172.16.0.4/31", "172.16.0.5" },
	{ "store-state", PARENT, a_store_state, NULL, "vm1", 0, "default",
	    "172.16.0.4/31", "172.16.0.5" },
	{ "store-op", PARENT, a_store_op, NULL, "vm1", 0, "default",
	    "172.16.0.4/31", "172.16.0.5" },
	{ "note-moves", PARENT, a_store_note, NULL, "vm0", 0, "default",
	    "172.16.0.4/31", "172.16.0.5" },
	{ "note-pool", PARENT, a_store_note, NULL, "vm0", 0, "backend",
	    "172.16.0.2/31", "172.16.0.3" },
	{ "note-guest", PARENT, a_store_note, NULL, "vm0", 0, "default",
	    "172.16.0.2/31", "172.16.0.2" },
	{ "note-other-guest", PARENT, a_store_note, NULL, "wide", 0, "wide",
	    "10.78.0.0/29", "10.78.0.3" },
	{ "note-unknown", PARENT, a_store_note, NULL, "vm1", 0, "default",
	    "172.16.0.4/31", "172.16.0.5" },
	{ "conf-done", PARENT, a_conf_done, NULL, NULL, 0, NULL, NULL, NULL },
	{ "reload", PARENT, a_reload, NULL, NULL, 0, NULL, NULL, NULL },
	{ "log", PARENT, a_log, NULL, NULL, 0, NULL, NULL, NULL },
	{ "parent-lengths", PARENT, a_lengths, NULL, NULL, 0, NULL, NULL,
	    NULL },
	{ "parent-unknown", PARENT, a_unknown, NULL, NULL, 0, NULL, NULL,
	    NULL },
	{ "flood", PRIV, a_flood, "tap3", "shun", 0, NULL, NULL, NULL },
	{ "parent-flood", PARENT, a_flood_parent, NULL, "vm1", 0, "nowhere",
	    "172.16.0.4/31", "172.16.0.5" },
	{ "over", PRIV, NULL, NULL, NULL, 0, NULL, NULL, NULL },
	/* Asked for by a client, as it is the end of priv. */
	{ "garbage", PRIV, a_garbage, NULL, NULL, 0, NULL, NULL, NULL }
};

#define NATTACKS	(sizeof(attacks) / sizeof(attacks[0]))
#define MAXIFS		64

static struct channel	 parent, frontend, priv;
static struct interface	 ifs[MAXIFS];
static size_t		 nifs;
static size_t		 current;	/* attack */
static uint32_t		 last_port;
static char		 outcome[256];
static struct event	 wait_ev;

void
engine_main(void)
{
	process_init(ROLE_ENGINE, &parent, from_parent);
	evtimer_set(&wait_ev, waited, NULL);
	sandbox_enter(ROLE_ENGINE, NULL);
	event_dispatch();
}

/* --- what the others say --------------------------------------------------- */

static void
from_parent(struct channel *ch, struct imsg *imsg)
{
	const struct timeval	 soon = { 0, 30000 };
	struct msg_stored	 msg;

	switch (imsg_get_type(imsg)) {
	case IMSG_CHANNEL:
		open_channel(imsg);
		break;
	case IMSG_LEASES_END:
		channel_send(&parent, IMSG_CONF_DONE, 0, -1, NULL, 0);
		channel_send(&frontend, IMSG_WATCH, 0, -1, NULL, 0);
		break;
	case IMSG_STORED:
		if (!message_get(ch, imsg, &msg, sizeof(msg)))
			break;
		if (msg.seq == SYNC_SEQ)
			evtimer_add(&wait_ev, &soon);
		else
			result(msg.ok ? "DONE" : msg.reason);
		break;
	}
}

static void
open_channel(struct imsg *imsg)
{
	struct msg_channel	 msg;
	int			 fd;

	if (!message_get(&parent, imsg, &msg, sizeof(msg)) ||
	    (fd = imsg_get_fd(imsg)) == -1)
		fatalx("no channel");
	if (msg.role == ROLE_FRONTEND)
		channel_open(&frontend, fd, ROLE_FRONTEND, from_frontend,
		    process_closed);
	else
		channel_open(&priv, fd, ROLE_PRIV, from_priv, process_closed);
	if (frontend.peer != NULL && priv.peer != NULL)
		sandbox_started(ROLE_ENGINE);
}

static void
from_frontend(struct channel *ch, struct imsg *imsg)
{
	struct ctl_end	 end;
	uint32_t	 type = imsg_get_type(imsg);

	switch (type) {
	case IMSG_INTERFACE:
		note_interface(imsg);
		break;
	case IMSG_SCANNED:
		attacks[current].run(&attacks[current]);
		sync_with(attacks[current].where);
		break;
	case CTL_RELEASE:
		a_garbage(NULL);
		/* FALLTHROUGH */
	default:
		if (type >= CTL_LEASE)
			break;
		memset(&end, 0, sizeof(end));
		end.ok = 1;
		channel_send(&frontend, CTL_END, imsg_get_id(imsg), -1, &end,
		    sizeof(end));
		break;
	}
}

static void
note_interface(struct imsg *imsg)
{
	struct msg_interface	 msg;
	struct ibuf		 buf;

	if (nifs < MAXIFS && imsg_get_ibuf(imsg, &buf) == 0 &&
	    ibuf_get(&buf, &msg, sizeof(msg)) == 0)
		ifs[nifs++] = msg.ifc;
}

static void
from_priv(struct channel *ch, struct imsg *imsg)
{
	struct msg_prepared	 msg;

	if (imsg_get_type(imsg) != IMSG_PREPARED ||
	    !message_get(ch, imsg, &msg, sizeof(msg)))
		return;
	if (msg.port == SYNC_PORT)
		next();
	else
		result(msg.ok ? "DONE" : msg.reason);
}

static uint32_t
index_of(const char *name)
{
	size_t	 i;

	if (name == NULL)
		return NO_IFINDEX;
	for (i = nifs; i-- > 0;)
		if (strcmp(ifs[i].name, name) == 0)
			return ifs[i].index;
	log_warnx("evil: no interface %s: the test is wrong", name);
	return NO_IFINDEX;
}

/* --- one after the other --------------------------------------------------- */

static void
result(const char *text)
{
	strlcpy(outcome, text, sizeof(outcome));
}

/* What was asked before has been dealt with when this is answered. */
static void
sync_with(enum where where)
{
	struct msg_prepare	 prep;
	struct msg_store	 store;

	if (where == PRIV) {
		memset(&prep, 0, sizeof(prep));
		prep.port = SYNC_PORT;
		prep.ifindex = NO_IFINDEX;
		channel_send(&priv, IMSG_PREPARE, 0, -1, &prep, sizeof(prep));
		return;
	}
	memset(&store, 0, sizeof(store));
	store.op = LEASE_STORE;
	store.seq = SYNC_SEQ;
	channel_send(&parent, IMSG_STORE, 0, -1, &store, sizeof(store));
}

/* The answer to what is taken comes after that to what is refused. */
static void
waited(int fd, short events, void *arg)
{
	next();
}

static void
next(void)
{
	log_info("evil: %s: %s", attacks[current].name,
	    outcome[0] == '\0' ? "-" : outcome);
	outcome[0] = '\0';
	if (attacks[++current].run == NULL) {
		log_info("evil: over");
		return;
	}
	attacks[current].run(&attacks[current]);
	sync_with(attacks[current].where);
}

/* --- attacks on priv ------------------------------------------------------- */

static void
fill_prepare(struct msg_prepare *msg, const struct attack *a)
{
	struct prefix	 subnet;
	char		*slash, text[32];

	/* An address within its network is no prefix to the parser. */
	strlcpy(text, a->subnet, sizeof(text));
	if ((slash = strchr(text, '/')) == NULL)
		fatalx("%s", text);
	*slash++ = '\0';
	if (addr_parse(text, &subnet.addr) == -1)
		fatalx("%s", text);
	memset(msg, 0, sizeof(*msg));
	msg->port = ++last_port;
	msg->ifindex = index_of(a->tap);
	msg->ifn = a->ifn;
	msg->subnet = subnet.addr;
	msg->plen = atoi(slash);
	subnet.len = msg->plen;
	msg->guest = subnet_guest(&subnet);
	if (a->guest != NULL && addr_parse(a->guest, &msg->guest) == -1)
		fatalx("%s", a->guest);
	strlcpy(msg->vm, a->vm, sizeof(msg->vm));
	strlcpy(msg->pool, a->pool, sizeof(msg->pool));
}

static void
a_prepare(const struct attack *a)
{
	struct msg_prepare	 msg;

	fill_prepare(&msg, a);
	channel_send(&priv, IMSG_PREPARE, 0, -1, &msg, sizeof(msg));
}

static void
a_prepare_again(const struct attack *a)
{
	struct msg_prepare	 msg;

	fill_prepare(&msg, a);
	msg.port = 1;		/* that of the good one */
	channel_send(&priv, IMSG_PREPARE, 0, -1, &msg, sizeof(msg));
}

static void
a_prepare_unended(const struct attack *a)
{
	struct msg_prepare	 msg;

	fill_prepare(&msg, a);
	memset(msg.vm, 'v', sizeof(msg.vm));
	channel_send(&priv, IMSG_PREPARE, 0, -1, &msg, sizeof(msg));
	fill_prepare(&msg, a);
	memset(msg.pool, 'p', sizeof(msg.pool));
	channel_send(&priv, IMSG_PREPARE, 0, -1, &msg, sizeof(msg));
}

/* The length is in ifn. */
static void
a_prepare_length(const struct attack *a)
{
	struct msg_prepare	 msg;

	fill_prepare(&msg, a);
	msg.ifn = 0;
	msg.plen = a->ifn;
	channel_send(&priv, IMSG_PREPARE, 0, -1, &msg, sizeof(msg));
}

static void
a_withdraw(const struct attack *a)
{
	struct msg_withdraw	 msg = { 4711, 1 };

	channel_send(&priv, IMSG_WITHDRAW, 0, -1, &msg, sizeof(msg));
}

/* What was refused a moment ago. */
static void
a_withdraw_last(const struct attack *a)
{
	struct msg_withdraw	 msg = { last_port, 1 };

	channel_send(&priv, IMSG_WITHDRAW, 0, -1, &msg, sizeof(msg));
}

static void
fill_raise(struct msg_raise *msg, const struct attack *a)
{
	memset(msg, 0, sizeof(*msg));
	msg->ifindex = index_of(a->tap);
	msg->ifn = a->ifn;
	strlcpy(msg->vm, a->vm, sizeof(msg->vm));
}

static void
a_raise(const struct attack *a)
{
	struct msg_raise	 msg;

	fill_raise(&msg, a);
	channel_send(&priv, IMSG_RAISE, 0, -1, &msg, sizeof(msg));
}

static void
a_raise_unended(const struct attack *a)
{
	struct msg_raise	 msg;

	fill_raise(&msg, a);
	memset(msg.vm, 'v', sizeof(msg.vm));
	channel_send(&priv, IMSG_RAISE, 0, -1, &msg, sizeof(msg));
}

static void
send_confine(const struct attack *a, uint32_t port)
{
	struct msg_confine	 msg;

	memset(&msg, 0, sizeof(msg));
	msg.port = port;
	msg.ifindex = index_of(a->tap);
	msg.ifn = a->ifn;
	strlcpy(msg.vm, a->vm, sizeof(msg.vm));
	channel_send(&priv, IMSG_CONFINE, 0, -1, &msg, sizeof(msg));
}

static void
a_confine(const struct attack *a)
{
	send_confine(a, ++last_port);
}

/* Another tap by the number of the good one. */
static void
a_confine_other(const struct attack *a)
{
	send_confine(a, 1);
}

/* As much as there is room for in the log, and more. */
static void
a_flood(const struct attack *a)
{
	int	 i;

	for (i = 0; i < FLOOD; i++) {
		a_raise(a);
		a_raise_unended(a);
		a_confine_other(a);
		channel_send(&priv, IMSG_LOOK, 0, -1, NULL, 0);
		channel_send(&priv, IMSG_PORT, 0, -1, NULL, 0);
	}
}

/* --- attacks on both ------------------------------------------------------- */

static struct channel *
victim(const struct attack *a)
{
	return a->where == PRIV ? &priv : &parent;
}

/* Every length but the right one, of every type there is. */
static void
a_lengths(const struct attack *a)
{
	static uint8_t	 rubbish[BIG];
	const size_t	 lens[] = { 0, 1, 4, 7, 8, 63, 64, 200, 1000, BIG };
	uint32_t	 type;
	size_t		 i;

	for (i = 0; i < sizeof(rubbish); i++)
		rubbish[i] = i * 7;
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (type = IMSG_FIRST; type <= IMSG_PORT_CLOSE; type++) {
			/* What the parent takes of it without content. */
			if (a->where == PARENT && type == IMSG_CONF_DONE)
				continue;
			/* This number is a message: withdraw nothing. */
			if (a->where == PRIV && type == IMSG_WITHDRAW &&
			    lens[i] == sizeof(struct msg_withdraw))
				continue;
			channel_send(victim(a), type, 0, -1, rubbish,
			    lens[i]);
		}
}

/* Types that nobody knows, with descriptors that nobody asked for. */
static void
a_unknown(const struct attack *a)
{
	const uint32_t	 types[] = {
		0, 1, CTL_END, 99, IMSG_PORT_CLOSE + 100, 65535, 0x7fffffffU,
		UINT32_MAX
	};
	size_t		 i;
	int		 fd;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		fd = dup(STDERR_FILENO);
		channel_send(victim(a), types[i], UINT32_MAX, fd, "rubbish",
		    8);
	}
}

/* A header that cannot be: the end of the channel, and of the daemon. */
static void
a_garbage(const struct attack *a)
{
	static uint8_t	 rubbish[64];

	memset(rubbish, 0xff, sizeof(rubbish));
	if (write(priv.ibuf.fd, rubbish, sizeof(rubbish)) == -1)
		log_warn("evil: garbage");
}

/* --- attacks on the lease file --------------------------------------------- */

static void
fill_store(struct msg_store *msg, const struct attack *a)
{
	struct msg_prepare	 prep;

	fill_prepare(&prep, a);
	memset(msg, 0, sizeof(*msg));
	msg->op = LEASE_STORE;
	msg->seq = last_port;
	strlcpy(msg->record.vm, a->vm, sizeof(msg->record.vm));
	strlcpy(msg->record.pool, a->pool, sizeof(msg->record.pool));
	msg->record.ifn = a->ifn;
	msg->record.subnet = prep.subnet;
	msg->record.plen = prep.plen;
	msg->record.state = LEASE_READY;
	if (addr_parse(a->guest, &msg->record.guest) == -1)
		fatalx("%s", a->guest);
}

static void
a_store(const struct attack *a)
{
	struct msg_store	 msg;

	fill_store(&msg, a);
	channel_send(&parent, IMSG_STORE, 0, -1, &msg, sizeof(msg));
}

static void
a_flood_parent(const struct attack *a)
{
	int	 i;

	for (i = 0; i < FLOOD; i++) {
		a_store(a);
		channel_send(&parent, IMSG_STORE, 0, -1, NULL, 0);
		channel_send(&parent, IMSG_PORT, 0, -1, NULL, 0);
	}
}

static void
a_store_note(const struct attack *a)
{
	struct msg_store	 msg;

	fill_store(&msg, a);
	msg.op = LEASE_NOTE;
	channel_send(&parent, IMSG_STORE, 0, -1, &msg, sizeof(msg));
}

static void
a_store_unended(const struct attack *a)
{
	struct msg_store	 msg;

	fill_store(&msg, a);
	memset(msg.record.vm, 'v', sizeof(msg.record.vm));
	channel_send(&parent, IMSG_STORE, 0, -1, &msg, sizeof(msg));
	fill_store(&msg, a);
	memset(msg.record.pool, 'p', sizeof(msg.record.pool));
	channel_send(&parent, IMSG_STORE, 0, -1, &msg, sizeof(msg));
	fill_store(&msg, a);
	memset(msg.record.hostname, 'h', sizeof(msg.record.hostname));
	channel_send(&parent, IMSG_STORE, 0, -1, &msg, sizeof(msg));
}

static void
a_store_op(const struct attack *a)
{
	struct msg_store	 msg;

	fill_store(&msg, a);
	msg.op = LEASE_FORGET + 1;
	channel_send(&parent, IMSG_STORE, 0, -1, &msg, sizeof(msg));
	msg.op = UINT32_MAX;
	channel_send(&parent, IMSG_STORE, 0, -1, &msg, sizeof(msg));
}

static void
a_store_state(const struct attack *a)
{
	struct msg_store	 msg;

	fill_store(&msg, a);
	msg.record.state = 77;
	channel_send(&parent, IMSG_STORE, 0, -1, &msg, sizeof(msg));
	fill_store(&msg, a);
	msg.record.has_lladdr = 2;
	channel_send(&parent, IMSG_STORE, 0, -1, &msg, sizeof(msg));
	fill_store(&msg, a);
	msg.record.since = -1;
	channel_send(&parent, IMSG_STORE, 0, -1, &msg, sizeof(msg));
}

/* --- what is not the engine's to ask --------------------------------------- */

static void
a_conf_done(const struct attack *a)
{
	channel_send(&parent, IMSG_CONF_DONE, 0, -1, NULL, 0);
}

static void
a_reload(const struct attack *a)
{
	channel_send(&parent, IMSG_RELOAD, 1, -1, NULL, 0);
}

static void
a_log(const struct attack *a)
{
	int32_t	 brief = 0;

	channel_send(&parent, IMSG_LOG, 0, -1, &brief, sizeof(brief));
}

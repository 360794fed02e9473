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
#include <sys/uio.h>

#include <event.h>
#include <imsg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "confsend.h"
#include "engine.h"
#include "hostaddr.h"
#include "log.h"
#include "message.h"
#include "process.h"

/*
 * The engine decides everything and can do nothing by itself: it has no
 * privilege, no file and no descriptor but its channels.
 */

static void	 engine_dispatch_parent(struct channel *, struct imsg *);
static void	 engine_dispatch_frontend(struct channel *, struct imsg *);
static void	 engine_dispatch_priv(struct channel *, struct imsg *);
static void	 engine_connect(struct imsg *);
static void	 engine_configure(struct conf *);
static void	 engine_start(void);
static void	 receive_leases(struct channel *, struct imsg *);
static void	 receive_interface(struct channel *, struct imsg *);
static bool	 interface_valid(const struct interface *,
		    const struct prefix *, size_t);
static bool	 is_bool(const bool *);
static void	 receive_departed(struct channel *, struct imsg *);
static void	 receive_frame(struct channel *, struct imsg *);
static void	 receive_request(struct channel *, struct imsg *);
static void	 receive_stored(struct channel *, struct imsg *);
static void	 receive_prepared(struct channel *, struct imsg *);
static void	 receive_text(struct channel *, struct imsg *);
static void	 receive_looked(struct channel *, struct imsg *);
static void	 monitor_event(enum ctl_event_type, struct ctl_event *);
static void	 journal(void *, enum lease_op, const struct lease_record *);

struct conf		*conf;
struct leases		 leases;
struct stats		 stats;

static struct channel	 parent, frontend, priv;
static uint32_t		 seq;
static uint32_t		 nmonitors;
static bool		 started;
static bool		 holding, held;		/* notes of a busy guest */

void
engine_main(void)
{
	process_init(ROLE_ENGINE, &parent, engine_dispatch_parent);
	leases_init(&leases, journal, NULL);
	taps_init();
	sandbox_enter(ROLE_ENGINE, NULL);
	event_dispatch();
}

int64_t
now(void)
{
	return time(NULL);
}

/* --- from the parent ------------------------------------------------------ */

static void
engine_dispatch_parent(struct channel *ch, struct imsg *imsg)
{
	struct conf	*new;
	int32_t		 verbose;

	switch (imsg_get_type(imsg)) {
	case IMSG_CHANNEL:
		engine_connect(imsg);
		break;
	case IMSG_VERBOSE:
		if (message_get(ch, imsg, &verbose, sizeof(verbose)))
			log_setverbose(verbose);
		break;
	case IMSG_CONF_BEGIN:
	case IMSG_CONF_POOL:
	case IMSG_CONF_VM:
	case IMSG_CONF_END:
		if ((new = conf_receive(ch, imsg)) != NULL)
			engine_configure(new);
		break;
	case IMSG_LEASES:
		receive_leases(ch, imsg);
		break;
	case IMSG_LEASES_END:
		engine_start();
		break;
	case IMSG_STORED:
		receive_stored(ch, imsg);
		break;
	default:
		log_refused("%s sent unknown message %u: ignored", ch->peer,
		    imsg_get_type(imsg));
		break;
	}
}

static void
engine_connect(struct imsg *imsg)
{
	struct msg_channel	 msg;
	int			 fd;

	if (!message_get(&parent, imsg, &msg, sizeof(msg)) ||
	    (fd = imsg_get_fd(imsg)) == -1)
		fatalx("channel from the parent without a descriptor");
	if (msg.role == ROLE_FRONTEND)
		channel_open(&frontend, fd, ROLE_FRONTEND,
		    engine_dispatch_frontend, process_closed);
	else
		channel_open(&priv, fd, ROLE_PRIV, engine_dispatch_priv,
		    process_closed);
	if (frontend.peer != NULL && priv.peer != NULL)
		sandbox_started(ROLE_ENGINE);
}

static void
engine_configure(struct conf *new)
{
	if (leases_configure(&leases, new) == -1)
		fatal("configuration");
	conf_free(conf);
	conf = new;
	if (started) {
		taps_configured();
		send_event(EVENT_RELOAD, NULL);
		channel_send(&parent, IMSG_CONF_DONE, 0, -1, NULL, 0);
	}
}

/* The leases of the file arrive once, after the first configuration. */
static void
receive_leases(struct channel *ch, struct imsg *imsg)
{
	struct lease_record	 record;
	struct ibuf		 buf;

	if (started || conf == NULL)
		fatalx("leases at the wrong time");
	if (imsg_get_ibuf(imsg, &buf) == -1)
		fatal("no leases in what %s sent", ch->peer);
	while (ibuf_size(&buf) > 0) {
		if (lease_unpack(&buf, &record) == -1)
			fatalx("malformed leases from %s", ch->peer);
		if (leases_restore(&leases, &record) == -1)
			log_warnx("lease of %s interface %u cannot be taken "
			    "over", record.vm, record.ifn);
	}
}

static void
engine_start(void)
{
	/* Once more, for the leases that came after it. */
	if (leases_configure(&leases, conf) == -1)
		fatal("leases");
	started = true;
	channel_send(&frontend, IMSG_WATCH, 0, -1, NULL, 0);
}

static void
receive_stored(struct channel *ch, struct imsg *imsg)
{
	struct msg_stored	 msg;

	if (!message_get(ch, imsg, &msg, sizeof(msg)))
		return;
	msg.reason[sizeof(msg.reason) - 1] = '\0';
	tap_stored(msg.seq, msg.ok ? NULL : msg.reason);
}

static void
journal(void *arg, enum lease_op op, const struct lease_record *record)
{
	struct msg_store	 msg;

	if (holding && op == LEASE_NOTE) {
		held = true;
		return;
	}
	memset(&msg, 0, sizeof(msg));
	msg.op = op;
	msg.seq = ++seq;
	msg.record = *record;
	channel_send(&parent, IMSG_STORE, 0, -1, &msg, sizeof(msg));
}

bool
notes_hold(bool hold)
{
	bool	 were = held;

	holding = hold;
	held = false;
	return were;
}

uint32_t
store_seq(void)
{
	return seq;
}

/* --- from the frontend ---------------------------------------------------- */

static void
engine_dispatch_frontend(struct channel *ch, struct imsg *imsg)
{
	struct stats	 counted;
	size_t		 i;

	switch (imsg_get_type(imsg)) {
	case IMSG_INTERFACE:
		receive_interface(ch, imsg);
		break;
	case IMSG_DEPARTED:
		receive_departed(ch, imsg);
		break;
	case IMSG_SCANNED:
		if (taps_scanned())
			channel_send(&parent, IMSG_CONF_DONE, 0, -1, NULL, 0);
		break;
	case IMSG_MONITORS:
		(void)message_get(ch, imsg, &nmonitors, sizeof(nmonitors));
		break;
	case IMSG_STATS:
		if (!message_get(ch, imsg, &counted, sizeof(counted)))
			break;
		/* Each reason is counted by one of the two processes. */
		for (i = 0; i < DROP_MAX; i++)
			if (counted.dropped[i] != 0)
				stats.dropped[i] = counted.dropped[i];
		break;
	case IMSG_FRAME:
		receive_frame(ch, imsg);
		break;
	default:
		receive_request(ch, imsg);
		break;
	}
}

static void
receive_interface(struct channel *ch, struct imsg *imsg)
{
	struct msg_interface	 msg;
	struct interface	 ifc;
	struct ibuf		 buf;
	size_t			 len;

	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &msg, sizeof(msg)) == -1 ||
	    msg.ifc.naddr > INTERFACE_MAXADDR ||
	    (len = msg.ifc.naddr * sizeof(*ifc.addr)) != ibuf_size(&buf) ||
	    !interface_valid(&msg.ifc, ibuf_data(&buf), msg.ifc.naddr)) {
		log_refused("%s sent a malformed interface: ignored",
		    ch->peer);
		return;
	}
	ifc = msg.ifc;
	if ((ifc.addr = malloc(len > 0 ? len : 1)) == NULL)
		fatal("interface");
	memcpy(ifc.addr, ibuf_data(&buf), len);
	if (hostaddr_set(ifc.index, ifc.name, ifc.rdomain, ifc.addr,
	    ifc.naddr) == -1)
		fatal("interface");
	if (ifc.tap)
		tap_seen(&ifc);
	free(ifc.addr);
}

/* What the frontend says is not to be believed, nor used as it is. */
static bool
interface_valid(const struct interface *ifc, const struct prefix *addr,
    size_t naddr)
{
	struct prefix	 prefix;
	size_t		 i;

	if (!message_string(ifc->name, sizeof(ifc->name)) ||
	    !message_string(ifc->descr, sizeof(ifc->descr)) ||
	    !is_bool(&ifc->tap) || !is_bool(&ifc->up) || !is_bool(&ifc->link))
		return false;
	for (i = 0; i < naddr; i++) {
		memcpy(&prefix, &addr[i], sizeof(prefix));
		if (prefix.len > 32)
			return false;
	}
	return true;
}

static bool
is_bool(const bool *b)
{
	uint8_t	 byte;

	memcpy(&byte, b, sizeof(byte));
	return byte <= 1;
}

static void
receive_departed(struct channel *ch, struct imsg *imsg)
{
	uint32_t	 ifindex;

	if (!message_get(ch, imsg, &ifindex, sizeof(ifindex)))
		return;
	hostaddr_remove(ifindex);
	tap_departed(ifindex);
}

static void
receive_frame(struct channel *ch, struct imsg *imsg)
{
	struct msg_frame	 msg;
	struct ibuf		 buf;

	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &msg, sizeof(msg)) == -1 ||
	    ibuf_size(&buf) > FRAME_MAX) {
		log_refused("%s sent a malformed frame: ignored", ch->peer);
		return;
	}
	tap_frame(msg.port, ibuf_data(&buf), ibuf_size(&buf), msg.flags);
}

static void
receive_request(struct channel *ch, struct imsg *imsg)
{
	struct ctl_request	 req;
	uint32_t		 type = imsg_get_type(imsg);

	if (type >= CTL_LEASE) {
		log_refused("%s sent unknown message %u: ignored", ch->peer,
		    type);
		return;
	}
	if (!message_get(ch, imsg, &req, sizeof(req)))
		return;
	if (!message_string(req.vm, sizeof(req.vm)) ||
	    !message_string(req.cursor.vm, sizeof(req.cursor.vm))) {
		log_refused("%s sent text without an end: ignored", ch->peer);
		return;
	}
	show(imsg_get_id(imsg), type, &req);
}

void
send_item(uint32_t client, uint32_t type, const void *data, size_t len)
{
	channel_send(&frontend, type, client, -1, data, len);
}

static void
monitor_event(enum ctl_event_type type, struct ctl_event *event)
{
	event->when = now();
	event->type = type;
	send_item(0, CTL_EVENT, event, sizeof(*event));
}

void
send_event(enum ctl_event_type type, const struct tap *tap)
{
	struct ctl_event	 event;

	if (nmonitors == 0)
		return;
	memset(&event, 0, sizeof(event));
	if (tap != NULL)
		show_fill_tap(tap, &event.lease);
	monitor_event(type, &event);
}

void
send_lease_event(enum ctl_event_type type, const struct lease *lease)
{
	struct ctl_event	 event;

	if (nmonitors == 0)
		return;
	memset(&event, 0, sizeof(event));
	show_fill_lease(lease, &event.lease);
	monitor_event(type, &event);
}

void
send_frame(uint32_t port, const uint8_t *frame, size_t len)
{
	struct msg_frame	 msg = { port, 0 };
	struct iovec		 iov[2];

	iov[0].iov_base = &msg;
	iov[0].iov_len = sizeof(msg);
	iov[1].iov_base = (void *)(uintptr_t)frame;
	iov[1].iov_len = len;
	channel_sendv(&frontend, IMSG_FRAME, 0, iov, 2);
}

/* --- priv ----------------------------------------------------------------- */

static void
engine_dispatch_priv(struct channel *ch, struct imsg *imsg)
{
	int32_t	 ok;

	switch (imsg_get_type(imsg)) {
	case IMSG_PREPARED:
		receive_prepared(ch, imsg);
		break;
	case IMSG_TEXT:
		receive_text(ch, imsg);
		break;
	case IMSG_TEXT_END:
		if (message_get(ch, imsg, &ok, sizeof(ok)))
			show_answered(imsg_get_id(imsg), ok);
		break;
	case IMSG_LOOKED:
		receive_looked(ch, imsg);
		break;
	default:
		log_refused("%s sent unknown message %u: ignored", ch->peer,
		    imsg_get_type(imsg));
		break;
	}
}

/* A line of an answer that only priv can give. */
static void
receive_text(struct channel *ch, struct imsg *imsg)
{
	struct ibuf	 buf;

	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_size(&buf) > CTL_TEXTLEN ||
	    !message_string(ibuf_data(&buf), ibuf_size(&buf))) {
		log_refused("%s sent malformed text: ignored", ch->peer);
		return;
	}
	show_text(imsg_get_id(imsg), ibuf_data(&buf));
}

static void
receive_prepared(struct channel *ch, struct imsg *imsg)
{
	struct msg_prepared	 msg;

	if (!message_get(ch, imsg, &msg, sizeof(msg)))
		return;
	msg.reason[sizeof(msg.reason) - 1] = '\0';
	tap_prepared(msg.port, msg.ok, msg.lladdr, msg.reason);
}

static void
receive_looked(struct channel *ch, struct imsg *imsg)
{
	struct msg_looked	 msg;

	if (message_get(ch, imsg, &msg, sizeof(msg)))
		tap_looked(msg.ifindex, msg.master);
}

void
send_look(const struct tap *tap)
{
	channel_send(&priv, IMSG_LOOK, 0, -1, &tap->ifc.index,
	    sizeof(tap->ifc.index));
}

void
send_raise(const struct tap *tap)
{
	struct msg_raise	 msg;

	memset(&msg, 0, sizeof(msg));
	msg.ifindex = tap->ifc.index;
	msg.ifn = tap->ifn;
	strlcpy(msg.vm, tap->vm, sizeof(msg.vm));
	channel_send(&priv, IMSG_RAISE, 0, -1, &msg, sizeof(msg));
}

void
send_confine(const struct tap *tap)
{
	struct msg_confine	 msg;

	memset(&msg, 0, sizeof(msg));
	msg.port = tap->port;
	msg.ifindex = tap->ifc.index;
	msg.ifn = tap->ifn;
	strlcpy(msg.vm, tap->vm, sizeof(msg.vm));
	channel_send(&priv, IMSG_CONFINE, 0, -1, &msg, sizeof(msg));
}

void
send_prepare(const struct tap *tap)
{
	struct msg_prepare	 msg;

	memset(&msg, 0, sizeof(msg));
	msg.port = tap->port;
	msg.ifindex = tap->ifc.index;
	msg.ifn = tap->ifn;
	msg.subnet = tap->lease->subnet;
	msg.plen = tap->lease->plen;
	msg.guest = tap->lease->guest;
	strlcpy(msg.vm, tap->vm, sizeof(msg.vm));
	strlcpy(msg.pool, tap->lease->poolname, sizeof(msg.pool));
	channel_send(&priv, IMSG_PREPARE, 0, -1, &msg, sizeof(msg));
}

void
send_withdraw(uint32_t port, bool vacate)
{
	struct msg_withdraw	 msg = { port, vacate };

	channel_send(&priv, IMSG_WITHDRAW, 0, -1, &msg, sizeof(msg));
}

void
send_prune(void)
{
	channel_send(&priv, IMSG_PRUNE, 0, -1, NULL, 0);
}

void
ask_rules(uint32_t client, uint32_t port)
{
	channel_send(&priv, IMSG_SHOW_RULES, client, -1, &port, sizeof(port));
}

void
ask_check(uint32_t client)
{
	channel_send(&priv, IMSG_CHECK, client, -1, NULL, 0);
}

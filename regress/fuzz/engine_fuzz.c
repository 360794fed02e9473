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
 * The engine, with its taps, leases and DHCP server, between a frontend, a
 * priv and a parent that are played here: a few taps and VMs, and each byte
 * of the input is a step of one of them: taps come, go and are renamed,
 * guests say what a DHCP client may say and what it must not, answers come
 * late or are refused, clients ask, messages are garbled.
 *
 * What must hold whatever happens: no record is stored over another VM's; a
 * note leaves the binding; nothing is prepared that is not on disk, nor twice
 * at once; a frame goes only to a port that is ready, with the address that
 * was prepared there, and there are no more of them than came.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <err.h>
#include <event.h>
#include <fcntl.h>
#include <imsg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

static void	 out(struct channel *, uint32_t, uint32_t, int, const void *,
		    size_t);
static void	 outv(struct channel *, uint32_t, uint32_t,
		    const struct iovec *, int);

/* What the engine says to the others comes here. */
#define channel_send	out
#define channel_sendv	outv
#include "../../vmnetd/engine.c"
#undef channel_send
#undef channel_sendv

#include "packet.h"
#include "process_fuzz.h"

#define NTAPS		5
#define NVMS		6
#define NPENDING	64

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct host_tap {
	bool		 there;
	uint8_t		 vm;
	bool		 up, link;
	bool		 has_addr;
	struct prefix	 addr;
};

struct port_model {
	struct msg_prepare	 prep;
	bool			 live;
	bool			 ok;
	bool			 confined;
};

static struct host_tap		 host[NTAPS];
static struct lease_record	 stored[NVMS];
static bool			 is_stored[NVMS], is_durable[NVMS];
static struct msg_prepare	 prepares[NPENDING];
static size_t			 nprepares;
static struct msg_store		 stores[NPENDING];
static size_t			 nstores;
static struct port_model	 port_models[512];
static uint32_t			 first_port;
static unsigned long		 nframes, nreplies;

static const char *const vms[NVMS] = {
	"web", "db", "fixed", "shun", "other", "x"
};
static const char conf_text[] =
    "default pool \"default\"\n"
    "pool \"default\" { inet 10.0.0.0/29 }\n"
    "pool \"backend\" { inet 10.1.0.0/28 subnet 30 lease time forever }\n"
    "vm \"fixed\" { address 10.0.0.5 }\n"
    "vm \"shun\" { ignore }\n"
    "vm \"other\" { pool \"backend\" }\n";
static const char conf_text2[] =
    "default pool \"renamed\"\n"
    "pool \"renamed\" { inet 10.0.0.0/29 }\n"
    "vm \"web\" { address 10.0.0.5 }\n"
    "vm \"db\" { ignore }\n";

static int
vm_number(const char *name)
{
	int	 i;

	for (i = 0; i < NVMS; i++)
		if (strcmp(vms[i], name) == 0)
			return i;
	return -1;
}

/* --- what the engine says -------------------------------------------------- */

static void
out_store(const struct msg_store *msg)
{
	const struct lease_record	*r = &msg->record;
	struct prefix			 a = { r->subnet, r->plen }, b;
	int				 i, n = vm_number(r->vm);

	must(n != -1 && r->ifn == 0);
	if (msg->op == LEASE_FORGET) {
		is_stored[n] = is_durable[n] = false;
		return;
	}
	if (msg->op == LEASE_NOTE) {
		must(is_stored[n] && stored[n].subnet == r->subnet &&
		    stored[n].plen == r->plen && stored[n].guest == r->guest);
		stored[n] = *r;
		return;
	}
	must(msg->op == LEASE_STORE);
	for (i = 0; i < NVMS; i++) {
		b.addr = stored[i].subnet;
		b.len = stored[i].plen;
		must(i == n || !is_stored[i] ||
		    strcmp(stored[i].pool, r->pool) != 0 ||
		    !prefix_overlaps(&a, &b));
	}
	stored[n] = *r;
	is_stored[n] = true;
	is_durable[n] = false;
	if (nstores < NPENDING)
		stores[nstores++] = *msg;
}

static struct port_model *
port_model(uint32_t port)
{
	if (port < first_port || port - first_port >= 512)
		return NULL;
	return &port_models[port - first_port];
}

/* A confined port goes when there is another for its tap. */
static void
give_way(uint32_t ifindex)
{
	int	 i;

	for (i = 0; i < 512; i++)
		if (port_models[i].confined &&
		    port_models[i].prep.ifindex == ifindex)
			port_models[i].live = port_models[i].confined = false;
}

static void
take_address(struct port_model *p)
{
	struct host_tap	*t = &host[p->prep.ifindex - 1];

	if (p->ok && t->has_addr && t->addr.addr ==
	    subnet_host(&(struct prefix){ p->prep.subnet, p->prep.plen }))
		t->has_addr = false;
	p->ok = false;
}

static void
out_confine(const struct msg_confine *msg)
{
	struct port_model	*p;

	if (first_port == 0)
		first_port = msg->port;
	must(vm_number(msg->vm) != -1);
	if ((p = port_model(msg->port)) == NULL)
		return;
	if (p->live) {
		must(p->prep.ifindex == msg->ifindex);
		take_address(p);
	} else
		give_way(msg->ifindex);
	p->prep.ifindex = msg->ifindex;
	p->live = p->confined = true;
}

static void
out_prepare(const struct msg_prepare *msg)
{
	struct port_model	*p;
	struct prefix		 a = { msg->subnet, msg->plen }, b;
	int			 i, n = vm_number(msg->vm);

	if (first_port == 0)
		first_port = msg->port;
	must(n != -1 && is_stored[n] && is_durable[n]);
	must(stored[n].subnet == msg->subnet && stored[n].plen == msg->plen);
	give_way(msg->ifindex);
	for (i = 0; i < 512; i++) {
		b.addr = port_models[i].prep.subnet;
		b.len = port_models[i].prep.plen;
		must(!port_models[i].live || port_models[i].confined ||
		    (!prefix_overlaps(&a, &b) &&
		    port_models[i].prep.ifindex != msg->ifindex));
	}
	if ((p = port_model(msg->port)) == NULL)
		return;
	must(!p->live);
	p->prep = *msg;
	p->live = true;
	p->ok = false;
	if (nprepares < NPENDING)
		prepares[nprepares++] = *msg;
}

static void
out_withdraw(const struct msg_withdraw *msg)
{
	struct port_model	*p = port_model(msg->port);

	if (p == NULL)
		return;
	must(p->live);
	p->live = p->confined = false;
	take_address(p);
}

static void
out_frame(const struct msg_frame *msg, const uint8_t *frame, size_t len)
{
	static struct pk_reply	 reply;
	struct port_model	*p = port_model(msg->port);
	int			 n;

	must(++nreplies <= nframes);
	must(len <= FRAME_MAX && pk_decode(&reply, frame, len) == NULL);
	if (p == NULL)
		return;
	must(p->live && p->ok);
	n = vm_number(p->prep.vm);
	must(n != -1);
	must(reply.yiaddr == 0 || reply.yiaddr == stored[n].guest);
	must(reply.ip_src == subnet_host(&(struct prefix){ p->prep.subnet,
	    p->prep.plen }));
	must(stored[n].subnet == p->prep.subnet);
}

static void
out(struct channel *ch, uint32_t type, uint32_t id, int fd, const void *data,
    size_t len)
{
	switch (type) {
	case IMSG_STORE:
		must(ch == &parent && len == sizeof(struct msg_store));
		out_store(data);
		break;
	case IMSG_PREPARE:
		must(ch == &priv && len == sizeof(struct msg_prepare));
		out_prepare(data);
		break;
	case IMSG_CONFINE:
		must(ch == &priv && len == sizeof(struct msg_confine));
		out_confine(data);
		break;
	case IMSG_WITHDRAW:
		must(ch == &priv && len == sizeof(struct msg_withdraw));
		out_withdraw(data);
		break;
	}
}

static void
outv(struct channel *ch, uint32_t type, uint32_t id, const struct iovec *iov,
    int n)
{
	must(ch == &frontend && type == IMSG_FRAME && n == 2);
	out_frame(iov[0].iov_base, iov[1].iov_base, iov[1].iov_len);
}

/* --- what it hears --------------------------------------------------------- */

static void
say_interface(int n)
{
	struct msg_interface	 msg;
	struct host_tap		*t = &host[n];

	memset(&msg, 0, sizeof(msg));
	msg.ifc.index = n + 1;
	snprintf(msg.ifc.name, sizeof(msg.ifc.name), "tap%d", n);
	if (t->vm < NVMS)
		snprintf(msg.ifc.descr, sizeof(msg.ifc.descr), "vm%d-if0-%s",
		    n, vms[t->vm]);
	msg.ifc.tap = true;
	msg.ifc.up = t->up;
	msg.ifc.link = t->link;
	msg.ifc.naddr = t->has_addr;
	hear(engine_dispatch_frontend, &frontend, IMSG_INTERFACE, &msg,
	    sizeof(msg), &t->addr, t->has_addr * sizeof(t->addr));
}

static void
step_interface(void)
{
	int	 n = byte() % NTAPS, what = byte();

	if (!host[n].there)
		memset(&host[n], 0, sizeof(host[n]));
	host[n].there = true;
	host[n].vm = what % (NVMS + 1);
	host[n].up = true;
	host[n].link = (what & 0x80) == 0;
	say_interface(n);
}

static void
step_departed(void)
{
	uint32_t	 n = byte() % NTAPS, ifindex = n + 1;

	memset(&host[n], 0, sizeof(host[n]));
	hear(engine_dispatch_frontend, &frontend, IMSG_DEPARTED, &ifindex,
	    sizeof(ifindex), NULL, 0);
}

static void
step_prepared(void)
{
	struct msg_prepare	 prep;
	struct msg_prepared	 msg;
	struct port_model	*p;
	struct host_tap		*t;

	if (nprepares == 0)
		return;
	prep = prepares[0];
	memmove(prepares, prepares + 1, --nprepares * sizeof(prep));
	memset(&msg, 0, sizeof(msg));
	msg.port = prep.port;
	msg.ok = byte() % 8 != 0;
	strlcpy(msg.reason, "refused", sizeof(msg.reason));
	p = port_model(prep.port);
	t = &host[prep.ifindex - 1];
	if (p != NULL && p->live) {
		/* A port that was refused may not send. */
		p->ok = msg.ok;
		p->confined = !msg.ok;
		if (p->ok && t->there) {
			t->has_addr = true;
			t->addr.addr = subnet_host(&(struct prefix){
			    prep.subnet, prep.plen });
			t->addr.len = prep.plen;
		}
	}
	hear(engine_dispatch_priv, &priv, IMSG_PREPARED, &msg, sizeof(msg),
	    NULL, 0);
}

static void
step_stored(void)
{
	struct msg_store	 store;
	struct msg_stored	 msg;
	int			 n;

	if (nstores == 0)
		return;
	store = stores[0];
	memmove(stores, stores + 1, --nstores * sizeof(store));
	memset(&msg, 0, sizeof(msg));
	msg.seq = store.seq;
	msg.ok = byte() % 8 != 0;
	strlcpy(msg.reason, "disk full", sizeof(msg.reason));
	n = vm_number(store.record.vm);
	if (msg.ok && is_stored[n] && stored[n].subnet == store.record.subnet)
		is_durable[n] = true;
	hear(engine_dispatch_parent, &parent, IMSG_STORED, &msg, sizeof(msg),
	    NULL, 0);
}

/* An address that a guest may name: its own, a neighbour's, none. */
static uint32_t
some_address(void)
{
	const uint32_t	 some[] = {
		0, 0x0a000001, 0x0a000002, 0x0a000003, 0x0a000004, 0x0a000005,
		0x0a010002, 0xffffffff
	};

	return some[byte() % 8];
}

static void
add_option(uint8_t *m, size_t *len, uint8_t code, uint32_t value, size_t n)
{
	m[(*len)++] = code;
	m[(*len)++] = n;
	pk_set(m + *len, n, value);
	*len += n;
}

static void
step_frame(void)
{
	static const uint8_t	 all[6] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};
	struct msg_frame	 msg;
	struct packet		 p;
	uint8_t			 m[400], mac[6] = { 2, 0, 0, 0, 0, 0 }, what;
	size_t			 len = 236;

	memset(m, 0, sizeof(m));
	what = byte();
	mac[5] = what & 1;
	m[0] = what & 2 && what & 4 && what & 8 ? 2 : 1;
	m[1] = 1;
	m[2] = 6;
	pk_set(m + 4, 4, what);
	m[10] = what & 16 ? 0x80 : 0;
	pk_set(m + 12, 4, what & 32 ? some_address() : 0);
	memcpy(m + 28, mac, 6);
	if (what & 64 && what & 128)
		m[28 + 5] ^= 1;
	pk_set(m + len, 4, 0x63825363);
	len += 4;
	what = byte();
	if (what % 10 != 9)
		add_option(m, &len, 53, what % 10, 1);
	if (what & 16)
		add_option(m, &len, 50, some_address(), 4);
	if (what & 32)
		add_option(m, &len, 54, some_address(), 4);
	if (what & 64)
		add_option(m, &len, 12, 0x61626300 + byte(), 4);
	if (what & 128)
		add_option(m, &len, byte(), byte(), 1);
	m[len++] = 255;
	pk_frame(&p, all, mac, 0, 0xffffffff, m, len < 300 ? 300 : len);
	msg.port = first_port + byte() % 16;
	msg.flags = 0;
	nframes++;
	hear(engine_dispatch_frontend, &frontend, IMSG_FRAME, &msg,
	    sizeof(msg), p.b, p.len);
}

static void
step_request(void)
{
	struct ctl_request	 req;
	uint8_t			 what = byte();

	memset(&req, 0, sizeof(req));
	if (what & 0x80)
		strlcpy(req.vm, vms[what % NVMS], sizeof(req.vm));
	req.ifn = what & 0x40 ? CTL_ANY_IF : 0;
	if (what & 0x20) {
		req.cursor.started = 1;
		strlcpy(req.cursor.vm, vms[byte() % NVMS],
		    sizeof(req.cursor.vm));
	}
	hear(engine_dispatch_frontend, &frontend, byte() % CTL_LEASE, &req,
	    sizeof(req), NULL, 0);
}

/* Anything, from anybody; but what ends the engine by right. */
static void
step_garbage(void)
{
	static uint8_t	 buf[2048];
	uint32_t	 type = byte();
	uint8_t		 who = byte() % 3;
	size_t		 len = byte() * (byte() % 9);

	if (type == IMSG_CHANNEL || type == IMSG_LEASES ||
	    type == IMSG_LEASES_END || type == IMSG_SCANNED ||
	    (type >= IMSG_CONF_BEGIN && type <= IMSG_CONF_END))
		return;
	if (type == IMSG_INTERFACE && who == 0)
		len = sizeof(struct msg_interface);
	fill(buf, len, type);
	/* A number that is right by chance is no garbage. */
	if (len <= 4 || len == sizeof(struct msg_stored))
		return;
	if (type == IMSG_FRAME)
		nframes++;
	hear(who == 0 ? engine_dispatch_frontend : who == 1 ?
	    engine_dispatch_priv : engine_dispatch_parent, who == 0 ?
	    &frontend : who == 1 ? &priv : &parent, type, buf, len, NULL, 0);
}

/* --- the beginning and the end --------------------------------------------- */

static void
begin(void)
{
	static bool	 begun;

	if (!begun) {
		begun = true;
		event_init();
		taps_init();
		hear_init();
		parent.peer = "parent";
		priv.peer = "priv";
		frontend.peer = "frontend";
	}
	memset(host, 0, sizeof(host));
	memset(is_stored, 0, sizeof(is_stored));
	memset(is_durable, 0, sizeof(is_durable));
	memset(port_models, 0, sizeof(port_models));
	nprepares = nstores = 0;
	nframes = nreplies = 0;
	first_port = 0;
	leases_init(&leases, journal, NULL);
	started = false;
	engine_configure(make_conf(conf_text));
	engine_start();
	taps_scanned();
}

static void
end(void)
{
	uint32_t	 n;

	left = 0;
	for (n = 1; n <= NTAPS; n++)
		tap_departed(n);
	leases_clear(&leases);
	conf_free(conf);
	conf = NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in = data;
	left = size;
	begin();
	while (left > 0) {
		switch (byte() % 16) {
		case 0:
		case 1:
		case 2:
			step_interface();
			break;
		case 3:
			step_departed();
			break;
		case 4:
		case 5:
			step_prepared();
			break;
		case 6:
		case 7:
			step_stored();
			break;
		case 8:
			step_request();
			break;
		case 9:
			step_garbage();
			break;
		case 10:
			if (byte() % 8 == 0)
				engine_configure(make_conf(byte() % 2 == 0 ?
				    conf_text : conf_text2));
			break;
		default:
			step_frame();
			break;
		}
		/* What is to be done at once. */
		event_loop(EVLOOP_NONBLOCK);
	}
	end();
	return 0;
}

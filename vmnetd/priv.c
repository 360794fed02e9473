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
#include <sys/tree.h>

#include <errno.h>
#include <event.h>
#include <imsg.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "conf.h"
#include "confsend.h"
#include "hostaddr.h"
#include "kernel.h"
#include "log.h"
#include "message.h"
#include "pool.h"
#include "priv.h"
#include "process.h"

/*
 * priv changes the kernel and believes nobody: the engine names a tap, a VM
 * interface and a subnet, and priv looks at the tap again and checks every
 * word of it against its own copy of the configuration.
 */

RB_HEAD(tap_tree, port);
RB_HEAD(subnet_tree, port);

/*
 * A lease of before the start for which the configuration has no place any
 * more: its VM keeps it as long as it runs.
 */
struct kept {
	RB_ENTRY(kept)	 entry;
	struct prefix	 subnet;
	uint32_t	 guest;
	uint8_t		 ifn;
	char		 vm[VM_NAMELEN];
};
RB_HEAD(kept_tree, kept);

/* What was refused is not said again as long as it is among the last. */
#define REFUSED_LAST	64

/* Descriptors that the frontend has besides those of ports. */
#define DESCRIPTORS_OTHER	100

/* A pool of the configuration with its arithmetic. */
struct priv_pool {
	TAILQ_ENTRY(priv_pool)	 entry;
	const struct conf_pool	*conf;
	struct pool		*pool;
};

static void	 priv_dispatch_parent(struct channel *, struct imsg *);
static void	 priv_dispatch_engine(struct channel *, struct imsg *);
static void	 priv_dispatch_frontend(struct channel *, struct imsg *);
static void	 priv_connect(struct imsg *);
static void	 priv_configure(struct conf *);
static void	 make_pools(void);
static void	 priv_keep(struct channel *, struct imsg *);
static void	 keep(const struct lease_record *);
static void	 know_address(const struct interface *, void *);
static struct priv_pool	*find_pool(const struct conf_pool *);
static void	 look(uint32_t);
static void	 raise_tap(const struct msg_raise *);
static struct port *port_of_tap(uint32_t);
static void	 admit(struct port *);
static void	 give_way(struct port *);
static struct port *confined_port(const struct msg_confine *);
static void	 confine(const struct msg_confine *);
static void	 confine_port(struct port *);
static void	 remove_address(const struct port *,
		    const struct interface *);
static void	 prepare(const struct msg_prepare *);
static int	 prepare_tap(const struct msg_prepare *, struct interface *,
		    struct port *, bool *, char *, size_t);
static int	 open_tap(const struct port *, const struct interface *,
		    char *, size_t);
static int	 check_vm(const struct interface *, const char *, uint32_t,
		    struct conf_match *, char *, size_t);
static int	 check_subnet(const struct msg_prepare *,
		    const struct interface *, const struct conf_match *,
		    char *, size_t);
static bool	 is_kept(const struct msg_prepare *);
static int	 check_host(const struct port *, struct interface *, char *,
		    size_t);
static int	 check_port(const struct msg_prepare *, char *, size_t);
static int	 check_free(const struct msg_prepare *,
		    const struct interface *, char *, size_t);
static int	 set_address(const struct interface *, const struct prefix *,
		    char *, size_t);
static bool	 host_address_of_pool(const struct prefix *);
static bool	 has_address(const struct interface *, const struct prefix *);
static void	 withdraw(const struct msg_withdraw *);
static int	 refuse(char *, size_t, const char *, ...)
		    __attribute__((__format__ (printf, 3, 4)));
static void	 say_refused(const struct msg_prepare *, const char *);
static int	 port_cmp(const struct port *, const struct port *);
static void	 show_rules(uint32_t, uint32_t);
static void	 check(uint32_t);
static void	 send_text(void *, const char *);
static void	 send_text_end(uint32_t, int32_t);
static int	 tap_cmp(const struct port *, const struct port *);
static int	 subnet_cmp(const struct port *, const struct port *);
static int	 kept_cmp(const struct kept *, const struct kept *);

RB_PROTOTYPE_STATIC(tap_tree, port, bytap, tap_cmp)
RB_PROTOTYPE_STATIC(subnet_tree, port, bysubnet, subnet_cmp)
RB_PROTOTYPE_STATIC(kept_tree, kept, entry, kept_cmp)

struct port_tree			 ports = RB_INITIALIZER(&ports);

static struct channel			 parent, engine, frontend;
static struct conf			*conf;
static int				 nports;	/* not confined */
static TAILQ_HEAD(, priv_pool)		 pools = TAILQ_HEAD_INITIALIZER(pools);
static struct tap_tree			 taps = RB_INITIALIZER(&taps);
static struct subnet_tree		 subnets = RB_INITIALIZER(&subnets);
static struct kept_tree			 kepts = RB_INITIALIZER(&kepts);

static int
port_cmp(const struct port *a, const struct port *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

static int
tap_cmp(const struct port *a, const struct port *b)
{
	const uint32_t	 ia = a->rules.ifindex, ib = b->rules.ifindex;

	return ia < ib ? -1 : ia > ib;
}

/*
 * Subnets in use never overlap within an rdomain, so that two that do
 * compare as equal and one look-up finds any that is in the way.
 */
static int
subnet_cmp(const struct port *a, const struct port *b)
{
	if (a->rules.rdomain != b->rules.rdomain)
		return a->rules.rdomain < b->rules.rdomain ? -1 : 1;
	if (prefix_overlaps(&a->subnet, &b->subnet))
		return 0;
	return a->subnet.addr < b->subnet.addr ? -1 : 1;
}

static int
kept_cmp(const struct kept *a, const struct kept *b)
{
	int	 order;

	if ((order = strcmp(a->vm, b->vm)) != 0)
		return order;
	return (int)a->ifn - (int)b->ifn;
}

RB_GENERATE(port_tree, port, entry, port_cmp)
RB_GENERATE_STATIC(tap_tree, port, bytap, tap_cmp)
RB_GENERATE_STATIC(subnet_tree, port, bysubnet, subnet_cmp)
RB_GENERATE_STATIC(kept_tree, kept, entry, kept_cmp)

void
priv_main(void)
{
	process_init(ROLE_PRIV, &parent, priv_dispatch_parent);
	if (kernel_change_open() == -1 ||
	    kernel_look_all(know_address, NULL) == -1)
		fatal("priv");
	guard_open();
	guard_start();
	sandbox_enter(ROLE_PRIV, NULL);
	event_dispatch();
}

static void
priv_dispatch_parent(struct channel *ch, struct imsg *imsg)
{
	struct conf	*new;
	int32_t		 verbose;

	switch (imsg_get_type(imsg)) {
	case IMSG_CHANNEL:
		priv_connect(imsg);
		break;
	case IMSG_VERBOSE:
		if (message_get(ch, imsg, &verbose, sizeof(verbose)))
			log_setverbose(verbose);
		break;
	case IMSG_LEASES:
		priv_keep(ch, imsg);
		break;
	case IMSG_CONF_BEGIN:
	case IMSG_CONF_POOL:
	case IMSG_CONF_VM:
	case IMSG_CONF_RULES:
	case IMSG_CONF_END:
		if ((new = conf_receive(ch, imsg)) != NULL)
			priv_configure(new);
		break;
	default:
		log_refused("%s sent unknown message %u: ignored", ch->peer,
		    imsg_get_type(imsg));
		break;
	}
}

/*
 * The host as it was at the start: what running VMs have is given to nobody
 * else, whatever the engine says of it.
 */
static void
know_address(const struct interface *ifc, void *arg)
{
	if (hostaddr_set(ifc->index, ifc->name, ifc->rdomain, ifc->addr,
	    ifc->naddr) == -1)
		fatal("address");
}

/* These come before the first configuration. */
static void
priv_keep(struct channel *ch, struct imsg *imsg)
{
	struct lease_record	 record;
	struct ibuf		 buf;

	if (imsg_get_ibuf(imsg, &buf) == -1)
		fatal("no leases in what %s sent", ch->peer);
	while (ibuf_size(&buf) > 0) {
		if (lease_unpack(&buf, &record) == -1)
			fatalx("malformed leases from %s", ch->peer);
		keep(&record);
	}
}

static void
keep(const struct lease_record *record)
{
	struct kept	*kept;

	if ((kept = calloc(1, sizeof(*kept))) == NULL)
		fatal("lease");
	kept->subnet.addr = record->subnet;
	kept->subnet.len = record->plen;
	kept->guest = record->guest;
	kept->ifn = record->ifn;
	strlcpy(kept->vm, record->vm, sizeof(kept->vm));
	if (RB_INSERT(kept_tree, &kepts, kept) != NULL)
		free(kept);
}

static void
priv_connect(struct imsg *imsg)
{
	struct msg_channel	 msg;
	int			 fd;

	if (!message_get(&parent, imsg, &msg, sizeof(msg)) ||
	    (fd = imsg_get_fd(imsg)) == -1)
		fatalx("channel from the parent without a descriptor");
	if (msg.role == ROLE_ENGINE)
		channel_open(&engine, fd, ROLE_ENGINE, priv_dispatch_engine,
		    process_closed);
	else
		channel_open(&frontend, fd, ROLE_FRONTEND,
		    priv_dispatch_frontend, process_closed);
	if (engine.peer != NULL && frontend.peer != NULL)
		sandbox_started(ROLE_PRIV);
}

/* Rules first: what the packet filter refuses is not put to use. */
static void
priv_configure(struct conf *new)
{
	static char	 why[8192];
	struct conf	*old = conf;

	if (guard_configure(new, why, sizeof(why)) == -1) {
		conf_free(new);
		channel_send(&parent, IMSG_CONF_REFUSED, 0, -1, why,
		    strlen(why) + 1);
		return;
	}
	conf = new;
	make_pools();
	conf_free(old);
	channel_send(&parent, IMSG_CONF_DONE, 0, -1, NULL, 0);
}

static void
make_pools(void)
{
	struct conf_pool	*cp;
	struct priv_pool	*pp;

	while ((pp = TAILQ_FIRST(&pools)) != NULL) {
		TAILQ_REMOVE(&pools, pp, entry);
		pool_free(pp->pool);
		free(pp);
	}
	TAILQ_FOREACH(cp, &conf->pools, entry) {
		if ((pp = calloc(1, sizeof(*pp))) == NULL ||
		    (pp->pool = pool_new(&cp->inet, cp->subnet, cp->exclude,
		    cp->nexclude)) == NULL)
			fatal("pool %s", cp->name);
		pp->conf = cp;
		TAILQ_INSERT_TAIL(&pools, pp, entry);
	}
}

static struct priv_pool *
find_pool(const struct conf_pool *cp)
{
	struct priv_pool	*pp;

	TAILQ_FOREACH(pp, &pools, entry)
		if (pp->conf == cp)
			return pp;
	return NULL;
}

static void
priv_dispatch_engine(struct channel *ch, struct imsg *imsg)
{
	struct msg_prepare	 prep;
	struct msg_raise	 rise;
	struct msg_confine	 idle;
	struct msg_withdraw	 gone;
	uint32_t		 ifindex, port;

	if (conf == NULL) {
		log_refused("%s asks before there is a configuration: "
		    "ignored", ch->peer);
		return;
	}
	switch (imsg_get_type(imsg)) {
	case IMSG_LOOK:
		if (message_get(ch, imsg, &ifindex, sizeof(ifindex)))
			look(ifindex);
		break;
	case IMSG_RAISE:
		if (message_get(ch, imsg, &rise, sizeof(rise)))
			raise_tap(&rise);
		break;
	case IMSG_CONFINE:
		if (message_get(ch, imsg, &idle, sizeof(idle)))
			confine(&idle);
		break;
	case IMSG_PREPARE:
		if (message_get(ch, imsg, &prep, sizeof(prep)))
			prepare(&prep);
		break;
	case IMSG_WITHDRAW:
		if (message_get(ch, imsg, &gone, sizeof(gone)))
			withdraw(&gone);
		break;
	case IMSG_PRUNE:
		guard_prune();
		break;
	case IMSG_SHOW_RULES:
		if (message_get(ch, imsg, &port, sizeof(port)))
			show_rules(imsg_get_id(imsg), port);
		break;
	case IMSG_CHECK:
		check(imsg_get_id(imsg));
		break;
	default:
		log_refused("%s sent unknown message %u: ignored", ch->peer,
		    imsg_get_type(imsg));
		break;
	}
}

/* The frontend only receives. */
static void
priv_dispatch_frontend(struct channel *ch, struct imsg *imsg)
{
	log_refused("%s sent unknown message %u: ignored", ch->peer,
	    imsg_get_type(imsg));
}

static int
refuse(char *reason, size_t size, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(reason, size, fmt, ap);
	va_end(ap);
	return -1;
}

/* The engine tries again and again: each thing is said once. */
static void
say_refused(const struct msg_prepare *msg, const char *reason)
{
	static uint32_t	 last[REFUSED_LAST];
	static size_t	 next;
	uint32_t	 hash = 2166136261U ^ msg->ifindex;
	const char	*p;
	size_t		 i;

	for (p = reason; *p != '\0'; p++)
		hash = (hash ^ (uint8_t)*p) * 16777619U;
	for (i = 0; i < REFUSED_LAST; i++)
		if (last[i] == hash)
			return;
	last[next] = hash;
	next = (next + 1) % REFUSED_LAST;
	log_refused("interface %u: refused: %s", msg->ifindex, reason);
}

/* The tap is that VM interface's, and the configuration lets us serve it. */
static int
check_vm(const struct interface *ifc, const char *vm, uint32_t ifn,
    struct conf_match *match, char *reason, size_t size)
{
	char	 name[VM_NAMELEN];
	uint8_t	 index;
	bool	 cut;

	if (!ifc->tap)
		return refuse(reason, size, "%s is no tap", ifc->name);
	if (conf_parse_descr(ifc->descr, name, &index, &cut) == -1 ||
	    strcmp(name, vm) != 0 || index != ifn)
		return refuse(reason, size, "%s is not that VM interface's: "
		    "its description has changed", ifc->name);
	conf_match(conf, name, index, match);
	if (match->ignore)
		return refuse(reason, size,
		    "the configuration says to ignore it");
	if (ifc->master != 0)
		return refuse(reason, size, "%s is a port of a bridge",
		    ifc->name);
	return 0;
}

/*
 * What only priv can see of a tap.  An answer comes in any case: where the
 * look fails, prepare() will say why.
 */
static void
look(uint32_t ifindex)
{
	struct msg_looked	 answer = { ifindex, 0 };
	struct interface	 ifc;

	if (kernel_look_priv(ifindex, &ifc) == 0 && ifc.tap)
		answer.master = ifc.master;
	channel_send(&engine, IMSG_LOOKED, 0, -1, &answer, sizeof(answer));
}

static void
raise_tap(const struct msg_raise *msg)
{
	struct conf_match	 match;
	struct interface	 ifc;
	char			 reason[CTL_REASONLEN];

	if (!message_string(msg->vm, sizeof(msg->vm))) {
		log_refused("engine sent text without an end: ignored");
		return;
	}
	if (kernel_look_priv(msg->ifindex, &ifc) == -1)
		return;		/* gone meanwhile: its departure follows */
	if (check_vm(&ifc, msg->vm, msg->ifn, &match, reason,
	    sizeof(reason)) == -1) {
		log_refused("%s: not set up: %s", ifc.name, reason);
		return;
	}
	if (match.pool == NULL || !kernel_traits.taps_need_up) {
		log_refused("%s: not set up: not ours to do", ifc.name);
		return;
	}
	if (kernel_tap_up(&ifc) == -1 && errno != ENXIO && errno != ENODEV)
		log_refused("%s: set up: %s", ifc.name, strerror(errno));
}

/* --- ports ----------------------------------------------------------------- */

static struct port *
port_of_tap(uint32_t ifindex)
{
	struct port	 key;

	key.rules.ifindex = ifindex;
	return RB_FIND(tap_tree, &taps, &key);
}

/* In place of a confined one: what that had is this one's now. */
static void
admit(struct port *port)
{
	struct port	*old;

	if ((old = port_of_tap(port->rules.ifindex)) != NULL) {
		RB_REMOVE(port_tree, &ports, old);
		RB_REMOVE(tap_tree, &taps, old);
		free(old);
	}
	RB_INSERT(port_tree, &ports, port);
	RB_INSERT(tap_tree, &taps, port);
	if (!port->confined) {
		RB_INSERT(subnet_tree, &subnets, port);
		nports++;
	}
}

/* What was asked for its tap is none of ours any more. */
static void
give_way(struct port *port)
{
	if (port == NULL || !port->confined)
		return;
	RB_REMOVE(port_tree, &ports, port);
	RB_REMOVE(tap_tree, &taps, port);
	guard_remove(port);
	free(port);
}

/* Of one that is in use: all but the tap is taken away. */
static void
confine_port(struct port *port)
{
	struct interface	 ifc;

	channel_send(&frontend, IMSG_PORT_CLOSE, 0, -1, &port->id,
	    sizeof(port->id));
	RB_REMOVE(subnet_tree, &subnets, port);
	nports--;
	if (kernel_look_priv(port->rules.ifindex, &ifc) == 0)
		remove_address(port, &ifc);
	guard_confine(port);
}

/* A new port for a tap that is a VM's of ours, or NULL. */
static struct port *
confined_port(const struct msg_confine *msg)
{
	struct conf_match	 match;
	struct interface	 ifc;
	struct port		*port;
	char			 reason[CTL_REASONLEN];

	if (kernel_look_priv(msg->ifindex, &ifc) == -1)
		return NULL;	/* gone meanwhile: its departure follows */
	if (check_vm(&ifc, msg->vm, msg->ifn, &match, reason,
	    sizeof(reason)) == -1) {
		log_debug("%s: not confined: %s", ifc.name, reason);
		return NULL;
	}
	if (kernel_tap_join(&ifc) == -1)
		log_refused("%s: join the group vmnet: %s", ifc.name,
		    strerror(errno));
	if ((port = calloc(1, sizeof(*port))) == NULL)
		fatal("port");
	port->id = msg->port;
	port->confined = true;
	port->rules.ifindex = msg->ifindex;
	port->rules.ifn = msg->ifn;
	port->rules.rdomain = ifc.rdomain;
	strlcpy(port->rules.tap, ifc.name, sizeof(port->rules.tap));
	strlcpy(port->rules.vm, msg->vm, sizeof(port->rules.vm));
	return port;
}

static void
confine(const struct msg_confine *msg)
{
	struct port	*port, *there, key;

	if (!message_string(msg->vm, sizeof(msg->vm))) {
		log_refused("engine sent text without an end: ignored");
		return;
	}
	key.id = msg->port;
	port = RB_FIND(port_tree, &ports, &key);
	there = port_of_tap(msg->ifindex);
	if (port != there && (port != NULL || !there->confined)) {
		log_refused("interface %u: not confined: port %u is in use",
		    msg->ifindex, msg->port);
		return;
	}
	if (port != NULL) {
		if (!port->confined)
			confine_port(port);
		return;
	}
	if ((port = confined_port(msg)) == NULL) {
		give_way(there);
		return;
	}
	guard_confine(port);
	admit(port);
}

static void
prepare(const struct msg_prepare *msg)
{
	struct msg_prepared	 answer;
	struct msg_port		 notice;
	struct interface	 ifc;
	struct port		*port;
	bool			 ours = false;
	int			 fd;

	memset(&answer, 0, sizeof(answer));
	answer.port = msg->port;
	if ((port = calloc(1, sizeof(*port))) == NULL)
		fatal("port");
	if ((fd = prepare_tap(msg, &ifc, port, &ours, answer.reason,
	    sizeof(answer.reason))) == -1) {
		say_refused(msg, answer.reason);
		if (ours) {
			guard_confine(port);
			admit(port);
		} else {
			give_way(port_of_tap(msg->ifindex));
			free(port);
		}
		channel_send(&engine, IMSG_PREPARED, 0, -1, &answer,
		    sizeof(answer));
		return;
	}
	admit(port);

	notice.port = msg->port;
	notice.ifindex = msg->ifindex;
	channel_send(&frontend, IMSG_PORT, 0, fd, &notice, sizeof(notice));
	answer.ok = 1;
	memcpy(answer.lladdr, ifc.lladdr, sizeof(answer.lladdr));
	channel_send(&engine, IMSG_PREPARED, 0, -1, &answer, sizeof(answer));
}

/*
 * The packet descriptor of the tap made ready, or -1 with the reason, and
 * whether the tap is ours all the same.
 */
static int
prepare_tap(const struct msg_prepare *msg, struct interface *ifc,
    struct port *port, bool *ours, char *reason, size_t size)
{
	struct conf_match	 match;
	int			 fd;

	if (!message_string(msg->vm, sizeof(msg->vm)) ||
	    !message_string(msg->pool, sizeof(msg->pool)) || msg->plen > 32)
		return refuse(reason, size, "malformed request");
	if (kernel_look_priv(msg->ifindex, ifc) == -1)
		return refuse(reason, size, "the tap has gone");
	port->id = msg->port;
	port->rules.ifindex = msg->ifindex;
	port->rules.ifn = msg->ifn;
	port->rules.rdomain = ifc->rdomain;
	port->subnet.addr = msg->subnet;
	port->subnet.len = msg->plen;
	port->rules.host.addr = subnet_host(&port->subnet);
	port->rules.host.len = msg->plen;
	strlcpy(port->rules.tap, ifc->name, sizeof(port->rules.tap));
	strlcpy(port->rules.vm, msg->vm, sizeof(port->rules.vm));
	strlcpy(port->rules.pool, msg->pool, sizeof(port->rules.pool));
	port->rules.guest = msg->guest;

	if (check_vm(ifc, msg->vm, msg->ifn, &match, reason, size) == -1 ||
	    check_port(msg, reason, size) == -1)
		return -1;
	*ours = true;
	if (kernel_tap_join(ifc) == -1)
		return refuse(reason, size, "join the group vmnet: %s",
		    strerror(errno));
	if (check_free(msg, ifc, reason, size) == -1 ||
	    check_subnet(msg, ifc, &match, reason, size) == -1 ||
	    check_host(port, ifc, reason, size) == -1)
		return -1;
	/* No address and no packet before the rules that confine them. */
	if (guard_add(port, reason, size) == -1 ||
	    set_address(ifc, &port->rules.host, reason, size) == -1)
		return -1;
	if ((fd = open_tap(port, ifc, reason, size)) == -1 &&
	    kernel_look_priv(port->rules.ifindex, ifc) == 0)
		remove_address(port, ifc);
	return fd;
}

static int
open_tap(const struct port *port, const struct interface *ifc, char *reason,
    size_t size)
{
	int	 fd;

	if ((fd = kernel_packet_open(ifc, port->rules.host.addr)) == -1)
		return refuse(reason, size, "packet descriptor: %s",
		    strerror(errno));
	/* Last of all: from now on whatever the guest sends is heard. */
	if (kernel_traits.taps_need_up && !ifc->up &&
	    kernel_tap_up(ifc) == -1) {
		refuse(reason, size, "set up: %s", strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

/* There is room, and nobody else uses this port number or this tap. */
static int
check_port(const struct msg_prepare *msg, char *reason, size_t size)
{
	struct port	 key, *other;
	const int	 limit = process_descriptors();

	/* The frontend, which is to have the descriptor, has the same limit. */
	if (nports >= limit - (limit < 2 * DESCRIPTORS_OTHER ?
	    limit / 4 * 3 : DESCRIPTORS_OTHER))
		return refuse(reason, size, "no descriptor is left for it");
	key.id = msg->port;
	if (RB_FIND(port_tree, &ports, &key) != NULL)
		return refuse(reason, size, "port %u is in use", msg->port);
	other = port_of_tap(msg->ifindex);
	if (other != NULL && !other->confined)
		return refuse(reason, size, "%s is in use by %s",
		    other->rules.tap, other->rules.vm);
	return 0;
}

/* Nor this subnet. */
static int
check_free(const struct msg_prepare *msg, const struct interface *ifc,
    char *reason, size_t size)
{
	struct port	 key, *other;

	key.rules.rdomain = ifc->rdomain;
	key.subnet.addr = msg->subnet;
	key.subnet.len = msg->plen;
	if ((other = RB_FIND(subnet_tree, &subnets, &key)) != NULL)
		return refuse(reason, size, "%s is in use by %s on %s",
		    prefix_ntoa(&other->subnet), other->rules.vm,
		    other->rules.tap);
	return 0;
}

/*
 * The subnet is one that the configuration gives this VM interface, or that
 * its tap has by a lease that an earlier one gave it: a running VM is not cut
 * off by a change.
 */
static int
check_subnet(const struct msg_prepare *msg, const struct interface *ifc,
    const struct conf_match *match, char *reason, size_t size)
{
	const struct prefix	 subnet = { msg->subnet, msg->plen };
	const struct prefix	 host = { subnet_host(&subnet), msg->plen };
	struct priv_pool	*pp;

	if (has_address(ifc, &host) && is_kept(msg))
		return 0;
	if (match->pool == NULL || strcmp(match->pool->name, msg->pool) != 0)
		return refuse(reason, size, "pool \"%s\" is not for it",
		    msg->pool);
	if (match->pool->rdomain != ifc->rdomain)
		return refuse(reason, size, "pool \"%s\" serves rdomain %u, "
		    "%s is in rdomain %u", msg->pool, match->pool->rdomain,
		    ifc->name, ifc->rdomain);
	pp = find_pool(match->pool);
	if (!pool_contains(pp->pool, &subnet))
		return refuse(reason, size, "%s is no subnet of pool \"%s\"",
		    prefix_ntoa(&subnet), msg->pool);
	if (match->address != 0) {
		if (msg->guest != match->address)
			return refuse(reason, size, "%s is not its address %s",
			    addr_ntoa(msg->guest), addr_ntoa(match->address));
		if (!subnet_usable(&subnet, msg->guest))
			return refuse(reason, size, "%s does not hold its "
			    "address %s", prefix_ntoa(&subnet),
			    addr_ntoa(msg->guest));
		return 0;
	}
	if (msg->guest != subnet_guest(&subnet))
		return refuse(reason, size, "%s is not the guest address of "
		    "%s", addr_ntoa(msg->guest), prefix_ntoa(&subnet));
	if (conf_reserved(conf, match->pool, &subnet))
		return refuse(reason, size, "%s is reserved for another VM",
		    prefix_ntoa(&subnet));
	return 0;
}

/* The parent found it in the lease file. */
static bool
is_kept(const struct msg_prepare *msg)
{
	const struct prefix	 subnet = { msg->subnet, msg->plen };
	struct kept		*kept, key;

	strlcpy(key.vm, msg->vm, sizeof(key.vm));
	key.ifn = msg->ifn;
	kept = RB_FIND(kept_tree, &kepts, &key);
	return kept != NULL && prefix_equal(&kept->subnet, &subnet) &&
	    kept->guest == msg->guest;
}

/*
 * Nothing of the host is in the way, as far as was seen: look again at what
 * seems to be.  Each look is the end of the one before.
 */
static int
check_host(const struct port *port, struct interface *ifc, char *reason,
    size_t size)
{
	const struct hostaddr	*other;
	uint32_t		 last = 0;

	if (has_address(ifc, &port->rules.host))
		return 0;
	while ((other = hostaddr_overlap(port->rules.rdomain,
	    &port->subnet, port->rules.ifindex)) != NULL) {
		if (other->ifindex == last)
			return refuse(reason, size, "%s is in the way of %s",
			    other->ifname, prefix_ntoa(&port->subnet));
		last = other->ifindex;
		if (kernel_look_priv(last, ifc) == -1)
			hostaddr_remove(last);
		else
			know_address(ifc, NULL);
	}
	if (last != 0 && kernel_look_priv(port->rules.ifindex, ifc) == -1)
		return refuse(reason, size, "the tap has gone");
	return 0;
}

static bool
has_address(const struct interface *ifc, const struct prefix *addr)
{
	size_t	 i;

	for (i = 0; i < ifc->naddr; i++)
		if (prefix_equal(&ifc->addr[i], addr))
			return true;
	return false;
}

/* Is it one that vmnetd would set: the host address of some subnet? */
static bool
host_address_of_pool(const struct prefix *addr)
{
	const struct priv_pool	*pp;
	struct prefix		 subnet;

	subnet.addr = prefix_first(addr);
	subnet.len = addr->len;
	if (addr->addr != subnet_host(&subnet))
		return false;
	TAILQ_FOREACH(pp, &pools, entry)
		if (pool_contains(pp->pool, &subnet))
			return true;
	return false;
}

/*
 * The host address and no other.  What an earlier VM on this tap left behind
 * goes; an address that is not ours is left alone, and the tap with it.
 * Setting an address again would drop it for a moment: see first.
 */
static int
set_address(const struct interface *ifc, const struct prefix *host,
    char *reason, size_t size)
{
	size_t	 i;
	bool	 there = false;

	for (i = 0; i < ifc->naddr; i++) {
		if (prefix_equal(&ifc->addr[i], host))
			there = true;
		else if (!host_address_of_pool(&ifc->addr[i]))
			return refuse(reason, size, "%s has the address %s, "
			    "which is not ours", ifc->name,
			    prefix_ntoa(&ifc->addr[i]));
	}
	for (i = 0; i < ifc->naddr; i++)
		if (!prefix_equal(&ifc->addr[i], host) &&
		    kernel_address_del(ifc, &ifc->addr[i]) == -1)
			return refuse(reason, size, "remove address %s: %s",
			    prefix_ntoa(&ifc->addr[i]), strerror(errno));
	if (there)
		return 0;
	if (kernel_address_add(ifc, host) == -1 && errno != EEXIST)
		return refuse(reason, size, "set address %s: %s",
		    prefix_ntoa(host), strerror(errno));
	return 0;
}

/* Undo what was done for a port, as far as its tap is still there. */
static void
withdraw(const struct msg_withdraw *msg)
{
	struct port		*port, key;
	struct interface	 ifc;

	key.id = msg->port;
	if ((port = RB_FIND(port_tree, &ports, &key)) == NULL)
		return;		/* it was refused */
	RB_REMOVE(port_tree, &ports, port);
	RB_REMOVE(tap_tree, &taps, port);
	if (!port->confined) {
		RB_REMOVE(subnet_tree, &subnets, port);
		nports--;
		channel_send(&frontend, IMSG_PORT_CLOSE, 0, -1, &port->id,
		    sizeof(port->id));
	}
	/* Its name may be another by now. */
	if (kernel_look_priv(port->rules.ifindex, &ifc) == 0) {
		remove_address(port, &ifc);
		if (msg->vacate && kernel_tap_vacate(&ifc) == -1 &&
		    errno != ENXIO && errno != ENODEV)
			log_warn("%s: clear description", ifc.name);
	}
	guard_remove(port);
	free(port);
}

static void
remove_address(const struct port *port, const struct interface *ifc)
{
	if (has_address(ifc, &port->rules.host) &&
	    kernel_address_del(ifc, &port->rules.host) == -1 &&
	    errno != ENXIO && errno != ENODEV)
		log_warn("%s: remove address %s", ifc->name,
		    prefix_ntoa(&port->rules.host));
}

void
port_notice(const struct port *port, bool ok, const char *reason)
{
	struct msg_prepared	 msg;

	memset(&msg, 0, sizeof(msg));
	msg.port = port->id;
	msg.ok = ok;
	strlcpy(msg.reason, reason, sizeof(msg.reason));
	channel_send(&engine, IMSG_PREPARED, 0, -1, &msg, sizeof(msg));
}

/* --- questions ------------------------------------------------------------- */

static void
show_rules(uint32_t client, uint32_t id)
{
	struct port	*port = NULL, key;
	char		*text, *line, *rest;

	key.id = id;
	if (id != 0 && (port = RB_FIND(port_tree, &ports, &key)) == NULL) {
		send_text(&client, "it is not present any more");
		send_text_end(client, 0);
		return;
	}
	if ((text = rest = guard_show(port)) == NULL) {
		send_text(&client, "the rules cannot be listed");
		send_text_end(client, 0);
		return;
	}
	while ((line = strsep(&rest, "\n")) != NULL)
		if (rest != NULL || *line != '\0')
			send_text(&client, line);
	free(text);
	send_text_end(client, 1);
}

static void
check(uint32_t client)
{
	guard_check(send_text, &client);
	send_text_end(client, 1);
}

static void
send_text(void *arg, const char *line)
{
	const uint32_t	*client = arg;
	char		 text[CTL_TEXTLEN];

	strlcpy(text, line, sizeof(text));
	channel_send(&engine, IMSG_TEXT, *client, -1, text, strlen(text) + 1);
}

static void
send_text_end(uint32_t client, int32_t ok)
{
	channel_send(&engine, IMSG_TEXT_END, client, -1, &ok, sizeof(ok));
}

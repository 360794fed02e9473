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
 * priv, with the packet filter's keeper, between an engine that says what it
 * likes, a frontend and a parent, over a kernel that is played here: a few
 * interfaces that come, go, and change their descriptions, addresses and
 * bridges, and calls that fail now and then.  Each byte of the input is a
 * step.
 *
 * What must hold whatever is asked: an address is set only on a tap whose
 * description names the VM that was asked for, after its rules, and is the
 * host address of a subnet that nobody else has; what is removed is one that
 * vmnetd may have set; a packet descriptor is opened where that address is,
 * and goes to the frontend; no tap is set up that is to be ignored; each
 * request has its one answer.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>

#include "process.h"

static void	 out(struct channel *, uint32_t, uint32_t, int, const void *,
		    size_t);

/* What priv says to the others comes here. */
#define channel_send	out
#include "../../vmnetd/priv.c"
#undef channel_send

#include "process_fuzz.h"

#define NIFS		6
#define NVMS		6
#define NPORTS		16
#define MAXADDR		3
/* Of leases that no configuration would give any more. */
#define OLD_POOL	0x0a020000U

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct host_if {
	bool		 there;
	bool		 as_seen;	/* its addresses are as at the start */
	bool		 tap, up;
	uint8_t		 vm;		/* NVMS: no description */
	uint8_t		 ifn;
	uint32_t	 master, rdomain;
	size_t		 naddr;
	struct prefix	 addr[MAXADDR];
	bool		 ruled;		/* its rules are loaded */
};

static struct host_if		 host[NIFS];
static bool			 live[NPORTS];
static const struct msg_prepare	*asked;		/* the one under way */
static int			 nanswers;
static uint32_t			 opened;	/* port with a descriptor */
static bool			 has_opened;
static bool			 reliable;	/* the kernel, at the start */
static int			 null = -1;

const struct kernel_traits kernel_traits = { .taps_need_up = true };

static const char		*old_vm[2];	/* whose old leases are */

static const char *const vms[NVMS] = {
	"web", "db", "fixed", "shun", "other", "wiki"
};
static const char conf_text[] =
    "default pool \"default\"\n"
    "pool \"default\" { inet 10.0.0.0/27 exclude { 10.0.0.8/30 } }\n"
    "pool \"backend\" { inet 10.1.0.0/27 subnet 30 rdomain 1 }\n"
    "vm \"fixed\" { address 10.0.0.5 forward tcp port 80 to 80 }\n"
    "vm \"shun\" { ignore }\n"
    "vm \"other\" { pool \"backend\" }\n"
    "vm \"w*\" { forward tcp port 8080 to 80 }\n";
static const char conf_text2[] =
    "default pool \"renamed\"\n"
    "pool \"renamed\" { inet 10.0.0.0/27 }\n"
    "pool \"backend\" { inet 10.1.0.0/27 subnet 30 }\n"
    "vm \"web\" { address 10.0.0.9 }\n"
    "vm \"wiki\" { forward tcp port 8080 to 80 }\n"
    "vm \"shun\" { ignore }\n";

static const struct prefix foreign[] = {
	{ 0xc0000201, 24 }, { 0x0a000003, 31 }, { 0x0a000002, 24 },
	{ 0x0a090000, 31 }, { 0x0a010002, 30 }, { 0x0a000040, 31 },
	{ 0x0a000012, 32 }
};
#define NFOREIGN	(sizeof(foreign) / sizeof(foreign[0]))

/* --- the kernel ------------------------------------------------------------ */

static struct host_if *
host_of(uint32_t ifindex)
{
	must(ifindex >= 1 && ifindex <= NIFS);
	return &host[ifindex - 1];
}

/* Now and then the kernel cannot, and the interface may have gone. */
static bool
fails(void)
{
	const int	 errors[] = { ENXIO, EPERM, ENOMEM, ENODEV };
	uint8_t		 b = reliable ? 0 : byte();

	errno = errors[b % 4];
	return b >= 0xf0;
}

/* Is it one that vmnetd sets, by any of the configurations or the leases? */
static bool
may_be_ours(const struct prefix *p)
{
	if (p->len == 31)
		return (p->addr & 1) == 0 &&
		    (p->addr >> 5 == 0x0a000000 >> 5 ||
		    p->addr >> 5 == OLD_POOL >> 5);
	return p->len == 30 && (p->addr & 3) == 1 &&
	    p->addr >> 5 == 0x0a010000 >> 5;
}

static void
look_at(uint32_t ifindex, struct interface *ifc)
{
	static struct prefix	 addr[MAXADDR];
	const struct host_if	*h = &host[ifindex - 1];

	memset(ifc, 0, sizeof(*ifc));
	ifc->index = ifindex;
	snprintf(ifc->name, sizeof(ifc->name), "tap%u", ifindex);
	if (h->vm < NVMS)
		snprintf(ifc->descr, sizeof(ifc->descr), "vm%u-if%u-%s",
		    ifindex, h->ifn, vms[h->vm]);
	ifc->tap = h->tap;
	ifc->up = ifc->link = h->up;
	ifc->master = h->master;
	ifc->rdomain = h->rdomain;
	memcpy(addr, h->addr, sizeof(addr));
	ifc->addr = addr;
	ifc->naddr = h->naddr;
}

int
kernel_look_priv(uint32_t ifindex, struct interface *ifc)
{
	if (ifindex < 1 || ifindex > NIFS || !host[ifindex - 1].there) {
		errno = ENXIO;
		return -1;
	}
	look_at(ifindex, ifc);
	return 0;
}

int
kernel_look_all(void (*cb)(const struct interface *, void *), void *arg)
{
	struct interface	 ifc;
	uint32_t		 n;

	for (n = 1; n <= NIFS; n++)
		if (kernel_look_priv(n, &ifc) == 0)
			cb(&ifc, arg);
	return 0;
}

int
kernel_change_open(void)
{
	return 0;
}

/* What is done to a tap is done to one that is a VM's and not to be left. */
static void
must_serve(const struct host_if *h)
{
	must(h->there && h->tap && h->vm < NVMS && h->master == 0 &&
	    strcmp(vms[h->vm], "shun") != 0);
}

int
kernel_tap_up(const struct interface *ifc)
{
	struct host_if	*h = host_of(ifc->index);

	must_serve(h);
	if (fails())
		return -1;
	h->up = true;
	return 0;
}

int
kernel_tap_join(const struct interface *ifc)
{
	must_serve(host_of(ifc->index));
	return fails() ? -1 : 0;
}

int
kernel_tap_vacate(const struct interface *ifc)
{
	struct host_if	*h = host_of(ifc->index);

	must(asked == NULL && h->there);
	if (fails())
		return -1;
	h->vm = NVMS;
	return 0;
}

int
kernel_address_add(const struct interface *ifc, const struct prefix *addr)
{
	struct host_if	*h = host_of(ifc->index);
	size_t		 i, j;

	must_serve(h);
	must(asked != NULL && asked->ifindex == ifc->index && h->ruled);
	must(strcmp(asked->vm, vms[h->vm]) == 0 && asked->ifn == h->ifn);
	/* What only an old lease gives is there already or is not given. */
	must(may_be_ours(addr) && addr->addr >> 5 != OLD_POOL >> 5);
	for (i = 0; i < NIFS; i++)
		for (j = 0; j < host[i].naddr; j++)
			must(&host[i] == h || !host[i].there ||
			    !host[i].as_seen ||
			    host[i].rdomain != h->rdomain ||
			    !prefix_overlaps(&host[i].addr[j], addr));
	if (fails() || h->naddr == MAXADDR)
		return -1;
	h->addr[h->naddr++] = *addr;
	return 0;
}

int
kernel_address_del(const struct interface *ifc, const struct prefix *addr)
{
	struct host_if	*h = host_of(ifc->index);
	size_t		 i;

	must(h->there && may_be_ours(addr));
	if (fails()) {
		h->as_seen = false;	/* it stays, and nobody knows */
		return -1;
	}
	for (i = 0; i < h->naddr && !prefix_equal(&h->addr[i], addr); i++)
		;
	must(i < h->naddr);
	h->addr[i] = h->addr[--h->naddr];
	return 0;
}

int
kernel_packet_open(const struct interface *ifc, uint32_t addr)
{
	struct host_if	*h = host_of(ifc->index);
	size_t		 i;

	must_serve(h);
	must(asked != NULL && asked->ifindex == ifc->index && h->ruled);
	for (i = 0; i < h->naddr && h->addr[i].addr != addr; i++)
		;
	must(i < h->naddr && may_be_ours(&h->addr[i]) && addr == subnet_host(
	    &(struct prefix){ asked->subnet, asked->plen }));
	if (addr >> 5 == OLD_POOL >> 5)
		must(strcmp(asked->vm, old_vm[(addr - OLD_POOL) / 2]) == 0);
	return fails() ? -1 : dup(null);
}

int
kernel_filter_open(void)
{
	return 0;
}

int
kernel_filter_load(const struct conf *c, char *buf, size_t size)
{
	strlcpy(buf, "line 1\nline 2", size);
	return fails() ? -1 : 0;
}

/* One that is there already; its rules may be restored at any time. */
static bool
is_admitted(const struct rules_port *rp)
{
	struct port	*port;

	RB_FOREACH(port, port_tree, &ports)
		if (&port->rules == rp)
			return true;
	return false;
}

int
kernel_filter_add(const struct rules_port *rp, char *buf, size_t size)
{
	struct host_if	*h = host_of(rp->ifindex);

	if (asked != NULL && asked->ifindex == rp->ifindex &&
	    !is_admitted(rp)) {
		must_serve(h);
		must(strcmp(rp->vm, vms[h->vm]) == 0 && rp->ifn == h->ifn);
		must(rp->guest == 0 ||
		    rp->host.addr == subnet_host(&(struct prefix){
		    asked->subnet, asked->plen }));
	}
	/* Who may not send has nothing that others want. */
	must(rp->guest != 0 || (rp->host.addr == 0 && rp->nforward == 0 &&
	    rp->nrules == 0));
	strlcpy(buf, "refused", size);
	if (fails())
		return -1;
	buf[0] = '\0';
	h->ruled = rp->guest != 0;
	return 0;
}

void
kernel_filter_remove(const struct rules_port *rp)
{
	host_of(rp->ifindex)->ruled = false;
}

void
kernel_filter_prune(const struct rules_port *const *list, size_t n)
{
	while (n-- > 0)
		(void)host_of(list[n]->ifindex);
}

char *
kernel_filter_show(const struct rules_port *rp)
{
	return fails() ? NULL : strdup("table {\n\n\tset\n}\n");
}

int
kernel_filter_watch(void)
{
	return null;		/* no slow check is wanted here */
}

bool
kernel_filter_changed(void)
{
	return false;
}

bool
kernel_filter_check(void (*finding)(void *, const char *), void *arg)
{
	finding(arg, "pf is not enabled");
	return fails();
}

/* --- what priv says -------------------------------------------------------- */

static void
out_prepared(const struct msg_prepared *msg)
{
	must(message_string(msg->reason, sizeof(msg->reason)));
	if (asked == NULL || msg->port != asked->port || nanswers > 0) {
		/* Of its own accord: a port that is there. */
		must(msg->port < NPORTS && live[msg->port]);
		return;
	}
	nanswers++;
	must(msg->ok == (has_opened && opened == msg->port));
	must(msg->ok || msg->reason[0] != '\0');
}

static void
out_port(const struct msg_port *msg, int fd)
{
	must(fd != -1 && asked != NULL && msg->port == asked->port &&
	    msg->ifindex == asked->ifindex && !has_opened);
	must(!live[msg->port]);
	live[msg->port] = has_opened = true;
	opened = msg->port;
}

static void
out(struct channel *ch, uint32_t type, uint32_t id, int fd, const void *data,
    size_t len)
{
	uint32_t	 port;

	switch (type) {
	case IMSG_PREPARED:
		must(ch == &engine && len == sizeof(struct msg_prepared));
		out_prepared(data);
		break;
	case IMSG_PORT:
		must(ch == &frontend && len == sizeof(struct msg_port));
		out_port(data, fd);
		break;
	case IMSG_PORT_CLOSE:
		must(ch == &frontend && len == sizeof(port));
		memcpy(&port, data, sizeof(port));
		must(port < NPORTS && live[port]);
		live[port] = false;
		break;
	case IMSG_TEXT:
		must(ch == &engine && len <= CTL_TEXTLEN && len > 0 &&
		    ((const char *)data)[len - 1] == '\0');
		break;
	case IMSG_CONF_REFUSED:
		must(ch == &parent && len > 0 &&
		    ((const char *)data)[len - 1] == '\0');
		break;
	default:
		must(type == IMSG_LOOKED || type == IMSG_TEXT_END ||
		    type == IMSG_CONF_DONE);
		break;
	}
	if (fd != -1)
		close(fd);
}

/* --- what it hears --------------------------------------------------------- */

static void
step_host(void)
{
	struct host_if	*h = &host[byte() % NIFS];
	uint8_t		 what = byte();

	switch (what % 8) {
	case 0:
		h->there = false;
		break;
	case 1:
		h->master = h->master == 0 ? 99 : 0;
		break;
	case 2:
		if (h->naddr < MAXADDR)
			h->addr[h->naddr++] = foreign[what / 8 % NFOREIGN];
		h->as_seen = false;
		break;
	default:
		if (!h->there)
			memset(h, 0, sizeof(*h));
		h->there = true;
		h->tap = what != 0xff;
		h->vm = what / 8 % (NVMS + 1);
		h->ifn = what == 0xfb;
		/* Whoever moves to another one loses its addresses. */
		if (h->rdomain != (h->vm == 4))
			h->naddr = 0;
		h->rdomain = h->vm == 4;
		break;
	}
}

/* A request that is right, as far as the numbers go. */
static void
right_prepare(struct msg_prepare *msg)
{
	const struct host_if	*h = &host[(msg->ifindex - 1) % NIFS];
	const char		*vm = vms[h->vm % NVMS];
	struct prefix		 subnet;

	subnet.len = msg->plen = strcmp(vm, "other") == 0 ? 30 : 31;
	subnet.addr = subnet.len == 30 ? 0x0a010000 + byte() % 8 * 4 :
	    strcmp(vm, "fixed") == 0 ? 0x0a000004 :
	    0x0a000000 + byte() % 16 * 2;
	msg->subnet = subnet.addr;
	msg->guest = subnet_guest(&subnet);
	msg->ifn = h->ifn;
	strlcpy(msg->vm, vm, sizeof(msg->vm));
	strlcpy(msg->pool, subnet.len == 30 ? "backend" :
	    conf_find_pool(conf, "renamed") != NULL ? "renamed" : "default",
	    sizeof(msg->pool));
}

static void
step_prepare(void)
{
	static const char *const	 names[] = {
		"default", "backend", "renamed", ""
	};
	struct msg_prepare		 msg;
	uint8_t				 what = byte();

	memset(&msg, 0, sizeof(msg));
	msg.port = byte() % NPORTS;
	msg.ifindex = 1 + what % NIFS;
	right_prepare(&msg);
	/* One thing of it is wrong, or none. */
	switch (what / NIFS % 16) {
	case 0:
		msg.ifindex = word();
		break;
	case 1:
		strlcpy(msg.vm, vms[byte() % NVMS], sizeof(msg.vm));
		break;
	case 2:
		msg.ifn = byte() % 2 == 0 ? word() : 1;
		break;
	case 3:
		msg.plen = byte();
		break;
	case 4:
		msg.subnet = word();
		break;
	case 5:
		msg.guest ^= byte();
		break;
	case 6:
		strlcpy(msg.pool, names[byte() % 4], sizeof(msg.pool));
		break;
	case 7:
		memset(byte() % 2 == 0 ? msg.vm : msg.pool, 'v',
		    sizeof(msg.pool));
		if (byte() % 2 == 0)
			memset(msg.vm, 'v', sizeof(msg.vm));
		break;
	case 8:
		msg.plen = 256 + 31;
		break;
	case 9:
		/* What the tap has, whoever gave it. */
		msg.subnet = host[msg.ifindex - 1].addr[0].addr;
		msg.guest = msg.subnet + 1;
		strlcpy(msg.pool, "old", sizeof(msg.pool));
		break;
	case 10:
		msg.subnet = OLD_POOL + byte() % 2 * 2;
		msg.guest = msg.subnet + 1;
		strlcpy(msg.pool, "old", sizeof(msg.pool));
		break;
	}
	asked = &msg;
	nanswers = 0;
	has_opened = false;
	hear(priv_dispatch_engine, &engine, IMSG_PREPARE, &msg, sizeof(msg),
	    NULL, 0);
	must(nanswers == 1);
	asked = NULL;
}

static void
step_withdraw(void)
{
	struct msg_withdraw	 msg;
	uint8_t			 what = byte();

	msg.port = what < 0xf0 ? what % NPORTS : word();
	msg.vacate = what & 0x40;
	hear(priv_dispatch_engine, &engine, IMSG_WITHDRAW, &msg, sizeof(msg),
	    NULL, 0);
	must(msg.port >= NPORTS || !live[msg.port]);
}

static void
step_confine(void)
{
	struct msg_confine	 msg;
	uint8_t			 what = byte();

	memset(&msg, 0, sizeof(msg));
	msg.port = what & 0x20 ? byte() % NPORTS : what % NPORTS;
	msg.ifindex = what < 0xf0 ? 1U + what % NIFS : word();
	msg.ifn = what & 0x40 ? byte() : 0;
	if (what & 0x80)
		memset(msg.vm, 'v', sizeof(msg.vm));
	else
		strlcpy(msg.vm, vms[byte() % NVMS], sizeof(msg.vm));
	hear(priv_dispatch_engine, &engine, IMSG_CONFINE, &msg, sizeof(msg),
	    NULL, 0);
}

static void
step_raise(void)
{
	struct msg_raise	 msg;
	uint8_t			 what = byte();

	memset(&msg, 0, sizeof(msg));
	msg.ifindex = what < 0xf0 ? 1U + what % NIFS : word();
	msg.ifn = what & 0x40 ? byte() : 0;
	if (what & 0x80)
		memset(msg.vm, 'v', sizeof(msg.vm));
	else
		strlcpy(msg.vm, vms[byte() % NVMS], sizeof(msg.vm));
	hear(priv_dispatch_engine, &engine, IMSG_RAISE, &msg, sizeof(msg),
	    NULL, 0);
}

static void
step_number(uint32_t type)
{
	uint8_t		 what = byte();
	uint32_t	 number = what < 0xf0 ? what % NPORTS : word();

	hear(priv_dispatch_engine, &engine, type, &number, sizeof(number),
	    NULL, 0);
}

/* Anything, from anybody; but what ends priv by right. */
static void
step_garbage(void)
{
	static uint8_t	 buf[2048];
	uint32_t	 type = byte();
	uint8_t		 who = byte() % 3;
	size_t		 len = byte() * (byte() % 9);

	if (who == 2 && (type == IMSG_CHANNEL || type == IMSG_VERBOSE ||
	    type == IMSG_LEASES || (type >= IMSG_CONF_BEGIN && type <= IMSG_CONF_END)))
		return;
	/* What is of the right length is no garbage. */
	if (len == sizeof(struct msg_prepare) ||
	    len == sizeof(struct msg_confine) ||
	    len == sizeof(struct msg_withdraw))
		len++;
	fill(buf, len, type);
	hear_fd(who == 0 ? priv_dispatch_engine : who == 1 ?
	    priv_dispatch_frontend : priv_dispatch_parent, who == 0 ?
	    &engine : who == 1 ? &frontend : &parent, type,
	    byte() % 4 == 0 ? dup(null) : -1, buf, len, NULL, 0);
}

/* --- the beginning and the end --------------------------------------------- */

/* Some interfaces, and leases of before; two of them are running VMs'. */
static void
begin_host(void)
{
	struct lease_record	 record;
	struct ibuf		*buf;
	uint8_t			 what = byte();
	int			 i;

	memset(host, 0, sizeof(host));
	for (i = 0; i < 2; i++) {
		host[i].there = host[i].tap = host[i].as_seen = true;
		host[i].vm = what >> 4 * i & 7;
		host[i].naddr = 1;
		host[i].addr[0].addr = (what >> 4 * i & 8 ? OLD_POOL :
		    0x0a000002) + 2 * i;
		host[i].addr[0].len = 31;
		old_vm[i] = "";
		if (host[i].vm >= NVMS)
			continue;
		old_vm[i] = vms[host[i].vm];
		memset(&record, 0, sizeof(record));
		strlcpy(record.vm, vms[host[i].vm], sizeof(record.vm));
		strlcpy(record.pool, "old", sizeof(record.pool));
		record.subnet = host[i].addr[0].addr;
		record.plen = 31;
		record.guest = record.subnet + 1;
		if ((buf = ibuf_open(LEASE_MAXPACK)) == NULL ||
		    lease_pack(buf, &record) == -1)
			err(1, "lease");
		hear(priv_dispatch_parent, &parent, IMSG_LEASES,
		    ibuf_data(buf), ibuf_size(buf), NULL, 0);
		ibuf_free(buf);
	}
	kernel_look_all(know_address, NULL);
}

static void
begin(void)
{
	if (null == -1) {
		event_init();
		hear_init();
		if ((null = open("/dev/null", O_RDWR)) == -1)
			err(1, "/dev/null");
		parent.peer = "parent";
		engine.peer = "engine";
		frontend.peer = "frontend";
	}
	memset(live, 0, sizeof(live));
	asked = NULL;
	begin_host();
	reliable = true;
	priv_configure(make_conf(conf_text));
	reliable = false;
}

static void
end(void)
{
	struct msg_withdraw	 msg = { 0, 0 };
	struct kept		*kept;
	uint32_t		 n;

	left = 0;
	for (msg.port = 0; msg.port < NPORTS; msg.port++)
		withdraw(&msg);
	must(RB_EMPTY(&ports) && RB_EMPTY(&taps) && RB_EMPTY(&subnets));
	while ((kept = RB_ROOT(&kepts)) != NULL) {
		RB_REMOVE(kept_tree, &kepts, kept);
		free(kept);
	}
	for (n = 1; n <= NIFS; n++)
		hostaddr_remove(n);
}

/* Those in use are those that were said to be. */
static void
check_ports(void)
{
	struct port	*port, *other;
	size_t		 n = 0, i, nlive = 0;

	RB_FOREACH(port, port_tree, &ports) {
		n += !port->confined;
		must(port->id < NPORTS && live[port->id] != port->confined);
		RB_FOREACH(other, port_tree, &ports)
			must(other == port || (port->rules.ifindex !=
			    other->rules.ifindex && (port->confined ||
			    other->confined || port->rules.rdomain !=
			    other->rules.rdomain || !prefix_overlaps(
			    &port->subnet, &other->subnet))));
	}
	must((size_t)nports == n);
	for (i = 0; i < NPORTS; i++)
		nlive += live[i];
	must(n == nlive);
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
			step_host();
			break;
		case 3:
		case 4:
			step_withdraw();
			break;
		case 5:
			step_raise();
			break;
		case 11:
			step_confine();
			break;
		case 6:
			step_number(IMSG_LOOK);
			break;
		case 7:
			step_number(IMSG_SHOW_RULES);
			break;
		case 8:
			hear(priv_dispatch_engine, &engine, byte() % 2 == 0 ?
			    IMSG_PRUNE : IMSG_CHECK, NULL, 0, NULL, 0);
			break;
		case 9:
			step_garbage();
			break;
		case 10:
			if (byte() % 8 == 0)
				priv_configure(make_conf(byte() % 2 == 0 ?
				    conf_text : conf_text2));
			break;
		default:
			step_prepare();
			break;
		}
		check_ports();
	}
	end();
	return 0;
}

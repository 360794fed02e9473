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
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sockio.h>

#include <net/if.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"
#include "conf.h"
#include "kernel.h"
#include "log.h"
#include "mainrules.h"
#include "../packet.h"
#include "pfctl.h"
#include "rules.h"
#include "../system.h"
#include "../test.h"

/*
 * Our rules in the kernel's pf(4), and what real frames meet there: two
 * guests and a host outside, each at the end of a tap.  The main rule set is
 * left as it is, so it has to call the anchor, and pass what guests send.
 */

#define ANCHOR		"vmnetd"
#define PATIENCE	400		/* ms, for a frame that should come */
#define SILENCE		120		/* ms, for one that should not */

#define POOL		0xc6336400	/* 198.51.100.0/24 */
#define OUTSIDE_NET	0xc0000200	/* 192.0.2.0/24 */
#define OUR_OUTSIDE	(OUTSIDE_NET + 1)
#define REMOTE		(OUTSIDE_NET + 2)

/* One end of a wire: a tap, and who is there. */
struct end {
	char			 name[IF_NAMESIZE];
	int			 fd;
	struct interface	 ifc;
	struct prefix		 host;		/* the kernel's address */
	uint32_t		 addr;		/* ours */
	uint8_t			 lladdr[6];
	struct rules_port	 port;		/* a guest's */
};

struct frame_seen {
	uint8_t		 b[2048];
	size_t		 len;
};

static struct end	 web, db, outside;
static struct conf	*conf;
static char		 why[4096];

/* --- frames ------------------------------------------------------------- */

static void
put_ether(uint8_t *b, const struct end *from, const uint8_t *to,
    uint16_t type)
{
	memcpy(b, to, 6);
	memcpy(b + 6, from->lladdr, 6);
	pk_set(b + 12, 2, type);
}

static void
put_ip(uint8_t *ip, size_t len, uint8_t proto, uint32_t src, uint32_t dst)
{
	memset(ip, 0, 20);
	ip[0] = 0x45;
	pk_set(ip + 2, 2, 20 + len);
	ip[8] = 64;
	ip[9] = proto;
	pk_set(ip + 12, 4, src);
	pk_set(ip + 16, 4, dst);
	pk_set(ip + 10, 2, pk_sum(0, ip, 20));
}

static void
put_frame(const struct end *e, const uint8_t *b, size_t len)
{
	if (write(e->fd, b, len) == -1)
		err(1, "%s", e->name);
}

/* UDP without checksum; the payload says who sent it. */
static void
send_udp(const struct end *e, uint32_t src, uint16_t sport, uint32_t dst,
    uint16_t dport, char mark)
{
	uint8_t	 b[64] = { 0 };

	put_ether(b, e, e->ifc.lladdr, 0x0800);
	put_ip(b + 14, 8 + 4, 17, src, dst);
	pk_set(b + 34, 2, sport);
	pk_set(b + 36, 2, dport);
	pk_set(b + 38, 2, 8 + 4);
	memset(b + 42, mark, 4);
	put_frame(e, b, 46);
}

static void
send_ping(const struct end *e, uint32_t src, uint32_t dst)
{
	uint8_t	 b[64] = { 0 };

	put_ether(b, e, e->ifc.lladdr, 0x0800);
	put_ip(b + 14, 8 + 8, 1, src, dst);
	b[34] = 8;
	pk_set(b + 38, 2, 77);
	pk_set(b + 36, 2, pk_sum(0, b + 34, 16));
	put_frame(e, b, 50);
}

static void
send_arp(const struct end *e, const uint8_t *to, uint16_t op, uint32_t sender,
    uint32_t target)
{
	uint8_t	 b[64] = { 0 };

	put_ether(b, e, to, 0x0806);
	pk_set(b + 14, 4, 0x00010800);
	pk_set(b + 18, 4, 0x06040000 | op);
	memcpy(b + 22, e->lladdr, 6);
	pk_set(b + 28, 4, sender);
	memcpy(b + 32, to, 6);
	pk_set(b + 38, 4, target);
	put_frame(e, b, 42);
}

static const uint8_t	 everybody[6] = { 255, 255, 255, 255, 255, 255 };

/* Answer for this end's address, as its kernel would. */
static bool
answer_arp(const struct end *e, const struct frame_seen *f)
{
	if (f->len < 42 || pk_get(f->b + 12, 2) != 0x0806)
		return false;
	if (pk_get(f->b + 20, 2) == 1 && pk_get(f->b + 38, 4) == e->addr)
		send_arp(e, f->b + 6, 2, e->addr, pk_get(f->b + 28, 4));
	return true;
}

static int64_t
now_ms(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

typedef bool frame_wanted(const struct frame_seen *, uint32_t);

static bool
is_udp(const struct frame_seen *f, uint32_t mark)
{
	return f->len >= 46 && pk_get(f->b + 12, 2) == 0x0800 &&
	    f->b[23] == 17 && f->b[42] == mark;
}

static bool
is_pong(const struct frame_seen *f, uint32_t from)
{
	return f->len >= 42 && pk_get(f->b + 12, 2) == 0x0800 &&
	    f->b[23] == 1 && f->b[34] == 0 && pk_get(f->b + 26, 4) == from;
}

static bool
is_arp_reply(const struct frame_seen *f, uint32_t from)
{
	return f->len >= 42 && pk_get(f->b + 12, 2) == 0x0806 &&
	    pk_get(f->b + 20, 2) == 2 && pk_get(f->b + 28, 4) == from;
}

/* Wait for a frame at one end, with all ends answering ARP meanwhile. */
static bool
arrives(struct end *at, frame_wanted *wanted, uint32_t arg, int ms,
    struct frame_seen *f)
{
	struct end	*ends[] = { &web, &db, &outside };
	struct pollfd	 pfd[3];
	int64_t		 left, end = now_ms() + ms;
	ssize_t		 n;
	int		 i;

	while ((left = end - now_ms()) > 0) {
		for (i = 0; i < 3; i++) {
			pfd[i].fd = ends[i]->fd;
			pfd[i].events = POLLIN;
		}
		if (poll(pfd, 3, left) == -1)
			err(1, "poll");
		for (i = 0; i < 3; i++) {
			if ((pfd[i].revents & POLLIN) == 0 || (n = read(
			    ends[i]->fd, f->b, sizeof(f->b))) <= 0)
				continue;
			f->len = n;
			if (ends[i] == at && wanted(f, arg))
				return true;
			answer_arp(ends[i], f);
		}
	}
	return false;
}

/* --- the wires ---------------------------------------------------------- */

static void
make_end(struct end *e, uint32_t host, uint8_t len, uint32_t addr)
{
	uint32_t	 ifindex;

	e->fd = system_tap_open(e->name, false);
	ifindex = if_nametoindex(e->name);
	if (kernel_look(ifindex, &e->ifc) == -1)
		err(1, "look at %s", e->name);
	e->host.addr = host;
	e->host.len = len;
	e->addr = addr;
	memcpy(e->lladdr, "\xfe\xe1\xbb\xd1\x00\x00", 6);
	e->lladdr[5] = ifindex;
	if (kernel_address_add(&e->ifc, &e->host) == -1)
		err(1, "address of %s", e->name);
}

static void
make_guest(struct end *e, const char *vm, uint32_t host)
{
	struct rules_port	*port = &e->port;

	make_end(e, host, 31, host + 1);
	if (kernel_tap_join(&e->ifc) == -1)
		err(1, "group of %s", e->name);
	strlcpy(port->tap, e->name, sizeof(port->tap));
	strlcpy(port->vm, vm, sizeof(port->vm));
	strlcpy(port->pool, "p", sizeof(port->pool));
	port->ifindex = e->ifc.index;
	port->host = e->host;
	port->guest = e->addr;
}

static void
make_conf(void)
{
	struct conf_pool	*pool;

	if ((conf = conf_new()) == NULL ||
	    (pool = conf_add_pool(conf)) == NULL ||
	    (pool->nat = calloc(1, sizeof(*pool->nat))) == NULL)
		err(1, "configuration");
	strlcpy(conf->anchor, ANCHOR, sizeof(conf->anchor));
	strlcpy(pool->name, "p", sizeof(pool->name));
	pool->inet.addr = POOL;
	pool->inet.len = 24;
	pool->subnet = 31;
	pool->nnat = 1;
	strlcpy(pool->nat->ifname, outside.name, sizeof(pool->nat->ifname));
}

/* --- pfctl -------------------------------------------------------------- */

static char *
pfctl(const char *a, const char *b, const char *c, const char *d)
{
	const char		*const argv[] = { a, b, c, d, NULL };
	struct pfctl_answer	 answer;
	static char		*text;

	free(text);
	text = NULL;
	if (pfctl_run(argv, "", &answer) == -1)
		err(1, "pfctl");
	free(answer.err);
	return text = answer.out;
}

static bool
in_table(const char *name, uint32_t addr)
{
	const char		*const argv[] = { "-q", "-a", ANCHOR, "-t",
				    name, "-T", "show", NULL };
	struct pfctl_answer	 answer;
	bool			 found;

	if (pfctl_run(argv, "", &answer) == -1)
		err(1, "pfctl");
	found = strstr(answer.out, addr_ntoa(addr)) != NULL;
	pfctl_free(&answer);
	return found;
}

/* Has any child been run since? */
static long
children_faults(void)
{
	struct rusage	 ru;

	getrusage(RUSAGE_CHILDREN, &ru);
	return ru.ru_minflt;
}

static void
test_pfctl(void)
{
	const char		*const bad[] = { "-n", "-f", "-", NULL };
	const char		*const option[] = { "-W", NULL };
	const char		*const rules[] = { "-o", "none", "-nvf", "-",
				    NULL };
	struct pfctl_answer	 answer;
	char			*text;
	size_t			 i, n = 3000;

	test_case("pfctl");
	CHECK_INT(pfctl_run(bad, "pass\nnonsense\n", &answer), 1);
	CHECK(strncmp(answer.err, "stdin:2: ", 9) == 0);
	pfctl_free(&answer);
	CHECK_INT(pfctl_run(option, "", &answer), 1);
	pfctl_free(&answer);

	/* More than pipes hold, both ways. */
	text = calloc(n, 64);
	for (i = 0; i < n; i++)
		sprintf(text + strlen(text), "pass in on lo%zu proto tcp\n",
		    i);
	if (CHECK_INT(pfctl_run(rules, text, &answer), 0)) {
		CHECK(strstr(answer.out, "on lo2999 ") != NULL);
		CHECK(strlen(answer.out) > strlen(text));
		pfctl_free(&answer);
	}

	/* It leaves before it has read that. */
	CHECK_INT(pfctl_run(option, text, &answer), 1);
	pfctl_free(&answer);
	free(text);
}

/* --- the main rule set -------------------------------------------------- */

static char		 findings[4096];
static const char	 em0[1][IF_NAMESIZE] = { "em0" };
static const char	 tap3[1][IF_NAMESIZE] = { "tap3" };

static void
note(void *arg, const char *line)
{
	strlcat(findings, line, sizeof(findings));
	strlcat(findings, "\n", sizeof(findings));
}

static const char *
judge(const char *rules)
{
	struct mainrules	 mr = { "vmnetd", false, em0, 1, tap3, 1, note,
				    NULL };

	findings[0] = '\0';
	mainrules_rules(&mr, rules);
	return findings;
}

static const char *
judge_skip(const char *listing)
{
	struct mainrules	 mr = { "vmnetd", false, em0, 1, tap3, 1, note,
				    NULL };

	findings[0] = '\0';
	mainrules_skip(&mr, listing);
	return findings;
}

#define CALL	"anchor \"vmnetd\" all\n"

static void
test_mainrules(void)
{
	test_case("main rule set");
	CHECK_STR(judge("block return all\npass all flags S/SA\n" CALL), "");
	CHECK_STR(judge(CALL), "");
	CHECK_STR(judge("anchor \"*\" all\n"), "");
	CHECK_STR(judge("anchor \"vmnetd\" quick all\n"), "");
	CHECK(strstr(judge("pass all flags S/SA\n"), "anchor \"vmnetd\" at "));
	CHECK(strstr(judge(""), "does not call"));
	CHECK(strstr(judge("anchor \"vmnetd/*\" all\n"), "does not call"));
	CHECK(strstr(judge("anchor \"vmnetd2\" all\n"), "does not call"));
	CHECK(strstr(judge("anchor \"vmnetd\" in on egress all\n"),
	    "not for all packets"));
	CHECK(strstr(judge("anchor \"vmnetd\" inet proto tcp all\n"),
	    "not for all packets"));

	/* Earlier quick ones: those that would take what guests send. */
	CHECK(strstr(judge("pass quick all flags S/SA\n" CALL), "is quick"));
	CHECK(strstr(judge("pass in quick on tap all flags S/SA\n" CALL),
	    "is quick"));
	CHECK(strstr(judge("pass out quick on em0 all flags S/SA\n" CALL),
	    "is quick"));
	CHECK(strstr(judge("block drop in log (all) quick on ! lo0 all\n" CALL),
	    "is quick"));
	CHECK_STR(judge(CALL "pass quick all flags S/SA\n"), "");
	CHECK_STR(judge("pass quick on vio7 all flags S/SA\n" CALL), "");
	CHECK_STR(judge("block drop in quick from <bad> to any\n" CALL), "");
	CHECK_STR(judge("pass in quick inet6 all flags S/SA\n" CALL), "");
	CHECK_STR(judge("pass out quick on vmnet all flags S/SA\n" CALL), "");
	CHECK_STR(judge("pass in quick on em0 all flags S/SA\n" CALL), "");
	CHECK_STR(judge("pass in quick on tap3 all flags S/SA\n" CALL), "");
	CHECK_STR(judge("pass in quick on tap4 all flags S/SA\n" CALL), "");

	/* Who has the last word on what guests send. */
	CHECK(strstr(judge("block drop all\npass out all flags S/SA\n" CALL),
	    "pass in on vmnet"));
	CHECK_STR(judge("block drop all\npass out all flags S/SA\n"
	    "pass in on vmnet all flags S/SA\n" CALL), "");
	CHECK_STR(judge("block drop all\npass out all flags S/SA\n"
	    "pass in on tap inet proto tcp from any to any flags S/SA\n" CALL),
	    "");
	CHECK_STR(judge("block drop all\nanchor \"mine\" all\n" CALL), "");
	CHECK_STR(judge("block drop all\npass out all flags S/SA\n"
	    "pass in on tap3 all flags S/SA\n" CALL), "");
	CHECK_STR(judge("pass all flags S/SA\nblock drop in on tap3 all\n"
	    CALL), "");
	CHECK(strstr(judge("pass all flags S/SA\n" CALL "block drop all\n"),
	    "pass out on egress"));
	CHECK(strstr(judge("block drop all\npass in on vmnet all\n" CALL),
	    "pass out on egress"));
	CHECK_STR(judge("pass all flags S/SA\nblock drop in on em0 all\n"
	    "block drop in on rdomain 3 all\n" CALL), "");
	CHECK_STR(judge("pass all flags S/SA\n"
	    "block drop in on ! lo0 proto tcp from any to any port = 6000\n"
	    "block drop quick inet6 all\n" CALL), "");
	CHECK_STR(judge("pass all flags S/SA\nanchor all {\n"
	    "  block drop all\n}\n" CALL), "");

	CHECK_STR(judge_skip("all\negress\nem0\nlo (skip)\nlo0 (skip)\n"), "");
	CHECK(strstr(judge_skip("em0 (skip)\nlo (skip)\nlo0 (skip)\n"),
	    "blind to em0:"));
	CHECK(strstr(judge_skip("em1 (skip)\ntap (skip)\ntap3 (skip)\n"),
	    "blind to tap, tap3:"));
	CHECK(strstr(judge_skip("vmnet (skip)\n"), "blind to vmnet:"));
	CHECK(strstr(judge_skip("tap3 (skip)\n"), "blind to tap3:"));
	CHECK_STR(judge_skip("tap4 (skip)\ntapioca (skip)\n"), "");
}

/* --- membership --------------------------------------------------------- */

static void
test_membership(void)
{
	long	 faults;

	test_case("membership");
	CHECK_INT(kernel_filter_load(conf, why, sizeof(why)), 0);
	CHECK(strstr(pfctl("-a", ANCHOR, "-s", "rules"), "<guests>"));
	faults = children_faults();
	CHECK_INT(kernel_filter_load(conf, why, sizeof(why)), 0);
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	CHECK_INT(kernel_filter_add(&db.port, why, sizeof(why)), 0);
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	/* No pfctl for any of that. */
	CHECK_INT(children_faults(), faults);
	CHECK(in_table("guests", web.addr));
	CHECK(in_table("guests", db.addr));
	faults = children_faults();
	kernel_filter_remove(&db.port);
	CHECK_INT(children_faults(), faults);
	CHECK(in_table("guests", web.addr));
	CHECK(!in_table("guests", db.addr));
	CHECK_INT(kernel_filter_add(&db.port, why, sizeof(why)), 0);
	CHECK(in_table("guests", db.addr));
}

/* --- who may send what -------------------------------------------------- */

static void
test_spoofing(void)
{
	struct frame_seen	 f;

	test_case("spoofing");
	send_ping(&web, web.addr, web.host.addr);
	CHECK(arrives(&web, is_pong, web.host.addr, PATIENCE, &f));
	send_ping(&web, db.addr, web.host.addr);
	CHECK(!arrives(&db, is_pong, web.host.addr, SILENCE, &f));

	send_arp(&web, everybody, 1, web.addr, web.host.addr);
	CHECK(arrives(&web, is_arp_reply, web.host.addr, PATIENCE, &f));
	send_arp(&web, everybody, 1, 0, web.host.addr);
	CHECK(arrives(&web, is_arp_reply, web.host.addr, PATIENCE, &f));
	send_arp(&web, everybody, 1, db.addr, web.host.addr);
	CHECK(!arrives(&web, is_arp_reply, web.host.addr, SILENCE, &f));
	send_arp(&web, everybody, 1, web.host.addr, web.host.addr);
	CHECK(!arrives(&web, is_arp_reply, web.host.addr, SILENCE, &f));

	/* States float: this one is db's. */
	send_udp(&db, db.addr, 1000, REMOTE, 2000, 'd');
	CHECK(arrives(&outside, is_udp, 'd', PATIENCE, &f));
	send_udp(&web, db.addr, 1000, REMOTE, 2000, 'x');
	CHECK(!arrives(&outside, is_udp, 'x', SILENCE, &f));
	send_udp(&db, db.addr, 1000, REMOTE, 2000, 'e');
	CHECK(arrives(&outside, is_udp, 'e', PATIENCE, &f));
}

/* The same without the layer that lapses with the daemon. */
static void
test_spoofing_pf(void)
{
	struct frame_seen	 f;

	test_case("not a member");
	send_ping(&web, web.addr, web.host.addr);
	CHECK(arrives(&web, is_pong, web.host.addr, PATIENCE, &f));
	kernel_filter_remove(&web.port);
	send_ping(&web, web.addr, web.host.addr);
	CHECK(!arrives(&web, is_pong, web.host.addr, SILENCE, &f));
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	send_ping(&web, web.addr, web.host.addr);
	CHECK(arrives(&web, is_pong, web.host.addr, PATIENCE, &f));
}

static void
test_nat(void)
{
	struct frame_seen	 f;
	uint16_t		 port;

	test_case("nat");
	send_udp(&web, web.addr, 1234, REMOTE, 53, 'n');
	if (!CHECK(arrives(&outside, is_udp, 'n', PATIENCE, &f)))
		return;
	CHECK_INT(pk_get(f.b + 26, 4), OUR_OUTSIDE);
	CHECK_INT(pk_get(f.b + 36, 2), 53);
	port = pk_get(f.b + 34, 2);
	send_udp(&outside, REMOTE, 53, OUR_OUTSIDE, port, 'r');
	if (!CHECK(arrives(&web, is_udp, 'r', PATIENCE, &f)))
		return;
	CHECK_INT(pk_get(f.b + 30, 4), web.addr);
	CHECK_INT(pk_get(f.b + 36, 2), 1234);

	/* It survives that the rules are loaded again. */
	conf->pools.tqh_first->isolate = true;
	CHECK_INT(kernel_filter_load(conf, why, sizeof(why)), 0);
	send_udp(&outside, REMOTE, 53, OUR_OUTSIDE, port, 's');
	CHECK(arrives(&web, is_udp, 's', PATIENCE, &f));

	/* With the guest goes the connection, even if it comes again. */
	kernel_filter_remove(&web.port);
	CHECK(strstr(pfctl("-q", "-s", "states", NULL),
	    addr_ntoa(web.addr)) == NULL);
	CHECK(strstr(pfctl("-q", "-s", "states", NULL),
	    addr_ntoa(db.addr)) != NULL);
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	send_udp(&outside, REMOTE, 53, OUR_OUTSIDE, port, 't');
	CHECK(!arrives(&web, is_udp, 't', SILENCE, &f));
}

static void
test_isolation(void)
{
	struct frame_seen	 f;

	test_case("isolation");
	conf->pools.tqh_first->isolate = false;
	CHECK_INT(kernel_filter_load(conf, why, sizeof(why)), 0);
	CHECK(in_table("guests", web.addr));
	send_udp(&web, web.addr, 7, db.addr, 9, 'i');
	CHECK(arrives(&db, is_udp, 'i', PATIENCE, &f));

	web.port.isolate = db.port.isolate = true;
	conf->pools.tqh_first->isolate = true;
	CHECK_INT(kernel_filter_load(conf, why, sizeof(why)), 0);
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	CHECK_INT(kernel_filter_add(&db.port, why, sizeof(why)), 0);
	CHECK(in_table("guests", web.addr));
	CHECK(in_table("p_p", web.addr));
	send_udp(&web, web.addr, 8, db.addr, 9, 'j');
	CHECK(!arrives(&db, is_udp, 'j', SILENCE, &f));
	send_udp(&web, web.addr, 8, REMOTE, 9, 'k');
	CHECK(arrives(&outside, is_udp, 'k', PATIENCE, &f));

	web.port.isolate = db.port.isolate = false;
	conf->pools.tqh_first->isolate = false;
	CHECK_INT(kernel_filter_load(conf, why, sizeof(why)), 0);
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	CHECK_INT(kernel_filter_add(&db.port, why, sizeof(why)), 0);
	send_udp(&web, web.addr, 10, db.addr, 9, 'l');
	CHECK(arrives(&db, is_udp, 'l', PATIENCE, &f));
}

/* --- rules of one's own ------------------------------------------------- */

static struct conf_forward		 forward;
static const struct conf_forward	*forwards[1] = { &forward };

static void
want_forward(void)
{
	forward.udp = forward.tcp = true;
	forward.first = forward.last = 8080;
	forward.to = 80;
	strlcpy(forward.ifname, outside.name, sizeof(forward.ifname));
	web.port.forward = forwards;
	web.port.nforward = 1;
}

static void
want_nothing(void)
{
	web.port.nforward = web.port.nrules = 0;
}

static bool
has_child(const char *name)
{
	return strstr(pfctl("-a", ANCHOR, "-s", "Anchors"), name) != NULL;
}

static void
test_forward(void)
{
	struct frame_seen	 f;
	char			*text;
	long			 faults;

	test_case("forward");
	want_forward();
	send_udp(&outside, REMOTE, 4999, OUR_OUTSIDE, 8080, 'a');
	CHECK(!arrives(&web, is_udp, 'a', SILENCE, &f));
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	/* Even for who has tried before, and again and again. */
	send_udp(&outside, REMOTE, 4999, OUR_OUTSIDE, 8080, 'A');
	CHECK(arrives(&web, is_udp, 'A', PATIENCE, &f));
	send_udp(&outside, REMOTE, 5000, OUR_OUTSIDE, 8080, 'b');
	if (CHECK(arrives(&web, is_udp, 'b', PATIENCE, &f))) {
		CHECK_INT(pk_get(f.b + 26, 4), REMOTE);
		CHECK_INT(pk_get(f.b + 36, 2), 80);
	}
	send_udp(&web, web.addr, 80, REMOTE, 5000, 'c');
	if (CHECK(arrives(&outside, is_udp, 'c', PATIENCE, &f))) {
		CHECK_INT(pk_get(f.b + 26, 4), OUR_OUTSIDE);
		CHECK_INT(pk_get(f.b + 34, 2), 8080);
	}
	if (CHECK((text = kernel_filter_show(&web.port)) != NULL))
		CHECK(strstr(text, "port = 8080"));
	free(text);
	if (CHECK((text = kernel_filter_show(&db.port)) != NULL)) {
		snprintf(why, sizeof(why), "table <guests> { %s }\n",
		    addr_ntoa(db.addr));
		CHECK_STR(text, why);
	}
	free(text);
	if (CHECK((text = kernel_filter_show(NULL)) != NULL)) {
		CHECK(strstr(text, "port = 8080"));
		CHECK(strstr(text, "<guests>"));
	}
	free(text);

	/* Again: nothing to do.  A reload leaves it. */
	faults = children_faults();
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	CHECK_INT(children_faults(), faults);
	conf->pools.tqh_first->isolate = true;
	CHECK_INT(kernel_filter_load(conf, why, sizeof(why)), 0);
	CHECK(has_child(ANCHOR "/web.0"));
	send_udp(&outside, REMOTE, 5000, OUR_OUTSIDE, 8080, 'd');
	CHECK(arrives(&web, is_udp, 'd', PATIENCE, &f));

	/* It ends with the guest, for connections too. */
	kernel_filter_remove(&web.port);
	CHECK(!has_child(ANCHOR "/web.0"));
	CHECK(strstr(pfctl("-q", "-s", "states", NULL), ":5000 ") == NULL);
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	CHECK(has_child(ANCHOR "/web.0"));
	want_nothing();
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	CHECK(!has_child(ANCHOR "/web.0"));
	CHECK(in_table("guests", web.addr));
}

/* Two files: the mistake is in the second. */
static void
test_users_rules(void)
{
	static char		 good_path[] = "/etc/good.pf";
	static char		 bad_path[] = "/etc/bad.pf";
	static char		 good_text[] = "block out on $tap proto udp "
				    "to $guest port 99\ntable <mine> persist\n"
				    "anchor {\n  pass in on $tap proto icmp\n"
				    "}\n";
	static char		 bad_text[] = "# fine\n\npass in on $tap "
				    "nonsense\n";
	struct conf_rules	 good = { .path = good_path,
				    .text = good_text };
	struct conf_rules	 bad = { .path = bad_path, .text = bad_text };
	const struct conf_rules	*rules[] = { &good, &bad };
	struct frame_seen	 f;
	char			*text;

	test_case("users' rules");
	web.port.rules = rules;
	web.port.nrules = 1;
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	send_udp(&db, db.addr, 1, web.addr, 99, 'm');
	CHECK(!arrives(&web, is_udp, 'm', SILENCE, &f));
	send_udp(&db, db.addr, 1, web.addr, 98, 'n');
	CHECK(arrives(&web, is_udp, 'n', PATIENCE, &f));
	text = kernel_filter_show(&web.port);
	CHECK(text != NULL && strstr(text, "proto icmp") != NULL);
	free(text);

	web.port.nrules = 2;
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), -1);
	CHECK(strstr(why, "/etc/bad.pf:3: syntax error") != NULL);
	if (strstr(why, "/etc/bad.pf:3: syntax error") == NULL)
		printf("\t%s\n", why);
	/* All is as it was, until it is removed. */
	send_udp(&db, db.addr, 1, web.addr, 99, 'o');
	CHECK(!arrives(&web, is_udp, 'o', SILENCE, &f));
	CHECK(in_table("guests", web.addr));
	send_ping(&web, web.addr, web.host.addr);
	CHECK(arrives(&web, is_pong, web.host.addr, PATIENCE, &f));
	web.port.nrules = 1;
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	web.port.nrules = 2;
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), -1);
	kernel_filter_remove(&web.port);
	CHECK(!has_child(ANCHOR "/web.0"));
	CHECK(!in_table("guests", web.addr));

	/* Of a new one nothing is left, and nothing that it says is heard. */
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), -1);
	CHECK(!has_child(ANCHOR "/web.0"));
	CHECK(!in_table("guests", web.addr));
	send_ping(&web, web.addr, web.host.addr);
	CHECK(!arrives(&web, is_pong, web.host.addr, SILENCE, &f));

	want_nothing();
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	send_ping(&web, web.addr, web.host.addr);
	CHECK(arrives(&web, is_pong, web.host.addr, PATIENCE, &f));
}

/* --- what others do ----------------------------------------------------- */

static bool
is_gone(void)
{
	findings[0] = '\0';
	return kernel_filter_check(note, NULL);
}

static void
test_others(void)
{
	struct frame_seen	 f;

	test_case("what others do");
	want_forward();
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	CHECK(!is_gone());
	CHECK_STR(findings, "");

	pfctl("-q", "-a", ANCHOR, "-Frules");
	CHECK(is_gone());
	CHECK_INT(kernel_filter_load(conf, why, sizeof(why)), 0);
	CHECK(!is_gone());

	pfctl("-q", "-a", ANCHOR "/web.0", "-Frules");
	CHECK(is_gone());
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	CHECK(has_child(ANCHOR "/web.0"));
	CHECK(!is_gone());

	pfctl("-q", "-a", ANCHOR "/*", "-Fall");
	CHECK(is_gone());
	CHECK_INT(kernel_filter_load(conf, why, sizeof(why)), 0);
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	CHECK_INT(kernel_filter_add(&db.port, why, sizeof(why)), 0);
	CHECK(!is_gone());
	CHECK(in_table("guests", web.addr));
	send_udp(&outside, REMOTE, 5001, OUR_OUTSIDE, 8080, 'o');
	CHECK(arrives(&web, is_udp, 'o', PATIENCE, &f));

	/* An arrival finds it out by itself. */
	pfctl("-q", "-a", ANCHOR, "-Fall");
	kernel_filter_remove(&db.port);
	CHECK_INT(kernel_filter_add(&db.port, why, sizeof(why)), 0);
	CHECK(in_table("guests", web.addr));
	CHECK(in_table("guests", db.addr));
	CHECK(!is_gone());
	want_nothing();
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
}

/* A start finds what an earlier one left. */
static void
test_prune(void)
{
	const char		*const add[] = { "-q", "-a", ANCHOR, "-t",
				    "guests", "-T", "add", "198.51.100.77",
				    NULL };
	const char		*const load[] = { "-q", "-a",
				    ANCHOR "/gone.1", "-f", "-", NULL };
	const struct rules_port	*present[] = { &web.port, &db.port };
	struct pfctl_answer	 answer;

	test_case("prune");
	want_forward();
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	CHECK_INT(pfctl_run(add, "", &answer), 0);
	pfctl_free(&answer);
	CHECK_INT(pfctl_run(load, "anchor {\npass in on tap77\n}\n"
	    "table <x> persist\n", &answer), 0);
	pfctl_free(&answer);
	CHECK(has_child(ANCHOR "/gone.1"));
	CHECK(in_table("guests", 0xc633644d));
	kernel_filter_prune(present, 2);
	CHECK(!has_child(ANCHOR "/gone.1"));
	CHECK(has_child(ANCHOR "/web.0"));
	CHECK(!in_table("guests", 0xc633644d));
	CHECK(in_table("guests", web.addr));
	CHECK(in_table("guests", db.addr));
	want_nothing();
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
}

/* Another name for the anchor: the old one goes, with all in it. */
static void
test_rename(void)
{
	test_case("another anchor");
	want_forward();
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	strlcpy(conf->anchor, ANCHOR "-x", sizeof(conf->anchor));
	CHECK_INT(kernel_filter_load(conf, why, sizeof(why)), 0);
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	CHECK_STR(pfctl("-q", "-a", ANCHOR, "-srules"), "");
	CHECK(strstr(pfctl("-q", "-a", ANCHOR "-x/web.0", "-srules"), "8080"));
	is_gone();
	CHECK(strstr(findings, "does not call") != NULL);
	strlcpy(conf->anchor, ANCHOR, sizeof(conf->anchor));
	CHECK_INT(kernel_filter_load(conf, why, sizeof(why)), 0);
	want_nothing();
	CHECK_INT(kernel_filter_add(&web.port, why, sizeof(why)), 0);
	CHECK_STR(pfctl("-q", "-a", ANCHOR "-x", "-srules"), "");
	CHECK_STR(pfctl("-q", "-a", ANCHOR "-x/web.0", "-srules"), "");
	CHECK(in_table("guests", web.addr));
}

/* --- the end ------------------------------------------------------------ */

/* Why it cannot be tried here, or NULL. */
static const char *
obstacle(void)
{
	if (strstr(pfctl("-q", "-s", "info", NULL), "Status: Enabled") == NULL)
		return "pf is disabled";
	if (strstr(pfctl("-q", "-s", "rules", NULL), CALL) == NULL)
		return "pf.conf does not call anchor \"" ANCHOR "\"";
	if (*pfctl("-q", "-a", ANCHOR, "-srules") != '\0')
		return "anchor \"" ANCHOR "\" is in use";
	return NULL;
}

int
main(void)
{
	const char	*reason;

	log_init(1, 0);
	test_mainrules();
	if (system_isolate() == -1) {
		printf("pf_test: skipped: must be run as root\n");
		return TEST_DONE("pf_test");
	}
	test_pfctl();
	if ((reason = obstacle()) != NULL) {
		printf("pf_test: skipped: %s\n", reason);
		return TEST_DONE("pf_test");
	}
	if (kernel_change_open() == -1 || kernel_filter_open() == -1 ||
	    kernel_watch_open() == -1)
		err(1, "open");
	make_guest(&web, "web", POOL + 2);
	make_guest(&db, "db", POOL + 4);
	make_end(&outside, OUR_OUTSIDE, 24, REMOTE);
	make_conf();
	test_membership();
	test_spoofing();
	test_spoofing_pf();
	test_nat();
	test_isolation();
	test_forward();
	test_users_rules();
	test_others();
	test_prune();
	test_rename();
	kernel_filter_remove(&web.port);
	kernel_filter_remove(&db.port);
	pfctl("-q", "-a", ANCHOR "/*", "-Fall");
	conf_free(conf);
	return TEST_DONE("pf_test");
}

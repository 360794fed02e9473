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
#include <sys/socket.h>
#include <sys/wait.h>
#include <net/if.h>

#include <arpa/inet.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <err.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "conntrack.h"
#include "kernel.h"
#include "log.h"
#include "nfnl.h"
#include "paths.h"
#include "rules.h"
#include "../system.h"
#include "test.h"

/*
 * The packet filter on the kernel that runs here, in a network of our own.
 * What is loaded is looked at, and changed behind vmnetd's back, with nft(8).
 */

#define POOL		0xac100000U	/* 172.16.0.0/24 */
#define PATIENCE	2000		/* ms */
#define MANY		1000
#define OURS		"nft list table inet vmnetd; "		\
			"nft list table ip6 vmnetd; nft list table arp vmnetd"

static struct conf	*conf;
static struct conf_pool	*pool;
static char		 reason[2048];
static char		 found[4096];

static char	*output(const char *, ...)
		    __attribute__((__format__ (printf, 1, 2)));
static int	 shell(const char *, ...)
		    __attribute__((__format__ (printf, 1, 2)));
static bool	 lists(const char *, const char *);
static uint32_t	 generation(void);
static void	 take_generation(const struct nlmsghdr *, void *);
static bool	 changed_soon(void);
static bool	 egress_soon(const char *, bool);
static void	 make_conf(void);
static struct rules_port *port_make(int);
static void	 port_free(struct rules_port *);
static void	 port_forward(struct rules_port *, struct conf_forward *);
static void	 port_rules(struct rules_port *, struct conf_rules *);
static int	 add(const struct rules_port *);

/* --- nft(8) --------------------------------------------------------------- */

static char *
output(const char *fmt, ...)
{
	static char	 buf[1024 * 1024];
	va_list		 ap;
	FILE		*p;
	char		*cmd;
	size_t		 n;

	va_start(ap, fmt);
	if (vasprintf(&cmd, fmt, ap) == -1)
		err(1, NULL);
	va_end(ap);
	if ((p = popen(cmd, "r")) == NULL)
		err(1, "%s", cmd);
	n = fread(buf, 1, sizeof(buf) - 1, p);
	buf[n] = '\0';
	pclose(p);
	free(cmd);
	return buf;
}

static int
shell(const char *fmt, ...)
{
	va_list	 ap;
	char	*cmd;
	int	 status;

	va_start(ap, fmt);
	if (vasprintf(&cmd, fmt, ap) == -1)
		err(1, NULL);
	va_end(ap);
	status = system(cmd);
	free(cmd);
	return status;
}

/* `nft list WHAT' has that text. */
static bool
lists(const char *what, const char *text)
{
	return strstr(output("nft list %s 2>/dev/null", what), text) != NULL;
}

static void
take_generation(const struct nlmsghdr *nlh, void *arg)
{
	uint32_t	*gen = arg;
	struct nlattr	*attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_GEN_ID)
			*gen = ntohl(mnl_attr_get_u32(attr));
}

/* Every transaction that changes something counts it up. */
static uint32_t
generation(void)
{
	static char	 buf[NFNL_REQUEST_SIZE]
			    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	uint32_t	 gen = 0;

	if (nfnl_request(nfnl_put(buf, NFNL_NFT(NFT_MSG_GETGEN), 0, AF_UNSPEC),
	    take_generation, &gen) == -1)
		err(1, "generation");
	return gen;
}

static bool
changed_soon(void)
{
	struct pollfd	 pfd = { kernel_filter_watch(), POLLIN, 0 };

	while (poll(&pfd, 1, 200) > 0)
		if (kernel_filter_changed())
			return true;
	return false;
}

static bool
egress_soon(const char *ifname, bool there)
{
	struct pollfd	 pfd = { kernel_filter_watch(), POLLIN, 0 };
	int		 ms;

	for (ms = 0; ms < PATIENCE; ms += 50) {
		while (poll(&pfd, 1, 0) > 0)
			(void)kernel_filter_changed();
		if (lists("set inet vmnetd egress", ifname) == there)
			return true;
		(void)poll(NULL, 0, 50);
	}
	return false;
}

/* --- what to load --------------------------------------------------------- */

static void
make_conf(void)
{
	if ((conf = conf_new()) == NULL ||
	    (pool = conf_add_pool(conf)) == NULL)
		err(1, NULL);
	strlcpy(conf->anchor, "vmnetd", sizeof(conf->anchor));
	strlcpy(pool->name, "default", sizeof(pool->name));
	pool->inet.addr = POOL;
	pool->inet.len = 16;
	pool->subnet = 31;
	if ((pool->nat = calloc(1, sizeof(*pool->nat))) == NULL)
		err(1, NULL);
	pool->nnat = 1;
}

/* Number n of the VMs, on tapn. */
static struct rules_port *
port_make(int n)
{
	struct rules_port	*port;

	if ((port = calloc(1, sizeof(*port))) == NULL ||
	    (port->forward = calloc(8, sizeof(*port->forward))) == NULL ||
	    (port->rules = calloc(8, sizeof(*port->rules))) == NULL)
		err(1, NULL);
	snprintf(port->tap, sizeof(port->tap), "tap%d", n);
	snprintf(port->vm, sizeof(port->vm), "vm%d", n);
	strlcpy(port->pool, "default", sizeof(port->pool));
	port->ifindex = 1000 + n;
	port->host.addr = POOL + 2 + 2 * n;
	port->host.len = 31;
	port->guest = port->host.addr + 1;
	return port;
}

static void
port_free(struct rules_port *port)
{
	free(port->forward);
	free(port->rules);
	free(port);
}

static void
port_forward(struct rules_port *port, struct conf_forward *f)
{
	port->forward[port->nforward++] = f;
}

static void
port_rules(struct rules_port *port, struct conf_rules *rules)
{
	port->rules[port->nrules++] = rules;
}

static int
add(const struct rules_port *port)
{
	int	 result;

	if ((result = kernel_filter_add(port, reason, sizeof(reason))) == -1)
		printf("%s: %s\n", port->tap, reason);
	return result;
}

static void
finding(void *arg, const char *line)
{
	strlcat(found, line, sizeof(found));
	strlcat(found, "\n", sizeof(found));
}

static bool
check(void)
{
	found[0] = '\0';
	return kernel_filter_check(finding, NULL);
}

/* --- tests ---------------------------------------------------------------- */

static void
test_load(void)
{
	CHECK_INT(shell("nft add table inet other; "
	    "nft add chain inet other c; nft add rule inet other c drop"), 0);
	(void)changed_soon();
	if (!CHECK_INT(kernel_filter_load(conf, reason, sizeof(reason)), 0))
		errx(1, "%s", reason);
	CHECK(lists("tables", "table inet vmnetd"));
	CHECK(lists("tables", "table arp vmnetd"));
	CHECK(lists("chain inet other c", "drop"));
	/* Nobody else did it. */
	CHECK(!changed_soon());
	CHECK_INT(kernel_filter_load(conf, reason, sizeof(reason)), 0);
	CHECK(!changed_soon());
	CHECK(!check());
}

static void
test_member(void)
{
	struct rules_port	*port = port_make(1), *other = port_make(2);
	uint32_t		 gen;
	char			*before;

	CHECK_INT(add(port), 0);
	CHECK(lists("set inet vmnetd guests", "1001 . 172.16.0.5"));
	CHECK(lists("set inet vmnetd ifs", "1001"));
	CHECK(lists("set arp vmnetd guests", "1001 . 172.16.0.5"));
	CHECK(!lists("set inet vmnetd isolated", "1001"));
	gen = generation();
	CHECK_INT(add(port), 0);
	CHECK_INT(generation(), gen);
	/* A new configuration takes nobody's membership. */
	CHECK_INT(kernel_filter_load(conf, reason, sizeof(reason)), 0);
	CHECK(lists("set inet vmnetd guests", "1001 . 172.16.0.5"));

	CHECK_INT(add(other), 0);
	before = strdup(output("nft list ruleset"));
	port->isolate = true;
	CHECK_INT(add(port), 0);
	CHECK(lists("set inet vmnetd isolated", "1001"));
	port->isolate = false;
	CHECK_INT(add(port), 0);
	CHECK_STR(output("nft list ruleset"), before);
	free(before);

	/* The tap is another VM's now. */
	port->guest = POOL + 101;
	CHECK_INT(add(port), 0);
	CHECK(lists("set inet vmnetd guests", "1001 . 172.16.0.101"));
	CHECK(!lists("set inet vmnetd guests", "1001 . 172.16.0.5"));
	kernel_filter_remove(port);
	CHECK(!lists("ruleset", "1001"));
	CHECK(lists("table inet vmnetd", "1002 . 172.16.0.7"));
	kernel_filter_remove(port);
	kernel_filter_remove(other);
	CHECK(!lists("ruleset", "1002"));
	CHECK(!changed_soon());
	port_free(port);
	port_free(other);
}

/* What is written as data is what the text says. */
static void
test_text(void)
{
	struct conf_forward	 f = { .tcp = true, .udp = true,
				    .first = 5000, .last = 5003, .to = 6000,
				    .to_range = true };
	struct conf_rules	 rules = { .path = strdup("/x"),
				    .text = strdup("tcp dport 25 drop\n") };
	struct rules_text	 text = { 0 };
	struct rules_port	*port = port_make(3);
	char			*before;
	FILE			*p;

	port->via = 0x09090909;
	port->isolate = true;
	port_forward(port, &f);
	port_rules(port, &rules);
	CHECK_INT(add(port), 0);
	before = strdup(output("nft list ruleset"));
	CHECK(strstr(before, "1003 . 172.16.0.8 : 9.9.9.9") != NULL);
	CHECK(strstr(before, "172.16.0.9 . 6003") != NULL);
	CHECK(strstr(before, "tcp dport 25 drop") != NULL);
	CHECK(strstr(before, "1003 : jump rules-1003") != NULL);

	CHECK_INT(rules_nft_chain(&text, "vmnetd", port), 0);
	rules_nft_commands(&text, "add", "vmnetd", port);
	if ((p = popen("nft -f -", "w")) == NULL)
		err(1, "nft");
	fputs(text.text, p);
	CHECK_INT(pclose(p), 0);
	CHECK_STR(output("nft list ruleset"), before);
	kernel_filter_remove(port);
	CHECK(!lists("ruleset", "1003"));
	CHECK(!lists("table inet vmnetd", "6003"));
	(void)changed_soon();
	rules_text_clear(&text);
	free(before);
	free(rules.path);
	free(rules.text);
	port_free(port);
}

/* A name that two have one after the other, before the first has left. */
static void
test_same_name(void)
{
	struct conf_rules	 rules = { .path = strdup("/x"),
				    .text = strdup("tcp dport 25 drop\n") };
	struct rules_port	*first = port_make(20), *second = port_make(21);

	strlcpy(second->tap, first->tap, sizeof(second->tap));
	port_rules(first, &rules);
	port_rules(second, &rules);
	CHECK_INT(add(first), 0);
	CHECK_INT(add(second), 0);
	CHECK(lists("map inet vmnetd rules", "1020 : jump rules-1020"));
	CHECK(lists("map inet vmnetd rules", "1021 : jump rules-1021"));
	kernel_filter_remove(first);
	CHECK(!lists("ruleset", "1020"));
	CHECK(lists("set inet vmnetd ifs", "1021"));
	CHECK(lists("set inet vmnetd guests", "1021 . 172.16.0.45"));
	CHECK(lists("set arp vmnetd guests", "1021 . 172.16.0.45"));
	CHECK(lists("chain inet vmnetd rules-1021", "dport 25 drop"));
	/* And it may have been called something else before. */
	strlcpy(second->tap, "renamed", sizeof(second->tap));
	CHECK_INT(add(second), 0);
	kernel_filter_remove(second);
	CHECK(!lists("ruleset", "1021"));
	(void)changed_soon();
	free(rules.path);
	free(rules.text);
	port_free(first);
	port_free(second);
}

static void
test_rules(void)
{
	struct conf_rules	 good = { .path = strdup("/etc/lab.nft"),
				    .text = strdup("ip daddr $host drop\n"
				    "iifname $tap tcp dport 25 reject\n") };
	struct conf_rules	 bad = { .path = strdup("/etc/bad.nft"),
				    .text = strdup("# a comment\n\n"
				    "ip daddr $host drop\n"
				    "tcp dport 25 frobnicate\n"
				    "ip daddr 10.0.0.1 jump nowhere\n") };
	struct rules_port	*port = port_make(4);
	uint32_t		 gen;

	port_rules(port, &good);
	CHECK_INT(add(port), 0);
	CHECK(lists("chain inet vmnetd rules-1004",
	    "ip daddr 172.16.0.10 drop"));
	gen = generation();
	CHECK_INT(add(port), 0);
	CHECK_INT(generation(), gen);

	/* The old ones go on. */
	port->nrules = 0;
	port_rules(port, &bad);
	CHECK_INT(kernel_filter_add(port, reason, sizeof(reason)), -1);
	CHECK(strstr(reason, "/etc/bad.nft:4: ") != NULL);
	CHECK(strstr(reason, "stdin") == NULL);
	CHECK(lists("chain inet vmnetd rules-1004", "dport 25 reject"));
	CHECK(lists("map inet vmnetd rules", "1004"));

	/* None any more. */
	port->nrules = 0;
	CHECK_INT(add(port), 0);
	CHECK(!lists("table inet vmnetd", "rules-1004"));
	CHECK(lists("set inet vmnetd ifs", "1004"));
	kernel_filter_remove(port);

	/* Of one that comes nothing is left. */
	port_rules(port, &bad);
	gen = generation();
	CHECK_INT(kernel_filter_add(port, reason, sizeof(reason)), -1);
	CHECK_INT(generation(), gen);
	CHECK(!lists("ruleset", "1004"));
	/* What only the kernel refuses. */
	free(bad.text);
	bad.text = strdup("ip daddr $host drop\njump nowhere\n");
	CHECK_INT(kernel_filter_add(port, reason, sizeof(reason)), -1);
	CHECK(strstr(reason, "/etc/bad.nft:2: ") != NULL);
	CHECK(!lists("ruleset", "1004"));
	CHECK(!lists("ruleset", "tap4"));
	CHECK(!changed_soon());
	free(good.path);
	free(good.text);
	free(bad.path);
	free(bad.text);
	port_free(port);
}

static void
test_forwards(void)
{
	struct conf_forward	 web = { .tcp = true, .first = 8080,
				    .last = 8080, .to = 80 };
	struct conf_forward	 ssh = { .tcp = true, .first = 2222,
				    .last = 2222, .to = 22,
				    .from = { 0xc0000200, 24 } };
	struct rules_port	*a = port_make(5), *b = port_make(6);

	port_forward(a, &web);
	port_forward(a, &ssh);
	CHECK_INT(add(a), 0);
	CHECK(lists("map inet vmnetd forwards", "172.16.0.13 . 80"));
	CHECK(lists("chain inet vmnetd special", "2222"));
	CHECK(lists("set inet vmnetd ifs", "1005"));

	/* Another has it, before this one has heard of it. */
	port_forward(b, &web);
	CHECK_INT(add(b), 0);
	CHECK(lists("map inet vmnetd forwards", "172.16.0.15 . 80"));
	CHECK(!lists("map inet vmnetd forwards", "172.16.0.13 . 80"));
	a->nforward = 0;
	port_forward(a, &ssh);
	CHECK_INT(add(a), 0);
	CHECK(lists("map inet vmnetd forwards", "172.16.0.15 . 80"));
	CHECK(lists("chain inet vmnetd special", "2222"));
	kernel_filter_remove(b);
	CHECK(!lists("map inet vmnetd forwards", "172.16.0.15"));
	ssh.to = 2200;
	CHECK_INT(add(a), 0);
	CHECK(lists("chain inet vmnetd special", "2200"));
	kernel_filter_remove(a);
	CHECK(!lists("chain inet vmnetd special", "2222"));
	CHECK(!changed_soon());
	port_free(a);
	port_free(b);
}

/* So many ports that it is one transaction of some hundred kB. */
static void
test_ranges(void)
{
	struct conf_forward	 f = { .tcp = true, .udp = true,
				    .first = 10000, .last = 11023,
				    .to = 20000, .to_range = true };
	struct conf_forward	 g = { .tcp = true, .udp = true,
				    .first = 12000, .last = 13023,
				    .to = 20000, .to_range = true };
	struct rules_port	*port = port_make(7);
	char			*text;

	port_forward(port, &f);
	port_forward(port, &g);
	CHECK_INT(add(port), 0);
	CHECK(lists("map inet vmnetd forwards", "172.16.0.17 . 21023"));
	/* All of them can be shown. */
	CHECK((text = kernel_filter_show(port)) != NULL);
	CHECK(text != NULL && strstr(text, "6 . 10000 : ") != NULL &&
	    strstr(text, "6 . 13023 : ") != NULL &&
	    strstr(text, "17 . 13023 : ") != NULL);
	free(text);
	kernel_filter_remove(port);
	CHECK(!lists("map inet vmnetd forwards", "172.16.0.17"));
	port_free(port);
}

static void
test_foreign_changes(void)
{
	struct conf_rules	 rules = { .path = strdup("/x"),
				    .text = strdup("tcp dport 25 drop\n") };
	struct rules_port	*port = port_make(8), *plain = port_make(9);
	const char		*const harmless[] = {
		("add table inet more; add chain inet more c; "
		    "add rule inet more c drop"),
		"flush table inet more",
		"delete table inet more",
		"add rule inet vmnetd from_guest counter",
		"add table ip vmnetd; delete table ip vmnetd"
	};
	const char		*const harmful[] = {
		"flush ruleset",
		"delete table inet vmnetd",
		"delete table arp vmnetd",
		"flush table ip6 vmnetd",
		"flush set ip6 vmnetd ifs",
		"flush table inet vmnetd",
		"flush chain inet vmnetd from_guest",
		"flush set inet vmnetd guests",
		"delete element inet vmnetd guests { 1008 . 172.16.0.19 }",
		"flush set arp vmnetd guests",
		"flush chain inet vmnetd rules-1008",
		"add table inet vmnetd { flags dormant; }"
	};
	char			*before;
	size_t			 i;

	port_rules(port, &rules);
	CHECK_INT(add(port), 0);
	CHECK_INT(add(plain), 0);
	(void)changed_soon();
	for (i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		test_case(harmless[i]);
		CHECK_INT(shell("nft '%s'", harmless[i]), 0);
		CHECK(!changed_soon());
	}
	CHECK_INT(kernel_filter_load(conf, reason, sizeof(reason)), 0);
	before = strdup(output(OURS));
	for (i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++) {
		test_case(harmful[i]);
		CHECK_INT(shell("nft '%s'", harmful[i]), 0);
		CHECK(changed_soon());
		CHECK_INT(kernel_filter_load(conf, reason, sizeof(reason)),
		    0);
		CHECK_INT(add(port), 0);
		CHECK_INT(add(plain), 0);
		CHECK_STR(output(OURS), before);
		CHECK(!changed_soon());
	}
	test_case("");
	/* A port that comes before we have heard of it. */
	CHECK_INT(shell("nft flush ruleset"), 0);
	kernel_filter_remove(plain);
	CHECK_INT(add(plain), 0);
	CHECK(lists("set inet vmnetd guests", "1009"));
	CHECK(changed_soon());
	CHECK_INT(kernel_filter_load(conf, reason, sizeof(reason)), 0);
	CHECK_INT(add(port), 0);
	CHECK_INT(add(plain), 0);
	CHECK_STR(output(OURS), before);

	CHECK_INT(shell("nft delete table arp vmnetd"), 0);
	CHECK(check());
	(void)changed_soon();
	CHECK_INT(kernel_filter_load(conf, reason, sizeof(reason)), 0);
	CHECK(!check());
	kernel_filter_remove(port);
	kernel_filter_remove(plain);
	free(before);
	free(rules.path);
	free(rules.text);
	port_free(port);
	port_free(plain);
}


/*
 * What an earlier run has left is taken over: nothing is done for what is
 * as it should be, and the rest goes when all are back.  The earlier run is a
 * child's.
 */
static void
test_restart(void)
{
	struct conf_forward	 web = { .tcp = true, .first = 8080,
				    .last = 8080, .to = 80 };
	struct conf_forward	 ssh = { .tcp = true, .first = 2222,
				    .last = 2222, .to = 22,
				    .from = { 0xc0000200, 24 } };
	struct conf_rules	 rules = { .path = strdup("/x"),
				    .text = strdup("tcp dport 25 drop\n") };
	struct rules_port	*ports[4];
	char			*before;
	uint32_t		 gen;
	int			 i, status;
	pid_t			 pid;

	for (i = 0; i < 4; i++)
		ports[i] = port_make(10 + i);
	port_forward(ports[0], &web);
	port_forward(ports[0], &ssh);
	port_rules(ports[2], &rules);
	port_rules(ports[3], &rules);
	fflush(stdout);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		/* Another version's. */
		if (shell("nft 'add table inet vmnetd; "
		    "add set inet vmnetd ifs { type ipv4_addr; }'") != 0 ||
		    kernel_filter_open() == -1 || kernel_filter_load(conf,
		    reason, sizeof(reason)) == -1)
			_exit(1);
		for (i = 0; i < 4; i++)
			if (add(ports[i]) == -1)
				_exit(1);
		kernel_filter_prune((const struct rules_port *const *)ports,
		    4);
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	before = strdup(output("nft list ruleset"));
	CHECK(strstr(before, "2222") != NULL);
	CHECK(strstr(before, "rules-1013") != NULL);

	if (kernel_filter_open() == -1)
		err(1, "kernel_filter_open");
	CHECK_INT(kernel_filter_load(conf, reason, sizeof(reason)), 0);
	CHECK_STR(output("nft list ruleset"), before);
	gen = generation();
	/* Until all have come back, the forwards of before hold. */
	CHECK_INT(add(ports[0]), 0);
	CHECK_INT(generation(), gen);
	CHECK_INT(add(ports[1]), 0);
	CHECK_INT(generation(), gen);
	CHECK_INT(add(ports[2]), 0);
	CHECK_STR(output("nft list ruleset"), before);
	/* There is another VM on the tap of the fourth. */
	ports[3]->nrules = 0;
	ports[3]->guest = POOL + 201;
	CHECK_INT(add(ports[3]), 0);
	CHECK(!lists("map inet vmnetd rules", "1013"));
	CHECK(!lists("set inet vmnetd guests", "172.16.0.29"));
	CHECK(lists("set inet vmnetd guests", "172.16.0.201"));
	/* The second is not there any more. */
	kernel_filter_prune((const struct rules_port *[]){ ports[0], ports[2],
	    ports[3] }, 3);
	CHECK(!lists("ruleset", "1011"));
	CHECK(!lists("ruleset", "rules-1013"));
	CHECK(lists("ruleset", "rules-1012"));
	CHECK(lists("ruleset", "2222"));
	for (i = 0; i < 4; i++) {
		kernel_filter_remove(ports[i]);
		port_free(ports[i]);
	}
	CHECK(!lists("table inet vmnetd", "101"));
	free(before);
	free(rules.path);
	free(rules.text);
}

static void
test_anchor(void)
{
	struct rules_port	*port = port_make(20);

	CHECK_INT(add(port), 0);
	strlcpy(conf->anchor, "lab", sizeof(conf->anchor));
	CHECK_INT(kernel_filter_load(conf, reason, sizeof(reason)), 0);
	CHECK_INT(add(port), 0);
	CHECK(lists("set inet lab guests", "1020"));
	CHECK(!lists("ruleset", "vmnetd"));
	CHECK(!changed_soon());
	strlcpy(conf->anchor, "vmnetd", sizeof(conf->anchor));
	CHECK_INT(kernel_filter_load(conf, reason, sizeof(reason)), 0);
	CHECK_INT(add(port), 0);
	CHECK(lists("set inet vmnetd guests", "1020"));
	CHECK(!lists("ruleset", " lab "));
	kernel_filter_remove(port);
	port_free(port);
}

static void
test_show(void)
{
	struct conf_rules	 rules = { .path = strdup("/x"),
				    .text = strdup("tcp dport 25 drop\n") };
	struct rules_port	*port = port_make(21), *other = port_make(22);
	char			*text;

	port_rules(port, &rules);
	CHECK_INT(add(port), 0);
	CHECK_INT(add(other), 0);
	CHECK((text = kernel_filter_show(NULL)) != NULL);
	CHECK(text != NULL && strstr(text, "masquerade") != NULL &&
	    strstr(text, "1021") != NULL && strstr(text, "1022") != NULL);
	free(text);
	CHECK((text = kernel_filter_show(port)) != NULL);
	CHECK(text != NULL && strstr(text, "tcp dport 25 drop") != NULL &&
	    strstr(text, "1021 . 172.16.0.45") != NULL &&
	    strstr(text, "1022") == NULL);
	free(text);
	kernel_filter_remove(port);
	kernel_filter_remove(other);
	free(rules.path);
	free(rules.text);
	port_free(port);
	port_free(other);
}

static void
test_egress(void)
{
	CHECK_INT(shell("ip link add wan0 type veth peer wan0p && "
	    "ip link set wan0p up && "
	    "ip addr add 192.0.2.2/24 dev wan0 && ip link set wan0 up && "
	    "ip link add wan1 type veth peer wan1p && ip link set wan1p up && "
	    "ip addr add 198.51.100.2/24 dev wan1 && ip link set wan1 up"), 0);
	CHECK(egress_soon("wan0", false));
	CHECK_INT(shell("ip route add default via 192.0.2.1"), 0);
	CHECK(egress_soon("wan0", true));
	CHECK_INT(shell("ip route add default via 198.51.100.1 metric 5"), 0);
	CHECK(egress_soon("wan1", true));
	CHECK(lists("set inet vmnetd egress", "wan0"));
	CHECK_INT(shell("ip route add default via 198.51.100.1 table 7"), 0);
	CHECK_INT(shell("ip route del default via 198.51.100.1 metric 5"), 0);
	CHECK(egress_soon("wan1", false));
	/* These go without a word about the route. */
	CHECK_INT(shell("ip link set wan0 down"), 0);
	CHECK(egress_soon("wan0", false));
	CHECK_INT(shell("ip link set wan0 up && "
	    "ip route add default nexthop via 192.0.2.1 "
	    "nexthop via 198.51.100.1"), 0);
	CHECK(egress_soon("wan0", true));
	CHECK(egress_soon("wan1", true));
	/* What is there when we look, and after a flush. */
	CHECK_INT(shell("nft flush ruleset"), 0);
	CHECK(changed_soon());
	CHECK_INT(kernel_filter_load(conf, reason, sizeof(reason)), 0);
	CHECK(lists("set inet vmnetd egress", "wan1"));
	CHECK_INT(shell("ip link set wan1 down && ip link set wan1 name wan2 "
	    "&& ip link set wan1 up 2>/dev/null; ip link set wan2 up && "
	    "ip route replace default via 198.51.100.1"), 0);
	CHECK(egress_soon("wan2", true));
	CHECK(egress_soon("wan1", false));
	CHECK_INT(shell("ip link del wan2; ip link del wan0"), 0);
	CHECK(egress_soon("wan", false));
}

static void
test_localnet(void)
{
	struct rules_port	*port = port_make(23);
	char			 tap[IF_NAMESIZE] = "";
	int			 fd;

	fd = system_tap_open(tap, false);
	strlcpy(port->tap, tap, sizeof(port->tap));
	port->ifindex = if_nametoindex(tap);
	port->via = 0x7f000001;
	CHECK_INT(add(port), 0);
	CHECK_STR(output("sysctl -n net.ipv4.conf.%s.route_localnet", tap),
	    "1\n");
	CHECK(lists("map inet vmnetd via", "127.0.0.1"));
	CHECK_INT(add(port), 0);
	port->via = 0x7f000035;
	CHECK_INT(add(port), 0);
	CHECK(lists("map inet vmnetd via", "127.0.0.53"));
	CHECK(!lists("map inet vmnetd via", "127.0.0.1"));
	port->via = 0x09090909;
	CHECK_INT(add(port), 0);
	CHECK_STR(output("sysctl -n net.ipv4.conf.%s.route_localnet", tap),
	    "0\n");
	port->via = 0x7f000001;
	CHECK_INT(add(port), 0);
	kernel_filter_remove(port);
	CHECK_STR(output("sysctl -n net.ipv4.conf.%s.route_localnet", tap),
	    "0\n");
	/* The tap goes first. */
	CHECK_INT(add(port), 0);
	close(fd);
	kernel_filter_remove(port);
	/* A tap that is not there cannot be served: nothing is left. */
	CHECK_INT(kernel_filter_add(port, reason, sizeof(reason)), -1);
	CHECK(!lists("ruleset", tap));
	port_free(port);
}

static void
test_findings(void)
{
	const struct {
		const char	*chain;
		const char	*rule;
		bool		 drops;
	} tests[] = {
		{ "policy accept", "drop", true },
		{ "policy accept", "counter reject", true },
		{ "policy accept", "tcp dport 25 drop", false },
		{ "policy accept", "iifname eth0 drop", false },
		{ "policy drop", NULL, true },
		{ "policy drop", "accept", false },
		{ "policy drop", "ct state established accept", true },
		{ "policy drop", "iifname eth0 accept", true },
		{ "policy drop", "iifname \"tap*\" accept", false },
		{ "policy drop", "iifname tap24 accept", false },
		{ "policy drop", "iifname tap24 drop", true },
		{ "policy drop", "iifname != tap24 accept", true },
		{ "policy drop", "ip saddr 172.16.0.0/12 accept", false },
		{ "policy drop", "ip saddr 172.16.0.0/16 accept", false },
		{ "policy drop", "ip daddr 172.16.0.51 accept", false },
		{ "policy drop", "ip saddr 10.0.0.0/8 accept", true },
		{ "policy drop", "jump more", false },
	};
	struct rules_port	*port = port_make(24);
	size_t			 i;

	CHECK_INT(add(port), 0);
	CHECK_INT(shell("sysctl -qw net.ipv4.ip_forward=0"), 0);
	CHECK(!check());
	CHECK(strstr(found, "net.ipv4.ip_forward=1") != NULL);
	CHECK_INT(shell("sysctl -qw net.ipv4.ip_forward=1"), 0);
	CHECK(!check());
	CHECK_STR(found, "");
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		test_case(tests[i].rule == NULL ? "none" : tests[i].rule);
		CHECK_INT(shell("nft 'add table inet foreign; "
		    "add chain inet foreign more; "
		    "add rule inet foreign more iifname tap24 accept; "
		    "add chain inet foreign c { type filter hook forward "
		    "priority 0; %s; }'", tests[i].chain), 0);
		if (tests[i].rule != NULL)
			CHECK_INT(shell("nft add rule inet foreign c '%s'",
			    tests[i].rule), 0);
		if (strcmp(tests[i].rule == NULL ? "" : tests[i].rule,
		    "jump more") != 0)
			CHECK_INT(shell("nft flush chain inet foreign more"),
			    0);
		check();
		CHECK_INT(strstr(found, "chain c of table inet foreign drops")
		    != NULL, tests[i].drops);
		CHECK_INT(shell("nft delete table inet foreign"), 0);
	}
	test_case("");
	CHECK_INT(shell("nft 'add table ip filter; add chain ip filter "
	    "FORWARD { type filter hook forward priority 0; policy drop; }'"),
	    0);
	check();
	CHECK(strstr(found, "chain FORWARD of table ip filter drops") != NULL);
	CHECK_INT(shell("nft delete table ip filter"), 0);
	kernel_filter_remove(port);
	(void)changed_soon();
	port_free(port);
}

/* --- connections ---------------------------------------------------------- */

static void
put_tuple(struct nlmsghdr *nlh, uint16_t type, uint32_t src, uint32_t dst,
    uint16_t sport, uint16_t dport)
{
	struct nlattr	*tuple, *nest;

	tuple = mnl_attr_nest_start(nlh, type);
	nest = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
	mnl_attr_put_u32(nlh, CTA_IP_V4_SRC, htonl(src));
	mnl_attr_put_u32(nlh, CTA_IP_V4_DST, htonl(dst));
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(nlh, CTA_PROTO_NUM, IPPROTO_UDP);
	mnl_attr_put_u16(nlh, CTA_PROTO_SRC_PORT, htons(sport));
	mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(dport));
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, tuple);
}

/* From src to dst, and from rsrc back to rdst. */
static void
connection(uint32_t src, uint32_t dst, uint32_t rsrc, uint32_t rdst,
    uint16_t port)
{
	static char	 buf[NFNL_REQUEST_SIZE]
			    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	struct nlmsghdr	*nlh;

	nlh = nfnl_put(buf, NFNL_CT(IPCTNL_MSG_CT_NEW),
	    NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, AF_INET);
	put_tuple(nlh, CTA_TUPLE_ORIG, src, dst, port, 53);
	put_tuple(nlh, CTA_TUPLE_REPLY, rsrc, rdst, 53, port);
	mnl_attr_put_u32(nlh, CTA_TIMEOUT, htonl(600));
	if (nfnl_request(nlh, NULL, NULL) == -1)
		err(1, "connection");
}

static void
count_one(const struct nlmsghdr *nlh, void *arg)
{
	int	*n = arg;

	(*n)++;
}

static int
connections(void)
{
	static char	 buf[NFNL_REQUEST_SIZE]
			    __attribute__((__aligned__(NLMSG_ALIGNTO)));
	int		 n = 0;

	if (nfnl_request(nfnl_put(buf, NFNL_CT(IPCTNL_MSG_CT_GET), NLM_F_DUMP,
	    AF_INET), count_one, &n) == -1)
		err(1, "connections");
	return n;
}

static int
forget(uint32_t guest)
{
	return conntrack_forget(&guest, 1);
}

/* From and to two guests, 2000 of each and some besides. */
static void
connect_guests(uint32_t guest, uint32_t other)
{
	const uint32_t	 wan = 0xc0000202, far = 0xc6336401;
	int		 i;

	for (i = 1; i <= 2000; i++) {
		connection(guest, far, far, wan, i);	/* NAT */
		connection(other, far, far, wan, i + 30000);
	}
	connection(far, wan, guest, far, 1);		/* forward */
	connection(far, wan, other, far, 2);
	connection(other, guest, guest, other, 1);	/* plain */
	connection(guest, other, other, guest, 1);
	connection(far, wan, far, wan, 20000);
}

static void
test_connections(void)
{
	const uint32_t	 guest = POOL + 3, other = POOL + 5;
	const uint32_t	 far = 0xc6336401;
	uint32_t	 many[] = { POOL + 11, guest, POOL + 13, other,
			    POOL + 1, POOL + 99 };

	CHECK_INT(connections(), 0);
	CHECK_INT(forget(guest), 0);
	connect_guests(guest, other);
	CHECK_INT(connections(), 4005);
	CHECK_INT(forget(guest), 0);
	CHECK_INT(connections(), 2002);
	CHECK_INT(forget(far + 1), 0);
	CHECK_INT(connections(), 2002);
	CHECK_INT(forget(other), 0);
	CHECK_INT(connections(), 1);
	CHECK_INT(forget(far), 0);
	CHECK_INT(connections(), 0);

	connect_guests(guest, other);
	many[3] = POOL + 98;
	CHECK_INT(conntrack_forget(many, 6), 0);
	CHECK_INT(connections(), 2002);
	many[0] = other;
	CHECK_INT(conntrack_forget(many, 6), 0);
	CHECK_INT(connections(), 1);
	CHECK_INT(forget(far), 0);
}

/* They go soon after their guest, and before its successor comes. */
static void
test_departure(void)
{
	struct rules_port	*port = port_make(26), *next = port_make(26);
	int			 ms;

	CHECK_INT(add(port), 0);
	connect_guests(port->guest, POOL + 200);
	kernel_filter_remove(port);
	for (ms = 0; ms < PATIENCE && connections() > 2002; ms += 200)
		(void)changed_soon();
	CHECK_INT(connections(), 2002);
	CHECK_INT(forget(POOL + 200), 0);
	CHECK_INT(forget(0xc6336401), 0);

	CHECK_INT(add(port), 0);
	connect_guests(port->guest, POOL + 200);
	kernel_filter_remove(port);
	strlcpy(next->tap, "tap27", sizeof(next->tap));
	CHECK_INT(add(next), 0);
	CHECK_INT(connections(), 2002);
	kernel_filter_remove(next);
	CHECK_INT(forget(POOL + 200), 0);
	CHECK_INT(forget(0xc6336401), 0);
	port_free(port);
	port_free(next);
}

/* --- time ----------------------------------------------------------------- */

static double
microseconds(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static int
double_cmp(const void *a, const void *b)
{
	const double	*x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The median of what one of them takes to come, and to go. */
static void
measure(const char *what, struct rules_port *const *ports, size_t from,
    size_t to)
{
	static double	 come[MANY], go[MANY];
	double		 start;
	size_t		 i, n = to - from;

	for (i = from; i < to; i++) {
		start = microseconds();
		if (add(ports[i]) == -1)
			errx(1, "%s", reason);
		come[i - from] = microseconds() - start;
	}
	for (i = from; i < to; i++) {
		start = microseconds();
		kernel_filter_remove(ports[i]);
		go[i - from] = microseconds() - start;
	}
	(void)changed_soon();
	qsort(come, n, sizeof(*come), double_cmp);
	qsort(go, n, sizeof(*go), double_cmp);
	printf("%s: comes in %.0f us, goes in %.0f us\n", what, come[n / 2],
	    go[n / 2]);
}

/* Shown, not checked: the machine has other things to do. */
static void
test_time(void)
{
	struct conf_rules	 rules = { .path = strdup("/x"),
				    .text = strdup("tcp dport 25 drop\n") };
	struct rules_port	*ports[MANY + 50];
	double			 start;
	size_t			 i;

	for (i = 0; i < MANY + 50; i++)
		ports[i] = port_make(i);
	for (i = 0; i < 10; i++)
		CHECK_INT(add(ports[i]), 0);
	measure("one more than 10", ports, MANY, MANY + 50);
	start = microseconds();
	for (i = 10; i < MANY; i++)
		CHECK_INT(add(ports[i]), 0);
	printf("990 more: %.0f us each\n", (microseconds() - start) / 990);
	measure("one more than 1000", ports, MANY, MANY + 50);
	for (i = MANY; i < MANY + 50; i++)
		port_rules(ports[i], &rules);
	measure("with rules of its own", ports, MANY, MANY + 50);
	start = microseconds();
	CHECK_INT(kernel_filter_load(conf, reason, sizeof(reason)), 0);
	printf("load: %.0f us\n", microseconds() - start);
	start = microseconds();
	kernel_filter_prune((const struct rules_port *const *)ports, MANY);
	printf("prune: %.0f us\n", microseconds() - start);
	start = microseconds();
	free(kernel_filter_show(ports[0]));
	printf("show one: %.0f us\n", microseconds() - start);
	for (i = 0; i < MANY; i++)
		kernel_filter_remove(ports[i]);
	CHECK(!lists("ruleset", "elements = { 1"));
	for (i = 0; i < MANY + 50; i++)
		port_free(ports[i]);
	free(rules.path);
	free(rules.text);
}

/* --- */

/* As priv is when it does these things, where the account is there. */
static void
test_confined(void)
{
	struct conf_rules	 rules = { .path = strdup("/x"),
				    .text = strdup("tcp dport ssh drop\n"
				    "meta l4proto udp drop\n") };
	struct rules_port	*port = port_make(25);
	pid_t			 pid;
	int			 status;

	fflush(stdout);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		test_nwrong = 0;
		if (kernel_filter_open() == -1)
			err(1, "kernel_filter_open");
		sandbox_enter(ROLE_PRIV, NULL);
		sandbox_started(ROLE_PRIV);
		CHECK_INT(kernel_filter_load(conf, reason, sizeof(reason)),
		    0);
		port_rules(port, &rules);
		CHECK_INT(kernel_filter_add(port, reason, sizeof(reason)),
		    -1);
		CHECK(strstr(reason, "/x:1: ") != NULL);
		printf("confined: %s\n", reason);
		strlcpy(rules.text, "tcp dport 22 drop\n", 20);
		CHECK_INT(add(port), 0);
		CHECK(!kernel_filter_check(finding, NULL));
		CHECK(kernel_filter_show(port) != NULL);
		kernel_filter_remove(port);
		(void)poll(NULL, 0, 150);
		(void)kernel_filter_changed();
		kernel_filter_prune(NULL, 0);
		fflush(stdout);
		_exit(test_nwrong);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	free(rules.path);
	free(rules.text);
	port_free(port);
}

int
main(void)
{
	log_init(1, LOG_DAEMON);
	if (system_isolate() == -1) {
		printf("filter_test: 0 passed, 0 failed, 1 skipped\n");
		return 0;
	}
	make_conf();
	TEST(test_restart());
	TEST(test_load());
	TEST(test_member());
	TEST(test_text());
	TEST(test_same_name());
	TEST(test_rules());
	TEST(test_forwards());
	TEST(test_ranges());
	TEST(test_foreign_changes());
	TEST(test_anchor());
	TEST(test_show());
	TEST(test_egress());
	TEST(test_localnet());
	TEST(test_findings());
	TEST(test_connections());
	TEST(test_departure());
	TEST(test_time());
	if (getpwnam(VMNETD_USER) != NULL)
		TEST(test_confined());
	conf_free(conf);
	return TEST_DONE("filter_test");
}

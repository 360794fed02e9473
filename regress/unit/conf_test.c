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
#include <sys/stat.h>
#include <sys/uio.h>

#include <err.h>
#include <fcntl.h>
#include <imsg.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "conf.h"
#include "log.h"
#include "test.h"

#define BLOCKS_MAX	64	/* pools and vms of one configuration */
#define MUTATIONS	40000
#define TEXT_MAX	(256 * 1024)

/* The messages of one run. */
struct messages {
	int	 count;
	char	 text[TEXT_MAX];
};

/* The bytes of a whole configuration. */
struct packed {
	struct ibuf	*global;
	struct ibuf	*block[BLOCKS_MAX];
	bool		 is_pool[BLOCKS_MAX];
	size_t		 n;
};

static char		 dir[] = "/tmp/conf_test.XXXXXXXXXX";
static char		 path[PATH_MAX];
static char		 printed_path[PATH_MAX];
static struct messages	 messages;

static const char	 full[] =
    "socket group \"_vmusers\"\n"
    "default pool \"lab\"\n"
    "pool \"lab\" {\n"
    "	inet 172.16.0.0/16 subnet 30\n"
    "	exclude { 172.16.0.0/28, 172.16.1.1, 172.16.2.0 - 172.16.2.99 }\n"
    "	rdomain 1\n"
    "	lease time 1d\n"
    "	nameserver { 9.9.9.9, host }\n"
    "	domain \"vm.example.org\"\n"
    "	search { \"vm.example.org\", \"example.org\" }\n"
    "	ntp 172.16.255.1\n"
    "	mtu 1400\n"
    "	route 10.0.0.0/8 via host route 0.0.0.0/0 via 172.16.0.1\n"
    "	boot server host\n"
    "	boot file \"auto_install\"\n"
    "	option 224 0x0102ff option 225 \"10.1.2.3\" option 226 10.1.2.3\n"
    "	option 227 70000 option 228 700 option 229 7 option 230 \"\"\n"
    "	option 231 \"a \\\"b\\\" \\\\c\"\n"
    "}\n"
    "pool \"backend\" { inet 10.77.0.0/24 nameserver host }\n"
    "pool \"again\" { inet 10.77.0.0/24 rdomain 3 }\n"
    "vm \"web1\" {\n"
    "	pool \"lab\" address 172.16.0.22 hostname \"web\" mtu 1300\n"
    "	interface 1 { pool \"backend\" hostname \"web-1\" lease time 60 }\n"
    "	interface 2 { address 172.16.0.26 }\n"
    "	interface 3 { ignore }\n"
    "}\n"
    "vm \"build-*\" { pool \"backend\" lease time forever }\n"
    "vm \"build-1\" { pool \"again\" }\n"
    "vm \"late\" { pool \"again\" }\n"
    "vm \"l[a-z]te\" { pool \"backend\" hostname \"l\" }\n"
    "vm \"legacy\" { ignore }\n";

static const char	*more[] = {
	"",
	"pool \"a\" { inet 10.0.0.0/24 }\n",
	"vm \"*\" { }\nvm \"x\" { interface 255 { mtu 576 } }\n",
	"pool \"a\" { inet 10.0.0.0/24 rdomain 4294967295 option 43 \"\\\\\" }"
};

static void
report(void *arg, const char *message)
{
	struct messages	*m = arg;

	m->count++;
	strlcat(m->text, message, sizeof(m->text));
	strlcat(m->text, "\n", sizeof(m->text));
}

static struct conf *
parse_bytes(const char *text, size_t len)
{
	int	 fd;

	if ((fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600)) == -1)
		err(1, "%s", path);
	if (write(fd, text, len) != (ssize_t)len)
		err(1, "%s", path);
	close(fd);
	memset(&messages, 0, sizeof(messages));
	return parse_config(path, report, &messages);
}

static struct conf *
parse(const char *text)
{
	struct conf	*conf;

	conf = parse_bytes(text, strlen(text));
	CHECK((conf == NULL) == (messages.count > 0));
	return conf;
}

/* What print_config prints; to be freed. */
static char *
print(const struct conf *conf)
{
	char	*text;
	ssize_t	 n;
	int	 fd, saved;

	if ((text = malloc(TEXT_MAX)) == NULL)
		err(1, NULL);
	fflush(stdout);
	if ((saved = dup(STDOUT_FILENO)) == -1 || (fd = open(printed_path,
	    O_RDWR | O_CREAT | O_TRUNC, 0600)) == -1)
		err(1, "%s", printed_path);
	dup2(fd, STDOUT_FILENO);
	print_config(conf);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	if ((n = pread(fd, text, TEXT_MAX - 1, 0)) == -1)
		err(1, "%s", printed_path);
	close(fd);
	text[n] = '\0';
	return text;
}

/*
 * Descriptions and names
 */

static void
test_descr(void)
{
	static const struct {
		const char	*descr;
		const char	*name;		/* NULL: none */
		uint8_t		 index;
	}		 t[] = {
		{ "vm1-if0-vm0", "vm0", 0 },
		{ "vm0-if255-a", "a", 255 },
		{ "vm4294967295-if3-x.y_z-1", "x.y_z-1", 3 },
		{ "vm1-if0-vm2-if3-inner", "vm2-if3-inner", 0 },
		{ "vm1-if0-0", "0", 0 },
		{ "vm4294967296-if0-x", NULL, 0 },
		{ "vm99999999999999999999-if0-x", NULL, 0 },
		{ "vm1-if256-x", NULL, 0 },
		{ "vm1-if4294967296-x", NULL, 0 },
		{ "vm01-if0-x", NULL, 0 },
		{ "vm1-if00-x", NULL, 0 },
		{ "vm-1-if0-x", NULL, 0 },
		{ "vm+1-if0-x", NULL, 0 },
		{ "vm 1-if0-x", NULL, 0 },
		{ "vm-if0-x", NULL, 0 },
		{ "vm1-if-x", NULL, 0 },
		{ "vm1-if0-", NULL, 0 },
		{ "vm1-if0", NULL, 0 },
		{ "vm1", NULL, 0 },
		{ "vm", NULL, 0 },
		{ "", NULL, 0 },
		{ "VM1-if0-x", NULL, 0 },
		{ " vm1-if0-x", NULL, 0 },
		{ "vm1-if0--x", NULL, 0 },
		{ "vm1-if0-.x", NULL, 0 },
		{ "vm1-if0-_x", NULL, 0 },
		{ "vm1-if0-x y", NULL, 0 },
		{ "vm1-if0-x/y", NULL, 0 },
		{ "vm1-if0-\xc3\xa4", NULL, 0 },
		{ "vm1_if0_x", NULL, 0 }
	};
	char		 name[VM_NAMELEN], descr[256];
	uint8_t		 index;
	bool		 cut;
	size_t		 i;

	test_case("descriptions");
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		index = 77;
		if (!CHECK((conf_parse_descr(t[i].descr, name, &index,
		    &cut) == 0) == (t[i].name != NULL)))
			printf("\t\"%s\"\n", t[i].descr);
		else if (t[i].name != NULL) {
			CHECK_STR(name, t[i].name);
			CHECK_INT(index, t[i].index);
			CHECK(!cut);
		}
	}

	/* 62, 63 and 64 characters, and the longest name there can be. */
	for (i = 54; i <= 56; i++) {
		snprintf(descr, sizeof(descr), "vm1-if0-%0*d", (int)i, 0);
		CHECK(conf_parse_descr(descr, name, &index, &cut) == 0);
		CHECK_INT(strlen(name), i);
		CHECK_INT(cut, i == 55);
	}
	snprintf(descr, sizeof(descr), "vm1-if0-%063d", 0);
	CHECK(conf_parse_descr(descr, name, &index, &cut) == 0);
	CHECK_INT(strlen(name), 63);
	snprintf(descr, sizeof(descr), "vm1-if0-%064d", 0);
	CHECK(conf_parse_descr(descr, name, &index, &cut) == -1);
}

static void
test_names(void)
{
	char	 s[300];
	int	 i;

	test_case("names");
	CHECK(conf_valid_poolname("a-Z_9"));
	CHECK(!conf_valid_poolname(""));
	CHECK(!conf_valid_poolname("a.b"));
	CHECK(!conf_valid_poolname("a b"));
	snprintf(s, sizeof(s), "%027d", 0);
	CHECK(conf_valid_poolname(s));
	snprintf(s, sizeof(s), "%028d", 0);
	CHECK(!conf_valid_poolname(s));

	CHECK(conf_valid_hostname("a"));
	CHECK(conf_valid_hostname("0-x"));
	CHECK(!conf_valid_hostname(""));
	CHECK(!conf_valid_hostname("-a"));
	CHECK(!conf_valid_hostname("a-"));
	CHECK(!conf_valid_hostname("a.b"));
	CHECK(!conf_valid_hostname("a_b"));
	snprintf(s, sizeof(s), "%063d", 0);
	CHECK(conf_valid_hostname(s));
	snprintf(s, sizeof(s), "%064d", 0);
	CHECK(!conf_valid_hostname(s));

	CHECK(conf_valid_domain("org"));
	CHECK(conf_valid_domain("a.b-c._d.org"));
	CHECK(!conf_valid_domain(""));
	CHECK(!conf_valid_domain("."));
	CHECK(!conf_valid_domain("a."));
	CHECK(!conf_valid_domain(".a"));
	CHECK(!conf_valid_domain("a..b"));
	CHECK(!conf_valid_domain("-a.b"));
	CHECK(!conf_valid_domain("a-.b"));
	CHECK(!conf_valid_domain("a.b-"));
	CHECK(!conf_valid_domain("a.-b"));
	snprintf(s, sizeof(s), "%063d.%063d.%063d.%061d", 0, 0, 0, 0);
	CHECK_INT(strlen(s), 253);
	CHECK(conf_valid_domain(s));
	snprintf(s, sizeof(s), "%063d.%063d.%063d.%062d", 0, 0, 0, 0);
	CHECK(!conf_valid_domain(s));
	snprintf(s, sizeof(s), "%064d", 0);
	CHECK(!conf_valid_domain(s));

	/* Every character in a VM's name, as vmd(8) allows them. */
	for (i = 1; i < 256; i++) {
		snprintf(s, sizeof(s), "x%c", i);
		CHECK(conf_valid_vmname(s) == (i < 128 && (strchr("abcdefghi"
		    "jklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_",
		    i) != NULL)));
	}
	CHECK(!conf_valid_vmname(""));
	CHECK(conf_valid_pattern("a*"));
	CHECK(conf_valid_pattern("[!a-c]?"));
	CHECK(!conf_valid_pattern(""));
	CHECK(!conf_valid_pattern("-a"));
	CHECK(!conf_valid_pattern("a *"));
	CHECK(!conf_valid_option(0) && !conf_valid_option(1) &&
	    !conf_valid_option(121) && !conf_valid_option(255));
	CHECK(conf_valid_option(43) && conf_valid_option(254));
}

/*
 * What applies to a VM interface
 */

static const char *
pool_of(const struct conf *conf, const char *vm, uint8_t index)
{
	struct conf_match	 m;

	conf_match(conf, vm, index, &m);
	return m.pool == NULL ? NULL : m.pool->name;
}

static void
test_match(void)
{
	struct conf		*conf;
	struct conf_match	 m;

	test_case("match");
	if (!CHECK((conf = parse(full)) != NULL)) {
		printf("%s", messages.text);
		return;
	}

	conf_match(conf, "web1", 0, &m);
	CHECK(!m.ignore);
	CHECK_STR(m.pool->name, "lab");
	CHECK_INT(m.address, 0xac100016);
	CHECK_STR(m.hostname, "web");
	CHECK_INT(m.ndhcp, 2);
	CHECK_INT(m.dhcp[0]->mtu, 1300);
	CHECK_INT(m.dhcp[1]->mtu, 1400);

	/* Address and host name said outside are those of interface 0. */
	conf_match(conf, "web1", 1, &m);
	CHECK_STR(m.pool->name, "backend");
	CHECK_INT(m.address, 0);
	CHECK_STR(m.hostname, "web-1");
	CHECK_INT(m.ndhcp, 3);
	CHECK_INT(m.dhcp[0]->lease_time, 60);
	CHECK_INT(m.dhcp[1]->mtu, 1300);
	CHECK(m.dhcp[2] == &m.pool->dhcp);

	conf_match(conf, "web1", 2, &m);
	CHECK_STR(m.pool->name, "lab");
	CHECK_INT(m.address, 0xac10001a);
	CHECK_STR(m.hostname, NULL);
	conf_match(conf, "web1", 3, &m);
	CHECK(m.ignore);
	conf_match(conf, "web1", 4, &m);
	CHECK(!m.ignore);
	CHECK_STR(m.pool->name, "lab");
	CHECK_INT(m.address, 0);
	CHECK_STR(m.hostname, NULL);
	conf_match(conf, "legacy", 9, &m);
	CHECK(m.ignore);

	/* The first block that matches, be it a name or a pattern. */
	CHECK_STR(pool_of(conf, "build-1", 0), "backend");
	CHECK_STR(pool_of(conf, "build-2", 0), "backend");
	CHECK_STR(pool_of(conf, "late", 0), "again");
	CHECK_STR(pool_of(conf, "lote", 0), "backend");
	CHECK_STR(pool_of(conf, "build", 0), "lab");
	/* A pattern is not the name of a VM. */
	conf_match(conf, "nobody", 0, &m);
	CHECK_STR(m.pool->name, "lab");
	CHECK_INT(m.ndhcp, 1);
	CHECK(m.dhcp[0] == &m.pool->dhcp && m.hostname == NULL);
	conf_free(conf);
}

static void
test_default(void)
{
	struct conf		*conf;
	struct conf_match	 m;

	test_case("default pool");
	conf = parse("pool \"a\" { inet 10.0.0.0/24 }");
	CHECK_STR(pool_of(conf, "x", 0), "a");
	conf_free(conf);

	conf = parse("pool \"a\" { inet 10.0.0.0/24 }"
	    "pool \"b\" { inet 10.0.1.0/24 } vm \"y\" { mtu 1400 }");
	CHECK_STR(pool_of(conf, "x", 0), NULL);
	conf_match(conf, "y", 0, &m);
	CHECK(m.pool == NULL);
	CHECK_INT(m.ndhcp, 1);
	conf_free(conf);

	conf = parse("default pool \"b\" pool \"a\" { inet 10.0.0.0/24 }"
	    "pool \"b\" { inet 10.0.1.0/24 } vm \"y\" { pool \"a\" }");
	CHECK_STR(pool_of(conf, "x", 0), "b");
	CHECK_STR(pool_of(conf, "y", 0), "a");
	conf_free(conf);

	conf = parse("");
	CHECK(conf != NULL);
	CHECK_STR(pool_of(conf, "x", 0), NULL);
	conf_free(conf);
}

/* Many names and patterns against a plain reading of the rule. */
static void
test_many(void)
{
	struct conf	*conf;
	char		*text, name[VM_NAMELEN];
	const char	*want;
	size_t		 len = 0;
	int		 i, n = 2000;

	test_case("many VMs");
	if ((text = malloc(TEXT_MAX)) == NULL)
		err(1, NULL);
	len += (size_t)snprintf(text, TEXT_MAX,
	    "pool \"name\" { inet 10.0.0.0/16 }\n"
	    "pool \"pattern\" { inet 10.1.0.0/16 }\n"
	    "pool \"none\" { inet 10.2.0.0/16 } default pool \"none\"\n");
	for (i = 0; i < n; i++) {
		/* A pattern for all that end in 7, after half of them. */
		if (i == n / 2)
			len += (size_t)snprintf(text + len, TEXT_MAX - len,
			    "vm \"vm*7\" { pool \"pattern\" }\n");
		if (i % 3 != 0)
			len += (size_t)snprintf(text + len, TEXT_MAX - len,
			    "vm \"vm%d\" { pool \"name\" }\n", i);
	}
	CHECK((conf = parse(text)) != NULL);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "vm%d", i);
		want = i % 3 != 0 ? "name" : "none";
		if (i % 10 == 7 && (i >= n / 2 || i % 3 == 0))
			want = "pattern";
		CHECK_STR(pool_of(conf, name, 0), want);
	}
	conf_free(conf);
	free(text);
}

/*
 * Mistakes
 */

static void
test_mistakes(void)
{
	static const struct {
		const char	*text;
		int		 count;
		const char	*message;	/* part of one */
	}		 t[] = {
		{ "pool \"a\" { mtu }", 1, "1: unexpected \"}\"" },
		{ "pool \"a\" { inet 10.0.0.0/24\n", 1, "2: \"}\" is missing" },
		{ "}", 1, "\"}\" without a \"{\"" },
		{ "{", 1, "unexpected \"{\"" },
		{ "pool", 1, "incomplete" },
		{ "pool \"a", 1, "not closed" },
		{ "x = $y", 1, "\"y\" is not defined" },
		{ "x = \"$x\" $x", 1, "\"x\" is not defined" },
		{ "include \"nosuch\"", 1, "No such file" },
		{ "default pool \"a\"", 1, "\"a\" is not defined" },
		{ "vm \"a\" { pool \"a\" }", 1, "\"a\" is not defined" },
		{ "vm \"a\" { }\nvm \"a\" { }", 1, ":2: vm \"a\" is already" },
		{ "pool \"a\" { }", 1, "no addresses" },
		{ "pool \"a\" { nat on egress }", 2, "\"nat\" is not supp" },
		{ "pool \"a\" { inet 10.0.0.0/24 nat on egress }", 1,
		    "\"nat\" is not supported" }
	};
	struct conf	*conf;
	size_t		 i;

	test_case("mistakes");
	/* That a mistake is new does not depend on the run before. */
	for (i = 0; i < sizeof(t) / sizeof(t[0]) * 2; i++) {
		conf = parse(t[i / 2].text);
		if (!CHECK(conf == NULL) ||
		    !CHECK_INT(messages.count, t[i / 2].count) ||
		    !CHECK(strstr(messages.text, t[i / 2].message) != NULL) ||
		    !CHECK(strncmp(messages.text, path, strlen(path)) == 0))
			printf("\t%s\n\t%s", t[i / 2].text, messages.text);
		conf_free(conf);
	}
}

/* Each prefix of a good file, and each byte of it spoilt, is survived. */
static void
test_spoilt(void)
{
	char		 text[sizeof(full)], *first, *second;
	struct conf	*conf, *again;
	size_t		 i, taken = 0;

	test_case("spoilt files");
	for (i = 0; i < sizeof(full); i++) {
		conf_free(parse_bytes(full, i));
		memcpy(text, full, sizeof(full));
		text[i] = "}{\"\n$#=\\ "[i % 9];
		if ((conf = parse_bytes(text, sizeof(full) - 1)) == NULL)
			continue;
		taken++;
		first = print(conf);
		if (CHECK((again = parse(first)) != NULL)) {
			second = print(again);
			CHECK_STR(second, first);
			free(second);
		}
		free(first);
		conf_free(again);
		conf_free(conf);
	}
	CHECK(taken > 0 && taken < sizeof(full));
}

static void
test_bounds(void)
{
	struct conf	*conf;
	char		*text;
	size_t		 len = 0;
	int		 i;

	test_case("bounds");
	if ((text = malloc(TEXT_MAX)) == NULL)
		err(1, NULL);
	/* A block that is more than a message can take. */
	len = (size_t)snprintf(text, TEXT_MAX,
	    "pool \"a\" { inet 10.0.0.0/8 exclude {");
	for (i = 0; i < 3000; i++)
		len += (size_t)snprintf(text + len, TEXT_MAX - len,
		    " 10.1.%d.%d", i / 250, i % 250);
	snprintf(text + len, TEXT_MAX - len, " } }");
	CHECK((conf = parse(text)) == NULL);
	CHECK_INT(messages.count, 1);
	CHECK(strstr(messages.text, "too large") != NULL);
	conf_free(conf);

	/* One mistake a line, without end. */
	for (i = 0, len = 0; i < 5000; i++)
		len += (size_t)snprintf(text + len, TEXT_MAX - len, "x\n");
	CHECK((conf = parse(text)) == NULL);
	CHECK(messages.count > 100 && messages.count < 1000);
	conf_free(conf);

	/* Braces and quotes without end. */
	memset(text, '{', 100000);
	text[100000] = '\0';
	CHECK((conf = parse(text)) == NULL);
	CHECK_INT(messages.count, 1);
	conf_free(conf);
	memset(text, '"', 100001);
	text[100001] = '\0';
	CHECK((conf = parse(text)) == NULL);
	conf_free(conf);

	CHECK(parse_bytes("pool\0", 5) == NULL);
	CHECK(strstr(messages.text, "NUL") != NULL);
	free(text);
}

static void
test_macros(void)
{
	struct conf	*conf;

	test_case("macros");
	CHECK(cmdline_symset("novalue") == -1);
	CHECK(cmdline_symset("=x") == -1);
	CHECK(cmdline_symset("9x=1") == -1);
	CHECK(cmdline_symset("a-b=1") == -1);
	CHECK(cmdline_symset("cmdnet=10.9.0.0/24") == 0);
	CHECK(cmdline_symset("cmdnet=10.8.0.0/24 # a = b") == 0);
	conf = parse("cmdnet = \"10.7.0.0/24\"\nn = x\nn = y $n\n"
	    "pool \"p\" {\ninet $cmdnet\n search { $n } }");
	if (CHECK(conf != NULL)) {
		/* The last of the command line, not the file's. */
		CHECK_INT(TAILQ_FIRST(&conf->pools)->inet.addr, 0x0a080000);
		CHECK_INT(TAILQ_FIRST(&conf->pools)->dhcp.nsearch, 2);
		CHECK_STR(TAILQ_FIRST(&conf->pools)->dhcp.search[0], "y");
		CHECK_STR(TAILQ_FIRST(&conf->pools)->dhcp.search[1], "x");
	} else
		printf("%s", messages.text);
	conf_free(conf);
	/* Those of a file are forgotten with it, the others are not. */
	conf = parse("pool \"p\" { inet $cmdnet\n domain $n }");
	CHECK(conf == NULL);
	CHECK_INT(messages.count, 1);
	CHECK(strstr(messages.text, "\"n\" is not defined") != NULL);
	conf_free(conf);
}

/*
 * Between processes
 */

static void
pack(const struct conf *conf, struct packed *p)
{
	struct conf_pool	*pool;
	struct conf_vm		*vm;

	memset(p, 0, sizeof(*p));
	p->global = conf_pack_global(conf);
	TAILQ_FOREACH(pool, &conf->pools, entry) {
		p->is_pool[p->n] = true;
		p->block[p->n++] = conf_pack_pool(pool);
	}
	TAILQ_FOREACH(vm, &conf->vms, entry)
		p->block[p->n++] = conf_pack_vm(vm);
}

static void
packed_free(struct packed *p)
{
	size_t	 i;

	ibuf_free(p->global);
	for (i = 0; i < p->n; i++)
		ibuf_free(p->block[i]);
}

static int
unpack_block(struct conf *conf, bool is_pool, void *data, size_t len)
{
	struct ibuf	 buf;

	ibuf_from_buffer(&buf, data, len);
	return is_pool ? conf_unpack_pool(conf, &buf) :
	    conf_unpack_vm(conf, &buf);
}

static int
unpack_global(struct conf *conf, struct packed *p)
{
	struct ibuf	 buf;

	ibuf_from_buffer(&buf, ibuf_data(p->global), ibuf_size(p->global));
	return conf_unpack_global(conf, &buf);
}

static void
test_round_trip(struct conf *conf)
{
	struct packed	 p;
	struct conf	*other, *again;
	char		*a, *b, *c;
	size_t		 i;

	pack(conf, &p);
	if ((other = conf_new()) == NULL)
		err(1, NULL);
	CHECK(unpack_global(other, &p) == 0);
	for (i = 0; i < p.n; i++)
		CHECK(unpack_block(other, p.is_pool[i],
		    ibuf_data(p.block[i]), ibuf_size(p.block[i])) == 0);
	CHECK_INT(conf_check(other, report, &messages), 0);
	a = print(conf);
	b = print(other);
	CHECK_STR(b, a);
	if (CHECK((again = parse(a)) != NULL)) {
		c = print(again);
		CHECK_STR(c, a);
		free(c);
	}
	free(a);
	free(b);
	conf_free(again);
	conf_free(other);
	packed_free(&p);
}

/* Whatever lacks some bytes, or has some more, is refused. */
static void
test_truncated(const struct conf *conf)
{
	struct packed	 p;
	struct conf	*other;
	uint8_t		*bytes;
	size_t		 i, len, size;

	pack(conf, &p);
	if ((other = conf_new()) == NULL)
		err(1, NULL);
	for (i = 0; i < p.n; i++) {
		size = ibuf_size(p.block[i]);
		for (len = 0; len <= size + 1; len++) {
			/* Exactly as large as it says, for the sanitizer. */
			if ((bytes = calloc(1, len + (len == 0))) == NULL)
				err(1, NULL);
			memcpy(bytes, ibuf_data(p.block[i]),
			    len < size ? len : size);
			CHECK((unpack_block(other, p.is_pool[i], bytes,
			    len) == 0) == (len == size));
			free(bytes);
		}
	}
	conf_free(other);
	packed_free(&p);
}

/* Not random(3), to be the same everywhere. */
static uint32_t
next_random(void)
{
	static uint32_t	 state = 2463534242U;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static void
mutate(uint8_t *bytes, size_t len)
{
	static const uint8_t	 edges[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };
	uint32_t		 n = next_random() % 3 + 1;
	size_t			 at;

	while (n-- > 0) {
		at = next_random() % len;
		switch (next_random() % 3) {
		case 0:
			bytes[at] ^= (uint8_t)(1U << next_random() % 8);
			break;
		case 1:
			bytes[at] = edges[next_random() % sizeof(edges)];
			break;
		default:
			bytes[at] = (uint8_t)next_random();
			break;
		}
	}
}

/*
 * Bytes that were changed are refused, or are what a configuration that can
 * be written down packs to.
 */
static void
test_mutated(const struct conf *conf)
{
	struct packed	 p;
	struct conf	*other, *again;
	char		*a, *b;
	uint8_t		 bytes[CONF_MAXPACK];
	size_t		 len, which;
	int		 i, taken = 0, checked = 0;

	pack(conf, &p);
	for (i = 0; p.n > 0 && i < MUTATIONS; i++) {
		which = next_random() % p.n;
		len = ibuf_size(p.block[which]);
		memcpy(bytes, ibuf_data(p.block[which]), len);
		mutate(bytes, len);
		if ((other = conf_new()) == NULL)
			err(1, NULL);
		if (unpack_block(other, p.is_pool[which], bytes, len) == 0) {
			taken++;
			if (i % 16 == 0 &&
			    conf_check(other, report, &messages) == 0) {
				checked++;
				a = print(other);
				if (CHECK((again = parse(a)) != NULL)) {
					b = print(again);
					CHECK_STR(b, a);
					free(b);
				} else
					printf("%s%s", messages.text, a);
				conf_free(again);
				free(a);
			}
		} else
			CHECK(TAILQ_EMPTY(&other->pools) &&
			    TAILQ_EMPTY(&other->vms));
		conf_free(other);
	}
	CHECK(taken > 0 && taken < MUTATIONS && checked > 0);
	packed_free(&p);
}

static void
test_packing(void)
{
	struct conf	*conf;
	size_t		 i;

	test_case("packing");
	if (CHECK((conf = parse(full)) != NULL)) {
		test_round_trip(conf);
		test_truncated(conf);
		test_mutated(conf);
	}
	conf_free(conf);
	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		if (CHECK((conf = parse(more[i])) != NULL))
			test_round_trip(conf);
		else
			printf("%s", messages.text);
		conf_free(conf);
	}
}

/* Files named as arguments: the same for what somebody else has written. */
static void
test_file(const char *file)
{
	struct conf	*conf;

	test_case(file);
	memset(&messages, 0, sizeof(messages));
	conf = parse_config(file, report, &messages);
	CHECK((conf == NULL) == (messages.count > 0));
	if (conf != NULL)
		test_round_trip(conf);
	conf_free(conf);
}

int
main(int argc, char *argv[])
{
	log_init(1, LOG_DAEMON);
	if (mkdtemp(dir) == NULL)
		err(1, "%s", dir);
	snprintf(path, sizeof(path), "%s/conf", dir);
	snprintf(printed_path, sizeof(printed_path), "%s/printed", dir);

	TEST(test_descr());
	TEST(test_names());
	TEST(test_match());
	TEST(test_default());
	TEST(test_many());
	TEST(test_mistakes());
	TEST(test_spoilt());
	TEST(test_bounds());
	TEST(test_macros());
	TEST(test_packing());
	while (--argc > 0)
		TEST(test_file(*++argv));

	unlink(path);
	unlink(printed_path);
	rmdir(dir);
	return TEST_DONE("conf");
}

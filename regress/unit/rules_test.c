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

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "rules.h"
#include "test.h"

/*
 * The texts of rules, for both systems, whichever this is: those of the
 * configurations in regress/rules are compared with what is kept there (`-w'
 * writes it anew), where other tests have the kernels accept it; those of
 * made-up ports are looked at for what must never be in them.
 *
 * NAME.conf	a configuration; `rules "X.rules"' in it is X-rules.pf, or
 *		X-rules.nft
 * NAME.ports	the ports: tap, VM, interface, host address, guest, rdomain
 * NAME.pf, .nft	the texts, each after a line `# --- what it is'
 */

#define PORTS_MAX	16
#define ROUNDS		2000

static char	 dir[] = "/tmp/rules_test.XXXXXX";
static const char *golden;		/* where regress/rules is */
static bool	 writing;

/* --- files -------------------------------------------------------------- */

static char *
slurp(const char *path)
{
	FILE	*fp;
	char	*text;
	size_t	 n;

	if ((fp = fopen(path, "r")) == NULL)
		return NULL;
	if ((text = calloc(1, 8 * 1024 * 1024)) == NULL)
		abort();
	n = fread(text, 1, 8 * 1024 * 1024 - 1, fp);
	text[n] = '\0';
	fclose(fp);
	return text;
}

static void
spill(const char *path, const char *text)
{
	FILE	*fp;

	if ((fp = fopen(path, "w")) == NULL || fputs(text, fp) == EOF ||
	    fclose(fp) == EOF || chmod(path, 0600) == -1) {
		perror(path);
		exit(1);
	}
}

/* Nobody else may write to a file of the configuration: a copy. */
static void
copy(const char *from, const char *to)
{
	char	 path[PATH_MAX], *text;

	snprintf(path, sizeof(path), "%s/%s", golden, from);
	if ((text = slurp(path)) == NULL) {
		perror(path);
		exit(1);
	}
	snprintf(path, sizeof(path), "%s/%s", dir, to);
	spill(path, text);
	free(text);
}

static void
copy_all(const char *language)
{
	DIR		*d;
	struct dirent	*de;
	char		 to[NAME_MAX + 16], *p;

	if ((d = opendir(golden)) == NULL) {
		perror(golden);
		exit(1);
	}
	while ((de = readdir(d)) != NULL) {
		strlcpy(to, de->d_name, sizeof(to));
		if ((p = strstr(to, "-rules.")) != NULL) {
			if (strcmp(p + 7, language) != 0)
				continue;
			strlcpy(p, ".rules", sizeof(to) - (size_t)(p - to));
		} else if ((p = strrchr(to, '.')) == NULL ||
		    strcmp(p, ".conf") != 0)
			continue;
		copy(de->d_name, to);
	}
	closedir(d);
}

static void
remove_all(void)
{
	DIR		*d;
	struct dirent	*de;
	char		 path[PATH_MAX];

	if ((d = opendir(dir)) == NULL)
		return;
	while ((de = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		if (de->d_name[0] != '.')
			unlink(path);
	}
	closedir(d);
	rmdir(dir);
}

/* --- ports -------------------------------------------------------------- */

struct ports {
	struct conf		*conf;
	struct rules_port	 port[PORTS_MAX];
	const struct rules_port	*list[PORTS_MAX];
	size_t			 n;
};

static void
refused(void *arg, const char *message)
{
	printf("%s\n", message);
}

/* What the daemon does when it sees a port. */
static void
fill(const struct conf *conf, struct rules_port *port)
{
	struct conf_match	 match;
	size_t			 i, level;

	conf_match(conf, port->vm, port->ifn, &match);
	if (!CHECK(match.pool != NULL))
		return;
	strlcpy(port->pool, match.pool->name, sizeof(port->pool));
	port->isolate = match.pool->isolate;
	port->via = match.nameserver_via;
	port->forward = calloc(match.nforward + 1, sizeof(*port->forward));
	for (i = 0; i < match.nforward; i++)
		port->forward[port->nforward++] = &match.forward[i];
	port->rules = calloc(match.nrules[0] + match.nrules[1] +
	    match.nrules[2] + 1, sizeof(*port->rules));
	for (level = 0; level < 3; level++)
		for (i = 0; i < match.nrules[level]; i++)
			port->rules[port->nrules++] = conf_find_rules(conf,
			    match.rules[level][i]);
}

static bool
ports_read(struct ports *ports, const char *name)
{
	struct rules_port	*port;
	FILE			*fp;
	char			 path[PATH_MAX], host[64], guest[64];
	unsigned int		 ifn;

	memset(ports, 0, sizeof(*ports));
	snprintf(path, sizeof(path), "%s/%s.conf", dir, name);
	ports->conf = parse_config(path, refused, NULL);
	if (!CHECK(ports->conf != NULL))
		return false;
	snprintf(path, sizeof(path), "%s/%s.ports", golden, name);
	if (!CHECK((fp = fopen(path, "r")) != NULL))
		return false;
	while (ports->n < PORTS_MAX) {
		port = &ports->port[ports->n];
		if (fscanf(fp, "%15s %63s %u %63s %63s %u", port->tap,
		    port->vm, &ifn, host, guest, &port->rdomain) != 6)
			break;
		port->ifn = (uint8_t)ifn;
		port->ifindex = 101 + (uint32_t)ports->n;
		CHECK_INT(prefix_parse(host, &port->host), 0);
		CHECK_INT(addr_parse(guest, &port->guest), 0);
		fill(ports->conf, port);
		ports->list[ports->n++] = port;
	}
	fclose(fp);
	return CHECK(ports->n > 0);
}

static void
ports_free(struct ports *ports)
{
	size_t	 i;

	for (i = 0; i < ports->n; i++) {
		free(ports->port[i].forward);
		free(ports->port[i].rules);
	}
	conf_free(ports->conf);
}

/* --- what is kept ------------------------------------------------------- */

static void
append(struct rules_text *all, const char *what, const char *arg,
    struct rules_text *part)
{
	rules_printf(all, "# --- %s%s%s\n%s", what, *arg == '\0' ? "" : " ",
	    arg, part->text == NULL ? "" : part->text);
	CHECK_INT(rules_text_end(part), 0);
	rules_text_clear(part);
}

static void
render_pf(struct rules_text *all, const struct ports *ports)
{
	const struct rules_port	*port;
	struct rules_text	 text = { 0 };
	struct rules_table	 table[RULES_TABLES_MAX];
	char			 child[RULES_CHILD_LEN];
	size_t			 i, j, n;

	CHECK_INT(rules_pf_anchor(&text, ports->conf), 0);
	append(all, "anchor", ports->conf->anchor, &text);
	for (i = 0; i < ports->n; i++) {
		port = ports->list[i];
		CHECK_INT(rules_pf_child_name(child, sizeof(child),
		    ports->conf->anchor, port), 0);
		CHECK_INT(rules_pf_child(&text, port), 0);
		CHECK((text.len > 0) == rules_own(port));
		if (text.len > 0)
			append(all, "anchor", child, &text);
		n = rules_pf_tables(port, table);
		CHECK(n > 0 && n <= RULES_TABLES_MAX);
		for (j = 0; j < n; j++)
			rules_printf(all, "# table <%s> %s\n", table[j].name,
			    addr_ntoa(table[j].addr));
	}
}

static void
render_nft(struct rules_text *all, const struct ports *ports)
{
	const char		*anchor = ports->conf->anchor;
	struct rules_text	 text = { 0 };
	size_t			 i;

	CHECK_INT(rules_nft_load(&text, ports->conf), 0);
	append(all, "load", "", &text);
	for (i = 0; i < ports->n; i++) {
		CHECK_INT(rules_nft_chain(&text, anchor, ports->list[i]), 0);
		rules_nft_commands(&text, "add", anchor, ports->list[i]);
		append(all, "add", ports->list[i]->tap, &text);
	}
	CHECK_INT(rules_nft_forwards(&text, anchor, ports->list, ports->n), 0);
	append(all, "forwards", "", &text);
	for (i = 0; i < ports->n; i++) {
		CHECK_INT(rules_nft_list(&text, anchor, ports->list[i]), 0);
		append(all, "list", ports->list[i]->tap, &text);
	}
	CHECK_INT(rules_nft_list(&text, anchor, NULL), 0);
	append(all, "list", "", &text);
}

static void
compare(const char *name, const char *language, const char *text)
{
	char	 path[PATH_MAX], *kept, *p, *end;

	snprintf(path, sizeof(path), "%s/%s.%s", golden, name, language);
	if (writing) {
		spill(path, text);
		chmod(path, 0644);
		return;
	}
	test_case(path);
	if (!CHECK((kept = slurp(path)) != NULL))
		return;
	for (p = kept; *p != '\0' && *text != '\0'; p = end + (*end != '\0')) {
		end = p + strcspn(p, "\n");
		if (strncmp(p, text, (size_t)(end - p) + 1) != 0)
			break;
		text += (end - p) + (*end != '\0');
	}
	if (!CHECK(*p == '\0' && *text == '\0'))
		printf("\tgot  %.*s\n\twant %.*s\n", (int)strcspn(text, "\n"),
		    text, (int)strcspn(p, "\n"), p);
	free(kept);
}

static void
test_golden(const char *name)
{
	struct ports		 ports;
	struct rules_text	 pf = { 0 }, nft = { 0 };

	copy_all("pf");
	if (ports_read(&ports, name))
		render_pf(&pf, &ports);
	ports_free(&ports);
	copy_all("nft");
	if (ports_read(&ports, name))
		render_nft(&nft, &ports);
	ports_free(&ports);
	compare(name, "pf", pf.text);
	compare(name, "nft", nft.text);
	rules_text_clear(&pf);
	rules_text_clear(&nft);
}

/* --- text --------------------------------------------------------------- */

/* Every line of a users' file is found again, and no other one. */
static void
test_origin(void)
{
	static const char *const files[] = {
		"", "\n", "one", "one\n", "one\n\nthree", "\\\n", "a\nb \\"
	};
	struct rules_text	 text = { 0 };
	struct conf_rules	 rules[sizeof(files) / sizeof(files[0])];
	const char		*path;
	char			 name[8], want[64], *p;
	size_t			 i, len, nlines;
	int			 line, first, there;

	test_case("origin");
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		memset(&rules[i], 0, sizeof(rules[i]));
		snprintf(name, sizeof(name), "file%zu", i);
		rules[i].path = strdup(name);
		rules[i].text = strdup(files[i]);
		rules_printf(&text, "ours\n");
		CHECK(rules_text_origin(&text, text.lines, &there) == NULL);
		first = text.lines + 1;
		rules_include(&text, &rules[i]);
		CHECK(text.text[text.len - 1] == '\n');
		for (nlines = 0, p = rules[i].text; *p != '\0'; nlines++) {
			len = strcspn(p, "\n");
			line = first + (int)nlines;
			path = rules_text_origin(&text, line, &there);
			CHECK_STR(path, name);
			CHECK_INT(there, nlines + 1);
			p += len + (p[len] == '\n');
		}
		rules_printf(&text, "ours again\n");
		CHECK(rules_text_origin(&text, text.lines, &there) == NULL);
	}
	rules_printf(&text, "%s", "last\n");
	CHECK_INT(rules_text_end(&text), 0);
	for (line = 0, p = text.text; *p != '\0'; p++)
		line += *p == '\n';
	CHECK_INT(text.lines, line);
	CHECK(rules_text_origin(&text, text.lines + 1, &there) == NULL);
	/* What ends in a backslash does not join what comes after it. */
	for (p = text.text; (p = strstr(p, "\\\n")) != NULL; p++)
		CHECK(p[2] == '\n' || strncmp(p, "\\\n\n", 3) == 0);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		free(rules[i].path);
		free(rules[i].text);
	}
	snprintf(want, sizeof(want), "%d", line);
	rules_text_clear(&text);
	CHECK(text.text == NULL && text.lines == 0);
}

static void
explained(const struct rules_text *text, const char *output, const char *want)
{
	char	 buf[512], small[16];

	rules_explain(text, output, buf, sizeof(buf));
	CHECK_STR(buf, want);
	/* As much as there is room for. */
	rules_explain(text, output, small, sizeof(small));
	CHECK(strlen(small) < sizeof(small));
	CHECK(strncmp(small, want, strlen(small)) == 0);
}

static void
test_explain(void)
{
	struct rules_text	 text = { 0 };
	struct conf_rules	 rules;
	char			 path[] = "/etc/lab.rules";
	char			 body[] = "one\ntwo\nthree\n";

	test_case("explain");
	memset(&rules, 0, sizeof(rules));
	rules.path = path;
	rules.text = body;
	rules_printf(&text, "first\n\t\tsecond line\n");
	rules_include(&text, &rules);
	rules_printf(&text, "behind\n");
	explained(&text, "stdin:4: syntax error\n"
	    "pfctl: Syntax error in config file: pf rules not loaded\n",
	    "/etc/lab.rules:2: syntax error");
	explained(&text, "<cmdline>:5:3-7: Error: syntax error, unexpected x\n"
	    "three\n  ^^^\n", "/etc/lab.rules:3: Error: syntax error, "
	    "unexpected x");
	explained(&text, "/dev/stdin:3:1-3: Error: a\n"
	    "<cmdline>:2:1-3: Error: b\nstdin:7: c",
	    "/etc/lab.rules:1: Error: a\nError: b: \"second line\"\n"
	    "c: \"behind\"");
	explained(&text, "pfctl: DIOCXROLLBACK: Operation not permitted\n",
	    "pfctl: DIOCXROLLBACK: Operation not permitted");
	explained(&text, "stdin:99: far\n", "far: \"\"");
	explained(&text, "<cmdline>:3:1-3: Error: Could not resolve service: x"
	    "\none\n^^^\n", "/etc/lab.rules:1: Error: Could not resolve "
	    "service: x (names are not looked up: write the number)");
	explained(&text, "stdin:99999999999999999999: x",
	    "stdin:99999999999999999999: x");
	explained(&text, "stdin:0: x", "stdin:0: x");
	explained(&text, "", "");
	rules_text_clear(&text);
	explained(&text, "stdin:1: nothing\n", "nothing: \"\"");
}

static void
test_unbalanced(void)
{
	test_case("unbalanced");
	CHECK_INT(rules_unbalanced(""), 0);
	CHECK_INT(rules_unbalanced("{}"), 0);
	CHECK_INT(rules_unbalanced("a { b { c } d\n} { }\n"), 0);
	CHECK_INT(rules_unbalanced("}"), 1);
	CHECK_INT(rules_unbalanced("a\nb }\n{"), 2);
	CHECK_INT(rules_unbalanced("{\n}\n{\n{ }"), 3);
	CHECK_INT(rules_unbalanced("\"{\" '}' # {\n"), 0);
	CHECK_INT(rules_unbalanced("# }"), 0);
	CHECK_INT(rules_unbalanced("#\n}"), 2);
	CHECK_INT(rules_unbalanced("\"it's\" {\n\"}\"\n"), 1);
	CHECK_INT(rules_unbalanced("\"\\\"}\""), 0);
	CHECK_INT(rules_unbalanced("\"open\n}"), 2);
	CHECK_INT(rules_unbalanced("\\"), 0);
	CHECK_INT(rules_unbalanced("\"\\"), 0);
}

/* --- names -------------------------------------------------------------- */

static void
test_ifname(void)
{
	static const char *const good[] = {
		"tap0", "a", "vm-web.1_x", "tap@3", "123456789012345",
		"x+y", "0tap", "veth:0", "a=b"
	};
	static const char *const bad[] = {
		"", "tap*", "tap 0", "tap\"0", "tap;0", "{", "}", "a\\b",
		"a/b", "a\tb", "a\nb", "\303\244", "a$b", "a#b",
		"1234567890123456", "(a)", "<a>", "a,b", "a!", "'", "`", "|", "\177"
	};
	char	 chain[RULES_CHAIN_LEN];
	size_t	 i;

	test_case("names of interfaces");
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(rules_valid_ifname(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!rules_valid_ifname(bad[i]));
	rules_nft_chain_name(chain, sizeof(chain), 7);
	CHECK_STR(chain, "rules-7");
	rules_nft_chain_name(chain, sizeof(chain), UINT32_MAX);
	CHECK_STR(chain, "rules-4294967295");
}

static void
test_long_names(void)
{
	struct rules_port	 port;
	char			 child[RULES_CHILD_LEN];
	char			 label[RULES_LABEL_LEN];
	struct rules_text	 text = { 0 };

	test_case("long names");
	memset(&port, 0, sizeof(port));
	strlcpy(port.tap, "tap0", sizeof(port.tap));
	strlcpy(port.pool, "p", sizeof(port.pool));
	/* The longest that a description holds with each kind of index. */
	memset(port.vm, 'x', 55);
	port.ifn = 9;
	CHECK_INT(rules_pf_child_name(child, sizeof(child), "vmnetd", &port),
	    0);
	CHECK_INT(rules_pf_label(label, sizeof(label), &port), 0);
	port.vm[53] = '\0';
	port.ifn = 255;
	CHECK_INT(rules_pf_child_name(child, sizeof(child), "vmnetd", &port),
	    0);
	CHECK_INT(rules_pf_label(label, sizeof(label), &port), 0);
	/* Linux has longer ones; they are no names for pf. */
	memset(port.vm, 'x', 63);
	CHECK_INT(rules_pf_child_name(child, sizeof(child), "vmnetd", &port),
	    -1);
	CHECK_INT(errno, ENAMETOOLONG);
	CHECK_INT(rules_pf_label(label, sizeof(label), &port), -1);
	CHECK_INT(errno, ENAMETOOLONG);
	CHECK_INT(rules_pf_child(&text, &port), -1);
	rules_text_clear(&text);
	CHECK_INT(rules_nft_chain(&text, "vmnetd", &port), 0);
	rules_text_clear(&text);
}

/* A name that means something in a rule does not get into one. */
static void
test_bad_names(void)
{
	static const char *const vms[] = {
		"", "a b", "a\"", "a\nb", "a;b", "-a", "$x", "a{", "a'"
	};
	static const char *const taps[] = {
		"", "tap0\"", "tap*", "a b", "a\n", "$tap"
	};
	const struct rules_port	*list[1];
	struct rules_port	 port;
	struct rules_text	 text = { 0 };
	size_t			 i, n = sizeof(vms) / sizeof(vms[0]);
	size_t			 ntaps = sizeof(taps) / sizeof(taps[0]);

	test_case("bad names");
	for (i = 0; i < n + ntaps + 1; i++) {
		memset(&port, 0, sizeof(port));
		strlcpy(port.tap, i < n || i == n + ntaps ? "tap0" :
		    taps[i - n], sizeof(port.tap));
		strlcpy(port.vm, i < n ? vms[i] : "vm0", sizeof(port.vm));
		strlcpy(port.pool, i < n + ntaps ? "lab" : "a\"b",
		    sizeof(port.pool));
		list[0] = &port;
		CHECK_INT(rules_nft_chain(&text, "vmnetd", &port), -1);
		CHECK_INT(errno, EINVAL);
		rules_text_clear(&text);
		CHECK_INT(rules_nft_list(&text, "vmnetd", &port), -1);
		rules_text_clear(&text);
		CHECK_INT(rules_nft_forwards(&text, "vmnetd", list, 1), -1);
		rules_text_clear(&text);
		CHECK_INT(rules_pf_child(&text, &port), -1);
		CHECK_INT(errno, EINVAL);
		rules_text_clear(&text);
	}
}

/* --- made-up ports --- */

static uint32_t	 seed = 1;

static uint32_t
draw(uint32_t n)
{
	seed = seed * 1664525U + 1013904223U;
	return (uint32_t)(((uint64_t)(seed >> 8) * n) >> 24);
}

static void
draw_name(char *name, size_t size, const char *chars)
{
	size_t	 i, len = 1 + draw((uint32_t)size - 1);

	for (i = 0; i < len; i++)
		name[i] = chars[draw((uint32_t)strlen(chars))];
	if (strchr("-._", name[0]) != NULL)
		name[0] = 'x';
	name[len] = '\0';
}

static void
draw_forward(struct conf_forward *f)
{
	static const char *const ifs[] = { "", "", "em0", "vlan1.2" };

	memset(f, 0, sizeof(*f));
	f->tcp = draw(2);
	f->udp = !f->tcp || draw(2);
	strlcpy(f->ifname, ifs[draw(4)], sizeof(f->ifname));
	if (draw(2)) {
		f->from.len = (uint8_t)(1 + draw(32));
		f->from.addr = 0xc0000200U + draw(256);
		f->from.addr = prefix_first(&f->from);
	}
	f->address = draw(3) ? 0 : 0xc6336400U + draw(3);
	f->first = (uint16_t)(1 + draw(10));
	f->last = (uint16_t)(f->first + draw(10));
	if (draw(100) == 0)
		f->last = (uint16_t)(f->first + draw(2000));
	f->to_range = draw(2);
	f->to = (uint16_t)(1 + draw(60000));
}

/* All are printable, quotes are in pairs, and braces match. */
static void
check_text(const struct rules_text *text)
{
	const char	*p;
	int		 quotes = 0, bad = 0, there;

	for (p = text->text; p != NULL && *p != '\0'; p++) {
		if (*p == '"')
			quotes++;
		if (*p == '\n') {
			bad += quotes % 2;
			quotes = 0;
		} else if ((*p < ' ' && *p != '\t') || *p > '~')
			bad++;
		if (strchr("\\`$;&|", *p) != NULL)
			bad++;
	}
	if (!CHECK_INT(bad, 0))
		printf("%s\n", text->text);
	CHECK_INT(rules_unbalanced(text->text == NULL ? "" : text->text), 0);
	CHECK(rules_text_origin(text, 1, &there) == NULL);
}

static void
test_random(void)
{
	static const char	 chars[] = "abcXYZ019-._";
	const struct conf_forward *list[8];
	const struct rules_port	*ports[1];
	struct conf_forward	 f[8];
	struct rules_port	 port;
	struct rules_text	 text = { 0 };
	size_t			 i;
	int			 round;

	test_case("random");
	for (round = 0; round < ROUNDS; round++) {
		memset(&port, 0, sizeof(port));
		draw_name(port.tap, sizeof(port.tap), chars);
		draw_name(port.vm, 56, chars);
		draw_name(port.pool, sizeof(port.pool), "abcXYZ019-_");
		port.ifn = (uint8_t)draw(256);
		port.ifindex = 1 + draw(100000);
		port.rdomain = draw(3);
		port.host.addr = 0xac100000U + draw(65536);
		port.host.len = 31;
		port.guest = port.host.addr + 1;
		port.via = draw(2) ? 0x7f000001U : 0;
		port.isolate = draw(2);
		port.nforward = draw(8);
		port.forward = list;
		for (i = 0; i < port.nforward; i++) {
			draw_forward(&f[i]);
			list[i] = &f[i];
		}
		ports[0] = &port;
		if (rules_pf_child(&text, &port) == -1)
			CHECK(strlen(port.vm) > 55);
		else
			check_text(&text);
		rules_text_clear(&text);
		CHECK_INT(rules_nft_chain(&text, "vmnetd", &port), 0);
		rules_nft_commands(&text, "add", "vmnetd", &port);
		check_text(&text);
		rules_text_clear(&text);
		CHECK_INT(rules_nft_forwards(&text, "vmnetd", ports, 1), 0);
		check_text(&text);
		rules_text_clear(&text);
	}
}

/* --- clashes and elements ----------------------------------------------- */

/* Does a forward take this packet?  ifname NULL: any. */
static bool
takes(const struct conf_forward *f, bool tcp, uint32_t port, uint32_t from,
    const char *ifname, uint32_t addr)
{
	return (tcp ? f->tcp : f->udp) && port >= f->first &&
	    port <= f->last && prefix_contains(&f->from, from) &&
	    (f->ifname[0] == '\0' || strcmp(f->ifname, ifname) == 0) &&
	    (f->address == 0 || f->address == addr);
}

/* Is there a packet that both take? */
static bool
both_take(const struct conf_forward *a, const struct conf_forward *b)
{
	static const char *const ifs[] = { "em0", "vlan1.2" };
	uint32_t	 port, from, addr;
	int		 i, tcp;

	for (tcp = 0; tcp < 2; tcp++)
		for (port = 1; port < 32; port++)
			for (from = 0xc0000200U; from < 0xc0000300U; from++)
				for (i = 0; i < 2; i++)
					for (addr = 0xc6336400U;
					    addr < 0xc6336403U; addr++)
						if (takes(a, tcp, port, from,
						    ifs[i], addr) &&
						    takes(b, tcp, port, from,
						    ifs[i], addr))
							return true;
	return false;
}

static void
test_clash(void)
{
	struct conf_forward	 a, b;
	int			 round, nclash = 0, wrong = 0;

	test_case("clash");
	for (round = 0; round < 1000; round++) {
		draw_forward(&a);
		draw_forward(&b);
		a.last = a.last > 30 ? 30 : a.last;
		b.last = b.last > 30 ? 30 : b.last;
		nclash += conf_forwards_clash(&a, &b);
		wrong += conf_forwards_clash(&a, &b) != both_take(&a, &b);
		wrong += conf_forwards_clash(&a, &b) !=
		    conf_forwards_clash(&b, &a);
		wrong += !conf_forwards_clash(&a, &a);
	}
	CHECK_INT(wrong, 0);
	CHECK(nclash > 50 && nclash < 950);
}

struct seen {
	const struct rules_port	*port;
	int			 n[8];
	int			 wrong;
	uint16_t		 ports[2][65536];	/* outside to inside */
};

static void
see(const struct rules_element *e, void *arg)
{
	static const char *const sets[] = {
		"ifs", "guests", "isolated", "via", "rules", "forwards"
	};
	struct seen	*seen = arg;
	size_t		 i;
	uint16_t	 port;

	for (i = 0; i < 6 && strcmp(sets[i], e->set) != 0; i++)
		continue;
	seen->n[i]++;
	if (i == 6 || (e->family == RULES_ARP && i > 1) ||
	    (e->family == RULES_IP6 && i > 0) ||
	    rules_nft_tap(e) != (i < 5 ? seen->port->ifindex : 0) ||
	    rules_nft_members(e->set) == NULL)
		seen->wrong++;
	if (i != 5)
		return;
	port = (uint16_t)(e->key[4] << 8 | e->key[5]);
	if (e->keylen != 8 || e->valuelen != 8 || e->jump[0] != '\0' ||
	    (e->key[0] != 6 && e->key[0] != 17) || e->key[1] != 0 ||
	    e->key[2] != 0 || e->key[3] != 0 || e->key[6] != 0 ||
	    e->key[7] != 0 || e->value[6] != 0 || e->value[7] != 0)
		seen->wrong++;
	else
		seen->ports[e->key[0] == 17][port] =
		    (uint16_t)(e->value[4] << 8 | e->value[5]);
}

/* Each outside port of a plain forward has its element, and no other has. */
static void
test_elements(void)
{
	static struct seen	 seen;
	const struct conf_forward *list[1];
	struct conf_forward	 f;
	struct rules_port	 port;
	struct rules_table	 table[RULES_TABLES_MAX];
	uint32_t		 n, want;
	int			 round, udp, wrong;

	test_case("elements");
	memset(&port, 0, sizeof(port));
	strlcpy(port.tap, "tap7", sizeof(port.tap));
	port.ifindex = 7;
	port.guest = 0xac100003U;
	port.host.addr = 0xac100002U;
	port.forward = list;
	list[0] = &f;
	for (round = 0; round < 200; round++) {
		memset(&seen, 0, sizeof(seen));
		seen.port = &port;
		draw_forward(&f);
		if (round % 4 == 0)
			f.last = (uint16_t)(f.first + 1020 + draw(8));
		port.nforward = draw(2);
		port.isolate = draw(2);
		port.via = draw(2) ? 0x7f000001U : 0;
		rules_nft_elements(&port, see, &seen);
		wrong = seen.wrong + (seen.n[0] != 3) + (seen.n[1] != 3) +
		    (seen.n[2] != port.isolate) +
		    (seen.n[3] != (port.via != 0)) + (seen.n[4] != 0);
		for (udp = 0; udp < 2; udp++)
			for (n = 0; n < 65536; n++) {
				want = 0;
				if (port.nforward == 1 &&
				    !rules_nft_special(&port) &&
				    (udp ? f.udp : f.tcp) && n >= f.first &&
				    n <= f.last)
					want = f.to_range ?
					    f.to + (n - f.first) : f.to;
				wrong += seen.ports[udp][n] != want;
			}
		CHECK_INT(wrong, 0);
		if (port.nforward == 1)
			CHECK_INT(rules_nft_special(&port), f.from.len != 0 ||
			    f.ifname[0] != '\0' || f.address != 0 ||
			    f.last - f.first >= 1024);
	}
	CHECK(rules_nft_members("egress") == NULL);
	CHECK(rules_nft_members("somebody_elses") == NULL);
	/* One that may not send. */
	memset(&seen, 0, sizeof(seen));
	seen.port = &port;
	port.guest = 0;
	rules_nft_elements(&port, see, &seen);
	CHECK_INT(seen.wrong, 0);
	CHECK_INT(seen.n[0], 3);
	CHECK_INT(seen.n[1] + seen.n[2] + seen.n[3] + seen.n[5], 0);
	CHECK_INT(rules_pf_tables(&port, table), 0);
}

/* --- main --------------------------------------------------------------- */

int
main(int argc, char *argv[])
{
	static const char *const places[] = { "regress/rules", "../rules" };
	struct stat		 st;
	size_t			 i;

	writing = argc > 1 && strcmp(argv[1], "-w") == 0;
	golden = getenv("RULES");
	for (i = 0; i < 2 && golden == NULL; i++)
		if (stat(places[i], &st) == 0)
			golden = places[i];
	if (mkdtemp(dir) == NULL) {
		perror(dir);
		return 1;
	}
	if (CHECK(golden != NULL)) {
		test_golden("minimal");
		test_golden("nat");
		test_golden("full");
	}
	test_origin();
	test_explain();
	test_unbalanced();
	test_ifname();
	test_long_names();
	test_bad_names();
	test_random();
	test_clash();
	test_elements();
	remove_all();
	return TEST_DONE("rules_test");
}

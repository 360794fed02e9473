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


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lease.h"
#include "output.h"
#include "test.h"

/*
 * What vmnetctl(8) prints for given items: whole tables and objects, byte
 * by byte, as programs and people read them.
 */

#define NOW	1800000000
#define IP(a, b, c, d)	((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static char	*text;
static size_t	 length;
static FILE	*fp;

static void
begin(struct output *out, bool json, uint32_t type)
{
	if ((fp = open_memstream(&text, &length)) == NULL)
		abort();
	output_begin(out, fp, json, type, NOW);
}

/* What has been written so far, at the end of an answer or in its middle. */
static void
check_written(const char *want)
{
	fflush(fp);
	CHECK_STR(text, want);
}

static void
end(struct output *out, const char *want)
{
	CHECK_INT(output_end(out), 0);
	check_written(want);
	output_clear(out);
	fclose(fp);
	free(text);
	text = NULL;
}

static struct ctl_lease
lease(const char *vm, enum lease_state state)
{
	static const uint8_t	 lladdr[] = { 0xfe, 0xe1, 0xbb, 0xd1, 0xf1,
				    0x00 };
	struct ctl_lease	 l;

	memset(&l, 0, sizeof(l));
	strlcpy(l.vm, vm, sizeof(l.vm));
	l.state = state;
	if (state == LEASE_FAILED)
		return l;
	strlcpy(l.pool, "default", sizeof(l.pool));
	l.host = IP(172, 16, 0, 2);
	l.guest = IP(172, 16, 0, 3);
	l.plen = 31;
	l.since = NOW - 3600;
	if (state == LEASE_IDLE)
		return l;
	strlcpy(l.tap, "tap0", sizeof(l.tap));
	if (state == LEASE_READY)
		return l;
	l.has_lladdr = 1;
	memcpy(l.lladdr, lladdr, sizeof(l.lladdr));
	l.bound = NOW - 3590;
	l.expires = NOW + 10;
	return l;
}

static void
test_lease_table(void)
{
	struct output		 out;
	struct ctl_lease	 l;

	begin(&out, false, CTL_LEASE);
	l = lease("vm0", LEASE_BOUND);
	output_item(&out, &l);
	/* Nothing is written before all widths are known. */
	check_written("");
	end(&out,
	    "vm   if  tap   pool     state  host           guest       "
	    "lladdr             hostname\n"
	    "vm0  0   tap0  default  bound  172.16.0.2/31  172.16.0.3  "
	    "fe:e1:bb:d1:f1:00  -\n");

	begin(&out, false, CTL_LEASE);
	end(&out, "vm  if  tap  pool  state  host  guest  lladdr  hostname\n");

	begin(&out, false, CTL_LEASE);
	l = lease("a-much-longer-name", LEASE_IDLE);
	l.ifn = 255;
	output_item(&out, &l);
	l = lease("b", LEASE_BOUND);
	strlcpy(l.hostname, "web", sizeof(l.hostname));
	output_item(&out, &l);
	end(&out,
	    "vm                  if   tap   pool     state  host           "
	    "guest       lladdr             hostname\n"
	    "a-much-longer-name  255  -     default  idle   172.16.0.2/31  "
	    "172.16.0.3  -                  -\n"
	    "b                   0    tap0  default  bound  172.16.0.2/31  "
	    "172.16.0.3  fe:e1:bb:d1:f1:00  web\n");
}

static void
test_lease_reason(void)
{
	struct output		 out;
	struct ctl_lease	 l;

	begin(&out, false, CTL_LEASE);
	l = lease("vm1", LEASE_FAILED);
	strlcpy(l.tap, "tap1", sizeof(l.tap));
	strlcpy(l.reason, "pool \"lab\" is full", sizeof(l.reason));
	l.since = NOW - (3 * 86400 + 2 * 3600 + 59 * 60);
	output_item(&out, &l);
	l = lease("vm2", LEASE_IDLE);
	output_item(&out, &l);
	end(&out,
	    "vm   if  tap   pool     state   host           guest       "
	    "lladdr  hostname\n"
	    "vm1  0   tap1  -        failed  -              -           "
	    "-       -\n"
	    "    pool \"lab\" is full (for 3d02h)\n"
	    "vm2  0   -     default  idle    172.16.0.2/31  172.16.0.3  "
	    "-       -\n");
}

static void
check_age(int64_t seconds, const char *want)
{
	struct output		 out;
	struct ctl_lease	 l = lease("v", LEASE_FAILED);
	char			 line[256];

	strlcpy(l.reason, "why", sizeof(l.reason));
	l.since = NOW - seconds;
	begin(&out, false, CTL_LEASE);
	output_item(&out, &l);
	snprintf(line, sizeof(line),
	    "vm  if  tap  pool  state   host  guest  lladdr  hostname\n"
	    "v   0   -    -     failed  -     -      -       -\n"
	    "    why (for %s)\n", want);
	end(&out, line);
}

static void
test_ages(void)
{
	check_age(-5, "0s");		/* the clock was set back */
	check_age(0, "0s");
	check_age(59, "59s");
	check_age(60, "1m00s");
	check_age(3599, "59m59s");
	check_age(3600, "1h00m");
	check_age(86399, "23h59m");
	check_age(86400, "1d00h");
	check_age(400 * 86400 + 3600, "400d01h");
}

static void
test_lease_json(void)
{
	struct output		 out;
	struct ctl_lease	 l;

	begin(&out, true, CTL_LEASE);
	l = lease("vm0", LEASE_BOUND);
	strlcpy(l.hostname, "web", sizeof(l.hostname));
	output_item(&out, &l);
	l = lease("vm1", LEASE_FAILED);
	l.ifn = 2;
	strlcpy(l.reason, "pool \"lab\" is full", sizeof(l.reason));
	output_item(&out, &l);
	check_written("");
	end(&out,
	    "{\"leases\":[{\"vm\":\"vm0\",\"interface\":0,\"tap\":\"tap0\","
	    "\"pool\":\"default\",\"state\":\"bound\","
	    "\"host\":\"172.16.0.2/31\",\"guest\":\"172.16.0.3\","
	    "\"host6\":null,\"guest6\":null,"
	    "\"lladdr\":\"fe:e1:bb:d1:f1:00\",\"hostname\":\"web\","
	    "\"since\":1799996400,\"bound\":1799996410,"
	    "\"expires\":1800000010,\"reason\":null},"
	    "{\"vm\":\"vm1\",\"interface\":2,\"tap\":null,\"pool\":null,"
	    "\"state\":\"failed\",\"host\":null,\"guest\":null,"
	    "\"host6\":null,\"guest6\":null,\"lladdr\":null,"
	    "\"hostname\":null,\"since\":null,\"bound\":null,"
	    "\"expires\":null,\"reason\":\"pool \\\"lab\\\" is full\"}]}\n");

	begin(&out, true, CTL_LEASE);
	end(&out, "{\"leases\":[]}\n");
}

/* Guests choose their host names: no byte of them reaches the terminal. */
static void
test_hostile(void)
{
	struct output		 out;
	struct ctl_lease	 l = lease("v", LEASE_FAILED);

	strlcpy(l.hostname, "a\033[2J b\\\n\"\xc3\xa9\x7f", sizeof(l.hostname));
	strlcpy(l.reason, "two words\r\nvm0", sizeof(l.reason));
	begin(&out, false, CTL_LEASE);
	output_item(&out, &l);
	end(&out,
	    "vm  if  tap  pool  state   host  guest  lladdr  hostname\n"
	    "v   0   -    -     failed  -     -      -       "
	    "a\\033[2J\\040b\\\\\\012\"\\303\\251\\177\n"
	    "    two words\\015\\012vm0\n");
	begin(&out, true, CTL_LEASE);
	output_item(&out, &l);
	check_written("");
	CHECK_INT(output_end(&out), 0);
	fflush(fp);
	CHECK(strstr(text, "\"hostname\":\"a\\u001b[2J b\\\\\\u000a\\\""
	    "\\u00c3\\u00a9\\u007f\"") != NULL);
	CHECK(strstr(text, "\"reason\":\"two words\\u000d\\u000avm0\"") !=
	    NULL);
	output_clear(&out);
	fclose(fp);
	free(text);

	/* A name that is a dash is not the dash of no name. */
	strlcpy(l.hostname, "-", sizeof(l.hostname));
	l.reason[0] = '\0';
	begin(&out, false, CTL_LEASE);
	output_item(&out, &l);
	end(&out,
	    "vm  if  tap  pool  state   host  guest  lladdr  hostname\n"
	    "v   0   -    -     failed  -     -      -       \\055\n");
}

/* The longest strings, all of which have to be escaped. */
static void
test_longest(void)
{
	struct output		 out;
	struct ctl_lease	 l = lease("v", LEASE_BOUND);
	char			*p;
	size_t			 n = 0;

	memset(l.vm, 1, sizeof(l.vm) - 1);
	memset(l.tap, 1, sizeof(l.tap) - 1);
	memset(l.pool, 1, sizeof(l.pool) - 1);
	memset(l.hostname, 1, sizeof(l.hostname) - 1);
	memset(l.reason, 1, sizeof(l.reason) - 1);
	begin(&out, false, CTL_LEASE);
	output_item(&out, &l);
	CHECK_INT(output_end(&out), 0);
	fflush(fp);
	for (p = text; (p = strstr(p, "\\001")) != NULL; p += 4)
		n++;
	CHECK_INT(n, sizeof(l.vm) + sizeof(l.tap) + sizeof(l.pool) +
	    sizeof(l.hostname) + sizeof(l.reason) - 5);
	output_clear(&out);
	fclose(fp);
	free(text);
}

/* An escape is written whole or not at all, in any size of buffer. */
static void
test_escape(void)
{
	char	*buf, whole[16] = "";
	size_t	 size, len;

	CHECK_INT(output_escape(whole, sizeof(whole), "a\001 \\", true), 8);
	CHECK_STR(whole, "a\\001 \\\\");
	for (size = 1; size <= sizeof(whole); size++) {
		if ((buf = malloc(size)) == NULL)
			abort();
		len = output_escape(buf, size, "a\001 \\", true);
		CHECK(len < size && len == strlen(buf));
		CHECK(strncmp(buf, whole, len) == 0);
		CHECK(len == 0 || len == 1 || len >= 5);
		free(buf);
	}
}

static void
test_pools(void)
{
	struct output	 out;
	struct ctl_pool	 pool;
	int		 json;

	for (json = 0; json < 2; json++) {
		begin(&out, json, CTL_POOL);
		memset(&pool, 0, sizeof(pool));
		strlcpy(pool.name, "default", sizeof(pool.name));
		pool.inet.addr = IP(172, 16, 0, 0);
		pool.inet.len = 24;
		pool.subnet = 31;
		pool.size = 126;
		pool.used = 3;
		pool.idle = 10;
		pool.free = 113;
		output_item(&out, &pool);
		strlcpy(pool.name, "lab", sizeof(pool.name));
		pool.inet.addr = IP(10, 0, 0, 0);
		pool.inet.len = 8;
		pool.subnet = 24;
		pool.size = 65536;
		pool.used = pool.idle = 0;
		pool.free = 65536;
		pool.rdomain = 1;
		output_item(&out, &pool);
		end(&out, json ?
		    "{\"pools\":[{\"name\":\"default\","
		    "\"inet\":\"172.16.0.0/24\",\"subnet\":31,\"size\":126,"
		    "\"used\":3,\"idle\":10,\"free\":113,\"rdomain\":0},"
		    "{\"name\":\"lab\",\"inet\":\"10.0.0.0/8\",\"subnet\":24,"
		    "\"size\":65536,\"used\":0,\"idle\":0,\"free\":65536,"
		    "\"rdomain\":1}]}\n" :
		    "pool     range          subnet  size   used  idle  "
		    "free\n"
		    "default  172.16.0.0/24  31      126    3     10    "
		    "113\n"
		    "lab      10.0.0.0/8     24      65536  0     0     "
		    "65536\n");
	}
}

static void
test_interfaces(void)
{
	struct output		 out;
	struct ctl_interface	 ifc;
	int			 json;

	for (json = 0; json < 2; json++) {
		begin(&out, json, CTL_INTERFACE);
		memset(&ifc, 0, sizeof(ifc));
		strlcpy(ifc.name, "tap0", sizeof(ifc.name));
		strlcpy(ifc.vm, "vm0", sizeof(ifc.vm));
		strlcpy(ifc.descr, "vm1-if1-vm0", sizeof(ifc.descr));
		ifc.index = 7;
		ifc.ifn = 1;
		ifc.managed = ifc.up = ifc.link = 1;
		output_item(&out, &ifc);
		memset(&ifc, 0, sizeof(ifc));
		strlcpy(ifc.name, "tap12", sizeof(ifc.name));
		strlcpy(ifc.descr, "my tunnel", sizeof(ifc.descr));
		strlcpy(ifc.reason, "no VM's description", sizeof(ifc.reason));
		ifc.index = 12;
		ifc.rdomain = 3;
		output_item(&out, &ifc);
		end(&out, json ?
		    "{\"interfaces\":[{\"tap\":\"tap0\",\"index\":7,"
		    "\"vm\":\"vm0\",\"interface\":1,"
		    "\"description\":\"vm1-if1-vm0\",\"rdomain\":0,"
		    "\"up\":true,\"link\":true,\"managed\":true,"
		    "\"reason\":null},{\"tap\":\"tap12\",\"index\":12,"
		    "\"vm\":null,\"interface\":null,"
		    "\"description\":\"my tunnel\",\"rdomain\":3,"
		    "\"up\":false,\"link\":false,\"managed\":false,"
		    "\"reason\":\"no VM's description\"}]}\n" :
		    "tap    index  vm   if  managed  reason\n"
		    "tap0   7      vm0  1   yes      -\n"
		    "tap12  12     -    -   no       no VM's description\n");
	}
}

static void
add_stat(struct output *out, const char *group, const char *name,
    uint64_t value)
{
	struct ctl_stat	 stat;

	memset(&stat, 0, sizeof(stat));
	strlcpy(stat.group, group, sizeof(stat.group));
	strlcpy(stat.name, name, sizeof(stat.name));
	stat.value = value;
	output_item(out, &stat);
}

static void
test_stats(void)
{
	struct output	 out;
	int		 json;

	for (json = 0; json < 2; json++) {
		begin(&out, json, CTL_STAT);
		add_stat(&out, "received", "discover", 4);
		add_stat(&out, "received", "request", UINT64_MAX);
		add_stat(&out, "dropped", "ip-checksum", 0);
		end(&out, json ?
		    "{\"stats\":{\"received\":{\"discover\":4,"
		    "\"request\":18446744073709551615},"
		    "\"dropped\":{\"ip-checksum\":0}}}\n" :
		    "group     name         value\n"
		    "received  discover     4\n"
		    "received  request      18446744073709551615\n"
		    "dropped   ip-checksum  0\n");
	}
	begin(&out, true, CTL_STAT);
	end(&out, "{\"stats\":{}}\n");
}

static void
add_line(struct output *out, const char *line)
{
	struct ctl_text	 item;

	memset(&item, 0, sizeof(item));
	strlcpy(item.text, line, sizeof(item.text));
	output_item(out, &item);
}

/* Lines are printed as they are: no heading, no columns. */
static void
test_lines(void)
{
	struct output	 out;
	int		 json;

	for (json = 0; json < 2; json++) {
		begin(&out, json, CTL_RULE);
		add_line(&out, "table inet vmnetd {");
		add_line(&out, "\t\telements = { \"tap0\" . 172.16.0.3 }");
		add_line(&out, "");
		add_line(&out, "}");
		check_written("");
		end(&out, json ?
		    "{\"rules\":[\"table inet vmnetd {\","
		    "\"\\u0009\\u0009elements = { \\\"tap0\\\" . 172.16.0.3 }\","
		    "\"\",\"}\"]}\n" :
		    "table inet vmnetd {\n"
		    "\t\telements = { \"tap0\" . 172.16.0.3 }\n\n}\n");
		begin(&out, json, CTL_FINDING);
		add_line(&out, "tap0: vm0 interface 0: pool \"p\" is full");
		end(&out, json ?
		    "{\"findings\":[\"tap0: vm0 interface 0: "
		    "pool \\\"p\\\" is full\"]}\n" :
		    "tap0: vm0 interface 0: pool \"p\" is full\n");
	}
	begin(&out, true, CTL_FINDING);
	end(&out, "{\"findings\":[]}\n");
	begin(&out, false, CTL_RULE);
	end(&out, "");
	/* Users' rules may have anything in comments. */
	begin(&out, false, CTL_RULE);
	add_line(&out, "\tpass # \033[2J\303\244\t.");
	end(&out, "\tpass # \\033[2J\\303\\244\\011.\n");
}

static void
test_events(void)
{
	struct output		 out;
	struct ctl_event	 event;

	setenv("TZ", "UTC0", 1);
	tzset();
	memset(&event, 0, sizeof(event));
	event.when = NOW;		/* 08:00:00 */
	event.type = EVENT_BOUND;
	event.lease = lease("vm0", LEASE_BOUND);
	begin(&out, false, CTL_EVENT);
	CHECK_INT(output_item(&out, &event), 0);
	/* At once, without a heading, and not again at the end. */
	check_written("08:00:00 bound vm0 0 tap0 default bound 172.16.0.2/31 "
	    "172.16.0.3 fe:e1:bb:d1:f1:00 -\n");
	event.lease = lease("vm1", LEASE_FAILED);
	event.type = EVENT_FAILED;
	event.when = NOW + 61;
	strlcpy(event.lease.reason, "pool \"lab\" is full",
	    sizeof(event.lease.reason));
	output_item(&out, &event);
	memset(&event.lease, 0, sizeof(event.lease));
	event.type = EVENT_RELOAD;
	output_item(&out, &event);
	end(&out,
	    "08:00:00 bound vm0 0 tap0 default bound 172.16.0.2/31 "
	    "172.16.0.3 fe:e1:bb:d1:f1:00 -\n"
	    "08:01:01 failed vm1 0 - - failed - - - - pool \"lab\" is full\n"
	    "08:01:01 reload\n");
}

static void
test_events_json(void)
{
	struct output		 out;
	struct ctl_event	 event;

	memset(&event, 0, sizeof(event));
	event.when = NOW;
	event.type = EVENT_DEPARTURE;
	event.lease = lease("vm0", LEASE_IDLE);
	begin(&out, true, CTL_EVENT);
	CHECK_INT(output_item(&out, &event), 0);
	check_written(
	    "{\"time\":1800000000,\"event\":\"departure\",\"lease\":"
	    "{\"vm\":\"vm0\",\"interface\":0,\"tap\":null,"
	    "\"pool\":\"default\",\"state\":\"idle\","
	    "\"host\":\"172.16.0.2/31\",\"guest\":\"172.16.0.3\","
	    "\"host6\":null,\"guest6\":null,\"lladdr\":null,"
	    "\"hostname\":null,\"since\":1799996400,\"bound\":null,"
	    "\"expires\":null,\"reason\":null}}\n");
	output_clear(&out);
	fclose(fp);
	free(text);

	memset(&event.lease, 0, sizeof(event.lease));
	event.type = EVENT_RELOAD;
	begin(&out, true, CTL_EVENT);
	output_item(&out, &event);
	check_written("{\"time\":1800000000,\"event\":\"reload\","
	    "\"lease\":null}\n");
	output_clear(&out);
	fclose(fp);
	free(text);
}

static void
test_no_items(void)
{
	struct output	 out;

	begin(&out, false, 0);
	end(&out, "");
	begin(&out, true, 0);
	end(&out, "{}\n");

	begin(&out, false, 0);
	CHECK_INT(output_address(&out, IP(172, 16, 0, 3)), 0);
	check_written("172.16.0.3\n");
	output_clear(&out);
	fclose(fp);
	free(text);

	begin(&out, true, 0);
	CHECK_INT(output_address(&out, IP(172, 16, 0, 3)), 0);
	check_written("{\"address\":\"172.16.0.3\"}\n");
	output_clear(&out);
	fclose(fp);
	free(text);
}

static void
test_validity(void)
{
	struct ctl_lease	 l = lease("vm0", LEASE_BOUND);
	struct ctl_event	 event;
	struct ctl_stat		 stat;
	struct ctl_text		 line;

	CHECK(output_valid(CTL_LEASE, &l));
	memset(l.hostname, 'a', sizeof(l.hostname));
	CHECK(!output_valid(CTL_LEASE, &l));
	l = lease("vm0", LEASE_BOUND);
	memset(l.vm, 'a', sizeof(l.vm));
	CHECK(!output_valid(CTL_LEASE, &l));
	l = lease("vm0", LEASE_BOUND);
	l.state = LEASE_FAILED + 1;
	CHECK(!output_valid(CTL_LEASE, &l));
	l = lease("vm0", LEASE_BOUND);
	l.plen = 33;
	CHECK(!output_valid(CTL_LEASE, &l));

	memset(&event, 0, sizeof(event));
	event.type = EVENT_RELOAD;
	CHECK(output_valid(CTL_EVENT, &event));
	event.type = EVENT_RELOAD + 1;
	CHECK(!output_valid(CTL_EVENT, &event));
	event.type = EVENT_BOUND;
	memset(event.lease.reason, 'a', sizeof(event.lease.reason));
	CHECK(!output_valid(CTL_EVENT, &event));

	memset(&stat, 'a', sizeof(stat));
	CHECK(!output_valid(CTL_STAT, &stat));
	memset(&line, 'a', sizeof(line));
	CHECK(!output_valid(CTL_RULE, &line));
	CHECK(!output_valid(CTL_FINDING, &line));
	line.text[sizeof(line.text) - 1] = '\0';
	CHECK(output_valid(CTL_RULE, &line));
	CHECK(output_valid(CTL_FINDING, &line));
	CHECK_INT(output_size(CTL_LEASE), sizeof(struct ctl_lease));
	CHECK_INT(output_size(CTL_END), 0);
	CHECK_INT(output_size(0), 0);
}

/* Output that cannot be written is an error, not a short list. */
static void
test_write_error(void)
{
	struct output		 out;
	struct ctl_event	 event;
	FILE			*full;

	if (!CHECK((full = fopen("/dev/null", "r")) != NULL))
		return;
	memset(&event, 0, sizeof(event));
	event.type = EVENT_RELOAD;
	output_begin(&out, full, false, CTL_EVENT, NOW);
	CHECK_INT(output_item(&out, &event), -1);
	output_clear(&out);
	output_begin(&out, full, true, CTL_POOL, NOW);
	CHECK_INT(output_end(&out), -1);
	output_clear(&out);
	fclose(full);
}

int
main(void)
{
	TEST(test_lease_table());
	TEST(test_lease_reason());
	TEST(test_ages());
	TEST(test_lease_json());
	TEST(test_hostile());
	TEST(test_longest());
	TEST(test_escape());
	TEST(test_pools());
	TEST(test_interfaces());
	TEST(test_stats());
	TEST(test_lines());
	TEST(test_events());
	TEST(test_events_json());
	TEST(test_no_items());
	TEST(test_validity());
	TEST(test_write_error());
	return test_end("ctloutput_test");
}

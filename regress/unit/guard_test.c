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
#include <sys/tree.h>

#include <err.h>
#include <event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "kernel.h"
#include "priv.h"
#include "test.h"

/*
 * Who has a forward that several VMs match, and what becomes of rules that
 * the packet filter refuses late.  The filter here only keeps count: it is
 * the one part that cannot be made to refuse at will.
 */

int	 __wrap_event_add(struct event *, const struct timeval *);

static int	 port_cmp(const struct port *, const struct port *);

struct port_tree	 ports = RB_INITIALIZER(&ports);
static struct conf	*current_conf;
static bool		 refusing;
static bool		 lost;		/* somebody removed all */
static int		 nloads;
static struct event	*watch, *timer;	/* added last */
static long		 timer_ms;
static char		 loaded[2][IF_NAMESIZE];	/* taps in the filter */
static bool		 noticed, notice_ok;
static uint32_t		 notice_id;
static char		 notice[256];

static int
port_cmp(const struct port *a, const struct port *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

RB_GENERATE(port_tree, port, entry, port_cmp)

void
port_notice(const struct port *port, bool ok, const char *reason)
{
	noticed = true;
	notice_ok = ok;
	notice_id = port->id;
	strlcpy(notice, reason, sizeof(notice));
}

static char *
slot(const char *tap)
{
	size_t	 i;

	for (i = 0; i < 2; i++)
		if (strcmp(loaded[i], tap) == 0)
			return loaded[i];
	return NULL;
}

static bool
is_loaded(const char *tap)
{
	return slot(tap) != NULL;
}

int
kernel_filter_open(void)
{
	return 0;
}

int
kernel_filter_load(const struct conf *conf, char *buf, size_t size)
{
	nloads++;
	return 0;
}

int
kernel_filter_add(const struct rules_port *port, char *buf, size_t size)
{
	if (refusing) {
		strlcpy(buf, "refused", size);
		return -1;
	}
	buf[0] = '\0';
	if (!is_loaded(port->tap))
		strlcpy(slot(""), port->tap, IF_NAMESIZE);
	return 0;
}

void
kernel_filter_remove(const struct rules_port *port)
{
	if (is_loaded(port->tap))
		slot(port->tap)[0] = '\0';
}

void
kernel_filter_prune(const struct rules_port *const *list, size_t n)
{
}

char *
kernel_filter_show(const struct rules_port *port)
{
	return NULL;
}

int
kernel_filter_watch(void)
{
	return 0;		/* no slow check is wanted here */
}

bool
kernel_filter_changed(void)
{
	return lost;
}

bool
kernel_filter_check(void (*finding)(void *, const char *), void *arg)
{
	/* And there is no way back. */
	refusing = lost;
	return lost;
}

/* In place of libevent's, by --wrap: nobody waits here. */
int
__wrap_event_add(struct event *ev, const struct timeval *wait)
{
	if (wait == NULL) {
		watch = ev;
		return 0;
	}
	timer = ev;
	timer_ms = wait->tv_sec * 1000 + wait->tv_usec / 1000;
	return 0;
}

static void
report(void *arg, const char *message)
{
	errx(1, "%s", message);
}

static struct conf *
make_conf(void)
{
	static const char	 text[] = "pool \"p\" { inet 172.16.0.0/24 }\n"
	    "vm \"web*\" { forward tcp port 8080 to 80 }\n";
	char			 path[] = "/tmp/guard_test.XXXXXXXXXX";
	struct conf		*conf;
	int			 fd;

	if ((fd = mkstemp(path)) == -1 ||
	    write(fd, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1)
		err(1, "%s", path);
	close(fd);
	conf = parse_config(path, report, NULL);
	unlink(path);
	return conf;
}

static void
make_port(struct port *port, uint32_t id, const char *tap, const char *vm)
{
	memset(port, 0, sizeof(*port));
	port->id = id;
	strlcpy(port->rules.tap, tap, sizeof(port->rules.tap));
	strlcpy(port->rules.vm, vm, sizeof(port->rules.vm));
	RB_INSERT(port_tree, &ports, port);
}

static void
leave(struct port *port)
{
	RB_REMOVE(port_tree, &ports, port);
	guard_remove(port);
}

/* Two VMs that match one pattern, the first with the forward. */
static void
arrive(struct port *first, struct port *second)
{
	char	 buf[256];

	noticed = false;
	make_port(first, 1, "tap0", "web1");
	make_port(second, 2, "tap1", "web2");
	CHECK_INT(guard_add(first, buf, sizeof(buf)), 0);
	CHECK_STR(buf, "");
	CHECK_INT(first->rules.nforward, 1);
	CHECK_INT(guard_add(second, buf, sizeof(buf)), 0);
	CHECK(strstr(buf, "8080") != NULL && strstr(buf, "web1") != NULL);
	CHECK_INT(second->rules.nforward, 0);
}

static void
test_inherit(void)
{
	struct port	 first, second;

	arrive(&first, &second);
	leave(&first);
	CHECK(!is_loaded("tap0"));
	CHECK(noticed && notice_ok);
	CHECK_STR(notice, "");
	CHECK_INT(second.rules.nforward, 1);
	leave(&second);
	CHECK(!is_loaded("tap1"));
}

/* Nothing stays in the filter of a port whose new rules were refused. */
static void
test_refused(void)
{
	struct port	 first, second;

	arrive(&first, &second);
	refusing = true;
	leave(&first);
	refusing = false;
	CHECK(noticed && !notice_ok);
	CHECK_STR(notice, "refused");
	leave(&second);
	CHECK(!is_loaded("tap0"));
	CHECK(!is_loaded("tap1"));
}

/* One that may not send wants nothing, and what it had others may have. */
static void
test_confine(void)
{
	struct port	 first, second;
	char		 buf[256];

	arrive(&first, &second);
	first.rules.guest = 1;
	guard_confine(&first);
	CHECK(first.guarded && first.confined);
	CHECK_INT(first.rules.nforward, 0);
	CHECK_INT(first.rules.guest, 0);
	CHECK_INT(second.rules.nforward, 1);
	CHECK(noticed && notice_ok);
	/* Neither a new configuration nor a departure gives it anything. */
	CHECK_INT(guard_configure(current_conf, buf, sizeof(buf)), 0);
	CHECK_INT(first.rules.nforward, 0);
	CHECK_INT(second.rules.nforward, 1);
	leave(&second);
	CHECK_INT(first.rules.nforward, 0);
	CHECK(is_loaded("tap0"));
	leave(&first);
	CHECK(!is_loaded("tap0"));
}

/* What cannot be restored is said of those that somebody relies on. */
static void
test_restore(void)
{
	struct port	 first, second;
	char		 buf[256];

	arrive(&first, &second);
	guard_confine(&second);
	noticed = false;
	lost = true;
	CHECK_INT(guard_configure(current_conf, buf, sizeof(buf)), 0);
	lost = refusing = false;
	CHECK(noticed && !notice_ok);
	CHECK_INT(notice_id, 1);
	CHECK_STR(notice, "refused");
	leave(&first);
	leave(&second);
}

/* And the kernel says so. */
static void
somebody_removes_all(void)
{
	lost = true;
	event_active(watch, EV_READ, 1);
	event_loop(EVLOOP_NONBLOCK);
	lost = false;
	nloads = 0;
}

/* Somebody removes what was loaded, and again as often as it is loaded. */
static void
test_fight(void)
{
	struct port	 first, second;
	char		 buf[256];
	long		 before = 5;
	int		 i;

	for (i = 0; i < 20; i++) {
		somebody_removes_all();
		CHECK_INT(timer_ms, before < 30000 ? 2 * before : 60000);
		before = timer_ms;
		if (i == 10) {
			/* Not without the rest. */
			arrive(&first, &second);
			CHECK_INT(nloads, 1);
			leave(&first);
			leave(&second);
			continue;
		}
		event_active(timer, EV_TIMEOUT, 1);
		event_loop(EVLOOP_NONBLOCK);
		CHECK_INT(nloads, 1);
	}
	/* A reload loads what it says, and what is missing. */
	somebody_removes_all();
	CHECK_INT(nloads, 0);
	CHECK_INT(guard_configure(current_conf, buf, sizeof(buf)), 0);
	CHECK_INT(nloads, 2);
}

int
main(void)
{
	struct conf	*conf = make_conf();
	char		 buf[256];

	event_init();
	guard_start();
	if (guard_configure(conf, buf, sizeof(buf)) == -1)
		errx(1, "%s", buf);
	TEST(test_inherit());
	TEST(test_refused());
	current_conf = conf;
	TEST(test_confine());
	TEST(test_restore());
	TEST(test_fight());
	conf_free(conf);
	return TEST_DONE("guard");
}

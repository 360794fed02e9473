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
#include <sys/time.h>
#include <sys/tree.h>

#include <event.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel.h"
#include "log.h"
#include "priv.h"

/*
 * The packet filter of priv.  The rules are rendered here from priv's own
 * copy of the configuration and from what priv itself has checked of a port:
 * the engine has no word in them.
 */

/* What others do to the filter is looked for at this interval. */
#define CHECK_INTERVAL	60	/* seconds */
/*
 * What they remove is loaded again at once, and if they do not leave it at
 * that after these times, in milliseconds.
 */
#define RESTORE_FIRST	10
#define RESTORE_LAST	60000

static int	 wish(const struct conf *, struct port *);
static void	 wish_free(struct rules_port *);
static size_t	 wish_forwards(const struct conf_match *, struct port *,
		    const struct conf_forward **);
static const struct port *holder(const struct conf_forward *,
		    const struct port *);
static void	 missing(const struct port *, char *, size_t);
static int	 rewish(const struct conf *, char *, size_t);
static void	 inherit(const struct port *);
static bool	 shares(const struct port *, const struct port *);
static void	 rules_lost(void);
static void	 restore_due(int, short, void *);
static void	 restore_pending(void);
static void	 restore(void);
static void	 refused(const struct port *, const char *);
static void	 watch_event(int, short, void *);
static void	 check_timer(int, short, void *);
static void	 check_once(void);
static void	 finding(void *, const char *);

static const struct conf	*current;
static struct event		 watch_ev, check_ev, restore_ev;
static bool			 restoring;	/* when the time comes */
static long			 restore_wait;	/* ms */
static char			 said[2048];	/* findings, as logged last */

void
guard_open(void)
{
	if (kernel_filter_open() == -1)
		fatal("packet filter");
}

void
guard_start(void)
{
	int	 fd;

	evtimer_set(&check_ev, check_timer, NULL);
	if ((fd = kernel_filter_watch()) == -1)
		return;
	event_set(&watch_ev, fd, EV_READ | EV_PERSIST, watch_event, NULL);
	event_add(&watch_ev, NULL);
}

/* --- what a port wants ----------------------------------------------------- */

/* The older port that has this forward. */
static const struct port *
holder(const struct conf_forward *forward, const struct port *port)
{
	struct port	*other;
	size_t		 i;

	RB_FOREACH(other, port_tree, &ports) {
		if (other == port)
			continue;
		for (i = 0; i < other->rules.nforward; i++)
			if (other->rules.forward[i] == forward)
				return other;
	}
	return NULL;
}

/*
 * Several VMs may match one pattern, but an outside port leads to one of
 * them: the first that came.
 */
static size_t
wish_forwards(const struct conf_match *match, struct port *port,
    const struct conf_forward **forwards)
{
	size_t	 i, n = 0;

	for (i = 0; i < match->nforward; i++)
		if (holder(&match->forward[i], port) == NULL)
			forwards[n++] = &match->forward[i];
	return n;
}

/* Fill in what the configuration wants of a port: 0, or -1 (no memory). */
static int
wish(const struct conf *conf, struct port *port)
{
	struct rules_port	*rp = &port->rules;
	struct conf_match	 match;
	size_t			 i, level, n = 0;

	conf_match(conf, rp->vm, rp->ifn, &match);
	wish_free(rp);
	if (port->confined)
		return 0;
	for (level = 0; level < 3; level++)
		n += match.nrules[level];
	if ((match.nforward > 0 && (rp->forward = calloc(match.nforward,
	    sizeof(*rp->forward))) == NULL) ||
	    (n > 0 && (rp->rules = calloc(n, sizeof(*rp->rules))) == NULL)) {
		wish_free(rp);
		return -1;
	}
	rp->nforward = wish_forwards(&match, port, rp->forward);
	/* The parent sent each file that is named; less would be a hole. */
	for (level = 0; level < 3; level++)
		for (i = 0; i < match.nrules[level]; i++)
			if ((rp->rules[rp->nrules++] = conf_find_rules(conf,
			    match.rules[level][i])) == NULL)
				fatalx("rules file %s did not come with the "
				    "configuration", match.rules[level][i]);
	rp->via = match.nameserver_via;
	rp->isolate = match.pool != NULL && match.pool->isolate;
	return 0;
}

static void
wish_free(struct rules_port *rp)
{
	free(rp->forward);
	free(rp->rules);
	rp->forward = NULL;
	rp->rules = NULL;
	rp->nforward = rp->nrules = 0;
}

/* Say which forwards a port has to do without, if any. */
static void
missing(const struct port *port, char *buf, size_t size)
{
	const struct port	*other;
	struct conf_match	 match;
	size_t			 i;

	buf[0] = '\0';
	conf_match(current, port->rules.vm, port->rules.ifn, &match);
	for (i = 0; i < match.nforward; i++)
		if ((other = holder(&match.forward[i], port)) != NULL) {
			snprintf(buf, size, "without its forward of port %u, "
			    "which VM %s interface %u has",
			    match.forward[i].first, other->rules.vm,
			    other->rules.ifn);
			return;
		}
}

/* --- ports ----------------------------------------------------------------- */

int
guard_add(struct port *port, char *buf, size_t size)
{
	restore_pending();
	if (wish(current, port) == -1) {
		snprintf(buf, size, "out of memory");
		return -1;
	}
	if (kernel_filter_add(&port->rules, buf, size) == -1) {
		wish_free(&port->rules);
		return -1;
	}
	port->guarded = true;
	missing(port, buf, size);
	return 0;
}

void
guard_remove(struct port *port)
{
	if (!port->guarded)
		return;
	kernel_filter_remove(&port->rules);
	port->guarded = false;
	if (port->rules.nforward > 0)
		inherit(port);
	wish_free(&port->rules);
}

void
guard_confine(struct port *port)
{
	struct rules_port	*rp = &port->rules;
	struct port		 was = *port;
	char			 buf[256];

	restore_pending();
	port->confined = true;
	rp->forward = NULL;
	rp->rules = NULL;
	rp->nforward = rp->nrules = 0;
	/* Not even the host address is its own any more. */
	memset(&rp->host, 0, sizeof(rp->host));
	rp->guest = 0;
	rp->via = 0;
	rp->isolate = false;
	port->guarded = kernel_filter_add(rp, buf, sizeof(buf)) == 0;
	if (!port->guarded)
		refused(port, buf);
	if (was.rules.nforward > 0)
		inherit(&was);
	wish_free(&was.rules);
}

/* What a port that goes had, others that match may have now. */
static void
inherit(const struct port *gone)
{
	struct port	*port;
	char		 buf[256];
	bool		 ok;

	RB_FOREACH(port, port_tree, &ports) {
		if (port == gone || !port->guarded || port->confined ||
		    !shares(port, gone))
			continue;
		/* Refused, it still has what it had: WITHDRAW removes that. */
		ok = guard_add(port, buf, sizeof(buf)) == 0;
		port_notice(port, ok, buf);
	}
}

/* Does a port match for a forward that another has? */
static bool
shares(const struct port *port, const struct port *other)
{
	struct conf_match	 match;
	size_t			 i, j;

	conf_match(current, port->rules.vm, port->rules.ifn, &match);
	for (i = 0; i < match.nforward; i++)
		for (j = 0; j < other->rules.nforward; j++)
			if (other->rules.forward[j] == &match.forward[i])
				return true;
	return false;
}

void
guard_prune(void)
{
	const struct rules_port	**list;
	struct port		 *port;
	size_t			  n = 0;

	RB_FOREACH(port, port_tree, &ports)
		n++;
	if ((list = calloc(n + 1, sizeof(*list))) == NULL)
		fatal("packet filter");
	n = 0;
	RB_FOREACH(port, port_tree, &ports)
		if (port->guarded)
			list[n++] = &port->rules;
	kernel_filter_prune(list, n);
	free(list);
}

/* --- configurations -------------------------------------------------------- */

int
guard_configure(const struct conf *new, char *buf, size_t size)
{
	char	 again[256];

	if (kernel_filter_load(new, buf, size) == -1)
		return -1;
	if (rewish(new, buf, size) == -1) {
		/* What was good before is good still. */
		if (current != NULL && (kernel_filter_load(current, again,
		    sizeof(again)) == -1 ||
		    rewish(current, again, sizeof(again)) == -1))
			log_warnx("packet filter: the old rules are refused "
			    "too: %s", again);
		return -1;
	}
	current = new;
	check_once();
	/* Whoever reloads does not want to wait. */
	restore_pending();
	return 0;
}

/* Have all ports want what a configuration says. */
static int
rewish(const struct conf *conf, char *buf, size_t size)
{
	struct port	*port;

	/* Old forwards count for nobody any more. */
	RB_FOREACH(port, port_tree, &ports)
		wish_free(&port->rules);
	RB_FOREACH(port, port_tree, &ports) {
		if (!port->guarded)
			continue;
		if (wish(conf, port) == -1) {
			snprintf(buf, size, "out of memory");
			return -1;
		}
		if (kernel_filter_add(&port->rules, buf, size) == -1)
			return -1;
	}
	return 0;
}

/* --- what others do -------------------------------------------------------- */

/*
 * Another daemon that keeps rules of its own in our place would do as we do:
 * whoever waits longer each time leaves the machine time for other things.
 * The wait begins anew when the rules were left alone for some time.
 */
static void
rules_lost(void)
{
	static time_t	 last;
	struct timespec	 now;
	struct timeval	 wait;

	if (current == NULL || restoring)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - last > 1 + 4 * restore_wait / 1000)
		restore_wait = 0;
	wait.tv_sec = restore_wait / 1000;
	wait.tv_usec = restore_wait % 1000 * 1000;
	last = now.tv_sec + wait.tv_sec;
	restoring = true;
	if (restore_wait == 0)
		restore_pending();
	else {
		evtimer_set(&restore_ev, restore_due, NULL);
		evtimer_add(&restore_ev, &wait);
	}
	restore_wait = restore_wait == 0 ? RESTORE_FIRST : 2 * restore_wait;
	if (restore_wait > RESTORE_LAST)
		restore_wait = RESTORE_LAST;
}

static void
restore_due(int fd, short events, void *arg)
{
	restore_pending();
}

/* Now, if at all: what is to be added needs something to be added to. */
static void
restore_pending(void)
{
	if (!restoring)
		return;
	restoring = false;
	if (restore_wait != 0)
		evtimer_del(&restore_ev);
	restore();
}

static void
restore(void)
{
	struct port	*port;
	char		 buf[1024];

	log_warnx("packet filter: our rules were removed by somebody else: "
	    "loading them again%s", restore_wait < 1000 ? "" : ", more and "
	    "more seldom: is this another vmnetd?");
	if (kernel_filter_load(current, buf, sizeof(buf)) == -1) {
		log_warnx("packet filter: %s", buf);
		return;
	}
	RB_FOREACH(port, port_tree, &ports)
		if (port->guarded && kernel_filter_add(&port->rules, buf,
		    sizeof(buf)) == -1)
			refused(port, buf);
}

/* The engine gave up one that is confined, and waits for no answer. */
static void
refused(const struct port *port, const char *why)
{
	if (port->confined)
		log_warnx("%s: what it sends is not dropped: %s",
		    port->rules.tap, why);
	else
		port_notice(port, false, why);
}

static void
watch_event(int fd, short events, void *arg)
{
	if (kernel_filter_changed())
		rules_lost();
}

static void
check_timer(int fd, short events, void *arg)
{
	check_once();
}

/* Log what is amiss when it is new. */
static void
check_once(void)
{
	const struct timeval	 later = { CHECK_INTERVAL, 0 };
	char			 found[sizeof(said)] = "";
	char			*line, *rest = found;

	if (kernel_filter_check(finding, found))
		rules_lost();
	if (strcmp(found, said) != 0) {
		strlcpy(said, found, sizeof(said));
		while ((line = strsep(&rest, "\n")) != NULL)
			if (*line != '\0')
				log_warnx("%s", line);
	}
	/* Where the kernel says what others do, there is no need to look. */
	if (kernel_filter_watch() == -1)
		evtimer_add(&check_ev, &later);
}

static void
finding(void *arg, const char *line)
{
	char	*found = arg;

	if (strlcat(found, line, sizeof(said)) < sizeof(said))
		strlcat(found, "\n", sizeof(said));
}

void
guard_check(void (*report)(void *, const char *), void *arg)
{
	(void)kernel_filter_check(report, arg);
}

char *
guard_show(const struct port *port)
{
	return kernel_filter_show(port == NULL ? NULL : &port->rules);
}

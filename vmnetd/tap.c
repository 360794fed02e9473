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

#include "engine.h"
#include "hostaddr.h"
#include "log.h"
#include "timer.h"

/*
 * The life of a tap: seen, described, given its lease, made ready, served,
 * and left when its VM has gone.  Everything happens on a look at the tap as
 * it is now: tap_evaluate() compares that with what was done so far.
 */

/* A link that is lost for longer is a VM that has gone, not a reboot. */
#define LINK_PATIENCE	5	/* seconds */
/* What failed is tried again after this, and when something comes free. */
#define RETRY_INTERVAL	10	/* seconds */
/* VMs of before the start that are still to be seen come within this. */
#define RETURN_GRACE	60	/* seconds */
/* A guest may change what is remembered of it so often in this time. */
#define NOTES_MAX	10
#define NOTES_INTERVAL	10	/* seconds */

static void	 tap_follow(struct tap *, bool);
static void	 tap_free(struct tap *);
static void	 tap_rename(struct tap *);
static void	 tap_evaluate(struct tap *);
static bool	 tap_active(const struct tap *);
static bool	 tap_present(struct tap *);
static const char *tap_unwanted(const struct tap *, char *, size_t);
static const char *tap_foreign(const struct tap *, char *, size_t);
static bool	 tap_is_double(struct tap *);
static void	 tap_link_lost(struct tap *);
static void	 tap_settle(struct tap *);
static void	 tap_timer(int, short, void *);
static void	 tap_claim(struct tap *);
static int	 tap_blocked(const struct prefix *, uint32_t *, void *);
static void	 lease_stored(uint32_t, const char *);
static void	 tap_number(struct tap *);
static void	 tap_prepare(struct tap *);
static void	 tap_confine(struct tap *);
static void	 tap_bind(struct tap *);
static void	 tap_ready(struct tap *);
static void	 tap_check_address(struct tap *);
static void	 tap_again(struct tap *);
static void	 tap_abandon(struct tap *, bool);
static void	 tap_set_state(struct tap *, enum tap_state);
static void	 tap_unmanage(struct tap *, const char *);
static bool	 tap_explain(struct tap *, const char *);
static void	 tap_fail(struct tap *, const char *, ...)
		    __attribute__((__format__ (printf, 2, 3)));
static bool	 tap_has_address(const struct tap *, const struct prefix *);
static void	 serve(struct tap *, const uint8_t *, size_t, int);
static void	 serve_event(struct tap *, const struct dhcp_verdict *);
static void	 serve_change(struct tap *, const struct dhcp_verdict *);
static void	 notes_timer(int, short, void *);
static void	 retry_timer(int, short, void *);
static void	 grace_timer(int, short, void *);
static void	 prune_later(void);
static void	 prune_timer(int, short, void *);
static int	 tap_index_cmp(const struct tap *, const struct tap *);
static int	 tap_name_cmp(const struct tap *, const struct tap *);
static int	 tap_port_cmp(const struct tap *, const struct tap *);

RB_PROTOTYPE_STATIC(tap_ports, tap, byport, tap_port_cmp)

struct tap_index	 taps = RB_INITIALIZER(&taps);
struct tap_names	 tap_names = RB_INITIALIZER(&tap_names);
struct tap_queue	 taps_failed = TAILQ_HEAD_INITIALIZER(taps_failed);

static struct tap_ports	 ports = RB_INITIALIZER(&ports);
static struct tap_queue	 storing = TAILQ_HEAD_INITIALIZER(storing);
static struct event	 retry_ev, grace_ev, prune_ev, notes_ev;
static uint32_t		 last_port;
static bool		 scanned, pruned;

static int
tap_index_cmp(const struct tap *a, const struct tap *b)
{
	return a->ifc.index < b->ifc.index ? -1 : a->ifc.index > b->ifc.index;
}

static int
tap_name_cmp(const struct tap *a, const struct tap *b)
{
	int	 order;

	if ((order = strcmp(a->vm, b->vm)) != 0)
		return order;
	if (a->ifn != b->ifn)
		return a->ifn < b->ifn ? -1 : 1;
	return tap_index_cmp(a, b);
}

static int
tap_port_cmp(const struct tap *a, const struct tap *b)
{
	return a->port < b->port ? -1 : a->port > b->port;
}

RB_GENERATE(tap_index, tap, byindex, tap_index_cmp)
RB_GENERATE(tap_names, tap, byname, tap_name_cmp)
RB_GENERATE_STATIC(tap_ports, tap, byport, tap_port_cmp)

void
taps_init(void)
{
	evtimer_set(&retry_ev, retry_timer, NULL);
	evtimer_set(&grace_ev, grace_timer, NULL);
	evtimer_set(&prune_ev, prune_timer, NULL);
	evtimer_set(&notes_ev, notes_timer, NULL);
}

/* --- what the frontend sees ------------------------------------------------ */

void
tap_seen(const struct interface *ifc)
{
	struct tap	*tap, key;
	struct prefix	*addr;
	bool		 renamed;

	key.ifc.index = ifc->index;
	if ((tap = RB_FIND(tap_index, &taps, &key)) == NULL) {
		if ((tap = calloc(1, sizeof(*tap))) == NULL)
			fatal("tap");
		tap->ifc.index = ifc->index;
		tap->since = now();
		RB_INSERT(tap_index, &taps, tap);
	}
	addr = reallocarray(tap->ifc.addr, ifc->naddr > 0 ? ifc->naddr : 1,
	    sizeof(*addr));
	if (addr == NULL)
		fatal("tap");
	memcpy(addr, ifc->addr, ifc->naddr * sizeof(*addr));
	renamed = strcmp(tap->ifc.name, ifc->name) != 0;
	tap->ifc = *ifc;
	tap->ifc.addr = addr;

	tap_rename(tap);
	if (tap->state == TAP_READY || tap->state == TAP_PREPARING)
		tap_follow(tap, renamed);
	if (scanned)
		tap_evaluate(tap);
}

/* What rules and DHCP know of a tap that is in use, somebody has changed. */
static void
tap_follow(struct tap *tap, bool renamed)
{
	if (renamed)
		tap_again(tap);
	else if (tap->state == TAP_READY && memcmp(tap->binding.lladdr,
	    tap->ifc.lladdr, sizeof(tap->ifc.lladdr)) != 0)
		tap_bind(tap);
}

void
tap_departed(uint32_t ifindex)
{
	struct tap	*tap, key;

	key.ifc.index = ifindex;
	if ((tap = RB_FIND(tap_index, &taps, &key)) == NULL)
		return;
	tap_abandon(tap, true);
	tap_free(tap);
	taps_retry();
}

static void
tap_free(struct tap *tap)
{
	timer_stop(&tap->timer);
	if (tap->vm[0] != '\0')
		RB_REMOVE(tap_names, &tap_names, tap);
	RB_REMOVE(tap_index, &taps, tap);
	free(tap->ifc.addr);
	free(tap->reason);
	free(tap);
}

/*
 * At the start every tap is seen before any is acted on, so that what
 * running VMs have is known before anything is given out.
 */
bool
taps_scanned(void)
{
	struct tap		*tap;
	const struct timeval	 grace = { RETURN_GRACE, 0 };

	if (scanned)
		return false;
	scanned = true;
	RB_FOREACH(tap, tap_index, &taps)
		tap_evaluate(tap);
	evtimer_add(&grace_ev, &grace);
	prune_later();
	return true;
}

/*
 * What priv has of VMs that are not there any more is stale when all that
 * are there have been handed to it.
 */
static void
prune_later(void)
{
	const struct timeval	 soon = { 0, 0 };

	if (scanned && !pruned && !evtimer_pending(&prune_ev, NULL))
		evtimer_add(&prune_ev, &soon);
}

static void
prune_timer(int fd, short events, void *arg)
{
	struct tap	*tap;

	RB_FOREACH(tap, tap_index, &taps)
		if (tap->state == TAP_SETTLING || tap->state == TAP_STORING)
			return;
	pruned = true;
	send_prune();
}

/* Whoever has not come by now was not there when the daemon started. */
static void
grace_timer(int fd, short events, void *arg)
{
	leases_settle(&leases, now());
	taps_retry();
}

void
taps_configured(void)
{
	struct tap	*tap;

	RB_FOREACH(tap, tap_index, &taps) {
		if (tap->state == TAP_READY)
			tap_bind(tap);
		tap->raised = false;
		tap_evaluate(tap);
	}
}

/* The description says whose the tap is, and may say so anew. */
static void
tap_rename(struct tap *tap)
{
	char	 vm[VM_NAMELEN];
	uint8_t	 ifn;
	bool	 cut;

	if (conf_parse_descr(tap->ifc.descr, vm, &ifn, &cut) == -1) {
		vm[0] = '\0';
		ifn = 0;
		cut = false;
	}
	if (strcmp(vm, tap->vm) == 0 && ifn == tap->ifn)
		return;
	tap_abandon(tap, false);
	if (tap->vm[0] != '\0')
		RB_REMOVE(tap_names, &tap_names, tap);
	strlcpy(tap->vm, vm, sizeof(tap->vm));
	tap->ifn = ifn;
	tap->cut = cut;
	tap->raised = tap->raising = false;
	if (tap->vm[0] != '\0')
		RB_INSERT(tap_names, &tap_names, tap);
}

/* --- decisions ------------------------------------------------------------- */

/* Something was begun for the tap's VM. */
static bool
tap_active(const struct tap *tap)
{
	return tap->lease != NULL;
}

static void
tap_evaluate(struct tap *tap)
{
	char		 buf[CTL_REASONLEN];
	const char	*why;

	if (tap_active(tap) && tap->rdomain != tap->ifc.rdomain)
		tap_abandon(tap, false);
	if ((why = tap_unwanted(tap, buf, sizeof(buf))) != NULL) {
		tap_abandon(tap, false);
		tap_unmanage(tap, why);
		return;
	}
	if (!tap_present(tap)) {
		tap_link_lost(tap);
		return;
	}
	if (tap_active(tap)) {
		/* The link is back before patience ran out. */
		timer_stop(&tap->timer);
		tap_check_address(tap);
		if (tap->state == TAP_FAILED) {
			lease_fail(tap->lease, now(), NULL);
			tap_prepare(tap);
		}
		return;
	}
	if (!tap->settled)
		tap_settle(tap);
	else if (!tap_is_double(tap))
		tap_claim(tap);
}

/*
 * Does a VM hold it?  Where taps are ours to set up, one that is held but
 * down goes all the way to ready first and is set up by priv in the end, so
 * that nothing the guest sends is lost before; one that nobody holds is set
 * up at once, to hear of its carrier.  Each only once: what is set down
 * later, somebody wants down.
 */
static bool
tap_present(struct tap *tap)
{
	if (tap->ifc.up)
		tap->raising = false;
	else if (kernel_traits.taps_need_up && !tap->raised) {
		tap->raised = true;
		if (tap->ifc.link)
			tap->raising = true;
		else
			send_raise(tap);
	}
	return tap->ifc.link && (tap->ifc.up || tap->raising);
}

/*
 * Why the tap is to be left alone, or NULL.  What the configuration says
 * counts when a VM comes; one that is there keeps what it has.
 */
static const char *
tap_unwanted(const struct tap *tap, char *buf, size_t size)
{
	struct conf_match	 match;

	if (tap->vm[0] == '\0')
		return tap->ifc.descr[0] == '\0' ? "no description" :
		    "its description is not of the form "
		    "vm<id>-if<interface>-<name>";
	if (tap->ifc.master != 0 || tap->master != 0)
		return "it is a port of a bridge";
	if (tap_active(tap))
		return tap_foreign(tap, buf, size);
	conf_match(conf, tap->vm, tap->ifn, &match);
	if (match.ignore)
		return "the configuration says to ignore it";
	if (match.pool == NULL)
		return "no pool applies";
	if (match.pool->rdomain != tap->ifc.rdomain) {
		snprintf(buf, size, "it is in rdomain %u, pool \"%s\" serves "
		    "rdomain %u", tap->ifc.rdomain, match.pool->name,
		    match.pool->rdomain);
		return buf;
	}
	return tap_foreign(tap, buf, size);
}

/* An address that no lease explains is somebody else's, and so is the tap. */
static const char *
tap_foreign(const struct tap *tap, char *buf, size_t size)
{
	struct lease	*own, *lease;
	struct tap	*other;
	struct prefix	 host;
	size_t		 i;
	bool		 ours;

	own = lease_find(&leases, tap->vm, tap->ifn);
	for (i = 0; i < tap->ifc.naddr; i++) {
		if (own != NULL) {
			host = lease_host(own);
			if (prefix_equal(&host, &tap->ifc.addr[i]))
				continue;
		}
		ours = false;
		RB_FOREACH(lease, lease_tree, &leases.tree) {
			host = lease_host(lease);
			if ((ours = prefix_equal(&host, &tap->ifc.addr[i])))
				break;
		}
		if (!ours) {
			snprintf(buf, size, "it has the address %s, which is "
			    "not ours", prefix_ntoa(&tap->ifc.addr[i]));
			return buf;
		}
		if ((other = tap_of_lease(lease)) != NULL && other != tap) {
			snprintf(buf, size, "it has the address %s, which is "
			    "that of %s", prefix_ntoa(&tap->ifc.addr[i]),
			    other->ifc.name);
			return buf;
		}
	}
	return NULL;
}

/*
 * Two taps with the name of one VM interface.  Where names may have been cut
 * nobody can say whose the lease is: neither gets it.  Otherwise the one
 * that was there keeps it, unless its VM has let go of it.
 */
static bool
tap_is_double(struct tap *tap)
{
	struct tap	*other, key;

	strlcpy(key.vm, tap->vm, sizeof(key.vm));
	key.ifn = tap->ifn;
	key.ifc.index = 0;
	for (other = RB_NFIND(tap_names, &tap_names, &key);
	    other != NULL && strcmp(other->vm, tap->vm) == 0 &&
	    other->ifn == tap->ifn;
	    other = RB_NEXT(tap_names, &tap_names, other)) {
		if (other == tap || other->state == TAP_UNMANAGED ||
		    other->state == TAP_WAITING)
			continue;
		if (!other->ifc.link) {
			tap_abandon(other, true);
			tap_set_state(other, TAP_WAITING);
			continue;
		}
		if (tap->cut) {
			tap_abandon(other, false);
			tap_fail(other, "%s has the same name, which may be "
			    "cut: shorten the VMs' names", tap->ifc.name);
			tap_fail(tap, "%s has the same name, which may be "
			    "cut: shorten the VMs' names", other->ifc.name);
			return true;
		}
		if (tap_active(other)) {
			tap_fail(tap, "%s is this VM interface's tap already",
			    other->ifc.name);
			return true;
		}
	}
	return false;
}

/*
 * A guest's reboot closes and opens the tap: be patient.  Not where the next
 * VM that opens it would bear the description of the last one meanwhile: that
 * is cleared at once, and says by itself who has come.
 */
static void
tap_link_lost(struct tap *tap)
{
	const struct timeval	 patience = { LINK_PATIENCE, 0 };

	if (tap_active(tap) && kernel_traits.descr_silent && !tap->ifc.link) {
		tap_abandon(tap, true);
		taps_retry();
	}
	if (tap_active(tap)) {
		if (tap->timer == NULL)
			timer_start(&tap->timer, tap_timer, tap, &patience);
		return;
	}
	timer_stop(&tap->timer);
	tap->settled = false;
	tap_set_state(tap, TAP_WAITING);
	tap_explain(tap, tap->ifc.up ? "no VM holds it open" : "it is down");
	/* Its next VM finds it up, and may be quicker than we are. */
	if (kernel_traits.taps_need_up)
		tap_confine(tap);
}

static void
tap_settle(struct tap *tap)
{
	if (tap->state == TAP_SETTLING)
		return;
	tap_set_state(tap, TAP_SETTLING);
	tap_explain(tap, "");
	send_event(EVENT_ARRIVAL, tap);
	if (timerisset(&kernel_traits.settle)) {
		timer_start(&tap->timer, tap_timer, tap,
		    &kernel_traits.settle);
		return;
	}
	tap->settled = true;
	if (!tap_is_double(tap))
		tap_claim(tap);
}

static void
tap_timer(int fd, short events, void *arg)
{
	struct tap	*tap = arg;

	timer_stop(&tap->timer);
	if (tap->state == TAP_SETTLING && !kernel_traits.ports_hidden) {
		tap->settled = true;
		tap_evaluate(tap);
		return;
	}
	if (tap->state == TAP_SETTLING || tap->master != 0) {
		send_look(tap);
		return;
	}
	log_debug("%s: link lost for %d seconds: %s interface %u has gone",
	    tap->ifc.name, LINK_PATIENCE, tap->vm, tap->ifn);
	tap_abandon(tap, true);
	tap_evaluate(tap);
	taps_retry();
}

/* Nobody says when a port leaves its bridge: ask again. */
void
tap_looked(uint32_t ifindex, uint32_t master)
{
	const struct timeval	 later = { RETRY_INTERVAL, 0 };
	struct tap		*tap, key;

	key.ifc.index = ifindex;
	if ((tap = RB_FIND(tap_index, &taps, &key)) == NULL ||
	    tap->timer != NULL)
		return;		/* it left, or began anew, meanwhile */
	tap->master = master;
	if (tap->state == TAP_SETTLING)
		tap->settled = true;
	tap_evaluate(tap);
	if (master != 0)
		timer_start(&tap->timer, tap_timer, tap, &later);
}

/* --- the way to ready ------------------------------------------------------ */

/* Called by pool_lowest(): what of the host is in a subnet's way? */
static int
tap_blocked(const struct prefix *subnet, uint32_t *last, void *arg)
{
	const struct tap	*tap = arg;
	const struct hostaddr	*addr;

	addr = hostaddr_overlap(tap->ifc.rdomain, subnet, tap->ifc.index);
	if (addr == NULL)
		return 0;
	*last = prefix_last(&addr->prefix);
	return -1;
}

static void
tap_claim(struct tap *tap)
{
	struct conf_match	 match;
	struct lease		*lease;
	struct prefix		 host;
	char			 reason[CTL_REASONLEN];
	bool			 adopted = false, isnew;

	if ((lease = lease_find(&leases, tap->vm, tap->ifn)) != NULL) {
		host = lease_host(lease);
		adopted = tap_has_address(tap, &host);
	}
	conf_match(conf, tap->vm, tap->ifn, &match);
	lease = lease_claim(&leases, tap->vm, tap->ifn, &match, adopted,
	    tap_blocked, tap, now(), &isnew, reason, sizeof(reason));
	if (lease == NULL) {
		tap_fail(tap, "%s", reason);
		return;
	}
	tap->lease = lease;
	tap->rdomain = tap->ifc.rdomain;
	if (isnew)
		lease->storing = store_seq();
	/* Its VM may have gone and come while it was on its way to the disk. */
	if (lease->storing == 0) {
		tap_prepare(tap);
		return;
	}
	tap_set_state(tap, TAP_STORING);
	tap->seq = lease->storing;
	TAILQ_INSERT_TAIL(&storing, tap, queue);
}

/* Its VM has gone meanwhile. */
static void
lease_stored(uint32_t seq, const char *error)
{
	struct lease	*lease;

	RB_FOREACH(lease, lease_tree, &leases.tree)
		if (lease->storing == seq)
			break;
	if (lease == NULL)
		return;
	lease->storing = 0;
	if (error != NULL)
		(void)lease_forget(&leases, lease);
}

/* Answers come in the order of the requests. */
void
tap_stored(uint32_t seq, const char *error)
{
	struct tap	*tap;
	struct lease	*lease;

	TAILQ_FOREACH(tap, &storing, queue)
		if (tap->seq == seq)
			break;
	if (tap == NULL) {
		lease_stored(seq, error);
		return;
	}
	tap->lease->storing = 0;
	if (error == NULL) {
		tap_prepare(tap);
		return;
	}
	/* What is not on disk is not given out. */
	lease = tap->lease;
	tap->lease = NULL;
	lease_leave(&leases, lease, now());
	if ((lease = lease_find(&leases, tap->vm, tap->ifn)) != NULL)
		lease_forget(&leases, lease);
	tap_fail(tap, "lease cannot be stored: %s", error);
}

/* A new port, in whose favour priv drops one that was confined. */
static void
tap_number(struct tap *tap)
{
	if (tap->port != 0)
		RB_REMOVE(tap_ports, &ports, tap);
	if (++last_port == 0)
		++last_port;		/* 0 is none */
	tap->port = last_port;
	RB_INSERT(tap_ports, &ports, tap);
}

static void
tap_prepare(struct tap *tap)
{
	tap_set_state(tap, TAP_PREPARING);
	tap_number(tap);
	tap->confined = false;
	tap->addr_seen = false;
	send_prepare(tap);
}

/* It is ours, but not served: what its VM sends goes nowhere. */
static void
tap_confine(struct tap *tap)
{
	if (tap->confined)
		return;
	if (tap->port == 0)
		tap_number(tap);
	tap->confined = true;
	send_confine(tap);
}

static struct tap *
port_find(uint32_t port)
{
	struct tap	 key;

	key.port = port;
	return RB_FIND(tap_ports, &ports, &key);
}

void
tap_prepared(uint32_t port, bool ok, const uint8_t *lladdr,
    const char *reason)
{
	struct tap	*tap;

	if ((tap = port_find(port)) == NULL || (tap->state != TAP_PREPARING &&
	    tap->state != TAP_READY))
		return;		/* its VM has gone meanwhile */
	if (!ok) {
		lease_fail(tap->lease, now(), reason);
		tap_fail(tap, "%s", reason);
		return;
	}
	if (tap->state == TAP_PREPARING) {
		memcpy(tap->ifc.lladdr, lladdr, sizeof(tap->ifc.lladdr));
		tap_ready(tap);
	}
	if (tap_explain(tap, reason) && tap->reason != NULL)
		log_warnx("%s: %s interface %u: %s", tap->ifc.name, tap->vm,
		    tap->ifn, reason);
}

/* What DHCP tells this guest, by the configuration as it is now. */
static void
tap_bind(struct tap *tap)
{
	struct dhcp_binding	*binding = &tap->binding;
	struct conf_match	 match;

	conf_match(conf, tap->vm, tap->ifn, &match);
	memcpy(binding->lladdr, tap->ifc.lladdr, sizeof(binding->lladdr));
	binding->host = lease_host(tap->lease);
	binding->guest = tap->lease->guest;
	binding->hostname = match.hostname;
	if (binding->hostname == NULL && conf_valid_hostname(tap->vm))
		binding->hostname = tap->vm;
	memcpy(binding->dhcp, match.dhcp, sizeof(binding->dhcp));
	binding->ndhcp = match.ndhcp;
}

static void
tap_ready(struct tap *tap)
{
	struct prefix	 host = lease_host(tap->lease);
	uint8_t		*early = tap->early;

	tap_set_state(tap, TAP_READY);
	tap->heard = false;
	tap_bind(tap);
	log_info("%s: %s interface %u: host %s, guest %s", tap->ifc.name,
	    tap->vm, tap->ifn, prefix_ntoa(&host),
	    addr_ntoa(tap->lease->guest));
	send_event(EVENT_READY, tap);
	if (early != NULL) {
		tap->early = NULL;
		serve(tap, early, tap->earlylen, tap->earlyflags);
		free(early);
	}
	/* A look of meanwhile may have shown that the address is gone. */
	tap_check_address(tap);
}

/*
 * Our address is there, or it was and somebody took it away: set it again.
 * (Before it has been seen once a look may be from before it was set.)
 */
static void
tap_check_address(struct tap *tap)
{
	struct prefix	 host = lease_host(tap->lease);

	if (tap_has_address(tap, &host)) {
		tap->addr_seen = true;
		return;
	}
	if (!tap->addr_seen || tap->state != TAP_READY)
		return;
	log_warnx("%s: the host address %s was removed: setting it again",
	    tap->ifc.name, prefix_ntoa(&host));
	tap_again(tap);
}

static void
tap_again(struct tap *tap)
{
	tap_confine(tap);
	tap_prepare(tap);
}

static bool
tap_has_address(const struct tap *tap, const struct prefix *addr)
{
	size_t	 i;

	for (i = 0; i < tap->ifc.naddr; i++)
		if (prefix_equal(&tap->ifc.addr[i], addr))
			return true;
	return false;
}

/* A VM of before the start has its address, and the rules of then. */
bool
tap_on_its_way(const struct tap *tap)
{
	struct prefix	 host;

	if (tap->state != TAP_STORING && tap->state != TAP_PREPARING)
		return false;
	host = lease_host(tap->lease);
	return !tap_has_address(tap, &host);
}

/* --- endings --------------------------------------------------------------- */

/*
 * Leave the tap's VM interface, wherever it is on its way.  vacate: its VM
 * has let go of the tap.
 */
static void
tap_abandon(struct tap *tap, bool vacate)
{
	struct lease	*lease = tap->lease;

	timer_stop(&tap->timer);
	if (tap->state == TAP_STORING || tap->state == TAP_FAILED)
		TAILQ_REMOVE(tap->state == TAP_STORING ? &storing :
		    &taps_failed, tap, queue);
	if (tap->port != 0) {
		send_withdraw(tap->port, vacate);
		RB_REMOVE(tap_ports, &ports, tap);
		tap->port = 0;
	}
	tap->confined = false;
	free(tap->early);
	tap->early = NULL;
	tap->settled = false;
	tap->note_due = false;
	if (lease != NULL) {
		send_event(EVENT_DEPARTURE, tap);
		log_info("%s: %s interface %u has left", tap->ifc.name,
		    tap->vm, tap->ifn);
		tap->lease = NULL;
		lease_leave(&leases, lease, now());
	}
	tap->state = TAP_UNMANAGED;
	tap_explain(tap, "");
	prune_later();
}

static void
tap_set_state(struct tap *tap, enum tap_state state)
{
	if (tap->state == TAP_STORING)
		TAILQ_REMOVE(&storing, tap, queue);
	else if (tap->state == TAP_FAILED)
		TAILQ_REMOVE(&taps_failed, tap, queue);
	if (tap->state != state)
		tap->since = now();
	tap->state = state;
	prune_later();
	/* On the way to ready an old failure is kept, to be said once only. */
	if (state == TAP_READY || state == TAP_WAITING ||
	    state == TAP_UNMANAGED)
		tap_explain(tap, "");
}

static void
tap_unmanage(struct tap *tap, const char *why)
{
	tap_set_state(tap, TAP_UNMANAGED);
	tap_explain(tap, why);
}

/* Why it is as it is, "" if there is nothing to say; is that new? */
static bool
tap_explain(struct tap *tap, const char *reason)
{
	if (strcmp(tap->reason == NULL ? "" : tap->reason, reason) == 0)
		return false;
	free(tap->reason);
	tap->reason = NULL;
	if (reason[0] != '\0' && (tap->reason = strdup(reason)) == NULL)
		fatal("tap");
	return true;
}

/* Say it once, show it, and try again later. */
static void
tap_fail(struct tap *tap, const char *fmt, ...)
{
	const struct timeval	 later = { RETRY_INTERVAL, 0 };
	char			 reason[CTL_REASONLEN];
	va_list			 ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);

	tap_set_state(tap, TAP_FAILED);
	TAILQ_INSERT_TAIL(&taps_failed, tap, queue);
	tap_confine(tap);
	if (tap_explain(tap, reason)) {
		log_warnx("%s: %s interface %u: %s", tap->ifc.name, tap->vm,
		    tap->ifn, reason);
		send_event(EVENT_FAILED, tap);
	}
	if (!evtimer_pending(&retry_ev, NULL))
		evtimer_add(&retry_ev, &later);
}

void
taps_retry(void)
{
	const struct timeval	 soon = { 0, 0 };

	if (!TAILQ_EMPTY(&taps_failed))
		evtimer_add(&retry_ev, &soon);
}

/* Each once, whatever becomes of it and of others on the way. */
static void
retry_timer(int fd, short events, void *arg)
{
	struct tap	*tap;
	size_t		 n = 0;

	TAILQ_FOREACH(tap, &taps_failed, queue)
		n++;
	while (n-- > 0 && (tap = TAILQ_FIRST(&taps_failed)) != NULL) {
		TAILQ_REMOVE(&taps_failed, tap, queue);
		TAILQ_INSERT_TAIL(&taps_failed, tap, queue);
		tap_evaluate(tap);
	}
}

/* --- DHCP ------------------------------------------------------------------ */

void
tap_frame(uint32_t port, const uint8_t *frame, size_t len, int flags)
{
	struct tap	*tap;

	tap = port_find(port);
	if (tap != NULL && tap->state == TAP_READY) {
		serve(tap, frame, len, flags);
		return;
	}
	/* The guest was faster than priv's answer: keep one frame for it. */
	if (tap == NULL || tap->state != TAP_PREPARING ||
	    tap->early != NULL ||
	    (tap->early = malloc(len > 0 ? len : 1)) == NULL) {
		stats.dropped[DROP_NOT_READY]++;
		return;
	}
	memcpy(tap->early, frame, len);
	tap->earlylen = len;
	tap->earlyflags = flags;
}

static void
serve(struct tap *tap, const uint8_t *frame, size_t len, int flags)
{
	static uint8_t		 reply[FRAME_MAX];
	struct dhcp_verdict	 verdict;
	size_t			 replylen;

	replylen = dhcp_serve(&tap->binding, frame, len, flags, reply,
	    &verdict);
	if (verdict.drop != DROP_NONE) {
		stats.dropped[verdict.drop]++;
		log_debug("%s: packet of %s interface %u dropped: %s",
		    tap->ifc.name, tap->vm, tap->ifn,
		    drop_name(verdict.drop));
		return;
	}
	stats.received[verdict.received]++;
	tap->heard = true;
	if (replylen > 0) {
		stats.sent[verdict.sent]++;
		send_frame(tap->port, reply, replylen);
	}
	if (verdict.event != DHCP_EVENT_NONE)
		serve_change(tap, &verdict);
}

/*
 * Each change is noted in the lease file, and a guest may ask and give back
 * as fast as it likes: what is too much is noted later, as it is then.
 */
static void
serve_change(struct tap *tap, const struct dhcp_verdict *verdict)
{
	const struct timeval	 later = { NOTES_INTERVAL, 0 };
	uint32_t		 before = store_seq();

	if (now() - tap->notes_since >= NOTES_INTERVAL ||
	    now() < tap->notes_since) {
		tap->notes_since = now();
		tap->notes = 0;
	}
	(void)notes_hold(tap->notes >= NOTES_MAX);
	serve_event(tap, verdict);
	if (notes_hold(false)) {
		tap->note_due = true;
		if (!evtimer_pending(&notes_ev, NULL))
			evtimer_add(&notes_ev, &later);
	}
	if (store_seq() != before)
		tap->notes++;
}

static void
notes_timer(int fd, short events, void *arg)
{
	struct tap	*tap;

	RB_FOREACH(tap, tap_index, &taps) {
		if (tap->note_due && tap->lease != NULL)
			lease_note(&leases, tap->lease);
		tap->note_due = false;
	}
}

static void
serve_event(struct tap *tap, const struct dhcp_verdict *verdict)
{
	enum lease_state	 before = lease_state_at(tap->lease, now());
	int64_t			 expires = 0;

	switch (verdict->event) {
	case DHCP_EVENT_BOUND:
		if (verdict->lease_time != LEASE_TIME_FOREVER)
			expires = now() + verdict->lease_time;
		lease_bound(&leases, tap->lease, verdict->lladdr,
		    verdict->hostname, now(), expires);
		if (before != LEASE_BOUND)
			send_event(EVENT_BOUND, tap);
		break;
	case DHCP_EVENT_DECLINED:
		log_debug("%s: %s interface %u declines %s", tap->ifc.name,
		    tap->vm, tap->ifn, addr_ntoa(tap->lease->guest));
		/* FALLTHROUGH */
	case DHCP_EVENT_RELEASED:
		lease_unbound(&leases, tap->lease, now());
		if (before == LEASE_BOUND)
			send_event(EVENT_RELEASED, tap);
		break;
	case DHCP_EVENT_NONE:
		break;
	}
}

struct tap *
tap_of_lease(const struct lease *lease)
{
	struct tap	*tap, key;

	strlcpy(key.vm, lease->vm, sizeof(key.vm));
	key.ifn = lease->ifn;
	key.ifc.index = 0;
	for (tap = RB_NFIND(tap_names, &tap_names, &key);
	    tap != NULL && strcmp(tap->vm, lease->vm) == 0 &&
	    tap->ifn == lease->ifn;
	    tap = RB_NEXT(tap_names, &tap_names, tap))
		if (tap->lease == lease)
			return tap;
	return NULL;
}

struct tap *
tap_named(const char *vm, uint8_t ifn)
{
	struct tap	*tap, key;

	strlcpy(key.vm, vm, sizeof(key.vm));
	key.ifn = ifn;
	key.ifc.index = 0;
	tap = RB_NFIND(tap_names, &tap_names, &key);
	return tap != NULL && strcmp(tap->vm, vm) == 0 ? tap : NULL;
}

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

#include <stdbool.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp.h"
#include "engine.h"
#include "log.h"

/*
 * Answers to vmnetctl(8), a page at a time.
 */

static void	 show_leases(uint32_t, const struct ctl_request *);
static void	 show_pools(uint32_t);
static void	 show_interfaces(uint32_t, const struct ctl_request *);
static void	 show_stats(uint32_t);
static void	 show_stat(uint32_t, const char *, const char *, uint64_t);
static void	 release(uint32_t, const struct ctl_request *);
static void	 show_rules(uint32_t, const struct ctl_request *);
static void	 check_begin(uint32_t, const struct ctl_request *);
static void	 check_tap(uint32_t, const struct tap *);
static void	 check_line(uint32_t, const struct tap *, const char *);
static void	 show_error(uint32_t, const char *, ...)
		    __attribute__((__format__ (printf, 2, 3)));
static void	 show_end(uint32_t, const struct ctl_cursor *);
static struct tap *tap_after(const struct ctl_cursor *);
static struct lease *lease_from(const char *, uint8_t);
static bool	 row_next(const struct ctl_request *,
		    const struct ctl_cursor *, struct ctl_lease *,
		    struct ctl_cursor *);
static int	 key_cmp(const char *, uint32_t, uint32_t, const char *,
		    uint32_t, uint32_t);

/* The one request that waits for priv's answer. */
static struct {
	bool		 taken;
	bool		 check;
	uint32_t	 client;
	char		 vm[VM_NAMELEN];
} waiting;

static bool	 wait_for_priv(uint32_t, const char *, bool);
static void	 send_text(uint32_t, enum ctl_type, const char *);

void
show(uint32_t client, enum ctl_type type, const struct ctl_request *req)
{
	switch (type) {
	case CTL_SHOW_LEASES:
		show_leases(client, req);
		break;
	case CTL_SHOW_POOLS:
		show_pools(client);
		break;
	case CTL_SHOW_INTERFACES:
		show_interfaces(client, req);
		break;
	case CTL_SHOW_STATS:
		show_stats(client);
		break;
	case CTL_RELEASE:
		release(client, req);
		break;
	case CTL_SHOW_RULES:
		show_rules(client, req);
		break;
	case CTL_CHECK:
		check_begin(client, req);
		break;
	default:
		show_error(client, "unknown request");
		break;
	}
}

static void
show_end(uint32_t client, const struct ctl_cursor *cursor)
{
	struct ctl_end	 end;

	memset(&end, 0, sizeof(end));
	end.ok = 1;
	if (cursor != NULL) {
		end.more = 1;
		end.cursor = *cursor;
	}
	send_item(client, CTL_END, &end, sizeof(end));
}

static void
show_error(uint32_t client, const char *fmt, ...)
{
	struct ctl_end	 end;
	char		 text[CTL_REASONLEN];
	va_list		 ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	send_item(client, CTL_ERROR, text, strlen(text) + 1);
	memset(&end, 0, sizeof(end));
	send_item(client, CTL_END, &end, sizeof(end));
}

/* --- leases ---------------------------------------------------------------- */

/*
 * The rows are the leases and those taps that have failed and have none, in
 * the order of VM, interface and, for the latter, interface index.
 */
static void
show_leases(uint32_t client, const struct ctl_request *req)
{
	struct ctl_lease	 item;
	struct ctl_cursor	 cursor = req->cursor, next;
	int			 n;

	for (n = 0; row_next(req, &cursor, &item, &next); n++) {
		if (n == CTL_PAGE) {
			show_end(client, &cursor);
			return;
		}
		send_item(client, CTL_LEASE, &item, sizeof(item));
		cursor = next;
	}
	show_end(client, NULL);
}

static int
key_cmp(const char *vma, uint32_t ifna, uint32_t indexa, const char *vmb,
    uint32_t ifnb, uint32_t indexb)
{
	int	 order;

	if ((order = strcmp(vma, vmb)) != 0)
		return order;
	if (ifna != ifnb)
		return ifna < ifnb ? -1 : 1;
	return indexa < indexb ? -1 : indexa > indexb;
}

/* The next failed tap without a lease; there are few. */
static struct tap *
tap_after(const struct ctl_cursor *cursor)
{
	struct tap	*tap, *first = NULL;
	int		 order;

	TAILQ_FOREACH(tap, &taps_failed, queue) {
		order = key_cmp(tap->vm, tap->ifn, tap->ifc.index, cursor->vm,
		    cursor->ifn, cursor->ifindex);
		if (tap->lease != NULL || order < 0 ||
		    (order == 0 && cursor->started))
			continue;
		if (first == NULL || key_cmp(tap->vm, tap->ifn,
		    tap->ifc.index, first->vm, first->ifn,
		    first->ifc.index) < 0)
			first = tap;
	}
	return first;
}

/* The first lease at or after a VM interface. */
static struct lease *
lease_from(const char *vm, uint8_t ifn)
{
	struct lease	*lease;

	if ((lease = lease_find(&leases, vm, ifn)) != NULL)
		return lease;
	return lease_after(&leases, vm, ifn);
}

/* The row after a cursor that the request asks for, and its own cursor. */
static bool
row_next(const struct ctl_request *req, const struct ctl_cursor *after,
    struct ctl_lease *item, struct ctl_cursor *next)
{
	struct ctl_cursor	 cursor = *after;
	struct lease		*lease;
	struct tap		*tap;
	bool			 is_lease;

	/* Begin at the VM asked for, before its first interface. */
	if (!cursor.started && req->vm[0] != '\0') {
		strlcpy(cursor.vm, req->vm, sizeof(cursor.vm));
		if (req->ifn != CTL_ANY_IF)
			cursor.ifn = req->ifn;
	}
	lease = cursor.started ?
	    lease_after(&leases, cursor.vm, cursor.ifn) :
	    lease_from(cursor.vm, cursor.ifn);
	tap = tap_after(&cursor);
	if (lease == NULL && tap == NULL)
		return false;
	is_lease = tap == NULL || (lease != NULL && key_cmp(lease->vm,
	    lease->ifn, 0, tap->vm, tap->ifn, tap->ifc.index) < 0);

	memset(item, 0, sizeof(*item));
	memset(next, 0, sizeof(*next));
	if (is_lease)
		show_fill_lease(lease, item);
	else {
		show_fill_tap(tap, item);
		next->ifindex = tap->ifc.index;
	}
	next->started = 1;
	strlcpy(next->vm, item->vm, sizeof(next->vm));
	next->ifn = item->ifn;
	if (req->vm[0] != '\0' && strcmp(item->vm, req->vm) != 0)
		return false;
	return req->vm[0] == '\0' || req->ifn == CTL_ANY_IF ||
	    item->ifn == (uint32_t)req->ifn;
}

void
show_fill_lease(const struct lease *lease, struct ctl_lease *item)
{
	const struct tap	*tap;

	strlcpy(item->vm, lease->vm, sizeof(item->vm));
	item->ifn = lease->ifn;
	strlcpy(item->pool, lease->poolname, sizeof(item->pool));
	item->host = lease_host(lease).addr;
	item->plen = lease->plen;
	item->guest = lease->guest;
	item->state = lease_state_at(lease, now());
	item->since = lease->since;
	if (item->state == LEASE_BOUND) {
		item->bound = lease->since;
		item->expires = lease->expires;
	}
	item->has_lladdr = lease->has_lladdr;
	memcpy(item->lladdr, lease->lladdr, sizeof(item->lladdr));
	if (lease->hostname != NULL)
		strlcpy(item->hostname, lease->hostname,
		    sizeof(item->hostname));
	if (lease->reason != NULL)
		strlcpy(item->reason, lease->reason, sizeof(item->reason));
	if ((tap = tap_of_lease(lease)) == NULL)
		return;
	strlcpy(item->tap, tap->ifc.name, sizeof(item->tap));
	/* Refused, or it has to do without some of its rules. */
	if (tap->state == TAP_FAILED) {
		item->state = LEASE_FAILED;
		item->since = tap->since;
	} else if (tap_on_its_way(tap)) {
		/* A reason is that of an earlier failure. */
		item->state = tap->reason != NULL ? LEASE_FAILED :
		    LEASE_IDLE;
	}
	if (tap->reason != NULL)
		strlcpy(item->reason, tap->reason, sizeof(item->reason));
}

void
show_fill_tap(const struct tap *tap, struct ctl_lease *item)
{
	struct conf_match	 match;

	if (tap->lease != NULL) {
		show_fill_lease(tap->lease, item);
		return;
	}
	strlcpy(item->vm, tap->vm, sizeof(item->vm));
	item->ifn = tap->ifn;
	strlcpy(item->tap, tap->ifc.name, sizeof(item->tap));
	conf_match(conf, tap->vm, tap->ifn, &match);
	if (match.pool != NULL)
		strlcpy(item->pool, match.pool->name, sizeof(item->pool));
	item->state = tap->state == TAP_FAILED ? LEASE_FAILED : LEASE_IDLE;
	item->since = tap->since;
	if (tap->reason != NULL)
		strlcpy(item->reason, tap->reason, sizeof(item->reason));
}

static void
release(uint32_t client, const struct ctl_request *req)
{
	struct lease	*lease, *next;
	int		 n = 0;

	lease = lease_from(req->vm, req->ifn == CTL_ANY_IF ? 0 :
	    req->ifn);
	for (; lease != NULL && strcmp(lease->vm, req->vm) == 0 &&
	    (req->ifn == CTL_ANY_IF || lease->ifn == req->ifn);
	    lease = next, n++) {
		next = RB_NEXT(lease_tree, &leases.tree, lease);
		if (lease->present) {
			show_error(client, "VM \"%s\" is running: its lease "
			    "is in use on interface %u", req->vm, lease->ifn);
			taps_retry();
			return;
		}
		send_lease_event(EVENT_RELEASED, lease);
		lease_forget(&leases, lease);
	}
	if (n == 0) {
		show_error(client, "no lease of VM \"%s\"", req->vm);
		return;
	}
	taps_retry();
	show_end(client, NULL);
}

/* --- the rest -------------------------------------------------------------- */

static void
show_pools(uint32_t client)
{
	const struct lease_pool	*lp;
	struct ctl_pool		 item;

	TAILQ_FOREACH(lp, &leases.pools, entry) {
		memset(&item, 0, sizeof(item));
		strlcpy(item.name, lp->conf->name, sizeof(item.name));
		item.inet = lp->conf->inet;
		item.rdomain = lp->conf->rdomain;
		item.subnet = lp->conf->subnet;
		item.size = pool_size(lp->pool);
		item.used = lp->nused;
		item.idle = lp->nidle;
		item.free = pool_nfree(lp->pool);
		send_item(client, CTL_POOL, &item, sizeof(item));
	}
	show_end(client, NULL);
}

static void
show_interfaces(uint32_t client, const struct ctl_request *req)
{
	struct ctl_interface	 item;
	struct ctl_cursor	 cursor;
	struct tap		*tap, key;
	int			 n = 0;

	memset(&cursor, 0, sizeof(cursor));
	cursor.started = 1;
	key.ifc.index = req->cursor.started ? req->cursor.ifindex + 1 : 0;
	for (tap = RB_NFIND(tap_index, &taps, &key); tap != NULL;
	    tap = RB_NEXT(tap_index, &taps, tap)) {
		if (n++ == CTL_PAGE) {
			show_end(client, &cursor);
			return;
		}
		memset(&item, 0, sizeof(item));
		strlcpy(item.name, tap->ifc.name, sizeof(item.name));
		strlcpy(item.vm, tap->vm, sizeof(item.vm));
		strlcpy(item.descr, tap->ifc.descr, sizeof(item.descr));
		if (tap->reason != NULL)
			strlcpy(item.reason, tap->reason,
			    sizeof(item.reason));
		item.index = tap->ifc.index;
		item.ifn = tap->ifn;
		item.rdomain = tap->ifc.rdomain;
		item.managed = tap->state != TAP_UNMANAGED;
		item.up = tap->ifc.up;
		item.link = tap->ifc.link;
		send_item(client, CTL_INTERFACE, &item, sizeof(item));
		cursor.ifindex = tap->ifc.index;
	}
	show_end(client, NULL);
}

static void
show_stat(uint32_t client, const char *group, const char *name,
    uint64_t value)
{
	struct ctl_stat	 item;

	memset(&item, 0, sizeof(item));
	strlcpy(item.group, group, sizeof(item.group));
	strlcpy(item.name, name, sizeof(item.name));
	item.value = value;
	send_item(client, CTL_STAT, &item, sizeof(item));
}

static void
show_stats(uint32_t client)
{
	int	 i;

	for (i = 0; i < DHCP_TYPES; i++)
		show_stat(client, "received", dhcp_type_name(i),
		    stats.received[i]);
	for (i = 0; i < DHCP_TYPES; i++)
		show_stat(client, "sent", dhcp_type_name(i), stats.sent[i]);
	for (i = DROP_NONE + 1; i < DROP_MAX; i++)
		show_stat(client, "dropped", drop_name(i), stats.dropped[i]);
	show_end(client, NULL);
}

/* --- with priv's help ------------------------------------------------------ */

/*
 * The frontend has one request at a time answered.  More, which a frontend that
 * was taken over could send, would keep priv from what it has to do for VMs.
 */
static bool
wait_for_priv(uint32_t client, const char *vm, bool is_check)
{
	if (waiting.taken) {
		show_error(client, "priv has not answered the last request");
		return false;
	}
	waiting.taken = true;
	waiting.check = is_check;
	waiting.client = client;
	strlcpy(waiting.vm, vm, sizeof(waiting.vm));
	return true;
}

static void
show_rules(uint32_t client, const struct ctl_request *req)
{
	struct tap	*tap;

	if (req->vm[0] == '\0') {
		if (wait_for_priv(client, "", false))
			ask_rules(client, 0);
		return;
	}
	tap = tap_named(req->vm, req->ifn == CTL_ANY_IF ? 0 : req->ifn);
	if (tap == NULL || tap->port == 0 || tap->state == TAP_WAITING ||
	    (req->ifn != CTL_ANY_IF &&
	    tap->ifn != req->ifn)) {
		show_error(client, "VM \"%s\" is not present", req->vm);
		return;
	}
	if (wait_for_priv(client, req->vm, false))
		ask_rules(client, tap->port);
}

/* From the packet filter inwards: what priv finds comes first. */
static void
check_begin(uint32_t client, const struct ctl_request *req)
{
	if (wait_for_priv(client, req->vm, true))
		ask_check(client);
}

/* A line of the answer that a client waits for. */
void
show_text(uint32_t client, const char *text)
{
	if (waiting.taken && waiting.client == client)
		send_text(client, waiting.check ? CTL_FINDING : CTL_RULE,
		    text);
}

static void
send_text(uint32_t client, enum ctl_type type, const char *text)
{
	struct ctl_text	 item;

	strlcpy(item.text, text, sizeof(item.text));
	send_item(client, type, &item, strlen(item.text) + 1);
}

void
show_answered(uint32_t client, bool ok)
{
	struct tap	*tap;
	bool		 known = false;

	if (!waiting.taken || waiting.client != client)
		return;
	waiting.taken = false;
	if (waiting.check) {
		RB_FOREACH(tap, tap_index, &taps) {
			if (waiting.vm[0] != '\0' &&
			    strcmp(waiting.vm, tap->vm) != 0)
				continue;
			known = true;
			check_tap(client, tap);
		}
		if (waiting.vm[0] != '\0' && !known)
			send_text(client, CTL_FINDING, "no tap bears the name "
			    "of this VM: is it running?");
	}
	if (ok)
		show_end(client, NULL);
	else
		show_error(client, "priv cannot answer");
}

static void
check_line(uint32_t client, const struct tap *tap, const char *what)
{
	char	 line[CTL_TEXTLEN];

	snprintf(line, sizeof(line), "%s: %s interface %u: %s",
	    tap->ifc.name, tap->vm, tap->ifn, what);
	send_text(client, CTL_FINDING, line);
}

/* What keeps this VM interface from its network, if anything. */
static void
check_tap(uint32_t client, const struct tap *tap)
{
	if (tap->vm[0] == '\0')
		return;		/* nobody's concern */
	switch (tap->state) {
	case TAP_UNMANAGED:
	case TAP_WAITING:
	case TAP_FAILED:
		if (tap->reason != NULL)
			check_line(client, tap, tap->reason);
		return;
	case TAP_SETTLING:
	case TAP_STORING:
	case TAP_PREPARING:
		check_line(client, tap, "is being set up: ask again");
		return;
	case TAP_READY:
		break;
	}
	if (!tap->ifc.link)
		check_line(client, tap, "its VM has let go of the tap");
	if (tap->reason != NULL)
		check_line(client, tap, tap->reason);
	if (lease_state_at(tap->lease, now()) == LEASE_BOUND)
		return;
	check_line(client, tap, tap->heard ? "the guest asks by DHCP, but "
	    "has not taken its address" : "nothing heard of a DHCP client in "
	    "the guest: is one running there?");
}

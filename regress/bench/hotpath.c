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

#include <err.h>
#include <event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "journal.h"
#include "packet.h"

/*
 * The engine's work, and the parent's on the lease file, for taps that come,
 * guests that ask and guests that renew, to be counted by callgrind(1): its
 * --toggle-collect takes one of hot_arrival, hot_exchange and hot_renewal.
 * Everything but the messages between processes and the kernel is the real
 * thing.
 *
 * usage: hotpath conf leasefile remembered count
 */

#define REMEMBERED	0xac180000U	/* 172.24.0.0: subnets of old leases */

void	 hot_arrival(const struct interface *);
void	 hot_exchange(struct tap *, const uint8_t *, size_t, const uint8_t *,
	    size_t);
void	 hot_renewal(struct tap *, const uint8_t *, size_t);

static void	 store(void *, enum lease_op, const struct lease_record *);
static void	 report(void *, const char *);
static void	 remember(uint32_t);
static void	 arrive(uint32_t);
static void	 exchange(uint32_t);
static void	 frame(struct packet *, const struct tap *, uint8_t, bool);

struct conf		*conf;
struct leases		 leases;
struct stats		 stats;

static struct journal	*journal;
static struct tap	*preparing;	/* the tap that was sent to priv */
static uint32_t		 seq;
static unsigned int	 replies;
static bool		 holding, held;

/* --- what engine.c is to tap.c ------------------------------------------- */

int64_t
now(void)
{
	return 1800000000;
}

void
send_prepare(const struct tap *tap)
{
	preparing = (struct tap *)(uintptr_t)tap;
}

void
send_frame(uint32_t port, const uint8_t *reply, size_t len)
{
	replies++;
}

uint32_t
store_seq(void)
{
	return seq;
}

bool
notes_hold(bool hold)
{
	bool	 were = held;

	holding = hold;
	held = false;
	return were;
}

void
send_raise(const struct tap *tap)
{
}

void
send_confine(const struct tap *tap)
{
}

void
send_look(const struct tap *tap)
{
}

void
send_prune(void)
{
}

void
send_withdraw(uint32_t port, bool vacate)
{
}

void
send_event(enum ctl_event_type type, const struct tap *tap)
{
}

void
send_lease_event(enum ctl_event_type type, const struct lease *lease)
{
}

/* The parent's part: notes are not synced, but what is stored is. */
static void
store(void *arg, enum lease_op op, const struct lease_record *record)
{
	if (holding && op == LEASE_NOTE) {
		held = true;
		return;
	}
	seq++;
	if (journal_put(journal, record) == -1 ||
	    journal_commit(journal, op == LEASE_STORE) == -1)
		errx(1, "%s", journal_error(journal));
}

/* --- what is counted ------------------------------------------------------ */

/* A tap is seen, its lease is on disk, priv has done its work. */
__attribute__((__noinline__)) void
hot_arrival(const struct interface *ifc)
{
	preparing = NULL;
	tap_seen(ifc);
	tap_stored(seq, NULL);
	if (preparing != NULL)
		tap_prepared(preparing->port, true, ifc->lladdr, "");
}

__attribute__((__noinline__)) void
hot_exchange(struct tap *tap, const uint8_t *discover, size_t discoverlen,
    const uint8_t *request, size_t requestlen)
{
	tap_frame(tap->port, discover, discoverlen, 0);
	tap_frame(tap->port, request, requestlen, 0);
}

__attribute__((__noinline__)) void
hot_renewal(struct tap *tap, const uint8_t *request, size_t len)
{
	tap_frame(tap->port, request, len, 0);
}

/* -------------------------------------------------------------------------- */

static void
report(void *arg, const char *text)
{
	warnx("%s", text);
}

static void
remember(uint32_t n)
{
	struct lease_record	 record;

	memset(&record, 0, sizeof(record));
	snprintf(record.vm, sizeof(record.vm), "old-%u", n);
	strlcpy(record.pool, "default", sizeof(record.pool));
	record.subnet = REMEMBERED + 2 * n;
	record.guest = record.subnet + 1;
	record.plen = 31;
	record.since = now() - 1000;
	if (leases_restore(&leases, &record) == -1 ||
	    journal_put(journal, &record) == -1)
		errx(1, "cannot remember %s", record.vm);
}

static void
arrive(uint32_t n)
{
	struct interface	 ifc;

	memset(&ifc, 0, sizeof(ifc));
	ifc.index = n + 1;
	snprintf(ifc.name, sizeof(ifc.name), "tap%u", n);
	snprintf(ifc.descr, sizeof(ifc.descr), "vm%u-if0-vm%u", n, n);
	ifc.tap = ifc.link = true;
	memcpy(ifc.lladdr, "\xfe\xe1\xba\xd0\x00\x01", 6);
	hot_arrival(&ifc);
}

/* A message of the tap's guest: an exchange's, or a renewal. */
static void
frame(struct packet *f, const struct tap *tap, uint8_t type, bool renewal)
{
	static const uint8_t	 lladdr[] = { 0xfe, 0xe1, 0xbb, 0xd1, 0, 0 };
	static const uint8_t	 broadcast[] = { 255, 255, 255, 255, 255, 255 };
	const uint32_t		 guest = tap->lease->guest;
	struct packet		 m;

	pk_message(&m, lladdr, type);
	if (renewal)
		pk_set(m.b + 12, 4, guest);
	else if (type == DHCPREQUEST) {
		pk_option_num(&m, DHO_REQUESTED_ADDR, 4, guest);
		pk_option_num(&m, DHO_SERVER_ID, 4,
		    lease_host(tap->lease).addr);
	}
	pk_option(&m, DHO_PARAM_LIST, "\001\003\006\014\017\063", 6);
	pk_end(&m);
	pk_frame(f, broadcast, lladdr, renewal ? guest : 0, 0xffffffff, m.b,
	    m.len);
}

static void
exchange(uint32_t n)
{
	struct packet	 discover, request;
	struct tap	*tap;
	char		 vm[VM_NAMELEN];

	snprintf(vm, sizeof(vm), "vm%u", n);
	if ((tap = tap_named(vm, 0)) == NULL || tap->state != TAP_READY)
		errx(1, "%s is not ready", vm);
	frame(&discover, tap, DHCPDISCOVER, false);
	frame(&request, tap, DHCPREQUEST, false);
	hot_exchange(tap, discover.b, discover.len, request.b, request.len);
	frame(&request, tap, DHCPREQUEST, true);
	hot_renewal(tap, request.b, request.len);
}

int
main(int argc, char *argv[])
{
	static char	 why[1024];
	uint32_t	 i, remembered, count;

	if (argc != 5)
		errx(1, "usage: hotpath conf leasefile remembered count");
	remembered = strtoul(argv[3], NULL, 10);
	count = strtoul(argv[4], NULL, 10);
	event_init();
	leases_init(&leases, store, NULL);
	taps_init();
	if ((conf = parse_config(argv[1], report, NULL)) == NULL)
		return 1;
	if ((journal = journal_open(argv[2], why, sizeof(why))) == NULL)
		errx(1, "%s", why);
	for (i = 0; i < remembered; i++)
		remember(i);
	if (journal_commit(journal, 1) == -1 ||
	    leases_configure(&leases, conf) == -1)
		errx(1, "leases");
	(void)taps_scanned();
	for (i = 0; i < count; i++)
		arrive(i);
	for (i = 0; i < count; i++)
		exchange(i);
	if (replies != 3 * count)
		errx(1, "%u replies for %u guests", replies, count);
	return 0;
}

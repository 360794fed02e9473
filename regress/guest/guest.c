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
#include <sys/socket.h>

#include <net/if.h>

#include <arpa/inet.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"
#include "tap.h"

/*
 * usage: guest [-D descr] [-m lladdr] [-N where] [-n count] [-q ms] [-r ms]
 *	  [-t tap] [-w ms] action ...
 *
 * Opens a tap, as a virtual machine does, describes it, and does one action
 * after the other; each prints a line.  Exit status 0 if all went as expected.
 * With -n there are many; a %d in tap and description is the number of each,
 * counted from 0.
 *
 *	discover request reboot[=addr] renew rebind inform release decline
 *	bootp	one DHCP message; followed by :nak or :none if that is expected
 *	bind	discover and request, until it is bound
 *	bad=kind	a spoilt DISCOVER, which must not be answered
 *	badlist		the kinds
 *	flood=n		that many DISCOVERs at once, heeding no answer
 *	blast=s		for so many seconds DHCP and rubbish, as much as the tap takes
 *	latency=n	so many DISCOVERs, and how long each answer took
 *	storm		all taps at once: discover and request, with times
 *	arp=addr ping=addr
 *	serve[=s]	answer ARP and ping, until a signal comes or time is up
 *	open[=tap] close describe=text sleep=ms
 *	flap=n		set it down and up, that many times
 *	bridge=tap	relay between the tap and another one (in -N's
 *			namespace) that is the guest's interface
 *	hostname= clientid=hex option=code:hex broadcast=0|1 address= server=
 *	lladdr=		what it says from then on
 */

#define REQUESTS	4	/* without an answer, before it begins anew */

int	 opt_retransmit = 500;
int	 opt_wait = 10000;
int	 opt_quiet = 300;

static const char	*opt_descr, *opt_where;
static struct guest	*guests;
static size_t		 nguests = 1;
static struct pollfd	*pfds;

static volatile sig_atomic_t	 stop;

static void
on_signal(int sig)
{
	stop = 1;
}

static void
usage(void)
{
	fprintf(stderr, "usage: guest [-D descr] [-m lladdr] [-N where] "
	    "[-n count] [-q ms] [-r ms]\n\t[-t tap] [-w ms] action ...\n");
	exit(2);
}

int64_t
now_ms(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* With many guests each line says whose it is. */
void
say(const struct guest *g, const char *fmt, ...)
{
	va_list	 ap;

	if (nguests > 1)
		printf("%s: ", g->tap);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

bool
parse_address(const char *text, uint32_t *address)
{
	struct in_addr	 in;

	if (inet_pton(AF_INET, text, &in) != 1)
		return false;
	*address = ntohl(in.s_addr);
	return true;
}

/* One of some buffers used in turn. */
const char *
address_text(uint32_t address)
{
	static char	 bufs[4][INET_ADDRSTRLEN];
	static int	 next;
	struct in_addr	 in = { htonl(address) };

	next = (next + 1) % 4;
	return inet_ntop(AF_INET, &in, bufs[next], sizeof(bufs[next]));
}

const char *
lladdr_text(const uint8_t *a)
{
	static char	 buf[18];

	snprintf(buf, sizeof(buf), "%02x:%02x:%02x:%02x:%02x:%02x", a[0],
	    a[1], a[2], a[3], a[4], a[5]);
	return buf;
}

static bool
parse_lladdr(const char *text, uint8_t *a)
{
	char	 rest;

	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &a[0],
	    &a[1], &a[2], &a[3], &a[4], &a[5], &rest) == 6;
}

bool
parse_hex(const char *text, uint8_t *buf, size_t size, size_t *len)
{
	unsigned int	 byte;

	for (*len = 0; *text != '\0'; text += 2) {
		if (*len == size || sscanf(text, "%2x", &byte) != 1 ||
		    text[1] == '\0')
			return false;
		buf[(*len)++] = byte;
	}
	return true;
}

static long
parse_number(const char *what, const char *text, long max)
{
	char	*end;
	long	 n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 0 || n > max)
		errx(2, "%s: not a number from 0 to %ld: %s", what, max, text);
	return n;
}

/* --- taps ---------------------------------------------------------------- */

/* Put the number where %d is, wherever it is. */
static void
expand(char *buf, size_t size, const char *text, size_t n)
{
	size_t	 len = 0;

	while (*text != '\0' && len + 1 < size) {
		if (strncmp(text, "%d", 2) == 0) {
			len += snprintf(buf + len, size - len, "%zu", n);
			text += 2;
		} else
			buf[len++] = *text++;
	}
	if (len >= size)
		errx(2, "too long: %s", text);
	buf[len] = '\0';
}

static void
describe(struct guest *g, const char *text)
{
	char	 descr[256];

	expand(descr, sizeof(descr), text, g - guests);
	if (tap_describe(g->tap, descr) == -1)
		err(1, "describe %s", g->tap);
}

static void
guest_open(struct guest *g)
{
	if (g->fd != -1)
		return;
	if ((g->fd = tap_open(g->tap, NULL)) == -1)
		err(1, "open %s", g->tap);
	if (opt_descr != NULL)
		describe(g, opt_descr);
}

static void
guest_close(struct guest *g)
{
	if (g->fd != -1)
		close(g->fd);
	g->fd = -1;
}

/* Take all frames that are there, but give the others their turn. */
static void
guest_read(struct guest *g)
{
	uint8_t	 frame[ETHER_MAX];
	ssize_t	 n;
	int	 i;

	for (i = 0; i < 64; i++) {
		if ((n = read(g->fd, frame, sizeof(frame))) <= 0)
			break;
		receive_frame(g, frame, n);
	}
	if (i < 64 && n == -1 && errno != EAGAIN && errno != EINTR) {
		say(g, "gone: %s\n", strerror(errno));
		guest_close(g);
	}
}

static void
poll_all(int64_t until)
{
	int64_t	 wait = until - now_ms();
	size_t	 i;

	for (i = 0; i < nguests; i++) {
		pfds[i].fd = guests[i].fd;
		pfds[i].events = POLLIN;
		pfds[i].revents = 0;
	}
	if (poll(pfds, nguests, wait < 0 ? 0 : (int)wait) == -1) {
		if (errno != EINTR)
			err(1, "poll");
		return;
	}
	for (i = 0; i < nguests; i++)
		if (pfds[i].revents != 0 && guests[i].fd != -1)
			guest_read(&guests[i]);
}

bool
serve_until(bool (*done)(struct guest *), struct guest *g, int64_t until)
{
	while (!stop) {
		if (done != NULL && done(g))
			return true;
		if (g->fd == -1 || now_ms() >= until)
			break;
		poll_all(until);
	}
	return false;
}

/* --- actions: each returns 0 if all went as expected --------------------- */

static int
do_open(struct guest *g, const char *arg)
{
	guest_close(g);
	if (arg != NULL)
		expand(g->tap, sizeof(g->tap), arg, g - guests);
	guest_open(g);
	return 0;
}

static int
do_close(struct guest *g, const char *arg)
{
	guest_close(g);
	return 0;
}

static int
do_describe(struct guest *g, const char *arg)
{
	describe(g, arg);
	return 0;
}

/* The kernel announces each change. */
static int
do_flap(struct guest *g, const char *arg)
{
	struct ifreq	 ifr;
	long		 n = 2 * parse_number("flap", arg, 1000000);
	int		 fd;

	memset(&ifr, 0, sizeof(ifr));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", g->tap);
	if ((fd = socket(AF_INET, SOCK_DGRAM, 0)) == -1 ||
	    ioctl(fd, SIOCGIFFLAGS, &ifr) == -1)
		err(1, "flap %s", g->tap);
	for (; n > 0 && !stop; n--) {
		ifr.ifr_flags ^= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &ifr) == -1)
			err(1, "flap %s", g->tap);
	}
	close(fd);
	return 0;
}

static int
do_sleep(struct guest *g, const char *arg)
{
	int64_t	 until = now_ms() + parse_number("sleep", arg, 1000000);

	while (!stop && now_ms() < until)
		poll_all(until);
	return 0;
}

static int
do_serve(struct guest *g, const char *arg)
{
	int64_t	 until = INT64_MAX;

	/* One call serves all. */
	if (g != guests)
		return 0;
	if (arg != NULL)
		until = now_ms() + 1000 * parse_number("serve", arg, 100000);
	say(g, "serving address=%s\n", address_text(g->address));
	while (!stop && now_ms() < until)
		poll_all(now_ms() + 1000);
	return 0;
}

static bool
has_arp(struct guest *g)
{
	return g->arp_set;
}

static bool
has_pong(struct guest *g)
{
	return g->pong;
}

static bool
resolve(struct guest *g, uint32_t target)
{
	const int64_t	 end = now_ms() + opt_wait;

	g->arp_set = false;
	while (!g->arp_set && !stop && now_ms() < end) {
		send_arp_request(g, target);
		serve_until(has_arp, g, now_ms() + opt_retransmit);
	}
	return g->arp_set;
}

static int
do_arp(struct guest *g, const char *arg)
{
	uint32_t	 target;

	if (!parse_address(arg, &target))
		errx(2, "arp: not an address: %s", arg);
	if (!resolve(g, target)) {
		say(g, "none after arp\n");
		return 1;
	}
	say(g, "arp address=%s lladdr=%s\n", arg, lladdr_text(g->arp_lladdr));
	return 0;
}

static int
do_ping(struct guest *g, const char *arg)
{
	const int64_t	 end = now_ms() + opt_wait;
	uint32_t	 target, next;

	if (!parse_address(arg, &target))
		errx(2, "ping: not an address: %s", arg);
	next = (target & g->mask) == (g->address & g->mask) ? target :
	    g->router;
	if (resolve(g, next)) {
		g->pong = false;
		while (!g->pong && !stop && now_ms() < end) {
			send_ping(g, g->arp_lladdr, target);
			serve_until(has_pong, g, now_ms() + opt_retransmit);
		}
		if (g->pong) {
			say(g, "pong address=%s\n", arg);
			return 0;
		}
	}
	say(g, "none after ping\n");
	return 1;
}

static int
do_bind(struct guest *g, const char *arg)
{
	const int64_t	 end = now_ms() + opt_wait;

	/* RFC 2131, 3.1, 5: whose request nobody answers begins anew. */
	do {
		if (dialog_run(g, dialog_find("discover"), NULL, NULL,
		    opt_wait) != 0)
			return 1;
		if (dialog_run(g, dialog_find("request"), NULL, NULL,
		    REQUESTS * opt_retransmit) == 0)
			return 0;
	} while (!stop && now_ms() < end && !g->reply.set);
	return 1;
}

static bool
has_reply(struct guest *g)
{
	return g->reply.set;
}

static int
do_bad(struct guest *g, const char *arg)
{
	if (bad_send(g, arg) == -1)
		errx(2, "bad: unknown kind: %s", arg);
	if (!serve_until(has_reply, g, now_ms() + opt_quiet))
		return 0;
	dhcp_print(g);
	return 1;
}

static int
do_badlist(struct guest *g, const char *arg)
{
	bad_list();
	return 0;
}

static int
do_flood(struct guest *g, const char *arg)
{
	long	 i, n = parse_number("flood", arg, 10000000), sent = 0;

	for (i = 0; i < n && !stop; i++) {
		g->xid++;
		sent += dhcp_send(g, dialog_find("discover"), 0);
		poll_all(0);
	}
	say(g, "flood sent=%ld\n", sent);
	return 0;
}

static int64_t
now_us(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* What is read here is not looked at, but counted if it is of a server. */
static long
count_replies(struct guest *g)
{
	uint8_t	 frame[ETHER_MAX];
	ssize_t	 n;
	long	 count = 0;

	while ((n = read(g->fd, frame, sizeof(frame))) > 0)
		if (n > 42 && frame[12] == 8 && frame[23] == 17 &&
		    frame[34] == 0 && frame[35] == 67)
			count++;
	return count;
}

#define NBLAST	6

/* A bit of everything, ready to be sent. */
static void
blast_make(struct guest *g, uint8_t frame[][ETHER_MAX], size_t *len)
{
	static const char *const what[] = {
		"discover", "request", "release", "inform"
	};
	size_t	 i, j;

	for (i = 0; i < 4; i++)
		len[i] = dhcp_build(g, dialog_find(what[i]), g->address,
		    frame[i]);
	memcpy(frame[4], frame[0], len[0]);
	len[4] = len[0];
	for (j = 42; j < len[4]; j++)
		frame[4][j] = rand();
	fix_checksums(frame[4]);
	len[5] = 1400;
	for (j = 0; j < len[5]; j++)
		frame[5][j] = rand();
}

static int
do_blast(struct guest *g, const char *arg)
{
	static uint8_t	 frame[NBLAST][ETHER_MAX];
	size_t		 len[NBLAST], i;
	const int64_t	 start = now_ms();
	int64_t		 end = start + 1000 * parse_number("blast", arg, 1000);
	long		 sent = 0, replies = 0;

	blast_make(g, frame, len);
	while (!stop && now_ms() < end) {
		for (i = 0; i < 16 * NBLAST; i++)
			if (write(g->fd, frame[i % NBLAST],
			    len[i % NBLAST]) > 0)
				sent++;
		replies += count_replies(g);
	}
	do_sleep(g, "300");
	replies += count_replies(g);
	say(g, "blast sent=%ld replies=%ld ms=%lld\n", sent, replies,
	    (long long)(now_ms() - start));
	return 0;
}

static int
compare_us(const void *a, const void *b)
{
	const int64_t	*x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Slowly enough for the server not to mind. */
static int
do_latency(struct guest *g, const char *arg)
{
	long	 i, n = parse_number("latency", arg, 100000), got = 0;
	int64_t	*took, began;

	if ((took = calloc(n + 1, sizeof(*took))) == NULL)
		err(1, NULL);
	for (i = 0; i < n && !stop; i++) {
		g->xid++;
		g->reply.set = false;
		began = now_us();
		dhcp_send(g, dialog_find("discover"), 0);
		if (serve_until(has_reply, g, now_ms() + 1000))
			took[got++] = now_us() - began;
		do_sleep(g, "12");
	}
	qsort(took, got, sizeof(*took), compare_us);
	say(g, "latency n=%ld lost=%ld median=%lld p99=%lld max=%lld us\n", n,
	    i - got, (long long)took[got / 2], (long long)took[got * 99 / 100],
	    (long long)took[got > 0 ? got - 1 : 0]);
	free(took);
	return 0;
}

/* --- storm --------------------------------------------------------------- */

/* RFC 2131, 4.1: double the interval, up to 64 s; vary it by a second. */
static void
storm_send(struct guest *g, int64_t now)
{
	const char	*what = g->offered != 0 ? "request" : "discover";
	bool		 sent;

	sent = dhcp_send(g, dialog_find(what), g->offered);
	if (!sent) {
		g->due = now + 10;
		return;
	}
	g->due = now + g->interval + g->interval * (rand() % 100 - 50) / 200;
	if (g->interval < 32000)
		g->interval *= 2;
}

static void
storm_step(struct guest *g, int64_t now)
{
	if (g->reply.set) {
		g->reply.set = false;
		dhcp_take(g);
		g->interval = opt_retransmit;
		g->due = now;
		if (g->address != 0) {
			g->took = now - g->began;
			return;
		}
	}
	if (g->due <= now)
		storm_send(g, now);
}

static int
compare_took(const void *a, const void *b)
{
	const struct guest	*x = *(struct guest *const *)a;
	const struct guest	*y = *(struct guest *const *)b;

	return x->took < y->took ? -1 : x->took > y->took;
}

static void
storm_report(size_t bound)
{
	struct guest	**sorted;
	size_t		  i, missing = nguests - bound;

	if ((sorted = calloc(nguests, sizeof(*sorted))) == NULL)
		err(1, NULL);
	for (i = 0; i < nguests; i++) {
		sorted[i] = &guests[i];
		printf("storm tap=%s address=%s ms=%lld\n", guests[i].tap,
		    address_text(guests[i].address),
		    (long long)guests[i].took);
	}
	/* Those that are not bound come first, with -1. */
	qsort(sorted, nguests, sizeof(*sorted), compare_took);
	printf("storm bound=%zu of=%zu", bound, nguests);
	if (bound > 0)
		printf(" min=%lld median=%lld max=%lld",
		    (long long)sorted[missing]->took,
		    (long long)sorted[missing + bound / 2]->took,
		    (long long)sorted[nguests - 1]->took);
	putchar('\n');
	free(sorted);
}

static int
do_storm(struct guest *first, const char *arg)
{
	const int64_t	 end = now_ms() + opt_wait;
	size_t		 i, bound = 0;
	int64_t		 now, next;

	if (first != guests)
		return 0;
	for (i = 0; i < nguests; i++) {
		guests[i].began = guests[i].due = now_ms();
		guests[i].interval = opt_retransmit;
		guests[i].took = -1;
		guests[i].offered = guests[i].address = 0;
		guests[i].reply.set = false;
	}
	while (!stop && bound < nguests && (now = now_ms()) < end) {
		next = end;
		for (i = bound = 0; i < nguests; i++) {
			if (guests[i].took == -1)
				storm_step(&guests[i], now);
			if (guests[i].took != -1)
				bound++;
			else if (guests[i].due < next)
				next = guests[i].due;
		}
		poll_all(bound == nguests ? 0 : next);
	}
	storm_report(bound);
	return bound < nguests;
}

/* --- bridge -------------------------------------------------------------- */

/* A frame that the other side does not take is lost, as on a wire. */
static bool
relay(int from, int to)
{
	uint8_t	 frame[65536];
	ssize_t	 n;

	if ((n = read(from, frame, sizeof(frame))) == -1)
		return errno == EAGAIN || errno == EINTR;
	if (write(to, frame, n) == -1 && errno == EBADF)
		return false;
	return true;
}

static int
do_bridge(struct guest *g, const char *arg)
{
	struct pollfd	 pfd[2];
	int		 fd;

	if ((fd = tap_open(arg, opt_where)) == -1)
		err(1, "open %s", arg);
	say(g, "bridging %s and %s\n", g->tap, arg);
	pfd[0].fd = g->fd;
	pfd[1].fd = fd;
	pfd[0].events = pfd[1].events = POLLIN;
	while (!stop) {
		pfd[0].revents = pfd[1].revents = 0;
		if (poll(pfd, 2, 1000) == -1 && errno != EINTR)
			err(1, "poll");
		if ((pfd[0].revents != 0 && !relay(g->fd, fd)) ||
		    (pfd[1].revents != 0 && !relay(fd, g->fd))) {
			say(g, "gone: %s\n", strerror(errno));
			break;
		}
	}
	close(fd);
	return 0;
}

/* --- what it says -------------------------------------------------------- */

static int
set_hostname(struct guest *g, const char *arg)
{
	g->hostname = *arg == '\0' ? NULL : arg;
	return strlen(arg) > 255;
}

static int
set_clientid(struct guest *g, const char *arg)
{
	if (!parse_hex(arg, g->clientid, sizeof(g->clientid), &g->nclientid))
		errx(2, "clientid: not hexadecimal, or too long: %s", arg);
	return 0;
}

/* Added to those that are there already, repeated or not. */
static int
set_option(struct guest *g, const char *arg)
{
	uint8_t		*p = g->extra + g->nextra;
	size_t		 len, room = sizeof(g->extra) - g->nextra;
	unsigned int	 code;
	int		 n = 0;

	if (room < 2 || sscanf(arg, "%3u:%n", &code, &n) != 1 || n == 0 ||
	    !parse_hex(arg + n, p + 2, room - 2, &len) || len > 255)
		errx(2, "option: not of the form code:hex: %s", arg);
	p[0] = code;
	p[1] = len;
	g->nextra += 2 + len;
	return 0;
}

static int
set_broadcast(struct guest *g, const char *arg)
{
	g->flags = strcmp(arg, "1") == 0 ? 0x8000 : 0;
	return 0;
}

static int
set_address(struct guest *g, const char *arg)
{
	return !parse_address(arg, &g->address);
}

static int
set_server(struct guest *g, const char *arg)
{
	return !parse_address(arg, &g->server);
}

static int
set_lladdr(struct guest *g, const char *arg)
{
	return !parse_lladdr(arg, g->lladdr);
}

/* --- the list of actions ------------------------------------------------- */

enum needs { NO_ARG, MAY_ARG, MUST_ARG };

static const struct action {
	const char	*name;
	enum needs	 needs;
	int		(*run)(struct guest *, const char *);
} actions[] = {
	{ "address", MUST_ARG, set_address },
	{ "arp", MUST_ARG, do_arp },
	{ "bad", MUST_ARG, do_bad },
	{ "badlist", NO_ARG, do_badlist },
	{ "bind", NO_ARG, do_bind },
	{ "blast", MUST_ARG, do_blast },
	{ "bridge", MUST_ARG, do_bridge },
	{ "broadcast", MUST_ARG, set_broadcast },
	{ "clientid", MUST_ARG, set_clientid },
	{ "close", NO_ARG, do_close },
	{ "describe", MUST_ARG, do_describe },
	{ "flap", MUST_ARG, do_flap },
	{ "flood", MUST_ARG, do_flood },
	{ "hostname", MUST_ARG, set_hostname },
	{ "latency", MUST_ARG, do_latency },
	{ "lladdr", MUST_ARG, set_lladdr },
	{ "open", MAY_ARG, do_open },
	{ "option", MUST_ARG, set_option },
	{ "ping", MUST_ARG, do_ping },
	{ "serve", MAY_ARG, do_serve },
	{ "server", MUST_ARG, set_server },
	{ "sleep", MUST_ARG, do_sleep },
	{ "storm", NO_ARG, do_storm }
};

#define NACTIONS	(sizeof(actions) / sizeof(actions[0]))

/* discover:nak, reboot=172.16.0.3:none */
static int
run_dialog(struct guest *g, char *name, char *arg)
{
	const struct dialog	*d;
	char			*expect;

	expect = strchr(arg != NULL ? arg : name, ':');
	if (expect != NULL)
		*expect++ = '\0';
	if ((d = dialog_find(name)) == NULL)
		errx(2, "unknown action: %s", name);
	if (expect != NULL && strcmp(expect, "nak") != 0 &&
	    strcmp(expect, "none") != 0)
		errx(2, "%s: unknown outcome: %s", name, expect);
	return dialog_run(g, d, arg, expect, opt_wait);
}

static int
run(struct guest *g, const char *text)
{
	char	 name[512], *arg;
	size_t	 i, skip;

	if ((size_t)snprintf(name, sizeof(name), "%s", text) >= sizeof(name))
		errx(2, "too long: %s", text);
	if ((arg = strchr(name, '=')) != NULL)
		*arg++ = '\0';
	for (i = 0; i < NACTIONS; i++) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		if (actions[i].needs != MAY_ARG &&
		    (actions[i].needs == MUST_ARG) != (arg != NULL))
			errx(2, "wrong use: %s", text);
		skip = strlen(name) + 1;
		return actions[i].run(g, arg == NULL ? NULL : text + skip);
	}
	return run_dialog(g, name, arg);
}

static void
make_guests(const char *tap, const uint8_t *lladdr)
{
	struct guest	*g;
	size_t		 i;

	if ((guests = calloc(nguests, sizeof(*guests))) == NULL ||
	    (pfds = calloc(nguests, sizeof(*pfds))) == NULL)
		err(1, NULL);
	srand((unsigned int)(time(NULL) ^ getpid()));
	for (i = 0; i < nguests; i++) {
		g = &guests[i];
		g->fd = -1;
		expand(g->tap, sizeof(g->tap), tap, i);
		memcpy(g->lladdr, lladdr, sizeof(g->lladdr));
		g->lladdr[4] += i >> 8;
		g->lladdr[5] += i & 0xff;
		memcpy(g->server_lladdr, broadcast, 6);
		g->xid = (uint32_t)rand() << 16 ^ (uint32_t)rand();
		guest_open(g);
	}
}

static void
options(int argc, char *argv[], const char **tap, uint8_t *lladdr)
{
	int	 ch;

	while ((ch = getopt(argc, argv, "D:m:N:n:q:r:t:w:")) != -1)
		switch (ch) {
		case 'D':
			opt_descr = optarg;
			break;
		case 'm':
			if (!parse_lladdr(optarg, lladdr))
				errx(2, "-m: not an address: %s", optarg);
			break;
		case 'N':
			opt_where = optarg;
			break;
		case 'n':
			nguests = parse_number("-n", optarg, 100000);
			break;
		case 'q':
			opt_quiet = parse_number("-q", optarg, 1000000);
			break;
		case 'r':
			opt_retransmit = parse_number("-r", optarg, 1000000);
			break;
		case 't':
			*tap = optarg;
			break;
		case 'w':
			opt_wait = parse_number("-w", optarg, 1000000);
			break;
		default:
			usage();
		}
	if (optind == argc || nguests == 0)
		usage();
}

int
main(int argc, char *argv[])
{
	struct sigaction	 sa;
	const char		*tap = "tap0";
	uint8_t			 lladdr[6] = {
		0xfe, 0xe1, 0xbb, 0xd1, 0, 1
	};
	size_t			 i;
	int			 failed = 0;

	options(argc, argv, &tap, lladdr);
	setvbuf(stdout, NULL, _IOLBF, 0);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);

	make_guests(tap, lladdr);
	for (; optind < argc && !failed && !stop; optind++)
		for (i = 0; i < nguests && !failed && !stop; i++)
			failed = run(&guests[i], argv[optind]);
	return failed ? 1 : 0;
}

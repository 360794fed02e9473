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
#include <sys/mman.h>

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../limit.h"
#include "bench.h"

/*
 * The load generator: it holds the taps and plays the guests behind them, on
 * command.  For each line of standard input there is one of output, which
 * begins with `ok' or `failed'; it ends with its input.
 *
 * usage: load [-g guests-per-tap]
 *
 *	taps COUNT		there are so many
 *	settle SECONDS		until all taps have an address and are up
 *	arrival COUNT		a tap comes, its guest is bound, it goes:
 *				us that making the tap takes alone, us to the
				address, us to the ACK, DISCOVERs
 *	storm COUNT		so many come at once: ms until all are bound,
 *				ms of the slowest guest, guests that needed a
 *				second DISCOVER, ms that making the taps took,
 *				guests that were bound
 *	bind SECONDS		all guests are bound, no matter how long
 *	latency COUNT		one guest again and again: us, median and
 *				99th in a hundred
 *	rate SECONDS WINDOW	so many guests at any time: exchanges a
 *				second, exchanges without an answer
 *	fresh SECONDS WINDOW	the same, each time as a guest never seen
 *	packets SECONDS ADDRESS COUNT
 *				so many guests send through their routers:
 *				packets sent, and seconds
 *	delete			all taps go
 *
 * An arrival's guest speaks when its tap is up, and asks again every half ms,
 * so that nobody waits for it to do so.  A guest of a storm speaks after 1 ms and
 * asks again as usual: after 1 s, then 2 s, 4 s ...
 */

#define MS		INT64_C(1000000)
#define SECOND		(1000 * MS)
#define ARRIVAL_PAUSE	(60 * MS)	/* for what follows the last one */
#define ARRIVAL_RETRY	(MS / 2)
#define STORM_RETRY	SECOND
#define STORM_HESITATION MS
#define STORM_TIMEOUT	(60 * SECOND)
#define LOST_TIMEOUT	SECOND
#define BIND_WINDOW	4
#define SAMPLES_MAX	10000
#define PAYLOAD		64

static int	 cmd_taps(int, char **);
static int	 cmd_settle(int, char **);
static int	 cmd_arrival(int, char **);
static int	 cmd_storm(int, char **);
static int	 cmd_bind(int, char **);
static int	 cmd_latency(int, char **);
static int	 cmd_rate(int, char **);
static int	 cmd_fresh(int, char **);
static int	 cmd_packets(int, char **);
static int	 cmd_delete(int, char **);
static bool	 all_settled(void);
static bool	 all_bound(void);
static bool	 one_bound(void);
static bool	 never(void);
static bool	 lives(const struct guest *);
static size_t	 nliving(void);
static void	 bind_next(struct guest *);
static void	 rate_next(struct guest *);
static int64_t	 percentile(int64_t *, size_t, unsigned int);

static const struct {
	const char	*name;
	int		 nargs;
	int		(*run)(int, char **);
} commands[] = {
	{ "taps", 1, cmd_taps },
	{ "settle", 1, cmd_settle },
	{ "arrival", 1, cmd_arrival },
	{ "storm", 1, cmd_storm },
	{ "bind", 1, cmd_bind },
	{ "latency", 1, cmd_latency },
	{ "rate", 2, cmd_rate },
	{ "fresh", 2, cmd_fresh },
	{ "packets", 3, cmd_packets },
	{ "delete", 0, cmd_delete }
};
#define NCOMMANDS	(sizeof(commands) / sizeof(commands[0]))

static struct guest	*one;			/* that is waited for */
static size_t		 rate_at;		/* the guest to go on with */
static uint64_t		 completed, expected;
static bool		 fresh;

/* --- statistics ----------------------------------------------------------- */

static int
int64_cmp(const void *a, const void *b)
{
	const int64_t	 x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t
percentile(int64_t *v, size_t n, unsigned int percent)
{
	qsort(v, n, sizeof(*v), int64_cmp);
	return v[(n - 1) * percent / 100];
}

/* --- what is waited for --------------------------------------------------- */

static bool
never(void)
{
	return false;
}

static bool
all_settled(void)
{
	size_t	 i;

	for (i = 0; i < ntaps; i++)
		if (taps[i].fd != -1 &&
		    (taps[i].addressed == 0 || !taps[i].up))
			return false;
	return true;
}

/* Its tap is there. */
static bool
lives(const struct guest *g)
{
	return taps[g->tap].fd != -1;
}

static size_t
nliving(void)
{
	size_t	 i, n = 0;

	for (i = 0; i < nguests; i++)
		n += lives(&guests[i]);
	return n;
}

static void
count_bound(struct guest *g)
{
	completed++;
}

static bool
all_bound(void)
{
	return completed == expected;
}

static bool
one_bound(void)
{
	return one->state == GUEST_BOUND;
}

/* --- commands ------------------------------------------------------------- */

static int
cmd_taps(int argc, char **argv)
{
	size_t	 i, n = 0;

	for (i = 0; i < ntaps; i++)
		n += taps[i].fd != -1;
	for (; n < strtoul(argv[0], NULL, 10); n++) {
		tap_create();
		run_pending();
	}
	printf("ok %zu\n", n);
	return 0;
}

static int
cmd_settle(int argc, char **argv)
{
	if (!run(all_settled, strtol(argv[0], NULL, 10) * SECOND))
		return -1;
	printf("ok\n");
	return 0;
}

static int
cmd_delete(int argc, char **argv)
{
	taps_delete();
	(void)run(never, ARRIVAL_PAUSE);
	printf("ok\n");
	return 0;
}

/* One arrival; false if its guest was never bound. */
static bool
arrive(int64_t *made, int64_t *address, int64_t *ack,
    unsigned int *discovers)
{
	struct tap	*tap;
	bool		 bound;

	tap_create();
	tap = &taps[ntaps - 1];
	one = &guests[nguests - 1];
	guest_start(one);
	bound = run(one_bound, 20 * SECOND);
	*made = tap->made - tap->began;
	*address = tap->addressed - tap->began;
	*ack = one->bound - tap->began;
	*discovers += one->discovers;
	one->state = GUEST_OFF;
	tap_delete(tap);
	(void)run(never, ARRIVAL_PAUSE);
	return bound && tap->addressed != 0;
}

static int
cmd_arrival(int argc, char **argv)
{
	static int64_t	 made[SAMPLES_MAX], address[SAMPLES_MAX],
			 ack[SAMPLES_MAX];
	const size_t	 n = strtoul(argv[0], NULL, 10);
	unsigned int	 discovers = 0;
	size_t		 i;

	patience = ARRIVAL_RETRY;
	patience_grows = false;
	hesitation = 0;
	for (i = 0; i < n && i < SAMPLES_MAX; i++)
		if (!arrive(&made[i], &address[i], &ack[i], &discovers))
			return -1;
	printf("ok %.1f %.1f %.1f %.2f\n", percentile(made, i, 50) / 1e3,
	    percentile(address, i, 50) / 1e3, percentile(ack, i, 50) / 1e3,
	    (double)discovers / i);
	return 0;
}

/* What all guests of a storm needed. */
static void
storm_report(size_t first, int64_t began, int64_t made)
{
	const struct guest	*g;
	int64_t			 took, last = began, worst = 0;
	size_t			 again = 0, bound = 0;

	for (g = guests + first; g < guests + nguests; g++) {
		again += g->discovers > 1;
		if (g->state != GUEST_BOUND)
			continue;
		bound++;
		took = g->bound - taps[g->tap].began;
		if (took > worst)
			worst = took;
		if (g->bound > last)
			last = g->bound;
	}
	printf("ok %.1f %.1f %zu %.1f %zu\n", (last - began) / 1e6,
	    worst / 1e6, again, (made - began) / 1e6, bound);
}

static int
cmd_storm(int argc, char **argv)
{
	const size_t	 n = strtoul(argv[0], NULL, 10), first = nguests;
	const int64_t	 began = now_ns();
	int64_t		 made;
	size_t		 i, j;

	patience = STORM_RETRY;
	patience_grows = true;
	hesitation = STORM_HESITATION;
	completed = 0;
	expected = UINT64_MAX;
	guest_bound = count_bound;
	for (i = 0; i < n; i++) {
		j = nguests;
		tap_create();
		for (; j < nguests; j++)
			guest_start(&guests[j]);
		(void)run(all_bound, 1);
	}
	made = now_ns();
	expected = nguests - first;
	(void)run(all_bound, STORM_TIMEOUT);
	guest_bound = NULL;
	storm_report(first, began, made);
	return 0;
}

static void
bind_next(struct guest *bound)
{
	if (bound != NULL)
		completed++;
	while (rate_at < nguests && !lives(&guests[rate_at]))
		rate_at++;
	if (rate_at < nguests)
		guest_start(&guests[rate_at++]);
}

static int
cmd_bind(int argc, char **argv)
{
	size_t	 i;
	bool	 done;

	patience = LOST_TIMEOUT;
	patience_grows = false;
	completed = rate_at = 0;
	for (i = 0; i < nguests; i++)
		guests[i].state = GUEST_OFF;
	expected = nliving();
	guest_bound = bind_next;
	for (i = 0; i < BIND_WINDOW; i++)
		bind_next(NULL);
	done = run(all_bound, strtol(argv[0], NULL, 10) * SECOND);
	guest_bound = NULL;
	if (!done)
		return -1;
	printf("ok %llu\n", (unsigned long long)completed);
	return 0;
}

static int
cmd_latency(int argc, char **argv)
{
	static int64_t	 took[SAMPLES_MAX];
	const size_t	 n = strtoul(argv[0], NULL, 10);
	size_t		 i;

	patience = LOST_TIMEOUT;
	patience_grows = false;
	for (one = guests; !lives(one); one++)
		if (one == guests + nguests - 1)
			return -1;
	run_pending();
	for (i = 0; i < n && i < SAMPLES_MAX; i++) {
		guest_start(one);
		if (!run(one_bound, 5 * SECOND))
			return -1;
		took[i] = one->bound - one->began;
	}
	printf("ok %.1f %.1f\n", percentile(took, i, 50) / 1e3,
	    percentile(took, i, 99) / 1e3);
	return 0;
}

/* The next one that has nothing to do begins. */
static void
rate_next(struct guest *bound)
{
	struct guest	*g;

	if (bound != NULL)
		completed++;
	do {
		g = &guests[rate_at];
		rate_at = (rate_at + 1) % nguests;
	} while (!lives(g) || g->state == GUEST_DISCOVERING ||
	    g->state == GUEST_REQUESTING);
	if (fresh)
		guest_renew(g);
	guest_start(g);
}

static int
cmd_fresh(int argc, char **argv)
{
	int	 result;

	fresh = true;
	result = cmd_rate(argc, argv);
	fresh = false;
	return result;
}

/* Taps in turn, each guest of a tap in its turn. */
static int
cmd_rate(int argc, char **argv)
{
	const int64_t	 seconds = strtol(argv[0], NULL, 10);
	size_t		 i, window = strtoul(argv[1], NULL, 10);
	uint64_t	 again = 0;

	if (window > nliving() / 2)
		window = nliving() / 2;
	patience = LOST_TIMEOUT;
	patience_grows = false;
	for (i = 0; i < nguests; i++)
		guests[i].state = GUEST_OFF;
	run_pending();
	completed = 0;
	guest_bound = rate_next;
	for (i = 0; i < window; i++)
		rate_next(NULL);
	(void)run(never, seconds * SECOND);
	guest_bound = NULL;
	for (i = 0; i < nguests; i++) {
		if (guests[i].state != GUEST_BOUND)
			guests[i].state = GUEST_OFF;
		again += guests[i].discovers > 1;
	}
	run_pending();
	printf("ok %.0f %llu\n", (double)completed / seconds,
	    (unsigned long long)again);
	return 0;
}

/* One flow each, of the first guests. */
static int
cmd_packets(int argc, char **argv)
{
	const int64_t	 ns = strtol(argv[0], NULL, 10) * SECOND;
	const uint32_t	 to = strtoul(argv[1], NULL, 0);
	const size_t	 count = strtoul(argv[2], NULL, 10);
	uint8_t		(*frame)[FRAME_SIZE], router[6];
	int		*fd;
	size_t		 i, n = 0, len = 0;
	uint64_t	 sent = 0;
	int64_t		 began;

	if ((frame = calloc(count, sizeof(*frame))) == NULL ||
	    (fd = calloc(count, sizeof(*fd))) == NULL)
		err(1, NULL);
	for (i = 0; i < nguests && n < count; i++) {
		if (!lives(&guests[i]))
			continue;
		link_lladdr(taps[guests[i].tap].name, router);
		len = udp_frame(frame[n], guests[i].dhcp.lladdr, router,
		    guests[i].dhcp.address, to, 1024 + i, PAYLOAD);
		fd[n++] = taps[guests[i].tap].fd;
	}
	began = now_ns();
	do {
		for (i = 0; i < n; i++)
			sent += write(fd[i], frame[i], len) == (ssize_t)len;
	} while (now_ns() - began < ns);
	printf("ok %llu %.6f\n", (unsigned long long)sent,
	    (now_ns() - began) / 1e9);
	free(frame);
	free(fd);
	return 0;
}

static void
command(char *line)
{
	char	*argv[8], *word;
	int	 argc = 0;
	size_t	 i;

	for (; argc < 8 && (word = strsep(&line, " \n")) != NULL;)
		if (*word != '\0')
			argv[argc++] = word;
	if (argc == 0)
		return;
	for (i = 0; i < NCOMMANDS; i++)
		if (strcmp(argv[0], commands[i].name) == 0 &&
		    argc - 1 == commands[i].nargs) {
			if (commands[i].run(argc - 1, argv + 1) == -1)
				printf("failed\n");
			return;
		}
	printf("failed: no such command\n");
}

int
main(int argc, char *argv[])
{
	char	 line[256];
	size_t	 per_tap = 1;
	int	 ch;

	while ((ch = getopt(argc, argv, "g:")) != -1)
		switch (ch) {
		case 'g':
			per_tap = strtoul(optarg, NULL, 10);
			break;
		default:
			fprintf(stderr, "usage: load [-g guests]\n");
			return 1;
		}
	/* One descriptor a tap. */
	raise_limit();
	/* Not paged in while something is measured. */
	(void)mlockall(MCL_CURRENT | MCL_FUTURE);
	setvbuf(stdout, NULL, _IOLBF, 0);
	guests_init(per_tap);
	while (fgets(line, sizeof(line), stdin) != NULL)
		command(line);
	taps_delete();
	return 0;
}

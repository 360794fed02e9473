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
#include <sys/un.h>

#include <net/if.h>
#include <linux/if_tun.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../limit.h"
#include "control.h"

/*
 * What a shell is too slow for.
 *
 * usage: load tap name [ifindex]	a tap that stays, with that index
 *	  load taps count prefix	many of them, opened and held
 *	  load connect count socket	so many clients, one after the other
 *	  load hold count socket	so many at once, until a signal
 *	  load half count socket	each with half a message
 *	  load deaf count socket	each monitors, and never reads
 *	  load ask seconds socket	asks for all rules or leases, and goes
 *	  load greedy count socket	asks so often for all rules, and never
 *					reads
 *	  load forbidden seconds socket	many that want what only root may, again
 *					as soon as they are refused
 *	  load drip seconds socket	many that say the same, a byte at a time
 */

#define MANY	40
#define BIG	16384		/* no message is longer */

static int
open_tap(const char *name, unsigned int ifindex, int stays)
{
	struct ifreq	 ifr;
	int		 fd;

	if ((fd = open("/dev/net/tun", O_RDWR)) == -1)
		err(1, "/dev/net/tun");
	if (ifindex != 0 && ioctl(fd, TUNSETIFINDEX, &ifindex) == -1)
		err(1, "index %u", ifindex);
	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr) == -1)
		err(1, "%s", name);
	if (stays && ioctl(fd, TUNSETPERSIST, 1) == -1)
		err(1, "%s", name);
	return fd;
}

static int
connect_to(const char *path)
{
	struct sockaddr_un	 sun;
	int			 fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
		err(1, "socket");
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "connect: %s", path);
	return fd;
}

static void
ask(int fd, uint32_t type, size_t len)
{
	struct {
		uint32_t		 hdr[4];
		struct ctl_request	 req;
	} msg;

	memset(&msg, 0, sizeof(msg));
	msg.hdr[0] = type;
	msg.hdr[1] = sizeof(msg);
	if (len > sizeof(msg))
		len = sizeof(msg);
	/* It may have been put out already. */
	if (write(fd, &msg, len) == -1 && errno != EPIPE &&
	    errno != ECONNRESET)
		err(1, "write");
}

static void
wait_for_signal(void)
{
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}

static void
clients(const char *what, long count, const char *path)
{
	long	 i;
	int	 fd;

	for (i = 0; i < count; i++) {
		fd = connect_to(path);
		if (strcmp(what, "connect") == 0) {
			/* Some say something first. */
			if (i % 3 == 0)
				ask(fd, CTL_SHOW_LEASES, i % 7 * 20);
			close(fd);
		} else if (strcmp(what, "half") == 0)
			ask(fd, CTL_SHOW_LEASES, 10 + i % 100);
		else if (strcmp(what, "deaf") == 0)
			ask(fd, CTL_MONITOR, 1000);
	}
	if (strcmp(what, "connect") != 0)
		wait_for_signal();
	printf("connected %ld times\n", count);
}

/* One of the socket's group. */
static void
become_nobody(void)
{
	if (setgroups(0, NULL) == -1 || setuid(65534) == -1)
		err(1, "setuid");
}

/* As fast as it goes, without waiting for an answer. */
static void
questions(long seconds, const char *path)
{
	const time_t	 end = time(NULL) + seconds;
	long		 n;
	int		 fd;

	for (n = 0; time(NULL) < end; n++) {
		fd = connect_to(path);
		ask(fd, n % 2 == 0 ? CTL_SHOW_RULES : CTL_SHOW_LEASES, 1000);
		close(fd);
	}
	printf("asked %ld times\n", n);
}

static void
greedy(long count, const char *path)
{
	const struct timespec	 pause = { 0, 10000000 };
	int			 fd = connect_to(path);

	for (; count > 0; count--) {
		ask(fd, CTL_SHOW_RULES, 1000);
		nanosleep(&pause, NULL);
	}
	wait_for_signal();
}

/* Whoever may look may say this, and is answered without the engine. */
static void
forbidden(long seconds, const char *path)
{
	const time_t	 end = time(NULL) + seconds;
	struct pollfd	 pfds[MANY];
	char		 answer[1024];
	long		 n = 0;
	int		 i;

	become_nobody();
	for (i = 0; i < MANY; i++) {
		pfds[i].fd = connect_to(path);
		pfds[i].events = POLLIN;
		ask(pfds[i].fd, CTL_RELEASE, 1000);
	}
	while (time(NULL) < end && poll(pfds, MANY, 1000) != -1)
		for (i = 0; i < MANY; i++)
			if (pfds[i].revents != 0 && read(pfds[i].fd, answer,
			    sizeof(answer)) > 0) {
				ask(pfds[i].fd, CTL_RELEASE, 1000);
				n++;
			}
	printf("refused %ld times\n", n);
}

static void
drip(long seconds, const char *path)
{
	const time_t	 end = time(NULL) + seconds;
	const uint32_t	 hdr[4] = { CTL_SHOW_LEASES, BIG };
	int		 fds[MANY], i;
	long		 n;

	become_nobody();
	for (i = 0; i < MANY; i++) {
		fds[i] = connect_to(path);
		if (write(fds[i], hdr, sizeof(hdr)) != sizeof(hdr))
			err(1, "write");
	}
	for (n = 0; time(NULL) < end; n++) {
		i = n % MANY;
		if (write(fds[i], "", 1) == 1)
			continue;
		close(fds[i]);
		fds[i] = connect_to(path);
		if (write(fds[i], hdr, sizeof(hdr)) == -1)
			err(1, "write");
	}
	printf("dripped %ld times\n", n);
}

int
main(int argc, char *argv[])
{
	char	 name[IFNAMSIZ];
	long	 i, n;

	if (argc < 3)
		errx(1, "usage: see load.c");
	signal(SIGPIPE, SIG_IGN);
	raise_limit();
	if (strcmp(argv[1], "tap") == 0) {
		open_tap(argv[2], argc > 3 ? atoi(argv[3]) : 0, 1);
		return 0;
	}
	if (argc < 4)
		errx(1, "usage: see load.c");
	n = strtol(argv[2], NULL, 10);
	if (strcmp(argv[1], "ask") == 0) {
		questions(n, argv[3]);
		return 0;
	}
	if (strcmp(argv[1], "forbidden") == 0) {
		forbidden(n, argv[3]);
		return 0;
	}
	if (strcmp(argv[1], "drip") == 0) {
		drip(n, argv[3]);
		return 0;
	}
	if (strcmp(argv[1], "greedy") == 0)
		greedy(n, argv[3]);
	if (strcmp(argv[1], "taps") != 0) {
		clients(argv[1], n, argv[3]);
		return 0;
	}
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%.8s%u", argv[3],
		    (unsigned int)i % 1000000);
		open_tap(name, 0, 0);
	}
	wait_for_signal();
}

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
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * usage: unixsend [-k] [-w ms] socket < bytes
 *
 * Send bytes to a socket of the local domain, whatever they are, and see
 * what becomes of the connection: exit status 0 if the other end closed it,
 * 1 if it is still open after some time (-w), or if it was refused.  Prints
 * the number of bytes that came back.  -k: keep the connection open until a
 * signal comes.
 */

static void
usage(void)
{
	fprintf(stderr, "usage: unixsend [-k] [-w ms] socket\n");
	exit(2);
}

static int
connect_to(const char *path)
{
	struct sockaddr_un	 sun;
	int			 fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sun.sun_path))
		errx(1, "%s: too long", path);
	memcpy(sun.sun_path, path, strlen(path));
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
		err(1, "socket");
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "connect: %s", path);
	return fd;
}

/* The other end may close before it has read all. */
static void
send_all(int fd)
{
	char	 buf[65536];
	ssize_t	 n;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0)
		if (write(fd, buf, n) != n)
			break;
}

/* Read until the other end closes, or nothing comes for a time. */
static int
drain(int fd, int wait)
{
	struct pollfd	 pfd = { fd, POLLIN, 0 };
	char		 buf[65536];
	size_t		 total = 0;
	ssize_t		 n = 1;
	int		 closed;

	while (n > 0 && poll(&pfd, 1, wait) == 1)
		if ((n = read(fd, buf, sizeof(buf))) > 0)
			total += n;
	closed = n <= 0;
	printf("%s after %zu bytes\n", closed ? "closed" : "open", total);
	return closed;
}

int
main(int argc, char *argv[])
{
	int	 ch, fd, closed, keep = 0, wait = 2000;

	while ((ch = getopt(argc, argv, "kw:")) != -1)
		switch (ch) {
		case 'k':
			keep = 1;
			break;
		case 'w':
			wait = atoi(optarg);
			break;
		default:
			usage();
		}
	if (argc - optind != 1)
		usage();
	signal(SIGPIPE, SIG_IGN);
	fd = connect_to(argv[optind]);
	send_all(fd);
	while (keep)
		pause();
	closed = drain(fd, wait);
	close(fd);
	return closed ? 0 : 1;
}

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

#include <arpa/inet.h>
#include <netinet/in.h>

#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * usage: answer [-eu] [-b address] name port
 *
 * A server for TCP, with -u for UDP, that tells everybody its name and who
 * asks; with -e it says again what it hears, to one after the other.
 */

static void
usage(void)
{
	fprintf(stderr, "usage: answer [-eu] [-b address] name port\n");
	exit(2);
}

static int
listener(const char *address, const char *port, bool udp)
{
	struct sockaddr_in	 sin;
	int			 fd, on = 1;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons((uint16_t)atoi(port));
	if (inet_pton(AF_INET, address, &sin.sin_addr) != 1)
		errx(2, "not an address: %s", address);
	if ((fd = socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0)) == -1)
		err(1, "socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    (!udp && listen(fd, 8) == -1))
		err(1, "%s port %s", address, port);
	return fd;
}

static void
echo(int fd)
{
	char	 buf[512];
	ssize_t	 n;

	while ((n = read(fd, buf, sizeof(buf))) > 0 &&
	    write(fd, buf, n) == n)
		continue;
}

static int
answer_text(char *buf, size_t size, const char *name,
    const struct sockaddr_in *from)
{
	char	 text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &from->sin_addr, text, sizeof(text));
	return snprintf(buf, size, "name=%s from=%s\n", name, text);
}

static void
serve_tcp(int fd, const char *name, bool echoes)
{
	struct sockaddr_in	 from;
	socklen_t		 fromlen;
	char			 buf[128];
	int			 client, n;

	for (;;) {
		fromlen = sizeof(from);
		if ((client = accept(fd, (struct sockaddr *)&from,
		    &fromlen)) == -1)
			continue;
		if (echoes)
			echo(client);
		else {
			n = answer_text(buf, sizeof(buf), name, &from);
			if (write(client, buf, n) != n)
				warn("write");
		}
		close(client);
	}
}

static void
serve_udp(int fd, const char *name)
{
	struct sockaddr_in	 from;
	socklen_t		 fromlen;
	char			 buf[128];
	int			 n;

	for (;;) {
		fromlen = sizeof(from);
		if (recvfrom(fd, buf, sizeof(buf), 0,
		    (struct sockaddr *)&from, &fromlen) == -1)
			continue;
		n = answer_text(buf, sizeof(buf), name, &from);
		if (sendto(fd, buf, n, 0, (struct sockaddr *)&from,
		    fromlen) == -1)
			warn("sendto");
	}
}

int
main(int argc, char *argv[])
{
	const char	*address = "0.0.0.0";
	bool		 echoes = false, udp = false;
	int		 ch, fd;

	while ((ch = getopt(argc, argv, "b:eu")) != -1)
		switch (ch) {
		case 'b':
			address = optarg;
			break;
		case 'e':
			echoes = true;
			break;
		case 'u':
			udp = true;
			break;
		default:
			usage();
		}
	argc -= optind;
	argv += optind;
	if (argc != 2 || (echoes && udp))
		usage();
	signal(SIGPIPE, SIG_IGN);
	fd = listener(address, argv[1], udp);
	/* Who waits for it may ask now. */
	printf("listening\n");
	fflush(stdout);
	if (udp)
		serve_udp(fd, argv[0]);
	serve_tcp(fd, argv[0], echoes);
	return 0;
}

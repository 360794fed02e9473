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
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

/*
 * How long a command takes, from its fork to its end, its output thrown
 * away: the median of some times, in microseconds.
 *
 * usage: timed count command [argument ...]
 */

#define COUNT_MAX	1000

static int64_t
once(char **argv)
{
	const int64_t	 began = now_ns();
	pid_t		 pid;
	int		 fd, status;

	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		if ((fd = open("/dev/null", O_WRONLY)) == -1 ||
		    dup2(fd, STDOUT_FILENO) == -1)
			err(1, "/dev/null");
		execvp(argv[0], argv);
		err(1, "%s", argv[0]);
	}
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		errx(1, "%s failed", argv[0]);
	return now_ns() - began;
}

static int
cmp(const void *a, const void *b)
{
	const int64_t	 x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

int
main(int argc, char *argv[])
{
	int64_t	 took[COUNT_MAX];
	int	 i, n;

	if (argc < 3 || (n = atoi(argv[1])) < 1 || n > COUNT_MAX) {
		fprintf(stderr, "usage: timed count command ...\n");
		return 1;
	}
	for (i = 0; i < n; i++)
		took[i] = once(argv + 2);
	qsort(took, n, sizeof(took[0]), cmp);
	printf("%.1f\n", took[n / 2] / 1e3);
	return 0;
}

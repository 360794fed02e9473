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


/*
 * A fuzzer's inputs again, one after the other, without the fuzzer: for any
 * compiler, and as one test among others.
 *
 * usage: replay directory
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int		 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
is_name(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Each in memory of its own, so that reading beyond its end is seen. */
static int
replay(const char *path)
{
	struct stat	 st;
	uint8_t		*data;
	int		 fd;

	if ((fd = open(path, O_RDONLY)) == -1 || fstat(fd, &st) == -1)
		err(1, "%s", path);
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		return 0;
	}
	if ((data = malloc(st.st_size)) == NULL ||
	    read(fd, data, st.st_size) != st.st_size)
		err(1, "%s", path);
	close(fd);
	LLVMFuzzerTestOneInput(data, st.st_size);
	free(data);
	return 1;
}

int
main(int argc, char *argv[])
{
	struct dirent	**entries;
	char		  path[PATH_MAX];
	int		  i, n, done = 0;

	if (argc != 2)
		errx(1, "usage: %s directory", getprogname());
	if ((n = scandir(argv[1], &entries, is_name, alphasort)) == -1)
		err(1, "%s", argv[1]);
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", argv[1],
		    entries[i]->d_name);
		/* The last one said is the one that it stops at. */
		fprintf(stderr, "%s\n", path);
		done += replay(path);
		free(entries[i]);
	}
	free(entries);
	/* Some fuzzers have the other descriptor for their own use. */
	fprintf(stderr, "%s: %d passed, 0 failed\n", getprogname(), done);
	return 0;
}

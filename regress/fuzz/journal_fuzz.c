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

#include <err.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal.h"
#include "log.h"

/*
 * The input is a lease file.  If its first byte is '=' each line but those
 * that begin with '!' gets its right checksum, and the file our first line:
 * so that what is behind the checksums is reached.  A file that is taken is
 * the same when it is read again, and one that is refused is left alone.
 */

#define MAXFILE		(64 * 1024)
#define MAXRECORDS	4096

struct records {
	size_t			 n;
	struct lease_record	 r[MAXRECORDS];
};

int		 LLVMFuzzerTestOneInput(const uint8_t *, size_t);
static size_t	 seal(const uint8_t *, size_t, char *);
static uint32_t	 crc(const char *, size_t);
static void	 spit(const char *, size_t);
static void	 check_refused(const char *, size_t);
static void	 check_taken(struct journal *);
static void	 collect(void *, const struct lease_record *);
static void	 check_line(const char *, size_t);

static char	 path[64];
static int	 nwarnings;

/* No disk is waited for. */
int
fsync(int fd)
{
	return 0;
}

void
log_warnx(const char *fmt, ...)
{
	nwarnings++;
}

static void
cleanup(void)
{
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char	 file[2 * MAXFILE];
	char		 error[2048];
	struct journal	*j;
	size_t		 len = size;

	if (size > MAXFILE / 8)
		return 0;
	if (path[0] == '\0') {
		strlcpy(path, "/tmp/journal_fuzz.XXXXXXXXXX", sizeof(path));
		if (mkdtemp(path) == NULL)
			err(1, "%s", path);
		strlcat(path, "/leases", sizeof(path));
		atexit(cleanup);
	}
	if (size > 0 && data[0] == '=')
		len = seal(data + 1, size - 1, file);
	else if (size > 0)
		memcpy(file, data, size);
	check_line(file, len);
	spit(file, len);
	if ((j = journal_open(path, error, sizeof(error))) == NULL)
		check_refused(file, len);
	else
		check_taken(j);
	return 0;
}

static size_t
seal(const uint8_t *data, size_t size, char *out)
{
	const uint8_t	*newline;
	size_t		 len, n;

	len = snprintf(out, MAXFILE, "vmnetd leases 1\n");
	while (size > 0) {
		newline = memchr(data, '\n', size);
		n = newline == NULL ? size : (size_t)(newline - data);
		memcpy(out + len, data, n);
		if (n == 0 || data[0] != '!')
			len += n + snprintf(out + len + n, 16, " %08x",
			    crc(out + len, n));
		else
			len += n;
		if (newline != NULL) {
			out[len++] = '\n';
			n++;
		}
		data += n;
		size -= n;
	}
	return len;
}

static uint32_t
crc(const char *s, size_t len)
{
	uint32_t	 c = 0xffffffffU;
	int		 bit;

	while (len-- > 0) {
		c ^= (uint8_t)*s++;
		for (bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0xedb88320U : c >> 1;
	}
	return ~c;
}

static void
spit(const char *buf, size_t len)
{
	int	 fd;

	if ((fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600)) == -1 ||
	    write(fd, buf, len) != (ssize_t)len)
		err(1, "%s", path);
	close(fd);
}

static void
check_refused(const char *want, size_t len)
{
	static char	 buf[2 * MAXFILE];
	ssize_t		 n;
	int		 fd;

	if ((fd = open(path, O_RDONLY)) == -1)
		err(1, "%s", path);
	n = read(fd, buf, sizeof(buf));
	close(fd);
	if (n != (ssize_t)len || memcmp(buf, want, len) != 0)
		abort();
}

static void
check_taken(struct journal *j)
{
	static struct records	 first, second;
	char			 error[2048];
	size_t			 i;
	int			 before = nwarnings;

	first.n = second.n = 0;
	journal_each(j, collect, &first);
	if (first.n != journal_count(j))
		abort();
	/* All of it can be written, too. */
	for (i = 0; i < first.n; i++)
		if (journal_put(j, &first.r[i]) == -1)
			abort();
	if (journal_commit(j, 1) == -1)
		abort();
	journal_close(j);
	if ((j = journal_open(path, error, sizeof(error))) == NULL)
		abort();
	journal_each(j, collect, &second);
	journal_close(j);
	if (nwarnings != before || first.n != second.n ||
	    memcmp(first.r, second.r, first.n * sizeof(first.r[0])) != 0)
		abort();
}

static void
collect(void *arg, const struct lease_record *r)
{
	struct records	*records = arg;

	if (records->n == MAXRECORDS)
		abort();
	records->r[records->n++] = *r;
}

/* The first record alone: taken or not, and written back as it was. */
static void
check_line(const char *file, size_t len)
{
	struct lease_record	 r;
	char			 line[1024], back[JOURNAL_LINELEN];
	const char		*newline;

	newline = memchr(file, '\n', len);
	if (newline == NULL || newline + 1 == file + len)
		return;
	len -= newline + 1 - file;
	file = newline + 1;
	newline = memchr(file, '\n', len);
	if (newline != NULL)
		len = newline - file;
	if (len >= sizeof(line) || memchr(file, '\0', len) != NULL)
		return;
	memcpy(line, file, len);
	line[len] = '\0';
	if (journal_parse(line, &r) == 0 &&
	    (journal_format(&r, back, sizeof(back)) == -1 ||
	    strcmp(line, back) != 0))
		abort();
}

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


#include <sys/stat.h>
#include <sys/tree.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "conf.h"
#include "journal.h"
#include "lease.h"
#include "log.h"
#include "pool.h"

#define MAGIC		"vmnetd leases "
#define HEADER		MAGIC "1\n"
#define HEADERLEN	(sizeof(HEADER) - 1)
#define SYNCED		"synced"	/* all before this line is on disk */
#define NEWSUFFIX	".new"		/* what a compaction writes */

#define CHUNK		16384		/* read and written at once */
#define CRCLEN		9		/* a space and eight digits */
#define FIELDS		11		/* of a lease, without checksum */
#define FORGETFIELDS	3
/* Less than this is not worth a new file. */
#define COMPACT_MIN	((size_t)64 * 1024)

/* One live record.  Kept small: there may be 100,000. */
struct entry {
	RB_ENTRY(entry)		 byname;
	RB_ENTRY(entry)		 bysubnet;
	const char		*pool;		/* shared */
	int64_t			 since;
	int64_t			 expires;
	uint32_t		 subnet;
	uint32_t		 guest;
	uint16_t		 linelen;	/* with its newline */
	uint8_t			 lladdr[LLADDR_LEN];
	uint8_t			 has_lladdr;
	uint8_t			 plen;
	uint8_t			 ifn;
	uint8_t			 state;
	char			 text[];	/* VM name, NUL, hostname */
};
RB_HEAD(names, entry);
RB_HEAD(subnets, entry);

/* The name of a pool, shared by its records. */
struct poolname {
	RB_ENTRY(poolname)	 entry;
	char			 name[POOL_NAMELEN];
};
RB_HEAD(poolnames, poolname);

struct journal {
	char			*path;		/* for messages */
	char			*file;		/* relative to dirfd */
	char			*newfile;
	int			 dirfd;
	int			 fd;
	dev_t			 dev;		/* which file that is */
	ino_t			 ino;
	off_t			 size;		/* all good, even if there
						 * should be more */
	bool			 unsynced;	/* some of that */
	bool			 rewrite;	/* the file cannot be relied
						 * on: only a new one helps */
	size_t			 postpone;	/* dead bytes more before the
						 * next compaction */
	char			*queue;		/* to be appended */
	size_t			 qlen;
	size_t			 qsize;
	struct names		 names;
	struct subnets		 subnets;
	struct poolnames	 poolnames;
	size_t			 count;
	size_t			 live;		/* bytes of the live records */
	char			 error[PATH_MAX + 256];
};

/* Where reading is. */
struct reader {
	off_t			 offset;	/* of the line */
	size_t			 line;
	off_t			 bad;		/* first damaged line: offset */
	size_t			 badline;	/* and number, or 0 */
};

static int	 names_cmp(const struct entry *, const struct entry *);
static int	 vmif_cmp(const char *, uint8_t, const struct entry *);
static int	 subnets_cmp(const struct entry *, const struct entry *);
static int	 poolnames_cmp(const struct poolname *,
		    const struct poolname *);

static int	 fail(struct journal *, const char *, ...)
		    __attribute__((__format__ (printf, 2, 3)));
static int	 fail_errno(struct journal *, const char *);
static int	 paths(struct journal *, const char *);
static int	 open_file(struct journal *);
static int	 check_file(struct journal *);
static int	 read_file(struct journal *);
static ssize_t	 read_lines(struct journal *, struct reader *, const char *,
		    size_t, bool);
static int	 read_header(struct journal *, const char *, size_t);
static int	 read_line(struct journal *, struct reader *, const char *,
		    size_t);
static void	 read_damaged(struct reader *);
static int	 read_tail(struct journal *, const struct reader *);
static int	 settle_file(struct journal *);

static uint32_t	 crc32_of(const char *, size_t);
static bool	 line_intact(const char *, size_t);
static int	 line_seal(char *, size_t, int);
static int	 synced_format(char *, size_t);
static bool	 is_synced(const char *);
static int	 line_parse(const char *, struct lease_record *, bool *);
static int	 fields_parse(char **, struct lease_record *);
static int	 record_format(const struct lease_record *, char *, size_t);
static int	 forget_format(const char *, uint8_t, char *, size_t);
static int	 number_parse(const char *, int64_t, int64_t *);
static int	 state_parse(const char *, uint8_t *);
static int	 lladdr_parse(const char *, struct lease_record *);
static int	 hexdigit(char);
static void	 hostname_encode(const char *, char *);
static int	 hostname_decode(const char *, char *);
static const char *record_check(const struct lease_record *);

static struct entry *entry_find(const struct journal *, const char *, uint8_t);
static struct entry *entry_overlap(struct journal *, struct entry *);
static bool	 entry_touches(const struct entry *, const struct entry *);
static struct entry *entry_new(struct journal *, const struct lease_record *,
		    size_t);
static const char *poolname_get(struct journal *, const char *);
static void	 entry_record(const struct entry *, struct lease_record *);
static int	 entry_add(struct journal *, const struct lease_record *,
		    size_t);
static void	 entry_remove(struct journal *, struct entry *);

static void	 queue_line(struct journal *, const char *, size_t);
static void	 queue_add(struct journal *, const char *, size_t);
static bool	 is_in_place(const struct journal *);
static bool	 compaction_due(const struct journal *);
static int	 append(struct journal *);
static int	 rewrite(struct journal *);
static int	 rewrite_replace(struct journal *, int, off_t);
static int	 write_live(struct journal *, int, off_t *);
static int	 write_all(int, const char *, size_t);
static int	 sync_data(int);
static int	 sync_all(int);
static int	 sync_dir(struct journal *);

RB_PROTOTYPE_STATIC(names, entry, byname, names_cmp);
RB_GENERATE_STATIC(names, entry, byname, names_cmp);
RB_PROTOTYPE_STATIC(subnets, entry, bysubnet, subnets_cmp);
RB_GENERATE_STATIC(subnets, entry, bysubnet, subnets_cmp);
RB_PROTOTYPE_STATIC(poolnames, poolname, entry, poolnames_cmp);
RB_GENERATE_STATIC(poolnames, poolname, entry, poolnames_cmp);

static int
names_cmp(const struct entry *a, const struct entry *b)
{
	return vmif_cmp(a->text, a->ifn, b);
}

static int
vmif_cmp(const char *vm, uint8_t ifn, const struct entry *e)
{
	int	 cmp = strcmp(vm, e->text);

	return cmp != 0 ? cmp : (int)ifn - (int)e->ifn;
}

/* Names of pools are shared, so their addresses tell them apart. */
static int
subnets_cmp(const struct entry *a, const struct entry *b)
{
	if (a->pool != b->pool)
		return (uintptr_t)a->pool < (uintptr_t)b->pool ? -1 : 1;
	return a->subnet < b->subnet ? -1 : a->subnet > b->subnet;
}

static int
poolnames_cmp(const struct poolname *a, const struct poolname *b)
{
	return strcmp(a->name, b->name);
}

static int
fail(struct journal *j, const char *fmt, ...)
{
	va_list	 ap;
	int	 n;

	n = snprintf(j->error, sizeof(j->error), "%s: ", j->path);
	if (n < 0 || (size_t)n >= sizeof(j->error))
		return -1;
	va_start(ap, fmt);
	vsnprintf(j->error + n, sizeof(j->error) - n, fmt, ap);
	va_end(ap);
	return -1;
}

static int
fail_errno(struct journal *j, const char *what)
{
	return fail(j, "%s: %s", what, strerror(errno));
}

/* --- opening ------------------------------------------------------------ */

struct journal *
journal_open(const char *path, char *error, size_t size)
{
	struct journal	*j;

	if ((j = calloc(1, sizeof(*j))) == NULL ||
	    (j->path = strdup(path)) == NULL) {
		free(j);
		snprintf(error, size, "%s: %s", path, strerror(errno));
		return NULL;
	}
	j->dirfd = j->fd = -1;
	RB_INIT(&j->names);
	RB_INIT(&j->subnets);
	RB_INIT(&j->poolnames);
	if (paths(j, path) == -1 || open_file(j) == -1 ||
	    (j->fd != -1 && read_file(j) == -1) || settle_file(j) == -1) {
		strlcpy(error, j->error, size);
		journal_close(j);
		return NULL;
	}
	return j;
}

void
journal_close(struct journal *j)
{
	struct entry	*e;
	struct poolname	*n;

	while ((e = RB_ROOT(&j->names)) != NULL)
		entry_remove(j, e);
	while ((n = RB_ROOT(&j->poolnames)) != NULL) {
		RB_REMOVE(poolnames, &j->poolnames, n);
		free(n);
	}
	if (j->fd != -1)
		close(j->fd);
	if (j->dirfd != -1)
		close(j->dirfd);
	free(j->queue);
	free(j->newfile);
	free(j->file);
	free(j->path);
	free(j);
}

/* Hold the directory: to sync it, and for when we are elsewhere. */
static int
paths(struct journal *j, const char *path)
{
	const char	*slash = strrchr(path, '/');
	const char	*file = slash == NULL ? path : slash + 1;
	char		*dir;

	if (slash == NULL)
		dir = strdup(".");
	else if (slash == path)
		dir = strdup("/");
	else
		dir = strndup(path, slash - path);
	if (dir == NULL || (j->file = strdup(file)) == NULL ||
	    asprintf(&j->newfile, "%s%s", file, NEWSUFFIX) == -1) {
		j->newfile = NULL;
		free(dir);
		return fail(j, "out of memory");
	}
	j->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	return j->dirfd == -1 ? fail_errno(j, "its directory") : 0;
}

/* Open the file that is there, if it is one to be trusted. */
static int
open_file(struct journal *j)
{
	/* Non-blocking: it may turn out to be a FIFO. */
	j->fd = openat(j->dirfd, j->file, O_RDWR | O_APPEND | O_NONBLOCK |
	    O_NOFOLLOW | O_CLOEXEC);
	if (j->fd == -1 && errno == ELOOP)
		return fail(j, "not a regular file");
	if (j->fd == -1 && errno != ENOENT)
		return fail(j, "%s", strerror(errno));
	if (j->fd != -1 && check_file(j) == -1)
		return -1;
	/* Left behind by a crash, or in the way of what is to come. */
	if (unlinkat(j->dirfd, j->newfile, 0) == -1 && errno != ENOENT)
		return fail_errno(j, "cannot remove the file with " NEWSUFFIX
		    " after its name");
	if (j->fd == -1)
		j->rewrite = true;
	return 0;
}

static int
check_file(struct journal *j)
{
	struct stat	 st;

	if (fstat(j->fd, &st) == -1)
		return fail(j, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(j, "not a regular file");
	if (st.st_uid != geteuid())
		return fail(j, "owned by user %u, not by user %u",
		    (unsigned int)st.st_uid, (unsigned int)geteuid());
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return fail(j, "writable by others than its owner");
	/* A new file has the right mode. */
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		j->rewrite = true;
	j->dev = st.st_dev;
	j->ino = st.st_ino;
	return 0;
}

static int
read_file(struct journal *j)
{
	struct reader	 r = { 0, 0, 0, 0 };
	char		 buf[CHUNK];
	size_t		 have = 0;
	ssize_t		 n, used;

	do {
		n = read(j->fd, buf + have, sizeof(buf) - have);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fail_errno(j, "read");
		have += n;
		used = read_lines(j, &r, buf, have, n == 0);
		if (used == -1)
			return -1;
		have -= used;
		memmove(buf, buf + used, have);
	} while (n != 0);
	/* A new file has its name only when all is in it. */
	if (r.line == 0)
		return fail(j, "it is empty, as vmnetd never leaves it: "
		    "restore it, or move it away to begin without leases");
	return read_tail(j, &r);
}

/* Take the complete lines out of a buffer; the number of bytes used. */
static ssize_t
read_lines(struct journal *j, struct reader *r, const char *buf, size_t len,
    bool eof)
{
	const char	*newline;
	size_t		 used = 0, n;

	while (used < len) {
		newline = memchr(buf + used, '\n', len - used);
		if (newline == NULL && !eof && len - used < JOURNAL_LINELEN)
			break;
		n = len - used;
		if (newline != NULL)
			n = newline + 1 - (buf + used);
		if (r->line == 0) {
			if (read_header(j, buf, n) == -1)
				return -1;
			r->line = 1;
		} else {
			r->line++;
			if (newline == NULL)
				/* Cut short, or longer than any. */
				read_damaged(r);
			else if (read_line(j, r, buf + used, n - 1) == -1)
				return -1;
		}
		used += n;
		r->offset += n;
	}
	return used;
}

static int
read_header(struct journal *j, const char *line, size_t len)
{
	const size_t	 magiclen = sizeof(MAGIC) - 1;

	if (len == HEADERLEN && memcmp(line, HEADER, len) == 0)
		return 0;
	if (len < HEADERLEN && memcmp(line, HEADER, len) == 0)
		return fail(j, "line 1 is cut short: restore the file, or "
		    "move it away to begin without leases");
	if (len > magiclen && len < 40 &&
	    memcmp(line, MAGIC, magiclen) == 0 &&
	    line[len - 1] == '\n' && line[len - 2] == '\r')
		return fail(j, "line 1 ends with a carriage return, so the "
		    "file was changed: restore it, or move it away to begin "
		    "without leases");
	if (len > magiclen && len < 40 &&
	    memcmp(line, MAGIC, magiclen) == 0 && line[magiclen] >= '0' &&
	    line[magiclen] <= '9' && line[len - 1] == '\n')
		return fail(j, "line 1: this is version %.*s of the format, "
		    "from another vmnetd: run that one, or move the file away "
		    "to begin without leases", (int)(len - magiclen - 1),
		    line + magiclen);
	return fail(j, "line 1: not a lease file: restore it, or move it "
	    "away to begin without leases");
}

static int
read_line(struct journal *j, struct reader *r, const char *line, size_t len)
{
	struct lease_record	 record;
	struct entry		*e;
	char			 text[JOURNAL_LINELEN], why[256];
	bool			 forget;

	if (len >= sizeof(text) || !line_intact(line, len)) {
		read_damaged(r);
		return 0;
	}
	memcpy(text, line, len);
	text[len] = '\0';
	if (is_synced(text))
		return r->badline == 0 ? 0 : fail(j, "line %zu is damaged, "
		    "and was written without fault: restore the file, or "
		    "move it away to begin without leases", r->badline);
	/* What was never synced may be on disk in pieces: of no use. */
	if (r->badline != 0)
		return 0;
	if (line_parse(text, &record, &forget) == -1)
		return fail(j, "line %zu is no lease that this vmnetd knows: "
		    "restore the file, or move it away to begin without "
		    "leases", r->line);
	if (forget) {
		if ((e = entry_find(j, record.vm, record.ifn)) != NULL)
			entry_remove(j, e);
		return 0;
	}
	if (entry_add(j, &record, len + 1) == -1) {
		strlcpy(why, j->error + strlen(j->path) + 2, sizeof(why));
		return fail(j, "line %zu: %s: restore the file, or move it "
		    "away to begin without leases", r->line, why);
	}
	return 0;
}

static void
read_damaged(struct reader *r)
{
	if (r->badline == 0) {
		r->badline = r->line;
		r->bad = r->offset;
	}
}

/* What a crash cut short is dropped, before anything is written behind it. */
static int
read_tail(struct journal *j, const struct reader *r)
{
	j->size = r->offset;
	if (r->badline == 0)
		return 0;
	log_warnx("%s: line %zu is damaged: dropped the last %lld bytes",
	    j->path, r->badline, (long long)(r->offset - r->bad));
	if (ftruncate(j->fd, r->bad) == -1)
		return fail_errno(j, "cannot drop the damaged end");
	j->size = r->bad;
	return 0;
}

/*
 * Who wrote what was read may have been killed before it was synced, and from
 * now on it is relied on.
 */
static int
settle_file(struct journal *j)
{
	if (j->rewrite || sync_all(j->fd) == -1)
		return rewrite(j);
	return sync_dir(j);
}

/* --- lines -------------------------------------------------------------- */

/* CRC-32 of IEEE 802.3, by bytes: 100,000 lines are to be read at a start. */
static uint32_t
crc32_of(const char *p, size_t len)
{
	static uint32_t	 table[256];
	uint32_t	 crc;
	size_t		 i;
	int		 bit;

	for (i = 1; table[255] == 0 && i < 256; i++) {
		table[i] = i;
		for (bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^
			    (table[i] & 1 ? 0xedb88320U : 0);
	}
	crc = 0xffffffffU;
	for (i = 0; i < len; i++)
		crc = crc >> 8 ^ table[(crc ^ (uint8_t)p[i]) & 0xff];
	return ~crc;
}

/* Does a line end with the checksum of what is before? */
static bool
line_intact(const char *line, size_t len)
{
	const char	*sum = line + len - CRCLEN;
	uint32_t	 crc = 0;
	int		 i, digit;

	if (len <= CRCLEN || memchr(line, '\0', len) != NULL ||
	    *sum != ' ')
		return false;
	for (i = 1; i < CRCLEN; i++) {
		if ((digit = hexdigit(sum[i])) == -1)
			return false;
		crc = crc << 4 | digit;
	}
	return crc == crc32_of(line, len - CRCLEN);
}

/* Add the checksum; len is what snprintf(3) said.  The length, or -1. */
static int
line_seal(char *buf, size_t size, int len)
{
	if (len < 0 || size <= CRCLEN || (size_t)len >= size - CRCLEN)
		return -1;
	snprintf(buf + len, size - len, " %08x", crc32_of(buf, len));
	return len + CRCLEN;
}

static int
synced_format(char *buf, size_t size)
{
	return line_seal(buf, size, snprintf(buf, size, SYNCED));
}

/* Of a line that is intact. */
static bool
is_synced(const char *line)
{
	const size_t	 len = sizeof(SYNCED) - 1;

	return strncmp(line, SYNCED, len) == 0 && strlen(line + len) == CRCLEN;
}

int
journal_format(const struct lease_record *record, char *buf, size_t size)
{
	int	 len = record_format(record, buf, size);

	return line_seal(buf, size, len) == -1 ? -1 : 0;
}

/* Without the checksum: what snprintf(3) says, or -1. */
static int
record_format(const struct lease_record *record, char *buf, size_t size)
{
	const struct prefix	 subnet = { record->subnet, record->plen };
	char			 hostname[4 * HOSTNAME_LEN];

	if (record_check(record) != NULL)
		return -1;
	hostname_encode(record->hostname, hostname);
	return snprintf(buf, size, "lease %s %u %s %s %s %s %lld %lld %s %s",
	    record->vm, record->ifn, record->pool, prefix_ntoa(&subnet),
	    addr_ntoa(record->guest), lease_state_name(record->state),
	    (long long)record->since, (long long)record->expires,
	    record->has_lladdr ? lladdr_ntoa(record->lladdr) : "-", hostname);
}

static int
forget_format(const char *vm, uint8_t ifn, char *buf, size_t size)
{
	return line_seal(buf, size, snprintf(buf, size, "forget %s %u", vm,
	    ifn));
}

int
journal_parse(const char *line, struct lease_record *record)
{
	struct lease_record	 parsed;
	bool			 forget;

	if (strlen(line) >= JOURNAL_LINELEN ||
	    !line_intact(line, strlen(line)) ||
	    line_parse(line, &parsed, &forget) == -1 || forget)
		return -1;
	*record = parsed;
	return 0;
}

/*
 * An intact line of either kind.  There is one way to write each, and nothing
 * else is taken.
 */
static int
line_parse(const char *line, struct lease_record *record, bool *forget)
{
	char	 copy[JOURNAL_LINELEN];
	char	*field[FIELDS], *p = copy;
	int64_t	 ifn;
	int	 n;

	strlcpy(copy, line, sizeof(copy));
	copy[strlen(copy) - CRCLEN] = '\0';
	for (n = 0; p != NULL && n < FIELDS; n++)
		field[n] = strsep(&p, " ");
	memset(record, 0, sizeof(*record));
	if (p != NULL || n < FORGETFIELDS ||
	    strlcpy(record->vm, field[1], sizeof(record->vm)) >=
	    sizeof(record->vm) || number_parse(field[2], VMIF_MAX, &ifn) == -1)
		return -1;
	record->ifn = ifn;
	*forget = n == FORGETFIELDS && strcmp(field[0], "forget") == 0;
	if (*forget)
		return conf_valid_vmname(record->vm) ? 0 : -1;
	if (n != FIELDS || strcmp(field[0], "lease") != 0 ||
	    fields_parse(field, record) == -1)
		return -1;
	return record_check(record) == NULL ? 0 : -1;
}

static int
fields_parse(char **field, struct lease_record *record)
{
	struct prefix	 subnet;

	if (strlcpy(record->pool, field[3], sizeof(record->pool)) >=
	    sizeof(record->pool) ||
	    prefix_parse(field[4], &subnet) == -1 ||
	    addr_parse(field[5], &record->guest) == -1 ||
	    state_parse(field[6], &record->state) == -1 ||
	    number_parse(field[7], INT64_MAX, &record->since) == -1 ||
	    number_parse(field[8], INT64_MAX, &record->expires) == -1 ||
	    lladdr_parse(field[9], record) == -1 ||
	    hostname_decode(field[10], record->hostname) == -1)
		return -1;
	record->subnet = subnet.addr;
	record->plen = subnet.len;
	return 0;
}

/* Decimal as printf(3) writes it: without sign, space or leading zeros. */
static int
number_parse(const char *s, int64_t max, int64_t *n)
{
	int	 digit;

	if (*s == '\0' || (*s == '0' && s[1] != '\0'))
		return -1;
	for (*n = 0; *s != '\0'; s++) {
		digit = *s - '0';
		if (digit < 0 || digit > 9 || *n > (max - digit) / 10)
			return -1;
		*n = *n * 10 + digit;
	}
	return 0;
}

static int
state_parse(const char *s, uint8_t *state)
{
	uint8_t	 i;

	for (i = LEASE_IDLE; i < LEASE_FAILED; i++) {
		if (strcmp(s, lease_state_name(i)) == 0) {
			*state = i;
			return 0;
		}
	}
	return -1;
}

static int
lladdr_parse(const char *s, struct lease_record *record)
{
	int	 i, high, low;

	if (strcmp(s, "-") == 0)
		return 0;
	record->has_lladdr = 1;
	for (i = 0; i < LLADDR_LEN; i++) {
		if (i > 0 && *s++ != ':')
			return -1;
		if ((high = hexdigit(*s++)) == -1 ||
		    (low = hexdigit(*s++)) == -1)
			return -1;
		record->lladdr[i] = high << 4 | low;
	}
	return *s == '\0' ? 0 : -1;
}

static int
hexdigit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * Guests choose it: anything but a printable character is written as a
 * backslash and three octal digits, and so are the backslash and a "-" that
 * stands alone, which means none.
 */
static void
hostname_encode(const char *s, char *out)
{
	if (s[0] == '\0') {
		strlcpy(out, "-", 4 * HOSTNAME_LEN);
		return;
	}
	if (strcmp(s, "-") == 0) {
		strlcpy(out, "\\055", 4 * HOSTNAME_LEN);
		return;
	}
	for (; *s != '\0'; s++) {
		if (*s > ' ' && *s <= '~' && *s != '\\')
			*out++ = *s;
		else {
			snprintf(out, 5, "\\%03o", (unsigned char)*s);
			out += 4;
		}
	}
	*out = '\0';
}

static int
hostname_decode(const char *s, char *out)
{
	const char	*field = s;
	char		 again[4 * HOSTNAME_LEN];
	size_t		 n = 0, i;
	int		 c, digit;

	if (strcmp(s, "-") == 0)
		return 0;
	while (*s != '\0') {
		c = *s++;
		if (c == '\\') {
			for (c = 0, i = 0; i < 3; i++) {
				digit = hexdigit(*s++);
				if (digit == -1 || digit > 7)
					return -1;
				c = c << 3 | digit;
			}
		}
		if (c == 0 || c > UCHAR_MAX || n == HOSTNAME_LEN - 1)
			return -1;
		out[n++] = c;
	}
	out[n] = '\0';
	hostname_encode(out, again);
	return strcmp(field, again) == 0 ? 0 : -1;
}

/* NULL, or what is wrong with a record. */
static const char *
record_check(const struct lease_record *record)
{
	const struct prefix	 subnet = { record->subnet, record->plen };

	if (memchr(record->vm, '\0', sizeof(record->vm)) == NULL ||
	    !conf_valid_vmname(record->vm))
		return "not the name of a VM";
	if (memchr(record->pool, '\0', sizeof(record->pool)) == NULL ||
	    !conf_valid_poolname(record->pool))
		return "not the name of a pool";
	if (memchr(record->hostname, '\0', sizeof(record->hostname)) == NULL)
		return "a hostname without an end";
	if (subnet.len == 0 || subnet.len > 31 ||
	    prefix_first(&subnet) != subnet.addr)
		return "not a subnet";
	if (!subnet_usable(&subnet, record->guest))
		return "a guest address outside its subnet";
	if (record->state >= LEASE_FAILED)
		return "not a state";
	if (record->since < 0 || record->expires < 0)
		return "not a time: the clock of this host must be set";
	if (record->has_lladdr > 1)
		return "not a link-layer address";
	return NULL;
}

/* --- the live records --------------------------------------------------- */

static struct entry *
entry_find(const struct journal *j, const char *vm, uint8_t ifn)
{
	struct entry	*e = RB_ROOT(&j->names);
	int		 cmp;

	while (e != NULL && (cmp = vmif_cmp(vm, ifn, e)) != 0)
		e = cmp < 0 ? RB_LEFT(e, byname) : RB_RIGHT(e, byname);
	return e;
}

/* Those in a pool do not overlap, so only the neighbours can. */
static struct entry *
entry_overlap(struct journal *j, struct entry *new)
{
	struct entry	*next, *prev;

	next = RB_NFIND(subnets, &j->subnets, new);
	if (next != NULL && entry_touches(next, new))
		return next;
	prev = next != NULL ? RB_PREV(subnets, &j->subnets, next) :
	    RB_MAX(subnets, &j->subnets);
	return prev != NULL && entry_touches(prev, new) ? prev : NULL;
}

static bool
entry_touches(const struct entry *a, const struct entry *b)
{
	const struct prefix	 pa = { a->subnet, a->plen };
	const struct prefix	 pb = { b->subnet, b->plen };

	return a->pool == b->pool && prefix_overlaps(&pa, &pb);
}

static struct entry *
entry_new(struct journal *j, const struct lease_record *record, size_t linelen)
{
	size_t		 vmsize = strlen(record->vm) + 1;
	size_t		 hostsize = strlen(record->hostname) + 1;
	struct entry	*e;

	e = malloc(offsetof(struct entry, text) + vmsize + hostsize);
	if (e == NULL)
		return NULL;
	if ((e->pool = poolname_get(j, record->pool)) == NULL) {
		free(e);
		return NULL;
	}
	e->since = record->since;
	e->expires = record->expires;
	e->subnet = record->subnet;
	e->guest = record->guest;
	e->linelen = linelen;
	memcpy(e->lladdr, record->lladdr, sizeof(e->lladdr));
	e->has_lladdr = record->has_lladdr;
	e->plen = record->plen;
	e->ifn = record->ifn;
	e->state = record->state;
	memcpy(e->text, record->vm, vmsize);
	memcpy(e->text + vmsize, record->hostname, hostsize);
	return e;
}

static const char *
poolname_get(struct journal *j, const char *name)
{
	struct poolname	*n, key;

	strlcpy(key.name, name, sizeof(key.name));
	if ((n = RB_FIND(poolnames, &j->poolnames, &key)) != NULL)
		return n->name;
	if ((n = calloc(1, sizeof(*n))) == NULL)
		return NULL;
	strlcpy(n->name, name, sizeof(n->name));
	RB_INSERT(poolnames, &j->poolnames, n);
	return n->name;
}

static void
entry_record(const struct entry *e, struct lease_record *record)
{
	memset(record, 0, sizeof(*record));
	strlcpy(record->vm, e->text, sizeof(record->vm));
	strlcpy(record->pool, e->pool, sizeof(record->pool));
	strlcpy(record->hostname, e->text + strlen(e->text) + 1,
	    sizeof(record->hostname));
	record->subnet = e->subnet;
	record->guest = e->guest;
	record->since = e->since;
	record->expires = e->expires;
	record->ifn = e->ifn;
	record->plen = e->plen;
	record->state = e->state;
	record->has_lladdr = e->has_lladdr;
	memcpy(record->lladdr, e->lladdr, sizeof(record->lladdr));
}

/* In place of what the VM interface had before; -1 changes nothing. */
static int
entry_add(struct journal *j, const struct lease_record *record,
    size_t linelen)
{
	struct entry	*new, *old, *other;

	if ((new = entry_new(j, record, linelen)) == NULL)
		return fail(j, "out of memory");
	if ((old = RB_INSERT(names, &j->names, new)) != NULL)
		RB_REMOVE(subnets, &j->subnets, old);
	other = entry_overlap(j, new);
	if (old != NULL)
		RB_INSERT(subnets, &j->subnets, old);
	if (other != NULL) {
		if (old == NULL)
			RB_REMOVE(names, &j->names, new);
		free(new);
		return fail(j, "VM \"%s\" interface %u: VM \"%s\" interface "
		    "%u has its subnet", record->vm, record->ifn, other->text,
		    other->ifn);
	}
	if (old != NULL) {
		entry_remove(j, old);
		RB_INSERT(names, &j->names, new);
	}
	RB_INSERT(subnets, &j->subnets, new);
	j->live += linelen;
	j->count++;
	return 0;
}

static void
entry_remove(struct journal *j, struct entry *e)
{
	RB_REMOVE(names, &j->names, e);
	RB_REMOVE(subnets, &j->subnets, e);
	j->live -= e->linelen;
	j->count--;
	free(e);
}

void
journal_each(struct journal *j,
    void (*cb)(void *, const struct lease_record *), void *arg)
{
	struct lease_record	 record;
	struct entry		*e;

	RB_FOREACH(e, names, &j->names) {
		entry_record(e, &record);
		cb(arg, &record);
	}
}

int
journal_find(const struct journal *j, const char *vm, uint8_t ifn,
    struct lease_record *record)
{
	struct entry	*e = entry_find(j, vm, ifn);

	if (e == NULL)
		return -1;
	entry_record(e, record);
	return 0;
}

size_t
journal_count(const struct journal *j)
{
	return j->count;
}

const char *
journal_error(const struct journal *j)
{
	return j->error;
}

/* --- writing ------------------------------------------------------------ */

int
journal_put(struct journal *j, const struct lease_record *record)
{
	const char	*wrong;
	char		 line[JOURNAL_LINELEN];
	size_t		 len;

	if ((wrong = record_check(record)) != NULL)
		return fail(j, "record refused: %s", wrong);
	if (journal_format(record, line, sizeof(line)) == -1)
		return fail(j, "record refused: too long");
	len = strlen(line);
	line[len++] = '\n';
	if (entry_add(j, record, len) == -1)
		return -1;
	queue_add(j, line, len);
	return 0;
}

int
journal_forget(struct journal *j, const char *vm, uint8_t ifn)
{
	struct entry	*e;
	char		 line[JOURNAL_LINELEN];
	int		 len;

	if ((e = entry_find(j, vm, ifn)) == NULL)
		return 0;
	if ((len = forget_format(vm, ifn, line, sizeof(line))) == -1)
		return fail(j, "record refused: too long");
	line[len++] = '\n';
	entry_remove(j, e);
	queue_add(j, line, len);
	return 0;
}

/*
 * The live records are all in memory, so that a queue that cannot be kept, or
 * is longer than they are since nothing could be written for a long time, is
 * as good as a new file.
 */
static void
queue_line(struct journal *j, const char *line, size_t len)
{
	char	*queue;
	size_t	 size;

	if (j->rewrite)
		return;
	if (j->qlen + len > j->qsize) {
		size = j->qsize == 0 ? CHUNK : j->qsize * 2;
		if (j->qlen > j->live + COMPACT_MIN ||
		    (queue = realloc(j->queue, size)) == NULL) {
			j->rewrite = true;
			return;
		}
		j->queue = queue;
		j->qsize = size;
	}
	memcpy(j->queue + j->qlen, line, len);
	j->qlen += len;
}

/* What is written first after a sync says that there was one. */
static void
queue_add(struct journal *j, const char *line, size_t len)
{
	char	 mark[JOURNAL_LINELEN];
	int	 n;

	if (j->qlen == 0 && !j->unsynced) {
		n = synced_format(mark, sizeof(mark));
		mark[n++] = '\n';
		queue_line(j, mark, n);
	}
	queue_line(j, line, len);
}

int
journal_commit(struct journal *j, int sync)
{
	if (sync && !j->rewrite && (j->qlen > 0 || j->unsynced) &&
	    !is_in_place(j)) {
		log_warnx("%s: removed or replaced by somebody else: writing "
		    "it anew", j->path);
		j->rewrite = true;
	}
	if (j->rewrite)
		return rewrite(j);
	if (compaction_due(j)) {
		if (rewrite(j) == 0)
			return 0;
		if (j->rewrite)
			return -1;
		/* The old file is as good as before: go on with it. */
		log_warnx("%s", j->error);
		j->postpone += j->live + COMPACT_MIN;
	}
	if (j->qlen > 0 && append(j) == -1)
		return -1;
	if (!sync || !j->unsynced)
		return 0;
	if (sync_data(j->fd) == -1) {
		/* Nobody knows what of it is on disk, now or later. */
		j->rewrite = true;
		return fail_errno(j, "sync");
	}
	j->unsynced = false;
	return 0;
}

/* What is written to a file without its name is lost. */
static bool
is_in_place(const struct journal *j)
{
	struct stat	 st;

	if (fstatat(j->dirfd, j->file, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno != ENOENT;
	return st.st_dev == j->dev && st.st_ino == j->ino;
}

/* Is more than half of the file dead, once the queue is written? */
static bool
compaction_due(const struct journal *j)
{
	return j->qlen > 0 && (size_t)j->size + j->qlen >
	    HEADERLEN + 2 * j->live + COMPACT_MIN + j->postpone;
}

static int
append(struct journal *j)
{
	if (write_all(j->fd, j->queue, j->qlen) == -1) {
		fail_errno(j, "write");
		/* Nothing may be written behind half a record. */
		if (ftruncate(j->fd, j->size) == -1)
			j->rewrite = true;
		return -1;
	}
	j->size += j->qlen;
	j->qlen = 0;
	j->unsynced = true;
	return 0;
}

/*
 * Write the live records to a new file that takes the place of the old.
 * Until the rename the old one is untouched; after it, only the directory's
 * sync is missing, and both files hold all that was ever promised.
 */
static int
rewrite(struct journal *j)
{
	off_t	 size;
	int	 fd;

	unlinkat(j->dirfd, j->newfile, 0);
	fd = openat(j->dirfd, j->newfile, O_WRONLY | O_CREAT | O_EXCL |
	    O_APPEND | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd == -1)
		return fail_errno(j, "cannot create a new file");
	if (write_live(j, fd, &size) == -1 || sync_all(fd) == -1 ||
	    renameat(j->dirfd, j->newfile, j->dirfd, j->file) == -1) {
		fail_errno(j, "cannot write a new file");
		close(fd);
		unlinkat(j->dirfd, j->newfile, 0);
		return -1;
	}
	return rewrite_replace(j, fd, size);
}

static int
rewrite_replace(struct journal *j, int fd, off_t size)
{
	struct stat	 st;

	if (j->fd != -1)
		close(j->fd);
	j->fd = fd;
	j->size = size;
	j->qlen = 0;
	j->postpone = 0;
	j->unsynced = false;
	j->rewrite = true;
	if (fstat(fd, &st) == -1)
		return fail(j, "%s", strerror(errno));
	j->dev = st.st_dev;
	j->ino = st.st_ino;
	j->rewrite = sync_dir(j) == -1;
	return j->rewrite ? -1 : 0;
}

static int
write_live(struct journal *j, int fd, off_t *size)
{
	struct lease_record	 record;
	struct entry		*e;
	char			 buf[CHUNK];
	size_t			 len = HEADERLEN;

	*size = 0;
	memcpy(buf, HEADER, len);
	RB_FOREACH(e, names, &j->names) {
		if (len + 2 * JOURNAL_LINELEN > sizeof(buf)) {
			if (write_all(fd, buf, len) == -1)
				return -1;
			*size += len;
			len = 0;
		}
		entry_record(e, &record);
		if (journal_format(&record, buf + len, JOURNAL_LINELEN) == -1) {
			errno = EINVAL;
			return -1;
		}
		len += e->linelen;
		buf[len - 1] = '\n';
	}
	/* It is synced before it is seen under its name. */
	if (j->count > 0) {
		len += synced_format(buf + len, JOURNAL_LINELEN);
		buf[len++] = '\n';
	}
	*size += len;
	return write_all(fd, buf, len);
}

static int
write_all(int fd, const char *buf, size_t len)
{
	ssize_t	 n;

	while (len > 0) {
		n = write(fd, buf, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0) {
			errno = ENOSPC;
			return -1;
		}
		buf += n;
		len -= n;
	}
	return 0;
}

static int
sync_data(int fd)
{
	int	 n;

	while ((n = fdatasync(fd)) == -1 && errno == EINTR)
		continue;
	return n;
}

/* Some file systems cannot sync a directory, and say so. */
static int
sync_dir(struct journal *j)
{
	if (sync_all(j->dirfd) == -1 && errno != EINVAL)
		return fail_errno(j, "cannot sync its directory");
	return 0;
}

static int
sync_all(int fd)
{
	int	 n;

	while ((n = fsync(fd)) == -1 && errno == EINTR)
		continue;
	return n;
}

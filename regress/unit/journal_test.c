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
 * Linked with --wrap for each of the functions __wrap_*() below, which fail,
 * stop half way, or end the process as a power cut would.
 */

#include <sys/types.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"
#include "journal.h"
#include "lease.h"
#include "log.h"
#include "test.h"

#define HEADER		"vmnetd leases 1\n"
#define SYNCEDLEN	16		/* "synced", checksum, newline */
#define EXAMPLE		"lease vm0 0 default 172.16.0.2/31 172.16.0.3 bound " \
			"1764000000 1764003600 fe:e1:bb:d1:f1:00 myhost"
#define NVMS		12
#define MAXOPS		560
#define MAXFILES	64
#define MAXFILE		(256 * 1024)

/* The calls that change what is on disk. */
enum call {
	CALL_OPENAT,
	CALL_WRITE,
	CALL_FSYNC,		/* and fdatasync */
	CALL_FTRUNCATE,
	CALL_RENAMEAT,
	CALL_MAX
};

/* What goes wrong, and when. */
struct fault {
	int		 after;		/* calls that succeed; -1 all */
	int		 times;		/* how many fail then; -1 all */
	int		 error;
};

/* What is on disk whatever happens: the bytes of one file. */
struct durable {
	ino_t		 ino;
	size_t		 len;
	char		*data;
};

static struct fault	 faults[CALL_MAX];
static size_t		 short_write;	/* bytes a write takes; 0 all */
static bool		 interrupt;	/* each call fails with EINTR first */
static bool		 nosync = true;	/* save time */
static int		 ncalls[CALL_MAX];
static int		 crash_at;	/* number of the call; 0 never */
static bool		 crash_inside;	/* half a write is done */
static int		 ncrashable;
static bool		 track;		/* remember what is durable */
static struct durable	 durables[MAXFILES];
static ino_t		 durable_names[2];
static int		 nwarnings;
static char		 warning[2048];
static char		 dir[64];	/* of this test, absolute */
static char		 path[128];	/* of the journal in it */
static char		 newpath[128];
static char		 error[2048];
static uint32_t		 seed = 521288629U;

int	 __wrap_openat(int, const char *, int, ...);
ssize_t	 __wrap_write(int, const void *, size_t);
int	 __wrap_fsync(int);
int	 __wrap_fdatasync(int);
int	 __wrap_ftruncate(int, off_t);
int	 __wrap_renameat(int, const char *, int, const char *);
void	 __wrap_log_warnx(const char *, ...)
	    __attribute__((__format__ (printf, 1, 2)));
int	 __real_openat(int, const char *, int, ...);
ssize_t	 __real_write(int, const void *, size_t);
int	 __real_fsync(int);
int	 __real_ftruncate(int, off_t);
int	 __real_renameat(int, const char *, int, const char *);
static void	 crash(void);

static uint32_t
rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

/* --- the calls ---------------------------------------------------------- */

/* Does this call fail? */
static bool
goes_wrong(enum call call)
{
	static bool	 interrupted;
	struct fault	*f = &faults[call];

	ncalls[call]++;
	if (interrupt && (interrupted = !interrupted) &&
	    (call == CALL_WRITE || call == CALL_FSYNC)) {
		errno = EINTR;
		return true;
	}
	if (f->after == -1 || f->times == 0)
		return false;
	if (f->after > 0) {
		f->after--;
		return false;
	}
	if (f->times > 0)
		f->times--;
	errno = f->error;
	return true;
}

/* Is this where the power goes? */
static bool
is_crash(void)
{
	return track && ++ncrashable == crash_at;
}

static struct durable *
durable_of(ino_t ino)
{
	int	 i;

	for (i = 0; i < MAXFILES; i++)
		if (durables[i].ino == ino || durables[i].ino == 0)
			break;
	if (i == MAXFILES)
		errx(1, "too many files");
	durables[i].ino = ino;
	return &durables[i];
}

/* The content of a file, or -1. */
static ssize_t
slurp(const char *file, char *buf, size_t size)
{
	ssize_t	 n, len = 0;
	int	 fd;

	if ((fd = open(file, O_RDONLY)) == -1)
		return -1;
	while ((n = read(fd, buf + len, size - len)) > 0)
		len += n;
	close(fd);
	return len;
}

static ino_t
inode(const char *file)
{
	struct stat	 st;

	return stat(file, &st) == -1 ? 0 : st.st_ino;
}

/* What a sync makes durable: a file's content, or the directory's names. */
static void
make_durable(int fd)
{
	static char	 buf[MAXFILE];
	struct durable	*d;
	struct stat	 st;
	ssize_t		 n;

	if (fstat(fd, &st) == -1)
		err(1, "fstat");
	if (S_ISDIR(st.st_mode)) {
		durable_names[0] = inode(path);
		durable_names[1] = inode(newpath);
		return;
	}
	n = slurp(st.st_ino == inode(path) ? path : newpath, buf,
	    sizeof(buf));
	if (n == -1)
		err(1, "%s", path);
	d = durable_of(st.st_ino);
	free(d->data);
	if ((d->data = malloc(n + 1)) == NULL)
		err(1, NULL);
	memcpy(d->data, buf, n);
	d->len = n;
}

int
__wrap_openat(int at, const char *file, int flags, ...)
{
	struct stat	 st;
	va_list		 ap;
	int		 fd, mode = 0;

	if ((flags & O_CREAT) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, int);
		va_end(ap);
		if (is_crash())
			crash();
		if (goes_wrong(CALL_OPENAT))
			return -1;
	}
	fd = __real_openat(at, file, flags, mode);
	if (track && (flags & O_CREAT) != 0 && fd != -1 &&
	    fstat(fd, &st) == 0)
		durable_of(st.st_ino)->len = 0;
	return fd;
}

ssize_t
__wrap_write(int fd, const void *buf, size_t len)
{
	if (is_crash()) {
		if (crash_inside && __real_write(fd, buf, len / 2) == -1)
			err(1, "write");
		crash();
	}
	if (goes_wrong(CALL_WRITE)) {
		/* A disk fills in the middle of a record. */
		if (errno == ENOSPC && len > 10 &&
		    __real_write(fd, buf, len - 10) > 0 &&
		    faults[CALL_WRITE].times != 0)
			return len - 10;
		return -1;
	}
	if (short_write != 0 && len > short_write)
		len = short_write;
	return __real_write(fd, buf, len);
}

int
__wrap_fsync(int fd)
{
	if (is_crash())
		crash();
	if (goes_wrong(CALL_FSYNC))
		return -1;
	if (track)
		make_durable(fd);
	return nosync ? 0 : __real_fsync(fd);
}

int
__wrap_fdatasync(int fd)
{
	return __wrap_fsync(fd);
}

int
__wrap_ftruncate(int fd, off_t size)
{
	if (is_crash())
		crash();
	return goes_wrong(CALL_FTRUNCATE) ? -1 : __real_ftruncate(fd, size);
}

int
__wrap_renameat(int from, const char *old, int to, const char *new)
{
	if (is_crash())
		crash();
	return goes_wrong(CALL_RENAMEAT) ? -1 :
	    __real_renameat(from, old, to, new);
}

void
__wrap_log_warnx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(warning, sizeof(warning), fmt, ap);
	va_end(ap);
	nwarnings++;
}

static void
all_well(void)
{
	int	 i;

	for (i = 0; i < CALL_MAX; i++)
		faults[i].after = -1;
	short_write = 0;
	interrupt = false;
	nwarnings = 0;
	memset(ncalls, 0, sizeof(ncalls));
}

static void
will_fail(enum call call, int after, int times, int e)
{
	faults[call].after = after;
	faults[call].times = times;
	faults[call].error = e;
}

/* --- files and records -------------------------------------------------- */

static void
spit(const char *file, const char *buf, size_t len)
{
	int	 fd;

	if ((fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600)) == -1 ||
	    (len > 0 && __real_write(fd, buf, len) != (ssize_t)len))
		err(1, "%s", file);
	close(fd);
}

static void
start_over(void)
{
	all_well();
	unlink(path);
	unlink(newpath);
}

/* CRC-32 bit by bit. */
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

/* A line with its checksum, in one of two buffers. */
static const char *
sealed(const char *text)
{
	static char	 buf[2][1024];
	static int	 i;

	i = !i;
	snprintf(buf[i], sizeof(buf[i]), "%s %08x", text,
	    crc(text, strlen(text)));
	return buf[i];
}

static struct lease_record
record(const char *vm, uint8_t ifn, const char *subnet)
{
	struct lease_record	 r;
	struct prefix		 p = { 0, 0 };

	memset(&r, 0, sizeof(r));
	CHECK(prefix_parse(subnet, &p) == 0);
	strlcpy(r.vm, vm, sizeof(r.vm));
	strlcpy(r.pool, "lab", sizeof(r.pool));
	r.ifn = ifn;
	r.subnet = p.addr;
	r.plen = p.len;
	r.guest = p.addr + (p.len == 31 ? 1 : 2);
	r.since = 1764000000;
	return r;
}

static bool
equal(const struct lease_record *a, const struct lease_record *b)
{
	return strcmp(a->vm, b->vm) == 0 && strcmp(a->pool, b->pool) == 0 &&
	    strcmp(a->hostname, b->hostname) == 0 && a->ifn == b->ifn &&
	    a->subnet == b->subnet && a->plen == b->plen &&
	    a->guest == b->guest && a->since == b->since &&
	    a->expires == b->expires && a->state == b->state &&
	    a->has_lladdr == b->has_lladdr &&
	    memcmp(a->lladdr, b->lladdr, sizeof(a->lladdr)) == 0;
}

static struct journal *
reopen(void)
{
	struct journal	*j;

	error[0] = '\0';
	j = journal_open(path, error, sizeof(error));
	return j;
}

static struct journal *
must_open(void)
{
	struct journal	*j = reopen();

	if (!CHECK(j != NULL)) {
		printf("\t%s\n", error);
		exit(test_end("journal"));
	}
	return j;
}

static bool
has(const struct journal *j, const struct lease_record *want)
{
	struct lease_record	 r;

	return journal_find(j, want->vm, want->ifn, &r) == 0 &&
	    equal(&r, want);
}

/* --- a long story ------------------------------------------------------- */

struct op {
	bool			 forget;
	struct lease_record	 r;
};

/*
 * Step i of a story with 12 VMs that come, change, move and are forgotten.
 * The lines are long, so that there is soon much to compact.
 */
static struct op
story(int i)
{
	struct op	 op;
	char		 vm[16], subnet[32];
	int		 k = i * 5 % NVMS;

	snprintf(vm, sizeof(vm), "vm%d", k);
	snprintf(subnet, sizeof(subnet), "10.0.0.%d/31",
	    4 * k + 2 * (i / 40 % 2));
	op.forget = i % 17 == 16;
	op.r = record(vm, 0, subnet);
	op.r.since = i;
	memset(op.r.hostname, '\001' + i % 30, HOSTNAME_LEN - 1);
	return op;
}

static void
tell(struct journal *j, int i)
{
	struct op	 op = story(i);

	if (op.forget)
		CHECK_INT(journal_forget(j, op.r.vm, op.r.ifn), 0);
	else
		CHECK_INT(journal_put(j, &op.r), 0);
}

struct world {
	struct lease_record	 r[NVMS];
	bool			 there[NVMS];
	int			 n;
};

static void
world_step(struct world *w, int i)
{
	struct op	 op = story(i);
	int		 k = i * 5 % NVMS;

	w->n += !op.forget - w->there[k];
	w->there[k] = !op.forget;
	w->r[k] = op.r;
}

static bool
world_is(const struct journal *j, const struct world *w)
{
	int	 k;

	if (journal_count(j) != (size_t)w->n)
		return false;
	for (k = 0; k < NVMS; k++)
		if (w->there[k] && !has(j, &w->r[k]))
			return false;
	return true;
}

/* How much of the story a journal tells, at least from and at most to. */
static int
told(const struct journal *j, int from, int to)
{
	struct world	 w;
	int		 i;

	memset(&w, 0, sizeof(w));
	for (i = 0; i < from; i++)
		world_step(&w, i);
	for (; !world_is(j, &w); i++) {
		if (i >= to)
			return -1;
		world_step(&w, i);
	}
	return i;
}

/* Is the file what it should be, now and when read again? */
static void
check_told(struct journal *j, int n)
{
	CHECK_INT(told(j, n, n), n);
	journal_close(j);
	j = must_open();
	CHECK_INT(told(j, n, n), n);
	CHECK_INT(nwarnings, 0);
	journal_close(j);
}

/* --- lines -------------------------------------------------------------- */

static void
test_line(void)
{
	struct lease_record	 r;
	char			 buf[JOURNAL_LINELEN];
	const uint8_t		 mac[] = { 0xfe, 0xe1, 0xbb, 0xd1, 0xf1, 0 };

	CHECK_INT(crc("123456789", 9), 0xcbf43926U);
	if (CHECK_INT(journal_parse(sealed(EXAMPLE), &r), 0)) {
		CHECK_STR(r.vm, "vm0");
		CHECK_STR(r.pool, "default");
		CHECK_STR(r.hostname, "myhost");
		CHECK_STR(addr_ntoa(r.subnet), "172.16.0.2");
		CHECK_STR(addr_ntoa(r.guest), "172.16.0.3");
		CHECK_INT(r.plen, 31);
		CHECK_INT(r.ifn, 0);
		CHECK_INT(r.state, LEASE_BOUND);
		CHECK_INT(r.since, 1764000000);
		CHECK_INT(r.expires, 1764003600);
		CHECK_INT(r.has_lladdr, 1);
		CHECK_MEM(r.lladdr, mac, 6);
		CHECK_INT(journal_format(&r, buf, sizeof(buf)), 0);
		CHECK_STR(buf, sealed(EXAMPLE));
		CHECK_INT(journal_format(&r, buf, strlen(buf) + 1), 0);
		CHECK_INT(journal_format(&r, buf, strlen(buf)), -1);
		CHECK_INT(journal_format(&r, buf, 3), -1);
	}
}

static void
test_line_refused(void)
{
	static const char *const bad[] = {
		"", "lease", "lease vm0 0", "forget vm0 0", "forget vm0",
		"bind vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - ",
		"lease  vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - -",
		" lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - -",
		"lease vm0 00 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - -",
		"lease vm0 256 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - -",
		"lease vm0 -1 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - -",
		"lease vm/0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - -",
		"lease -vm 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - -",
		"lease vm0 0 l/b 10.0.0.2/31 10.0.0.3 idle 1 0 - -",
		"lease vm0 0 lab 10.0.0.3/31 10.0.0.3 idle 1 0 - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.2 idle 1 0 - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.4 idle 1 0 - -",
		"lease vm0 0 lab 10.0.0.2/32 10.0.0.2 idle 1 0 - -",
		"lease vm0 0 lab 0.0.0.0/0 10.0.0.2 idle 1 0 - -",
		"lease vm0 0 lab 10.0.0.2 10.0.0.3 idle 1 0 - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 failed 1 0 - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 Idle 1 0 - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle -1 0 - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 01 0 - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle +1 0 - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1- 0 - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle  0 - -",
		"lease vm0  lab 10.0.0.2/31 10.0.0.3 idle 1 0 - -",
		"lease vm0 0 lab 10.0.0.02/31 10.0.0.3 idle 1 0 - -",
		"lease vm0 0 lab 10.0.0.2/031 10.0.0.3 idle 1 0 - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.03 idle 1 0 - -",
		"forget vm0 00", "forget v/m 0", "forgot vm0 0",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 x - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle "
		    "9223372036854775808 0 - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle "
		    "92233720368547758070 0 - -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 2:0:0:0:0:1 -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 "
		    "02:00:00:00:00:0A -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 "
		    "02:00:00:00:00:01: -",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - a\\",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - a\\04",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - a\\000",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - a\\400",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - \\141",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - a\tb",
		"lease vm0 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - "
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaa",
		"lease aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaa 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - -",
		"lease vm0 0 aaaaaaaaaaaaaaaaaaaaaaaaaaaa 10.0.0.2/31 10.0.0.3 "
		    "idle 1 0 - -"
	};
	struct lease_record	 r;
	char			 buf[1024];
	size_t			 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!CHECK(journal_parse(sealed(bad[i]), &r) == -1))
			printf("\ttaken: %s\n", bad[i]);
	/* Right but for the checksum. */
	CHECK_INT(journal_parse(sealed("lease vm0 255 lab 10.0.0.2/31 10.0.0.3 "
	    "idle 1 0 - -"), &r), 0);
	CHECK_INT(journal_parse(EXAMPLE, &r), -1);
	CHECK_INT(journal_parse(EXAMPLE " 00000000", &r), -1);
	strlcpy(buf, sealed(EXAMPLE), sizeof(buf));
	buf[4]++;
	CHECK_INT(journal_parse(buf, &r), -1);
	memset(buf, 'a', 600);
	buf[600] = '\0';
	CHECK_INT(journal_parse(sealed(buf), &r), -1);
}

static void
random_hostname(char *s)
{
	size_t	 i, len = rnd() % HOSTNAME_LEN;

	for (i = 0; i < len; i++)
		s[i] = rnd() % 4 ? 'a' + rnd() % 26 : 1 + rnd() % 255;
	if (rnd() % 8 == 0)
		strlcpy(s, rnd() % 2 ? "-" : "\\055", HOSTNAME_LEN);
	if (rnd() % 8 == 0)
		memset(s, 0xff, HOSTNAME_LEN - 1);
}

static struct lease_record
random_record(void)
{
	struct lease_record	 r;
	size_t			 i, len;

	memset(&r, 0, sizeof(r));
	len = 1 + rnd() % (VM_NAMELEN - 1);
	for (i = 0; i < len; i++)
		r.vm[i] = "abcxyzABC0123456789"[rnd() % 19];
	len = 1 + rnd() % (POOL_NAMELEN - 1);
	for (i = 0; i < len; i++)
		r.pool[i] = "abcxyzABC0123456789"[rnd() % 19];
	random_hostname(r.hostname);
	r.ifn = rnd();
	r.plen = 1 + rnd() % 31;
	r.subnet = rnd() & addr_mask(r.plen);
	r.guest = r.subnet + (r.plen == 31 ? 1 : 2);
	r.state = rnd() % LEASE_FAILED;
	r.since = rnd() % 8 ? (int64_t)rnd() : INT64_MAX;
	r.expires = rnd() % 8 ? (int64_t)rnd() : INT64_MAX;
	r.has_lladdr = rnd() % 2;
	for (i = 0; i < LLADDR_LEN && r.has_lladdr; i++)
		r.lladdr[i] = rnd();
	return r;
}

static void
test_line_random(void)
{
	struct lease_record	 r, back;
	char			 buf[JOURNAL_LINELEN];
	size_t			 k, longest = 0;
	int			 i;

	for (i = 0; i < 20000; i++) {
		r = random_record();
		if (!CHECK_INT(journal_format(&r, buf, sizeof(buf)), 0))
			continue;
		for (k = 0; buf[k] != '\0'; k++)
			if (buf[k] < ' ' || buf[k] > '~')
				break;
		CHECK_INT(buf[k], '\0');
		if (k > longest)
			longest = k;
		CHECK(journal_parse(buf, &back) == 0 && equal(&r, &back));
	}
	CHECK(longest < JOURNAL_LINELEN - 1);
}

/* --- a file ------------------------------------------------------------- */

static void
test_file(void)
{
	struct journal		*j;
	struct lease_record	 a, b;
	struct stat		 st;
	char			 buf[4096], want[4096], line[JOURNAL_LINELEN];
	ssize_t			 n;

	start_over();
	j = must_open();
	CHECK_INT(journal_count(j), 0);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
	n = slurp(path, buf, sizeof(buf));
	CHECK_INT(n, strlen(HEADER));
	CHECK_MEM(buf, HEADER, strlen(HEADER));
	a = record("vm0", 0, "10.0.0.2/31");
	b = record("vm1", 3, "10.0.0.4/31");
	strlcpy(b.hostname, "two words", sizeof(b.hostname));
	CHECK_INT(journal_put(j, &a), 0);
	CHECK_INT(journal_put(j, &b), 0);
	/* Nothing is written before the commit, and all of it at once. */
	CHECK_INT(slurp(path, buf, sizeof(buf)), n);
	all_well();
	CHECK_INT(journal_commit(j, 1), 0);
	CHECK_INT(ncalls[CALL_WRITE], 1);
	CHECK_INT(ncalls[CALL_FSYNC], 1);
	CHECK_INT(journal_forget(j, "vm0", 0), 0);
	CHECK_INT(journal_forget(j, "vm0", 0), 0);
	CHECK_INT(journal_forget(j, "other", 0), 0);
	CHECK_INT(journal_commit(j, 0), 0);
	CHECK_INT(ncalls[CALL_WRITE], 2);
	CHECK_INT(ncalls[CALL_FSYNC], 1);
	/* What was not synced then is now; and then there is nothing to do. */
	CHECK_INT(journal_commit(j, 1), 0);
	CHECK_INT(journal_commit(j, 1), 0);
	CHECK_INT(ncalls[CALL_WRITE], 2);
	CHECK_INT(ncalls[CALL_FSYNC], 2);
	journal_format(&a, line, sizeof(line));
	snprintf(want, sizeof(want), "%s%s\n%s\n", HEADER,
	    sealed("synced"), line);
	journal_format(&b, line, sizeof(line));
	strlcat(want, line, sizeof(want));
	strlcat(want, "\n", sizeof(want));
	strlcat(want, sealed("synced"), sizeof(want));
	strlcat(want, "\n", sizeof(want));
	strlcat(want, sealed("forget vm0 0"), sizeof(want));
	strlcat(want, "\n", sizeof(want));
	n = slurp(path, buf, sizeof(buf) - 1);
	buf[n < 0 ? 0 : n] = '\0';
	CHECK_STR(buf, want);
	journal_close(j);
	j = must_open();
	CHECK_INT(journal_count(j), 1);
	CHECK(has(j, &b) && !has(j, &a));
	journal_close(j);
}

static char	 each_names[256];

static void
collect(void *arg, const struct lease_record *r)
{
	snprintf(each_names + strlen(each_names),
	    sizeof(each_names) - strlen(each_names), "%s.%u ", r->vm, r->ifn);
}

static void
test_each(void)
{
	static const char *const vm[] = { "b", "a", "c", "a", "aa" };
	static const uint8_t	 ifn[] = { 0, 10, 0, 9, 255 };
	struct journal		*j;
	struct lease_record	 r;
	char			 subnet[32];
	int			 i;

	start_over();
	j = must_open();
	for (i = 0; i < 5; i++) {
		snprintf(subnet, sizeof(subnet), "10.0.0.%d/31", 2 * i);
		r = record(vm[i], ifn[i], subnet);
		CHECK_INT(journal_put(j, &r), 0);
	}
	journal_each(j, collect, NULL);
	CHECK_STR(each_names, "a.9 a.10 aa.255 b.0 c.0 ");
	journal_close(j);
}

static void
refused(struct journal *j, const struct lease_record *r, const char *why)
{
	char	 want[512];

	CHECK_INT(journal_put(j, r), -1);
	snprintf(want, sizeof(want), "%s: %s", path, why);
	CHECK_STR(journal_error(j), want);
}

static void
test_refused(void)
{
	struct journal		*j;
	struct lease_record	 a, r;

	start_over();
	j = must_open();
	a = record("vm0", 0, "10.0.0.4/30");
	CHECK_INT(journal_put(j, &a), 0);
	CHECK_INT(journal_commit(j, 1), 0);
	all_well();
	r = record("vm1", 0, "10.0.0.4/30");
	refused(j, &r, "VM \"vm1\" interface 0: VM \"vm0\" interface 0 has "
	    "its subnet");
	r = record("vm1", 0, "10.0.0.6/31");
	refused(j, &r, "VM \"vm1\" interface 0: VM \"vm0\" interface 0 has "
	    "its subnet");
	r = record("vm0", 1, "10.0.0.0/24");
	refused(j, &r, "VM \"vm0\" interface 1: VM \"vm0\" interface 0 has "
	    "its subnet");
	r = a;
	strlcpy(r.vm, "v m", sizeof(r.vm));
	refused(j, &r, "record refused: not the name of a VM");
	memset(r.vm, 'a', sizeof(r.vm));
	refused(j, &r, "record refused: not the name of a VM");
	r = a;
	r.pool[0] = '\0';
	refused(j, &r, "record refused: not the name of a pool");
	memset(r.pool, 'a', sizeof(r.pool));
	refused(j, &r, "record refused: not the name of a pool");
	r = a;
	memset(r.hostname, 'a', sizeof(r.hostname));
	refused(j, &r, "record refused: a hostname without an end");
	r = a;
	r.guest = a.subnet + 1;
	refused(j, &r, "record refused: a guest address outside its subnet");
	r = a;
	r.subnet++;
	refused(j, &r, "record refused: not a subnet");
	r = a;
	r.plen = 200;
	refused(j, &r, "record refused: not a subnet");
	r = a;
	r.state = LEASE_FAILED;
	refused(j, &r, "record refused: not a state");
	r = a;
	r.since = -1;
	refused(j, &r, "record refused: not a time: the clock of this host "
	    "must be set");
	r = a;
	r.has_lladdr = 2;
	refused(j, &r, "record refused: not a link-layer address");
	/* None of that left a trace. */
	CHECK_INT(journal_commit(j, 1), 0);
	CHECK_INT(ncalls[CALL_WRITE], 0);
	CHECK_INT(journal_count(j), 1);
	CHECK(has(j, &a));
	journal_close(j);
}

static void
test_overlap(void)
{
	struct journal		*j;
	struct lease_record	 a, b;

	start_over();
	j = must_open();
	a = record("vm0", 0, "10.0.0.4/30");
	b = record("vm1", 0, "10.0.0.8/30");
	CHECK_INT(journal_put(j, &a), 0);
	CHECK_INT(journal_put(j, &b), 0);
	/* Its own is not in its way, and another pool is another matter. */
	a = record("vm0", 0, "10.0.0.6/31");
	CHECK_INT(journal_put(j, &a), 0);
	strlcpy(b.pool, "twin", sizeof(b.pool));
	b.subnet = a.subnet;
	b.plen = a.plen;
	b.guest = a.guest;
	CHECK_INT(journal_put(j, &b), 0);
	/* What was left is free, between and around what is not. */
	b = record("vm2", 0, "10.0.0.4/31");
	CHECK_INT(journal_put(j, &b), 0);
	b = record("vm3", 0, "10.0.0.8/29");
	CHECK_INT(journal_put(j, &b), 0);
	b = record("vm4", 0, "10.0.0.0/30");
	CHECK_INT(journal_put(j, &b), 0);
	b = record("vm5", 0, "10.0.0.0/29");
	CHECK_INT(journal_put(j, &b), -1);
	/* The first is forgotten first. */
	b = record("vm5", 0, "10.0.0.6/31");
	CHECK_INT(journal_put(j, &b), -1);
	CHECK_INT(journal_forget(j, "vm0", 0), 0);
	CHECK_INT(journal_put(j, &b), 0);
	CHECK_INT(journal_commit(j, 1), 0);
	journal_close(j);
	j = must_open();
	CHECK_INT(journal_count(j), 5);
	CHECK(has(j, &b));
	journal_close(j);
}

/* The same as a model of it that compares with all others. */
static void
test_overlap_random(void)
{
	struct journal		*j;
	struct lease_record	 r, others[24];
	struct prefix		 p, q;
	bool			 there[24] = { false }, clear;
	char			 vm[16];
	int			 i, k, n;

	start_over();
	j = must_open();
	for (n = 0; n < 20000; n++) {
		k = rnd() % 24;
		snprintf(vm, sizeof(vm), "vm%d", k);
		if (rnd() % 4 == 0) {
			CHECK_INT(journal_forget(j, vm, 0), 0);
			there[k] = false;
			continue;
		}
		r = record(vm, 0, "10.0.0.0/31");
		p.len = 26 + rnd() % 6;
		p.addr = (r.subnet + rnd() % 256) & addr_mask(p.len);
		r.subnet = p.addr;
		r.plen = p.len;
		r.guest = p.addr + (p.len == 31 ? 1 : 2);
		clear = true;
		for (i = 0; i < 24; i++) {
			q.addr = others[i].subnet;
			q.len = others[i].plen;
			if (i != k && there[i] && prefix_overlaps(&p, &q))
				clear = false;
		}
		CHECK_INT(journal_put(j, &r), clear ? 0 : -1);
		if (clear) {
			there[k] = true;
			others[k] = r;
		}
		if (n % 100 == 0)
			CHECK_INT(journal_commit(j, 0), 0);
	}
	CHECK_INT(journal_commit(j, 1), 0);
	journal_close(j);
	j = must_open();
	for (k = 0; k < 24; k++) {
		snprintf(vm, sizeof(vm), "vm%d", k);
		CHECK_INT(journal_find(j, vm, 0, &r), there[k] ? 0 : -1);
		if (there[k])
			CHECK(equal(&r, &others[k]));
	}
	journal_close(j);
}

/* A relative path, and the directory left afterwards. */
static void
test_relative(void)
{
	struct journal		*j;
	struct lease_record	 a = record("vm0", 0, "10.0.0.2/31");
	int			 i;

	start_over();
	CHECK_INT(chdir(dir), 0);
	j = journal_open("leases", error, sizeof(error));
	CHECK_INT(chdir("/"), 0);
	if (!CHECK(j != NULL))
		return;
	CHECK_INT(journal_put(j, &a), 0);
	CHECK_INT(journal_commit(j, 1), 0);
	for (i = 0; i < 3000; i++) {
		a.since = i;
		CHECK_INT(journal_put(j, &a), 0);
		if (i % 10 == 9)
			CHECK_INT(journal_commit(j, 0), 0);
	}
	CHECK_INT(journal_commit(j, 1), 0);
	CHECK(ncalls[CALL_RENAMEAT] > 1);
	journal_close(j);
	j = must_open();
	CHECK(has(j, &a));
	journal_close(j);
	j = journal_open("/nonexistent/leases", error, sizeof(error));
	CHECK(j == NULL);
	CHECK_STR(error, "/nonexistent/leases: its directory: No such file or "
	    "directory");
}

/* --- damage ------------------------------------------------------------- */

/* The first n steps of the story as a file; its length. */
static size_t
story_file(int n, char *buf, size_t size, size_t *ends)
{
	struct journal	*j;
	struct stat	 st;
	int		 i;

	start_over();
	j = must_open();
	for (i = 0; i < n; i++) {
		if (stat(path, &st) == -1)
			err(1, "%s", path);
		ends[i] = st.st_size;
		tell(j, i);
		CHECK_INT(journal_commit(j, 1), 0);
	}
	journal_close(j);
	ends[n] = slurp(path, buf, size);
	return ends[n];
}

/* Cut anywhere behind its first line, it opens, and has all that is whole. */
static void
test_truncated(void)
{
	static char		 buf[MAXFILE];
	struct journal		*j;
	struct lease_record	 r;
	size_t			 ends[41], len, cut;
	int			 n;

	len = story_file(7, buf, sizeof(buf), ends);
	n = 0;
	for (cut = 0; cut < strlen(HEADER); cut++) {
		spit(path, buf, cut);
		CHECK(reopen() == NULL);
		CHECK(strstr(error, cut == 0 ? "it is empty" :
		    "line 1 is cut short") != NULL);
		CHECK(strstr(error, "restore") != NULL);
	}
	for (; cut <= len; cut++) {
		while (n < 7 && ends[n + 1] <= cut)
			n++;
		spit(path, buf, cut);
		all_well();
		j = must_open();
		CHECK_INT(told(j, n, n), n);
		CHECK_INT(nwarnings, cut > ends[n] &&
		    cut != ends[n] + SYNCEDLEN ? 1 : 0);
		/* What is written next is not spoilt by what was there. */
		r = record("next", 0, "10.1.0.0/31");
		CHECK_INT(journal_put(j, &r), 0);
		CHECK_INT(journal_commit(j, 1), 0);
		journal_close(j);
		j = must_open();
		CHECK(has(j, &r));
		CHECK_INT(nwarnings, cut > ends[n] &&
		    cut != ends[n] + SYNCEDLEN ? 1 : 0);
		journal_close(j);
	}
}

static void
test_tail_message(void)
{
	static char	 buf[MAXFILE];
	struct journal	*j;
	size_t		 ends[41], len;
	char		 want[512];

	len = story_file(3, buf, sizeof(buf), ends);
	spit(path, buf, len - 7);
	j = must_open();
	snprintf(want, sizeof(want), "%s: line 7 is damaged: dropped the last "
	    "%zu bytes", path, len - 7 - ends[2] - SYNCEDLEN);
	CHECK_STR(warning, want);
	journal_close(j);
	/* Rubbish of several lines, and zeros as some file systems leave. */
	memcpy(buf + len, "rubbish\nmore\n\0\0\0\0\n\n\0\0", 21);
	spit(path, buf, len + 21);
	all_well();
	j = must_open();
	CHECK_INT(told(j, 3, 3), 3);
	CHECK_INT(nwarnings, 1);
	journal_close(j);
	CHECK_INT(slurp(path, buf, sizeof(buf)), len);
	/* Longer than any line, and than the buffer. */
	memset(buf + len, 'x', 100000);
	spit(path, buf, len + 100000);
	j = must_open();
	CHECK_INT(told(j, 3, 3), 3);
	CHECK_INT(slurp(path, buf, sizeof(buf)), len);
	journal_close(j);
}

/* The same, in the middle. */
static void
test_long_line(void)
{
	static char	 buf[MAXFILE], back[MAXFILE];
	size_t		 ends[41], len, i;

	len = story_file(3, buf, sizeof(buf), ends);
	for (i = 490; i < 40000; i = i * 5 / 4) {
		memmove(back, buf, ends[2]);
		memset(back + ends[2], 'x', i);
		back[ends[2] + i] = '\n';
		memcpy(back + ends[2] + i + 1, buf + ends[2], len - ends[2]);
		spit(path, back, len + i + 1);
		CHECK(reopen() == NULL);
		CHECK(strstr(error, ": line 6 is damaged, and") != NULL);
	}
}

/* One damaged byte. */
static void
damage(char *buf, size_t len, size_t i, char flip, const size_t *ends, int n)
{
	static char	 back[MAXFILE];
	struct journal	*j;
	int		 least = n - 1;

	buf[i] ^= flip;
	spit(path, buf, len);
	all_well();
	if (i == ends[n - 1] - 1)
		least = n - 2;		/* the newline between the last two */
	if ((j = reopen()) != NULL) {
		/* Only at the end, and no more of it than it has to. */
		CHECK(i >= ends[n - 1] - 1);
		CHECK_INT(told(j, least, n), least);
		CHECK_INT(nwarnings, 1);
		journal_close(j);
	} else {
		CHECK(i < ends[n - 1]);
		CHECK(strncmp(error, path, strlen(path)) == 0);
		CHECK(strstr(error, "line ") != NULL);
		CHECK(strstr(error, "move") != NULL);
		/* It is left as it is, for whoever has to look at it. */
		CHECK_INT(slurp(path, back, sizeof(back)), len);
		CHECK_MEM(back, buf, len);
	}
	buf[i] ^= flip;
}

static void
test_corrupted(void)
{
	static char	 buf[MAXFILE];
	size_t		 ends[41], len, i;

	len = story_file(5, buf, sizeof(buf), ends);
	for (i = 0; i < len; i++) {
		damage(buf, len, i, 1 << i % 7, ends, 5);
		damage(buf, len, i, buf[i] ^ '\n' ? buf[i] ^ '\n' : 'x',
		    ends, 5);
		if (buf[i] != '\0')
			damage(buf, len, i, buf[i], ends, 5);
	}
}

static void
test_untrusted(void)
{
	static const struct {
		const char	*text;
		const char	*why;
	}			 bad[] = {
		{ "vmnetd leases 2\nfuture\n", "line 1: this is version 2 of "
		    "the format, from another vmnetd: run that one, or move "
		    "the file away to begin without leases" },
		{ "vmnetd leases 10\n", "line 1: this is version 10 of the "
		    "format, from another vmnetd: run that one, or move the "
		    "file away to begin without leases" },
		{ "# my leases\n", "line 1: not a lease file: restore it, or "
		    "move it away to begin without leases" },
		{ "vmnetd leases 1 \n", NULL },
		{ "vmnetd leases 1\r\n", "line 1 ends with a carriage return, "
		    "so the file was changed: restore it, or move it away to "
		    "begin without leases" },
		{ "", "it is empty, as vmnetd never leaves it: restore it, or "
		    "move it away to begin without leases" },
		{ "\n" HEADER, NULL },
		{ "\n", NULL },
		{ "x", NULL },
		{ "vmnetd leases x\n", NULL }
	};
	char			 want[512], buf[64];
	size_t			 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start_over();
		spit(path, bad[i].text, strlen(bad[i].text));
		if (!CHECK(reopen() == NULL))
			printf("\ttaken: %s\n", bad[i].text);
		if (bad[i].why != NULL) {
			snprintf(want, sizeof(want), "%s: %s", path,
			    bad[i].why);
			CHECK_STR(error, want);
		}
		CHECK_INT(slurp(path, buf, sizeof(buf)),
		    strlen(bad[i].text));
	}
}

static void
test_contradiction(void)
{
	char	 buf[1024], want[512];

	start_over();
	snprintf(buf, sizeof(buf), HEADER "%s\n",
	    sealed("lease a 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - -"));
	strlcat(buf, sealed("lease b 0 lab 10.0.0.0/30 10.0.0.2 idle 1 0 - "
	    "-"), sizeof(buf));
	strlcat(buf, "\n", sizeof(buf));
	spit(path, buf, strlen(buf));
	CHECK(reopen() == NULL);
	snprintf(want, sizeof(want), "%s: line 3: VM \"b\" interface 0: VM "
	    "\"a\" interface 0 has its subnet: restore the file, or move it "
	    "away to begin without leases", path);
	CHECK_STR(error, want);
	snprintf(buf, sizeof(buf), HEADER "%s\n",
	    sealed("lend a 0 lab 10.0.0.2/31 10.0.0.3 idle 1 0 - -"));
	spit(path, buf, strlen(buf));
	CHECK(reopen() == NULL);
	CHECK(strstr(error, ": line 2 is no lease that this vmnetd knows") !=
	    NULL);
}

static void
test_kind_of_file(void)
{
	struct journal	*j;
	struct stat	 st;
	char		 want[512], buf[512];
	int		 i;

	snprintf(want, sizeof(want), "%s: not a regular file", path);
	start_over();
	CHECK_INT(mkfifo(path, 0600), 0);
	CHECK(reopen() == NULL);
	CHECK_STR(error, want);
	start_over();
	CHECK_INT(symlink("elsewhere", path), 0);
	CHECK(reopen() == NULL);
	CHECK_STR(error, want);
	start_over();
	CHECK_INT(mkdir(path, 0700), 0);
	CHECK(reopen() == NULL);
	CHECK_INT(rmdir(path), 0);
	/* Others must not have written it; that they could read it ends. */
	for (i = 0; i < 2; i++) {
		spit(path, HEADER, strlen(HEADER));
		CHECK_INT(chmod(path, i == 0 ? 0620 : 0602), 0);
		CHECK(reopen() == NULL);
	}
	CHECK_INT(chmod(path, 0644), 0);
	j = must_open();
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
	journal_close(j);
	/* A compaction that did not come to its end. */
	spit(newpath, "anything", 8);
	j = must_open();
	CHECK(stat(newpath, &st) == -1 && errno == ENOENT);
	journal_close(j);
	CHECK_INT(mkdir(newpath, 0700), 0);
	CHECK(reopen() == NULL);
	CHECK(strstr(error, ".new") != NULL);
	CHECK_INT(rmdir(newpath), 0);
	CHECK_INT(slurp(path, buf, sizeof(buf)), strlen(HEADER));
}

/* Somebody removes or replaces it while it is open. */
static void
test_replaced(void)
{
	struct journal	*j;
	struct lease_record first = record("first", 0, "10.1.0.0/31");
	struct lease_record second = record("second", 0, "10.1.0.2/31");
	struct lease_record third = record("third", 0, "10.1.0.4/31");

	start_over();
	all_well();
	j = must_open();
	CHECK_INT(journal_put(j, &first), 0);
	CHECK_INT(journal_commit(j, 1), 0);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(journal_put(j, &second), 0);
	CHECK_INT(journal_commit(j, 1), 0);
	CHECK_INT(nwarnings, 1);
	CHECK(strstr(warning, "removed or replaced") != NULL);
	CHECK_INT(unlink(path), 0);
	spit(path, HEADER, strlen(HEADER));
	/* Notes are not promised: the next that is finds out. */
	CHECK_INT(journal_put(j, &third), 0);
	CHECK_INT(journal_commit(j, 0), 0);
	CHECK_INT(nwarnings, 1);
	CHECK_INT(journal_commit(j, 1), 0);
	CHECK_INT(nwarnings, 2);
	/* Nor is it written anew without need. */
	CHECK_INT(journal_put(j, &third), 0);
	CHECK_INT(journal_commit(j, 1), 0);
	CHECK_INT(nwarnings, 2);
	journal_close(j);
	j = must_open();
	CHECK(has(j, &first) && has(j, &second) && has(j, &third));
	journal_close(j);
}

/* --- errors ------------------------------------------------------------- */

/* 100 steps of the story are told and safe. */
static struct journal *
begin_story(void)
{
	struct journal	*j;
	int		 i;

	start_over();
	j = must_open();
	for (i = 0; i < 100; i++)
		tell(j, i);
	CHECK_INT(journal_commit(j, 1), 0);
	all_well();
	return j;
}

static void
test_short_writes(void)
{
	struct journal	*j = begin_story();
	int		 i;

	short_write = 7;
	interrupt = true;
	for (i = 100; i < 400; i++) {
		tell(j, i);
		if (i % 10 == 9)
			CHECK_INT(journal_commit(j, 1), 0);
	}
	CHECK(ncalls[CALL_RENAMEAT] > 0);
	all_well();
	check_told(j, 400);
}

/* No space for a while: nothing is lost, and no half record stays. */
static void
test_enospc(void)
{
	struct journal	*j = begin_story();
	struct stat	 before, after;
	char		 want[512];

	CHECK_INT(stat(path, &before), 0);
	tell(j, 100);
	will_fail(CALL_WRITE, 0, 2, ENOSPC);
	CHECK_INT(journal_commit(j, 1), -1);
	snprintf(want, sizeof(want), "%s: write: %s", path, strerror(ENOSPC));
	CHECK_STR(journal_error(j), want);
	CHECK_INT(ncalls[CALL_WRITE], 2);
	CHECK(stat(path, &after) == 0 && before.st_size == after.st_size);
	tell(j, 101);
	CHECK_INT(journal_commit(j, 1), 0);
	CHECK_INT(ncalls[CALL_RENAMEAT], 0);
	check_told(j, 102);
}

/* The same, and it cannot even be cut back: a new file. */
static void
test_enospc_stuck(void)
{
	struct journal	*j = begin_story();

	tell(j, 100);
	will_fail(CALL_WRITE, 0, 2, ENOSPC);
	will_fail(CALL_FTRUNCATE, 0, 1, EIO);
	CHECK_INT(journal_commit(j, 1), -1);
	tell(j, 101);
	CHECK_INT(journal_commit(j, 0), 0);
	CHECK_INT(ncalls[CALL_RENAMEAT], 1);
	check_told(j, 102);
}

/* No space for very long. */
static void
test_enospc_long(void)
{
	struct journal	*j = begin_story();
	int		 i;

	will_fail(CALL_WRITE, 0, -1, ENOSPC);
	for (i = 100; i < 5000; i++) {
		tell(j, i);
		if (i % 100 == 99)
			CHECK_INT(journal_commit(j, 1), -1);
	}
	all_well();
	CHECK_INT(journal_commit(j, 1), 0);
	CHECK_INT(ncalls[CALL_RENAMEAT], 1);
	check_told(j, 5000);
}

/* After a sync that failed, only a new file will do. */
static void
test_sync_fails(void)
{
	struct journal	*j = begin_story();
	char		 want[512];
	int		 i;

	tell(j, 100);
	CHECK_INT(journal_commit(j, 0), 0);
	will_fail(CALL_FSYNC, 0, 1, EIO);
	CHECK_INT(journal_commit(j, 1), -1);
	snprintf(want, sizeof(want), "%s: sync: %s", path, strerror(EIO));
	CHECK_STR(journal_error(j), want);
	/* Each step on the way to it may fail too. */
	for (i = 0; i < 6; i++) {
		tell(j, 101 + i);
		all_well();
		switch (i) {
		case 0:
			will_fail(CALL_OPENAT, 0, 1, EMFILE);
			break;
		case 1:
			will_fail(CALL_WRITE, 0, 1, EIO);
			break;
		case 2:
			will_fail(CALL_WRITE, 0, 2, ENOSPC);
			break;
		case 3:
			will_fail(CALL_FSYNC, 0, 1, EIO);
			break;
		case 4:
			will_fail(CALL_RENAMEAT, 0, 1, EIO);
			break;
		case 5:
			/* Of the directory. */
			will_fail(CALL_FSYNC, 1, 1, EIO);
			break;
		}
		CHECK_INT(journal_commit(j, 1), -1);
		CHECK_INT(inode(newpath), 0);
		CHECK_INT(ncalls[CALL_RENAMEAT], i >= 4);
	}
	all_well();
	CHECK_INT(journal_commit(j, 1), 0);
	CHECK_INT(ncalls[CALL_RENAMEAT], 1);
	CHECK_INT(ncalls[CALL_FSYNC], 2);
	tell(j, 107);
	CHECK_INT(journal_commit(j, 1), 0);
	CHECK_INT(ncalls[CALL_RENAMEAT], 1);
	check_told(j, 108);
}

/* A compaction is not worth a failure. */
static void
test_compaction_fails(void)
{
	struct journal	*j = begin_story();
	int		 i;

	will_fail(CALL_OPENAT, 0, -1, ENOSPC);
	for (i = 100; i < 2000; i++) {
		tell(j, i);
		if (i % 4 == 3)
			CHECK_INT(journal_commit(j, 1), 0);
	}
	/* Tried, but not each time, and said. */
	CHECK(ncalls[CALL_OPENAT] > 2 && ncalls[CALL_OPENAT] < 20);
	CHECK_INT(nwarnings, ncalls[CALL_OPENAT]);
	all_well();
	for (; i < 2400; i++) {
		tell(j, i);
		CHECK_INT(journal_commit(j, 1), 0);
	}
	CHECK(ncalls[CALL_RENAMEAT] > 0);
	check_told(j, 2400);
}

static void
test_open_fails(void)
{
	struct journal	*j;
	static char	 buf[MAXFILE], back[MAXFILE];
	size_t		 ends[41], len;

	start_over();
	will_fail(CALL_RENAMEAT, 0, 1, EROFS);
	CHECK(reopen() == NULL);
	CHECK(strstr(error, strerror(EROFS)) != NULL);
	CHECK(inode(path) == 0 && inode(newpath) == 0);
	len = story_file(3, buf, sizeof(buf), ends);
	spit(path, buf, len - 1);
	all_well();
	will_fail(CALL_FTRUNCATE, 0, 1, EROFS);
	CHECK(reopen() == NULL);
	CHECK_INT(slurp(path, back, sizeof(back)), len - 1);
	/* What cannot be synced is written anew. */
	all_well();
	spit(path, buf, len);
	will_fail(CALL_FSYNC, 0, 1, EIO);
	j = must_open();
	CHECK_INT(ncalls[CALL_RENAMEAT], 1);
	check_told(j, 3);
	/* The name of what is read must be durable as well. */
	all_well();
	will_fail(CALL_FSYNC, 1, 1, EIO);
	CHECK(reopen() == NULL);
	CHECK(strstr(error, "cannot sync its directory") != NULL);
	/* Some file systems do not sync directories. */
	all_well();
	will_fail(CALL_FSYNC, 1, 1, EINVAL);
	j = must_open();
	CHECK_INT(ncalls[CALL_RENAMEAT], 0);
	journal_close(j);
}

/* The file stays in proportion to what is live in it. */
static void
test_compaction(void)
{
	struct journal	*j = begin_story();
	struct stat	 st;
	off_t		 largest = 0;
	int		 i;

	for (i = 100; i < 20000; i++) {
		tell(j, i);
		if (i % 8 == 0) {
			CHECK_INT(journal_commit(j, i % 24 == 0), 0);
			if (stat(path, &st) == 0 && st.st_size > largest)
				largest = st.st_size;
		}
	}
	CHECK_INT(journal_commit(j, 1), 0);
	/* 12 lines of less than 350 bytes live. */
	CHECK(largest < 64 * 1024 + 3 * 12 * 350);
	CHECK(ncalls[CALL_RENAMEAT] > 20 && ncalls[CALL_RENAMEAT] < 200);
	check_told(j, 20000);
}

/* --- power cuts --------------------------------------------------------- */

static int		 acked;		/* steps that are safe */
static int		 put;		/* steps told */

/* Write what may be left of one file after the power came back. */
static void
leave(const char *file, ino_t ino, int tail)
{
	static char	 now[MAXFILE];
	struct durable	*d = durable_of(ino);
	ssize_t		 n = -1;

	if (ino == 0)
		return;
	if (ino == inode(path))
		n = slurp(path, now, sizeof(now));
	else if (ino == inode(newpath))
		n = slurp(newpath, now, sizeof(now));
	/* Nothing, half or all of what was written and not synced. */
	if (n < (ssize_t)d->len || tail == 0)
		spit(file, d->data, d->len);
	else
		spit(file, now, d->len + (n - d->len) * tail / 2);
}

/* Look at all that may be left, and end. */
static void
crash(void)
{
	char		 after[128], afternew[128];
	struct journal	*j;
	ino_t		 names[2][2];
	int		 state, tail, bad = 0;

	track = false;
	all_well();
	memcpy(names[0], durable_names, sizeof(names[0]));
	names[1][0] = inode(path);
	names[1][1] = inode(newpath);
	snprintf(after, sizeof(after), "%s/after", dir);
	snprintf(afternew, sizeof(afternew), "%s/after.new", dir);
	for (state = 0; state < 2; state++) {
		for (tail = 0; tail < 3; tail++) {
			unlink(after);
			unlink(afternew);
			leave(after, names[state][0], tail);
			leave(afternew, names[state][1], tail);
			j = journal_open(after, error, sizeof(error));
			if (j == NULL || told(j, acked, put) == -1) {
				printf("\tcall %d, %d safe of %d, state %d, "
				    "tail %d: %s\n", crash_at, acked, put,
				    state, tail, j == NULL ? error :
				    "not what was told");
				bad = 1;
			}
			if (j != NULL)
				journal_close(j);
		}
	}
	fflush(stdout);
	_exit(bad);
}

/* Tell the story; does not return when it is cut short. */
static void
tell_until(int call, bool inside)
{
	struct journal	*j;

	start_over();
	crash_at = call;
	crash_inside = inside;
	track = true;
	acked = put = 0;
	if ((j = reopen()) == NULL)
		_exit(2);
	while (put < MAXOPS) {
		tell(j, put++);
		if (put % 3 != 0)
			continue;
		if (journal_commit(j, put % 9 != 0) == -1)
			_exit(2);
		if (put % 9 != 0)
			acked = put;
	}
	if (ncalls[CALL_RENAMEAT] < 3)
		_exit(2);
	_exit(3);
}

static void
test_power_cuts(void)
{
	int	 call, inside, status = 0, n = 0;
	pid_t	 pid;

	for (inside = 0; inside < 2; inside++) {
		for (call = 1;; call++) {
			fflush(stdout);
			if ((pid = fork()) == -1)
				err(1, "fork");
			if (pid == 0)
				tell_until(call, inside);
			if (waitpid(pid, &status, 0) == -1)
				err(1, "waitpid");
			if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
				break;
			n++;
		}
		/* It was told to its end, past every call. */
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	}
	CHECK(n > 300);
}

/* --- many --------------------------------------------------------------- */

/* Seconds of the processor to read so many records. */
static double
many(uint32_t n)
{
	struct journal		*j;
	struct lease_record	 r = record("vm", 0, "10.0.0.0/31");
	clock_t			 begun;
	double			 spent;
	uint32_t		 i;

	start_over();
	j = must_open();
	r.state = LEASE_BOUND;
	r.has_lladdr = 1;
	for (i = 0; i < n; i++) {
		snprintf(r.vm, sizeof(r.vm), "vm%05u", i * 7919U % n);
		r.guest = r.subnet + 1;
		if (journal_put(j, &r) == -1)
			break;
		r.subnet += 2;
	}
	CHECK_INT(i, n);
	CHECK_INT(journal_commit(j, 1), 0);
	CHECK_INT(ncalls[CALL_RENAMEAT], 1);
	journal_close(j);
	begun = clock();
	j = must_open();
	spent = (double)(clock() - begun) / CLOCKS_PER_SEC;
	CHECK_INT(journal_count(j), n);
	r.subnet -= 2;
	CHECK(has(j, &r));
	journal_close(j);
	return spent;
}

/* Not quadratic: five times as many take far less than 25 times as long. */
static void
test_many(void)
{
	double	 few = 1e9, lots = 1e9, t;
	int	 i;

	for (i = 0; i < 2; i++) {
		if ((t = many(20000)) < few)
			few = t;
		if ((t = many(100000)) < lots)
			lots = t;
	}
	CHECK(lots < 15 * few + 0.05);
}

static void
remove_all(void)
{
	char		 file[512];
	struct dirent	*d;
	DIR		*dp;

	if ((dp = opendir(dir)) == NULL)
		return;
	while ((d = readdir(dp)) != NULL) {
		snprintf(file, sizeof(file), "%s/%s", dir, d->d_name);
		unlink(file);
	}
	closedir(dp);
	rmdir(dir);
}

int
main(void)
{
	strlcpy(dir, "/tmp/journal_test.XXXXXXXXXX", sizeof(dir));
	if (mkdtemp(dir) == NULL)
		err(1, "%s", dir);
	snprintf(path, sizeof(path), "%s/leases", dir);
	snprintf(newpath, sizeof(newpath), "%s/leases.new", dir);
	all_well();
	TEST(test_line());
	TEST(test_line_refused());
	TEST(test_line_random());
	TEST(test_file());
	TEST(test_each());
	TEST(test_refused());
	TEST(test_overlap());
	TEST(test_overlap_random());
	TEST(test_relative());
	TEST(test_truncated());
	TEST(test_tail_message());
	TEST(test_long_line());
	TEST(test_corrupted());
	TEST(test_untrusted());
	TEST(test_contradiction());
	TEST(test_kind_of_file());
	TEST(test_replaced());
	TEST(test_short_writes());
	TEST(test_enospc());
	TEST(test_enospc_stuck());
	TEST(test_enospc_long());
	TEST(test_sync_fails());
	TEST(test_compaction_fails());
	TEST(test_open_fails());
	TEST(test_compaction());
	TEST(test_power_cuts());
	nosync = false;
	TEST(test_many());
	remove_all();
	return test_end("journal");
}

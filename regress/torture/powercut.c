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
 * Cuts the power of a simulated disk at every point of the lease file's life,
 * and reads what is left.  Linked with --wrap, so that the journal writes to
 * no other disk.
 *
 * usage: powercut [-v] [-s seed] [-n rounds] [-c commits]
 *
 * The disk keeps what was synced.  Of what was written later it keeps, by
 * turns: nothing; each length of it, byte by byte; that length with the rest
 * as zeros or as rubbish, as when the size is written before the data; or
 * some of its sectors.  Of the directory's changes it keeps each number of
 * them, in their order, and at the end of a rename may have synced all, none
 * or the first of them.  What was promised, by a commit with sync that
 * succeeded, must be found again; nothing may be found that was never put;
 * and no two VM interfaces may have overlapping subnets of one pool.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal.h"
#include "lease.h"
#include "log.h"

#define NINODES		8
#define NNAMES		2		/* the file, and the new one */
#define MAXFILE		(512 * 1024)
#define GROW		16384
#define FD_BASE		1000
#define FD_DIR		999
#define NVMS		24
#define SUBNETS		64
#define SECTOR		512

/* A file: what is on disk for sure, and what was written since. */
struct inode {
	bool	 used;
	bool	 created;		/* it is not known to be on disk */
	size_t	 len;
	size_t	 durable_len;
	size_t	 size;			/* of both buffers */
	char	*data;
	char	*durable;
};

/* A change of the directory that was not synced. */
struct dirop {
	int	 name;
	int	 inode;			/* -1: removed */
	int	 from;			/* renamed from that name, or -1 */
};

struct disk {
	struct inode	 inodes[NINODES];
	int		 names[NNAMES];		/* as seen now, -1 none */
	int		 durable_names[NNAMES];
	struct dirop	 ops[64];
	int		 nops;
};

/* What may be found of a VM interface. */
struct model {
	bool		 promised;	/* acked is a promise */
	bool		 there;		/* in acked */
	struct lease_record acked;
	/* Everything put since. */
	struct lease_record later[64];
	bool		 later_there[64];
	int		 nlater;
};

static void	 check(struct journal *, const char *);

int	 __wrap_open(const char *, int, ...);
int	 __wrap_openat(int, const char *, int, ...);
ssize_t	 __wrap_read(int, void *, size_t);
ssize_t	 __wrap_write(int, const void *, size_t);
int	 __wrap_fsync(int);
int	 __wrap_fdatasync(int);
int	 __wrap_ftruncate(int, off_t);
int	 __wrap_renameat(int, const char *, int, const char *);
int	 __wrap_unlinkat(int, const char *, int);
int	 __wrap_fstat(int, struct stat *);
int	 __wrap_fstatat(int, const char *, struct stat *, int);
int	 __wrap_close(int);
void	 __wrap_log_warnx(const char *, ...)
	    __attribute__((__format__ (printf, 1, 2)));

static struct disk	*disk;		/* the one that is used now */
static off_t		 offsets[NINODES];
static struct model	 models[NVMS];
static bool		 recording;	/* cut at each call */
static bool		 verbose;
static uint32_t		 seed = 2463534242U;
static unsigned long	 ncuts, npoints, nwarnings, ndepth;
static size_t		 commits = 400;

static uint32_t
rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

/* --- the disk -------------------------------------------------------------- */

static int
name_number(const char *file)
{
	return strcmp(file, "leases") == 0 ? 0 : 1;
}

static struct disk *
disk_new(void)
{
	struct disk	*d;
	int		 i;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		err(1, NULL);
	for (i = 0; i < NNAMES; i++)
		d->names[i] = d->durable_names[i] = -1;
	return d;
}

static void
disk_free(struct disk *d)
{
	int	 i;

	for (i = 0; i < NINODES; i++) {
		free(d->inodes[i].data);
		free(d->inodes[i].durable);
	}
	free(d);
}

static void
inode_clear(struct inode *in)
{
	free(in->data);
	free(in->durable);
	memset(in, 0, sizeof(*in));
}

static void
inode_grow(struct inode *in, size_t len)
{
	if (len <= in->size)
		return;
	if (len > MAXFILE)
		errx(1, "file too large");
	in->size = len + GROW;
	if ((in->data = realloc(in->data, in->size)) == NULL ||
	    (in->durable = realloc(in->durable, in->size)) == NULL)
		err(1, NULL);
}

static void
inode_fill(struct inode *in, const char *data, size_t len)
{
	in->used = true;
	in->len = in->durable_len = len;
	inode_grow(in, len > 0 ? len : 1);
	memcpy(in->data, data, len);
	memcpy(in->durable, data, len);
}

static bool
inode_referred(const struct disk *d, int n)
{
	int	 i;

	for (i = 0; i < NNAMES; i++)
		if (d->names[i] == n || d->durable_names[i] == n)
			return true;
	for (i = 0; i < d->nops; i++)
		if (d->ops[i].inode == n)
			return true;
	return false;
}

static int
inode_new(struct disk *d)
{
	int	 i;

	for (i = 0; i < NINODES; i++)
		if (d->inodes[i].used && !inode_referred(d, i))
			inode_clear(&d->inodes[i]);
	for (i = 0; i < NINODES; i++)
		if (!d->inodes[i].used)
			break;
	if (i == NINODES)
		errx(1, "too many files");
	inode_fill(&d->inodes[i], "", 0);
	return i;
}

static void
dir_op(int name, int inode, int from)
{
	struct dirop	*op;

	if (disk->nops == 64)
		errx(1, "too many changes of the directory");
	op = &disk->ops[disk->nops++];
	op->name = name;
	op->inode = inode;
	op->from = from;
}

/* --- what is left after a cut ---------------------------------------------- */

enum tear { TEAR_CUT, TEAR_ZEROS, TEAR_RUBBISH, TEAR_SECTORS, TEAR_MAX };

/* The directory after some of its changes. */
static void
dir_after(const struct disk *d, int nops, int *names)
{
	int	 i;

	memcpy(names, d->durable_names, sizeof(d->durable_names));
	for (i = 0; i < nops; i++) {
		names[d->ops[i].name] = d->ops[i].inode;
		if (d->ops[i].from != -1)
			names[d->ops[i].from] = -1;
	}
}

/*
 * A file after a cut: what was synced, and `keep' bytes of what was not.
 * Where it was cut shorter without a sync, either length may be there.
 */
static size_t
inode_after(const struct inode *in, size_t keep, enum tear tear, char *buf)
{
	size_t	 base = in->durable_len < in->len ? in->durable_len : in->len;
	size_t	 len = in->len, i, next;

	memcpy(buf, in->durable, in->durable_len);
	if (in->len < in->durable_len)
		return keep % 2 == 0 ? in->durable_len : in->len;
	memcpy(buf + base, in->data + base, len - base);
	switch (tear) {
	case TEAR_CUT:
		return base + keep;
	case TEAR_ZEROS:
		memset(buf + base + keep, 0, len - base - keep);
		break;
	case TEAR_RUBBISH:
		for (i = base + keep; i < len; i++)
			buf[i] = rnd() >> 8;
		break;
	case TEAR_SECTORS:
		/* Disks write these in any order. */
		for (i = base; i < len; i = next) {
			next = (i / SECTOR + 1) * SECTOR;
			if (next > len)
				next = len;
			if (rnd() % 2 == 0)
				memset(buf + i, 0, next - i);
		}
		break;
	case TEAR_MAX:
		break;
	}
	return len;
}

static void
fail(const char *what, const char *why)
{
	printf("powercut: %s: %s (seed and point: %u, %lu)\n", what, why,
	    seed, npoints);
	exit(1);
}

/* Begin again with one disk that may be left, and see what is found. */
static void
try(struct disk *left, const char *what)
{
	struct disk	*saved = disk;
	struct journal	*j;
	off_t		 saved_offsets[NINODES];
	char		 error[2048];

	memcpy(saved_offsets, offsets, sizeof(offsets));
	disk = left;
	ncuts++;
	if ((j = journal_open("leases", error, sizeof(error))) == NULL)
		fail(what, error);
	check(j, what);
	journal_close(j);
	/* And the same again: what was found has been made to stay. */
	if ((j = journal_open("leases", error, sizeof(error))) == NULL)
		fail(what, error);
	check(j, what);
	journal_close(j);
	disk = saved;
	memcpy(offsets, saved_offsets, sizeof(offsets));
}

static void
try_state(int nops, size_t keep, enum tear tear, const char *what)
{
	static char	 buf[MAXFILE];
	struct disk	*left = disk_new();
	int		 i, n, names[NNAMES];
	size_t		 len, have;

	dir_after(disk, nops, names);
	for (i = 0; i < NNAMES; i++) {
		if ((n = names[i]) == -1)
			continue;
		have = disk->inodes[n].len > disk->inodes[n].durable_len ?
		    disk->inodes[n].len - disk->inodes[n].durable_len : 0;
		len = inode_after(&disk->inodes[n], keep < have ? keep : have,
		    tear, buf);
		inode_fill(&left->inodes[i], buf, len);
		left->names[i] = left->durable_names[i] = i;
	}
	try(left, what);
	disk_free(left);
}

/* Every way in which the power may go now. */
static void
cut(const char *what)
{
	static const char *const tears[] = {
		"cut", "zeros", "rubbish", "sectors"
	};
	const struct inode	*in;
	char			 text[64];
	size_t			 keep, most = 0, step;
	int			 nops, i, tear;

	if (!recording)
		return;
	/* A long life, of which the changes of the directory count most. */
	if (disk->nops == 0 && npoints > 60 && rnd() % 20 != 0)
		return;
	recording = false;
	npoints++;
	for (i = 0; i < NINODES; i++) {
		in = &disk->inodes[i];
		if (in->used && in->len > in->durable_len &&
		    in->len - in->durable_len > most)
			most = in->len - in->durable_len;
	}
	for (nops = 0; nops <= disk->nops; nops++)
		for (tear = 0; tear < TEAR_MAX; tear++) {
			/* Each byte, where there are not too many. */
			step = most < 1500 && tear == TEAR_CUT ? 1 :
			    1 + most / 40 + rnd() % 7;
			if (tear == TEAR_SECTORS && most < SECTOR)
				continue;
			for (keep = 0; keep <= most; keep += step) {
				snprintf(text, sizeof(text), "%s, %s, %d "
				    "changes, %zu of %zu bytes", what,
				    tears[tear], nops, keep, most);
				if (verbose)
					puts(text);
				try_state(nops, keep, tear, text);
			}
		}
	recording = true;
}

/* --- the calls ------------------------------------------------------------- */

int
__wrap_open(const char *path, int flags, ...)
{
	return FD_DIR;
}

int
__wrap_openat(int at, const char *file, int flags, ...)
{
	int	 name = name_number(file), n = disk->names[name];

	if (n == -1) {
		if ((flags & O_CREAT) == 0) {
			errno = ENOENT;
			return -1;
		}
		n = disk->names[name] = inode_new(disk);
		dir_op(name, n, -1);
		cut("created");
	} else if ((flags & O_EXCL) != 0) {
		errno = EEXIST;
		return -1;
	}
	offsets[n] = 0;
	return FD_BASE + n;
}

ssize_t
__wrap_read(int fd, void *buf, size_t len)
{
	struct inode	*in = &disk->inodes[fd - FD_BASE];
	off_t		*off = &offsets[fd - FD_BASE];

	if (fd < FD_BASE)
		errx(1, "read from %d", fd);
	if (len > in->len - *off)
		len = in->len - *off;
	memcpy(buf, in->data + *off, len);
	*off += len;
	return len;
}

ssize_t
__wrap_write(int fd, const void *buf, size_t len)
{
	struct inode	*in = &disk->inodes[fd - FD_BASE];

	if (fd < FD_BASE)
		errx(1, "write to %d", fd);
	/* A write may be short at any time. */
	if (len > 20 && rnd() % 8 == 0)
		len = 1 + rnd() % (len - 1);
	inode_grow(in, in->len + len);
	memcpy(in->data + in->len, buf, len);
	in->len += len;
	cut("written");
	return len;
}

int
__wrap_fsync(int fd)
{
	struct inode	*in;

	cut("before a sync");
	if (fd == FD_DIR) {
		memcpy(disk->durable_names, disk->names,
		    sizeof(disk->names));
		disk->nops = 0;
		return 0;
	}
	in = &disk->inodes[fd - FD_BASE];
	memcpy(in->durable, in->data, in->len);
	in->durable_len = in->len;
	cut("synced");
	return 0;
}

int
__wrap_fdatasync(int fd)
{
	return __wrap_fsync(fd);
}

int
__wrap_ftruncate(int fd, off_t size)
{
	disk->inodes[fd - FD_BASE].len = size;
	cut("truncated");
	return 0;
}

int
__wrap_renameat(int from, const char *old, int to, const char *new)
{
	int	 o = name_number(old), n = name_number(new);

	dir_op(n, disk->names[o], o);
	disk->names[n] = disk->names[o];
	disk->names[o] = -1;
	cut("renamed");
	return 0;
}

int
__wrap_unlinkat(int at, const char *file, int flags)
{
	int	 name = name_number(file);

	if (disk->names[name] == -1) {
		errno = ENOENT;
		return -1;
	}
	disk->names[name] = -1;
	dir_op(name, -1, -1);
	cut("removed");
	return 0;
}

int
__wrap_fstat(int fd, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_mode = S_IFREG | S_IRUSR | S_IWUSR;
	st->st_uid = geteuid();
	st->st_ino = 1 + fd - FD_BASE;
	st->st_size = disk->inodes[fd - FD_BASE].len;
	return 0;
}

int
__wrap_fstatat(int at, const char *file, struct stat *st, int flags)
{
	int	 n = disk->names[name_number(file)];

	if (n == -1) {
		errno = ENOENT;
		return -1;
	}
	return __wrap_fstat(FD_BASE + n, st);
}

int
__wrap_close(int fd)
{
	return 0;
}

void
__wrap_log_warnx(const char *fmt, ...)
{
	nwarnings++;
}

/* --- what is written, and what must be found ------------------------------- */

static bool
same(const struct lease_record *a, const struct lease_record *b)
{
	return strcmp(a->vm, b->vm) == 0 && strcmp(a->pool, b->pool) == 0 &&
	    strcmp(a->hostname, b->hostname) == 0 && a->ifn == b->ifn &&
	    a->subnet == b->subnet && a->plen == b->plen &&
	    a->guest == b->guest && a->since == b->since &&
	    a->expires == b->expires && a->state == b->state &&
	    a->has_lladdr == b->has_lladdr &&
	    memcmp(a->lladdr, b->lladdr, sizeof(a->lladdr)) == 0;
}

static int
vm_number(const struct lease_record *r)
{
	return atoi(r->vm + 2);
}

struct found {
	struct lease_record	 r[NVMS];
	bool			 there[NVMS];
	size_t			 n;
};

static void
found_one(void *arg, const struct lease_record *r)
{
	struct found	*f = arg;
	int		 n = vm_number(r);

	if (n < 0 || n >= NVMS || strncmp(r->vm, "vm", 2) != 0)
		fail(r->vm, "was never put");
	if (f->there[n])
		fail(r->vm, "is there twice");
	f->there[n] = true;
	f->r[n] = *r;
	f->n++;
}

/* One VM's record is the one that was promised, or a later one. */
static bool
allowed(const struct model *m, bool there, const struct lease_record *r)
{
	int	 i;

	if (there == m->there && (!there || same(r, &m->acked)))
		return true;
	for (i = 0; i < m->nlater; i++)
		if (there == m->later_there[i] &&
		    (!there || same(r, &m->later[i])))
			return true;
	return false;
}

static void
check(struct journal *j, const char *what)
{
	struct found	 f;
	int		 i, k;

	memset(&f, 0, sizeof(f));
	journal_each(j, found_one, &f);
	if (f.n != journal_count(j))
		fail(what, "the count is wrong");
	for (i = 0; i < NVMS; i++) {
		if (!allowed(&models[i], f.there[i], &f.r[i])) {
			printf("vm%d: %s, promised %s; %d later\n", i,
			    f.there[i] ? "found" : "lost",
			    models[i].there ? "there" : "not there",
			    models[i].nlater);
			fail(what, "not what was promised, nor later");
		}
		for (k = 0; k < i; k++)
			if (f.there[i] && f.there[k] &&
			    f.r[i].subnet == f.r[k].subnet &&
			    strcmp(f.r[i].pool, f.r[k].pool) == 0)
				fail(what, "a subnet was given twice");
	}
}

/* What the journal has now is what may be found from now on, alone. */
static void
promise(void)
{
	struct model	*m;
	int		 i;

	for (i = 0; i < NVMS; i++) {
		m = &models[i];
		if (m->nlater == 0)
			continue;
		m->there = m->later_there[m->nlater - 1];
		m->acked = m->later[m->nlater - 1];
		m->nlater = 0;
	}
}

static struct model *
later(int n, bool there, const struct lease_record *r)
{
	struct model	*m = &models[n];

	if (m->nlater == 64)
		errx(1, "too many changes without a sync");
	m->later_there[m->nlater] = there;
	if (there)
		m->later[m->nlater] = *r;
	m->nlater++;
	return m;
}

static void
make_record(struct lease_record *r, int n)
{
	size_t	 i, len = rnd() % 60;

	memset(r, 0, sizeof(*r));
	snprintf(r->vm, sizeof(r->vm), "vm%d", n);
	strlcpy(r->pool, "default", sizeof(r->pool));
	r->subnet = 0xac100000 + 2 * (rnd() % SUBNETS);
	r->plen = 31;
	r->guest = r->subnet + 1;
	r->state = rnd() % LEASE_FAILED;
	r->since = 1700000000 + rnd() % 100000000;
	r->expires = r->state == LEASE_BOUND ? r->since + 3600 : 0;
	if ((r->has_lladdr = rnd() % 2))
		for (i = 0; i < sizeof(r->lladdr); i++)
			r->lladdr[i] = rnd() >> 8;
	if (rnd() % 2 == 0)
		for (i = 0; i < len; i++)
			r->hostname[i] = 'a' + rnd() % 26;
}

/* One change: a new record, a moved one, a note, or that one is forgotten. */
static void
change(struct journal *j)
{
	struct lease_record	 r, old;
	int			 n = rnd() % NVMS;

	make_record(&r, n);
	if (rnd() % 8 == 0) {
		if (journal_forget(j, r.vm, 0) == -1)
			fail("forget", journal_error(j));
		later(n, false, NULL);
		return;
	}
	if (rnd() % 3 != 0 && journal_find(j, r.vm, 0, &old) == 0) {
		r.subnet = old.subnet;
		r.guest = old.guest;
	}
	if (journal_put(j, &r) == 0)
		later(n, true, &r);
}

static void
life(void)
{
	struct journal	*j;
	char		 error[2048];
	size_t		 i, n, max;

	memset(models, 0, sizeof(models));
	disk = disk_new();
	recording = true;
	if ((j = journal_open("leases", error, sizeof(error))) == NULL)
		fail("first start", error);
	for (i = 0; i < commits; i++) {
		/* Few as a rule, and now and then a burst. */
		max = rnd() % 10 == 0 ? 40 : 4;
		for (n = 1 + rnd() % max; n > 0; n--)
			change(j);
		if (rnd() % 4 == 0) {
			if (journal_commit(j, 0) == -1)
				fail("commit", journal_error(j));
			cut("committed without sync");
		}
		if (journal_commit(j, 1) == -1)
			fail("commit", journal_error(j));
		promise();
		cut("acknowledged");
		if (rnd() % 20 == 0) {
			journal_close(j);
			if ((j = journal_open("leases", error,
			    sizeof(error))) == NULL)
				fail("restart", error);
		}
	}
	recording = false;
	journal_close(j);
	disk_free(disk);
	ndepth++;
}

int
main(int argc, char *argv[])
{
	long	 rounds = 1;
	int	 ch;

	while ((ch = getopt(argc, argv, "c:n:s:v")) != -1)
		switch (ch) {
		case 'c':
			commits = strtoul(optarg, NULL, 10);
			break;
		case 'n':
			rounds = strtol(optarg, NULL, 10);
			break;
		case 's':
			seed = strtoul(optarg, NULL, 10) | 1;
			break;
		case 'v':
			verbose = true;
			break;
		default:
			errx(1, "usage: powercut [-v] [-c commits] "
			    "[-n rounds] [-s seed]");
		}
	while (rounds-- > 0)
		life();
	printf("powercut: %lu lives, %lu points, %lu cuts, 0 leases lost, "
	    "0 twice, 0 starts refused\n", ndepth, npoints, ncuts);
	return 0;
}

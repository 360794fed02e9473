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

#ifndef JOURNAL_H
#define JOURNAL_H

#include <sys/types.h>

#include <stddef.h>

#include "lease.h"

/*
 * The lease file: a journal of lease records.
 *
 * Text: the line "vmnetd leases 1", then one record a line, each with a
 * checksum at its end.  A later record of a VM interface replaces the earlier.
 * The line "synced" says that all before it is on disk: what is damaged there
 * was damaged later, and stops the start.  What is damaged behind the last one
 * was never promised, in whatever order a disk has written it, and is dropped.
 * Appending and syncing make a record durable; from time to time the live
 * records are written to a new file that replaces the old one.  At any byte
 * at which writing stops, every record that was synced is found again.
 * All calls that fail leave a message in journal_error() that names the file.
 */

struct journal;

/*
 * Open or create.  A damaged tail is dropped with a warning in the log.  NULL
 * when the file cannot be used or trusted, with the message in the buffer.
 * Nobody else may have the file open: what a compaction has left behind,
 * PATH.new, is removed.  The path may be relative, and the working directory
 * may change afterwards.
 */
struct journal	*journal_open(const char *, char *, size_t);
/* Writes nothing: commit before. */
void		 journal_close(struct journal *);

/* The live records, queued or written, in the order of VM name and index. */
void		 journal_each(struct journal *,
		    void (*)(void *, const struct lease_record *), void *);
/* One of them: 0, or -1 when there is none. */
int		 journal_find(const struct journal *, const char *, uint8_t,
		    struct lease_record *);
size_t		 journal_count(const struct journal *);

/*
 * Queue a record, or that a VM interface is forgotten (which it may be
 * already).  -1 when it is refused, with the message in journal_error(): a
 * field that is not valid, or a subnet that overlaps that of another VM
 * interface in the same pool.  So whoever gives the subnet of one VM interface
 * to another forgets the first one first.  Pools of different names may
 * overlap: they may be in different rdomains.
 */
int		 journal_put(struct journal *, const struct lease_record *);
int		 journal_forget(struct journal *, const char *, uint8_t);
/*
 * Write what is queued; with sync nonzero everything put before is on disk
 * when this returns 0.
 * On failure the queued records are kept and written by the next commit
 * (into a new file if need be, since after a failed fsync nothing written
 * before is certain, and so when somebody has removed or replaced the file).
 */
int		 journal_commit(struct journal *, int sync);
const char	*journal_error(const struct journal *);

/*
 * One line, without its newline, to and from a record; for tests and tools.
 * 0, or -1 when the record is not valid or the buffer too small
 * (JOURNAL_LINELEN is enough), or when the text is not exactly what
 * journal_format() makes of a valid record.
 */
#define JOURNAL_LINELEN	512
int		 journal_format(const struct lease_record *, char *, size_t);
int		 journal_parse(const char *, struct lease_record *);

#endif /* JOURNAL_H */

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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "journal.h"
#include "lease.h"

/*
 * A lease file with so many remembered leases, written by the daemon's own
 * code: VMs old-0, old-1 ... from 172.24.0.0 on.
 *
 * usage: leases count file
 */

#define FIRST	0xac180000U

int
main(int argc, char *argv[])
{
	static char		 why[1024];
	struct lease_record	 record;
	struct journal		*journal;
	uint32_t		 i, n;

	if (argc != 3)
		errx(1, "usage: leases count file");
	n = strtoul(argv[1], NULL, 10);
	if ((journal = journal_open(argv[2], why, sizeof(why))) == NULL)
		errx(1, "%s", why);
	for (i = 0; i < n; i++) {
		memset(&record, 0, sizeof(record));
		snprintf(record.vm, sizeof(record.vm), "old-%u", i);
		snprintf(record.pool, sizeof(record.pool), "default");
		record.subnet = FIRST + 2 * i;
		record.guest = record.subnet + 1;
		record.plen = 31;
		record.since = time(NULL);
		record.state = LEASE_IDLE;
		record.has_lladdr = 1;
		memcpy(record.lladdr, "\xfe\xe1\xbb", 3);
		memcpy(record.lladdr + 3, &i, 3);
		if (journal_put(journal, &record) == -1)
			errx(1, "%s", journal_error(journal));
	}
	if (journal_commit(journal, 1) == -1)
		errx(1, "%s", journal_error(journal));
	journal_close(journal);
	return 0;
}

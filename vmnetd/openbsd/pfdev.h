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


#ifndef PFDEV_H
#define PFDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Private to openbsd/: what is asked of pf(4) itself.  All of it works at
 * securelevel 2 but the killing of states.  -1 with errno on errors.
 */

#define PFDEV_TABLELEN	32	/* a table's name with NUL */

int	 pfdev_open(void);
/* 1 if pf is enabled, 0 if not. */
int	 pfdev_enabled(void);

/*
 * Guest addresses in a table of an anchor.  ESRCH: there is no such table.
 * What is there already need not be added, what is not need not be removed:
 * the result is how many were.
 */
int	 pfdev_table_add(const char *, const char *, uint32_t);
int	 pfdev_table_del(const char *, const char *, uint32_t);
/* All that it holds, and nothing else. */
int	 pfdev_table_set(const char *, const char *, const uint32_t *, size_t);
/* The tables of an anchor, malloc'ed. */
int	 pfdev_tables(const char *, char (**)[PFDEV_TABLELEN], size_t *);
/* What one holds, malloc'ed. */
int	 pfdev_table_get(const char *, const char *, uint32_t **, size_t *);

/* End the connections of a guest address in a routing domain. */
int	 pfdev_kill_address(uint32_t, uint32_t);
/* ... what goes by UDP to these ports (first to last) of an address, */
int	 pfdev_kill_udp(uint32_t, uint16_t, uint16_t, uint32_t);
/* ... and what a rule with this label let in. */
int	 pfdev_kill_label(const char *, uint32_t);

#endif /* PFDEV_H */

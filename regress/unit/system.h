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


#ifndef SYSTEM_H
#define SYSTEM_H

#include <net/if.h>

#include <stdbool.h>

/*
 * What tests of the kernel's part need besides vmnetd itself: linux/ and
 * openbsd/ implement it.  All end the test when they fail, unless they say
 * otherwise.
 */

/* A network of our own, where there is such a thing; -1 if not permitted. */
int	 system_isolate(void);
/*
 * Open a tap, as a VM does, and give its name.  stay: it is still there when
 * it is closed.  In a name that is not empty, that tap.  Non-blocking.
 */
int	 system_tap_open(char[IF_NAMESIZE], bool stay);
/* Remove a tap that stays. */
void	 system_tap_remove(const char *);
void	 system_describe(const char *, const char *);
/* -1 where there are none; 0 goes back. */
int	 system_set_rdomain(const char *, unsigned int);
/* A bridge with this tap as port, and no bridge again. */
void	 system_bridge(const char *);
void	 system_unbridge(void);

#endif /* SYSTEM_H */

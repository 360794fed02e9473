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


#ifndef FOREIGN_H
#define FOREIGN_H

#include <sys/types.h>
#include <net/if.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Private to linux/: chains of others through which what is forwarded has to
 * pass as well, and that drop what a guest sends.
 */

/* A guest, by what a rule may name it. */
struct foreign_guest {
	char		 tap[IF_NAMESIZE];
	uint32_t	 ifindex;
	uint32_t	 address;
};

/*
 * Call back with a line for each chain that drops, and has no rule that lets
 * any of these guests pass.  Tables of that name are ours.  -1 with errno.
 */
int	 foreign_look(const char *, const struct foreign_guest *, size_t,
	    void (*)(void *, const char *), void *);

#endif /* FOREIGN_H */

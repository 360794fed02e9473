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


#ifndef GROUP_H
#define GROUP_H

#include <sys/types.h>
#include <net/if.h>

#include <stddef.h>
#include <stdint.h>

/* Private to openbsd/: groups of interfaces. */

/* The members of a group, malloc'ed; 0 and NULL if there is none. */
size_t	 group_members(const char *, char (**)[IF_NAMESIZE]);
/* The IPv4 addresses of an interface or of all in a group, malloc'ed. */
size_t	 group_addresses(const char *, uint32_t **);

#endif /* GROUP_H */

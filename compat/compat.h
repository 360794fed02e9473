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

#ifndef COMPAT_H
#define COMPAT_H

/*
 * Included before everything else where the system is not OpenBSD: what
 * OpenBSD's headers declare and libbsd's do not.
 */

#include <sys/cdefs.h>

#ifndef __dead
#define __dead		__attribute__((__noreturn__))
#endif

/* The static forms of <sys/tree.h> need it. */
#ifndef __unused
#define __unused	__attribute__((__unused__))
#endif

/* SO_PEERCRED's answer, by the name that OpenBSD has for it. */
#define sockpeercred	ucred

/* vmnetctl(8) confines itself where the system can; elsewhere it goes on. */
static inline int
pledge(const char *promises, const char *execpromises)
{
	return 0;
}

#endif /* COMPAT_H */

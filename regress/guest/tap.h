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


#ifndef TAP_H
#define TAP_H

#include <stddef.h>

/*
 * The taps of this system, as a virtual machine's program uses them.
 * linux/ and openbsd/ implement it.
 */

/*
 * Open a tap by name, non-blocking; it is made if it is not there and goes
 * with the descriptor then.  where: the network namespace to do it in
 * (Linux), NULL or "" for the own one.  -1 with errno set.
 */
int	 tap_open(const char *name, const char *where);
/* Write its description, as vmd(8) does: 0, or -1 with errno set. */
int	 tap_describe(const char *name, const char *descr);

#endif /* TAP_H */

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


#ifndef LOOK_H
#define LOOK_H

#include "kernel.h"

/* Private to openbsd/: the socket for interface ioctls, and looks. */

/* Open it, unless it is open. */
int	 look_open(void);
/* ioctl(2) on it; ENODEV becomes ENXIO. */
int	 look_ioctl(unsigned long, void *);
/*
 * The interface of this index, which must still have this name.  The
 * addresses are kept apart from those of kernel_look().
 */
int	 look_again(const struct interface *, struct interface *);

#endif /* LOOK_H */

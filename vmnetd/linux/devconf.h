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


#ifndef DEVCONF_H
#define DEVCONF_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Private to linux/: what sysctl(8) calls net.ipv4.conf, by rtnetlink, as
 * there are no files where the process lives.  -1 with errno set.
 */

/* net.ipv4.ip_forward: 0 or 1 */
int	 devconf_forwarding(void);
/* net.ipv4.conf.INTERFACE.route_localnet */
int	 devconf_route_localnet(uint32_t, bool);

#endif /* DEVCONF_H */

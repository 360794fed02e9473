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

#ifndef PATHS_H
#define PATHS_H

#define VMNETD_CONF	"/etc/vmnetd.conf"
#define VMNETD_LEASES	"/var/db/vmnetd/leases"
#define VMNETD_SOCKET	"/var/run/vmnetd.sock"
#define VMNETD_USER	"_vmnetd"
#define VMNETD_EMPTY	"/var/empty"
#define VMNETD_GROUP	"wheel"		/* of the socket */

#define PATH_BPF	"/dev/bpf"
#define PATH_PF		"/dev/pf"
#define PATH_PFCTL	"/sbin/pfctl"
/* Our rules, for pf.conf to load where nobody may later. */
#define PATH_ANCHOR	"/var/db/vmnetd/anchor.pf"

#endif /* PATHS_H */

#!/bin/sh
# Copyright (c) 2026 The vmnetd authors
#
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.

# dhcpcd, until it has an address.  It runs in a mount namespace of its own.

mount -t tmpfs none /run && mount -t tmpfs none /var/lib/dhcpcd || exit 1
cat >/run/dhcpcd.conf <<EOC
hostname dhcpcd-guest
option subnet_mask, routers, domain_name_servers, host_name, domain_name
option domain_search, interface_mtu, ntp_servers, classless_static_routes
option bootfile_name, tftp_server_name
noarp
noipv4ll
EOC
exec dhcpcd -4 -1 -d -t 30 -f /run/dhcpcd.conf -c "${0%/*}/report" \
    -e CLIENT_REPORT="$CLIENT_REPORT" eth0

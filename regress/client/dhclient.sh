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

# ISC's client, until it has an address.  It runs in a mount namespace of its
# own.

mount -t tmpfs none /run && mount -t tmpfs none /var/lib/dhcp || exit 1
cat >/run/dhclient.conf <<EOC
option rfc3442-classless-static-routes code 121 = array of unsigned integer 8;
send host-name "dhclient-guest";
request subnet-mask, routers, domain-name-servers, host-name, domain-name,
    domain-search, interface-mtu, ntp-servers, rfc3442-classless-static-routes,
    bootfile-name, tftp-server-name;
initial-interval 1;
EOC
exec dhclient -4 -1 -v -cf /run/dhclient.conf -lf /run/dhclient.leases \
    -pf /run/dhclient.pid -sf "${0%/*}/report" \
    -e CLIENT_REPORT="$CLIENT_REPORT" eth0

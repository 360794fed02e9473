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

# systemd-networkd's client.  It runs in a mount namespace of its own, without
# udev and D-Bus, and goes on when it has an address: at its end it takes that
# away.

mount -t tmpfs none /run || exit 1
mount -o remount,ro,bind /sys || mount -t sysfs -o ro none /sys || exit 1
mkdir -p /run/systemd/network /run/systemd/netif/leases \
    /run/systemd/netif/links
chown -R systemd-network: /run/systemd/netif
cat >/run/systemd/network/10-eth0.network <<EOC
[Match]
Name=eth0
[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no
[DHCPv4]
Hostname=networkd-guest
UseDomains=yes
UseMTU=yes
UseNTP=yes
RequestOptions=66 67
EOC
SYSTEMD_LOG_LEVEL=debug /lib/systemd/systemd-networkd &

value()
{
	sed -n "s/^$1=//p" "$lease"
}

index=$(cat /sys/class/net/eth0/ifindex)
lease=/run/systemd/netif/leases/$index
tries=300
until [ -s "$lease" ] && ip -4 addr show dev eth0 | grep -q 'inet '; do
	tries=$((tries - 1))
	[ $tries -gt 0 ] || exit 1
	sleep 0.1
done
cat "$lease"
# A route is "10.0.0.0/8,172.16.0.2".
cat >"$CLIENT_REPORT.new" <<EOR
address=$(value ADDRESS)
mask=$(value NETMASK)
router=$(value ROUTER)
dns=$(value DNS)
domain=$(value DOMAINNAME)
search=$(value DOMAIN_SEARCH_LIST)
mtu=$(value MTU)
ntp=$(value NTP)
routes=$(value CLASSLESS_ROUTES | tr , ' ')
hostname=$(value HOSTNAME)
lease=$(value LIFETIME)
server=$(value SERVER_ADDRESS)
EOR
mv "$CLIENT_REPORT.new" "$CLIENT_REPORT"

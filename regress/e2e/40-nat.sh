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

# A guest reaches the Internet through NAT, from the address of the interface
# with the default route; other pools are not translated.

. "${0%/*}/../lib.sh"
[ -f "$top/regress/net-$SYSTEM.sh" ] || skip "no networks around the host"
. "$top/regress/net-$SYSTEM.sh"

outside_create
conf <<-EOC
pool "lab" {
	inet 172.16.0.0/24
	nat on egress
	$RD
}
pool "plain" {
	inet 172.17.0.0/24
	$RD
}
pool "fixed" {
	inet 172.18.0.0/24
	nat on $WAN to 192.0.2.50
	$RD
}
vm "lab*" { pool "lab" }
vm "plain*" { pool "plain" }
vm "fixed*" { pool "fixed" }
EOC
daemon_start
answerer out 80
answerer out 80 udp $FAR
ok "a guest of a pool with NAT" guest_net lab1 $T0
ok "one of a pool without" guest_net plain1 $T1
ok "one of a pool with another address" guest_net fixed1 $T2
lab=$(ctl show address lab1)
plain=$(ctl show address plain1)

is "seen from outside it is the host" "$(ask lab1 $FAR 80)" \
    "name=out from=$WAN_ADDR"
is "by UDP, too" "$(ask lab1 $FAR 80 udp)" "name=out from=$WAN_ADDR"
ok "by ICMP, too" place_pings lab1 $FAR
outside_route 172.16.0.0/12
is "without NAT it is itself" "$(ask plain1 $FAR 80)" \
    "name=out from=$plain"
ip -n "$NET.out" route add 192.0.2.50/32 via $WAN_ADDR
is "with an address of its own it has that" "$(ask fixed1 $FAR 80)" \
    "name=out from=192.0.2.50"
answerer plain1 80
answerer host 80
is "to other guests it is itself" "$(ask lab1 "$plain" 80)" \
    "name=plain1 from=$lab"
is "to the host, too" "$(ask lab1 $WAN_ADDR 80)" \
    "name=host from=$lab"

# The default route moves: to where the configuration did not know of.
ip link add wan1 type veth peer name eth1 netns "$NET.out"
ip addr add 203.0.113.1/24 dev wan1
ip link set wan1 up
ip -n "$NET.out" addr add 203.0.113.2/24 dev eth1
ip -n "$NET.out" link set eth1 up
ip route replace default via 203.0.113.2
soon "egress is another interface now" \
    sh -c "nft list set inet vmnetd egress | grep -q wan1"
is "and so is the address" "$(ask lab1 $FAR 80)" "name=out from=203.0.113.1"

# A new configuration without NAT.
conf <<-EOC
pool "lab" {
	inet 172.16.0.0/24
	$RD
}
EOC
ok "reload" ctl reload
is "no NAT any more" "$(ask lab1 $FAR 80)" "name=out from=$lab"

finish

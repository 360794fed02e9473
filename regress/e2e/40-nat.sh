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

NETWORKS=1
. "${0%/*}/../lib.sh"

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
outside_route 192.0.2.50/32
is "with an address of its own it has that" "$(ask fixed1 $FAR 80)" \
    "name=out from=192.0.2.50"
answerer plain1 80
answerer host 80
is "to other guests it is itself" "$(ask lab1 "$plain" 80)" \
    "name=plain1 from=$lab"
is "to the host, too" "$(ask lab1 $WAN_ADDR 80)" \
    "name=host from=$lab"

# The default route moves: to where the configuration did not know of.
egress_moves
soon "egress is another interface now" egress_is $WAN2
is "and so is the address" "$(ask lab1 $FAR 80)" "name=out from=$WAN2_ADDR"

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

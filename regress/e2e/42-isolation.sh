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

# Guests of a pool that isolates do not reach each other; others do.

NETWORKS=1
. "${0%/*}/../lib.sh"

outside_create
conf <<-EOC
pool "lab" {
	inet 172.16.0.0/24
	nat on egress
	isolate
	$RD
}
pool "open" {
	inet 172.17.0.0/24
	nat on egress
	$RD
}
vm "lab*" { pool "lab" }
vm "open*" { pool "open" }
EOC
daemon_start
n=0
for vm in lab1 lab2 open1 open2; do
	ok "$vm comes" guest_net $vm "$(eval echo "\$T$n")"
	answerer $vm 80
	n=$((n + 1))
done
lab1=$(ctl show address lab1)
lab2=$(ctl show address lab2)
open1=$(ctl show address open1)
open2=$(ctl show address open2)

nok "lab1 does not reach lab2" place_pings lab1 "$lab2"
nok "nor lab2 lab1" place_pings lab2 "$lab1"
is "not by TCP either" "$(ask lab1 "$lab2" 80)" ""
ok "open1 reaches open2" place_pings open1 "$open2"
ok "open1 reaches lab1" place_pings open1 "$lab1"
ok "lab1 reaches open1" place_pings lab1 "$open1"
ok "the host reaches lab1" place_pings host "$lab1"
ok "lab1 reaches the host" place_pings lab1 $WAN_ADDR
ok "lab1 reaches the outside" place_pings lab1 $FAR

# No IPv6, in either direction.
host6=$(link_local host $T2)
guest6=$(link_local open1 "$(guest_interface open1)")
if [ -n "$host6" ] && [ -n "$guest6" ]; then
	nok "a guest does not reach the host by IPv6" \
	    place_pings6 open1 "$host6" "$(guest_interface open1)"
	nok "nor the host a guest" place_pings6 host "$guest6" $T2
else
	skip_some "no IPv6 here"
fi

conf <<-EOC
pool "lab" {
	inet 172.16.0.0/24
	$RD
}
pool "open" {
	inet 172.17.0.0/24
	isolate
	$RD
}
vm "lab*" { pool "lab" }
vm "open*" { pool "open" }
EOC
ok "reload" ctl reload
ok "lab1 reaches lab2 now" place_pings lab1 "$lab2"
nok "open1 does not reach open2 any more" place_pings open1 "$open2"
finish

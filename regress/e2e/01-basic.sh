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

# A VM starts and its network is there: the path of DESIGN's first section.

. "$(dirname "$0")/../lib.sh"

conf_default
daemon_start

guest_start vm0 -t $T0 -D vm1-if0-vm0 hostname=myguest bind serve
soon "the lease is bound" in_state bound vm0
out=$(guest_out vm0)
ack=$(grep '^ack' "$DIR/vm0.out")
is "the first lease is .3" "$(value address "$ack")" 172.16.0.3
is "the mask of a /31" "$(value mask "$ack")" 255.255.255.254
is "the router is the host" "$(value router "$ack")" 172.16.0.2
is "the server is the host" "$(value server "$ack")" 172.16.0.2
is "the name server" "$(value dns "$ack")" 9.9.9.9
is "an hour is the default" "$(value lease "$ack")" 3600
is "T1 is half of it" "$(value t1 "$ack")" 1800
is "T2 is seven eighths" "$(value t2 "$ack")" 3150
is "it is told its VM's name" "$(value hostname "$ack")" vm0
is "from the host address" "$(value from "$ack")" 172.16.0.2
is "from the tap's own address" "$(value lladdr "$ack")" "$(tap_lladdr $T0)"
ok "BOOTP's length at least" [ "$(value length "$ack")" -ge 300 ]
unlike "no broken frame" "$out" '*broken*'
is "OFFER and ACK agree" "$(value address "$(grep '^offer' "$DIR/vm0.out")")" \
    172.16.0.3

is "the host address is set" "$(tap_addresses $T0)" 172.16.0.2/31
is "and none of IPv6" "$(tap_addresses6 $T0)" ""
ok "the guest answers" host_pings 172.16.0.3
ok "it is still bound after that" in_state bound vm0

is "the tap is shown" "$(field vm0 0 tap)" $T0
is "the pool is shown" "$(field vm0 0 pool)" default
is "the host is shown" "$(field vm0 0 host)" 172.16.0.2/31
is "the guest is shown" "$(field vm0 0 guest)" 172.16.0.3
is "its address is shown" "$(field vm0 0 lladdr)" fe:e1:bb:d1:00:01
is "its name is shown" "$(field vm0 0 hostname)" myguest
is "show address" "$(ctl show address vm0)" 172.16.0.3
is "the pool's use" "$(ctl show pools | column used)" 1
is "the pool's size" "$(ctl show pools | column size)" 126
ok "the tap is managed" tap_managed $T0 yes
is "one DISCOVER" "$(stat_of received DISCOVER)" 1
is "one ACK" "$(stat_of sent ACK)" 1
ok "there is a lease file" [ -s "$LEASES" ]

guest_start vm1 -m fe:e1:bb:d1:00:02 -t $T1 -D vm2-if0-vm1 bind serve
soon "the second VM is bound" in_state bound vm1
is "it has the next subnet" "$(field vm1 0 host)" 172.16.0.4/31
ok "it answers too" host_pings 172.16.0.5
forwarding_on
ok "guests reach each other" guest -m fe:e1:bb:d1:00:03 -t $T2 \
    -D vm3-if0-vm2 bind ping=172.16.0.5
soon "the third has left" in_state idle vm2

guest_stop vm0
soon "the lease of a VM that has gone is idle" in_state idle vm0
is "it has no tap" "$(field vm0 0 tap)" -
is "it keeps its address" "$(field vm0 0 guest)" 172.16.0.3
nok "show address says no" ctl show address vm0

ok "the VM has the same address again" guest -t $T0 -D vm7-if0-vm0 bind
like "really" "$ok_out" '*ack address=172.16.0.3 *'

finish

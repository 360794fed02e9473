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

# The daemon stops and starts under running guests: the same leases, no lost
# packet.

. "$(dirname "$0")/../lib.sh"

conf_default
daemon_start
for n in 0 1 2; do
	guest_start vm$n -t "$(eval echo "\$T$n")" -m fe:e1:bb:d1:00:1$n \
	    -D vm1-if0-vm$n bind serve
	soon "vm$n is bound" in_state bound vm$n
done
before=$(ctl show leases)
is "three are bound" "$(echo "$before" | grep -c bound)" 3

ping -i 0.02 -c 300 -q 172.16.0.5 >"$DIR/ping" &
pinger=$!
sleep 0.5
ok "it stops in order" daemon_stop
is "the addresses stay" \
    "$(tap_addresses $T0) $(tap_addresses $T1) $(tap_addresses $T2)" \
    "172.16.0.2/31 172.16.0.4/31 172.16.0.6/31"
nok "the socket is gone, or nobody answers" ctl show
address_monitor >"$DIR/monitor" 2>/dev/null &
monitor=$!
daemon_start
soon "vm0 is bound again" in_state bound vm0
soon "vm1 is bound again" in_state bound vm1
soon "vm2 is bound again" in_state bound vm2
kill $monitor
wait $monitor 2>/dev/null
is "no address was touched" "$(address_changes "$DIR/monitor")" ""
is "all is as it was" "$(ctl show leases)" "$before"
wait $pinger
like "no ping is lost" "$(cat "$DIR/ping")" \
    "* 300 *received, 0*% packet loss*"

# And it serves those that stayed.
guest_stop vm1
soon "a VM leaves" in_state idle vm1
ok "it is there again" guest -t $T1 -D vm1-if0-vm1 bind
like "with its address" "$ok_out" "*ack address=172.16.0.5 *"

# A VM that leaves while the daemon is down.
ok "stop" daemon_stop
guest_stop vm2
guest_start vm3 -t $T3 -m fe:e1:bb:d1:00:33 -D vm1-if0-vm3 bind serve
daemon_start
soon "a VM that came meanwhile is served" in_state bound vm3
ok "vm0 goes on" in_state bound vm0
ok "vm2 is idle" in_state idle vm2
is "and keeps its address" "$(field vm2 0 guest)" 172.16.0.7
is "which is nobody else's" "$(field vm3 0 guest)" 172.16.0.9

# The whole host starts anew: no tap is there, the leases are.
ok "stop" daemon_stop
guest_stop vm0
guest_stop vm3
daemon_start
for vm in vm0 vm1 vm2 vm3; do
	ok "$vm is idle" in_state idle $vm
done
# In another order, on other taps.
n=5
for vm in vm3 vm1 vm2 vm0; do
	guest_start $vm -t "$(eval echo "\$T$n")" -m fe:e1:bb:d1:00:2$n \
	    -D vm$n-if0-$vm bind serve
	soon "$vm is bound" in_state bound $vm
	n=$((n + 1))
done
is "with the same addresses" \
    "$(for vm in vm0 vm1 vm2 vm3; do ctl show address $vm; done |
    tr '\n' ' ')" \
    "172.16.0.3 172.16.0.5 172.16.0.7 172.16.0.9 "

finish

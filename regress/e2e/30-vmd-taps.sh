#!/bin/sh
#
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


# Taps as vmd(8) opens, describes and configures them.

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = openbsd ] || skip "made for OpenBSD's taps"

conf <<EOC
default pool "default"
pool "default" { inet 172.16.0.0/24 $RD }
pool "other" { inet 172.17.0.0/24 rdomain $((HOST_RD + 1)) }
vm "moving" { pool "other" }
EOC
daemon_start

in_group()
{
	ifconfig "$1" | grep -q "groups:.* $2"
}

no_lease()
{
	! ctl show leases | grep -q "^$1 "
}

# A tap that is made by opening it goes when it is closed.
nok "there is no such tap" tap_exists $T0
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind serve
soon "opened, it is served" in_state bound vm0
ok "it is in the group vmnet" in_group $T0 vmnet
guest_stop vm0
soon "when it is closed its lease is idle" in_state idle vm0
nok "and the tap has gone" tap_exists $T0

# The guest reboots: closed and opened, with another index.
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind close open bind close sleep=300 \
    open bind serve
soon "the guest reboots twice" guest_said vm0 '^serving'
is "always with the same address" \
    "$(guest_out vm0 | grep -c '^ack address=172.16.0.3 ')" 3
soon "bound" in_state bound vm0
is "the tap has the host address" "$(tap_addresses $T0)" 172.16.0.2/31
ok "and the guest is reached" host_pings 172.16.0.3
guest_stop vm0

# vmd takes the lowest unit that is free: at once it is another VM's.
guest_start swap -t $T0 -D vm2-if0-a bind \
    close open describe=vm3-if0-b address=0.0.0.0 bind \
    close open describe=vm2-if0-a address=0.0.0.0 bind \
    close open describe=vm3-if0-b address=0.0.0.0 bind serve
soon "one tap, two VMs in turn" guest_said swap '^serving'
soon "the last has it" in_state bound b
soon "the other is idle" in_state idle a
soon "it has that one's address alone" \
    eval '[ "$(tap_addresses $T0)" = "$(field b 0 host)" ]'
is "each had its own all the time" "$(guest_out swap |
    sed -n 's/^ack address=\([^ ]*\).*/\1/p' | tr '\n' ' ')" \
    "172.16.0.5 172.16.0.7 172.16.0.5 172.16.0.7 "
guest_stop swap

# A tap that was made beforehand stays, and would keep the description of
# the VM that has left.
tap_create $T1
guest_start old -t $T1 -D vm4-if0-old bind serve
soon "the first VM" in_state bound old
guest_stop old
soon "has left" in_state idle old
soon "no address stays on the tap" has_address $T1 ""
soon "nor its description" eval '! ifconfig $T1 | grep -q description:'
nok "nor the group" in_group $T1 vmnet
guest_start new -t $T1 -m fe:e1:bb:d1:00:55 sleep=1000 describe=vm5-if0-new \
    bind serve
soon "the next VM before it is described is nobody" \
    left_alone $T1 "no description"
soon "then it is served" in_state bound new
is "the first has not come back" "$(field old 0 tap)" -
isnt "they have not the same address" "$(field new 0 guest)" \
    "$(field old 0 guest)"

# The next VM opens it at once, and is described late.
guest_stop new
soon "gone" in_state idle new
guest_start quick -t $T1 -m fe:e1:bb:d1:00:56 describe=vm5-if0-quick bind \
    sleep=1500 close sleep=300 open sleep=1500 hostname=slow \
    address=0.0.0.0 discover:none describe=vm6-if0-slow bind serve
soon "the one that was there" in_state bound quick
soon "leaves when it lets go of the tap" in_state idle quick
soon "what follows is nobody" left_alone $T1 "no description"
soon "until it has a name" in_state bound slow
is "of its own" "$(field slow 0 hostname)" slow
isnt "with an address of its own" "$(field slow 0 guest)" \
    "$(field quick 0 guest)"
is "the first has heard of no other guest" "$(field quick 0 hostname)" -
is "nor has it come back" "$(field quick 0 tap)" -
is "the tap has the new one's address alone" "$(tap_addresses $T1)" \
    "$(field slow 0 host)"
guest_stop quick

# With no time between them the old name may be seen once more, but does not
# stay: who got an address by it gets one of its own when it asks again.
guest_start swift -t $T1 -m fe:e1:bb:d1:00:57 describe=vm5-if0-swift bind \
    close open sleep=200 describe=vm6-if0-swifter address=0.0.0.0 bind \
    sleep=1500 address=0.0.0.0 bind serve
soon "one after the other" in_state bound swifter
is "is another" "$(field swift 0 tap) $(field swift 0 state)" "- idle"
isnt "with another address" "$(field swifter 0 guest)" \
    "$(field swift 0 guest)"
guest_stop swift
soon "gone" in_state idle swifter

# The same while nobody was there to clear it.
guest_start new -t $T1 -m fe:e1:bb:d1:00:55 describe=vm5-if0-new bind serve
soon "the VM is back" in_state bound new
ok "stop" daemon_stop
guest_stop new
guest_start next -t $T1 -m fe:e1:bb:d1:00:66 sleep=700 \
    describe=vm6-if0-next sleep=2000 bind serve
sleep 0.2
daemon_start
soon "a stale description gives way" in_state bound next
soon "its VM is idle" in_state idle new
soon "the tap has the new one's address alone" \
    eval '[ "$(tap_addresses $T1)" = "$(field next 0 host)" ]'
guest_stop next
soon "gone" in_state idle next
tap_delete $T1

# vmd -L: description and address in one go.
"$GUEST" -t $T2 sleep=100000 >/dev/null &
local_guest=$!
wait_for 5 tap_exists $T2
ifconfig $T2 inet 100.64.7.2/31 description vm7-if0-local
soon "vmd's own network is left alone" left_alone $T2 100.64.7.2/31
never "it is given nothing" eval '! no_lease local'
is "its address is untouched" "$(tap_addresses $T2)" 100.64.7.2/31
nok "it does not join the group" in_group $T2 vmnet
kill $local_guest
wait $local_guest 2>/dev/null

# vmd `down': description and flag in one go.
"$GUEST" -t $T2 sleep=100000 >/dev/null &
down_guest=$!
wait_for 5 tap_exists $T2
ifconfig $T2 down description vm8-if0-down
soon "a tap that is down" eval 'tap_reason $T2 | grep -q "it is down"'
never "stays so" tap_up $T2
is "and without an address" "$(tap_addresses $T2)" ""
ifconfig $T2 up
soon "until it is set up" in_state ready down
kill $down_guest
wait $down_guest 2>/dev/null

# A port of a veb(4), which is no bridge(4).
ifconfig veb190 create
ifconfig veb190 up
tap_create $T3
ifconfig veb190 add $T3
guest_start port -t $T3 -D vm9-if0-port serve
soon "a port of a veb is left alone" left_alone $T3 "port of a bridge"
is "it has no address" "$(tap_addresses $T3)" ""
ok "nor has it a lease" no_lease port
ifconfig veb190 del $T3
PATIENCE=20 soon "when it has left the veb it is served" in_state ready port
guest_stop port
tap_delete $T3
ifconfig veb190 destroy

# Its rdomain comes after the description, and takes all addresses with it.
guest_start moving -t $T4 -D vm10-if0-moving address=172.17.0.3 serve
soon "in another rdomain than its pool's" left_alone $T4 rdomain
ifconfig $T4 rdomain $((HOST_RD + 1))
soon "moved there it is served" in_state ready moving
is "with an address of that pool" "$(tap_addresses $T4)" 172.17.0.2/31
ok "and reached there" route -T $((HOST_RD + 1)) exec ping -c 1 -w 2 172.17.0.3
ifconfig $T4 rdomain "$HOST_RD"
soon "moved away it is left alone again" left_alone $T4 rdomain
is "and without an address" "$(tap_addresses $T4)" ""
soon "its lease is idle" in_state idle moving
guest_stop moving

finish

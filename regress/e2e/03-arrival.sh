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

# What a tap may be, and when vmnetd hears of it.

. "$(dirname "$0")/../lib.sh"

conf <<EOC
default pool "default"
pool "default" { inet 172.16.0.0/24 $RD }
pool "far" { inet 172.17.0.0/24 rdomain 77 }
vm "ignored*" { ignore }
vm "half" { interface 1 { ignore } }
vm "far" { pool "far" }
EOC
daemon_start

# The description comes long after the tap, and nobody is told.
guest_start late -t $T0 sleep=1500 describe=vm1-if0-late bind serve
soon "the tap without a description is left alone" \
    left_alone $T0 "no description"
is "it has no address" "$(tap_addresses $T0)" ""
soon "after its description came it is served" in_state bound late
is "as it should be" "$(field late 0 guest)" 172.16.0.3

# Somebody takes the host address away.
address_del $T0 172.16.0.2/31
soon "it is set again" has_address $T0 172.16.0.2/31
ok "and the guest is reached" host_pings 172.16.0.3

# It comes back under another name and index, with another VM number.
before=$(tap_index $T0)
guest_stop late
soon "idle after it left" in_state idle late
guest_start late -t $T5 -D vm9-if0-late bind serve
soon "bound on another tap" in_state bound late
is "that tap" "$(field late 0 tap)" $T5
isnt "another index" "$(tap_index $T5)" "$before"
is "the same address" "$(field late 0 guest)" 172.16.0.3
guest_stop late

# The same tap stays, and the next VM takes it.
tap_create $T1
guest_start first -t $T1 -D vm2-if0-first bind serve
soon "the first VM is bound" in_state bound first
first=$(field first 0 guest)
guest_stop first
# (A VM takes longer than that to boot: until its description has been read
# the tap is the first one's.)
guest_start second -t $T1 -m fe:e1:bb:d1:00:22 -D vm3-if0-second sleep=500 \
    bind serve
soon "the second VM is bound on the same tap" in_state bound second
soon "the first is idle" in_state idle first
isnt "it has another address" "$(field second 0 guest)" "$first"
is "the tap has the second's alone" "$(tap_addresses $T1)" \
    "$(field second 0 host)"

# Its description is rewritten under the running VM.
tap_describe $T1 vm4-if0-third
PATIENCE=40 soon "the tap is the third VM's" \
    eval '[ "$(field third 0 tap)" = '$T1' ]'
soon "and not the second's" in_state idle second
soon "with the third's address alone" \
    eval 'has_address '$T1' "$(field third 0 host)"'
guest_stop second
soon "the third has left: its VM does not hold the tap" in_state idle third
soon "on the tap that stays no address is left" has_address $T1 ""
tap_delete $T1

# Two interfaces of one VM.
guest_start two0 -t $T1 -D vm5-if0-two bind serve
guest_start two1 -t $T2 -m fe:e1:bb:d1:00:33 -D vm5-if1-two bind serve
soon "interface 0" in_state bound two 0
soon "interface 1" in_state bound two 1
isnt "each has its own subnet" "$(field two 0 host)" "$(field two 1 host)"
is "and both are listed" "$(ctl show leases two | grep -c '^two ')" 2
guest_stop two0
guest_stop two1

# Left alone.
host_interface 192.0.2.1/24
tap_create $T1 vm6-if0-foreign
address_add $T1 10.1.2.1/24
guest_start foreign -t $T1 sleep=100000
soon "a tap with a foreign address is left alone" \
    left_alone $T1 10.1.2.1/24
is "its address is untouched" "$(tap_addresses $T1)" 10.1.2.1/24
address_del $T1 10.1.2.1/24
soon "when it has gone, the tap is served" in_state ready foreign
address_add $T1 10.1.2.1/24
soon "when one comes later, ours is withdrawn" has_address $T1 10.1.2.1/24
guest_stop foreign
tap_delete $T1

bridge_create
tap_create $T2 vm7-if0-port
bridge_add $T2
guest_start port -t $T2 sleep=100000
soon "a bridge port is left alone" left_alone $T2 bridge
is "and has no address" "$(tap_addresses $T2)" ""
guest_stop port
tap_delete $T2

guest_start ignored -t $T3 -D vm8-if0-ignored7 sleep=100000
soon "a vm that is to be ignored is" left_alone $T3 ignore
is "and has no address" "$(tap_addresses $T3)" ""
guest_stop ignored

guest_start half -t $T3 -D vm8-if1-half sleep=100000
guest_start half0 -t $T4 -D vm8-if0-half sleep=100000
soon "the other interface is served" in_state ready half 0
soon "one interface can be ignored" left_alone $T3 ignore
guest_stop half
guest_stop half0

guest_start far -t $T3 -D vm9-if0-far sleep=100000
soon "a pool of another rdomain does not serve here" left_alone $T3 rdomain
guest_stop far

n=0
for descr in "my own tap" vm1-if0- vm-if0-x vm1-ifx-y vm1-if0-.hidden \
    'vm1-if0-a b' vm1-if256-x vm1-if0-a/../b 'vm1-if0-a"b' VM1-IF0-a; do
	guest_start odd$n -t "$(eval echo "\$T$n")" -D "$descr" sleep=100000
	soon "\"$descr\" is no VM" left_alone "$(eval echo "\$T$n")" \
	    "not of the form"
	n=$((n + 1))
done
never "and none is given an address" \
    eval "ctl show interfaces | grep ' yes '"
while [ $n -gt 0 ]; do
	n=$((n - 1))
	is "none at all" "$(tap_addresses "$(eval echo "\$T$n")")" ""
	guest_stop odd$n
done
# Words, as vmd(8) has them.
guest_start dash -t $T3 -D vm12-if3-a-b.c_d sleep=100000
soon "a name with dashes and dots" in_state ready a-b.c_d 3
guest_stop dash

# What is shown as ready has its address and its rules: not before.
priv=$(pid_of priv)
kill -STOP "$priv"
guest_start slow -t $T3 -D vm13-if0-slow sleep=100000
soon "one on its way is known" eval 'ctl show interfaces | grep -q " slow "'
never "and is not shown as ready" in_state ready slow
nok "nor is its address told" ctl show address slow
kill -CONT "$priv"
soon "until it is" in_state ready slow
like "with its address" "$(tap_addresses $T3)" "$(field slow 0 host)"
guest_stop slow

finish

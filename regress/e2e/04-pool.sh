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

# A pool of few subnets: full, and free again.

. "$(dirname "$0")/../lib.sh"

# Of four /30 the host has one, one is excluded, and one is fixed.
conf <<EOC
default pool "small"
pool "small" {
	inet 172.16.0.0/28 subnet 30
	$RD
}
pool "taken" {
	inet 172.18.0.0/24 subnet 29
	exclude { 172.18.0.0/29, 172.18.0.12 }
	$RD
}
vm "t*" { pool "taken" }
vm "fixed" { pool "taken" address 172.18.0.38 }
vm "fixed2" { pool "taken" address 172.18.0.50 }
EOC
host_interface 172.18.0.17/29
daemon_start


full()
{
	for n in 0 1 2 3; do
		guest_start vm$n -t "$(eval echo "\$T$n")" -D vm1-if0-vm$n \
		    sleep=1000000
		soon "vm$n is ready" in_state ready vm$n
	done
}

full
is "four hosts" "$(ctl show leases | awk 'NR > 1 { print $6 }' |
    tr '\n' ' ')" \
    "172.16.0.1/30 172.16.0.5/30 172.16.0.9/30 172.16.0.13/30 "
is "no subnet is free" "$(ctl show pools | awk '$1 == "small" {print $7}')" 0
guest_start vm4 -t $T4 -D vm1-if0-vm4 sleep=1000000
soon "the fifth VM fails" in_state failed vm4
like "because the pool is full" "$(reason vm4)" '*"small" is full*'
is "it has no address" "$(tap_addresses $T4)" ""
is "it is said once in the log" "$(logged 'vm4 ' | grep -c full)" 1
nok "it has no address to show" ctl show address vm4

guest_stop vm1
soon "as soon as one leaves, the waiting one is served" in_state ready vm4
is "with the idle one's subnet" "$(field vm4 0 host)" 172.16.0.5/30
nok "vm1 is forgotten" ctl show leases vm1

# The idle lease unused for longest is taken back.
guest_stop vm2
soon "vm2 idle" in_state idle vm2
sleep 1.1
guest_stop vm0
soon "vm0 idle" in_state idle vm0
is "two idle" "$(ctl show pools | awk '$1 == "small" { print $6 }')" 2
guest_start vm5 -t $T5 -D vm1-if0-vm5 sleep=1000000
soon "the next VM is served" in_state ready vm5
is "with the older one's subnet" "$(field vm5 0 host)" 172.16.0.9/30
ok "the younger idle lease is kept" in_state idle vm0
guest_start vm0 -t $T0 -D vm1-if0-vm0 sleep=1000000
soon "and found again" in_state ready vm0
is "as it was" "$(field vm0 0 host)" 172.16.0.1/30

# Release makes room, too.
guest_stop vm0
soon "vm0 idle" in_state idle vm0
nok "a lease in use is not released" ctl release vm5
ok "an idle one is" ctl release vm0
nok "it is forgotten" ctl show leases vm0
is "its subnet is free" "$(ctl show pools | awk '$1=="small"{print $7}')" 1
nok "there is nothing to release any more" ctl release vm0

# Addresses of the host and excluded ones are avoided.
guest_start t1 -t $T0 -D vm1-if0-t1 sleep=1000000
soon "t1 is ready" in_state ready t1
is "behind the excluded and the host's" "$(field t1 0 host)" 172.18.0.25/29
guest_start t2 -t $T1 -D vm1-if0-t2 sleep=1000000
soon "t2 is ready" in_state ready t2
is "not in the fixed VM's subnet" "$(field t2 0 host)" 172.18.0.41/29

guest_start fixed -t $T2 -D vm1-if0-fixed bind sleep=1000000
soon "the fixed address" in_state bound fixed
is "guest" "$(field fixed 0 guest)" 172.18.0.38
is "host" "$(field fixed 0 host)" 172.18.0.33/29
ok "answers" host_pings 172.18.0.38

# Fixed address: the host itself took it meanwhile.
address_add $HOSTIF 172.18.0.49/29
guest_stop vm3
soon "vm3 idle" in_state idle vm3
guest_start fixed2 -t $T3 -D vm1-if0-fixed2 sleep=1000000
soon "an address of the host is not given out" in_state failed fixed2
like "and this is said" "$(reason fixed2)" "*172.18.0.4*overlap*"

finish

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

# A pool serves the taps of its routing domain: on Linux, of its VRF.

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = linux ] || skip "made for VRFs"
ip link add vrf7 type vrf table 7 2>/dev/null ||
    skip "the kernel has no VRF"
ip link set vrf7 up

conf <<EOC
default pool "main"
pool "main" { inet 172.16.0.0/24 }
pool "seven" { inet 172.16.0.0/24 rdomain 7 }
vm "in7*" { pool "seven" }
EOC
# The same prefix in another rdomain is no overlap.
daemon_start

tap_create $T0 vm1-if0-in7
ip link set $T0 master vrf7
guest_start in7 -t $T0 bind serve
guest_start plain -t $T1 -m fe:e1:bb:d1:00:02 -D vm2-if0-plain bind serve
soon "a VM in rdomain 7" in_state bound in7
soon "a VM in rdomain 0" in_state bound plain
is "both have the first address" "$(ctl show address in7) $(ctl show \
    address plain)" "172.16.0.3 172.16.0.3"
ok "the one is reached in its VRF" ping -q -I vrf7 -c 1 -w 2 172.16.0.3
ok "the other without" host_pings 172.16.0.3
is "the pool says its rdomain" "$(ctl -j show pools | jq -c \
    '.pools[] | select(.name == "seven") | .rdomain')" 7

# A tap of another rdomain than its pool's.
guest_start wrong -t $T2 -m fe:e1:bb:d1:00:03 -D vm3-if0-in7b sleep=100000
soon "a tap that is not in the pool's rdomain is left alone" \
    left_alone $T2 rdomain
ip link set $T2 master vrf7
soon "until it is moved there" in_state ready in7b

# An address of rdomain 0 is in nobody's way in rdomain 7, but in its own.
guest_stop wrong
host_interface 172.16.0.8/31
guest_start a -t $T3 -m fe:e1:bb:d1:00:04 -D vm4-if0-a sleep=100000
guest_start b -t $T4 -m fe:e1:bb:d1:00:05 -D vm5-if0-b sleep=100000
guest_start c -t $T5 -m fe:e1:bb:d1:00:06 -D vm6-if0-c sleep=100000
for vm in a b c; do
	soon "$vm is ready" in_state ready $vm
done
is "the host's subnet is left out" "$(for vm in a b c; do
    ctl show address $vm; done | sort | tr '\n' ' ')" \
    "172.16.0.11 172.16.0.5 172.16.0.7 "

finish

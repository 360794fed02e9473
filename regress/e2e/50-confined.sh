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

# A VM that is failed has no network at all: what it sends goes nowhere.  Taps
# that are not ours are left in peace.

NETWORKS=1
. "${0%/*}/../lib.sh"
[ "$SYSTEM" = linux ] || skip "where packets get to is seen by nftables here"

outside_create
outside_route 172.16.0.0/24
: >"$DIR/bad.rules"
conf <<-EOC
default pool "lab"
pool "lab" {
	inet 172.16.0.0/24
	nat on egress
	$RD
}
pool "small" {
	inet 172.17.0.0/30 subnet 30
	$RD
}
vm "bad" { rules "$DIR/bad.rules" }
vm "full*" { pool "small" }
vm "ignored" { ignore }
EOC
daemon_start

# A guest that knows what its address would be, and needs no ARP:
# guest_bold NAME TAP DESCRIPTION ADDRESS
guest_bold()
{
	guest_link "$1" "$2" "$3" &&
	    ip link set "$2" up &&
	    in_place "$1" ip addr add "$4/24" dev eth0 &&
	    in_place "$1" ip route add default via 172.16.0.254 &&
	    in_place "$1" ip neigh replace 172.16.0.254 \
	    lladdr "$(tap_lladdr "$2")" dev eth0
}

ping_host()	{ place_pings "$1" $WAN_ADDR; }
ping_far()	{ place_pings "$1" $FAR; }
ping_all6()	{ place_pings6 "$1" ff02::1 eth0; }
solicit()	{ place_pings6 "$1" fe80::1 eth0; }
ask_arp()	{ place_pings "$1" 172.16.0.77; }

# Not heard at all: unheard WHAT NAME TAP
unheard()
{
	for way in ping_host ping_far ping_all6 solicit ask_arp; do
		nok "$1: $way is not heard" tap_heard "$3" $way "$2"
	done
}

ok "one without description comes" guest_bold plain $T0 "" 172.16.0.200
ok "one to be ignored comes" guest_bold ignored $T1 vm1-if0-ignored \
    172.16.0.201
soon "it is" left_alone $T1 "ignore"
for way in ping_host ping_far ping_all6 ask_arp; do
	ok "a tap that is not ours is heard: $way" tap_heard $T0 $way plain
	ok "one to be ignored, too: $way" tap_heard $T1 $way ignored
done

# Its rules are refused.
echo frobnicate >"$DIR/bad.rules"
ok "the daemon stops" daemon_stop
daemon_start
ok "one with rules that are refused comes" guest_bold bad $T2 vm3-if0-bad \
    172.16.0.3
soon "it is failed" in_state failed bad
unheard "refused rules" bad $T2
is "its tap has no address" "$(tap_addresses $T2)" ""
like "what is there for it is shown" "$(ctl show rules bad)" "*set ifs*"
unlike "and that is all" "$(ctl show rules bad)" "*guests*"
nft flush ruleset
soon "after a flush it is guarded again" is_guarded $T2
unheard "after a flush" bad $T2
ok "the daemon stops" daemon_stop
unheard "without the daemon" bad $T2
daemon_start
soon "it is failed" in_state failed bad
unheard "after a restart" bad $T2
ok "those that are not ours are heard" tap_heard $T0 ping_far plain
ok "really" tap_heard $T1 ping_far ignored

# Mended.
echo "tcp dport 25 drop" >"$DIR/bad.rules"
ok "reload" ctl reload
PATIENCE=15 soon "it is ready" in_state ready bad
host=$(field bad 0 host)
ok "it has its network" in_place bad ip neigh replace 172.16.0.254 \
    lladdr "$(tap_lladdr $T2)" dev eth0
ok "it is heard from its own address" \
    place_hears out $WAN_ADDR in_place bad ping -c 1 -w 2 \
    -I "$(ctl show address bad)" $FAR
nok "by IPv6 it is not" tap_heard $T2 ping_all6 bad
nok "nor does the host send any" \
    place_pings6 host "$(link_local bad eth0)" $T2

# There is no place for it.
guest_link full1 $T3 vm4-if0-full1
soon "the pool has place for one" in_state ready full1
ok "another comes" guest_bold full2 $T4 vm5-if0-full2 172.16.0.5
soon "it is failed" in_state failed full2
unheard "a pool that is full" full2 $T4

# A tap that stays: its next VM finds it up.
guest_stop bad
tap_create $T5 vm6-if0-stays
soon "a tap that nobody holds is guarded" is_guarded $T5
guest_start stays -t $T5 -D vm6-if0-stays bind serve
soon "its VM has its network" in_state bound stays
guest_stop stays
PATIENCE=15 soon "the VM goes" in_state idle stays
ok "its tap is guarded all the same" is_guarded $T5
like "nothing is shown of it" "$(ctl show rules stays 2>&1)" "*not present*"
ok "it is somebody else's now" tap_describe $T5 something
soon "and left in peace" eval '! is_guarded $T5'
tap_describe $T5 vm7-if0-stays
soon "it is ours again" is_guarded $T5
tap_delete $T5
soon "it goes, and nothing is left" \
    eval '! nft list set inet vmnetd ifs | grep -qE "[ ,][0-9]+[ ,]"'
finish

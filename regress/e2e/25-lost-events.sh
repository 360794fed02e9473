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

# The kernel drops routing messages, and what they would have said is found
# all the same: the frontend is stopped while very much happens.

REGRESS_TIMEOUT=${REGRESS_TIMEOUT:-240}
export REGRESS_TIMEOUT
. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = linux ] || skip "made for ip(8) of Linux"
TORTURE=${TORTURE:-$top/obj/torture}
MANY=${MANY:-2000}

conf <<EOC
pool "default" {
	inet 172.16.0.0/20
	nameserver 9.9.9.9
}
EOC
daemon_start
frontend=$(pid_of frontend)

# Meanwhile: the frontend sees nothing of it until it is over.
stop()
{
	kill -STOP "$frontend"
}

go_on()
{
	kill -CONT "$frontend"
}

vm_on()
{
	[ "$(field "$1" 0 tap)" = "$2" ] && in_state "${3:-ready}" "$1"
}

serves()
{
	guest_start "$2" -t "$1" -m "fe:e1:bb:d1:01:$3" serve
}

# Two thousand taps, of which some are VMs'.
ip netns add "$NET.other"
"$TORTURE/load" tap old0
tap_describe old0 vm1-if0-old0
serves old0 g0 01
"$TORTURE/load" tap old1 5001
tap_describe old1 vm1-if0-old1
serves old1 g1 02
"$TORTURE/load" tap old2 5002
tap_describe old2 vm1-if0-old2
serves old2 g2 03
"$TORTURE/load" tap old3
tap_describe old3 vm1-if0-old3
serves old3 g3 04
"$TORTURE/load" tap old4
tap_describe old4 vm1-if0-old4
serves old4 g4 05
"$TORTURE/load" tap old5 5005
tap_describe old5 vm1-if0-old5
serves old5 g5 08
# And one that is remembered.
"$TORTURE/load" tap brief
tap_describe brief vm9-if0-known
serves brief g9 09
soon "known is ready" vm_on known brief
guest_stop g9
ip link del brief
soon "known has gone" in_state idle known
for n in 0 1 2 3 4 5; do
	soon "old$n is ready" vm_on old$n old$n
	eval "address$n=$(field old$n 0 host)"
done

stop
n=0
while [ $n -lt "$MANY" ]; do
	echo "tuntap add dev many$n mode tap"
	echo "link set many$n alias vm2-if0-many$n"
	echo "link set many$n mtu 1400"
	echo "link set many$n mtu 1500"
	echo "link set many$n mtu 1400"
	n=$((n + 1))
done >"$DIR/batch"
ip -batch "$DIR/batch" || fail "2,000 taps"
# Renamed, while its VM runs.
ip link set old0 down
ip link set old0 name renamed0
ip link set renamed0 up
# Another VM's tap with the index of the one that went, and its name.
guest_stop g1
ip link del old1
"$TORTURE/load" tap old1 5001
tap_describe old1 vm3-if0-new1
serves old1 g1b 06
# The same VM, with another index and the same name.
guest_stop g2
ip link del old2
"$TORTURE/load" tap old2 6002
tap_describe old2 vm4-if0-old2
serves old2 g2b 03
# Another VM, which is remembered, with the name but not the index.
guest_stop g5
ip link del old5
"$TORTURE/load" tap old5 6005
tap_describe old5 vm4-if0-known
serves old5 g5b 09
# Another VM on the same tap.
tap_describe old3 vm5-if0-new3
# Gone to another namespace.
ip link set old4 netns "$NET.other"
# Came and went between two looks.
n=0
while [ $n -lt 50 ]; do
	"$TORTURE/load" tap brief
	tap_describe brief vm6-if0-brief
	ip link del brief
	n=$((n + 1))
done
# Five of the many are VMs.
for n in 1 500 1000 1500 1999; do
	serves many$n m$n 07
done
is "all of it is in the kernel" \
    "$(ip -o link | grep -c ' many[0-9]*:')" "$MANY"
sleep 0.3
: >"$LOG"
go_on
PATIENCE=30
soon "events were lost" logged "events were lost"
soon "the renamed one is served" vm_on old0 renamed0
is "with its address" "$(tap_addresses renamed0)" "$address0"
soon "who has gone is idle" in_state idle old1
soon "who has its index is served" vm_on new1 old1
is "with its own address only" "$(tap_addresses old1)" \
    "$(field new1 0 host)"
isnt "not with that of before" "$(tap_addresses old1)" "$address1"
soon "the same VM on a new tap is served" vm_on old2 old2
is "with its address" "$(tap_addresses old2)" "$address2"
soon "the other VM on the same tap is served" vm_on new3 old3
is "with its own address only" "$(tap_addresses old3)" \
    "$(field new3 0 host)"
soon "who has only its name is served" vm_on known old5
soon "who had it before is idle" in_state idle old5
for tap in renamed0 old1 old2 old3 old5; do
	ok "what $tap sends is looked at" is_guarded $tap
done
isnt "not with that of before" "$(tap_addresses old3)" "$address3"
soon "who was there before is idle" in_state idle old3
soon "who went elsewhere is idle" in_state idle old4
for n in 1 500 1000 1500 1999; do
	soon "one of many is served" vm_on many$n many$n
done
seen()
{
	[ "$(ctl show interfaces | grep -c '^many[0-9]')" -eq "$MANY" ]
}
soon "all are seen" seen
is "no address is there twice" "$(ip -4 -o addr | awk '{ print $4 }' |
    sort | uniq -d)" ""
ok "the daemon lives" daemon_alive

# It comes back, and has its address again.
ip -n "$NET.other" link set old4 netns "$NET.host"
soon "back from elsewhere it is served" vm_on old4 old4
is "with its address" "$(tap_addresses old4)" "$address4"
guest_stop g4
"$GUEST" -t old4 -m fe:e1:bb:d1:01:05 bind >"$DIR/g4" 2>&1
like "and can ask" "$(cat "$DIR/g4")" "*ack address=*"

# All go while nobody looks.
stop
n=0
while [ $n -lt "$MANY" ]; do
	echo "link del many$n"
	n=$((n + 1))
done >"$DIR/batch"
ip -batch "$DIR/batch"
: >"$LOG"
go_on
all_gone()
{
	! ctl show interfaces | grep -q '^many[0-9]'
}
PATIENCE=60 soon "all have gone" all_gone
for n in 1 500 1000 1500 1999; do
	soon "their VMs are idle" in_state idle many$n
done
rescans=$((${rescans:-1} + $(logged "events were lost" | wc -l)))

# Taps that go between two steps, again and again.
n=0
while [ $n -lt 60 ]; do
	"$TORTURE/load" taps 1 "gone$((n % 7))x" >/dev/null &
	pid=$!
	wait_for 2 tap_exists "gone$((n % 7))x0"
	tap_describe "gone$((n % 7))x0" "vm7-if0-gone$((n % 5))" 2>/dev/null
	[ $((n % 4)) -eq 0 ] || sleep "0.00$((n % 10))"
	kill -KILL $pid
	wait $pid 2>/dev/null
	n=$((n + 1))
done
ok "the daemon lives" daemon_alive
for n in 0 1 2 3 4; do
	soon "nobody is left there" eval '! vm_on gone$n "gone*"'
done
ok "and serves" guest -t $T1 -m fe:e1:bb:d1:00:02 -D vm8-if0-last bind
echo "$name: total: $MANY taps came and $MANY went while nobody looked," \
    "$rescans rescans; 60 went between two steps; 0 wrong"

finish

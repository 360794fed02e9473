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

# Each process is killed at random moments, while VMs come and go, ask and
# renew.  After each start: no lease changed or lost, no address on two
# interfaces, none where it does not belong, and settled guests were reached
# all the while.
#
# From the environment:
#	ROUNDS	how often (20)
#	FLAPPING	VMs that come and go (200)

REGRESS_TIMEOUT=${REGRESS_TIMEOUT:-$((60 + ${ROUNDS:-20} * 10))}
export REGRESS_TIMEOUT
. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = linux ] || skip "made for ip(8) of Linux"
ROUNDS=${ROUNDS:-20}
FLAPPING=${FLAPPING:-200}
SETTLED=5

conf <<EOC
pool "default" {
	inet 172.16.0.0/20
	nameserver 9.9.9.9
	lease time 60s
}
vm "a*" { forward tcp port 8080 to 80 }
vm "b0" { forward tcp on lo from 127.0.0.0/8 port 81 to 81 }
EOC

# Random enough, and the same again with the same SEED.
SEED=${SEED:-$$}
rnd()
{
	SEED=$(((SEED * 1103515245 + 12345) % 2147483648))
	rnd=$((SEED / 65536 % $1))
}

# VMs that come, ask, and go, until they are told to end.
flap()
{
	while [ ! -e "$DIR/enough" ]; do
		"$GUEST" -n "$2" -t "$1%d" -D "vm7-if0-$1%d" -r 300 -w 4000 \
		    -m "fe:e1:bb:$3:00:00" storm close sleep=200 open storm \
		    >"$DIR/flap.$1" 2>&1
	done
}

# One tap that stays, used by two VMs in turn.
take_turns()
{
	turn=0
	while [ ! -e "$DIR/enough" ]; do
		turn=$((1 - turn))
		"$GUEST" -t stays -D "vm8-if0-turn$turn" -r 300 -w 3000 \
		    -m fe:e1:bb:d2:00:0$turn bind renew sleep=700 \
		    >"$DIR/turn" 2>&1
	done
}

renew()
{
	while [ ! -e "$DIR/enough" ]; do
		"$GUEST" -t renews -D vm9-if0-renews -r 200 -w 20000 \
		    -m fe:e1:bb:d2:00:10 bind renew renew sleep=50 renew \
		    renew rebind renew sleep=50 renew renew release bind \
		    renew renew >"$DIR/renew" 2>&1
	done
}

# VM, interface and addresses of all leases that a guest may rely on.
leases()
{
	wait_for 10 shown_leases || return
	awk 'NR > 1 && $7 != "-" && $5 != "failed" &&
	    $7 ~ /^172/ { print $1, $2, $7 }' "$DIR/shown" | sort
}

# An answer that was cut short by a kill says nothing of the leases.
shown_leases()
{
	ctl show leases >"$DIR/shown" 2>&1
}

# Each lease of before is as it was.
check_leases()
{
	leases >"$DIR/now"
	lost=$(comm -23 "$DIR/known" "$DIR/now" | wc -l)
	[ "$lost" -eq 0 ] || fail "round $round: $lost leases lost or changed" \
	    "$(comm -23 "$DIR/known" "$DIR/now" | head -n 3)"
	sort -u "$DIR/known" "$DIR/now" >"$DIR/all"
	mv "$DIR/all" "$DIR/known"
	twice=$(awk '{ print $3 }' "$DIR/now" | sort | uniq -d)
	is "round $round: no guest address is there twice" "$twice" ""
}

# What an interface has is what its VM's lease says.
addresses()
{
	ip -4 -o addr | awk '$4 ~ /^172\.16\./ { print $4, $2 }' | sort
}

check_addresses()
{
	addresses >"$DIR/addresses"
	is "round $round: no address is on two interfaces" \
	    "$(awk '{ print $1 }' "$DIR/addresses" | uniq -d)" ""
	is "round $round: no tap has two" \
	    "$(awk '{ print $2 }' "$DIR/addresses" | sort | uniq -d)" ""
}

# Those that are wrong now are right a moment later.
stale()
{
	addresses >"$DIR/addresses"
	ctl show leases | awk '$3 != "-" && NR > 1 && $6 ~ /^172/ {
	    print $6, $3 }' | sort >"$DIR/shown"
	comm -23 "$DIR/addresses" "$DIR/shown"
}

nothing_stale()
{
	[ -z "$(stale)" ]
}

# Who may send where, by the packet filter: tap and guest address.
filter_members()
{
	nft list set inet vmnetd guests | tr ',{}' '\n\n\n' |
	    sed -n 's/.*"\(.*\)" \. \([0-9.]*\).*/\1 \2/p' | sort
}

filter_stale()
{
	filter_members >"$DIR/members"
	ctl show leases | awk '$3 != "-" && NR > 1 && $7 ~ /^172/ {
	    print $3, $7 }' | sort >"$DIR/shown"
	diff "$DIR/members" "$DIR/shown"
	nft list table inet vmnetd | grep -e 'dnat ip to 172\.16\.' -e 'chain rules-' \
	    -e '^[^:]*: 172\.16\.'
}

filter_right()
{
	[ -z "$(filter_stale)" ]
}

kill_one()
{
	rnd 4
	case $rnd in
	0)	role=parent ;;
	1)	role=priv ;;
	2)	role=frontend ;;
	3)	role=engine ;;
	esac
	pid=$(pid_of $role)
	others=$(pgrep -P "$daemon")
	kill -KILL "$pid"
	daemon_wait
	for pid in $others; do
		wait_for 10 process_ended "$pid" ||
		    fail "round $round: $pid outlives $role"
	done
}

# One VM more, which comes before the daemon ends and goes before it is back.
guest_comes()
{
	passing=gone$((round % 50))
	guest_start passing -t $passing -D vm6-if0-$passing \
	    -m fe:e1:bb:d2:00:20 bind serve
	wait_for 5 guest_said passing '^ack'
}

start_again()
{
	daemon_run >>"$LOG" 2>&1
	wait_for 30 daemon_answers && daemon_alive ||
	    fail "round $round: it does not start" "$(tail -n 3 "$LOG")"
}

daemon_start
tap_create stays
"$GUEST" -n $SETTLED -t 'still%d' -D 'vm1-if0-still%d' -r 500 storm serve \
    >"$DIR/settled" 2>&1 &
settled_pid=$!
PATIENCE=20 soon "the settled guests are bound" grep -q "bound=$SETTLED" \
    "$DIR/settled"
: >"$DIR/known"
# Each of them is asked 50 times a second, from now on.
n=0
pings=
while [ $n -lt $SETTLED ]; do
	ping -i 0.02 -q "$(ctl show address still$n)" >"$DIR/ping.$n" 2>&1 &
	pings="$pings $!"
	n=$((n + 1))
done
each=$((FLAPPING / 4))
loads=
i=0
for letter in a b c d; do
	i=$((i + 1))
	flap $letter $each "c$i" &
	loads="$loads $!"
done
take_turns &
loads="$loads $!"
renew &
loads="$loads $!"
sleep 1

round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	rnd 1200
	sleep "$(printf '0.%03d' $((rnd % 1000)))"
	guest_comes
	leases >"$DIR/now"
	sort -u "$DIR/known" "$DIR/now" >"$DIR/all" &&
	    mv "$DIR/all" "$DIR/known"
	kill_one
	guest_stop passing
	rnd 3
	sleep "0.0$rnd"
	start_again
	check_leases
	check_addresses
done
touch "$DIR/enough"
for pid in $loads; do
	wait "$pid" 2>/dev/null
done
PATIENCE=30 soon "no address is where it does not belong" nothing_stale ||
    fail "stale" "$(stale)"
PATIENCE=30 soon "nothing is in the packet filter of who has gone" \
    filter_right || filter_stale
check_leases
# shellcheck disable=SC2086 # a list
kill -INT $pings
n=0
lost=0
for pid in $pings; do
	wait "$pid"
	set -- $(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\).*/\1 \2/p' \
	    "$DIR/ping.$n")
	# One may be on its way.
	[ $((${1:-9} - ${2:-0})) -le 1 ] || lost=$((lost + $1 - $2))
	sent=$((${sent:-0} + ${1:-0}))
	n=$((n + 1))
done
is "no ping of a settled guest was lost" "$lost" 0
known=$(wc -l <"$DIR/known")
is "as many leases as VMs" "$known" \
    $((4 * each + SETTLED + 3 + (ROUNDS < 50 ? ROUNDS : 50)))
kill "$settled_pid"
echo "$name: total: kill -9 $ROUNDS times, $known leases, 0 lost or" \
    "changed, 0 stale; $sent pings, $lost lost"

finish

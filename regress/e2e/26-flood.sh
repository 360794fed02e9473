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

# One guest sends as much as its tap takes: DHCP of all kinds, and rubbish.
# The others are served, nothing grows, and it gets no more than it sends.
#
# From the environment:
#	SECONDS_OF_FLOOD	how long (6)

. "$(dirname "$0")/../lib.sh"

FLOOD=${SECONDS_OF_FLOOD:-6}
ASKS=$((FLOOD * 50))
conf <<EOC
pool "default" {
	inet 172.16.0.0/24
	nameserver 9.9.9.9
	lease time 600s
	$RD
}
EOC
daemon_run >>"$LOG" 2>&1
soon "the daemon starts" daemon_answers

memory()
{
	for role in parent priv frontend engine; do
		ps -o rss= -p "$(pid_of $role)"
	done | tr -s ' \n' ' '
}

# All frames that were ever heard of, whatever became of them.
heard()
{
	ctl show stats | awk '$1 == "received" || $1 == "dropped" { n += $3 }
	    END { print n + 0 }'
}

# The hundredths of a second that a process has run: ran ROLE
ran()
{
	[ "$SYSTEM" = linux ] || return
	awk '{ print $14 + $15 }' "/proc/$(pid_of "$1")/stat"
}

# A guest asks, again and again: measure WHEN, of which a line is kept.
measure()
{
	guest_start asks -t $T1 -m fe:e1:bb:d1:00:02 -D vm2-if0-quiet bind \
	    latency=$((ASKS / ROUNDS)) serve
	PATIENCE=$((FLOOD + 10)) soon "$1: a guest asks" guest_said asks \
	    '^latency'
	grep '^latency' "$DIR/asks.out" >>"$DIR/$1.out"
	guest_stop asks
	soon "it has gone" in_state idle quiet
}

# One value of all rounds: all WHEN KEY
all()
{
	sed -n "s/.* $2=\([0-9]*\).*/\1/p" "$DIR/$1.out"
}

# How many times longer than at rest, in the middle of all rounds:
# ratio WHEN KEY
ratio()
{
	all rest "$2" >"$DIR/rest.$2"
	all "$1" "$2" | paste - "$DIR/rest.$2" |
	    awk '{ printf "%.2f\n", $1 / $2 }' | sort -n |
	    sed -n "$((ROUNDS / 2 + 1))p"
}

evil_starts()
{
	guest_start evil -t $T0 -m fe:e1:bb:d1:00:01 -D vm1-if0-evil bind \
	    blast=$1 serve
	soon "the evil one begins" guest_said evil '^ack'
}

evil_ends()
{
	PATIENCE=$((FLOOD * 4 + 20)) soon "the evil one is done" guest_said \
	    evil '^blast'
	guest_stop evil
	soon "the evil one has gone" in_state idle evil
}

ok "the evil one is known" guest -t $T0 -m fe:e1:bb:d1:00:01 -D vm1-if0-evil bind
# By turns nothing happens, one guest only keeps a processor busy, and one
# floods, as the machine may have other work, too.  The first flood also fills
# what is filled once; memory is compared after it.
ROUNDS=$((FLOOD < 10 ? 3 : 5))
round=0
while [ $round -lt $ROUNDS ]; do
	round=$((round + 1))
	measure rest
	sh -c 'while :; do :; done' &
	busy=$!
	measure computes
	kill $busy
	evil_starts $((FLOOD / ROUNDS + 1))
	measure floods
	evil_ends
done

memory_before=$(memory)
log_before=$(wc -l <"$LOG")
size_before=$(wc -c <"$LEASES")
heard_before=$(heard)
ran_before=$(ran frontend)
evil_starts $((FLOOD + 1))
guest_start asks -t $T1 -m fe:e1:bb:d1:00:02 -D vm2-if0-quiet bind \
    latency=$ASKS serve
ok "vmnetctl is answered meanwhile" ctl show leases
like "another VM is served meanwhile" "$(guest -t $T2 -m fe:e1:bb:d1:00:03 \
    -D vm3-if0-other bind ping=172.16.0.6)" "*ack address=172.16.0.7*pong*"
PATIENCE=$((FLOOD * 4 + 20)) soon "the evil one is done" guest_said evil \
    '^blast'
soon "so is the other" guest_said asks '^latency'
grep "^latency" "$DIR/asks.out" >"$DIR/longest.out"
memory_after=$(memory)
ran_after=$(ran frontend)

blast=$(grep '^blast' "$DIR/evil.out" | tail -n 1)
sent=$(value sent "$blast")
replies=$(value replies "$blast")
ms=$(value ms "$blast")
echo "$name: $((sent * 1000 / ms)) frames/s on one tap, $sent sent," \
    "$replies answered"
for when in rest computes floods longest; do
	is "$when: every request was answered" "$(all $when lost | sort -u)" 0
	echo "$name: $when: median $(all $when median | tr '\n' ' ')us," \
	    "p99 $(all $when p99 | tr '\n' ' ')us"
done
echo "$name: RSS, kB: $memory_before; $memory_after"

ok "it sent very much" [ "$sent" -gt 20000 ]
ok "and was answered no more than the bucket lets through" \
    [ "$replies" -le $((200 + 110 * (FLOOD + 3))) ]
# shellcheck disable=SC2086 # words
set -- $memory_before $memory_after
for n in 1 2 3 4; do
	eval "grown=\$(($((n + 4)) > 0 ? \${$((n + 4))} - \${$n} : 0))"
	ok "process $n has not grown" [ "$grown" -lt 512 ]
done
lines=$(($(wc -l <"$LOG") - log_before))
ok "the log is quiet: $lines lines" [ "$lines" -lt 20 ]
ok "what was dropped is counted" [ "$(stat_of dropped rate)" -gt 0 ] ||
    ctl show stats
if [ "$SYSTEM" = linux ]; then
	# Of six of its frames five look like DHCP, and each of them counts,
	# but for those that wait to be read.
	heard=$(($(heard) - heard_before - ASKS))
	echo "$name: $heard frames accounted for; the frontend ran" \
	    "$((ran_after - ran_before))0 ms of $ms"
	ok "all of it, read or not" [ $heard -ge $((sent / 6 * 5 - 100)) ]
	ok "and no more" [ $heard -lt $((sent / 6 * 5 + 100)) ]
	# What may not be sent is not read: it would cost a quarter of a CPU.
	ok "the flood costs the others little" \
	    [ $(((ran_after - ran_before) * 100)) -lt "$ms" ]
fi
grown=$(($(wc -c <"$LEASES") - size_before))
echo "$name: the log grew by $lines lines, the lease file by $grown bytes"
ok "the lease file grows slowly" [ $grown -lt $((2000 + 400 * FLOOD)) ]
ok "the flooded lease is as it was" [ "$(field evil 0 guest)" = 172.16.0.3 ]
is "and so is the other's" "$(field quiet 0 guest)" 172.16.0.5
is "no more leases than VMs" "$(ctl show leases | awk 'NR > 1 && NF > 6' |
    wc -l | tr -d ' ')" 3

echo "$name: total: $((sent * 1000 / ms)) frames/s on one tap for" \
    "$((ms / 1000)) s; $((2 * ASKS)) requests of another, 0 lost, median" \
    "$(ratio floods median) times that at rest, p99" \
    "$(ratio floods p99) times ($(ratio computes p99) where one only" \
    "computes); $lines lines in the log"

# Asks and gives back, again and again: each is a change, few are written.
actions=
n=0
while [ $n -lt 40 ]; do
	actions="$actions bind release"
	n=$((n + 1))
done
# shellcheck disable=SC2086 # words
guest -t $T3 -m fe:e1:bb:d1:00:04 -D vm4-if0-fickle $actions hostname=last \
    bind serve=12 >"$DIR/fickle" 2>&1
is "it was answered each time" "$(grep -c "^ack" "$DIR/fickle")" 41
noted=$(grep -c "^lease fickle " "$LEASES")
echo "$name: 81 changes by one guest, $noted notes"
ok "few were written" [ "$noted" -le 25 ]
ok "the last one was" eval 'grep "^lease fickle " "$LEASES" | grep -q " bound .* last "'

finish

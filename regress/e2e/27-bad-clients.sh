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

# Clients of the control socket that want to keep others from it: very many,
# that stay, that say half of something, that never listen.  Others are
# answered, and the memory of the daemon is bounded.
#
# From the environment:
#	CONNECTS	how many in a row (10000)
#	SECONDS_ASKED	how long questions are asked without end (5)

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = linux ] || skip "made for /proc of Linux"
TORTURE=${TORTURE:-$top/obj/torture}
CONNECTS=${CONNECTS:-10000}

conf_default
daemon_run >>"$LOG" 2>&1
soon "the daemon starts" daemon_answers
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind serve
soon "the guest is bound" in_state bound vm0
frontend=$(pid_of frontend)

memory()
{
	awk '/^VmRSS/ { print $2 }' "/proc/$frontend/status"
}

files()
{
	find "/proc/$frontend/fd" -type l | wc -l
}

# Answered, and how fast: answers WHAT
answers()
{
	answers_start=$(date +%s%N)
	ok "$1: others are answered" timeout 5 "$VMNETCTL" -s "$SOCK" show leases
	answers_ms=$((($(date +%s%N) - answers_start) / 1000000))
	ok "$1: soon" [ $answers_ms -lt 2000 ]
	[ $answers_ms -le ${slowest:-0} ] || slowest=$answers_ms
	echo "$name: $1: answered within $answers_ms ms," \
	    "$(memory) kB, $(files) descriptors"
}

answers "nobody else"
files_before=$(files)
start=$(date +%s%N)
ok "very many, one after the other" "$TORTURE/load" connect "$CONNECTS" "$SOCK"
echo "$name: $CONNECTS connects in" \
    "$((($(date +%s%N) - start) / 1000000)) ms"
answers "$CONNECTS came and went"
memory_before=$(memory)

"$TORTURE/load" connect "$CONNECTS" "$SOCK" >"$DIR/connect" 2>&1 &
many=$!
answers "while $CONNECTS come and go"
wait $many
for kind in hold half deaf; do
	"$TORTURE/load" $kind 1000 "$SOCK" >"$DIR/$kind" 2>&1 &
	eval "$kind=$!"
	soon "a thousand that $kind" grep -q ready "$DIR/$kind"
	answers "a thousand that $kind"
done
# Questions without end, whose answers nobody waits for.
all_memory()
{
	memory_sum=0
	for process in priv frontend engine; do
		memory_sum=$((memory_sum + $(awk '/^VmRSS/ { print $2 }' \
		    "/proc/$(pid_of $process)/status")))
	done
	echo $memory_sum
}
asking_before=$(all_memory)
"$TORTURE/load" ask "${SECONDS_ASKED:-5}" "$SOCK" >"$DIR/ask" 2>&1 &
asking=$!
sleep 1
answers "while they ask without end"
start=$(date +%s%N)
ok "a guest is served meanwhile" guest -t $T3 -m fe:e1:bb:d1:00:07 \
    -D vm6-if0-vm6 bind
ms=$((($(date +%s%N) - start) / 1000000))
ok "soon: $ms ms" [ $ms -lt 3000 ]
wait $asking
start=$(date +%s%N)
answers "when they are done"
ms=$((($(date +%s%N) - start) / 1000000))
ok "nothing of it is left to do" [ $ms -lt 2000 ]
grown=$(($(all_memory) - asking_before))
ok "nothing of it is kept: $grown kB" [ $grown -lt 4096 ]
echo "$name: $(cat "$DIR/ask"), $grown kB more"
greedy_before=$(all_memory)
"$TORTURE/load" greedy 300 "$SOCK" >"$DIR/greedy" 2>&1 &
greedy=$!
PATIENCE=20 soon "one that never reads" grep -q ready "$DIR/greedy"
grown=$(($(all_memory) - greedy_before))
ok "nothing is kept for it: $grown kB" [ $grown -lt 2048 ]
kill $greedy
# Answered before all else, they would have guests wait for ever.
for kind in forbidden drip; do
	"$TORTURE/load" $kind "${SECONDS_ASKED:-3}" "$SOCK" \
	    >"$DIR/$kind" 2>&1 &
	pushing=$!
	sleep 0.5
	answers "many that $kind"
	start=$(date +%s%N)
	ok "$kind: a guest is served meanwhile" guest -t $T3 \
	    -m fe:e1:bb:d1:00:07 -D vm6-if0-vm6 bind
	ms=$((($(date +%s%N) - start) / 1000000))
	ok "$kind: soon: $ms ms" [ $ms -lt 3000 ]
	wait $pushing
	echo "$name: $(cat "$DIR/$kind"): a guest after $ms ms"
done
# All that happens is told to those who never listen: to many of them at once
# more than waits for all of them together.
"$TORTURE/load" deaf 60 "$SOCK" >"$DIR/deaf2" 2>&1 &
deaf2=$!
soon "all clients are deaf" grep -q ready "$DIR/deaf2"
deaf_before=$(memory)
n=0
while [ $n -lt 150 ]; do
	echo "tuntap add dev flip$n mode tap"
	echo "link set flip$n alias vm2-if0-flip"
	n=$((n + 1))
done >"$DIR/batch"
ip -batch "$DIR/batch"
# Of each as many as a guest may say at once.
actions=
n=0
while [ $n -lt 60 ]; do
	actions="$actions bind release"
	n=$((n + 1))
done
busy=
for n in 1 2 3 4 5 6 7 8; do
	# shellcheck disable=SC2086 # words
	guest -t busy$n -m fe:e1:bb:d1:01:0$n -D vm3-if0-busy$n \
	    $actions >/dev/null &
	busy="$busy $!"
done
# shellcheck disable=SC2086 # words
wait $busy
answers "much happens"
ok "who does not listen is closed" logged "a monitor that does not read"
grown=$(($(memory) - deaf_before))
ok "little is kept for them: $grown kB" [ $grown -lt 6144 ]
echo "$name: deaf: $grown kB more"
ok "a guest is served meanwhile" guest -t $T1 -m fe:e1:bb:d1:00:02 \
    -D vm4-if0-vm1 bind
ok "the descriptors are bounded" [ "$(files)" -le $((files_before + 70)) ]
grown=$(($(memory) - memory_before))
ok "the memory is bounded: $grown kB" [ $grown -lt 8192 ]
echo "$name: total: $CONNECTS clients came and went, twice; 1,000 each" \
    "hold, say half, or are deaf; one $(cat "$DIR/ask") for nothing:" \
    "others answered within $slowest ms," \
    "$grown kB more, $(files) descriptors"
# A monitor in earnest, beside all of them.
"$VMNETCTL" -s "$SOCK" monitor >"$DIR/monitor" 2>&1 &
monitor=$!
sleep 0.3
guest -t $T3 -m fe:e1:bb:d1:00:05 -D vm5-if0-vm5 bind >/dev/null
soon "who monitors in earnest is told" grep -q vm5 "$DIR/monitor"
# shellcheck disable=SC2154 # by eval
kill $hold $half $deaf $deaf2 $monitor
answers "they have gone"
all_closed()
{
	[ "$(files)" -le $((files_before + 2)) ]
}
soon "and so have their descriptors" all_closed

# Who may not: nothing that changes anything.
if have setpriv; then
	conf_before=$(ctl show leases)
	group=$(id -g)
	for change in reload "release vm1" "log verbose"; do
		# shellcheck disable=SC2086 # words
		nok "the group may not $change" setpriv --reuid 65534 \
		    --regid "$group" --clear-groups "$VMNETCTL" -s "$SOCK" \
		    $change
		nok "nor may anybody" setpriv --reuid 65534 --regid 65534 \
		    --clear-groups "$VMNETCTL" -s "$SOCK" $change
	done
	is "nothing has changed" "$(ctl show leases)" "$conf_before"
	nok "the lease file is nobody's to read" setpriv --reuid 65534 \
	    --regid "$group" --clear-groups cat "$LEASES"
	nok "the processes are nobody's to end" setpriv --reuid 65534 \
	    --regid "$group" --clear-groups kill -TERM "$daemon"
	# As the daemon's own user.
	nok "nor the daemon's own user's" setpriv --reuid _vmnetd \
	    --regid "$group" --clear-groups kill -TERM "$daemon"
	nok "who may not connect either" setpriv --reuid _vmnetd \
	    --regid 65534 --clear-groups "$VMNETCTL" -s "$SOCK" show
fi

# No descriptors are left: clients wait until there are, and VMs go on.
have setpriv || finish
ok "stop" daemon_stop
cat >"$DIR/limited" <<EOS
#!/bin/sh
ulimit -n 40
exec setpriv --inh-caps=-sys_resource --bounding-set=-sys_resource "$VMNETD" "\$@"
EOS
chmod 755 "$DIR/limited"
VMNETD=$DIR/limited
daemon_start
soon "the guest is still bound" in_state bound vm0
"$TORTURE/load" hold 100 "$SOCK" >"$DIR/hold" 2>&1 &
hold=$!
soon "the log says that clients have to wait" logged "clients have to wait"
lines=$(wc -l <"$LOG")
sleep 3
ok "not too often" [ $(($(wc -l <"$LOG") - lines)) -le 8 ]
ok "the guest is reached" host_pings 172.16.0.3
guest_start full -t $T4 -m fe:e1:bb:d1:00:06 -D vm6-if0-vm6 -w 20000 bind serve
sleep 1
kill $hold
soon "then others are let in" timeout 3 "$VMNETCTL" -s "$SOCK" show leases
PATIENCE=30 soon "and who came meanwhile is served" in_state bound vm6

# More taps than there can be descriptors: those that are served are served.
guest_start many -n 30 -t 'many%d' -D 'vm7-if0-many%d' -w 60000 storm
soon "some have failed" eval '[ "$(ctl show leases | grep -c " failed ")" -gt 5 ]'
like "show says why" "$(ctl show leases)" "*no descriptor is left*"
nobody_between()
{
	! ctl show leases | grep -q ' ready '
}
soon "nobody is in between" nobody_between
bound=$(ctl show leases | grep -c ' bound ')
ok "the others are bound: $bound" [ "$bound" -eq 10 ]
guest_stop full
guest_stop many
all_left()
{
	[ "$(ctl show pools | column used)" -eq 1 ]
}
PATIENCE=20 soon "they have gone" all_left
ok "then there is room" guest -t $T4 -m fe:e1:bb:d1:00:07 -D vm8-if0-vm8 bind

finish

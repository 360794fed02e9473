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

# The disk of the lease file is full, read-only, or broken: VMs that run go
# on, nothing is given out that is not on disk, and it heals by itself.

. "$(dirname "$0")/../lib.sh"

TORTURE=${TORTURE:-$top/obj/torture}
conf <<EOC
pool "default" {
	inet 172.16.0.0/24
	nameserver 9.9.9.9
	lease time 60s
	$RD
}
EOC

# What goes on while nothing can be written: trouble NAME VM ERROR
trouble()
{
	: >"$LOG"
	guest_start "$2" -t "$3" -m "$4" -D "vm5-if0-$2" -w 60000 bind serve
	soon "$1: a new VM has failed" in_state failed "$2"
	like "$1: show says why" "$(reason "$2")" "*cannot be stored*$5*"
	ok "$1: and the log" logged "$5"
	is "$1: its tap has no address" "$(tap_addresses "$3")" ""
	is "$1: it is given none" "$(ctl show address "$2" 2>/dev/null)" ""
	ok "$1: the one that runs is reached" host_pings 172.16.0.3
	ok "$1: it is shown as bound" in_state bound vm0
	ok "$1: it may renew" guest_said vm0 'ack'
	# One that has a lease may go on, and each time there is a record.
	guest -t "$T7" -D vm7-if0-busy bind release bind release bind \
	    release >/dev/null 2>&1
	lines=$(wc -l <"$LOG")
	ok "$1: the log is not flooded" [ "$lines" -lt 20 ]
	is "$1: each error is said once" \
	    "$(logged "$LEASES: " | sort | uniq -d)" ""
	before=$(cat "$LEASES")
}

# And when it is over.
healed()
{
	PATIENCE=25 soon "$1: it heals by itself" in_state bound "$2"
	ok "$1: and says so" logged "$LEASES: written again"
	is "$1: nothing was lost" "$(field vm0 0 guest)" 172.16.0.3
	troubles="${troubles:+$troubles, }$1"
	ok "$1: the lease is in the file" grep -q "^lease $2 0 " "$LEASES"
	guest_stop "$2"
	soon "$1: it has gone" in_state idle "$2"
}

restart()
{
	ok "$1: stop" daemon_stop
	shift
	daemon_start
	for vm; do
		like "$vm is remembered" "$(field "$vm" 0 guest)" '172.16.0.*'
	done
}

# A file system that is really full.
if [ "$SYSTEM" = linux ]; then
	mkdir -p "$DIR/leases"
	mount -t tmpfs -o size=64k,mode=700 none "$DIR/leases"
fi
daemon_start
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind serve
soon "the guest is bound" in_state bound vm0
ok "another VM comes and goes" guest -t $T7 -D vm7-if0-busy bind
if [ "$SYSTEM" = linux ]; then
	# The page that the file has stays; what is more than that does not.
	fill=1
	while [ $fill -lt 40 ]; do
		guest -t $T9 -D vm9-if0-fill$fill bind >/dev/null 2>&1
		[ "$(wc -c <"$LEASES")" -lt 3400 ] || break
		fill=$((fill + 1))
	done
	cat /dev/zero >"$DIR/leases/full" 2>/dev/null
	n=0
	while [ $n -lt 20 ]; do
		guest -t $T8 -w 2000 -D vm8-if0-more$n bind >/dev/null 2>&1 ||
		    break
		n=$((n + 1))
	done
	trouble "full" vm1 $T1 fe:e1:bb:d1:00:02 "No space left"
	rm "$DIR/leases/full"
	healed "full" vm1
	restart "full" vm0 vm1
fi
ok "stop" daemon_stop
guest_stop vm0

# One that fails otherwise, as if.
[ "$SYSTEM" = linux ] || finish
if grep -q __asan_init "$VMNETD"; then
	skip_some "no library can be put before a build with sanitizers"
	finish
fi
umount "$DIR/leases"
rm -rf "$DIR/leases"
FAULTS=$DIR/faults
preload=$TORTURE/faults.so
export FAULTS
daemon_run_faulty()
{
	env LD_PRELOAD="$preload" "$VMNETD" -f "$CONF" -l "$LEASES" \
	    -s "$SOCK" -d -v >>"$LOG" 2>&1 &
	daemon=$!
	soon "the daemon starts" daemon_answers
}
daemon_run_faulty
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind serve
soon "the guest is bound" in_state bound vm0
ok "another VM comes and goes" guest -t $T7 -D vm7-if0-busy bind
i=2
for fault in EROFS:Read-only EIO:Input/output EDQUOT:quota; do
	error=${fault%%:*}
	echo "$error" >"$FAULTS"
	trouble "$error" "$(echo $error | tr A-Z a-z)" "tap$i" \
	    "fe:e1:bb:d1:00:0$i" "${fault#*:}"
	# A note that cannot be written is no reason to stop either.
	rm "$FAULTS"
	healed "$error" "$(echo $error | tr A-Z a-z)"
	i=$((i + 1))
done
noted()
{
	grep "^lease noted " "$LEASES" | grep -q ' bound .* again '
}

# What can wait is written as soon as it can be, though nobody asks.
guest -t $T9 -m fe:e1:bb:d1:00:09 -D vm5-if0-noted bind >/dev/null
soon "a VM came and went" in_state idle noted
echo EROFS >"$FAULTS"
guest_start noted -t $T9 -m fe:e1:bb:d1:00:09 -D vm5-if0-noted \
    hostname=again bind serve
soon "its lease is good whatever the disk does" in_state bound noted
sleep 2
ok "what was noted is not in the file" eval '! noted'
rm "$FAULTS"
PATIENCE=20 soon "what was noted is written later" noted
ok "stop" daemon_stop
daemon_start
for vm in vm0 erofs eio edquot noted; do
	like "$vm is remembered" "$(field $vm 0 guest)" '172.16.0.*'
done
echo "$name: total: disk failed ($troubles): healed each time," \
    "0 leases lost"
# No start on a disk that cannot keep what is promised.
ok "stop" daemon_stop
rm -f "$LEASES"
echo EROFS >"$FAULTS"
env LD_PRELOAD="$preload" "$VMNETD" -f "$CONF" -l "$LEASES" \
    -s "$SOCK" -d >"$DIR/out" 2>&1
isnt "it does not start on a read-only disk without leases" $? 0
like "and says why" "$(cat "$DIR/out")" "*Read-only*"

finish

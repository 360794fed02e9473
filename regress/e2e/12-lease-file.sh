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

# A lease file that is not as it was written.

. "$(dirname "$0")/../lib.sh"

conf_default
daemon_start
for n in 0 1 2 3; do
	ok "vm$n gets a lease" guest -t $T0 -D vm1-if0-vm$n bind
	soon "vm$n has gone" in_state idle vm$n
done
before=$(ctl show leases | awk '{ print $1, $7 }')
ok "stop" daemon_stop
cp "$LEASES" "$DIR/good"
records=$(wc -l <"$DIR/good")
ok "one line a record" [ "$records" -gt 4 ]

# It does not start, and says why; what is there stays.
refused()
{
	cp "$LEASES" "$DIR/copy"
	daemon_run >"$DIR/out" 2>&1
	if wait_for 10 eval '! kill -0 $daemon' 2>/dev/null; then
		daemon_wait
		isnt "$1: not with success" "$daemon_status" 0
	else
		fail "$1: the daemon started"
		daemon_stop
	fi
	like "$1: the message names the file" "$(cat "$DIR/out")" "*$LEASES*"
	like "$1: and says what is wrong" "$(cat "$DIR/out")" "*$2*"
	ok "$1: the file is as it was" cmp "$LEASES" "$DIR/copy"
}

# Each cut of the last record.
last=$(tail -n 1 "$DIR/good" | wc -c)
size=$(wc -c <"$DIR/good")
for cut in 1 2 $((last / 2)) $((last - 1)); do
	first_bytes $((size - cut)) "$DIR/good" >"$LEASES"
	: >"$LOG"
	daemon_start
	ok "a torn tail is said" logged "$LEASES"
	is "the others are there" "$(ctl show leases |
	    awk '{ print $1, $7 }' | head -n 4)" "$(echo "$before" |
	    head -n 4)"
	ok "stop" daemon_stop
	daemon_start
	ok "start again" in_state idle vm0
	ok "stop again" daemon_stop
done

# Garbage at the end.
{ cat "$DIR/good"; printf 'lease vm9 0 garb'; } >"$LEASES"
daemon_start
is "garbage behind the last line is dropped" \
    "$(ctl show leases | awk '{ print $1, $7 }')" "$before"
ok "stop" daemon_stop

# A byte in the middle.
sed '3s/172/173/' "$DIR/good" >"$LEASES"
isnt "the file is damaged" "$(cat "$LEASES")" "$(cat "$DIR/good")"
refused "a damaged record" "line 3"

sed '3d' "$DIR/good" | sed '2s/./#/' >"$LEASES"
refused "a spoilt record" "line 2"

sed '1s/1$/2/' "$DIR/good" >"$LEASES"
refused "a newer version" "version"

sed '1d' "$DIR/good" >"$LEASES"
refused "no first line" "line 1"

first_bytes 4096 /dev/urandom >"$LEASES"
refused "no lease file at all" "$LEASES"

mv "$DIR/good" "$LEASES"
daemon_start
is "with the good file all is there" \
    "$(ctl show leases | awk '{ print $1, $7 }')" "$before"
ok "stop" daemon_stop

# Somebody else's doing: no reason to give what others have to new VMs.
cp "$LEASES" "$DIR/good"
: >"$LEASES"
refused "an empty file" "empty"
printf 'vmnetd l' >"$LEASES"
refused "a piece of the first line" "line 1 is cut short"
awk '{ printf "%s\r\n", $0 }' "$DIR/good" >"$LEASES"
refused "lines of another system" "carriage return"
cp "$DIR/good" "$LEASES"
for mode in 777 770 702; do
	chmod $mode "${LEASES%/*}"
	refused "a directory with mode $mode" "not be writable by others"
done
chmod 755 "${LEASES%/*}"

# Removed while the daemon runs.
daemon_start
rm "$LEASES"
ok "a VM comes" guest -t $T0 -D vm1-if0-late bind
late=$(value address "$ok_out")
soon "it has gone" in_state idle late
ok "the loss is said" logged "removed or replaced"
ok "stop" daemon_stop
daemon_start
is "its lease is in a new file" "$(field late 0 guest)" "$late"
is "and all others are" "$(ctl show leases | awk '{ print $1, $7 }' |
    grep -v late)" "$before"
ok "stop" daemon_stop

# No file is a first start.
rm "$LEASES"
daemon_start
ok "without a file all begins anew" guest -t $T0 -D vm1-if0-vm3 bind
like "with the first address" "$ok_out" "*ack address=172.16.0.3 *"

# What was acknowledged is found again after the hardest of ends.
for n in 1 2 3 4 5; do
	guest_start k$n -t "$(eval echo "\$T$n")" -m fe:e1:bb:d1:00:1$n \
	    -D vm1-if0-k$n bind serve
	soon "k$n is bound" guest_said k$n '^ack '
	address=$(value address "$(grep '^ack' "$DIR/k$n.out")")
	children=$(pgrep -P "$daemon")
	# shellcheck disable=SC2086 # a list
	kill -KILL "$daemon" $children
	daemon_wait
	for child in $children; do
		wait_for 5 process_ended "$child"
	done
	daemon_start
	is "k$n is remembered" "$(field k$n 0 guest)" "$address"
done

finish

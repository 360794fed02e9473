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

# The control socket's clients: strange ones, many of them, and none at all.

. "$(dirname "$0")/../lib.sh"

conf_default

# No daemon.
nok "without a daemon vmnetctl fails" ctl show
like "and says so" "$nok_out" "*is vmnetd running?*"
like "and which socket it tried" "$nok_out" "*$SOCK*"
is "in one line" "$(printf '%s\n' "$nok_out" | wc -l | tr -d ' ')" 1

daemon_start
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind serve
soon "the guest is bound" in_state bound vm0
before=$(ctl show leases)

# A second daemon.
nok "a second daemon with this lease file is refused" vmnetd -d
like "with the reason" "$nok_out" "*running*"
nok "and one with this socket" "$VMNETD" -d -f "$CONF" -l "$DIR/l2/leases" \
    -s "$SOCK"
like "with the reason" "$nok_out" "*$SOCK*"
is "the first goes on" "$(ctl show leases)" "$before"

# Messages: a header of type, length, peer and pid, then the content.  As
# octal bytes, least significant first where the machine has it so.
if [ "$(printf '\001\000' | od -An -tu2 | tr -d ' ')" -eq 1 ]; then
	u32()
	{
		printf "\\$(printf %03o $(($1 % 256)))\\$(printf %03o \
		    $(($1 / 256 % 256)))\\000\\000"
	}
else
	u32()
	{
		printf "\\000\\000\\$(printf %03o \
		    $(($1 / 256 % 256)))\\$(printf %03o $(($1 % 256)))"
	}
fi

# sizeof(struct ctl_request)
REQUEST=148

# message TYPE LENGTH BYTES: BYTES zeros follow the header
message()
{
	u32 "$1"
	u32 "$2"
	u32 0
	u32 0
	[ "$3" -eq 0 ] || first_bytes "$3" /dev/zero
}

# Send what is in $BYTES: closed WHAT
BYTES=$DIR/bytes
closed()
{
	"$UNIXSEND" "$SOCK" <"$BYTES" >"$DIR/closed" 2>&1
	is "$1: the client is closed" "$?" 0
	is "$1: others go on" "$(ctl show leases)" "$before"
}

first_bytes 1000 /dev/urandom >"$BYTES"
closed "random bytes"
first_bytes 100000 /dev/zero >"$BYTES"
closed "zeros"
first_bytes 100000 /dev/zero | tr '\000' '\377' >"$BYTES"
closed "ones"
message 1 16 0 >"$BYTES"
closed "a request without content"
message 1 20 4 >"$BYTES"
closed "a request that is too short"
message 1 8000 7984 >"$BYTES"
closed "a request that is too long"
message 999 16 0 >"$BYTES"
closed "an unknown type"
message 100 16 0 >"$BYTES"
closed "a type of the processes' own"
message 12 16 0 >"$BYTES"
closed "an answer"
message 1 65535 0 >"$BYTES"
closed "a length that cannot be"
message 1 3 0 >"$BYTES"
closed "a length less than the header"

# Half a message, and silence: kept, but in nobody's way.
for n in 1 2 3 4 5; do
	message 1 200 10 | "$UNIXSEND" -k "$SOCK" &
done
is "others go on" "$(ctl show leases)" "$before"

# As many clients as may come.
n=0
while [ $n -lt 200 ]; do
	"$UNIXSEND" -k "$SOCK" </dev/null >/dev/null 2>&1 &
	n=$((n + 1))
done
sleep 0.5
ok "the guest is served beside 200 clients" guest -t $T1 \
    -m fe:e1:bb:d1:00:02 -D vm2-if0-vm1 bind
ok "the daemon lives" daemon_alive
# shellcheck disable=SC2046 # a list
kill $(jobs -p | grep -v -x "$daemon" | grep -v -x "$(cat "$DIR/vm0.pid")") \
    2>/dev/null
soon "when they have gone others come in" ctl show leases

# A client that asks much and reads nothing.
: >"$DIR/many"
n=0
while [ $n -lt 500 ]; do
	message 1 $((16 + REQUEST)) $REQUEST >>"$DIR/many"
	n=$((n + 1))
done
first_bytes $((16 + REQUEST)) "$DIR/many" | "$UNIXSEND" -w 1000 "$SOCK" \
    >"$DIR/asked"
like "a request is answered" "$(cat "$DIR/asked")" "open after [1-9]* bytes"
"$UNIXSEND" -k "$SOCK" <"$DIR/many" &
greedy=$!
sleep 0.3
ok "others go on" ctl show leases
kill $greedy

# Who may.
like "only root and its group may connect" "$(ls -l "$SOCK")" "srw-rw----*"
if have setpriv; then
	nok "nobody may not" setpriv --reuid 65534 --regid 65534 \
	    --clear-groups "$VMNETCTL" -s "$SOCK" show
	like "and hears why" "$nok_out" "*ermission denied*"
	group=$(id -g)
	ok "the group may look" setpriv --reuid 65534 --regid "$group" \
	    --clear-groups "$VMNETCTL" -s "$SOCK" show
	for change in reload "release vm1" "log verbose"; do
		# shellcheck disable=SC2086 # words
		nok "but not $change" setpriv --reuid 65534 --regid "$group" \
		    --clear-groups "$VMNETCTL" -s "$SOCK" $change
	done
fi

finish

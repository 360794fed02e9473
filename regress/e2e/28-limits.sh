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

# Very many VMs at once: descriptors, memory and the lines of the log that
# they cost are as stated.
#
# From the environment:
#	NTAPS	how many (200; the long form has 4096)

REGRESS_TIMEOUT=${REGRESS_TIMEOUT:-240}
export REGRESS_TIMEOUT
. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = linux ] || skip "made for /proc of Linux"
NTAPS=${NTAPS:-200}
[ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge $((NTAPS + 200)) ] ||
    skip "no more than $(ulimit -Hn) descriptors here"
ulimit -n $((NTAPS + 200))

conf <<EOC
pool "default" {
	inet 172.16.0.0/18
	nameserver 9.9.9.9
}
EOC
daemon_run >>"$LOG" 2>&1
soon "the daemon starts" daemon_answers

# memory ROLE, files ROLE
memory()
{
	awk '/^VmRSS/ { print $2 }' "/proc/$(pid_of "$1")/status"
}

files()
{
	find "/proc/$(pid_of "$1")/fd" -type l | wc -l
}

for role in parent priv frontend engine; do
	eval "memory_$role=$(memory $role) files_$role=$(files $role)"
done
lines=$(wc -l <"$LOG")
guest_start many -n "$NTAPS" -t 'many%d' -D 'vm%d-if0-m%d' -r 4000 -w 600000 \
    storm serve
PATIENCE=900 soon "all are bound" guest_said many "^storm bound=$NTAPS of=$NTAPS"
for role in parent priv frontend engine; do
	eval "m=\$(($(memory $role) - memory_$role))"
	eval "f=\$(($(files $role) - files_$role))"
	what="$what, $role $m kB and $f descriptors"
	all=$((${all:-0} + m))
	[ $role = frontend ] && most=$((NTAPS + 2)) || most=2
	ok "$role: $f descriptors" [ "$f" -le "$most" ]
done
# As the manual has it.
ok "all together: $all kB" [ "$all" -le $((5 * NTAPS + 2048)) ]
lines_come=$(($(wc -l <"$LOG") - lines))
ok "a line of the log for each: $lines_come" \
    [ "$lines_come" -le $((NTAPS + 20)) ]
echo "$name: $(guest_out many | grep '^storm bound')"
guest_stop many
idle()
{
	[ "$(ctl show leases | grep -c ' idle ')" -eq "$NTAPS" ]
}
PATIENCE=600 soon "all have gone" idle
lines=$(($(wc -l <"$LOG") - lines - lines_come))
ok "and one when it goes: $lines" [ "$lines" -le $((NTAPS + 20)) ]
echo "$name: total: $NTAPS VMs at once: $all kB more$what;" \
    "$lines_come lines in the log when they come, $lines when they go"
closed()
{
	[ "$(files frontend)" -le $((files_frontend + 2)) ]
}
PATIENCE=600 soon "and so have their descriptors" closed
ok "a VM is served" guest -t $T0 -D vm9999-if0-last bind

finish

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

# Each of the processes is killed: the daemon ends, the VMs' network stays,
# and the next start finds it.

. "$(dirname "$0")/../lib.sh"

conf_default

daemon_start
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind serve
soon "the guest is bound" in_state bound vm0

for role in priv frontend engine parent; do
	pid=$(pid_of $role)
	like "the $role has a process" "$pid" '[0-9]*' || continue
	children=$(pgrep -P "$daemon")
	kill -KILL "$pid"
	soon "without its $role the daemon ends" process_ended "$daemon"
	daemon_wait
	isnt "and not with success" "$daemon_status" 0
	for child in $children; do
		soon "no process of it is left" process_ended "$child"
	done
	[ $role = parent ] || {
		ok "the log says what that means" logged "terminated by signal 9: stopping"
		ok "and which died" logged "$role terminated by signal 9"
	}
	: >"$LOG"
	is "the address stays" "$(tap_addresses $T0)" 172.16.0.2/31
	ok "the guest is reached" host_pings 172.16.0.3
	daemon_start
	soon "the next start finds it bound" in_state bound vm0
	is "with the same address" "$(field vm0 0 guest)" 172.16.0.3
	ok "reached all the while" host_pings 172.16.0.3
done
# A frontend that takes its time to die, as one with very many taps does: who
# asks it hears nothing, so wait until its successor has the socket.
start_beside()
{
	before=$(ls -i "$SOCK")
	daemon_run -v >>"$LOG" 2>&1
	soon "$1" eval '[ "$(ls -i "$SOCK" 2>/dev/null)" != "$before" ]'
	soon "and it has the guest" in_state bound vm0
	kill -KILL "$frontend"
}

frontend=$(pid_of frontend)
kill -STOP "$frontend"
ok "the daemon ends without waiting for it for ever" daemon_stop
is "in order" "$daemon_status" 0
start_beside "the next one starts all the same"
frontend=$(pid_of frontend)
kill -STOP "$frontend"
kill -KILL "$daemon"
daemon_wait
start_beside "one that was left behind is in nobody's way"
ok "nor is the guest cut off" host_pings 172.16.0.3
ok "one that is alive is said" eval \
    '! "$VMNETD" -d -f "$CONF" -l "$LEASES.other" -s "$SOCK" 2>"$DIR/second"'
like "by its socket" "$(cat "$DIR/second")" "*already running: $SOCK answers*"
ok "and still serves" guest -t $T1 -D vm2-if0-vm1 bind

finish

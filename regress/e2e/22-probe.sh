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

# Each process tries, from within, what an intruder would.

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = linux ] || skip "made for Linux"
TORTURE=${TORTURE:-$top/obj/torture}
VMNETD=$TORTURE/probe
ok "it is built" [ -x "$VMNETD" ] || finish
if grep -q __asan_init "$VMNETD"; then
	skip "a build with sanitizers does not filter system calls"
fi

conf_default
daemon_start
for role in parent priv frontend engine; do
	soon "the $role has tried" logged "probe: $role: over"
done

# done_by ROLE: what it could do
done_by()
{
	logged "probe: $1: " | sed -n 's/.*: \([a-z-]*\): DONE$/\1/p' |
	    tr '\n' ' '
}
is "the engine can do nothing" "$(done_by engine)" ""
is "nor can the frontend" "$(done_by frontend)" ""
# Its work: packet sockets, bound to their tap; here it is no such socket.
# libnftables asks for the names of the taps that it lists.
is "priv can open what it needs" "$(done_by priv)" \
    "socket-route socket-packet bind "
# It reads its configuration and writes where root may.
can=$(done_by parent)
for what in $can; do
	case $what in
	open-read|open-write|create|kill|mmap-exec|chown|dumpable)
		;;
	*)	fail "the parent should not: $what" ;;
	esac
done
for what in execve execveat ptrace read-memory socket-inet socket-unix \
    socket-raw socket-route socket-netlink socket-packet connect bind fork \
    setuid chroot mount; do
	for role in parent priv frontend engine; do
		case $role-$what in
		priv-socket-route|priv-socket-packet|priv-bind)
			continue ;;
		esac
		ok "$what is refused to the $role" \
		    logged "probe: $role: $what: refused"
	done
done
tried=$(logged "probe: engine: " | grep -c -v over)
ok "so much was tried" [ "$tried" -ge 33 ]

echo "$name: total: $tried kinds of attempt to break out of each process," \
    "done by frontend and engine: 0"

for role in priv frontend engine; do
	ok "$role cannot be looked into" \
	    logged "probe: $role: dumpable: refused"
done

# And it works all the same.
ok "a guest is served" guest -t $T0 -D vm1-if0-vm0 bind
for what in unlock-filter change-filter detach-filter; do
	ok "$what: the guest's packets stay filtered" \
	    logged "probe: priv: $what: refused"
done
# The kernel where it has a second fence for files.
if "$TORTURE/landlock" | grep -q "not in this kernel"; then
	skip_some "this kernel has no Landlock"
else
	for what in open-write create; do
		ok "$what is refused to the parent" \
		    logged "probe: parent: $what: refused"
	done
fi

finish

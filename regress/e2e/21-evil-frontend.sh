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

# A frontend that was taken over says to the others what they must not
# believe, while it goes on with its work.

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = linux ] || skip "made for ip(8) of Linux"
TORTURE=${TORTURE:-$top/obj/torture}
VMNETD=$TORTURE/evil_frontend
ok "it is built" [ -x "$VMNETD" ] || finish

host_state()
{
	ip -o addr | sed 's/valid_lft.*//' | grep -v inet6
}

memory()
{
	for role in parent priv engine; do
		awk '/^VmRSS/ { print int($2 / 1024) }' \
		    "/proc/$(pid_of $role)/status"
	done | tr '\n' ' '
}

conf_default
host_interface 192.0.2.1/24
daemon_start
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind serve
soon "the guest is bound" in_state bound vm0
host_state >"$DIR/before"
cp "$LEASES" "$DIR/leases.before"
echo "$name: RSS of parent, priv, engine: $(memory) MB"
PATIENCE=30 soon "it has said it all" logged "evil: over"
host_state >"$DIR/after"
echo "$name: and then: $(memory) MB"

ok "nothing on the host has changed" cmp "$DIR/before" "$DIR/after"
ok "nor in the lease file" cmp "$LEASES" "$DIR/leases.before"
ok "the guest is still bound" in_state bound vm0
ok "reached" host_pings 172.16.0.3
ok "and another is served" guest -t $T1 -m fe:e1:bb:d1:00:02 \
    -D vm2-if0-vm1 bind
ok "malformed interfaces" logged "malformed interface"
ok "a storm of reloads" logged "a reload is under way"
# 100 in a minute from each process; packets are said with -v only.
ok "the log is not flooded" [ "$(grep -vc "packet of" "$LOG")" -lt 320 ]
ok "what nobody understands" logged "frontend sent unknown message"
ok "and what has a wrong length" logged "of wrong length"
ok "malformed frames" logged "malformed frame"
echo "$name: total: $(logged "evil: over" | sed 's/.*after //') of rubbish" \
    "of a taken-over frontend, nothing changed"
ok "stop" daemon_stop
: >"$LOG"

finish

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

# The kernel drops its messages when nobody reads them for a while: what
# happened meanwhile is found nevertheless.

. "$(dirname "$0")/../lib.sh"

N=$STORM
conf <<EOC
pool "default" {
	inet 172.16.0.0/20
	$RD
}
EOC
daemon_start
last=$(echo "$TAPS" | sed "s/%d/$((N - 1))/")
guest_start stays -t "$last" -m fe:e1:bb:d1:fe:01 -D vm0-if0-stays bind serve
soon "one guest is there all the time" in_state bound stays
frontend=$(pid_of frontend)

in_state_count()
{
	[ "$(ctl show leases | grep -c " $1 ")" -eq "$2" ]
}

kill -STOP "$frontend"
guest_start many -n $((N - 1)) -t "$TAPS" -D 'vm%d-if0-m%d' \
    -r 500 -w 60000 sleep=1 storm serve
host_interface 192.0.2.1/24
interface_noise
kill -CONT "$frontend"
PATIENCE=60 soon "all that came meanwhile are served" \
    guest_said many "^storm bound=$((N - 1)) of=$((N - 1))"
soon "and bound" in_state_count bound $N
ok "messages were lost indeed" logged "events were lost"

kill -STOP "$frontend"
guest_stop many
kill -CONT "$frontend"
PATIENCE=30 soon "all that left meanwhile are idle" \
    in_state_count idle $((N - 1))
ok "one guest is there still" in_state bound stays
ok "and reached" host_pings "$(ctl show address stays)"

finish

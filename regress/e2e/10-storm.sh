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

# Two hundred VMs start at once, and all are bound.

. "$(dirname "$0")/../lib.sh"

conf <<EOC
pool "default" {
	inet 172.16.0.0/20
	nameserver 9.9.9.9
	$RD
}
EOC
daemon_start

N=${REGRESS_STORM:-$STORM}

bound()
{
	ctl show leases | grep -c ' bound '
}

all_bound()
{
	[ "$(bound)" -eq "$N" ]
}

all_idle()
{
	[ "$(ctl show leases | grep -c ' idle ')" -eq "$N" ]
}

guest_start storm -n "$N" -t "$TAPS" -D 'vm%d-if0-s%d' -r 1000 -w 60000 \
    storm serve
PATIENCE=60 soon "the guests are done" guest_said storm '^storm bound'
tail=$(grep '^storm bound' "$DIR/storm.out")
like "all have their address" "$tail" "storm bound=$N of=$N *"
echo "$name: $tail"
# On OpenBSD a tap is up before anybody can hear what it sends.
[ "$SYSTEM" != linux ] ||
	is "none had to ask twice" "$(stat_of received DISCOVER)" "$N"
soon "and are shown as bound" all_bound
is "each has its own" "$(ctl show leases | awk 'NR > 1 { print $7 }' |
    sort -u | wc -l | tr -d ' ')" "$N"
ok "one answers" host_pings "$(ctl show address s$((N / 2)))"
ctl show leases | awk 'NR > 1 { print $1, $7 }' >"$DIR/before"

ok "the daemon stops" daemon_stop
daemon_start
PATIENCE=30 soon "after a start all are bound again" all_bound
ctl show leases | awk 'NR > 1 { print $1, $7 }' >"$DIR/after"
ok "with the same addresses" cmp "$DIR/before" "$DIR/after"

guest_stop storm
PATIENCE=30 soon "all leave at once" all_idle
guest_start storm -n "$N" -t "$TAPS" -D 'vm9%d-if0-s%d' -r 1000 -w 60000 \
    storm serve
PATIENCE=60 soon "and come again" guest_said storm '^storm bound'
like "all of them" "$(grep '^storm bound' "$DIR/storm.out")" \
    "storm bound=$N of=$N *"
soon "bound" all_bound
ctl show leases | awk 'NR > 1 { print $1, $7 }' >"$DIR/after"
ok "each with its old address" cmp "$DIR/before" "$DIR/after"
guest_stop storm

finish

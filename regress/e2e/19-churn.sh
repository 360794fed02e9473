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

# VMs come and go as fast as they can, on taps that are another's a moment
# later, while the configuration is reloaded and the daemon restarts.  When
# it is calm again, everything is as it should be.

. "$(dirname "$0")/../lib.sh"

# A pool that is too small for all names that come, so leases are taken back.
conf_churn()
{
	conf <<-EOC
	pool "default" {
		inet 172.16.0.0/26
		lease time $1
		$RD
	}
	EOC
}

N=$((STORM > 30 ? 30 : STORM))

# What is shown agrees with itself and with the interfaces.
consistent()
{
	ctl show leases | awk 'NR > 1 && $6 != "-" { print $6 }' | sort |
	    uniq -d | grep . && return 1
	ctl show leases | awk 'NR > 1 && $3 != "-" && $6 != "-" {
	    print $3, $6 }' | while read -r tap host; do
		has_address "$tap" "$host" || return 1
	done
}

bound()
{
	ctl show leases | grep -c ' bound '
}

conf_churn 1h
daemon_start

for round in 1 2 3; do
	# Each round has other names on the same taps; some are the same.
	guest_start churn -n "$N" -t "$TAPS" -D "vm$round-if0-r$((round % 3))-%d" \
	    -r 500 -w 60000 storm close sleep=20 open \
	    describe="vm1$round-if1-x%d" sleep=5 close open storm serve
	sleep 0.2
	conf_churn ${round}h
	ok "reload in between" ctl reload
	[ $round -ne 2 ] || {
		ok "stop in between" daemon_stop
		daemon_start
	}
	PATIENCE=60 soon "round $round comes to its end" guest_said churn \
	    serving
	is "round $round: all have an address" \
	    "$(grep -c "^storm bound=$N of=$N" "$DIR/churn.out")" 2
	PATIENCE=20 soon "round $round: bound" eval '[ "$(bound)" -eq $N ]'
	soon "round $round: consistent" consistent
	guest_stop churn
done
PATIENCE=20 soon "all have left" eval \
    '[ "$(ctl show leases | grep -c " idle ")" -ge "$N" ]'
is "nobody is there any more" "$(ctl show pools | column used)" 0
ok "consistent" consistent
ok "the pool's count is right" [ $(($(ctl show pools | column idle) +
    $(ctl show pools | column free))) -eq "$(ctl show pools | column size)" ]
before=$(ctl show leases)
ok "stop" daemon_stop
daemon_start
is "the lease file has what was shown" "$(ctl show leases)" "$before"

finish

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

# Descriptions hold 63 characters: a longer VM name arrives cut.

. "$(dirname "$0")/../lib.sh"

conf_default
daemon_start

# 55 characters fit behind "vm1-if0-".
long=a23456789-b23456789-c23456789-d23456789-e23456789-f2345

guest_start long -t $T0 -D vm1-if0-$long bind serve
soon "a name that just fits is served" in_state bound $long
guest_stop long
soon "gone" in_state idle $long

guest_start one -t $T0 -D vm1-if0-$long bind serve
soon "one alone is served, cut or not" in_state bound $long
guest_start two -t $T1 -m fe:e1:bb:d1:00:22 -D vm2-if0-$long sleep=100000
# failed_taps NAME: those of that name that are not served
failed_taps()
{
	ctl show leases "$1" | awk '$5 == "failed" { printf "%s ", $3 }'
}
soon "when a second of the same name comes both have failed" \
    eval '[ "$(failed_taps $long)" = "$T0 $T1 " ]'
soon "and this is said of both" \
    eval '[ "$(ctl show leases $long | grep -c "may be cut")" = 2 ]'
is "there too" "$(ctl show interfaces | grep -c "may be cut")" 2
nok "there is no address to show" ctl show address $long
is "the second has no address" "$(tap_addresses $T1)" ""
guest_stop two
soon "when it has left, the first is served again" \
    eval "in_state bound $long || in_state ready $long"
ok "with its address" host_pings "$(field $long 0 guest)"
guest_stop one

# Two short names that are the same are a mistake of another kind.
guest_start same -t $T0 -D vm1-if0-same bind serve
soon "a short name" in_state bound same
guest_start same2 -t $T1 -m fe:e1:bb:d1:00:33 -D vm2-if0-same sleep=100000
soon "the same name on another tap is not served" \
    eval '[ "$(failed_taps same)" = "$T1 " ]'
is "it has no address" "$(tap_addresses $T1)" ""
ok "the first goes on" host_pings "$(ctl show address same)"
guest_stop same
soon "when the first leaves, the second is served" \
    eval '[ "$(field same 0 tap)" = '$T1' ]'

finish

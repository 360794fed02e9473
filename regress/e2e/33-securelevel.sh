#!/bin/sh
#
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


# At securelevel 2 the kernel refuses to change rules of the packet filter.
# Addresses and DHCP do not depend on them.

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = openbsd ] || skip "made for OpenBSD"
level=$(sysctl -n kern.securelevel)
if [ "$level" -lt 2 ]; then
	# There is no way back but a reboot.
	[ -n "${REGRESS_SECURELEVEL:-}" ] || skip "securelevel is $level" \
	    "and stays: set REGRESS_SECURELEVEL=2 to raise it for good"
	ok "raise it" sysctl -q kern.securelevel=2
fi

conf_default
daemon_start
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind serve
soon "a guest is served" in_state bound vm0
is "the host address is set" "$(tap_addresses $T0)" 172.16.0.2/31
ok "and the guest is reached" host_pings 172.16.0.3
ok "reload" ctl reload
guest_stop vm0
soon "it leaves" in_state idle vm0
tap_create $T1
guest_start vm1 -t $T1 -D vm2-if0-vm1 bind serve
soon "a tap that stays" in_state bound vm1
guest_stop vm1
soon "its VM has gone" in_state idle vm1
soon "and the address with it" has_address $T1 ""

finish

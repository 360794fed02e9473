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
# Tables can be changed, addresses and DHCP do not depend on them, and the
# rules come from the file that is kept for `load anchor' in pf.conf.

NETWORKS=1
. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = openbsd ] || skip "made for OpenBSD"
level=$(sysctl -n kern.securelevel)
[ "$level" -lt 2 ] || skip "securelevel is $level, and this test raises it"
# There is no way back but a reboot.
[ -n "${REGRESS_SECURELEVEL:-}" ] || skip "securelevel is $level" \
    "and stays: set REGRESS_SECURELEVEL=2 to raise it for good"

securelevel_conf()
{
	conf <<-EOC
	pool "lab" {
		inet 172.16.0.0/24
		nat on egress
		$1
	}
	vm "web*" { forward tcp port 8080 to 80 }
	EOC
}

outside_create
securelevel_conf isolate
daemon_start
ok "a guest with a forward comes" guest_net web1 $T0
before=$(our_rules | sort)
ok "stop" daemon_stop
own=$(pfctl -a vmnetd -sr | sort)
kept=$DIR/leases/anchor.pf
ok "the rules are kept in a file" test -s "$kept"
pfctl -q -a vmnetd -F rules
ok "which pf loads" pfctl -q -a vmnetd -f "$kept"
# In an order that pfctl prefers.
is "they are the same" "$(pfctl -a vmnetd -sr | sort)" "$own"
ok "raise the level" sysctl -q kern.securelevel=2

daemon_start
soon "the guest is known" in_state ready web1
is "its rules are as they were" "$(our_rules | sort)" "$before"
web1=$(ctl show address web1)
is "so is the table" "$(table guests)" "$web1"
answerer out 80
answerer web1 80
is "the forward works" "$(ask out $WAN_ADDR 8080)" "name=web1 from=$OUT_ADDR"
ok "another guest comes" guest_net vm1 $T1
vm1=$(ctl show address vm1)
is "it is in the table" "$(table guests)" "$web1 $vm1"
is "NAT works for it" "$(ask vm1 $FAR 80)" "name=out from=$WAN_ADDR"
nok "isolation, too" place_pings vm1 "$web1"
guest_stop vm1
soon "it leaves" in_state idle vm1
soon "the table is without it" eval '[ "$(table guests)" = "$web1" ]'
guest_start web2 -t $T2 -D vm3-if0-web2 sleep=100000
soon "one without a forward of its own" in_state ready web2
guest_stop web1
soon "the forward's guest leaves" in_state idle web1
soon "the other would need rules" in_state failed web2
like "and is told why" "$(reason web2)" "*kern.securelevel is 2*"

ok "a reload without changes" ctl reload
securelevel_conf ""
nok "other rules are refused" ctl reload
like "with the reason and the way" "$nok_out" \
    "*kern.securelevel is 2*load anchor \"vmnetd\"*"
guest_stop web2
finish

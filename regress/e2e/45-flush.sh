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

# What somebody else flushes is back within a second, and what is somebody
# else's is not touched.

NETWORKS=1
. "${0%/*}/../lib.sh"
[ "$SYSTEM" = linux ] || skip "nftables: pf is flushed by 39-pf"

outside_create
outside_route 172.16.0.0/24
conf <<-EOC
pool "lab" {
	inet 172.16.0.0/24
	nat on egress
	isolate
	$RD
}
vm "web*" { forward tcp port 8080 to 80 }
EOC
nft add table inet theirs
nft add chain inet theirs c "{ type filter hook forward priority 5; }"
nft add rule inet theirs c counter comment "theirs"
daemon_start
ok "a guest comes" guest_net web1 $T0
ok "another guest comes" guest_net vm1 $T1
answerer web1 80
answerer out 80
ours()
{
	nft -s list table inet vmnetd
	nft -s list table ip6 vmnetd
	nft -s list table arp vmnetd
}
before=$(ours)
same()
{
	[ "$(ours 2>/dev/null)" = "$before" ]
}
ok "their table is there" nft list table inet theirs
is "the forward works" "$(ask out $WAN_ADDR 8080)" "name=web1 from=$OUT_ADDR"

for command in "flush ruleset" "delete table inet vmnetd" \
    "flush chain inet vmnetd prerouting_nat" \
    "flush set inet vmnetd guests" "flush table arp vmnetd" \
    "delete table ip6 vmnetd" \
    "delete element inet vmnetd ifs { $T0 }"; do
	nft "$command"
	if wait_for 1 same; then
		pass
	else
		fail "back within a second after: $command" "$(ours)"
	fi
	is "NAT works after: $command" "$(ask web1 $FAR 80)" \
	    "name=out from=$WAN_ADDR"
done
is "the forward works" "$(ask out $WAN_ADDR 8080)" "name=web1 from=$OUT_ADDR"
is "it was said" "$(logged 'removed by somebody else' | wc -l)" 7
nok "what is theirs is theirs to restore" nft list table inet theirs

# Their changes are of no interest.
nft add table inet theirs
nft add chain inet theirs c
nft add rule inet theirs c counter
nft flush table inet theirs
ok "reload" ctl reload
ok "a guest leaves and comes" guest_stop vm1
soon "it is gone" in_state idle vm1
ok "their table is there" nft list table inet theirs
is "nothing was said" "$(logged 'removed by somebody else' | wc -l)" 7

# All that while the daemon is away.
before=$(ours)
ok "stop" daemon_stop
nft flush ruleset
daemon_start
soon "the guest is known" in_state ready web1
soon "its rules are back" same

# Two daemons that each want their own: they give each other time.
: >"$LOG"
"$VMNETD" -f "$CONF" -l "$DIR/other/leases" -s "$DIR/other.sock" -d \
    >"$DIR/other.log" 2>&1 &
other=$!
soon "both load their rules" logged 'removed by somebody else'
sleep 3
ok "and not all the time" \
    [ "$(logged 'removed by somebody else' | wc -l)" -lt 15 ]
kill "$other"
wait "$other"
PATIENCE=20 soon "the one that stays has its rules" same
finish

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

# Users' rules, in the language of the system's own tool.

. "${0%/*}/../lib.sh"
[ -f "$top/regress/net-$SYSTEM.sh" ] || skip "no networks around the host"
. "$top/regress/net-$SYSTEM.sh"

outside_create
cat >"$DIR/lab.nft" <<-EOR
# No mail from guests.
iifname \$tap tcp dport 25 drop
oifname \$tap ip saddr $FAR tcp dport 81 drop
EOR
cat >"$DIR/vm2.nft" <<-EOR
ip saddr \$guest ip daddr \$host tcp dport 80 drop
EOR
conf <<-EOC
pool "lab" {
	inet 172.16.0.0/24
	rules "$DIR/lab.nft"
	$RD
}
vm "vm2" { rules "$DIR/vm2.nft" }
EOC
outside_route 172.16.0.0/24
daemon_start
ok "a guest comes" guest_net vm1 $T0
ok "another guest comes" guest_net vm2 $T1
vm1=$(ctl show address vm1)
host1=$(field vm1 0 host)
host2=$(field vm2 0 host)
for port in 25 80; do
	answerer out $port
	answerer host $port
done
is "what no rule is about passes" "$(ask vm1 $FAR 80)" "name=out from=$vm1"
is "a pool's rule drops" "$(ask vm1 $FAR 25)" ""
is "to the host, too" "$(ask vm1 "${host1%/*}" 25)" ""
is "and for another VM" "$(ask vm2 $FAR 25)" ""
is "a VM's own rule drops" "$(ask vm2 "${host2%/*}" 80)" ""
is "for it alone" "$(ask vm1 "${host1%/*}" 80)" "name=host from=$vm1"
answerer vm1 81
is "rules about what comes in" "$(in_place out socat -T 1 - \
    "TCP4:$vm1:81,bind=$FAR,connect-timeout=1" </dev/null 2>/dev/null)" ""
is "only from there" "$(ask out "$vm1" 81)" "name=vm1 from=$OUT_ADDR"
like "they are shown" "$(ctl show rules vm2)" "*tcp dport 80 drop*"
unlike "each with its own" "$(ctl show rules vm1)" "*tcp dport 80 drop*"

# A mistake: the old ones go on, and the user hears where it is.
echo "tcp dport 26 frobnicate" >>"$DIR/lab.nft"
nok "a reload is refused" ctl reload
like "with file and line" "$nok_out" "*$DIR/lab.nft:4:*"
is "the old rules go on" "$(ask vm1 $FAR 25)" ""
is "as they were" "$(ask vm1 $FAR 80)" "name=out from=$vm1"
sed -e '$d' -e 's/dport 25/dport 80/' "$DIR/lab.nft" >"$DIR/new.nft"
mv "$DIR/new.nft" "$DIR/lab.nft"
ok "a correct one is not" ctl reload
is "it counts at once" "$(ask vm1 $FAR 80)" ""
is "and what it does not forbid passes" "$(ask vm1 $FAR 25)" \
    "name=out from=$vm1"

# A mistake that shows when a VM comes: it is failed, not unfiltered.
ok "stop" daemon_stop
guest_stop vm2
echo "frobnicate" >>"$DIR/vm2.nft"
daemon_start
soon "the first is served" in_state ready vm1
guest_start vm2 -t $T1 -D vm9-if0-vm2 sleep=100000
soon "the other is failed" in_state failed vm2
like "the reason names the place" "$(reason vm2)" "*$DIR/vm2.nft:2:*"
is "its tap has no address" "$(tap_addresses $T1)" ""
guest_stop vm2
guest_stop vm1
soon "the first leaves" in_state idle vm1
is "no chain is left" "$(nft list table inet vmnetd | grep -c 'rules-')" 0
finish

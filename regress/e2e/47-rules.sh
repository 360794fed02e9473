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

NETWORKS=1
. "${0%/*}/../lib.sh"

outside_create
case $SYSTEM in
linux)
	cat >"$DIR/lab.rules" <<-EOR
	# No mail from guests.
	iifname \$tap tcp dport 25 drop
	oifname \$tap ip saddr $FAR tcp dport 81 drop
	EOR
	cat >"$DIR/vm2.rules" <<-EOR
	ip saddr \$guest ip daddr \$host tcp dport 80 drop
	EOR
	own="tcp dport 80 drop"
	mistake="tcp dport 26 frobnicate"
	named="tcp dport ssh drop"
	;;
openbsd)
	cat >"$DIR/lab.rules" <<-EOR
	# No mail from guests.
	block drop in quick on \$tap proto tcp to port 25
	block drop out quick on \$tap inet proto tcp from $FAR to port 81
	EOR
	cat >"$DIR/vm2.rules" <<-EOR
	block drop in quick on \$tap inet proto tcp from \$guest to \$host port 80
	EOR
	own="to 172.16.0.* port = 80"
	mistake="block drop in on \$tap frobnicate"
	named=
	;;
esac
conf <<-EOC
pool "lab" {
	inet 172.16.0.0/24
	rules "$DIR/lab.rules"
	$RD
}
vm "vm2" { rules "$DIR/vm2.rules" }
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
is "rules about what comes in" "$(ask out "$vm1" 81 tcp $FAR)" ""
is "only from there" "$(ask out "$vm1" 81)" "name=vm1 from=$OUT_ADDR"
like "they are shown" "$(ctl show rules vm2)" "*$own*"
unlike "each with its own" "$(ctl show rules vm1)" "*$own*"

# A mistake: the old ones go on, and the user hears where it is.
echo "$mistake" >>"$DIR/lab.rules"
nok "a reload is refused" ctl reload
like "with file and line" "$nok_out" "*$DIR/lab.rules:4:*"
is "the old rules go on" "$(ask vm1 $FAR 25)" ""
is "as they were" "$(ask vm1 $FAR 80)" "name=out from=$vm1"
sed -e '$d' -e 's/port 25/port 80/' "$DIR/lab.rules" >"$DIR/new.rules"
mv "$DIR/new.rules" "$DIR/lab.rules"
ok "a correct one is not" ctl reload
is "it counts at once" "$(ask vm1 $FAR 80)" ""
is "and what it does not forbid passes" "$(ask vm1 $FAR 25)" \
    "name=out from=$vm1"

# A name that would be looked up: pfctl does, libnftables cannot.
if [ -n "$named" ]; then
	cp "$DIR/lab.rules" "$DIR/kept.rules"
	echo "$named" >>"$DIR/lab.rules"
	nok "a name is refused" ctl reload
	like "and it is said what to write" "$nok_out" \
	    "*$DIR/lab.rules:4: *write the number*"
	mv "$DIR/kept.rules" "$DIR/lab.rules"
	ok "reload" ctl reload
fi

# A mistake that shows when a VM comes: it is failed, not unfiltered.
ok "stop" daemon_stop
guest_stop vm2
echo "frobnicate" >>"$DIR/vm2.rules"
daemon_start
soon "the first is served" in_state ready vm1
guest_start vm2 -t $T1 -D vm9-if0-vm2 sleep=100000
soon "the other is failed" in_state failed vm2
like "the reason names the place" "$(reason vm2)" "*$DIR/vm2.rules:2:*"
is "its tap has no address" "$(tap_addresses $T1)" ""
guest_stop vm2
guest_stop vm1
soon "the first leaves" in_state idle vm1
soon "no rules are left" eval '[ "$(rules_left)" = 0 ]'
finish

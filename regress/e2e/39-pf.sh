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

# pf(4): what `vmnetctl check' says of its main rules, what is in the anchor,
# and that what somebody else flushes there is back.

NETWORKS=1
. "${0%/*}/../lib.sh"
[ "$SYSTEM" = openbsd ] || skip "made for pf(4)"

outside_create
conf <<-EOC
pool "lab" {
	inet 172.16.0.0/24
	nat on egress
	isolate
}
vm "web*" { forward tcp port 8080 to 80 }
EOC
pledges=$(dmesg | grep -c pledge)
daemon_start
ok "a guest comes" guest_net web1 $T0
ok "another guest comes" guest_net vm1 $T1
web1=$(ctl show address web1)
vm1=$(ctl show address vm1)
answerer web1 80
answerer out 80

# Its own DHCP client is not what this is about.
checks()
{
	ctl check 2>&1 | grep -v "DHCP client"
}

# --- what is loaded ---------------------------------------------------------

is "both are in the table of guests" "$(table guests)" "$web1 $vm1"
is "and in that of the pool" "$(table p_lab)" "$web1 $vm1"
rules=$(pfctl -a vmnetd -sr)
like "NAT is a match" "$rules" "*match out on egress *nat-to*"
like "no IPv6" "$rules" "*block drop quick on vmnet inet6*"
like "no other address" "$rules" \
    "*block drop in quick on vmnet inet from ! <guests>*"
like "isolation" "$rules" "*from <p_lab> to <p_lab>*"
is "the one with forwards has an anchor" "$(pfctl -a vmnetd -s Anchors |
    tr -d ' ')" "vmnetd/web1.0"
like "vmnetctl shows it" "$(ctl show rules web1)" "*rdr-to $web1*"

# --- check ------------------------------------------------------------------

unlike "nothing is wrong with pf" "$(checks)" "*pf*"
pfctl -q -d
like "pf is disabled" "$(checks)" "*pf is disabled*pfctl -e*"
pfctl -q -e
sysctl -q net.inet.ip.forwarding=0
like "forwarding is off" "$(checks)" "*net.inet.ip.forwarding=1*"
sysctl -q net.inet.ip.forwarding=1
printf 'block return\npass\n' | main_rules
like "the anchor is not called" "$(checks)" \
    "*does not call our rules*anchor \"vmnetd\"*"
printf 'pass quick\nanchor "vmnetd"\n' | main_rules
like "something quick is before it" "$(checks)" "*is quick and stands*"
printf 'block return\npass out\nanchor "vmnetd"\n' | main_rules
like "guests may not do anything" "$(checks)" "*drops all that guests send:*"
printf 'pass\nanchor "vmnetd"\n' | SKIP=tap main_rules
like "pf is blind to taps" "$(checks)" "*\"set skip on\"*"
main_rules_usual
unlike "all is well again" "$(checks)" "*pf*"
is "other main rules are no matter for ours" \
    "$(pfctl -a vmnetd -sr)" "$rules"
is "nor for the forward" "$(ask out $WAN_ADDR 8080)" \
    "name=web1 from=$OUT_ADDR"

# --- flushed by somebody else -----------------------------------------------

before=$(our_rules)
same()
{
	[ "$(our_rules)" = "$before" ] && [ "$(table guests)" = "$web1 $vm1" ]
}
pfctl -q -a vmnetd -t guests -T delete "$vm1" 2>/dev/null
pfctl -q -a vmnetd -F rules
pfctl -q -a vmnetd/web1.0 -F rules
is "nothing is there" "$(our_rules)" ""
# The slow check looks once a minute.
PATIENCE=70 soon "it is back within the time of a check" same
ok "it was said" logged "removed by somebody else"
is "NAT works" "$(ask vm1 $FAR 80)" "name=out from=$WAN_ADDR"
is "the forward works" "$(ask out $WAN_ADDR 8080)" \
    "name=web1 from=$OUT_ADDR"
pfctl -q -a vmnetd -F rules
ok "a reload" ctl reload
ok "brings it back at once" same
ok "stop" daemon_stop
is "without the daemon all is there" "$(our_rules)" "$before"
pfctl -q -a vmnetd/web1.0 -F rules
pfctl -q -a vmnetd -F all 2>/dev/null
daemon_start
soon "the guest is known" in_state ready web1
soon "its rules are back" same

# --- departure --------------------------------------------------------------

guest_stop web1
soon "the VM leaves" in_state idle web1
# priv carries out what has been decided.
soon "so does its anchor" eval '[ -z "$(pfctl -a vmnetd -s Anchors)" ]'
soon "and its address" \
    eval '[ "$(table guests) $(table p_lab)" = "$vm1 $vm1" ]'
ok "stop" daemon_stop
is "nobody has broken a promise" "$(dmesg | grep -c pledge)" "$pledges"
finish

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

# Every command of vmnetctl, in both outputs.

. "$(dirname "$0")/../lib.sh"

conf_default
daemon_start
guest_start vm0 -t $T0 -D vm1-if0-vm0 hostname=one bind serve
soon "vm0 is bound" in_state bound vm0
guest_start vm1 -t $T1 -m fe:e1:bb:d1:00:02 -D vm2-if3-vm1 sleep=1000000
soon "vm1 is ready" in_state ready vm1 3
ok "pools" guest -t $T2 -m fe:e1:bb:d1:00:03 -D vm3-if0-pools bind
soon "pools has left" in_state idle pools
guest_start other -t $T3 -D "not a vm" sleep=1000000
soon "a tap that is no VM's" left_alone $T3 description

# --- tables

table=$(ctl show)
is "the heading" "$(echo "$table" | head -n 1 | tr -s ' ')" \
    "vm if tap pool state host guest lladdr hostname"
is "a bound lease" "$(echo "$table" | grep '^vm0 ' | tr -s ' ')" \
    "vm0 0 $T0 default bound 172.16.0.2/31 172.16.0.3 fe:e1:bb:d1:00:01 one"
is "a ready one" "$(echo "$table" | grep '^vm1 ' | tr -s ' ')" \
    "vm1 3 $T1 default ready 172.16.0.4/31 172.16.0.5 - -"
like "an idle one" "$(echo "$table" | grep '^pools ' | tr -s ' ')" \
    "pools 0 - default idle 172.16.0.6/31 172.16.0.7 *"
is "show leases is the same" "$(ctl show leases)" "$table"
is "words may be abbreviated" "$(ctl sh le)" "$table"
is "show po are the pools" "$(ctl sh po)" "$(ctl show pools)"
is "one VM" "$(ctl show vm0)" "$(ctl show leases vm0)"
is "one VM alone" "$(ctl show vm0 | wc -l | tr -d ' ')" 2
is "one interface" "$(ctl show vm1 3 | wc -l | tr -d ' ')" 2
nok "an interface that is not there" ctl show vm1 0
nok "a VM that is not there" ctl show leases nothere
like "is named" "$nok_out" "*nothere*"
is "a VM called like a keyword" "$(ctl show leases pools | column guest)" \
    172.16.0.7
is "the keyword" "$(ctl show pools | column pool)" default

is "pools" "$(ctl show pools | tr -s ' ')" \
    "pool range subnet size used idle free
default 172.16.0.0/24 31 126 2 1 123"
like "interfaces" "$(ctl show interfaces | grep "^$T0 " | tr -s ' ')" \
    "$T0 * vm0 0 yes*"
like "interfaces: why not" "$(ctl show interfaces | grep "^$T3 ")" \
    "*no*description*"
like "stats" "$(ctl show stats | tr -s ' ')" "group name value*DISCOVER*"
is "address" "$(ctl show address vm0)" 172.16.0.3
is "address of another interface" "$(ctl show address vm1 3)" 172.16.0.5
nok "address of an idle lease" ctl show address pools
is "prints nothing" "$(ctl show address pools 2>/dev/null)" ""
nok "address of nothing" ctl show address nothere
nok "address without a VM" ctl show address

# --- rules and what is amiss with the network

case $SYSTEM in
linux)	anchor="*table inet vmnetd {*" ;;
*)	anchor="*anchor \"[*]\"*" ;;
esac
like "rules" "$(ctl show rules)" "$anchor"
like "one VM's" "$(ctl show rules vm0)" "*172.16.0.3*"
unlike "are not the other's" "$(ctl show rules vm0)" "*172.16.0.5*"
like "those of an interface" "$(ctl show rules vm1 3)" "*172.16.0.5*"
nok "an interface that is not there" ctl show rules vm1 1
nok "a VM that is not running" ctl show rules pools
like "is named" "$nok_out" "vmnetctl: VM \"pools\" is not present"

# What the host lacks is found as well, and is not the test's to mend.
amiss()
{
	ctl check "$@" 2>/dev/null | grep -v -e "^$T1: " -e "^everything "
}

forwarding_on
hosts=$(amiss vm0 | wc -l | tr -d ' ')
if [ "$hosts" -eq 0 ]; then
	ok "nothing is amiss" ctl check vm0
	is "and it says so" "$ok_out" "everything is as it should be"
else
	nok "nothing but with the host" ctl check vm0
	is "as long as pf is not set up" "$(amiss vm0 | grep -v \
	    -e '^pf is disabled' -e '^/etc/pf.conf')" ""
fi
nok "a guest that asks for nothing" ctl check vm1
like "that is said" "$nok_out" "*$T1: vm1 interface 3: *DHCP*"
like "with the number" "$nok_out" "*vmnetctl: $((hosts + 1)) finding*"
is "the finding is output" "$(ctl check vm1 2>/dev/null | wc -l |
    tr -d ' ')" $((hosts + 1))
nok "among all" ctl check
like "it is found, too" "$nok_out" \
    "*$T1: vm1 interface 3: *$((hosts + 1)) finding*"
nok "a VM that is not running is none to check" ctl check pools
nok "nor is one interface" ctl check vm1 3

ok "log verbose" ctl log verbose
ok "log brief" ctl log brief
nok "log" ctl log
nok "log loud" ctl log loud
nok "an unknown command" ctl frobnicate
like "lists what there is" "$nok_out" "*show*reload*release*monitor*"
nok "an ambiguous one" ctl re
like "lists what it may be" "$nok_out" "*reload*release*"
nok "no command" ctl
like "shows the usage" "$nok_out" "usage: vmnetctl *"
nok "an unknown option" ctl -x
nok "too many arguments" ctl show pools default
nok "an interface that is none" ctl show vm0 x
is "errors are one line" "$(printf '%s\n' "$nok_out" | wc -l | tr -d ' ')" 1

# --- monitor

"$VMNETCTL" -s "$SOCK" monitor >"$DIR/events" &
monitor=$!
"$VMNETCTL" -j -s "$SOCK" monitor >"$DIR/events.json" &
monitor_json=$!
sleep 0.3
guest_start ev -t $T4 -m fe:e1:bb:d1:00:04 -D vm4-if0-ev bind serve
soon "ev is bound" in_state bound ev
guest_stop ev
soon "ev is idle" in_state idle ev
ok "reload" ctl reload
seen()
{
	grep -q " $1" "$DIR/events" && grep -q "\"event\":\"$1\"" \
	    "$DIR/events.json"
}
for event in arrival ready bound departure reload; do
	soon "monitor shows $event" seen $event
done
like "with the lease" "$(grep ' bound ' "$DIR/events")" \
    "??:??:?? bound ev 0 $T4 default bound 172.16.0.*"
kill $monitor $monitor_json
wait $monitor $monitor_json 2>/dev/null

# --- release, reload

nok "a lease in use is not released" ctl release vm0
ok "an idle lease" ctl release pools
nok "is forgotten" ctl show leases pools
nok "release without a VM" ctl release
ok "reload" ctl reload

# --- JSON

have jq || {
	skip_some "no jq: JSON is not checked"
	finish
}

# json WHAT COMMAND ... : then is JQ-EXPRESSION WANTED on $json
json()
{
	json=$(ctl -j "$@" | jq -c .) || fail "-j $*: not JSON"
	is "-j $*: one object" "$(printf '%s\n' "$json" | wc -l |
	    tr -d ' ')" 1
}
q()
{
	printf '%s\n' "$json" | jq -c "$1"
}

json show leases
is "keys of a lease" "$(q '.leases[0] | keys_unsorted')" \
    "$(echo '["vm","interface","tap","pool","state","host","guest",' \
    '"host6","guest6","lladdr","hostname","since","bound","expires",' \
    '"reason"]' | tr -d ' ')"
is "vm0" "$(q '.leases[] | select(.vm == "vm0") |
    [.interface, .tap, .pool, .state, .host, .guest, .host6, .guest6, .lladdr,
    .hostname, .reason]')" \
    "[0,\"$T0\",\"default\",\"bound\",\"172.16.0.2/31\",\"172.16.0.3\",$(
    echo 'null,null,"fe:e1:bb:d1:00:01","one",null]')"
now=$(date +%s)
is "times are seconds" "$(q '.leases[] | select(.vm == "vm0") |
    [(.since <= '"$now"' and .since > '"$now"' - 100),
    (.bound <= '"$now"' and .bound > '"$now"' - 100),
    (.expires > '"$now"' + 3400 and .expires <= '"$now"' + 3600)]')" \
    '[true,true,true]'
is "vm1 is not bound" "$(q '.leases[] | select(.vm == "vm1") |
    [.state, .bound, .expires, .lladdr, .hostname]')" \
    '["ready",null,null,null,null]'
is "ev is idle" "$(q '.leases[] | select(.vm == "ev") |
    [.tap, .state]')" '[null,"idle"]'
json show vm0
is "one VM" "$(q '.leases | length')" 1
json show
is "all" "$(q '.leases | length')" 3
json show pools
is "pools" "$(q '.pools[0] | [.name, .inet, .subnet, .size, .used, .idle,
    .free]')" '["default","172.16.0.0/24",31,126,2,1,123]'
json show interfaces
is "interfaces" "$(q '.interfaces[] | select(.tap == "'$T0'") |
    [.vm, .interface, .managed]')" '["vm0",0,true]'
is "and why not" "$(q '.interfaces[] | select(.tap == "'$T3'") |
    [.vm, .managed, .reason == null]')" '[null,false,false]'
json show stats
ok "stats are numbers" [ "$(q '.stats.received.DISCOVER')" -ge 2 ]
is "drops too" "$(q '.stats.dropped["ip-checksum"]')" 0
json show rules vm1 3
ok "rules are lines" [ "$(q '.rules | length')" -gt 1 ]
is "of text" "$(q '[.rules[] | type] | unique')" '["string"]'
like "those asked for" "$(q '[.rules[] | select(contains("172.16.0.5"))]')" \
    "*172.16.0.5*"
json check vm0
is "nothing is amiss" "$json" '{"findings":[]}'
ctl -j check vm1 >"$DIR/findings" 2>"$DIR/findings.err"
is "findings give a status" $? 1
is "and are lines" "$(jq -c '.findings | length' "$DIR/findings")" 1
is "and a line says how many" "$(cat "$DIR/findings.err")" \
    "vmnetctl: 1 finding"
json show address vm0
is "address" "$(q .address)" '"172.16.0.3"'
is "events are objects, one a line" "$(jq -c .event "$DIR/events.json" |
    grep -c bound)" 1
is "with the lease" "$(jq -c 'select(.event == "bound") | [.lease.vm,
    .lease.state]' "$DIR/events.json")" '["ev","bound"]'
nok "errors are no JSON but a line" ctl -j show leases nothere
like "on standard error" "$nok_out" "vmnetctl: *"

finish

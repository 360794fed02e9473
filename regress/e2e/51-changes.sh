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

# Forwards by the thousand, and what becomes of a connection when its forward is
# changed, taken away, or the daemon killed; a chain of others that drops.

NETWORKS=1
. "${0%/*}/../lib.sh"

outside_create

# conf_forward FORWARD ...: of the one VM
conf_forward()
{
	conf <<-EOC
	pool "lab" {
		inet 172.16.0.0/24
		nat on egress
		$RD
	}
	vm "range" { forward udp port 30000:34095 to 40000:* }
	vm "a.b-c_d" { $* }
	EOC
}

forwards=$(awk 'BEGIN { for (n = 0; n < 400; n++)
    printf "forward tcp port %d to %d ", 10000 + n, 20000 + n }')
conf_forward "$forwards"
daemon_start
ok "a guest with many forwards comes" guest_net a.b-c_d $T0
ok "one with a range comes" guest_net range $T1
answerer a.b-c_d 20000
answerer a.b-c_d 20399
answerer range 44095 udp
seen="name=a.b-c_d from=$OUT_ADDR"
is "the first forward" "$(ask out $WAN_ADDR 10000)" "$seen"
is "the last forward" "$(ask out $WAN_ADDR 10399)" "$seen"
is "the end of the range" "$(ask out $WAN_ADDR 34095 udp)" \
    "name=range from=$OUT_ADDR"
like "all are shown" "$(ctl show rules a.b-c_d)" "*20399*"

# A connection that is open outlives its forward; new ones do not.
mkfifo "$DIR/talk"
echoer a.b-c_d 81
conf_forward forward tcp port 99 to 81
ok "reload with another forward" ctl reload
is "the first is no more" "$(ask out $WAN_ADDR 10000)" ""
connect out $WAN_ADDR 99 <"$DIR/talk" >"$DIR/heard" 2>/dev/null &
talker=$!
exec 9>"$DIR/talk"
talk()
{
	echo "$1" >&9
	wait_for 3 grep -qx "$1" "$DIR/heard"
}
ok "a connection through the new one" talk one
conf_forward
ok "reload without any" ctl reload
ok "it is still open" talk two
answerer a.b-c_d 82
conf_forward forward tcp port 99 to 82
ok "reload with the port leading elsewhere" ctl reload
ok "it is still open" talk three
is "a new one goes elsewhere" "$(ask out $WAN_ADDR 99)" "$seen"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
daemon=
ok "it outlives a daemon that is killed" talk four
sleep 1
daemon_start
soon "the guest is known" in_state ready a.b-c_d
ok "and its next one" talk five
is "new ones are made" "$(ask out $WAN_ADDR 99)" "$seen"
exec 9>&-
kill $talker 2>/dev/null

# What others drop is named.
if [ "$SYSTEM" = linux ]; then
	nft add table ip filter
	nft add chain ip filter FORWARD \
	    '{ type filter hook forward priority 0; policy drop; }'
	nok "a chain that drops is found" ctl check
	like "by its name, with what to add" "$nok_out" \
	    "*chain FORWARD of table ip filter drops*accept there*$T0*"
	nft delete table ip filter
	nok "without it" ctl check
	unlike "nothing is said of it" "$nok_out" "*FORWARD*"
fi
finish

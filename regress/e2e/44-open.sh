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

# Connections stay open when the daemon restarts or reloads, and end when
# the VM does.

NETWORKS=1
. "${0%/*}/../lib.sh"

outside_create
conf <<-EOC
pool "lab" {
	inet 172.16.0.0/24
	nat on egress
	$RD
}
vm "web*" { forward tcp port 8080 to 80 }
EOC
daemon_start
ok "a guest comes" guest_net web1 $T0

# talk_start NAME PLACE ADDRESS PORT: a connection to an echoer
talk_start()
{
	mkfifo "$DIR/$1.talk"
	connect "$2" "$3" "$4" <"$DIR/$1.talk" >"$DIR/$1.heard" \
	    2>/dev/null &
	echo $! >"$DIR/$1.talker"
	(exec sleep 100 >"$DIR/$1.talk") &
	echo $! >"$DIR/$1.holder"
}

# It is still open: talk NAME WORD
talk()
{
	echo "$2" >"$DIR/$1.talk"
	wait_for 3 grep -qx "$2" "$DIR/$1.heard"
}

# Those of $guest; it shows what is left.
forgotten()
{
	connections "$guest"
	[ -z "$(connections "$guest")" ]
}

echoer out 7
echoer web1 80
talk_start nat web1 $FAR 7
talk_start forward out $WAN_ADDR 8080
ok "a connection through NAT" talk nat one
ok "a connection through a forward" talk forward one

in_place web1 ping -i 0.02 -c 300 -q $FAR >"$DIR/ping" &
pinger=$!
ok "the daemon stops" daemon_stop
ok "without it the connection is open" talk nat two
ok "the other, too" talk forward two
daemon_start
soon "it knows the guest" in_state ready web1
ok "after the start it is open" talk nat three
ok "the other, too" talk forward three
ok "reload" ctl reload
ok "after a reload it is open" talk nat four
ok "the other, too" talk forward four
answerer out 81
is "and new ones are made" "$(ask web1 $FAR 81)" \
    "name=out from=$WAN_ADDR"
wait $pinger
like "no packet was lost" "$(cat "$DIR/ping")" "* 300 *received, 0*% packet loss*"

guest=$(ctl show address web1)
listed=
if connections "$guest" >/dev/null; then
	listed=1
	isnt "its connections are known" "$(connections "$guest")" ""
else
	skip_some "the kernel does not list connections"
fi
guest_stop web1
soon "the VM goes" in_state idle web1
[ -z "$listed" ] || soon "its connections are forgotten" forgotten
nok "nothing answers any more" talk forward five
is "nothing about it is left" "$(filter_left $T0 "$guest")" 0
for talk in nat forward; do
	kill "$(cat "$DIR/$talk.holder")" "$(cat "$DIR/$talk.talker")" \
	    2>/dev/null
done
finish

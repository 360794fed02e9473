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

# A renewal by unicast reaches the server and draws no ICMP from the host.

NETWORKS=1
. "${0%/*}/../lib.sh"

have tcpdump || skip "no tcpdump"
outside_create
conf_default
daemon_start
ok "a guest comes" guest_net vm0 $T0
host=$(field vm0 0 host)
host=${host%/*}

# icmp_while COMMAND ...: how many unreachable messages the tap has seen
icmp_while()
{
	# Here, not in the background: what the last one said is gone now.
	: >"$DIR/tcpdump"
	tcpdump -n -l -i $T0 'icmp[icmptype] == icmp-unreach' \
	    >"$DIR/icmp" 2>>"$DIR/tcpdump" &
	dumper=$!
	wait_for 5 grep -q listening "$DIR/tcpdump"
	"$@" >/dev/null 2>&1
	# There are those that read once a second.
	sleep 1.2
	kill $dumper
	wait $dumper 2>/dev/null
	grep -c unreachable "$DIR/icmp"
}
isnt "a port that nobody listens to draws one" \
    "$(icmp_while ask vm0 "$host" 1234 udp)" 0
is "that of DHCP does not" "$(icmp_while ask vm0 "$host" 67 udp)" 0
guest_stop vm0
soon "the guest leaves" in_state idle vm0
ok "a renewal by unicast is answered" \
    guest -t $T0 -D vm2-if0-vm0 bind renew
like "really" "$ok_out" "*ack*ack*"
guest_start vm0 -t $T0 -D vm3-if0-vm0 bind sleep=3000 renew serve
soon "it comes again" in_state bound vm0
is "and draws none" "$(icmp_while wait_for 5 guest_said vm0 serving)" 0
ok "it was renewed" [ "$(grep -c ^ack "$DIR/vm0.out")" -eq 2 ]
finish

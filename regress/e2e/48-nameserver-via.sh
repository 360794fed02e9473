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

# The host address as name server: what is asked there goes to another.

NETWORKS=1
. "${0%/*}/../lib.sh"

outside_create
conf <<-EOC
pool "local" {
	inet 172.16.0.0/24
	nameserver host via 127.0.0.1
	$RD
}
pool "far" {
	inet 172.17.0.0/24
	nat on egress
	nameserver host via $FAR
	$RD
}
vm "local*" { pool "local" }
vm "far*" { pool "far" }
EOC
daemon_start
answerer host 53 udp 127.0.0.1
answerer host 53 tcp 127.0.0.1
answerer host 54 tcp 127.0.0.1
answerer out 53 udp $FAR
answerer out 53
ok "a guest comes" guest_net local1 $T0
ok "one of the other pool comes" guest_net far1 $T1
local1=$(ctl show address local1)
host0=$(field local1 0 host)
host1=$(field far1 0 host)
is "who asks the host is answered" "$(ask local1 "${host0%/*}" 53 udp)" \
    "name=host from=$local1"
is "by TCP, too" "$(ask local1 "${host0%/*}" 53)" "name=host from=$local1"
is "only that port" "$(ask local1 "${host0%/*}" 54)" ""
is "or by somebody else" "$(ask far1 "${host1%/*}" 53 udp)" \
    "name=out from=$WAN_ADDR"
is "by TCP, too" "$(ask far1 "${host1%/*}" 53)" "name=out from=$WAN_ADDR"
outside_route 172.16.0.0/24
is "who asks another is answered by that one" "$(ask local1 $FAR 53 udp)" \
    "name=out from=$local1"

# 127/8 is reached through this alone.
guest_stop local1
soon "the guest leaves" in_state idle local1
nok "no other address of 127/8 is reached" \
    guest -w 1500 -t $T0 -D vm3-if0-local1 bind ping=127.0.0.1
ok "its host is" guest -w 1500 -t $T0 -D vm3-if0-local1 bind \
    "ping=${host0%/*}"
finish

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

# A guest that sends as another is not heard.

NETWORKS=1
. "${0%/*}/../lib.sh"

outside_create
outside_route 172.16.0.0/24
conf_default
daemon_start
ok "a guest comes" guest_net vm0 $T0
ok "another guest comes" guest_net vm1 $T1
own=$(ctl show address vm0)
other=$(ctl show address vm1)

# spoofs VM ADDRESS: it sends from there
spoofs()
{
	place_address "$1" "$2"
	place_pings "$1" $FAR "$2"
}

ok "a guest is heard from its own address" \
    place_hears out "$own" place_pings vm0 $FAR
nok "not from another's" place_hears out "$other" spoofs vm0 "$other"
nok "nor from one that nobody has" \
    place_hears out 172.16.0.77 spoofs vm0 172.16.0.77
nok "nor from one of another network" \
    place_hears out 10.1.2.3 spoofs vm0 10.1.2.3
nok "nor from the host's" place_hears out $WAN_ADDR spoofs vm0 $WAN_ADDR
ok "the other one is heard from its own" \
    place_hears out "$other" place_pings vm1 $FAR

# The same by ARP: who asks from another's address is not answered.
guest_stop vm1
soon "a guest leaves" in_state idle vm1
ok "an ARP request from one's own address is answered" \
    guest -w 1000 -t $T1 -D vm1-if0-vm1 bind arp=172.16.0.4
nok "one from another's is not" guest -w 1000 -t $T1 -D vm1-if0-vm1 \
    bind address="$own" arp=172.16.0.4
ok "the neighbour is who it was" place_pings host "$own"

# The next VM on the tap cannot use what the last one could.
ok "another VM comes on the tap" guest_net vm5 $T1
ok "it is heard from its own" \
    place_hears out "$(ctl show address vm5)" place_pings vm5 $FAR
nok "but not from the last one's address" \
    place_hears out "$other" spoofs vm5 "$other"
finish

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

# Frames that must not be answered: dropped, and counted by their reason.

. "$(dirname "$0")/../lib.sh"

conf_default
daemon_start

guest_start hold -t $T9 -D "not a vm" sleep=100000
ok "the guest is served" guest -t $T0 -D vm1-if0-vm0 bind
guest_stop hold

# The sum of all reasons, or one of them.
dropped()
{
	if [ $# -eq 1 ]; then
		stat_of dropped "$1"
	else
		ctl show stats | awk '$1 == "dropped" { n += $3 }
		    END { print n + 0 }'
	fi
}

tap_create $T1
for bad in $("$GUEST" -t $T8 badlist); do
	reason=
	case $bad in
	chaddr|chaddr-group|ether-source)	reason=chaddr ;;
	cookie)					reason=cookie ;;
	cut|cut-udp)				reason=short ;;
	fragment-first)				reason=fragment ;;
	from-server-port)			reason=port ;;
	giaddr|hops)				reason=relayed ;;
	hlen|htype)				reason=hardware ;;
	ip-checksum|ip-options)			reason=$bad ;;
	message-short)				reason=short ;;
	op-other|op-reply)			reason=bootp-op ;;
	overload-value|type-length|type-twice)	reason=option-value ;;
	overrun*)				reason=option-overrun ;;
	request-empty)				reason=no-address ;;
	request-other)				reason=other-server ;;
	type-offer|type-unknown)		reason=message-type ;;
	udp-checksum)				reason=udp-checksum ;;
	udp-length*)				reason=udp-length ;;
	vlan)					reason=vlan ;;
	esac
	before=$(dropped)
	[ -z "$reason" ] || one=$(dropped "$reason")
	# The same guest is served afterwards.
	ok "$bad is not answered" guest -q 100 -t $T1 -D vm2-if0-bad discover \
	    bad=$bad discover
	[ -z "$reason" ] || {
		is "$bad is counted as $reason" "$(dropped "$reason")" \
		    $((one + 1))
		is "$bad is counted once" "$(dropped)" $((before + 1))
	}
done

# Each reason is explained.
for reason in $(ctl show stats | awk '$1 == "dropped" { print $2 }'); do
	ok "the manual has $reason" grep -q "^\.It Cm $reason\$" \
	    "$top/man/vmnetctl.8"
done

# A flood from one guest is held back; another's DHCP goes on.
guest_start flood -t $T2 -D vm3-if0-flood -m fe:e1:bb:d1:00:44 discover \
    flood=20000 serve
ok "another guest is served meanwhile" guest -t $T3 -D vm4-if0-calm \
    -m fe:e1:bb:d1:00:55 bind
ok "and vmnetctl" ctl show stats
soon "the flood is over" guest_said flood "^flood sent"
ok "most of it was dropped" [ "$(stat_of received DISCOVER)" -lt 10000 ]
ok "some of it by the bucket" [ "$(dropped rate)" -gt 0 ]
guest_stop flood
ok "the daemon lives" daemon_alive

finish

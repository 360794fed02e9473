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

# For tests of the packet filter, after lib.sh: networks around the host.
# `out' is a place outside, behind the interface $WAN of the host, which has
# $WAN_ADDR; it has $OUT_ADDR there and $FAR, to which only the default route
# leads.  `host' is the host itself, all other places are guests.

WAN=wan0
WAN_ADDR=192.0.2.1
OUT_ADDR=192.0.2.2
FAR=198.51.100.7

outside_create()
{
	ip netns add "$NET.out" && ip -n "$NET.out" link set lo up &&
	    ip link add $WAN type veth peer name eth0 netns "$NET.out" &&
	    ip addr add $WAN_ADDR/24 dev $WAN && ip link set $WAN up &&
	    ip -n "$NET.out" addr add $OUT_ADDR/24 dev eth0 &&
	    ip -n "$NET.out" link set eth0 up &&
	    ip -n "$NET.out" addr add $FAR/32 dev lo &&
	    ip route add default via $OUT_ADDR && forwarding_on
}

# The way back to a network of guests, where it is not translated.
outside_route()
{
	ip -n "$NET.out" route add "$1" via $WAN_ADDR
}

# in_place PLACE COMMAND ...
in_place()
{
	place=$1
	shift
	if [ "$place" = host ]; then
		"$@"
	else
		guest_run "$place" "$@"
	fi
}

# A VM comes, on that tap, and has its network: guest_net VM TAP
guest_net()
{
	guest_number=$((${guest_number:-0} + 1))
	guest_link "$1" "$2" "vm1-if0-$1" \
	    "fe:e1:bb:d1:ee:0$guest_number" && guest_address "$1"
}

# The same one again.
guest_again()
{
	guest_number=$((guest_number + 1))
	guest_plug "$1" "$2" "vm1-if0-$1" \
	    "fe:e1:bb:d1:ee:0$guest_number" && guest_address "$1"
}

# Give it the address that it would learn by DHCP.
guest_address()
{
	wait_for 10 in_state ready "$1" || return 1
	guest_host=$(field "$1" 0 host)
	in_place "$1" ip addr add \
	    "$(ctl show address "$1")/${guest_host#*/}" dev eth0 &&
	    in_place "$1" ip route add default via "${guest_host%/*}"
}

# A server in a place, which tells everybody who it is and who asks; by UDP
# in a place with several addresses it must be told which it is asked at:
# answerer PLACE PORT [udp [ADDRESS]]
# Not in a command substitution, which would wait for its end.
answerer()
{
	# shellcheck disable=SC2016 # for socat's shell
	answer='echo "name=$ANSWERER from=$SOCAT_PEERADDR"'
	case ${3:-tcp} in
	tcp)	listen=TCP4-LISTEN:$2,fork,reuseaddr ;;
	udp)	listen=UDP4-RECVFROM:$2,fork ;;
	esac
	[ -z "${4:-}" ] || listen=$listen,bind=$4
	in_place "$1" env ANSWERER="$1" socat "$listen" \
	    "SYSTEM:$answer" >>"$DIR/answerer.log" 2>&1 &
	wait_for 5 answerer_is_there "$1" "$2" "${3:-tcp}"
}

answerer_is_there()
{
	in_place "$1" ss -Hnl "--${3}" "sport = :$2" | grep -q .
}

# What it answers to one who is there: ask PLACE ADDRESS PORT [udp]
ask()
{
	case ${4:-tcp} in
	tcp)
		in_place "$1" socat -T 2 - "TCP4:$2:$3,connect-timeout=2" \
		    </dev/null 2>/dev/null
		;;
	udp)
		# Nothing tells the end of the answer; a slow one comes later.
		for ask_patience in 0.5 3; do
			echo hello | in_place "$1" socat -t $ask_patience \
			    -T $ask_patience - "UDP4:$2:$3" 2>/dev/null |
			    grep . && break
		done
		;;
	esac
}

# place_pings PLACE ADDRESS
place_pings()
{
	in_place "$1" ping -c 1 -W 2 -w 2 "$2" >/dev/null 2>&1
}

# place_hears PLACE ADDRESS COMMAND ...: packets from that address come in
# while the command runs.
place_hears()
{
	hears_place=$1
	hears_address=$2
	shift 2
	in_place "$hears_place" nft -f - <<-EOF
	add table ip hears
	delete table ip hears
	table ip hears {
		chain c {
			type filter hook prerouting priority -400;
			ip saddr $hears_address counter
		}
	}
	EOF
	"$@" >/dev/null 2>&1
	sleep 0.2
	! in_place "$hears_place" nft list table ip hears |
	    grep -q 'packets 0 '
}

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

# For tests of the packet filter, from lib.sh: networks around the host.
# `out' is a place outside, behind the interface $WAN of the host, which has
# $WAN_ADDR; it has $OUT_ADDR there and $FAR, to which only the default route
# leads.  `host' is the host itself, all other places are guests.

WAN=wan0
WAN_ADDR=192.0.2.1
OUT_ADDR=192.0.2.2
FAR=198.51.100.7
WAN2=wan1
WAN2_ADDR=203.0.113.1
OUT2_ADDR=203.0.113.2

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

# Give it the address that it would learn by DHCP.
guest_address()
{
	wait_for 10 in_state ready "$1" || return 1
	guest_host=$(field "$1" 0 host)
	in_place "$1" ip addr add \
	    "$(ctl show address "$1")/${guest_host#*/}" dev eth0 &&
	    in_place "$1" ip route add default via "${guest_host%/*}"
}

# What it answers to one who is there:
# ask PLACE ADDRESS PORT [tcp|udp [SOURCE]]
ask()
{
	ask_from=${5:+,bind=$5}
	case ${4:-tcp} in
	tcp)
		in_place "$1" socat -T 2 - \
		    "TCP4:$2:$3,connect-timeout=2$ask_from" </dev/null \
		    2>/dev/null
		;;
	udp)
		# Nothing tells the end of the answer; a slow one comes later.
		for ask_patience in 0.5 3; do
			echo hello | in_place "$1" socat -t $ask_patience \
			    -T $ask_patience - "UDP4:$2:$3$ask_from" 2>/dev/null |
			    grep . && break
		done
		;;
	esac
}

# A connection with standard input and output: connect PLACE ADDRESS PORT
connect()
{
	in_place "$1" socat - "TCP4:$2:$3"
}

# Those that the packet filter knows of, a line each: connections ADDRESS
connections()
{
	[ -r /proc/net/nf_conntrack ] || return 1
	grep -e "src=$1 " -e "dst=$1 " /proc/net/nf_conntrack || :
}

# place_pings PLACE ADDRESS [SOURCE]
place_pings()
{
	in_place "$1" ping -c 1 -W 2 -w 2 ${3:+-I "$3"} "$2" >/dev/null 2>&1
}

# place_pings6 PLACE ADDRESS INTERFACE
place_pings6()
{
	in_place "$1" ping -6 -c 1 -W 1 "$2%$3" >/dev/null 2>&1
}

# Its address of IPv6 on its interface: link_local PLACE INTERFACE
link_local()
{
	link_local=$(in_place "$1" ip -6 -o addr show dev "$2" scope link |
	    awk '{ sub("/.*", "", $4); print $4; exit }')
	# A tap that vmnetd has set up has none.
	if [ -z "$link_local" ] && in_place "$1" \
	    ip -6 addr add fe80::fe/64 dev "$2" nodad; then
		link_local=fe80::fe
	fi
	printf '%s\n' "$link_local"
}

# guest_interface VM: as it is called there
guest_interface()
{
	echo eth0
}

# Another address of a place: place_address PLACE ADDRESS
place_address()
{
	in_place "$1" ip addr add "$2/32" dev lo
}

# The default route moves to another interface, $WAN2 with $WAN2_ADDR.
egress_moves()
{
	ip link add $WAN2 type veth peer name eth1 netns "$NET.out" &&
	    ip addr add $WAN2_ADDR/24 dev $WAN2 && ip link set $WAN2 up &&
	    ip -n "$NET.out" addr add $OUT2_ADDR/24 dev eth1 &&
	    ip -n "$NET.out" link set eth1 up &&
	    ip route replace default via $OUT2_ADDR
}

egress_is()
{
	nft list set inet vmnetd egress | grep -q "$1"
}

# A guest gets what is forwarded to it: forwarded_to ADDRESS PORT
forwarded_to()
{
	nft list map inet vmnetd forwards | grep -q "$1 . $2"
}

# What is there of forwards to a network: forwards_left NUMBER (the first)
forwards_left()
{
	nft list table inet vmnetd | grep -c -e "dnat ip to $1" \
	    -e "^[^:]*: $1\..* \. "
}

# ... of a VM that has gone
filter_left()
{
	nft list ruleset | grep -c "\"$1\""
}

# ... of users' rules
rules_left()
{
	nft list table inet vmnetd | grep -c 'rules-'
}

# tap_heard TAP COMMAND ...: what comes in there while the command runs gets
# further than the packet filter, be it IPv4, IPv6 or ARP.
tap_heard()
{
	heard_tap=$1
	shift
	nft -f - <<-EOF
	add table inet heard
	delete table inet heard
	add table arp heard
	delete table arp heard
	table inet heard {
		chain host {
			type filter hook input priority 10;
			iifname "$heard_tap" counter
		}
		chain others {
			type filter hook forward priority 10;
			iifname "$heard_tap" counter
		}
	}
	table arp heard {
		chain host {
			type filter hook input priority 10;
			iifname "$heard_tap" counter
		}
	}
	EOF
	"$@" >/dev/null 2>&1
	sleep 0.2
	heard_rules=$(nft list table inet heard; nft list table arp heard)
	nft 'delete table inet heard; delete table arp heard'
	printf '%s\n' "$heard_rules" | grep counter | grep -qv 'packets 0 '
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

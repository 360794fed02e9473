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

# What the tests need of Linux: the host is a network namespace, and so is
# each guest that runs real clients.

# shellcheck disable=SC2034 # used by the tests

SYSTEM=linux

network_create()
{
	ip netns add "$NET.host" && ip -n "$NET.host" link set lo up
}

# The test's processes.  Those of guests are known by their environment: their
# namespaces, made within the test's, are not mounted out here.
network_processes()
{
	ip netns pids "$NET.host"
	env -u NET grep -slzx "NET=$NET" /proc/[0-9]*/environ | cut -d / -f 3
}

network_destroy()
{
	for signal in TERM KILL; do
		pids=$(network_processes)
		[ -n "$pids" ] || break
		# shellcheck disable=SC2086 # a list
		kill -$signal $pids 2>/dev/null
		[ $signal = KILL ] || sleep 0.3
	done
	for ns in $(ip netns list 2>/dev/null | awk '{ print $1 }' |
	    grep "^$NET\\."); do
		ip netns del "$ns"
	done
}

in_network()
{
	exec ip netns exec "$NET.host" "$@"
}

network_names()
{
	RD=
	T0=tap0 T1=tap1 T2=tap2 T3=tap3 T4=tap4
	T5=tap5 T6=tap6 T7=tap7 T8=tap8 T9=tap9
	TAPS='tap%d'
	STORM=200
	HOSTIF=host0
	BRIDGE=bridge0
}

forwarding_on()
{
	sysctl -q -w net.ipv4.ip_forward=1
}

# --- taps -------------------------------------------------------------------

# One that stays when its VM goes.
tap_create()
{
	ip tuntap add dev "$1" mode tap && [ $# -eq 1 ] ||
	    ip link set dev "$1" alias "$2"
}

tap_delete()
{
	ip link del dev "$1"
}

tap_describe()
{
	ip link set dev "$1" alias "$2"
}

tap_exists()
{
	[ -e "/sys/class/net/$1" ]
}

tap_index()
{
	cat "/sys/class/net/$1/ifindex"
}

tap_lladdr()
{
	cat "/sys/class/net/$1/address"
}

tap_up()
{
	[ $(($(cat "/sys/class/net/$1/flags") & 1)) -eq 1 ]
}

# Its IPv4 addresses with their lengths, in one line.
tap_addresses()
{
	ip -4 -o addr show dev "$1" 2>/dev/null |
	    awk '{ printf "%s%s", n++ ? " " : "", $4 } END { print "" }'
}

# What its tap sends is looked at: is_guarded TAP
is_guarded()
{
	nft list set inet vmnetd ifs | grep -q "\"$1\"" &&
	    nft list set ip6 vmnetd ifs | grep -q "\"$1\"" &&
	    nft list set arp vmnetd ifs | grep -q "\"$1\""
}

tap_addresses6()
{
	ip -6 -o addr show dev "$1" 2>/dev/null | awk '{ print $4 }'
}

has_address()
{
	[ "$(tap_addresses "$1")" = "$2" ]
}

# address_add TAP ADDRESS/LENGTH
address_add()
{
	ip addr add "$2" dev "$1"
}

address_del()
{
	ip addr del "$2" dev "$1"
}

# Write down what happens on the host, in the background ...
address_monitor()
{
	exec ip -4 monitor address
}

# ... and what of that was done to addresses.
address_changes()
{
	cat "$1"
}

# An interface of the host that is no tap.  A bridge, because every kernel
# that has taps for VMs has it: host_interface ADDRESS/LENGTH
host_interface()
{
	ip link add "$HOSTIF" type bridge && ip link set "$HOSTIF" up &&
	    ip addr add "$1" dev "$HOSTIF"
}

# More messages about $HOSTIF than a socket holds.
interface_noise()
{
	awk -v name="$HOSTIF" 'BEGIN { for (n = 0; n < 20000; n++) {
	    print "addr add 198.51.100.1/32 dev", name
	    print "addr del 198.51.100.1/32 dev", name } }' | ip -batch -
}

bridge_create()
{
	ip link add "$BRIDGE" type bridge && ip link set "$BRIDGE" up
}

bridge_add()
{
	ip link set dev "$1" master "$BRIDGE"
}

# --- guests with clients ----------------------------------------------------

# A guest's own network, with eth0 at the end of a tap:
# guest_link NAME TAP DESCRIPTION [LLADDR]
guest_link()
{
	ip netns add "$NET.$1" && ip -n "$NET.$1" link set lo up || return 1
	guest_plug "$@"
}

# The VM of that name comes (again).
guest_plug()
{
	guest_start "$1" -t "$2" -D "$3" -N "$NET.$1" bridge=eth0
	wait_for 5 ip -n "$NET.$1" link show eth0 || return 1
	ip -n "$NET.$1" link set eth0 address "${4:-fe:e1:bb:d1:aa:01}" up
}

guest_run()
{
	guest_net=$NET.$1
	shift
	ip netns exec "$guest_net" "$@"
}

CLIENTS='udhcpc dhclient dhcpcd networkd'

# Run a DHCP client in a guest until it has an address, and leave what it
# got in $DIR/NAME.lease, one `key=value' a line: client_run CLIENT NAME
client_run()
{
	client_report=$DIR/$2.lease
	rm -f "$client_report"
	# Its files are hidden from the system's, and those from it.
	guest_run "$2" env CLIENT_REPORT="$client_report" \
	    unshare -m sh "$top/regress/client/$1.sh" >"$DIR/$2.$1.log" 2>&1
}

got()
{
	sed -n "s/^$2=//p" "$DIR/$1.lease"
}

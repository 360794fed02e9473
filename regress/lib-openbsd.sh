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

# What the tests need of OpenBSD: the host is a routing domain of its own,
# and so is each guest.

# shellcheck disable=SC2034 # used by the tests

SYSTEM=openbsd
HOST_RD=${REGRESS_RDOMAIN:-190}
# Far from those that vmd(8) takes; a multiple of ten.
FIRST_TAP=${REGRESS_TAP:-90}
HOSTIF=vether190
BRIDGE=bridge190

network_create()
{
	network_destroy
	ifconfig "lo$HOST_RD" create 2>/dev/null
	ifconfig "lo$HOST_RD" rdomain "$HOST_RD" 127.0.0.1/8
	n=0
	while [ $n -le 10 ]; do
		[ -c "/dev/tap$((FIRST_TAP + n))" ] ||
		    (cd /dev && sh MAKEDEV "tap$((FIRST_TAP + n))")
		n=$((n + 1))
	done
}

# Everything that runs in the test's routing domains was started by it.
network_destroy()
{
	for rd in "$HOST_RD" $((HOST_RD + 1)) $((HOST_RD + 2)); do
		for signal in TERM KILL; do
			pkill -$signal -T "$rd" . && sleep 0.3
		done
	done
	n=0
	while [ $n -lt 10 ]; do
		ifconfig "tap$((FIRST_TAP + n))" destroy 2>/dev/null
		n=$((n + 1))
	done
	ifconfig "$HOSTIF" destroy 2>/dev/null
	ifconfig "$BRIDGE" destroy 2>/dev/null
	for rd in "$HOST_RD" $((HOST_RD + 1)) $((HOST_RD + 2)); do
		ifconfig "lo$rd" destroy 2>/dev/null
	done
}

in_network()
{
	exec route -T "$HOST_RD" exec "$@"
}

network_names()
{
	RD="rdomain $HOST_RD"
	for n in 0 1 2 3 4 5 6 7 8 9; do
		eval "T$n=tap$((FIRST_TAP + n))"
	done
	# As many as there are devices of.
	TAPS="tap${FIRST_TAP%?}%d"
	STORM=10
}

forwarding_on()
{
	sysctl -q net.inet.ip.forwarding=1
}

# Those that a test with vmd(8) started.
vms_end()
{
	for vm in $VMS; do
		vmctl stop -f -w "$vm" >/dev/null 2>&1
	done
	[ -z "${VMD_STARTED:-}" ] || rcctl -f stop vmd >/dev/null
}

# --- taps -------------------------------------------------------------------

tap_create()
{
	ifconfig "$1" create && ifconfig "$1" rdomain "$HOST_RD" &&
	    [ $# -eq 1 ] || ifconfig "$1" description "$2"
}

tap_delete()
{
	ifconfig "$1" destroy
}

tap_describe()
{
	ifconfig "$1" description "$2"
}

tap_exists()
{
	ifconfig "$1" >/dev/null 2>&1
}

tap_index()
{
	ifconfig "$1" | sed -n 's/.*index \([0-9]*\).*/\1/p'
}

tap_lladdr()
{
	ifconfig "$1" | sed -n 's/.*lladdr //p'
}

tap_up()
{
	ifconfig "$1" | grep -q '<UP'
}

tap_addresses()
{
	ifconfig "$1" 2>/dev/null | awk '
	    function length_of(mask, i, bits) {
		bits = 0
		for (i = 3; i <= length(mask); i++)
			bits += ones[substr(mask, i, 1)]
		return bits
	    }
	    BEGIN {
		ones["0"] = 0; ones["8"] = 1; ones["c"] = 2
		ones["e"] = 3; ones["f"] = 4
	    }
	    $1 == "inet" {
		printf "%s%s/%d", n++ ? " " : "", $2, length_of($4)
	    }
	    END { print "" }'
}

tap_addresses6()
{
	ifconfig "$1" 2>/dev/null | awk '$1 == "inet6" { print $2 }'
}

has_address()
{
	[ "$(tap_addresses "$1")" = "$2" ]
}

address_add()
{
	ifconfig "$1" inet "$2" alias
}

address_del()
{
	ifconfig "$1" inet "${2%/*}" delete
}

address_monitor()
{
	exec route -n monitor
}

address_changes()
{
	grep -E '^RTM_(NEW|DEL)ADDR' "$1"
}

host_interface()
{
	ifconfig "$HOSTIF" create && ifconfig "$HOSTIF" rdomain "$HOST_RD" &&
	    ifconfig "$HOSTIF" inet "$1" up
}

# More messages about an interface than a socket holds.
interface_noise()
{
	"$GUEST" -t "tap$((FIRST_TAP + 10))" flap=4000
}

bridge_create()
{
	ifconfig "$BRIDGE" create && ifconfig "$BRIDGE" rdomain "$HOST_RD" up
}

bridge_add()
{
	ifconfig "$BRIDGE" add "$1"
}

# --- guests with clients ----------------------------------------------------

# dhcpleased(8) serves the whole system: clients are for the tests on Linux.
CLIENTS=

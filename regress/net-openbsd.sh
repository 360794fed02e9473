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


# For tests of the packet filter, from lib.sh: networks around the host, as
# net-linux.sh says.  NAT leads to rdomain 0, so the host is that one here:
# its main rules, its default route and forwarding are the test's while it
# runs, and as before after it.  The outside and each guest are rdomains.

# shellcheck disable=SC2034,SC2154 # used by the tests, set by eval

WAN=pair190
WAN_ADDR=192.0.2.1
OUT_ADDR=192.0.2.2
FAR=198.51.100.7
WAN2=pair192
WAN2_ADDR=203.0.113.1
OUT2_ADDR=203.0.113.2
OUT_IF=pair191
OUT2_IF=pair193
OUT_RD=$((HOST_RD + 1))
rd_out=$OUT_RD
# The guests' own interfaces, and where they are.
GUEST_TAP=$((FIRST_TAP - 10))
GUEST_RD=$((HOST_RD + 2))

network_create()
{
	n=$GUEST_TAP
	while [ $n -lt $((FIRST_TAP + 10)) ]; do
		[ -c "/dev/tap$n" ] || (cd /dev && sh MAKEDEV "tap$n")
		n=$((n + 1))
	done
}

in_network()
{
	exec "$@"
}

network_names()
{
	RD=
	for n in 0 1 2 3 4 5 6 7 8 9; do
		eval "T$n=tap$((FIRST_TAP + n))"
	done
}

# Only what the test started, by its files.
network_destroy()
{
	[ -z "${REGRESS_VMD:-}" ] || vms_end
	pkill -f "^$VMNETD -f $DIR/"
	for file in "$DIR/servers" "$DIR"/*.pid "$DIR"/*.talker \
	    "$DIR"/*.holder; do
		# shellcheck disable=SC2046 # a list
		[ ! -f "$file" ] || kill $(cat "$file") 2>/dev/null
	done
	sleep 0.3
	[ ! -f "$DIR/host" ] || host_restore
	for n in $WAN $OUT_IF $WAN2 $OUT2_IF; do
		ifconfig "$n" destroy 2>/dev/null
	done
	n=0
	while [ $n -lt 10 ]; do
		pkill -KILL -T $((OUT_RD + n)) .
		ifconfig "tap$((FIRST_TAP + n))" destroy 2>/dev/null
		ifconfig "tap$((GUEST_TAP + n))" destroy 2>/dev/null
		ifconfig "lo$((OUT_RD + n))" destroy 2>/dev/null
		n=$((n + 1))
	done
}

# --- what is the host's -----------------------------------------------------

default_route()
{
	route -n show -inet | awk '$1 == "default" { print $2; exit }'
}

main_rules()
{
	{
		printf 'set skip on { lo %s %s' $OUT_IF $OUT2_IF
		n=$GUEST_TAP
		while [ "$n" -lt "$FIRST_TAP" ]; do
			printf ' tap%d' "$n"
			n=$((n + 1))
		done
		printf ' %s }\n' "${SKIP:-}"
		cat
	} >"$DIR/pf.conf"
	pfctl -q -f "$DIR/pf.conf"
}

host_take()
{
	{
		echo "gateway=$(default_route)"
		echo "forwarding=$(sysctl -n net.inet.ip.forwarding)"
		pfctl -s info | grep -q '^Status: Enabled' && echo "pf=-e" ||
		    echo "pf=-d"
	} >"$DIR/host"
	route -qn delete default >/dev/null 2>&1
	pfctl -q -e 2>/dev/null
	main_rules_usual && forwarding_on
}

main_rules_usual()
{
	main_rules <<-EOR
	block return
	pass
	anchor "vmnetd"
	EOR
}

host_restore()
{
	gateway= forwarding=0 pf=-e
	# shellcheck disable=SC1091 # what host_take wrote
	. "$DIR/host"
	route -qn delete default >/dev/null 2>&1
	[ -z "$gateway" ] || route -qn add default "$gateway"
	for address in $(cat "$DIR/addresses" 2>/dev/null); do
		ifconfig lo0 inet "$address" delete
	done
	sysctl -q net.inet.ip.forwarding="$forwarding"
	pfctl -q -a vmnetd -F all 2>/dev/null
	pfctl -q -a 'vmnetd/*' -F rules >/dev/null 2>&1
	pfctl -q -f /etc/pf.conf 2>/dev/null
	pfctl -q $pf 2>/dev/null
}

# --- networks ---------------------------------------------------------------

# wire INTERFACE ADDRESS OUTER-INTERFACE OUTER-ADDRESS
wire()
{
	ifconfig "$3" create && ifconfig "$3" rdomain "$OUT_RD" &&
	    ifconfig "$3" inet "$4/24" up &&
	    ifconfig "$1" create && ifconfig "$1" inet "$2/24" up &&
	    ifconfig "$1" patch "$3"
}

outside_create()
{
	[ "$(sysctl -n kern.securelevel)" -lt 2 ] || skip "securelevel is 2"
	[ -z "$(default_route)" ] || [ -n "${REGRESS_PF:-}" ] ||
	    skip "this host has a default route: with REGRESS_PF set it and" \
	    "pf.conf give way to the test's"
	host_take && wire $WAN $WAN_ADDR $OUT_IF $OUT_ADDR &&
	    place_address out $FAR && route -qn add default $OUT_ADDR
}

outside_route()
{
	route -T "$OUT_RD" -qn add "$1" $WAN_ADDR
}

egress_moves()
{
	wire $WAN2 $WAN2_ADDR $OUT2_IF $OUT2_ADDR &&
	    route -qn delete default && route -qn add default $OUT2_ADDR
}

egress_is()
{
	ifconfig egress | grep -q "^$1:"
}

place_address()
{
	if [ "$1" = host ]; then
		echo "$2" >>"$DIR/addresses"
		ifconfig lo0 inet "$2/32" alias
	else
		eval "place_rd=\$rd_$(plain "$1")"
		ifconfig "lo$place_rd" inet "$2/32" alias
	fi
}

# --- guests -----------------------------------------------------------------

# The name of a guest as part of that of a variable.
plain()
{
	echo "$1" | tr -c '[:alnum:]\n' _
}

guest_run()
{
	eval "place_rd=\$rd_$(plain "$1")"
	shift
	route -T "$place_rd" exec "$@"
}

guest_interface()
{
	eval "echo \$if_$(plain "$1")"
}

# guest_link NAME TAP DESCRIPTION [LLADDR]
guest_link()
{
	guest_plain=$(plain "$1")
	eval "rd_$guest_plain=$((GUEST_RD + ${guest_links:=0}))" \
	    "if_$guest_plain=tap$((GUEST_TAP + guest_links))"
	guest_links=$((guest_links + 1))
	ifconfig "$(guest_interface "$1")" create &&
	    eval "ifconfig \$if_$guest_plain rdomain \$rd_$guest_plain" &&
	    guest_plug "$@"
}

# The VM of that name comes (again).
guest_plug()
{
	guest_start "$1" -t "$2" -D "$3" "bridge=$(guest_interface "$1")"
	wait_for 5 guest_said "$1" bridging &&
	    ifconfig "$(guest_interface "$1")" lladdr \
	    "${4:-fe:e1:bb:d1:aa:01}" up
}

guest_address()
{
	wait_for 10 in_state ready "$1" || return 1
	guest_host=$(field "$1" 0 host)
	in_place "$1" route -qn delete default >/dev/null 2>&1
	ifconfig "$(guest_interface "$1")" inet \
	    "$(ctl show address "$1")/${guest_host#*/}" &&
	    in_place "$1" route -qn add default "${guest_host%/*}"
}

# --- traffic ----------------------------------------------------------------

ask()
{
	case ${4:-tcp} in
	tcp)
		in_place "$1" nc -d -w 5 ${5:+-s "$5"} "$2" "$3" 2>/dev/null
		;;
	udp)
		echo hello | in_place "$1" nc -u -w 1 ${5:+-s "$5"} \
		    "$2" "$3" 2>/dev/null
		;;
	esac
}

connect()
{
	in_place "$1" nc "$2" "$3"
}

place_pings()
{
	in_place "$1" ping -n -q -c 1 -w 2 ${3:+-I "$3"} "$2" >/dev/null 2>&1
}

place_pings6()
{
	in_place "$1" ping6 -n -q -c 1 -w 1 "$2%$3" >/dev/null 2>&1
}

# There is one only where somebody asks for it.
link_local()
{
	ifconfig "$2" inet6 eui64
	ifconfig "$2" | sed -n 's/^.*inet6 \(fe80::[^%]*\)%.*/\1/p'
}

# Packets from that address come in at the outside while the command runs.
place_hears()
{
	hears_address=$2
	shift 2
	# Here, not in the background: what the last one said is gone now.
	: >"$DIR/hears.err"
	(exec route -T $OUT_RD exec tcpdump -n -l -i $OUT_IF \
	    src host "$hears_address") >"$DIR/hears" 2>>"$DIR/hears.err" &
	hears_pid=$!
	wait_for 5 grep -q listening "$DIR/hears.err"
	"$@" >/dev/null 2>&1
	# It reads once a second.
	wait_for 3 grep -q "$hears_address" "$DIR/hears"
	hears_status=$?
	kill $hears_pid
	wait $hears_pid 2>/dev/null
	return $hears_status
}

# --- what pf has ------------------------------------------------------------

# All rules of ours, a line each.
our_rules()
{
	pfctl -a vmnetd -sr
	for anchor in $(pfctl -a vmnetd -s Anchors); do
		pfctl -a "$anchor" -sr
	done
}

# table NAME: what is in it, in one line
table()
{
	pfctl -a vmnetd -t "$1" -T show 2>/dev/null | sort |
	    awk '{ printf "%s%s", n++ ? " " : "", $1 } END { print "" }'
}

connections()
{
	pfctl -ss | grep "$1[] :)]" || :
}

forwarded_to()
{
	our_rules | grep -q "rdr-to $1 port $2"
}

forwards_left()
{
	our_rules | grep -c "rdr-to $1"
}

filter_left()
{
	{ our_rules; table guests; } | grep -c -e " $1 " -e "$2"
}

rules_left()
{
	pfctl -a vmnetd -s Anchors | grep -c .
}

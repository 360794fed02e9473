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


# Measure vmnetd beside its peers and beside the least that the kernel must
# do, as root.  Each round has a network namespace of its own, in which a load
# generator holds the taps and plays the guests; the measured ones take turns.
#
# usage: bench.sh [part ...]	arrival dora storm growth idle filter check
#
# It fails if vmnetd cannot be measured.
#
# From the environment:
#	VMNETD VMNETCTL BENCH	what was built
#	OUT	where bench.txt, bench-brief.txt and bench.json go
#	QUICK	if set, no peers, and only as much as shows that it works
#	ROUNDS	how often each is measured

set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$PATH:/usr/sbin:/sbin
export PATH
VMNETD=${VMNETD:-$top/vmnetd/vmnetd}
VMNETCTL=${VMNETCTL:-$top/vmnetctl/vmnetctl}
BENCH=${BENCH:-$top/obj/bench}
OUT=${OUT:-$top/obj}
QUICK=${QUICK:-}
NS=
load=
nets=0
kills=0

# shellcheck source=peers.sh
. "$top/regress/bench/peers.sh"

# --- a round ------------------------------------------------------------------

# A namespace, the load generator in it, and a directory on a real disk.
# Without IPv6, whose own start on thousands of taps goes on for long.
ground_create()
{
	nets=$((nets + 1))
	NS=vmnetbench$$.$nets
	WORK=$TMP/$nets
	SOCK=$WORK/sock
	reason=
	mkdir "$WORK" "$WORK/d" && chmod 755 "$WORK" &&
	    mkfifo "$WORK/in" "$WORK/out" &&
	    ip netns add "$NS" && ip -n "$NS" link set lo up &&
	    ip netns exec "$NS" sysctl -q -w \
	        net.ipv6.conf.default.disable_ipv6=1 || exit 1
	in_ns "$BENCH/load" -g "${PER_TAP:-1}" <"$WORK/in" >"$WORK/out" \
	    2>>"$WORK/load.log" &
	load=$!
	exec 3>"$WORK/in" 4<"$WORK/out"
}

# The load generator ends with its input, and takes the taps along.
ground_destroy()
{
	[ -n "$NS" ] || return 0
	server_kill
	exec 3>&- 4<&-
	[ -z "$load" ] || wait "$load" 2>/dev/null
	load=
	ip netns del "$NS"
	ip netns del "$NS.out" 2>/dev/null
	[ -n "${BENCH_KEEP:-}" ] || rm -rf "$WORK"
	NS=
}

# A process that held packet sockets of many taps takes the kernel 15 ms for
# each: it is not waited for, and the next one has another control socket.
server_kill()
{
	kill_pids=$(server_pids)
	kills=$((kills + 1))
	SOCK=$WORK/sock.$kills
	# shellcheck disable=SC2086 # a list
	[ -z "$kill_pids" ] || kill -KILL $kill_pids 2>/dev/null
}

# All processes of the namespace but the load generator are the server's.
server_pids()
{
	ip netns pids "$NS" | grep -vx "$load"
}

# ask COMMAND ...: of the load generator; its answer is in $answer
ask()
{
	answer=
	echo "$*" >&3 || return 1
	read -r answer <&4 || answer=failed
	case $answer in
	ok*)	answer=${answer#ok}
		;;
	*)	reason="no answer to: $*"
		return 1
		;;
	esac
}

difference()
{
	echo "$1 $2" | awk '{ printf "%.1f\n", $1 - $2 }'
}

# One word of the answer: word NUMBER
word()
{
	echo "$answer" | awk -v n="$1" '{ print $n }'
}

# put FIGURE WHO VALUE: one round's
put()
{
	echo "$1 $2 $3" >>"$TMP/values"
	[ -z "${BENCH_VERBOSE:-}" ] || echo "$1 $2 $3" >&2
}

# It cannot be told: absent WHO, and why is in $reason.
absent()
{
	note "$1" "${reason:-it did not start}"
	[ -z "${BENCH_VERBOSE:-}" ] || tail -n 5 "$WORK"/*.log >&2
}

# note WHO TEXT: below this part of the table
note()
{
	echo "$part $*" >>"$TMP/notes"
}

# with WHO COMMAND ...: a round; what fails once is not tried again.
with()
{
	who=$1
	shift
	! grep -q "^$part $who " "$TMP/notes" || return 0
	ground_create
	"$@" || absent "$who"
	ground_destroy
}

# rounds NUMBER: 1 to that, or to $ROUNDS
rounds()
{
	seq "${ROUNDS:-${QUICK:+1}}" 2>/dev/null || seq "$1"
}

# quick NUMBER NUMBER: how many if it is to be quick, and else
quick()
{
	if [ -n "$QUICK" ]; then
		echo "$1"
	else
		echo "$2"
	fi
}

# Those of a list that take part: without peers when it is to be quick.
contenders()
{
	for contender in "$@"; do
		case ${QUICK:+quick}$contender in
		quickvmnetd|quickfloor)	echo "$contender" ;;
		quick*)			;;
		*)			echo "$contender" ;;
		esac
	done
}

# Start it for taps that come later; one that comes first shows it is there.
start_dynamic()
{
	"${who}_start" || return 1
	ask arrival 1
}

# ... and with so many taps that are there, and whose guests are bound.
start_with_taps()
{
	case " $DYNAMIC_TAPS " in
	*" $who "*)
		"${who}_start" && ask taps "$TAPS" && ask settle 60
		;;
	*)
		STATIC=1
		ask taps "$TAPS" && taps_address && "${who}_start"
		start_status=$?
		STATIC=
		[ $start_status -eq 0 ]
		;;
	esac && ask bind 60
}

DYNAMIC_TAPS='vmnetd floor'

# --- what processes take --------------------------------------------------------

# Milliseconds of CPU so far, ended children's too.
cpu_ms()
{
	for pid in $(server_pids); do
		cat "/proc/$pid"/task/*/schedstat "/proc/$pid/stat" 2>/dev/null
	done | awk '
	    NF == 3 { ns += $1 }
	    NF > 3 { sub(/.*\) /, ""); ticks += $14 + $15 }
	    END { printf "%.1f\n", ns / 1e6 + ticks * 10 }'
}

# Kilobytes: memory_kb Pss (shared ones in parts) | Anonymous
memory_kb()
{
	for pid in $(server_pids); do
		cat "/proc/$pid/smaps_rollup" 2>/dev/null
	done | awk -v what="$1:" '$1 == what { kb += $2 } END { print kb + 0 }'
}

# How often they have been put on a processor.
switches()
{
	for pid in $(server_pids); do
		cat "/proc/$pid"/task/*/status 2>/dev/null
	done | awk '/_ctxt_switches:/ { n += $2 } END { print n + 0 }'
}

# --- parts ----------------------------------------------------------------------

arrival_round()
{
	start_dynamic && ask arrival "$arrivals" || return 1
	put arrival.made "$who" "$(word 1)"
	put arrival.address "$who" "$(word 2)"
	put arrival.ack "$who" "$(word 3)"
	put arrival.discovers "$who" "$(word 4)"
}

part_arrival()
{
	arrivals=$(quick 5 20)
	TAPS=$((arrivals + 1))
	for round in $(rounds 5); do
		for c in $(contenders vmnetd floor dnsmasq networkd); do
			with "$c" arrival_round
		done
	done
}

latency_round()
{
	start_with_taps && ask latency 60 || return 1
	put dora.latency "$who" "$(word 1)"
	put dora.latency99 "$who" "$(word 2)"
}

rate_round()
{
	start_with_taps && ask rate 2 64 || return 1
	put dora.rate "$who" "$(word 1)"
	put dora.lost "$who" "$(word 2)"
}

part_dora()
{
	for round in $(rounds 3); do
		for c in $(contenders vmnetd floor dnsmasq dhcpd kea udhcpd)
		do
			TAPS=1 PLEN=30
			with "$c" latency_round
			TAPS=400
			if [ "$c" = udhcpd ]; then
				TAPS=1 PER_TAP=64 PLEN=16
			fi
			with "$c" rate_round
			PER_TAP=1
		done
	done
}

storm_round()
{
	start_dynamic || return 1
	storm_cpu=$(cpu_ms)
	ask storm "$storm" || return 1
	[ "$(word 5)" -eq "$storm" ] || {
		reason="$(word 5) of $storm guests were bound within a minute"
		return 1
	}
	put "storm.time.$storm" "$who" "$(word 1)"
	put "storm.worst.$storm" "$who" "$(word 2)"
	put "storm.again.$storm" "$who" "$(word 3)"
	put "storm.made.$storm" "$who" "$(word 4)"
	put "storm.cpu.$storm" "$who" "$(difference "$(cpu_ms)" "$storm_cpu")"
}

part_storm()
{
	for storm in $(quick 20 "20 100 1000"); do
		TAPS=$((storm + 1))
		for round in $(rounds 3); do
			for c in $(contenders vmnetd floor dnsmasq networkd); do
				# It would take minutes.
				[ "$c$storm" != networkd1000 ] || continue
				# And half a minute, each time.
				[ "$c$storm$round" != dnsmasq10002 ] &&
				    [ "$c$storm$round" != dnsmasq10003 ] || continue
				with "$c" storm_round
			done
		done
	done
	[ -n "$QUICK" ] || note networkd "1,000 taps would take it minutes"
}

# What one more tap costs, and an exchange, beside so many of something:
# costs NAME NUMBER
costs()
{
	ask arrival "$(quick 3 10)" || return 1
	put "$1.made.$2" "$who" "$(word 1)"
	put "$1.address.$2" "$who" "$(word 2)"
	put "$1.ack.$2" "$who" "$(word 3)"
	ask latency 60 || return 1
	put "$1.latency.$2" "$who" "$(word 1)"
	[ "$who" = vmnetd ] || return 0
	put "$1.show.$2" "$who" "$("$BENCH/timed" 3 "$VMNETCTL" \
	    -s "$SOCK" show)"
	put "$1.memory.$2" "$who" "$(memory_kb Pss)"
	put "$1.own.$2" "$who" "$(memory_kb Anonymous)"
}

# restart_timed FIGURE: from nothing running to the first answer
restart_timed()
{
	server_kill
	: >"$WORK/server.log"
	restart_began=$(date +%s%N)
	"${who}_run"
	restart_tries=10000
	until "${who}_ready" >/dev/null 2>&1; do
		restart_tries=$((restart_tries - 1))
		[ $restart_tries -gt 0 ] || return 1
	done
	put "$1" "$who" "$(echo "$(date +%s%N) $restart_began" |
	    awk '{ printf "%.1f", ($1 - $2) / 1e6 }')"
}

taps_round()
{
	"${who}_start" || return 1
	for number in $(quick "10 100" "10 100 1000 4000"); do
		ask taps "$number" && ask settle 60 && ask bind 60 &&
		    costs growth "$number" || return 1
	done
	[ "$who" != vmnetd ] || restart_timed "growth.start.$number"
}

leases_round()
{
	"$BENCH/leases" "$leases" "$WORK/leases" && vmnetd_start &&
	    ask taps 1 && ask bind 60 && costs leases "$leases" &&
	    restart_timed "leases.start.$leases"
}

# Rules that do not apply: all of them are looked at.
vm_rules_round()
{
	VM_RULES=$(seq "$vm_rules" | sed 's/.*/vm "rule&-*" { pool "default" }/')
	vmnetd_conf
	VM_RULES=
	vmnetd_start && ask taps 1 && ask bind 60 && costs rules "$vm_rules"
}

dnsmasq_leases_round()
{
	needs dnsmasq || return 1
	TAPS=1 STATIC=1 SHARED=1
	dnsmasq_conf
	awk 'BEGIN { for (n = 0; n < 100000; n++)
		printf "2000000000 fe:e1:bb:%02x:%02x:%02x 172.%d.%d.%d * *\n",
		    n / 65536, n / 256 % 256, n % 256, 24 + n / 65536,
		    n / 256 % 256, n % 256 }' >"$WORK/dnsmasq.leases"
	dnsmasq_run
	wait_until 30 dnsmasq_ready && restart_timed leases.start.100000 &&
	    put leases.memory.100000 "$who" "$(memory_kb Pss)"
	leases_status=$?
	STATIC='' SHARED=''
	return $leases_status
}

part_growth()
{
	TAPS=4100
	for round in $(rounds 1); do
		for c in $(contenders vmnetd floor); do
			with "$c" taps_round
		done
	done
	for round in $(rounds 3); do
		for leases in $(quick "1000 10000" "1000 10000 100000"); do
			with vmnetd leases_round
		done
		for vm_rules in 1 $(quick 100 1000); do
			with vmnetd vm_rules_round
		done
		for c in $(contenders dnsmasq); do
			with "$c" dnsmasq_leases_round
		done
	done
	slope growth.own "$(quick 100 4000)" 10 growth.bytes
	slope leases.own "$(quick 10000 100000)" 1000 leases.bytes
}

# slope FIGURE MOST LEAST RESULT: bytes for each, from kilobytes for all
slope()
{
	for value in $(awk -v a="$1.$2" -v b="$1.$3" -v n=$(($2 - $3)) '
	    $2 == "vmnetd" && $1 == a { most[++na] = $3 }
	    $2 == "vmnetd" && $1 == b { least[++nb] = $3 }
	    END { for (i = 1; i <= na && i <= nb; i++)
		printf "%.0f\n", (most[i] - least[i]) * 1024 / n }' \
	    "$TMP/values"); do
		put "$4" vmnetd "$value"
	done
}

idle_round()
{
	start_with_taps || return 1
	# Until nothing is left to be looked at.
	sleep "$(quick 2 12)"
	idle_before=$(switches)
	sleep "$(quick 3 20)"
	put idle.wakeups "$who" "$(echo "$(switches) $idle_before \
	    $(quick 3 20)" | awk '{ print ($1 - $2) * 60 / $3 }')"
	put idle.memory "$who" "$(memory_kb Pss)"
}

part_idle()
{
	TAPS=100
	with vmnetd idle_round
}

# A world outside, that counts.
outside_create()
{
	ip netns add "$NS.out" && ip -n "$NS.out" link set lo up &&
	    ip -n "$NS" link add wan0 type veth peer name eth0 \
	        netns "$NS.out" &&
	    ip -n "$NS" addr add 192.0.2.1/24 dev wan0 &&
	    ip -n "$NS" link set wan0 up &&
	    ip -n "$NS.out" addr add 192.0.2.2/24 dev eth0 &&
	    ip -n "$NS.out" link set eth0 up &&
	    ip -n "$NS" route add default via 192.0.2.2 &&
	    ip netns exec "$NS" sysctl -q -w net.ipv4.ip_forward=1
}

outside_packets()
{
	ip netns exec "$NS.out" cat /sys/class/net/eth0/statistics/rx_packets
}

# 198.51.100.7, of which nobody answers.
filter_packets()
{
	filter_before=$(outside_packets)
	ask packets "$(quick 1 2)" 0xc6336407 || return 1
	put "filter.packets.$1" "$who" "$(echo "$(outside_packets) \
	    $filter_before $(word 2)" | awk '{ printf "%.0f", ($1 - $2) / $3 }')"
}

filter_round()
{
	outside_create || {
		reason="there is no network outside"
		return 1
	}
	vmnetd_conf
	"${who}_start" || return 1
	for number in 10 $(quick 100 1000); do
		ask taps "$number" && ask settle 60 && ask bind 60 || return 1
		filter_packets "$number" || return 1
		ask arrival "$(quick 3 10)" || return 1
		put "filter.address.$number" "$who" "$(word 2)"
		put "filter.ack.$number" "$who" "$(word 3)"
	done
}

# Each VM that comes has a forward.
part_filter()
{
	POOL_HAS='nat on egress isolate'
	VM_RULES=$(seq 0 1100 | awk '{ printf "vm \"g%d\" { forward tcp " \
	    "port %d to 80 }\n", $1, 10000 + $1 }')
	for round in $(rounds 3); do
		for c in $(contenders vmnetd) nft; do
			with "$c" filter_round
		done
	done
	POOL_HAS='' VM_RULES=
}

# Our load generator and perfdhcp ask the same server for the same: new guests
# on one link.  What ours gets at most, perfdhcp should get as well: it asks
# for half of that, since it takes as much CPU as the server.
check_round()
{
	needs perfdhcp || return 1
	ask taps 1 && taps_address && "${who}_start" && ask bind 60 &&
	    ask fresh 3 32 || return 1
	check_ours=$(word 1)
	put check.ours "$who" "$check_ours"
	ask delete && server_kill || return 1
	ip netns add "$NS.out" && ip -n "$NS" link add vt-0 type veth \
	    peer name eth0 netns "$NS.out" && taps_address &&
	    ip -n "$NS.out" addr add 172.16.0.2/12 dev eth0 &&
	    ip -n "$NS.out" link set eth0 up && rm -f "$WORK"/*.leases &&
	    "${who}_start" && sleep 2 || return 1
	timeout 20 ip netns exec "$NS.out" perfdhcp -4 -l eth0 -R 60000 \
	    -r "$(awk -v n="$check_ours" 'BEGIN { print int(n * 0.5) + 1 }')" \
	    -p 3 172.16.0.1 >"$WORK/perfdhcp.log" 2>&1
	check_put
}

# Rate, and what was dropped of both exchanges.
check_put()
{
	awk -F '[: /]+' '/^Rate:/ { rate = $2 }
	    /^sent packets/ { sent += $3 } /^drops:/ { drops += $2 }
	    END { if (rate == "") exit 1
		print rate, sent ? drops * 100 / sent : 0 }' \
	    "$WORK/perfdhcp.log" >"$WORK/perfdhcp" || {
		reason="perfdhcp: $(tail -n 1 "$WORK/perfdhcp.log")"
		return 1
	}
	read -r check_rate check_drops <"$WORK/perfdhcp"
	put check.perfdhcp "$who" "$check_rate"
	put check.drops "$who" "$check_drops"
}

part_check()
{
	STATIC=1 SHARED=1 TAPS=1 PER_TAP=64 PLEN=12
	for c in $(contenders dnsmasq dhcpd kea); do
		with "$c" check_round
	done
	STATIC='' SHARED='' PER_TAP=1
}

# --- all ------------------------------------------------------------------------

# What was started in namespaces of ours, however this ends.
cleanup()
{
	cleanup_status=$?
	trap - EXIT
	trap '' HUP INT TERM
	ground_destroy
	rm -rf "$TMP"
	exit $cleanup_status
}

report()
{
	LC_ALL=C awk -v about="$about" "$@" -f "$top/regress/bench/report.awk" \
	    "$top/regress/bench/figures" "$TMP/values" "$TMP/notes"
}

[ "$(id -u)" -eq 0 ] || {
	echo "bench: must be run as root" >&2
	exit 1
}
for program in "$VMNETD" "$VMNETCTL" "$BENCH/load" "$BENCH/floor"; do
	[ -x "$program" ] || {
		echo "bench: $program is not built" >&2
		exit 1
	}
done
mkdir -p "$OUT" && TMP=$(mktemp -d "$OUT/bench.XXXXXX") || exit 1
chmod 755 "$TMP"
: >"$TMP/values" >"$TMP/notes"
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
# The load generator may be gone when it is spoken to.
trap '' PIPE

[ $# -gt 0 ] || set -- arrival dora storm growth idle filter check
for part in "$@"; do
	began=$(date +%s)
	"part_$part"
	echo "bench: $part took $(($(date +%s) - began)) s" >&2
done
about="$(uname -sr), $(nproc) CPUs, $(date +%Y-%m-%d)"
report -v brief=1 >"$OUT/bench-brief.txt"
report -v json="$OUT/bench.json" | tee "$OUT/bench.txt"
# A peer may be missing, but not what this is about.
! grep -E '^[a-z]+ (vmnetd|floor) ' "$TMP/notes" >&2

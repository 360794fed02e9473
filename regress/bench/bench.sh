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
# shellcheck source=parts.sh
. "$top/regress/bench/parts.sh"

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
	! grep -qx "$part $who $*" "$TMP/failed" || return 0
	ground_create
	"$@" || {
		echo "$part $who $*" >>"$TMP/failed"
		absent "$who"
	}
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
for file in values notes failed; do
	: >"$TMP/$file"
done
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

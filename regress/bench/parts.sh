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


# For bench.sh: what is measured.  Each part has part_NAME, which measures it in
# rounds; a round runs in a namespace of its own for one of those in peers.sh,
# who is $who, and puts its figures.  The figures' titles and goals are in the
# file figures.

# shellcheck shell=sh disable=SC2034,SC2154 # bench.sh's and peers.sh's

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
	for round in $(rounds 4); do
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

# A second only: a tap may send so much in it that 400 of them are enough for
# 60,000 exchanges, before vmnetd limits it.
rate_round()
{
	start_with_taps && ask rate 1 64 || return 1
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
		storm_late "$(word 5)"
		return
	}
	put "storm.time.$storm" "$who" "$(word 1)"
	put "storm.worst.$storm" "$who" "$(word 2)"
	put "storm.again.$storm" "$who" "$(word 3)"
	put "storm.made.$storm" "$who" "$(word 4)"
	put "storm.cpu.$storm" "$who" "$(difference "$(cpu_ms)" "$storm_cpu")"
}

# It would take minutes, or takes half of one each time.
storm_fits()
{
	case $1 in
	networkd1000)	return 1 ;;
	dnsmasq1000)	[ "$2" -eq 1 ] ;;
	networkd100)	[ "$2" -le 2 ] ;;
	esac
}

# It has not come to its end, and counts as if it had then.
storm_late()
{
	reason="$1 of $storm guests were bound within a minute"
	[ "$who" != vmnetd ] || return 1
	note "$who" "$reason, which is its time here"
	put "storm.time.$storm" "$who" 60000
}

part_storm()
{
	for storm in $(quick 20 "20 100 1000"); do
		TAPS=$((storm + 1))
		for round in $(rounds 3); do
			for c in $(contenders vmnetd floor dnsmasq networkd); do
				storm_fits "$c$storm" "$round" || continue
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
	wait "$server" 2>/dev/null
	: >"$WORK/server.log"
	restart_began=$(date +%s%N)
	"${who}_run"
	restart_tries=10000
	until "${who}_ready" >/dev/null 2>&1; do
		restart_tries=$((restart_tries - 1))
		[ $restart_tries -gt 0 ] || {
			reason="started again it did not answer"
			return 1
		}
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

# To 198.51.100.7, of which nobody answers: filter_packets FIGURE SENDERS
filter_packets()
{
	filter_before=$(outside_packets)
	ask packets "$(quick 1 2)" 0xc6336407 "$2" || return 1
	put "$1" "$who" "$(echo "$(outside_packets) $filter_before $(word 2)" |
	    awk '{ printf "%.0f", ($1 - $2) / $3 }')"
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
		filter_packets "filter.packets.$number" 10 || return 1
		ask arrival "$(quick 3 10)" || return 1
		put "filter.address.$number" "$who" "$(word 2)"
		put "filter.ack.$number" "$who" "$(word 3)"
	done
	filter_packets "filter.all.$number" "$number"
}

# Each VM that comes has a forward.
part_filter()
{
	POOL_HAS='nat on egress isolate'
	VM_RULES=$(seq 0 1100 | awk '{ printf "vm \"g%d\" { forward tcp " \
	    "port %d to 80 }\n", $1, 10000 + $1 }')
	for round in $(rounds 2); do
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

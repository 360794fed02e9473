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


# For bench.sh: who is measured.  Each of them has NAME_start, which starts it
# in the background in the namespace $NS with its files in $WORK and makes it
# serve taps vt-0 to vt-N, where N+1 is $TAPS; what it needs is installed or
# $reason says what is missing.  They end with the namespace's processes.

# shellcheck shell=sh disable=SC2154 # bench.sh's

in_ns()
{
	exec ip netns exec "$NS" "$@"
}

# In the background: server COMMAND ...
server()
{
	in_ns "$@" >>"$WORK/server.log" 2>&1 </dev/null 3>&- 4<&- &
	server=$!
}

needs()
{
	for program in "$@"; do
		command -v "$program" >/dev/null || {
			reason="$program is not installed"
			return 1
		}
	done
}

# wait_until SECONDS COMMAND ...
wait_until()
{
	wait_tries=$(($1 * 50))
	shift
	until "$@" >/dev/null 2>&1; do
		wait_tries=$((wait_tries - 1))
		[ $wait_tries -gt 0 ] || return 1
		sleep 0.02
	done
}

# The tap's number, what stands before and after, for all: printed for each
# tap with @HOST, @GUEST, @NET and @TAP replaced.
each_tap()
{
	awk -v taps="$TAPS" -v text="$1" 'BEGIN {
		for (n = 0; n < taps; n++) {
			net = sprintf("172.%d.%d.", 16 + int(n / 16384),
			    int(n / 64) % 256)
			last = n % 64 * 4
			line = text
			gsub("@NUMBER", n + 1, line)
			gsub("@TAP", "vt-" n, line)
			gsub("@NET", net last, line)
			gsub("@HOST", net last + 1, line)
			gsub("@GUEST", net last + 2, line)
			print line
		}
	}'
}

# Addresses for servers that do not give any: taps_address
taps_address()
{
	each_tap "addr add @HOST/${PLEN:-30} dev @TAP
link set dev @TAP up" >"$WORK/addresses"
	ip -n "$NS" -batch "$WORK/addresses"
}

# --- vmnetd -------------------------------------------------------------------

vmnetd_conf()
{
	echo 'pool "default" {
	inet 172.16.0.0/12
	nameserver 9.9.9.9
	'"${POOL_HAS:-}"'
}
'"${VM_RULES:-}" >"$WORK/vmnetd.conf"
}

vmnetd_start()
{
	[ -f "$WORK/vmnetd.conf" ] || vmnetd_conf
	vmnetd_run
	wait_until 30 vmnetd_ready || {
		reason="it does not answer"
		return 1
	}
}

vmnetd_run()
{
	# shellcheck disable=SC2153 # from the environment
	server "$VMNETD" -d -f "$WORK/vmnetd.conf" \
	    -l "$WORK/leases" -s "$SOCK"
}

# It answers when all leases and taps are known.
vmnetd_ready()
{
	ctl show pools
}

ctl()
{
	"$VMNETCTL" -s "$SOCK" "$@"
}

# --- the floor ----------------------------------------------------------------

floor_start()
{
	ip netns exec "$NS" nft 'table inet floor {
		set guests { type ifname . ipv4_addr; }
	}' && server "$BENCH/floor" "$WORK/floor.leases" &&
	    wait_until 5 grep -q ready "$WORK/server.log"
}

# --- dnsmasq ------------------------------------------------------------------

# With what howtos have for taps that come: a hook on `ip monitor', which sets
# the next address.
dnsmasq_start()
{
	needs dnsmasq || return 1
	dnsmasq_conf
	if [ -z "${STATIC:-}" ]; then
		server sh "$top/regress/bench/hook.sh"
	fi
	dnsmasq_run
	wait_until 30 dnsmasq_ready
}

dnsmasq_run()
{
	server dnsmasq --keep-in-foreground --conf-file="$WORK/dnsmasq.conf"
}

dnsmasq_ready()
{
	grep -q 'started, version' "$WORK/server.log"
}

dnsmasq_conf()
{
	{
		cat <<-EOC
		port=0
		user=root
		no-ping
		quiet-dhcp
		log-facility=-
		interface=vt-*
		bind-dynamic
		dhcp-authoritative
		dhcp-lease-max=200000
		dhcp-leasefile=$WORK/dnsmasq.leases
		pid-file=$WORK/dnsmasq.pid
		EOC
		if [ -n "${SHARED:-}" ]; then
			echo "dhcp-range=172.16.0.10,172.31.255.250,1h"
		else
			each_tap 'dhcp-range=@GUEST,@GUEST,255.255.255.252,1h'
		fi
	} >"$WORK/dnsmasq.conf"
}

# --- systemd-networkd ---------------------------------------------------------

# With its own 80-vm-vt.network; its files are hidden from the system's.
networkd_start()
{
	needs /lib/systemd/systemd-networkd || return 1
	# shellcheck disable=SC2016 # for that shell
	server unshare -m sh -c '
	    mount -t tmpfs none /run &&
	    { mount -o remount,ro,bind /sys || mount -t sysfs -o ro none /sys; } &&
	    mkdir -p /run/systemd/network /run/systemd/netif/leases \
	        /run/systemd/netif/links &&
	    chown -R systemd-network: /run/systemd/netif &&
	    exec /lib/systemd/systemd-networkd'
	sleep 1
}

# --- those that must be told of each tap --------------------------------------

dhcpd_start()
{
	needs dhcpd || return 1
	{
		echo 'authoritative;
		ping-check false;
		default-lease-time 3600;'
		if [ -n "${SHARED:-}" ]; then
			echo 'subnet 172.16.0.0 netmask 255.240.0.0 {
				range 172.16.0.10 172.19.255.250; }'
		else
			each_tap 'subnet @NET netmask 255.255.255.252 {
				range @GUEST; option routers @HOST; }'
		fi
	} >"$WORK/dhcpd.conf"
	: >"$WORK/dhcpd.leases"
	# shellcheck disable=SC2046 # names
	server dhcpd -4 -f -cf "$WORK/dhcpd.conf" -lf "$WORK/dhcpd.leases" \
	    -pf "$WORK/dhcpd.pid" $(each_tap @TAP)
}

kea_start()
{
	needs kea-dhcp4 || return 1
	{
		echo '{ "Dhcp4": { "interfaces-config": {
		    "interfaces": [ "*" ] },
		"lease-database": { "type": "memfile", "lfc-interval": 0,
		    "name": "'"$WORK/kea.leases"'" },
		"valid-lifetime": 3600, "loggers": [ {
		    "name": "kea-dhcp4", "severity": "ERROR",
		    "output_options": [ { "output": "stdout" } ] } ],
		"subnet4": ['
		if [ -n "${SHARED:-}" ]; then
			echo '{ "id": 1, "subnet": "172.16.0.0/12",
			    "interface": "vt-0", "pools": [ { "pool":
			    "172.16.0.10 - 172.31.255.250" } ] }'
		else
			each_tap '{ "id": @NUMBER, "subnet": "@NET/30",
			    "interface": "@TAP", "pools":
			    [ { "pool": "@GUEST - @GUEST" } ] },' |
			    sed '$s/,$//'
		fi
		echo '] } }'
	} >"$WORK/kea.conf"
	server env KEA_PIDFILE_DIR="$WORK" KEA_LOCKFILE_DIR="$WORK" \
	    kea-dhcp4 -c "$WORK/kea.conf"
}

# One interface a process: it is asked on one tap, by many guests.
udhcpd_start()
{
	needs udhcpd || return 1
	cat >"$WORK/udhcpd.conf" <<-EOC
	interface vt-0
	start 172.16.0.10
	end 172.16.7.250
	max_leases 1900
	lease_file $WORK/udhcpd.leases
	pidfile $WORK/udhcpd.pid
	option lease 3600
	EOC
	: >"$WORK/udhcpd.leases"
	server udhcpd -f -a 0 "$WORK/udhcpd.conf"
}

# --- hand-written rules -------------------------------------------------------

# The floor gives addresses and answers; a set is what depends on its taps.
# They do what vmnetd's do for a pool with NAT that is isolated: no guest sends
# as another, none reaches another, no IPv6, and the outside sees the host.
nft_start()
{
	ip netns exec "$NS" nft '
	table inet floor {
		set guests { type ifname . ipv4_addr; }
		chain from_guest {
			meta nfproto ipv6 drop
			udp dport 67 fib daddr type { local, broadcast,
			    multicast } drop
			iifname . ip saddr != @guests drop
			ip daddr 127.0.0.0/8 drop
		}
		chain prerouting {
			type filter hook prerouting priority -300;
			iifname "vt-*" jump from_guest
		}
		chain forward {
			type filter hook forward priority 0;
			ct state established,related accept
			iifname "vt-*" oifname "vt-*" drop
		}
		chain postrouting {
			type filter hook postrouting priority 0;
			oifname "vt-*" meta nfproto ipv6 drop
		}
		chain nat {
			type nat hook postrouting priority 100;
			ip saddr 172.16.0.0/12 oifname "wan0" masquerade
		}
	}' && server "$BENCH/floor" "$WORK/floor.leases" &&
	    wait_until 5 grep -q ready "$WORK/server.log"
}

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

# Real DHCP clients get everything that the configuration says.

. "$(dirname "$0")/../lib.sh"

[ -n "$CLIENTS" ] || skip "no clients to test with"

conf <<EOC
pool "default" {
	inet 172.16.0.0/24 subnet 29
	$RD
	lease time 2h
	nameserver { 9.9.9.9, host }
	domain "vm.example.org"
	search { "vm.example.org", "example.org" }
	ntp { 172.16.255.1 }
	mtu 1400
	route 10.0.0.0/8 via host
	boot server 172.16.255.2
	boot file "auto_install"
}
vm "udhcpc" { hostname "name-of-udhcpc" }
EOC
daemon_start

# check NAME DESCRIPTION KEY VALUE
check()
{
	is "$1: $3" "$(got "$1" "$2")" "$4"
}

n=0
for client in $CLIENTS; do
	program=$client
	[ "$client" != networkd ] || program=/lib/systemd/systemd-networkd
	have "$program" || {
		skip_some "$client is not there"
		continue
	}
	n=$((n + 1))
	ok "$client: the guest is plugged in" \
	    guest_link "$client" tap$n "vm$n-if0-$client"
	began=$(date +%s)
	ok "$client gets a lease" client_run "$client" "$client" ||
	    tail -n 20 "$DIR/$client.$client.log"
	soon "$client: bound" in_state bound "$client"
	echo "$name: $client bound after $(($(date +%s) - began)) s"
	subnet=$(((n - 1) * 8))
	host=172.16.0.$((subnet + 1))
	guest=172.16.0.$((subnet + 2))
	check $client address "its address" $guest
	check $client mask "mask" 255.255.255.248
	check $client server "server" $host
	check $client dns "name servers" "9.9.9.9 $host"
	check $client domain "domain" vm.example.org
	check $client mtu "MTU" 1400
	check $client ntp "time server" 172.16.255.1
	[ $client = networkd ] ||	# it keeps them under other names
	    check $client search "search list" "vm.example.org example.org"
	if [ $client = udhcpc ]; then
		check $client hostname "hostname" name-of-udhcpc
	else
		check $client hostname "hostname" $client
	fi
	case $client in
	dhclient|udhcpc)
		like "$client: boot file" "$(got $client file)" auto_install
		;;
	esac
	routes=$(got $client routes)
	like "$client: the classless route" "$routes" \
	    "*10.0.0.0/8 $host*"
	like "$client: the default route, which these replace" "$routes" \
	    "*0.0.0.0/0 $host*"
	is "$client: the name it sent" "$(field $client 0 hostname)" \
	    "$([ $client = networkd ] && echo networkd-guest ||
	    echo $client-guest)"
	like "$client: configured" \
	    "$(guest_run $client ip -4 addr show dev eth0)" "*$guest/29*"
	ok "$client: its host answers it" \
	    guest_run $client ping -q -c 1 -w 2 $host
	ok "$client: it answers its host" host_pings $guest
done

finish

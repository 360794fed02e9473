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

# An engine that was taken over asks priv and the parent for everything that
# it should not get.  Nothing changes on the host.

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = linux ] || skip "made for ip(8) of Linux"
TORTURE=${TORTURE:-$top/obj/torture}
evil=$TORTURE/evil_engine
ok "it is built" [ -x "$evil" ] || finish

# A lease for which there is no place afterwards.
conf <<EOC
pool "gone" { inet 10.79.0.0/24 subnet 29 }
EOC
daemon_start
ok "a VM has a lease" guest -t tap9 -D vm10-if0-old bind
soon "it has gone" in_state idle old
is "with room for others" "$(field old 0 guest)" 10.79.0.2
ok "stop" daemon_stop

VMNETD=$evil
conf <<EOC
pool "default" {
	inet 172.16.0.0/24
	exclude { 172.16.0.64/28 }
}
pool "backend" { inet 10.77.0.0/24 subnet 30 }
pool "wide" { inet 10.78.0.0/24 subnet 29 }
vm "vm*" { pool "default" }
vm "wide" { pool "wide" }
vm "fixed" { pool "default" address 172.16.0.101 }
vm "shun" { ignore }
vm "other" { pool "backend" }
EOC

n=0
for descr in vm1-if0-vm0 vm2-if0-vm1 vm3-if0-fixed vm4-if0-shun vm5-if0-vm4 \
    vm6-if0-vm5 vm7-if0-other vm8-if0-vm7 "" vm10-if0-old \
    vm11-if0-poolless; do
	tap=tap$n
	tap_create $tap "$descr"
	guest_start g$n -t $tap serve
	n=$((n + 1))
done
for n in 0 1 2 5 6 7 9; do
	ip link set tap$n up
done
bridge_create
bridge_add tap4
host_interface 172.16.0.129/28
ip link add down0 type bridge
ip link set down0 alias vm9-if0-vm9
address_add tap5 192.0.2.1/24
# VMs of before the start.
address_add tap7 172.16.0.200/31
address_add tap9 10.79.0.1/29
sleep 0.5

host_state()
{
	ip -o link | sed "s/ mtu .*//; s/NO-CARRIER,//"
	ip -o addr | sed 's/valid_lft.*//' | grep -v inet6
	ip route show table all | grep -v '^ff\|fe80\|multicast'
	for dir in /proc/sys/net/ipv4/conf/*; do
		echo "$dir $(cat "$dir/forwarding" "$dir/arp_ignore" |
		    tr '\n' ' ')"
	done
}

files()
{
	for role in parent priv frontend; do
		find "/proc/$(pid_of $role)/fd" -type l | wc -l
	done | tr '\n' ' '
}

host_state >"$DIR/before"
daemon_run -v >>"$LOG" 2>&1
files_before=
soon "it begins" logged "evil: good-prepare"
files_before=$(files)
PATIENCE=20 soon "it comes to its end" logged "evil: over"
host_state >"$DIR/after"

is "what is right was done" "$(logged "evil: good" | grep -c "DONE")" 4
is "and nothing else" "$(logged "evil: " | grep "DONE" | grep -v good-)" ""
is "of so many attempts" "$(logged "evil: " | wc -l | tr -d ' ')" 89
is "only the good one has changed the host" \
    "$(diff "$DIR/before" "$DIR/after" | grep '^[<>]' |
    grep -v 'tap0\|conf/tap9 ')" ""
is "it has one address" "$(tap_addresses tap0)" 172.16.0.2/31
is "the lease file has what is good" \
    "$(grep '^lease ' "$LEASES" | cut -d ' ' -f 2-6 | uniq)" \
"old 0 gone 10.79.0.0/29 10.79.0.2
vm0 0 default 172.16.0.2/31 172.16.0.3
wide 0 wide 10.78.0.0/29 10.78.0.2"
is "no descriptor is left over" "$(files)" "$files_before"

# Refused, and logged by whoever refused it; not by the liar.
says()
{
	ok "$1 is logged" grep -qE "$2" "$DIR/log.others"
}
grep -v 'evil: ' "$LOG" >"$DIR/log.others"
says "a port in use" "port 1 is in use"
says "a tap in use" "tap0 is in use"
says "a subnet in use" "172.16.0.2/31 is in use"
says "a VM's other tap" "tap1 is not that VM interface"
says "an address outside" "10.0.0.0/31 is no subnet of pool"
says "what is next to the pool" "172.16.1.0/31 is no subnet of pool"
says "a subnet without the configured address" \
    "172.16.0.4/31 does not hold its address 172.16.0.101"
says "another's address" "172.16.0.100/31 is reserved"
says "a running VM's subnet" "tap7 is in the way of 172.16.0.200/31"
says "a network of the host" "host0 is in the way of 172.16.0.134/31"
says "a foreign address" "192.0.2.1/24, which is not ours"
says "a bridge's port" "tap4.* bridge"
says "one to be ignored" "ignore"
says "another's port" "not confined: port 1 is in use"
says "no tap" "host0 is no tap"
says "a malformed request" "malformed request"
says "a wrong length" "engine sent message [0-9]* of wrong length"
says "a type that is none" "engine sent unknown message"
says "a record in an unknown pool" "unknown pool"
says "a record outside its pool" "outside its pool"
says "a record in the wrong pool" "pool.* is not for it"
says "a note that moves" "a note changes the binding"
says "an answer to nothing" "answer to no reload"

echo "$name: total: $(logged "evil: " | grep -v good- | grep -v 'evil: over' |
    wc -l | tr -d ' ') kinds of wrong request of a taken-over engine," \
    "$(logged "evil: " | grep DONE | grep -vc good-) done"

# 100 in a minute from each of priv and the parent, and what else they say.
ok "the log is not flooded" [ "$(wc -l <"$DIR/log.others")" -lt 250 ]
ok "but all that there is room for" \
    [ "$(grep -c engine "$DIR/log.others")" -gt 100 ]

# A header that cannot be ends the daemon, not the VMs' network.
ok "the daemon lives" daemon_alive
timeout 5 "$VMNETCTL" -s "$SOCK" release vm1 >/dev/null 2>&1
soon "is the end of it" process_ended "$daemon"
daemon_wait
isnt "and not with success" "$daemon_status" 0
host_state >"$DIR/end"
ok "but the VMs' network stays" cmp "$DIR/after" "$DIR/end"
: >"$LOG"

finish

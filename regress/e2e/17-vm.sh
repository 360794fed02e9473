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

# A real VM: its own kernel, its own DHCP client, its virtio-net on the tap, a
# page that it fetches through NAT and one that it serves through a forward.

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = linux ] || skip "made for QEMU on Linux"
. "$top/regress/net-linux.sh"
have qemu-system-x86_64 || skip "no QEMU"
VMNETD_VM_DIR=$("$top/regress/vm/make-initrd.sh") || skip "no kernel"
export VMNETD_VM_DIR

outside_create
conf <<EOC
pool "default" {
	inet 172.16.0.0/24
	nat on egress
	nameserver 9.9.9.9
	domain "vm.example.org"
	mtu 1400
	route 10.0.0.0/8 via host
	$RD
}
vm "real" { forward tcp port 8080 to 80 }
EOC
daemon_start

# Start it on a tap; fd 3 is its console's input.
vm_start()
{
	rm -f "$DIR/console"
	mkfifo "$DIR/console"
	: >"$DIR/vm.out"
	"$top/regress/vm/run-vm.sh" "$1" <"$DIR/console" >>"$DIR/vm.out" 2>&1 &
	vm=$!
	exec 3>"$DIR/console"
	soon "QEMU opens the tap" tap_exists "$1"
	# As a program that starts VMs on Linux does it.
	tap_describe "$1" "$2"
}

vm_said()
{
	tr -d '\r' <"$DIR/vm.out" | grep -a "^vm: $1"
}

# Run a command in the VM: vm_do COMMAND; its output is in $vm_out
vm_do()
{
	: >"$DIR/vm.out"
	echo "$1" >&3
	wait_for 20 vm_said status
	vm_out=$(tr -d '\r' <"$DIR/vm.out")
	case $vm_out in
	*"vm: status 0"*)	return 0 ;;
	*)			return 1 ;;
	esac
}

vm_stop()
{
	echo 'poweroff -f' >&3
	exec 3>&-
	wait $vm
}

began=$(date +%s)
vm_start $T0 vm1-if0-real
PATIENCE=60 soon "the VM has its address" vm_said bound
PATIENCE=5 soon "the lease is bound" in_state bound real
echo "$name: bound $(($(date +%s) - began)) s after QEMU's start"
bound=$(vm_said bound)
is "its address" "$(value address "$bound")" 172.16.0.3
is "its router" "$(value router "$bound")" 172.16.0.2
is "its name server" "$(value dns "$bound")" 9.9.9.9
is "its name" "$(value hostname "$bound")" real
is "its domain" "$(value domain "$bound")" vm.example.org
is "what it calls itself" "$(field real 0 hostname)" vm
ok "the host reaches it" host_pings 172.16.0.3
ok "it reaches the host" vm_do "ping -c 1 -W 2 172.16.0.2"
ok "its MTU" vm_do "ip link show eth0"
like "is as configured" "$vm_out" "*mtu 1400*"
ok "its routes" vm_do "ip route"
like "the classless one" "$vm_out" "*10.0.0.0/8 via 172.16.0.2*"

# Another guest, across the host.
guest_start near -t $T1 -m fe:e1:bb:d1:00:02 -D vm2-if0-near bind serve
soon "another guest" in_state bound near
ok "the VM reaches it" vm_do "ping -c 1 -W 2 $(ctl show address near)"

# A web server outside, which tells who asks.
mkdir -p "$DIR/www/cgi-bin"
cat >"$DIR/www/cgi-bin/who" <<-'EOC'
	#!/bin/sh
	printf 'Content-Type: text/plain\r\n\r\nyou are %s\n' "$REMOTE_ADDR"
EOC
chmod 755 "$DIR/www/cgi-bin/who"
in_place out busybox httpd -f -p 80 -h "$DIR/www" >/dev/null 2>&1 &
wait_for 5 answerer_is_there out 80 tcp

# Outside, a page: fetch URL; busybox's wget does not survive its own -T.
fetch()
{
	in_place out timeout 5 busybox wget -q -O - "$1"
}

ok "the VM fetches a page from outside" \
    vm_do "timeout 5 wget -q -O - http://$FAR/cgi-bin/who"
like "there it is the host" "$vm_out" "*you are *$WAN_ADDR*"
ok "its own page is fetched from outside" fetch "http://$WAN_ADDR:8080/"
is "through the forward" "$ok_out" "hello from a real VM"
nok "nothing else is forwarded" fetch "http://$WAN_ADDR:80/"
ok "nothing is amiss" ctl check real

# The daemon restarts under the VM; its renewal goes through.
ping -i 0.05 -c 60 -q 172.16.0.3 >"$DIR/ping" &
pinger=$!
ok "stop" daemon_stop
daemon_start
soon "bound again" in_state bound real
wait $pinger
like "no ping is lost" "$(cat "$DIR/ping")" "* 60 received, 0% packet loss*"
acks=$(stat_of sent ACK)
ok "the VM's client is told to renew" vm_do \
    'kill -USR1 $(pidof udhcpc); sleep 2'
like "it does" "$(vm_said renewed)$vm_out" "*172.16.0.3*"
ok "by the daemon" [ "$(stat_of sent ACK)" -gt "$acks" ]

# The guest reboots: the tap goes and comes.
vm_stop
soon "the VM has left" in_state idle real
vm_start $T2 vm9-if0-real
PATIENCE=60 soon "it starts again, on another tap" vm_said bound
is "with the same address" "$(value address "$(vm_said bound)")" 172.16.0.3
ok "it is reached" host_pings 172.16.0.3
soon "its page, too" fetch "http://$WAN_ADDR:8080/"
vm_stop
soon "the VM has left again" in_state idle real
nok "and so has the forward" fetch "http://$WAN_ADDR:8080/"

finish

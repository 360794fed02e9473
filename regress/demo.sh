#!/bin/sh
#
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

# A VM starts, and its network is there: on this machine, but in a network of
# its own that goes when the demonstration ends.

. "$(dirname "$0")/lib.sh"

[ "$SYSTEM" = linux ] || {
	echo "The demonstration is made for Linux.  Here, start vmnetd and a VM:"
	echo "see README.md."
	finished=1
	exit 1
}
. "$top/regress/net-linux.sh"

begin=$(date +%s)

title()
{
	printf '\n=== %s\n' "$*"
}

# Show a command, and what it prints.
show()
{
	printf '%s\n' "$1"
	shift
	"$@" 2>&1 || stop "that should have worked"
}

stop()
{
	fail "$1"
	finish
}

# Its time too, since it depends on the machine.
wait_shown()
{
	printf 'waiting for %s ... ' "$1"
	shift
	wait_begin=$(date +%s)
	wait_for "$@" || {
		echo "no"
		stop "it takes longer than $1 s"
	}
	echo "$(($(date +%s) - wait_begin)) s"
}

vm_said()
{
	tr -d '\r' <"$DIR/vm.out" | grep -a "^vm: $1"
}

title "The kernel for the real VM (downloaded once, 27 MB)"
VMNETD_VM_DIR=$("$top/regress/vm/make-initrd.sh") ||
    stop "there is no kernel for the VM"
export VMNETD_VM_DIR
echo "$VMNETD_VM_DIR"

# Commands that the VM's console reads: vm_do COMMAND
vm_do()
{
	: >"$DIR/vm.out"
	echo "$1" >&3
	wait_for 15 vm_said status || stop "the VM does not answer"
	vm_said 'status 0' >/dev/null || stop "the VM's command failed"
	tr -d '\r' <"$DIR/vm.out" | grep -av '^vm: '
}

title "vmnetd starts, with etc/vmnetd.conf and a forward to the VM"
outside_create
{
	cat "$top/etc/vmnetd.conf"
	echo 'vm "vm0" { forward tcp port 8080 to 80 }'
} | conf
grep -Ev '^[[:blank:]]*(#|$)' "$CONF"
daemon_start || finish

title "Two guests start: QEMU with its own kernel on $T0, a namespace on $T1"
mkfifo "$DIR/console"
"$top/regress/vm/run-vm.sh" $T0 <"$DIR/console" >>"$DIR/vm.out" 2>&1 &
vm=$!
exec 3>"$DIR/console"
wait_for 20 tap_exists $T0 || stop "QEMU did not start: $(cat "$DIR/vm.out")"
show "# ip link set $T0 alias vm1-if0-vm0" tap_describe $T0 vm1-if0-vm0
wait_for 20 ctl show address vm0 || stop "vmnetd does not serve the VM"
guest_link vm1 $T1 vm2-if0-vm1 || stop "no tap for the second guest"
echo "# ip link set $T1 alias vm2-if0-vm1"
client_run udhcpc vm1 &
wait_shown "the namespace's DHCP client" 30 in_state bound vm1
wait_shown "the VM's DHCP client" 90 in_state bound vm0
wait_for 5 vm_said bound

title "What vmnetd knows"
show "# vmnetctl show" ctl show
show "# vmnetctl show pools" ctl show pools
show "# vmnetctl show address vm0" ctl show address vm0
vm0=$(ctl show address vm0)
vm1=$(ctl show address vm1)

title "What the VM's DHCP client says"
vm_said bound

title "The host reaches both, and they each other"
show "# ping $vm0" ping -c 2 -i 0.2 -w 5 "$vm0"
show "# ping $vm1" ping -c 2 -i 0.2 -w 5 "$vm1"
show "vm1# ping $vm0" guest_run vm1 ping -c 2 -i 0.2 -w 5 "$vm0"
show "vm0# ping $vm1" vm_do "ping -c 2 -W 5 $vm1"

title "The world outside, where nobody knows of $vm0"
mkdir -p "$DIR/www/cgi-bin"
cat >"$DIR/www/cgi-bin/who" <<-'EOC'
	#!/bin/sh
	printf 'Content-Type: text/plain\r\n\r\nYou come from %s\n' \
	    "${REMOTE_ADDR#*ffff:}" | tr -d ']'
EOC
chmod 755 "$DIR/www/cgi-bin/who"
in_place out busybox httpd -f -p 80 -h "$DIR/www" >/dev/null 2>&1 &
wait_for 5 answerer_is_there out 80 tcp
show "vm0# wget -q -O - http://$FAR/cgi-bin/who" \
    vm_do "wget -q -O - http://$FAR/cgi-bin/who"
show "outside# wget -q -O - http://$WAN_ADDR:8080/" \
    in_place out busybox wget -q -O - "http://$WAN_ADDR:8080/"
show "# vmnetctl show rules vm0" ctl show rules vm0
show "# vmnetctl check" ctl check

title "vmnetd restarts; nothing changes for the guests"
before=$(ctl show)
daemon_stop || stop "vmnetd did not stop in order"
daemon_start || finish
wait_for 10 in_state bound vm0
[ "$(ctl show)" = "$before" ] || stop "the leases are not as they were"
show "# vmnetctl show" ctl show

title "The VM is switched off; its lease is kept for the next start"
echo 'poweroff -f' >&3
exec 3>&-
wait $vm
wait_shown "its departure" 10 in_state idle vm0
show "# vmnetctl show" ctl show

printf '\nIt took %d s.\n' $(($(date +%s) - begin))
finish

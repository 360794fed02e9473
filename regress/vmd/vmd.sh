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


# The whole life of VMs that vmd(8) runs, on hosts that have vmm(4).
#
# From the environment:
#	VMD_IMAGE	disk image of a guest that asks DHCP for the address
#			of vio0 by itself; it is copied
#	VMD_KERNEL	kernel to boot it with, if not its own boot loader
#	VMD_MEMORY	of each VM; 128M if not said
#	VMD_PATIENCE	seconds that a guest may take to boot; 300 if not said
#	VMD_RUN		command that runs its second argument, a line for the
#			shell, in the guest that has the address that is its
#			first: `ssh -l root', for example.  The guest must
#			have nc(1).  Without it nothing is asked of guests
#			but to answer ping(8).
#	REGRESS_PF	if set, pf.conf and the default route may give way to
#			the test's where the host has them
#
# The other way round than in e2e/, this runs in the host's own network; a
# vmnetd that runs there already is in the way.

: "${REGRESS_TIMEOUT:=1800}" "${VMD_MEMORY:=128M}" "${VMD_PATIENCE:=300}"
REGRESS_VMD=1
NETWORKS=1
A=vmnetd-regress-a
B=vmnetd-regress-b
C=vmnetd-regress-c
VMS="$A $B $C"
export REGRESS_TIMEOUT REGRESS_VMD VMD_MEMORY VMD_PATIENCE

nothing_to_do()
{
	echo "vmd: skipped: $*"
	echo "vmd: 0 passed, 0 failed, 1 skipped"
	exit 0
}

# Without VMs, vmctl(8) prints the heading and fails.
vmd_answers()
{
	vmctl status 2>/dev/null | grep -q NAME
}

vmd_ended()
{
	! pgrep -q -x vmd
}

if [ -z "${REGRESS_INSIDE:-}" ]; then
	[ "$(uname)" = OpenBSD ] || nothing_to_do "vmd(8) is OpenBSD's"
	[ -c /dev/vmm ] && [ "$(dmesg | grep -c '^vmm0 at')" -gt 0 ] ||
	    nothing_to_do "this host has no vmm(4)"
	[ -n "${VMD_IMAGE:-}" ] ||
	    nothing_to_do "VMD_IMAGE names no disk image of a guest"
	[ -r "$VMD_IMAGE" ] || nothing_to_do "$VMD_IMAGE cannot be read"
	! pgrep -q -x vmnetd || nothing_to_do "a vmnetd is running"
	if ! vmd_answers; then
		rcctl -f start vmd >/dev/null || nothing_to_do "vmd does not start"
		VMD_STARTED=1
		export VMD_STARTED
	fi
fi

. "$(dirname "$0")/../lib.sh"

# Somebody else's VMs are not ours to serve.
conf <<EOC
pool "regress" {
	inet 10.213.99.0/24
	nameserver 9.9.9.9
	nat on egress
}
vm "$A" { pool "regress" lease time 1h forward tcp port 8080 to 8000 }
vm "vmnetd-regress-*" { pool "regress" lease time 1h }
vm "*" { ignore }
EOC

# A vmd of our own knows the VMs: with the kernel they had, so that they can
# reboot.  To another one all is said when they start.  It numbers them in
# this order: vms_define VM ...
vms_define()
{
	[ -n "${VMD_STARTED:-}" ] || return 0
	# rcctl(8) is back before vmd listens.
	PATIENCE=30 soon "vmd answers" vmd_answers
	for vm; do
		cat <<-EOC
		vm "$vm" {
			disable
			memory $VMD_MEMORY
			${VMD_KERNEL:+boot "$VMD_KERNEL"}
			disk "$DIR/$vm.img"
			interface
		}
		EOC
	done >"$DIR/vm.conf"
	ok "define the VMs" vmctl load "$DIR/vm.conf"
}

vm_start()
{
	if [ -n "${VMD_STARTED:-}" ]; then
		ok "start $1" vmctl start "$1"
	else
		ok "start $1" vmctl start -m "$VMD_MEMORY" -i 1 \
		    ${VMD_KERNEL:+-b "$VMD_KERNEL"} -d "$DIR/$1.img" "$1"
	fi
}

# By force, for there may be nobody in it who hears.
vm_stop()
{
	ok "stop $1" vmctl stop -f -w "$1"
	soon "$1 is idle" in_state idle "$1"
}

# $tap, by its description, for that which we do not serve.
find_tap()
{
	for tap in $(ifconfig tap | sed -n 's/^\(tap[0-9]*\):.*/\1/p'); do
		case $(ifconfig "$tap") in
		*"-$1"*)	return 0 ;;
		esac
	done
	tap=
	return 1
}

# What a guest needs to boot.
booted()
{
	PATIENCE=$VMD_PATIENCE soon "$1 has its address" in_state bound "$1"
	is "$1 has this one" "$(ctl show address "$1")" "$2"
	PATIENCE=30 soon "the host reaches it" host_pings "$2"
}

# in_guest VM COMMAND
in_guest()
{
	# shellcheck disable=SC2086 # a command with its arguments
	timeout 60 $VMD_RUN "$(ctl show address "$1")" "$2" 2>/dev/null
}

in_guest_answers()
{
	[ "$(in_guest "$1" "echo hello")" = hello ]
}

# What guests of vmd do with NAT and a forward: traffic VM OTHER
traffic()
{
	[ -n "$traffic" ] || return 0
	PATIENCE=60 soon "$1 takes commands" in_guest_answers "$1"
	PATIENCE=60 soon "$2 takes commands" in_guest_answers "$2"
	is "NAT leads $1 outside" "$(in_guest "$1" "nc -d -w 9 $FAR 80")" \
	    "name=out from=$WAN_ADDR"
	is "and $2" "$(in_guest "$2" "nc -d -w 9 $FAR 80")" \
	    "name=out from=$WAN_ADDR"
	in_guest $A "(echo name=$A | nc -N -w 30 -l 8000) >/dev/null 2>&1 &"
	PATIENCE=20 soon "$A's port is open" port_open $A 8000
	is "the forward leads to $A" "$(ask out $WAN_ADDR 8080)" "name=$A"
}

port_open()
{
	in_guest "$1" "netstat -an -f inet" | grep -q "\*\.$2 .*LISTEN"
}

traffic=
if [ -z "${VMD_RUN:-}" ]; then
	skip_some "VMD_RUN does not say how a command is run in a guest:" \
	    "no NAT, no forward and no reboot"
elif [ "$(sysctl -n kern.securelevel)" -ge 2 ]; then
	skip_some "securelevel is 2: no NAT and no forward"
elif [ -n "$(default_route)" ] && [ -z "${REGRESS_PF:-}" ]; then
	skip_some "this host has a default route: with REGRESS_PF set it and" \
	    "pf.conf give way to the test's, for NAT and a forward"
else
	traffic=1
	outside_create
	answerer out 80
fi

for vm in $VMS; do
	cp "$VMD_IMAGE" "$DIR/$vm.img"
done
# vmd's own user opens them.
chmod 666 "$DIR"/*.img
daemon_start
vms_define $A $B

# One starts, and another.
vm_start $A
PATIENCE=30 soon "the tap is ready" eval "in_state ready $A || in_state bound $A"
tap=$(field $A 0 tap)
like "vmd described it" "$(ifconfig "$tap")" "*description: vm*-if0-$A*"
is "the host address" "$(tap_addresses "$tap")" 10.213.99.2/31
booted $A 10.213.99.3
vm_start $B
booted $B 10.213.99.5
isnt "each has a tap of its own" "$(field $B 0 tap)" "$tap"
ok "the first is reached still" host_pings 10.213.99.3
traffic $A $B

# The daemon restarts under them.
ok "the daemon stops" daemon_stop
ok "the guest is reached meanwhile" host_pings 10.213.99.5
daemon_start
soon "it finds the one" in_state bound $A
soon "and the other" in_state bound $B
ok "reached" host_pings 10.213.99.3
traffic $A $B

# A guest reboots: vmd closes and opens the tap.
# A kernel that was named at the start only is not there any more.
if [ -n "${VMD_RUN:-}" ] &&
    { [ -n "${VMD_STARTED:-}" ] || [ -z "${VMD_KERNEL:-}" ]; }; then
	index=$(tap_index "$tap")
	in_guest $A "reboot"
	PATIENCE=120 soon "the tap is another" \
	    eval '[ "$(tap_index "$(field $A 0 tap)")" != "$index" ]'
	booted $A 10.213.99.3
	traffic $A $B
else
	skip_some "nobody can make a guest reboot"
fi

# They stop, and start in the other order.
vm_stop $A
ok "the other is reached" host_pings 10.213.99.5
if [ -n "$traffic" ]; then
	is "the forward has gone" "$(ask out $WAN_ADDR 8080)" ""
	is "with its rules" "$(rules_left)" 0
	is "the other's address is still known" "$(table guests)" 10.213.99.5
fi
vm_stop $B
vm_start $B
booted $B 10.213.99.5
vm_start $A
booted $A 10.213.99.3
is "the taps have changed places" "$(field $B 0 tap)" "$tap"
traffic $A $B

# vmd restarts: all VMs end, and its numbers begin anew.
if [ -n "${VMD_STARTED:-}" ]; then
	# Not by restart: it gives up if guests take their time to end, though
	# vmd ends as well.
	rcctl -f stop vmd >/dev/null
	PATIENCE=60 soon "vmd has ended" vmd_ended
	ok "vmd starts again" rcctl -f start vmd
	PATIENCE=30 soon "$A has gone" in_state idle $A
	PATIENCE=30 soon "$B has gone" in_state idle $B
	vms_define $B $A
	vm_start $B
	PATIENCE=30 soon "$B is back" eval "in_state ready $B || in_state bound $B"
	like "its number is another" "$(ifconfig "$(field $B 0 tap)")" "*vm1-*"
	booted $B 10.213.99.5
	vm_stop $B
else
	skip_some "vmd ran before, so it is not restarted"
	vm_stop $A
	vm_stop $B
fi

# vmd's own network for a VM is left to it.
ok "start with -L" vmctl start -m "$VMD_MEMORY" -L \
    ${VMD_KERNEL:+-b "$VMD_KERNEL"} -d "$DIR/$C.img" $C
PATIENCE=30 soon "vmd described its tap" find_tap $C
PATIENCE=30 soon "is left alone" left_alone "$tap" "not ours"
like "with its address" "$(tap_addresses "$tap")" "*/31"
ok "stop it" vmctl stop -f -w $C

finish

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
#	VMD_REBOOT	command that makes the guest whose address is its
#			argument reboot, if that is to be tested: with ssh(1),
#			for example
#
# The other way round than in e2e/, this runs in the host's own network; a
# vmnetd that runs there already is in the way.

: "${REGRESS_TIMEOUT:=1800}" "${VMD_MEMORY:=128M}"
REGRESS_VMD=1
A=vmnetd-regress-a
B=vmnetd-regress-b
VMS="$A $B"
export REGRESS_TIMEOUT REGRESS_VMD VMD_MEMORY

nothing_to_do()
{
	echo "vmd: skipped: $*"
	echo "vmd: 0 passed, 0 failed, 1 skipped"
	exit 0
}

if [ -z "${REGRESS_INSIDE:-}" ]; then
	[ "$(uname)" = OpenBSD ] || nothing_to_do "vmd(8) is OpenBSD's"
	[ -c /dev/vmm ] && [ "$(dmesg | grep -c '^vmm0 at')" -gt 0 ] ||
	    nothing_to_do "this host has no vmm(4)"
	[ -n "${VMD_IMAGE:-}" ] ||
	    nothing_to_do "VMD_IMAGE names no disk image of a guest"
	[ -r "$VMD_IMAGE" ] || nothing_to_do "$VMD_IMAGE cannot be read"
	! pgrep -q -x vmnetd || nothing_to_do "a vmnetd is running"
	if ! vmctl status >/dev/null 2>&1; then
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
}
vm "vmnetd-regress-*" { pool "regress" lease time 1h }
vm "*" { ignore }
EOC

vm_start()
{
	ok "start $1" vmctl start -m "$VMD_MEMORY" -i 1 \
	    ${VMD_KERNEL:+-b "$VMD_KERNEL"} -d "$DIR/$1.img" "$1"
}

# By force, for there may be nobody in it who hears.
vm_stop()
{
	ok "stop $1" vmctl stop -f -w "$1"
	soon "$1 is idle" in_state idle "$1"
}

# What a guest needs to boot.
booted()
{
	PATIENCE=${VMD_PATIENCE:-300} soon "$1 has its address" \
	    in_state bound "$1"
	is "$1 has this one" "$(ctl show address "$1")" "$2"
	soon "the host reaches it" host_pings "$2"
}

for vm in $VMS; do
	cp "$VMD_IMAGE" "$DIR/$vm.img"
done
# vmd's own user opens them.
chmod 666 "$DIR"/*.img
daemon_start

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

# The daemon restarts under them.
ok "the daemon stops" daemon_stop
ok "the guest is reached meanwhile" host_pings 10.213.99.5
daemon_start
soon "it finds the one" in_state bound $A
soon "and the other" in_state bound $B
ok "reached" host_pings 10.213.99.3

# A guest reboots: vmd closes and opens the tap.
if [ -n "${VMD_REBOOT:-}" ]; then
	index=$(tap_index "$tap")
	ok "tell it to reboot" eval "$VMD_REBOOT 10.213.99.3"
	PATIENCE=120 soon "the tap is another" \
	    eval '[ "$(tap_index "$(field $A 0 tap)")" != "$index" ]'
	booted $A 10.213.99.3
else
	skip_some "VMD_REBOOT does not say how a guest is made to reboot"
fi

# They stop, and start in the other order.
vm_stop $A
ok "the other is reached" host_pings 10.213.99.5
vm_stop $B
vm_start $B
vm_start $A
booted $B 10.213.99.5
booted $A 10.213.99.3
is "the taps have changed places" "$(field $B 0 tap)" "$tap"

# vmd restarts: all VMs end, and its numbers begin anew.
if [ -n "${VMD_STARTED:-}" ]; then
	ok "vmd restarts" rcctl -f restart vmd
	PATIENCE=30 soon "$A has gone" in_state idle $A
	PATIENCE=30 soon "$B has gone" in_state idle $B
	vm_start $B
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
    ${VMD_KERNEL:+-b "$VMD_KERNEL"} -d "$DIR/$A.img" $A
tap=
for candidate in $(ifconfig tap | sed -n 's/^\(tap[0-9]*\):.*/\1/p'); do
	case $(ifconfig "$candidate") in
	*"-$A"*)	tap=$candidate ;;
	esac
done
PATIENCE=30 soon "is left alone" left_alone "$tap" "not ours"
like "with its address" "$(tap_addresses "$tap")" "*/31"
ok "stop it" vmctl stop -f -w $A

finish

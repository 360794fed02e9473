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

# Run the small real VM on a tap, with the console on standard input and
# output.  It ends by `poweroff -f' there, or when it is killed.
#
# usage: run-vm.sh [-m lladdr] tap ...
#
# Each tap becomes one interface of the VM; a tap that is not there yet is
# made, and goes with the VM.  -m is the first interface's address.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
lladdr=fe:e1:bb:d1:00:01

usage()
{
	echo "usage: run-vm.sh [-m lladdr] tap ..." >&2
	exit 1
}

while getopts m: option; do
	case $option in
	m)	lladdr=$OPTARG ;;
	*)	usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || usage

dir=${VMNETD_VM_DIR:-$("$here/make-initrd.sh")}

args=
n=0
for tap in "$@"; do
	mac=$lladdr
	[ $n -eq 0 ] || mac=${lladdr%?}$n
	args="$args -netdev tap,id=n$n,ifname=$tap,script=no,downscript=no"
	args="$args -device virtio-net-pci,netdev=n$n,romfile=,mac=$mac"
	n=$((n + 1))
done

# TCG is there everywhere; where the tests run KVM may hang.
# shellcheck disable=SC2086 # words
exec qemu-system-x86_64 -accel "${VMNETD_VM_ACCEL:-tcg}" -M q35 -m 128 \
    -nodefaults -display none -monitor none -no-reboot -serial stdio \
    -kernel "$dir/vmlinuz" -initrd "$dir/initrd.gz" \
    -append 'console=ttyS0 quiet panic=-1' $args

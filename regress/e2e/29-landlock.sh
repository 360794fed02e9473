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

# The fence around files: what it lets through is what a lease file needs.
# Where this kernel has no Landlock, that of a virtual machine has it.
#
# From the environment:
#	IN_VM	if set, in a virtual machine in any case

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = linux ] || skip "Linux has it"
TORTURE=${TORTURE:-$top/obj/torture}
ok "it is built" [ -x "$TORTURE/landlock" ] || finish

ok "it is as it should be, or not there" "$TORTURE/landlock"
case $ok_out in
*"not in this kernel"*)
	IN_VM=1
	;;
*)
	like "it was tried" "$ok_out" "*26 passed, 0 failed*"
	;;
esac
[ -n "${IN_VM:-}" ] || finish

have qemu-system-x86_64 || skip "neither this kernel's nor QEMU"
vm=$("$top/regress/vm/make-initrd.sh") || skip "no kernel for a VM"
mkdir "$DIR/root"
cp "$TORTURE/landlock" "$DIR/root/init"
(cd "$DIR/root" && find . | cpio --quiet -o -H newc | gzip -1) >"$DIR/initrd"
timeout 60 qemu-system-x86_64 -accel tcg -M q35 -m 128 -nodefaults \
    -display none -monitor none -no-reboot -serial stdio \
    -kernel "$vm/vmlinuz" -initrd "$DIR/initrd" \
    -append 'console=ttyS0 quiet panic=-1' </dev/null >"$DIR/vm.out" 2>&1
like "it is as it should be in a VM" "$(tr -d '\r' <"$DIR/vm.out")" \
    "*26 passed, 0 failed*"
echo "$name: total: 26 attempts on files within the fence, in a VM, as they" \
    "should be"

finish

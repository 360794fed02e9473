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

# Make the kernel and the initial ramdisk of a small real VM: Debian's cloud
# kernel with virtio-net, and busybox with a DHCP client, a web server and a
# shell on the console.  Nothing is installed: the kernel's package is
# unpacked into a cache, and made anew only when Debian has a newer one.
#
# usage: make-initrd.sh [-o]
#	-o	offline: use what the cache has
#
# Prints the directory that then holds `vmlinuz' and `initrd.gz'.

set -eu

cache=${XDG_CACHE_HOME:-/var/cache}/vmnetd-regress
# In the order in which they load.
modules='virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev
    virtio_pci failover net_failover virtio_net'
here=$(cd "$(dirname "$0")" && pwd)

die()
{
	echo "make-initrd: $*" >&2
	exit 1
}

# The package that the metapackage stands for, and its version.
kernel_package()
{
	apt-cache depends linux-image-cloud-amd64 2>/dev/null |
	    sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

package_version()
{
	apt-cache show --no-all-versions "$1" | sed -n 's/^Version: //p'
}

# Download and unpack into $1.
unpack_kernel()
{
	tmp=$(mktemp -d "$cache/unpack.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	# apt's download user may not write below /root.
	(cd "$tmp" && apt-get -qq -o APT::Sandbox::User=root \
	    download "$package") || die "cannot download $package"
	dpkg -x "$tmp"/linux-image-*.deb "$tmp/root"
	rm -f "$tmp"/*.deb
	mkdir -p "$tmp/keep"
	mv "$tmp"/root/boot/vmlinuz-* "$tmp/keep/vmlinuz"
	mkdir "$tmp/keep/modules"
	for m in $modules; do
		find "$tmp/root" -name "$m.ko" -exec \
		    mv {} "$tmp/keep/modules/" \;
		[ -f "$tmp/keep/modules/$m.ko" ] ||
		    die "$package has no module $m"
	done
	rm -rf "$1"
	mv "$tmp/keep" "$1"
	rm -rf "$tmp"
	trap - EXIT
}

# The ramdisk belongs to the kernel and to the files that it is made of.
make_initrd()
{
	tmp=$(mktemp -d "$cache/initrd.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	root=$tmp/root
	mkdir -p "$root/bin" "$root/dev" "$root/etc" "$root/modules" \
	    "$root/proc" "$root/root" "$root/run" "$root/sys" "$root/tmp" \
	    "$root/www"
	cp "$busybox" "$root/bin/busybox"
	for m in $modules; do
		cp "$1/modules/$m.ko" "$root/modules/"
		echo "$m"
	done >"$root/modules/order"
	cp "$here/init" "$root/init"
	cp "$here/udhcpc.script" "$root/etc/udhcpc.script"
	chmod 755 "$root/init" "$root/etc/udhcpc.script"
	(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) \
	    >"$tmp/initrd.gz"
	mv "$tmp/initrd.gz" "$1/initrd.gz"
	rm -rf "$tmp"
	trap - EXIT
}

newest()
{
	ls -td "$cache"/linux-image-*-cloud-amd64_*/ 2>/dev/null | head -n 1
}

busybox=$(command -v busybox) || die "busybox is missing: busybox-static"
command -v cpio >/dev/null || die "cpio is missing"
mkdir -p "$cache"

dir=
if [ "${1:-}" != -o ]; then
	package=$(kernel_package)
	if [ -n "$package" ]; then
		version=$(package_version "$package" | tr -c 'A-Za-z0-9.\n' -)
		dir=$cache/${package}_$version
		[ -f "$dir/vmlinuz" ] || unpack_kernel "$dir"
	fi
fi
if [ -z "$dir" ]; then
	dir=$(newest)
	dir=${dir%/}
	[ -n "$dir" ] || die "no kernel in $cache and apt-get knows none:" \
	    "run apt-get update"
fi
if [ ! -f "$dir/initrd.gz" ] ||
    [ -n "$(find "$here/init" "$here/udhcpc.script" "$here/make-initrd.sh" \
    "$busybox" -newer "$dir/initrd.gz")" ]; then
	make_initrd "$dir"
fi
echo "$dir"

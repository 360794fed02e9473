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

# What the build and the tests need of the system: on Debian the packages that
# are missing, the kernel for a virtual machine, and the account.  Nothing is
# changed where nothing is missing.
#
# usage: setup.sh [package ...]		also these

set -eu

[ "$(uname)" = Linux ] || exit 0

# to build
packages='gcc libc6-dev make byacc pkg-config libevent-dev libbsd-dev
    libmnl-dev libnftables-dev libseccomp-dev libcap-dev'
# the network of a test, and its guests
packages="$packages iproute2 nftables iputils-ping procps busybox-static
    udhcpc isc-dhcp-client dhcpcd-base systemd tcpdump socat jq mandoc
    valgrind"
# the virtual machine
packages="$packages qemu-system-x86 cpio"

missing()
{
	for package in $packages "$@"; do
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" \
		    2>/dev/null) || status=
		[ "$status" = installed ] || echo "$package"
	done
}

# A mirror may be slow or fail once.
try()
{
	"$@" && return
	sleep 5
	"$@"
}

install_packages()
{
	command -v apt-get >/dev/null || {
		echo "setup: not Debian: see README.md for what is needed" >&2
		return 0
	}
	wanted=$(missing "$@")
	# The virtual machine's kernel is not installed but must be known.
	if [ -z "$wanted" ] &&
	    apt-cache show linux-image-cloud-amd64 >/dev/null 2>&1; then
		return 0
	fi
	need_root
	DEBIAN_FRONTEND=noninteractive
	export DEBIAN_FRONTEND
	try apt-get -q update
	[ -n "$wanted" ] || return 0
	# shellcheck disable=SC2086 # words
	echo "setup: installing" $wanted
	# shellcheck disable=SC2086 # words
	try apt-get -q -y -o DPkg::Lock::Timeout=120 \
	    --no-install-recommends install $wanted
}

need_root()
{
	[ "$(id -u)" -eq 0 ] || {
		echo "setup: must be run as root" >&2
		exit 1
	}
}

create_account()
{
	if ! getent group _vmnetd >/dev/null; then
		need_root
		groupadd --system _vmnetd
	fi
	if ! getent passwd _vmnetd >/dev/null; then
		need_root
		useradd --system --gid _vmnetd --home-dir /var/empty \
		    --no-create-home --shell /usr/sbin/nologin \
		    --comment "vmnetd user" _vmnetd
	fi
	# Its home, in which the daemon locks itself up.
	[ -d /var/empty ] || {
		need_root
		mkdir -m 755 /var/empty
	}
}

# Where devices are not made by themselves.
create_tun()
{
	[ ! -c /dev/net/tun ] || return 0
	modprobe tun 2>/dev/null || true
	[ ! -c /dev/net/tun ] || return 0
	need_root
	mkdir -p /dev/net
	mknod -m 666 /dev/net/tun c 10 200
}

# Now, because a test's own network has no way to it.
fetch_kernel()
{
	sh "${0%/*}/vm/make-initrd.sh" >/dev/null || {
		echo "setup: no kernel for the virtual machine:" \
		    "what needs one is skipped" >&2
	}
}

install_packages "$@"
create_account
create_tun
fetch_kernel

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


# What stands in howtos: wait for taps, give each the next address.

n=0
ip -o monitor link | while read -r line; do
	case $line in
	Deleted*)	continue ;;
	*": vt-"*)	;;
	*)		continue ;;
	esac
	tap=${line#*: }
	tap=${tap%%:*}
	eval "seen=\${seen_${tap#vt-}:-}"
	# shellcheck disable=SC2154 # by eval
	[ -z "$seen" ] || continue
	eval "seen_${tap#vt-}=1"
	ip addr add "172.$((16 + n / 16384)).$((n / 64 % 256)).$((n % 64 * 4 \
	    + 1))/30" dev "$tap"
	ip link set dev "$tap" up
	n=$((n + 1))
done

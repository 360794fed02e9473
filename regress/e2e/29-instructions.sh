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


# How many instructions the hot paths take, as callgrind counts them, which
# depends on neither the machine nor what else it does.  The bounds are one
# and a half times what was counted when they were set.

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = linux ] || skip "made for the build of GNU make"
have valgrind || skip "there is no valgrind"
HOTPATH=${BENCH:-$top/obj/bench}/hotpath
ok "it is built" [ -x "$HOTPATH" ] || finish

GUESTS=200
conf_default
sed -i 's,/24,/12,' "$CONF"

# count FUNCTION REMEMBERED: instructions for each guest
count()
{
	rm -f "$DIR/hot.leases"*
	valgrind --tool=callgrind --callgrind-out-file=/dev/null \
	    --toggle-collect="hot_$1" "$HOTPATH" "$CONF" "$DIR/hot.leases" \
	    "$2" $GUESTS 2>&1 | awk -v n=$GUESTS '
	    /Collected :/ { print int($NF / n) }'
}

# within WHAT COUNT MOST
within()
{
	if [ "${2:-0}" -gt 0 ] && [ "$2" -le "$3" ]; then
		pass
	else
		fail "$1" "counted: $2" "at most: $3"
	fi
}

for path in arrival:45000 exchange:35000 renewal:5000; do
	bound=${path#*:}
	path=${path%:*}
	alone=$(count "$path" 0)
	within "an $path" "$alone" "$bound"
	many=$(count "$path" 10000)
	within "with 10,000 leases, an $path" "$many" $((alone * 3 / 2))
	echo "$name: $path $alone, with 10,000 remembered leases $many"
done

finish

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

# The long forms of what tries to break the daemon, as root.  One line for
# each: what was tried, how often, and what was lost.
#
# usage: run.sh [name ...]
#
# From the environment:
#	VMNETD VMNETCTL TORTURE	what was built
#	SCALE	a hundredth of it all is 1 (100)

set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
TORTURE=${TORTURE:-$top/obj/torture}
LOGS=${LOGS:-$top/obj/torture/log}
SCALE=${SCALE:-100}
export TORTURE
mkdir -p "$LOGS" || exit 1
status=0

wanted()
{
	[ -n "$names" ] || return 0
	for name in $names; do
		[ "$name" != "$1" ] || return 0
	done
	return 1
}

# say NAME TEXT: the line, or what went wrong
say()
{
	if [ "$result" -eq 0 ]; then
		printf '%-14s %s\n' "$1" "$2"
	else
		printf '%-14s FAILED: see %s\n' "$1" "$LOGS/$1.log"
		grep FAIL "$LOGS/$1.log" | head -n 5
		status=1
	fi
}

# e2e NAME SCRIPT: one of its own lines says what there is to say
e2e()
{
	sh "$top/regress/e2e/$2.sh" >"$LOGS/$1.log" 2>&1 </dev/null
	result=$?
	checks=$(sed -n "s/^$2: \([0-9]* passed.*\)/\1/p" "$LOGS/$1.log")
	said=$(sed -n "s/^$2: total: //p" "$LOGS/$1.log")
	say "$1" "${said:+$said; }$checks"
}

names=$*
scaled()
{
	echo $((($1 * SCALE + 99) / 100))
}

if wanted powercut; then
	"$TORTURE/powercut" -n "$(scaled 20)" -s 4711 \
	    >"$LOGS/powercut.log" 2>&1
	result=$?
	say powercut "$(sed -n 's/^powercut: //p' "$LOGS/powercut.log")"
fi
if wanted disk; then
	e2e disk 23-disk
fi
if wanted crash; then
	ROUNDS=$(scaled 500)
	export ROUNDS
	e2e crash 24-crash
fi
if wanted lost-events; then
	MANY=$(($(scaled 3900) + 100))
	REGRESS_TIMEOUT=900
	export MANY REGRESS_TIMEOUT
	e2e lost-events 25-lost-events
	unset REGRESS_TIMEOUT
fi
if wanted flood; then
	SECONDS_OF_FLOOD=$(scaled 60)
	REGRESS_TIMEOUT=600
	export SECONDS_OF_FLOOD REGRESS_TIMEOUT
	e2e flood 26-flood
	unset REGRESS_TIMEOUT
fi
if wanted clients; then
	CONNECTS=$(scaled 100000)
	SECONDS_ASKED=$(scaled 60)
	REGRESS_TIMEOUT=600
	export CONNECTS SECONDS_ASKED REGRESS_TIMEOUT
	e2e clients 27-bad-clients
	unset REGRESS_TIMEOUT
fi
if wanted limits; then
	NTAPS=$(($(scaled 4000) + 96))
	REGRESS_TIMEOUT=1800
	export NTAPS REGRESS_TIMEOUT
	e2e limits 28-limits
	unset REGRESS_TIMEOUT
fi
if wanted engine; then
	e2e engine 20-evil-engine
fi
if wanted frontend; then
	e2e frontend 21-evil-frontend
fi
if wanted sandbox; then
	e2e sandbox 22-probe
fi
if wanted landlock; then
	IN_VM=1
	export IN_VM
	e2e landlock 29-landlock
fi
exit $status

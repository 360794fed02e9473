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

# Run the tests, show what fails, and count.
#
# usage: run.sh [unit | e2e | vmd | name] ...
#
# The unit tests are programs, those of e2e/ scripts, and vmd/ starts VMs by
# vmd(8).  A test ends with a line
#	NAME: N passed, N failed[, N skipped]
# and exits with 0 if none failed.  One that does not counts as a failure.
# The last line here is `N passed, N failed[, N skipped]'.
#
# From the environment:
#	UNIT	directory in which the unit tests are built
#	LOGS	directory for the tests' output
#	TIMEOUT	seconds that a test may take
#	VMNETD, VMNETCTL	the programs that the scripts test

set -u

top=$(cd "$(dirname "$0")/.." && pwd)
UNIT=${UNIT:-$top/obj-san/unit}
LOGS=${LOGS:-$top/obj/regress/log}
TIMEOUT=${TIMEOUT:-300}
# A sanitizer's report is worth more than a core, and a leak is a failure.
ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
# From wherever it is run.
RULES=$top/regress/rules
export ASAN_OPTIONS UBSAN_OPTIONS RULES

passed=0
failed=0
skipped=0
child=

unit_list()
{
	(cd "$top/regress/unit" && ls ./*_test.c "./$system"/*_test.c \
	    2>/dev/null) | sed -e 's,^\./,,' -e 's,\.c$,,'
}

# Of the fuzzers, what they know of.
fuzz_list()
{
	(cd "$top/regress/fuzz" && ls ./*_fuzz.c) |
	    sed -e 's,^\./,,' -e 's,\.c$,,'
}

e2e_list()
{
	(cd "$top/regress/e2e" && ls ./*.sh 2>/dev/null) |
	    sed -e 's,^\./,,' -e 's,\.sh$,,'
}

# What is not for this system.
applies()
{
	case $1 in
	compat_test|*_fuzz)
		[ "$system" = linux ]
		;;
	esac
}

# run_one NAME COMMAND ...: run it and add up what it says.
run_one()
{
	test_name=$1
	shift
	log=$LOGS/$(echo "$test_name" | tr / _).log
	start=$(date +%s)
	# In the background, so that a signal is not kept waiting.
	timeout -k 10 "$TIMEOUT" "$@" >"$log" 2>&1 </dev/null &
	child=$!
	wait "$child"
	status=$?
	child=
	count
	printf '%-28s %s (%d s)\n' "$test_name" "$result" \
	    $(($(date +%s) - start))
	if [ "$bad" -ne 0 ]; then
		sed 's/^/	/' "$log"
		echo "	exit status $status; kept in $log"
	fi
}

# From the last line of $log and $status: $result, and whether it is $bad.
count()
{
	# shellcheck disable=SC2046 # words
	set -- $(tail -n 1 "$log" | LC_ALL=C sed -n 's/^[^ ]*: \([0-9]*\) '\
'passed, \([0-9]*\) failed\(, \([0-9]*\) skipped\)\{0,1\}$/\1 \2 \4/p')
	p=${1:-0}
	f=${2:-0}
	s=${3:-0}
	if [ $# -eq 0 ]; then
		f=1
		result="failed without a summary"
	elif [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
		f=1
		result="$p passed, but exit status $status"
	elif [ $((p + f + s)) -eq 0 ]; then
		f=1
		result="checked nothing"
	else
		result="$p passed, $f failed"
		[ "$s" -eq 0 ] || result="$result, $s skipped"
	fi
	bad=$f
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
}

run_unit()
{
	applies "${1##*/}" || return 0
	program=$UNIT/$1
	[ -x "$program" ] || program=$UNIT/${1##*/}
	run_one "$1" "$program"
}

# Those that need OpenBSD's headers are not built here.
run_fuzz()
{
	applies "$1" && [ "$1" != records_fuzz ] || return 0
	run_one "$1" "$UNIT/../replay/$1" \
	    "$top/regress/fuzz/corpus/${1%_fuzz}"
}

run_e2e()
{
	run_one "$1" sh "$top/regress/e2e/$1.sh"
}

# It takes as long as real VMs take.
run_vmd()
{
	TIMEOUT=1900 run_one vmd sh "$top/regress/vmd/vmd.sh"
}

# A name with or without the part that all have.
run_named()
{
	for t in "$1" "${1}_test" "$system/${1}_test"; do
		if [ -f "$top/regress/unit/$t.c" ]; then
			run_unit "$t"
			return
		fi
	done
	if [ -f "$top/regress/fuzz/$1.c" ]; then
		run_fuzz "$1"
		return
	fi
	found=
	for t in $(e2e_list); do
		case $t in
		"$1"|[0-9][0-9]-"$1")
			run_e2e "$t"
			found=1
			;;
		esac
	done
	[ -z "$found" ] || return 0
	echo "$1: no such test"
	failed=$((failed + 1))
}

summary()
{
	line="$passed passed, $failed failed"
	[ $skipped -eq 0 ] || line="$line, $skipped skipped"
	echo "$line"
}

interrupted()
{
	trap - INT TERM HUP
	[ -z "$child" ] || kill "$child" 2>/dev/null
	wait
	failed=$((failed + 1))
	echo "interrupted"
	summary
	exit 1
}

system=$(uname | tr '[:upper:]' '[:lower:]')
mkdir -p "$LOGS" || exit 1
trap interrupted INT TERM HUP

[ $# -gt 0 ] || set -- unit e2e
for what in "$@"; do
	case $what in
	unit)
		for test in $(unit_list); do
			run_unit "$test"
		done
		for test in $(fuzz_list); do
			run_fuzz "$test"
		done
		;;
	e2e)
		for test in $(e2e_list); do
			run_e2e "$test"
		done
		;;
	vmd)
		run_vmd
		;;
	*)
		run_named "$what"
		;;
	esac
done
summary
[ $failed -eq 0 ]

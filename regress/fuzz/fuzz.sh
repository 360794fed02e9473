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

# Run one fuzzer, first with every input that is known, then for a while with
# what it makes of them.  What it finds stays in the directory `found'; an
# input that takes half a minute is one, too.
#
# usage: fuzz.sh PROGRAM SECONDS DIRECTORY
#
# From the environment:
#	FUZZ_SEED	what chance begins with, so that a run can be repeated

set -eu

program=$1
seconds=$2
obj=$3
name=${program##*/}
name=${name%_fuzz}
known=$(dirname "$0")/corpus/$name
log=$obj/log/$name
mkdir -p "$obj/log" "$obj/found" "$obj/corpus/$name"

fuzz()
{
	find -L "$known" -type f -exec \
	    "$program" -timeout=30 -artifact_prefix="$obj/found/" {} + &&
	    "$program" -timeout=30 -max_total_time="$seconds" \
	    ${FUZZ_SEED:+-seed="$FUZZ_SEED"} -print_final_stats=1 \
	    -artifact_prefix="$obj/found/" "$obj/corpus/$name" "$known"
}

if fuzz >"$log" 2>&1 </dev/null; then
	echo "$name: $(find -L "$known" -type f | wc -l) known inputs and" \
	    "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
	    "new runs, nothing found"
else
	tail -n 60 "$log"
	echo "$name: FAILED: see $log"
	exit 1
fi

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

# The power is cut at every byte that the lease file is written with: the
# short form.

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = linux ] || skip "linked as only GNU ld can"
TORTURE=${TORTURE:-$top/obj/torture}
ok "it is built" [ -x "$TORTURE/powercut" ] || finish
ok "nothing is lost" "$TORTURE/powercut" -c 100
echo "$name: $ok_out"
like "no lease, whenever the power went" "$ok_out" "*0 leases lost*"
cuts=$(echo "$ok_out" | sed 's/.* \([0-9]*\) cuts.*/\1/')
ok "ten thousand cuts" [ "$cuts" -ge 10000 ]

finish

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

# The texts of rules that regress/rules keeps, and to which rules_test compares
# what is rendered: the packet filter takes each, in the order in which the
# daemon loads them; once more changes nothing; a mistake in users' rules
# leaves everything as it was.

. "$(dirname "$0")/../lib.sh"

kept=$top/regress/rules

# split FILE: a file for each text, in order, and its name in .name.
split()
{
	rm -rf "$DIR/texts"
	mkdir "$DIR/texts"
	awk -v dir="$DIR/texts" '/^# --- / {
			if (file != "")
				close(file)
			file = sprintf("%s/%03d", dir, ++n)
			printf "" >file
			print substr($0, 7) >(file ".name")
			close(file ".name")
			next
		}
		{ print >file }' "$1"
}

texts()
{
	find "$DIR/texts" ! -name '*.name' -type f | sort
}

# Without what packets change.
ruleset()
{
	nft list ruleset | sed 's/packets [0-9]* bytes [0-9]*//'
}

take()
{
	case $(cat "$1.name") in
	list*)	while read -r command; do
			nft "$command" || return 1
		done <"$1" ;;
	*)	nft -f "$1" ;;
	esac
}

take_all()
{
	for text in $(texts); do
		ok "$1, $2: $(cat "$text.name")" take "$text"
	done
}

broken()
{
	for text in $(texts); do
		case $(cat "$text.name") in
		add*)	awk '/^\t}$/ { print "no such rule" } { print }' \
			    "$text" >"$DIR/broken"
			cmp -s "$text" "$DIR/broken" && continue
			nok "$1: a mistake is refused: $(cat "$text.name")" \
			    nft -f "$DIR/broken" ;;
		esac
	done
}

check_nft()
{
	have nft || skip "nft is not installed"
	for file in "$kept"/*.nft; do
		base=${file##*/}
		case $base in
		*-rules.nft)	continue ;;
		esac
		nft flush ruleset
		split "$file"
		take_all "$base" first
		ruleset >"$DIR/first"
		ok "$base: something is loaded" [ -s "$DIR/first" ]
		take_all "$base" again
		ruleset >"$DIR/again"
		ok "$base: once more changes nothing" \
		    cmp "$DIR/first" "$DIR/again"
		broken "$base"
		ruleset >"$DIR/again"
		ok "$base: a mistake changes nothing" \
		    cmp "$DIR/first" "$DIR/again"
	done
	nft flush ruleset
}

# Only looked at: this network has no packet filter of its own.
check_pf()
{
	for file in "$kept"/*.pf; do
		base=${file##*/}
		case $base in
		*-rules.pf)	continue ;;
		esac
		split "$file"
		for text in $(texts); do
			# That of another rdomain need not exist here.
			sed 's/rtable [0-9]*/rtable 0/' "$text" >"$DIR/text"
			where=$(sed 's/^anchor //' "$text.name")
			ok "$base: $where" \
			    pfctl -a "$where" -nf "$DIR/text"
			echo "no such rule" >>"$DIR/text"
			nok "$base: $where with a mistake" \
			    pfctl -a "$where" -nf "$DIR/text"
		done
	done
}

case $SYSTEM in
linux)	check_nft ;;
*)	check_pf ;;
esac

finish

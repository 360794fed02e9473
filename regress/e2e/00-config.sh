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

# Every configuration in regress/conf, read by the daemon itself: pass-*.conf
# is accepted and printed as in .ok, and what is printed prints the same again;
# fail-*.conf is refused with the messages in .err.  Where it matters who may
# write to a file, a copy is changed.

VMNETD=${VMNETD:-$(dirname "$0")/../../vmnetd/vmnetd}
case $VMNETD in
/*)	;;
*)	VMNETD=$PWD/$VMNETD ;;
esac
conf=$(cd "$(dirname "$0")/../conf" && pwd) || exit 1
top=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
umask 022
work=$(mktemp -d "${TMPDIR:-/tmp}/vmnetd-config.XXXXXXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cp -R "$conf/." "$work" && chmod -R go-w "$work" && cd "$work" || exit 1

passed=0
failed=0

pass() {
	passed=$((passed + 1))
}

# fail what
fail() {
	failed=$((failed + 1))
	echo "00-config: $1"
}

# accepted file [argument ...]: -n says so and nothing else
accepted() {
	file=$1
	shift
	out=$("$VMNETD" -n -f "$file" "$@" 2>&1)
	if [ $? -eq 0 ] && [ "$out" = "configuration OK" ]; then
		pass
	else
		fail "$file is not accepted: $out"
	fi
}

# refused file text: -n fails, and this text is among the messages
refused() {
	out=$(timeout 10 "$VMNETD" -n -f "$1" 2>&1)
	if [ $? -ne 1 ]; then
		fail "$1 is not refused"
		return
	fi
	case $out in
	*"$2"*)	pass ;;
	*)	fail "$1 is refused without \"$2\": $out" ;;
	esac
}

# printed argument ...: what -nv prints, without the rules, which it gives as
# comments in the system's own language
printed() {
	"$VMNETD" -nv "$@" >whole || return 1
	sed -e '/^# The rules/,$d' whole | sed -e '$d'
	grep -q '^# The rules of all pools' whole
}

# prints file wanted: -nv prints what is in another file
prints() {
	if printed -f "$1" >out 2>err && cmp -s out "$2"; then
		pass
	else
		fail "$1 does not print as $2"
		diff "$2" out
		cat err
	fi
}

for file in pass-*.conf; do
	accepted "$file"
	prints "$file" "${file%.conf}.ok"
	cp out again.conf
	prints again.conf "${file%.conf}.ok"
done

for file in fail-*.conf; do
	"$VMNETD" -n -f "$file" >out 2>err
	if [ $? -ne 1 ]; then
		fail "$file is not refused"
	elif [ -s out ] || ! cmp -s err "${file%.conf}.err"; then
		fail "$file: other messages than in ${file%.conf}.err"
		diff "${file%.conf}.err" err
	else
		pass
	fi
done

# Macros of the command line go before those of the file.
echo 'net = "10.9.0.0/24" pool "a" { inet $net domain $name }' >macro.conf
accepted macro.conf -D name=x.org
printed -f macro.conf -D name=x.org -D net=10.8.0.0/24 >out 2>&1
if grep -q 'inet 10.8.0.0/24' out && grep -q 'domain "x.org"' out; then
	pass
else
	fail "macros of the command line: $(cat out)"
fi
refused macro.conf 'macro.conf:1: macro "name" is not defined'
for bad in novalue =value 1x=y 'a b=c'; do
	if "$VMNETD" -n -f pass-empty.conf -D "$bad" >/dev/null 2>&1; then
		fail "-D $bad is accepted"
	else
		pass
	fi
done
out=$(echo 'unused = 1' >unused.conf && "$VMNETD" -nv -f unused.conf 2>&1)
case $out in
*'unused.conf:1: macro "unused" is not used'*) pass ;;
*)	fail "unused macro is not reported: $out" ;;
esac

# Who may write to a file.
cp pass-minimal.conf mode.conf
chmod 664 mode.conf
refused mode.conf 'mode.conf: must not be writable by group or others'
chmod 646 mode.conf
refused mode.conf 'mode.conf: must not be writable by group or others'
echo 'include "mode.conf"' >outer.conf
refused outer.conf 'outer.conf:1: include "mode.conf": must not be writable'
chmod 600 mode.conf
accepted mode.conf
accepted outer.conf
if [ "$(id -u)" -eq 0 ]; then
	chown 1 mode.conf
	refused mode.conf 'mode.conf: must be owned by root'
fi
refused nosuch.conf 'nosuch.conf: '
refused . 'not a regular file'
refused /dev/null 'not a regular file'

# The same holds for files of rules, which have bounds as well.
echo 'vm "a" { rules "a.rules" }' >rules.conf
echo 'pass in' >a.rules
chmod 600 a.rules
accepted rules.conf
chmod 620 a.rules
refused rules.conf 'rules.conf:1: rules "a.rules": must not be writable'
chmod 602 a.rules
refused rules.conf 'rules.conf:1: rules "a.rules": must not be writable'
chmod 600 a.rules
if [ "$(id -u)" -eq 0 ]; then
	chown 1 a.rules
	refused rules.conf 'rules.conf:1: rules "a.rules": must be owned by'
	chown 0 a.rules
fi
printf 'pass\000in\n' >a.rules
refused rules.conf 'rules.conf:1: rules "a.rules": contains a NUL byte'
awk 'BEGIN { for (i = 0; i < 4096; i++) print "# 3456789012345" }' >a.rules
accepted rules.conf
echo >>a.rules
refused rules.conf 'rules.conf:1: rules "a.rules": too large'
rm a.rules
mkdir a.rules
refused rules.conf 'rules.conf:1: rules "a.rules": not a regular file'
rmdir a.rules
refused rules.conf 'rules.conf:1: rules "a.rules": No such file'
# From the directory of the file that names it.
mkdir sub
echo 'vm "a" { rules "b.rules" }' >sub/rules.conf
echo 'include "sub/rules.conf"' >rules.conf
echo 'pass in' >sub/b.rules
accepted rules.conf
out=$("$VMNETD" -nv -f rules.conf)
case $out in
*'rules "sub/b.rules"'*) pass ;;
*)	fail "rules beside an included file: $out" ;;
esac

# Nobody ever writes to these.
mkfifo fifo.conf fifo.rules
refused fifo.conf 'fifo.conf: not a regular file'
echo 'include "fifo.conf"' >outer.conf
refused outer.conf 'outer.conf:1: include "fifo.conf": not a regular file'
echo 'vm "a" { rules "fifo.rules" }' >outer.conf
refused outer.conf 'outer.conf:1: rules "fifo.rules": not a regular file'

# Files in files have a bound.
i=0
while [ $i -lt 20 ]; do
	echo "include \"deep$((i + 1)).conf\"" >deep$i.conf
	i=$((i + 1))
done
: >deep20.conf
refused deep0.conf 'too many files in files'
accepted deep10.conf
# From another directory, a relative path counts from the file's.
(cd / && "$VMNETD" -n -f "$work/pass-include.conf" >/dev/null 2>&1)
if [ $? -eq 0 ]; then
	pass
else
	fail "relative path in an included file"
fi

# The sample and the manual's examples.
cp "$top/etc/vmnetd.conf" sample.conf
accepted sample.conf
sed 's/^#\([^ ]\)/\1/' sample.conf >uncommented.conf
accepted uncommented.conf
awk '/^\.Bd -literal/ { n++; name = "manual" n ".conf"; printf "" >name
	on = 1; next }
    /^\.Ed/ { on = 0 }
    on { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print >name }' \
    "$top/man/vmnetd.conf.5"
for file in manual*.conf; do
	accepted "$file"
done

echo "00-config: $passed passed, $failed failed"
[ $failed -eq 0 ]

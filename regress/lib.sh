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

# For the end-to-end tests: each is a shell script that begins with
#
#	. "$(dirname "$0")/../lib.sh"
#
# and from there on runs as root in a network of its own, with a directory of
# its own ($DIR), and ends with `finish'.  Whatever it leaves behind is
# removed.  What differs between systems is in lib-linux.sh and
# lib-openbsd.sh.  A test that sets NETWORKS before has networks around that
# host, too, as net-linux.sh and net-openbsd.sh make them.
#
# From the environment:
#	VMNETD VMNETCTL	the programs to test
#	REGRESS_OBJ	where the tests' own programs are built
#	REGRESS_BUILT	if set, they are up to date
#	REGRESS_KEEP	if set, keep $DIR and say where it is
#	REGRESS_TIMEOUT	seconds that a test may take
#
# For a test, besides the functions below:
#	CONF LEASES SOCK	the daemon's files
#	RD			what a pool must say to serve this network
#	T0 to T9		names of taps
#	TAPS STORM		names of many taps with %d, and how many there may be

top=$(cd "$(dirname "$0")" &&
    while [ ! -f regress/lib.sh ] && [ "$PWD" != / ]; do cd ..; done; pwd)
name=${0##*/}
name=${name%.sh}
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin
export PATH

VMNETD=${VMNETD:-$top/vmnetd/vmnetd}
VMNETCTL=${VMNETCTL:-$top/vmnetctl/vmnetctl}
REGRESS_OBJ=${REGRESS_OBJ:-$top/obj/regress}
GUEST=$REGRESS_OBJ/guest
UNIXSEND=$REGRESS_OBJ/unixsend
ANSWER=$REGRESS_OBJ/answer

# shellcheck source=lib-linux.sh
. "$top/regress/lib-$(uname | tr 'A-Z' 'a-z').sh"
# shellcheck source=net-linux.sh
[ -z "${NETWORKS:-}" ] || . "$top/regress/net-$SYSTEM.sh"

# Tests may run at the same time: what is built appears at once and whole.
build()
{
	build_out=$1
	shift
	[ ! -x "$build_out" ] || [ -n "$(find "$top/regress/guest" \
	    -name "*.[ch]" -newer "$build_out")" ] || return 0
	mkdir -p "${build_out%/*}"
	${CC:-cc} -g -O1 -Wall -I"$top/vmnetd" -o "$build_out.$$" "$@" &&
	    mv -f "$build_out.$$" "$build_out"
}

build_helpers()
{
	[ -z "${REGRESS_BUILT:-}" ] || return 0
	guest_src=$top/regress/guest
	build "$GUEST" "$guest_src/guest.c" "$guest_src/packet.c" \
	    "$guest_src/dhcp.c" "$guest_src/bad.c" "$guest_src/$SYSTEM/tap.c" &&
	    build "$UNIXSEND" "$guest_src/unixsend.c" &&
	    build "$ANSWER" "$guest_src/answer.c"
}

# --- outside: a network for the test, and what remains of it ----------------

outside()
{
	for program in "$VMNETD" "$VMNETCTL"; do
		[ -x "$program" ] || {
			echo "$name: $program is not built" >&2
			exit 1
		}
	done
	[ "$(id -u)" -eq 0 ] || {
		echo "$name: must be run as root" >&2
		exit 1
	}
	build_helpers || exit 1
	DIR=$(mktemp -d /tmp/vmnetd-regress.XXXXXX) || exit 1
	chmod 755 "$DIR"
	NET=vmnetd$$
	trap outside_cleanup EXIT
	trap 'exit 1' HUP INT TERM
	network_create || exit 1
	REGRESS_INSIDE=1
	export DIR NET REGRESS_INSIDE VMNETD VMNETCTL REGRESS_OBJ
	# In the background, so that a signal is not kept waiting.
	in_network timeout -k 5 "${REGRESS_TIMEOUT:-120}" sh "$0" &
	wait $!
}

outside_cleanup()
{
	outside_status=$?
	trap - EXIT
	trap '' HUP INT TERM
	network_destroy
	if [ -n "${REGRESS_KEEP:-}" ]; then
		echo "$name: files are in $DIR"
	else
		rm -rf "$DIR"
	fi
	exit $outside_status
}

if [ -z "${REGRESS_INSIDE:-}" ]; then
	outside
	exit $?
fi

# --- inside -----------------------------------------------------------------

passed=0
failed=0
skipped=0
finished=0
daemon=
CONF=$DIR/vmnetd.conf
LEASES=$DIR/leases/leases
SOCK=$DIR/sock
LOG=$DIR/log
: >"$LOG"
umask 022
network_names
trap inside_end EXIT

inside_end()
{
	[ $finished -eq 1 ] || {
		fail "the test ended before its end"
		summary
		exit 1
	}
}

pass()
{
	passed=$((passed + 1))
}

# What went wrong, and what is known about it.
fail()
{
	failed=$((failed + 1))
	echo "FAIL $name: $1"
	shift
	for line in "$@"; do
		printf '\t%s\n' "$line"
	done
}

# ok WHAT COMMAND ...: the command succeeds; what it said is in $ok_out
ok()
{
	ok_what=$1
	shift
	"$@" >"$DIR/ok.out" 2>&1
	ok_status=$?
	ok_out=$(cat "$DIR/ok.out")
	if [ $ok_status -eq 0 ]; then
		pass
	else
		fail "$ok_what" "$* gave $ok_status" "$ok_out"
		return 1
	fi
}

# nok WHAT COMMAND ...: it fails, but does not die of a signal; $nok_out
nok()
{
	nok_what=$1
	shift
	"$@" >"$DIR/nok.out" 2>&1
	nok_status=$?
	nok_out=$(cat "$DIR/nok.out")
	if [ $nok_status -gt 0 ] && [ $nok_status -lt 124 ]; then
		pass
	else
		fail "$nok_what" "$* gave $nok_status" "$nok_out"
		return 1
	fi
}

# is WHAT GOT WANTED
is()
{
	if [ "$2" = "$3" ]; then
		pass
	else
		fail "$1" "got:    $2" "wanted: $3"
		return 1
	fi
}

isnt()
{
	if [ "$2" != "$3" ]; then
		pass
	else
		fail "$1" "got: $2"
		return 1
	fi
}

# like WHAT GOT PATTERN: a pattern of the shell, for all of it
like()
{
	# shellcheck disable=SC2254 # a pattern
	case $2 in
	$3)	pass ;;
	*)
		fail "$1" "got:     $2" "pattern: $3"
		return 1
		;;
	esac
}

unlike()
{
	# shellcheck disable=SC2254 # a pattern
	case $2 in
	$3)
		fail "$1" "got:         $2" "not pattern: $3"
		return 1
		;;
	*)	pass ;;
	esac
}

# wait_for SECONDS COMMAND ...
wait_for()
{
	wait_tries=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		wait_tries=$((wait_tries - 1))
		[ $wait_tries -gt 0 ] || return 1
		sleep 0.05
	done
}

# soon WHAT COMMAND ...: it succeeds within some seconds
soon()
{
	soon_what=$1
	shift
	if wait_for "${PATIENCE:-10}" "$@"; then
		pass
	else
		fail "$soon_what" "never: $*" "$("$@" 2>&1)"
		return 1
	fi
}

# During a while that is long enough for it, something does not happen.
never()
{
	never_what=$1
	shift
	if wait_for 1 "$@"; then
		fail "$never_what" "happened: $*"
		return 1
	fi
	pass
}

summary()
{
	if grep -E 'AddressSanitizer|runtime error:|LeakSanitizer' "$LOG"; then
		fail "a sanitizer complained"
	fi
	# From the daemon, and not from tests that try.
	if grep -E '(parent|priv|frontend|engine) terminated by signal 6' "$LOG"
	then
		fail "a process broke a promise"
	fi
	if grep -E 'unknown message|text without an end' "$LOG"; then
		fail "the processes do not understand each other"
	fi
	[ $failed -eq 0 ] || {
		echo "--- the end of the daemon's log:"
		tail -n "${REGRESS_LOGLINES:-25}" "$LOG"
		echo "---"
	}
	summary_line="$name: $passed passed, $failed failed"
	[ $skipped -eq 0 ] || summary_line="$summary_line, $skipped skipped"
	echo "$summary_line"
}

finish()
{
	[ -z "$daemon" ] || ok "the daemon stops in order" daemon_stop
	finished=1
	summary
	[ $failed -eq 0 ]
	exit $?
}

# The system has not what a part of the test needs.
skip_some()
{
	echo "$name: skipped: $*"
	skipped=$((skipped + 1))
}

# ... nor what the test needs at all.
skip()
{
	skip_some "$@"
	finished=1
	summary
	exit 0
}

have()
{
	command -v "$1" >/dev/null 2>&1
}

# first_bytes NUMBER FILE: not every head(1) has -c
first_bytes()
{
	dd if="$2" bs="$1" count=1 2>/dev/null
}

# --- the daemon -------------------------------------------------------------

# The search for leaks needs /proc, which the processes do not see.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export ASAN_OPTIONS

# The configuration, from standard input.
conf()
{
	cat >"$CONF"
}

# The one that most tests use.
conf_default()
{
	conf <<-EOC
	pool "default" {
		inet 172.16.0.0/24
		nameserver 9.9.9.9
		$RD
	}
	EOC
}

ctl()
{
	"$VMNETCTL" -s "$SOCK" "$@"
}

vmnetd()
{
	"$VMNETD" -f "$CONF" -l "$LEASES" -s "$SOCK" "$@"
}

# In the background, as process $daemon: not as a child of a shell there.
daemon_run()
{
	"$VMNETD" -f "$CONF" -l "$LEASES" -s "$SOCK" -d "$@" &
	daemon=$!
}

daemon_alive()
{
	[ -n "$daemon" ] && kill -0 "$daemon" 2>/dev/null
}

daemon_answers()
{
	! daemon_alive || ctl show pools
}

# Start it and wait until it answers.
daemon_start()
{
	daemon_run -v "$@" >>"$LOG" 2>&1
	if wait_for 20 daemon_answers && daemon_alive; then
		pass
	else
		fail "the daemon starts"
		return 1
	fi
}

# Stop it and return its exit status.
daemon_stop()
{
	kill -TERM "$daemon"
	daemon_wait
}

daemon_wait()
{
	wait "$daemon" 2>/dev/null
	daemon_status=$?
	daemon=
	return $daemon_status
}

# The process of a role, whose children bear it in their title.
pid_of()
{
	if [ "$1" = parent ]; then
		echo "$daemon"
		return
	fi
	pgrep -P "$daemon" -f "$1"
}

# Gone, or waiting for its parent to see that.
process_ended()
{
	case $(ps -o stat= -p "$1") in
	""|Z*)	return 0 ;;
	*)	return 1 ;;
	esac
}

# The lines of the log that hold a text.
logged()
{
	grep -F -e "$1" "$LOG"
}

# --- what vmnetctl shows ----------------------------------------------------

# column HEADING < table: that column of the first row
column()
{
	awk -v heading="$1" '
	    NR == 1 { for (i = 1; i <= NF; i++) if ($i == heading) n = i }
	    NR == 2 { print $n }'
}

# field VM INTERFACE HEADING
field()
{
	ctl show leases "$1" "$2" 2>/dev/null | column "$3"
}

# in_state STATE VM [INTERFACE]
in_state()
{
	[ "$(field "$2" "${3:-0}" state)" = "$1" ]
}

# reason VM [INTERFACE]
reason()
{
	ctl show leases "$1" "${2:-0}" 2>/dev/null | sed -n '3s/^ *//p'
}

# What is said of a tap that is not managed.
tap_reason()
{
	ctl show interfaces | awk -v tap="$1" '$1 == tap {
	    for (i = 6; i <= NF; i++) printf "%s ", $i
	    print "" }'
}

# tap_managed TAP yes|no
tap_managed()
{
	[ "$(ctl show interfaces | awk -v tap="$1" \
	    '$1 == tap { print $5 }')" = "$2" ]
}

# left_alone TAP TEXT: it is not managed, and that is why
left_alone()
{
	tap_managed "$1" no && tap_reason "$1" | grep -qF -e "$2"
}

# stat_of GROUP NAME
stat_of()
{
	ctl show stats | awk -v group="$1" -v name="$2" '
	    $1 == group && $2 == name { print $3; found = 1 }
	    END { if (!found) print 0 }'
}

# A value of a line that the guest printed: value KEY LINE
value()
{
	printf '%s\n' "$2" | tr ' ' '\n' | sed -n "s/^$1=//p" | head -n 1
}

# --- guests -----------------------------------------------------------------

# In the foreground: guest -t TAP -D DESCRIPTION ACTION ...
guest()
{
	"$GUEST" "$@"
}

# In the background, under a name: guest_start NAME -t TAP ...
guest_start()
{
	guest_name=$1
	shift
	# Here, not in the background: what an earlier one said is gone now.
	: >"$DIR/$guest_name.out"
	"$GUEST" "$@" >>"$DIR/$guest_name.out" 2>&1 &
	echo $! >"$DIR/$guest_name.pid"
}

# What it printed so far.
guest_out()
{
	cat "$DIR/$1.out"
}

# It has printed such a line: guest_said NAME TEXT
guest_said()
{
	grep -q -e "$2" "$DIR/$1.out"
}

# Its VM goes: the tap is closed.
guest_stop()
{
	guest_pid=$(cat "$DIR/$1.pid")
	kill -TERM "$guest_pid" 2>/dev/null
	wait "$guest_pid" 2>/dev/null
}

host_pings()
{
	ping -c 1 -w "${PING_PATIENCE:-2}" "$1" >/dev/null 2>&1
}

# --- places: for tests with NETWORKS ----------------------------------------

# in_place PLACE COMMAND ...
in_place()
{
	place=$1
	shift
	if [ "$place" = host ]; then
		"$@"
	else
		guest_run "$place" "$@"
	fi
}

# A VM comes, on that tap, and has its network: guest_net VM TAP
guest_net()
{
	guest_number=$((${guest_number:-0} + 1))
	guest_link "$1" "$2" "vm1-if0-$1" \
	    "fe:e1:bb:d1:ee:0$guest_number" && guest_address "$1"
}

# The same one again.
guest_again()
{
	guest_number=$((guest_number + 1))
	guest_plug "$1" "$2" "vm1-if0-$1" \
	    "fe:e1:bb:d1:ee:0$guest_number" && guest_address "$1"
}

# A server in a place: server PLACE ARGUMENT ... of answer.c
# Not in a command substitution, which would wait for its end.
server()
{
	server_place=$1
	shift
	server_count=$((${server_count:-0} + 1))
	server_out=$DIR/server.$server_count
	: >"$server_out"
	# shellcheck disable=SC2016 # for that shell
	in_place "$server_place" sh -c 'echo $$ >>"$0"; exec "$@"' \
	    "$DIR/servers" "$ANSWER" "$@" >>"$server_out" 2>&1 &
	wait_for 5 grep -q listening "$server_out"
}

# One that tells everybody who it is and who asks; by UDP in a place with
# several addresses it must be told which it is asked at:
# answerer PLACE PORT [tcp|udp [ADDRESS]]
answerer()
{
	answerer_flags=
	[ "${3:-tcp}" = tcp ] || answerer_flags=-u
	# shellcheck disable=SC2086 # none, or one
	server "$1" $answerer_flags -b "${4:-0.0.0.0}" "$1" "$2"
}

# One that says again what it hears: echoer PLACE PORT
echoer()
{
	server "$1" -e "$1" "$2"
}

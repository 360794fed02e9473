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

# What each process may do, while the daemon serves: no more than it needs.

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = linux ] || skip "made for /proc of Linux"

# With no more than the service manager leaves it.
if have setpriv; then
	caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$top/etc/vmnetd.service" |
	    tr 'A-Z\n' 'a-z ' | sed 's/ *$//; s/cap_/+/g; s/ /,/g')
	cat >"$DIR/confined" <<-EOS
	#!/bin/sh
	exec setpriv --no-new-privs --inh-caps=-all \
	    --bounding-set=-all,$caps $VMNETD "\$@"
	EOS
	chmod 755 "$DIR/confined"
	VMNETD_PROGRAM=$VMNETD
	VMNETD=$DIR/confined
fi
conf_default
daemon_start
VMNETD=${VMNETD_PROGRAM:-$VMNETD}
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind serve
soon "with the service's capabilities a guest is served" in_state bound vm0
ok "and reload works" ctl reload

# status ROLE KEY: of /proc/PID/status
status()
{
	awk -v key="$2:" '$1 == key { print $2 }' "/proc/$(pid_of "$1")/status"
}

user=$(id -u _vmnetd)
# What the kernel gives to all that is open: sockets, events, the log.
log=$(readlink -f "$LOG")
for role in frontend engine priv; do
	pid=$(pid_of $role)
	is "$role cannot get privileges" "$(status $role NoNewPrivs)" 1
	is "$role has an empty root" "$(ls -A "/proc/$pid/root")" ""
	is "$role has no file but the log" "$(for fd in "/proc/$pid/fd"/*; do
	    readlink "$fd"; done | grep '^/' | grep -v '^/memfd:' | grep -vx /dev/null |
	    grep -vxF "$log")" ""
	isnt "$role is not the daemon's title" \
	    "$(tr '\000' ' ' <"/proc/$pid/cmdline" | cut -d ' ' -f 1)" "$VMNETD"
	[ $role = priv ] || {
		is "$role is not root" "$(status $role Uid)" "$user"
		is "$role has no capability" "$(status $role CapEff)" \
		    0000000000000000
		is "nor can it have one" "$(status $role CapPrm)" \
		    0000000000000000
	}
done
# CAP_NET_ADMIN and CAP_NET_RAW.
is "priv has two capabilities" "$(status priv CapEff)" 0000000000003000
for role in frontend engine; do
	is "$role cannot get a capability back" "$(status $role CapBnd)" \
	    0000000000000000
	is "$role is in no group but its own" "$(sed -n 's/^Groups:[ 	]*//p' \
	    "/proc/$(pid_of $role)/status" | tr -d ' ')" "$(id -g _vmnetd)"
done
is "nor can priv" "$(status priv CapBnd)" 0000000000003000
# It has the files of root, and what belongs to others is not its to touch.
for set in CapEff CapPrm CapBnd; do
	is "the parent has no capability in $set" "$(status parent $set)" \
	    0000000000000000
done

if grep -q __asan_init "$VMNETD"; then
	skip_some "a build with sanitizers does not filter system calls"
else
	for role in parent priv frontend engine; do
		is "the system calls of $role are filtered" \
		    "$(status $role Seccomp)" 2
	done
fi

# A root directory into which somebody could put something.
ok "stop" daemon_stop
confined_to()
{
	mount -t tmpfs -o "$1" none /var/empty
	daemon_run >"$DIR/out" 2>&1
	if wait_for 10 eval '! kill -0 $daemon' 2>/dev/null; then
		daemon_wait
		isnt "/var/empty with $1 is refused" "$daemon_status" 0
	else
		fail "/var/empty with $1 is taken"
		daemon_stop
	fi
	like "with a reason" "$(cat "$DIR/out")" "*must be a directory that is*"
	umount /var/empty
}
confined_to mode=775
confined_to mode=757
confined_to "mode=755,uid=$user"
daemon_start

# With no more system calls than the service manager lets through.
calls()
{
	for call; do
		case $call in
		@*)
			# shellcheck disable=SC2046 # words
			calls $(systemd-analyze syscall-filter "$call" |
			    sed '1d; s/#.*//')
			;;
		*)
			echo "$call"
			;;
		esac
	done
}
TORTURE=${TORTURE:-$top/obj/torture}
if have systemd-analyze && [ -x "$TORTURE/service" ] &&
    ! grep -q __asan_init "$VMNETD"; then
	ok "stop" daemon_stop
	# shellcheck disable=SC2046 # words
	calls $(sed -n 's/^SystemCallFilter=//p' "$top/etc/vmnetd.service") \
	    >"$DIR/calls"
	ok "there are enough" [ "$(wc -l <"$DIR/calls")" -gt 200 ]
	VMNETD_PROGRAM=$VMNETD
	VMNETD=$DIR/filtered
	# An older one does not know them all; the kernel says so, then.
	for otherwise in errno kill; do
		cat >"$VMNETD" <<-EOS
		#!/bin/sh
		exec $TORTURE/service $otherwise $DIR/calls.$otherwise \
		    $VMNETD_PROGRAM "\$@"
		EOS
		chmod 755 "$VMNETD"
		cp "$DIR/calls" "$DIR/calls.kill"
		grep -v landlock "$DIR/calls" >"$DIR/calls.errno"
		daemon_start
		soon "with the service's system calls, too" in_state bound vm0
		ok "and reload works" ctl reload
		ok "another guest is served" guest -t $T2 -D vm3-if0-vm2 bind
		[ $otherwise = kill ] || ok "stop" daemon_stop
	done
	VMNETD=$VMNETD_PROGRAM
else
	skip_some "neither systemd-analyze nor a filter of system calls"
fi

# No descriptor stays behind when VMs come and go.
open_files()
{
	for role in parent priv frontend engine; do
		ls "/proc/$(pid_of $role)/fd" | wc -l
	done | tr '\n' ' '
}
ok "a VM comes and goes" guest -t $T1 -D vm2-if0-vm1 bind
soon "it has gone" in_state idle vm1
before=$(open_files)
for n in 1 2 3 4 5; do
	ok "and again" guest -t $T1 -D vm2-if0-vm1 bind
	soon "it has gone" in_state idle vm1
done
soon "as many files are open as before" eval '[ "$(open_files)" = "$before" ]'

finish

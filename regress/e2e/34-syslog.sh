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

# What daemonizes finds the system's log whenever that is there.

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = linux ] || skip "sendsyslog(2) needs no socket"
busybox syslogd --help >/dev/null 2>&1 || skip "no syslogd of busybox"

# A /dev of our own, in the name space that the test's network is in.
mkdir "$DIR/dev"
mount --make-rprivate /
mount -t tmpfs none "$DIR/dev"
mkdir "$DIR/dev/net"
for node in null zero random urandom net/tun; do
	touch "$DIR/dev/$node"
	mount --bind "/dev/$node" "$DIR/dev/$node"
done
mount --rbind "$DIR/dev" /dev

log_start()
{
	rm -f /dev/log
	LOG=$DIR/$1
	busybox syslogd -n -O "$LOG" &
	syslogd=$!
	soon "the log's daemon is there" [ -S /dev/log ]
}

log_stop()
{
	kill "$syslogd"
	wait "$syslogd" 2>/dev/null
}

conf_default
"$VMNETD" -v -f "$CONF" -l "$LEASES" -s "$SOCK" </dev/null
is "it starts without a log" $? 0
soon "it answers" ctl show pools
daemon=$(pgrep -o -f "$VMNETD -v -f $CONF")
log_start log1
ok "reload" ctl reload
soon "the parent finds it" logged "reloaded"
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind serve
soon "the guest is bound" in_state bound vm0
soon "and the engine" logged "tap0: vm0 interface 0: host"
log_stop

log_start log2
ok "reload" ctl reload
soon "the parent finds it when it starts again" logged "reloaded"
nft flush ruleset
soon "and priv" logged "removed by somebody else"
guest_stop vm0
soon "and the engine" logged "vm0 interface 0 has left"
ok "with the right priority" eval \
    'logged "removed by somebody else" | grep -q "daemon.err .*vmnetd\["'
kill -KILL "$(pid_of engine)"
soon "the end of a process is said" logged "engine terminated by signal 9"
ok "as critical" eval 'logged "terminated by" | grep -q daemon.crit'
soon "and is that of all" process_ended "$daemon"
daemon=

# The last words of a process that gives up.
evil=${TORTURE:-$top/obj/torture}/evil_engine
if [ -x "$evil" ]; then
	"$evil" -f "$CONF" -l "$LEASES" -s "$SOCK" </dev/null
	soon "one with an evil engine" logged "evil: over"
	timeout 5 "$VMNETCTL" -s "$SOCK" release vm1 >/dev/null 2>&1
	soon "why a process has failed is said" logged "fatal in priv"
	soon "and that it has" logged "priv has failed"
else
	skip_some "$evil is not built"
fi
log_stop
LOG=$DIR/log

finish

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


# The rc.d(8) script, by the system's own rc.subr(8).

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = openbsd ] || skip "made for rc.subr(8)"

# Under a name that is nobody else's.
rc=$DIR/vmnetd_regress
sed -e "s,^daemon=.*,daemon=\"$VMNETD\"," \
    -e "s,^\. /etc,daemon_flags=\"-f $CONF -l $LEASES -s $SOCK\"\\
daemon_rtable=$HOST_RD\\
&," "$top/etc/rc.d/vmnetd" >"$rc"
chmod 755 "$rc"

rc()
{
	"$rc" -f "$1"
}

conf_default
nok "check says that it does not run" rc check
ok "configtest" rc configtest
ok "start" rc start
soon "it answers" ctl show pools
ok "check says that it runs" rc check
ok "a second start does nothing" rc start
is "there is one" "$(pgrep -T "$HOST_RD" -xf \
    "$VMNETD -f $CONF -l $LEASES -s $SOCK" | wc -l | tr -d ' ')" 1
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind serve
soon "a guest is served" in_state bound vm0

conf <<EOC
pool "default" { inet 172.16.0.0/24 $RD }
pool "second" { inet 172.17.0.0/24 $RD }
default pool "default"
EOC
ok "reload" rc reload
soon "has loaded the new configuration" eval \
    'ctl show pools | grep -q "^second "'
echo 'pool "default" { inet 172.16.0.0/99 }' >"$CONF"
nok "configtest finds a mistake" rc configtest
nok "and reload refuses it" rc reload
ok "the old goes on" eval 'ctl show pools | grep -q "^second "'
nok "restart refuses it, too" rc restart
ok "still running" rc check
ok "the guest is reached" host_pings 172.16.0.3

conf_default
ok "restart" rc restart
soon "it answers again" ctl show pools
soon "the guest is bound still" in_state bound vm0
ok "stop" rc stop
nok "it has stopped" rc check
is "the host address stays" "$(tap_addresses $T0)" 172.16.0.2/31
ok "stopping twice is no mistake" rc stop

# A start that fails says so.
echo 'nonsense' >"$CONF"
nok "start with a mistake" rc start
rm -f "/var/run/rc.d/${rc##*/}"

finish

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

# New configurations, good and bad.

. "$(dirname "$0")/../lib.sh"

conf_default
daemon_start
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind serve
soon "the guest is bound" in_state bound vm0
before=$(ctl show leases)

# --- bad ones

cat >"$CONF" <<EOC
pool "default" {
	inet 172.16.0.0/24
	lease time soon
	$RD
}
pool "over" { inet 172.16.0.128/25 $RD }
vm "x" { pool "nowhere" }
EOC
nok "a bad configuration is refused" ctl reload
like "the caller hears of line 3" "$nok_out" "*$CONF:3: *"
is "vmnetctl says it on standard error" "$(ctl reload 2>/dev/null)" ""
ok "the log says it" logged "$CONF:3: "
is "nothing has changed" "$(ctl show leases)" "$before"
is "no pool has" "$(ctl show pools | wc -l | tr -d ' ')" 2
ok "the guest is reached" host_pings 172.16.0.3

cat >"$CONF" <<EOC
pool "default" {
	inet 172.16.0.0/24
	$RD
}
pool "over" { inet 172.16.0.128/25 $RD }
vm "x" { pool "nowhere" }
EOC
nok "so is one that contradicts itself" ctl reload
nok "and with -n" vmnetd -n
like "all mistakes in one run: the pool" "$nok_out" "*$CONF:5: *"
like "and the vm" "$nok_out" "*$CONF:6: *nowhere*"

mkfifo "$DIR/fifo"
echo "include \"$DIR/fifo\"" >"$CONF"
nok "a FIFO that nobody writes to is refused" ctl reload
like "at once" "$nok_out" "*not a regular file*"
ok "the guest is reached" host_pings 172.16.0.3

rm "$CONF"
nok "a file that is not there is refused" ctl reload
like "by name" "$nok_out" "*$CONF*"

conf_default
chmod 666 "$CONF"
nok "a file that others may write is refused" ctl reload
chmod 600 "$CONF"
ok "the good one is taken" ctl reload
is "and says nothing" "$ok_out" ""
is "nothing has changed" "$(ctl show leases)" "$before"

# --- good ones

conf <<EOC
default pool "default"
pool "default" {
	inet 172.16.0.0/24
	nameserver 192.0.2.53
	lease time 2h
	$RD
}
pool "new" { inet 172.17.0.0/24 $RD }
vm "vm1" { pool "new" }
EOC
ok "a good configuration" ctl reload
is "there is a new pool" "$(ctl show pools | awk '$1=="new"{print $2}')" \
    172.17.0.0/24
is "the lease stays" "$(ctl show leases)" "$before"
guest_stop vm0
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind serve
soon "it comes again" in_state bound vm0
ack=$(grep '^ack' "$DIR/vm0.out")
is "with the new name server" "$(value dns "$ack")" 192.0.2.53
is "and lease time" "$(value lease "$ack")" 7200
guest_start vm1 -t $T1 -m fe:e1:bb:d1:00:02 -D vm2-if0-vm1 bind serve
soon "a VM of the new pool" in_state bound vm1
is "has its first lease" "$(field vm1 0 host)" 172.17.0.2/31

# --- a present VM that would be elsewhere now

conf <<EOC
default pool "default"
pool "default" { inet 172.16.0.0/24 $RD }
pool "new" { inet 172.17.0.0/24 $RD }
vm "vm0" { pool "new" }
EOC
ok "a configuration that moves vm0" ctl reload
ok "it stays while its VM is there" in_state bound vm0
is "where it was" "$(field vm0 0 host)" 172.16.0.2/31
like "and is marked" "$(reason vm0)" "*pool*"
ok "it is still reached" host_pings 172.16.0.3
guest_stop vm0
guest_start vm0 -t $T0 -m fe:e1:bb:d1:00:09 -D vm3-if0-vm0 bind serve
soon "when it comes again it is in the new pool" \
    eval '[ "$(field vm0 0 pool)" = new ]'
soon "and bound" in_state bound vm0
is "without a mark" "$(reason vm0)" ""

# An ignored VM is taken up.
conf <<EOC
default pool "default"
pool "default" { inet 172.16.0.0/24 $RD }
pool "new" { inet 172.17.0.0/24 $RD }
vm "later" { ignore }
EOC
ok "reload" ctl reload
guest_start later -t $T2 -m fe:e1:bb:d1:00:08 -D vm4-if0-later bind serve
soon "an ignored VM" left_alone $T2 ignore
conf <<EOC
default pool "default"
pool "default" { inet 172.16.0.0/24 $RD }
pool "new" { inet 172.17.0.0/24 $RD }
EOC
# SIGHUP does what `vmnetctl reload' does.
kill -HUP "$daemon"
soon "is served once it is not ignored any more" in_state bound later

# A full pool that grows.
conf <<EOC
pool "tiny" { inet 172.20.0.0/30 subnet 30 $RD }
EOC
ok "reload to a tiny pool" ctl reload
for n in 3 4; do
	guest_start t$n -t "$(eval echo "\$T$n")" -m fe:e1:bb:d1:01:0$n \
	    -D vm$n-if0-t$n bind serve
done
soon "one VM finds no place" eval \
    'in_state failed t3 || in_state failed t4'
conf <<EOC
pool "tiny" { inet 172.20.0.0/29 subnet 30 $RD }
EOC
ok "reload to a larger one" ctl reload
soon "both are served" in_state bound t3
soon "both are served" in_state bound t4

finish

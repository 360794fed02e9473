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

# Forwards by the thousand, and what becomes of a connection when its forward is

# A tap is what its index says: it may get another name while its VM runs, and
# its old name may become another's.

NETWORKS=1
. "${0%/*}/../lib.sh"

[ "$SYSTEM" = linux ] || skip "interfaces are not renamed here"

# in_chain TEXT: do the rules of the only VM with rules say so?
in_chain()
{
	nft list table inet vmnetd | grep -q "$1"
}

spoofs()
{
	place_address "$1" "$2"
	place_pings "$1" $FAR "$2"
}

guarded_as()
{
	is_guarded "$1" && nft list set inet vmnetd guests |
	    grep -q "\"$1\" . $(ctl show address "$2")"
}

outside_create
outside_route 172.16.0.0/24
echo 'iifname $tap tcp dport 25 drop' >"$DIR/vm0.nft"
conf <<EOC
pool "default" { inet 172.16.0.0/24 }
vm "vm0" { rules "$DIR/vm0.nft" }
EOC
daemon_start
ok "a guest comes" guest_net vm0 $T0
own=$(ctl show address vm0)
ok "its rules name the tap" in_chain "iifname \"$T0\" tcp dport 25 drop"

ok "the tap gets another name" ip link set $T0 name tapx
soon "vmnetd knows it" eval '[ "$(field vm0 0 tap)" = tapx ]'
soon "the VM is served there" eval "in_state ready vm0 || in_state bound vm0"
is "with its address" "$(tap_addresses tapx)" "$(field vm0 0 host)"
ok "its rules name it so" in_chain 'iifname "tapx" tcp dport 25 drop'
nok "and not as before" in_chain "iifname \"$T0\""
ok "it is guarded" guarded_as tapx vm0
ok "it is heard from its own address" \
    place_hears out "$own" place_pings vm0 $FAR
nok "but not from another" \
    place_hears out 172.16.0.77 spoofs vm0 172.16.0.77

# Its old name comes back.
ok "another guest comes" guest_net vm1 $T0
ok "it is guarded" guarded_as $T0 vm1
ok "the first is guarded still" guarded_as tapx vm0

ok "another name again" ip link set tapx name tapy
soon "vmnetd knows it" eval '[ "$(field vm0 0 tap)" = tapy ]'
soon "the VM is served there" eval "in_state ready vm0 || in_state bound vm0"
guest_stop vm0
soon "it leaves" in_state idle vm0
soon "without its rules" eval '! in_chain "tcp dport 25 drop"'
ok "the other is guarded still" guarded_as $T0 vm1
nok "it is not heard from another address" \
    place_hears out 172.16.0.77 spoofs vm1 172.16.0.77

# A tap that stays when its VM has gone.
ip tuntap add name pers0 mode tap
ok "a guest on a tap that stays" guest_net vm2 pers0
ok "it gets another name" ip link set pers0 name pers1
soon "the VM is served there" eval '[ "$(field vm2 0 tap)" = pers1 ] &&
    { in_state ready vm2 || in_state bound vm2; }'
guest_stop vm2
PATIENCE=15 soon "it leaves" in_state idle vm2
soon "its address does not stay" eval '[ -z "$(tap_addresses pers1)" ]'

# Somebody gives a tap the address of another VM's.
address=$(field vm1 0 host)
ok "a guest comes" guest_net vm3 $T3
address_add $T3 "$address"
soon "it is left alone" left_alone $T3 "that of $T0"
address_del $T3 "$address"
soon "and served again" eval "in_state ready vm3 || in_state bound vm3"
finish

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

# A client's whole life: RFC 2131, 951, 1542, 6842.

. "$(dirname "$0")/../lib.sh"

conf <<EOC
pool "default" {
	inet 172.16.0.0/24
	nameserver 9.9.9.9
	boot file "pxe"
	option 224 "text"
	$RD
}
vm "long" { lease time forever }
EOC
daemon_start

G="-t $T0 -D vm1-if0-vm0"

# all WHAT ACTION ...: in one life of the tap, each as expected
all()
{
	all_what=$1
	shift
	# shellcheck disable=SC2086 # words
	ok "$all_what" guest $G "$@" || :
	out=$ok_out
}

# line N: of the last guest
line()
{
	printf '%s\n' "$out" | sed -n "$1p"
}

all "discover, request, renew, rebind, reboot" discover request renew rebind \
    reboot
for n in 2 3 4 5; do
	like "ACK $n" "$(line $n)" "ack address=172.16.0.3 *lease=3600*"
done
is "an ACK to a renewal goes to the client" "$(value to "$(line 3)")" \
    172.16.0.3
is "it says who it is" "$(value ciaddr "$(line 3)")" 172.16.0.3
is "by unicast" "$(value cast "$(line 3)")" unicast
is "custom option" "$(value option.224 "$(line 1)")" 74657874
is "boot file" "$(value file "$(line 1)")" pxe
is "as an option too" "$(value option.67 "$(line 1)")" pxe

all "without the broadcast flag" broadcast=0 discover
is "the reply is unicast" "$(value cast "$(line 1)")" unicast
is "to the address it offers" "$(value to "$(line 1)")" 172.16.0.3
all "with the broadcast flag" broadcast=1 discover
is "the reply is broadcast" "$(value cast "$(line 1)")" broadcast
is "to everybody" "$(value to "$(line 1)")" 255.255.255.255

all "init-reboot with a wrong address: NAK" reboot=172.16.0.77:nak
is "a NAK is broadcast" "$(value cast "$(line 1)")" broadcast
is "it names the server" "$(value server "$(line 1)")" 172.16.0.2
is "it gives no address" "$(value address "$(line 1)")" 0.0.0.0
all "init-reboot from another network: NAK" reboot=10.9.8.7:nak
all "a request for another address than the offered: NAK" discover \
    server=172.16.0.2 address=172.16.0.9 request:nak
all "renewal of a wrong address: NAK" address=172.16.0.9 rebind:nak
all "the right one after a NAK" reboot=172.16.0.77:nak discover request
all "a request to another server: silence" server=192.0.2.1 \
    address=172.16.0.3 request:none

all "release" discover request release
soon "the lease is idle, or ready for the next" eval \
    '! in_state bound vm0'
all "the guest gets it again" discover request
like "the same address" "$(line 2)" "ack address=172.16.0.3 *"

all "decline" discover request decline discover request
like "there is no other address" "$(line 5)$(line 4)" \
    "*ack address=172.16.0.3 *"
like "decline is counted" "$(stat_of received DECLINE)" "1"

all "inform" discover request inform
is "no address in the ACK" "$(value address "$(line 3)")" 0.0.0.0
is "no lease time" "$(value lease "$(line 3)")" ""
is "the settings are there" "$(value dns "$(line 3)")" 9.9.9.9
is "to the client" "$(value to "$(line 3)")" 172.16.0.3

all "BOOTP" bootp
like "has the address" "$(line 1)" "bootp address=172.16.0.3 *"
is "has no lease time" "$(value lease "$(line 1)")" ""
is "has the file in its field" "$(value file "$(line 1)")" pxe
is "and 300 bytes" "$(value length "$(line 1)")" 300

all "a client identifier comes back (RFC 6842)" clientid=01deadbeef discover \
    request
is "in the OFFER" "$(value clientid "$(line 1)")" 01deadbeef
is "in the ACK" "$(value clientid "$(line 2)")" 01deadbeef
all "and in a NAK" clientid=01deadbeef reboot=172.16.0.77:nak
is "there too" "$(value clientid "$(line 1)")" 01deadbeef

# Whoever asks on this tap is this VM.
guest_start other $G lladdr=02:00:00:00:00:99 clientid=ff0102 bind serve
soon "another address asks" eval '[ "$(field vm0 0 lladdr)" = \
    02:00:00:00:00:99 ]'
is "and has the same lease" "$(field vm0 0 guest)" 172.16.0.3
guest_stop other

# A lease time that is asked for.
all "a short lease is granted" option=51:0000003c discover request
ok "not longer than ours" [ "$(value lease "$(line 2)")" -le 3600 ]
all "a long one is not" option=51:ffffffff discover request
is "ours is given" "$(value lease "$(line 2)")" 3600
ok "forever" guest -t $T1 -D vm2-if0-long discover request
is "is RFC 2131's infinity" "$(value lease "$(echo "$ok_out" | tail -n 1)")" \
    4294967295

# A parameter list that asks for little still gets what it needs.
all "a tiny maximum size" option=57:0240 discover request
like "is kept" "$(line 2)" "ack address=172.16.0.3 *"

# What a guest calls itself is shown without harm.
guest_start rude $G "hostname=$(printf 'evil\033[2J\001"name')" bind serve
soon "a rude hostname" in_state bound vm0
unlike "is not printed raw" "$(ctl show vm0)" "*$(printf '\033')*"
guest_stop rude

finish

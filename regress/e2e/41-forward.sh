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

# Ports of the host that lead to a guest: from outside, from other guests, from
# the guest itself and from the host.

NETWORKS=1
. "${0%/*}/../lib.sh"

outside_create
place_address host 198.51.100.99
outside_route 198.51.100.99/32
conf <<-EOC
pool "lab" {
	inet 172.16.0.0/24
	nat on egress
	isolate
	$RD
}
vm "web*" {
	forward tcp port 8080 to 80
	forward { tcp, udp } port 5000:5002 to 6000:*
	forward tcp from 10.0.0.0/8 port 8081 to 80
	forward tcp from 192.0.2.0/24 port 8082 to 80
	forward tcp on $WAN port 8083 to 80
	forward tcp address 198.51.100.99 port 8084 to 80
	forward tcp on nowhere0 port 8085 to 80
}
EOC
daemon_start
ok "the web server comes" guest_net web1 $T0
ok "another guest comes" guest_net vm2 $T1
web=$(ctl show address web1)
vm2=$(ctl show address vm2)
answerer web1 80
for port in 6000 6001 6002; do
	answerer web1 $port
	answerer web1 $port udp
done
answerer out 8080

seen="name=web1 from=$OUT_ADDR"
is "from outside" "$(ask out $WAN_ADDR 8080)" "$seen"
for n in 0 1 2; do
	is "port 500$n leads to 600$n" "$(ask out $WAN_ADDR 500$n)" "$seen"
	is "by UDP, too" "$(ask out $WAN_ADDR 500$n udp)" "$seen"
done
is "a port beyond does not" "$(ask out $WAN_ADDR 5003)" ""
is "from where it is not for" "$(ask out $WAN_ADDR 8081)" ""
is "from where it is for" "$(ask out $WAN_ADDR 8082)" "$seen"
is "on an interface" "$(ask out $WAN_ADDR 8083)" "$seen"
is "to an address" "$(ask out 198.51.100.99 8084)" "$seen"
is "but not to another" "$(ask out $WAN_ADDR 8084)" ""
is "nor on another interface" "$(ask out $WAN_ADDR 8085)" ""

is "another guest reaches it through the host" \
    "$(ask vm2 $WAN_ADDR 8080)" "name=web1 from=$vm2"
is "but not directly" "$(ask vm2 "$web" 80)" ""
is "it reaches itself" "$(ask web1 $WAN_ADDR 8080 | cut -d ' ' -f 1)" \
    "name=web1"
if [ "$SYSTEM" = openbsd ]; then
	skip_some "what the host sends to itself is not forwarded"
else
	is "the host reaches it" \
	    "$(ask host $WAN_ADDR 8080 | cut -d ' ' -f 1)" "name=web1"
fi
is "what a guest asks outside is not caught" "$(ask vm2 $FAR 8080)" \
    "name=out from=$WAN_ADDR"
is "nor what the forward's own guest asks" "$(ask web1 $FAR 8080)" \
    "name=out from=$WAN_ADDR"

# A second VM that matches goes without.
ok "a second web server comes" guest_net web2 $T2
answerer web2 80
is "the first keeps the forward" "$(ask out $WAN_ADDR 8080)" "$seen"
guest_stop web1
soon "the first leaves" in_state idle web1
web2=$(ctl show address web2)
soon "the second has it now" forwarded_to "$web2" 80
is "really" "$(ask out $WAN_ADDR 8080)" "name=web2 from=$OUT_ADDR"
guest_stop web2
soon "the second leaves" in_state idle web2
is "nobody is reached any more" "$(ask out $WAN_ADDR 8080)" ""
is "no forward is left" "$(forwards_left 172)" 0

# On another tap.
guest_number=4
ok "the web server comes again" guest_again web1 $T5
is "its forward is there again" "$(ask out $WAN_ADDR 8080)" "$seen"
finish

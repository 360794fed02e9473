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

# The daemon's options, and configurations that it must read or refuse.

. "$(dirname "$0")/../lib.sh"

conf <<EOC
net = "172.16.0.0/16"
include "$DIR/more.conf"
socket group "$(id -gn)"
default pool "lab"
pool "lab" {
	inet \$net subnet 30
	exclude { 172.16.0.0/28, 172.16.1.1, 172.16.2.0 - 172.16.2.99 }
	rdomain 1
	lease time 1d
	nameserver { 9.9.9.9, 149.112.112.112 }
	domain "vm.example.org"
	search { "vm.example.org", "example.org" }
	ntp 172.16.255.1
	mtu 1400
	route 10.0.0.0/8 via host
	boot server host
	boot file "auto_install"
	option 224 0x0102ff
	option 225 "10.1.2.3"
	option 226 10.1.2.3
	option 227 70000
}
vm "web1" {
	pool "lab"
	address 172.16.0.22
	hostname "web"
	interface 1 { pool "backend" }
}
vm "build-*" { pool "lab" lease time 1h }
vm "legacy" { ignore }
EOC
echo 'pool "backend" { inet 10.77.0.0/24 nameserver host }' >"$DIR/more.conf"
ok "the manual's example is read" vmnetd -n
is "and it says so" "$ok_out" "configuration OK"
ok "it is printed back" vmnetd -nv
printf '%s\n' "$ok_out" >"$DIR/printed"
chmod 600 "$DIR/printed"
ok "what is printed is read again" "$VMNETD" -nv -f "$DIR/printed"
is "as the same" "$ok_out" "$(cat "$DIR/printed")"
nok "a macro of the command line wins over the file's" vmnetd -n \
    -D net=172.18.0.0/16
like "so the fixed address is outside the pool" "$nok_out" "*172.16.0.22*"

nok "-D without a value" vmnetd -n -D net
nok "an unknown option" vmnetd -x
like "shows the usage" "$nok_out" "*usage: vmnetd*"
nok "an argument" vmnetd -n something

# What is wrong is said with file and line.
# wrong WHAT LINE PATTERN < configuration
wrong()
{
	conf
	nok "$1" vmnetd -n
	like "$1: file and line" "$nok_out" "*$CONF:$2: $3*"
	is "$1: one message" "$(printf '%s\n' "$nok_out" | wc -l |
	    tr -d ' ')" 1
}

for later in 'inet6 fd00::/64' 'on bridge0'; do
	wrong "not there yet: $later" 3 "*\"${later%% *}\" is not supported*" <<EOC
pool "p" {
	inet 172.16.0.0/24
	$later
}
EOC
done

# right WHAT < configuration: it is read, and what is printed is the same.
right()
{
	conf
	ok "$1" vmnetd -nv || return
	printf '%s\n' "$ok_out" >"$DIR/printed"
	chmod 600 "$DIR/printed"
	ok "$1: what is printed is read again" "$VMNETD" -nv -f "$DIR/printed"
	is "$1: as the same" "$ok_out" "$(cat "$DIR/printed")"
}

echo "# nothing" >"$DIR/vm.rules"
for said in 'nat on egress' 'nat on em0 to 192.0.2.7 nat on em1' 'isolate' \
    "rules \"$DIR/vm.rules\"" 'nameserver host via 127.0.0.1'; do
	right "$said" <<EOC
pool "p" {
	inet 172.16.0.0/24
	$said
}
EOC
	like "$said: it is printed" "$ok_out" "*	${said%% *}*"
done
right "forwards" <<EOC
anchor "vms"
pool "p" { inet 172.16.0.0/24 }
vm "web*" {
	forward tcp port 8080 to 80
	forward { tcp, udp } on em0 from 192.0.2.0/24 address 198.51.100.5 \\
	    port 5000:5010 to 6000:*
	rules "$DIR/vm.rules"
	interface 1 { forward udp from 192.0.2.9 port 53 to 5353 }
}
EOC
case $SYSTEM in
linux)	like "the rules are printed, too" "$ok_out" "*# table inet vms {*" ;;
*)	like "the rules are printed, too" "$ok_out" "*# anchor \"[*]\"*" ;;
esac
for sample in "$top"/etc/vmnetd.conf; do
	cp "$sample" "$CONF"
	ok "the sample ${sample##*/}" vmnetd -n
	# All that it has, apart from where the interface is to be there.
	sed 's/^#\([^ ]\)/\1/' "$sample" >"$CONF"
	ok "and what is commented out in it" vmnetd -n
done

wrong "forwards that clash" 4 "*:3*" <<EOC
pool "p" { inet 172.16.0.0/24 }
vm "a" {
	forward tcp port 80 to 80
	forward { tcp, udp } port 70:90 to 7000:*
}
EOC
wrong "forwards of two VMs" 3 "*:2*" <<EOC
pool "p" { inet 172.16.0.0/24 }
vm "a" { forward tcp port 80 to 80 }
vm "b" { forward tcp from 192.0.2.0/24 port 80 to 80 }
EOC
wrong "a forward without its port" 2 "" <<EOC
pool "p" { inet 172.16.0.0/24 }
vm "a" { forward tcp to 80 }
EOC
wrong "rules that are not there" 3 "*nothing*" <<EOC
pool "p" {
	inet 172.16.0.0/24
	rules "$DIR/nothing"
}
EOC
wrong "via, for another than the host" 3 "" <<EOC
pool "p" {
	inet 172.16.0.0/24
	nameserver 9.9.9.9 via 127.0.0.1
}
EOC
wrong "overlapping pools" 2 "" <<EOC
pool "p" { inet 172.16.0.0/16 }
pool "q" { inet 172.16.3.0/24 }
EOC
wrong "a subnet that does not fit" 1 "" <<EOC
pool "p" { inet 172.16.0.0/24 subnet 23 }
EOC
wrong "an address outside its pool" 2 "" <<EOC
pool "p" { inet 172.16.0.0/24 }
vm "a" { pool "p" address 172.17.0.3 }
EOC
wrong "an address that is a host's" 2 "" <<EOC
pool "p" { inet 172.16.0.0/24 }
vm "a" { pool "p" address 172.16.0.4 }
EOC
wrong "an excluded address" 2 "" <<EOC
pool "p" { inet 172.16.0.0/24 exclude 172.16.0.4/31 }
vm "a" { pool "p" address 172.16.0.5 }
EOC
wrong "an address given twice" 3 "" <<EOC
pool "p" { inet 172.16.0.0/24 }
vm "a" { pool "p" address 172.16.0.5 }
vm "b" { pool "p" address 172.16.0.5 }
EOC
wrong "an address in a pattern" 2 "" <<EOC
pool "p" { inet 172.16.0.0/24 }
vm "a*" { pool "p" address 172.16.0.5 }
EOC
wrong "an unknown pool" 1 "*nowhere*" <<EOC
vm "a" { pool "nowhere" }
EOC
wrong "a pool twice" 2 "" <<EOC
pool "p" { inet 172.16.0.0/24 }
pool "p" { inet 172.17.0.0/24 }
EOC
wrong "a pool without a prefix" 1 "" <<EOC
pool "p" { }
EOC
wrong "host bits" 1 "" <<EOC
pool "p" { inet 172.16.0.1/24 }
EOC
wrong "an option that vmnetd sets itself" 1 "" <<EOC
pool "p" { inet 172.16.0.0/24 option 51 1 }
EOC
wrong "a macro that is not there" 1 "" <<EOC
pool "p" { inet \$nothing }
EOC
wrong "a string without an end" 1 "" <<EOC
pool "p { inet 172.16.0.0/24 }
EOC
wrong "a file that is not there" 1 "" <<EOC
include "$DIR/nothing"
EOC
conf <<EOC
pool "p" {
	inet 172.16.0.0/24
	lease time soon
	mtu 10
}
pool "q" { inet 172.16.0.0/25 }
EOC
nok "several mistakes" vmnetd -n
like "are found in one run" "$nok_out" "*:3: *"
like "each" "$nok_out" "*:4: *"

rm -f "$CONF"
nok "no file" vmnetd -n
like "is named" "$nok_out" "*$CONF*"
conf_default
chmod 666 "$CONF"
nok "a file that others may write" vmnetd -n
chmod 600 "$CONF"
have setpriv && [ "$SYSTEM" = linux ] && {
	chown 65534 "$CONF"
	nok "a file that is not root's" vmnetd -n
	chown 0 "$CONF"
	nok "only root starts the daemon" setpriv --reuid 65534 \
	    --regid 65534 --clear-groups "$VMNETD" -d -f /dev/null
}

# In the background, as from rc.d.
vmnetd
ok "the daemon goes to the background" ctl show pools
# Another, that would have its socket.
nok "a second one is refused" vmnetd -l "$DIR/other.leases"
like "since the first answers" "$nok_out" "*already running: $SOCK answers*"
ok "which it still does" ctl show pools
# It is there, too, when it is too busy to let anybody in.
pid=$(pgrep -f "^$VMNETD -f $CONF ")
if [ "$SYSTEM" = linux ] && [ -x "${TORTURE:=$top/obj/torture}/load" ]; then
	frontend=$(pgrep -P "$pid" -f frontend)
	kill -STOP "$frontend"
	"$TORTURE/load" hold 50 "$SOCK" >/dev/null 2>&1 &
	crowd=$!
	sleep 0.5
	nok "nor while many wait" vmnetd -l "$DIR/other.leases"
	like "as one has it" "$nok_out" "*already running: $SOCK answers*"
	kill $crowd
	kill -CONT "$frontend"
	ok "who then answers" ctl show pools
fi
ok "it serves" guest -t $T0 -D vm1-if0-vm0 bind
like "its title is its command, for rc.subr" "$pid" "[0-9]*"
is "and no other process has it" "$(echo "$pid" | wc -l | tr -d ' ')" 1
kill -TERM "$pid"
soon "it ends" eval "! kill -0 $pid"

finish

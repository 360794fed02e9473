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


# What the processes are and hold, as ps(1) and fstat(1) see them.

. "$(dirname "$0")/../lib.sh"

[ "$SYSTEM" = openbsd ] || skip "made for OpenBSD"

conf_default
daemon_start
guest_start vm0 -t $T0 -D vm1-if0-vm0 bind serve
soon "a guest is served" in_state bound vm0

# open_files ROLE: the descriptors of fstat, without what all inherited
open_files()
{
	fstat -p "$(pid_of "$1")" | awk 'NR > 1 && ($4 + 0 > 2 ||
	    $4 !~ /^[0-9]/)'
}

user()
{
	ps -o user= -p "$(pid_of "$1")"
}

# After the first, the characters say: p pledged, U unveiled, c chrooted.
state()
{
	ps -o state= -p "$(pid_of "$1")"
}

for role in parent priv; do
	is "$role is root's" "$(user $role)" root
done
for role in frontend engine; do
	is "$role is not" "$(user $role)" _vmnetd
	like "$role is chrooted" "$(state $role)" '*c*'
	like "$role is pledged" "$(state $role)" '*p*'
	is "where nothing is" "$(ls -A /var/empty)" ""
	is "$role has no file" "$(open_files $role | awk '$4 ~ /^[0-9]/ &&
	    $5 !~ /^(unix|kqueue|route|internet)/ && $NF !~ /bpf/')" ""
done
like "the parent is pledged" "$(state parent)" '*p*'
like "and its view is confined" "$(state parent)" '*[uU]*'
like "priv's view is confined" "$(state priv)" '*[uU]*'
unlike "priv is not pledged: no promise permits its work" "$(state priv)" '*p*'

echo "--- ps and fstat"
ps -o user,pid,ppid,state,command -p "$(pid_of parent)"
for role in priv frontend engine; do
	ps -o user,pid,ppid,state,command -p "$(pid_of $role)" | sed 1d
done
for role in parent priv frontend engine; do
	fstat -p "$(pid_of $role)"
done
echo "---"

# No descriptor stays behind when VMs come and go.
count_files()
{
	for role in parent priv frontend engine; do
		open_files $role | wc -l
	done | tr -s ' \n' ' '
}
ok "a VM comes and goes" guest -t $T1 -D vm2-if0-vm1 bind
soon "it has gone" in_state idle vm1
before=$(count_files)
for n in 1 2 3 4 5; do
	ok "and again" guest -t $T1 -D vm2-if0-vm1 bind
	soon "it has gone" in_state idle vm1
done
soon "as many are open as before" eval '[ "$(count_files)" = "$before" ]'

finish

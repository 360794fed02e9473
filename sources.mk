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

# What is built from what, for GNU make and BSD make alike.

VMNETD_SRCS=	vmnetd.c priv.c guard.c frontend.c engine.c tap.c show.c \
		journal.c control.c confsend.c process.c \
		dhcpserver.c dhcp.c frame.c \
		lease.c leasepack.c pool.c hostaddr.c addr.c watchlist.c \
		timer.c \
		conf.c confcheck.c conflex.c confpack.c printconf.c \
		rules.c rules_pf.c rules_nft.c stats.c log.c parse.y

LINUX_SRCS=	interface.c address.c packet.c rtnl.c sandbox.c \
		filter.c elements.c nfnl.c nftlist.c nftwatch.c foreign.c \
		conntrack.c devconf.c egress.c fence.c
OPENBSD_SRCS=	interface.c address.c packet.c records.c sandbox.c \
		filter.c filtercheck.c mainrules.c anchor.c pfctl.c \
		pfdev.c group.c

COMPAT_SRCS=	imsg.c imsg-buffer.c

VMNETCTL_SRCS=	vmnetctl.c client.c parser.c output.c table.c json.c
# of the daemon's
VMNETCTL_SHARED= addr.c stats.c

MANUALS=	vmnetd.8 vmnetctl.8 vmnetd.conf.5

# The functions that tests put their own in place of.
EVENT_TEST_WRAP= event_add
JOURNAL_TEST_WRAP= openat write fsync fdatasync ftruncate renameat log_warnx

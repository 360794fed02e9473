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

# What the BSD makefiles of the directories below have in common.

.include "${.CURDIR}/../sources.mk"

SYSTEM!=	uname -s

CFLAGS+=	-Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes
CFLAGS+=	-Wmissing-declarations -Wshadow -Wpointer-arith -Wcast-qual
CFLAGS+=	-Wsign-compare -Wno-unused-parameter
# Nothing needs a y.tab.h.
YFLAGS=

PREFIX?=	/usr/local
BINDIR?=	${PREFIX}/sbin
MANDIR?=	${PREFIX}/man/man
EXAMPLEDIR?=	${PREFIX}/share/examples/vmnetd
RCDIR?=		/etc/rc.d

# Below DESTDIR there may be nothing yet.
beforeinstall:
	mkdir -p ${DESTDIR}${BINDIR} ${DESTDIR}${MANDIR}5 \
	    ${DESTDIR}${MANDIR}8 ${DESTDIR}${EXAMPLEDIR} ${DESTDIR}${RCDIR}

.if ${SYSTEM} == "Linux"
PLATFORM=	linux
PLATFORM_SRCS=	${LINUX_SRCS}
YACC=		byacc
COMPAT=		${COMPAT_SRCS}
COMPAT_DIR=	${.CURDIR}/../compat
CFLAGS+=	-std=gnu11 -D_GNU_SOURCE -DLIBBSD_OVERLAY
CFLAGS+=	-isystem /usr/include/bsd -I${COMPAT_DIR}
CFLAGS+=	-include ${COMPAT_DIR}/compat.h
LDADD+=		-Wl,--as-needed -levent -lmnl -lseccomp -lcap
LDADD+=		-Wl,-z,nodlopen -Wl,-u,libbsd_init_func -lbsd-ctor -lbsd
.else
PLATFORM=	openbsd
PLATFORM_SRCS=	${OPENBSD_SRCS}
LDADD+=		-levent -lutil
DPADD+=		${LIBEVENT} ${LIBUTIL}
.endif

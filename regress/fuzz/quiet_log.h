/*
 * Copyright (c) 2026 The vmnetd authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */


#ifndef QUIET_LOG_H
#define QUIET_LOG_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

/*
 * log.c for fuzzers: each message is formatted, so that a sanitizer sees what
 * it is made of, and forgotten.  What would end the process is a finding.
 */

static void
forget(const char *fmt, va_list ap)
{
	char	 line[2048];

	(void)vsnprintf(line, sizeof(line), fmt, ap);
}

#define FORGET(name)							\
void									\
name(const char *fmt, ...)						\
{									\
	va_list	 ap;							\
									\
	va_start(ap, fmt);						\
	forget(fmt, ap);						\
	va_end(ap);							\
}

#define ABORT(name)							\
void									\
name(const char *fmt, ...)						\
{									\
	va_list	 ap;							\
									\
	va_start(ap, fmt);						\
	vfprintf(stderr, fmt, ap);					\
	va_end(ap);							\
	abort();							\
}

FORGET(log_warn)
FORGET(log_warnx)
FORGET(log_refused)
FORGET(log_info)
FORGET(log_debug)
FORGET(log_crit)
ABORT(fatal)
ABORT(fatalx)

void
log_init(int debug, int facility)
{
}

void
log_through(bool (*send)(int, const char *))
{
}

void
log_line(int priority, const char *line)
{
	(void)strlen(line);
}

void
log_procinit(const char *name)
{
}

void
log_setverbose(int v)
{
}

int
log_getverbose(void)
{
	return 0;
}

#endif /* QUIET_LOG_H */

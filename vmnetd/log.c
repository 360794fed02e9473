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

#include <sys/time.h>

#include <errno.h>
#include <event.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "log.h"

#define LINE_MAXLEN	2048
#define REFUSED_RATE	100		/* in a minute */

static void	 vlog(int, const char *, int, const char *, va_list);
static void	 add(char *, size_t, const char *, ...)
		    __attribute__((__format__ (printf, 3, 4)));
static void	 clean(char *);
static void	 emit(int, const char *);
static void	 minute_over(int, short, void *);

static int		 to_stderr = 1;
static bool		 (*through)(int, const char *);
static int		 verbose;
static const char	*procname;
static unsigned int	 nrefused;	/* in this minute */

void
log_init(int debug, int facility)
{
	to_stderr = debug;
	/* Both now: there may be no way to the files and the socket later. */
	if (!to_stderr)
		openlog(getprogname(), LOG_PID | LOG_NDELAY, facility);
	tzset();
}

void
log_procinit(const char *name)
{
	procname = name;
}

void
log_setverbose(int v)
{
	verbose = v;
}

int
log_getverbose(void)
{
	return verbose;
}

void
log_through(bool (*send)(int, const char *))
{
	through = send;
}

void
log_line(int priority, const char *line)
{
	char	 text[LINE_MAXLEN];

	strlcpy(text, line, sizeof(text));
	clean(text);
	emit(priority, text);
}

/* Text may come from guests and clients: it must not forge another line. */
static void
clean(char *line)
{
	unsigned char	*p;

	for (p = (unsigned char *)line; *p != '\0'; p++)
		if (*p < ' ' || *p == 0x7f)
			*p = '?';
}

static void
emit(int priority, const char *line)
{
	if (to_stderr)
		fprintf(stderr, "%s\n", line);
	else if (through == NULL || !through(priority, line))
		syslog(priority, "%s", line);
}

/* Append to a line, cut off where it is full. */
static void
add(char *line, size_t size, const char *fmt, ...)
{
	size_t	 len = strlen(line);
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(line + len, size - len, fmt, ap);
	va_end(ap);
}

/* The message, or if NULL nothing, followed by the error if not 0. */
static void
vlog(int priority, const char *prefix, int error, const char *fmt, va_list ap)
{
	char	 line[LINE_MAXLEN] = "";
	size_t	 len;
	int	 save_errno = errno;

	if (prefix != NULL)
		add(line, sizeof(line), "%s %s%s", prefix,
		    procname != NULL ? procname : getprogname(),
		    fmt != NULL || error != 0 ? ": " : "");
	len = strlen(line);
	if (fmt != NULL)
		vsnprintf(line + len, sizeof(line) - len, fmt, ap);
	if (error != 0)
		add(line, sizeof(line), "%s%s", fmt != NULL ? ": " : "",
		    strerror(error));
	clean(line);
	emit(priority, line);
	errno = save_errno;
}

void
log_warn(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_ERR, NULL, errno, fmt, ap);
	va_end(ap);
}

void
log_warnx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_ERR, NULL, 0, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_INFO, NULL, 0, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list	 ap;

	if (!verbose)
		return;
	va_start(ap, fmt);
	vlog(LOG_DEBUG, NULL, 0, fmt, ap);
	va_end(ap);
}

void
log_refused(const char *fmt, ...)
{
	static struct event	 minute_ev;
	const struct timeval	 minute = { 60, 0 };
	va_list			 ap;

	if (nrefused++ == 0) {
		evtimer_set(&minute_ev, minute_over, NULL);
		evtimer_add(&minute_ev, &minute);
	}
	if (nrefused > REFUSED_RATE)
		return;
	va_start(ap, fmt);
	vlog(LOG_ERR, NULL, 0, fmt, ap);
	va_end(ap);
}

static void
minute_over(int fd, short events, void *arg)
{
	if (nrefused > REFUSED_RATE)
		log_warnx("%s: %u more like these were refused within a "
		    "minute", procname != NULL ? procname : getprogname(),
		    nrefused - REFUSED_RATE);
	nrefused = 0;
}

void
log_crit(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_CRIT, NULL, 0, fmt, ap);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_CRIT, "fatal in", errno, fmt, ap);
	va_end(ap);
	exit(1);
}

void
fatalx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_CRIT, "fatal in", 0, fmt, ap);
	va_end(ap);
	exit(1);
}

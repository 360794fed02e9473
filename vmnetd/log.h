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

#ifndef LOG_H
#define LOG_H

#include <sys/cdefs.h>

#include <stdarg.h>
#include <stdbool.h>

/*
 * Messages to syslog(3), or to stderr in the foreground.  fatal*() say which
 * process it is and exit with status 1.  errno is kept by all.
 */

void	log_init(int debug, int facility);
/*
 * Have another process write the lines that are for syslog(3), as far as it
 * takes them; NULL ends it.
 */
void	log_through(bool (*)(int priority, const char *line));
/* Such a line of another process. */
void	log_line(int priority, const char *line);
void	log_procinit(const char *);	/* "engine" ... shown by fatal */
void	log_setverbose(int);
int	log_getverbose(void);
void	log_warn(const char *, ...)	/* with strerror(errno) */
	    __attribute__((__format__ (printf, 1, 2)));
void	log_warnx(const char *, ...)
	    __attribute__((__format__ (printf, 1, 2)));
void	log_info(const char *, ...)
	    __attribute__((__format__ (printf, 1, 2)));
void	log_debug(const char *, ...)	/* only when verbose */
	    __attribute__((__format__ (printf, 1, 2)));
/*
 * What a peer provoked, and may provoke again and again: no more than 100 in
 * a minute, and at its end how many more there were.  After event_init(3).
 */
void	log_refused(const char *, ...)
	    __attribute__((__format__ (printf, 1, 2)));
void	log_crit(const char *, ...)
	    __attribute__((__format__ (printf, 1, 2)));
__dead void fatal(const char *, ...)
	    __attribute__((__format__ (printf, 1, 2)));
__dead void fatalx(const char *, ...)
	    __attribute__((__format__ (printf, 1, 2)));

#endif /* LOG_H */

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


#ifndef MAINRULES_H
#define MAINRULES_H

#include <sys/types.h>
#include <net/if.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * Private to openbsd/: whether the main rule set, which is the
 * administrator's, lets our anchor do its work.  Pure: reads what pfctl(8)
 * lists.  What it does not understand it takes for right.
 */

typedef void mainrules_finding(void *, const char *);

struct mainrules {
	const char		*anchor;	/* that should be called */
	bool			 guests_pass;	/* our own rules may pass what
						 * guests send */
	const char		(*egress)[IF_NAMESIZE];	/* its members */
	size_t			 negress;
	const char		(*tap)[IF_NAMESIZE];	/* those of guests */
	size_t			 ntap;
	mainrules_finding	*finding;	/* one line for each */
	void			*arg;
};

/* `pfctl -sr' */
void	 mainrules_rules(const struct mainrules *, const char *);
/* `pfctl -v -s Interfaces' */
void	 mainrules_skip(const struct mainrules *, const char *);

#endif /* MAINRULES_H */

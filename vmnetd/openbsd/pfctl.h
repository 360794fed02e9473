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


#ifndef PFCTL_H
#define PFCTL_H

#include <stddef.h>

/* Private to openbsd/: running pfctl(8). */

struct pfctl_answer {
	char	*out;		/* what it printed; never NULL */
	char	*err;		/* and what it complained about */
};

/*
 * Run pfctl(8) with these arguments (up to a NULL), that text on its standard
 * input and an empty environment, and wait for it; one that takes too long is
 * killed.  0 if it was content, 1 if it was not; -1 with errno if it could
 * not be run to its end.  In the first two cases the answer must be freed.
 */
int	 pfctl_run(const char *const [], const char *, struct pfctl_answer *);
void	 pfctl_free(struct pfctl_answer *);

#endif /* PFCTL_H */

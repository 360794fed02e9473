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


#ifndef CLIENT_H
#define CLIENT_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include <stddef.h>
#include <stdint.h>

#include <imsg.h>

#include "parser.h"

/* One connection to the daemon, one request at a time. */

#define CLIENT_ERRLEN	2048

struct client {
	struct imsgbuf	 ibuf;
	int		 fd;
	const char	*path;			/* for messages */
	size_t		 refusals;		/* lines the daemon sent */
	char		 error[CLIENT_ERRLEN];	/* why something failed */
};

/* Receives each item of an answer; -1, with error set, ends the request. */
typedef int client_item(struct client *, void *, const void *);

/* All return 0, or -1 with the reason in error: one line, printable. */
int	 client_connect(struct client *, const char *);
/* Takes over a connected socket; the path only names it. */
int	 client_open(struct client *, int, const char *);
/*
 * Ask and pass on all items of the answer, page by page.  CTL_MONITOR does
 * not end but by an error.
 */
int	 client_run(struct client *, const struct command *, client_item *,
	    void *);
void	 client_close(struct client *);

#endif /* CLIENT_H */

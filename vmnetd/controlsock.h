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

#ifndef CONTROLSOCK_H
#define CONTROLSOCK_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "control.h"

/*
 * The control socket's end in the daemon: the parent makes the socket, the
 * frontend serves its clients.
 */

/*
 * Create and bind the socket at a path, for root and a group (NULL: the
 * system's default).  Ends the process with a message when it cannot.
 */
int	 control_listen(const char *, const char *);
/* The frontend: nobody is served any more. */
void	 control_close(void);

/* What a client asks for; it gets its answer by control_send(). */
typedef void control_request(uint32_t client, enum ctl_type,
	    const struct ctl_request *);

/* Serve clients of a listening socket. */
void	 control_init(int, control_request *, void (*monitors)(uint32_t));
/*
 * Pass an item or the end on to a client.  CTL_EVENT goes to all that
 * monitor, whatever the client.  A client that has gone is no error.
 */
void	 control_send(uint32_t client, uint32_t type, const void *, size_t);

#endif /* CONTROLSOCK_H */

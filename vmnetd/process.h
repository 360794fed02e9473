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

#ifndef PROCESS_H
#define PROCESS_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include <event.h>
#include <stdbool.h>
#include <stdint.h>
#include <imsg.h>

#include "kernel.h"

/*
 * The plumbing between the processes: each is a fork and exec of the same
 * binary, and speaks imsg over channels with the others.
 */

/* One end of a connection between two processes. */
struct channel {
	struct imsgbuf	  ibuf;
	struct event	  ev;
	struct event	  flush;	/* active: something is to be sent */
	short		  events;
	const char	 *peer;		/* "engine" ..., for messages */
	/* Takes one message; the channel must not be closed in it. */
	void		(*dispatch)(struct channel *, struct imsg *);
	/* All messages of one read have been dispatched; may be NULL. */
	void		(*drained)(struct channel *);
	/* The other end has gone; the channel is closed already. */
	void		(*closed)(struct channel *);
};

/* Ends the process when there is no memory. */
void	 channel_open(struct channel *, int, enum role,
	    void (*)(struct channel *, struct imsg *),
	    void (*)(struct channel *));
void	 channel_close(struct channel *);
/*
 * Queue a message; a descriptor (else -1) belongs to the channel then.
 * Ends the process when there is no memory.
 */
void	 channel_send(struct channel *, uint32_t type, uint32_t id, int fd,
	    const void *, size_t);
void	 channel_sendv(struct channel *, uint32_t type, uint32_t id,
	    const struct iovec *, int);
void	 channel_send_ibuf(struct channel *, uint32_t type, struct ibuf *);
size_t	 channel_queued(struct channel *);
/*
 * The payload of a message that must have exactly this size.  A message of
 * another size comes from a peer that is broken or taken over: it is logged
 * and ignored, and the result is false.
 */
bool	 message_get(struct channel *, struct imsg *, void *, size_t);
/* A character array of a message ends within its bounds. */
bool	 message_string(const char *, size_t);

const char *role_name(enum role);
int	 role_parse(const char *, enum role *);

/*
 * Parent: start the process for a role; the argv[0] must be one that exec
 * finds again.  Returns its pid and, in the argument, our end of the channel.
 */
pid_t	 process_start(const char *, enum role, bool debug, int verbose, int *);
/*
 * Child: what all roles do first: title, log, signals, events, and the
 * channel to the parent on descriptor CHANNEL_FILENO.
 */
#define CHANNEL_FILENO	3
void	 process_init(enum role, struct channel *,
	    void (*)(struct channel *, struct imsg *));
/* How many descriptors this process may have. */
int	 process_descriptors(void);
/* Child: the end of a channel is the end of the process. */
void	 process_closed(struct channel *);

/* Each role's program; returns when the daemon stops. */
void	 priv_main(void);
void	 frontend_main(void);
void	 engine_main(void);

#endif /* PROCESS_H */

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


/*
 * Bytes of a client of the control socket, in pieces: the first byte says
 * whose they are (root's or not) and how they are cut.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../vmnetd/control.c"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static uid_t	 uid;
static int	 nrequests;

/* What gets through is whole, and only root changes anything. */
static void
take(uint32_t id, enum ctl_type type, const struct ctl_request *req)
{
	struct ctl_end	 end;

	if (memchr(req->vm, '\0', sizeof(req->vm)) == NULL ||
	    memchr(req->cursor.vm, '\0', sizeof(req->cursor.vm)) == NULL ||
	    type >= CTL_LEASE || type == CTL_MONITOR || (uid != 0 &&
	    (type == CTL_RELOAD || type == CTL_RELEASE || type == CTL_LOG)))
		abort();
	/* Some are answered at once, some never. */
	if (++nrequests % 3 == 0)
		return;
	memset(&end, 0, sizeof(end));
	control_send(id, CTL_END, &end, sizeof(end));
}

static void
count(uint32_t n)
{
	if (n != nmonitors)
		abort();
}

static bool
is_there(const struct client *client)
{
	const struct client	*c;

	TAILQ_FOREACH(c, &clients, entry)
		if (c == client)
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct event_base	*base;
	struct client			*client;
	size_t				 n, piece;
	int				 sp[2];

	if (size < 2 || size > 8192)
		return 0;
	if (base == NULL) {
		base = event_init();
		on_request = take;
		on_monitors = count;
	}
	nrequests = 0;
	uid = data[0] & 1 ? 0 : 1000;
	piece = 1 + (data[0] >> 1) * 8;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sp) == -1 ||
	    (client = calloc(1, sizeof(*client))) == NULL ||
	    imsgbuf_init(&client->ibuf, sp[0]) == -1)
		abort();
	client->id = ++last_id;
	client->uid = uid;
	client->hurry = CLIENT_HURRY;
	TAILQ_INSERT_TAIL(&clients, client, entry);
	nclients++;
	client_arm(client);
	for (data++, size--; size > 0 && is_there(client); size -= n) {
		n = size < piece ? size : piece;
		if (write(sp[1], data, n) == -1)
			break;
		data += n;
		event_loop(EVLOOP_NONBLOCK);
		if (is_there(client) &&
		    imsgbuf_queuelen(&client->ibuf) > 64)
			abort();
	}
	close(sp[1]);
	event_loop(EVLOOP_NONBLOCK);
	if (is_there(client) || nclients != 0 || nmonitors != 0)
		abort();
	return 0;
}

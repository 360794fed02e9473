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


#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <errno.h>
#include <imsg.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "output.h"

/* The largest item; every type of them is a struct of control.h. */
union answer {
	struct ctl_lease	 lease;
	struct ctl_pool		 pool;
	struct ctl_interface	 interface;
	struct ctl_stat		 stat;
	struct ctl_event	 event;
	struct ctl_text		 text;
};

static int	 fail(struct client *, const char *, ...)
		    __attribute__((__format__(__printf__, 2, 3)));

static int
fail(struct client *client, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(client->error, sizeof(client->error), fmt, ap);
	va_end(ap);
	return -1;
}

static int
fail_answer(struct client *client)
{
	return fail(client, "%s: answer not understood: is vmnetd of another "
	    "version?", client->path);
}

static int
fail_closed(struct client *client)
{
	return fail(client, "%s: vmnetd closed the connection", client->path);
}

static int
fail_connect(struct client *client, int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return fail(client, "is vmnetd running? connect: %s: %s",
		    client->path, strerror(error));
	case EACCES:
	case EPERM:
		return fail(client, "connect: %s: %s: only root and the "
		    "socket's group may connect", client->path,
		    strerror(error));
	default:
		return fail(client, "connect: %s: %s", client->path,
		    strerror(error));
	}
}

int
client_open(struct client *client, int fd, const char *path)
{
	memset(client, 0, sizeof(*client));
	client->path = path;
	client->fd = fd;
	if (imsgbuf_init(&client->ibuf, fd) == -1) {
		close(fd);
		return fail(client, "imsgbuf_init: %s", strerror(errno));
	}
	return 0;
}

int
client_connect(struct client *client, const char *path)
{
	struct sockaddr_un	 sun;
	int			 fd, error;

	memset(client, 0, sizeof(*client));
	client->path = path;
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path))
		return fail(client, "connect: %s: %s", path,
		    strerror(ENAMETOOLONG));
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return fail(client, "socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		error = errno;
		close(fd);
		return fail_connect(client, error);
	}
	return client_open(client, fd, path);
}

void
client_close(struct client *client)
{
	imsgbuf_clear(&client->ibuf);
	close(client->fd);
}

static int
client_send(struct client *client, uint32_t type,
    const struct ctl_request *request)
{
	if (imsg_compose(&client->ibuf, type, 0, 0, -1, request,
	    sizeof(*request)) == -1)
		return fail(client, "imsg_compose: %s", strerror(errno));
	if (imsgbuf_flush(&client->ibuf) == 0)
		return 0;
	if (errno == EPIPE || errno == ECONNRESET)
		return fail_closed(client);
	return fail(client, "%s: write: %s", client->path, strerror(errno));
}

/* Wait for one message, which the caller frees. */
static int
client_receive(struct client *client, struct imsg *imsg)
{
	ssize_t	 n;

	while ((n = imsg_get(&client->ibuf, imsg)) == 0) {
		switch (imsgbuf_read(&client->ibuf)) {
		case -1:
			if (errno == ECONNRESET)
				return fail_closed(client);
			if (errno == ERANGE)
				return fail_answer(client);
			return fail(client, "%s: read: %s", client->path,
			    strerror(errno));
		case 0:
			return fail_closed(client);
		}
	}
	return n == -1 ? fail_answer(client) : 0;
}

/*
 * A line of text from the daemon becomes the error; there are several when a
 * configuration has several mistakes.  The end must follow.
 */
static int
take_error(struct client *client, struct imsg *imsg)
{
	char	 text[MAX_IMSGSIZE];
	size_t	 len = imsg_get_len(imsg);

	if (len < 2 || len > sizeof(text) ||
	    imsg_get_data(imsg, text, len) == -1 || text[0] == '\0' ||
	    text[len - 1] != '\0')
		return fail_answer(client);
	if (client->refusals++ == 0)
		output_escape(client->error, sizeof(client->error), text, true);
	return 0;
}

static int
take_end(struct client *client, struct imsg *imsg, struct ctl_end *end)
{
	size_t	 len;

	if (imsg_get_len(imsg) != sizeof(*end) ||
	    imsg_get_data(imsg, end, sizeof(*end)) == -1 ||
	    (end->ok == 0) != (client->refusals != 0))
		return fail_answer(client);
	if (client->refusals > 1) {
		len = strlen(client->error);
		snprintf(client->error + len, sizeof(client->error) - len,
		    " (and %zu more)", client->refusals - 1);
	}
	return end->ok ? 0 : -1;
}

static int
take_item(struct client *client, struct imsg *imsg, uint32_t type,
    client_item *take, void *arg)
{
	union answer	 answer;
	const size_t	 size = output_size(type), len = imsg_get_len(imsg);
	const bool	 text = type == CTL_RULE || type == CTL_FINDING;

	/* Of a text there is no more than its length. */
	memset(&answer, 0, sizeof(answer));
	if (client->refusals != 0 || imsg_get_type(imsg) != type ||
	    len > size || (text ? len == 0 : len != size) ||
	    imsg_get_data(imsg, &answer, len) == -1 ||
	    (text && answer.text.text[len - 1] != '\0') ||
	    !output_valid(type, &answer))
		return fail_answer(client);
	return take(client, arg, &answer);
}

/* One page: items, or an error, and the end. */
static int
client_page(struct client *client, uint32_t type, client_item *take,
    void *arg, struct ctl_end *end)
{
	struct imsg	 imsg;
	uint32_t	 got;
	int		 result;

	do {
		if (client_receive(client, &imsg) == -1)
			return -1;
		got = imsg_get_type(&imsg);
		if (got == CTL_END)
			result = take_end(client, &imsg, end);
		else if (got == CTL_ERROR)
			result = take_error(client, &imsg);
		else
			result = take_item(client, &imsg, type, take, arg);
		imsg_free(&imsg);
	} while (result == 0 && got != CTL_END);
	return result;
}

int
client_run(struct client *client, const struct command *command,
    client_item *take, void *arg)
{
	struct ctl_request	 request = command->request;
	struct ctl_end		 end;

	client->refusals = 0;
	for (;;) {
		if (client_send(client, command->type, &request) == -1 ||
		    client_page(client, command->answer, take, arg, &end) == -1)
			return -1;
		if (command->type == CTL_MONITOR || !end.more)
			break;
		/* A list goes on, and not from where it was. */
		if (command->answer == 0 || memcmp(&request.cursor,
		    &end.cursor, sizeof(end.cursor)) == 0)
			return fail_answer(client);
		request.cursor = end.cursor;
	}
	while (command->type == CTL_MONITOR)
		if (client_page(client, command->answer, take, arg, &end) == -1)
			return -1;
	return 0;
}

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

#include <event.h>
#include <imsg.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "test.h"

/* More than a socket takes. */
#define MANY	20000
#define SIZE	500

static struct channel	 left, right;
static uint32_t		 got[2];	/* messages that left, right had */
static uint32_t		 wrong;		/* out of order or changed */
static int		 nclosed, ndrained;

static void
take(struct channel *ch, struct imsg *imsg)
{
	uint8_t		 data[SIZE];
	uint32_t	*n = &got[ch == &right];

	if (!message_get(ch, imsg, data, sizeof(data)) ||
	    imsg_get_type(imsg) != (*n)++ ||
	    data[0] != (uint8_t)imsg_get_type(imsg))
		wrong++;
}

static void
drained(struct channel *ch)
{
	ndrained++;
}

static void
closed(struct channel *ch)
{
	nclosed++;
}

static void
open_pair(void)
{
	int	 sp[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, PF_UNSPEC, sp) ==
	    -1) {
		CHECK(!"socketpair");
		return;
	}
	channel_open(&left, sp[0], ROLE_ENGINE, take, closed);
	channel_open(&right, sp[1], ROLE_PRIV, take, closed);
	right.drained = drained;
	memset(got, 0, sizeof(got));
	wrong = 0;
	nclosed = ndrained = 0;
}

static void
say(struct channel *ch, uint32_t first, uint32_t count)
{
	uint8_t		 data[SIZE];
	uint32_t	 i;

	memset(data, 0, sizeof(data));
	for (i = first; i < first + count; i++) {
		data[0] = i;
		channel_send(ch, i, 0, -1, data, sizeof(data));
	}
}

/* Turns of the loop until nothing more happens. */
static void
turn(int turns)
{
	while (turns-- > 0)
		event_loop(EVLOOP_NONBLOCK);
}

/* What was said in one turn arrives in one piece in the next. */
static void
test_together(void)
{
	open_pair();
	say(&left, 0, 10);
	CHECK_INT(channel_queued(&left), 10);
	turn(3);
	CHECK_INT(channel_queued(&left), 0);
	CHECK_INT(got[1], 10);
	CHECK_INT(ndrained, 1);
	CHECK_INT(wrong, 0);
	channel_close(&left);
	channel_close(&right);
}

/* One that does not read holds up nobody, and gets all of it later. */
static void
test_full(void)
{
	open_pair();
	event_del(&right.ev);
	say(&left, 0, MANY / 2);
	turn(10);
	CHECK(channel_queued(&left) > MANY / 4);
	say(&left, MANY / 2, MANY / 2);
	say(&right, 0, 7);
	turn(10);
	CHECK(channel_queued(&left) > MANY / 2);
	CHECK_INT(got[0], 7);
	event_add(&right.ev, NULL);
	turn(MANY);
	CHECK_INT(channel_queued(&left), 0);
	CHECK_INT(got[1], MANY);
	/* Nor is it asked any more whether there is room. */
	say(&left, MANY, 1);
	turn(3);
	CHECK_INT(got[1], MANY + 1);
	CHECK_INT(wrong, 0);
	channel_close(&left);
	channel_close(&right);
}

/* The last words are heard, also by one that was about to speak. */
static void
test_last_words(void)
{
	open_pair();
	event_del(&left.ev);
	say(&right, 0, 5);
	turn(1);
	channel_close(&right);
	event_add(&left.ev, NULL);
	say(&left, 0, 5);
	turn(5);
	CHECK_INT(got[0], 5);
	CHECK_INT(nclosed, 1);
	CHECK_INT(wrong, 0);
	/* To say something to it is no mistake. */
	say(&left, 5, 1);
	CHECK_INT(channel_queued(&left), 0);
	turn(2);
	CHECK_INT(nclosed, 1);
	channel_close(&left);
}

/* Nor is one heard of again that was closed with something to say. */
static void
test_close(void)
{
	open_pair();
	say(&left, 0, 5);
	channel_close(&left);
	turn(3);
	CHECK_INT(got[1], 0);
	CHECK_INT(nclosed, 1);
}

int
main(void)
{
	event_init();
	signal(SIGPIPE, SIG_IGN);
	TEST(test_together());
	TEST(test_full());
	TEST(test_last_words());
	TEST(test_close());
	return TEST_DONE("process");
}

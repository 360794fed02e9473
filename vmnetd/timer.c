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
#include <sys/time.h>

#include <event.h>
#include <stdlib.h>

#include "log.h"
#include "timer.h"

void
timer_start(struct event **timer, void (*cb)(int, short, void *), void *arg,
    const struct timeval *tv)
{
	if (*timer == NULL) {
		if ((*timer = malloc(sizeof(**timer))) == NULL)
			fatal("timer");
		evtimer_set(*timer, cb, arg);
	}
	evtimer_add(*timer, tv);
}

void
timer_stop(struct event **timer)
{
	if (*timer == NULL)
		return;
	evtimer_del(*timer);
	free(*timer);
	*timer = NULL;
}

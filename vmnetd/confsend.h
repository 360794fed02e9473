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

#ifndef CONFSEND_H
#define CONFSEND_H

#include <stdbool.h>

#include "conf.h"

/*
 * A configuration on its way from the parent to priv and engine.
 */

struct channel;
struct imsg;

/* With the texts of rules files for priv; the engine has no use for them. */
void		 conf_send(struct channel *, const struct conf *, bool rules);
/*
 * Take one IMSG_CONF_* message.  With the last the complete, checked
 * configuration is returned and belongs to the caller; before that NULL.
 * What cannot be unpacked ends the process: the parent does not send it.
 */
struct conf	*conf_receive(struct channel *, struct imsg *);

#endif /* CONFSEND_H */

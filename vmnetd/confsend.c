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
#include <sys/uio.h>

#include <imsg.h>
#include <stdint.h>
#include <stdlib.h>

#include "confsend.h"
#include "log.h"
#include "message.h"
#include "process.h"

/* What has arrived so far; a process receives one configuration at a time. */
static struct conf	*incoming;

static void
send_rules(struct channel *ch, const struct conf_rules *rules)
{
	size_t	 offset = 0;

	do {
		channel_send_ibuf(ch, IMSG_CONF_RULES,
		    conf_pack_rules(rules, &offset));
	} while (offset < rules->len);
}

void
conf_send(struct channel *ch, const struct conf *conf, bool with_rules)
{
	const struct conf_pool	*pool;
	const struct conf_rules	*rules;
	const struct conf_vm	*vm;

	channel_send_ibuf(ch, IMSG_CONF_BEGIN, conf_pack_global(conf));
	if (with_rules)
		TAILQ_FOREACH(rules, &conf->rules, entry)
			send_rules(ch, rules);
	TAILQ_FOREACH(pool, &conf->pools, entry)
		channel_send_ibuf(ch, IMSG_CONF_POOL, conf_pack_pool(pool));
	TAILQ_FOREACH(vm, &conf->vms, entry)
		channel_send_ibuf(ch, IMSG_CONF_VM, conf_pack_vm(vm));
	channel_send(ch, IMSG_CONF_END, 0, -1, NULL, 0);
}

static void
conf_refused(void *arg, const char *message)
{
	log_warnx("%s", message);
}

static struct conf *
conf_complete(void)
{
	struct conf	*conf = incoming;

	incoming = NULL;
	if (conf_check(conf, conf_refused, NULL) != 0)
		fatalx("configuration from the parent");
	return conf;
}

struct conf *
conf_receive(struct channel *ch, struct imsg *imsg)
{
	struct ibuf	 buf;
	int		 error = 0;

	if (imsg_get_type(imsg) == IMSG_CONF_BEGIN) {
		conf_free(incoming);
		if ((incoming = conf_new()) == NULL)
			fatal("configuration");
	}
	if (incoming == NULL)
		fatalx("configuration from %s without its beginning",
		    ch->peer);
	if (imsg_get_type(imsg) == IMSG_CONF_END)
		return conf_complete();

	if (imsg_get_ibuf(imsg, &buf) == -1)
		fatal("configuration from %s", ch->peer);
	switch (imsg_get_type(imsg)) {
	case IMSG_CONF_BEGIN:
		error = conf_unpack_global(incoming, &buf);
		break;
	case IMSG_CONF_POOL:
		error = conf_unpack_pool(incoming, &buf);
		break;
	case IMSG_CONF_VM:
		error = conf_unpack_vm(incoming, &buf);
		break;
	case IMSG_CONF_RULES:
		error = conf_unpack_rules(incoming, &buf);
		break;
	}
	if (error)
		fatal("configuration from %s", ch->peer);
	return NULL;
}

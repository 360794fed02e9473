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


#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "lease.h"
#include "output.h"

/* The walker: what there is to say about each item, whatever the format. */

static const char *const state_names[] = {
	[LEASE_IDLE] = "idle",
	[LEASE_READY] = "ready",
	[LEASE_BOUND] = "bound",
	[LEASE_FAILED] = "failed"
};

static const char *const event_names[] = {
	[EVENT_ARRIVAL] = "arrival",
	[EVENT_READY] = "ready",
	[EVENT_BOUND] = "bound",
	[EVENT_FAILED] = "failed",
	[EVENT_RELEASED] = "released",
	[EVENT_DEPARTURE] = "departure",
	[EVENT_RELOAD] = "reload"
};

#define NITEMS(a)	(sizeof(a) / sizeof((a)[0]))

const char *
output_state(uint8_t state)
{
	return state_names[state];
}

static struct field *
add_field(struct item *item, const char *column, const char *key,
    enum field_kind kind)
{
	struct field	*field = &item->fields[item->n++];

	field->column = column;
	field->key = key;
	field->kind = kind;
	return field;
}

static void
add_text(struct item *item, const char *column, const char *key,
    enum field_kind kind, const char *text)
{
	add_field(item, column, key, *text == '\0' ? FIELD_NONE : kind)->text =
	    text;
}

static void
add_word(struct item *item, const char *column, const char *key,
    const char *word)
{
	add_text(item, column, key, FIELD_WORD, word);
}

static void
add_number(struct item *item, const char *column, const char *key,
    uint64_t number)
{
	add_field(item, column, key, FIELD_NUMBER)->number = number;
}

static void
add_bool(struct item *item, const char *column, const char *key, bool value)
{
	add_field(item, column, key, FIELD_BOOL)->number = value;
}

static void
add_time(struct item *item, const char *key, int64_t when)
{
	add_field(item, NULL, key, when > 0 ? FIELD_NUMBER :
	    FIELD_NONE)->number = (uint64_t)when;
}

static void
walk_lease(struct item *item, const struct ctl_lease *lease)
{
	const struct prefix	 host = { lease->host, lease->plen };

	add_word(item, "vm", "vm", lease->vm);
	add_number(item, "if", "interface", lease->ifn);
	add_word(item, "tap", "tap", lease->tap);
	add_word(item, "pool", "pool", lease->pool);
	add_word(item, "state", "state", output_state(lease->state));
	add_word(item, "host", "host", host.addr != 0 ?
	    prefix_ntoa(&host) : "");
	add_word(item, "guest", "guest", lease->guest != 0 ?
	    addr_ntoa(lease->guest) : "");
	add_word(item, NULL, "host6", "");
	add_word(item, NULL, "guest6", "");
	add_word(item, "lladdr", "lladdr", lease->has_lladdr ?
	    lladdr_ntoa(lease->lladdr) : "");
	add_word(item, "hostname", "hostname", lease->hostname);
	add_time(item, "since", lease->since);
	add_time(item, "bound", lease->bound);
	add_time(item, "expires", lease->expires);
	add_text(item, NULL, "reason", FIELD_LINE, lease->reason);
	item->note = lease->reason;
	item->since = lease->since;
}

static void
walk_pool(struct item *item, const struct ctl_pool *pool)
{
	add_word(item, "pool", "name", pool->name);
	add_word(item, "range", "inet", prefix_ntoa(&pool->inet));
	add_number(item, "subnet", "subnet", pool->subnet);
	add_number(item, "size", "size", pool->size);
	add_number(item, "used", "used", pool->used);
	add_number(item, "idle", "idle", pool->idle);
	add_number(item, "free", "free", pool->free);
	add_number(item, NULL, "rdomain", pool->rdomain);
}

static void
walk_interface(struct item *item, const struct ctl_interface *interface)
{
	add_word(item, "tap", "tap", interface->name);
	add_number(item, "index", "index", interface->index);
	add_word(item, "vm", "vm", interface->vm);
	if (interface->vm[0] != '\0')
		add_number(item, "if", "interface", interface->ifn);
	else
		add_word(item, "if", "interface", "");
	add_text(item, NULL, "description", FIELD_LINE, interface->descr);
	add_number(item, NULL, "rdomain", interface->rdomain);
	add_bool(item, NULL, "up", interface->up);
	add_bool(item, NULL, "link", interface->link);
	add_bool(item, "managed", "managed", interface->managed);
	add_text(item, "reason", "reason", FIELD_LINE, interface->reason);
}

static void
walk_stat(struct item *item, const struct ctl_stat *stat)
{
	add_word(item, "group", "group", stat->group);
	add_word(item, "name", "name", stat->name);
	add_number(item, "value", "value", stat->value);
}

static void
walk(struct item *item, uint32_t type, const void *data)
{
	memset(item, 0, sizeof(*item));
	item->note = "";
	switch (type) {
	case CTL_LEASE:
		walk_lease(item, data);
		break;
	case CTL_POOL:
		walk_pool(item, data);
		break;
	case CTL_INTERFACE:
		walk_interface(item, data);
		break;
	case CTL_STAT:
		walk_stat(item, data);
		break;
	case CTL_RULE:
	case CTL_FINDING:
		item->line = ((const struct ctl_text *)data)->text;
		break;
	}
}

size_t
output_size(uint32_t type)
{
	switch (type) {
	case CTL_LEASE:
		return sizeof(struct ctl_lease);
	case CTL_POOL:
		return sizeof(struct ctl_pool);
	case CTL_INTERFACE:
		return sizeof(struct ctl_interface);
	case CTL_STAT:
		return sizeof(struct ctl_stat);
	case CTL_EVENT:
		return sizeof(struct ctl_event);
	case CTL_RULE:
	case CTL_FINDING:
		return sizeof(struct ctl_text);
	}
	return 0;
}

#define TERMINATED(array)	(memchr(array, '\0', sizeof(array)) != NULL)

static bool
valid_lease(const struct ctl_lease *lease)
{
	return TERMINATED(lease->vm) && TERMINATED(lease->tap) &&
	    TERMINATED(lease->pool) && TERMINATED(lease->hostname) &&
	    TERMINATED(lease->reason) && lease->plen <= 32 &&
	    lease->ifn <= VMIF_MAX && lease->state < NITEMS(state_names);
}

static bool
valid_pool(const struct ctl_pool *pool)
{
	return TERMINATED(pool->name) && pool->inet.len <= 32 &&
	    pool->subnet <= 32;
}

static bool
valid_interface(const struct ctl_interface *interface)
{
	return TERMINATED(interface->name) && TERMINATED(interface->vm) &&
	    TERMINATED(interface->descr) && TERMINATED(interface->reason) &&
	    interface->ifn <= VMIF_MAX;
}

static bool
valid_stat(const struct ctl_stat *stat)
{
	return TERMINATED(stat->group) && TERMINATED(stat->name) &&
	    stat->group[0] != '\0' && stat->name[0] != '\0';
}

static bool
valid_event(const struct ctl_event *event)
{
	return event->type < NITEMS(event_names) && valid_lease(&event->lease);
}

bool
output_valid(uint32_t type, const void *data)
{
	switch (type) {
	case CTL_LEASE:
		return valid_lease(data);
	case CTL_POOL:
		return valid_pool(data);
	case CTL_INTERFACE:
		return valid_interface(data);
	case CTL_STAT:
		return valid_stat(data);
	case CTL_EVENT:
		return valid_event(data);
	case CTL_RULE:
	case CTL_FINDING:
		return TERMINATED(((const struct ctl_text *)data)->text);
	}
	return false;
}

/* Names and numbers of columns come from an item without any value. */
void
output_begin(struct output *out, FILE *fp, bool json, uint32_t type,
    int64_t now)
{
	static const union {
		struct ctl_lease	 lease;
		struct ctl_pool		 pool;
		struct ctl_interface	 interface;
		struct ctl_stat		 stat;
		struct ctl_text		 text;
	} none;
	struct item	 item;

	memset(out, 0, sizeof(*out));
	STAILQ_INIT(&out->rows);
	out->fp = fp;
	out->printer = json ? &json_printer : &table_printer;
	out->type = type;
	out->now = now;
	walk(&item, type, &none);
	out->printer->begin(out, &item);
}

static int
output_flush(struct output *out)
{
	return fflush(out->fp) != 0 || ferror(out->fp) ? -1 : 0;
}

static int
output_event(struct output *out, const struct ctl_event *event)
{
	struct item	 item;

	walk(&item, CTL_LEASE, &event->lease);
	out->printer->event(out, event->when, event_names[event->type],
	    event->lease.vm[0] != '\0' ? &item : NULL);
	return output_flush(out);
}

int
output_item(struct output *out, const void *data)
{
	struct item	 item;

	out->count++;
	if (out->type == CTL_EVENT)
		return output_event(out, data);
	walk(&item, out->type, data);
	out->printer->item(out, &item);
	return 0;
}

int
output_address(struct output *out, uint32_t address)
{
	out->printer->address(out, addr_ntoa(address));
	return output_flush(out);
}

int
output_end(struct output *out)
{
	out->printer->end(out);
	return output_flush(out);
}

void
output_clear(struct output *out)
{
	out->printer->clear(out);
}

size_t
output_escape(char *dst, size_t size, const char *src, bool blanks)
{
	size_t	 len = 0;
	u_char	 c;

	for (; (c = (u_char)*src) != '\0' && len + 5 <= size; src++) {
		if (c == '\\')
			len += snprintf(dst + len, size - len, "\\\\");
		else if ((c > ' ' && c < 0x7f) || (c == ' ' && blanks))
			dst[len++] = c;
		else
			len += snprintf(dst + len, size - len, "\\%03o", c);
	}
	dst[len] = '\0';
	return len;
}

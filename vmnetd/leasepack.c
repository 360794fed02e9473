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
#include <string.h>

#include "lease.h"

static int	 pack_text(struct ibuf *, const char *);
static int	 unpack_text(struct ibuf *, char *, size_t);

int
lease_pack(struct ibuf *buf, const struct lease_record *record)
{
	if (pack_text(buf, record->vm) == -1 ||
	    pack_text(buf, record->pool) == -1 ||
	    pack_text(buf, record->hostname) == -1 ||
	    ibuf_add_n32(buf, record->subnet) == -1 ||
	    ibuf_add_n32(buf, record->guest) == -1 ||
	    ibuf_add_n64(buf, record->since) == -1 ||
	    ibuf_add_n64(buf, record->expires) == -1 ||
	    ibuf_add_n8(buf, record->ifn) == -1 ||
	    ibuf_add_n8(buf, record->plen) == -1 ||
	    ibuf_add_n8(buf, record->state) == -1 ||
	    ibuf_add_n8(buf, record->has_lladdr) == -1)
		return -1;
	return ibuf_add(buf, record->lladdr, sizeof(record->lladdr));
}

int
lease_unpack(struct ibuf *buf, struct lease_record *record)
{
	uint64_t	 since, expires;

	memset(record, 0, sizeof(*record));
	if (unpack_text(buf, record->vm, sizeof(record->vm)) == -1 ||
	    unpack_text(buf, record->pool, sizeof(record->pool)) == -1 ||
	    unpack_text(buf, record->hostname,
	    sizeof(record->hostname)) == -1 ||
	    ibuf_get_n32(buf, &record->subnet) == -1 ||
	    ibuf_get_n32(buf, &record->guest) == -1 ||
	    ibuf_get_n64(buf, &since) == -1 ||
	    ibuf_get_n64(buf, &expires) == -1 ||
	    ibuf_get_n8(buf, &record->ifn) == -1 ||
	    ibuf_get_n8(buf, &record->plen) == -1 ||
	    ibuf_get_n8(buf, &record->state) == -1 ||
	    ibuf_get_n8(buf, &record->has_lladdr) == -1)
		return -1;
	record->since = since;
	record->expires = expires;
	return ibuf_get(buf, record->lladdr, sizeof(record->lladdr));
}

static int
pack_text(struct ibuf *buf, const char *s)
{
	size_t	 len = strlen(s);

	return ibuf_add_n8(buf, len) == -1 ? -1 : ibuf_add(buf, s, len);
}

static int
unpack_text(struct ibuf *buf, char *s, size_t size)
{
	uint8_t	 len;

	if (ibuf_get_n8(buf, &len) == -1 || len >= size ||
	    ibuf_get(buf, s, len) == -1)
		return -1;
	s[len] = '\0';
	return strlen(s) == len ? 0 : -1;
}

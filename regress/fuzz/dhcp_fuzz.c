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

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp.h"
#include "packet.h"

/*
 * The input is a message.  Each option of what dhcp_parse() takes must be
 * what a second opinion reads there, and must be so again after it has been
 * written.
 */

int		 LLVMFuzzerTestOneInput(const uint8_t *, size_t);
static void	 check_fixed(const struct dhcp_msg *, const uint8_t *);
static void	 check_options(const struct dhcp_msg *);
static void	 check_needed(const struct dhcp_msg *);
static void	 check_written(const struct dhcp_msg *, const uint8_t *,
		    size_t);

static struct pk_options	 options;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t	 cookie[] = { 99, 130, 83, 99 };
	struct dhcp_msg		 m;
	enum drop		 drop;
	int			 has_cookie;

	drop = dhcp_parse(&m, data, size);
	if (drop >= DROP_MAX || (size < 236) != (drop == DROP_SHORT) ||
	    (size > 1500) != (drop == DROP_TOO_LONG))
		abort();
	if (drop != DROP_NONE && drop != DROP_OPTION_OVERRUN)
		return 0;
	check_fixed(&m, data);
	has_cookie = size >= 240 && memcmp(data + 236, cookie, 4) == 0;
	if (m.has_cookie != has_cookie || (!has_cookie && size > 300))
		abort();
	memset(options.has, 0, sizeof(options.has));
	if (has_cookie && (pk_read_options(&options, data, size) == -1) !=
	    (drop == DROP_OPTION_OVERRUN))
		abort();
	if (drop == DROP_NONE) {
		check_options(&m);
		check_needed(&m);
		check_written(&m, data, size);
	}
	return 0;
}

static void
check_fixed(const struct dhcp_msg *m, const uint8_t *b)
{
	if (b[0] != 1 || b[1] != 1 || b[2] != 6 || b[3] != 0 ||
	    pk_get(b + 24, 4) != 0 || m->giaddr != 0 ||
	    memcmp(&m->xid, b + 4, 4) != 0 ||
	    m->flags != pk_get(b + 10, 2) ||
	    m->ciaddr != pk_get(b + 12, 4) ||
	    memcmp(m->chaddr, b + 28, 16) != 0)
		abort();
}

static void
check_options(const struct dhcp_msg *m)
{
	const uint8_t	*p;
	size_t		 len;
	int		 code;

	for (code = 0; code < 256; code++) {
		p = dhcp_option(m, (uint8_t)code, &len);
		if ((p != NULL) != options.has[code])
			abort();
		if (p == NULL)
			continue;
		if (p < m->store || p + len > m->store + sizeof(m->store) ||
		    len != options.len[code] ||
		    memcmp(p, options.data[code], len) != 0)
			abort();
	}
}

static void
check_needed(const struct dhcp_msg *m)
{
	if ((options.has[50] && options.len[50] != 4) ||
	    (options.has[52] && options.len[52] != 1) ||
	    (options.has[53] && options.len[53] != 1) ||
	    (options.has[54] && options.len[54] != 4) ||
	    (options.has[57] && options.len[57] != 2))
		abort();
	if (m->type != (options.has[53] ? options.data[53][0] : 0))
		abort();
	switch (m->type) {
	case DHCP_BOOTP:
	case DHCPDISCOVER:
	case DHCPREQUEST:
	case DHCPDECLINE:
	case DHCPRELEASE:
	case DHCPINFORM:
		break;
	default:
		abort();
	}
}

/* Write what was read, in just the room that it needs, and read it again. */
static void
check_written(const struct dhcp_msg *m, const uint8_t *data, size_t size)
{
	struct dhcp_writer	 w;
	struct dhcp_msg		 again;
	const uint8_t		*p;
	uint8_t			 buf[1500];
	size_t			 len;
	int			 code;

	if (!m->has_cookie || size > 1000 || options.has[52])
		return;
	memcpy(buf, data, 236);
	dhcp_start(&w, buf + 236, sizeof(buf) - 236);
	for (code = 1; code < 255; code++) {
		if ((p = dhcp_option(m, (uint8_t)code, &len)) != NULL &&
		    dhcp_put(&w, (uint8_t)code, p, len) == -1)
			abort();
	}
	dhcp_end(&w);
	if (w.full || w.len > size - 236 + 1 ||
	    dhcp_parse(&again, buf, 236 + w.len) != DROP_NONE ||
	    again.type != m->type)
		abort();
	check_options(&again);
}

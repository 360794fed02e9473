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

#include <string.h>

#include "addr.h"
#include "dhcp.h"
#include "wire.h"

#define HTYPE_ETHERNET	1
#define HLEN_ETHERNET	6
#define VEND_LEN	64	/* of RFC 951: free-form without a cookie */
#define NAME_MAXLEN	255	/* of a domain name, RFC 1035 */
#define LABEL_MAXLEN	63

/* Where the fields of a message are. */
#define OFF_SNAME	44
#define OFF_FILE	108
#define SNAME_LEN	64
#define FILE_LEN	128

/* Values of the option "overload". */
#define OVERLOAD_FILE	0x1
#define OVERLOAD_SNAME	0x2

/* Values of dhcp_msg.option[].set while it is being filled. */
#define OPTION_COUNTED	1
#define OPTION_PLACED	2

/* The fields of a message that hold options, in the order of RFC 2131. */
struct field {
	const uint8_t	*p;
	size_t		 len;
};

static const uint8_t	 cookie[4] = { 99, 130, 83, 99 };

static enum drop	 check_fixed(const struct dhcp_msg *);
static void		 parse_fixed(struct dhcp_msg *, const uint8_t *);
static enum drop	 parse_options(struct dhcp_msg *, const uint8_t *,
			    size_t);
static enum drop	 count_options(struct dhcp_msg *,
			    const struct field *, uint8_t *);
static size_t		 store_options(struct dhcp_msg *,
			    const struct field *, size_t);
static enum drop	 check_options(struct dhcp_msg *);

enum drop
dhcp_parse(struct dhcp_msg *m, const uint8_t *buf, size_t len)
{
	enum drop	 drop;

	if (len < DHCP_FIXED_LEN)
		return DROP_SHORT;
	/* All options together are shorter than the message. */
	if (len > sizeof(m->store))
		return DROP_TOO_LONG;
	parse_fixed(m, buf);
	if ((drop = check_fixed(m)) != DROP_NONE)
		return drop;

	memset(m->option, 0, sizeof(m->option));
	m->type = DHCP_BOOTP;
	m->has_cookie = len >= DHCP_FIXED_LEN + sizeof(cookie) &&
	    memcmp(buf + DHCP_FIXED_LEN, cookie, sizeof(cookie)) == 0;
	if (m->has_cookie)
		return parse_options(m, buf, len);
	return len > DHCP_FIXED_LEN + VEND_LEN ? DROP_COOKIE : DROP_NONE;
}

static void
parse_fixed(struct dhcp_msg *m, const uint8_t *buf)
{
	m->op = buf[0];
	m->htype = buf[1];
	m->hlen = buf[2];
	m->hops = buf[3];
	memcpy(&m->xid, buf + 4, sizeof(m->xid));
	m->secs = get16(buf + 8);
	m->flags = get16(buf + 10);
	m->ciaddr = get32(buf + 12);
	m->yiaddr = get32(buf + 16);
	m->siaddr = get32(buf + 20);
	m->giaddr = get32(buf + 24);
	memcpy(m->chaddr, buf + 28, sizeof(m->chaddr));
}

static enum drop
check_fixed(const struct dhcp_msg *m)
{
	if (m->op != BOOTREQUEST)
		return DROP_BOOTP_OP;
	if (m->htype != HTYPE_ETHERNET || m->hlen != HLEN_ETHERNET)
		return DROP_HARDWARE;
	if (m->hops != 0 || m->giaddr != 0)
		return DROP_RELAYED;
	return DROP_NONE;
}

/*
 * What is joined must be contiguous: count first, then store.  Only the
 * options field can say that `file` and `sname` hold options too.
 */
static enum drop
parse_options(struct dhcp_msg *m, const uint8_t *buf, size_t len)
{
	struct field	 field[3];
	enum drop	 drop;
	size_t		 i, n = 1, used = 0;
	uint8_t		 overload = 0, ignored;

	field[0].p = buf + DHCP_FIXED_LEN + sizeof(cookie);
	field[0].len = len - DHCP_FIXED_LEN - sizeof(cookie);
	if ((drop = count_options(m, &field[0], &overload)) != DROP_NONE)
		return drop;
	if (m->option[DHO_OVERLOAD].set &&
	    (m->option[DHO_OVERLOAD].len != 1 || overload == 0 ||
	    overload > (OVERLOAD_FILE | OVERLOAD_SNAME)))
		return DROP_OPTION_VALUE;
	if (overload & OVERLOAD_FILE) {
		field[n].p = buf + OFF_FILE;
		field[n++].len = FILE_LEN;
	}
	if (overload & OVERLOAD_SNAME) {
		field[n].p = buf + OFF_SNAME;
		field[n++].len = SNAME_LEN;
	}
	for (i = 1; i < n; i++) {
		if ((drop = count_options(m, &field[i], &ignored)) !=
		    DROP_NONE)
			return drop;
	}
	for (i = 0; i < n; i++)
		used = store_options(m, &field[i], used);
	return check_options(m);
}

/* Each option's length, all its parts together. */
static enum drop
count_options(struct dhcp_msg *m, const struct field *f, uint8_t *overload)
{
	size_t		 i = 0;
	uint8_t		 code, len;

	while (i < f->len && (code = f->p[i++]) != DHO_END) {
		if (code == DHO_PAD)
			continue;
		if (i == f->len)
			return DROP_OPTION_OVERRUN;
		len = f->p[i++];
		if (len > f->len - i)
			return DROP_OPTION_OVERRUN;
		if (code == DHO_OVERLOAD && len == 1)
			*overload = f->p[i];
		m->option[code].set = OPTION_COUNTED;
		m->option[code].len += len;
		i += len;
	}
	return DROP_NONE;
}

/* Each option's bytes, in a place as long as was counted. */
static size_t
store_options(struct dhcp_msg *m, const struct field *f, size_t used)
{
	size_t		 i = 0;
	uint8_t		 code, len;

	while (i < f->len && (code = f->p[i++]) != DHO_END) {
		if (code == DHO_PAD)
			continue;
		len = f->p[i++];
		if (m->option[code].set == OPTION_COUNTED) {
			m->option[code].set = OPTION_PLACED;
			m->option[code].off = used;
			used += m->option[code].len;
			m->option[code].len = 0;
		}
		memcpy(m->store + m->option[code].off + m->option[code].len,
		    f->p + i, len);
		m->option[code].len += len;
		i += len;
	}
	return used;
}

/* The options on which an answer depends must be as they should be. */
static enum drop
check_options(struct dhcp_msg *m)
{
	static const struct {
		uint8_t	 code;
		uint8_t	 len;
	}		 fixed[] = {
		{ DHO_REQUESTED_ADDR, 4 },
		{ DHO_OVERLOAD, 1 },
		{ DHO_MESSAGE_TYPE, 1 },
		{ DHO_SERVER_ID, 4 },
		{ DHO_MAX_SIZE, 2 }
	};
	const uint8_t	*p;
	size_t		 i, len;

	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (m->option[fixed[i].code].set &&
		    m->option[fixed[i].code].len != fixed[i].len)
			return DROP_OPTION_VALUE;
	}
	if ((p = dhcp_option(m, DHO_MESSAGE_TYPE, &len)) == NULL)
		return DROP_NONE;
	switch (*p) {
	case DHCPDISCOVER:
	case DHCPREQUEST:
	case DHCPDECLINE:
	case DHCPRELEASE:
	case DHCPINFORM:
		m->type = *p;
		return DROP_NONE;
	default:
		return DROP_MESSAGE_TYPE;
	}
}

const uint8_t *
dhcp_option(const struct dhcp_msg *m, uint8_t code, size_t *len)
{
	if (!m->option[code].set)
		return NULL;
	*len = m->option[code].len;
	return m->store + m->option[code].off;
}

const char *
dhcp_type_name(enum dhcp_type type)
{
	static const char *const	 names[] = {
		"BOOTP", "DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK",
		"NAK", "RELEASE", "INFORM"
	};

	if ((size_t)type >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[type];
}

void
dhcp_start(struct dhcp_writer *w, uint8_t *buf, size_t size)
{
	w->buf = buf;
	w->size = size;
	w->full = 0;
	memcpy(buf, cookie, sizeof(cookie));
	w->len = sizeof(cookie);
}

/* All of an option or nothing: 0, or -1 if it does not fit. */
int
dhcp_put(struct dhcp_writer *w, uint8_t code, const void *data, size_t len)
{
	const uint8_t	*p = data;
	size_t		 part, parts;

	parts = len == 0 ? 1 : (len + UINT8_MAX - 1) / UINT8_MAX;
	/* One byte is kept for END. */
	if (len + 2 * parts + 1 > w->size - w->len) {
		w->full = 1;
		return -1;
	}
	do {
		part = len > UINT8_MAX ? UINT8_MAX : len;
		w->buf[w->len++] = code;
		w->buf[w->len++] = (uint8_t)part;
		if (part == 0)
			break;
		memcpy(w->buf + w->len, p, part);
		w->len += part;
		p += part;
		len -= part;
	} while (len > 0);
	return 0;
}

int
dhcp_put8(struct dhcp_writer *w, uint8_t code, uint8_t v)
{
	return dhcp_put(w, code, &v, sizeof(v));
}

int
dhcp_put16(struct dhcp_writer *w, uint8_t code, uint16_t v)
{
	uint8_t		 buf[2];

	put16(buf, v);
	return dhcp_put(w, code, buf, sizeof(buf));
}

int
dhcp_put32(struct dhcp_writer *w, uint8_t code, uint32_t v)
{
	uint8_t		 buf[4];

	put32(buf, v);
	return dhcp_put(w, code, buf, sizeof(buf));
}

void
dhcp_end(struct dhcp_writer *w)
{
	w->buf[w->len++] = DHO_END;
}

/* A dot at the end is allowed, an empty label or name is not. */
size_t
dhcp_encode_name(const char *name, uint8_t *buf, size_t size)
{
	size_t		 label, len = 0;

	if (size > NAME_MAXLEN)
		size = NAME_MAXLEN;
	do {
		label = strcspn(name, ".");
		if (label == 0 || label > LABEL_MAXLEN ||
		    len + 1 + label + 1 > size)
			return 0;
		buf[len++] = (uint8_t)label;
		memcpy(buf + len, name, label);
		len += label;
		name += label;
		if (*name == '.')
			name++;
	} while (*name != '\0');
	buf[len++] = 0;
	return len;
}

/* Only as many bytes of the destination as its length needs. */
size_t
dhcp_encode_route(uint32_t dst, uint8_t len, uint32_t via, uint8_t *buf,
    size_t size)
{
	uint8_t		 addr[4];
	size_t		 significant;

	if (len > 32)
		return 0;
	significant = (len + 7) / 8;
	if (1 + significant + sizeof(addr) > size)
		return 0;
	buf[0] = len;
	put32(addr, dst & addr_mask(len));
	memcpy(buf + 1, addr, significant);
	put32(buf + 1 + significant, via);
	return 1 + significant + sizeof(addr);
}

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


#include <err.h>
#include <stdio.h>
#include <string.h>

#include "guest.h"
#include "wire.h"

#define COOKIE		0x63825363
#define FIXED		236		/* bytes before the cookie */

/* What a message carries besides its type. */
#define HAS_REQUESTED	0x01		/* option 50 */
#define HAS_SERVER	0x02		/* option 54 */
#define HAS_CIADDR	0x04		/* and it is the IP source */
#define UNICAST		0x08
#define SILENT		0x10		/* has no answer */

/* One message of a client, and what it hopes for. */
struct dialog {
	const char	*name;
	enum dhcp_type	 type;
	int		 what;
	enum dhcp_type	 answer;
};

static const struct dialog dialogs[] = {
	{ "bootp", BOOTP, 0, BOOTP },
	{ "decline", DECLINE, HAS_REQUESTED | HAS_SERVER | SILENT, 0 },
	{ "discover", DISCOVER, 0, OFFER },
	{ "inform", INFORM, HAS_CIADDR, ACK },
	{ "rebind", REQUEST, HAS_CIADDR, ACK },
	{ "reboot", REQUEST, HAS_REQUESTED, ACK },
	{ "release", RELEASE, HAS_CIADDR | HAS_SERVER | UNICAST | SILENT, 0 },
	{ "renew", REQUEST, HAS_CIADDR | UNICAST, ACK },
	{ "request", REQUEST, HAS_REQUESTED | HAS_SERVER, ACK }
};

static const uint8_t parameters[] = {
	1, 3, 6, 12, 15, 26, 42, 51, 54, 58, 59, 66, 67, 119, 121, 224
};

const struct dialog *
dialog_find(const char *name)
{
	size_t	 i;

	for (i = 0; i < sizeof(dialogs) / sizeof(dialogs[0]); i++)
		if (strcmp(dialogs[i].name, name) == 0)
			return &dialogs[i];
	return NULL;
}

static uint8_t *
put_option(uint8_t *p, uint8_t code, const void *data, size_t len)
{
	p[0] = code;
	p[1] = len;
	memcpy(p + 2, data, len);
	return p + 2 + len;
}

static uint8_t *
put_address(uint8_t *p, uint8_t code, uint32_t address)
{
	uint8_t	 buf[4];

	put32(buf, address);
	return put_option(p, code, buf, sizeof(buf));
}

static uint8_t *
put_options(uint8_t *p, const struct guest *g, const struct dialog *d,
    uint32_t address)
{
	const uint8_t	 type = d->type;

	p = put_option(p, 53, &type, 1);
	if (d->what & HAS_REQUESTED)
		p = put_address(p, 50, address);
	if (d->what & HAS_SERVER)
		p = put_address(p, 54, g->server);
	if (g->nclientid > 0)
		p = put_option(p, 61, g->clientid, g->nclientid);
	if (g->hostname != NULL)
		p = put_option(p, 12, g->hostname, strlen(g->hostname));
	if (!(d->what & SILENT))
		p = put_option(p, 55, parameters, sizeof(parameters));
	memcpy(p, g->extra, g->nextra);
	p += g->nextra;
	*p++ = 255;
	return p;
}

/* The message of a dialog about an address, as a frame. */
size_t
dhcp_build(struct guest *g, const struct dialog *d, uint32_t address,
    uint8_t *frame)
{
	uint8_t		 msg[1400], *p;
	const bool	 unicast = d->what & UNICAST && g->server != 0;
	const uint32_t	 ciaddr = d->what & HAS_CIADDR ? address : 0;
	size_t		 len;

	memset(msg, 0, sizeof(msg));
	msg[0] = 1;
	msg[1] = 1;
	msg[2] = 6;
	put32(msg + 4, g->xid);
	put16(msg + 10, g->flags);
	put32(msg + 12, ciaddr);
	memcpy(msg + 28, g->lladdr, 6);
	p = msg + FIXED;
	if (d->type != BOOTP) {
		put32(p, COOKIE);
		p = put_options(p + 4, g, d, address);
	}
	len = p - msg;
	if (len < 300)
		len = 300;
	return build_udp(frame, g, unicast ? g->server_lladdr : broadcast,
	    ciaddr, unicast ? g->server : 0xffffffff, msg, len);
}

bool
dhcp_send(struct guest *g, const struct dialog *d, uint32_t address)
{
	uint8_t	 frame[ETHER_MAX];

	g->discovering = d->type == DISCOVER;
	return send_frame(g, frame, dhcp_build(g, d, address, frame));
}

/* --- replies ------------------------------------------------------------- */

/* Options that come in parts are joined (RFC 3396). */
static void
keep_option(struct reply *r, size_t *used, uint8_t code, const uint8_t *data,
    size_t len)
{
	if (*used + r->option[code].len + len > sizeof(r->store))
		return;
	memmove(r->store + *used, r->store + r->option[code].off,
	    r->option[code].len);
	r->option[code].off = *used;
	memcpy(r->store + *used + r->option[code].len, data, len);
	r->option[code].len += len;
	r->option[code].set = true;
	*used += r->option[code].len;
}

static bool
parse_options(struct reply *r, size_t *used, const uint8_t *p, size_t len)
{
	while (len > 0 && *p != 255) {
		if (*p == 0) {
			p++;
			len--;
			continue;
		}
		if (len < 2 || len < 2 + (size_t)p[1])
			return false;
		keep_option(r, used, p[0], p + 2, p[1]);
		len -= 2 + (size_t)p[1];
		p += 2 + p[1];
	}
	/* A field without END goes on where nothing is. */
	return len > 0;
}

static bool
parse_reply(struct reply *r, const uint8_t *msg, size_t len)
{
	size_t	 used = 0;
	uint8_t	 overload = 0;

	r->len = len;
	r->flags = get16(msg + 10);
	r->ciaddr = get32(msg + 12);
	r->yiaddr = get32(msg + 16);
	r->siaddr = get32(msg + 20);
	if (len > FIXED + 4 && get32(msg + FIXED) == COOKIE &&
	    !parse_options(r, &used, msg + FIXED + 4, len - FIXED - 4))
		return false;
	if (r->option[52].set && r->option[52].len == 1)
		overload = r->store[r->option[52].off];
	if (overload & 1 && !parse_options(r, &used, msg + 108, 128))
		return false;
	if (overload & 2 && !parse_options(r, &used, msg + 44, 64))
		return false;
	if (!(overload & 2))
		memcpy(r->sname, msg + 44, 64);
	if (!(overload & 1))
		memcpy(r->file, msg + 108, 128);
	if (r->option[53].set && r->option[53].len == 1)
		r->type = r->store[r->option[53].off];
	return true;
}

/* Only the reply to our last message counts. */
void
dhcp_receive(struct guest *g, const struct reply *headers,
    const uint8_t *msg, size_t len)
{
	struct reply	 r = *headers;

	if (len < FIXED || msg[0] != 2 || msg[1] != 1 || msg[2] != 6 ||
	    !parse_reply(&r, msg, len)) {
		g->broken++;
		say(g, "broken dhcp\n");
		return;
	}
	if (get32(msg + 4) != g->xid || memcmp(msg + 28, g->lladdr, 6) != 0 ||
	    (r.type == OFFER && !g->discovering))
		return;
	r.set = true;
	g->reply = r;
}

static uint32_t
option_address(const struct reply *r, uint8_t code)
{
	if (!r->option[code].set || r->option[code].len < 4)
		return 0;
	return get32(r->store + r->option[code].off);
}

/* Use what the reply says. */
void
dhcp_take(struct guest *g)
{
	const struct reply	*r = &g->reply;

	if (r->type == NAK) {
		g->address = g->offered = 0;
		return;
	}
	if (option_address(r, 54) != 0)
		g->server = option_address(r, 54);
	memcpy(g->server_lladdr, r->src, 6);
	if (r->yiaddr != 0)
		g->offered = r->yiaddr;
	if (r->type == OFFER || r->yiaddr == 0)
		return;
	g->address = r->yiaddr;
	g->mask = option_address(r, 1);
	g->router = option_address(r, 3);
}

/* --- printing ------------------------------------------------------------ */

static void
print_text(const char *text, size_t len)
{
	for (; len > 0 && *text != '\0'; text++, len--) {
		if (*text > ' ' && *text < 0x7f && *text != '\\')
			putchar(*text);
		else
			printf("\\%03o", (unsigned char)*text);
	}
}

static void
print_addresses(const uint8_t *p, size_t len)
{
	const char	*separator = "";

	for (; len >= 4; p += 4, len -= 4) {
		printf("%s%s", separator, address_text(get32(p)));
		separator = ",";
	}
}

static void
print_number(const uint8_t *p, size_t len)
{
	uint32_t	 n = 0;

	for (; len > 0; len--)
		n = n << 8 | *p++;
	printf("%u", n);
}

/* Names without compression. */
static void
print_names(const uint8_t *p, size_t len)
{
	const char	*separator = "";

	while (len > 0 && *p < 64 && *p < len) {
		if (*p == 0) {
			separator = ",";
			p++;
			len--;
			continue;
		}
		printf("%s", separator);
		print_text((const char *)p + 1, *p);
		separator = ".";
		len -= 1 + (size_t)*p;
		p += 1 + *p;
	}
}

/* 10.0.0.0/8:172.16.0.2,... */
static void
print_routes(const uint8_t *p, size_t len)
{
	const char	*separator = "";
	uint8_t		 dst[4];
	size_t		 n;

	while (len > 0 && p[0] <= 32) {
		n = (p[0] + 7) / 8;
		if (len < 1 + n + 4)
			break;
		memset(dst, 0, sizeof(dst));
		memcpy(dst, p + 1, n);
		printf("%s%s/%u:", separator, address_text(get32(dst)), p[0]);
		printf("%s", address_text(get32(p + 1 + n)));
		separator = ",";
		p += 1 + n + 4;
		len -= 1 + n + 4;
	}
}

static void
print_bytes(const uint8_t *p, size_t len)
{
	for (; len > 0; len--)
		printf("%02x", *p++);
}

static void
print_string(const uint8_t *p, size_t len)
{
	print_text((const char *)p, len);
}

static const struct {
	uint8_t		 code;
	const char	*name;
	void		(*print)(const uint8_t *, size_t);
} names[] = {
	{ 1, "mask", print_addresses },
	{ 3, "router", print_addresses },
	{ 54, "server", print_addresses },
	{ 51, "lease", print_number },
	{ 58, "t1", print_number },
	{ 59, "t2", print_number },
	{ 6, "dns", print_addresses },
	{ 12, "hostname", print_string },
	{ 15, "domain", print_string },
	{ 119, "search", print_names },
	{ 26, "mtu", print_number },
	{ 42, "ntp", print_addresses },
	{ 56, "message", print_string },
	{ 61, "clientid", print_bytes },
	{ 66, "option.66", print_string },
	{ 67, "option.67", print_string },
	{ 121, "option.121", print_routes }
};

#define NNAMES	(sizeof(names) / sizeof(names[0]))

static void
print_options(const struct reply *r)
{
	size_t	 i;
	int	 code;

	for (i = 0; i < NNAMES; i++) {
		code = names[i].code;
		if (!r->option[code].set)
			continue;
		printf(" %s=", names[i].name);
		names[i].print(r->store + r->option[code].off,
		    r->option[code].len);
	}
	for (code = 1; code < 255; code++) {
		for (i = 0; i < NNAMES && names[i].code != code; i++)
			;
		if (i < NNAMES || !r->option[code].set || code == 53)
			continue;
		printf(" option.%d=", code);
		print_bytes(r->store + r->option[code].off,
		    r->option[code].len);
	}
}

static const char *
type_name(enum dhcp_type type)
{
	switch (type) {
	case BOOTP:
		return "bootp";
	case OFFER:
		return "offer";
	case ACK:
		return "ack";
	case NAK:
		return "nak";
	default:
		return "unexpected";
	}
}

void
dhcp_print(const struct guest *g)
{
	const struct reply	*r = &g->reply;

	say(g, "%s address=%s", type_name(r->type), address_text(r->yiaddr));
	print_options(r);
	if (r->siaddr != 0)
		printf(" siaddr=%s", address_text(r->siaddr));
	if (r->sname[0] != '\0') {
		printf(" sname=");
		print_text(r->sname, sizeof(r->sname));
	}
	if (r->file[0] != '\0') {
		printf(" file=");
		print_text(r->file, sizeof(r->file));
	}
	printf(" ciaddr=%s", address_text(r->ciaddr));
	printf(" from=%s", address_text(r->ip_src));
	printf(" to=%s", address_text(r->ip_dst));
	printf(" lladdr=%s", lladdr_text(r->src));
	printf(" cast=%s length=%zu\n", memcmp(r->dst, broadcast, 6) == 0 ?
	    "broadcast" : "unicast", r->len);
}

/* --- dialogs ------------------------------------------------------------- */

static bool
has_reply(struct guest *g)
{
	return g->reply.set;
}

/* Ask, and ask again, until there is a reply or it takes too long. */
static bool
ask(struct guest *g, const struct dialog *d, uint32_t address, int patience)
{
	const int64_t	 end = now_ms() + patience;
	int64_t		 wait;

	g->reply.set = false;
	while (!g->reply.set && now_ms() < end) {
		/* Not up yet: as if the guest were still starting. */
		wait = dhcp_send(g, d, address) ? opt_retransmit : 10;
		if (wait > end - now_ms())
			wait = end - now_ms();
		if (!serve_until(has_reply, g, now_ms() + wait) &&
		    g->fd == -1)
			break;
	}
	return g->reply.set;
}

static uint32_t
dialog_address(const struct guest *g, const struct dialog *d,
    const char *arg)
{
	uint32_t	 address;

	if (arg != NULL) {
		if (!parse_address(arg, &address))
			errx(1, "%s: not an address: %s", d->name, arg);
		return address;
	}
	return g->address != 0 ? g->address : g->offered;
}

/*
 * Send one message and see whether the outcome is the expected one: NULL for
 * the good one, "nak" or "none".  So many milliseconds may pass until there is
 * one.  0, or 1 if it is not.
 */
int
dialog_run(struct guest *g, const struct dialog *d, const char *arg,
    const char *expect, int wait)
{
	const uint32_t	 address = dialog_address(g, d, arg);
	enum dhcp_type	 want = d->answer;
	bool		 silent = expect != NULL && strcmp(expect, "none") == 0;

	/* A REQUEST that follows an OFFER goes on with its number. */
	if (!(d->what & HAS_SERVER))
		g->xid++;
	if (d->what & SILENT) {
		if (!dhcp_send(g, d, address)) {
			say(g, "%s not sent\n", d->name);
			return 1;
		}
		g->reply.set = false;
		g->address = 0;
		silent = true;
	}
	if (expect != NULL && strcmp(expect, "nak") == 0)
		want = NAK;
	if (d->what & SILENT ?
	    serve_until(has_reply, g, now_ms() + opt_quiet) :
	    ask(g, d, address, silent ? opt_quiet : wait)) {
		dhcp_print(g);
		dhcp_take(g);
		return silent || g->reply.type != want;
	}
	say(g, "none after %s\n", d->name);
	return !silent;
}

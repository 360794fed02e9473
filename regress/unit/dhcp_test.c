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
#include "test.h"

static const uint8_t	 mac[6] = { 0xfe, 0xe1, 0xbb, 0xd1, 0xf1, 0 };
static const char	*seed_dir;

static enum drop	 parse(struct dhcp_msg *, const struct packet *);
static int		 has(const struct dhcp_msg *, uint8_t, const char *);
static void		 seed(const char *, const struct packet *);
static void		 test_fixed(void);
static void		 test_refused(void);
static void		 test_bootp(void);
static void		 test_types(void);
static void		 test_options(void);
static void		 test_overrun(void);
static void		 test_lengths(void);
static void		 test_joined(void);
static void		 test_joined_all(void);
static void		 test_overload(void);
static void		 test_overload_bad(void);
static void		 test_truncated(void);
static void		 test_too_long(void);
static void		 test_writer(void);
static void		 test_writer_split(void);
static void		 test_writer_full(void);
static void		 test_encode_name(void);
static void		 test_encode_route(void);
static void		 test_names(void);

int
main(int argc, char **argv)
{
	if (argc == 2)
		seed_dir = argv[1];
	TEST(test_fixed());
	TEST(test_refused());
	TEST(test_bootp());
	TEST(test_types());
	TEST(test_options());
	TEST(test_overrun());
	TEST(test_lengths());
	TEST(test_joined());
	TEST(test_joined_all());
	TEST(test_overload());
	TEST(test_overload_bad());
	TEST(test_truncated());
	TEST(test_too_long());
	TEST(test_writer());
	TEST(test_writer_split());
	TEST(test_writer_full());
	TEST(test_encode_name());
	TEST(test_encode_route());
	TEST(test_names());
	return test_end("dhcp");
}

static void
seed(const char *name, const struct packet *p)
{
	pk_seed(seed_dir, name, NULL, 0, p->b, p->len);
}

/* From a block of just that size, and into one full of rubbish. */
static enum drop
parse(struct dhcp_msg *m, const struct packet *p)
{
	enum drop	 drop;
	uint8_t		*copy;

	if ((copy = malloc(p->len + 1)) == NULL)
		abort();
	memcpy(copy + 1, p->b, p->len);
	memset(m, 0xa5, sizeof(*m));
	drop = dhcp_parse(m, copy + 1, p->len);
	free(copy);
	return drop;
}

/* Is the option there with this text? */
static int
has(const struct dhcp_msg *m, uint8_t code, const char *text)
{
	const uint8_t	*p;
	size_t		 len = 9999;

	return (p = dhcp_option(m, code, &len)) != NULL &&
	    len == strlen(text) && memcmp(p, text, len) == 0;
}

static void
test_fixed(void)
{
	struct packet	 p;
	struct dhcp_msg	 m;
	uint8_t		 xid[4] = { 0xde, 0xad, 0xbe, 0xef };
	size_t		 i;

	pk_message(&p, mac, DHCPDISCOVER);
	pk_end(&p);
	seed("discover", &p);
	memcpy(p.b + 4, xid, 4);
	pk_set(p.b + 8, 2, 0x0102);
	pk_set(p.b + 10, 2, 0x8000);
	pk_set(p.b + 12, 4, 0x0a000001);
	pk_set(p.b + 16, 4, 0x0a000002);
	pk_set(p.b + 20, 4, 0x0a000003);
	for (i = 0; i < 16; i++)
		p.b[28 + i] = (uint8_t)(0xf0 + i);
	CHECK_INT(parse(&m, &p), DROP_NONE);
	CHECK_INT(m.op, 1);
	CHECK_INT(m.htype, 1);
	CHECK_INT(m.hlen, 6);
	CHECK_INT(m.hops, 0);
	CHECK_MEM(&m.xid, xid, 4);
	CHECK_INT(m.secs, 0x0102);
	CHECK_INT(m.flags, DHCP_FLAG_BROADCAST);
	CHECK_INT(m.ciaddr, 0x0a000001);
	CHECK_INT(m.yiaddr, 0x0a000002);
	CHECK_INT(m.siaddr, 0x0a000003);
	CHECK_INT(m.giaddr, 0);
	CHECK_MEM(m.chaddr, p.b + 28, 16);
	CHECK_INT(m.has_cookie, 1);
	CHECK_INT(m.type, DHCPDISCOVER);
}

/* What RFC 2131 demands of the fixed fields, one wrong at a time. */
static void
test_refused(void)
{
	static const struct {
		size_t		 off, n;
		uint32_t	 v;
		enum drop	 drop;
	}		 wrong[] = {
		{ 0, 1, 2, DROP_BOOTP_OP },
		{ 0, 1, 0, DROP_BOOTP_OP },
		{ 1, 1, 0, DROP_HARDWARE },
		{ 1, 1, 6, DROP_HARDWARE },
		{ 2, 1, 0, DROP_HARDWARE },
		{ 2, 1, 16, DROP_HARDWARE },
		{ 2, 1, 255, DROP_HARDWARE },
		{ 3, 1, 1, DROP_RELAYED },
		{ 24, 4, 0xac100001, DROP_RELAYED },
		{ 24, 4, 1, DROP_RELAYED },
		{ PK_VEND, 1, 0x62, DROP_COOKIE },
		{ PK_VEND + 3, 1, 0, DROP_COOKIE },
		{ PK_VEND, 4, 0, DROP_COOKIE },
	};
	struct packet	 p;
	struct dhcp_msg	 m;
	size_t		 i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		pk_message(&p, mac, DHCPDISCOVER);
		pk_end(&p);
		p.len = 400;
		CHECK_INT(parse(&m, &p), DROP_NONE);
		pk_set(p.b + wrong[i].off, wrong[i].n, wrong[i].v);
		CHECK_INT(parse(&m, &p), wrong[i].drop);
	}
}

static void
test_bootp(void)
{
	struct packet	 p;
	struct dhcp_msg	 m;
	size_t		 len;

	/* vend may hold anything, or be cut short */
	pk_message(&p, mac, 0);
	memset(p.b + PK_VEND, 0xff, 100);
	p.len = 300;
	CHECK_INT(parse(&m, &p), DROP_NONE);
	CHECK_INT(m.type, DHCP_BOOTP);
	CHECK_INT(m.has_cookie, 0);
	CHECK(dhcp_option(&m, 255, &len) == NULL);
	seed("bootp-free-form", &p);
	p.len = 301;
	CHECK_INT(parse(&m, &p), DROP_COOKIE);
	for (p.len = 236; p.len < 300; p.len++)
		CHECK_INT(parse(&m, &p), DROP_NONE);
	p.len = 235;
	CHECK_INT(parse(&m, &p), DROP_SHORT);

	/* a cookie alone, with and without END */
	pk_message(&p, mac, 0);
	CHECK_INT(p.len, 240);
	CHECK_INT(parse(&m, &p), DROP_NONE);
	CHECK_INT(m.type, DHCP_BOOTP);
	CHECK_INT(m.has_cookie, 1);
	seed("bootp-cookie", &p);
	pk_option(&p, DHO_HOST_NAME, "unix", 4);
	pk_end(&p);
	CHECK_INT(parse(&m, &p), DROP_NONE);
	CHECK_INT(m.type, DHCP_BOOTP);
	CHECK(has(&m, DHO_HOST_NAME, "unix"));
	seed("bootp-options", &p);
}

static void
test_types(void)
{
	struct packet	 p;
	struct dhcp_msg	 m;
	enum drop	 drop;
	int		 type, taken;

	for (type = 0; type < 256; type++) {
		pk_message(&p, mac, 1);
		p.b[242] = (uint8_t)type;
		pk_end(&p);
		drop = parse(&m, &p);
		taken = type == DHCPDISCOVER || type == DHCPREQUEST ||
		    type == DHCPDECLINE || type == DHCPRELEASE ||
		    type == DHCPINFORM;
		CHECK_INT(drop, taken ? DROP_NONE : DROP_MESSAGE_TYPE);
		if (taken)
			CHECK_INT(m.type, type);
	}
}

static void
test_options(void)
{
	struct packet	 p;
	struct dhcp_msg	 m;
	const uint8_t	*v;
	size_t		 len = 9999;

	/* runs of PAD, an empty option, a missing END */
	pk_message(&p, mac, DHCPREQUEST);
	p.len += 20;
	pk_option(&p, DHO_HOST_NAME, "vm0", 3);
	p.len += 1;
	pk_option(&p, 80, NULL, 0);
	pk_option_num(&p, DHO_REQUESTED_ADDR, 4, 0xac100003);
	CHECK_INT(parse(&m, &p), DROP_NONE);
	CHECK(has(&m, DHO_HOST_NAME, "vm0"));
	CHECK((v = dhcp_option(&m, 80, &len)) != NULL);
	CHECK_INT(len, 0);
	CHECK((v = dhcp_option(&m, DHO_REQUESTED_ADDR, &len)) != NULL);
	CHECK_INT(len, 4);
	CHECK_INT(pk_get(v, 4), 0xac100003);
	CHECK(dhcp_option(&m, DHO_SERVER_ID, &len) == NULL);
	CHECK(dhcp_option(&m, DHO_PAD, &len) == NULL);
	seed("no-end", &p);

	/* what follows END is nothing */
	pk_message(&p, mac, DHCPDISCOVER);
	p.b[p.len++] = DHO_END;
	pk_option(&p, DHO_HOST_NAME, "vm0", 3);
	memset(p.b + p.len, 0x77, 60);
	p.len += 60;
	CHECK_INT(parse(&m, &p), DROP_NONE);
	CHECK(dhcp_option(&m, DHO_HOST_NAME, &len) == NULL);
	CHECK(dhcp_option(&m, DHO_END, &len) == NULL);
	seed("rubbish-after-end", &p);
}

static void
test_overrun(void)
{
	struct packet	 p;
	struct dhcp_msg	 m;

	/* a length beyond the end, by one and by much */
	pk_message(&p, mac, DHCPDISCOVER);
	pk_option(&p, DHO_HOST_NAME, "abc", 3);
	CHECK_INT(parse(&m, &p), DROP_NONE);
	p.b[p.len - 4] = 4;
	CHECK_INT(parse(&m, &p), DROP_OPTION_OVERRUN);
	p.b[p.len - 4] = 255;
	CHECK_INT(parse(&m, &p), DROP_OPTION_OVERRUN);
	seed("overrun", &p);

	/* a code without its length */
	pk_message(&p, mac, DHCPDISCOVER);
	p.b[p.len++] = DHO_HOST_NAME;
	CHECK_INT(parse(&m, &p), DROP_OPTION_OVERRUN);
	seed("code-at-end", &p);
}

/* An option that matters with a length that it cannot have. */
static void
test_lengths(void)
{
	static const struct {
		uint8_t		 code;
		size_t		 len;
	}		 needed[] = {
		{ DHO_REQUESTED_ADDR, 4 }, { DHO_SERVER_ID, 4 },
		{ DHO_MAX_SIZE, 2 }, { DHO_MESSAGE_TYPE, 1 },
		{ DHO_OVERLOAD, 1 }
	};
	struct packet	 p;
	struct dhcp_msg	 m;
	uint8_t		 data[255];
	size_t		 i, len;

	memset(data, 1, sizeof(data));
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		for (len = 0; len <= 255; len++) {
			if (len > 8 && len < 250)
				continue;
			pk_message(&p, mac, 0);
			if (needed[i].code != DHO_MESSAGE_TYPE)
				pk_option_num(&p, DHO_MESSAGE_TYPE, 1,
				    DHCPREQUEST);
			pk_option(&p, needed[i].code, data, len);
			pk_end(&p);
			CHECK_INT(parse(&m, &p), len == needed[i].len ?
			    DROP_NONE : DROP_OPTION_VALUE);
		}
		/* twice is joined, so it is too long as well */
		pk_message(&p, mac, DHCPREQUEST);
		pk_option(&p, needed[i].code, data, needed[i].len);
		pk_option(&p, needed[i].code, data, needed[i].len);
		pk_end(&p);
		CHECK_INT(parse(&m, &p), DROP_OPTION_VALUE);
	}
	seed("type-twice", &p);
}

static void
test_joined(void)
{
	struct packet	 p;
	struct dhcp_msg	 m;
	const uint8_t	*v;
	uint8_t		 data[255];
	size_t		 len = 0;

	/* parts with others between them, some of them empty */
	pk_message(&p, mac, DHCPDISCOVER);
	pk_option(&p, DHO_HOST_NAME, "one-", 4);
	pk_option(&p, DHO_CLIENT_ID, "\001\002", 2);
	pk_option(&p, DHO_HOST_NAME, "two-", 4);
	pk_option(&p, DHO_HOST_NAME, NULL, 0);
	pk_option(&p, DHO_PARAM_LIST, "\003\006", 2);
	pk_option(&p, DHO_HOST_NAME, "three", 5);
	pk_option(&p, DHO_CLIENT_ID, "\003", 1);
	pk_end(&p);
	CHECK_INT(parse(&m, &p), DROP_NONE);
	CHECK(has(&m, DHO_HOST_NAME, "one-two-three"));
	CHECK(has(&m, DHO_CLIENT_ID, "\001\002\003"));
	CHECK(has(&m, DHO_PARAM_LIST, "\003\006"));
	seed("joined", &p);

	/* longer than one option can be */
	memset(data, 'x', sizeof(data));
	pk_message(&p, mac, DHCPDISCOVER);
	pk_option(&p, DHO_CLIENT_ID, data, 255);
	memset(data, 'y', sizeof(data));
	pk_option(&p, DHO_CLIENT_ID, data, 255);
	pk_end(&p);
	CHECK_INT(parse(&m, &p), DROP_NONE);
	CHECK((v = dhcp_option(&m, DHO_CLIENT_ID, &len)) != NULL);
	CHECK_INT(len, 510);
	if (v != NULL && len == 510) {
		CHECK_INT(v[254], 'x');
		CHECK_INT(v[255], 'y');
	}
	seed("joined-long", &p);
}

/* As many pieces as a message can hold, in every order, all come together. */
static void
test_joined_all(void)
{
	struct packet	 p;
	struct dhcp_msg	 m;
	const uint8_t	*v;
	size_t		 len, i, n[256];
	uint8_t		 code, byte;
	int		 wrong = 0;

	memset(n, 0, sizeof(n));
	pk_message(&p, mac, 0);
	for (i = 0; p.len + 3 <= 1472; i++) {
		/* those that have one right length are left out */
		code = (uint8_t)(100 + i * 7 % 100);
		byte = (uint8_t)(code + n[code]++);
		pk_option(&p, code, &byte, 1);
	}
	CHECK_INT(parse(&m, &p), DROP_NONE);
	for (i = 0; i < 256; i++) {
		v = dhcp_option(&m, (uint8_t)i, &len);
		if ((v != NULL) != (n[i] > 0) || (v != NULL && len != n[i]))
			wrong++;
		for (; v != NULL && len > 0; len--) {
			if (v[len - 1] != (uint8_t)(i + len - 1))
				wrong++;
		}
	}
	CHECK_INT(wrong, 0);
	seed("many-pieces", &p);
}

/* RFC 2131, 4.1: first the options field, then `file`, then `sname`. */
static void
test_overload(void)
{
	struct packet	 p;
	struct dhcp_msg	 m;
	size_t		 len;
	int		 v;

	for (v = 0; v <= 3; v++) {
		pk_message(&p, mac, DHCPDISCOVER);
		memcpy(p.b + PK_FILE, "\014\003-12\377", 6);
		memcpy(p.b + PK_SNAME, "\014\003-34\017\002xy", 9);
		pk_option(&p, DHO_HOST_NAME, "vm", 2);
		if (v != 0)
			pk_option_num(&p, DHO_OVERLOAD, 1, (uint32_t)v);
		pk_end(&p);
		CHECK_INT(parse(&m, &p), DROP_NONE);
		CHECK(has(&m, DHO_HOST_NAME, v == 0 ? "vm" :
		    v == 1 ? "vm-12" : v == 2 ? "vm-34" : "vm-12-34"));
		CHECK_INT(dhcp_option(&m, DHO_DOMAIN_NAME, &len) != NULL,
		    v >= 2);
	}
	seed("overload", &p);

	/* the type may be there too */
	pk_message(&p, mac, 0);
	memcpy(p.b + PK_SNAME, "\065\001\003\377", 4);
	pk_option_num(&p, DHO_OVERLOAD, 1, 2);
	pk_end(&p);
	CHECK_INT(parse(&m, &p), DROP_NONE);
	CHECK_INT(m.type, DHCPREQUEST);
	seed("overload-type", &p);

	/* to the last byte of the field */
	pk_message(&p, mac, DHCPDISCOVER);
	p.b[PK_FILE] = DHO_HOST_NAME;
	p.b[PK_FILE + 1] = 126;
	memset(p.b + PK_FILE + 2, 'h', 126);
	pk_option_num(&p, DHO_OVERLOAD, 1, 1);
	pk_end(&p);
	CHECK_INT(parse(&m, &p), DROP_NONE);
	CHECK(dhcp_option(&m, DHO_HOST_NAME, &len) != NULL && len == 126);
	p.b[PK_FILE + 1] = 127;
	CHECK_INT(parse(&m, &p), DROP_OPTION_OVERRUN);
	seed("overload-overrun", &p);
}

static void
test_overload_bad(void)
{
	struct packet	 p;
	struct dhcp_msg	 m;

	pk_message(&p, mac, DHCPDISCOVER);
	pk_option_num(&p, DHO_OVERLOAD, 1, 0);
	pk_end(&p);
	CHECK_INT(parse(&m, &p), DROP_OPTION_VALUE);
	p.b[245] = 4;
	CHECK_INT(parse(&m, &p), DROP_OPTION_VALUE);
	p.b[245] = 255;
	CHECK_INT(parse(&m, &p), DROP_OPTION_VALUE);

	/* a field that is overloaded cannot overload another */
	pk_message(&p, mac, DHCPDISCOVER);
	memcpy(p.b + PK_FILE, "\064\001\002\377", 4);
	memcpy(p.b + PK_SNAME, "\014\0022x\377", 5);
	pk_option_num(&p, DHO_OVERLOAD, 1, 1);
	pk_end(&p);
	CHECK_INT(parse(&m, &p), DROP_OPTION_VALUE);
	seed("overload-twice", &p);
}

/* Cut anywhere, a message is refused or means less, never something else. */
static void
test_truncated(void)
{
	struct packet	 p;
	struct dhcp_msg	 m;
	enum drop	 drop;
	size_t		 len;
	int		 wrong = 0;

	pk_message(&p, mac, DHCPREQUEST);
	pk_option(&p, DHO_CLIENT_ID, "\001abcdef", 7);
	pk_option_num(&p, DHO_REQUESTED_ADDR, 4, 0xac100003);
	pk_option(&p, DHO_HOST_NAME, "openbsd", 7);
	for (; p.len > 0; p.len--) {
		drop = parse(&m, &p);
		if (p.len < 236 ? drop != DROP_SHORT :
		    drop != DROP_NONE && drop != DROP_OPTION_OVERRUN)
			wrong++;
		if (drop == DROP_NONE && p.len >= 236 &&
		    dhcp_option(&m, DHO_HOST_NAME, &len) != NULL &&
		    !has(&m, DHO_HOST_NAME, "openbsd"))
			wrong++;
	}
	CHECK_INT(wrong, 0);
}

static void
test_too_long(void)
{
	struct packet	 p;
	struct dhcp_msg	 m;
	uint8_t		 data[255];

	memset(data, 1, sizeof(data));
	pk_message(&p, mac, DHCPDISCOVER);
	while (p.len + 257 <= 1500)
		pk_option(&p, 43, data, 255);
	pk_option(&p, 43, data, 1500 - p.len - 2);
	CHECK_INT(p.len, 1500);
	CHECK_INT(parse(&m, &p), DROP_NONE);
	p.b[p.len++] = 0;
	CHECK_INT(parse(&m, &p), DROP_TOO_LONG);
}

static void
test_writer(void)
{
	static const uint8_t	 want[] = {
		0x63, 0x82, 0x53, 0x63, 53, 1, 2, 26, 2, 0x05, 0xdc,
		54, 4, 0xac, 0x10, 0, 2, 12, 2, 'v', 'm', 80, 0, 255
	};
	struct dhcp_writer	 w;
	uint8_t			 buf[64];

	memset(buf, 0xa5, sizeof(buf));
	dhcp_start(&w, buf, 60);
	CHECK_INT(dhcp_put8(&w, 53, 2), 0);
	CHECK_INT(dhcp_put16(&w, 26, 1500), 0);
	CHECK_INT(dhcp_put32(&w, 54, 0xac100002), 0);
	CHECK_INT(dhcp_put(&w, 12, "vm", 2), 0);
	CHECK_INT(dhcp_put(&w, 80, NULL, 0), 0);
	dhcp_end(&w);
	CHECK_INT(w.len, sizeof(want));
	CHECK_INT(w.full, 0);
	CHECK_MEM(buf, want, sizeof(want));
	CHECK_INT(buf[sizeof(want)], 0xa5);
}

static void
test_writer_split(void)
{
	static const size_t	 sizes[] = {
		0, 1, 254, 255, 256, 509, 510, 511, 1000
	};
	struct dhcp_writer	 w;
	uint8_t			 data[1000], joined[1000], buf[1200];
	size_t			 i, n, parts, len, off;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i % 253);
	for (n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
		dhcp_start(&w, buf, sizeof(buf));
		CHECK_INT(dhcp_put(&w, 61, data, sizes[n]), 0);
		dhcp_end(&w);
		parts = len = 0;
		for (off = 4; buf[off] == 61; off += 2 + buf[off + 1]) {
			memcpy(joined + len, buf + off + 2, buf[off + 1]);
			len += buf[off + 1];
			parts++;
		}
		CHECK_INT(buf[off], 255);
		CHECK_INT(off + 1, w.len);
		CHECK_INT(len, sizes[n]);
		CHECK_MEM(joined, data, len);
		CHECK_INT(parts, sizes[n] <= 255 ? 1 :
		    sizes[n] <= 510 ? 2 : sizes[n] <= 765 ? 3 : 4);
	}
}

/* Never a byte beyond the size, never half an option, always room for END. */
static void
test_writer_full(void)
{
	struct dhcp_writer	 w;
	uint8_t			 buf[600], data[300];
	size_t			 size, len, need;
	int			 ret, wrong = 0;

	memset(data, 7, sizeof(data));
	for (size = 5; size < 560; size++) {
		for (len = 0; len <= sizeof(data); len++) {
			memset(buf, 0xa5, sizeof(buf));
			dhcp_start(&w, buf, size);
			ret = dhcp_put(&w, 200, data, len);
			need = 4 + len + (len > 255 ? 4 : 2) + 1;
			if ((ret == 0) != (need <= size) ||
			    w.full != (ret != 0))
				wrong++;
			dhcp_end(&w);
			if (w.len != (ret == 0 ? need : 5) ||
			    buf[w.len - 1] != 255 || buf[w.len] != 0xa5 ||
			    buf[size] != 0xa5)
				wrong++;
		}
	}
	CHECK_INT(wrong, 0);

	/* a smaller one may still fit behind one that did not */
	dhcp_start(&w, buf, 12);
	CHECK_INT(dhcp_put32(&w, 1, 1), 0);
	CHECK_INT(dhcp_put8(&w, 2, 1), -1);
	CHECK_INT(w.full, 1);
	dhcp_start(&w, buf, 12);
	CHECK_INT(dhcp_put(&w, 1, data, 10), -1);
	CHECK_INT(dhcp_put32(&w, 1, 1), 0);
	CHECK_INT(w.full, 1);
	dhcp_end(&w);
	CHECK_INT(w.len, 11);
}

static void
test_encode_name(void)
{
	char		 name[300];
	uint8_t		 buf[300];
	size_t		 i;

	CHECK_INT(dhcp_encode_name("eng.apple.com", buf, sizeof(buf)), 15);
	CHECK_MEM(buf, "\003eng\005apple\003com\000", 15);
	CHECK_INT(dhcp_encode_name("org.", buf, sizeof(buf)), 5);
	CHECK_MEM(buf, "\003org\000", 5);
	CHECK_INT(dhcp_encode_name("a", buf, sizeof(buf)), 3);
	CHECK_INT(dhcp_encode_name("a", buf, 3), 3);
	CHECK_INT(dhcp_encode_name("a", buf, 2), 0);
	CHECK_INT(dhcp_encode_name("a", buf, 0), 0);
	CHECK_INT(dhcp_encode_name("", buf, sizeof(buf)), 0);
	CHECK_INT(dhcp_encode_name(".", buf, sizeof(buf)), 0);
	CHECK_INT(dhcp_encode_name(".org", buf, sizeof(buf)), 0);
	CHECK_INT(dhcp_encode_name("a..b", buf, sizeof(buf)), 0);
	CHECK_INT(dhcp_encode_name("a..", buf, sizeof(buf)), 0);

	/* labels of 63 at most */
	memset(name, 'x', sizeof(name));
	name[63] = '\0';
	CHECK_INT(dhcp_encode_name(name, buf, sizeof(buf)), 65);
	name[63] = 'x';
	name[64] = '\0';
	CHECK_INT(dhcp_encode_name(name, buf, sizeof(buf)), 0);

	/* names of 255 at most */
	for (i = 0; i < sizeof(name); i++)
		name[i] = i % 2 == 0 ? 'x' : '.';
	name[253] = '\0';
	CHECK_INT(dhcp_encode_name(name, buf, sizeof(buf)), 255);
	name[253] = '.';
	name[255] = '\0';
	CHECK_INT(dhcp_encode_name(name, buf, sizeof(buf)), 0);
}

/* The table of RFC 3442. */
static void
test_encode_route(void)
{
	static const struct {
		uint32_t	 dst;
		uint8_t		 len;
		size_t		 size;
		const char	*want;
	}		 routes[] = {
		{ 0, 0, 5, "\000" },
		{ 0x0a000000, 8, 6, "\010\012" },
		{ 0x0a000000, 24, 8, "\030\012\000\000" },
		{ 0x0a110000, 16, 7, "\020\012\021" },
		{ 0x0a1b8100, 24, 8, "\030\012\033\201" },
		{ 0x0ae50080, 25, 9, "\031\012\345\000\200" },
		{ 0x0ac67a2f, 32, 9, "\040\012\306\172\057" },
		{ 0x0affffff, 9, 7, "\011\012\200" },	/* host bits go */
	};
	uint8_t		 buf[9];
	size_t		 i, n;

	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		n = dhcp_encode_route(routes[i].dst, routes[i].len,
		    0xac100002, buf, sizeof(buf));
		CHECK_INT(n, routes[i].size);
		CHECK_MEM(buf, routes[i].want, n - 4);
		CHECK_INT(pk_get(buf + n - 4, 4), 0xac100002);
		CHECK_INT(dhcp_encode_route(routes[i].dst, routes[i].len, 1,
		    buf, n - 1), 0);
	}
	CHECK_INT(dhcp_encode_route(0, 33, 1, buf, sizeof(buf)), 0);
	CHECK_INT(dhcp_encode_route(0, 255, 1, buf, sizeof(buf)), 0);
}

static void
test_names(void)
{
	CHECK_STR(dhcp_type_name(DHCP_BOOTP), "BOOTP");
	CHECK_STR(dhcp_type_name(DHCPDISCOVER), "DISCOVER");
	CHECK_STR(dhcp_type_name(DHCPNAK), "NAK");
	CHECK_STR(dhcp_type_name(DHCPINFORM), "INFORM");
	CHECK_STR(dhcp_type_name(9), "unknown");
}

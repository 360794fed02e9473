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
#include <string.h>

#include "addr.h"
#include "dhcpserver.h"
#include "pool.h"
#include "wire.h"

#define INADDR_ALL	0xffffffffU
#define IP_UDP_HLEN	(20 + 8)
#define FILE_LEN	128

/* Where the fields of a reply are. */
#define OFF_XID		4
#define OFF_FLAGS	10
#define OFF_CIADDR	12
#define OFF_YIADDR	16
#define OFF_SIADDR	20
#define OFF_CHADDR	28
#define OFF_FILE	108

/* A reply while it is being made. */
struct reply {
	const struct dhcp_binding	*binding;
	const struct dhcp_msg		*request;
	struct dhcp_conf		 conf;	/* all levels; no options */
	struct dhcp_writer		 w;
	enum dhcp_type			 type;
	uint32_t			 ciaddr;
	uint32_t			 yiaddr;
	uint8_t				 done[256 / 8];	/* codes dealt with */
};

/*
 * An option that holds a list.  Where it must be split that is done between
 * its items, for the clients that do not join the parts.
 */
struct list {
	struct reply	*reply;
	size_t		 start;		/* back to here if it does not fit */
	size_t		 len;
	bool		 full;
	uint8_t		 code;
	uint8_t		 buf[UINT8_MAX];
};

static const uint8_t	 broadcast[LLADDR_LEN] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff
};

/* What a client gets that does not say what it wants. */
static const uint8_t	 default_params[] = {
	DHO_NAME_SERVER, DHO_DOMAIN_NAME, DHO_HOST_NAME, DHO_MTU, DHO_NTP,
	DHO_DOMAIN_SEARCH, DHO_TFTP_SERVER, DHO_BOOT_FILE
};

static enum drop	 check_frame(const struct dhcp_binding *,
			    const struct frame *);
static enum drop	 check_sender(const struct frame *,
			    const struct dhcp_msg *);
static bool		 names(const struct dhcp_msg *, uint8_t, uint32_t);
static bool		 names_other(const struct dhcp_msg *, uint8_t,
			    uint32_t);
static enum drop	 decide(const struct dhcp_binding *,
			    const struct dhcp_msg *, struct dhcp_verdict *);
static enum drop	 decide_bootp(const struct dhcp_binding *,
			    const struct dhcp_msg *, struct dhcp_verdict *);
static enum drop	 decide_request(const struct dhcp_binding *,
			    const struct dhcp_msg *, struct dhcp_verdict *);
static enum drop	 decide_decline(const struct dhcp_binding *,
			    const struct dhcp_msg *, struct dhcp_verdict *);
static enum drop	 decide_release(const struct dhcp_binding *,
			    const struct dhcp_msg *, struct dhcp_verdict *);
static enum drop	 decide_inform(const struct dhcp_binding *,
			    const struct dhcp_msg *, struct dhcp_verdict *);
static void		 read_hostname(const struct dhcp_msg *, char *);
static bool		 hostname_char(uint8_t);
static size_t		 answer(const struct dhcp_binding *,
			    const struct dhcp_msg *, uint8_t *,
			    struct dhcp_verdict *);
static void		 merge_conf(struct dhcp_conf *,
			    const struct dhcp_binding *);
static size_t		 options_size(const struct dhcp_msg *);
static void		 put_fixed(const struct reply *, uint8_t *);
static void		 put_nak(struct reply *);
static void		 put_options(struct reply *);
static void		 put_lease_time(struct reply *);
static void		 put_routes(struct reply *);
static void		 put_client_id(struct reply *);
static void		 put_params(struct reply *);
static void		 put_param(struct reply *, uint8_t);
static void		 put_text(struct reply *, uint8_t, const char *);
static void		 put_addrs(struct reply *, uint8_t, const uint32_t *,
			    size_t);
static void		 put_search(struct reply *);
static void		 put_configured(struct reply *, uint8_t);
static void		 put_other_configured(struct reply *);
static bool		 first_time(struct reply *, uint8_t);
static bool		 requested(const struct dhcp_msg *, uint8_t);
static uint32_t		 or_host(const struct reply *, uint32_t);
static void		 list_start(struct list *, struct reply *, uint8_t);
static void		 list_add(struct list *, const uint8_t *, size_t);
static void		 list_flush(struct list *);
static void		 list_end(struct list *);
static size_t		 build(const struct reply *, uint8_t *, size_t);

size_t
dhcp_serve(const struct dhcp_binding *b, const uint8_t *buf, size_t len,
    int flags, uint8_t *out, struct dhcp_verdict *v)
{
	struct dhcp_msg	 m;
	struct frame	 f;

	memset(v, 0, sizeof(*v));
	if ((v->drop = frame_parse(&f, buf, len, flags)) != DROP_NONE ||
	    (v->drop = check_frame(b, &f)) != DROP_NONE ||
	    (v->drop = dhcp_parse(&m, f.data, f.len)) != DROP_NONE ||
	    (v->drop = check_sender(&f, &m)) != DROP_NONE ||
	    (v->drop = decide(b, &m, v)) != DROP_NONE)
		return 0;

	v->received = m.type;
	memcpy(v->lladdr, f.src, LLADDR_LEN);
	read_hostname(&m, v->hostname);
	if (m.type == DHCPDECLINE || m.type == DHCPRELEASE)
		return 0;
	return answer(b, &m, out, v);
}

static enum drop
check_frame(const struct dhcp_binding *b, const struct frame *f)
{
	if (f->sport != DHCP_CLIENT_PORT || f->dport != DHCP_SERVER_PORT)
		return DROP_PORT;
	if (f->ip_dst != INADDR_ALL && f->ip_dst != b->host.addr)
		return DROP_DST;
	if (memcmp(f->dst, broadcast, LLADDR_LEN) != 0 &&
	    memcmp(f->dst, b->lladdr, LLADDR_LEN) != 0)
		return DROP_DST;
	return DROP_NONE;
}

/* A reply goes to chaddr, so it must be the sender's own. */
static enum drop
check_sender(const struct frame *f, const struct dhcp_msg *m)
{
	static const uint8_t	 zero[LLADDR_LEN];

	if (memcmp(f->src, m->chaddr, LLADDR_LEN) != 0 ||
	    (f->src[0] & 0x01) || memcmp(f->src, zero, LLADDR_LEN) == 0)
		return DROP_CHADDR;
	return DROP_NONE;
}

/* Does an option (of four bytes, as dhcp_parse made sure) say this address? */
static bool
names(const struct dhcp_msg *m, uint8_t code, uint32_t addr)
{
	const uint8_t	*p;
	size_t		 len;

	return (p = dhcp_option(m, code, &len)) != NULL && get32(p) == addr;
}

static bool
names_other(const struct dhcp_msg *m, uint8_t code, uint32_t addr)
{
	const uint8_t	*p;
	size_t		 len;

	return (p = dhcp_option(m, code, &len)) != NULL && get32(p) != addr;
}

/* The event, and the type of the reply. */
static enum drop
decide(const struct dhcp_binding *b, const struct dhcp_msg *m,
    struct dhcp_verdict *v)
{
	switch (m->type) {
	case DHCP_BOOTP:
		return decide_bootp(b, m, v);
	case DHCPDISCOVER:
		v->sent = DHCPOFFER;
		return DROP_NONE;
	case DHCPREQUEST:
		return decide_request(b, m, v);
	case DHCPDECLINE:
		return decide_decline(b, m, v);
	case DHCPRELEASE:
		return decide_release(b, m, v);
	case DHCPINFORM:
		return decide_inform(b, m, v);
	default:
		return DROP_MESSAGE_TYPE;
	}
}

/* BOOTP has no NAK: who believes to have another address gets no answer. */
static enum drop
decide_bootp(const struct dhcp_binding *b, const struct dhcp_msg *m,
    struct dhcp_verdict *v)
{
	if (m->ciaddr != 0 && m->ciaddr != b->guest)
		return DROP_NO_ADDRESS;
	v->sent = DHCP_BOOTP;
	v->event = DHCP_EVENT_BOUND;
	return DROP_NONE;
}

/*
 * Whatever state the client is in (RFC 2131, 4.3.2), it names an address in
 * option 50 or ciaddr, and there is only one that it can have.
 */
static enum drop
decide_request(const struct dhcp_binding *b, const struct dhcp_msg *m,
    struct dhcp_verdict *v)
{
	if (names_other(m, DHO_SERVER_ID, b->host.addr))
		return DROP_OTHER_SERVER;
	if (m->ciaddr == 0 && !m->option[DHO_REQUESTED_ADDR].set)
		return DROP_NO_ADDRESS;
	if ((m->ciaddr != 0 && m->ciaddr != b->guest) ||
	    names_other(m, DHO_REQUESTED_ADDR, b->guest)) {
		v->sent = DHCPNAK;
		return DROP_NONE;
	}
	v->sent = DHCPACK;
	v->event = DHCP_EVENT_BOUND;
	return DROP_NONE;
}

static enum drop
decide_decline(const struct dhcp_binding *b, const struct dhcp_msg *m,
    struct dhcp_verdict *v)
{
	if (!names(m, DHO_SERVER_ID, b->host.addr))
		return DROP_OTHER_SERVER;
	if (!names(m, DHO_REQUESTED_ADDR, b->guest))
		return DROP_NO_ADDRESS;
	v->event = DHCP_EVENT_DECLINED;
	return DROP_NONE;
}

static enum drop
decide_release(const struct dhcp_binding *b, const struct dhcp_msg *m,
    struct dhcp_verdict *v)
{
	if (names_other(m, DHO_SERVER_ID, b->host.addr))
		return DROP_OTHER_SERVER;
	if (m->ciaddr != b->guest)
		return DROP_NO_ADDRESS;
	v->event = DHCP_EVENT_RELEASED;
	return DROP_NONE;
}

/* The address need not be leased, but must make sense here. */
static enum drop
decide_inform(const struct dhcp_binding *b, const struct dhcp_msg *m,
    struct dhcp_verdict *v)
{
	struct prefix	 subnet = b->host;

	subnet.addr = prefix_first(&b->host);
	if (m->ciaddr != b->guest && !subnet_usable(&subnet, m->ciaddr))
		return DROP_NO_ADDRESS;
	v->sent = DHCPACK;
	return DROP_NONE;
}

/* The name that the client sent, if it can be shown anywhere as it is. */
static void
read_hostname(const struct dhcp_msg *m, char *name)
{
	const uint8_t	*p;
	size_t		 i, len;

	if ((p = dhcp_option(m, DHO_HOST_NAME, &len)) == NULL)
		return;
	while (len > 0 && p[len - 1] == '\0')
		len--;
	for (i = 0; i < len; i++) {
		if (!hostname_char(p[i]))
			return;
	}
	if (len > HOSTNAME_LEN - 1)
		len = HOSTNAME_LEN - 1;
	memcpy(name, p, len);
	name[len] = '\0';
}

/* isalnum(3) would ask the locale. */
static bool
hostname_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static size_t
answer(const struct dhcp_binding *b, const struct dhcp_msg *m, uint8_t *out,
    struct dhcp_verdict *v)
{
	struct reply	 r;
	uint8_t		*msg = out + FRAME_HDRLEN;
	size_t		 len = DHCP_FIXED_LEN;

	r.binding = b;
	r.request = m;
	r.type = v->sent;
	r.ciaddr = r.type == DHCPOFFER || r.type == DHCPNAK ? 0 : m->ciaddr;
	r.yiaddr = r.type == DHCPNAK || m->type == DHCPINFORM ? 0 : b->guest;
	merge_conf(&r.conf, b);
	if (v->event == DHCP_EVENT_BOUND)
		v->lease_time = r.type == DHCP_BOOTP ? LEASE_TIME_FOREVER :
		    r.conf.lease_time;

	put_fixed(&r, msg);
	if (m->has_cookie) {
		dhcp_start(&r.w, msg + DHCP_FIXED_LEN, options_size(m));
		if (r.type == DHCPNAK)
			put_nak(&r);
		else
			put_options(&r);
		dhcp_end(&r.w);
		len += r.w.len;
	}
	if (len < BOOTP_MIN_LEN) {
		memset(msg + len, 0, BOOTP_MIN_LEN - len);
		len = BOOTP_MIN_LEN;
	}
	return build(&r, out, len);
}

/* For each setting the most specific level that says it. */
static void
merge_conf(struct dhcp_conf *to, const struct dhcp_binding *b)
{
	const struct dhcp_conf	*from;
	size_t			 i = b->ndhcp;

	memset(to, 0, sizeof(*to));
	to->lease_time = LEASE_TIME_DEFAULT;
	while (i-- > 0) {
		from = b->dhcp[i];
		if (from->lease_time != 0)
			to->lease_time = from->lease_time;
		if (from->mtu != 0)
			to->mtu = from->mtu;
		if (from->nnameserver > 0) {
			to->nameserver = from->nameserver;
			to->nnameserver = from->nnameserver;
		}
		if (from->domain != NULL)
			to->domain = from->domain;
		if (from->nsearch > 0) {
			to->search = from->search;
			to->nsearch = from->nsearch;
		}
		if (from->nntp > 0) {
			to->ntp = from->ntp;
			to->nntp = from->nntp;
		}
		if (from->nroute > 0) {
			to->route = from->route;
			to->nroute = from->nroute;
		}
		if (from->has_boot_server) {
			to->has_boot_server = true;
			to->boot_server = from->boot_server;
		}
		if (from->boot_file != NULL)
			to->boot_file = from->boot_file;
	}
}

/*
 * How long the options may be, cookie and END included.  Option 57 is the
 * length of the IP datagram.  BOOTP knows 300 bytes only.
 */
static size_t
options_size(const struct dhcp_msg *m)
{
	const uint8_t	*p;
	size_t		 len, size = DHCP_MIN_MSG;

	if (m->type == DHCP_BOOTP)
		return BOOTP_MIN_LEN - DHCP_FIXED_LEN;
	if ((p = dhcp_option(m, DHO_MAX_SIZE, &len)) != NULL) {
		size = get16(p);
		if (size < DHCP_MIN_MSG)
			size = DHCP_MIN_MSG;
		if (size > FRAME_MAX - FRAME_HDRLEN + IP_UDP_HLEN)
			size = FRAME_MAX - FRAME_HDRLEN + IP_UDP_HLEN;
	}
	return size - IP_UDP_HLEN - DHCP_FIXED_LEN;
}

static void
put_fixed(const struct reply *r, uint8_t *msg)
{
	const struct dhcp_msg	*m = r->request;
	size_t			 len;

	memset(msg, 0, DHCP_FIXED_LEN);
	msg[0] = BOOTREPLY;
	msg[1] = m->htype;
	msg[2] = m->hlen;
	memcpy(msg + OFF_XID, &m->xid, sizeof(m->xid));
	put16(msg + OFF_FLAGS, m->flags);
	put32(msg + OFF_CIADDR, r->ciaddr);
	put32(msg + OFF_YIADDR, r->yiaddr);
	memcpy(msg + OFF_CHADDR, m->chaddr, sizeof(m->chaddr));
	if (r->type == DHCPNAK)
		return;
	if (r->conf.has_boot_server)
		put32(msg + OFF_SIADDR, or_host(r, r->conf.boot_server));
	if (r->conf.boot_file != NULL) {
		len = strlen(r->conf.boot_file);
		if (len < FILE_LEN)
			memcpy(msg + OFF_FILE, r->conf.boot_file, len);
	}
}

static void
put_nak(struct reply *r)
{
	dhcp_put8(&r->w, DHO_MESSAGE_TYPE, DHCPNAK);
	dhcp_put32(&r->w, DHO_SERVER_ID, r->binding->host.addr);
	put_client_id(r);
	put_text(r, DHO_MESSAGE, "not the address of this interface");
}

/* The most important first: what does not fit is left out. */
static void
put_options(struct reply *r)
{
	const struct dhcp_binding	*b = r->binding;

	memset(r->done, 0, sizeof(r->done));
	if (r->type != DHCP_BOOTP) {
		dhcp_put8(&r->w, DHO_MESSAGE_TYPE, r->type);
		dhcp_put32(&r->w, DHO_SERVER_ID, b->host.addr);
		if (r->request->type != DHCPINFORM)
			put_lease_time(r);
	}
	dhcp_put32(&r->w, DHO_SUBNET_MASK, addr_mask(b->host.len));
	put_routes(r);
	if (r->type != DHCP_BOOTP)
		put_client_id(r);
	put_params(r);
	put_other_configured(r);
}

static void
put_lease_time(struct reply *r)
{
	uint32_t	 t = r->conf.lease_time;

	dhcp_put32(&r->w, DHO_LEASE_TIME, t);
	if (t == LEASE_TIME_FOREVER)
		return;
	dhcp_put32(&r->w, DHO_RENEWAL_TIME, t / 2);
	dhcp_put32(&r->w, DHO_REBINDING_TIME, t - t / 8);
}

/*
 * A client that asked for classless routes ignores the router if it gets
 * them (RFC 3442), so the default route is one of them unless configured.
 */
static void
put_routes(struct reply *r)
{
	const struct dhcp_conf	*conf = &r->conf;
	struct list		 list;
	uint32_t		 host = r->binding->host.addr;
	size_t			 i, len;
	uint8_t			 item[1 + 4 + 4];
	bool			 has_default = false;

	if (conf->nroute > 0 && requested(r->request, DHO_CLASSLESS_ROUTE)) {
		for (i = 0; i < conf->nroute; i++)
			if (conf->route[i].dst.len == 0)
				has_default = true;
		/* The router must find room whatever happens to the routes. */
		r->w.size -= 2 + sizeof(host);
		list_start(&list, r, DHO_CLASSLESS_ROUTE);
		if (!has_default) {
			len = dhcp_encode_route(0, 0, host, item,
			    sizeof(item));
			list_add(&list, item, len);
		}
		for (i = 0; i < conf->nroute; i++) {
			len = dhcp_encode_route(conf->route[i].dst.addr,
			    conf->route[i].dst.len,
			    or_host(r, conf->route[i].via), item,
			    sizeof(item));
			list_add(&list, item, len);
		}
		list_end(&list);
		r->w.size += 2 + sizeof(host);
	}
	dhcp_put32(&r->w, DHO_ROUTER, host);
}

/* Given back as it came (RFC 6842), whatever it may be (RFC 4361). */
static void
put_client_id(struct reply *r)
{
	const uint8_t	*p;
	size_t		 len;

	if ((p = dhcp_option(r->request, DHO_CLIENT_ID, &len)) != NULL)
		dhcp_put(&r->w, DHO_CLIENT_ID, p, len);
}

/* What the client asks for, in its order. */
static void
put_params(struct reply *r)
{
	const uint8_t	*p;
	size_t		 i, len;

	if ((p = dhcp_option(r->request, DHO_PARAM_LIST, &len)) == NULL) {
		p = default_params;
		len = sizeof(default_params);
	}
	for (i = 0; i < len; i++) {
		if (first_time(r, p[i]))
			put_param(r, p[i]);
	}
}

static void
put_param(struct reply *r, uint8_t code)
{
	const struct dhcp_conf	*conf = &r->conf;

	switch (code) {
	case DHO_NAME_SERVER:
		put_addrs(r, code, conf->nameserver, conf->nnameserver);
		break;
	case DHO_HOST_NAME:
		put_text(r, code, r->binding->hostname);
		break;
	case DHO_DOMAIN_NAME:
		put_text(r, code, conf->domain);
		break;
	case DHO_MTU:
		if (conf->mtu != 0)
			dhcp_put16(&r->w, code, conf->mtu);
		break;
	case DHO_NTP:
		put_addrs(r, code, conf->ntp, conf->nntp);
		break;
	case DHO_TFTP_SERVER:
		if (conf->has_boot_server)
			put_text(r, code,
			    addr_ntoa(or_host(r, conf->boot_server)));
		break;
	case DHO_BOOT_FILE:
		put_text(r, code, conf->boot_file);
		break;
	case DHO_DOMAIN_SEARCH:
		put_search(r);
		break;
	default:
		put_configured(r, code);
		break;
	}
}

static void
put_text(struct reply *r, uint8_t code, const char *text)
{
	if (text != NULL && *text != '\0')
		dhcp_put(&r->w, code, text, strlen(text));
}

static void
put_addrs(struct reply *r, uint8_t code, const uint32_t *addr, size_t n)
{
	struct list	 list;
	size_t		 i;
	uint8_t		 item[4];

	list_start(&list, r, code);
	for (i = 0; i < n; i++) {
		put32(item, or_host(r, addr[i]));
		list_add(&list, item, sizeof(item));
	}
	list_end(&list);
}

static void
put_search(struct reply *r)
{
	struct list	 list;
	size_t		 i, len;
	uint8_t		 item[UINT8_MAX];

	list_start(&list, r, DHO_DOMAIN_SEARCH);
	for (i = 0; i < r->conf.nsearch; i++) {
		len = dhcp_encode_name(r->conf.search[i], item, sizeof(item));
		list_add(&list, item, len);
	}
	list_end(&list);
}

/* `option code value` at the most specific level that has it. */
static void
put_configured(struct reply *r, uint8_t code)
{
	const struct dhcp_conf	*conf;
	size_t			 i, n;

	for (n = 0; n < r->binding->ndhcp; n++) {
		conf = r->binding->dhcp[n];
		for (i = 0; i < conf->noption; i++) {
			if (conf->option[i].code != code)
				continue;
			dhcp_put(&r->w, code, conf->option[i].data,
			    conf->option[i].len);
			return;
		}
	}
}

/* Those that the client did not ask for are sent as well. */
static void
put_other_configured(struct reply *r)
{
	const struct dhcp_conf	*conf;
	size_t			 i, n;

	for (n = 0; n < r->binding->ndhcp; n++) {
		conf = r->binding->dhcp[n];
		for (i = 0; i < conf->noption; i++) {
			if (!first_time(r, conf->option[i].code))
				continue;
			dhcp_put(&r->w, conf->option[i].code,
			    conf->option[i].data, conf->option[i].len);
		}
	}
}

/* No option is put twice, however often it is asked for. */
static bool
first_time(struct reply *r, uint8_t code)
{
	uint8_t		 bit = 1 << (code % 8);

	if (r->done[code / 8] & bit)
		return false;
	r->done[code / 8] |= bit;
	return true;
}

static bool
requested(const struct dhcp_msg *m, uint8_t code)
{
	const uint8_t	*p;
	size_t		 len;

	return (p = dhcp_option(m, DHO_PARAM_LIST, &len)) != NULL &&
	    memchr(p, code, len) != NULL;
}

static uint32_t
or_host(const struct reply *r, uint32_t addr)
{
	return addr == ADDR_HOST ? r->binding->host.addr : addr;
}

static void
list_start(struct list *l, struct reply *r, uint8_t code)
{
	l->reply = r;
	l->start = r->w.len;
	l->len = 0;
	l->full = false;
	l->code = code;
}

/* An item that could not be encoded is empty: it is left out. */
static void
list_add(struct list *l, const uint8_t *item, size_t len)
{
	if (len > sizeof(l->buf) - l->len)
		list_flush(l);
	memcpy(l->buf + l->len, item, len);
	l->len += len;
}

static void
list_flush(struct list *l)
{
	if (l->len > 0 && !l->full &&
	    dhcp_put(&l->reply->w, l->code, l->buf, l->len) == -1)
		l->full = true;
	l->len = 0;
}

static void
list_end(struct list *l)
{
	list_flush(l);
	if (l->full)
		l->reply->w.len = l->start;
}

/* To whom: RFC 2131, 4.1.  The message is in its place in the frame. */
static size_t
build(const struct reply *r, uint8_t *out, size_t len)
{
	const struct dhcp_msg	*m = r->request;
	struct frame		 f;

	memcpy(f.src, r->binding->lladdr, LLADDR_LEN);
	memcpy(f.dst, m->chaddr, LLADDR_LEN);
	f.ip_src = r->binding->host.addr;
	f.sport = DHCP_SERVER_PORT;
	f.dport = DHCP_CLIENT_PORT;
	f.data = out + FRAME_HDRLEN;
	f.len = len;
	if (r->ciaddr != 0) {
		f.ip_dst = r->ciaddr;
	} else if (r->type == DHCPNAK || (m->flags & DHCP_FLAG_BROADCAST)) {
		f.ip_dst = INADDR_ALL;
		memcpy(f.dst, broadcast, LLADDR_LEN);
	} else {
		f.ip_dst = r->yiaddr;
	}
	return frame_build(&f, out, FRAME_MAX);
}

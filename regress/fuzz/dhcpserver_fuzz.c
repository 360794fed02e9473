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

#include "binding.h"
#include "dhcpserver.h"
#include "packet.h"

/*
 * The first byte steers, the second says which binding; then comes a frame,
 * or a message that is put into a good one.  Whatever the guest sends, what
 * it gets is a well-formed answer about its own address, or nothing.
 */

#define STEER_FLAGS	0x03		/* FRAME_NOCSUM, FRAME_VLAN */
#define STEER_SUMS	0x04		/* make the checksums right */
#define STEER_MESSAGE	0x08		/* it is a message only */
#define STEER_CHADDR	0x10		/* let it name its sender */

int		 LLVMFuzzerTestOneInput(const uint8_t *, size_t);
static void	 make_frame(struct packet *, uint8_t, const uint8_t *,
		    size_t);
static size_t	 serve(const struct dhcp_binding *, const struct packet *,
		    int, struct dhcp_verdict *);
static void	 check_verdict(const struct dhcp_verdict *, size_t);
static void	 check_hostname(const char *);
static void	 check_request(const struct dhcp_binding *,
		    const struct dhcp_verdict *, const uint8_t *);
static void	 check_reply(const struct dhcp_binding *,
		    const struct dhcp_verdict *, const struct packet *);
static void	 check_where_to(const struct dhcp_binding *,
		    const struct dhcp_verdict *);
static void	 check_options(const struct dhcp_verdict *);
static void	 check_nak(void);
static void	 must(int);

static struct pk_reply		 reply;
static struct pk_options	 options;
static uint8_t			*out;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dhcp_binding	 b;
	struct dhcp_verdict	 v;
	struct packet		 p;
	size_t			 len;

	if (size < 2 || size - 2 > sizeof(p.b) - PK_BOOTP)
		return 0;
	binding_make(&b, data[1] % BINDING_KINDS);
	make_frame(&p, data[0], data + 2, size - 2);
	len = serve(&b, &p, data[0] & STEER_FLAGS, &v);
	check_verdict(&v, len);
	if (v.drop == DROP_NONE)
		check_request(&b, &v, p.b + PK_BOOTP);
	if (len > 0) {
		must(len <= FRAME_MAX);
		must(pk_decode(&reply, out, len) == NULL);
		check_reply(&b, &v, &p);
		check_where_to(&b, &v);
	}
	free(out);
	return 0;
}

static void
must(int ok)
{
	if (!ok)
		abort();
}

static void
make_frame(struct packet *p, uint8_t steer, const uint8_t *data, size_t size)
{
	static const uint8_t	 all[6] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};

	if (steer & STEER_MESSAGE) {
		pk_frame(p, all, bd_guest_mac, 0, 0xffffffff, data, size);
	} else {
		memcpy(p->b, data, size);
		p->len = size;
	}
	if ((steer & STEER_CHADDR) && p->len >= PK_BOOTP + 34)
		memcpy(p->b + PK_BOOTP + 28, p->b + 6, 6);
	if (steer & (STEER_SUMS | STEER_CHADDR))
		pk_fix_sums(p->b, p->len);
}

/* Twice, over different rubbish: nothing of it may show in the answer. */
static size_t
serve(const struct dhcp_binding *b, const struct packet *p, int flags,
    struct dhcp_verdict *v)
{
	struct dhcp_verdict	 again;
	uint8_t			*in, *second;
	size_t			 len;

	in = malloc(p->len + 1);
	out = malloc(FRAME_MAX);
	second = malloc(FRAME_MAX);
	must(in != NULL && out != NULL && second != NULL);
	memcpy(in + 1, p->b, p->len);
	memset(out, 0x00, FRAME_MAX);
	memset(second, 0xff, FRAME_MAX);
	memset(v, 0x00, sizeof(*v));
	memset(&again, 0xff, sizeof(again));
	len = dhcp_serve(b, in + 1, p->len, flags, out, v);
	must(dhcp_serve(b, in + 1, p->len, flags, second, &again) == len);
	must(memcmp(out, second, len) == 0);
	must(memcmp(in + 1, p->b, p->len) == 0);
	must(v->drop == again.drop && v->event == again.event &&
	    v->lease_time == again.lease_time &&
	    strcmp(v->hostname, again.hostname) == 0);
	free(in);
	free(second);
	return len;
}

static void
check_verdict(const struct dhcp_verdict *v, size_t len)
{
	int		 bound;

	must(v->drop < DROP_MAX);
	check_hostname(v->hostname);
	if (v->drop != DROP_NONE) {
		must(len == 0 && v->event == DHCP_EVENT_NONE);
		return;
	}
	bound = v->received == DHCP_BOOTP ||
	    (v->received == DHCPREQUEST && v->sent == DHCPACK);
	must((v->event == DHCP_EVENT_BOUND) == bound);
	must((v->lease_time != 0) == bound);
	must((v->event == DHCP_EVENT_RELEASED) ==
	    (v->received == DHCPRELEASE));
	must((v->event == DHCP_EVENT_DECLINED) ==
	    (v->received == DHCPDECLINE));
	must((len == 0) == (v->received == DHCPRELEASE ||
	    v->received == DHCPDECLINE));
	must((v->lladdr[0] & 1) == 0);
}

static void
check_hostname(const char *name)
{
	static const char	 good[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

	must(memchr(name, '\0', HOSTNAME_LEN) != NULL);
	must(name[strspn(name, good)] == '\0');
}

/* Nothing is taken that came by a relay, or that is for another server. */
static void
check_request(const struct dhcp_binding *b, const struct dhcp_verdict *v,
    const uint8_t *m)
{
	uint32_t	 ciaddr = pk_get(m + 12, 4);
	size_t		 len = pk_get(m - 4, 2) - 8;

	must(m[0] == 1 && m[3] == 0 && pk_get(m + 24, 4) == 0);
	must(memcmp(m + 28, m - PK_BOOTP + 6, 6) == 0);
	must(memcmp(m + 28, v->lladdr, 6) == 0);
	memset(options.has, 0, sizeof(options.has));
	if (len >= 240 && pk_get(m + 236, 4) == 0x63825363)
		must(pk_read_options(&options, m, len) == 0);
	if (options.has[54] && v->received != DHCPDISCOVER &&
	    v->received != DHCPINFORM && v->received != DHCP_BOOTP)
		must(pk_get(options.data[54], 4) == b->host.addr);
	if (v->received == DHCPDECLINE)
		must(options.has[54] && options.has[50] &&
		    pk_get(options.data[50], 4) == b->guest);
	if (v->received == DHCPRELEASE)
		must(ciaddr == b->guest);
	if (v->sent == DHCPACK && v->received == DHCPREQUEST)
		must((ciaddr == 0 || ciaddr == b->guest) &&
		    (ciaddr != 0 || options.has[50]) && (!options.has[50] ||
		    pk_get(options.data[50], 4) == b->guest));
}

static void
check_reply(const struct dhcp_binding *b, const struct dhcp_verdict *v,
    const struct packet *p)
{
	const uint8_t	*m = p->b + PK_BOOTP;
	size_t		 limit = 576;

	must(reply.ip_src == b->host.addr);
	must(memcmp(reply.src, b->lladdr, 6) == 0);
	must(reply.yiaddr == (v->sent == DHCPNAK ||
	    v->received == DHCPINFORM ? 0 : b->guest));
	must(reply.giaddr == 0);
	must(reply.ciaddr == 0 || reply.ciaddr == pk_get(m + 12, 4));
	must(reply.xid == pk_get(m + 4, 4));
	must(reply.flags == pk_get(m + 10, 2));
	must(memcmp(reply.chaddr, m + 28, 16) == 0);
	must(pk_get(reply.sname, 4) == 0);
	if (options.has[57] && pk_get(options.data[57], 2) > limit)
		limit = pk_get(options.data[57], 2);
	must(reply.len + 28 <= (limit > 1500 ? 1500 : limit));
	if (v->received == DHCP_BOOTP) {
		must(reply.len == 300 && !reply.seen[53]);
		return;
	}
	must(reply.has_cookie);
	check_options(v);
}

static void
check_where_to(const struct dhcp_binding *b, const struct dhcp_verdict *v)
{
	static const uint8_t	 all[6] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};

	if (memcmp(reply.dst, all, 6) == 0) {
		must(reply.ip_dst == 0xffffffff);
		must(v->sent == DHCPNAK || (reply.flags & 0x8000));
		return;
	}
	must(memcmp(reply.dst, v->lladdr, 6) == 0 && v->sent != DHCPNAK);
	must(reply.ip_dst == b->guest || (v->received == DHCPINFORM &&
	    reply.ip_dst == reply.ciaddr));
}

static void
check_options(const struct dhcp_verdict *v)
{
	must(reply.order[0] == 53 && reply.opt[53][0] == v->sent);
	must(reply.optlen[53] == 1 && reply.optlen[54] == 4);
	must(!reply.seen[50] && !reply.seen[52] && !reply.seen[55] &&
	    !reply.seen[57] && !reply.seen[82]);
	if (reply.seen[61])
		must(options.has[61] &&
		    reply.optlen[61] == options.len[61] &&
		    memcmp(reply.opt[61], options.data[61],
		    options.len[61]) == 0);
	else
		must(!options.has[61] || options.len[61] > 200);
	if (v->sent == DHCPNAK) {
		check_nak();
		return;
	}
	must(reply.optlen[1] == 4 && reply.optlen[3] == 4);
	must(reply.seen[51] == (v->received != DHCPINFORM));
	must(reply.seen[58] == reply.seen[59]);
	if (reply.seen[58])
		must(reply.seen[51] &&
		    pk_reply_num(&reply, 58) <= pk_reply_num(&reply, 59) &&
		    pk_reply_num(&reply, 59) <= pk_reply_num(&reply, 51));
	if (v->event == DHCP_EVENT_BOUND)
		must(pk_reply_num(&reply, 51) == v->lease_time);
}

static void
check_nak(void)
{
	size_t		 i;

	must(reply.ciaddr == 0 && reply.siaddr == 0 && reply.file[0] == 0);
	for (i = 0; i < reply.norder; i++)
		must(strchr("\065\066\070\075", reply.order[i]) != NULL &&
		    reply.order[i] != 0);
}

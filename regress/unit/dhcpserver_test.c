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
#include "test.h"

#define ALL_ONES	0xffffffffU

static const uint8_t	 all_macs[6] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff
};
static const uint8_t	 other_mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

static struct dhcp_binding	 plain, full, huge;
static struct dhcp_verdict	 verdict;
static struct pk_reply		 reply;
static const char		*seed_dir;

static int	 serve_frame(const struct dhcp_binding *,
		    const struct packet *, int);
static int	 serve(const struct dhcp_binding *, const struct packet *);
static int	 serve_unicast(const struct dhcp_binding *,
		    const struct packet *);
static void	 discover(struct packet *, const char *);
static void	 request(struct packet *, uint32_t, uint32_t, uint32_t);
static int	 position(uint8_t);
static int	 only_options(const char *);
static int	 has_text(uint8_t, const char *);
static void	 seed(const char *, const struct dhcp_binding *,
		    const struct packet *);
static void	 test_offer(void);
static void	 test_copied(void);
static void	 test_where_to(void);
static void	 test_selecting(void);
static void	 test_init_reboot(void);
static void	 test_renewing(void);
static void	 test_rebinding(void);
static void	 test_no_address(void);
static void	 test_nak(void);
static void	 test_decline(void);
static void	 test_release(void);
static void	 test_inform(void);
static void	 test_bootp(void);
static void	 test_bootp_options(void);
static void	 test_lease_time(void);
static void	 test_values(void);
static void	 test_levels(void);
static void	 test_param_list(void);
static void	 test_openbsd(void);
static void	 test_windows(void);
static void	 test_pxe(void);
static void	 test_no_param_list(void);
static void	 test_boot(void);
static void	 test_routes(void);
static void	 test_routes_default(void);
static void	 test_routes_many(void);
static void	 test_configured(void);
static void	 test_size(void);
static void	 test_too_much(void);
static void	 test_client_id(void);
static void	 test_client_id_long(void);
static void	 test_relay_info(void);
static void	 test_overload(void);
static void	 test_sender(void);
static void	 test_many_macs(void);
static void	 test_destination(void);
static void	 test_ports(void);
static void	 test_rogue_server(void);
static void	 test_relayed(void);
static void	 test_layers(void);
static void	 test_host_address(void);
static void	 test_hostname(void);
static void	 test_truncated(void);

int
main(int argc, char **argv)
{
	if (argc == 2)
		seed_dir = argv[1];
	binding_make(&plain, BINDING_PLAIN);
	binding_make(&full, BINDING_FULL);
	binding_make(&huge, BINDING_HUGE);
	TEST(test_offer());
	TEST(test_copied());
	TEST(test_where_to());
	TEST(test_selecting());
	TEST(test_init_reboot());
	TEST(test_renewing());
	TEST(test_rebinding());
	TEST(test_no_address());
	TEST(test_nak());
	TEST(test_decline());
	TEST(test_release());
	TEST(test_inform());
	TEST(test_bootp());
	TEST(test_bootp_options());
	TEST(test_lease_time());
	TEST(test_values());
	TEST(test_levels());
	TEST(test_param_list());
	TEST(test_openbsd());
	TEST(test_windows());
	TEST(test_pxe());
	TEST(test_no_param_list());
	TEST(test_boot());
	TEST(test_routes());
	TEST(test_routes_default());
	TEST(test_routes_many());
	TEST(test_configured());
	TEST(test_size());
	TEST(test_too_much());
	TEST(test_client_id());
	TEST(test_client_id_long());
	TEST(test_relay_info());
	TEST(test_overload());
	TEST(test_sender());
	TEST(test_many_macs());
	TEST(test_destination());
	TEST(test_ports());
	TEST(test_rogue_server());
	TEST(test_relayed());
	TEST(test_layers());
	TEST(test_host_address());
	TEST(test_hostname());
	TEST(test_truncated());
	return test_end("dhcpserver");
}

/*
 * Serve one frame between blocks of just the right size.  1 if there was an
 * answer, which is then in `reply` and as RFC 2131 wants every answer.
 */
static int
serve_frame(const struct dhcp_binding *b, const struct packet *p, int flags)
{
	static uint8_t	*in, *out;
	size_t		 len;

	free(in);
	free(out);
	if ((in = malloc(p->len + 1)) == NULL ||
	    (out = malloc(FRAME_MAX)) == NULL)
		abort();
	memcpy(in + 1, p->b, p->len);
	memset(out, 0xa5, FRAME_MAX);
	memset(&verdict, 0xa5, sizeof(verdict));
	len = dhcp_serve(b, in + 1, p->len, flags, out, &verdict);
	if (len == 0)
		return 0;
	CHECK_STR(pk_decode(&reply, out, len), NULL);
	CHECK_INT(verdict.drop, DROP_NONE);
	CHECK_MEM(reply.src, b->lladdr, 6);
	CHECK_INT(reply.ip_src, b->host.addr);
	CHECK(reply.yiaddr == 0 || reply.yiaddr == b->guest);
	CHECK_INT(reply.giaddr, 0);
	return 1;
}

/* As a client without an address sends it. */
static int
serve(const struct dhcp_binding *b, const struct packet *m)
{
	struct packet	 p;

	pk_frame(&p, all_macs, m->b + 28, 0, ALL_ONES, m->b, m->len);
	return serve_frame(b, &p, 0);
}

/* As a client with its address sends it to its server. */
static int
serve_unicast(const struct dhcp_binding *b, const struct packet *m)
{
	struct packet	 p;

	pk_frame(&p, b->lladdr, m->b + 28, b->guest, b->host.addr, m->b,
	    m->len);
	return serve_frame(b, &p, 0);
}

/* The fuzzer's first bytes: flags, and which binding. */
static void
seed(const char *name, const struct dhcp_binding *b, const struct packet *m)
{
	struct packet	 p;
	uint8_t		 steer[2] = { 0, BINDING_PLAIN };

	if (b == &full)
		steer[1] = BINDING_FULL;
	else if (b == &huge)
		steer[1] = BINDING_HUGE;
	pk_frame(&p, all_macs, m->b + 28, 0, ALL_ONES, m->b, m->len);
	pk_seed(seed_dir, name, steer, sizeof(steer), p.b, p.len);
}

/* A DISCOVER with a parameter request list; NULL: without. */
static void
discover(struct packet *m, const char *list)
{
	pk_message(m, bd_guest_mac, DHCPDISCOVER);
	if (list != NULL)
		pk_option(m, DHO_PARAM_LIST, list, strlen(list));
	pk_end(m);
}

/* A REQUEST; what is 0 is not said. */
static void
request(struct packet *m, uint32_t server, uint32_t requested,
    uint32_t ciaddr)
{
	pk_message(m, bd_guest_mac, DHCPREQUEST);
	pk_set(m->b + 12, 4, ciaddr);
	if (server != 0)
		pk_option_num(m, DHO_SERVER_ID, 4, server);
	if (requested != 0)
		pk_option_num(m, DHO_REQUESTED_ADDR, 4, requested);
	pk_end(m);
}

/* Where an option is among those of the reply; -1: nowhere. */
static int
position(uint8_t code)
{
	size_t		 i;

	for (i = 0; i < reply.norder; i++) {
		if (reply.order[i] == code)
			return (int)i;
	}
	return -1;
}

/* Are there no others in the reply? */
static int
only_options(const char *codes)
{
	size_t		 i;

	for (i = 0; i < reply.norder; i++) {
		if (strchr(codes, reply.order[i]) == NULL)
			return 0;
	}
	return 1;
}

static int
has_text(uint8_t code, const char *text)
{
	return reply.seen[code] && reply.optlen[code] == strlen(text) &&
	    memcmp(reply.opt[code], text, strlen(text)) == 0;
}

static void
test_offer(void)
{
	struct packet	 m;

	discover(&m, NULL);
	seed("discover", &plain, &m);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.received, DHCPDISCOVER);
	CHECK_INT(verdict.sent, DHCPOFFER);
	CHECK_INT(verdict.event, DHCP_EVENT_NONE);
	CHECK_MEM(verdict.lladdr, bd_guest_mac, 6);
	CHECK_STR(verdict.hostname, "");
	CHECK_INT(reply.yiaddr, BD_GUEST);
	CHECK_INT(reply.siaddr, 0);
	CHECK_INT(reply.len, 300);
	CHECK(only_options("\065\066\063\072\073\001\003"));
	CHECK_INT(reply.norder, 7);
	CHECK_INT(reply.order[0], DHO_MESSAGE_TYPE);
	CHECK_INT(pk_reply_num(&reply, DHO_MESSAGE_TYPE), DHCPOFFER);
	CHECK_INT(pk_reply_num(&reply, DHO_SERVER_ID), BD_HOST);
	CHECK_INT(pk_reply_num(&reply, DHO_SUBNET_MASK), 0xfffffffe);
	CHECK_INT(pk_reply_num(&reply, DHO_ROUTER), BD_HOST);
	CHECK_INT(pk_reply_num(&reply, DHO_LEASE_TIME), 3600);

	/* another address would be welcome; there is none */
	pk_message(&m, bd_guest_mac, DHCPDISCOVER);
	pk_option_num(&m, DHO_REQUESTED_ADDR, 4, 0x0a000001);
	pk_option(&m, 80, NULL, 0);	/* rapid commit */
	pk_end(&m);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.sent, DHCPOFFER);
	CHECK_INT(reply.yiaddr, BD_GUEST);
	CHECK(!reply.seen[80]);
}

static void
test_copied(void)
{
	struct packet	 m;
	size_t		 i;

	discover(&m, NULL);
	pk_set(m.b + 4, 4, 0xdeadbeef);
	pk_set(m.b + 8, 2, 77);
	pk_set(m.b + 10, 2, 0x1234);
	pk_set(m.b + 12, 4, 0x0a000001);
	pk_set(m.b + 16, 4, 0x0a000002);
	pk_set(m.b + 20, 4, 0x0a000003);
	for (i = 6; i < 16; i++)
		m.b[28 + i] = (uint8_t)(0x40 + i);
	memset(m.b + PK_SNAME, 's', 64);
	memset(m.b + PK_FILE, 'f', 128);
	CHECK(serve(&plain, &m));
	CHECK_INT(reply.xid, 0xdeadbeef);
	CHECK_INT(reply.flags, 0x1234);
	CHECK_INT(reply.ciaddr, 0);		/* in an OFFER */
	CHECK_INT(reply.yiaddr, BD_GUEST);
	CHECK_INT(reply.siaddr, 0);
	CHECK_MEM(reply.chaddr, m.b + 28, 16);
	for (i = 0; i < 64; i++)
		CHECK_INT(reply.sname[i], 0);
	for (i = 0; i < 128; i++)
		CHECK_INT(reply.file[i], 0);
}

static void
test_where_to(void)
{
	struct packet	 m;

	discover(&m, NULL);
	CHECK(serve(&plain, &m));
	CHECK_MEM(reply.dst, bd_guest_mac, 6);
	CHECK_INT(reply.ip_dst, BD_GUEST);

	pk_set(m.b + 10, 2, 0x8000);
	seed("discover-broadcast", &plain, &m);
	CHECK(serve(&plain, &m));
	CHECK_MEM(reply.dst, all_macs, 6);
	CHECK_INT(reply.ip_dst, ALL_ONES);
	CHECK_INT(reply.yiaddr, BD_GUEST);

	request(&m, BD_HOST, BD_GUEST, 0);
	pk_set(m.b + 10, 2, 0x8000);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.sent, DHCPACK);
	CHECK_MEM(reply.dst, all_macs, 6);
	CHECK_INT(reply.ip_dst, ALL_ONES);

	/* ciaddr goes before the flag */
	request(&m, 0, 0, BD_GUEST);
	pk_set(m.b + 10, 2, 0x8000);
	CHECK(serve_unicast(&plain, &m));
	CHECK_MEM(reply.dst, bd_guest_mac, 6);
	CHECK_INT(reply.ip_dst, BD_GUEST);
}

static void
test_selecting(void)
{
	struct packet	 m;

	request(&m, BD_HOST, BD_GUEST, 0);
	seed("selecting", &plain, &m);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.received, DHCPREQUEST);
	CHECK_INT(verdict.sent, DHCPACK);
	CHECK_INT(verdict.event, DHCP_EVENT_BOUND);
	CHECK_INT(verdict.lease_time, 3600);
	CHECK_INT(pk_reply_num(&reply, DHO_MESSAGE_TYPE), DHCPACK);
	CHECK_INT(pk_reply_num(&reply, DHO_SERVER_ID), BD_HOST);
	CHECK_INT(pk_reply_num(&reply, DHO_LEASE_TIME), 3600);
	CHECK_INT(reply.yiaddr, BD_GUEST);
	CHECK_INT(reply.ciaddr, 0);
	CHECK_INT(reply.ip_dst, BD_GUEST);

	/* another server's offer was taken: silence */
	request(&m, 0xac100099, BD_GUEST, 0);
	seed("other-server", &plain, &m);
	CHECK(!serve(&plain, &m));
	CHECK_INT(verdict.drop, DROP_OTHER_SERVER);
	CHECK_INT(verdict.event, DHCP_EVENT_NONE);

	/* our offer, but not what was offered */
	request(&m, BD_HOST, 0xac100005, 0);
	seed("selecting-wrong", &plain, &m);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.sent, DHCPNAK);
	CHECK_INT(verdict.event, DHCP_EVENT_NONE);

	request(&m, BD_HOST, BD_GUEST, 0xac100005);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.sent, DHCPNAK);

	request(&m, BD_HOST, 0, 0);
	CHECK(!serve(&plain, &m));
	CHECK_INT(verdict.drop, DROP_NO_ADDRESS);
}

static void
test_init_reboot(void)
{
	struct packet	 m;

	request(&m, 0, BD_GUEST, 0);
	seed("init-reboot", &plain, &m);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.sent, DHCPACK);
	CHECK_INT(verdict.event, DHCP_EVENT_BOUND);
	CHECK_INT(reply.yiaddr, BD_GUEST);
	CHECK_INT(reply.ciaddr, 0);

	/* another network, and another address of ours */
	request(&m, 0, 0x0a000001, 0);
	seed("init-reboot-wrong", &plain, &m);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.sent, DHCPNAK);
	CHECK_INT(verdict.event, DHCP_EVENT_NONE);
	request(&m, 0, BD_FULL_GUEST + 1, 0);
	CHECK(serve(&full, &m));
	CHECK_INT(verdict.sent, DHCPNAK);
}

static void
test_renewing(void)
{
	struct packet	 m;

	request(&m, 0, 0, BD_GUEST);
	CHECK(serve_unicast(&plain, &m));
	CHECK_INT(verdict.sent, DHCPACK);
	CHECK_INT(verdict.event, DHCP_EVENT_BOUND);
	CHECK_INT(verdict.lease_time, 3600);
	CHECK_INT(reply.ciaddr, BD_GUEST);
	CHECK_INT(reply.yiaddr, BD_GUEST);
	CHECK_INT(reply.ip_dst, BD_GUEST);
	CHECK_MEM(reply.dst, bd_guest_mac, 6);
	CHECK_INT(pk_reply_num(&reply, DHO_LEASE_TIME), 3600);

	request(&m, 0, 0, 0x0a000001);
	CHECK(serve_unicast(&plain, &m));
	CHECK_INT(verdict.sent, DHCPNAK);
	CHECK_INT(verdict.event, DHCP_EVENT_NONE);
}

static void
test_rebinding(void)
{
	struct packet	 m;

	request(&m, 0, 0, BD_GUEST);
	seed("rebinding", &plain, &m);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.sent, DHCPACK);
	CHECK_INT(verdict.event, DHCP_EVENT_BOUND);
	CHECK_INT(reply.ciaddr, BD_GUEST);
	CHECK_INT(reply.ip_dst, BD_GUEST);
	CHECK_MEM(reply.dst, bd_guest_mac, 6);

	request(&m, 0, 0, 0xac100099);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.sent, DHCPNAK);
}

static void
test_no_address(void)
{
	struct packet	 m;

	request(&m, 0, 0, 0);
	seed("no-address", &plain, &m);
	CHECK(!serve(&plain, &m));
	CHECK_INT(verdict.drop, DROP_NO_ADDRESS);
	CHECK_INT(verdict.event, DHCP_EVENT_NONE);
}

/* Broadcast, empty, and only what RFC 2131's table 3 and RFC 6842 allow. */
static void
test_nak(void)
{
	struct packet	 m;
	size_t		 i;

	pk_message(&m, bd_guest_mac, DHCPREQUEST);
	pk_set(m.b + 12, 4, 0x0a000001);
	pk_option(&m, DHO_PARAM_LIST, "\001\003\006\017\052\171", 6);
	pk_option(&m, DHO_CLIENT_ID, "\001abcdef", 7);
	pk_end(&m);
	seed("nak", &full, &m);
	CHECK(serve(&full, &m));
	CHECK_INT(verdict.sent, DHCPNAK);
	CHECK_MEM(reply.dst, all_macs, 6);
	CHECK_INT(reply.ip_dst, ALL_ONES);
	CHECK_INT(reply.ciaddr, 0);
	CHECK_INT(reply.yiaddr, 0);
	CHECK_INT(reply.siaddr, 0);
	for (i = 0; i < 128; i++)
		CHECK_INT(reply.file[i], 0);
	CHECK(only_options("\065\066\070\075"));
	CHECK_INT(pk_reply_num(&reply, DHO_MESSAGE_TYPE), DHCPNAK);
	CHECK_INT(pk_reply_num(&reply, DHO_SERVER_ID), BD_FULL_HOST);
	CHECK(reply.optlen[DHO_MESSAGE] > 0);
	CHECK(has_text(DHO_CLIENT_ID, "\001abcdef"));
}

static void
test_decline(void)
{
	struct packet	 m;

	pk_message(&m, bd_guest_mac, DHCPDECLINE);
	pk_option_num(&m, DHO_SERVER_ID, 4, BD_HOST);
	pk_option_num(&m, DHO_REQUESTED_ADDR, 4, BD_GUEST);
	pk_end(&m);
	seed("decline", &plain, &m);
	CHECK(!serve(&plain, &m));
	CHECK_INT(verdict.drop, DROP_NONE);
	CHECK_INT(verdict.received, DHCPDECLINE);
	CHECK_INT(verdict.event, DHCP_EVENT_DECLINED);

	/* there is nothing that could run dry */
	discover(&m, NULL);
	CHECK(serve(&plain, &m));
	CHECK_INT(reply.yiaddr, BD_GUEST);

	pk_message(&m, bd_guest_mac, DHCPDECLINE);
	pk_option_num(&m, DHO_SERVER_ID, 4, BD_HOST);
	pk_option_num(&m, DHO_REQUESTED_ADDR, 4, BD_HOST);
	pk_end(&m);
	CHECK(!serve(&plain, &m));
	CHECK_INT(verdict.drop, DROP_NO_ADDRESS);
	CHECK_INT(verdict.event, DHCP_EVENT_NONE);

	pk_message(&m, bd_guest_mac, DHCPDECLINE);
	pk_option_num(&m, DHO_SERVER_ID, 4, BD_HOST);
	CHECK(!serve(&plain, &m));
	CHECK_INT(verdict.drop, DROP_NO_ADDRESS);

	pk_message(&m, bd_guest_mac, DHCPDECLINE);
	pk_option_num(&m, DHO_REQUESTED_ADDR, 4, BD_GUEST);
	CHECK(!serve(&plain, &m));
	CHECK_INT(verdict.drop, DROP_OTHER_SERVER);
	pk_option_num(&m, DHO_SERVER_ID, 4, BD_HOST + 8);
	CHECK(!serve(&plain, &m));
	CHECK_INT(verdict.drop, DROP_OTHER_SERVER);
	CHECK_INT(verdict.event, DHCP_EVENT_NONE);
}

static void
test_release(void)
{
	struct packet	 m;

	pk_message(&m, bd_guest_mac, DHCPRELEASE);
	pk_set(m.b + 12, 4, BD_GUEST);
	pk_option_num(&m, DHO_SERVER_ID, 4, BD_HOST);
	pk_end(&m);
	seed("release", &plain, &m);
	CHECK(!serve_unicast(&plain, &m));
	CHECK_INT(verdict.drop, DROP_NONE);
	CHECK_INT(verdict.received, DHCPRELEASE);
	CHECK_INT(verdict.event, DHCP_EVENT_RELEASED);

	/* only of one's own address, to this server */
	pk_set(m.b + 12, 4, BD_HOST);
	CHECK(!serve_unicast(&plain, &m));
	CHECK_INT(verdict.drop, DROP_NO_ADDRESS);
	CHECK_INT(verdict.event, DHCP_EVENT_NONE);
	pk_set(m.b + 12, 4, 0);
	CHECK(!serve_unicast(&plain, &m));
	CHECK_INT(verdict.drop, DROP_NO_ADDRESS);
	pk_set(m.b + 12, 4, BD_GUEST);
	pk_set(m.b + 245, 4, 0x0a000001);
	CHECK(!serve_unicast(&plain, &m));
	CHECK_INT(verdict.drop, DROP_OTHER_SERVER);
	CHECK_INT(verdict.event, DHCP_EVENT_NONE);
}

static void
test_inform(void)
{
	static const uint32_t	 nonsense[] = {
		0, BD_FULL_HOST, 0xac100500, 0xac1005ff, 0xac100602,
		ALL_ONES, 0xe0000001, 0x7f000001
	};
	struct packet		 m;
	size_t			 i;

	pk_message(&m, bd_guest_mac, DHCPINFORM);
	pk_set(m.b + 12, 4, BD_FULL_GUEST);
	pk_option(&m, DHO_PARAM_LIST, "\006\017", 2);
	pk_end(&m);
	seed("inform", &full, &m);
	CHECK(serve_unicast(&full, &m));
	CHECK_INT(verdict.received, DHCPINFORM);
	CHECK_INT(verdict.sent, DHCPACK);
	CHECK_INT(verdict.event, DHCP_EVENT_NONE);
	CHECK_INT(pk_reply_num(&reply, DHO_MESSAGE_TYPE), DHCPACK);
	CHECK_INT(pk_reply_num(&reply, DHO_SERVER_ID), BD_FULL_HOST);
	CHECK_INT(reply.ciaddr, BD_FULL_GUEST);
	CHECK_INT(reply.yiaddr, 0);
	CHECK_INT(reply.ip_dst, BD_FULL_GUEST);
	CHECK_MEM(reply.dst, bd_guest_mac, 6);
	CHECK(!reply.seen[DHO_LEASE_TIME]);
	CHECK(!reply.seen[DHO_RENEWAL_TIME]);
	CHECK(!reply.seen[DHO_REBINDING_TIME]);
	CHECK(has_text(DHO_DOMAIN_NAME, "vm.example.org"));
	CHECK_INT(reply.optlen[DHO_NAME_SERVER], 8);

	/* not leased, but of the subnet: RFC 2131, 4.3.5 */
	pk_set(m.b + 12, 4, BD_FULL_GUEST + 50);
	CHECK(serve(&full, &m));
	CHECK_INT(reply.ip_dst, BD_FULL_GUEST + 50);
	CHECK_INT(reply.yiaddr, 0);

	for (i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		pk_set(m.b + 12, 4, nonsense[i]);
		CHECK(!serve(&full, &m));
		CHECK_INT(verdict.drop, DROP_NO_ADDRESS);
	}
}

static void
test_bootp(void)
{
	struct packet	 m;

	/* vend without a cookie: no options to answer with */
	pk_message(&m, bd_guest_mac, 0);
	memset(m.b + PK_VEND, 0, 4);
	m.len = 300;
	seed("bootp", &full, &m);
	CHECK(serve(&full, &m));
	CHECK_INT(verdict.received, DHCP_BOOTP);
	CHECK_INT(verdict.sent, DHCP_BOOTP);
	CHECK_INT(verdict.event, DHCP_EVENT_BOUND);
	CHECK_INT(verdict.lease_time, LEASE_TIME_FOREVER);
	CHECK_INT(reply.has_cookie, 0);
	CHECK_INT(reply.len, 300);
	CHECK_INT(reply.yiaddr, BD_FULL_GUEST);
	CHECK_INT(reply.siaddr, BD_FULL_HOST);
	CHECK_STR((const char *)reply.file, "auto_install");
	CHECK_MEM(reply.dst, bd_guest_mac, 6);
	CHECK_INT(reply.ip_dst, BD_FULL_GUEST);
	CHECK_INT(reply.xid, 0x3903f326);

	/* the shortest that is one */
	m.len = 236;
	CHECK(serve(&full, &m));
	CHECK_INT(reply.len, 300);

	/* who knows its address is answered there; a wrong one nowhere */
	pk_set(m.b + 12, 4, BD_FULL_GUEST);
	CHECK(serve(&full, &m));
	CHECK_INT(reply.ciaddr, BD_FULL_GUEST);
	CHECK_INT(reply.ip_dst, BD_FULL_GUEST);
	pk_set(m.b + 12, 4, 0x0a000001);
	CHECK(!serve(&full, &m));
	CHECK_INT(verdict.drop, DROP_NO_ADDRESS);
	CHECK_INT(verdict.event, DHCP_EVENT_NONE);
}

static void
test_bootp_options(void)
{
	struct packet	 m;

	pk_message(&m, bd_guest_mac, 0);
	pk_end(&m);
	CHECK(serve(&full, &m));
	CHECK_INT(verdict.sent, DHCP_BOOTP);
	CHECK_INT(reply.has_cookie, 1);
	CHECK_INT(reply.len, 300);
	CHECK_INT(pk_reply_num(&reply, DHO_SUBNET_MASK), 0xffffff00);
	CHECK_INT(pk_reply_num(&reply, DHO_ROUTER), BD_FULL_HOST);
	CHECK_INT(reply.optlen[DHO_NAME_SERVER], 8);
	CHECK(has_text(DHO_DOMAIN_NAME, "vm.example.org"));
	CHECK(has_text(DHO_HOST_NAME, "web"));
	/* nothing of DHCP */
	CHECK(!reply.seen[DHO_MESSAGE_TYPE]);
	CHECK(!reply.seen[DHO_SERVER_ID]);
	CHECK(!reply.seen[DHO_LEASE_TIME]);
	CHECK(!reply.seen[DHO_RENEWAL_TIME]);
	CHECK(!reply.seen[DHO_REBINDING_TIME]);

	/* not even when there is too much, or option 57 */
	pk_message(&m, bd_guest_mac, 0);
	pk_option_num(&m, DHO_MAX_SIZE, 2, 1500);
	pk_end(&m);
	seed("bootp-huge", &huge, &m);
	CHECK(serve(&huge, &m));
	CHECK_INT(reply.len, 300);
	CHECK(reply.seen[DHO_SUBNET_MASK] && reply.seen[DHO_ROUTER]);
}

static void
test_lease_time(void)
{
	static const uint32_t	 times[] = {
		1, 2, 7, 8, 60, 3600, 86400, 0x7fffffff, 0xfffffffe
	};
	struct dhcp_binding	 b = plain;
	struct dhcp_conf	 conf;
	struct packet		 m;
	uint32_t		 t1, t2;
	size_t			 i;

	memset(&conf, 0, sizeof(conf));
	b.dhcp[0] = &conf;
	b.ndhcp = 1;
	request(&m, BD_HOST, BD_GUEST, 0);
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		conf.lease_time = times[i];
		CHECK(serve(&b, &m));
		CHECK_INT(verdict.lease_time, times[i]);
		CHECK_INT(pk_reply_num(&reply, DHO_LEASE_TIME), times[i]);
		t1 = pk_reply_num(&reply, DHO_RENEWAL_TIME);
		t2 = pk_reply_num(&reply, DHO_REBINDING_TIME);
		CHECK(t1 <= t2 && t2 <= times[i]);
	}
	conf.lease_time = 3600;
	CHECK(serve(&b, &m));
	CHECK_INT(pk_reply_num(&reply, DHO_RENEWAL_TIME), 1800);
	CHECK_INT(pk_reply_num(&reply, DHO_REBINDING_TIME), 3150);

	conf.lease_time = LEASE_TIME_FOREVER;
	CHECK(serve(&b, &m));
	CHECK_INT(verdict.lease_time, LEASE_TIME_FOREVER);
	CHECK_INT(pk_reply_num(&reply, DHO_LEASE_TIME), 0xffffffff);
	CHECK(!reply.seen[DHO_RENEWAL_TIME]);
	CHECK(!reply.seen[DHO_REBINDING_TIME]);

	/* what a client would like changes nothing */
	conf.lease_time = 0;
	pk_message(&m, bd_guest_mac, DHCPDISCOVER);
	pk_option_num(&m, DHO_LEASE_TIME, 4, 1);
	pk_end(&m);
	CHECK(serve(&b, &m));
	CHECK_INT(pk_reply_num(&reply, DHO_LEASE_TIME), 3600);
}

/* Every option with the bytes that RFC 2132 and 3397 give it. */
static void
test_values(void)
{
	struct packet	 m;

	discover(&m, "\001\003\006\014\017\032\052\102\103\167");
	seed("discover-all", &full, &m);
	CHECK(serve(&full, &m));
	CHECK_INT(reply.optlen[DHO_SUBNET_MASK], 4);
	CHECK_INT(pk_reply_num(&reply, DHO_SUBNET_MASK), 0xffffff00);
	CHECK_INT(reply.optlen[DHO_ROUTER], 4);
	CHECK_INT(pk_reply_num(&reply, DHO_ROUTER), BD_FULL_HOST);
	CHECK_INT(reply.optlen[DHO_NAME_SERVER], 8);
	CHECK_INT(pk_get(reply.opt[DHO_NAME_SERVER], 4), BD_FULL_HOST);
	CHECK_INT(pk_get(reply.opt[DHO_NAME_SERVER] + 4, 4), 0x09090909);
	CHECK(has_text(DHO_HOST_NAME, "web"));
	CHECK(has_text(DHO_DOMAIN_NAME, "vm.example.org"));
	CHECK_INT(reply.optlen[DHO_MTU], 2);
	CHECK_INT(pk_reply_num(&reply, DHO_MTU), 1400);
	CHECK_INT(reply.optlen[DHO_NTP], 4);
	CHECK_INT(pk_reply_num(&reply, DHO_NTP), 0xac10ffff);
	CHECK(has_text(DHO_TFTP_SERVER, "172.16.5.1"));
	CHECK(has_text(DHO_BOOT_FILE, "auto_install"));
	CHECK_INT(reply.optlen[DHO_DOMAIN_SEARCH], 29);
	CHECK_MEM(reply.opt[DHO_DOMAIN_SEARCH],
	    "\002vm\007example\003org\000\007example\003org\000", 29);
	CHECK_INT(pk_reply_num(&reply, DHO_LEASE_TIME), 86400);
	CHECK_INT(pk_reply_num(&reply, DHO_RENEWAL_TIME), 43200);
	CHECK_INT(pk_reply_num(&reply, DHO_REBINDING_TIME), 75600);
	CHECK_INT(verdict.lease_time, 0);	/* nothing is bound yet */
}

/* What is said nearest counts, setting by setting. */
static void
test_levels(void)
{
	static const char	 list[] = "\006\017\032\052\102\103\167\171";
	struct dhcp_binding	 b = full;
	struct dhcp_conf	 near, vm;
	struct packet		 m;
	uint32_t		 ns = 0x01010101, ntp = 0x02020202;
	char			 domain[] = "near.example", file[] = "near";
	char			*search[] = { domain };
	struct dhcp_route	 route = { { 0x0c000000, 8 }, 0x03030303 };

	memset(&near, 0, sizeof(near));
	memset(&vm, 0, sizeof(vm));
	b.dhcp[0] = &near;
	b.dhcp[1] = &vm;
	b.dhcp[2] = full.dhcp[1];
	b.ndhcp = 3;
	vm.mtu = 1280;
	vm.lease_time = 120;
	near.lease_time = 60;
	request(&m, BD_FULL_HOST, BD_FULL_GUEST, 0);
	CHECK(serve(&b, &m));
	CHECK_INT(verdict.lease_time, 60);
	CHECK_INT(pk_reply_num(&reply, DHO_MTU), 1280);
	CHECK(has_text(DHO_DOMAIN_NAME, "vm.example.org"));

	near.nameserver = &ns;
	near.nnameserver = 1;
	near.ntp = &ntp;
	near.nntp = 1;
	near.domain = domain;
	near.search = search;
	near.nsearch = 1;
	near.mtu = 9000;
	near.route = &route;
	near.nroute = 1;
	near.has_boot_server = true;
	near.boot_server = 0x04040404;
	near.boot_file = file;
	discover(&m, list);
	CHECK(serve(&b, &m));
	CHECK_INT(reply.optlen[DHO_NAME_SERVER], 4);
	CHECK_INT(pk_reply_num(&reply, DHO_NAME_SERVER), ns);
	CHECK_INT(pk_reply_num(&reply, DHO_NTP), ntp);
	CHECK(has_text(DHO_DOMAIN_NAME, "near.example"));
	CHECK_INT(reply.optlen[DHO_DOMAIN_SEARCH], 14);
	CHECK_INT(pk_reply_num(&reply, DHO_MTU), 9000);
	CHECK_INT(reply.optlen[DHO_CLASSLESS_ROUTE], 5 + 6);
	CHECK_INT(reply.siaddr, 0x04040404);
	CHECK(has_text(DHO_TFTP_SERVER, "4.4.4.4"));
	CHECK(has_text(DHO_BOOT_FILE, "near"));
	CHECK_STR((const char *)reply.file, "near");
}

static void
test_param_list(void)
{
	struct packet	 m;
	char		 list[255];
	size_t		 i;

	/* in its order, and nothing that it does not name */
	discover(&m, "\052\017\006");
	CHECK(serve(&full, &m));
	CHECK(position(DHO_NTP) >= 0);
	CHECK(position(DHO_NTP) < position(DHO_DOMAIN_NAME));
	CHECK(position(DHO_DOMAIN_NAME) < position(DHO_NAME_SERVER));
	CHECK(!reply.seen[DHO_MTU]);
	CHECK(!reply.seen[DHO_HOST_NAME]);
	CHECK(!reply.seen[DHO_DOMAIN_SEARCH]);
	CHECK(!reply.seen[DHO_CLASSLESS_ROUTE]);
	CHECK(reply.seen[DHO_SUBNET_MASK] && reply.seen[DHO_ROUTER]);

	/* what is not configured is not there */
	discover(&m, "\006\014\017\032\052\102\103\167\171");
	CHECK(serve(&plain, &m));
	CHECK_INT(reply.norder, 7);

	/* everything, twice, in two parts, with PAD and END among it */
	for (i = 0; i < sizeof(list); i++)
		list[i] = (char)(255 - i);
	pk_message(&m, bd_guest_mac, DHCPDISCOVER);
	pk_option(&m, DHO_PARAM_LIST, list, 255);
	pk_option(&m, DHO_PARAM_LIST, "\000\006\006\066\001\063", 6);
	pk_option_num(&m, DHO_MAX_SIZE, 2, 1500);
	pk_end(&m);
	seed("all-params", &full, &m);
	CHECK(serve(&full, &m));
	for (i = 0; i < 256; i++)
		CHECK(reply.seen[i] <= 1);
	CHECK_INT(reply.optlen[DHO_NAME_SERVER], 8);

	pk_message(&m, bd_guest_mac, DHCPDISCOVER);
	pk_option(&m, DHO_PARAM_LIST, NULL, 0);
	pk_end(&m);
	CHECK(serve(&full, &m));
	CHECK(!reply.seen[DHO_NAME_SERVER]);
}

/* As dhcpleased(8) asks; it wants lease, mask and its client identifier. */
static void
test_openbsd(void)
{
	struct packet	 m;
	uint8_t		 id[7] = { 1 };

	memcpy(id + 1, bd_guest_mac, 6);
	pk_message(&m, bd_guest_mac, DHCPREQUEST);
	pk_option(&m, DHO_HOST_NAME, "openbsd", 7);
	pk_option(&m, DHO_CLIENT_ID, id, sizeof(id));
	pk_option(&m, DHO_PARAM_LIST, "\001\003\006\014\017\034\167\171", 8);
	pk_option_num(&m, DHO_REQUESTED_ADDR, 4, BD_FULL_GUEST);
	pk_option_num(&m, DHO_SERVER_ID, 4, BD_FULL_HOST);
	pk_end(&m);
	seed("openbsd", &full, &m);
	CHECK(serve(&full, &m));
	CHECK_INT(verdict.sent, DHCPACK);
	CHECK_STR(verdict.hostname, "openbsd");
	CHECK_INT(reply.optlen[DHO_CLIENT_ID], sizeof(id));
	CHECK_MEM(reply.opt[DHO_CLIENT_ID], id, sizeof(id));
	CHECK(reply.seen[DHO_LEASE_TIME] && reply.seen[DHO_SUBNET_MASK]);
	CHECK(reply.seen[DHO_CLASSLESS_ROUTE]);
	CHECK_INT(reply.siaddr, BD_FULL_HOST);
	CHECK_STR((const char *)reply.file, "auto_install");
}

/* Broadcast flag, FQDN, and a list with options of its own. */
static void
test_windows(void)
{
	struct packet	 m;

	pk_message(&m, bd_guest_mac, DHCPDISCOVER);
	pk_set(m.b + 10, 2, 0x8000);
	pk_option(&m, DHO_CLIENT_ID, "\001\002\003\004\005\006\007", 7);
	pk_option(&m, DHO_HOST_NAME, "DESKTOP-1", 9);
	pk_option(&m, 81, "\000\000\000DESKTOP-1", 12);
	pk_option(&m, 60, "MSFT 5.0", 8);
	pk_option(&m, DHO_PARAM_LIST, "\001\003\006\017\037\041\053\054"
	    "\056\057\167\171\371\374", 14);
	pk_end(&m);
	seed("windows", &full, &m);
	CHECK(serve(&full, &m));
	CHECK_INT(reply.ip_dst, ALL_ONES);
	CHECK_STR(verdict.hostname, "DESKTOP-1");
	CHECK(has_text(43, "vm"));
	CHECK(reply.seen[DHO_DOMAIN_SEARCH]);
	CHECK(reply.seen[DHO_CLASSLESS_ROUTE]);
	CHECK(!reply.seen[60]);
}

static void
test_pxe(void)
{
	struct packet	 m;

	pk_message(&m, bd_guest_mac, DHCPDISCOVER);
	pk_set(m.b + 8, 2, 4);
	pk_set(m.b + 10, 2, 0x8000);
	pk_option(&m, DHO_PARAM_LIST, "\001\003\006\014\017\053\066\074"
	    "\102\103\200\201", 12);
	pk_option_num(&m, DHO_MAX_SIZE, 2, 1260);
	pk_option(&m, 97, "\000abcdefghijklmnop", 17);
	pk_option_num(&m, 93, 2, 0);
	pk_option(&m, 94, "\001\002\001", 3);
	pk_option(&m, 60, "PXEClient:Arch:00000:UNDI:002001", 32);
	pk_end(&m);
	seed("pxe", &full, &m);
	CHECK(serve(&full, &m));
	CHECK_INT(reply.siaddr, BD_FULL_HOST);
	CHECK_STR((const char *)reply.file, "auto_install");
	CHECK(has_text(DHO_TFTP_SERVER, "172.16.5.1"));
	CHECK(has_text(DHO_BOOT_FILE, "auto_install"));
}

static void
test_no_param_list(void)
{
	struct packet	 m;

	discover(&m, NULL);
	CHECK(serve(&full, &m));
	CHECK(reply.seen[DHO_SUBNET_MASK]);
	CHECK(reply.seen[DHO_ROUTER]);
	CHECK(reply.seen[DHO_NAME_SERVER]);
	CHECK(reply.seen[DHO_DOMAIN_NAME]);
	CHECK(reply.seen[DHO_HOST_NAME]);
	CHECK(reply.seen[DHO_MTU]);
	CHECK(!reply.seen[DHO_CLASSLESS_ROUTE]);
}

/* PXE and autoinstall look at the fields, others at the options. */
static void
test_boot(void)
{
	struct packet		 m;
	struct dhcp_conf	 conf;
	struct dhcp_binding	 b = plain;
	char			 longest[128];

	request(&m, BD_FULL_HOST, BD_FULL_GUEST, 0);
	CHECK(serve(&full, &m));
	CHECK_INT(reply.siaddr, BD_FULL_HOST);
	CHECK_STR((const char *)reply.file, "auto_install");
	discover(&m, "\001\102\103");
	CHECK(serve(&full, &m));
	CHECK_INT(reply.siaddr, BD_FULL_HOST);
	CHECK_STR((const char *)reply.file, "auto_install");
	CHECK(has_text(DHO_TFTP_SERVER, "172.16.5.1"));
	CHECK(has_text(DHO_BOOT_FILE, "auto_install"));

	memset(&conf, 0, sizeof(conf));
	memset(longest, 'l', 127);
	longest[127] = '\0';
	conf.boot_file = longest;
	b.dhcp[0] = &conf;
	b.ndhcp = 1;
	discover(&m, "\102\103");
	CHECK(serve(&b, &m));
	CHECK_INT(reply.siaddr, 0);
	CHECK(!reply.seen[DHO_TFTP_SERVER]);
	CHECK_STR((const char *)reply.file, longest);
	CHECK(has_text(DHO_BOOT_FILE, longest));

	/* one that is too long for the field must not be cut */
	discover(&m, NULL);
	CHECK(serve(&huge, &m));
	CHECK_INT(reply.file[0], 0);
}

static void
test_routes(void)
{
	/* the default route, 10/8 by the host, 192.0.2.0/25 by another */
	static const uint8_t	 want[] = {
		0, 172, 16, 5, 1, 8, 10, 172, 16, 5, 1,
		25, 192, 0, 2, 0, 172, 16, 5, 9
	};
	struct packet		 m;

	discover(&m, "\001\003\171\006");
	seed("routes", &full, &m);
	CHECK(serve(&full, &m));
	CHECK_INT(reply.optlen[DHO_CLASSLESS_ROUTE], sizeof(want));
	CHECK_MEM(reply.opt[DHO_CLASSLESS_ROUTE], want, sizeof(want));
	/* RFC 3442: both when both are asked for, and 121 first */
	CHECK(reply.seen[DHO_ROUTER]);
	CHECK(position(DHO_CLASSLESS_ROUTE) < position(DHO_ROUTER));

	discover(&m, "\001\003\006");
	CHECK(serve(&full, &m));
	CHECK(!reply.seen[DHO_CLASSLESS_ROUTE]);
	discover(&m, "\001\003\171");
	CHECK(serve(&plain, &m));
	CHECK(!reply.seen[DHO_CLASSLESS_ROUTE]);
	CHECK(reply.seen[DHO_ROUTER]);
}

static void
test_routes_default(void)
{
	static const uint8_t	 want[] = { 0, 10, 0, 0, 1 };
	struct dhcp_route	 route = { { 0, 0 }, 0x0a000001 };
	struct dhcp_conf	 conf;
	struct dhcp_binding	 b = plain;
	struct packet		 m;

	memset(&conf, 0, sizeof(conf));
	conf.route = &route;
	conf.nroute = 1;
	b.dhcp[0] = &conf;
	b.ndhcp = 1;
	discover(&m, "\171");
	CHECK(serve(&b, &m));
	CHECK_INT(reply.optlen[DHO_CLASSLESS_ROUTE], sizeof(want));
	CHECK_MEM(reply.opt[DHO_CLASSLESS_ROUTE], want, sizeof(want));
	CHECK_INT(pk_reply_num(&reply, DHO_ROUTER), BD_HOST);
}

/* Parts end between routes: some clients do not join them. */
static void
test_routes_many(void)
{
	struct packet	 m;
	const uint8_t	*first;

	pk_message(&m, bd_guest_mac, DHCPDISCOVER);
	pk_option(&m, DHO_PARAM_LIST, "\171\003", 2);
	pk_option_num(&m, DHO_MAX_SIZE, 2, 1500);
	pk_end(&m);
	seed("routes-many", &huge, &m);
	CHECK(serve(&huge, &m));
	CHECK_INT(reply.optlen[DHO_CLASSLESS_ROUTE], 5 + 60 * 8);
	CHECK_INT(reply.seen[DHO_CLASSLESS_ROUTE], 2);
	CHECK_INT(reply.opt[DHO_CLASSLESS_ROUTE][5 + 59 * 8], 24);
	/* after the cookie, 53, 54, 51 (for ever) and 1 */
	first = reply.msg + PK_VEND + 4 + 3 + 6 + 6 + 6;
	CHECK_INT(first[0], DHO_CLASSLESS_ROUTE);
	CHECK_INT(first[1] % 8, 5);

	/* no room for all of them: none, and the router is there */
	discover(&m, "\171\003");
	CHECK(serve(&huge, &m));
	CHECK(!reply.seen[DHO_CLASSLESS_ROUTE]);
	CHECK_INT(pk_reply_num(&reply, DHO_ROUTER), BD_FULL_HOST);
}

static void
test_configured(void)
{
	struct packet	 m;

	/* asked for or not; the nearest one of the same code */
	discover(&m, "\001");
	CHECK(serve(&full, &m));
	CHECK_INT(reply.optlen[224], 3);
	CHECK_MEM(reply.opt[224], "\001\002\377", 3);
	CHECK(has_text(43, "vm"));
	CHECK_INT(reply.seen[225], 1);
	CHECK_INT(reply.optlen[225], 0);

	/* and in the order in which they are asked for */
	discover(&m, "\340\006\053");
	CHECK(serve(&full, &m));
	CHECK(position(224) >= 0);
	CHECK(position(224) < position(DHO_NAME_SERVER));
	CHECK(position(DHO_NAME_SERVER) < position(43));
	CHECK(has_text(43, "vm"));
	CHECK_INT(reply.seen[43], 1);
}

/* Option 57 is the length of the IP datagram; less than 576 is 576. */
static void
test_size(void)
{
	static const struct {
		uint32_t	 asked;
		size_t		 limit;
	}		 sizes[] = {
		{ 0, 576 }, { 1, 576 }, { 300, 576 }, { 575, 576 },
		{ 576, 576 }, { 600, 600 }, { 1000, 1000 }, { 1499, 1499 },
		{ 1500, 1500 }, { 1501, 1500 }, { 9000, 1500 },
		{ 0xffff, 1500 }
	};
	struct packet	 m;
	size_t		 i;

	discover(&m, NULL);
	seed("huge", &huge, &m);
	CHECK(serve(&huge, &m));
	CHECK(reply.len + 28 <= 576);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		pk_message(&m, bd_guest_mac, DHCPDISCOVER);
		pk_option_num(&m, DHO_MAX_SIZE, 2, sizes[i].asked);
		pk_end(&m);
		CHECK(serve(&huge, &m));
		CHECK(reply.len + 28 <= sizes[i].limit);
		/* 1,000 bytes of options are waiting: it is used */
		CHECK(reply.len + 28 > sizes[i].limit - 80);
	}
	seed("huge-1500", &huge, &m);
}

static void
test_too_much(void)
{
	struct packet	 m;

	/* what must be there is, however much else there is */
	request(&m, BD_FULL_HOST, BD_FULL_GUEST, 0);
	CHECK(serve(&huge, &m));
	CHECK_INT(verdict.sent, DHCPACK);
	CHECK(reply.seen[DHO_MESSAGE_TYPE] && reply.seen[DHO_SERVER_ID] &&
	    reply.seen[DHO_LEASE_TIME] && reply.seen[DHO_SUBNET_MASK] &&
	    reply.seen[DHO_ROUTER]);
	/* 400 name servers are not, nor are they cut */
	CHECK(!reply.seen[DHO_NAME_SERVER]);
	CHECK(has_text(DHO_DOMAIN_NAME, "vm.example.org"));
	CHECK(has_text(DHO_HOST_NAME, "web"));
}

/* RFC 6842: in every answer, byte for byte; RFC 4361: whatever it is. */
static void
test_client_id(void)
{
	static const char *const	 ids[] = {
		"\001\376\341\273\321\361\001", "\377\001\002\003\004\005",
		"x", "a string of some length, type 97"
	};
	struct packet			 m;
	size_t				 i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		discover(&m, NULL);
		m.len = 243;
		pk_option(&m, DHO_CLIENT_ID, ids[i], strlen(ids[i]));
		pk_end(&m);
		CHECK(serve(&plain, &m));
		CHECK_INT(verdict.sent, DHCPOFFER);
		CHECK(has_text(DHO_CLIENT_ID, ids[i]));

		pk_message(&m, bd_guest_mac, DHCPREQUEST);
		pk_option_num(&m, DHO_REQUESTED_ADDR, 4, BD_GUEST);
		pk_option(&m, DHO_CLIENT_ID, ids[i], strlen(ids[i]));
		pk_end(&m);
		CHECK(serve(&plain, &m));
		CHECK_INT(verdict.sent, DHCPACK);
		CHECK(has_text(DHO_CLIENT_ID, ids[i]));
		pk_set(m.b + 245, 4, BD_GUEST + 1);
		CHECK(serve(&plain, &m));
		CHECK_INT(verdict.sent, DHCPNAK);
		CHECK(has_text(DHO_CLIENT_ID, ids[i]));

		pk_message(&m, bd_guest_mac, DHCPINFORM);
		pk_set(m.b + 12, 4, BD_GUEST);
		pk_option(&m, DHO_CLIENT_ID, ids[i], strlen(ids[i]));
		pk_end(&m);
		CHECK(serve(&plain, &m));
		CHECK(has_text(DHO_CLIENT_ID, ids[i]));
	}
	discover(&m, NULL);
	CHECK(serve(&plain, &m));
	CHECK(!reply.seen[DHO_CLIENT_ID]);
}

static void
test_client_id_long(void)
{
	struct packet	 m;
	uint8_t		 id[255];
	size_t		 i;

	for (i = 0; i < sizeof(id); i++)
		id[i] = (uint8_t)i;
	/* 510 bytes: two parts in and out */
	pk_message(&m, bd_guest_mac, DHCPREQUEST);
	pk_option_num(&m, DHO_REQUESTED_ADDR, 4, BD_GUEST);
	pk_option_num(&m, DHO_MAX_SIZE, 2, 1500);
	pk_option(&m, DHO_CLIENT_ID, id, 255);
	pk_option(&m, DHO_CLIENT_ID, id, 255);
	pk_end(&m);
	seed("client-id-long", &plain, &m);
	CHECK(serve(&plain, &m));
	CHECK_INT(reply.optlen[DHO_CLIENT_ID], 510);
	CHECK_MEM(reply.opt[DHO_CLIENT_ID], id, 255);
	CHECK_MEM(reply.opt[DHO_CLIENT_ID] + 255, id, 255);
	pk_set(m.b + 245, 4, BD_GUEST + 1);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.sent, DHCPNAK);
	CHECK_INT(reply.optlen[DHO_CLIENT_ID], 510);

	/* where it cannot fit the lease is more important */
	pk_message(&m, bd_guest_mac, DHCPREQUEST);
	pk_option_num(&m, DHO_REQUESTED_ADDR, 4, BD_GUEST);
	for (i = 0; i < 4; i++)
		pk_option(&m, DHO_CLIENT_ID, id, 255);
	pk_end(&m);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.sent, DHCPACK);
	CHECK(!reply.seen[DHO_CLIENT_ID]);
	CHECK(reply.seen[DHO_ROUTER]);

	pk_message(&m, bd_guest_mac, DHCPDISCOVER);
	pk_option(&m, DHO_CLIENT_ID, NULL, 0);
	pk_end(&m);
	CHECK(serve(&plain, &m));
	CHECK_INT(reply.seen[DHO_CLIENT_ID], 1);
	CHECK_INT(reply.optlen[DHO_CLIENT_ID], 0);
}

/* RFC 3046: no relay is trusted here, so nothing of it comes back. */
static void
test_relay_info(void)
{
	struct packet	 m;

	pk_message(&m, bd_guest_mac, DHCPDISCOVER);
	pk_option(&m, DHO_RELAY_INFO, "\001\004evil", 6);
	pk_option(&m, DHO_PARAM_LIST, "\122\121\014", 3);
	pk_option(&m, 81, "\001\000\000evil", 7);
	pk_end(&m);
	seed("relay-info", &full, &m);
	CHECK(serve(&full, &m));
	CHECK(!reply.seen[DHO_RELAY_INFO]);
	CHECK(!reply.seen[81]);
	CHECK(has_text(DHO_HOST_NAME, "web"));
	CHECK_STR(verdict.hostname, "");
}

static void
test_overload(void)
{
	struct packet	 m;

	/* the address in `file`, the type and the name in `sname` */
	pk_message(&m, bd_guest_mac, 0);
	pk_option_num(&m, DHO_OVERLOAD, 1, 3);
	m.b[PK_FILE] = DHO_REQUESTED_ADDR;
	m.b[PK_FILE + 1] = 4;
	pk_set(m.b + PK_FILE + 2, 4, BD_GUEST);
	m.b[PK_FILE + 6] = 255;
	memcpy(m.b + PK_SNAME, "\065\001\003\014\003vm0\377", 9);
	pk_end(&m);
	seed("overload", &plain, &m);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.received, DHCPREQUEST);
	CHECK_INT(verdict.sent, DHCPACK);
	CHECK_STR(verdict.hostname, "vm0");
	CHECK_INT(reply.file[0], 0);
	CHECK_INT(reply.sname[0], 0);
}

static void
test_sender(void)
{
	static const uint8_t	 macs[][6] = {
		{ 0, 0, 0, 0, 0, 0 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 0x01, 0x00, 0x5e, 0, 0, 1 },
		{ 0x33, 0x33, 0, 0, 0, 1 }
	};
	struct packet		 m, p;
	size_t			 i;

	/* chaddr must be the sender's, and a sender's */
	discover(&m, NULL);
	pk_frame(&p, all_macs, other_mac, 0, ALL_ONES, m.b, m.len);
	CHECK(!serve_frame(&plain, &p, 0));
	CHECK_INT(verdict.drop, DROP_CHADDR);
	for (i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		pk_message(&m, macs[i], DHCPDISCOVER);
		pk_end(&m);
		CHECK(!serve(&plain, &m));
		CHECK_INT(verdict.drop, DROP_CHADDR);
	}
	seed("multicast-sender", &plain, &m);
}

/* However many there seem to be, there is one address. */
static void
test_many_macs(void)
{
	struct packet	 m;
	uint8_t		 mac[6] = { 2, 0, 0, 0, 0, 0 };
	int		 i;

	for (i = 0; i < 300; i++) {
		pk_set(mac + 2, 4, (uint32_t)i * 2654435761U);
		pk_message(&m, mac, i % 2 ? DHCPREQUEST : DHCPDISCOVER);
		pk_option(&m, DHO_CLIENT_ID, mac, 6);
		pk_option_num(&m, DHO_REQUESTED_ADDR, 4, BD_GUEST);
		pk_end(&m);
		CHECK(serve(&plain, &m));
		CHECK_INT(reply.yiaddr, BD_GUEST);
		CHECK_MEM(reply.dst, mac, 6);
		CHECK_MEM(verdict.lladdr, mac, 6);
	}
}

static void
test_destination(void)
{
	struct packet	 m, p;

	discover(&m, NULL);
	/* broadcast or ours, at both layers */
	pk_frame(&p, bd_host_mac, bd_guest_mac, 0, ALL_ONES, m.b, m.len);
	CHECK(serve_frame(&plain, &p, 0));
	pk_frame(&p, all_macs, bd_guest_mac, 0, BD_HOST, m.b, m.len);
	CHECK(serve_frame(&plain, &p, 0));

	pk_frame(&p, all_macs, bd_guest_mac, 0, BD_HOST + 2, m.b, m.len);
	CHECK(!serve_frame(&plain, &p, 0));
	CHECK_INT(verdict.drop, DROP_DST);
	pk_frame(&p, all_macs, bd_guest_mac, 0, BD_GUEST, m.b, m.len);
	CHECK(!serve_frame(&plain, &p, 0));
	CHECK_INT(verdict.drop, DROP_DST);
	pk_frame(&p, all_macs, bd_guest_mac, 0, 0xe0000001, m.b, m.len);
	CHECK(!serve_frame(&plain, &p, 0));
	CHECK_INT(verdict.drop, DROP_DST);
	pk_frame(&p, other_mac, bd_guest_mac, 0, ALL_ONES, m.b, m.len);
	CHECK(!serve_frame(&plain, &p, 0));
	CHECK_INT(verdict.drop, DROP_DST);
}

static void
test_ports(void)
{
	struct packet	 m, p;

	discover(&m, NULL);
	pk_frame(&p, all_macs, bd_guest_mac, 0, ALL_ONES, m.b, m.len);
	pk_set(p.b + PK_UDP, 2, 67);
	pk_fix_sums(p.b, p.len);
	CHECK(!serve_frame(&plain, &p, 0));
	CHECK_INT(verdict.drop, DROP_PORT);
	pk_set(p.b + PK_UDP, 2, 68);
	pk_set(p.b + PK_UDP + 2, 2, 68);
	pk_fix_sums(p.b, p.len);
	CHECK(!serve_frame(&plain, &p, 0));
	CHECK_INT(verdict.drop, DROP_PORT);
	pk_set(p.b + PK_UDP + 2, 2, 53);
	pk_fix_sums(p.b, p.len);
	CHECK(!serve_frame(&plain, &p, 0));
	CHECK_INT(verdict.drop, DROP_PORT);
}

/* A guest that plays the server talks to nobody. */
static void
test_rogue_server(void)
{
	struct packet	 m, p;
	uint8_t		 type;

	for (type = DHCPOFFER; type <= DHCPNAK; type++) {
		if (type == DHCPREQUEST || type == DHCPDECLINE)
			continue;
		pk_message(&m, bd_guest_mac, type);
		pk_option_num(&m, DHO_SERVER_ID, 4, BD_GUEST);
		pk_end(&m);
		CHECK(!serve(&plain, &m));
		CHECK_INT(verdict.drop, DROP_MESSAGE_TYPE);
		m.b[0] = 2;
		CHECK(!serve(&plain, &m));
		CHECK_INT(verdict.drop, DROP_BOOTP_OP);
		pk_frame(&p, all_macs, bd_guest_mac, BD_GUEST, ALL_ONES,
		    m.b, m.len);
		pk_set(p.b + PK_UDP, 2, 67);
		pk_set(p.b + PK_UDP + 2, 2, 68);
		pk_fix_sums(p.b, p.len);
		CHECK(!serve_frame(&plain, &p, 0));
		CHECK_INT(verdict.drop, DROP_PORT);
	}
	seed("rogue-server", &plain, &m);
}

static void
test_relayed(void)
{
	struct packet	 m;

	discover(&m, NULL);
	pk_set(m.b + 24, 4, BD_GUEST);
	seed("relayed", &plain, &m);
	CHECK(!serve(&plain, &m));
	CHECK_INT(verdict.drop, DROP_RELAYED);
	discover(&m, NULL);
	m.b[3] = 1;
	CHECK(!serve(&plain, &m));
	CHECK_INT(verdict.drop, DROP_RELAYED);
}

/* The reasons of the layers below come through, and nothing else happens. */
static void
test_layers(void)
{
	struct packet	 m, p;

	discover(&m, NULL);
	pk_frame(&p, all_macs, bd_guest_mac, 0, ALL_ONES, m.b, m.len);
	CHECK(!serve_frame(&plain, &p, FRAME_VLAN));
	CHECK_INT(verdict.drop, DROP_VLAN);
	p.b[PK_UDP + 6] ^= 0xff;
	CHECK(!serve_frame(&plain, &p, 0));
	CHECK_INT(verdict.drop, DROP_UDP_CHECKSUM);
	CHECK(serve_frame(&plain, &p, FRAME_NOCSUM));
	pk_set(p.b + PK_UDP + 6, 2, 0);
	CHECK(serve_frame(&plain, &p, 0));

	/* padding behind the datagram is no part of it */
	pk_frame(&p, all_macs, bd_guest_mac, 0, ALL_ONES, m.b, 245);
	memset(p.b + p.len, 0xff, 40);
	p.len += 40;
	CHECK(serve_frame(&plain, &p, 0));

	discover(&m, NULL);
	m.len = 243;
	m.b[m.len++] = DHO_HOST_NAME;
	m.b[m.len++] = 200;
	CHECK(!serve(&plain, &m));
	CHECK_INT(verdict.drop, DROP_OPTION_OVERRUN);
	CHECK_INT(verdict.event, DHCP_EVENT_NONE);
}

static void
test_host_address(void)
{
	struct packet	 m;

	request(&m, BD_HOST, BD_HOST, 0);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.sent, DHCPNAK);
	request(&m, 0, 0, BD_HOST);
	CHECK(serve(&plain, &m));
	CHECK_INT(verdict.sent, DHCPNAK);
	CHECK_INT(verdict.event, DHCP_EVENT_NONE);
	CHECK_INT(reply.yiaddr, 0);
}

static void
test_hostname(void)
{
	static const struct {
		const char	*sent;
		size_t		 len;
		const char	*want;
	}		 names[] = {
		{ "openbsd", 7, "openbsd" },
		{ "Vm_0.lab-1", 10, "Vm_0.lab-1" },
		{ "vm\0", 3, "vm" },
		{ "vm\0\0\0", 5, "vm" },
		{ "\0\0", 2, "" },
		{ "", 0, "" },
		{ "v\0m", 3, "" },
		{ "a b", 3, "" },
		{ "../../etc/passwd", 16, "" },
		{ "\033[2J", 4, "" },
		{ "a\nb", 3, "" },
		{ "a%sb", 4, "" },
		{ "$(id)", 5, "" },
		{ "a\"b", 3, "" },
		{ "b\374cher", 6, "" },
		{ "vm\177", 3, "" }
	};
	struct packet	 m;
	char		 name[255];
	size_t		 i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		pk_message(&m, bd_guest_mac, DHCPDISCOVER);
		pk_option(&m, DHO_HOST_NAME, names[i].sent, names[i].len);
		pk_end(&m);
		CHECK(serve(&plain, &m));
		CHECK_STR(verdict.hostname, names[i].want);
		CHECK(!reply.seen[DHO_HOST_NAME]);	/* not echoed */
	}

	/* 255 bytes are cut, unless one of them is bad */
	memset(name, 'n', sizeof(name));
	pk_message(&m, bd_guest_mac, DHCPDISCOVER);
	pk_option(&m, DHO_HOST_NAME, name, sizeof(name));
	pk_end(&m);
	seed("hostname-long", &plain, &m);
	CHECK(serve(&plain, &m));
	CHECK_INT(strlen(verdict.hostname), HOSTNAME_LEN - 1);
	m.b[m.len - 2] = '\n';
	CHECK(serve(&plain, &m));
	CHECK_STR(verdict.hostname, "");
}

/* No prefix of a frame is answered, be its checksums right or not. */
static void
test_truncated(void)
{
	struct packet	 m, p;
	int		 answered = 0, fixed;

	request(&m, BD_HOST, BD_GUEST, 0);
	m.len = 256;
	for (fixed = 0; fixed < 2; fixed++) {
		pk_frame(&p, all_macs, bd_guest_mac, 0, ALL_ONES, m.b,
		    m.len);
		while (p.len-- > 0) {
			if (fixed)
				pk_fix_sums(p.b, p.len);
			answered += serve_frame(&plain, &p, 0);
			if (verdict.drop == DROP_NONE)
				answered++;
		}
	}
	CHECK_INT(answered, 0);
}

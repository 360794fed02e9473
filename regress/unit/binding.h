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

#ifndef BINDING_H
#define BINDING_H

#include <stdio.h>
#include <string.h>

#include "dhcpserver.h"

/*
 * Bindings for the tests and fuzzers of the DHCP server: as little as can
 * be configured, everything, and more than a reply can hold.
 */

enum binding_kind {
	BINDING_PLAIN,		/* nothing said */
	BINDING_FULL,		/* everything said in a pool, some in a vm */
	BINDING_HUGE,		/* more than fits; for ever */
	BINDING_KINDS
};

#define BD_HOST		0xac100002	/* 172.16.0.2/31 */
#define BD_GUEST	0xac100003
#define BD_FULL_HOST	0xac100501	/* 172.16.5.1/24 */
#define BD_FULL_GUEST	0xac100502

static const uint8_t	 bd_host_mac[LLADDR_LEN] = {
	0xfe, 0xe1, 0xba, 0xd0, 0x00, 0x01
};
static const uint8_t	 bd_guest_mac[LLADDR_LEN] = {
	0xfe, 0xe1, 0xbb, 0xd1, 0xf1, 0x00
};

static uint32_t		 bd_ns[] = { ADDR_HOST, 0x09090909 };
static uint32_t		 bd_ntp[] = { 0xac10ffff };
static char		 bd_domain[] = "vm.example.org";
static char		 bd_search1[] = "vm.example.org";
static char		 bd_search2[] = "example.org";
static char		*bd_search[] = { bd_search1, bd_search2 };
static char		 bd_file[] = "auto_install";
static struct dhcp_route bd_routes[] = {
	{ { 0x0a000000, 8 }, ADDR_HOST }, { { 0xc0000200, 25 }, 0xac100509 }
};
static uint8_t		 bd_bytes[] = { 1, 2, 255 };
static uint8_t		 bd_text[] = "pool";
static struct dhcp_option bd_options[] = {
	{ 224, OPTION_BYTES, sizeof(bd_bytes), bd_bytes },
	{ 43, OPTION_TEXT, 4, bd_text },
	{ 225, OPTION_TEXT, 0, NULL }
};
static uint8_t		 bd_vm_text[] = "vm";
static struct dhcp_option bd_vm_options[] = {
	{ 43, OPTION_TEXT, 2, bd_vm_text }
};

static struct dhcp_conf	 bd_pool;
static struct dhcp_conf	 bd_vm;

static uint32_t		 bd_many_ns[400];
static char		*bd_many_search[100];
static struct dhcp_route bd_many_routes[60];
static uint8_t		 bd_many_bytes[255];
static struct dhcp_option bd_many_options[30];
static char		 bd_long_file[200];
static struct dhcp_conf	 bd_huge;

static inline void
binding_conf(void)
{
	memset(&bd_pool, 0, sizeof(bd_pool));
	bd_pool.lease_time = 86400;
	bd_pool.mtu = 1400;
	bd_pool.nameserver = bd_ns;
	bd_pool.nnameserver = 2;
	bd_pool.domain = bd_domain;
	bd_pool.search = bd_search;
	bd_pool.nsearch = 2;
	bd_pool.ntp = bd_ntp;
	bd_pool.nntp = 1;
	bd_pool.route = bd_routes;
	bd_pool.nroute = 2;
	bd_pool.has_boot_server = true;
	bd_pool.boot_server = ADDR_HOST;
	bd_pool.boot_file = bd_file;
	bd_pool.option = bd_options;
	bd_pool.noption = 3;
	memset(&bd_vm, 0, sizeof(bd_vm));
	bd_vm.option = bd_vm_options;
	bd_vm.noption = 1;
}

static inline void
binding_conf_huge(void)
{
	size_t		 i;

	for (i = 0; i < 400; i++)
		bd_many_ns[i] = 0x0a000000 + (uint32_t)i;
	for (i = 0; i < 100; i++)
		bd_many_search[i] = bd_search[i % 2];
	for (i = 0; i < 60; i++) {
		bd_many_routes[i].dst.addr = 0x0b000000 + (uint32_t)(i << 8);
		bd_many_routes[i].dst.len = 24;
		bd_many_routes[i].via = ADDR_HOST;
	}
	memset(bd_many_bytes, 0xee, sizeof(bd_many_bytes));
	for (i = 0; i < 30; i++) {
		bd_many_options[i].code = (uint8_t)(200 + i);
		bd_many_options[i].kind = OPTION_BYTES;
		bd_many_options[i].len = i * 31 % 256;
		bd_many_options[i].data = bd_many_bytes;
	}
	memset(bd_long_file, 'f', sizeof(bd_long_file) - 1);
	bd_huge = bd_pool;
	bd_huge.lease_time = LEASE_TIME_FOREVER;
	bd_huge.nameserver = bd_many_ns;
	bd_huge.nnameserver = 400;
	bd_huge.search = bd_many_search;
	bd_huge.nsearch = 100;
	bd_huge.route = bd_many_routes;
	bd_huge.nroute = 60;
	bd_huge.boot_file = bd_long_file;
	bd_huge.option = bd_many_options;
	bd_huge.noption = 30;
}

static inline void
binding_make(struct dhcp_binding *b, enum binding_kind kind)
{
	binding_conf();
	memset(b, 0, sizeof(*b));
	memcpy(b->lladdr, bd_host_mac, LLADDR_LEN);
	b->host.addr = BD_HOST;
	b->host.len = 31;
	b->guest = BD_GUEST;
	if (kind == BINDING_PLAIN)
		return;
	b->host.addr = BD_FULL_HOST;
	b->host.len = 24;
	b->guest = BD_FULL_GUEST;
	b->hostname = "web";
	b->dhcp[0] = &bd_vm;
	b->dhcp[1] = &bd_pool;
	b->ndhcp = 2;
	if (kind == BINDING_FULL)
		return;
	binding_conf_huge();
	b->dhcp[0] = &bd_huge;
	b->dhcp[1] = &bd_vm;
	b->dhcp[2] = &bd_pool;
	b->ndhcp = 3;
}

#endif /* BINDING_H */

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

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "conf.h"

static void	 print_pool(const struct conf_pool *);
static void	 print_nat(const struct conf_nat *);
static void	 print_rules(int, char *const *, size_t);
static void	 print_forward(int, const struct conf_forward *);
static void	 print_nameservers(int, const struct dhcp_conf *);
static void	 print_range(const struct range *);
static void	 print_vm(const struct conf_vm *);
static void	 print_vmif(int, const struct conf_vmif *);
static void	 print_dhcp(int, const struct dhcp_conf *);
static void	 print_names(int, const struct dhcp_conf *);
static void	 print_boot(int, const struct dhcp_conf *);
static void	 print_lease_time(uint32_t);
static void	 print_addr(uint32_t);
static void	 print_addrs(int, const char *, const uint32_t *, size_t);
static void	 print_option(const struct dhcp_option *);
static void	 print_quoted(const char *, size_t);
static void	 print_string(const char *);
static void	 indent(int);

void
print_config(const struct conf *conf)
{
	const struct conf_pool	*pool;
	const struct conf_vm	*vm;

	if (conf->socket_group != NULL) {
		printf("socket group ");
		print_string(conf->socket_group);
		printf("\n");
	}
	if (conf->default_poolname[0] != '\0') {
		printf("default pool ");
		print_string(conf->default_poolname);
		printf("\n");
	}
	if (strcmp(conf->anchor, ANCHOR_DEFAULT) != 0) {
		printf("anchor ");
		print_string(conf->anchor);
		printf("\n");
	}
	TAILQ_FOREACH(pool, &conf->pools, entry)
		print_pool(pool);
	TAILQ_FOREACH(vm, &conf->vms, entry)
		print_vm(vm);
}

static void
print_pool(const struct conf_pool *pool)
{
	size_t	 i;

	printf("pool ");
	print_string(pool->name);
	printf(" {\n");
	indent(1);
	printf("inet %s subnet %u\n", prefix_ntoa(&pool->inet), pool->subnet);
	if (pool->nexclude > 0) {
		indent(1);
		printf("exclude {");
		for (i = 0; i < pool->nexclude; i++) {
			printf("%s ", i == 0 ? "" : ",");
			print_range(&pool->exclude[i]);
		}
		printf(" }\n");
	}
	if (pool->rdomain != 0) {
		indent(1);
		printf("rdomain %u\n", pool->rdomain);
	}
	for (i = 0; i < pool->nnat; i++)
		print_nat(&pool->nat[i]);
	if (pool->isolate) {
		indent(1);
		printf("isolate\n");
	}
	print_rules(1, pool->rules, pool->nrules);
	print_dhcp(1, &pool->dhcp);
	printf("}\n");
}

static void
print_ifname(const char *ifname)
{
	printf(" on ");
	if (ifname[0] == '\0')
		printf("egress");
	else
		print_string(ifname);
}

static void
print_nat(const struct conf_nat *nat)
{
	indent(1);
	printf("nat");
	print_ifname(nat->ifname);
	if (nat->to != 0)
		printf(" to %s", addr_ntoa(nat->to));
	printf("\n");
}

static void
print_rules(int level, char *const *rules, size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++) {
		indent(level);
		printf("rules ");
		print_string(rules[i]);
		printf("\n");
	}
}

static void
print_forward(int level, const struct conf_forward *f)
{
	indent(level);
	printf("forward %s", f->tcp && f->udp ? "{ tcp, udp }" :
	    f->tcp ? "tcp" : "udp");
	if (f->ifname[0] != '\0')
		print_ifname(f->ifname);
	if (f->from.len != 0)
		printf(" from %s", prefix_ntoa(&f->from));
	if (f->address != 0)
		printf(" address %s", addr_ntoa(f->address));
	printf(" port %u", f->first);
	if (f->last != f->first)
		printf(":%u", f->last);
	printf(" to %u%s\n", f->to, f->to_range ? ":*" : "");
}

/* As an address or a prefix where it is one. */
static void
print_range(const struct range *range)
{
	struct prefix	 prefix = { range->first, 32 };

	while (prefix.len > 0 && prefix_last(&prefix) < range->last) {
		prefix.len--;
		if (prefix_first(&prefix) != range->first)
			break;
	}
	if (range->first == range->last)
		printf("%s", addr_ntoa(range->first));
	else if (prefix_first(&prefix) == range->first &&
	    prefix_last(&prefix) == range->last)
		printf("%s", prefix_ntoa(&prefix));
	else
		printf("%s - %s", addr_ntoa(range->first),
		    addr_ntoa(range->last));
}

static void
print_vm(const struct conf_vm *vm)
{
	const struct conf_vmif	*vmif;

	printf("vm ");
	print_string(vm->pattern);
	printf(" {\n");
	print_vmif(1, &vm->all);
	TAILQ_FOREACH(vmif, &vm->ifs, entry) {
		indent(1);
		printf("interface %u {\n", vmif->index);
		print_vmif(2, vmif);
		indent(1);
		printf("}\n");
	}
	printf("}\n");
}

static void
print_vmif(int level, const struct conf_vmif *vmif)
{
	size_t	 i;

	if (vmif->ignore) {
		indent(level);
		printf("ignore\n");
	}
	if (vmif->poolname[0] != '\0') {
		indent(level);
		printf("pool ");
		print_string(vmif->poolname);
		printf("\n");
	}
	if (vmif->address != 0) {
		indent(level);
		printf("address %s\n", addr_ntoa(vmif->address));
	}
	if (vmif->hostname[0] != '\0') {
		indent(level);
		printf("hostname ");
		print_string(vmif->hostname);
		printf("\n");
	}
	for (i = 0; i < vmif->nforward; i++)
		print_forward(level, &vmif->forward[i]);
	print_rules(level, vmif->rules, vmif->nrules);
	print_dhcp(level, &vmif->dhcp);
}

static void
print_dhcp(int level, const struct dhcp_conf *dhcp)
{
	size_t	 i;

	if (dhcp->lease_time != 0) {
		indent(level);
		print_lease_time(dhcp->lease_time);
	}
	print_nameservers(level, dhcp);
	print_names(level, dhcp);
	print_addrs(level, "ntp", dhcp->ntp, dhcp->nntp);
	if (dhcp->mtu != 0) {
		indent(level);
		printf("mtu %u\n", dhcp->mtu);
	}
	for (i = 0; i < dhcp->nroute; i++) {
		indent(level);
		printf("route %s via ", prefix_ntoa(&dhcp->route[i].dst));
		print_addr(dhcp->route[i].via);
		printf("\n");
	}
	print_boot(level, dhcp);
	for (i = 0; i < dhcp->noption; i++) {
		indent(level);
		print_option(&dhcp->option[i]);
	}
}

static void
print_names(int level, const struct dhcp_conf *dhcp)
{
	size_t	 i;

	if (dhcp->domain != NULL) {
		indent(level);
		printf("domain ");
		print_string(dhcp->domain);
		printf("\n");
	}
	if (dhcp->nsearch == 0)
		return;
	indent(level);
	printf("search {");
	for (i = 0; i < dhcp->nsearch; i++) {
		printf("%s ", i == 0 ? "" : ",");
		print_string(dhcp->search[i]);
	}
	printf(" }\n");
}

static void
print_boot(int level, const struct dhcp_conf *dhcp)
{
	if (dhcp->has_boot_server) {
		indent(level);
		printf("boot server ");
		print_addr(dhcp->boot_server);
		printf("\n");
	}
	if (dhcp->boot_file != NULL) {
		indent(level);
		printf("boot file ");
		print_string(dhcp->boot_file);
		printf("\n");
	}
}

static void
print_lease_time(uint32_t seconds)
{
	static const struct {
		uint32_t	 seconds;
		char		 letter;
	}		 units[] = {
		{ 7 * 24 * 3600, 'w' },
		{ 24 * 3600, 'd' },
		{ 3600, 'h' },
		{ 60, 'm' },
		{ 1, 's' }
	};
	size_t		 i = 0;

	if (seconds == LEASE_TIME_FOREVER) {
		printf("lease time forever\n");
		return;
	}
	while (seconds % units[i].seconds != 0)
		i++;
	printf("lease time %u%c\n", seconds / units[i].seconds,
	    units[i].letter);
}

static void
print_addr(uint32_t addr)
{
	printf("%s", addr == ADDR_HOST ? "host" : addr_ntoa(addr));
}

static void
print_addrs(int level, const char *keyword, const uint32_t *addrs, size_t n)
{
	size_t	 i;

	if (n == 0)
		return;
	indent(level);
	printf("%s {", keyword);
	for (i = 0; i < n; i++) {
		printf("%s ", i == 0 ? "" : ",");
		print_addr(addrs[i]);
	}
	printf(" }\n");
}

/* The first `host' says who answers in its place. */
static void
print_nameservers(int level, const struct dhcp_conf *dhcp)
{
	uint32_t	 via = dhcp->nameserver_via;
	size_t		 i;

	if (dhcp->nnameserver == 0)
		return;
	indent(level);
	printf("nameserver {");
	for (i = 0; i < dhcp->nnameserver; i++) {
		printf("%s ", i == 0 ? "" : ",");
		print_addr(dhcp->nameserver[i]);
		if (dhcp->nameserver[i] == ADDR_HOST && via != 0) {
			printf(" via %s", addr_ntoa(via));
			via = 0;
		}
	}
	printf(" }\n");
}

static void
print_option(const struct dhcp_option *option)
{
	uint32_t	 number = 0;
	size_t		 i;

	printf("option %u ", option->code);
	/* Only of use for the kinds that have four bytes or fewer. */
	for (i = 0; i < option->len; i++)
		number = number << 8 | option->data[i];

	switch (option->kind) {
	case OPTION_TEXT:
		print_quoted((const char *)option->data, option->len);
		break;
	case OPTION_BYTES:
		printf("0x");
		for (i = 0; i < option->len; i++)
			printf("%02x", option->data[i]);
		break;
	case OPTION_ADDRESS:
		printf("%s", addr_ntoa(number));
		break;
	case OPTION_NUMBER:
		printf("%u", number);
		break;
	}
	printf("\n");
}

static void
print_quoted(const char *s, size_t len)
{
	size_t	 i;

	putchar('"');
	for (i = 0; i < len; i++) {
		if (s[i] == '"' || s[i] == '\\')
			putchar('\\');
		putchar(s[i]);
	}
	putchar('"');
}

static void
print_string(const char *s)
{
	print_quoted(s, strlen(s));
}

static void
indent(int level)
{
	while (level-- > 0)
		putchar('\t');
}

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

#ifndef CONF_H
#define CONF_H

#include <sys/queue.h>
#include <sys/tree.h>
#include <sys/types.h>
#include <net/if.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/*
 * The configuration as vmnetd.conf(5) says it: parsed by parse.y, checked
 * by confcheck.c, matched by conf.c, printed by printconf.c.  The parent
 * sends it to priv and engine (confpack.c), each of which holds its own copy.
 */

#define POOL_NAMELEN	28		/* with NUL */
#define VM_NAMELEN	64		/* with NUL, as in vmd(8) */
#define VMIF_MAX	255		/* highest interface index */
#define ANCHOR_NAMELEN	32		/* with NUL; "vmnetd" if not said */
#define HOSTNAME_LEN	64		/* with NUL: one DNS label is enough */

/* What one statement may hold. */
#define LEASE_TIME_MIN		60	/* seconds */
#define MTU_MIN			576	/* what RFC 791 promises */
#define ADDRS_MAX		63	/* nameserver, ntp */
#define SEARCH_MAX		32
#define ROUTES_MAX		64
#define BOOT_FILELEN		128	/* with NUL */
#define DOMAIN_LEN		254	/* with NUL */
#define GROUP_NAMELEN		32	/* with NUL */

#define LEASE_TIME_DEFAULT	3600	/* seconds */
#define LEASE_TIME_FOREVER	0xffffffffU
#define SUBNET_DEFAULT		31

/* Where something was said, for messages. */
struct conf_where {
	char			*file;
	int			 line;
};

/* `option code value`; the kind is kept so that it prints back as written. */
enum option_kind {
	OPTION_TEXT,			/* "text", without NUL or newline */
	OPTION_BYTES,			/* 0x0102 */
	OPTION_ADDRESS,			/* 192.0.2.1 */
	OPTION_NUMBER			/* 1, 2 or 4 bytes, the fewest */
};

struct dhcp_option {
	uint8_t			 code;
	enum option_kind	 kind;
	size_t			 len;	/* at most 255 */
	uint8_t			*data;
};

struct dhcp_route {
	struct prefix		 dst;
	uint32_t		 via;	/* ADDR_HOST: the host address */
};

/* `nat on interface [to address]` */
struct conf_nat {
	char			 ifname[IF_NAMESIZE];	/* "": egress */
	uint32_t		 to;	/* 0: the interface's own address */
};

/* `forward ...`: an outside port of the host leads to the guest. */
struct conf_forward {
	bool			 tcp;
	bool			 udp;
	bool			 to_range;	/* `to N:*`: port by port */
	char			 ifname[IF_NAMESIZE];	/* "": egress */
	struct prefix		 from;		/* len 0: anybody */
	uint32_t		 address;	/* 0: the host's own addresses */
	uint16_t		 first;		/* outside ports, inclusive */
	uint16_t		 last;
	uint16_t		 to;		/* the guest's (first) port */
	struct conf_where	 where;
};

#define ADDR_HOST	0	/* the word `host` where an address may be */

/*
 * DHCP settings said at one level: in a pool, in a vm, or in an interface
 * of a vm.  What was not said is 0 or NULL.
 */
struct dhcp_conf {
	uint32_t		 lease_time;	/* seconds */
	uint16_t		 mtu;
	uint32_t		*nameserver;	/* ADDR_HOST possible */
	size_t			 nnameserver;
	uint32_t		 nameserver_via; /* 0 none: who gets what is
						 * sent to the host's port 53 */
	char			*domain;
	char			**search;
	size_t			 nsearch;
	uint32_t		*ntp;		/* ADDR_HOST possible */
	size_t			 nntp;
	struct dhcp_route	*route;
	size_t			 nroute;
	bool			 has_boot_server;
	uint32_t		 boot_server;	/* ADDR_HOST possible */
	char			*boot_file;	/* at most 127 bytes */
	struct dhcp_option	*option;
	size_t			 noption;
};

struct conf_pool {
	TAILQ_ENTRY(conf_pool)	 entry;
	char			 name[POOL_NAMELEN];
	struct prefix		 inet;
	uint8_t			 subnet;
	struct range		*exclude;
	size_t			 nexclude;
	uint32_t		 rdomain;
	struct dhcp_conf	 dhcp;
	struct conf_nat		*nat;
	size_t			 nnat;
	bool			 isolate;
	char			**rules;	/* paths of rules files */
	size_t			 nrules;
	struct conf_where	 where;
	bool			 broken;	/* a mistake in it was reported:
					 * what follows from it is not */
};
TAILQ_HEAD(conf_pools, conf_pool);

/* What a vm block says for all its interfaces, or for one. */
struct conf_vmif {
	TAILQ_ENTRY(conf_vmif)	 entry;		/* unused in conf_vm.all */
	uint8_t			 index;		/* unused in conf_vm.all */
	bool			 ignore;
	char			 poolname[POOL_NAMELEN]; /* "" not said */
	struct conf_pool	*pool;		/* resolved by conf_check */
	uint32_t		 address;	/* 0 not said; in .all: of 0 */
	char			 hostname[HOSTNAME_LEN];	/* the same */
	struct dhcp_conf	 dhcp;
	struct conf_forward	*forward;	/* in .all: of interface 0,
						 * also those said inside it */
	size_t			 nforward;
	char			**rules;	/* paths of rules files */
	size_t			 nrules;
	struct conf_where	 where;
	int			 pool_line;	/* in where.file */
	int			 address_line;
	bool			 broken;	/* as in conf_pool */
};
TAILQ_HEAD(conf_vmifs, conf_vmif);

struct conf_vm {
	TAILQ_ENTRY(conf_vm)	 entry;
	RB_ENTRY(conf_vm)	 node;		/* by pattern */
	TAILQ_ENTRY(conf_vm)	 wild;		/* only with wildcards */
	uint32_t		 order;		/* first match wins */
	char			 pattern[VM_NAMELEN];
	struct conf_vmif	 all;
	struct conf_vmifs	 ifs;
};
TAILQ_HEAD(conf_vms, conf_vm);
RB_HEAD(conf_vm_tree, conf_vm);

/* The text of a rules file, as the parent read it. */
struct conf_rules {
	TAILQ_ENTRY(conf_rules)	 entry;
	char			*path;
	char			*text;		/* NUL-terminated */
	size_t			 len;
	size_t			 received;	/* of len, from the parent */
};
TAILQ_HEAD(conf_rules_list, conf_rules);
#define RULES_MAX	65536		/* bytes in a rules file */
#define RULES_PATHLEN	1024		/* of its name, with NUL */
#define ANCHOR_DEFAULT	"vmnetd"

struct conf {
	char			 anchor[ANCHOR_NAMELEN];
	struct conf_rules_list	 rules;		/* each file once */
	char			*socket_group;	/* NULL: the system's */
	char			 default_poolname[POOL_NAMELEN];
	struct conf_where	 default_where;
	struct conf_pool	*default_pool;	/* resolved; NULL: none */
	struct conf_pools	 pools;
	struct conf_vms		 vms;
	struct conf_vm_tree	 tree;		/* built by conf_check, */
	struct conf_vms		 patterns;	/* as these, with wildcards */
	bool			 broken;	/* names may be missing */
};

/* Receives each message about a configuration, one line, no newline. */
typedef void conf_report(void *, const char *);

/* conf.c */
struct conf	*conf_new(void);
void		 conf_free(struct conf *);		/* NULL is fine */
/* A new pool, vm or interface, last in its list; NULL: out of memory. */
struct conf_pool *conf_add_pool(struct conf *);
struct conf_vm	*conf_add_vm(struct conf *);
struct conf_vmif *conf_add_vmif(struct conf_vm *);
void		 conf_remove_pool(struct conf *, struct conf_pool *);
void		 conf_remove_vm(struct conf *, struct conf_vm *);
/* The rules file of that name, if all of it is there. */
const struct conf_rules *conf_find_rules(const struct conf *, const char *);
/* A copy of the text of another one; NULL: out of memory. */
struct conf_rules *conf_add_rules(struct conf *, const char *, const char *);
void		 dhcp_conf_clear(struct dhcp_conf *);
struct conf_pool *conf_find_pool(const struct conf *, const char *);
bool		 conf_valid_poolname(const char *);
bool		 conf_valid_vmname(const char *);	/* vmd(8)'s rules */
bool		 conf_valid_hostname(const char *);	/* a label, RFC 1123 */
bool		 conf_valid_domain(const char *);	/* without a last dot */
bool		 conf_valid_group(const char *);
bool		 conf_valid_pattern(const char *);
bool		 conf_valid_anchor(const char *);
bool		 conf_valid_ifname(const char *);
bool		 conf_valid_outside(uint32_t);	/* an address outside */
bool		 conf_valid_forward(const struct conf_forward *);
/* Would both take the same packet?  One forward does so with itself. */
bool		 conf_forwards_clash(const struct conf_forward *,
		    const struct conf_forward *);
bool		 conf_has_wildcards(const char *);	/* of fnmatch(3) */
bool		 conf_valid_host(uint32_t);	/* may be one host's address */
bool		 conf_valid_inet(const struct prefix *, uint8_t subnet);
bool		 conf_valid_option(uint8_t);	/* not set by vmnetd itself */
/*
 * A description as vmd(8) sets it, vm<id>-if<index>-<name>: 0 with name (of
 * VM_NAMELEN) and index, or -1 if it is none.  cut: the description has all
 * the characters an interface can hold, so the name may be cut.
 */
int		 conf_parse_descr(const char *, char *, uint8_t *, bool *cut);

/* What the configuration says of one VM interface. */
struct conf_match {
	bool			 ignore;
	const struct conf_pool	*pool;		/* NULL: none applies */
	uint32_t		 address;	/* 0: any */
	const char		*hostname;	/* NULL: not said */
	const struct dhcp_conf	*dhcp[3];	/* most specific first */
	size_t			 ndhcp;
	const struct conf_forward *forward;	/* of this interface */
	size_t			 nforward;
	char *const		*rules[3];	/* pool's, vm's, interface's */
	size_t			 nrules[3];
	uint32_t		 nameserver_via;	/* 0 none */
};
void		 conf_match(const struct conf *, const char *, uint8_t,
		    struct conf_match *);
/* Is an address of a pool, configured for some VM interface, in a subnet? */
bool		 conf_reserved(const struct conf *, const struct conf_pool *,
		    const struct prefix *);
RB_PROTOTYPE(conf_vm_tree, conf_vm, node, conf_vm_cmp);

/* confcheck.c */
/*
 * Resolve names and check everything that spans several lines: overlapping
 * prefixes in an rdomain, addresses outside their pool, given twice,
 * unknown pools ...  Every mistake is reported as "file:line: what".
 * Returns the number of mistakes.
 */
int		 conf_check(struct conf *, conf_report *, void *);

/*
 * confpack.c
 * One pool or vm to and from the bytes that travel between processes.
 * Packing returns NULL when out of memory or when the block needs more than
 * CONF_MAXPACK bytes (parse.y refuses such a block); unpacking checks every
 * length and returns -1 on anything that packing would not have made.
 */
#define CONF_MAXPACK	16000
struct ibuf;
struct ibuf	*conf_pack_global(const struct conf *);
struct ibuf	*conf_pack_pool(const struct conf_pool *);
struct ibuf	*conf_pack_vm(const struct conf_vm *);
/*
 * The text of a rules file needs more than one: the piece that begins at the
 * offset, which is moved behind it.  All have been made when it is the
 * text's length; the first is to be made even then.
 */
struct ibuf	*conf_pack_rules(const struct conf_rules *, size_t *);
int		 conf_unpack_global(struct conf *, struct ibuf *);
int		 conf_unpack_pool(struct conf *, struct ibuf *);
int		 conf_unpack_vm(struct conf *, struct ibuf *);
int		 conf_unpack_rules(struct conf *, struct ibuf *);

/* parse.y: a checked configuration, or NULL after every mistake was reported */
struct conf	*parse_config(const char *, conf_report *, void *);
/* -D macro=value: 0, or -1 if it is not of that form */
int		 cmdline_symset(const char *);

/* printconf.c: the configuration in a form that parse_config reads again */
void		 print_config(const struct conf *);

#endif /* CONF_H */

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

#ifndef RULES_H
#define RULES_H

#include <sys/types.h>
#include <net/if.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"

/*
 * From what a pool and a VM want to the text of rules: pf.conf(5)'s and
 * nft(8)'s language.  Pure; both are built and tested on every system.
 *
 * Names and numbers are quoted and come from parsed values; nothing that a
 * guest chose gets into a rule.  A line of text remembers the file that it
 * came from, so that the errors of pfctl(8) and nft(8) can name it.
 */

/* What one VM interface that is present wants. */
struct rules_port {
	char			 tap[IF_NAMESIZE];
	char			 vm[VM_NAMELEN];
	char			 pool[POOL_NAMELEN];
	uint8_t			 ifn;
	uint32_t		 ifindex;
	uint32_t		 rdomain;
	struct prefix		 host;		/* host address with length */
	uint32_t		 guest;		/* 0: it may not send at all */
	uint32_t		 via;		/* `nameserver host via`; 0 */
	bool			 isolate;	/* its pool does */
	const struct conf_forward **forward;	/* those in force */
	size_t			 nforward;
	const struct conf_rules	**rules;	/* pool's, vm's, interface's */
	size_t			 nrules;
};

/* --- text ----------------------------------------------------------------- */

/* So many lines of a text are a file's, from this line of it on. */
struct rules_origin {
	int			 first;		/* line of the text */
	int			 count;
	const char		*path;		/* the conf_rules' */
	int			 line;		/* of the file */
};

/*
 * Text that grows: {0} is an empty one.  The functions that render append, so
 * that what belongs into one transaction can be put together; they return 0,
 * or -1 with errno: ENOMEM, or EINVAL when a name may not stand in a rule.
 * After -1 the text is of no use but to be cleared.
 */
struct rules_text {
	char			*text;		/* NUL-terminated; NULL: "" */
	size_t			 len;
	size_t			 size;
	int			 lines;		/* complete ones */
	int			 error;		/* errno, 0 for none */
	struct rules_origin	*origin;	/* by line */
	size_t			 norigin;
};

void	 rules_text_clear(struct rules_text *);	/* empty and free */
void	 rules_printf(struct rules_text *, const char *, ...)
	    __attribute__((__format__ (printf, 2, 3)));
/* The text of a users' file, always whole lines. */
void	 rules_include(struct rules_text *, const struct conf_rules *);
/* 0, or -1 with errno if anything went wrong since the text was empty. */
int	 rules_text_end(const struct rules_text *);
/* The file that line is from, and its line there; NULL: written by us. */
const char *rules_text_origin(const struct rules_text *, int, int *);
/*
 * What pfctl or libnftables said about a text, in a form to show: one line for
 * each mistake, with the file and line of the user's where it is in one.
 */
void	 rules_explain(const struct rules_text *, const char *, char *,
	    size_t);

/* --- both ----------------------------------------------------------------- */

/* Has it a text of its own on pf (a child anchor)?  Else: only membership. */
bool	 rules_own(const struct rules_port *);
/* May this name of an interface, may all names of a port stand in a rule? */
bool	 rules_valid_ifname(const char *);
bool	 rules_valid_port(const struct rules_port *);
/* Braces that do not match, outside of quotes and comments: line, else 0. */
int	 rules_unbalanced(const char *);

/* --- pf ------------------------------------------------------------------- */

#define RULES_TABLES_MAX	4
#define RULES_TABLE_LEN		32	/* PF_TABLE_NAME_SIZE */
#define RULES_LABEL_LEN		64	/* PF_RULE_LABEL_SIZE */
#define RULES_CHILD_LEN		(ANCHOR_NAMELEN + VM_NAMELEN + 4)

/* An address that is to be in a table of the anchor. */
struct rules_table {
	char			 name[RULES_TABLE_LEN];
	uint32_t		 addr;
};

/* For pfctl -a ANCHOR -f -: all but the children and the tables' contents. */
int	 rules_pf_anchor(struct rules_text *, const struct conf *);
/* For pfctl -a ANCHOR/CHILD -f -; empty unless rules_own. */
int	 rules_pf_child(struct rules_text *, const struct rules_port *);
/* "vmnetd/web1.0"; -1 where it is longer than pf permits. */
int	 rules_pf_child_name(char *, size_t, const char *anchor,
	    const struct rules_port *);
/*
 * What its forwards are labelled with, also for killing their states; -1 where
 * it is longer than pf permits.
 */
int	 rules_pf_label(char *, size_t, const struct rules_port *);
/* Is this a table of ports?  The anchor has others, with prefixes. */
bool	 rules_pf_is_members(const char *);
/* The tables that a port belongs to; their number. */
size_t	 rules_pf_tables(const struct rules_port *,
	    struct rules_table[RULES_TABLES_MAX]);

/* --- nft ------------------------------------------------------------------ */

#define RULES_CHAIN_LEN		32
#define RULES_CHAIN_PREFIX	"rules-"

/*
 * Three tables that bear the anchor's name.  table inet has
 *	set egress	interfaces with a default route: ifname
 *	set ifs		our taps: iface_index
 *	set guests	who may send where: iface_index . ipv4_addr
 *	set isolated	taps of isolating pools: iface_index
 *	map via		redirected name servers: iface_index . ipv4_addr to
 *			ipv4_addr
 *	map forwards	plain forwards: inet_proto . inet_service to
 *			ipv4_addr . inet_service
 *	map rules	taps with users' rules: iface_index to jump rules-INDEX
 *	chain special*	all other forwards
 *	chain rules-INDEX	users' rules for one tap
 * table ip6 has the set ifs, and table arp ifs and guests.  A tap is known by
 * its index, which no other interface has soon after it, whatever its name.
 * All texts are to be run after rules_nft_load, each as one transaction (one
 * call of nft_run_cmd_from_buffer).
 */

/*
 * All that the configuration says.  Makes tables, sets and chains where they
 * are not there, removes the chains that it has no use for, replaces the rules
 * of all but `special*' and `rules-*', and leaves the contents of sets and
 * maps.
 */
int	 rules_nft_load(struct rules_text *, const struct conf *);
enum rules_family {
	RULES_INET,
	RULES_IP6,
	RULES_ARP,
	RULES_FAMILIES
};

/*
 * The elements of a port as data, to be written without nft's parser and its
 * cache (linux/filter.c): all that it is in, in the kernel's form: each part
 * of a key or value has 4 bytes, an index is in host byte order, the rest in
 * network byte order and zeroed to the right.
 */
struct rules_element {
	enum rules_family	 family;	/* the table's */
	const char		*set;
	uint8_t			 key[8];
	size_t			 keylen;
	uint8_t			 value[8];
	size_t			 valuelen;	/* 0: a set's */
	char			 jump[RULES_CHAIN_LEN];	/* "" none */
};
typedef void rules_element_cb(const struct rules_element *, void *);
void	 rules_nft_elements(const struct rules_port *, rules_element_cb *,
	    void *);
/* The same as commands of nft(8): `add' or `get' them. */
void	 rules_nft_commands(struct rules_text *, const char *verb,
	    const char *anchor, const struct rules_port *);
/*
 * The name, for good, of a set of what ports are in; NULL: it is not such a
 * one, as there may be in the tables.
 */
const char *rules_nft_members(const char *);
/* The tap that an element of such a set is about; 0: none. */
uint32_t rules_nft_tap(const struct rules_element *);
/* The name of a family of tables. */
const char *rules_nft_family(enum rules_family);
/* The chain with users' rules: made and loaded; nothing without. */
int	 rules_nft_chain(struct rules_text *, const char *anchor,
	    const struct rules_port *);
/* Does it have forwards that only rules can express? */
bool	 rules_nft_special(const struct rules_port *);
/* The chains `special*', for all ports that are there. */
int	 rules_nft_forwards(struct rules_text *, const char *anchor,
	    const struct rules_port *const *, size_t);
/* Name of the chain for the users' rules of a tap, by its index. */
void	 rules_nft_chain_name(char *, size_t, uint32_t);
/*
 * Commands that list what is loaded, for one port or for all (NULL): each line
 * is to be run by itself.
 */
int	 rules_nft_list(struct rules_text *, const char *anchor,
	    const struct rules_port *);

#endif /* RULES_H */

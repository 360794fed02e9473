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
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/timerfd.h>
#include <sys/tree.h>

#include <netinet/in.h>

#include <linux/netfilter.h>

#include <errno.h>
#include <nftables/libnftables.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "conntrack.h"
#include "devconf.h"
#include "egress.h"
#include "elements.h"
#include "foreign.h"
#include "kernel.h"
#include "log.h"
#include "nfnl.h"
#include "nftlist.h"
#include "nftwatch.h"
#include "rules.h"

/*
 * The packet filter.  Rules are text, which libnftables reads; membership is
 * data, which goes to the kernel directly: it is what an arriving VM waits
 * for, and libnftables would list all chains and sets each time before.
 */

#define LOOPBACK	0x7f000000U	/* 127.0.0.0/8 */
#define LOOPBACK_MASK	0xff000000U

#define FORGET_DELAY	{ 0, 100000000 }	/* 0.1 s */

/* A port that was added, with a copy of what it wants. */
struct member {
	RB_ENTRY(member)	 entry;		/* by ifindex */
	struct rules_port	 port;		/* without texts */
	struct conf_forward	*forward;	/* what port has */
	char			*chain;		/* of users' rules, or NULL */
	uint64_t		 hash;		/* of the chain, 0: none */
	bool			 present;
};
RB_HEAD(member_tree, member);

static int	 member_cmp(const struct member *, const struct member *);
static struct member *find_member(uint32_t);
static struct member *new_member(const struct rules_port *);
static int	 copy_forwards(struct member *, const struct rules_port *);
static void	 free_member(struct member *);
static int	 open_script(void);
static int	 write_script(const char *, size_t);
static int	 run(const struct rules_text *, char *, size_t);
static int	 wake_tables(char *, size_t);
static int	 load_text(char *, size_t);
static int	 load_anew(const struct conf *, char *, size_t);
static int	 load_egress(void);
static int	 take_stock(void);
static void	 count_chain(const struct nftlist_chain *, void *);
static bool	 is_gone(void);
static void	 remove_tables(const char *);
static uint64_t	 hash(const struct rules_text *);
static bool	 same_forwards(const struct rules_port *,
		    const struct rules_port *);
static int	 render_forwards(struct rules_text *, const struct member *,
		    const struct member *);
static int	 load_port(struct member *, const struct member *,
		    const struct rules_port *, char *, size_t);
static int	 join(const struct member *, const struct member *);
static int	 add(struct member *, const struct member *,
		    const struct rules_port *, char *, size_t);
static bool	 needs_localnet(const struct rules_port *);
static int	 set_localnet(const struct rules_port *,
		    const struct rules_port *);
static void	 undo(const struct member *);
static int	 part(const struct member *);
static void	 forget_departed(void);
static void	 forget_soon(uint32_t);
static void	 forget_before(uint32_t);
static void	 leave(struct member *);
static void	 remove_chain(const char *);
static void	 load_forwards(void);
static void	 find_stale_chain(const struct nftlist_chain *, void *);
static void	 prune_chains(void);
static int	 watch_also(int);
static void	 refresh_egress(void);
static void	 check_foreign(void (*)(void *, const char *), void *);

RB_PROTOTYPE_STATIC(member_tree, member, entry, member_cmp)

static struct nft_ctx		*ctx;
static int			 script = -1;	/* what libnftables reads */
static int			 watch = -1;
static struct member_tree	 members = RB_INITIALIZER(&members);
static struct rules_text	 loaded;	/* the text for all */
static char			 anchor[ANCHOR_NAMELEN];
static size_t			 nbase;		/* our chains with a hook */
static int			 timer = -1;
static struct {
	uint32_t	*guest;		/* addresses */
	size_t		 n, size;
}				 departed;	/* with connections yet */
static bool			 stale = true;	/* who knows what is there */
static bool			 forwards_stale;	/* nor in `special' */
static bool			 adopting;	/* from first load to prune */

static int
member_cmp(const struct member *a, const struct member *b)
{
	return a->port.ifindex < b->port.ifindex ? -1 :
	    a->port.ifindex > b->port.ifindex;
}

RB_GENERATE_STATIC(member_tree, member, entry, member_cmp)

/* Names of taps change, and come back as another's. */
static struct member *
find_member(uint32_t ifindex)
{
	struct member	 key;

	key.port.ifindex = ifindex;
	return RB_FIND(member_tree, &members, &key);
}

static void
free_member(struct member *m)
{
	if (m == NULL)
		return;
	free(m->port.forward);
	free(m->forward);
	free(m->chain);
	free(m);
}

/*
 * The caller's port points into a configuration that may go before the port
 * does: of that, forwards are kept, and that there are rules.
 */
static struct member *
new_member(const struct rules_port *port)
{
	struct member	*m;
	char		 chain[RULES_CHAIN_LEN];

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return NULL;
	m->port = *port;
	m->port.rules = NULL;
	m->port.forward = NULL;
	rules_nft_chain_name(chain, sizeof(chain), port->ifindex);
	if ((port->nrules > 0 && (m->chain = strdup(chain)) == NULL) ||
	    (port->nforward > 0 && copy_forwards(m, port) == -1)) {
		free_member(m);
		return NULL;
	}
	return m;
}

static int
copy_forwards(struct member *m, const struct rules_port *port)
{
	size_t	 i, n = port->nforward;

	m->port.forward = calloc(n, sizeof(*m->port.forward));
	m->forward = calloc(n, sizeof(*m->forward));
	if (m->port.forward == NULL || m->forward == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		m->forward[i] = *port->forward[i];
		m->forward[i].where.file = NULL;
		m->port.forward[i] = &m->forward[i];
	}
	return 0;
}

/* --- libnftables ---------------------------------------------------------- */

/*
 * libnftables names lines only of what it reads from a file, and there are no
 * files where this process lives: its standard input is one, in memory.
 */
static int
open_script(void)
{
	int	 fd;

	if ((fd = memfd_create("rules", MFD_CLOEXEC)) == -1)
		return -1;
	if (fd != STDIN_FILENO) {
		if (dup2(fd, STDIN_FILENO) == -1) {
			close(fd);
			return -1;
		}
		close(fd);
	}
	script = STDIN_FILENO;
	return 0;
}

int
kernel_filter_open(void)
{
	/* A kernel without nftables says so here; libnftables would exit. */
	if (kernel_filter_watch() == -1 || open_script() == -1)
		return -1;
	if ((ctx = nft_ctx_new(NFT_CTX_DEFAULT)) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	nft_ctx_clear_include_paths(ctx);
	/* What is listed is to read well, but names need files. */
	nft_ctx_output_set_flags(ctx, NFT_CTX_OUTPUT_NUMERIC_PROTO |
	    NFT_CTX_OUTPUT_NUMERIC_TIME);
	if (nft_ctx_buffer_output(ctx) != 0 ||
	    nft_ctx_buffer_error(ctx) != 0) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

static int
write_script(const char *text, size_t len)
{
	ssize_t	 n;

	if (ftruncate(script, 0) == -1 || lseek(script, 0, SEEK_SET) == -1)
		return -1;
	while (len > 0) {
		if ((n = write(script, text, len)) == -1)
			return -1;
		text += n;
		len -= n;
	}
	return lseek(script, 0, SEEK_SET) == -1 ? -1 : 0;
}

/* One transaction; -1 with the reason.  What it lists is in the buffer. */
static int
run(const struct rules_text *text, char *buf, size_t size)
{
	if (rules_text_end(text) == -1 ||
	    write_script(text->text, text->len) == -1) {
		snprintf(buf, size, "rules: %s", strerror(errno));
		return -1;
	}
	if (nft_run_cmd_from_filename(ctx, "-") == 0)
		return 0;
	rules_explain(text, nft_ctx_get_error_buffer(ctx), buf, size);
	if (buf[0] == '\0')
		strlcpy(buf, "nftables refuses the rules", size);
	return -1;
}

/* --- for all -------------------------------------------------------------- */

/*
 * Somebody may have switched off a table (`flags dormant'); the kernel does
 * not switch one on and give it chains in one transaction.
 */
static int
wake_tables(char *buf, size_t size)
{
	struct rules_text	 text = { 0 };
	enum rules_family	 family;
	int			 result;

	for (family = 0; family < RULES_FAMILIES; family++)
		rules_printf(&text, "add table %s %s\n",
		    rules_nft_family(family), anchor);
	result = run(&text, buf, size);
	rules_text_clear(&text);
	return result;
}

/* Load the text for all, and what is ours to fill. */
static int
load_text(char *buf, size_t size)
{
	if (run(&loaded, buf, size) == -1 &&
	    (wake_tables(buf, size) == -1 || run(&loaded, buf, size) == -1))
		return -1;
	nbase = 0;
	if (load_egress() == -1 || (stale && take_stock() == -1) ||
	    nftlist_chains(NFPROTO_UNSPEC, count_chain, &nbase) == -1) {
		snprintf(buf, size, "nftables: %s", strerror(errno));
		return -1;
	}
	return 0;
}

static int
load_egress(void)
{
	struct nft_element	 elem;
	char			 name[IF_NAMESIZE];
	const char *const	*names;
	size_t			 i, n;

	names = egress_names(&n);
	memset(&elem, 0, sizeof(elem));
	elem.set = "egress";
	elem.key = name;
	elem.keylen = sizeof(name);
	nft_begin(NFPROTO_INET, anchor);
	nft_flush_set(elem.set);
	for (i = 0; i < n; i++) {
		memset(name, 0, sizeof(name));
		strlcpy(name, names[i], sizeof(name));
		nft_add_element(&elem);
	}
	return nft_commit();
}

/* What the tables hold may be of before the start, or not what we left. */
static int
take_stock(void)
{
	struct member	*m;

	if (elements_look(anchor) == -1)
		return -1;
	RB_FOREACH(m, member_tree, &members) {
		elements_adopt(&m->port);
		m->hash = 0;
	}
	forwards_stale = true;
	stale = false;
	return 0;
}

static void
count_chain(const struct nftlist_chain *chain, void *arg)
{
	size_t	*n = arg;

	if (chain->base && nftlist_is_ours(chain->family, chain->table, anchor))
		(*n)++;
}

/* Somebody removed a table, or a chain. */
static bool
is_gone(void)
{
	size_t	 n = 0;

	return nftlist_chains(NFPROTO_UNSPEC, count_chain, &n) == 0 &&
	    n < nbase;
}

static void
remove_tables(const char *name)
{
	size_t	 i;

	for (i = 0; i < RULES_FAMILIES; i++) {
		nft_begin(nftlist_family[i], name);
		nft_del_table();
		if (nft_commit() == -1 && errno != ENOENT)
			log_warn("remove table %s", name);
	}
}

/*
 * What bears our name at the start may be of another version, or not ours at
 * all, so that our rules do not go with it.
 */
static int
load_anew(const struct conf *conf, char *buf, size_t size)
{
	enum rules_family	 family;
	const char		*name;

	rules_text_clear(&loaded);
	for (family = 0; family < RULES_FAMILIES; family++) {
		name = rules_nft_family(family);
		rules_printf(&loaded, "add table %s %s\n"
		    "delete table %s %s\n", name, anchor, name, anchor);
	}
	if (rules_nft_load(&loaded, conf) == -1 ||
	    load_text(buf, size) == -1)
		return -1;
	log_warnx("packet filter: there was something else in table %s: "
	    "replaced", anchor);
	/* Next time there is nothing to remove. */
	rules_text_clear(&loaded);
	return rules_nft_load(&loaded, conf);
}

/*
 * Under another name all is made anew, and every port has to be added again,
 * as it has to be for a new configuration anyway.
 */
int
kernel_filter_load(const struct conf *conf, char *buf, size_t size)
{
	struct rules_text	 text = { 0 }, old_text = loaded;
	char			 old[ANCHOR_NAMELEN];
	bool			 first = anchor[0] == '\0', moves;

	if (rules_nft_load(&text, conf) == -1) {
		snprintf(buf, size, "rules: %s", strerror(errno));
		rules_text_clear(&text);
		return -1;
	}
	memcpy(old, anchor, sizeof(old));
	moves = strcmp(old, conf->anchor) != 0;
	stale |= moves;
	loaded = text;
	strlcpy(anchor, conf->anchor, sizeof(anchor));
	if (load_text(buf, size) == -1 &&
	    (!first || load_anew(conf, buf, size) == -1)) {
		stale |= moves;
		memcpy(anchor, old, sizeof(anchor));
		rules_text_clear(&loaded);
		loaded = old_text;
		return -1;
	}
	rules_text_clear(&old_text);
	if (first)
		adopting = true;
	else if (moves)
		remove_tables(old);
	return 0;
}

/* --- a port --------------------------------------------------------------- */

/* FNV-1a: to see whether a file was changed, not who did it. */
static uint64_t
hash(const struct rules_text *text)
{
	uint64_t	 h = 14695981039346656037ULL;
	size_t		 i;

	if (text->len == 0)
		return 0;
	for (i = 0; i < text->len; i++)
		h = (h ^ (unsigned char)text->text[i]) * 1099511628211ULL;
	return h == 0 ? 1 : h;
}

static bool
same_forwards(const struct rules_port *a, const struct rules_port *b)
{
	const struct conf_forward	*f, *g;
	size_t				 i;

	if (a->nforward != b->nforward || a->guest != b->guest)
		return false;
	for (i = 0; i < a->nforward; i++) {
		f = a->forward[i];
		g = b->forward[i];
		if (f->tcp != g->tcp || f->udp != g->udp ||
		    f->to_range != g->to_range || f->address != g->address ||
		    !prefix_equal(&f->from, &g->from) ||
		    f->first != g->first || f->last != g->last ||
		    f->to != g->to || strcmp(f->ifname, g->ifname) != 0)
			return false;
	}
	return true;
}

/* Those of all, with the one that comes and without the one that goes. */
static int
render_forwards(struct rules_text *text, const struct member *comes,
    const struct member *goes)
{
	const struct rules_port	**list;
	struct member		 *m;
	size_t			  n = 1;
	int			  result;

	RB_FOREACH(m, member_tree, &members)
		n++;
	if ((list = calloc(n, sizeof(*list))) == NULL)
		return -1;
	n = 0;
	RB_FOREACH(m, member_tree, &members)
		if (m != goes && rules_nft_special(&m->port))
			list[n++] = &m->port;
	if (comes != NULL)
		list[n++] = &comes->port;
	result = rules_nft_forwards(text, anchor, list, n);
	free(list);
	return result;
}

/* What of a port is text, as far as it is not loaded yet. */
static int
load_port(struct member *m, const struct member *old,
    const struct rules_port *port, char *buf, size_t size)
{
	struct rules_text	 text = { 0 };
	bool			 special;
	int			 result = 0;

	special = rules_nft_special(port) ||
	    (old != NULL && rules_nft_special(&old->port));
	if (old != NULL && !forwards_stale &&
	    same_forwards(&old->port, port))
		special = false;
	if (port->nrules > 0)
		result = rules_nft_chain(&text, anchor, port);
	m->hash = hash(&text);
	if (old != NULL && old->hash == m->hash)
		rules_text_clear(&text);
	/* What is there from before the start holds until all are back. */
	if (special && !adopting && result == 0)
		result = render_forwards(&text, m, old);
	if (result == -1)
		snprintf(buf, size, "rules: %s", strerror(errno));
	else if (text.len > 0)
		result = run(&text, buf, size);
	if (result == 0 && special && !adopting)
		forwards_stale = false;
	rules_text_clear(&text);
	return result;
}

/* Membership; and without a chain that nothing leads to any more. */
static int
join(const struct member *m, const struct member *old)
{
	return elements_change(anchor, &m->port,
	    old == NULL ? NULL : &old->port,
	    old != NULL && m->chain == NULL ? old->chain : NULL);
}

static bool
needs_localnet(const struct rules_port *port)
{
	return port != NULL && (port->via & LOOPBACK_MASK) == LOOPBACK;
}

/* The rules that keep a guest from 127/8 must be there by then. */
static int
set_localnet(const struct rules_port *new, const struct rules_port *old)
{
	bool	 on = needs_localnet(new);

	if (on == needs_localnet(old))
		return 0;
	return devconf_route_localnet(new != NULL ? new->ifindex :
	    old->ifindex, on);
}

static int
add(struct member *m, const struct member *old,
    const struct rules_port *port, char *buf, size_t size)
{
	if (load_port(m, old, port, buf, size) == -1)
		return -1;
	if (join(m, old) == 0 && set_localnet(&m->port,
	    old == NULL ? NULL : &old->port) == 0)
		return 0;
	snprintf(buf, size, "nftables: %s", strerror(errno));
	stale = true;
	return -1;
}

/* Nothing is left of a port that could not be added. */
static void
undo(const struct member *m)
{
	if (elements_change(anchor, NULL, &m->port, NULL) == -1)
		stale = true;
	if (m->chain != NULL)
		remove_chain(m->chain);
	if (rules_nft_special(&m->port))
		load_forwards();
}

/*
 * A failure may be due to what somebody else did in the meantime: see how
 * things are and try again.
 */
int
kernel_filter_add(const struct rules_port *port, char *buf, size_t size)
{
	struct member	*m, *old;
	char		 ignored[256];

	buf[0] = '\0';
	forget_before(port->guest);
	if ((m = new_member(port)) == NULL) {
		snprintf(buf, size, "rules: %s", strerror(errno));
		return -1;
	}
	old = find_member(port->ifindex);
	if (add(m, old, port, buf, size) == -1) {
		if ((!is_gone() && !stale) ||
		    load_text(ignored, sizeof(ignored)) == -1 ||
		    add(m, old, port, buf, size) == -1) {
			if (old == NULL)
				undo(m);
			free_member(m);
			return -1;
		}
		buf[0] = '\0';
	}
	if (old != NULL) {
		if (old->port.guest != port->guest)
			forget_soon(old->port.guest);
		RB_REMOVE(member_tree, &members, old);
		free_member(old);
	}
	RB_INSERT(member_tree, &members, m);
	return 0;
}

static void
remove_chain(const char *chain)
{
	nft_begin(NFPROTO_INET, anchor);
	nft_del_chain(chain);
	if (nft_commit() == -1 && errno != ENOENT)
		log_warn("remove chain %s", chain);
}

/* The forwards of all members, and no others. */
static void
load_forwards(void)
{
	struct rules_text	 text = { 0 };
	char			 buf[1024];

	if (adopting)
		return;
	if (render_forwards(&text, NULL, NULL) == -1)
		log_warn("forwards");
	else if (run(&text, buf, sizeof(buf)) == -1)
		log_warnx("forwards: %s", buf);
	else
		forwards_stale = false;
	rules_text_clear(&text);
}

/*
 * Take its elements away, and its chain.  What somebody else has removed
 * already is no loss.
 */
static int
part(const struct member *m)
{
	const struct rules_port	*port = &m->port;

	if (elements_change(anchor, NULL, port, m->chain) == 0)
		return 0;
	stale = true;
	if (take_stock() == -1)
		return errno == ENOENT ? 0 : -1;
	return elements_change(anchor, NULL, port, NULL);
}

/* A kernel that cannot will not learn it. */
static void
forget_departed(void)
{
	static bool	 said;

	if (departed.n == 0)
		return;
	if (conntrack_forget(departed.guest, departed.n) == -1 && !said) {
		log_warn("packet filter: the connections of VMs that have "
		    "left are not forgotten");
		said = true;
	}
	departed.n = 0;
}

/*
 * To find a guest's connections takes a while where there are many, and no
 * longer for some guests than for one: VMs often leave together.
 */
static void
forget_soon(uint32_t guest)
{
	const struct itimerspec	 soon = { .it_value = FORGET_DELAY };
	uint32_t		*p;

	if (guest == 0)
		return;		/* it had none */
	if (departed.n == departed.size) {
		p = reallocarray(departed.guest, departed.size + 64,
		    sizeof(*p));
		if (p == NULL) {
			log_warn("packet filter");
			return;
		}
		departed.guest = p;
		departed.size += 64;
	}
	departed.guest[departed.n++] = guest;
	if (departed.n == 1 && timerfd_settime(timer, 0, &soon, NULL) == -1)
		forget_departed();
}

/* Whoever comes with that address begins with connections of its own. */
static void
forget_before(uint32_t guest)
{
	size_t	 i;

	for (i = 0; i < departed.n; i++)
		if (departed.guest[i] == guest) {
			forget_departed();
			return;
		}
}

static void
leave(struct member *m)
{
	const struct rules_port	*port = &m->port;

	RB_REMOVE(member_tree, &members, m);
	if (set_localnet(NULL, port) == -1 && errno != ENXIO)
		log_warn("%s: route_localnet", port->tap);
	if (rules_nft_special(port))
		load_forwards();
	if (part(m) == -1)
		log_warn("%s: remove rules", port->tap);
	forget_soon(port->guest);
	free_member(m);
}

void
kernel_filter_remove(const struct rules_port *port)
{
	struct member	*m;

	if ((m = find_member(port->ifindex)) != NULL)
		leave(m);
}

/* --- what is left from before --------------------------------------------- */

struct stale_chains {
	char	(*name)[RULES_CHAIN_LEN];
	size_t	 n;
	size_t	 size;
};

static void
find_stale_chain(const struct nftlist_chain *chain, void *arg)
{
	struct stale_chains	*chains = arg;
	struct member		*m;
	void			*p;

	if (chain->family != NFPROTO_INET ||
	    strcmp(chain->table, anchor) != 0 ||
	    strncmp(chain->name, RULES_CHAIN_PREFIX,
	    strlen(RULES_CHAIN_PREFIX)) != 0)
		return;
	RB_FOREACH(m, member_tree, &members)
		if (m->chain != NULL && strcmp(m->chain, chain->name) == 0)
			return;
	if (chains->n == chains->size) {
		p = reallocarray(chains->name, chains->size + 64,
		    sizeof(*chains->name));
		if (p == NULL)
			return;
		chains->name = p;
		chains->size += 64;
	}
	if (strlcpy(chains->name[chains->n], chain->name, RULES_CHAIN_LEN) <
	    RULES_CHAIN_LEN)
		chains->n++;
}

static void
prune_chains(void)
{
	struct stale_chains	 chains = { NULL, 0, 0 };
	size_t			 i;

	if (nftlist_chains(NFPROTO_INET, find_stale_chain, &chains) == -1)
		log_warn("chains from before");
	for (i = 0; i < chains.n; i++)
		remove_chain(chains.name[i]);
	free(chains.name);
}

void
kernel_filter_prune(const struct rules_port *const *ports, size_t n)
{
	struct member	*m, *next;
	size_t		 i;

	if (anchor[0] == '\0')
		return;
	for (i = 0; i < n; i++)
		if ((m = find_member(ports[i]->ifindex)) != NULL)
			m->present = true;
	RB_FOREACH_SAFE(m, member_tree, &members, next)
		if (!m->present)
			leave(m);
		else
			m->present = false;
	adopting = false;
	if (elements_prune(anchor) == -1)
		log_warn("elements from before");
	load_forwards();
	prune_chains();
}

/* --- what is there, and what others do ------------------------------------ */

/*
 * One command at a time: libnftables reads no more than what the last one
 * lists.
 */
char *
kernel_filter_show(const struct rules_port *port)
{
	struct rules_text	 text = { 0 }, cmd = { 0 }, list = { 0 };
	char			 buf[1024], *rest, *line;
	int			 error;

	if (rules_nft_list(&text, anchor, port) == -1)
		list.error = errno;
	for (rest = text.text; list.error == 0 &&
	    (line = strsep(&rest, "\n")) != NULL; rules_text_clear(&cmd)) {
		if (*line == '\0')
			continue;
		rules_printf(&cmd, "%s\n", line);
		if (run(&cmd, buf, sizeof(buf)) == 0)
			rules_printf(&list, "%s",
			    nft_ctx_get_output_buffer(ctx));
		else {
			log_warnx("list rules: %s", buf);
			list.error = EIO;
		}
	}
	rules_text_clear(&text);
	if (list.error == 0)
		return list.text != NULL ? list.text : strdup("");
	error = list.error;
	rules_text_clear(&list);
	errno = error;
	return NULL;
}

int
kernel_filter_watch(void)
{
	int	 nft, route;

	if (watch != -1)
		return watch;
	if ((nft = nftwatch_open()) == -1 || (route = egress_open()) == -1 ||
	    egress_look() == -1 ||
	    (timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK |
	    TFD_CLOEXEC)) == -1 ||
	    (watch = epoll_create1(EPOLL_CLOEXEC)) == -1)
		return -1;
	if (watch_also(nft) == -1 || watch_also(route) == -1 ||
	    watch_also(timer) == -1) {
		close(watch);
		watch = -1;
	}
	return watch;
}

static int
watch_also(int fd)
{
	struct epoll_event	 ev;

	memset(&ev, 0, sizeof(ev));
	ev.events = EPOLLIN;
	ev.data.fd = fd;
	return epoll_ctl(watch, EPOLL_CTL_ADD, fd, &ev);
}

static void
refresh_egress(void)
{
	if (egress_look() == -1)
		log_warn("default routes");
	else if (anchor[0] != '\0' && load_egress() == -1 && errno != ENOENT)
		log_warn("egress");
}

bool
kernel_filter_changed(void)
{
	uint64_t	 expired;
	bool		 changed;

	if (read(timer, &expired, sizeof(expired)) == sizeof(expired))
		forget_departed();
	if (egress_read())
		refresh_egress();
	changed = nftwatch_read(anchor);
	stale |= changed;
	return changed;
}

static void
check_foreign(void (*finding)(void *, const char *), void *arg)
{
	struct foreign_guest	*guests;
	struct member		*m;
	size_t			 n = 0;

	RB_FOREACH(m, member_tree, &members)
		n++;
	if (n == 0 || (guests = calloc(n, sizeof(*guests))) == NULL)
		return;
	n = 0;
	RB_FOREACH(m, member_tree, &members) {
		if (m->port.guest == 0)
			continue;
		strlcpy(guests[n].tap, m->port.tap, sizeof(guests[n].tap));
		guests[n].ifindex = m->port.ifindex;
		guests[n++].address = m->port.guest;
	}
	if (n > 0 && foreign_look(anchor, guests, n, finding, arg) == -1)
		log_warn("rules of others");
	free(guests);
}

bool
kernel_filter_check(void (*finding)(void *, const char *), void *arg)
{
	if (devconf_forwarding() == 0)
		finding(arg, "IP forwarding is off, so VMs reach nothing but "
		    "this host: put the line net.ipv4.ip_forward=1 into a "
		    "file in /etc/sysctl.d and run: sysctl --system");
	check_foreign(finding, arg);
	if (anchor[0] == '\0' || !is_gone())
		return false;
	stale = true;
	return true;
}

int
kernel_filter_text(struct rules_text *text, const struct conf *conf)
{
	return rules_nft_load(text, conf);
}

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
#include <sys/tree.h>

#include <net/if.h>

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "anchor.h"
#include "conf.h"
#include "filtercheck.h"
#include "group.h"
#include "kernel.h"
#include "log.h"
#include "look.h"
#include "mainrules.h"
#include "pfdev.h"
#include "rules.h"
#include "spoof.h"

/*
 * The packet filter by pf(4).  Rules are loaded as text by pfctl(8), whose
 * language outlives releases; who the guests are is told to tables by
 * ioctl(2), so that most arrivals need no process.  Calls follow one another:
 * there is never more than one pfctl of ours.
 */

#define SHOW_MAX	100	/* anchors listed at once; each takes a pfctl */

/* A VM interface that is there, and what it was given. */
struct member {
	RB_ENTRY(member)	 entry;
	uint32_t		 ifindex;
	uint32_t		 guest;
	uint32_t		 rdomain;
	char			 tap[IF_NAMESIZE];
	int			 spoof;		/* descriptor that drops */
	struct rules_table	 table[RULES_TABLES_MAX];
	size_t			 ntable;
	char			 child[RULES_CHILD_LEN];
	char			 label[RULES_LABEL_LEN];
	bool			 own;		/* the child may be there */
	bool			 seen;		/* it is */
	char			*text;		/* in it; NULL: not known */
};
RB_HEAD(member_tree, member);

static int	 member_cmp(const struct member *, const struct member *);
static struct member	*member_find(uint32_t);
static struct member	*member_new(const struct rules_port *, char *, size_t);
static void	 member_free(struct member *);
static bool	 is_shared(const struct member *, const struct rules_table *);
static bool	 is_among(const struct rules_table *,
		    const struct rules_table *, size_t);
static int	 join(struct member *, const struct rules_port *);
static int	 join_again(char *, size_t);
static int	 set_tables(struct member *, const struct rules_port *, char *,
		    size_t);
static int	 load_own(struct member *, const char *,
		    const struct rules_text *, char *, size_t);
static int	 set_own(struct member *, const struct rules_port *, char *,
		    size_t);
static void	 leave_table(const struct member *,
		    const struct rules_table *);
static void	 disown(struct member *);
static void	 withdraw(struct member *);
static void	 clear_way(const struct rules_port *);
static void	 kill_guest(uint32_t, uint32_t);
static void	 kill_label(const char *);
static void	 killed(int);
static int	 change(const char *, const struct rules_text *, char *,
		    size_t);
static void	 remember(const struct conf *);
static char	*show_all(void);
static bool	 is_in(const struct rules_table *);
static char	*show_port(const struct rules_port *);
static int	 fail(char *, size_t, const char *, ...)
		    __attribute__((__format__ (printf, 3, 4)));

RB_PROTOTYPE_STATIC(member_tree, member, entry, member_cmp)

static struct member_tree	 members = RB_INITIALIZER(&members);

/* What was loaded for all. */
static struct {
	char		 anchor[ANCHOR_NAMELEN];	/* "": nothing yet */
	char		*text;
	char		*listing;	/* as pfctl lists it */
	bool		 stale;		/* it is not there any more */
	bool		 users_rules;	/* the configuration has some */
	uint32_t	*rdomain;	/* of pools */
	size_t		 nrdomain;
}				 loaded;

static int
member_cmp(const struct member *a, const struct member *b)
{
	return a->ifindex < b->ifindex ? -1 : a->ifindex > b->ifindex;
}

RB_GENERATE_STATIC(member_tree, member, entry, member_cmp)

int
kernel_filter_open(void)
{
	return pfdev_open() == -1 || look_open() == -1 ? -1 : 0;
}

static int
fail(char *buf, size_t size, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return -1;
}

/* --- for all ------------------------------------------------------------ */

int
kernel_filter_load(const struct conf *conf, char *buf, size_t size)
{
	struct rules_text	 text;
	int			 result;

	memset(&text, 0, sizeof(text));
	if (rules_pf_anchor(&text, conf) == -1)
		result = fail(buf, size, "packet filter: %s", strerror(errno));
	else if (!loaded.stale && loaded.text != NULL &&
	    strcmp(loaded.anchor, conf->anchor) == 0 &&
	    strcmp(loaded.text, text.text) == 0)
		result = 0;
	else
		result = change(conf->anchor, &text, buf, size);
	rules_text_clear(&text);
	if (result == 0)
		remember(conf);
	return result;
}

/* Where the anchor has got another name, the old one goes, with all in it. */
static int
change(const char *anchor, const struct rules_text *text, char *buf,
    size_t size)
{
	struct member	*m;

	if (anchor_load(anchor, false, text, buf, size) == -1)
		return -1;
	if (loaded.anchor[0] != '\0' && strcmp(loaded.anchor, anchor) != 0) {
		anchor_empty(loaded.anchor);
		RB_FOREACH(m, member_tree, &members) {
			free(m->text);
			m->text = NULL;
			m->own = false;
		}
	}
	free(loaded.text);
	free(loaded.listing);
	if (anchor != loaded.anchor)
		strlcpy(loaded.anchor, anchor, sizeof(loaded.anchor));
	loaded.text = strdup(text->text);
	loaded.listing = anchor_list(anchor, false);
	loaded.stale = false;
	return join_again(buf, size);
}

/* Forgetting an rdomain only means that old states in it time out. */
static void
remember(const struct conf *conf)
{
	const struct conf_pool	*pool;
	size_t			 n = 1;

	loaded.users_rules = !TAILQ_EMPTY(&conf->rules);
	TAILQ_FOREACH(pool, &conf->pools, entry)
		n++;
	free(loaded.rdomain);
	loaded.nrdomain = 0;
	if ((loaded.rdomain = calloc(n, sizeof(*loaded.rdomain))) == NULL)
		return;
	loaded.rdomain[loaded.nrdomain++] = 0;
	TAILQ_FOREACH(pool, &conf->pools, entry)
		if (pool->rdomain != 0)
			loaded.rdomain[loaded.nrdomain++] = pool->rdomain;
}

/* --- members ------------------------------------------------------------ */

static struct member *
member_find(uint32_t ifindex)
{
	struct member	 key;

	key.ifindex = ifindex;
	return RB_FIND(member_tree, &members, &key);
}

static struct member *
member_new(const struct rules_port *port, char *buf, size_t size)
{
	struct member	*m;

	if ((m = calloc(1, sizeof(*m))) == NULL) {
		fail(buf, size, "packet filter: %s", strerror(errno));
		return NULL;
	}
	m->ifindex = port->ifindex;
	m->guest = port->guest;
	m->rdomain = port->rdomain;
	strlcpy(m->tap, port->tap, sizeof(m->tap));
	if (rules_pf_label(m->label, sizeof(m->label), port) == -1)
		m->label[0] = '\0';
	if ((m->spoof = spoof_drop(port->tap, port->ifindex,
	    port->guest)) == -1) {
		fail(buf, size, "packet descriptor: %s", strerror(errno));
		free(m);
		return NULL;
	}
	RB_INSERT(member_tree, &members, m);
	return m;
}

static void
member_free(struct member *m)
{
	RB_REMOVE(member_tree, &members, m);
	close(m->spoof);
	free(m->text);
	free(m);
}

/* Pools of two rdomains may have the same addresses. */
static bool
is_shared(const struct member *m, const struct rules_table *table)
{
	struct member	*other;

	RB_FOREACH(other, member_tree, &members)
		if (other != m && is_among(table, other->table, other->ntable))
			return true;
	return false;
}

static bool
is_among(const struct rules_table *table, const struct rules_table *list,
    size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if (list[i].addr == table->addr &&
		    strcmp(list[i].name, table->name) == 0)
			return true;
	return false;
}

static void
leave_table(const struct member *m, const struct rules_table *table)
{
	if (is_shared(m, table))
		return;
	if (pfdev_table_del(loaded.anchor, table->name, table->addr) == -1 &&
	    errno != ESRCH)
		log_warn("pf: table %s", table->name);
}

/*
 * Into the tables that it wants, out of those that it wanted before; 1 if
 * it was not in all of them before.
 */
static int
join(struct member *m, const struct rules_port *port)
{
	struct rules_table	 want[RULES_TABLES_MAX];
	size_t			 i, n;
	int			 error, result, new = 0;

	n = rules_pf_tables(port, want);
	for (i = 0; i < n; i++) {
		if ((result = pfdev_table_add(loaded.anchor, want[i].name,
		    want[i].addr)) == -1) {
			error = errno;
			while (i-- > 0)
				if (!is_among(&want[i], m->table, m->ntable))
					leave_table(m, &want[i]);
			errno = error;
			return -1;
		}
		new += result;
	}
	for (i = 0; i < m->ntable; i++)
		if (!is_among(&m->table[i], want, n))
			leave_table(m, &m->table[i]);
	memcpy(m->table, want, n * sizeof(want[0]));
	m->ntable = n;
	return new > 0;
}

/* Tables that were made anew do not know those who are there. */
static int
join_again(char *buf, size_t size)
{
	struct member	*m;
	size_t		 i;

	RB_FOREACH(m, member_tree, &members)
		for (i = 0; i < m->ntable; i++)
			if (pfdev_table_add(loaded.anchor, m->table[i].name,
			    m->table[i].addr) == -1 && errno != ESRCH)
				return fail(buf, size, "pf: table %s: %s",
				    m->table[i].name, strerror(errno));
	return 0;
}

/* As join; somebody may just have removed all of ours. */
static int
set_tables(struct member *m, const struct rules_port *port, char *buf,
    size_t size)
{
	struct rules_text	 text;
	int			 result;

	if ((result = join(m, port)) != -1)
		return result;
	if (errno == ESRCH && loaded.text != NULL) {
		log_warnx("pf: our tables were removed by somebody else: "
		    "loading the rules again");
		memset(&text, 0, sizeof(text));
		rules_printf(&text, "%s", loaded.text);
		result = rules_text_end(&text) == -1 ? -1 :
		    change(loaded.anchor, &text, buf, size);
		rules_text_clear(&text);
		if (result == -1)
			return -1;
		if ((result = join(m, port)) != -1)
			return result;
	}
	return fail(buf, size, "pf: tables: %s", strerror(errno));
}

static void
disown(struct member *m)
{
	if (m->own)
		anchor_empty(m->child);
	free(m->text);
	m->text = NULL;
	m->own = false;
}

/* What is refused leaves what is there, of ours or from before the start. */
static int
load_own(struct member *m, const char *child, const struct rules_text *text,
    char *buf, size_t size)
{
	strlcpy(m->child, child, sizeof(m->child));
	m->own = true;
	if (anchor_load(child, true, text, buf, size) == -1)
		return -1;
	free(m->text);
	m->text = text->text == NULL ? NULL : strdup(text->text);
	return 1;
}

/*
 * The anchor with its own rules; 1 if they are not those of before, -1 if
 * they are still those of before.
 */
static int
set_own(struct member *m, const struct rules_port *port, char *buf,
    size_t size)
{
	struct rules_text	 text;
	char			 child[RULES_CHILD_LEN];
	int			 result = -1;

	if (!rules_own(port)) {
		disown(m);
		return 0;
	}
	memset(&text, 0, sizeof(text));
	if (rules_pf_child_name(child, sizeof(child), loaded.anchor,
	    port) == -1 || rules_pf_child(&text, port) == -1) {
		fail(buf, size, "rules: %s", strerror(errno));
	} else if (m->own && m->text != NULL && text.text != NULL &&
	    strcmp(m->child, child) == 0 && strcmp(m->text, text.text) == 0) {
		result = 0;
	} else {
		result = load_own(m, child, &text, buf, size);
	}
	rules_text_clear(&text);
	return result;
}

static void
withdraw(struct member *m)
{
	size_t	 i;

	for (i = 0; i < m->ntable; i++)
		leave_table(m, &m->table[i]);
	m->ntable = 0;
	disown(m);
}

/*
 * Somebody outside who goes on trying by UDP where there was no forward has
 * made a state that knows of none, and keeps it alive.
 */
static void
clear_way(const struct rules_port *port)
{
	const struct conf_forward	*f;
	uint32_t			*addr;
	size_t				 i, j, k, n;

	for (i = 0; i < port->nforward; i++) {
		f = port->forward[i];
		if (!f->udp)
			continue;
		n = group_addresses(f->ifname[0] == '\0' ? "egress" :
		    f->ifname, &addr);
		for (j = 0; j < n; j++)
			for (k = 0; k < loaded.nrdomain; k++)
				if (f->address == 0 || f->address == addr[j])
					killed(pfdev_kill_udp(addr[j],
					    f->first, f->last,
					    loaded.rdomain[k]));
		free(addr);
	}
}

/*
 * The table is last: before it nothing that a guest says is heard.  Who is in
 * it although we do not know them was there before the daemon started, and
 * keeps all connections.
 */
int
kernel_filter_add(const struct rules_port *port, char *buf, size_t size)
{
	struct member	*m;
	int		 own, in;
	bool		 known;

	buf[0] = '\0';
	m = member_find(port->ifindex);
	/* It goes on as one that may not send. */
	if (m != NULL && port->guest == 0 && m->guest != 0) {
		kernel_filter_remove(port);
		m = NULL;
	}
	if (m != NULL && (m->guest != port->guest ||
	    m->rdomain != port->rdomain)) {
		withdraw(m);
		member_free(m);
		m = NULL;
	}
	known = m != NULL;
	if (m == NULL && (m = member_new(port, buf, size)) == NULL)
		return -1;
	if ((own = set_own(m, port, buf, size)) == -1 ||
	    (in = set_tables(m, port, buf, size)) == -1) {
		if (!known) {
			withdraw(m);
			member_free(m);
		}
		return -1;
	}
	if (in == 1 || (known && own == 1))
		clear_way(port);
	return 0;
}

/* Spoofing is the last that it shall be able to do. */
void
kernel_filter_remove(const struct rules_port *port)
{
	struct member	*m, *other;

	if ((m = member_find(port->ifindex)) == NULL)
		return;
	withdraw(m);
	if (m->guest == 0) {
		member_free(m);
		return;
	}
	kill_label(m->label);
	kill_guest(m->guest, m->rdomain);
	/* What was translated is in rdomain 0, by the same address. */
	RB_FOREACH(other, member_tree, &members)
		if (other != m && other->guest == m->guest &&
		    other->rdomain == 0)
			break;
	if (m->rdomain != 0 && other == NULL)
		kill_guest(m->guest, 0);
	member_free(m);
}

/* --- states ------------------------------------------------------------- */

static void
killed(int result)
{
	static bool	 said;

	if (result != -1)
		return;
	if (errno != EPERM || !anchor_frozen())
		log_warn("pf: kill states");
	else if (!said) {
		said = true;
		log_warnx("pf: connections of VMs that have gone are left to "
		    "time out: kern.securelevel is 2");
	}
}

static void
kill_guest(uint32_t guest, uint32_t rdomain)
{
	killed(pfdev_kill_address(guest, rdomain));
}

/* Forwards come in from outside, and from guests of every pool. */
static void
kill_label(const char *label)
{
	size_t	 i;

	if (label[0] == '\0')
		return;
	for (i = 0; i < loaded.nrdomain; i++)
		killed(pfdev_kill_label(label, loaded.rdomain[i]));
}

/* --- what is left from before ------------------------------------------- */

struct keepers {
	const struct rules_port	*const *port;
	size_t			 n;
};

static void	 prune_table(const struct keepers *, const char *);
static void	 prune_child(const char *, void *);
static void	 prune_states(const struct keepers *, const uint32_t *, size_t);
static int	 address_cmp(const void *, const void *);

static int
address_cmp(const void *va, const void *vb)
{
	const uint32_t	*a = va, *b = vb;

	return *a < *b ? -1 : *a > *b;
}

/* Connections of guests that went while nobody saw it. */
static void
prune_states(const struct keepers *keep, const uint32_t *was, size_t nwas)
{
	size_t	 i, j;

	for (i = 0; i < nwas; i++) {
		for (j = 0; j < keep->n; j++)
			if (keep->port[j]->guest == was[i])
				break;
		for (j = j < keep->n ? loaded.nrdomain : 0;
		    j < loaded.nrdomain; j++)
			kill_guest(was[i], loaded.rdomain[j]);
	}
}

static void
prune_table(const struct keepers *keep, const char *name)
{
	struct rules_table	 table[RULES_TABLES_MAX];
	uint32_t		*addr, *was;
	size_t			 i, j, ntable, nwas, n = 0;

	if ((addr = calloc(keep->n * RULES_TABLES_MAX + 1,
	    sizeof(*addr))) == NULL)
		return;
	for (i = 0; i < keep->n; i++) {
		ntable = rules_pf_tables(keep->port[i], table);
		for (j = 0; j < ntable; j++)
			if (strcmp(table[j].name, name) == 0)
				addr[n++] = table[j].addr;
	}
	if (pfdev_table_get(loaded.anchor, name, &was, &nwas) == 0) {
		qsort(addr, n, sizeof(*addr), address_cmp);
		for (i = j = 0; i < nwas; i++)
			if (bsearch(&was[i], addr, n, sizeof(*addr),
			    address_cmp) == NULL)
				was[j++] = was[i];
		if (j > 0 && pfdev_table_set(loaded.anchor, name, addr,
		    n) == -1)
			log_warn("pf: table %s", name);
		prune_states(keep, was, j);
		free(was);
	}
	free(addr);
}

static void
prune_child(const char *path, void *arg)
{
	struct rules_port	 gone;
	struct member		*m;
	const char		*name, *dot;
	char			 label[RULES_LABEL_LEN];

	RB_FOREACH(m, member_tree, &members)
		if (m->own && strcmp(m->child, path) == 0)
			return;
	anchor_empty(path);
	/* Whose it was is in the name. */
	name = strrchr(path, '/') + 1;
	if ((dot = strrchr(name, '.')) == NULL ||
	    dot - name >= (ssize_t)sizeof(gone.vm))
		return;
	memset(&gone, 0, sizeof(gone));
	memcpy(gone.vm, name, dot - name);
	gone.ifn = strtonum(dot + 1, 0, VMIF_MAX, NULL);
	if (rules_pf_label(label, sizeof(label), &gone) == 0)
		kill_label(label);
}

void
kernel_filter_prune(const struct rules_port *const *port, size_t n)
{
	struct keepers	 keep = { port, n };
	char		(*names)[PFDEV_TABLELEN];
	size_t		 i, nnames;

	anchor_children(loaded.anchor, prune_child, NULL);
	if (pfdev_tables(loaded.anchor, &names, &nnames) == -1) {
		log_warn("pf: tables of anchor %s", loaded.anchor);
		return;
	}
	for (i = 0; i < nnames; i++)
		if (rules_pf_is_members(names[i]))
			prune_table(&keep, names[i]);
	free(names);
}

/* --- looking ------------------------------------------------------------ */

/* pfctl would list the children of an anchor that has nothing else. */
static char *
show_all(void)
{
	struct rules_text	 all;
	struct member		*m;
	char			*text;
	size_t			 n = 0, more = 0;

	memset(&all, 0, sizeof(all));
	if ((text = anchor_list(loaded.anchor, false)) != NULL)
		rules_printf(&all, "%s", text);
	free(text);
	RB_FOREACH(m, member_tree, &members) {
		if (!m->own)
			continue;
		if (n++ >= SHOW_MAX) {
			more++;
			continue;
		}
		if ((text = anchor_list(m->child, true)) != NULL)
			rules_printf(&all, "# anchor \"%s\"\n%s", m->child,
			    text);
		free(text);
	}
	if (more > 0)
		rules_printf(&all, "# and %zu more of single VMs\n", more);
	if (rules_text_end(&all) == -1) {
		rules_text_clear(&all);
		return NULL;
	}
	return all.text;
}

/* Is an address in a table? */
static bool
is_in(const struct rules_table *table)
{
	uint32_t	*addr;
	size_t		 i, n;
	bool		 found = false;

	if (pfdev_table_get(loaded.anchor, table->name, &addr, &n) == -1)
		return false;
	for (i = 0; i < n && !found; i++)
		found = addr[i] == table->addr;
	free(addr);
	return found;
}

/* Of a port: what the rules for all know of it, and its own. */
static char *
show_port(const struct rules_port *port)
{
	struct rules_table	 table[RULES_TABLES_MAX];
	struct rules_text	 all;
	char			 child[RULES_CHILD_LEN];
	char			*text;
	size_t			 i, n;

	memset(&all, 0, sizeof(all));
	rules_printf(&all, "%s", "");
	n = rules_pf_tables(port, table);
	for (i = 0; i < n; i++)
		if (is_in(&table[i]))
			rules_printf(&all, "table <%s> { %s }\n",
			    table[i].name, addr_ntoa(table[i].addr));
	if (rules_own(port)) {
		text = rules_pf_child_name(child, sizeof(child),
		    loaded.anchor, port) == -1 ? NULL :
		    anchor_list(child, true);
		if (text == NULL) {
			rules_text_clear(&all);
			return NULL;
		}
		rules_printf(&all, "%s", text);
		free(text);
	}
	if (rules_text_end(&all) == -1) {
		rules_text_clear(&all);
		return NULL;
	}
	return all.text;
}

char *
kernel_filter_show(const struct rules_port *port)
{
	return port == NULL ? show_all() : show_port(port);
}

/* pf(4) tells nobody of changes. */
int
kernel_filter_watch(void)
{
	return -1;
}

bool
kernel_filter_changed(void)
{
	return false;
}

static bool	 check_own(void);
static bool	 check_tables(void);
static bool	 check_children(void);
static void	 note_child(const char *, void *);

/* Addresses are put back at once; without tables, the rules are gone. */
static bool
check_tables(void)
{
	struct member	*m;
	size_t		 i, missing = 0;
	int		 n;

	RB_FOREACH(m, member_tree, &members)
		for (i = 0; i < m->ntable; i++) {
			n = pfdev_table_add(loaded.anchor, m->table[i].name,
			    m->table[i].addr);
			if (n == -1 && errno == ESRCH)
				return false;
			missing += n == 1;
		}
	if (missing > 0)
		log_warnx("pf: %zu table entries were removed by somebody "
		    "else: added again", missing);
	return true;
}

static void
note_child(const char *path, void *arg)
{
	struct member	*m;

	RB_FOREACH(m, member_tree, &members)
		if (m->own && strcmp(m->child, path) == 0)
			m->seen = true;
}

/* False: some are gone. */
static bool
check_children(void)
{
	struct member	*m;
	bool		 all = true, any = false;

	RB_FOREACH(m, member_tree, &members) {
		m->seen = false;
		any |= m->own;
	}
	if (!any)
		return true;
	anchor_children(loaded.anchor, note_child, NULL);
	RB_FOREACH(m, member_tree, &members)
		if (m->own && !m->seen) {
			free(m->text);
			m->text = NULL;
			all = false;
		}
	return all;
}

static bool
check_own(void)
{
	char	*there;

	if (loaded.text == NULL || loaded.listing == NULL)
		return true;
	if ((there = anchor_list(loaded.anchor, false)) == NULL)
		return true;
	if (strcmp(there, loaded.listing) != 0 || !check_tables())
		loaded.stale = true;
	free(there);
	return check_children() && !loaded.stale;
}

bool
kernel_filter_check(void (*finding)(void *, const char *), void *arg)
{
	struct mainrules	 mr;
	struct member		*m;
	char			(*taps)[IF_NAMESIZE];
	size_t			 n = 1;

	RB_FOREACH(m, member_tree, &members)
		n++;
	if ((taps = calloc(n, sizeof(*taps))) == NULL)
		return false;
	n = 0;
	RB_FOREACH(m, member_tree, &members)
		strlcpy(taps[n++], m->tap, sizeof(*taps));
	memset(&mr, 0, sizeof(mr));
	mr.anchor = loaded.anchor;
	mr.guests_pass = loaded.users_rules;
	mr.tap = (const char (*)[IF_NAMESIZE])taps;
	mr.ntap = n;
	mr.finding = finding;
	mr.arg = arg;
	filtercheck(&mr);
	free(taps);
	return !check_own();
}

int
kernel_filter_text(struct rules_text *text, const struct conf *conf)
{
	return rules_pf_anchor(text, conf);
}

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
#include <sys/tree.h>

#include <netinet/in.h>

#include <linux/netfilter.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "elements.h"
#include "nfnl.h"
#include "nftlist.h"
#include "rules.h"

#define SET_NAMELEN	32
#define SETS_MAX	32
#define LOOK_TRIES	16

/* One element that is in the kernel.  Kept small: each tap has six. */
struct element {
	SPLAY_ENTRY(element)	 entry;
	const char		*set;		/* shared, do not free */
	union {
		uint8_t		 value[8];
		char		*jump;
	};
	uint8_t			 key[8];
	uint32_t		 tap;		/* it is about, 0 none */
	uint32_t		 owner;		/* the tap's index, 0 nobody */
	uint32_t		 wanted;	/* in that change */
	uint8_t			 family;	/* enum rules_family */
	uint8_t			 keylen;
	uint8_t			 valuelen;	/* 0: a set's, or jumps */
	bool			 jumps;
};
SPLAY_HEAD(element_tree, element);

/* One step of a transaction. */
struct step {
	bool			 del;
	struct element		*old;		/* that goes */
	struct rules_element	 new;
};

struct change {
	struct step		*step;
	size_t			 n, size;
	uint32_t		 owner;
	bool			 full;		/* out of memory */
};

/* One that is being read. */
struct table {
	enum rules_family	 family;
	bool			 full;		/* out of memory */
};

struct names {
	char	 name[SETS_MAX][SET_NAMELEN];
	size_t	 n;
};

static int	 element_cmp(const struct element *, const struct element *);
static void	 set_key(struct element *, const struct rules_element *);
static void	 get_all(const struct element *, struct rules_element *);
static struct element *find(const struct rules_element *);
static bool	 same_value(const struct element *,
		    const struct rules_element *);
static int	 insert(const struct rules_element *, uint32_t);
static void	 element_free(struct element *);
static void	 forget(struct element *);
static void	 forget_all(void);
static void	 take_name(const char *, void *);
static void	 take_element(const struct rules_element *, void *);
static int	 look_table(enum rules_family, const char *);
static int	 look_tables(const char *);
static void	 adopt(const struct rules_element *, void *);
static struct step *add_step(struct change *);
static void	 want(const struct rules_element *, void *);
static void	 unwant(const struct rules_element *, void *);
static void	 leave(struct change *, struct element *);
static void	 leave_tap(struct change *, uint32_t);
static int	 commit(const char *, const struct change *, const char *);
static void	 put_step(const char *, const struct rules_element *, bool);
static int	 done(const struct change *);

SPLAY_PROTOTYPE(element_tree, element, entry, element_cmp)

static struct element_tree	 elements = SPLAY_INITIALIZER(&elements);
static uint32_t			 round_no;	/* of changes */

/* Those of one tap are together. */
static int
element_cmp(const struct element *a, const struct element *b)
{
	int	 cmp;

	if (a->tap != b->tap)
		return a->tap < b->tap ? -1 : 1;
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if ((cmp = memcmp(a->key, b->key, sizeof(a->key))) != 0)
		return cmp;
	return strcmp(a->set, b->set);
}

SPLAY_GENERATE(element_tree, element, entry, element_cmp)

/* What it is found by. */
static void
set_key(struct element *e, const struct rules_element *is)
{
	e->set = is->set;
	memcpy(e->key, is->key, sizeof(e->key));
	e->keylen = is->keylen;
	e->family = is->family;
	e->tap = rules_nft_tap(is);
}

static void
get_all(const struct element *e, struct rules_element *is)
{
	memset(is, 0, sizeof(*is));
	is->family = e->family;
	is->set = e->set;
	memcpy(is->key, e->key, sizeof(is->key));
	is->keylen = e->keylen;
	is->valuelen = e->valuelen;
	if (e->jumps)
		strlcpy(is->jump, e->jump, sizeof(is->jump));
	else
		memcpy(is->value, e->value, sizeof(is->value));
}

static struct element *
find(const struct rules_element *is)
{
	struct element	 key;

	set_key(&key, is);
	return SPLAY_FIND(element_tree, &elements, &key);
}

static bool
same_value(const struct element *e, const struct rules_element *is)
{
	if (e->jumps)
		return is->valuelen == 0 && strcmp(e->jump, is->jump) == 0;
	return is->jump[0] == '\0' && e->valuelen == is->valuelen &&
	    memcmp(e->value, is->value, is->valuelen) == 0;
}

static int
insert(const struct rules_element *is, uint32_t owner)
{
	struct element	*e;

	if ((e = calloc(1, sizeof(*e))) == NULL)
		return -1;
	set_key(e, is);
	e->set = rules_nft_members(is->set);
	e->owner = owner;
	e->valuelen = is->valuelen;
	e->jumps = is->jump[0] != '\0';
	if (!e->jumps)
		memcpy(e->value, is->value, sizeof(e->value));
	else if ((e->jump = strdup(is->jump)) == NULL) {
		free(e);
		return -1;
	}
	if (SPLAY_INSERT(element_tree, &elements, e) != NULL)
		element_free(e);
	return 0;
}

static void
element_free(struct element *e)
{
	if (e->jumps)
		free(e->jump);
	free(e);
}

static void
forget(struct element *e)
{
	SPLAY_REMOVE(element_tree, &elements, e);
	element_free(e);
}

static void
forget_all(void)
{
	struct element	*e;

	while ((e = SPLAY_ROOT(&elements)) != NULL)
		forget(e);
}

/* --- what is there -------------------------------------------------------- */

/* A set that somebody added is not ours to keep in order. */
static void
take_name(const char *name, void *arg)
{
	struct names	*names = arg;

	if (rules_nft_members(name) == NULL || names->n == SETS_MAX ||
	    strlcpy(names->name[names->n], name, SET_NAMELEN) >= SET_NAMELEN)
		return;
	names->n++;
}

static void
take_element(const struct rules_element *is, void *arg)
{
	struct table		*table = arg;
	struct rules_element	 in = *is;

	in.family = table->family;
	if (insert(&in, 0) == -1)
		table->full = true;
}

static int
look_table(enum rules_family family, const char *anchor)
{
	static struct names	 names;
	struct table		 table = { .family = family };
	const uint8_t		 number = nftlist_family[family];
	size_t			 i;

	names.n = 0;
	if (nftlist_sets(number, anchor, take_name, &names) == -1)
		return -1;
	for (i = 0; i < names.n; i++)
		if (nftlist_elements(number, anchor, names.name[i],
		    take_element, &table) == -1)
			return -1;
	if (!table.full)
		return 0;
	errno = ENOMEM;
	return -1;
}

static int
look_tables(const char *anchor)
{
	enum rules_family	 family;

	forget_all();
	for (family = 0; family < RULES_FAMILIES; family++)
		if (look_table(family, anchor) == -1)
			return -1;
	return 0;
}

int
elements_look(const char *anchor)
{
	int	 tries = 0;

	while (look_tables(anchor) == -1)
		if (errno != EINTR || ++tries == LOOK_TRIES)
			return -1;
	return 0;
}

static void
adopt(const struct rules_element *is, void *arg)
{
	const uint32_t	*owner = arg;
	struct element	*e;

	if ((e = find(is)) != NULL && same_value(e, is))
		e->owner = *owner;
}

void
elements_adopt(const struct rules_port *port)
{
	uint32_t	 owner = port->ifindex;

	rules_nft_elements(port, adopt, &owner);
}

/* --- a change ------------------------------------------------------------- */

static struct step *
add_step(struct change *c)
{
	struct step	*p;
	size_t		 n = c->size == 0 ? 16 : c->size * 2;

	if (c->n == c->size) {
		if ((p = reallocarray(c->step, n, sizeof(*p))) == NULL) {
			c->full = true;
			return NULL;
		}
		c->step = p;
		c->size = n;
	}
	memset(&c->step[c->n], 0, sizeof(*c->step));
	return &c->step[c->n++];
}

static void
leave(struct change *c, struct element *e)
{
	struct step	*step;

	if ((step = add_step(c)) == NULL)
		return;
	step->del = true;
	step->old = e;
}

/* What is there already as it should be is left in peace. */
static void
want(const struct rules_element *is, void *arg)
{
	struct change	*c = arg;
	struct element	*e;
	struct step	*step;

	if ((e = find(is)) != NULL) {
		e->wanted = round_no;
		if (same_value(e, is)) {
			e->owner = c->owner;
			return;
		}
		leave(c, e);
	}
	if ((step = add_step(c)) != NULL)
		step->new = *is;
}

/* What the port had and does not want any more, if it has it still. */
static void
unwant(const struct rules_element *is, void *arg)
{
	struct change	*c = arg;
	struct element	*e;

	if ((e = find(is)) == NULL || e->wanted == round_no ||
	    e->owner != c->owner)
		return;
	e->wanted = round_no;
	leave(c, e);
}

/* Whatever else is said of a tap was said of who had it before. */
static void
leave_tap(struct change *c, uint32_t tap)
{
	struct element	 key, *e;

	memset(&key, 0, sizeof(key));
	key.tap = tap;
	key.set = "";
	/* Nothing is found, but the root is next to where it would be. */
	(void)SPLAY_FIND(element_tree, &elements, &key);
	e = SPLAY_ROOT(&elements);
	if (e != NULL && element_cmp(e, &key) < 0)
		e = SPLAY_NEXT(element_tree, &elements, e);
	for (; e != NULL && e->tap == tap;
	    e = SPLAY_NEXT(element_tree, &elements, e))
		if (e->wanted != round_no)
			leave(c, e);
}

static void
put_step(const char *anchor, const struct rules_element *is, bool del)
{
	struct nft_element	 elem;

	memset(&elem, 0, sizeof(elem));
	elem.set = is->set;
	elem.key = is->key;
	elem.keylen = is->keylen;
	if (is->valuelen > 0) {
		elem.value = is->value;
		elem.valuelen = is->valuelen;
	} else if (is->jump[0] != '\0')
		elem.jump = is->jump;
	nft_table(nftlist_family[is->family], anchor);
	if (del)
		nft_del_element(&elem);
	else
		nft_add_element(&elem);
}

static int
commit(const char *anchor, const struct change *c, const char *chain)
{
	const struct step	*step;
	struct rules_element	 old;
	size_t			 i;

	if (c->full) {
		errno = ENOMEM;
		return -1;
	}
	nft_begin(NFPROTO_INET, anchor);
	for (i = 0; i < c->n; i++) {
		step = &c->step[i];
		if (step->del) {
			get_all(step->old, &old);
			put_step(anchor, &old, true);
		} else
			put_step(anchor, &step->new, false);
	}
	if (chain != NULL) {
		nft_table(NFPROTO_INET, anchor);
		nft_del_chain(chain);
	}
	return nft_commit();
}

/* The kernel has done it: so is the copy. */
static int
done(const struct change *c)
{
	size_t	 i;

	for (i = 0; i < c->n; i++)
		if (c->step[i].del)
			forget(c->step[i].old);
	for (i = 0; i < c->n; i++)
		if (!c->step[i].del &&
		    insert(&c->step[i].new, c->owner) == -1)
			return -1;
	return 0;
}

int
elements_change(const char *anchor, const struct rules_port *new,
    const struct rules_port *old, const char *chain)
{
	struct change	 c;
	int		 result, error;

	memset(&c, 0, sizeof(c));
	c.owner = new != NULL ? new->ifindex : old->ifindex;
	round_no++;
	if (new != NULL)
		rules_nft_elements(new, want, &c);
	if (old != NULL)
		rules_nft_elements(old, unwant, &c);
	leave_tap(&c, c.owner);
	if ((result = commit(anchor, &c, chain)) == 0)
		result = done(&c);
	error = errno;
	free(c.step);
	errno = error;
	return result;
}

int
elements_prune(const char *anchor)
{
	struct change	 c;
	struct element	*e;
	int		 result, error;

	memset(&c, 0, sizeof(c));
	SPLAY_FOREACH(e, element_tree, &elements)
		if (e->owner == 0)
			leave(&c, e);
	if ((result = commit(anchor, &c, NULL)) == 0)
		result = done(&c);
	error = errno;
	free(c.step);
	errno = error;
	return result;
}

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

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mainrules.h"

#define LINE_MAX_LEN	512	/* of a rule; one that is longer is cut */

enum action { OTHER, PASS, BLOCK, ANCHOR };

/* What we understand of a rule. */
struct rule {
	enum action	 action;
	bool		 in, out;
	bool		 quick;
	bool		 all;		/* any address, any protocol */
	bool		 inet6;
	bool		 not;		/* on ! ... */
	char		 on[IF_NAMESIZE + 8];	/* "" any interface */
	char		 name[128];	/* of an anchor, with its quotes */
};

/* The two places where guests' packets meet rules. */
enum side { TAP, EGRESS };

struct verdict {
	char		 blocker[LINE_MAX_LEN];	/* "": it passes */
};

static void	 say(const struct mainrules *, const char *, ...)
		    __attribute__((__format__ (printf, 2, 3)));
static bool	 next_line(const char **, char *, size_t);
static void	 parse_rule(const char *, struct rule *);
static void	 parse_on(char **, struct rule *);
static bool	 is_in(const char *, const char (*)[IF_NAMESIZE], size_t);
static bool	 at_side(const struct mainrules *, enum side, const char *);
static bool	 concerns(const struct mainrules *, const struct rule *,
		    enum side);
static bool	 calls_us(const struct mainrules *, const struct rule *);
static void	 judge(const struct mainrules *, const struct rule *,
		    enum side, const char *, struct verdict *);
static void	 say_verdicts(const struct mainrules *,
		    const struct verdict *, const struct verdict *);

static void
say(const struct mainrules *mr, const char *fmt, ...)
{
	char	 buf[1024];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	mr->finding(mr->arg, buf);
}

static bool
next_line(const char **text, char *line, size_t size)
{
	const size_t	 len = strcspn(*text, "\n");

	if (**text == '\0')
		return false;
	snprintf(line, size, "%.*s", (int)len, *text);
	*text += len + ((*text)[len] == '\n');
	return true;
}

/* --- one rule ----------------------------------------------------------- */

static void
parse_on(char **rest, struct rule *rule)
{
	char	*word;

	if ((word = strsep(rest, " ")) != NULL && strcmp(word, "!") == 0) {
		rule->not = true;
		word = strsep(rest, " ");
	}
	if (word != NULL && strcmp(word, "any") != 0)
		strlcpy(rule->on, word, sizeof(rule->on));
}

/* The form is pfctl's own and so always the same. */
static void
parse_rule(const char *line, struct rule *rule)
{
	static const char *const narrow[] = { "proto", "tagged", "received-on",
	    "user", "group", "probability", "os", "tos", "prio" };
	char		 buf[LINE_MAX_LEN], *word, *rest = buf;
	size_t		 i;
	bool		 narrowed = false;

	memset(rule, 0, sizeof(*rule));
	strlcpy(buf, line + strspn(line, " "), sizeof(buf));
	word = strsep(&rest, " ");
	rule->action = strcmp(word, "pass") == 0 ? PASS :
	    strcmp(word, "block") == 0 ? BLOCK :
	    strcmp(word, "anchor") == 0 ? ANCHOR : OTHER;
	if (rule->action == ANCHOR && rest != NULL && *rest == '"')
		strlcpy(rule->name, strsep(&rest, " "), sizeof(rule->name));
	while ((word = strsep(&rest, " ")) != NULL) {
		if (strcmp(word, "in") == 0)
			rule->in = true;
		else if (strcmp(word, "out") == 0)
			rule->out = true;
		else if (strcmp(word, "quick") == 0)
			rule->quick = true;
		else if (strcmp(word, "inet6") == 0)
			rule->inet6 = true;
		else if (strcmp(word, "all") == 0)
			rule->all = true;
		else if (strcmp(word, "on") == 0)
			parse_on(&rest, rule);
		for (i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++)
			if (word != NULL && strcmp(word, narrow[i]) == 0)
				narrowed = true;
	}
	if (narrowed)
		rule->all = false;
}

/* --- where it applies --------------------------------------------------- */

static bool
is_in(const char *name, const char (*names)[IF_NAMESIZE], size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool
at_side(const struct mainrules *mr, enum side side, const char *name)
{
	if (side == EGRESS)
		return strcmp(name, "egress") == 0 ||
		    is_in(name, mr->egress, mr->negress);
	return strcmp(name, "vmnet") == 0 || strcmp(name, "tap") == 0 ||
	    is_in(name, mr->tap, mr->ntap);
}

/* Can it match what guests send: into the tap, out of egress? */
static bool
concerns(const struct mainrules *mr, const struct rule *rule, enum side side)
{
	if (rule->inet6 || (side == TAP ? rule->out : rule->in))
		return false;
	if (rule->on[0] == '\0')
		return true;
	return at_side(mr, side, rule->on) != rule->not;
}

/* Our name as a call says it, which may be by wildcard. */
static bool
calls_us(const struct mainrules *mr, const struct rule *rule)
{
	char	 name[sizeof(rule->name)];

	if (rule->action != ANCHOR)
		return false;
	snprintf(name, sizeof(name), "\"%s\"", mr->anchor);
	return strcmp(rule->name, name) == 0 ||
	    strcmp(rule->name, "\"*\"") == 0;
}

/* --- the whole ---------------------------------------------------------- */

/* The last rule that matches decides; one we cannot judge may pass it. */
static void
judge(const struct mainrules *mr, const struct rule *rule, enum side side,
    const char *line, struct verdict *v)
{
	if (!concerns(mr, rule, side) || calls_us(mr, rule))
		return;
	if (rule->action == PASS || rule->action == ANCHOR)
		v->blocker[0] = '\0';
	else if (rule->action == BLOCK && rule->all &&
	    !is_in(rule->on, mr->tap, mr->ntap))
		strlcpy(v->blocker, line, sizeof(v->blocker));
}

static void
say_verdicts(const struct mainrules *mr, const struct verdict *tap,
    const struct verdict *egress)
{
	if (tap->blocker[0] != '\0' && !mr->guests_pass)
		say(mr, "/etc/pf.conf: \"%s\" drops all that guests send: "
		    "after it, say what they may do, such as "
		    "\"pass in on vmnet\"", tap->blocker);
	if (egress->blocker[0] != '\0')
		say(mr, "/etc/pf.conf: \"%s\" drops all that guests send to "
		    "the outside: after it, say \"pass out on egress\"",
		    egress->blocker);
}

void
mainrules_rules(const struct mainrules *mr, const char *listing)
{
	struct verdict	 tap = { "" }, egress = { "" };
	struct rule	 rule;
	char		 line[LINE_MAX_LEN];
	bool		 called = false;

	while (next_line(&listing, line, sizeof(line))) {
		parse_rule(line, &rule);
		if (calls_us(mr, &rule)) {
			if (!rule.all || rule.in || rule.out ||
			    rule.on[0] != '\0' || line[0] == ' ')
				say(mr, "/etc/pf.conf: \"%s\" is not for all "
				    "packets: write anchor \"%s\" alone",
				    line + strspn(line, " "), mr->anchor);
			called = true;
			continue;
		}
		if (line[0] == ' ' || line[0] == '}')
			continue;	/* within another anchor */
		if (!called && rule.quick && rule.all &&
		    !is_in(rule.on, mr->tap, mr->ntap) &&
		    (rule.action == PASS || rule.action == BLOCK) &&
		    (concerns(mr, &rule, TAP) ||
		    concerns(mr, &rule, EGRESS))) {
			say(mr, "/etc/pf.conf: \"%s\" is quick and stands "
			    "before anchor \"%s\", which is not reached: "
			    "move the anchor to before it", line, mr->anchor);
			continue;
		}
		judge(mr, &rule, TAP, line, &tap);
		judge(mr, &rule, EGRESS, line, &egress);
	}
	if (!called)
		say(mr, "/etc/pf.conf does not call our rules: add the line "
		    "anchor \"%s\" at its end and run pfctl -f /etc/pf.conf",
		    mr->anchor);
	say_verdicts(mr, &tap, &egress);
}

/* Groups are listed with their members: all are named in one line. */
void
mainrules_skip(const struct mainrules *mr, const char *listing)
{
	char	 line[LINE_MAX_LEN], names[256] = "", *mark;

	while (next_line(&listing, line, sizeof(line))) {
		if ((mark = strstr(line, " (skip)")) == NULL ||
		    isspace((unsigned char)line[0]))
			continue;
		*mark = '\0';
		if (strcmp(line, "all") != 0 && !at_side(mr, TAP, line) &&
		    !at_side(mr, EGRESS, line))
			continue;
		if (names[0] != '\0')
			strlcat(names, ", ", sizeof(names));
		strlcat(names, line, sizeof(names));
	}
	if (names[0] != '\0')
		say(mr, "/etc/pf.conf: \"set skip on\" makes pf blind to %s: "
		    "remove that, or there is no NAT and guests are not "
		    "confined", names);
}

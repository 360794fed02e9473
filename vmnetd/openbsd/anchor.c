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
#include <sys/sysctl.h>

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "anchor.h"
#include "log.h"
#include "paths.h"
#include "pfctl.h"
#include "rules.h"

#define ATTEMPTS	3	/* where somebody else is loading, too */
#define ATTEMPT_WAIT	100000	/* microseconds */

static int	 fail(char *, size_t, const char *, ...)
		    __attribute__((__format__ (printf, 3, 4)));
static void	 keep_rules(char *);
static size_t	 count_words(const char *, const char *);
static bool	 same_table(const char *, char *);
static bool	 same_tables(const char *, const char *);
static int	 accept_loaded(const char *, bool, const char *);
static int	 load_text(const char *, const char *, struct pfctl_answer *);
static void	 explain(const struct rules_text *, const char *, char *,
		    size_t);

static int
fail(char *buf, size_t size, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return -1;
}

/* At this level anchors are what they are; tables and listing still work. */
bool
anchor_frozen(void)
{
	const int	 mib[] = { CTL_KERN, KERN_SECURELVL };
	int		 level = 0;
	size_t		 len = sizeof(level);

	return sysctl(mib, 2, &level, &len, NULL, 0) == 0 && level > 1;
}

/* The rules of an anchor, with those of the anchors in it if deep. */
char *
anchor_list(const char *anchor, bool deep)
{
	struct pfctl_answer	 answer;
	char			 path[RULES_CHILD_LEN + 2];
	const char		*const argv[] = { "-q", "-a", path, "-s",
				    "rules", NULL };

	snprintf(path, sizeof(path), "%s%s", anchor, deep ? "/*" : "");
	if (pfctl_run(argv, "", &answer) == -1)
		return NULL;
	free(answer.err);
	return answer.out;
}

/* Of what pfctl -nv prints, the lines that pfctl -s rules would print. */
static void
keep_rules(char *text)
{
	static const char *const first[] = { "pass", "block", "match",
	    "anchor", " ", "}" };
	char		*line = text, *to = text;
	size_t		 i, len;

	while (*line != '\0') {
		len = strcspn(line, "\n");
		len += line[len] == '\n';
		for (i = 0; i < sizeof(first) / sizeof(first[0]); i++)
			if (strncmp(line, first[i], strlen(first[i])) == 0) {
				memmove(to, line, len);
				to += len;
				break;
			}
		line += len;
	}
	*to = '\0';
}

/* How often a word is there; how many there are, for NULL. */
static size_t
count_words(const char *text, const char *word)
{
	size_t	 len, n = 0;

	for (text += strspn(text, " \n"); *text != '\0';
	    text += strspn(text, " \n")) {
		len = strcspn(text, " \n");
		if (word == NULL || (strlen(word) == len &&
		    strncmp(text, word, len) == 0))
			n++;
		text += len;
	}
	return n;
}

/* A line `table <name> const { a b }': is that what the table holds? */
static bool
same_table(const char *anchor, char *line)
{
	struct pfctl_answer	 answer;
	char			*name, *end, *list, *word;
	const char		*argv[] = { "-q", "-a", anchor, "-t", NULL,
				    "-T", "show", NULL };
	bool			 same;

	if ((name = strchr(line, '<')) == NULL ||
	    (end = strchr(name, '>')) == NULL ||
	    (list = strchr(end, '{')) == NULL)
		return true;	/* its contents are not said */
	*end = '\0';
	list++;
	list[strcspn(list, "}")] = '\0';
	argv[4] = name + 1;
	if (pfctl_run(argv, "", &answer) == -1)
		return false;
	same = count_words(answer.out, NULL) == count_words(list, NULL);
	while (same && (word = strsep(&list, " ")) != NULL)
		if (*word != '\0')
			same = count_words(answer.out, word) == 1;
	pfctl_free(&answer);
	return same;
}

/* Of what pfctl -nv prints, the tables. */
static bool
same_tables(const char *anchor, const char *text)
{
	char	*copy, *line, *rest;
	bool	 same = true;

	if ((rest = copy = strdup(text)) == NULL)
		return false;
	while (same && (line = strsep(&rest, "\n")) != NULL)
		if (strncmp(line, "table <", 7) == 0)
			same = same_table(anchor, line);
	free(copy);
	return same;
}

/*
 * Is what is loaded what would be?  pf.conf's `load anchor' goes by its
 * optimization, which orders rules.
 */
static int
accept_loaded(const char *anchor, bool deep, const char *text)
{
	static const char *const levels[] = { "none", "basic" };
	struct pfctl_answer	 answer;
	const char		*argv[] = { "-n", "-v", "-N", "-o", NULL,
				    "-a", anchor, "-f", "-", NULL };
	char			*there;
	size_t			 i;
	bool			 same = false;

	if ((there = anchor_list(anchor, deep)) == NULL)
		return -1;
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]) && !same; i++) {
		argv[4] = levels[i];
		if (pfctl_run(argv, text, &answer) == -1)
			break;
		same = same_tables(anchor, answer.out);
		keep_rules(answer.out);
		same = same && strcmp(answer.out, there) == 0;
		pfctl_free(&answer);
	}
	free(there);
	return same ? 0 : -1;
}

/* The optimizer would move rules and make tables of its own. */
static int
load_text(const char *anchor, const char *text, struct pfctl_answer *answer)
{
	const char	*const argv[] = { "-q", "-N", "-o", "none",
			    "-a", anchor, "-f", "-", NULL };
	int		 attempt, result;

	for (attempt = 1;; attempt++) {
		result = pfctl_run(argv, text, answer);
		if (result != 1 || attempt == ATTEMPTS ||
		    strstr(answer->err, strerror(EBUSY)) == NULL)
			return result;
		pfctl_free(answer);
		usleep(ATTEMPT_WAIT);
	}
}

/* All that an anchor holds is replaced at once, or nothing is. */
int
anchor_load(const char *anchor, bool child, const struct rules_text *text,
    char *buf, size_t size)
{
	struct pfctl_answer	 answer;
	const char		*lines = text->text == NULL ? "" : text->text;
	int			 result;

	if (anchor_frozen()) {
		if (accept_loaded(anchor, child, lines) == 0)
			return 0;
		if (child)
			return fail(buf, size, "kern.securelevel is 2: pf "
			    "takes no rules for a single VM any more");
		return fail(buf, size, "kern.securelevel is 2 and pf takes no "
		    "rules any more: load anchor \"%s\" from \"%s\" in "
		    "/etc/pf.conf does it at boot", anchor, PATH_ANCHOR);
	}
	if ((result = load_text(anchor, lines, &answer)) == -1)
		return fail(buf, size, "%s: %s", PATH_PFCTL, strerror(errno));
	if (result != 0)
		explain(text, answer.err, buf, size);
	pfctl_free(&answer);
	return result == 0 ? 0 : -1;
}

/* The kernel has a limit, of which pfctl says nothing. */
static void
explain(const struct rules_text *text, const char *said, char *buf,
    size_t size)
{
	if (strcmp(said, "pfctl: pfctl_rules\n") == 0)
		fail(buf, size, "pf takes no more anchors: \"set limit "
		    "anchors\" in /etc/pf.conf says how many there may be");
	else
		rules_explain(text, said, buf, size);
}

/* Away with an anchor's rules, its tables, and all anchors in it. */
void
anchor_empty(const char *anchor)
{
	struct pfctl_answer	 answer;
	char			 path[RULES_CHILD_LEN + 2];
	const char		*const argv[] = { "-q", "-a", path, "-F",
				    "all", NULL };

	snprintf(path, sizeof(path), "%s/*", anchor);
	if (anchor_frozen()) {
		log_warnx("anchor %s stays: kern.securelevel is 2", anchor);
		return;
	}
	switch (pfctl_run(argv, "", &answer)) {
	case -1:
		log_warn("%s", PATH_PFCTL);
		return;
	case 1:
		log_debug("anchor %s: %s", anchor, answer.err);
		break;
	default:
		break;
	}
	pfctl_free(&answer);
}

void
anchor_children(const char *anchor, void (*cb)(const char *, void *),
    void *arg)
{
	struct pfctl_answer	 answer;
	const char		*const argv[] = { "-q", "-a", anchor,
				    "-s", "Anchors", NULL };
	const size_t		 len = strlen(anchor);
	char			*line, *rest;

	if (pfctl_run(argv, "", &answer) == -1) {
		log_warn("%s", PATH_PFCTL);
		return;
	}
	for (rest = answer.out; (line = strsep(&rest, "\n")) != NULL;) {
		line += strspn(line, " ");
		if (strncmp(line, anchor, len) == 0 &&
		    line[len] == '/' && strchr(line + len + 1, '/') == NULL)
			cb(line, arg);
	}
	pfctl_free(&answer);
}

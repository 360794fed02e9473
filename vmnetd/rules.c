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
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

#define TEXT_MIN	1024
#define ORIGIN_MIN	8

static int	 text_reserve(struct rules_text *, size_t);
static void	 text_add(struct rules_text *, const char *, size_t);
static void	 add_origin(struct rules_text *, const char *, int);
static size_t	 find_line(const struct rules_text *, int, const char **);
static const char *parse_place(const char *, int *);
static const char *advice(const char *, size_t);
static size_t	 explain_line(const struct rules_text *, const char *,
		    size_t, char *, size_t);

void
rules_text_clear(struct rules_text *text)
{
	free(text->text);
	free(text->origin);
	memset(text, 0, sizeof(*text));
}

int
rules_text_end(const struct rules_text *text)
{
	if (text->error == 0)
		return 0;
	errno = text->error;
	return -1;
}

/* Room for so many more bytes and a NUL. */
static int
text_reserve(struct rules_text *text, size_t len)
{
	size_t	 size = text->size == 0 ? TEXT_MIN : text->size;
	char	*p;

	if (text->error != 0)
		return -1;
	while (size - text->len <= len) {
		if (size > SIZE_MAX / 2) {
			text->error = ENOMEM;
			return -1;
		}
		size *= 2;
	}
	if (size == text->size)
		return 0;
	if ((p = realloc(text->text, size)) == NULL) {
		text->error = ENOMEM;
		return -1;
	}
	text->text = p;
	text->size = size;
	return 0;
}

static void
text_add(struct rules_text *text, const char *s, size_t len)
{
	size_t	 i;

	if (text_reserve(text, len) == -1)
		return;
	memcpy(text->text + text->len, s, len);
	text->len += len;
	text->text[text->len] = '\0';
	for (i = 0; i < len; i++)
		if (s[i] == '\n')
			text->lines++;
}

void
rules_printf(struct rules_text *text, const char *fmt, ...)
{
	va_list	 ap;
	char	*s;
	int	 len;

	va_start(ap, fmt);
	len = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (len == -1) {
		text->error = ENOMEM;
		return;
	}
	text_add(text, s, (size_t)len);
	free(s);
}

/*
 * A backslash at the very end would join what comes after it: the empty line
 * keeps that apart.
 */
void
rules_include(struct rules_text *text, const struct conf_rules *rules)
{
	size_t	 len = strlen(rules->text);

	add_origin(text, rules->path, 1);
	text_add(text, rules->text, len);
	if (len > 0 && rules->text[len - 1] != '\n')
		text_add(text, "\n", 1);
	text_add(text, "\n", 1);
	add_origin(text, NULL, 0);
}

/* The lines that follow are from there. */
static void
add_origin(struct rules_text *text, const char *path, int line)
{
	struct rules_origin	*origin;
	size_t			 n = text->norigin;

	if (text->error != 0)
		return;
	if (path == NULL) {
		/* The end of what was begun. */
		text->origin[n - 1].count = text->lines + 1 -
		    text->origin[n - 1].first;
		return;
	}
	if ((n & (n - 1)) == 0) {
		origin = reallocarray(text->origin, n == 0 ? 1 : n * 2,
		    sizeof(*origin));
		if (origin == NULL) {
			text->error = ENOMEM;
			return;
		}
		text->origin = origin;
	}
	text->origin[n].first = text->lines + 1;
	text->origin[n].count = 0;
	text->origin[n].path = path;
	text->origin[n].line = line;
	text->norigin++;
}

const char *
rules_text_origin(const struct rules_text *text, int line, int *there)
{
	const struct rules_origin	*origin;
	size_t				 i;

	for (i = 0; i < text->norigin; i++) {
		origin = &text->origin[i];
		if (line >= origin->first &&
		    line - origin->first < origin->count) {
			*there = origin->line + line - origin->first;
			return origin->path;
		}
	}
	return NULL;
}

/*
 * Errors.  pfctl says "stdin:3: what", libnftables "<cmdline>:3:7-12: Error:
 * what" and then the line again, with what is wrong in it underlined.
 */

void
rules_explain(const struct rules_text *text, const char *output, char *buf,
    size_t size)
{
	const char	*p;
	size_t		 len, used = 0;
	int		 line;

	if (size == 0)
		return;
	buf[0] = '\0';
	for (p = output; *p != '\0'; p += len + (p[len] == '\n')) {
		len = strcspn(p, "\n");
		if (parse_place(p, &line) != NULL)
			used += explain_line(text, p, len, buf + used,
			    size - used);
	}
	/* What has no line at all is shown as it is. */
	if (used == 0)
		strlcpy(buf, output, size);
	len = strlen(buf);
	while (len > 0 && isspace((unsigned char)buf[len - 1]))
		buf[--len] = '\0';
}

/* What is behind "stdin:3: " or "<cmdline>:3:7-12: ", NULL if it is none. */
static const char *
parse_place(const char *p, int *line)
{
	static const char *const names[] = {
		"stdin:", "/dev/stdin:", "<cmdline>:"
	};
	char		*end;
	size_t		 i, len;
	long		 n;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		len = strlen(names[i]);
		if (strncmp(p, names[i], len) != 0 ||
		    !isdigit((unsigned char)p[len]))
			continue;
		n = strtol(p + len, &end, 10);
		if (*end != ':' || n < 1 || n > INT32_MAX)
			continue;
		*line = (int)n;
		end += 1 + strspn(end + 1, "0123456789-:");
		return end + strspn(end, " ");
	}
	return NULL;
}

/* libnftables would look into files for it, and there are none there. */
static const char *
advice(const char *what, size_t len)
{
	static const char	 unknown[] = "Could not resolve";

	return memmem(what, len, unknown, sizeof(unknown) - 1) == NULL ? "" :
	    " (names are not looked up: write the number)";
}

/* One message; how many characters it took. */
static size_t
explain_line(const struct rules_text *text, const char *p, size_t len,
    char *buf, size_t size)
{
	const char	*what, *path, *rule;
	int		 line, there, n;
	size_t		 rest;

	what = parse_place(p, &line);
	rest = len - (size_t)(what - p);
	path = rules_text_origin(text, line, &there);
	if (path != NULL)
		n = snprintf(buf, size, "%s:%d: %.*s%s\n", path, there,
		    (int)rest, what, advice(what, rest));
	else {
		len = find_line(text, line, &rule);
		n = snprintf(buf, size, "%.*s: \"%.*s\"\n", (int)rest, what,
		    (int)len, rule);
	}
	if (n < 0)
		return 0;
	return (size_t)n < size ? (size_t)n : size - 1;
}

/* Its length, without the blanks that indent it. */
static size_t
find_line(const struct rules_text *text, int line, const char **start)
{
	const char	*p = text->text == NULL ? "" : text->text;

	while (--line > 0 && *p != '\0') {
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	p += strspn(p, " \t");
	*start = p;
	return strcspn(p, "\n");
}

/*
 * What both systems share.
 */

bool
rules_own(const struct rules_port *port)
{
	return port->nforward > 0 || port->nrules > 0;
}

/*
 * What an interface may be called is up to whoever makes it; a name with a
 * character that means something in a rule is not let into one.
 */
bool
rules_valid_ifname(const char *name)
{
	size_t	 i;

	for (i = 0; name[i] != '\0'; i++)
		if (!isascii((unsigned char)name[i]) ||
		    (!isalnum((unsigned char)name[i]) &&
		    strchr("-._@+:=", name[i]) == NULL))
			return false;
	return i > 0 && i < IF_NAMESIZE;
}

bool
rules_valid_port(const struct rules_port *port)
{
	return rules_valid_ifname(port->tap) && conf_valid_vmname(port->vm) &&
	    conf_valid_poolname(port->pool);
}

/*
 * Users' rules stand within braces of ours on one system, so theirs must
 * match.  Strings and comments look the same in both languages.
 */
int
rules_unbalanced(const char *text)
{
	int	 depth = 0, line = 1, opened = 0;
	char	 quote = '\0';

	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0' && text[1] != '\n' &&
		    quote != '\0')
			text++;
		else if (quote != '\0' && (*text == quote || *text == '\n'))
			quote = '\0';
		else if (quote == '\0' && (*text == '"' || *text == '\''))
			quote = *text;
		else if (quote == '\0' && *text == '#')
			text += strcspn(text, "\n") - 1;
		else if (quote == '\0' && *text == '{' && depth++ == 0)
			opened = line;
		else if (quote == '\0' && *text == '}' && --depth < 0)
			return line;
		if (*text == '\n')
			line++;
	}
	return depth > 0 ? opened : 0;
}

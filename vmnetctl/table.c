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


#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "output.h"

/*
 * Tables for people: columns as wide as their widest cell, left aligned.
 * A row is kept as its cells and then its note, each ended by a NUL, until
 * all widths are known.
 */

#define ROW_MAX		4096	/* all strings of an item, each byte escaped */

struct row {
	STAILQ_ENTRY(row)	 entry;
	char			 cells[];
};

/* One field as text; returns its length. */
static size_t
cell(char *buf, size_t size, const struct field *field)
{
	switch (field->kind) {
	case FIELD_NUMBER:
		return snprintf(buf, size, "%" PRIu64, field->number);
	case FIELD_BOOL:
		return strlcpy(buf, field->number ? "yes" : "no", size);
	case FIELD_WORD:
		/* The dash says that there is no value. */
		if (strcmp(field->text, "-") == 0)
			return strlcpy(buf, "\\055", size);
		return output_escape(buf, size, field->text, false);
	case FIELD_LINE:
		return output_escape(buf, size, field->text, true);
	case FIELD_NONE:
		break;
	}
	return strlcpy(buf, "-", size);
}

/* How long ago, in the two largest units that matter. */
static void
age(char *buf, size_t size, int64_t seconds)
{
	const int	 s = seconds % 60, m = seconds / 60 % 60;
	const int	 h = seconds / 3600 % 24;

	if (seconds < 60)
		snprintf(buf, size, "%ds", seconds < 0 ? 0 : s);
	else if (seconds < 3600)
		snprintf(buf, size, "%dm%02ds", m, s);
	else if (seconds < 86400)
		snprintf(buf, size, "%dh%02dm", h, m);
	else
		snprintf(buf, size, "%" PRId64 "d%02dh", seconds / 86400, h);
}

static void
add_row(struct output *out, const char *cells, size_t len)
{
	struct row	*row;

	if ((row = malloc(sizeof(*row) + len)) == NULL)
		err(1, NULL);
	memcpy(row->cells, cells, len);
	STAILQ_INSERT_TAIL(&out->rows, row, entry);
}

static size_t
note(struct output *out, char *buf, size_t size, const struct item *item)
{
	char	 since[32];
	size_t	 len;

	len = output_escape(buf, size, item->note, true);
	if (len == 0 || item->since <= 0)
		return len;
	age(since, sizeof(since), out->now - item->since);
	return len + snprintf(buf + len, size - len, " (for %s)", since);
}

/* The names of the columns are the first row. */
static void
table_begin(struct output *out, const struct item *item)
{
	const struct field	*field;
	char			 buf[ROW_MAX];
	size_t			 i, len = 0, column = 0, n;

	for (i = 0; i < item->n; i++) {
		field = &item->fields[i];
		if (field->column == NULL)
			continue;
		n = strlcpy(buf + len, field->column, sizeof(buf) - len);
		out->width[column++] = n;
		len += n + 1;
	}
	if (column == 0)
		return;
	buf[len++] = '\0';
	add_row(out, buf, len);
}

/* A line as it is, but for what could play tricks on a terminal. */
static void
table_line(struct output *out, const char *line)
{
	char	 buf[ROW_MAX];
	size_t	 len, tabs = strspn(line, "\t");

	if (tabs > CTL_TEXTLEN)
		tabs = CTL_TEXTLEN;
	memset(buf, '\t', tabs);
	len = tabs + output_escape(buf + tabs, sizeof(buf) - tabs,
	    line + tabs, true);
	add_row(out, buf, len + 1);
}

static void
table_item(struct output *out, const struct item *item)
{
	char	 buf[ROW_MAX];
	size_t	 i, len = 0, column = 0, n;

	if (item->line != NULL) {
		table_line(out, item->line);
		return;
	}
	for (i = 0; i < item->n; i++) {
		if (item->fields[i].column == NULL)
			continue;
		n = cell(buf + len, sizeof(buf) - len, &item->fields[i]);
		if (n > out->width[column])
			out->width[column] = n;
		column++;
		len += n + 1;
	}
	len += note(out, buf + len, sizeof(buf) - len, item) + 1;
	add_row(out, buf, len);
}

/* The time of day, the event, and the lease as a row of its table. */
static void
table_event(struct output *out, int64_t when, const char *name,
    const struct item *item)
{
	char		 buf[ROW_MAX];
	const time_t	 t = when;
	struct tm	 tm;
	size_t		 i;

	if (localtime_r(&t, &tm) == NULL)
		strlcpy(buf, "--:--:--", sizeof(buf));
	else
		strftime(buf, sizeof(buf), "%H:%M:%S", &tm);
	fprintf(out->fp, "%s %s", buf, name);
	for (i = 0; item != NULL && i < item->n; i++) {
		if (item->fields[i].column == NULL)
			continue;
		cell(buf, sizeof(buf), &item->fields[i]);
		fprintf(out->fp, " %s", buf);
	}
	if (item != NULL && item->note[0] != '\0') {
		output_escape(buf, sizeof(buf), item->note, true);
		fprintf(out->fp, " %s", buf);
	}
	fputc('\n', out->fp);
}

static void
table_address(struct output *out, const char *address)
{
	fprintf(out->fp, "%s\n", address);
}

static void
print_row(const struct output *out, const struct row *row)
{
	const char	*text = row->cells;
	size_t		 i;

	if (out->width[0] == 0) {
		fprintf(out->fp, "%s\n", text);
		return;
	}
	for (i = 0; i < ITEM_FIELDS && out->width[i] != 0; i++) {
		if (i + 1 == ITEM_FIELDS || out->width[i + 1] == 0)
			fprintf(out->fp, "%s\n", text);
		else
			fprintf(out->fp, "%-*s  ", (int)out->width[i], text);
		text += strlen(text) + 1;
	}
	if (*text != '\0')
		fprintf(out->fp, "    %s\n", text);
}

static void
table_end(struct output *out)
{
	const struct row	*row;

	STAILQ_FOREACH(row, &out->rows, entry)
		print_row(out, row);
}

static void
table_clear(struct output *out)
{
	struct row	*row;

	while ((row = STAILQ_FIRST(&out->rows)) != NULL) {
		STAILQ_REMOVE_HEAD(&out->rows, entry);
		free(row);
	}
}

const struct printer table_printer = {
	.begin = table_begin,
	.item = table_item,
	.event = table_event,
	.address = table_address,
	.end = table_end,
	.clear = table_clear
};

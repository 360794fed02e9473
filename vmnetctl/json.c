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

#include "output.h"

/* JSON for programs: one object per command, or per event, on one line. */

/* Bytes beyond ASCII may be anything: each becomes one escape. */
static void
print_string(FILE *fp, const char *text)
{
	u_char	 c;

	fputc('"', fp);
	for (; (c = (u_char)*text) != '\0'; text++) {
		if (c == '"' || c == '\\')
			fprintf(fp, "\\%c", c);
		else if (c >= ' ' && c < 0x7f)
			fputc(c, fp);
		else
			fprintf(fp, "\\u%04x", c);
	}
	fputc('"', fp);
}

static void
print_value(FILE *fp, const struct field *field)
{
	switch (field->kind) {
	case FIELD_NONE:
		fputs("null", fp);
		break;
	case FIELD_WORD:
	case FIELD_LINE:
		print_string(fp, field->text);
		break;
	case FIELD_NUMBER:
		fprintf(fp, "%" PRIu64, field->number);
		break;
	case FIELD_BOOL:
		fputs(field->number ? "true" : "false", fp);
		break;
	}
}

static void
print_object(FILE *fp, const struct item *item)
{
	const char	*separator = "";
	size_t		 i;

	fputc('{', fp);
	for (i = 0; i < item->n; i++) {
		if (item->fields[i].key == NULL)
			continue;
		fprintf(fp, "%s\"%s\":", separator, item->fields[i].key);
		print_value(fp, &item->fields[i]);
		separator = ",";
	}
	fputc('}', fp);
}

/* Counters are an object of groups instead of a list. */
static void
print_stat(struct output *out, const struct item *item)
{
	const char	*group = item->fields[0].text;

	if (strcmp(group, out->group) != 0) {
		if (out->group[0] != '\0')
			fputs("},", out->body);
		print_string(out->body, group);
		fputs(":{", out->body);
		strlcpy(out->group, group, sizeof(out->group));
	} else
		fputc(',', out->body);
	print_string(out->body, item->fields[1].text);
	fputc(':', out->body);
	print_value(out->body, &item->fields[2]);
}

static const char *
list_name(uint32_t type)
{
	switch (type) {
	case CTL_LEASE:
		return "leases";
	case CTL_POOL:
		return "pools";
	case CTL_INTERFACE:
		return "interfaces";
	case CTL_RULE:
		return "rules";
	case CTL_FINDING:
		return "findings";
	}
	return NULL;
}

static void
json_begin(struct output *out, const struct item *item)
{
	if ((out->body = open_memstream(&out->text, &out->length)) == NULL)
		err(1, NULL);
	if (out->type == CTL_STAT)
		fputs("{\"stats\":{", out->body);
	else if (list_name(out->type) != NULL)
		fprintf(out->body, "{\"%s\":[", list_name(out->type));
	else
		fputc('{', out->body);
}

static void
json_item(struct output *out, const struct item *item)
{
	if (out->type == CTL_STAT) {
		print_stat(out, item);
		return;
	}
	if (out->count > 1)
		fputc(',', out->body);
	if (item->line != NULL)
		print_string(out->body, item->line);
	else
		print_object(out->body, item);
}

static void
json_event(struct output *out, int64_t when, const char *name,
    const struct item *item)
{
	fprintf(out->fp, "{\"time\":%" PRId64 ",\"event\":\"%s\",\"lease\":",
	    when, name);
	if (item != NULL)
		print_object(out->fp, item);
	else
		fputs("null", out->fp);
	fputs("}\n", out->fp);
}

static void
json_address(struct output *out, const char *address)
{
	fputs("{\"address\":", out->fp);
	print_string(out->fp, address);
	fputs("}\n", out->fp);
}

static void
json_end(struct output *out)
{
	if (out->group[0] != '\0')
		fputc('}', out->body);
	if (out->type == CTL_STAT)
		fputc('}', out->body);
	else if (list_name(out->type) != NULL)
		fputc(']', out->body);
	fputs("}\n", out->body);
	if (fflush(out->body) != 0 || ferror(out->body))
		err(1, NULL);
	fwrite(out->text, 1, out->length, out->fp);
}

static void
json_clear(struct output *out)
{
	if (out->body == NULL)
		return;
	fclose(out->body);
	free(out->text);
	out->body = NULL;
}

const struct printer json_printer = {
	.begin = json_begin,
	.item = json_item,
	.event = json_event,
	.address = json_address,
	.end = json_end,
	.clear = json_clear
};

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


#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parser.h"

/* What may follow the words of a command. */
enum arguments {
	ARGS_NONE,
	ARGS_ALL_OF_VM,		/* [vm] */
	ARGS_ANY_VM,		/* [vm [interface]] */
	ARGS_VM			/* vm [interface] */
};

/*
 * The grammar.  Commands that share their first word stand together; the
 * one without a second word applies when none of the second words is given.
 */
static const struct grammar {
	const char	*first;
	const char	*second;
	enum arguments	 args;
	uint32_t	 type;
	uint32_t	 answer;
	bool		 address;
	bool		 verbose;
} grammar[] = {
	{ "show", NULL, ARGS_ANY_VM, CTL_SHOW_LEASES, CTL_LEASE, false,
	    false },
	{ "show", "leases", ARGS_ANY_VM, CTL_SHOW_LEASES, CTL_LEASE, false,
	    false },
	{ "show", "pools", ARGS_NONE, CTL_SHOW_POOLS, CTL_POOL, false,
	    false },
	{ "show", "interfaces", ARGS_NONE, CTL_SHOW_INTERFACES, CTL_INTERFACE,
	    false, false },
	{ "show", "address", ARGS_VM, CTL_SHOW_LEASES, CTL_LEASE, true,
	    false },
	{ "show", "stats", ARGS_NONE, CTL_SHOW_STATS, CTL_STAT, false,
	    false },
	{ "show", "rules", ARGS_ANY_VM, CTL_SHOW_RULES, CTL_RULE, false,
	    false },
	{ "reload", NULL, ARGS_NONE, CTL_RELOAD, 0, false, false },
	{ "release", NULL, ARGS_VM, CTL_RELEASE, 0, false, false },
	{ "log", "brief", ARGS_NONE, CTL_LOG, 0, false, false },
	{ "log", "verbose", ARGS_NONE, CTL_LOG, 0, false, true },
	{ "monitor", NULL, ARGS_NONE, CTL_MONITOR, CTL_EVENT, false, false },
	{ "check", NULL, ARGS_ALL_OF_VM, CTL_CHECK, CTL_FINDING, false,
	    false }
};

#define NGRAMMAR	(sizeof(grammar) / sizeof(grammar[0]))

/*
 * The word that row i of the grammar adds: to the first words, or to the
 * words that may follow the given first one.
 */
static const char *
word_of_row(size_t i, const char *first)
{
	if (first != NULL)
		return strcmp(grammar[i].first, first) == 0 ?
		    grammar[i].second : NULL;
	if (i > 0 && strcmp(grammar[i - 1].first, grammar[i].first) == 0)
		return NULL;
	return grammar[i].first;
}

/* Append the words that begin with the given text. */
static void
list_words(const char *first, const char *text, char *buf, size_t size)
{
	const char	*word, *separator = "";
	size_t		 i;

	for (i = 0; i < NGRAMMAR; i++) {
		if ((word = word_of_row(i, first)) == NULL ||
		    strncmp(word, text, strlen(text)) != 0)
			continue;
		strlcat(buf, separator, size);
		strlcat(buf, word, size);
		separator = ", ";
	}
}

/*
 * Find the word that the argument is or abbreviates.  Returns how many it
 * could be: a whole word is always that one.
 */
static int
find_word(const char *first, const char *arg, const char **found)
{
	const char	*word;
	size_t		 i;
	int		 n = 0;

	if (*arg == '\0')
		return 0;
	for (i = 0; i < NGRAMMAR; i++) {
		if ((word = word_of_row(i, first)) == NULL ||
		    strncmp(word, arg, strlen(arg)) != 0)
			continue;
		*found = word;
		if (strlen(word) == strlen(arg))
			return 1;
		n++;
	}
	return n;
}

static const struct grammar *
find_row(const char *first, const char *second)
{
	size_t	 i;

	for (i = 0; i < NGRAMMAR; i++) {
		if (strcmp(grammar[i].first, first) != 0)
			continue;
		if (second == NULL ? grammar[i].second == NULL :
		    grammar[i].second != NULL &&
		    strcmp(grammar[i].second, second) == 0)
			return &grammar[i];
	}
	return NULL;
}

static int
fail_ambiguous(const char *first, const char *arg, char *error, size_t size)
{
	snprintf(error, size, "ambiguous argument \"%.64s\": ", arg);
	list_words(first, arg, error, size);
	return -1;
}

static int
fail_unknown(const char *first, const char *arg, char *error, size_t size)
{
	snprintf(error, size, "unknown argument \"%.64s\"; valid: ", arg);
	list_words(first, "", error, size);
	return -1;
}

static int
fail_missing(const char *first, char *error, size_t size)
{
	snprintf(error, size, "missing argument after \"%s\"; valid: ", first);
	list_words(first, "", error, size);
	return -1;
}

static int
parse_interface(const char *arg, int32_t *ifn, char *error, size_t size)
{
	const char	*errstr;

	*ifn = strtonum(arg, 0, VMIF_MAX, &errstr);
	if (errstr == NULL && strspn(arg, "0123456789") == strlen(arg))
		return 0;
	snprintf(error, size, "interface \"%.64s\" is not a number from 0 to "
	    "%d", arg, VMIF_MAX);
	return -1;
}

/* vm [interface]; an empty name would mean every VM to the daemon. */
static int
parse_vm(int argc, char *argv[], struct ctl_request *request, char *error,
    size_t size)
{
	if (*argv[0] == '\0') {
		snprintf(error, size, "empty VM name");
		return -1;
	}
	if (strlcpy(request->vm, argv[0], sizeof(request->vm)) >=
	    sizeof(request->vm)) {
		snprintf(error, size, "VM name longer than %zu characters: "
		    "%.64s...", sizeof(request->vm) - 1, argv[0]);
		return -1;
	}
	if (argc > 1)
		return parse_interface(argv[1], &request->ifn, error, size);
	return 0;
}

/* What follows the words. */
static int
parse_arguments(const struct grammar *row, int argc, char *argv[],
    struct ctl_request *request, char *error, size_t size)
{
	const int	 max = row->args == ARGS_NONE ? 0 :
			    row->args == ARGS_ALL_OF_VM ? 1 : 2;

	if (argc > max) {
		snprintf(error, size, "unexpected argument \"%.64s\"",
		    argv[max]);
		return -1;
	}
	if (argc == 0 && row->args == ARGS_VM) {
		snprintf(error, size, "missing VM name after \"%s%s%s\"",
		    row->first, row->second != NULL ? " " : "",
		    row->second != NULL ? row->second : "");
		return -1;
	}
	if (argc == 0)
		return 0;
	return parse_vm(argc, argv, request, error, size);
}

/* The row that the words name; *used tells how many they are. */
static const struct grammar *
parse_words(int argc, char *argv[], int *used, char *error, size_t size)
{
	const struct grammar	*row;
	const char		*first, *second = NULL;
	int			 n;

	if ((n = find_word(NULL, argv[0], &first)) != 1) {
		if (n == 0)
			fail_unknown(NULL, argv[0], error, size);
		else
			fail_ambiguous(NULL, argv[0], error, size);
		return NULL;
	}
	if (argc > 1 && (n = find_word(first, argv[1], &second)) > 1) {
		fail_ambiguous(first, argv[1], error, size);
		return NULL;
	}
	*used = second == NULL ? 1 : 2;
	if ((row = find_row(first, second)) == NULL) {
		if (argc > 1)
			fail_unknown(first, argv[1], error, size);
		else
			fail_missing(first, error, size);
	}
	return row;
}

int
parse_command(int argc, char *argv[], struct command *command, char *error,
    size_t size)
{
	const struct grammar	*row;
	int			 used;

	if ((row = parse_words(argc, argv, &used, error, size)) == NULL)
		return -1;
	memset(command, 0, sizeof(*command));
	command->type = row->type;
	command->answer = row->answer;
	command->address = row->address;
	command->guessed = row->type == CTL_SHOW_LEASES &&
	    row->second == NULL && argc > used;
	command->request.verbose = row->verbose;
	/* One address was asked for, so one interface is meant. */
	command->request.ifn = row->address ? 0 : CTL_ANY_IF;
	return parse_arguments(row, argc - used, argv + used,
	    &command->request, error, size);
}

void
parse_unknown(const struct command *command, char *error, size_t size)
{
	snprintf(error, size, "unknown argument \"%s\", and no VM of that name "
	    "has a lease; valid: ", command->request.vm);
	list_words("show", "", error, size);
}

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


#include <stdio.h>
#include <string.h>

#include "parser.h"
#include "test.h"

/* The grammar of vmnetctl(8): what each command line asks of the daemon. */

#define MAXARGS	8

static struct command	 command;
static char		 error[PARSE_ERRLEN];

/* Parse a line of words; "''" stands for an empty one. */
static int
parse(const char *line)
{
	static char	 buf[512];
	char		*argv[MAXARGS + 1], *next = buf, *word;
	int		 argc = 0;

	memset(&command, 0xff, sizeof(command));
	memset(error, 0, sizeof(error));
	strlcpy(buf, line, sizeof(buf));
	while (argc < MAXARGS && (word = strsep(&next, " ")) != NULL)
		argv[argc++] = strcmp(word, "''") == 0 ? word + 2 : word;
	argv[argc] = NULL;
	return parse_command(argc, argv, &command, error, sizeof(error));
}

static void
accepts(const char *line, uint32_t type, uint32_t answer, const char *vm,
    int ifn)
{
	if (!CHECK_INT(parse(line), 0)) {
		printf("\t%s: %s\n", line, error);
		return;
	}
	if (!CHECK_INT(command.type, type) ||
	    !CHECK_INT(command.answer, answer) ||
	    !CHECK_STR(command.request.vm, vm) ||
	    !CHECK_INT(command.request.ifn, ifn))
		printf("\t%s\n", line);
	/* A first request begins at the beginning. */
	CHECK_INT(command.request.cursor.started, 0);
	CHECK_STR(command.request.cursor.vm, "");
}

static void
refuses(const char *line, const char *want)
{
	if (!CHECK_INT(parse(line), -1))
		printf("\t%s\n", line);
	CHECK_STR(error, want);
}

static void
test_whole_words(void)
{
	accepts("show", CTL_SHOW_LEASES, CTL_LEASE, "", CTL_ANY_IF);
	accepts("show leases", CTL_SHOW_LEASES, CTL_LEASE, "", CTL_ANY_IF);
	accepts("show leases vm0", CTL_SHOW_LEASES, CTL_LEASE, "vm0",
	    CTL_ANY_IF);
	accepts("show leases vm0 0", CTL_SHOW_LEASES, CTL_LEASE, "vm0", 0);
	accepts("show pools", CTL_SHOW_POOLS, CTL_POOL, "", CTL_ANY_IF);
	accepts("show interfaces", CTL_SHOW_INTERFACES, CTL_INTERFACE, "",
	    CTL_ANY_IF);
	accepts("show stats", CTL_SHOW_STATS, CTL_STAT, "", CTL_ANY_IF);
	accepts("reload", CTL_RELOAD, 0, "", CTL_ANY_IF);
	accepts("release vm0", CTL_RELEASE, 0, "vm0", CTL_ANY_IF);
	accepts("release vm0 255", CTL_RELEASE, 0, "vm0", 255);
	accepts("monitor", CTL_MONITOR, CTL_EVENT, "", CTL_ANY_IF);
	accepts("log brief", CTL_LOG, 0, "", CTL_ANY_IF);
	CHECK_INT(command.request.verbose, 0);
	accepts("log verbose", CTL_LOG, 0, "", CTL_ANY_IF);
	CHECK_INT(command.request.verbose, 1);
}

static void
test_address(void)
{
	accepts("show address vm0", CTL_SHOW_LEASES, CTL_LEASE, "vm0", 0);
	CHECK(command.address);
	accepts("show address vm0 3", CTL_SHOW_LEASES, CTL_LEASE, "vm0", 3);
	CHECK(command.address);
	accepts("show leases vm0 3", CTL_SHOW_LEASES, CTL_LEASE, "vm0", 3);
	CHECK(!command.address);
	refuses("show address", "missing VM name after \"show address\"");
}

static void
test_abbreviations(void)
{
	accepts("sh po", CTL_SHOW_POOLS, CTL_POOL, "", CTL_ANY_IF);
	accepts("s", CTL_SHOW_LEASES, CTL_LEASE, "", CTL_ANY_IF);
	accepts("s l vm0", CTL_SHOW_LEASES, CTL_LEASE, "vm0", CTL_ANY_IF);
	accepts("s i", CTL_SHOW_INTERFACES, CTL_INTERFACE, "", CTL_ANY_IF);
	accepts("s s", CTL_SHOW_STATS, CTL_STAT, "", CTL_ANY_IF);
	accepts("s a vm0", CTL_SHOW_LEASES, CTL_LEASE, "vm0", 0);
	CHECK(command.address);
	accepts("relo", CTL_RELOAD, 0, "", CTL_ANY_IF);
	accepts("rele vm0 1", CTL_RELEASE, 0, "vm0", 1);
	accepts("l v", CTL_LOG, 0, "", CTL_ANY_IF);
	CHECK_INT(command.request.verbose, 1);
	accepts("m", CTL_MONITOR, CTL_EVENT, "", CTL_ANY_IF);
	refuses("r vm0", "ambiguous argument \"r\": reload, release");
	refuses("rel", "ambiguous argument \"rel\": reload, release");
	/* More than the word is not the word. */
	refuses("reloads", "unknown argument \"reloads\"; valid: show, reload, "
	    "release, log, monitor, check");
}

static void
test_vm_names(void)
{
	accepts("show vm0", CTL_SHOW_LEASES, CTL_LEASE, "vm0", CTL_ANY_IF);
	CHECK(command.guessed);
	accepts("show vm0 2", CTL_SHOW_LEASES, CTL_LEASE, "vm0", 2);
	CHECK(command.guessed);
	/* Longer than the keyword: a name. */
	accepts("show pools1", CTL_SHOW_LEASES, CTL_LEASE, "pools1",
	    CTL_ANY_IF);
	/* Called like a keyword, or like the beginning of one. */
	accepts("show pool", CTL_SHOW_POOLS, CTL_POOL, "", CTL_ANY_IF);
	accepts("show leases pools", CTL_SHOW_LEASES, CTL_LEASE, "pools",
	    CTL_ANY_IF);
	CHECK(!command.guessed);
	accepts("show leases leases 1", CTL_SHOW_LEASES, CTL_LEASE, "leases",
	    1);
	accepts("release stats", CTL_RELEASE, 0, "stats", CTL_ANY_IF);
	/* The longest name, and one longer. */
	accepts("show leases aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaa", CTL_SHOW_LEASES, CTL_LEASE, "aaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", CTL_ANY_IF);
	CHECK_INT(parse("show leases aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaa"), -1);
	CHECK(strncmp(error, "VM name longer than 63 characters: ", 35) == 0);
	/* The daemon would take no name for every VM. */
	refuses("release ''", "empty VM name");
	refuses("show leases ''", "empty VM name");
	refuses("show ''", "empty VM name");
	refuses("show address ''", "empty VM name");
}

static void
test_interfaces(void)
{
	static const char *const bad[] = { "256", "-1", "+1", "1a", "0x1", "",
	    "99999999999999999999" };
	char	 line[64], want[128];
	size_t	 i;

	accepts("show vm0 255", CTL_SHOW_LEASES, CTL_LEASE, "vm0", 255);
	accepts("show vm0 007", CTL_SHOW_LEASES, CTL_LEASE, "vm0", 7);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line), "release vm0 %s",
		    *bad[i] == '\0' ? "''" : bad[i]);
		snprintf(want, sizeof(want), "interface \"%s\" is not a number "
		    "from 0 to 255", bad[i]);
		refuses(line, want);
	}
}

static void
test_mistakes(void)
{
	refuses("x", "unknown argument \"x\"; valid: show, reload, release, "
	    "log, monitor, check");
	refuses("''", "unknown argument \"\"; valid: show, reload, release, "
	    "log, monitor, check");
	refuses("log", "missing argument after \"log\"; valid: brief, "
	    "verbose");
	refuses("log x", "unknown argument \"x\"; valid: brief, verbose");
	refuses("release", "missing VM name after \"release\"");
	refuses("reload now", "unexpected argument \"now\"");
	refuses("monitor vm0", "unexpected argument \"vm0\"");
	refuses("log brief please", "unexpected argument \"please\"");
	refuses("show pools default", "unexpected argument \"default\"");
	refuses("show vm0 1 2", "unexpected argument \"2\"");
	refuses("show leases vm0 1 2", "unexpected argument \"2\"");
	/* Keywords are in lower case. */
	CHECK_INT(parse("SHOW"), -1);

	CHECK_INT(parse("show lesaes"), 0);
	parse_unknown(&command, error, sizeof(error));
	CHECK_STR(error, "unknown argument \"lesaes\", and no VM of that name "
	    "has a lease; valid: leases, pools, interfaces, address, stats, "
	    "rules");
}

int
main(void)
{
	TEST(test_whole_words());
	TEST(test_address());
	TEST(test_abbreviations());
	TEST(test_vm_names());
	TEST(test_interfaces());
	TEST(test_mistakes());
	return test_end("ctlparser_test");
}

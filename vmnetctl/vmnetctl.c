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

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "lease.h"
#include "output.h"
#include "parser.h"
#include "paths.h"

static void __dead
usage(void)
{
	fprintf(stderr,
	    "usage: vmnetctl [-j] [-s socket] command [argument ...]\n");
	exit(1);
}

/* Who names a VM wants to know that there is nothing to show. */
static void __dead
no_lease(const struct command *command)
{
	char	 line[PARSE_ERRLEN];

	if (command->guessed) {
		parse_unknown(command, line, sizeof(line));
		errx(1, "%s", line);
	}
	if (command->request.ifn == CTL_ANY_IF)
		errx(1, "no lease of VM \"%s\"", command->request.vm);
	errx(1, "no lease of VM \"%s\" interface %d", command->request.vm,
	    command->request.ifn);
}

static int
print_item(struct client *client, void *arg, const void *item)
{
	struct output	*out = arg;

	if (output_item(out, item) == 0)
		return 0;
	snprintf(client->error, sizeof(client->error), "stdout: %s",
	    strerror(errno));
	return -1;
}

/* Silence would leave one wondering; scripts look at the status. */
static void
end_check(size_t findings, bool json)
{
	if (findings > 0)
		errx(1, "%zu finding%s", findings, findings == 1 ? "" : "s");
	if (!json)
		printf("everything is as it should be\n");
}

static void
print_answer(struct client *client, const struct command *command, bool json)
{
	struct output	 out;

	output_begin(&out, stdout, json, command->answer, time(NULL));
	if (client_run(client, command, print_item, &out) == -1)
		errx(1, "%s", client->error);
	if (out.count == 0 && command->answer == CTL_LEASE &&
	    command->request.vm[0] != '\0')
		no_lease(command);
	if (output_end(&out) == -1)
		err(1, "stdout");
	output_clear(&out);
	if (command->type == CTL_CHECK)
		end_check(out.count, json);
}

static bool
has_address(const struct ctl_lease *lease)
{
	return lease->state == LEASE_READY || lease->state == LEASE_BOUND;
}

/* A second tap of the same name may have failed: it says nothing here. */
static int
keep_lease(struct client *client, void *arg, const void *item)
{
	if (!has_address(arg))
		memcpy(arg, item, sizeof(struct ctl_lease));
	return 0;
}

static void
print_address(struct client *client, const struct command *command, bool json)
{
	struct ctl_lease	 lease;
	struct output		 out;
	char			 why[4 * CTL_REASONLEN];

	memset(&lease, 0, sizeof(lease));
	if (client_run(client, command, keep_lease, &lease) == -1)
		errx(1, "%s", client->error);
	if (lease.vm[0] == '\0')
		no_lease(command);
	if (!has_address(&lease)) {
		output_escape(why, sizeof(why), lease.reason, true);
		errx(1, "the lease of VM \"%s\" interface %d is %s%s%s",
		    command->request.vm, command->request.ifn,
		    output_state(lease.state), why[0] != '\0' ? ": " : "",
		    why);
	}
	output_begin(&out, stdout, json, 0, 0);
	if (output_address(&out, lease.guest) == -1)
		err(1, "stdout");
	output_clear(&out);
}

int
main(int argc, char *argv[])
{
	const char	*path = VMNETD_SOCKET;
	struct command	 command;
	struct client	 client;
	char		 error[PARSE_ERRLEN];
	bool		 json = false;
	int		 ch;

	while ((ch = getopt(argc, argv, "js:")) != -1) {
		switch (ch) {
		case 'j':
			json = true;
			break;
		case 's':
			path = optarg;
			break;
		default:
			usage();
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 0)
		usage();
	if (parse_command(argc, argv, &command, error, sizeof(error)) == -1)
		errx(1, "%s", error);

	/* A daemon that closes early is an error to report, not a signal. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		err(1, "signal");
	tzset();
	if (pledge("stdio unix", NULL) == -1)
		err(1, "pledge");
	if (client_connect(&client, path) == -1)
		errx(1, "%s", client.error);
	if (pledge("stdio", NULL) == -1)
		err(1, "pledge");
	if (command.address)
		print_address(&client, &command, json);
	else
		print_answer(&client, &command, json);
	client_close(&client);
	return 0;
}

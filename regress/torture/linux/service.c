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

/*
 * Run a program under the filter that systemd makes of SystemCallFilter=:
 * what is not on the list ends the process.
 *
 * usage: service errno|kill FILE PROGRAM [ARGUMENT ...]
 *
 * FILE holds the names of the system calls, as systemd-analyze(1) knows them.
 */

#include <err.h>
#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
allow(scmp_filter_ctx ctx, const char *file)
{
	FILE	*f;
	char	 name[64];
	int	 nr;

	if ((f = fopen(file, "r")) == NULL)
		err(1, "%s", file);
	while (fscanf(f, "%63s", name) == 1)
		if ((nr = seccomp_syscall_resolve_name(name)) !=
		    __NR_SCMP_ERROR && seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
		    nr, 0) < 0)
			errx(1, "%s", name);
	fclose(f);
}

int
main(int argc, char *argv[])
{
	scmp_filter_ctx	 ctx;
	uint32_t	 otherwise = SCMP_ACT_KILL_PROCESS;

	if (argc < 4)
		errx(1, "usage: service errno|kill file program "
		    "[argument ...]");
	if (strcmp(argv[1], "errno") == 0)
		otherwise = SCMP_ACT_ERRNO(EPERM);
	if ((ctx = seccomp_init(otherwise)) == NULL)
		errx(1, "seccomp");
	allow(ctx, argv[2]);
	if (seccomp_load(ctx) != 0)
		errx(1, "seccomp");
	execv(argv[3], argv + 3);
	err(1, "%s", argv[3]);
}

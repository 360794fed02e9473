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
 * The fence around files (fence.c) on a kernel that has Landlock: the only
 * program of a virtual machine, if the one that the tests run on has it not.
 *
 *	landlock: WHAT: FAILED
 *	landlock: N passed, N failed
 */

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fence.h"
#include "log.h"

#define OUTSIDE	"/tmp/landlock.file"
#define DIR	"/tmp/landlock.dir"

static int	 npassed, nfailed;

void
fatal(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	verr(1, fmt, ap);
}

static void
check(const char *what, bool ok)
{
	if (ok)
		npassed++;
	else {
		nfailed++;
		printf("landlock: %s: FAILED\n", what);
	}
}

/* Refused by the fence, which is the only one here, and not by anything else. */
static void
refused(const char *what, int result)
{
	check(what, result == -1 && (errno == EACCES || errno == EXDEV));
}

static int
try_open(const char *path, int flags)
{
	int	 fd;

	if ((fd = open(path, flags, 0600)) != -1)
		close(fd);
	return fd == -1 ? -1 : 0;
}

static int
try_execve(void)
{
	char	*argv[] = { NULL };

	/* The second is what it is in a virtual machine. */
	if (execve("/proc/self/exe", argv, argv) == -1 && errno == ENOENT)
		(void)execve("/init", argv, argv);
	return -1;
}

/* The parent's: reads all, writes where its leases are. */
static void
one_directory(void)
{
	int	 fd;

	fence(DIR);
	check("read", try_open(OUTSIDE, O_RDONLY) == 0);
	check("read a directory", try_open("/tmp", O_RDONLY) == 0);
	refused("write", try_open(OUTSIDE, O_WRONLY));
	refused("append", try_open(OUTSIDE, O_WRONLY | O_APPEND));
	refused("create", try_open(OUTSIDE ".new", O_WRONLY | O_CREAT));
	refused("remove", unlink(OUTSIDE));
	refused("make a directory", mkdir(OUTSIDE ".d", 0700));
	refused("link", symlink("x", OUTSIDE ".l"));
	refused("rename", rename(OUTSIDE, OUTSIDE ".r"));
	refused("put into it", rename(OUTSIDE, DIR "/in"));
	/* All that the lease file needs. */
	check("create there", (fd = open(DIR "/new", O_WRONLY | O_CREAT |
	    O_EXCL, 0600)) != -1);
	check("write there", write(fd, "lease", 5) == 5 && fsync(fd) == 0);
	check("cut off there", ftruncate(fd, 2) == 0);
	close(fd);
	check("replace there", rename(DIR "/new", DIR "/leases") == 0);
	check("append there", try_open(DIR "/leases", O_WRONLY | O_APPEND) ==
	    0);
	check("read there", try_open(DIR "/leases", O_RDONLY) == 0);
	refused("take out of it", rename(DIR "/leases", "/tmp/out"));
	refused("make a directory there", mkdir(DIR "/d", 0700));
	refused("link there", symlink("x", DIR "/l"));
	check("remove there", unlink(DIR "/leases") == 0);
	refused("execute", try_execve());
}

/* That of the others. */
static void
nothing(void)
{
	fence(NULL);
	refused("read nothing", try_open(OUTSIDE, O_RDONLY));
	refused("look at nothing", try_open("/", O_RDONLY));
	refused("write nothing", try_open(OUTSIDE, O_WRONLY));
	refused("create nothing", try_open("/new", O_WRONLY | O_CREAT));
	refused("execute nothing", try_execve());
}

/* In a process of its own, as there is no way back. */
static void
within(void (*tests)(void))
{
	pid_t	 pid;
	int	 status;

	fflush(stdout);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		npassed = nfailed = 0;
		tests();
		fflush(stdout);
		_exit(nfailed > 0 ? 100 + nfailed : npassed);
	}
	if (waitpid(pid, &status, 0) == -1 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) < 2)
		nfailed++;
	else if (WEXITSTATUS(status) >= 100)
		nfailed += WEXITSTATUS(status) - 100;
	else
		npassed += WEXITSTATUS(status);
}

static void
run(void)
{
	pid_t	 pid;
	int	 fd, status;

	(void)mkdir("/tmp", 0700);
	if ((mkdir(DIR, 0700) == -1 && errno != EEXIST) ||
	    (fd = open(OUTSIDE, O_WRONLY | O_CREAT, 0600)) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		err(1, "landlock");
	close(fd);
	if ((pid = fork()) == 0)
		_exit(fence(NULL) ? 1 : 0);
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		err(1, "fork");
	if (status == 0)
		printf("landlock: not in this kernel\n");
	else {
		within(one_directory);
		within(nothing);
	}
	unlink(OUTSIDE);
	rmdir(DIR);
	printf("landlock: %d passed, %d failed\n", npassed, nfailed);
	fflush(stdout);
}

int
main(void)
{
	run();
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	return nfailed > 0;
}

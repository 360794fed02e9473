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
#include <sys/stat.h>

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "log.h"
#include "paths.h"

static void	 promise(const char *);
static void	 show(const char *, const char *);
static void	 leave(void);

static void
promise(const char *promises)
{
	if (pledge(promises, NULL) == -1)
		fatal("pledge %s", promises);
}

static void
show(const char *path, const char *permissions)
{
	if (unveil(path, permissions) == -1)
		fatal("unveil %s", path);
}

/* To an empty root directory, as a user that owns nothing. */
static void
leave(void)
{
	const struct passwd	*pw;
	struct stat		 st;

	if ((pw = getpwnam(VMNETD_USER)) == NULL)
		fatalx("unknown user %s: create it, with a group of the same "
		    "name", VMNETD_USER);
	if (stat(VMNETD_EMPTY, &st) == -1)
		fatal("%s, the empty directory to be confined to",
		    VMNETD_EMPTY);
	if (!S_ISDIR(st.st_mode) || st.st_uid != 0 ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		fatalx("%s must be a directory that is owned by root and "
		    "that nobody else may write to", VMNETD_EMPTY);
	if (chroot(VMNETD_EMPTY) == -1)
		fatal("chroot to %s", VMNETD_EMPTY);
	if (chdir("/") == -1)
		fatal("chdir to %s", VMNETD_EMPTY);
	if (setgroups(1, &pw->pw_gid) == -1 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1)
		fatal("become user %s", VMNETD_USER);
}

void
sandbox_enter(enum role role, const char *path)
{
	switch (role) {
	case ROLE_PARENT:
		show("/", "r");
		show(path, "rwc");
		promise("stdio rpath wpath cpath sendfd proc exec");
		break;
	case ROLE_PRIV:
		/*
		 * No promise covers what it is there for.  pf(4) is open by
		 * now, and pfctl(8) sees everything again.
		 */
		show(PATH_BPF, "rw");
		show(PATH_PFCTL, "x");
		if (unveil(NULL, NULL) == -1)
			fatal("unveil");
		break;
	case ROLE_FRONTEND:
		leave();
		/* bpf: only to ask a descriptor for its statistics */
		promise("stdio unix recvfd route bpf");
		break;
	default:
		leave();
		promise("stdio recvfd");
		break;
	}
}

void
sandbox_started(enum role role)
{
	switch (role) {
	case ROLE_PARENT:
		promise("stdio rpath wpath cpath sendfd");
		break;
	case ROLE_ENGINE:
		promise("stdio");
		break;
	default:
		break;		/* descriptors and taps still come */
	}
}

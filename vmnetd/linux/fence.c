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
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "fence.h"
#include "log.h"

/* What headers may not have yet; by the interface's version. */
#define FS_ALL_1	((UINT64_C(1) << 13) - 1)
#define FS_REFER_2	(UINT64_C(1) << 13)
#define FS_TRUNCATE_3	(UINT64_C(1) << 14)
#define FS_IOCTL_DEV_5	(UINT64_C(1) << 15)
#define NET_ALL_4	UINT64_C(3)

#define FS_READ		(LANDLOCK_ACCESS_FS_READ_FILE |			\
			LANDLOCK_ACCESS_FS_READ_DIR)
/* As the lease file needs it: made anew, and put in place of the old one. */
#define FS_WRITE	(LANDLOCK_ACCESS_FS_WRITE_FILE |		\
			LANDLOCK_ACCESS_FS_MAKE_REG |			\
			LANDLOCK_ACCESS_FS_REMOVE_FILE | FS_TRUNCATE_3)

/* As the kernel has it today; an older one takes it if the rest is zero. */
struct ruleset {
	uint64_t	 fs;
	uint64_t	 net;
};

static int	 version(void);
static void	 permit(int, const char *, uint64_t);

static int
version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

static void
permit(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr	 rule;

	memset(&rule, 0, sizeof(rule));
	rule.allowed_access = access;
	if ((rule.parent_fd = open(path, O_PATH | O_CLOEXEC)) == -1)
		fatal("%s", path);
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
	    &rule, 0) == -1)
		fatal("Landlock: %s", path);
	close(rule.parent_fd);
}

bool
fence(const char *dir)
{
	struct ruleset	 attr = { FS_ALL_1, 0 };
	int		 abi, fd;

	if ((abi = version()) < 1)
		return false;
	if (abi >= 2)
		attr.fs |= FS_REFER_2;
	if (abi >= 3)
		attr.fs |= FS_TRUNCATE_3;
	if (abi >= 4)
		attr.net = NET_ALL_4;
	if (abi >= 5)
		attr.fs |= FS_IOCTL_DEV_5;
	if ((fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr),
	    0)) == -1)
		fatal("Landlock");
	if (dir != NULL) {
		permit(fd, "/", FS_READ);
		permit(fd, dir, (FS_READ | FS_WRITE) & attr.fs);
	}
	if (syscall(SYS_landlock_restrict_self, fd, 0) == -1)
		fatal("Landlock");
	close(fd);
	return true;
}

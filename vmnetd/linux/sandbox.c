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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/capability.h>
#include <linux/netlink.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#ifndef VMNETD_NO_SECCOMP
#include <seccomp.h>
#endif
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "fence.h"
#include "kernel.h"
#include "log.h"
#include "paths.h"

#define CAP_BIT(cap)	(UINT64_C(1) << (cap))

#define PRIV_CAPS	(CAP_BIT(CAP_NET_ADMIN) | CAP_BIT(CAP_NET_RAW))

static void	 enter_empty(void);
static void	 keep_capabilities(uint64_t);
static void	 set_capabilities(uint64_t);
static void	 become_user(const struct passwd *);
static void	 no_new_privileges(void);
static void	 filter_calls(enum role);

/* A root directory where there is nothing, and nothing can be made. */
static void
enter_empty(void)
{
	struct stat	 st;

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
}

/*
 * From now on at most these.  The bounding set cannot be reduced where the
 * service manager has taken CAP_SETPCAP; it is moot then, as no program is
 * run any more.
 */
static void
keep_capabilities(uint64_t keep)
{
	int	 cap;

	for (cap = 0; cap < 64 && prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if ((keep & CAP_BIT(cap)) == 0 &&
		    prctl(PR_CAPBSET_DROP, cap) == -1 && errno != EPERM)
			fatal("capability %d", cap);
	/* Kernels before 4.3 have no ambient set. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1 &&
	    errno != EINVAL)
		fatal("ambient capabilities");
}

static void
set_capabilities(uint64_t caps)
{
	struct __user_cap_header_struct	 hdr;
	struct __user_cap_data_struct	 data[_LINUX_CAPABILITY_U32S_3];

	memset(&hdr, 0, sizeof(hdr));
	memset(data, 0, sizeof(data));
	hdr.version = _LINUX_CAPABILITY_VERSION_3;
	data[0].effective = data[0].permitted = (uint32_t)caps;
	data[1].effective = data[1].permitted = (uint32_t)(caps >> 32);
	if (syscall(SYS_capset, &hdr, data) == -1)
		fatal("give up capabilities");
}

static void
become_user(const struct passwd *pw)
{
	if (setgroups(1, &pw->pw_gid) == -1 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1)
		fatal("become user %s", VMNETD_USER);
}

static void
no_new_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fatal("no_new_privs");
}

void
sandbox_enter(enum role role, const char *path)
{
	const struct passwd	*pw;

	if (role == ROLE_PARENT) {
		/* The others have been started. */
		no_new_privileges();
		if (!fence(path))
			log_debug("this kernel has no Landlock");
		return;
	}
	if ((pw = getpwnam(VMNETD_USER)) == NULL)
		fatalx("unknown user %s: create it, with a group of the same "
		    "name", VMNETD_USER);
	enter_empty();
	if (role == ROLE_PRIV) {
		keep_capabilities(PRIV_CAPS);
		set_capabilities(PRIV_CAPS);
	} else {
		keep_capabilities(0);
		become_user(pw);
		set_capabilities(0);
	}
	no_new_privileges();
	(void)fence(NULL);
	/* The processes that run as the same user cannot trace each other. */
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		fatal("not dumpable");
}

void
sandbox_started(enum role role)
{
	if (role == ROLE_PARENT) {
		/* Its files are those of root, who it still is. */
		keep_capabilities(0);
		set_capabilities(0);
	}
	filter_calls(role);
}

#ifdef VMNETD_NO_SECCOMP
/* A build with sanitizers, whose run-time calls what it likes. */
static void
filter_calls(enum role role)
{
}
#else

/*
 * What each role may ask the kernel for; all else fails with EPERM.  Names,
 * because not every architecture has every call.
 */
static const char *const common_calls[] = {
	"brk", "clock_gettime", "clock_gettime64", "close", "dup",
	"epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2",
	"epoll_wait", "exit", "exit_group", "fcntl", "fcntl64", "fstat",
	"fstat64", "futex", "futex_time64", "getpid", "getrandom",
	"getsockname", "getsockopt", "gettid", "gettimeofday", "madvise",
	"mremap", "munmap", "newfstatat", "poll", "ppoll", "ppoll_time64",
	"read", "readv", "recvfrom", "recvmsg", "restart_syscall",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "shutdown",
	"sigaltstack", "sigreturn", "time", "write", "writev", NULL
};

static const char *const parent_calls[] = {
	"_llseek", "access", "chdir", "clock_nanosleep", "connect",
	"clock_nanosleep_time64", "faccessat", "faccessat2", "fallocate",
	"fchmod", "fchown", "fdatasync", "flock", "fstatat64", "fstatfs",
	"fsync", "ftruncate", "ftruncate64", "getcwd", "getdents64",
	"getegid", "geteuid", "getgid", "getuid", "ioctl", "kill", "lseek",
	"lstat", "mmap", "mmap2", "mprotect", "nanosleep", "open", "openat",
	"pread64", "pwrite64", "readlink", "readlinkat", "rename",
	"renameat", "renameat2", "sendmsg", "stat", "statx", "umask",
	"uname", "unlink", "unlinkat", "wait4", "waitid", NULL
};

/* Half of them because libnftables calls them. */
static const char *const priv_calls[] = {
	"_llseek", "_newselect", "bind", "ftruncate", "ftruncate64", "ioctl",
	"lseek", "pselect6", "pselect6_time64", "select", "sendmsg", "sendto",
	"setsockopt", "timerfd_settime", "timerfd_settime64", NULL
};

/*
 * Never bind, connect, sendmsg: the packet descriptors would take another
 * interface's address, and each belongs to the tap that it was opened for.
 */
static const char *const frontend_calls[] = {
	"accept", "accept4", "timerfd_settime", "timerfd_settime64", NULL
};

static const char *const engine_calls[] = {
	"sendmsg", NULL
};

static const char *const *const role_calls[ROLE_MAX] = {
	[ROLE_PARENT] = parent_calls,
	[ROLE_PRIV] = priv_calls,
	[ROLE_FRONTEND] = frontend_calls,
	[ROLE_ENGINE] = engine_calls
};

static int	 allow(scmp_filter_ctx, const char *, unsigned int,
		    const struct scmp_arg_cmp *);
static int	 allow_list(scmp_filter_ctx, const char *const *);
static int	 allow_restricted(scmp_filter_ctx, enum role);

static int
allow(scmp_filter_ctx ctx, const char *name, unsigned int n,
    const struct scmp_arg_cmp *args)
{
	int	 nr;

	/* Not known here, so nobody calls it either. */
	if ((nr = seccomp_syscall_resolve_name(name)) == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, n, args);
}

static int
allow_list(scmp_filter_ctx ctx, const char *const *names)
{
	int	 error = 0;

	for (; *names != NULL && error == 0; names++)
		error = allow(ctx, *names, 0, NULL);
	return error;
}

/* Allowed only with certain arguments. */
static int
allow_restricted(scmp_filter_ctx ctx, enum role role)
{
	const struct scmp_arg_cmp	 not_exec = SCMP_A2(
	    SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp	 unnamed = SCMP_A4(SCMP_CMP_EQ, 0, 0);
	const struct scmp_arg_cmp	 packet = SCMP_A0(SCMP_CMP_EQ,
	    AF_PACKET, 0);
	const struct scmp_arg_cmp	 netfilter[] = {
		SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
		SCMP_A2(SCMP_CMP_EQ, NETLINK_NETFILTER, 0)
	};
	const struct scmp_arg_cmp	 route[] = {
		SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
		SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE, 0)
	};
	/* To find the log again when its daemon has been started again. */
	const struct scmp_arg_cmp	 log[] = {
		SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0),
		SCMP_A1(SCMP_CMP_EQ, SOCK_DGRAM | SOCK_CLOEXEC, 0)
	};
	int				 error = 0;

	if (role == ROLE_PARENT)
		error = allow(ctx, "socket", 2, log);
	else
		(void)((error = allow(ctx, "mmap", 1, &not_exec)) != 0 ||
		    (error = allow(ctx, "mmap2", 1, &not_exec)) != 0 ||
		    (error = allow(ctx, "mprotect", 1, &not_exec)) != 0);
	if (error == 0)
		error = allow(ctx, "sendto", 1, &unnamed);
	if (error == 0)
		error = allow(ctx, "send", 0, NULL);
	if (error == 0 && role == ROLE_PRIV)
		error = allow(ctx, "socket", 1, &packet);
	/* libnftables opens another when its first is out of step. */
	if (error == 0 && role == ROLE_PRIV)
		error = allow(ctx, "socket", 2, netfilter);
	/* And one to learn what the taps that it lists are called. */
	if (error == 0 && role == ROLE_PRIV)
		error = allow(ctx, "socket", 2, route);
	return error;
}

static void
filter_calls(enum role role)
{
	scmp_filter_ctx	 ctx;
	int		 error;

	if ((ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM))) == NULL)
		fatalx("system call filter: out of memory");
	if ((error = allow_list(ctx, common_calls)) != 0 ||
	    (error = allow_list(ctx, role_calls[role])) != 0 ||
	    (error = allow_restricted(ctx, role)) != 0)
		fatalx("system call filter: %s", strerror(-error));
	/* A kernel without it is no reason not to run. */
	if ((error = seccomp_load(ctx)) != 0)
		log_warnx("system calls are not filtered: %s",
		    strerror(-error));
	seccomp_release(ctx);
}
#endif /* VMNETD_NO_SECCOMP */

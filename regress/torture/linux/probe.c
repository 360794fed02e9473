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
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <netinet/in.h>

#include <linux/filter.h>
#include <linux/netlink.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "log.h"

/*
 * Linked into vmnetd with --wrap: each process, as soon as it is confined,
 * tries what an intruder would, and says in the log what came of it:
 *
 *	probe: ROLE: NAME: refused (errno)
 *	probe: ROLE: NAME: DONE
 */

void	 __real_sandbox_enter(enum role, const char *);
void	 __wrap_sandbox_enter(enum role, const char *);
void	 __real_sandbox_started(enum role);
void	 __wrap_sandbox_started(enum role);
int	 __real_kernel_packet_open(const struct interface *, uint32_t);
int	 __wrap_kernel_packet_open(const struct interface *, uint32_t);

static void	 tried(enum role, const char *, long);

static long	 try_open_read(void);
static long	 try_open_write(void);
static long	 try_create(void);
static long	 try_inet(void);
static long	 try_unix(void);
static long	 try_raw(void);
static long	 try_route(void);
static long	 try_netlink(void);
static long	 try_packet(void);
static long	 try_connect(void);
static long	 try_bind(void);
static long	 try_listen(void);
static long	 try_execve(void);
static long	 try_execveat(void);
static long	 try_fork(void);
static long	 try_ptrace(void);
static long	 try_read_memory(void);
static long	 try_kill(void);
static long	 try_mount(void);
static long	 try_chroot(void);
static long	 try_setuid(void);
static long	 try_chown(void);
static long	 try_unshare(void);
static long	 try_setns(void);
static long	 try_mmap_exec(void);
static long	 try_memfd(void);
static long	 try_bpf(void);
static long	 try_io_uring(void);
static long	 try_keyctl(void);
static long	 try_userfaultfd(void);
static long	 try_setrlimit(void);
static long	 try_prctl(void);
static long	 try_sendto_name(void);
static long	 try_module(void);

/* Some have no wrapper, and a wrapper may do more than ask. */
static const struct probe {
	const char	*name;
	long		(*run)(void);
} probes[] = {
	{ "open-read", try_open_read },
	{ "open-write", try_open_write },
	{ "create", try_create },
	{ "socket-inet", try_inet },
	{ "socket-unix", try_unix },
	{ "socket-raw", try_raw },
	{ "socket-route", try_route },
	{ "socket-netlink", try_netlink },
	{ "socket-packet", try_packet },
	{ "connect", try_connect },
	{ "bind", try_bind },
	{ "listen", try_listen },
	{ "execve", try_execve },
	{ "execveat", try_execveat },
	{ "fork", try_fork },
	{ "ptrace", try_ptrace },
	{ "read-memory", try_read_memory },
	{ "kill", try_kill },
	{ "mount", try_mount },
	{ "chroot", try_chroot },
	{ "setuid", try_setuid },
	{ "chown", try_chown },
	{ "unshare", try_unshare },
	{ "setns", try_setns },
	{ "mmap-exec", try_mmap_exec },
	{ "memfd", try_memfd },
	{ "bpf", try_bpf },
	{ "io-uring", try_io_uring },
	{ "keyctl", try_keyctl },
	{ "userfaultfd", try_userfaultfd },
	{ "setrlimit", try_setrlimit },
	{ "prctl", try_prctl },
	{ "sendto-name", try_sendto_name },
	{ "module", try_module }
};

static const char *const role_names[ROLE_MAX] = {
	[ROLE_PARENT] = "parent",
	[ROLE_PRIV] = "priv",
	[ROLE_FRONTEND] = "frontend",
	[ROLE_ENGINE] = "engine"
};

static void
tried(enum role role, const char *name, long result)
{
	if (result == -1)
		log_info("probe: %s: %s: refused (%s)", role_names[role], name,
		    strerror(errno));
	else
		log_warnx("probe: %s: %s: DONE", role_names[role], name);
}

/* While this may still be asked: can others look into it? */
void
__wrap_sandbox_enter(enum role role, const char *path)
{
	__real_sandbox_enter(role, path);
	errno = 0;
	tried(role, "dumpable", prctl(PR_GET_DUMPABLE) == 0 ? -1 : 0);
}

void
__wrap_sandbox_started(enum role role)
{
	size_t	 i;

	__real_sandbox_started(role);
	for (i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		errno = 0;
		tried(role, probes[i].name, probes[i].run());
	}
	log_info("probe: %s: over", role_names[role]);
}

/* What the frontend is given must not be its to widen: nor is it priv's. */
int
__wrap_kernel_packet_open(const struct interface *ifc, uint32_t host)
{
	struct sock_filter	 all = BPF_STMT(BPF_RET | BPF_K, 65535);
	struct sock_fprog	 prog = { 1, &all };
	int			 fd, none = 0;

	if ((fd = __real_kernel_packet_open(ifc, host)) == -1)
		return -1;
	tried(ROLE_PRIV, "unlock-filter", setsockopt(fd, SOL_SOCKET,
	    SO_LOCK_FILTER, &none, sizeof(none)));
	tried(ROLE_PRIV, "change-filter", setsockopt(fd, SOL_SOCKET,
	    SO_ATTACH_FILTER, &prog, sizeof(prog)));
	tried(ROLE_PRIV, "detach-filter", setsockopt(fd, SOL_SOCKET,
	    SO_DETACH_FILTER, &none, sizeof(none)));
	return fd;
}

static long
try_open_read(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static long
try_open_write(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_WRONLY);
}

static long
try_create(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/tmp/vmnetd-probe",
	    O_WRONLY | O_CREAT, 0600);
}

static long
try_inet(void)
{
	return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static long
try_unix(void)
{
	return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static long
try_raw(void)
{
	return syscall(SYS_socket, AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static long
try_route(void)
{
	return syscall(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static long
try_netlink(void)
{
	return syscall(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
}

static long
try_packet(void)
{
	return syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0);
}

/* The descriptor matters less than that the call is not made. */
static long
try_connect(void)
{
	struct sockaddr_un	 sun;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	strcpy(sun.sun_path, "/run/dbus/system_bus_socket");
	return syscall(SYS_connect, 3, &sun, sizeof(sun));
}

static long
try_bind(void)
{
	struct sockaddr_un	 sun;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	return syscall(SYS_bind, 3, &sun, sizeof(sun.sun_family));
}

static long
try_listen(void)
{
	return syscall(SYS_listen, 3, 1);
}

static long
try_execve(void)
{
	char	*argv[] = { NULL };

	return syscall(SYS_execve, "/bin/true", argv, argv);
}

static long
try_execveat(void)
{
	char	*argv[] = { NULL };

	return syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, argv, 0);
}

static long
try_fork(void)
{
	long	 pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long
try_ptrace(void)
{
	return syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0);
}

static long
try_read_memory(void)
{
	return syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0);
}

static long
try_kill(void)
{
	return syscall(SYS_kill, getppid(), 0);
}

static long
try_mount(void)
{
	return syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL);
}

static long
try_chroot(void)
{
	return syscall(SYS_chroot, ".");
}

static long
try_setuid(void)
{
	return syscall(SYS_setuid, 0);
}

static long
try_chown(void)
{
	return syscall(SYS_fchownat, AT_FDCWD, ".", 0, 0, 0);
}

static long
try_unshare(void)
{
	return syscall(SYS_unshare, CLONE_NEWUSER);
}

static long
try_setns(void)
{
	return syscall(SYS_setns, 3, 0);
}

static long
try_mmap_exec(void)
{
	return syscall(SYS_mmap, NULL, 4096, 7, 0x22, -1, 0);
}

static long
try_memfd(void)
{
	return syscall(SYS_memfd_create, "x", 0);
}

static long
try_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long
try_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}

static long
try_keyctl(void)
{
	return syscall(SYS_keyctl, 0, -3, 0);
}

static long
try_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, 1);
}

static long
try_setrlimit(void)
{
	struct rlimit	 rl = { 3, 3 };

	return syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &rl, NULL);
}

static long
try_prctl(void)
{
	return syscall(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1, 0, 0, 0);
}

/* A packet descriptor would take another interface's name. */
static long
try_sendto_name(void)
{
	struct sockaddr_un	 sun;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	return syscall(SYS_sendto, 3, "x", 1, MSG_DONTWAIT, &sun,
	    sizeof(sun.sun_family));
}

static long
try_module(void)
{
	return syscall(SYS_init_module, NULL, 0, "");
}

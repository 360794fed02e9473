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
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sockio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <net/if.h>

#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "log.h"

#include "../test.h"

/*
 * What a process can still do once it is confined, tried from within: a
 * child enters the sandbox of a role and tries.  0: it could; else errno; or
 * the signal that ended it, negative.
 */

static int	 within(enum role, bool, int (*)(void));
static int	 try_open(const char *, int);

static char	 dir[] = "/tmp/sandbox_test.XXXXXX";
static char	 file[64];
static int	 sock;

static int
within(enum role role, bool started, int (*attempt)(void))
{
	pid_t	 pid;
	int	 status;

	fflush(stdout);
	switch (pid = fork()) {
	case -1:
		err(1, "fork");
	case 0:
		sandbox_enter(role, role == ROLE_PARENT ? dir : NULL);
		if (started)
			sandbox_started(role);
		_exit(attempt());
	}
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int
try_open(const char *path, int flags)
{
	return open(path, flags, 0600) == -1 ? errno : 0;
}

static int
nothing(void)
{
	return 0;
}

static int
read_passwd(void)
{
	return try_open("/etc/passwd", O_RDONLY);
}

static int
write_etc(void)
{
	return try_open("/etc/vmnetd-test", O_WRONLY | O_CREAT);
}

static int
write_tmp(void)
{
	return try_open("/tmp/vmnetd-test", O_WRONLY | O_CREAT);
}

static int
write_leases(void)
{
	return try_open(file, O_RDWR | O_CREAT);
}

static int
open_bpf(void)
{
	return try_open("/dev/bpf", O_RDWR);
}

static int
open_mem(void)
{
	return try_open("/dev/mem", O_RDONLY);
}

static int
open_tap(void)
{
	return try_open("/dev/tap0", O_RDWR);
}

static int
open_root(void)
{
	return try_open("/", O_RDONLY);
}

static int
run_program(void)
{
	execl("/usr/bin/true", "true", (char *)NULL);
	return errno;
}

static int
new_process(void)
{
	return fork() == -1 ? errno : 0;
}

static int
unveil_more(void)
{
	return unveil("/", "rwxc") == -1 ? errno : 0;
}

static int
make_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0) == -1 ? errno : 0;
}

static int
route_socket(void)
{
	return socket(AF_ROUTE, SOCK_RAW, 0) == -1 ? errno : 0;
}

static int
become_root(void)
{
	return setuid(0) == -1 ? errno : 0;
}

static int
look_at_lo0(void)
{
	struct ifreq	 ifr;
	char		 descr[IFDESCRSIZE];

	memset(&ifr, 0, sizeof(ifr));
	strlcpy(ifr.ifr_name, "lo0", sizeof(ifr.ifr_name));
	ifr.ifr_data = descr;
	return ioctl(sock, SIOCGIFDESCR, &ifr) == -1 ? errno : 0;
}

/* As it is described already. */
static int
describe_lo0(void)
{
	struct ifreq	 ifr;
	char		 descr[IFDESCRSIZE];

	memset(&ifr, 0, sizeof(ifr));
	strlcpy(ifr.ifr_name, "lo0", sizeof(ifr.ifr_name));
	ifr.ifr_data = descr;
	return ioctl(sock, SIOCGIFDESCR, &ifr) == -1 ||
	    ioctl(sock, SIOCSIFDESCR, &ifr) == -1 ? errno : 0;
}

static int
who(void)
{
	return getuid() == 0 || geteuid() == 0 || getgid() == 0 ? 1 : 0;
}

static void
test_parent(void)
{
	CHECK_INT(within(ROLE_PARENT, true, nothing), 0);
	/* A reload may include any file. */
	CHECK_INT(within(ROLE_PARENT, true, read_passwd), 0);
	CHECK_INT(within(ROLE_PARENT, true, write_leases), 0);
	CHECK_INT(within(ROLE_PARENT, true, write_etc), EACCES);
	CHECK_INT(within(ROLE_PARENT, true, write_tmp), EACCES);
	CHECK_INT(within(ROLE_PARENT, true, unveil_more), -SIGABRT);
	CHECK_INT(within(ROLE_PARENT, true, make_socket), -SIGABRT);
	CHECK_INT(within(ROLE_PARENT, true, new_process), -SIGABRT);
	CHECK_INT(within(ROLE_PARENT, true, run_program), -SIGABRT);
	CHECK_INT(within(ROLE_PARENT, true, describe_lo0), -SIGABRT);
}

static void
test_priv(void)
{
	CHECK_INT(within(ROLE_PRIV, true, nothing), 0);
	CHECK_INT(within(ROLE_PRIV, true, open_bpf), 0);
	CHECK_INT(within(ROLE_PRIV, true, describe_lo0), 0);
	CHECK_INT(within(ROLE_PRIV, true, read_passwd), ENOENT);
	CHECK_INT(within(ROLE_PRIV, true, open_mem), ENOENT);
	CHECK_INT(within(ROLE_PRIV, true, open_tap), ENOENT);
	CHECK_INT(within(ROLE_PRIV, true, open_root), ENOENT);
	CHECK_INT(within(ROLE_PRIV, true, write_leases), ENOENT);
	CHECK_INT(within(ROLE_PRIV, true, write_etc), ENOENT);
	CHECK_INT(within(ROLE_PRIV, true, run_program), ENOENT);
	CHECK_INT(within(ROLE_PRIV, true, unveil_more), EPERM);
}

static void
test_frontend(void)
{
	CHECK_INT(within(ROLE_FRONTEND, true, nothing), 0);
	CHECK_INT(within(ROLE_FRONTEND, true, who), 0);
	CHECK_INT(within(ROLE_FRONTEND, true, look_at_lo0), 0);
	CHECK_INT(within(ROLE_FRONTEND, true, describe_lo0), -SIGABRT);
	CHECK_INT(within(ROLE_FRONTEND, true, read_passwd), -SIGABRT);
	CHECK_INT(within(ROLE_FRONTEND, true, open_root), -SIGABRT);
	CHECK_INT(within(ROLE_FRONTEND, true, route_socket), -SIGABRT);
	CHECK_INT(within(ROLE_FRONTEND, true, make_socket), -SIGABRT);
	CHECK_INT(within(ROLE_FRONTEND, true, new_process), -SIGABRT);
	CHECK_INT(within(ROLE_FRONTEND, true, run_program), -SIGABRT);
	CHECK_INT(within(ROLE_FRONTEND, true, become_root), -SIGABRT);
}

static void
test_engine(void)
{
	CHECK_INT(within(ROLE_ENGINE, true, nothing), 0);
	CHECK_INT(within(ROLE_ENGINE, true, who), 0);
	CHECK_INT(within(ROLE_ENGINE, false, read_passwd), -SIGABRT);
	CHECK_INT(within(ROLE_ENGINE, true, read_passwd), -SIGABRT);
	CHECK_INT(within(ROLE_ENGINE, true, look_at_lo0), -SIGABRT);
	CHECK_INT(within(ROLE_ENGINE, true, make_socket), -SIGABRT);
	CHECK_INT(within(ROLE_ENGINE, true, new_process), -SIGABRT);
	CHECK_INT(within(ROLE_ENGINE, true, run_program), -SIGABRT);
	CHECK_INT(within(ROLE_ENGINE, true, become_root), -SIGABRT);
}

int
main(void)
{
	if (geteuid() != 0) {
		printf("sandbox_test: 0 passed, 0 failed, 1 skipped\n");
		return 0;
	}
	log_init(true, 0);
	if (mkdtemp(dir) == NULL)
		err(1, "mkdtemp");
	snprintf(file, sizeof(file), "%s/leases", dir);
	if ((sock = socket(AF_INET, SOCK_DGRAM, 0)) == -1)
		err(1, "socket");

	TEST(test_parent());
	TEST(test_priv());
	TEST(test_frontend());
	TEST(test_engine());
	unlink(file);
	rmdir(dir);
	return TEST_DONE("sandbox_test");
}

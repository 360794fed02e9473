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
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "paths.h"
#include "pfctl.h"

#define PFCTL_PATIENCE	30000	/* ms; it takes some */
#define PFCTL_MAX	(4 << 20)	/* bytes kept of what it prints */
#define PFCTL_ARGS	16		/* with its name and NULL */

/* A conversation with a pfctl that runs. */
struct pfctl {
	pid_t		 pid;
	int		 in, out, err;	/* our ends; -1: closed */
	const char	*text;		/* that it has not read yet */
	size_t		 len;
};

struct output {
	char	*buf;
	size_t	 len;
	size_t	 size;
};

static int64_t	 now_ms(void);
static int	 start(struct pfctl *, const char *const[]);
__dead static void run(int, int, int, const char *const[]);
static int	 converse(struct pfctl *, struct output *, struct output *);
static int	 feed(struct pfctl *);
static int	 drain(int *, struct output *);
static int	 keep(struct output *, const char *, size_t);
static void	 shut(int *);

static int64_t
now_ms(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
shut(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* --- the child ---------------------------------------------------------- */

/* It gets three descriptors and nothing else of ours. */
static void
run(int in, int out, int err, const char *const argv[])
{
	char	*args[PFCTL_ARGS] = { NULL }, *env[] = { NULL };
	size_t	 n;

	args[0] = strdup("pfctl");
	for (n = 1; argv[n - 1] != NULL && n < PFCTL_ARGS - 1; n++)
		args[n] = strdup(argv[n - 1]);
	if (dup2(in, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1 ||
	    dup2(err, STDERR_FILENO) == -1)
		_exit(127);
	closefrom(STDERR_FILENO + 1);
	signal(SIGPIPE, SIG_DFL);
	execve(PATH_PFCTL, args, env);
	_exit(127);
}

/* Its input is a socket so that it may leave without reading it all. */
static int
start(struct pfctl *pf, const char *const argv[])
{
	int	 error, in[2] = { -1, -1 }, out[2] = { -1, -1 };
	int	 err[2] = { -1, -1 };

	pf->pid = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) == -1 ||
	    pipe2(out, O_CLOEXEC) == -1 || pipe2(err, O_CLOEXEC) == -1 ||
	    (pf->pid = fork()) == -1) {
		error = errno;
		shut(&in[0]);
		shut(&out[0]);
		shut(&err[0]);
	} else if (pf->pid == 0)
		run(in[1], out[1], err[1], argv);
	else
		error = 0;
	shut(&in[1]);
	shut(&out[1]);
	shut(&err[1]);
	pf->in = in[0];
	pf->out = out[0];
	pf->err = err[0];
	errno = error;
	return error == 0 ? 0 : -1;
}

/* --- the parent --------------------------------------------------------- */

/* More than enough is read, but not kept. */
static int
keep(struct output *o, const char *buf, size_t len)
{
	char	*p;

	if (o->len + len > PFCTL_MAX)
		return 0;
	if (o->len + len + 1 > o->size) {
		if ((p = realloc(o->buf, 2 * o->size + len + 1)) == NULL)
			return -1;
		o->size = 2 * o->size + len + 1;
		o->buf = p;
	}
	memcpy(o->buf + o->len, buf, len);
	o->len += len;
	o->buf[o->len] = '\0';
	return 0;
}

static int
drain(int *fd, struct output *o)
{
	char	 buf[4096];
	ssize_t	 n;

	if ((n = read(*fd, buf, sizeof(buf))) == -1)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	if (n == 0) {
		shut(fd);
		return 0;
	}
	return keep(o, buf, n);
}

static int
feed(struct pfctl *pf)
{
	ssize_t	 n = 0;

	if (pf->len > 0 && (n = send(pf->in, pf->text, pf->len,
	    MSG_NOSIGNAL | MSG_DONTWAIT)) == -1) {
		if (errno == EINTR || errno == EAGAIN)
			return 0;
		if (errno != EPIPE)
			return -1;
		n = pf->len;	/* it has left and will have said why */
	}
	pf->text += n;
	pf->len -= n;
	if (pf->len == 0)
		shut(&pf->in);
	return 0;
}

/* Until it has closed its output, which it does when it exits. */
static int
converse(struct pfctl *pf, struct output *out, struct output *err)
{
	struct pollfd	 pfd[3];
	int64_t		 left, end = now_ms() + PFCTL_PATIENCE;

	while (pf->out != -1 || pf->err != -1) {
		if ((left = end - now_ms()) <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		memset(pfd, 0, sizeof(pfd));
		pfd[0].fd = pf->in;
		pfd[0].events = POLLOUT;
		pfd[1].fd = pf->out;
		pfd[2].fd = pf->err;
		pfd[1].events = pfd[2].events = POLLIN;
		if (poll(pfd, 3, left) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if ((pfd[0].revents != 0 && feed(pf) == -1) ||
		    (pfd[1].revents != 0 && drain(&pf->out, out) == -1) ||
		    (pfd[2].revents != 0 && drain(&pf->err, err) == -1))
			return -1;
	}
	return 0;
}

int
pfctl_run(const char *const argv[], const char *text,
    struct pfctl_answer *answer)
{
	struct output	 out = { NULL, 0, 0 }, err = { NULL, 0, 0 };
	struct pfctl	 pf;
	int		 error = 0, status;

	if (start(&pf, argv) == -1)
		return -1;
	pf.text = text;
	pf.len = strlen(text);
	if (keep(&out, "", 0) == -1 || keep(&err, "", 0) == -1 ||
	    converse(&pf, &out, &err) == -1) {
		error = errno;
		kill(pf.pid, SIGKILL);
	}
	shut(&pf.in);
	shut(&pf.out);
	shut(&pf.err);
	while (waitpid(pf.pid, &status, 0) == -1)
		if (errno != EINTR) {
			error = errno;
			break;
		}
	if (error == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		error = ENOEXEC;
	answer->out = out.buf;
	answer->err = err.buf;
	if (error != 0) {
		pfctl_free(answer);
		errno = error;
		return -1;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

void
pfctl_free(struct pfctl_answer *answer)
{
	free(answer->out);
	free(answer->err);
	answer->out = answer->err = NULL;
}

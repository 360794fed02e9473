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
#include <sys/file.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <imsg.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "confsend.h"
#include "controlsock.h"
#include "journal.h"
#include "kernel.h"
#include "log.h"
#include "message.h"
#include "paths.h"
#include "pool.h"
#include "process.h"
#include "rules.h"

/* A commit of the lease file that failed is tried again after this. */
#define COMMIT_RETRY	5	/* seconds */
/* How long the children have to end when the daemon stops. */
#define STOP_PATIENCE	5	/* seconds */

struct child {
	struct channel	 ch;
	pid_t		 pid;
};

/* A reload goes to priv, then to the engine; one at a time. */
struct reload {
	struct conf	*conf;		/* NULL: none under way */
	enum role	 at;		/* whose answer is awaited */
	uint32_t	 client;	/* 0: SIGHUP or start */
	bool		 again;		/* SIGHUP came meanwhile */
};

/* What is to be answered once the lease file is synced. */
struct pending {
	uint32_t	 *seq;
	size_t		  count;
	size_t		  size;
	bool		  notes;	/* something to write, nothing to sync */
};

/* Leases on their way to a process. */
struct batch {
	struct channel	*ch;
	struct ibuf	*buf;		/* NULL: none yet */
};

static __dead void	 usage(void);
static void		 options(int, char *[]);
static __dead void	 check_only(void);
static void		 print_rules(void);
static void		 keep_rules(void);
static int		 keep_text(const char *, const char *, const char *,
			    size_t);
static void		 child_main(void);
static void		 parent_main(const char *);
static const char	*absolute(const char *);
static int		 background(void);
static void		 leave_terminal(int);
static const char	*lease_dir(void);
static void		 open_leases(void);
static void		 start_children(const char *);
static void		 connect_children(enum role, enum role);
static void		 parent_signal(int, short, void *);
static void		 parent_dispatch(struct channel *, struct imsg *);
static bool		 may_say(const struct channel *, uint32_t);
static void		 child_gone(struct channel *);
static __dead void	 parent_stop(int);
static int		 children_reap(void);
static int		 children_wait(void);
static void		 reload(uint32_t);
static void		 reload_report(void *, const char *);
static void		 reload_done(uint32_t, int);
static void		 conf_done(struct channel *);
static void		 conf_refused(struct channel *, struct imsg *);
static void		 send_lease(void *, const struct lease_record *);
static void		 send_kept(void *, const struct lease_record *);
static void		 send_batch(struct batch *);
static void		 store(struct channel *, struct imsg *);
static int		 store_put(const struct msg_store *);
static const char	*store_check(uint32_t, const struct lease_record *);
static const char	*store_note_check(const struct lease_record *);
static const char	*store_fits(const struct conf *,
			    const struct lease_record *);
static const char	*store_fits_pool(const struct conf_pool *,
			    const struct lease_record *);
static void		 store_answer(uint32_t, const char *);
static void		 store_commit(struct channel *);
static void		 say_trouble(const char *);
static void		 store_retry(int, short, void *);
static void		 say(struct channel *, struct imsg *);
static void		 set_verbose(int32_t);

static struct child	 children[ROLE_MAX];
static struct conf	*conf;
static struct journal	*journal;
static struct reload	 reloading;
static struct pending	 pending;
static struct event	 retry_ev;
static bool		 started;
static int		 control_socket = -1;	/* on its way to frontend */

static struct {
	const char	*conffile;
	const char	*leasefile;
	const char	*socket;
	enum role	 role;
	bool		 debug;
	bool		 check;
	int		 verbose;
} opts = {
	.conffile = VMNETD_CONF,
	.leasefile = VMNETD_LEASES,
	.socket = VMNETD_SOCKET,
	.role = ROLE_PARENT
};

static __dead void
usage(void)
{
	fprintf(stderr, "usage: %s [-dnv] [-D macro=value] [-f file] "
	    "[-l leasefile] [-s socket]\n", getprogname());
	exit(1);
}

static void
options(int argc, char *argv[])
{
	int	 ch;

	while ((ch = getopt(argc, argv, "D:df:l:nP:s:v")) != -1)
		switch (ch) {
		case 'D':
			if (cmdline_symset(optarg) == -1)
				errx(1, "-D %s: not of the form macro=value",
				    optarg);
			break;
		case 'd':
			opts.debug = true;
			break;
		case 'f':
			opts.conffile = optarg;
			break;
		case 'l':
			opts.leasefile = optarg;
			break;
		case 'n':
			opts.check = true;
			break;
		case 'P':
			/* From process_start() only. */
			if (role_parse(optarg, &opts.role) == -1)
				usage();
			break;
		case 's':
			opts.socket = optarg;
			break;
		case 'v':
			opts.verbose++;
			break;
		default:
			usage();
		}
	if (argc != optind)
		usage();
}

int
main(int argc, char *argv[])
{
	log_init(1, LOG_DAEMON);
	options(argc, argv);
	log_setverbose(opts.verbose);

	if (opts.role == ROLE_PARENT)
		parent_main(argv[0]);
	else
		child_main();
	return 0;
}

static void
child_main(void)
{
	log_init(opts.debug, LOG_DAEMON);
	log_setverbose(opts.verbose);
	switch (opts.role) {
	case ROLE_PRIV:
		priv_main();
		break;
	case ROLE_FRONTEND:
		frontend_main();
		break;
	default:
		engine_main();
		break;
	}
}

static __dead void
check_only(void)
{
	if (opts.verbose) {
		print_config(conf);
		print_rules();
	} else
		fprintf(stderr, "configuration OK\n");
	exit(0);
}

/* As comments, since what is printed can be read back. */
static void
print_rules(void)
{
	struct rules_text	 text = { 0 };
	char			*line, *rest;

	if (kernel_filter_text(&text, conf) == -1)
		err(1, "rules");
	printf("\n# The rules of all pools, without those of each VM:\n");
	for (rest = text.text; (line = strsep(&rest, "\n")) != NULL;)
		if (rest != NULL)
			printf("# %s\n", line);
	rules_text_clear(&text);
}

/* A path that still holds after chdir to the root. */
static const char *
absolute(const char *path)
{
	char	 cwd[PATH_MAX], *full;

	if (path[0] == '/')
		return path;
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		err(1, "getcwd");
	if (asprintf(&full, "%s/%s", cwd, path) == -1)
		err(1, NULL);
	return full;
}

/*
 * As daemon(3), but whoever has started us waits for what is said to
 * leave_terminal(), or that it never comes; and the locks and the socket are
 * made by the process that goes on to have them.
 */
static int
background(void)
{
	int	 fds[2];
	char	 ready;

	if (pipe2(fds, O_CLOEXEC) == -1)
		err(1, "pipe");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		break;
	default:
		close(fds[1]);
		_exit(read(fds[0], &ready, 1) == 1 ? 0 : 1);
	}
	close(fds[0]);
	if (setsid() == -1)
		err(1, "setsid");
	return fds[1];
}

static void
leave_terminal(int waiter)
{
	int	 fd;

	if (chdir("/") == -1 || (fd = open("/dev/null", O_RDWR)) == -1 ||
	    dup2(fd, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1 ||
	    dup2(fd, STDERR_FILENO) == -1)
		err(1, "leave the terminal");
	if (fd > STDERR_FILENO)
		close(fd);
	/* If nobody waits any more nobody wants to know. */
	signal(SIGPIPE, SIG_IGN);
	if (write(waiter, "", 1) == -1)
		log_debug("started by nobody");
	close(waiter);
}

static void
parent_main(const char *argv0)
{
	struct batch	 kept = { &children[ROLE_PRIV].ch, NULL };
	int		 sock, waiter = -1;

	if ((conf = parse_config(opts.conffile, reload_report, NULL)) == NULL)
		exit(1);
	if (opts.check)
		check_only();
	if (geteuid() != 0)
		errx(1, "need root privileges");
	if (getpwnam(VMNETD_USER) == NULL)
		errx(1, "unknown user %s: create it, with a group of the "
		    "same name", VMNETD_USER);

	opts.conffile = absolute(opts.conffile);
	opts.leasefile = absolute(opts.leasefile);
	opts.socket = absolute(opts.socket);
	/* A bare name is found in $PATH, before and after chdir. */
	if (strchr(argv0, '/') != NULL)
		argv0 = absolute(argv0);

	umask(S_IRWXG | S_IRWXO);
	if (!opts.debug)
		waiter = background();
	open_leases();
	sock = control_listen(opts.socket, conf->socket_group);

	log_init(opts.debug, LOG_DAEMON);
	if (!opts.debug)
		leave_terminal(waiter);
	log_procinit(role_name(ROLE_PARENT));
	log_info("startup");

	event_init();
	start_children(argv0);
	control_socket = sock;
	reloading.conf = conf;
	reloading.at = ROLE_PRIV;
	journal_each(journal, send_kept, &kept);
	send_batch(&kept);
	conf_send(&children[ROLE_PRIV].ch, conf, true);

	sandbox_enter(ROLE_PARENT, lease_dir());
	sandbox_started(ROLE_PARENT);
	event_dispatch();
	fatalx("event loop ended");
}

static const char *
lease_dir(void)
{
	static char	 dir[PATH_MAX], copy[PATH_MAX];

	/* dirname(3) may write to what it is given. */
	if (strlcpy(copy, opts.leasefile, sizeof(copy)) >= sizeof(copy))
		errx(1, "%s: path too long", opts.leasefile);
	strlcpy(dir, dirname(copy), sizeof(dir));
	return dir;
}

/* Only one daemon may use a lease file: the lock is held until it ends. */
static void
open_leases(void)
{
	struct stat	 st;
	char		 buf[PATH_MAX + 256];
	int		 fd;

	if ((mkdir(lease_dir(), S_IRWXU) == -1 && errno != EEXIST) ||
	    stat(lease_dir(), &st) == -1)
		err(1, "lease directory %s", lease_dir());
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		errx(1, "%s: its directory must be owned by root and not be "
		    "writable by others", opts.leasefile);
	snprintf(buf, sizeof(buf), "%s.lock", opts.leasefile);
	if ((fd = open(buf, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) == -1)
		err(1, "%s", buf);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EWOULDBLOCK)
			errx(1, "already running: %s is locked", buf);
		err(1, "%s", buf);
	}
	if ((journal = journal_open(opts.leasefile, buf, sizeof(buf))) == NULL)
		errx(1, "%s", buf);
}

static void
start_children(const char *argv0)
{
	static struct event	 hup, intr, term;
	enum role		 role;
	int			 fd;

	signal(SIGPIPE, SIG_IGN);
	signal_set(&hup, SIGHUP, parent_signal, NULL);
	signal_add(&hup, NULL);
	signal_set(&intr, SIGINT, parent_signal, NULL);
	signal_add(&intr, NULL);
	signal_set(&term, SIGTERM, parent_signal, NULL);
	signal_add(&term, NULL);
	evtimer_set(&retry_ev, store_retry, NULL);

	for (role = ROLE_PRIV; role < ROLE_MAX; role++) {
		children[role].pid = process_start(argv0, role, opts.debug,
		    opts.verbose, &fd);
		channel_open(&children[role].ch, fd, role, parent_dispatch,
		    child_gone);
	}
	children[ROLE_ENGINE].ch.drained = store_commit;
	connect_children(ROLE_FRONTEND, ROLE_ENGINE);
	connect_children(ROLE_ENGINE, ROLE_PRIV);
	connect_children(ROLE_PRIV, ROLE_FRONTEND);
}

static void
connect_children(enum role a, enum role b)
{
	struct msg_channel	 to_a = { b }, to_b = { a };
	int			 sp[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    PF_UNSPEC, sp) == -1)
		fatal("socketpair");
	channel_send(&children[a].ch, IMSG_CHANNEL, 0, sp[0], &to_a,
	    sizeof(to_a));
	channel_send(&children[b].ch, IMSG_CHANNEL, 0, sp[1], &to_b,
	    sizeof(to_b));
}

static void
parent_signal(int sig, short events, void *arg)
{
	switch (sig) {
	case SIGHUP:
		reload(0);
		break;
	case SIGINT:
	case SIGTERM:
		log_info("terminating");
		parent_stop(0);
	}
}

static void
parent_dispatch(struct channel *ch, struct imsg *imsg)
{
	int32_t	 value;

	if (!may_say(ch, imsg_get_type(imsg))) {
		log_refused("%s sent unknown message %u: ignored", ch->peer,
		    imsg_get_type(imsg));
		return;
	}
	switch (imsg_get_type(imsg)) {
	case IMSG_CONF_DONE:
		conf_done(ch);
		break;
	case IMSG_CONF_REFUSED:
		conf_refused(ch, imsg);
		break;
	case IMSG_STORE:
		store(ch, imsg);
		break;
	case IMSG_RELOAD:
		reload(imsg_get_id(imsg));
		break;
	case IMSG_LOG:
		if (message_get(ch, imsg, &value, sizeof(value)))
			set_verbose(value);
		break;
	case IMSG_SAY:
		say(ch, imsg);
		break;
	}
}

/* Whose message is it? */
static bool
may_say(const struct channel *ch, uint32_t type)
{
	switch (type) {
	case IMSG_CONF_REFUSED:
		return ch == &children[ROLE_PRIV].ch;
	case IMSG_CONF_DONE:
		return ch == &children[ROLE_PRIV].ch ||
		    ch == &children[ROLE_ENGINE].ch;
	case IMSG_STORE:
		return ch == &children[ROLE_ENGINE].ch;
	case IMSG_RELOAD:
	case IMSG_LOG:
		return ch == &children[ROLE_FRONTEND].ch;
	case IMSG_SAY:
		return kernel_traits.log_by_parent && !opts.debug;
	default:
		return false;
	}
}

/* A line for the log, where the children have no way to it. */
static void
say(struct channel *ch, struct imsg *imsg)
{
	struct ibuf	 buf;

	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    memchr(ibuf_data(&buf), '\0', ibuf_size(&buf)) !=
	    (char *)ibuf_data(&buf) + ibuf_size(&buf) - 1) {
		log_refused("%s sent malformed text: ignored", ch->peer);
		return;
	}
	log_line(LOG_PRI(imsg_get_id(imsg)), ibuf_data(&buf));
}

static void
set_verbose(int32_t verbose)
{
	enum role	 role;

	verbose = verbose != 0;
	log_setverbose(verbose);
	for (role = ROLE_PRIV; role < ROLE_MAX; role++)
		channel_send(&children[role].ch, IMSG_VERBOSE, 0, -1, &verbose,
		    sizeof(verbose));
}

/*
 * The daemon is whole or not at all: without one process the others cannot
 * keep their promises.  The VMs' network stays as it is.
 */
static void
child_gone(struct channel *ch)
{
	const struct timespec	 tick = { 0, 10 * 1000 * 1000 };

	/* The first to end takes the others along: see who it was. */
	ch->peer = NULL;
	nanosleep(&tick, NULL);
	if (children_reap() == 0)
		log_crit("a process has ended: stopping; the network of "
		    "running VMs stays as it is");
	parent_stop(1);
}

static __dead void
parent_stop(int status)
{
	enum role	 role;

	for (role = ROLE_PRIV; role < ROLE_MAX; role++)
		channel_close(&children[role].ch);
	if (children_wait() != 0)
		status = 1;
	if (journal_commit(journal, 1) == -1)
		log_warnx("%s", journal_error(journal));
	journal_close(journal);
	exit(status);
}

/* Those that have ended otherwise than in order; each is said once. */
static int
children_reap(void)
{
	enum role	 role;
	int		 status, bad = 0;

	for (role = ROLE_PRIV; role < ROLE_MAX; role++) {
		if (children[role].pid == 0 || waitpid(children[role].pid,
		    &status, WNOHANG) <= 0)
			continue;
		children[role].pid = 0;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			continue;
		bad++;
		if (WIFSIGNALED(status))
			log_crit("%s terminated by signal %d: stopping; the "
			    "network of running VMs stays as it is",
			    role_name(role), WTERMSIG(status));
		else
			log_crit("%s has failed: stopping; the network of "
			    "running VMs stays as it is", role_name(role));
	}
	return bad;
}

/*
 * Wait for all; the number of those that did not end in order.  To close the
 * packet descriptors of many taps takes Linux some 15 ms each: nobody has to
 * wait for that, as nothing else of the daemon is left by then.
 */
static int
children_wait(void)
{
	const struct timespec	 tick = { 0, 10 * 1000 * 1000 };
	enum role		 role;
	int			 bad = 0, left, ticks;

	for (ticks = STOP_PATIENCE * 100; ticks > 0; ticks--) {
		bad += children_reap();
		left = 0;
		for (role = ROLE_PRIV; role < ROLE_MAX; role++)
			left += children[role].pid != 0;
		if (left == 0)
			return bad;
		nanosleep(&tick, NULL);
	}
	log_info("%d process%s not ended yet", left,
	    left == 1 ? " has" : "es have");
	return bad;
}

/*
 * Reload: parse, then priv, then the engine, so that whatever the engine
 * asks for by the new configuration finds priv knowing it.
 */
static void
reload(uint32_t client)
{
	struct conf	*new;

	if (reloading.conf != NULL) {
		if (client == 0)
			reloading.again = true;
		else {
			reload_report(&client, "a reload is under way");
			reload_done(client, 0);
		}
		return;
	}
	new = parse_config(opts.conffile, reload_report,
	    client == 0 ? NULL : &client);
	if (new == NULL) {
		log_refused("%s: not reloaded, the old configuration goes on",
		    opts.conffile);
		reload_done(client, 0);
		return;
	}
	reloading.conf = new;
	reloading.client = client;
	reloading.at = ROLE_PRIV;
	conf_send(&children[ROLE_PRIV].ch, new, true);
}

/*
 * One mistake in the configuration: for the log, and for who asked.  Clients
 * get to see them all, and may ask again and again.
 */
static void
reload_report(void *arg, const char *message)
{
	uint32_t	*client = arg;

	if (client == NULL) {
		log_warnx("%s", message);
		return;
	}
	log_refused("%s", message);
	channel_send(&children[ROLE_FRONTEND].ch, IMSG_RELOAD_ERROR, *client,
	    -1, message, strlen(message) + 1);
}

static void
reload_done(uint32_t client, int32_t ok)
{
	if (client != 0)
		channel_send(&children[ROLE_FRONTEND].ch, IMSG_RELOAD_DONE,
		    client, -1, &ok, sizeof(ok));
}

static void
conf_done(struct channel *ch)
{
	struct batch	 all = { &children[ROLE_ENGINE].ch, NULL };

	if (reloading.conf == NULL ||
	    ch != &children[reloading.at].ch) {
		log_refused("%s sent an answer to no reload: ignored",
		    ch->peer);
		return;
	}
	if (reloading.at == ROLE_PRIV) {
		reloading.at = ROLE_ENGINE;
		conf_send(&children[ROLE_ENGINE].ch, reloading.conf,
		    false);
		if (!started) {
			journal_each(journal, send_lease, &all);
			send_batch(&all);
			channel_send(&children[ROLE_ENGINE].ch,
			    IMSG_LEASES_END, 0, -1, NULL, 0);
			started = true;
		}
		return;
	}
	if (conf != reloading.conf) {
		conf_free(conf);
		conf = reloading.conf;
		log_info("%s: reloaded", opts.conffile);
	}
	/* Nobody is answered before all is known; until then they wait. */
	if (control_socket != -1) {
		channel_send(&children[ROLE_FRONTEND].ch,
		    IMSG_CONTROL_SOCKET, 0, control_socket, NULL, 0);
		control_socket = -1;
	}
	reloading.conf = NULL;
	keep_rules();
	reload_done(reloading.client, 1);
	if (reloading.again) {
		reloading.again = false;
		reload(0);
	}
}

/*
 * The packet filter does not take the rules: the configuration is refused as
 * if it could not be parsed, and without one the daemon does not start.
 */
static void
conf_refused(struct channel *ch, struct imsg *imsg)
{
	struct ibuf	 buf;
	uint32_t	*client = NULL;
	char		*line, *rest, *text;

	if (reloading.conf == NULL || reloading.at != ROLE_PRIV ||
	    imsg_get_ibuf(imsg, &buf) == -1 ||
	    !message_string(ibuf_data(&buf), ibuf_size(&buf))) {
		log_refused("%s sent a malformed refusal: ignored", ch->peer);
		return;
	}
	if ((text = rest = strdup(ibuf_data(&buf))) == NULL)
		fatal("reload");
	if (reloading.client != 0)
		client = &reloading.client;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			reload_report(client, line);
	free(text);
	if (reloading.conf == conf) {
		log_crit("the packet filter refuses the rules: stopping");
		parent_stop(1);
	}
	conf_free(reloading.conf);
	reloading.conf = NULL;
	reload_done(reloading.client, 0);
	if (reloading.again) {
		reloading.again = false;
		reload(0);
	}
}

/*
 * At securelevel 2, which is raised before this daemon starts, no rules can
 * be loaded: pf.conf can load them from the file that was kept.
 */
static void
keep_rules(void)
{
	struct rules_text	 text = { 0 };
	char			 path[PATH_MAX], new[PATH_MAX + 4];

	if (kernel_traits.rules_file == NULL)
		return;
	snprintf(path, sizeof(path), "%s/%s", lease_dir(),
	    kernel_traits.rules_file);
	snprintf(new, sizeof(new), "%s.new", path);
	if (kernel_filter_text(&text, conf) == -1 ||
	    keep_text(path, new, text.text, text.len) == -1)
		log_warn("%s", path);
	rules_text_clear(&text);
}

static int
keep_text(const char *path, const char *new, const char *text, size_t len)
{
	int	 fd;

	if ((fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600)) == -1)
		return -1;
	if (write(fd, text, len) != (ssize_t)len || fsync(fd) == -1) {
		close(fd);
		return -1;
	}
	close(fd);
	return rename(new, path);
}

/*
 * What a running VM may have from an earlier configuration: priv, too, is to
 * leave it that.
 */
static void
send_kept(void *arg, const struct lease_record *record)
{
	if (store_fits(conf, record) != NULL)
		send_lease(arg, record);
}

/* As many in a message as there is room for. */
static void
send_lease(void *arg, const struct lease_record *record)
{
	struct batch	*batch = arg;

	if (batch->buf == NULL && (batch->buf = ibuf_open(MAX_IMSGSIZE -
	    IMSG_HEADER_SIZE)) == NULL)
		fatal("leases");
	if (lease_pack(batch->buf, record) == -1)
		fatal("lease of %s", record->vm);
	if (ibuf_left(batch->buf) < LEASE_MAXPACK)
		send_batch(batch);
}

static void
send_batch(struct batch *batch)
{
	if (batch->buf != NULL)
		channel_send_ibuf(batch->ch, IMSG_LEASES, batch->buf);
	batch->buf = NULL;
}

/*
 * Records come in bursts when VMs do.  They are queued as they arrive and
 * written and synced together when the channel is drained.
 */
static void
store(struct channel *ch, struct imsg *imsg)
{
	struct msg_store	 msg;
	uint32_t		*seq;
	size_t			 size;

	if (!message_get(ch, imsg, &msg, sizeof(msg)))
		return;
	if (store_put(&msg) == -1)
		return;
	if (msg.op != LEASE_STORE) {
		pending.notes = true;
		return;
	}
	if (pending.count == pending.size) {
		size = pending.size == 0 ? 64 : pending.size * 2;
		seq = reallocarray(pending.seq, size, sizeof(*seq));
		if (seq == NULL)
			fatal("lease file");
		pending.seq = seq;
		pending.size = size;
	}
	pending.seq[pending.count++] = msg.seq;
}

/* Queue one record, or refuse it and answer so. */
static int
store_put(const struct msg_store *msg)
{
	const struct lease_record	*record = &msg->record;
	const char			*error = NULL;

	if (!message_string(record->vm, sizeof(record->vm)) ||
	    !message_string(record->pool, sizeof(record->pool)) ||
	    !message_string(record->hostname, sizeof(record->hostname)))
		error = "text without an end";
	else if (msg->op == LEASE_FORGET) {
		if (journal_forget(journal, record->vm, record->ifn) == -1)
			error = journal_error(journal);
	} else {
		error = store_check(msg->op, record);
		if (error == NULL && journal_put(journal, record) == -1)
			error = journal_error(journal);
	}
	if (error == NULL)
		return 0;
	log_refused("lease record from the engine refused: %s", error);
	if (msg->op == LEASE_STORE)
		store_answer(msg->seq, error);
	return -1;
}

/*
 * A new binding must have its place in the configuration; while a new one is
 * on its way, in either.
 */
static const char *
store_check(uint32_t op, const struct lease_record *record)
{
	const char	*error;

	if (op == LEASE_NOTE)
		return store_note_check(record);
	if (op != LEASE_STORE)
		return "unknown operation";
	error = store_fits(conf, record);
	if (error != NULL && reloading.conf != NULL && reloading.conf != conf)
		error = store_fits(reloading.conf, record);
	return error;
}

/* A note leaves the binding as it is; its pool may have a new name. */
static const char *
store_note_check(const struct lease_record *record)
{
	const struct conf_pool	*pool;
	struct lease_record	 old;
	const char		*error = "unknown pool";

	if (journal_find(journal, record->vm, record->ifn, &old) == -1 ||
	    old.subnet != record->subnet || old.plen != record->plen ||
	    old.guest != record->guest)
		return "a note changes the binding";
	if (strcmp(old.pool, record->pool) == 0)
		return NULL;
	if ((pool = conf_find_pool(conf, record->pool)) != NULL)
		error = store_fits_pool(pool, record);
	if (error != NULL && reloading.conf != NULL &&
	    (pool = conf_find_pool(reloading.conf, record->pool)) != NULL)
		error = store_fits_pool(pool, record);
	return error;
}

/* What this configuration gives this VM interface, and no other. */
static const char *
store_fits(const struct conf *c, const struct lease_record *record)
{
	const struct prefix	 subnet = { record->subnet, record->plen };
	struct conf_match	 match;
	const char		*error;

	if (conf_find_pool(c, record->pool) == NULL)
		return "unknown pool";
	conf_match(c, record->vm, record->ifn, &match);
	if (match.ignore)
		return "the VM is to be ignored";
	if (match.pool == NULL || strcmp(match.pool->name, record->pool) != 0)
		return "the pool is not for it";
	if ((error = store_fits_pool(match.pool, record)) != NULL)
		return error;
	if (match.address != 0)
		return record->guest == match.address ? NULL :
		    "not its configured address";
	if (record->guest != subnet_guest(&subnet))
		return "not the guest address of its subnet";
	if (conf_reserved(c, match.pool, &subnet))
		return "the configured address of another VM";
	return NULL;
}

static const char *
store_fits_pool(const struct conf_pool *cp, const struct lease_record *record)
{
	const struct prefix	 subnet = { record->subnet, record->plen };
	struct pool		*pool;
	bool			 fits;

	pool = pool_new(&cp->inet, cp->subnet, cp->exclude, cp->nexclude);
	if (pool == NULL)
		fatal("pool %s", cp->name);
	fits = pool_contains(pool, &subnet);
	pool_free(pool);
	return fits ? NULL : "subnet outside its pool";
}


/* Durable, or why not. */
static void
store_answer(uint32_t seq, const char *error)
{
	struct msg_stored	 msg;

	memset(&msg, 0, sizeof(msg));
	msg.seq = seq;
	msg.ok = error == NULL;
	if (error != NULL)
		strlcpy(msg.reason, error, sizeof(msg.reason));
	channel_send(&children[ROLE_ENGINE].ch, IMSG_STORED, 0, -1, &msg,
	    sizeof(msg));
}

static void
store_commit(struct channel *ch)
{
	const struct timeval	 later = { COMMIT_RETRY, 0 };
	const char		*error = NULL;
	size_t			 i;

	if (pending.count == 0 && !pending.notes)
		return;
	if (journal_commit(journal, pending.count > 0) == -1) {
		error = journal_error(journal);
		evtimer_add(&retry_ev, &later);
	}
	say_trouble(error);
	for (i = 0; i < pending.count; i++)
		store_answer(pending.seq[i], error);
	pending.count = 0;
	pending.notes = false;
}

/*
 * Each guest that asks for something makes us try again: say what is new, and
 * that it is over.
 */
static void
say_trouble(const char *error)
{
	static char	*said;

	if (error == NULL && said != NULL)
		log_info("%s: written again", opts.leasefile);
	else if (error != NULL && (said == NULL || strcmp(said, error) != 0))
		log_refused("%s", error);
	else
		return;
	free(said);
	said = NULL;
	if (error != NULL && (said = strdup(error)) == NULL)
		fatal("lease file");
}

static void
store_retry(int fd, short events, void *arg)
{
	pending.notes = true;
	store_commit(&children[ROLE_ENGINE].ch);
}

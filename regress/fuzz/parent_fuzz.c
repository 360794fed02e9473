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
 * The parent, with its lease file, between an engine that says what it likes,
 * a frontend and a priv.  The file is a real one, in memory; each byte of the
 * input is a step.
 *
 * What must hold whatever is said: a record gets into the file only if one of
 * the configurations gives that VM interface that subnet, and no two have
 * overlapping ones; a note leaves the binding; nobody but the engine changes
 * anything; each request to store has its one answer, and what was answered
 * with yes is found when the file is opened again.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <err.h>
#include <event.h>
#include <fcntl.h>
#include <imsg.h>
#include <limits.h>

#include "process.h"

static void	 out(struct channel *, uint32_t, uint32_t, int, const void *,
		    size_t);

/* What the parent says to the others comes here. */
#define channel_send	out
#define main		vmnetd_main
int		 vmnetd_main(int, char *[]);
#include "../../vmnetd/vmnetd.c"
#undef main
#undef channel_send

#include "process_fuzz.h"

#define NVMS		6
#define MAXRECORDS	64

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The processes that are not played here. */
void	 priv_main(void);
void	 frontend_main(void);
void	 engine_main(void);

static char			 conf_path[PATH_MAX], lease_path[PATH_MAX];
static struct lease_record	 records[MAXRECORDS], before[MAXRECORDS];
static size_t			 nrecords, nbefore;
static uint32_t			 next_seq, nwaiting;
static bool			 answered[1024];
static uint32_t			 nreloads;	/* of clients, not answered */

static const char *const vms[NVMS] = {
	"web", "db", "fixed", "shun", "other", "wiki"
};
static const char *const confs[] = {
	"default pool \"default\"\n"
	"pool \"default\" { inet 10.0.0.0/28 exclude { 10.0.0.8/31 } }\n"
	"pool \"backend\" { inet 10.1.0.0/27 subnet 29 }\n"
	"vm \"fixed\" { address 10.0.0.5 }\n"
	"vm \"shun\" { ignore }\n"
	"vm \"other\" { pool \"backend\" }\n",

	"default pool \"renamed\"\n"
	"pool \"renamed\" { inet 10.0.0.0/28 }\n"
	"vm \"web\" { address 10.0.0.7 }\n"
	"vm \"db\" { ignore }\n",

	"pool \"broken {\n"
};

void
priv_main(void)
{
}

void
frontend_main(void)
{
}

void
engine_main(void)
{
}

/* --- what the parent says -------------------------------------------------- */

static void
out_stored(const struct msg_stored *msg)
{
	must(message_string(msg->reason, sizeof(msg->reason)));
	if (msg->seq >= next_seq)
		return;			/* of what was garbage */
	must(!answered[msg->seq]);
	answered[msg->seq] = true;
	must(nwaiting-- > 0);
	must(msg->ok || msg->reason[0] != '\0');
}

static void
out(struct channel *ch, uint32_t type, uint32_t id, int fd, const void *data,
    size_t len)
{
	if (fd != -1)
		close(fd);
	switch (type) {
	case IMSG_STORED:
		must(ch == &children[ROLE_ENGINE].ch &&
		    len == sizeof(struct msg_stored));
		out_stored(data);
		break;
	case IMSG_RELOAD_ERROR:
		must(ch == &children[ROLE_FRONTEND].ch && len > 0 &&
		    ((const char *)data)[len - 1] == '\0');
		break;
	case IMSG_RELOAD_DONE:
		must(ch == &children[ROLE_FRONTEND].ch &&
		    len == sizeof(int32_t));
		must(nreloads-- > 0);
		break;
	default:
		must(type == IMSG_VERBOSE);
		break;
	}
}

/* A configuration goes to those whose turn it is; not before. */
void
conf_send(struct channel *ch, const struct conf *c, bool with_rules)
{
	must(c == reloading.conf && ch == &children[reloading.at].ch);
}

/* --- the lease file -------------------------------------------------------- */

static void
collect(void *arg, const struct lease_record *record)
{
	must(nrecords < MAXRECORDS);
	records[nrecords++] = *record;
}

static void
look_at_records(void)
{
	memcpy(before, records, sizeof(before));
	nbefore = nrecords;
	nrecords = 0;
	journal_each(journal, collect, NULL);
}

static bool
same_binding(const struct lease_record *a, const struct lease_record *b)
{
	return strcmp(a->vm, b->vm) == 0 && a->ifn == b->ifn &&
	    a->subnet == b->subnet && a->plen == b->plen &&
	    a->guest == b->guest;
}

/* By numbers that are written here again, not by the daemon's arithmetic. */
static bool
in_its_pool(const struct lease_record *r)
{
	const uint32_t	 offset = r->subnet & 15;

	if (strcmp(r->pool, "backend") == 0)
		return strcmp(r->vm, "other") == 0 && r->plen == 29 &&
		    r->subnet >> 5 == 0x0a010000 >> 5 && r->subnet % 8 == 0 &&
		    r->guest == r->subnet + 2;
	return r->plen == 31 && r->subnet - offset == 0x0a000000 &&
	    offset % 2 == 0 && offset != 0 && offset != 14 &&
	    r->guest == r->subnet + 1;
}

static void
check_record(const struct lease_record *r)
{
	must(message_string(r->vm, sizeof(r->vm)) &&
	    message_string(r->pool, sizeof(r->pool)) &&
	    message_string(r->hostname, sizeof(r->hostname)));
	must(in_its_pool(r));
	must(strcmp(r->pool, "default") != 0 || r->subnet != 0x0a000008);
}

/* Whose pool it is tells which configuration gave it. */
static void
check_new(const struct lease_record *r)
{
	if (strcmp(r->pool, "default") == 0) {
		must(strcmp(r->vm, "shun") != 0 && strcmp(r->vm, "other") != 0);
		must((strcmp(r->vm, "fixed") == 0 && r->ifn == 0) ==
		    (r->subnet == 0x0a000004));
	} else if (strcmp(r->pool, "renamed") == 0) {
		must(strcmp(r->vm, "db") != 0);
		must((strcmp(r->vm, "web") == 0 && r->ifn == 0) ==
		    (r->subnet == 0x0a000006));
	}
}

static void
check_records(bool may_bind)
{
	struct prefix	 a, b;
	size_t		 i, j;

	look_at_records();
	for (i = 0; i < nrecords; i++) {
		check_record(&records[i]);
		a.addr = records[i].subnet;
		a.len = records[i].plen;
		for (j = 0; j < i; j++) {
			b.addr = records[j].subnet;
			b.len = records[j].plen;
			must(strcmp(records[i].pool, records[j].pool) != 0 ||
			    !prefix_overlaps(&a, &b));
		}
		for (j = 0; j < nbefore; j++)
			if (same_binding(&records[i], &before[j]))
				break;
		must(may_bind || j < nbefore);
		if (j == nbefore)
			check_new(&records[i]);
	}
	must(may_bind || nrecords == nbefore);
}

/* --- what it hears --------------------------------------------------------- */

static void
from(enum role role, uint32_t type, const void *data, size_t len)
{
	hear(parent_dispatch, &children[role].ch, type, data, len, NULL, 0);
}

/* A record that is right for some VM, of which one thing may be wrong. */
static void
some_record(struct lease_record *r)
{
	uint8_t	 what = byte();

	memset(r, 0, sizeof(*r));
	strlcpy(r->vm, vms[what % NVMS], sizeof(r->vm));
	r->plen = what % NVMS == 4 ? 29 : 31;
	r->subnet = what % NVMS == 4 ? 0x0a010000 + byte() % 4 * 8 :
	    what % NVMS == 2 ? 0x0a000004 : 0x0a000000 + byte() % 8 * 2;
	r->guest = r->subnet + (r->plen == 29 ? 2 : 1);
	r->state = LEASE_READY;
	strlcpy(r->pool, what % NVMS == 4 ? "backend" : conf_find_pool(conf,
	    "renamed") != NULL ? "renamed" : "default", sizeof(r->pool));
	switch (what / NVMS % 16) {
	case 0:
		r->subnet = word();
		break;
	case 1:
		r->plen = byte();
		break;
	case 2:
		r->guest ^= byte();
		break;
	case 3:
		strlcpy(r->pool, byte() % 2 == 0 ? "renamed" : "default",
		    sizeof(r->pool));
		break;
	case 4:
		r->ifn = byte();
		break;
	case 5:
		memset(r->vm, 'v', sizeof(r->vm));
		break;
	case 6:
		fill((uint8_t *)r, sizeof(*r), what);
		break;
	case 7:
		r->vm[byte() % 4] = byte();
		break;
	case 8:
		r->state = byte();
		break;
	case 9:
		memset(r->hostname, byte(), sizeof(r->hostname));
		break;
	case 10:
		r->has_lladdr = byte();
		break;
	case 11:
		r->since = (int64_t)((uint64_t)word() << 32);
		break;
	}
}

static void
step_store(void)
{
	struct msg_store	 msg;
	uint8_t			 what = byte();

	if (next_seq == sizeof(answered) / sizeof(answered[0]))
		return;
	memset(&msg, 0, sizeof(msg));
	some_record(&msg.record);
	msg.op = what < 0x90 ? LEASE_STORE : what < 0xc0 ? LEASE_NOTE :
	    what < 0xe0 ? LEASE_FORGET : what;
	msg.seq = next_seq;
	if (msg.op == LEASE_STORE) {
		answered[next_seq++] = false;
		nwaiting++;
	}
	from(ROLE_ENGINE, IMSG_STORE, &msg, sizeof(msg));
	check_records(msg.op == LEASE_STORE || msg.op == LEASE_FORGET);
	/* What is queued is synced when all that came has been taken. */
	if (what & 1) {
		store_commit(&children[ROLE_ENGINE].ch);
		must(nwaiting == 0);
	}
}

static void
put_conf(const char *text)
{
	int	 fd;

	if ((fd = open(conf_path, O_WRONLY | O_CREAT | O_TRUNC, 0600)) == -1 ||
	    write(fd, text, strlen(text)) == -1)
		err(1, "%s", conf_path);
	close(fd);
}

static void
step_reload(void)
{
	put_conf(confs[byte() % 3]);
	nreloads++;
	from(ROLE_FRONTEND, IMSG_RELOAD, NULL, 0);
}

static void
step_conf(void)
{
	static const char	 why[] = "line 1: bad\nline 2: worse";
	uint8_t			 what = byte();

	if (what < 0xe0)
		from(what % 2 == 0 ? ROLE_PRIV : ROLE_ENGINE, IMSG_CONF_DONE,
		    NULL, 0);
	else
		from(what % 2 == 0 ? ROLE_PRIV : ROLE_ENGINE,
		    IMSG_CONF_REFUSED, why, sizeof(why) - (what & 2) / 2);
}

/* Anything, from anybody. */
static void
step_garbage(void)
{
	static uint8_t	 buf[2048];
	uint32_t	 type = byte();
	enum role	 role = ROLE_PRIV + byte() % 3;
	size_t		 len = byte() * (byte() % 9);

	/* A reload that is asked for is answered, whoever asks. */
	if (role == ROLE_FRONTEND && type == IMSG_RELOAD)
		nreloads++;
	if (type == IMSG_STORE && len == sizeof(struct msg_store))
		len++;
	fill(buf, len, type);
	hear_fd(parent_dispatch, &children[role].ch, type, byte() % 4 == 0 ?
	    dup(STDERR_FILENO) : -1, buf, len, NULL, 0);
	check_records(false);
}

/* --- the beginning and the end --------------------------------------------- */

static void
end_files(void)
{
	unlink(lease_path);
	unlink(conf_path);
	*strrchr(conf_path, '/') = '\0';
	rmdir(conf_path);
}

static void
begin_files(void)
{
	char	 dir[] = "/dev/shm/parent_fuzz.XXXXXXXXXX";

	if (mkdtemp(dir) == NULL)
		err(1, "%s", dir);
	snprintf(conf_path, sizeof(conf_path), "%s/conf", dir);
	snprintf(lease_path, sizeof(lease_path), "%s/leases", dir);
	opts.conffile = conf_path;
	opts.leasefile = lease_path;
	atexit(end_files);
}

static void
open_journal(void)
{
	char	 why[256];

	if ((journal = journal_open(lease_path, why, sizeof(why))) == NULL)
		errx(1, "%s", why);
}

static void
begin(void)
{
	enum role	 role;

	if (lease_path[0] == '\0') {
		event_init();
		hear_init();
		begin_files();
		for (role = ROLE_PRIV; role < ROLE_MAX; role++)
			children[role].ch.peer = role_name(role);
		evtimer_set(&retry_ev, store_retry, NULL);
	}
	unlink(lease_path);
	open_journal();
	conf = make_conf(confs[0]);
	started = true;
	nrecords = next_seq = nwaiting = nreloads = 0;
}

/* What was promised is there, and nothing else. */
static void
end(void)
{
	left = 0;
	store_commit(&children[ROLE_ENGINE].ch);
	must(nwaiting == 0);
	must(nreloads == (reloading.conf != NULL && reloading.client != 0));
	look_at_records();
	/* As if it were killed now. */
	journal_close(journal);
	open_journal();
	look_at_records();
	must(nrecords == nbefore &&
	    memcmp(records, before, nrecords * sizeof(*records)) == 0);
	journal_close(journal);
	if (reloading.conf != conf)
		conf_free(reloading.conf);
	memset(&reloading, 0, sizeof(reloading));
	conf_free(conf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in = data;
	left = size;
	begin();
	while (left > 0) {
		switch (byte() % 8) {
		case 0:
			step_reload();
			break;
		case 1:
		case 2:
			step_conf();
			check_records(false);
			break;
		case 3:
			step_garbage();
			break;
		default:
			step_store();
			break;
		}
	}
	end();
	return 0;
}

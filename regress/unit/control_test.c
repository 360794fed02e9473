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
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <imsg.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"
#include "../limit.h"

/*
 * The control socket and clients that want all of it, of users that are who
 * the test says.
 */

static int	 test_peer(int, uid_t *, gid_t *);

#define getpeereid	test_peer
#include "../../vmnetd/control.c"
#undef getpeereid

#define ALICE		1000
#define BOB		1001
#define CAROL		1002

#define NPEERS		128

/* A client's end. */
struct peer {
	struct imsgbuf	 ibuf;
	uid_t		 uid;
	int		 fd;
	bool		 gone;		/* the daemon has closed it */
	int		 nread;
};

static struct peer	 peers[NPEERS];
static int		 npeers;
static struct sockaddr_un sun;
static uid_t		 next_uid;
static uid_t		 uids[NPEERS];		/* by the client's number */
static uint32_t		 first_id;
static int		 nasked;		/* of which the last is */
static uint32_t		 asked;

static int
test_peer(int fd, uid_t *uid, gid_t *gid)
{
	*uid = next_uid;
	*gid = 0;
	return 0;
}

static void
on_question(uint32_t id, enum ctl_type type, const struct ctl_request *req)
{
	nasked++;
	asked = id;
}

static void
on_count(uint32_t n)
{
	CHECK(n == nmonitors);
}

/* All that there is to do. */
static void
turn(void)
{
	int	 i;

	for (i = 0; i < 8; i++)
		event_loop(EVLOOP_NONBLOCK);
}

static struct peer *
join(uid_t uid)
{
	struct peer	*peer = &peers[npeers];

	memset(peer, 0, sizeof(*peer));
	if ((peer->fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
	    connect(peer->fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    fcntl(peer->fd, F_SETFL, O_NONBLOCK) == -1 ||
	    imsgbuf_init(&peer->ibuf, peer->fd) == -1)
		err(1, "connect");
	next_uid = peer->uid = uid;
	turn();
	if (npeers == 0)
		first_id = last_id;
	uids[npeers++] = uid;
	return peer;
}

static void
leave(struct peer *peer)
{
	imsgbuf_clear(&peer->ibuf);
	close(peer->fd);
	peer->fd = -1;
	turn();
}

static void
all_leave(void)
{
	int	 i;

	for (i = 0; i < npeers; i++)
		if (peers[i].fd != -1)
			leave(&peers[i]);
	CHECK_INT(nclients, 0);
	CHECK_INT(nmonitors, 0);
	npeers = nasked = 0;
	asked = 0;
	last_uid = 0;
}

static void
put(struct peer *peer, enum ctl_type type)
{
	struct ctl_request	 req;

	memset(&req, 0, sizeof(req));
	if (imsg_compose(&peer->ibuf, type, 0, 0, -1, &req, sizeof(req)) == -1)
		err(1, "request");
	(void)imsgbuf_write(&peer->ibuf);
}

static void
question(struct peer *peer)
{
	put(peer, CTL_SHOW_RULES);
	turn();
}

static void
receive(struct peer *peer)
{
	struct imsg	 imsg;
	ssize_t		 n;
	char		 c;

	while ((n = recv(peer->fd, &c, 1, MSG_PEEK)) == 1) {
		if (imsgbuf_read(&peer->ibuf) != 1)
			break;
		while (imsg_get(&peer->ibuf, &imsg) > 0) {
			peer->nread++;
			imsg_free(&imsg);
		}
	}
	if (n != -1 || errno != EAGAIN)
		peer->gone = true;
}

/* All that there is for it. */
static void
take(struct peer *peer)
{
	int	 before;

	do {
		before = peer->nread;
		receive(peer);
		turn();
	} while (!peer->gone && peer->nread > before);
}

static bool
is_gone(struct peer *peer)
{
	turn();
	take(peer);
	return peer->gone;
}

static void
finish(void)
{
	struct ctl_end	 end;

	memset(&end, 0, sizeof(end));
	end.ok = 1;
	control_send(asked, CTL_END, &end, sizeof(end));
	turn();
}

static void
lines(int n)
{
	static char	 line[200];

	while (n-- > 0)
		control_send(asked, CTL_RULE, line, sizeof(line));
}

static uid_t
whose(void)
{
	return uids[asked - first_id];
}

static void
test_one_at_a_time(void)
{
	struct peer	*peer[4];
	int		 i;

	for (i = 0; i < 4; i++) {
		peer[i] = join(ALICE);
		question(peer[i]);
	}
	CHECK_INT(nasked, 1);
	CHECK_INT(asked, first_id);
	/* Who goes away has not asked. */
	leave(peer[1]);
	leave(peer[2]);
	finish();
	CHECK_INT(nasked, 2);
	CHECK_INT(asked, first_id + 3);
	/* Or is not told, and all has its end nevertheless. */
	leave(peer[3]);
	lines(3);
	question(peer[0]);
	CHECK(!is_gone(peer[0]));
	CHECK_INT(nasked, 2);
	finish();
	CHECK_INT(nasked, 3);
	finish();
	CHECK(!is_gone(peer[0]));
	CHECK_INT(peer[0]->nread, 2);
	all_leave();
}

static void
test_turns(void)
{
	const uid_t	 come[] = { ALICE, ALICE, ALICE, BOB, BOB, CAROL, 0 };
	const uid_t	 served[] = { ALICE, 0, BOB, CAROL, ALICE, BOB, ALICE };
	size_t		 i;

	for (i = 0; i < 7; i++)
		question(join(come[i]));
	for (i = 0; i < 7; i++) {
		CHECK_INT(nasked, i + 1);
		CHECK_INT(whose(), served[i]);
		finish();
	}
	CHECK_INT(nasked, 7);
	all_leave();
}

/* Nobody asks again before it has read its answer. */
static void
test_greedy(void)
{
	struct peer	*peer = join(ALICE);

	question(peer);
	lines(5000);
	finish();
	CHECK(unread(ALICE) > 0);
	question(peer);
	CHECK_INT(nasked, 1);
	CHECK(is_gone(peer));
	all_leave();
}

static void
test_unread(void)
{
	struct peer	*deaf = join(ALICE), *alice = join(ALICE);

	question(deaf);
	lines(UNREAD_MAX * 2);
	finish();
	CHECK(unread(ALICE) > UNREAD_MAX);
	question(alice);
	CHECK_INT(nasked, 1);
	question(join(BOB));
	CHECK_INT(nasked, 2);
	CHECK_INT(whose(), BOB);
	finish();
	CHECK_INT(nasked, 2);
	take(deaf);
	CHECK(!deaf->gone);
	CHECK_INT(deaf->nread, UNREAD_MAX * 2 + 1);
	CHECK_INT(nasked, 3);
	CHECK_INT(whose(), ALICE);
	finish();
	all_leave();
}

/* A full house: of whoever has most who has been idle for longest. */
static void
test_room(void)
{
	struct peer	*first, *second, *bob, *root;
	int		 i;

	first = join(ALICE);
	bob = join(BOB);
	root = join(0);
	second = join(ALICE);
	for (i = 0; i < CLIENTS_MAX - 4; i++)
		join(ALICE);
	CHECK_INT(nclients, CLIENTS_MAX);
	question(first);
	finish();
	CHECK(!is_gone(second));
	join(CAROL);
	CHECK_INT(nclients, CLIENTS_MAX);
	CHECK(is_gone(second));
	CHECK(!is_gone(first));
	for (i = 0; i < 20; i++)
		join(ALICE);
	CHECK_INT(nclients, CLIENTS_MAX);
	CHECK(!is_gone(bob));
	CHECK(!is_gone(root));
	all_leave();
}

static void
test_root_stays(void)
{
	struct peer	*alice, *bob;
	int		 i;

	for (i = 0; i < CLIENTS_MAX; i++)
		join(0);
	alice = join(ALICE);
	CHECK(!is_gone(alice));
	bob = join(BOB);
	CHECK(is_gone(alice));
	CHECK(!is_gone(bob));
	for (i = 0; i < CLIENTS_MAX; i++)
		CHECK(!is_gone(&peers[i]));
	all_leave();
}

static void
events(int n)
{
	static struct ctl_event	 event;

	while (n-- > 0)
		control_send(0, CTL_EVENT, &event, sizeof(event));
	turn();
}

static size_t
all_unread(void)
{
	return unread(ALICE) + unread(BOB);
}

static void
test_monitors(void)
{
	struct peer	*deaf[4], *bob = join(BOB);
	int		 i, n, ngone = 0;

	put(bob, CTL_MONITOR);
	for (i = 0; i < 4; i++) {
		deaf[i] = join(ALICE);
		put(deaf[i], CTL_MONITOR);
		turn();
	}
	CHECK_INT(nmonitors, 5);
	for (n = 0; n < 10000; n += 10) {
		events(10);
		take(bob);
		if (!CHECK(all_unread() <= MONITOR_BACKLOG))
			break;
	}
	CHECK(!bob->gone);
	CHECK_INT(bob->nread, n);
	for (i = 0; i < 4; i++)
		ngone += is_gone(deaf[i]);
	CHECK_INT(ngone, 4);
	CHECK_INT(nmonitors, 1);
	all_leave();
}

/* --- who asks and asks, and has the others wait --------------------------- */

static int	 nagain;

static void
again(int fd, short events, void *arg)
{
	struct peer	*peer = arg;

	receive(peer);
	put(peer, CTL_RELEASE);
	if (++nagain == 10000)
		event_loopbreak();
}

static void
others(int fd, short events, void *arg)
{
	event_loopbreak();
}

/* Neither end ever has nothing to do. */
static void
test_hurry(void)
{
	const struct timeval	 soon = { 0, 0 };
	struct event		 again_ev, others_ev;
	struct peer		*peer = join(ALICE);

	event_set(&again_ev, peer->fd, EV_READ | EV_PERSIST, again, peer);
	event_priority_set(&again_ev, 0);
	event_add(&again_ev, NULL);
	put(peer, CTL_RELEASE);
	evtimer_set(&others_ev, others, NULL);
	evtimer_add(&others_ev, &soon);
	event_dispatch();
	CHECK(nagain < 100);
	CHECK_INT(nasked, 0);
	event_del(&again_ev);
	evtimer_del(&others_ev);
	all_leave();
}

int
main(void)
{
	char	 dir[] = "/tmp/control_test.XXXXXX";
	int	 fd;

	signal(SIGPIPE, SIG_IGN);
	/* Both ends of all connections are here; daemons have 128 at first. */
	raise_limit();
	event_init();
	event_priority_init(3);
	if (mkdtemp(dir) == NULL)
		err(1, "%s", dir);
	sun.sun_family = AF_UNIX;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/sock", dir);
	fd = control_socket(SOCK_NONBLOCK);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(fd, CONTROL_BACKLOG) == -1)
		err(1, "%s", sun.sun_path);
	control_init(fd, on_question, on_count);

	TEST(test_one_at_a_time());
	TEST(test_turns());
	TEST(test_greedy());
	TEST(test_unread());
	TEST(test_room());
	TEST(test_root_stays());
	TEST(test_monitors());
	TEST(test_hurry());

	control_close();
	unlink(sun.sun_path);
	rmdir(dir);
	return TEST_DONE("control");
}

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

#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "addr.h"
#include "frame.h"
#include "kernel.h"
#include "log.h"
#include "paths.h"
#include "system.h"
#include "test.h"

/*
 * The kernel as vmnetd sees it, on the kernel that runs here: taps of our
 * own are opened, changed and closed.
 */

#define HOST		0x0a4d0002	/* 10.77.0.2 */
#define PATIENCE	3000		/* ms, for what must come */
#define QUIET		50		/* ms, for what must not */

struct heard {
	uint32_t	 ifindex;
	int		 changed, departed, lost;
};

struct got {
	uint8_t		 buf[2048];
	size_t		 len;
	int		 flags;
	int		 n;
};

static void	 on_changed(uint32_t, void *);
static void	 on_departed(uint32_t, void *);
static void	 on_lost(void *);
static void	 on_frame(const uint8_t *, size_t, int, void *);
static bool	 listen_for(const int *, int);
static bool	 wait_look(uint32_t, struct interface *,
		    bool (*)(const struct interface *));
static bool	 has_link(const struct interface *);
static bool	 no_link(const struct interface *);
static bool	 has_address(const struct interface *, uint32_t, uint8_t);
static void	 find_one(const struct interface *, void *);
static size_t	 make_frame(uint8_t *, uint32_t, uint16_t, size_t);
static size_t	 make_answer(uint8_t *, const struct interface *);
static int	 packet_wait(int, struct got *, int);

static struct heard	 heard;
static int		 watch_fd;

static const struct kernel_watcher watcher = {
	.changed = on_changed,
	.departed = on_departed,
	.lost = on_lost,
	.arg = &heard
};

static void
on_changed(uint32_t ifindex, void *arg)
{
	struct heard	*h = arg;

	if (ifindex == h->ifindex)
		h->changed++;
}

static void
on_departed(uint32_t ifindex, void *arg)
{
	struct heard	*h = arg;

	if (ifindex == h->ifindex)
		h->departed++;
}

static void
on_lost(void *arg)
{
	struct heard	*h = arg;

	h->lost++;
}

/* Read events until the counter is not 0 any more. */
static bool
listen_for(const int *counter, int timeout)
{
	struct pollfd	 pfd = { watch_fd, POLLIN, 0 };

	while (*counter == 0 && poll(&pfd, 1, timeout) > 0)
		if (kernel_watch_read(&watcher) == -1)
			err(1, "kernel_watch_read");
	return *counter != 0;
}

static void
forget(uint32_t ifindex)
{
	static const int	 never;

	while (listen_for(&never, QUIET))
		;
	memset(&heard, 0, sizeof(heard));
	heard.ifindex = ifindex;
}

static bool
wait_look(uint32_t ifindex, struct interface *ifc,
    bool (*cond)(const struct interface *))
{
	int	 ms;

	for (ms = 0; ms < PATIENCE; ms += 10) {
		if (kernel_look(ifindex, ifc) == -1)
			return false;
		if (cond(ifc))
			return true;
		(void)poll(NULL, 0, 10);
	}
	return false;
}

static bool
has_link(const struct interface *ifc)
{
	return ifc->up && ifc->link;
}

static bool
no_link(const struct interface *ifc)
{
	return !ifc->link;
}

static bool
has_address(const struct interface *ifc, uint32_t addr, uint8_t len)
{
	size_t	 i;

	for (i = 0; i < ifc->naddr; i++)
		if (ifc->addr[i].addr == addr && ifc->addr[i].len == len)
			return true;
	return false;
}

struct found {
	struct interface	 want;
	int			 n, all, addresses, loopbacks;
};

static void
find_one(const struct interface *ifc, void *arg)
{
	struct found	*f = arg;
	size_t		 i;

	f->all++;
	if (strncmp(ifc->name, "lo", 2) == 0 && !ifc->tap)
		f->loopbacks++;
	if (ifc->index != f->want.index)
		return;
	f->n++;
	CHECK_STR(ifc->name, f->want.name);
	CHECK_STR(ifc->descr, f->want.descr);
	CHECK_INT(ifc->tap, f->want.tap);
	CHECK_INT(ifc->up, f->want.up);
	CHECK_INT(ifc->link, f->want.link);
	CHECK_INT(ifc->rdomain, f->want.rdomain);
	CHECK_MEM(ifc->lladdr, f->want.lladdr, LLADDR_LEN);
	CHECK_INT(ifc->naddr, f->want.naddr);
	for (i = 0; i < ifc->naddr; i++)
		f->addresses += has_address(ifc, HOST + 2 * i, 31);
}

static void
test_arrival(void)
{
	static const uint8_t	 none[LLADDR_LEN];
	struct interface	 ifc;
	char			 name[IF_NAMESIZE] = "", text[64];
	uint32_t		 ifindex;
	int			 fd;

	forget(0);
	fd = system_tap_open(name, false);
	ifindex = if_nametoindex(name);
	heard.ifindex = ifindex;
	CHECK(listen_for(&heard.changed, PATIENCE));
	CHECK_INT(heard.departed, 0);
	CHECK_INT(heard.lost, 0);

	CHECK_INT(kernel_look(ifindex, &ifc), 0);
	CHECK_INT(ifc.index, ifindex);
	CHECK_STR(ifc.name, name);
	CHECK_STR(ifc.descr, "");
	CHECK(ifc.tap);
	CHECK_INT(ifc.up, !kernel_traits.taps_need_up);
	CHECK_INT(ifc.naddr, 0);
	CHECK_INT(ifc.master, 0);
	CHECK_INT(ifc.rdomain, 0);
	CHECK(memcmp(ifc.lladdr, none, LLADDR_LEN) != 0);

	system_describe(name, "vm1-if0-vm0");
	CHECK_INT(kernel_look(ifindex, &ifc), 0);
	CHECK_STR(ifc.descr, "vm1-if0-vm0");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	system_describe(name, text);
	CHECK_INT(kernel_look(ifindex, &ifc), 0);
	CHECK_STR(ifc.descr, text);

	if (kernel_traits.taps_need_up)
		CHECK_INT(kernel_tap_up(&ifc), 0);
	CHECK(wait_look(ifindex, &ifc, has_link));
	CHECK_INT(kernel_tap_join(&ifc), 0);
	CHECK_INT(kernel_tap_join(&ifc), 0);

	forget(ifindex);
	close(fd);
	CHECK(listen_for(&heard.departed, PATIENCE));
	errno = 0;
	CHECK_INT(kernel_look(ifindex, &ifc), -1);
	CHECK_INT(errno, ENXIO);
	CHECK_INT(kernel_look_priv(ifindex, &ifc), -1);
	CHECK_INT(errno, ENXIO);
}

static void
test_stay(void)
{
	struct interface	 ifc;
	char			 name[IF_NAMESIZE] = "";
	uint32_t		 ifindex;
	int			 fd;

	fd = system_tap_open(name, true);
	ifindex = if_nametoindex(name);
	system_describe(name, "vm7-if1-a.vm");
	CHECK_INT(kernel_look(ifindex, &ifc), 0);
	if (kernel_traits.taps_need_up)
		CHECK_INT(kernel_tap_up(&ifc), 0);
	CHECK(wait_look(ifindex, &ifc, has_link));
	/* Whoever is there is not to be forgotten. */
	CHECK_INT(kernel_tap_vacate(&ifc), 0);
	CHECK_INT(kernel_look(ifindex, &ifc), 0);
	CHECK_STR(ifc.descr, "vm7-if1-a.vm");

	forget(ifindex);
	close(fd);
	CHECK(listen_for(&heard.changed, PATIENCE));
	CHECK_INT(heard.departed, 0);
	CHECK(wait_look(ifindex, &ifc, no_link));
	CHECK_INT(kernel_tap_vacate(&ifc), 0);
	CHECK_INT(kernel_look(ifindex, &ifc), 0);
	if (kernel_traits.descr_silent)
		CHECK_STR(ifc.descr, "");

	/* The next VM. */
	forget(ifindex);
	fd = system_tap_open(name, true);
	CHECK_INT(if_nametoindex(name), ifindex);
	CHECK(listen_for(&heard.changed, PATIENCE));
	CHECK(wait_look(ifindex, &ifc, has_link));

	forget(ifindex);
	close(fd);
	system_tap_remove(name);
	CHECK(listen_for(&heard.departed, PATIENCE));
}

static void
test_addresses(void)
{
	const struct prefix	 small = { HOST, 31 };
	const struct prefix	 wide = { HOST + 256, 24 };
	struct found		 found;
	struct interface	 ifc;
	struct prefix		 addr;
	char			 name[IF_NAMESIZE] = "";
	uint32_t		 ifindex;
	int			 fd, i;

	fd = system_tap_open(name, false);
	ifindex = if_nametoindex(name);
	CHECK_INT(kernel_look_priv(ifindex, &ifc), 0);

	forget(ifindex);
	CHECK_INT(kernel_address_add(&ifc, &small), 0);
	CHECK(listen_for(&heard.changed, PATIENCE));
	CHECK_INT(kernel_look(ifindex, &ifc), 0);
	CHECK_INT(ifc.naddr, 1);
	CHECK(has_address(&ifc, HOST, 31));
	/* What is there is left as it is. */
	forget(ifindex);
	CHECK_INT(kernel_address_add(&ifc, &small), -1);
	CHECK_INT(errno, EEXIST);
	CHECK(!listen_for(&heard.changed, QUIET));

	CHECK_INT(kernel_address_add(&ifc, &wide), 0);
	CHECK_INT(kernel_look(ifindex, &ifc), 0);
	CHECK_INT(ifc.naddr, 2);
	CHECK(has_address(&ifc, HOST + 256, 24));
	/* The one that is named goes, not the first. */
	forget(ifindex);
	CHECK_INT(kernel_address_del(&ifc, &wide), 0);
	CHECK(listen_for(&heard.changed, PATIENCE));
	CHECK_INT(kernel_look(ifindex, &ifc), 0);
	CHECK_INT(ifc.naddr, 1);
	CHECK(has_address(&ifc, HOST, 31));
	CHECK_INT(kernel_address_del(&ifc, &wide), -1);
	CHECK_INT(errno, EADDRNOTAVAIL);
	CHECK_INT(kernel_look(ifindex, &ifc), 0);
	CHECK_INT(ifc.naddr, 1);

	for (i = 1; i < 40; i++) {
		addr.addr = HOST + 2 * i;
		addr.len = 31;
		CHECK_INT(kernel_address_add(&ifc, &addr), 0);
	}
	memset(&found, 0, sizeof(found));
	CHECK_INT(kernel_look(ifindex, &found.want), 0);
	CHECK_INT(found.want.naddr, 40);
	CHECK_INT(kernel_look_all(find_one, &found), 0);
	CHECK_INT(found.n, 1);
	CHECK_INT(found.addresses, 40);
	CHECK(found.loopbacks > 0);

	close(fd);
	(void)poll(NULL, 0, QUIET);
	CHECK_INT(kernel_address_add(&ifc, &wide), -1);
	CHECK_INT(errno, ENXIO);
	CHECK_INT(kernel_address_del(&ifc, &small), -1);
	CHECK_INT(errno, ENXIO);
}

static void
test_masters(void)
{
	struct interface	 ifc;
	char			 name[IF_NAMESIZE] = "";
	uint32_t		 ifindex;
	int			 fd;

	fd = system_tap_open(name, false);
	ifindex = if_nametoindex(name);
	system_bridge(name);
	CHECK_INT(kernel_look_priv(ifindex, &ifc), 0);
	CHECK(ifc.master != 0);
	CHECK_INT(ifc.rdomain, 0);
	forget(ifindex);
	system_unbridge();
	/* It left the bridge: no departure. */
	(void)listen_for(&heard.departed, QUIET);
	CHECK_INT(heard.departed, 0);
	CHECK_INT(kernel_look_priv(ifindex, &ifc), 0);
	CHECK_INT(ifc.master, 0);

	if (system_set_rdomain(name, 77) == -1)
		printf("kernel: skipped: this kernel has no rdomains\n");
	else {
		CHECK_INT(kernel_look_priv(ifindex, &ifc), 0);
		CHECK_INT(ifc.rdomain, 77);
		CHECK_INT(ifc.master, 0);
		system_set_rdomain(name, 0);
		CHECK_INT(kernel_look(ifindex, &ifc), 0);
		CHECK_INT(ifc.rdomain, 0);
	}
	close(fd);
}

/* A DHCP client's broadcast, or what the arguments make of it. */
static size_t
make_frame(uint8_t *buf, uint32_t dst, uint16_t dport, size_t len)
{
	struct frame	 f;
	static uint8_t	 data[2000];
	uint8_t		 out[FRAME_MAX];

	memset(&f, 0, sizeof(f));
	memset(f.dst, 0xff, LLADDR_LEN);
	memcpy(f.src, "\xfe\xe1\xbb\xd1\x00\x01", LLADDR_LEN);
	f.ip_dst = dst;
	f.sport = 68;
	f.dport = dport;
	f.data = data;
	f.len = len;
	len = frame_build(&f, out, sizeof(out));
	memcpy(buf, out, len);
	return len;
}

/* The server's answer on this tap. */
static size_t
make_answer(uint8_t *buf, const struct interface *ifc)
{
	struct frame	 f;
	uint8_t		 data[300];

	memset(data, 'd', sizeof(data));
	memset(&f, 0, sizeof(f));
	memcpy(f.dst, "\xfe\xe1\xbb\xd1\x00\x01", LLADDR_LEN);
	memcpy(f.src, ifc->lladdr, LLADDR_LEN);
	f.ip_src = HOST;
	f.ip_dst = HOST + 1;
	f.sport = 67;
	f.dport = 68;
	f.data = data;
	f.len = sizeof(data);
	return frame_build(&f, buf, FRAME_MAX);
}

static void
on_frame(const uint8_t *frame, size_t len, int flags, void *arg)
{
	struct got	*got = arg;

	memcpy(got->buf, frame, len < sizeof(got->buf) ? len :
	    sizeof(got->buf));
	got->len = len;
	got->flags = flags;
	got->n++;
}

/* Frames read until so many have come or nothing comes any more. */
static int
packet_wait(int fd, struct got *got, int want)
{
	struct pollfd	 pfd = { fd, POLLIN, 0 };
	int		 n;

	got->n = 0;
	while (got->n <= want &&
	    poll(&pfd, 1, got->n < want ? PATIENCE : QUIET) > 0) {
		if ((n = kernel_packet_read(fd, on_frame, got)) == -1)
			return -1;
		if (n == 0 && got->n == want)
			break;
	}
	return got->n;
}

static void
insert(uint8_t *buf, size_t at, size_t *len, const char *what, size_t n)
{
	memmove(buf + at + n, buf + at, *len - at);
	memcpy(buf + at, what, n);
	*len += n;
}

/* Each frame of the guest: is it taken? */
static void
test_filter(int tap, int fd)
{
	static const struct {
		const char	*name;
		uint32_t	 dst;
		uint16_t	 dport;
		size_t		 at;	/* then this is put there, */
		size_t		 n;
		const char	*bytes;
		bool		 insert;
		bool		 taken;
		enum drop	 drop;
	} cases[] = {
		{ "broadcast", 0xffffffff, 67, 0, 0, "", false, true,
		    DROP_NONE },
		{ "to host", HOST, 67, 0, 0, "", false, true, DROP_NONE },
		{ "to guest", HOST + 1, 67, 0, 0, "", false, false, 0 },
		{ "subnet broadcast", HOST | 0xff, 67, 0, 0, "", false, false,
		    0 },
		{ "port 68", 0xffffffff, 68, 0, 0, "", false, false, 0 },
		{ "port 53 of host", HOST, 53, 0, 0, "", false, false, 0 },
		{ "ARP", 0xffffffff, 67, 12, 2, "\x08\x06", false, false, 0 },
		{ "IPv6", 0xffffffff, 67, 12, 2, "\x86\xdd", false, false,
		    0 },
		{ "version 6", 0xffffffff, 67, 14, 1, "\x65", false, false,
		    0 },
		{ "TCP", HOST, 67, 23, 1, "\x06", false, false, 0 },
		{ "first fragment", 0xffffffff, 67, 20, 2, "\x20\x00", false,
		    true, DROP_IP_CHECKSUM },
		{ "later fragment", 0xffffffff, 67, 20, 2, "\x00\x01", false,
		    false, 0 },
		{ "last fragment", 0xffffffff, 67, 20, 2, "\x10\x00", false,
		    false, 0 },
		{ "options", 0xffffffff, 67, 34, 4, "\1\1\1\1", true,
		    false, 0 },
		{ "tag", 0xffffffff, 67, 12, 4, "\x81\x00\x00\x05", true,
		    true, DROP_VLAN },
		{ "service tag", HOST, 67, 12, 4, "\x88\xa8\x00\x05", true,
		    true, DROP_VLAN },
		{ "tag, to guest", HOST + 1, 67, 12, 4, "\x81\x00\x00\x05",
		    true, false, 0 },
		{ "tag, port 68", HOST, 68, 12, 4, "\x81\x00\x00\x05", true,
		    false, 0 },
		{ "tag, ARP", HOST, 67, 12, 6, "\x81\x00\x00\x05\x08\x06",
		    true, false, 0 },
	};
	struct frame	 f;
	struct got	 got;
	uint8_t		 buf[2048];
	size_t		 i, len;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		len = make_frame(buf, cases[i].dst, cases[i].dport, 300);
		if (cases[i].insert)
			insert(buf, cases[i].at, &len, cases[i].bytes,
			    cases[i].n);
		else
			memcpy(buf + cases[i].at, cases[i].bytes, cases[i].n);
		if (!CHECK_INT(write(tap, buf, len), len) ||
		    !CHECK_INT(packet_wait(fd, &got, cases[i].taken),
		    cases[i].taken))
			printf("\tcase: %s\n", cases[i].name);
		else if (cases[i].taken && !CHECK_INT(frame_parse(&f, got.buf,
		    got.len, got.flags), cases[i].drop))
			printf("\tcase: %s\n", cases[i].name);
	}

	/* With options, the port is where the header says that it ends. */
	len = make_frame(buf, HOST, 67, 300);
	insert(buf, 34, &len, "\1\1\1\1", 4);
	buf[14] = 0x46;
	CHECK_INT(write(tap, buf, len), len);
	CHECK_INT(packet_wait(fd, &got, 1), 1);
	/* Cut short anywhere before the port: not one of ours. */
	len = make_frame(buf, HOST, 67, 300);
	for (i = 14; i <= 37; i++)
		CHECK_INT(write(tap, buf, i), i);
	CHECK_INT(packet_wait(fd, &got, 0), 0);
}

static void
test_contents(int tap, int fd)
{
	struct got	 got;
	uint8_t		 buf[2048];
	size_t		 len;
	int		 i, sent;

	len = make_frame(buf, 0xffffffff, 67, 548);
	CHECK_INT(write(tap, buf, len), len);
	CHECK_INT(packet_wait(fd, &got, 1), 1);
	CHECK_INT(got.len, len);
	CHECK_MEM(got.buf, buf, len);
	CHECK_INT(got.flags, 0);
	len = make_frame(buf, 0xffffffff, 67, FRAME_MAX - FRAME_HDRLEN);
	CHECK_INT(len, FRAME_MAX);
	CHECK_INT(write(tap, buf, len), len);
	CHECK_INT(packet_wait(fd, &got, 1), 1);
	CHECK_INT(got.len, len);
	CHECK_MEM(got.buf, buf, len);

	for (i = 0; i < 16; i++) {
		len = make_frame(buf, 0xffffffff, 67, 300 + i);
		CHECK_INT(write(tap, buf, len), len);
	}
	CHECK_INT(packet_wait(fd, &got, 16), 16);
	CHECK_INT(got.len, len);
	CHECK_INT(kernel_packet_read(fd, on_frame, &got), 0);
	/* A flood does not grow without bounds, nor end the reading. */
	for (i = sent = 0; i < 2000; i++)
		sent += write(tap, buf, len) == (ssize_t)len;
	CHECK(sent > 0);
	CHECK(packet_wait(fd, &got, 10000) < 1000);
	CHECK_INT(write(tap, buf, len), len);
	CHECK_INT(packet_wait(fd, &got, 1), 1);
}

/* What the server says reaches this guest and nobody else. */
static void
test_answer(int tap, int fd, const struct interface *ifc)
{
	struct pollfd	 pfd = { tap, POLLIN, 0 };
	struct got	 got;
	uint8_t		 buf[2048], seen[2048];
	size_t		 len;
	ssize_t		 n = -1;

	len = make_answer(buf, ifc);
	CHECK_INT(kernel_packet_write(fd, buf, len), 0);
	/* The host's own chatter on a new link is there as well. */
	while (poll(&pfd, 1, PATIENCE) > 0)
		if ((n = read(tap, seen, sizeof(seen))) == (ssize_t)len &&
		    memcmp(seen, buf, 6) == 0)
			break;
	CHECK_INT(n, len);
	CHECK_MEM(seen, buf, len);

	/* Were it to say what a client says, it would not hear itself. */
	len = make_frame(buf, 0xffffffff, 67, 300);
	(void)kernel_packet_write(fd, buf, len);
	CHECK_INT(packet_wait(fd, &got, 0), 0);
}

static void
test_packets(void)
{
	struct interface	 one, two, old;
	struct got		 got;
	char			 name1[IF_NAMESIZE] = "";
	char			 name2[IF_NAMESIZE] = "";
	uint8_t			 buf[2048];
	size_t			 len;
	int			 fd1, fd2, ms, tap1, tap2;

	tap1 = system_tap_open(name1, false);
	tap2 = system_tap_open(name2, false);
	CHECK_INT(kernel_look(if_nametoindex(name1), &one), 0);
	CHECK_INT(kernel_look(if_nametoindex(name2), &two), 0);
	if (kernel_traits.taps_need_up) {
		CHECK_INT(kernel_tap_up(&one), 0);
		CHECK_INT(kernel_tap_up(&two), 0);
	}
	if (!CHECK((fd1 = kernel_packet_open(&one, HOST)) != -1) ||
	    !CHECK((fd2 = kernel_packet_open(&two, HOST + 2)) != -1))
		return;
	CHECK_INT(fcntl(fd1, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	CHECK_INT(fcntl(fd1, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	CHECK_INT(kernel_packet_read(fd1, on_frame, &got), 0);

	test_filter(tap1, fd1);
	test_contents(tap1, fd1);
	test_answer(tap1, fd1, &one);
	/* Each hears its own tap. */
	len = make_frame(buf, 0xffffffff, 67, 300);
	CHECK_INT(write(tap2, buf, len), len);
	CHECK_INT(packet_wait(fd1, &got, 0), 0);
	CHECK_INT(packet_wait(fd2, &got, 1), 1);

	/* The name comes again with another index. */
	old = one;
	close(tap1);
	for (ms = 0; ms < PATIENCE && kernel_packet_read(fd1, on_frame,
	    &got) != -1; ms += 10)
		(void)poll(NULL, 0, 10);
	CHECK(ms < PATIENCE);
	CHECK_INT(kernel_packet_write(fd1, buf, len), -1);
	close(fd1);
	CHECK_INT(kernel_packet_open(&old, HOST), -1);
	CHECK_INT(errno, ENXIO);
	tap1 = system_tap_open(name1, false);
	if (if_nametoindex(name1) != old.index) {
		CHECK_INT(kernel_packet_open(&old, HOST), -1);
		CHECK_INT(errno, ENXIO);
	}
	close(tap1);
	close(tap2);
	close(fd2);
}

/* More events than the socket holds. */
static void
test_lost(void)
{
	const int		 size = 4096;
	struct interface	 ifc;
	struct prefix		 addr = { HOST, 31 };
	char			 name[IF_NAMESIZE] = "";
	int			 big, fd, i;
	socklen_t		 len = sizeof(big);

	CHECK_INT(getsockopt(watch_fd, SOL_SOCKET, SO_RCVBUF, &big, &len), 0);
	CHECK(big >= 65536);
	CHECK_INT(setsockopt(watch_fd, SOL_SOCKET, SO_RCVBUF, &size,
	    sizeof(size)), 0);
	fd = system_tap_open(name, false);
	CHECK_INT(kernel_look(if_nametoindex(name), &ifc), 0);
	forget(0);
	for (i = 0; i < 100; i++) {
		(void)kernel_address_add(&ifc, &addr);
		(void)kernel_address_del(&ifc, &addr);
	}
	CHECK(listen_for(&heard.lost, PATIENCE));
	/* And it goes on. */
	forget(ifc.index);
	close(fd);
	CHECK(listen_for(&heard.departed, PATIENCE));
	CHECK_INT(setsockopt(watch_fd, SOL_SOCKET, SO_RCVBUF, &big,
	    sizeof(big)), 0);
}

/* --- confinement --------------------------------------------------------- */

enum attempt {
	WORK,		/* what the role is there for */
	OPEN_FILE,
	OPEN_SOCKET,
	REBIND,		/* packet descriptor to something else */
	NAMED_SEND,	/* a frame to an interface that is named */
	EXECUTE,
	FORK,
	BECOME_ROOT,
	CHANGE_ADDRESS,
	ATTEMPTS
};

static const char *const attempt_names[ATTEMPTS] = {
	"its work", "open a file", "open a socket", "bind a packet socket",
	"send with an address", "execute", "fork", "become root",
	"set an address"
};

/* 0: done what it is there for, as the frontend or priv. */
static int
work(enum role role, const struct interface *tap, int tapfd, int fd)
{
	struct prefix		 addr = { HOST + 512, 31 };
	struct interface	 ifc;
	struct got		 got;
	struct found		 found;
	uint8_t			 buf[2048];
	size_t			 len;

	if (role == ROLE_PRIV) {
		if (kernel_look_priv(tap->index, &ifc) == -1 ||
		    kernel_tap_join(tap) == -1 ||
		    kernel_address_add(tap, &addr) == -1 ||
		    kernel_address_del(tap, &addr) == -1 ||
		    (fd = kernel_packet_open(tap, HOST)) == -1)
			return -1;
		close(fd);
		return 0;
	}
	if (role == ROLE_ENGINE)
		return malloc(1024 * 1024) == NULL ? -1 : 0;
	memset(&found, 0, sizeof(found));
	heard.ifindex = tap->index;
	len = make_frame(buf, 0xffffffff, 67, 300);
	if (kernel_watch_read(&watcher) == -1 ||
	    kernel_look(tap->index, &ifc) == -1 || !ifc.tap ||
	    kernel_look_all(find_one, &found) == -1 || found.all == 0 ||
	    write(tapfd, buf, len) == -1 || packet_wait(fd, &got, 1) != 1)
		return -1;
	len = make_answer(buf, tap);
	return kernel_packet_write(fd, buf, len);
}

static int
attempt(enum role role, enum attempt what, const struct interface *tap,
    uid_t uid, int fd)
{
	struct prefix		 addr = { HOST + 1024 + 2 * role, 31 };
	struct sockaddr_in	 sin;
	char			 sh[] = "sh", opt[] = "-c", cmd[] = "exit 0";
	char			*argv[] = { sh, opt, cmd, NULL };

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	switch (what) {
	case OPEN_FILE:
		return open("/etc/passwd", O_RDONLY) == -1 &&
		    open("../etc/passwd", O_RDONLY) == -1 ? -1 : 0;
	case OPEN_SOCKET:
		return socket(AF_INET, SOCK_DGRAM, 0);
	case REBIND:
		/* Refused before the kernel looks at the address. */
		return bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 &&
		    (errno == EPERM || errno == ENOTSOCK) ? -1 : 0;
	case NAMED_SEND:
		return sendto(fd, "x", 1, 0, (struct sockaddr *)&sin,
		    sizeof(sin)) == -1 &&
		    (errno == EPERM || errno == ENOTSOCK) ? -1 : 0;
	case EXECUTE:
		return execv("/bin/sh", argv);
	case FORK:
		return fork();
	case BECOME_ROOT:
		return uid == 0 ? 0 : setuid(0);
	case CHANGE_ADDRESS:
		return kernel_address_add(tap, &addr);
	default:
		return -1;
	}
}

/* Did it succeed, in a process of its own? */
static bool
achieved(enum role role, enum attempt what, const struct interface *tap,
    int tapfd, int fd)
{
	pid_t	 pid;
	uid_t	 uid;
	int	 status;

	fflush(stdout);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		sandbox_enter(role, NULL);
		uid = geteuid();
		sandbox_started(role);
		if (what == WORK)
			_exit(work(role, tap, tapfd, fd) == 0 ? 0 : 1);
		_exit(attempt(role, what, tap, uid, fd) == -1 ? 1 : 0);
	}
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
test_sandbox(void)
{
	/* priv may be confined in other ways than by what it calls. */
	enum { NO, YES, MAYBE };
	static const struct {
		enum role	 role;
		const char	*name;
		int		 may[ATTEMPTS];
	} roles[] = {
		{ ROLE_PRIV, "priv", { [WORK] = YES, [CHANGE_ADDRESS] = YES,
		    [OPEN_SOCKET] = MAYBE, [REBIND] = MAYBE,
		    [NAMED_SEND] = MAYBE, [FORK] = MAYBE,
		    [BECOME_ROOT] = MAYBE } },
		{ ROLE_FRONTEND, "frontend", { [WORK] = YES } },
		{ ROLE_ENGINE, "engine", { [WORK] = YES } },
	};
	struct interface	 ifc;
	char			 name[IF_NAMESIZE] = "";
	size_t			 r;
	int			 a, fd, tap;

	if (getpwnam(VMNETD_USER) == NULL || access(VMNETD_EMPTY, F_OK) == -1) {
		printf("kernel: confinement skipped: there is no user %s or "
		    "no %s\n", VMNETD_USER, VMNETD_EMPTY);
		return;
	}
	tap = system_tap_open(name, false);
	CHECK_INT(kernel_look(if_nametoindex(name), &ifc), 0);
	if (kernel_traits.taps_need_up)
		CHECK_INT(kernel_tap_up(&ifc), 0);
	if (!CHECK((fd = kernel_packet_open(&ifc, HOST)) != -1))
		return;
	for (r = 0; r < sizeof(roles) / sizeof(roles[0]); r++)
		for (a = 0; a < ATTEMPTS; a++) {
#ifdef VMNETD_NO_SECCOMP
			if (a != WORK && a != OPEN_FILE && a != CHANGE_ADDRESS)
				continue;
#endif
			if (roles[r].may[a] == MAYBE)
				continue;
			if (!CHECK_INT(achieved(roles[r].role, a, &ifc, tap,
			    fd), roles[r].may[a]))
				printf("\t%s: %s\n", roles[r].name,
				    attempt_names[a]);
		}
	close(fd);
	close(tap);
}

int
main(void)
{
	log_init(1, LOG_DAEMON);
	if (geteuid() != 0 || system_isolate() == -1) {
		printf("kernel: skipped: needs root privileges\n");
		return 0;
	}
	if ((watch_fd = kernel_watch_open()) == -1)
		err(1, "kernel_watch_open");
	if (kernel_change_open() == -1)
		err(1, "kernel_change_open");
	TEST(test_arrival());
	TEST(test_stay());
	TEST(test_addresses());
	TEST(test_masters());
	TEST(test_packets());
	TEST(test_lost());
	TEST(test_sandbox());
	return test_end("kernel");
}

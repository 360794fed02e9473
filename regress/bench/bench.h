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


#ifndef BENCH_H
#define BENCH_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 * What the load generator and the floor share: the kernel's links by raw
 * netlink, and DHCP messages as frames.  Written for speed: the guests and
 * the server that is measured have two processors together.
 */

#define TAP_PREFIX	"vt-"		/* systemd-networkd serves these */
#define FRAME_SIZE	1518
#define BENCH_GROUP	77		/* all taps, to be deleted as one */

static inline int64_t
now_ns(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* link.c: what fails ends the program, but for addresses and links gone. */
struct link_event {
	bool		 address;	/* an IPv4 address, else a link */
	bool		 gone;
	bool		 up;
	unsigned int	 ifindex;
	const char	*name;		/* of a link, or NULL */
};
typedef void link_cb(const struct link_event *);

/* Subscribe; read what is there and call back: false if some was lost. */
int	 link_watch(void);
bool	 link_read(int, link_cb *);
/* Alias and group of a tap that was just made. */
void	 link_name(unsigned int, const char *);
void	 link_up(unsigned int);
/* Host byte order. */
void	 link_address(unsigned int, uint32_t, uint8_t);
void	 link_delete(unsigned int);
void	 link_delete_group(void);
void	 link_lladdr(const char *, uint8_t *);

/* message.c: DHCP and what carries it. */
enum { DISCOVER = 1, OFFER, REQUEST, ACK = 5, NAK };

struct dhcp {
	uint8_t		 type;
	uint8_t		 lladdr[6];	/* chaddr */
	uint32_t	 xid;
	uint32_t	 address;	/* yiaddr, or the requested one */
	uint32_t	 server;
};

size_t	 dhcp_request(uint8_t *, const struct dhcp *);
/* lladdr: of the server */
size_t	 dhcp_reply(uint8_t *, const struct dhcp *, const uint8_t *);
/* Of a frame to a client's or a server's port: false for all else. */
bool	 dhcp_parse(const uint8_t *, size_t, uint16_t port, struct dhcp *);
/* What a guest sends through its router. */
size_t	 udp_frame(uint8_t *, const uint8_t *src, const uint8_t *dst,
	    uint32_t from, uint32_t to, uint16_t sport, size_t payload);

/* guest.c: the taps that are held, and the guests behind them. */
enum guest_state { GUEST_OFF, GUEST_DISCOVERING, GUEST_REQUESTING,
    GUEST_BOUND };

struct tap {
	int		 fd;		/* -1: deleted */
	unsigned int	 ifindex;
	int64_t		 began;		/* to be made: t0 of an arrival */
	int64_t		 made;
	int64_t		 addressed;	/* when that was heard, or 0 */
	bool		 up;
	char		 name[16];
};

struct guest {
	struct dhcp	 dhcp;		/* what it says, and what it has */
	size_t		 tap;
	enum guest_state state;
	unsigned int	 discovers;
	int64_t		 began;
	int64_t		 bound;
	int64_t		 due;		/* when to say it again */
	int64_t		 patience;	/* until then, ns */
};

extern struct tap	*taps;
extern struct guest	*guests;
extern size_t		 ntaps, nguests;
extern int64_t		 patience;	/* of a guest at first, ns */
extern int64_t		 hesitation;	/* after its tap is up, ns */
extern bool		 patience_grows;
/* Called when a guest is bound. */
extern void		(*guest_bound)(struct guest *);

void	 guests_init(size_t per_tap);
void	 tap_create(void);
void	 tap_delete(struct tap *);
void	 taps_delete(void);
void	 guest_start(struct guest *);
void	 guest_renew(struct guest *);
/* What happens meanwhile: until done, true, or for so long (ns), false. */
bool	 run(bool (*done)(void), int64_t);
/* Forget what came in while nobody waited. */
void	 run_pending(void);

#endif /* BENCH_H */

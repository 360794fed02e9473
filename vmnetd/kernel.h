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

#ifndef KERNEL_H
#define KERNEL_H

#include <sys/types.h>
#include <sys/time.h>
#include <net/if.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "frame.h"

/*
 * What the daemon needs of the kernel.  openbsd/ and linux/ implement it;
 * nothing else in the daemon knows which system it runs on.
 * Functions return -1 with errno set unless they say otherwise; ENXIO and
 * ENODEV always mean that the interface is not there (any more).
 */

#define DESCR_LEN	64		/* interface description with NUL */

/* What this kernel does by itself, and what it does not announce. */
extern const struct kernel_traits {
	/* Nobody else sets a tap up: vmnetd does, to see its carrier. */
	bool		 taps_need_up;
	/* vmd(8) goes on configuring a tap after it wrote the description. */
	struct timeval	 settle;
	/*
	 * Where rules may be frozen before the daemon starts, the parent
	 * keeps them beside the lease file under this name, to be loaded at
	 * boot by others; NULL: not here.
	 */
	const char	*rules_file;
	/* A description may be rewritten in silence after the link came up. */
	bool		 descr_silent;
	/* syslog(3) needs a socket, which is not found in a root of one's own. */
	bool		 log_by_parent;
	/* Only priv can see whether a tap is a port of a bridge. */
	bool		 ports_hidden;
}			 kernel_traits;

/* One interface as it is now. */
struct interface {
	uint32_t	 index;
	char		 name[IF_NAMESIZE];
	char		 descr[DESCR_LEN];	/* "" if none */
	bool		 tap;
	bool		 up;			/* administratively */
	bool		 link;			/* tap: somebody holds it open */
	uint32_t	 master;		/* bridge it is a port of; 0 none,
						 * or not known here */
	uint32_t	 rdomain;		/* Linux: its VRF's table */
	uint8_t		 lladdr[LLADDR_LEN];
	size_t		 naddr;			/* IPv4 addresses, with */
	struct prefix	*addr;			/* their lengths; owned by
						 * the implementation, valid
						 * until the next look */
};
#define INTERFACE_MAXADDR	1024		/* more are cut off, logged */

/* --- frontend: watching ------------------------------------------------- */

/*
 * Open whatever watching and looking up needs, before the sandbox.  Returns
 * the descriptor on which kernel_watch_read() is due, non-blocking.
 */
int	 kernel_watch_open(void);

/* What happened, to be met with a fresh look. */
struct kernel_watcher {
	void	(*changed)(uint32_t, void *);	/* arrival, change, address */
	void	(*departed)(uint32_t, void *);
	void	(*lost)(void *);		/* events were: rescan */
	void	*arg;
};
/* Read what is there; -1 only for errors that end the daemon. */
int	 kernel_watch_read(const struct kernel_watcher *);

/* Look at one interface, or at all, as they are now. */
int	 kernel_look(uint32_t, struct interface *);
int	 kernel_look_all(void (*)(const struct interface *, void *), void *);

/* --- priv: changing ----------------------------------------------------- */

/* Open whatever the calls below need. */
int	 kernel_change_open(void);
/* The look of priv, which also knows bridge ports (`master`) on OpenBSD. */
int	 kernel_look_priv(uint32_t, struct interface *);
/* Set an address with its length; EEXIST if it is there already. */
int	 kernel_address_add(const struct interface *, const struct prefix *);
int	 kernel_address_del(const struct interface *, const struct prefix *);
int	 kernel_tap_up(const struct interface *);
/* Join the interface group `vmnet` (nothing on Linux). */
int	 kernel_tap_join(const struct interface *);
/*
 * A tap that stays behind without its VM: forget whose it was, where the
 * description would otherwise be taken for the next VM's (OpenBSD).
 */
int	 kernel_tap_vacate(const struct interface *);
/*
 * Packet I/O on one tap for the DHCP server with this host address: a
 * non-blocking descriptor with filters set and locked, that yields only what
 * a DHCP client sends there.  Fails with ENXIO if the interface of that name
 * has another index by now.
 */
int	 kernel_packet_open(const struct interface *, uint32_t host);

/* --- priv: packet filter ------------------------------------------------ */

struct conf;
struct rules_port;
struct rules_text;

/* Pure: the text that would be loaded for a configuration; 0, or -1. */
int	 kernel_filter_text(struct rules_text *, const struct conf *);

/* Open what the filter needs, before the sandbox. */
int	 kernel_filter_open(void);
/*
 * Load what a configuration says for all, atomically: rules change, what is
 * in tables and the states of connections stay.  On -1 the buffer says why,
 * a line for each mistake, and the old rules go on.
 */
int	 kernel_filter_load(const struct conf *, char *, size_t);
/*
 * Give a VM interface that has come its membership and its own rules, or
 * change the latter; what is there already as wanted is not touched.  On -1
 * the buffer says why; nothing is left behind of a new one, and one that was
 * there before keeps what it had until it is removed or added again.
 */
int	 kernel_filter_add(const struct rules_port *, char *, size_t);
/* Take it all away, and the states of the guest's connections. */
void	 kernel_filter_remove(const struct rules_port *);
/*
 * Whatever else than these ports is in our tables and anchors is from before
 * the start and stale: remove it.
 */
void	 kernel_filter_prune(const struct rules_port *const *, size_t);
/*
 * What is loaded, as the system's own tool prints it: for all (NULL), or for
 * one port.  malloc'ed text, or NULL with errno.
 */
char	*kernel_filter_show(const struct rules_port *);
/*
 * A descriptor that becomes readable when somebody changes the packet filter
 * (-1: this kernel does not say), and whether ours was changed by others, so
 * that it must be loaded and all ports be added again.
 */
int	 kernel_filter_watch(void);
bool	 kernel_filter_changed(void);
/*
 * Look at what others have to do for the filter to work: it is enabled, our
 * anchor is there and called, forwarding is on.  Each finding is one line that
 * says what is wrong and what to add where.  True when our own rules are
 * gone and must be loaded again.
 */
bool	 kernel_filter_check(void (*)(void *, const char *), void *);

/* --- frontend: packets -------------------------------------------------- */

typedef void kernel_packet_cb(const uint8_t *, size_t, int flags, void *);
/*
 * Read what one call gives (one frame, or one buffer of frames) and call
 * back for each; flags as in frame.h.  Number of frames, 0 if nothing is
 * there, -1 if the interface is gone.
 */
int	 kernel_packet_read(int, kernel_packet_cb *, void *);
int	 kernel_packet_write(int, const uint8_t *, size_t);
/*
 * Bring up to date how many frames there was no room for since the
 * descriptor was opened, because nobody read; begins at 0, and wraps.
 */
void	 kernel_packet_missed(int, uint32_t *);

/* --- confinement -------------------------------------------------------- */

enum role {
	ROLE_PARENT,
	ROLE_PRIV,
	ROLE_FRONTEND,
	ROLE_ENGINE,
	ROLE_MAX
};

/*
 * Give up everything that the role does not need: user, root directory,
 * promises, capabilities, system calls.  The first stage before anything
 * from outside is read, the second when starting is over (descriptors have
 * been received).  path: the lease directory for the parent, else NULL.
 * Ends the process when it cannot.
 */
void	 sandbox_enter(enum role, const char *path);
void	 sandbox_started(enum role);

#endif /* KERNEL_H */

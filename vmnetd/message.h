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

#ifndef MESSAGE_H
#define MESSAGE_H

#include <sys/types.h>
#include <net/if.h>

#include <stdint.h>

#include "addr.h"
#include "conf.h"
#include "control.h"
#include "frame.h"
#include "kernel.h"
#include "lease.h"

/*
 * Every message between the processes, grouped by channel.  A message is
 * its structure, exactly, unless it says that bytes follow.  Text is
 * terminated within its array.  Types below IMSG_FIRST are those of
 * control.h, which pass between frontend and engine unchanged, with the
 * number of the client as id.
 */

enum message_type {
	IMSG_FIRST = 100,

	/* parent to each child */
	IMSG_CHANNEL,		/* struct msg_channel; with a descriptor */
	IMSG_VERBOSE,		/* int32_t */

	/* parent to priv and engine; bytes as of conf_pack_*() */
	IMSG_CONF_BEGIN,
	IMSG_CONF_POOL,
	IMSG_CONF_VM,
	IMSG_CONF_RULES,	/* priv only */
	IMSG_CONF_END,		/* nothing */
	/* priv and engine to parent */
	IMSG_CONF_DONE,		/* nothing: the new configuration is in use */
	IMSG_CONF_REFUSED,	/* priv: text with its NUL, one line or more */

	/* parent to priv and engine, at the start */
	IMSG_LEASES,		/* some, as of lease_pack() */
	/* parent to engine */
	IMSG_LEASES_END,	/* nothing */
	IMSG_STORED,		/* struct msg_stored */
	/* engine to parent */
	IMSG_STORE,		/* struct msg_store */

	/* parent to frontend */
	IMSG_CONTROL_SOCKET,	/* nothing; with a descriptor */
	IMSG_RELOAD_ERROR,	/* id is the client; text with its NUL */
	IMSG_RELOAD_DONE,	/* id is the client; int32_t: 1 ok, 0 refused */
	/* frontend to parent */
	IMSG_RELOAD,		/* id is the client; nothing */
	IMSG_LOG,		/* int32_t: 0 brief, 1 verbose */

	/* engine to frontend */
	IMSG_WATCH,		/* nothing: send all interfaces, then changes */
	/* frontend to engine */
	IMSG_INTERFACE,		/* struct msg_interface, its prefixes follow */
	IMSG_DEPARTED,		/* uint32_t: interface index */
	IMSG_SCANNED,		/* nothing: all interfaces have been sent */
	IMSG_MONITORS,		/* uint32_t: clients that watch events */
	IMSG_STATS,		/* struct stats: what the frontend counted */
	/* both ways */
	IMSG_FRAME,		/* struct msg_frame, the frame follows */

	/* engine to priv */
	IMSG_RAISE,		/* struct msg_raise */
	IMSG_CONFINE,		/* struct msg_confine */
	IMSG_PREPARE,		/* struct msg_prepare */
	IMSG_WITHDRAW,		/* struct msg_withdraw */
	IMSG_LOOK,		/* uint32_t: interface index */
	IMSG_PRUNE,		/* nothing: all that were there are prepared */
	IMSG_SHOW_RULES,	/* id is the client; uint32_t: port, 0 all */
	IMSG_CHECK,		/* id is the client; nothing */
	/* priv to engine */
	IMSG_PREPARED,		/* struct msg_prepared */
	IMSG_LOOKED,		/* struct msg_looked */
	IMSG_TEXT,		/* id is the client; text with its NUL */
	IMSG_TEXT_END,		/* id is the client; int32_t: 1 ok, 0 error */

	/* priv to frontend */
	IMSG_PORT,		/* struct msg_port; with a descriptor */
	IMSG_PORT_CLOSE,	/* uint32_t: port */

	/* each child to parent */
	IMSG_SAY		/* id is the priority; text with its NUL */
};

struct msg_channel {
	uint32_t	 role;		/* enum role of the other end */
};

/* Ask for a record in the lease file; STORE is answered, the rest is not. */
struct msg_store {
	uint32_t	 op;		/* enum lease_op */
	uint32_t	 seq;		/* names the request in the answer */
	struct lease_record record;
};

struct msg_stored {
	uint32_t	 seq;
	int32_t		 ok;
	char		 reason[CTL_REASONLEN];
};

struct msg_interface {
	struct interface ifc;		/* addr is meaningless here */
};

/*
 * A port is one use of a tap by one VM interface, from PREPARE to WITHDRAW.
 * Its number is never used again, so nothing that is late on its way can be
 * taken for the tap's next VM's.
 *
 * One whose tap has no network, but may have a VM, is confined: it may not
 * send anything.  Such a port is what CONFINE makes, also of one in use, and a
 * PREPARE that is refused leaves; it gives way to the next port of its tap.
 */
struct msg_raise {
	uint32_t	 ifindex;
	uint32_t	 ifn;
	char		 vm[VM_NAMELEN];
};

struct msg_confine {
	uint32_t	 port;
	uint32_t	 ifindex;
	uint32_t	 ifn;
	char		 vm[VM_NAMELEN];
};

struct msg_prepare {
	uint32_t	 port;
	uint32_t	 ifindex;
	uint32_t	 ifn;
	uint32_t	 subnet;	/* its network address */
	uint32_t	 plen;
	uint32_t	 guest;
	char		 vm[VM_NAMELEN];
	char		 pool[POOL_NAMELEN];
};

/*
 * Comes once for each PREPARE, and again when the port's rules change: ok
 * with a reason means that it works but not all of it.
 */
struct msg_prepared {
	uint32_t	 port;
	int32_t		 ok;
	uint8_t		 lladdr[LLADDR_LEN];	/* of the tap */
	char		 reason[CTL_REASONLEN];
};

struct msg_withdraw {
	uint32_t	 port;
	int32_t		 vacate;	/* the VM has gone: forget its name */
};

struct msg_looked {
	uint32_t	 ifindex;
	uint32_t	 master;	/* bridge it is a port of; 0 none */
};

struct msg_port {
	uint32_t	 port;
	uint32_t	 ifindex;
};

struct msg_frame {
	uint32_t	 port;
	uint32_t	 flags;		/* frame.h */
};

#endif /* MESSAGE_H */

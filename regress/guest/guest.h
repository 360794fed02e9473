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


#ifndef GUEST_H
#define GUEST_H

#include <sys/types.h>
#include <net/if.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A guest at the end of a tap: what a virtual machine's kernel and DHCP
 * client would do there, on command.  Written apart from the daemon, so that
 * an error of the one is not repeated by the other.
 */

#define ETHER_MAX	1518		/* with a VLAN tag */
#define ANY_REPLY	(-1)

enum dhcp_type {
	BOOTP = 0,		/* a message without option 53 */
	DISCOVER = 1,
	OFFER,
	REQUEST,
	DECLINE,
	ACK,
	NAK,
	RELEASE,
	INFORM
};

/* A reply, checked: lengths, both checksums, xid and chaddr. */
struct reply {
	bool		 set;
	enum dhcp_type	 type;
	size_t		 len;		/* of the UDP payload */
	uint8_t		 src[6];	/* Ethernet */
	uint8_t		 dst[6];
	uint32_t	 ip_src;	/* host byte order, all below */
	uint32_t	 ip_dst;
	uint16_t	 flags;
	uint32_t	 ciaddr;
	uint32_t	 yiaddr;
	uint32_t	 siaddr;
	char		 sname[65];
	char		 file[129];
	struct {
		size_t	 off;		/* into store */
		size_t	 len;
		bool	 set;
	}		 option[256];
	uint8_t		 store[1500];
};

struct guest {
	/* where it is */
	int		 fd;		/* -1: closed */
	char		 tap[IF_NAMESIZE];
	uint8_t		 lladdr[6];

	/* what it has */
	uint32_t	 address;	/* 0: none */
	uint32_t	 offered;
	uint32_t	 mask;
	uint32_t	 router;
	uint32_t	 server;
	uint8_t		 server_lladdr[6];	/* broadcast: not known */

	/* what it says */
	uint32_t	 xid;
	uint16_t	 flags;
	const char	*hostname;
	uint8_t		 clientid[64];
	size_t		 nclientid;
	uint8_t		 extra[512];	/* options as they are on the wire */
	size_t		 nextra;

	/* what it heard */
	bool		 discovering;	/* else OFFERs come too late */
	struct reply	 reply;
	unsigned int	 broken;	/* replies that no guest would take */
	uint32_t	 arp_target;	/* 0: none asked for */
	uint8_t		 arp_lladdr[6];
	bool		 arp_set;
	uint16_t	 ping_seq;
	bool		 pong;

	/* storm */
	int64_t		 due;		/* next transmission, milliseconds */
	int64_t		 began;
	int64_t		 took;		/* -1: not bound yet */
	int		 interval;
	bool		 heard;
};

/* How long to wait, milliseconds. */
extern int	 opt_retransmit;	/* for an answer before asking again */
extern int	 opt_wait;		/* for any answer */
extern int	 opt_quiet;		/* to be sure that there is none */

/* packet.c: frames in and out; false when the tap did not take it. */
bool	 send_frame(struct guest *, const uint8_t *, size_t);
bool	 send_arp_request(struct guest *, uint32_t);
bool	 send_ping(struct guest *, const uint8_t *, uint32_t);
size_t	 build_udp(uint8_t *, const struct guest *, const uint8_t *, uint32_t,
	    uint32_t, const uint8_t *, size_t);
void	 fix_checksums(uint8_t *);
void	 receive_frame(struct guest *, const uint8_t *, size_t);
extern const uint8_t	 broadcast[6];

/* dhcp.c */
struct dialog;
const struct dialog *dialog_find(const char *);
int	 dialog_run(struct guest *, const struct dialog *, const char *,
	    const char *, int);
bool	 dhcp_send(struct guest *, const struct dialog *, uint32_t);
size_t	 dhcp_build(struct guest *, const struct dialog *, uint32_t,
	    uint8_t *);
void	 dhcp_receive(struct guest *, const struct reply *, const uint8_t *,
	    size_t);
void	 dhcp_take(struct guest *);
void	 dhcp_print(const struct guest *);

/* bad.c: a frame that a server must not answer: 0, or -1 if not known. */
int	 bad_send(struct guest *, const char *);
void	 bad_list(void);

/* guest.c */
int64_t	 now_ms(void);
/* Serve all taps until done(), or a time has passed, or a signal came. */
bool	 serve_until(bool (*)(struct guest *), struct guest *, int64_t);
bool	 parse_address(const char *, uint32_t *);
bool	 parse_hex(const char *, uint8_t *, size_t, size_t *);
const char *address_text(uint32_t);
const char *lladdr_text(const uint8_t *);
void	 say(const struct guest *, const char *, ...)
	    __attribute__((__format__ (printf, 2, 3)));

#endif /* GUEST_H */

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


#include <stddef.h>

#include "stats.h"

static const char *const drop_names[DROP_MAX] = {
	[DROP_NONE] =		"none",
	[DROP_SHORT] =		"short",
	[DROP_VLAN] =		"vlan",
	[DROP_NOT_IPV4] =	"not-ipv4",
	[DROP_IP_HEADER] =	"ip-header",
	[DROP_IP_OPTIONS] =	"ip-options",
	[DROP_IP_CHECKSUM] =	"ip-checksum",
	[DROP_FRAGMENT] =	"fragment",
	[DROP_NOT_UDP] =	"not-udp",
	[DROP_UDP_LENGTH] =	"udp-length",
	[DROP_UDP_CHECKSUM] =	"udp-checksum",
	[DROP_PORT] =		"port",
	[DROP_DST] =		"destination",
	[DROP_BOOTP_OP] =	"bootp-op",
	[DROP_HARDWARE] =	"hardware",
	[DROP_CHADDR] =		"chaddr",
	[DROP_RELAYED] =	"relayed",
	[DROP_COOKIE] =		"cookie",
	[DROP_OPTION_OVERRUN] =	"option-overrun",
	[DROP_OPTION_VALUE] =	"option-value",
	[DROP_MESSAGE_TYPE] =	"message-type",
	[DROP_OTHER_SERVER] =	"other-server",
	[DROP_NO_ADDRESS] =	"no-address",
	[DROP_TOO_LONG] =	"too-long",
	[DROP_RATE] =		"rate",
	[DROP_QUEUE] =		"queue",
	[DROP_NOT_READY] =	"not-ready",
	[DROP_SEND] =		"send"
};

const char *
drop_name(enum drop drop)
{
	if ((unsigned int)drop >= DROP_MAX || drop_names[drop] == NULL)
		return "unknown";
	return drop_names[drop];
}

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


#ifndef PARSER_H
#define PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control.h"

/* The command line as a request to the daemon. */

#define PARSE_ERRLEN	256

struct command {
	uint32_t		 type;		/* enum ctl_type: what to ask */
	uint32_t		 answer;	/* items to come; 0 none */
	bool			 address;	/* only the guest's address */
	bool			 guessed;	/* the VM's name stands where a
						 * keyword may */
	struct ctl_request	 request;
};

/* 0, or -1 and a line that says what is wrong. */
int	 parse_command(int, char *[], struct command *, char *, size_t);
/* The line about a guessed name that is no VM's either. */
void	 parse_unknown(const struct command *, char *, size_t);

#endif /* PARSER_H */

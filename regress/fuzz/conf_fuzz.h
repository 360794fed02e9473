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


#ifndef CONF_FUZZ_H
#define CONF_FUZZ_H

#include <sys/mman.h>
#include <sys/stat.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "conf.h"
#include "log.h"

/*
 * A file in memory to parse from, and one that print_config prints to; for
 * the fuzzers of the configuration.
 */

static int	 cf_in = -1, cf_out = -1;

static inline int
cf_memfile(void)
{
	int	 fd;

	if ((fd = memfd_create("conf", MFD_CLOEXEC)) == -1 ||
	    fchmod(fd, S_IRUSR | S_IWUSR) == -1)
		abort();
	return fd;
}

static inline void
cf_init(void)
{
	if (cf_in != -1)
		return;
	cf_in = cf_memfile();
	cf_out = cf_memfile();
	log_init(1, LOG_DAEMON);
	if (dup2(cf_out, STDOUT_FILENO) == -1)
		abort();
}

static inline void
cf_report(void *arg, const char *message)
{
	int	*count = arg;

	/* One line each. */
	if (message[0] == '\0' || strchr(message, '\n') != NULL)
		abort();
	(*count)++;
}

static inline struct conf *
cf_parse(const void *data, size_t size)
{
	struct conf	*conf;
	char		 path[32];
	int		 count = 0;

	if (ftruncate(cf_in, 0) == -1 ||
	    pwrite(cf_in, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", cf_in);
	conf = parse_config(path, cf_report, &count);
	/* A mistake has a message, and what has none is taken. */
	if ((conf == NULL) != (count > 0))
		abort();
	return conf;
}

/* What print_config prints; to be freed. */
static inline char *
cf_print(const struct conf *conf)
{
	struct stat	 st;
	char		*text;

	if (ftruncate(cf_out, 0) == -1 || lseek(cf_out, 0, SEEK_SET) == -1)
		abort();
	print_config(conf);
	if (fflush(stdout) == EOF || fstat(cf_out, &st) == -1 ||
	    (text = calloc(1, (size_t)st.st_size + 1)) == NULL ||
	    pread(cf_out, text, (size_t)st.st_size, 0) != st.st_size)
		abort();
	return text;
}

/* What is printed is read again, and prints the same. */
static inline void
cf_check_printed(const char *text)
{
	struct conf	*conf;
	char		*again;

	if ((conf = cf_parse(text, strlen(text))) == NULL)
		abort();
	again = cf_print(conf);
	if (strcmp(text, again) != 0)
		abort();
	free(again);
	conf_free(conf);
}

#endif /* CONF_FUZZ_H */

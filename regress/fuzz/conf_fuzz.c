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
#include <sys/queue.h>
#include <sys/uio.h>

#include <imsg.h>

#include "conf_fuzz.h"

/*
 * The input is a configuration file.  What is accepted must survive the way
 * to another process, and must be read again as it is printed.
 */

int		 LLVMFuzzerTestOneInput(const uint8_t *, size_t);
static void	 unpack(struct conf *, struct ibuf *,
		    int (*)(struct conf *, struct ibuf *));
static struct conf *copy(const struct conf *);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf	*conf, *other;
	char		*a, *b;
	int		 count = 0;

	cf_init();
	if ((conf = cf_parse(data, size)) == NULL)
		return 0;
	a = cf_print(conf);
	other = copy(conf);
	if (conf_check(other, cf_report, &count) != 0)
		abort();
	b = cf_print(other);
	if (strcmp(a, b) != 0)
		abort();
	cf_check_printed(a);
	free(a);
	free(b);
	conf_free(other);
	conf_free(conf);
	return 0;
}

static struct conf *
copy(const struct conf *conf)
{
	const struct conf_pool	*pool;
	const struct conf_vm	*vm;
	struct conf		*other;

	if ((other = conf_new()) == NULL)
		abort();
	unpack(other, conf_pack_global(conf), conf_unpack_global);
	TAILQ_FOREACH(pool, &conf->pools, entry)
		unpack(other, conf_pack_pool(pool), conf_unpack_pool);
	TAILQ_FOREACH(vm, &conf->vms, entry)
		unpack(other, conf_pack_vm(vm), conf_unpack_vm);
	return other;
}

static void
unpack(struct conf *conf, struct ibuf *packed,
    int (*fn)(struct conf *, struct ibuf *))
{
	struct ibuf	 buf;

	if (packed == NULL)
		abort();
	ibuf_from_buffer(&buf, ibuf_data(packed), ibuf_size(packed));
	if (fn(conf, &buf) == -1)
		abort();
	ibuf_free(packed);
}

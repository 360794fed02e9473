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
 * The input is one block as another process may send it; its first byte
 * chooses which.  What is accepted must be something that a configuration
 * file can say, and pack to the same bytes.
 */

int		 LLVMFuzzerTestOneInput(const uint8_t *, size_t);
static struct ibuf *repack(const struct conf *, int);
static bool	 is_whole(const struct conf *);
static bool	 names_rules(const struct conf *);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int	 (*const unpack[])(struct conf *, struct ibuf *) = {
		conf_unpack_global, conf_unpack_pool, conf_unpack_vm,
		conf_unpack_rules
	};
	struct conf	*conf;
	struct ibuf	 buf, *packed;
	uint8_t		 bytes[CONF_MAXPACK];
	char		*text;
	int		 kind, count = 0;

	cf_init();
	if (size < 1 || size - 1 > sizeof(bytes) ||
	    (conf = conf_new()) == NULL)
		return 0;
	kind = data[0] % 4;
	memcpy(bytes, data + 1, size - 1);
	ibuf_from_buffer(&buf, bytes, size - 1);
	if (unpack[kind](conf, &buf) == 0 && is_whole(conf)) {
		packed = repack(conf, kind);
		if (packed == NULL || ibuf_size(packed) != size - 1 ||
		    memcmp(ibuf_data(packed), data + 1, size - 1) != 0)
			abort();
		ibuf_free(packed);
		/* Those would have to be files. */
		if (!names_rules(conf) && conf_check(conf, cf_report, &count) == 0) {
			text = cf_print(conf);
			cf_check_printed(text);
			free(text);
		}
	}
	conf_free(conf);
	return 0;
}

/* Not the first piece of a file only. */
static bool
is_whole(const struct conf *conf)
{
	const struct conf_rules	*rules = TAILQ_FIRST(&conf->rules);

	return rules == NULL || rules->received == rules->len;
}

static bool
names_rules(const struct conf *conf)
{
	const struct conf_pool	*pool = TAILQ_FIRST(&conf->pools);
	const struct conf_vm	*vm = TAILQ_FIRST(&conf->vms);
	const struct conf_vmif	*vmif;

	if ((pool != NULL && pool->nrules > 0) ||
	    (vm != NULL && vm->all.nrules > 0))
		return true;
	if (vm != NULL)
		TAILQ_FOREACH(vmif, &vm->ifs, entry)
			if (vmif->nrules > 0)
				return true;
	return false;
}

static struct ibuf *
repack(const struct conf *conf, int kind)
{
	size_t	 offset = 0;

	switch (kind) {
	case 0:
		return conf_pack_global(conf);
	case 1:
		return conf_pack_pool(TAILQ_FIRST(&conf->pools));
	case 2:
		return conf_pack_vm(TAILQ_FIRST(&conf->vms));
	default:
		return conf_pack_rules(TAILQ_FIRST(&conf->rules), &offset);
	}
}

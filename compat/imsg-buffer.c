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

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"

/*
 * Buffers: filled at wpos, consumed at rpos, 0 <= rpos <= wpos <= size <= max.
 * One that is only a view of somebody else's bytes has max 0 and NO_OWNER as
 * its descriptor; it cannot grow and must not be freed.
 */
#define NO_OWNER	(-2)

static int	 ibuf_grow(struct ibuf *, size_t);
static unsigned char *ibuf_room(struct ibuf *, size_t);
static int	 ibuf_inline(const struct ibuf *);
static int	 fits(uint64_t, uint64_t);

/*
 * The bytes of a buffer lie behind it in the same allocation, until it has
 * to grow.
 */
struct ibuf *
ibuf_open(size_t len)
{
	struct ibuf	*buf;

	if (len > SIZE_MAX - sizeof(*buf)) {
		errno = ERANGE;
		return NULL;
	}
	if ((buf = malloc(sizeof(*buf) + len)) == NULL)
		return NULL;
	buf->buf = (unsigned char *)(buf + 1);
	buf->size = buf->max = len;
	buf->wpos = buf->rpos = 0;
	buf->fd = -1;
	return buf;
}

struct ibuf *
ibuf_dynamic(size_t len, size_t max)
{
	struct ibuf	*buf;

	if (max == 0 || max < len) {
		errno = EINVAL;
		return NULL;
	}
	if ((buf = ibuf_open(len)) != NULL)
		buf->max = max;
	return buf;
}

void
ibuf_free(struct ibuf *buf)
{
	int	 save_errno = errno;

	if (buf == NULL)
		return;
	if (buf->fd == NO_OWNER)
		abort();
	if (buf->fd != -1)
		close(buf->fd);
	if (!ibuf_inline(buf))
		free(buf->buf);
	free(buf);
	errno = save_errno;
}

static int
ibuf_inline(const struct ibuf *buf)
{
	return buf->buf == (const unsigned char *)(buf + 1);
}

/* Make room for so many bytes in all. */
static int
ibuf_grow(struct ibuf *buf, size_t need)
{
	unsigned char	*p;
	size_t		 size;

	size = buf->size < 64 ? 64 : buf->size;
	while (size < need)
		size = size > SIZE_MAX / 2 ? need : size * 2;
	if (size > buf->max)
		size = buf->max;
	if (ibuf_inline(buf)) {
		if ((p = malloc(size)) == NULL)
			return -1;
		memcpy(p, buf->buf, buf->wpos);
	} else if ((p = realloc(buf->buf, size)) == NULL)
		return -1;
	buf->buf = p;
	buf->size = size;
	return 0;
}

/* Append so many bytes, to be filled by the caller. */
static unsigned char *
ibuf_room(struct ibuf *buf, size_t len)
{
	unsigned char	*p;

	if (len > ibuf_left(buf)) {
		errno = ERANGE;
		return NULL;
	}
	if (len > buf->size - buf->wpos &&
	    ibuf_grow(buf, buf->wpos + len) == -1)
		return NULL;
	p = buf->buf + buf->wpos;
	buf->wpos += len;
	return p;
}

/* Never hands out what the heap held before. */
void *
ibuf_reserve(struct ibuf *buf, size_t len)
{
	unsigned char	*p;

	if ((p = ibuf_room(buf, len)) != NULL)
		memset(p, 0, len);
	return p;
}

int
ibuf_add(struct ibuf *buf, const void *data, size_t len)
{
	unsigned char	*p;

	if (len == 0)
		return 0;
	if ((p = ibuf_room(buf, len)) == NULL)
		return -1;
	memcpy(p, data, len);
	return 0;
}

int
ibuf_add_ibuf(struct ibuf *buf, const struct ibuf *from)
{
	return ibuf_add(buf, ibuf_data(from), ibuf_size(from));
}

int
ibuf_add_zero(struct ibuf *buf, size_t len)
{
	return ibuf_reserve(buf, len) == NULL ? -1 : 0;
}

static int
fits(uint64_t value, uint64_t max)
{
	if (value <= max)
		return 1;
	errno = EINVAL;
	return 0;
}

int
ibuf_add_n8(struct ibuf *buf, uint64_t value)
{
	uint8_t	 v = value;

	return fits(value, UINT8_MAX) ? ibuf_add(buf, &v, sizeof(v)) : -1;
}

int
ibuf_add_n16(struct ibuf *buf, uint64_t value)
{
	uint16_t v = htobe16(value);

	return fits(value, UINT16_MAX) ? ibuf_add(buf, &v, sizeof(v)) : -1;
}

int
ibuf_add_n32(struct ibuf *buf, uint64_t value)
{
	uint32_t v = htobe32(value);

	return fits(value, UINT32_MAX) ? ibuf_add(buf, &v, sizeof(v)) : -1;
}

int
ibuf_add_n64(struct ibuf *buf, uint64_t value)
{
	uint64_t v = htobe64(value);

	return ibuf_add(buf, &v, sizeof(v));
}

int
ibuf_add_h16(struct ibuf *buf, uint64_t value)
{
	uint16_t v = value;

	return fits(value, UINT16_MAX) ? ibuf_add(buf, &v, sizeof(v)) : -1;
}

int
ibuf_add_h32(struct ibuf *buf, uint64_t value)
{
	uint32_t v = value;

	return fits(value, UINT32_MAX) ? ibuf_add(buf, &v, sizeof(v)) : -1;
}

int
ibuf_add_h64(struct ibuf *buf, uint64_t value)
{
	return ibuf_add(buf, &value, sizeof(value));
}

/* Positions count from the first byte that has not been consumed. */
void *
ibuf_seek(struct ibuf *buf, size_t pos, size_t len)
{
	if (pos > ibuf_size(buf) || len > ibuf_size(buf) - pos) {
		errno = ERANGE;
		return NULL;
	}
	return buf->buf + buf->rpos + pos;
}

int
ibuf_set(struct ibuf *buf, size_t pos, const void *data, size_t len)
{
	void	*p;

	if ((p = ibuf_seek(buf, pos, len)) == NULL)
		return -1;
	if (len > 0)
		memcpy(p, data, len);
	return 0;
}

int
ibuf_set_n8(struct ibuf *buf, size_t pos, uint64_t value)
{
	uint8_t	 v = value;

	return fits(value, UINT8_MAX) ? ibuf_set(buf, pos, &v, sizeof(v)) : -1;
}

int
ibuf_set_n16(struct ibuf *buf, size_t pos, uint64_t value)
{
	uint16_t v = htobe16(value);

	return fits(value, UINT16_MAX) ? ibuf_set(buf, pos, &v, sizeof(v)) : -1;
}

int
ibuf_set_n32(struct ibuf *buf, size_t pos, uint64_t value)
{
	uint32_t v = htobe32(value);

	return fits(value, UINT32_MAX) ? ibuf_set(buf, pos, &v, sizeof(v)) : -1;
}

int
ibuf_set_n64(struct ibuf *buf, size_t pos, uint64_t value)
{
	uint64_t v = htobe64(value);

	return ibuf_set(buf, pos, &v, sizeof(v));
}

int
ibuf_set_h16(struct ibuf *buf, size_t pos, uint64_t value)
{
	uint16_t v = value;

	return fits(value, UINT16_MAX) ? ibuf_set(buf, pos, &v, sizeof(v)) : -1;
}

int
ibuf_set_h32(struct ibuf *buf, size_t pos, uint64_t value)
{
	uint32_t v = value;

	return fits(value, UINT32_MAX) ? ibuf_set(buf, pos, &v, sizeof(v)) : -1;
}

int
ibuf_set_h64(struct ibuf *buf, size_t pos, uint64_t value)
{
	return ibuf_set(buf, pos, &value, sizeof(value));
}

void *
ibuf_data(const struct ibuf *buf)
{
	return buf->buf + buf->rpos;
}

size_t
ibuf_size(const struct ibuf *buf)
{
	return buf->wpos - buf->rpos;
}

size_t
ibuf_left(const struct ibuf *buf)
{
	return buf->max == 0 ? 0 : buf->max - buf->wpos;
}

int
ibuf_truncate(struct ibuf *buf, size_t len)
{
	if (len <= ibuf_size(buf)) {
		buf->wpos = buf->rpos + len;
		return 0;
	}
	return ibuf_add_zero(buf, len - ibuf_size(buf));
}

void
ibuf_rewind(struct ibuf *buf)
{
	buf->rpos = 0;
}

void
ibuf_from_buffer(struct ibuf *buf, void *data, size_t len)
{
	memset(buf, 0, sizeof(*buf));
	buf->buf = data;
	buf->size = buf->wpos = len;
	buf->fd = NO_OWNER;
}

void
ibuf_from_ibuf(struct ibuf *buf, const struct ibuf *from)
{
	ibuf_from_buffer(buf, ibuf_data(from), ibuf_size(from));
}

int
ibuf_skip(struct ibuf *buf, size_t len)
{
	if (len > ibuf_size(buf)) {
		errno = EBADMSG;
		return -1;
	}
	buf->rpos += len;
	return 0;
}

int
ibuf_get(struct ibuf *buf, void *data, size_t len)
{
	const void	*p = ibuf_data(buf);

	if (ibuf_skip(buf, len) == -1)
		return -1;
	if (len > 0)
		memcpy(data, p, len);
	return 0;
}

int
ibuf_get_ibuf(struct ibuf *buf, size_t len, struct ibuf *new)
{
	void	*p = ibuf_data(buf);

	if (ibuf_skip(buf, len) == -1)
		return -1;
	ibuf_from_buffer(new, p, len);
	return 0;
}

int
ibuf_get_n8(struct ibuf *buf, uint8_t *value)
{
	return ibuf_get(buf, value, sizeof(*value));
}

int
ibuf_get_n16(struct ibuf *buf, uint16_t *value)
{
	if (ibuf_get(buf, value, sizeof(*value)) == -1)
		return -1;
	*value = be16toh(*value);
	return 0;
}

int
ibuf_get_n32(struct ibuf *buf, uint32_t *value)
{
	if (ibuf_get(buf, value, sizeof(*value)) == -1)
		return -1;
	*value = be32toh(*value);
	return 0;
}

int
ibuf_get_n64(struct ibuf *buf, uint64_t *value)
{
	if (ibuf_get(buf, value, sizeof(*value)) == -1)
		return -1;
	*value = be64toh(*value);
	return 0;
}

int
ibuf_get_h16(struct ibuf *buf, uint16_t *value)
{
	return ibuf_get(buf, value, sizeof(*value));
}

int
ibuf_get_h32(struct ibuf *buf, uint32_t *value)
{
	return ibuf_get(buf, value, sizeof(*value));
}

int
ibuf_get_h64(struct ibuf *buf, uint64_t *value)
{
	return ibuf_get(buf, value, sizeof(*value));
}

char *
ibuf_get_string(struct ibuf *buf, size_t len)
{
	const char	*p = ibuf_data(buf);
	char		*s;

	if (len > ibuf_size(buf)) {
		errno = EBADMSG;
		return NULL;
	}
	if ((s = strndup(p, len)) != NULL)
		buf->rpos += len;
	return s;
}

int
ibuf_fd_avail(struct ibuf *buf)
{
	return buf->fd >= 0;
}

int
ibuf_fd_get(struct ibuf *buf)
{
	int	 fd = buf->fd;

	if (fd < 0)
		return -1;
	buf->fd = -1;
	return fd;
}

void
ibuf_fd_set(struct ibuf *buf, int fd)
{
	if (buf->fd == NO_OWNER)
		abort();
	if (buf->fd != -1)
		close(buf->fd);
	buf->fd = fd < 0 ? -1 : fd;
}

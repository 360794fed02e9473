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
#include <sys/stat.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * For LD_PRELOAD: a disk that fails.  While the file that is named by
 * $FAULTS exists, writing and syncing files fails with the error that its
 * first characters name: ENOSPC, EROFS, EIO (syncs only) or EDQUOT.
 */

int	 openat(int, const char *, int, ...);

static int
fault(void)
{
	static int	 (*real_open)(const char *, int, ...);
	static ssize_t	 (*real_read)(int, void *, size_t);
	const char	*path = getenv("FAULTS");
	char		 buf[16] = "";
	int		 fd;

	if (real_open == NULL) {
		real_open = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT,
		    "open");
		real_read = (ssize_t (*)(int, void *, size_t))dlsym(RTLD_NEXT,
		    "read");
	}
	if (path == NULL || (fd = real_open(path, O_RDONLY)) == -1)
		return 0;
	if (real_read(fd, buf, sizeof(buf) - 1) == -1)
		buf[0] = '\0';
	close(fd);
	return strncmp(buf, "ENOSPC", 6) == 0 ? ENOSPC :
	    strncmp(buf, "EROFS", 5) == 0 ? EROFS :
	    strncmp(buf, "EDQUOT", 6) == 0 ? EDQUOT :
	    strncmp(buf, "EIO", 3) == 0 ? EIO : 0;
}

static int
is_file(int fd)
{
	struct stat	 st;
	char		 link[64], name[256];
	ssize_t		 n;

	if (fstat(fd, &st) == -1 || (!S_ISREG(st.st_mode) &&
	    !S_ISDIR(st.st_mode)))
		return 0;
	/* Not the log. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if ((n = readlink(link, name, sizeof(name) - 1)) == -1)
		return 0;
	name[n] = '\0';
	return strstr(name, "lease") != NULL;
}

ssize_t
write(int fd, const void *buf, size_t len)
{
	ssize_t	 (*real)(int, const void *, size_t);
	int	 e;

	real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT,
	    "write");
	if (is_file(fd) && (e = fault()) != 0 && e != EIO) {
		errno = e;
		return -1;
	}
	return real(fd, buf, len);
}

static int
sync_with(const char *name, int fd)
{
	int	 (*real)(int);
	int	 e;

	real = (int (*)(int))dlsym(RTLD_NEXT, name);
	if (is_file(fd) && (e = fault()) != 0) {
		errno = e;
		return -1;
	}
	return real(fd);
}

int
fsync(int fd)
{
	return sync_with("fsync", fd);
}

int
fdatasync(int fd)
{
	return sync_with("fdatasync", fd);
}

int
openat(int at, const char *file, int flags, ...)
{
	int	 (*real)(int, const char *, int, ...);
	va_list	 ap;
	int	 e, mode = 0;

	if ((flags & O_CREAT) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, int);
		va_end(ap);
		if (strstr(file, "lease") != NULL && (e = fault()) != 0 &&
		    e != EIO) {
			errno = e;
			return -1;
		}
	}
	real = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT,
	    "openat");
	return real(at, file, flags, mode);
}

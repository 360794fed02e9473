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

#ifndef TEST_H
#define TEST_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/*
 * A unit test is a program of its own: it checks with the macros below and
 * ends with `return TEST_DONE("name");`.  What counts is the case, begun by
 * test_case() or TEST(): it has passed if every check in it has, however many they
 * are.  A check that fails says where, and the test goes on; the value of
 * each macro says whether the check passed.
 */

static int	 test_npassed;
static int	 test_nfailed;
static int	 test_nchecks;		/* in the current case */
static int	 test_nwrong;
static const char *test_current = "";

static inline void
test_close_case(void)
{
	if (test_nwrong > 0)
		test_nfailed++;
	else if (test_nchecks > 0)
		test_npassed++;
	test_nchecks = test_nwrong = 0;
}

static inline void
test_case(const char *name)
{
	test_close_case();
	test_current = name;
}

/* A function that is a case, or begins with one of its own. */
#define TEST(call)							\
	do {								\
		test_case(#call);					\
		call;							\
	} while (0)

static inline int
test_check(int ok, const char *what, const char *file, int line)
{
	test_nchecks++;
	if (!ok) {
		test_nwrong++;
		printf("%s:%d: %s%sfailed: %s\n", file, line, test_current,
		    *test_current == '\0' ? "" : ": ", what);
		fflush(stdout);
	}
	return ok;
}

static inline int
test_check_int(long long got, long long want, const char *what,
    const char *file, int line)
{
	int	 ok;

	if (!(ok = test_check(got == want, what, file, line)))
		printf("\tgot %lld, want %lld\n", got, want);
	return ok;
}

static inline int
test_check_str(const char *got, const char *want, const char *what,
    const char *file, int line)
{
	int	 ok;

	ok = got != NULL && want != NULL ? strcmp(got, want) == 0 :
	    got == want;
	if (!(ok = test_check(ok, what, file, line)))
		printf("\tgot \"%s\", want \"%s\"\n",
		    got == NULL ? "(null)" : got,
		    want == NULL ? "(null)" : want);
	return ok;
}

static inline int
test_check_mem(const void *got, const void *want, size_t len,
    const char *what, const char *file, int line)
{
	const uint8_t	*g = got, *w = want;
	size_t		 i;
	int		 ok;

	ok = g != NULL && memcmp(g, w, len) == 0;
	if (!(ok = test_check(ok, what, file, line))) {
		printf("\tgot ");
		for (i = 0; g != NULL && i < len; i++)
			printf("%02x", g[i]);
		printf("\n\twant ");
		for (i = 0; i < len; i++)
			printf("%02x", w[i]);
		printf("\n");
	}
	return ok;
}

#define CHECK(cond)							\
	test_check((cond) != 0, #cond, __FILE__, __LINE__)
#define CHECK_INT(got, want)						\
	test_check_int((long long)(got), (long long)(want),		\
	    #got " == " #want, __FILE__, __LINE__)
#define CHECK_STR(got, want)						\
	test_check_str((got), (want), #got " == " #want, __FILE__, __LINE__)
#define CHECK_MEM(got, want, len)					\
	test_check_mem((got), (want), (len), #got " == " #want,		\
	    __FILE__, __LINE__)

static inline int
test_end(const char *name)
{
	test_close_case();
	printf("%s: %d passed, %d failed\n", name, test_npassed,
	    test_nfailed);
	return test_nfailed != 0;
}

#define TEST_DONE(name)	test_end(name)

#endif /* TEST_H */

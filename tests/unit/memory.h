/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_TESTS_UNIT_MEMORY_H
#define GUESTARP_TESTS_UNIT_MEMORY_H
/* No memory when the test says so. For one file of a program; under a sanitizer memory is its own to give. */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

/* The nth allocation from now on fails, 0: none. memory_asked counts them. */
static unsigned memory_fails_at;
static unsigned memory_asked;

static inline void memory_fail(unsigned n)
{
	if (n > 0)
		memory_asked = 0;
	memory_fails_at = n;
}

#ifndef __SANITIZE_ADDRESS__
/* glibc's own. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool memory_is_out(void)
{
	if (memory_fails_at == 0 || ++memory_asked != memory_fails_at)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return memory_is_out() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return memory_is_out() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return memory_is_out() ? NULL : __libc_realloc(old, size);
}
#endif

/*
 * Each allocation of attempt's fails in turn, each time in a process of its own: json-c does not look at all of them,
 * and crashes, which is better than a part taken for the whole. attempt() returns 0 where that did not happen, else 1,
 * and calls memory_fail(0) before it looks at what came out. Returns the allocation at which it was 1, or 0.
 */
static inline unsigned memory_fail_each(int (*attempt)(void))
{
	int status = 0;

	for (unsigned n = 1; status != 2 << 8; n++) {
		pid_t child = fork();

		if (child == 0) {
			int result;

			(void)signal(SIGSEGV, SIG_DFL);
			memory_fail(n);
			result = attempt();
			_exit(memory_asked < n ? 2 : result);
		}
		if (child < 0 || waitpid(child, &status, 0) != child)
			return n;
		if (WIFEXITED(status) && status != 0 && status != 2 << 8)
			return n;
	}
	return 0;
}

#endif

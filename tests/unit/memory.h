/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_TESTS_UNIT_MEMORY_H
#define GUESTARP_TESTS_UNIT_MEMORY_H
/* No memory when the test says so. For one file of a program; under a sanitizer memory is its own to give. */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

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

#endif

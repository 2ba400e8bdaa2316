/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_CLEANUP_H
#define GUESTARP_BASE_CLEANUP_H
/* Ownership by scope: what is declared with CLEANUP(name) is released when the block ends. */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(name) __attribute__((cleanup(cleanup_##name)))

/* Releases keep errno, take NULL, and are named cleanup_<name>. */
#define DEFINE_CLEANUP(name, type, release)                                                                            \
	static inline void cleanup_##name(type *held)                                                                  \
	{                                                                                                              \
		int saved = errno;                                                                                     \
                                                                                                                       \
		if (*held)                                                                                             \
			release(*held);                                                                                \
		errno = saved;                                                                                         \
	}

/* The value moves to the caller; what held it holds NULL. */
#define steal_ptr(holder)                                                                                              \
	({                                                                                                             \
		__typeof__(*(holder)) _moved = *(holder);                                                              \
		*(holder) = NULL;                                                                                      \
		_moved;                                                                                                \
	})

static inline void cleanup_free(void *held)
{
	int saved = errno;

	free(*(void **)held);
	errno = saved;
}

static inline void cleanup_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/* The descriptor moves to the caller; what held it holds -1. */
static inline int steal_fd(int *fd)
{
	int moved = *fd;

	*fd = -1;
	return moved;
}

#endif

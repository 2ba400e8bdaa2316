/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_TESTS_UNIT_ROOT_H
#define GUESTARP_TESTS_UNIT_ROOT_H
/* A directory of one test program's own as GUESTARP_ROOT, removed at its end. */

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table.h"

static char root_dir[] = "/tmp/guestarp-unit.XXXXXX";

static inline int root_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

/* Empties the directory. */
static inline void root_clean(void)
{
	assert_int_equal(nftw(root_dir, root_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	assert_int_equal(mkdir(root_dir, 0700), 0);
}

static inline int root_setup(void **state)
{
	(void)state;
	umask(022);
	return mkdtemp(root_dir) && setenv("GUESTARP_ROOT", root_dir, 1) == 0 ? 0 : -1;
}

static inline int root_teardown(void **state)
{
	(void)state;
	return nftw(root_dir, root_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Where path is for the test itself. The text lives until the next call. */
static inline const char *root_path(const char *path)
{
	static char full[4096];

	assert_true(snprintf(full, sizeof(full), "%s%s", root_dir, path) < (int)sizeof(full));
	return full;
}

static inline void root_mkdirs(const char *path)
{
	char part[4096];

	(void)snprintf(part, sizeof(part), "%s", root_path(path));
	for (char *p = part + strlen(root_dir) + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)mkdir(part, 0700);
		*p = '/';
	}
}

static inline void root_put_bytes(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int fd;

	root_mkdirs(path);
	fd = open(root_path(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	assert_int_equal(close(fd), 0);
}

static inline void root_put(const char *path, const char *text)
{
	root_put_bytes(path, text, strlen(text), 0644);
}

#endif

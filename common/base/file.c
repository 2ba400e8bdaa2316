/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and replacing files as root without being led astray by who else can write there. */

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/libc.h"
#include "base/path.h"

#define PATH_SIZE 4096

static int check_trust(const char *path, const struct stat *st, enum file_trust trust, struct err *err)
{
	if (trust == FILE_ANY)
		return 0;
	if (st->st_uid != geteuid())
		return err_set(err, EACCES, "%s: refused, it belongs to user %u", path, (unsigned)st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, EACCES, "%s: refused, others can write it (mode %04o; chmod go-w %s)", path,
			       (unsigned)(st->st_mode & 07777), path);
	return 0;
}

static int check_regular(const char *path, const struct stat *st, struct err *err)
{
	if (S_ISDIR(st->st_mode))
		return err_errno(err, EISDIR, "%s", path);
	if (!S_ISREG(st->st_mode))
		return err_set(err, EINVAL, "%s: not a regular file", path);
	if (st->st_size > (off_t)FILE_MAX)
		return err_set(err, EFBIG, "%s: larger than %zu bytes", path, FILE_MAX);
	return 0;
}

/* Reads to the end of file, not to st_size: FUSE (pmxcfs) may tell the size late. */
static int read_all(int fd, const char *path, size_t size_hint, char **ret_text, size_t *ret_len, struct err *err)
{
	size_t room = size_hint + 1;
	size_t len = 0;
	CLEANUP(free) char *text = malloc(room + 1);

	while (text) {
		ssize_t n = read(fd, text + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "%s", path);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > FILE_MAX)
			return err_set(err, EFBIG, "%s: larger than %zu bytes", path, FILE_MAX);
		if (len == room) {
			char *more = realloc(text, room * 2 + 1);

			if (!more)
				return err_errno(err, ENOMEM, "%s", path);
			text = more;
			room *= 2;
		}
	}
	if (!text)
		return err_errno(err, ENOMEM, "%s", path);
	text[len] = '\0';
	if (memchr(text, '\0', len)) {
		unsigned line = 1;

		for (const char *p = text; *p; p++)
			line += *p == '\n';
		return err_set(err, EINVAL, "%s:%u: NUL byte", path, line);
	}

	*ret_text = steal_ptr(&text);
	*ret_len = len;
	return 0;
}

/* shown is the path for messages, path what openat() gets. */
static int read_from(int dir, const char *path, const char *shown, enum file_trust trust, char **ret_text,
		     size_t *ret_len, struct err *err)
{
	/* O_NONBLOCK: a FIFO in place of the file must not hang a guest's start. */
	int no_follow = trust == FILE_LINKED ? 0 : O_NOFOLLOW;
	CLEANUP(fd) int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | no_follow | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int r;

	if (fd < 0 && errno == ELOOP)
		return err_set(err, ELOOP, "%s: refused, it is a symbolic link", shown);
	if (fd < 0)
		return err_errno(err, errno, "%s", shown);
	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "%s", shown);
	r = check_regular(shown, &st, err);
	if (r == 0)
		r = check_trust(shown, &st, trust, err);
	if (r < 0)
		return r;
	return read_all(fd, shown, (size_t)st.st_size, ret_text, ret_len, err);
}

int file_read(const char *path, enum file_trust trust, char **ret_text, size_t *ret_len, struct err *err)
{
	char full[PATH_SIZE];
	int r = path_full(path, full, sizeof(full), err);

	if (r < 0)
		return r;
	return read_from(AT_FDCWD, full, path, trust, ret_text, ret_len, err);
}

int file_read_given(const char *path, enum file_trust trust, char **ret_text, size_t *ret_len, struct err *err)
{
	return read_from(AT_FDCWD, path, path, trust, ret_text, ret_len, err);
}

int file_read_at(int dir, const char *name, char **ret_text, size_t *ret_len, struct err *err)
{
	return read_from(dir, name, name, FILE_ROOT_ALONE, ret_text, ret_len, err);
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_open_dir(const char *path, bool create, int *ret_fd, struct err *err)
{
	char full[PATH_SIZE];
	int fd;
	struct stat st;
	int r = path_full(path, full, sizeof(full), err);

	if (r < 0)
		return r;
	fd = open(full, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && create) {
		if (mkdir(full, 0700) < 0 && errno != EEXIST)
			return err_errno(err, errno, "%s", path);
		fd = open(full, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return err_errno(err, errno, "%s", path);
	if (fstat(fd, &st) < 0)
		r = err_errno(err, errno, "%s", path);
	else
		r = check_trust(path, &st, FILE_ROOT_ALONE, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static int name_beside(const char *name, char beside[NAME_MAX + 1], struct err *err)
{
	if (snprintf(beside, NAME_MAX + 1, ".%s.tmp", name) > NAME_MAX)
		return err_errno(err, ENAMETOOLONG, "%s", name);
	return 0;
}

int file_tidy_at(int dir, const char *name, struct err *err)
{
	char beside[NAME_MAX + 1];
	int r = name_beside(name, beside, err);

	if (r == 0 && unlinkat(dir, beside, 0) < 0 && errno != ENOENT)
		r = err_errno(err, errno, "%s", beside);
	return r;
}

static int replace(int dir, const char *name, const char *text, size_t len, mode_t mode, bool synced, struct err *err)
{
	char beside[NAME_MAX + 1];
	int fd;
	int r;

	/* The caller holds the lock of what name stands for, so one fixed name is free of races and leaves no litter.
	 */
	r = file_tidy_at(dir, name, err);
	if (r == 0)
		r = name_beside(name, beside, err);
	if (r < 0)
		return r;
	fd = openat(dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(err, errno, "%s", beside);
	r = write_all(fd, text, len);
	if (r == 0 && mode != 0600 && fchmod(fd, mode) < 0)
		r = -errno;
	if (r == 0 && synced && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && renameat(dir, beside, dir, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dir, beside, 0);
		return err_errno(err, -r, "%s", name);
	}
	return 0;
}

int file_replace_at(int dir, const char *name, const char *text, size_t len, struct err *err)
{
	return replace(dir, name, text, len, 0600, false, err);
}

int file_replace_synced_at(int dir, const char *name, const char *text, size_t len, struct err *err)
{
	return replace(dir, name, text, len, 0600, true, err);
}

int file_replace_given(const char *path, const char *text, size_t len, struct err *err)
{
	CLEANUP(fd) int dir = -1;
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int r;

	if (snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash + 1 - path) : 1, slash ? path : ".") >=
	    (int)sizeof(directory))
		return err_errno(err, ENAMETOOLONG, "%s", path);
	if (!name[0])
		return err_errno(err, EISDIR, "%s", path);
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dir < 0 ? err_errno(err, errno, "%s", directory) : replace(dir, name, text, len, 0644, false, err);
	return r < 0 && dir >= 0 ? err_wrap(err, "%s", directory) : r;
}

int file_remove_at(int dir, const char *name, struct err *err)
{
	int r = file_tidy_at(dir, name, err);

	if (r < 0)
		return r;
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return err_errno(err, errno, "%s", name);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_FILE_H
#define GUESTARP_BASE_FILE_H
/* Files of other people, read whole, bounded and without following a planted link. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* No configuration file that guestarp reads is larger (pmxcfs itself refuses more). */
#define FILE_MAX ((size_t)1024 * 1024)

enum file_trust {
	FILE_ANY,        /* what it says is checked anyway */
	FILE_LINKED,     /* as FILE_ROOT_ALONE, but a symbolic link to such a file is followed */
	FILE_ROOT_ALONE, /* refused (-EACCES) unless owned by us and writable by nobody else */
};

/*
 * The whole text of a regular file below GUESTARP_ROOT, NUL-terminated, to be freed by the caller.
 * -ENOENT where there is none; -ELOOP for a symbolic link, -EISDIR, -EFBIG over FILE_MAX,
 * -EINVAL for no regular file or a NUL byte in it, -EACCES by file_trust.
 * err names the file as the administrator knows it.
 */
int file_read(const char *path, enum file_trust trust, char **ret_text, size_t *ret_len, struct err *err);

/* As file_read for a path that the caller named: not below GUESTARP_ROOT. */
int file_read_given(const char *path, enum file_trust trust, char **ret_text, size_t *ret_len, struct err *err);

/*
 * The directory of records: ours, no link; -EACCES when others could write it. create makes a missing one, 0700.
 * The descriptor is the caller's to close.
 */
int file_open_dir(const char *path, bool create, int *ret_fd, struct err *err);

/* Replaces dir/name as a whole (written beside it as .name.tmp, 0600, then renamed). */
int file_replace_at(int dir, const char *name, const char *text, size_t len, struct err *err);

/* As file_replace_at(), for what must outlive a crash: after one it is the old text or the new one, whole. */
int file_replace_synced_at(int dir, const char *name, const char *text, size_t len, struct err *err);

/* As file_replace_at() for a path that the caller named, not below GUESTARP_ROOT, and for everybody to read (0644). */
int file_replace_given(const char *path, const char *text, size_t len, struct err *err);

/* Removes what an interrupted file_replace_at() has left beside dir/name. What is gone is no failure. */
int file_tidy_at(int dir, const char *name, struct err *err);

/* The same, and dir/name. */
int file_remove_at(int dir, const char *name, struct err *err);

/* As file_read, for a name in an open directory; FILE_ROOT_ALONE. */
int file_read_at(int dir, const char *name, char **ret_text, size_t *ret_len, struct err *err);

#endif

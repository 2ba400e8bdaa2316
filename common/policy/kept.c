/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Beside the records, which a reboot may lose: a policy with a mistake must not disarm the host at its next boot. */

#include "policy/kept.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

#define NAME_SIZE 64

static const char *path_of(const char *name, char path[NAME_SIZE])
{
	(void)snprintf(path, NAME_SIZE, KEPT_DIR "/%s", name);
	return path;
}

int kept_read(const char *name, char **ret_text, size_t *ret_len, struct err *err)
{
	char path[NAME_SIZE];

	return file_read(path_of(name, path), FILE_ROOT_ALONE, ret_text, ret_len, err);
}

static bool look(const char *name, struct stat *st)
{
	char path[NAME_SIZE];
	char full[PATH_MAX];

	return path_full(path_of(name, path), full, sizeof(full), NULL) == 0 && lstat(full, st) == 0;
}

bool kept_exists(const char *name)
{
	struct stat st;

	return look(name, &st);
}

const char *kept_date(const char *name, char date[KEPT_DATE_SIZE])
{
	struct stat st;
	struct tm tm;

	if (!look(name, &st) || !localtime_r(&st.st_mtime, &tm) ||
	    strftime(date, KEPT_DATE_SIZE, "%Y-%m-%d %H:%M", &tm) == 0)
		(void)text_copy(date, KEPT_DATE_SIZE, "an unknown date");
	return date;
}

int kept_write(const char *name, const char *text, struct err *err)
{
	CLEANUP(fd) int dir = -1;
	int r = file_open_dir(KEPT_DIR, text != NULL, &dir, err);

	if (r == -ENOENT && !text)
		return 0;
	if (r < 0)
		return r;
	/* The lock of what file_replace_at() writes to; gone with the descriptor. */
	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : err_errno(err, errno, KEPT_DIR);
	r = text ? file_replace_synced_at(dir, name, text, strlen(text), err) : file_remove_at(dir, name, err);
	/* The same words for each file: one note says it all. */
	return r < 0 ? err_errno(err, -r, KEPT_DIR) : 0;
}

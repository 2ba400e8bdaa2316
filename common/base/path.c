/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a path is: below GUESTARP_ROOT in tests, and elsewhere on a host without /run. */

#include "base/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/kernel_file.h"
#include "base/libc.h"

#define PATH_SIZE 4096

static bool is_directory(const char *root, const char *path)
{
	char full[PATH_SIZE];
	struct stat st;

	return snprintf(full, sizeof(full), "%s%s", root, path) < (int)sizeof(full) && stat(full, &st) == 0 &&
	       S_ISDIR(st.st_mode);
}

/* Asked once: it does not go away while a program runs. */
static bool has_run(const char *root)
{
	static bool has;

	has = has || is_directory(root, "/run");
	return has;
}

/*
 * A host without /run (OpenVZ 6) has /var/run in its place. That may be on a disk, where a boot before has left
 * records: the directory of ours has the boot's id in its name. What is to stand in for prefix, which path begins with;
 * else "".
 */
static void run_instead(const char *root, const char *path, char prefix[32], char instead[96])
{
	static const char ours[] = "/run/guestarp";
	char boot[64];

	prefix[0] = '\0';
	instead[0] = '\0';
	if (strncmp(path, "/run/", 5) != 0 || has_run(root) || !is_directory(root, "/var/run"))
		return;
	(void)snprintf(prefix, 32, "/run");
	(void)snprintf(instead, 96, "/var/run");
	if (strncmp(path, ours, sizeof(ours) - 1) != 0 ||
	    kernel_file_read("/proc/sys/kernel/random/boot_id", boot, sizeof(boot)) < 0)
		return;
	(void)snprintf(prefix, 32, "%s", ours);
	(void)snprintf(instead, 96, "/var/run/guestarp-%s", boot);
}

int path_full(const char *path, char *ret_path, size_t size, struct err *err)
{
	const char *set = secure_getenv("GUESTARP_ROOT");
	const char *root = set ? set : "";
	char prefix[32];
	char instead[96];
	int n;

	run_instead(root, path, prefix, instead);
	n = snprintf(ret_path, size, "%s%s%s", root, instead, path + strlen(prefix));
	if (n < 0 || (size_t)n >= size)
		return err_errno(err, ENAMETOOLONG, "%s", path);
	return 0;
}

bool path_exists(const char *path)
{
	char full[PATH_SIZE];

	return path_full(path, full, sizeof(full), NULL) == 0 && access(full, F_OK) == 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By the time of the last change, which pmxcfs counts up for what other nodes do, too. */

#include "host/changed.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

bool changed_file(const char *path, struct timespec *time)
{
	char full[4096];
	struct stat st = { .st_mtim = { .tv_nsec = 1 } };
	bool changed;

	if (file_path(path, full, sizeof(full), NULL) < 0)
		return false;
	(void)stat(full, &st);
	changed = (time->tv_sec != 0 || time->tv_nsec != 0) &&
		  (time->tv_sec != st.st_mtim.tv_sec || time->tv_nsec != st.st_mtim.tv_nsec);
	*time = st.st_mtim;
	return changed;
}

bool changed_never_seen(const struct timespec *time)
{
	return time->tv_sec == 0 && time->tv_nsec == 0;
}

bool changed_config(struct bound_guest *guest)
{
	static const char *const dirs[] = { "lxc", "qemu-server" };
	struct timespec before = guest->config;
	bool changed = false;

	for (size_t i = 0; i < 2; i++) {
		char path[GUEST_NAME_SIZE + 64];
		struct timespec time = before;

		(void)snprintf(path, sizeof(path), "/etc/pve/%s/%s.conf", dirs[i], guest->name + strlen("pve/"));
		changed = changed_file(path, &time);
		guest->config = time;
		if (time.tv_sec != 0)
			break;
	}
	return changed;
}

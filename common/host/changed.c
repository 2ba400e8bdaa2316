/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By the time of the last change, which pmxcfs counts up for what other nodes do, too. */

#include "host/changed.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "host/record.h"

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

/* Is it later than the guest's record? The times of pmxcfs are whole seconds. */
static bool is_later(const struct timespec *config, const struct bound_guest *bound)
{
	struct timespec recorded;
	struct guest guest;

	if (!guest_init_named(&guest, bound->name, '/') || !record_time(&guest, &recorded))
		return false;
	if (config->tv_sec == recorded.tv_sec)
		return config->tv_nsec == 0 || config->tv_nsec > recorded.tv_nsec;
	return config->tv_sec > recorded.tv_sec;
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
	if (changed_never_seen(&before) && guest->config.tv_sec != 0)
		changed = is_later(&guest->config, guest);
	return changed;
}

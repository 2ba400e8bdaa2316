/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By the time of the last change, which pmxcfs has for what other nodes write, too. */

#include "watch/changed.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/kernel_file.h"
#include "base/path.h"
#include "base/text.h"
#include "host/record.h"

#define FRESH_S 3 /* a look is every two seconds */

/* Whole seconds are pmxcfs's: in the same one the file may have changed once more. */
static bool is_fresh(const struct timespec *at)
{
	time_t age = time(NULL) - at->tv_sec;

	return at->tv_nsec == 0 && age >= -FRESH_S && age <= FRESH_S;
}

bool changed_file(const char *path, struct timespec *last)
{
	char full[4096];
	struct stat st = { .st_mtim = { .tv_nsec = 1 } };
	bool changed;

	if (path_full(path, full, sizeof(full), NULL) < 0)
		return false;
	(void)stat(full, &st);
	changed = !changed_never_seen(last) &&
		  (last->tv_sec != st.st_mtim.tv_sec || last->tv_nsec != st.st_mtim.tv_nsec || is_fresh(&st.st_mtim));
	*last = st.st_mtim;
	return changed;
}

/* Its own time is 0 for ever, and its size as a rule the same. */
bool changed_cluster(uint64_t *last)
{
	char path[4096];
	char text[16384] = "";
	uint64_t hash;
	bool changed;

	if (path_full("/etc/pve/.version", path, sizeof(path), NULL) < 0)
		return false;
	(void)kernel_file_read(path, text, sizeof(text));
	hash = text_hash(TEXT_HASH_START, text);
	changed = *last != 0 && *last != hash;
	*last = hash;
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

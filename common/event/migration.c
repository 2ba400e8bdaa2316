/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proxmox VE resumes a migrated VM without calling any hook; its configuration's move is what can be seen of it. */

#include "event/migration.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/detach.h"
#include "event/running.h"
#include "event/sync.h"
#include "guest/pve.h"

/* pmxcfs is a FUSE file system of its own: it has no inotify for what another node did. */
#define INTERVAL_MS   100
#define DEVICES_EVERY 10 /* intervals between two looks at the devices */
#define HOURS_MAX     24
#define INTERVALS_MAX (HOURS_MAX * 3600L * 1000 / INTERVAL_MS)

static bool is_here(const struct guest *guest)
{
	struct guest read = *guest;

	return pve_read(&read, NULL, NULL) == 0;
}

static bool is_gone(const struct guest *guest)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	enum running running;

	return netlink_open(&nl, NULL) == 0 && running_ask(nl, guest, &running, NULL) == 0 && running == RUNNING_NO;
}

static void watch(const struct guest *guest)
{
	const struct hint hint = { .nic = -1, .managed = true };
	const struct timespec pause = { .tv_nsec = INTERVAL_MS * 1000L * 1000 };

	for (long i = 0; i < INTERVALS_MAX; i++) {
		if (is_here(guest)) {
			(void)event_sync_pve(guest, &hint, NULL);
			return;
		}
		if (i % DEVICES_EVERY == DEVICES_EVERY - 1 && is_gone(guest))
			return;
		(void)nanosleep(&pause, NULL);
	}
}

int migration_watch(const struct guest *guest, struct err *err)
{
	struct guest bare;
	int r = guest_init(&bare, guest->kind, guest->id, err);

	if (r == 0)
		r = detach(err);
	if (r == 1) {
		watch(&bare);
		_exit(0);
	}
	return r < 0 ? err_wrap(err, "waiting for the migration's end") : 0;
}

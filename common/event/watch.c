/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pmxcfs is a FUSE file system of its own: it has no inotify for what another node did. */

#include "event/watch.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "event/running.h"
#include "event/sync.h"
#include "guest/pve.h"

#define MOVE_INTERVAL_MS   100
#define MOVE_INTERVALS_MAX (24L * 3600 * 1000 / MOVE_INTERVAL_MS)
#define DEVICES_EVERY      10 /* intervals between two looks at the devices */
#define PLUG_INTERVAL_MS   250
#define PLUG_INTERVALS     40

static void wait_ms(long ms)
{
	const struct timespec pause = { .tv_nsec = ms * 1000 * 1000 };

	(void)nanosleep(&pause, NULL);
}

static bool is_here(const struct guest *guest)
{
	struct guest read = *guest;

	return pve_read(&read, NULL, NULL) == 0 && !read.migrating;
}

static bool is_gone(const struct guest *guest)
{
	enum running running;

	return running_ask(guest, &running, NULL) == 0 && running == RUNNING_NO;
}

static void wait_for_move(struct guest *guest)
{
	const struct hint hint = { .nic = -1, .managed = true };

	for (long i = 0; i < MOVE_INTERVALS_MAX; i++) {
		if (is_here(guest)) {
			(void)event_sync_pve(guest, &hint);
			return;
		}
		if (i % DEVICES_EVERY == DEVICES_EVERY - 1 && is_gone(guest))
			return;
		wait_ms(MOVE_INTERVAL_MS);
	}
}

static void wait_for_config(struct guest *guest, const char *text)
{
	const struct hint none = HINT_NONE;

	for (int i = 0; i < PLUG_INTERVALS; i++) {
		CLEANUP(free) char *now = NULL;

		if (pve_text(guest, &now, NULL) == 0 && strcmp(now, text) != 0) {
			(void)event_sync_pve(guest, &none);
			return;
		}
		wait_ms(PLUG_INTERVAL_MS);
	}
}

/* 1 in a detached child, with the guest by its id alone; 0 in the caller. */
static int detach(const struct guest *guest, struct guest *ret_bare, struct err *err)
{
	int r = guest_init(ret_bare, guest->kind, guest->id, err);

	return r < 0 ? r : process_detach(-1, err);
}

int watch_migration(const struct guest *guest, struct err *err)
{
	struct guest bare;
	int r = detach(guest, &bare, err);

	if (r == 1) {
		wait_for_move(&bare);
		_exit(0);
	}
	return r < 0 ? err_wrap(err, "waiting for the migration's end") : 0;
}

int watch_config(const struct guest *guest, const char *text, struct err *err)
{
	struct guest bare;
	int r = detach(guest, &bare, err);

	if (r == 1) {
		wait_for_config(&bare, text);
		_exit(0);
	}
	return r < 0 ? err_wrap(err, "waiting for the configuration") : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pmxcfs is a FUSE file system of its own: it has no inotify for what another node did. */

#include "watch/move.h"

#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "effect/announce.h"
#include "event/sync.h"
#include "host/watching.h"
#include "kernel/netlink.h"
#include "kernel/packet.h"
#include "watch/late.h"

#define MOVE_INTERVAL_MS   100
#define MOVE_INTERVALS_MAX (24L * 3600 * 1000 / MOVE_INTERVAL_MS)
#define DEVICES_EVERY      10 /* intervals between two looks at the devices */
#define HERE_INTERVAL_MS   250
#define HERE_TIMES         20

static void wait_ms(long ms)
{
	const struct timespec pause = { .tv_nsec = ms * 1000 * 1000 };

	(void)nanosleep(&pause, NULL);
}

static bool is_here(const struct guest *guest, struct guest *ret_read)
{
	guest_copy(ret_read, guest);
	return late_has_arrived(ret_read);
}

/*
 * It still sends to the MAC that the source's bridge has. Told to the guest alone: where both nodes have the gateway's
 * address on one segment, the other node's guests have theirs. Told again and again, as the guest is yet to be resumed,
 * and until its first frame the bridge may take it for one that is beyond the uplink.
 */
static void announce_here(const struct guest *guest)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	CLEANUP(fd) int fd = -1;
	struct guest here;

	if (netlink_open(&nl, NULL) < 0 || packet_open(&fd, NULL) < 0)
		return;
	for (int i = 0; i < HERE_TIMES && is_here(guest, &here); i++) {
		struct announcements announcements = { 0 };

		if (announcements_add_bridges(&announcements, nl, &here, AF_UNSPEC, true, NULL) == 0)
			(void)announcements_say(&announcements, fd, NULL);
		announcements_done(&announcements);
		wait_ms(HERE_INTERVAL_MS);
	}
}

static void wait_for_move(struct guest *guest)
{
	const struct hint hint = { .nic = -1, .managed = true };
	struct guest here;

	for (long i = 0; i < MOVE_INTERVALS_MAX; i++) {
		if (is_here(guest, &here)) {
			(void)event_sync_guest(guest, &hint);
			announce_here(guest);
			return;
		}
		if (i % DEVICES_EVERY == DEVICES_EVERY - 1 && late_is_gone(guest))
			return;
		wait_ms(MOVE_INTERVAL_MS);
	}
}

/* 1 in a detached child, with the guest by its id alone; 0 in the caller. */
static int detach(const struct guest *guest, struct guest *ret_bare, struct err *err)
{
	int r = guest_init(ret_bare, guest->kind, guest->id, err);

	return r < 0 ? r : process_detach(-1, err);
}

int move_wait(const struct guest *guest, struct err *err)
{
	struct guest bare;
	int r = watching_runs() ? 0 : detach(guest, &bare, err);

	if (r == 1) {
		wait_for_move(&bare);
		_exit(0);
	}
	return r < 0 ? err_wrap(err, "waiting for the migration's end") : 0;
}

int move_tell(const struct guest *guest, struct err *err)
{
	struct guest bare;
	int r = detach(guest, &bare, err);

	if (r == 1) {
		announce_here(&bare);
		_exit(0);
	}
	return r < 0 ? err_wrap(err, "telling it of its new gateway") : 0;
}

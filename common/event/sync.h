/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_SYNC_H
#define GUESTARP_EVENT_SYNC_H
/* Records, running guests and kernel compared, and repaired both ways. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "event/turn.h"
#include "guest/guest.h"

/* What was looked at; each guest's own outcome has been reported already. */
struct sync_result {
	size_t guests;
	size_t failed;
};

/* Who looks at all guests while others may be at work, and hears of each guest with something that is yet to be said.
 */
struct sync_watch {
	void (*unsaid)(const char *guest, void *arg);
	void *arg;
};

/*
 * Every guest with a record and every managed guest of Proxmox VE with a device here: up again when it runs,
 * down when it does not. Plain LXC and OpenVZ cannot be asked: what their record says is put back. For link
 * flaps, network reloads and whatever killed a hook. Lists devices: not for a guest's own hooks.
 * watch: hurry and early as in struct hint; NULL for neither. prepare: also the host's devices and bridges. Not while a
 * bridge is still being made: without its uplink it would be pinned to a MAC that no provider knows.
 */
int event_sync(bool prepare, const struct sync_watch *watch, struct sync_result *ret_result, struct err *err);

/* The table of quiet names as all guests want it, said under the caller's word. 0 also without nf_tables. */
int event_sync_names(const char *word);

/* What a caller knows or wants beside the guest's configuration. */
struct hint {
	int nic;      /* this NIC's firewall bridge is there, though hot-plug writes the configuration last; -1: none */
	bool managed; /* Proxmox VE has called us as its hookscript, and this is that event's end */
	bool arrives; /* it has just migrated here: it may take addresses whose owners do not run */
	bool announces; /* a device has its carrier: what is bound is announced, also where nothing had to be done */
	bool hurry;     /* an event of the guest's that is under way is not waited for: it syncs the guest in the end */
	bool early;     /* others may be at work on the host: of what is wrong only sync_look's unsaid tells */
};

#define HINT_NONE                                                                                                      \
	{                                                                                                              \
		.nic = -1                                                                                              \
	}

struct sync_look {
	bool alive;  /* it is managed and runs here, as far as its platform is Proxmox VE */
	bool holds;  /* in the end the kernel had all that the guest wants */
	bool failed; /* which has been said, unless early */
	bool unsaid; /* see struct hint */
};

/* The same for one guest of any kind. */
struct sync_look event_sync_guest(const struct guest *guest, const struct hint *hint);

/*
 * Unlocks the turn, which may be locked again, or ends it. Then, where another event has given up waiting for it, syncs
 * the guest: that one knew something that this turn may not have seen.
 */
void event_unlock(struct turn *turn);
void event_done(struct turn *turn);

#endif

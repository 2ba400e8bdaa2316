/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_WATCH_LATE_H
#define GUESTARP_WATCH_LATE_H
/*
 * Configurations that are yet to be written. Proxmox VE plugs first and writes afterwards; on a migration's target the
 * devices come first, too, and the configuration when the guest is resumed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/guest.h"

#define LATE_MAX 64 /* at a time; the others wait for their next event */

struct late {
	char guest[GUEST_NAME_SIZE]; /* "" for none */
	char *text; /* another one is waited for; NULL: that it is here, and not locked for a migration */
	int64_t since;
	size_t looks; /* how often it was looked at again meanwhile */
};

struct lates {
	struct late list[LATE_MAX];
	size_t count;
};

/* text is lates' from now on. now_ms: of clock_ms(). */
void late_add(struct lates *lates, const char *guest, char *text, int64_t now_ms);

/*
 * Calls written for each whose waiting has ended well, and a few times meanwhile: of a port that a script makes its
 * guest's gateway after it has come, by a route or proxy_arp, the kernel tells in floods of other news. Given up after
 * 10 s; an arrival when the guest's devices are gone.
 */
void late_look(struct lates *lates, int64_t now_ms, void (*written)(const char *guest, bool arrives, void *arg),
	       void *arg);

void late_done(struct lates *lates);

/* It is here, and not locked for a migration. Reads it. */
bool late_has_arrived(struct guest *guest);

/* It does not run here. */
bool late_is_gone(const struct guest *guest);

/*
 * Its devices are here, and its configuration is another node's, or locked for a migration. (So it is on the source,
 * where none of its devices is new: alive.) found: what reading it has returned.
 */
bool late_is_coming(struct guest *guest, int found, bool alive);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_WATCH_ENTRIES_H
#define GUESTARP_WATCH_ENTRIES_H
/* Guests' proxy entries and host routes, of whose deletion the kernel tells nobody: looked at again and again. */

#include <stdbool.h>
#include <stdint.h>

#include "watch/bindings.h"
#include "watch/devices.h"

/*
 * Calls lost for each guest that has lost one of what is recorded for it, where its device runs. What is deleted for
 * the third time within a minute is left alone, and that is said once. now_ms: of clock_ms().
 */
void entries_look(struct bindings *bindings, const struct devices *devices, int64_t now_ms,
		  void (*lost)(const char *guest, bool arrives, void *arg), void *arg);

/* All of the guest's is there again: what is missing from now on has been deleted anew. */
void entries_restored(struct bindings *bindings, const char *guest);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_WATCH_BINDINGS_H
#define GUESTARP_WATCH_BINDINGS_H
/* The entries and routes that are recorded for guests, all of the host's: for who watches over them. */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/err.h"
#include "base/ip.h"
#include "guest/guest.h"
#include "plan/setting.h"

struct binding {
	char guest[GUEST_NAME_SIZE];
	struct setting setting; /* a proxy entry or a host route */
	/* When it was put back last after somebody had deleted it, and before that; 0 for never (CLOCK_MONOTONIC). */
	time_t restored[2];
	unsigned looks;  /* so many in a row have not found it */
	bool left_alone; /* what is deleted a third time within a minute stays so */
};

/* A guest that has a record, with entries or without. */
struct bound_guest {
	char name[GUEST_NAME_SIZE];
	struct timespec
		config; /* when its configuration was changed last, as far as that was looked at; all 0 for not */
};

struct bindings {
	struct binding *list;
	size_t count;
	size_t room;
	struct bound_guest *guests;
	size_t guest_count;
	size_t guest_room;
};

/* What all records say now. */
int bindings_read(struct bindings *bindings, struct err *err);

/* What this guest's record says now. What is known of an entry that was there before stays known. -ENOMEM. */
int bindings_update(struct bindings *bindings, const struct guest *guest);

void bindings_done(struct bindings *bindings);

/*
 * Is it to be put back, as a look has found it or not? At the first look that has not, and then, as something is in the
 * way, ever more rarely, at last every 32nd.
 */
bool binding_was_lost(struct binding *binding, bool holds);

/* May it be put back after somebody has deleted it? Not where that was done twice in the last minute. */
bool binding_may_return(struct binding *binding, time_t now);

#endif

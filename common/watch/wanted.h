/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_WATCH_WANTED_H
#define GUESTARP_WATCH_WANTED_H
/* What is to be looked at, each guest once however much news there is of it. */

#include <stdbool.h>
#include <stddef.h>

#include "guest/guest.h"

struct due {
	char guest[GUEST_NAME_SIZE];
	int nic;        /* as in struct hint */
	bool own;       /* a device of its own has come or gone */
	bool came;      /* has come */
	bool arrives;   /* as in struct hint */
	bool announces; /* as in struct hint */
	bool settled;   /* it was looked at before: not early, in the words of struct hint */
};

struct wanted {
	struct due *due; /* in the order of their news */
	size_t count;
	size_t room;
	bool all;     /* every guest */
	bool prepare; /* with the host's devices and bridges */
};

void wanted_all(struct wanted *wanted, bool prepare);

/* Without memory that is every guest. */
void wanted_add(struct wanted *wanted, const struct due *due);

/* The first, which is taken off; false where there is none. */
bool wanted_next(struct wanted *wanted, struct due *ret_due);

void wanted_done(struct wanted *wanted);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_KNOWN_H
#define GUESTARP_EVENT_KNOWN_H
/* What the record says of a guest, for callers that are told less than they need. */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "event/turn.h"
#include "guest/guest.h"

#define KNOWN_DEVICES_MAX 16

struct known {
	/* Addresses with a recorded proxy entry, and the device of each one's recorded host route ("" for none). */
	struct ip ips[GUEST_IPS_MAX];
	char routes[GUEST_IPS_MAX][IFNAMSIZ];
	bool platforms[GUEST_IPS_MAX]; /* the route was the platform's */
	size_t ip_count;
	char devices[KNOWN_DEVICES_MAX][IFNAMSIZ]; /* where those entries are */
	size_t device_count;
};

/* All zero without a record. The turn is locked. */
int known_read(const struct turn *turn, struct known *ret_known, struct err *err);

#endif

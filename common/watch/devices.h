/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_WATCH_DEVICES_H
#define GUESTARP_WATCH_DEVICES_H
/* The host's devices as they were heard of last, so that what is news can be told from what is not. */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "kernel/link.h"
#include "kernel/netlink.h"

struct device {
	int ifindex;
	char name[IFNAMSIZ];
	bool up;
	bool running; /* has its carrier: without either a device may lose its proxy entries */
	int master;
};

struct devices {
	struct device *list; /* by ifindex */
	size_t count;
	size_t room;
};

/* All that there are now; what was known before is forgotten. */
int devices_read(struct devices *devices, struct netlink *nl, struct err *err);
void devices_done(struct devices *devices);

const struct device *devices_find(const struct devices *devices, int ifindex);

/* What is new about a device. */
struct change {
	bool came; /* or has another name */
	bool rose; /* it is up, or has its carrier, and had not: the kernel tells of the carrier up to a second later */
	bool runs; /* it has its carrier, and had not */
	bool joined; /* another master than before, or its first */
};

/* Takes it in. -ENOMEM. */
int devices_take(struct devices *devices, const struct link *link, struct change *ret_change);
void devices_forget(struct devices *devices, int ifindex);

/* Could a bridge take its MAC from it? What guests are plugged by comes and goes all the time. */
bool devices_may_be_uplink(const struct link *link);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EFFECT_APPLY_H
#define GUESTARP_EFFECT_APPLY_H
/* Settings against the kernel: read, write, remove. */

#include <stdbool.h>

#include "base/err.h"
#include "kernel/netlink.h"
#include "plan/plan.h"

/* Does it hold? facts has the devices that the setting is about. */
int apply_read(struct netlink *nl, const struct facts *facts, const struct setting *setting, bool *ret_holds,
	       struct err *err);

enum reading {
	READING_NONE, /* apply_read() says it, or why not */
	READING_HOLDS,
	READING_DIFFERS,
};

/* The same of those of the plan's settings that can be asked at once. readings: one of each, READING_NONE so far. */
void apply_read_each(struct netlink *nl, const struct plan *plan, enum reading *readings);

int apply_write(struct netlink *nl, const struct facts *facts, const struct setting *setting, struct err *err);

/* Writes it unless it holds. Returns 1 when that changed something. */
int apply_hold(struct netlink *nl, const struct facts *facts, const struct setting *setting, struct err *err);

/*
 * Deletes a recorded entry or route of the guest's, unless owner_may_release() says that it is another's by now. Asks
 * for its device. Returns 1 when that changed something, 0 where it was gone already.
 */
int apply_release(struct netlink *nl, struct facts *facts, const struct guest *guest, const struct policy *policy,
		  const struct setting *setting, struct err *err);

/* Deletes an entry or a route from the device, where the setting is one. Returns the same. */
int apply_remove(struct netlink *nl, int ifindex, const struct setting *setting, struct err *err);

/* apply_release(), no matter whose it is. */
int apply_delete(struct netlink *nl, struct facts *facts, const struct setting *setting, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EFFECT_ASKING_H
#define GUESTARP_EFFECT_ASKING_H
/* Asking the kernel for the facts that one guest's plan needs, device by device. */

#include "base/err.h"
#include "guest/guest.h"
#include "kernel/netlink.h"
#include "plan/plan.h"
#include "policy/policy.h"

/* Adds the device unless it is known already or does not exist. */
int asking_link(struct netlink *nl, struct facts *facts, const char *name, struct err *err);

/* The VRF of a device that is known; the answer is in facts, too. */
const char *asking_vrf(struct netlink *nl, struct facts *facts, const char *name);

/* The host's addresses of the family, unless they are known already. */
int asking_addresses(struct netlink *nl, struct facts *facts, uint8_t family, struct err *err);

/* The machine's id, "" where there is none: what MACs are derived from. */
void asking_machine_id(struct facts *facts);

/* Each for one plan: what plan/needs.h says that it needs, unless it is known already. For plan_prepare(). */
int asking_prepare(struct netlink *nl, const struct guest *guest, const struct policy *policy, struct facts *facts,
		   struct err *err);

/* For plan_quiet(). */
int asking_quiet(struct netlink *nl, const struct guest *guest, struct facts *facts, struct err *err);

/* For plan_up(). */
int asking_up(struct netlink *nl, const struct guest *guest, const struct policy *policy, struct facts *facts,
	      struct err *err);

#endif

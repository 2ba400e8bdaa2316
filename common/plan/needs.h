/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_PLAN_NEEDS_H
#define GUESTARP_PLAN_NEEDS_H
/*
 * What a plan must be told of the host. It says so first, is given the facts (plan/facts.h), and then decides: what is
 * no need of a guest's is not asked for. Pure.
 */

#include <net/if.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/guest.h"
#include "policy/policy.h"

enum need_kind {
	NEED_DEVICE,    /* the device: is it there, and how */
	NEED_BRIDGE,    /* the same, and what MAC it has and could have */
	NEED_BASE,      /* the same of the bridge that the device is, or is a VLAN device of: its MAC is announced */
	NEED_VRF,       /* the VRF of a device that has been asked for */
	NEED_ADDRESSES, /* the host's own of the family */
	NEED_GATEWAY,   /* of the family's default route */
};

struct need {
	enum need_kind kind;
	char device[IFNAMSIZ]; /* "" for those that are about a family */
	uint8_t family;        /* 0 for those that are about a device */
};

/* Each once, in the order in which they are to be asked for. */
struct needs {
	struct need *list;
	size_t count;
	size_t room;
};

/* Those of plan_prepare(), plan_quiet() and plan_up(). -ENOMEM. To be released with needs_done(), also after that. */
int needs_prepare(const struct guest *guest, const struct policy *policy, struct needs *needs);
int needs_quiet(const struct guest *guest, struct needs *needs);
int needs_up(const struct guest *guest, const struct policy *policy, struct needs *needs);
void needs_done(struct needs *needs);

#endif

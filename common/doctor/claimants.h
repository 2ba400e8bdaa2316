/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_CLAIMANTS_H
#define GUESTARP_DOCTOR_CLAIMANTS_H
/* Which guests of the cluster have which addresses. */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/ip.h"
#include "guest/guest.h"
#include "policy/policy.h"

/* One guest and one of its addresses. */
struct claimant {
	struct ip ip;
	char guest[GUEST_NAME_SIZE];
	char node[64]; /* "" for this one */
	char bridge[IFNAMSIZ];
	unsigned tag;
	bool bound;  /* this host answers for it, or routes to it */
	bool shared; /* policy says that several may have it */
};

struct claimants {
	struct claimant *list;
	size_t count;
	size_t room;
};

struct doctor;

/* Takes down the addresses of one of this node's guests. A failure shows in the doctor's findings. */
void claimants_take(struct doctor *doctor, const struct guest *guest, const struct policy *policy);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EFFECT_QUIETING_GUEST_H
#define GUESTARP_EFFECT_QUIETING_GUEST_H
/* One guest's names in the table of quiet names (kernel/quiet.h). */

#include "base/err.h"
#include "effect/outcome.h"
#include "guest/guest.h"
#include "plan/names.h"
#include "policy/policy.h"

enum quieting {
	QUIETING_KEPT,        /* the guest's names were there */
	QUIETING_MADE,        /* they were not: its devices may have been loud until now */
	QUIETING_UNSUPPORTED, /* no nf_tables here: the second line (event/quieting.h) is all there is */
};

/*
 * Makes sure that the names of a managed guest are in the table, and those of another are not; without a table, that
 * all guests' are.
 */
int quieting_guest(const struct guest *guest, const struct policy *policy, enum names_ports ports,
		   enum quieting *ret_quieting, struct outcome *outcome, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By content: pmxcfs tells time in seconds. */

#include "event/current.h"

#include <errno.h>

#include "event/guests.h"

int current_ask(const struct guest *guest, struct policy *policy, struct outcome *outcome, struct err *err)
{
	bool changed = policy_changed(policy);
	struct err failure;
	int r;

	if (guest->seen != GUEST_SEEN_NOT && (changed || guest_changed(guest)))
		return err_set(err, ESTALE, "its policy or configuration is being changed");
	if (!changed)
		return 0;
	r = policy_reload(policy, guest, &failure);
	if (r < 0 && policy->broken) {
		*err = failure;
		return r;
	}
	if (r < 0)
		notes_add_err(&outcome->notes, &failure);
	return 1;
}

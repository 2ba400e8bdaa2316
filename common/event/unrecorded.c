/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing what no record knows of. */

#include "effect/apply.h"
#include "effect/asking.h"
#include "event/event.h"
#include "host/owner.h"
#include "plan/plan.h"

/*
 * The address may be another guest's, by a mistake in this one's file. What that one has recorded is its own; the
 * device that is to have no entry for this one may be the one that answers for that one.
 */
static bool is_anothers(struct turn *turn, const struct guest *guest, const struct setting *setting)
{
	return setting->ip.family &&
	       !owner_may_release(guest, &turn->policy, asking_vrf(turn->nl, &turn->facts, setting->device), setting);
}

int event_remove_unrecorded(struct turn *turn, const struct guest *guest, bool routes)
{
	const struct policy *policy = &turn->policy;
	struct plan plan = { 0 };
	struct notes missing = { 0 };
	struct err failure;
	int result = turn_ask(turn);

	if (result == 0)
		result = asking_up(turn->nl, guest, policy, &turn->facts, &turn->err);
	if (result < 0)
		return result;
	/* A device that does not exist has nothing to remove. */
	(void)plan_up(guest, policy, &turn->facts, &plan, &missing, &failure);
	for (size_t i = 0; i < plan.count; i++) {
		struct setting *setting = &plan.settings[i];
		int r = 0;

		/* Where an up would look for an entry. */
		if (setting->kind == SETTING_NO_PROXY)
			setting->kind = SETTING_PROXY;
		if ((setting->kind != SETTING_ROUTE || routes) && !is_anothers(turn, guest, setting))
			r = apply_remove(turn->nl, setting->ifindex, setting, &failure);
		if (r > 0)
			outcome_removed(&turn->outcome, setting);
		if (r < 0)
			outcome_failed(&turn->outcome, &result, &failure, &turn->err);
	}
	plan_done(&plan);
	return result;
}

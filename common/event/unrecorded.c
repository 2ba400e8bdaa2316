/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing what no record knows of. */

#include <errno.h>

#include "event/asking.h"
#include "event/event.h"
#include "host/owner.h"
#include "kernel/proxy.h"
#include "kernel/route.h"
#include "plan/plan.h"

static int delete_one(struct netlink *nl, const struct setting *setting, bool routes, struct err *err)
{
	switch (setting->kind) {
	case SETTING_PROXY:
	case SETTING_NO_PROXY:
		return proxy_delete(nl, setting->ifindex, &setting->ip, err);
	case SETTING_ROUTE:
		return routes ? route_delete_host(nl, setting->ifindex, &setting->ip, err) : 0;
	default:
		return 0;
	}
}

/*
 * The address may be another guest's, by a mistake in this one's file. What that one has recorded is its own; the
 * device that is to have no entry for this one may be the one that answers for that one.
 */
static bool is_anothers(struct turn *turn, const struct guest *guest, const struct setting *setting)
{
	struct setting recorded = *setting;

	if (setting->kind == SETTING_NO_PROXY)
		recorded.kind = SETTING_PROXY;
	return setting->ip.family &&
	       !owner_may_release(guest, &turn->policy, asking_vrf(turn->nl, &turn->facts, setting->device), &recorded);
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
		int r = 0;

		if (!is_anothers(turn, guest, &plan.settings[i]))
			r = delete_one(turn->nl, &plan.settings[i], routes, &failure);
		if (r > 0)
			outcome_removed(&turn->outcome, &plan.settings[i]);
		if (r < 0 && r != -ENODEV)
			outcome_failed(&turn->outcome, &result, &failure, &turn->err);
	}
	plan_done(&plan);
	return result;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing what no record knows of. */

#include <errno.h>

#include "event/asking.h"
#include "event/event.h"
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

int event_withdraw(struct turn *turn, const struct guest *guest, bool routes)
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
		int r = delete_one(turn->nl, &plan.settings[i], routes, &failure);

		if (r > 0)
			outcome_undone(&turn->outcome, &plan.settings[i]);
		if (r < 0 && r != -ENODEV)
			outcome_failed(&turn->outcome, &result, &failure, &turn->err);
	}
	plan_done(&plan);
	return result;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking back what no record knows of. */

#include <errno.h>

#include "event/asking.h"
#include "event/event.h"
#include "event/outcome.h"
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

static int withdraw(struct netlink *nl, const struct guest *guest, const struct policy *policy, bool routes,
		    struct facts *facts, struct plan *plan, struct outcome *outcome, struct err *err)
{
	struct notes missing = { 0 };
	struct err failure;
	int result = asking_up(nl, guest, policy, facts, err);

	if (result < 0)
		return result;
	/* A device that does not exist has nothing to take back. */
	(void)plan_up(guest, policy, facts, plan, &missing, &failure);
	for (size_t i = 0; i < plan->count; i++) {
		int r = delete_one(nl, &plan->settings[i], routes, &failure);

		if (r > 0)
			outcome_undone(outcome, &plan->settings[i]);
		if (r < 0 && r != -ENODEV)
			outcome_failed(outcome, &result, &failure, err);
	}
	return result;
}

int event_withdraw(struct turn *turn, const struct guest *guest, bool routes)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	struct facts facts;
	struct plan plan = { 0 };
	int r = netlink_open(&nl, &turn->err);

	if (r < 0)
		return r;
	facts_init(&facts);
	r = withdraw(nl, guest, &turn->policy, routes, &facts, &plan, &turn->outcome, &turn->err);
	plan_done(&plan);
	facts_done(&facts);
	return r;
}

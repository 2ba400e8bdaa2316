/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before the guest's devices exist: what belongs to the host, and whether the guest's addresses are free. */

#include <errno.h>
#include <sys/socket.h>

#include "effect/announce.h"
#include "effect/apply.h"
#include "effect/asking.h"
#include "effect/outcome.h"
#include "event/event.h"
#include "event/probe.h"
#include "plan/choice.h"

/* A bridge whose MAC has just changed tells its neighbours: those who had it would wait for their caches. */
static int announce_bridge(struct netlink *nl, const struct setting *setting, struct announcements *announcements,
			   struct err *err)
{
	struct addresses addresses = { 0 };
	struct link link;
	int r = link_get_by_index(nl, setting->ifindex, &link, err);

	if (r == 0)
		r = addresses_get_answered(nl, AF_UNSPEC, &addresses, err);
	if (r == 0)
		r = announcements_add_own(announcements, nl, &link, &addresses, NULL, err);
	addresses_done(&addresses);
	return r < 0 ? err_wrap(err, "%s", setting->device) : 0;
}

static int hold(struct turn *turn, const struct setting *setting, struct err *err)
{
	const struct link *link = facts_link(&turn->facts, setting->device);
	int r = apply_hold(turn->nl, &turn->facts, setting, err);

	if (r <= 0)
		return r;
	outcome_done(&turn->outcome, setting);
	if (setting->kind != SETTING_BRIDGE_MAC || mac_equal(&setting->mac, &link->mac))
		return 1;
	r = announce_bridge(turn->nl, setting, &turn->announcements, err);
	return r < 0 ? r : 1;
}

static int prepare(struct turn *turn, const struct guest *guest, bool probe, struct plan *plan, bool *ret_changed)
{
	const struct policy *policy = &turn->policy;
	struct err *err = &turn->err;
	struct err failure;
	int result = asking_prepare(turn->nl, guest, policy, &turn->facts, err);

	if (result < 0)
		return result;
	result = plan_prepare(guest, policy, &turn->facts, plan, &turn->outcome.notes, err);
	for (size_t i = 0; i < plan->count; i++) {
		int r = hold(turn, &plan->settings[i], &failure);

		*ret_changed = *ret_changed || r != 0;
		if (r >= 0)
			continue;
		if (plan_uses(guest, policy, plan->settings[i].device))
			outcome_failed(&turn->outcome, &result, &failure, err);
		else
			notes_add_err(&turn->outcome.notes, &failure);
	}
	if (probe && probe_addresses(turn, guest, &failure) < 0) {
		/* An address in use outranks other failures: it alone may stop the start by itself. */
		if (failure.code == EADDRINUSE && result < 0) {
			notes_add_err(&turn->outcome.notes, err);
			result = 0;
		}
		outcome_failed(&turn->outcome, &result, &failure, err);
	}
	return result;
}

int event_prepare(struct turn *turn, const struct guest *guest, bool probe)
{
	struct plan plan = { 0 };
	bool changed = false;
	int r;

	if (turn->policy.broken)
		return 0;
	probe = probe && turn->policy.probe != PROBE_OFF;
	r = turn_ask(turn);
	if (r == 0)
		r = prepare(turn, guest, probe, &plan, &changed);
	plan_done(&plan);
	/* Values and MACs are others now, and a probe takes its time. */
	if (changed || probe)
		facts_forget(&turn->facts);
	return r;
}

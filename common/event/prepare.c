/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before the guest's devices exist: what belongs to the host, and whether the guest's addresses are free. */

#include <errno.h>
#include <sys/socket.h>

#include "event/announce.h"
#include "event/apply.h"
#include "event/current.h"
#include "event/event.h"
#include "event/facts.h"
#include "event/outcome.h"
#include "event/probe.h"
#include "event/quieting.h"
#include "plan/choice.h"

/* A bridge whose MAC has just changed tells its neighbours: those who had it would wait for their caches. */
static int announce_bridge(struct netlink *nl, const struct setting *setting, unsigned rounds, struct err *err)
{
	struct announcements announcements = { 0 };
	struct addresses addresses = { 0 };
	struct link link;
	int r = link_get_by_index(nl, setting->ifindex, &link, err);

	if (r == 0)
		r = addresses_get_answered(nl, AF_UNSPEC, &addresses, err);
	if (r == 0)
		r = announcements_add_own(&announcements, nl, &link, &addresses, NULL, err);
	if (r == 0)
		r = announcements_send(&announcements, rounds, err);
	announcements_done(&announcements);
	addresses_done(&addresses);
	return r < 0 ? err_wrap(err, "%s", setting->device) : 0;
}

static int hold(struct netlink *nl, const struct policy *policy, const struct facts *facts, struct setting *setting,
		struct outcome *outcome, struct err *err)
{
	const struct link *link = facts_link(facts, setting->device);
	bool holds = false;
	int r = apply_read(nl, facts, setting, &holds, err);

	if (r < 0 || holds)
		return r;
	r = apply_write(nl, setting, err);
	if (r < 0)
		return r;
	outcome_done(outcome, setting);
	if (setting->kind != SETTING_BRIDGE_MAC || mac_equal(&setting->mac, &link->mac))
		return 0;
	return announce_bridge(nl, setting, policy->announce ? policy->announce : 1, err);
}

static int prepare(struct netlink *nl, const struct guest *guest, const struct policy *policy, bool may_probe,
		   struct facts *facts, struct plan *plan, struct outcome *outcome, struct err *err)
{
	struct err failure;
	int result = facts_prepare(nl, guest, policy, facts, err);

	if (result < 0)
		return result;
	result = plan_prepare(guest, policy, facts, plan, &outcome->notes, err);
	for (size_t i = 0; i < plan->count; i++) {
		if (hold(nl, policy, facts, &plan->settings[i], outcome, &failure) == 0)
			continue;
		if (plan_uses(guest, policy, plan->settings[i].device))
			outcome_failed(outcome, &result, &failure, err);
		else
			notes_add_err(&outcome->notes, &failure);
	}
	if (may_probe && policy->probe != PROBE_OFF &&
	    probe_addresses(nl, guest, policy, facts, outcome, &failure) < 0) {
		/* An address in use outranks other failures: it alone may stop the start by itself. */
		if (failure.code == EADDRINUSE && result < 0) {
			notes_add_err(&outcome->notes, err);
			result = 0;
		}
		outcome_failed(outcome, &result, &failure, err);
	}
	return result;
}

static int prepare_once(const struct guest *guest, const struct policy *policy, bool probe, struct outcome *outcome,
			struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	struct facts facts;
	struct plan plan = { 0 };
	int r = netlink_open(&nl, err);

	if (r < 0)
		return r;
	facts_init(&facts);
	r = prepare(nl, guest, policy, probe, &facts, &plan, outcome, err);
	plan_done(&plan);
	facts_done(&facts);
	return r;
}

int event_prepare(const struct guest *guest, struct policy *policy, bool probe, struct outcome *outcome,
		  struct err *err)
{
	int r = 0;

	for (int tries = 0; tries < EVENT_TRIES; tries++) {
		enum quieting quieting;
		struct err failure;
		int current;

		/* No reason to refuse a start. */
		if (quieting_names(guest, policy, names_ports_of(guest), &quieting, outcome, &failure) < 0)
			notes_add_err(&outcome->notes, &failure);
		if (!policy->broken)
			r = prepare_once(guest, policy, probe, outcome, err);
		/* Who only looks on is told by the up that follows. */
		current = guest->seen == GUEST_SEEN_NOT ? current_ask(guest, policy, outcome, err) : 0;
		if (current == 0)
			break;
		r = current < 0 ? current : 0;
	}
	return r;
}

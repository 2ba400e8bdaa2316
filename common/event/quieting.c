/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One guest's firewall bridges and ports. */

#include "event/quieting.h"

#include <errno.h>

#include "effect/apply.h"
#include "effect/asking.h"
#include "effect/ports.h"
#include "effect/quieting_guest.h"
#include "event/event.h"
#include "kernel/neighbour.h"
#include "plan/choice.h"
#include "plan/plan.h"

int event_quiet(struct turn *turn)
{
	enum names_ports ports = names_ports_of(&turn->guest);
	enum quieting quieting;

	return quieting_guest(&turn->guest, &turn->policy, ports, &quieting, &turn->outcome, &turn->err);
}

/*
 * What a loud firewall bridge has learned itself is wrong, too. Then the real bridges tell the guest and the LAN their
 * own MACs, those of IPv4: a firewall bridge has no IPv6.
 */
static int heal(struct turn *turn, const struct guest *guest, struct err *err)
{
	struct err failure;
	int result = 0;

	for (size_t i = 0; i < guest->nic_count; i++) {
		const struct link *firewall = facts_link(&turn->facts, guest->nics[i].firewall_bridge);

		if (firewall && neighbour_flush(turn->nl, firewall->ifindex, &failure) < 0)
			outcome_failed(&turn->outcome, &result, &failure, err);
	}
	if (announcements_add_bridges(&turn->announcements, turn->nl, guest, AF_INET, false, &failure) < 0)
		outcome_failed(&turn->outcome, &result, &failure, err);
	return result;
}

/* Returns the first failure. *ret_changed: one of them was loud but for its name. */
static int second_line(struct turn *turn, const struct guest *guest, const struct policy *policy, bool *ret_changed,
		       struct err *err)
{
	struct plan plan = { 0 };
	struct err failure;
	int result = asking_quiet(turn->nl, guest, &turn->facts, err);

	if (result == 0)
		result = plan_quiet(guest, policy, &turn->facts, &plan, err);
	for (size_t i = 0; i < plan.count; i++) {
		int r = apply_hold(turn->nl, &turn->facts, &plan.settings[i], &failure);

		if (r > 0)
			outcome_done(&turn->outcome, &plan.settings[i]);
		if (r < 0)
			outcome_failed(&turn->outcome, &result, &failure, err);
		*ret_changed = *ret_changed || r > 0;
	}
	plan_done(&plan);
	return result;
}

int quieting_up(struct turn *turn, const struct guest *guest, const struct policy *policy, struct err *err)
{
	enum quieting quieting = QUIETING_KEPT;
	enum names_ports ports = NAMES_PORTS_UNKNOWN;
	bool changed = false;
	struct err failure;
	int result;

	if (guest->kind != GUEST_PVE)
		return 0;
	result = ports_ask(turn->nl, guest, &turn->facts, &ports, err);
	if (quieting_guest(guest, policy, ports, &quieting, &turn->outcome, &failure) < 0)
		outcome_failed(&turn->outcome, &result, &failure, err);
	if (second_line(turn, guest, policy, &changed, &failure) < 0)
		outcome_failed(&turn->outcome, &result, &failure, err);
	/* After all are quiet: an answer of another firewall bridge must not undo the healing. */
	if ((quieting == QUIETING_MADE || (quieting == QUIETING_UNSUPPORTED && changed)) &&
	    heal(turn, guest, &failure) < 0)
		outcome_failed(&turn->outcome, &result, &failure, err);
	if (changed)
		facts_forget(&turn->facts);
	return result;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function mends what no hook was told of. */

#include "event/sync.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "event/event.h"
#include "event/guests.h"
#include "event/known.h"
#include "event/report.h"
#include "event/running.h"
#include "guest/pve.h"
#include "guest/vz.h"
#include "policy/policy.h"

/* One guest's turn. */
struct turn {
	char name[GUEST_NAME_SIZE];
	struct policy policy;
	struct outcome outcome;
	struct err err;
	bool failed;
	bool alive; /* managed, and runs here */
};

static void say(struct turn *turn, const char *done, int result)
{
	turn->failed = turn->failed || result < 0;
	(void)report(turn->name, "sync", done, result, &turn->err, &turn->policy, false, &turn->outcome);
}

static void down(struct turn *turn, const struct guest *guest)
{
	say(turn, "took back", event_down(guest, &turn->outcome, &turn->err));
}

static void up(struct turn *turn, const struct guest *guest, bool prepare)
{
	if (prepare)
		say(turn, "prepared", event_prepare(guest, &turn->policy, false, &turn->outcome, &turn->err));
	say(turn, "up", event_up(guest, &turn->policy, &turn->outcome, &turn->err));
}

/* A NIC that is being plugged: its firewall bridge is there, its line in the configuration is not. */
static void add_nic(struct guest *guest, unsigned index)
{
	struct guest_nic *nic;

	for (size_t i = 0; i < guest->nic_count; i++) {
		if (guest->nics[i].index == index)
			return;
	}
	if (guest->nic_count == GUEST_NICS_MAX)
		return;
	nic = &guest->nics[guest->nic_count++];
	memset(nic, 0, sizeof(*nic));
	nic->index = index;
	if (snprintf(nic->firewall_bridge, IFNAMSIZ, "fwbr%si%u", guest->id, index) >= IFNAMSIZ)
		nic->firewall_bridge[0] = '\0';
}

static void sync_pve(struct turn *turn, const struct guest *who, const struct hint *hint, bool prepare)
{
	struct guest guest = *who;
	int r = pve_read(&guest, NULL, &turn->err);

	/* On another node, or destroyed: what is left of it here is taken back once its devices are gone. */
	if (r == -ENOENT)
		return;
	if (r < 0) {
		say(turn, "", r);
		return;
	}
	/* No longer managed: nothing new, but what was set for it goes when it goes. */
	if (!policy_manages(&turn->policy, &guest) && !hint->managed)
		return;
	if (hint->nic >= 0)
		add_nic(&guest, (unsigned)hint->nic);
	turn->alive = true;
	up(turn, &guest, prepare);
}

/* Each recorded address by itself, as each may have a route of its own. */
static void sync_recorded(struct turn *turn, const struct guest *who, bool prepare)
{
	struct known known;

	if (known_read(who, &known, &turn->err) < 0) {
		say(turn, "", -turn->err.code);
		return;
	}
	for (size_t i = 0; i < known.ip_count; i++) {
		struct guest guest = *who;

		guest.partial = true;
		guest.ips[0] = known.ips[i];
		guest.ip_count = 1;
		memcpy(guest.route, known.routes[i], IFNAMSIZ);
		guest.platform_routes = known.platforms[i];
		up(turn, &guest, prepare);
	}
}

static bool sync_guest(const struct guest *who, const struct hint *hint, bool prepare, struct netlink *nl,
		       struct sync_result *result)
{
	static struct turn turn;
	struct guest guest = *who;
	enum running running = RUNNING_UNKNOWN;
	int r;

	memset(&turn, 0, sizeof(turn));
	(void)guest_name(&guest, turn.name);
	if (guest.kind == GUEST_VZ)
		(void)vz_read(&guest, NULL);
	if (policy_load(&turn.policy, &guest, &turn.err) < 0)
		say(&turn, "", -turn.err.code);
	r = running_ask(nl, &guest, &running, &turn.err);
	if (r < 0)
		say(&turn, "", r);
	else if (running == RUNNING_NO)
		down(&turn, &guest);
	else if (guest.kind == GUEST_PVE)
		sync_pve(&turn, &guest, hint, prepare);
	else
		sync_recorded(&turn, &guest, prepare);
	policy_done(&turn.policy);
	result->guests++;
	result->failed += turn.failed;
	return turn.alive;
}

int event_sync_pve(const struct guest *guest, const struct hint *hint, struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	struct sync_result result = { 0 };
	int r = netlink_open(&nl, err);

	if (r < 0)
		return r;
	return sync_guest(guest, hint, true, nl, &result) ? 1 : 0;
}

int event_sync(bool prepare, struct sync_result *ret_result, struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	const struct hint none = HINT_NONE;
	struct guest_list guests = { 0 };
	int r = netlink_open(&nl, err);

	memset(ret_result, 0, sizeof(*ret_result));
	if (r == 0)
		r = guest_list_recorded(&guests, err);
	if (r == 0)
		r = guest_list_running(&guests, err);
	for (size_t i = 0; r == 0 && i < guests.count; i++)
		(void)sync_guest(&guests.list[i], &none, prepare, nl, ret_result);
	guest_list_done(&guests);
	return r;
}

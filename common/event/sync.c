/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function mends what no hook was told of. */

#include "event/sync.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "event/event.h"
#include "event/guests.h"
#include "event/known.h"
#include "event/quieting.h"
#include "event/record.h"
#include "event/report.h"
#include "event/running.h"
#include "guest/lxc.h"
#include "guest/pve.h"
#include "guest/vz.h"
#include "policy/policy.h"

/* One guest's turn. */
struct turn {
	char name[GUEST_NAME_SIZE];
	struct guest guest;
	struct policy policy;
	struct outcome outcome;
	struct err err;
	bool failed;
	bool stale; /* what it was decided by has changed meanwhile */
	bool alive; /* managed, and runs here */
};

static void say(struct turn *turn, const char *done, int result)
{
	turn->failed = turn->failed || result < 0;
	(void)report(turn->name, "sync", done, result, &turn->err, &turn->policy, false, &turn->outcome);
}

/* Does the guest run here, as far as can be told? What is left of one that does not is taken back. */
static bool runs(struct turn *turn, struct guest *guest)
{
	enum running running = RUNNING_UNKNOWN;
	int r = running_ask(guest, &running, &turn->err);

	guest->seen = running == RUNNING_NO ? GUEST_SEEN_GONE : GUEST_SEEN_RUNNING;
	if (r < 0)
		say(turn, "", r);
	else if (running == RUNNING_NO)
		say(turn, "took back", event_down(guest, &turn->outcome, &turn->err));
	return r == 0 && running != RUNNING_NO;
}

static void up(struct turn *turn, const struct guest *guest, bool prepare)
{
	int r;

	if (prepare)
		say(turn, "prepared", event_prepare(guest, &turn->policy, false, &turn->outcome, &turn->err));
	r = event_up(guest, &turn->policy, &turn->outcome, &turn->err);
	turn->stale = turn->stale || r == -ESTALE;
	say(turn, "up", r == -ESTALE ? 0 : r);
}

/* A NIC that is being plugged: its firewall bridge is there, its line in the configuration is not. */
static void add_nic(struct guest *guest, unsigned index)
{
	struct guest_nic *nic;

	for (size_t i = 0; i < guest->nic_count; i++) {
		if (guest->nics[i].index == index)
			return;
	}
	nic = guest_add_nic(guest, index);
	if (nic && snprintf(nic->firewall_bridge, IFNAMSIZ, "fwbr%si%u", guest->id, index) >= IFNAMSIZ)
		nic->firewall_bridge[0] = '\0';
}

static void sync_pve(struct turn *turn, const struct hint *hint, bool prepare)
{
	struct guest *guest = &turn->guest;
	struct err failure;
	int r = pve_read(guest, NULL, &failure);
	bool managed = hint->managed || policy_manages(&turn->policy, guest);

	/* Most devices that come and go are of guests that nobody gave us. */
	if (r == 0 && !managed && !record_exists(guest))
		return;
	/* On another node, or destroyed: what is left of it here is taken back once its devices are gone. */
	if (!runs(turn, guest) || r == -ENOENT)
		return;
	if (r < 0) {
		turn->err = failure;
		say(turn, "", r);
		return;
	}
	/* No longer managed: nothing new, but what was set for it goes when it goes. */
	if (!managed)
		return;
	policy_keep(&turn->policy, &turn->outcome.notes);
	/* It runs here or there: what holds is right until the lock is gone, and then its move is told. */
	if (guest->migrating && !hint->managed) {
		say(turn, "quiet", event_quiet(guest, &turn->policy, &turn->outcome, &turn->err));
		return;
	}
	guest->hooked = guest->hooked || hint->managed;
	if (hint->nic >= 0)
		add_nic(guest, (unsigned)hint->nic);
	turn->alive = true;
	up(turn, guest, prepare);
}

/* Each recorded address by itself, as each may have a route of its own. */
static void sync_recorded(struct turn *turn, bool prepare)
{
	struct guest *who = &turn->guest;
	struct known known;

	if (!runs(turn, who))
		return;
	policy_keep(&turn->policy, &turn->outcome.notes);
	if (known_read(who, &known, &turn->err) < 0) {
		say(turn, "", -turn->err.code);
		return;
	}
	for (size_t i = 0; i < known.ip_count; i++) {
		struct guest guest;

		guest_copy(&guest, who);
		guest.seen = GUEST_SEEN_RECORDED;
		guest.partial = true;
		guest.ips[0] = known.ips[i];
		guest.ip_count = 1;
		memcpy(guest.route, known.routes[i], IFNAMSIZ);
		guest.platform_routes = known.platforms[i];
		up(turn, &guest, prepare);
	}
}

/* A plain container that runs although no hook has told of it: it was started before it was managed. */
static void sync_unheard(struct turn *turn, bool prepare)
{
	enum running running = RUNNING_UNKNOWN;

	if (lxc_read(&turn->guest, NULL, NULL) < 0 || !policy_manages(&turn->policy, &turn->guest) ||
	    running_ask(&turn->guest, &running, NULL) < 0 || running != RUNNING_YES)
		return;
	turn->guest.seen = GUEST_SEEN_RUNNING;
	up(turn, &turn->guest, prepare);
}

static void take_turn(struct turn *turn, const struct hint *hint, bool prepare)
{
	if (turn->guest.kind == GUEST_VZ)
		(void)vz_read(&turn->guest, NULL);
	if (policy_load(&turn->policy, &turn->guest, &turn->err) < 0)
		say(turn, "", -turn->err.code);
	if (turn->guest.kind == GUEST_PVE)
		sync_pve(turn, hint, prepare);
	else if (turn->guest.kind == GUEST_LXC && !record_exists(&turn->guest))
		sync_unheard(turn, prepare);
	else
		sync_recorded(turn, prepare);
	policy_done(&turn->policy);
}

static bool sync_guest(const struct guest *who, const struct hint *hint, bool prepare, struct sync_result *result)
{
	static struct turn turn;

	for (int tries = 0; tries < EVENT_TRIES && (tries == 0 || turn.stale); tries++) {
		memset(&turn, 0, sizeof(turn));
		guest_copy(&turn.guest, who);
		(void)guest_name(who, turn.name);
		take_turn(&turn, hint, prepare);
	}
	if (turn.stale)
		say(&turn, "", err_set(&turn.err, ESTALE, "its policy or configuration changes all the time"));
	result->guests++;
	result->failed += turn.failed;
	return turn.alive;
}

bool event_sync_pve(const struct guest *guest, const struct hint *hint)
{
	struct sync_result result = { 0 };

	return sync_guest(guest, hint, true, &result);
}

/* First: a guest that starts meanwhile has what it needs. */
static bool sync_names(void)
{
	struct outcome outcome = { 0 };
	struct policy none = { .broken = false };
	struct err err;
	int r = quieting_host(&outcome, &err);

	(void)report(NULL, "quiet by name", "sync", r == -EOPNOTSUPP ? 0 : r, &err, &none, false, &outcome);
	return r == 0 || r == -EOPNOTSUPP;
}

int event_sync(bool prepare, struct sync_result *ret_result, struct err *err)
{
	const struct hint none = HINT_NONE;
	struct guest_list guests = { 0 };
	int r;

	memset(ret_result, 0, sizeof(*ret_result));
	ret_result->failed += !sync_names();
	r = guest_list_recorded(&guests, err);
	if (r == 0)
		r = guest_list_running(&guests, err);
	/* Not for each device that comes: their configurations are many. */
	if (r == 0 && prepare)
		r = guest_list_containers(&guests, err);
	for (size_t i = 0; r == 0 && i < guests.count; i++)
		(void)sync_guest(&guests.list[i], &none, prepare, ret_result);
	guest_list_done(&guests);
	return r;
}

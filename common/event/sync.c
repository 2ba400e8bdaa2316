/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function repairs what no hook was told of. */

#include "event/sync.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "effect/quieting_host.h"
#include "event/event.h"
#include "event/known.h"
#include "guest/pve.h"
#include "host/guests.h"
#include "host/running.h"
#include "plan/choice.h"
#include "policy/policy.h"

/* One guest that is looked at. */
struct look {
	struct turn turn;
	const struct hint *hint;
	bool prepare;
	struct sync_look seen;
};

static void say(struct look *look, const char *done, int result)
{
	look->seen.failed = look->seen.failed || result < 0;
	(void)turn_say(&look->turn, done, result, false);
}

/* Does the guest run here, as far as can be told? What is left of one that does not is removed. */
static enum running runs(struct look *look)
{
	enum running running = RUNNING_UNKNOWN;
	int r = running_ask(&look->turn.guest, &running, &look->turn.err);

	if (r == 0 && running == RUNNING_NO)
		r = event_down(&look->turn);
	say(look, "removed", r);
	return r < 0 ? RUNNING_NO : running;
}

static void up(struct look *look, const struct guest *guest)
{
	if (look->prepare)
		say(look, "prepared", event_prepare(&look->turn, guest, false));
	say(look, "up", event_up(&look->turn, guest));
	look->seen.holds = !look->seen.failed;
}

/*
 * It is answered for here by what its record says. Then its configuration is locked as it leaves: on a migration's
 * target nothing is bound before it is there.
 */
static bool is_bound(const struct turn *turn)
{
	struct known known;

	return known_read(turn, &known, NULL) == 0 && known.ip_count > 0;
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

static void look_at_pve(struct look *look)
{
	struct turn *turn = &look->turn;
	struct guest *guest = &turn->guest;
	struct err failure;
	bool leave;
	int r = pve_read(guest, NULL, &failure);

	guest->hooked = guest->hooked || look->hint->managed;
	turn->claims = look->hint->managed || look->hint->arrives;
	if (turn_policy(turn) < 0)
		say(look, "", -turn->err.code);
	/*
	 * No longer managed: nothing new, but what was set for it goes when it goes. The same on a migration's target
	 * until the lock is gone, and then its move is told; on its source the guest has to be reached all the while.
	 */
	leave = !policy_manages(&turn->policy, guest) || (guest->migrating && !look->hint->managed && !is_bound(turn));
	if (r == 0 && leave)
		say(look, "quiet", event_quiet(turn));
	/* On another node, or destroyed: what is left of it here is removed once its devices are gone. */
	if (runs(look) == RUNNING_NO || r == -ENOENT || (r == 0 && leave))
		return;
	if (r < 0) {
		turn->err = failure;
		say(look, "", r);
		return;
	}
	if (look->hint->nic >= 0)
		add_nic(guest, (unsigned)look->hint->nic);
	look->seen.alive = true;
	up(look, guest);
}

/*
 * A plain container whose configuration is in its place, and has all that is recorded. It may have been started
 * unheard, before it was managed. One that was started with a file of its own is left to its record.
 */
static bool is_as_configured(struct guest *guest, const struct policy *policy, const struct known *known)
{
	bool is = guest->kind == GUEST_LXC && guest->nic_count > 0 && policy_manages(policy, guest);
	struct ip buffer[GUEST_IPS_MAX];
	size_t count;
	const struct ip *ips = plan_ips(guest, policy, buffer, &count);

	for (size_t i = 0; is && i < known->ip_count; i++)
		is = ip_among(ips, count, &known->ips[i]);
	return is;
}

/* Each recorded address by itself, as each may have a route of its own. */
static void look_at_addresses(struct look *look, const struct known *known)
{
	struct turn *turn = &look->turn;

	turn_takes_some(turn);
	for (size_t i = 0; i < known->ip_count; i++) {
		struct guest guest;

		guest_copy(&guest, &turn->guest);
		guest.ips[0] = known->ips[i];
		guest.ip_count = 1;
		memcpy(guest.route, known->routes[i], IFNAMSIZ);
		guest.platform_routes = known->platforms[i];
		up(look, &guest);
	}
}

static void look_at_recorded(struct look *look)
{
	struct turn *turn = &look->turn;
	struct guest *guest = &turn->guest;
	enum running running;
	struct known known;

	if (guest_read(guest, &turn->err) < 0 && turn->err.code != ENOENT)
		say(look, "", -turn->err.code);
	if (turn_policy(turn) < 0)
		say(look, "", -turn->err.code);
	running = runs(look);
	if (running == RUNNING_NO)
		return;
	if (known_read(turn, &known, &turn->err) < 0)
		say(look, "", -turn->err.code);
	else if (running == RUNNING_YES && is_as_configured(guest, &turn->policy, &known))
		up(look, guest);
	else
		look_at_addresses(look, &known);
}

/* Most devices and containers are of guests that nobody gave us: they need no lock, and are left alone. */
static bool concerns(const struct guest *who, const struct hint *hint)
{
	struct policy policy;
	struct guest guest;
	bool managed;
	int loaded;
	int r;

	if (hint->managed || record_exists(who))
		return true;
	guest_copy(&guest, who);
	r = guest_read(&guest, NULL);
	loaded = policy_load(&policy, &guest, NULL);
	managed = policy_manages(&policy, &guest) || (loaded < 0 && policy.broken);
	policy_done(&policy);
	/* What cannot be read of a guest of Proxmox VE's is said. */
	return (r == 0 && managed) || (r < 0 && r != -ENOENT && guest.kind == GUEST_PVE);
}

/* Returns whether another look is due. who may be the look's own guest, of an earlier turn. */
static bool look_once(struct look *look, const struct guest *who)
{
	const struct hint *hint = look->hint;
	bool again;

	if (!concerns(who, hint))
		return false;
	turn_init(&look->turn, who, "sync");
	look->turn.hurry = hint->hurry;
	look->turn.announces = hint->announces;
	look->turn.early = hint->early;
	turn_lock(&look->turn, TURN_LOOKS);
	if (!hint->hurry || look->turn.locked != -EBUSY) {
		if (look->turn.guest.kind == GUEST_PVE)
			look_at_pve(look);
		else
			look_at_recorded(look);
	}
	again = turn_done(&look->turn);
	look->seen.unsaid = look->turn.unsaid;
	return again;
}

static struct sync_look look_at(const struct guest *who, const struct hint *hint, bool prepare)
{
	const struct hint none = HINT_NONE;
	struct look look = { .hint = hint, .prepare = prepare };
	bool again = look_once(&look, who);
	struct sync_look seen = look.seen;

	look.hint = &none;
	look.prepare = true;
	while (again)
		again = look_once(&look, &look.turn.guest);
	return seen;
}

struct sync_look event_sync_guest(const struct guest *guest, const struct hint *hint)
{
	return look_at(guest, hint, true);
}

static void sync_if(bool due, const struct turn *turn)
{
	const struct hint none = HINT_NONE;

	if (due)
		(void)event_sync_guest(&turn->guest, &none);
}

void event_unlock(struct turn *turn)
{
	sync_if(turn_unlock(turn), turn);
}

void event_done(struct turn *turn)
{
	sync_if(turn_done(turn), turn);
}

int event_sync_names(const char *word)
{
	struct outcome outcome = { 0 };
	struct err err;
	int r = quieting_host(&outcome, &err);

	if (r == -EOPNOTSUPP)
		r = 0;
	outcome_say(&outcome, NULL, "quiet by name", word, r, &err, false);
	return r;
}

static void tell_unsaid(const struct sync_watch *watch, const struct guest *guest)
{
	char name[GUEST_NAME_SIZE];

	watch->unsaid(guest_name(guest, name), watch->arg);
}

int event_sync(bool prepare, const struct sync_watch *watch, struct sync_result *ret_result, struct err *err)
{
	const struct hint hint = { .nic = -1, .hurry = watch != NULL, .early = watch != NULL };
	struct guest_list guests = { 0 };
	int r;

	memset(ret_result, 0, sizeof(*ret_result));
	/* First: a guest that starts meanwhile has what it needs. */
	ret_result->failed += event_sync_names("sync") < 0;
	r = guest_list_recorded(&guests, err);
	if (r == 0)
		r = guest_list_running(&guests, err);
	/* Not for each device that comes: their configurations are many. */
	if (r == 0 && prepare)
		r = guest_list_containers(&guests, err);
	for (size_t i = 0; r == 0 && i < guests.count; i++) {
		const struct sync_look seen = look_at(&guests.list[i], &hint, prepare);

		ret_result->guests++;
		ret_result->failed += seen.failed;
		if (seen.unsaid && watch)
			tell_unsaid(watch, &guests.list[i]);
	}
	guest_list_done(&guests);
	return r;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The container's file and policy, read and said once; its addresses, from a script's environment. */

#include "event/vz_call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "event/event.h"
#include "event/sync.h"
#include "guest/vz_ips.h"
#include "policy/policy.h"

const char *vz_env(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

bool vz_call_say(struct vz_call *call, const char *done, int result, bool may_abort)
{
	if (call->quiet)
		call->turn.outcome.done[0] = '\0';
	return turn_say(&call->turn, done, result, may_abort);
}

/* More addresses than there is room for: all of them are left to vzctl. Said once. */
static void tell_many(struct vz_call *call, const struct err *failure)
{
	if (!call->tells)
		return;
	call->tells = false;
	call->turn.err = *failure;
	(void)vz_call_say(call, "", -failure->code, false);
}

/* The container's file and its policy. */
static int read_files(struct vz_call *call)
{
	struct turn *turn = &call->turn;
	int read = vz_read(&turn->guest, &turn->err);
	struct err failure = turn->err;
	bool covered;
	int r;

	if (read < 0 && read != -E2BIG)
		(void)vz_call_say(call, "", read, false);
	call->readable = read == 0;
	r = turn_policy(turn);
	covered = policy_manages(&turn->policy, &turn->guest);
	call->managed = call->readable && covered;
	if (read == -E2BIG && covered)
		tell_many(call, &failure);
	return r;
}

void vz_call_open(struct vz_call *call, const char *word, bool aborts, bool tells)
{
	struct turn *turn = &call->turn;
	int r;

	call->tells = tells;
	call->family = vz_family();
	r = guest_init(&turn->guest, GUEST_VZ, vz_env("VEID"), &turn->err);
	turn_init(turn, &turn->guest, word);
	turn_takes_some(turn);
	if (r < 0) {
		turn->name[0] = '\0';
		/* vz.conf is sourced by scripts that are about no container. */
		if (*vz_env("VEID"))
			(void)vz_call_say(call, "", r, false);
		return;
	}
	r = read_files(call);
	if (r < 0)
		call->refused = vz_call_say(call, "", r, aborts && call->managed && turn->policy.broken);
}

void vz_call_begin(struct vz_call *call, enum turn_kind kind)
{
	struct err before = call->turn.err;
	int r;

	call->turn.claims = true;
	turn_lock(&call->turn, kind);
	r = read_files(call);
	if (r < 0 && strcmp(before.text, call->turn.err.text) != 0)
		(void)vz_call_say(call, "", r, false);
}

void vz_call_end(struct vz_call *call)
{
	event_unlock(&call->turn);
}

bool vz_call_take_ips(struct vz_call *call, const char *variable, struct guest *guest)
{
	struct err failure;

	guest_copy(guest, &call->turn.guest);
	guest->ip_count = 0;
	if (vz_parse_ips(call->family, vz_env(variable), guest->ips, GUEST_IPS_MAX, &guest->ip_count) == 0)
		return true;
	(void)err_set(&failure, E2BIG, VZ_TOO_MANY, variable, GUEST_IPS_MAX, GUEST_NIC_IPS_MAX, GUEST_NICS_MAX);
	if (call->managed)
		tell_many(call, &failure);
	return false;
}

struct among {
	const struct known *known;
	struct guest *guest;
};

static bool add_known(const struct guest_ip *ip, void *arg)
{
	const struct among *among = arg;

	if (ip_among(among->known->ips, among->known->ip_count, &ip->ip))
		(void)guest_add_ip(among->guest, &ip->ip);
	return true;
}

void vz_call_take_known(struct vz_call *call, const char *variable, const struct known *known, struct guest *guest)
{
	struct among among = { known, guest };

	guest_copy(guest, &call->turn.guest);
	guest->ip_count = 0;
	vz_ips_walk(call->family, vz_env(variable), add_known, &among);
}

bool vz_call_prepare(struct vz_call *call, const struct guest *guest, bool probe, bool may_abort)
{
	return vz_call_say(call, "prepared", event_prepare(&call->turn, guest, probe), may_abort);
}

bool vz_call_add(struct vz_call *call, struct guest *guest, const char *route, bool may_abort)
{
	if (ifname_copy(guest->route, route) == 0)
		guest->platform_routes = true;
	return vz_call_say(call, "up", event_up(&call->turn, guest), may_abort);
}

void vz_call_remove(struct vz_call *call, const struct guest *guest)
{
	(void)vz_call_say(call, "removed", event_down_ips(&call->turn, guest->ips, guest->ip_count), false);
}

void vz_call_remove_unrecorded(struct vz_call *call, struct guest *guest, const char *route)
{
	bool routes = ifname_copy(guest->route, route) == 0;

	guest->platform_routes = routes;
	(void)vz_call_say(call, "removed", event_remove_unrecorded(&call->turn, guest, routes), false);
}

void vz_call_remove_all(struct vz_call *call)
{
	(void)vz_call_say(call, "removed", event_down(&call->turn), false);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply, undo, sync and announce: what hooks do, done now. */

#include "command/act.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "command/each.h"
#include "effect/announce.h"
#include "effect/quieting_host.h"
#include "event/event.h"
#include "event/sync.h"
#include "event/turn.h"
#include "host/guests.h"
#include "host/running.h"

/* Locked, with its policy, as its files are now. *ret_read: 0, or why its configuration could not be read: turn->err.
 */
static int begin_turn(struct turn *turn, const struct guest *guest, const char *word, enum turn_kind kind,
		      int *ret_read)
{
	struct guest now;
	struct err failure;
	int r;

	turn_init(turn, guest, word);
	turn_lock(turn, kind);
	*ret_read = guest_init(&now, guest->kind, guest->id, &failure);
	if (*ret_read == 0)
		*ret_read = guest_read(&now, &failure);
	if (*ret_read == 0)
		guest_copy(&turn->guest, &now);
	r = turn_policy(turn);
	if (r < 0)
		(void)turn_say(turn, "", r, false);
	if (*ret_read < 0)
		turn->err = failure;
	return r;
}

/* Entries for a guest that is elsewhere would draw its traffic away. */
static bool runs_here(const struct guest *guest)
{
	enum running running = RUNNING_UNKNOWN;

	return running_ask(guest, &running, NULL) == 0 && running != RUNNING_NO;
}

static int apply(const struct call *call, const struct guest *guest)
{
	struct turn turn;
	int read;
	int policy = begin_turn(&turn, guest, "apply", TURN_LOOKS, &read);
	int prepared = 0;
	int up = -ESRCH;

	(void)call;
	turn.claims = true;
	/* Without its addresses all that was set for it would seem to be no longer wanted. */
	if (read < 0) {
		log_line(turn.name, "apply: %s; nothing done",
			 guest_platform_missing() ? GUEST_PLATFORM_MISSING : turn.err.text);
	} else if (!runs_here(&turn.guest)) {
		log_line(turn.name, "apply: it does not run here, nothing done");
	} else {
		prepared = event_prepare(&turn, &turn.guest, false);
		(void)turn_say(&turn, "prepared", prepared, false);
		up = event_up(&turn, &turn.guest);
		(void)turn_say(&turn, "up", up, false);
	}
	event_done(&turn);
	return prepared < 0 ? prepared : up < 0 ? up : policy;
}

static int undo(const struct call *call, const struct guest *guest)
{
	struct turn turn;
	int read;
	int policy = begin_turn(&turn, guest, "undo", TURN_REMOVES, &read);
	int r = event_down(&turn);

	(void)call;
	(void)turn_say(&turn, "removed", r, false);
	event_done(&turn);
	return r < 0 ? r : policy;
}

int act_apply(const struct call *call)
{
	return each_name(each_guest(call, EACH_RUNNING, apply));
}

int act_undo(const struct call *call)
{
	struct err err;

	if (!call->quiet)
		return each_guest(call, EACH_MANAGED, undo);
	if (call->all || call->count > 0) {
		(void)err_set(&err, EINVAL, "--quiet is for the whole host, and comes alone");
		return call_wrong(call, &err);
	}
	return quieting_host_drop(&err) < 0 ? call_failed(call, &err) : EXIT_SUCCESS;
}

int act_sync(const struct call *call)
{
	struct sync_result result;
	struct err err;

	if (guest_platform_missing())
		log_line(NULL, "sync: %s; nothing is removed because of that", GUEST_PLATFORM_MISSING);
	if (event_sync(true, NULL, &result, &err) < 0)
		return call_failed(call, &err);
	return result.failed ? EXIT_UNKNOWN : EXIT_SUCCESS;
}

/* After a MAC that was set by hand. */
int act_announce(const struct call *call)
{
	const char *device = call->words[0];
	struct err err;
	size_t count;

	if (!ifname_valid(device)) {
		(void)err_set(&err, EINVAL, "announce: that is no device's name");
		return call_wrong(call, &err);
	}
	if (announce_device(device, 2, &count, &err) < 0)
		return call_failed(call, &err);
	log_result(NULL, "announce: %s: %zu address%s", device, count, count == 1 ? "" : "es");
	return EXIT_SUCCESS;
}

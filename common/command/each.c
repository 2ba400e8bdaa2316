/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going through guests. What fails for one is said, and the others have their turn. */

#include "command/each.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "command/choose.h"
#include "doctor/status.h"
#include "event/event.h"
#include "event/sync.h"
#include "event/turn.h"
#include "host/guests.h"

static int for_named(const struct call *call, each_fn command)
{
	struct chosen chosen;
	int status = EXIT_SUCCESS;
	struct err err;

	if (choose_guests(call->words, call->count, &chosen, &err) < 0)
		status = call_wrong(call, &err);
	for (size_t i = 0; status != EXIT_USAGE && i < chosen.count; i++) {
		if (command(call, &chosen.list[i]) < 0)
			status = EXIT_UNKNOWN;
	}
	chosen_done(&chosen);
	return status;
}

static bool is_meant(const struct guest_status *s, enum each_of all)
{
	if (all == EACH_PVE)
		return s->guest.kind == GUEST_PVE && s->readable;
	/* One that runs and cannot be read is told of. */
	if (all == EACH_RUNNING)
		return s->inspection.running != RUNNING_NO &&
		       (s->managed || (!s->readable && s->inspection.has_record));
	return true;
}

/* Their configurations alone: what holds for each is not asked. */
static int take_configured(struct status *status, struct err *err)
{
	struct guest_list guests = { 0 };
	int r = guest_list_configured(&guests, err);

	status->list = r == 0 ? calloc(guests.count + 1, sizeof(*status->list)) : NULL;
	if (r == 0 && !status->list)
		r = err_errno(err, ENOMEM, "guests");
	for (size_t i = 0; status->list && i < guests.count; i++) {
		guest_copy(&status->list[i].guest, &guests.list[i]);
		status->list[i].readable = guest_read(&status->list[i].guest, NULL) == 0;
		status->count++;
	}
	guest_list_done(&guests);
	return r;
}

static int for_all(const struct call *call, enum each_of all, each_fn command)
{
	struct status status = { 0 };
	time_t begun = time(NULL);
	struct err err;
	int result = EXIT_SUCCESS;
	int r = all == EACH_PVE ? take_configured(&status, &err) : status_take(NULL, 0, STATUS_AS_IS, &status, &err);

	for (size_t i = 0; r == 0 && i < status.count; i++) {
		if (is_meant(&status.list[i], all) && command(call, &status.list[i].guest) < 0)
			result = EXIT_UNKNOWN;
		call_progress(call, i + 1, status.count, begun);
	}
	status_done(&status);
	return r < 0 ? call_failed(call, &err) : result;
}

int each_guest(const struct call *call, enum each_of all, each_fn command)
{
	struct err err;

	if (call->all != (call->count == 0)) {
		(void)err_set(&err, EINVAL, "name guests, or say --all");
		return call_wrong(call, &err);
	}
	return call->all ? for_all(call, all, command) : for_named(call, command);
}

int each_guest_again(const struct call *call, enum each_of all, each_fn command, int status)
{
	if (status == EXIT_USAGE)
		return status;
	return each_guest(call, all, command) == EXIT_SUCCESS ? status : EXIT_UNKNOWN;
}

int each_name(int status)
{
	if (status == EXIT_USAGE)
		return status;
	return event_sync_names("names") < 0 ? EXIT_UNKNOWN : status;
}

/* Also after an event of the guest that has read the files before. What cannot be read has been said. */
int each_settle(const struct call *call, const struct guest *guest)
{
	struct turn turn;
	int r = 0;

	(void)call;
	turn_init(&turn, guest, "names");
	turn_lock(&turn, TURN_REMOVES);
	if (guest_read(&turn.guest, NULL) == 0 && turn_policy(&turn) == 0) {
		r = event_quiet(&turn);
		(void)turn_say(&turn, "names", r, false);
	}
	event_done(&turn);
	return r;
}

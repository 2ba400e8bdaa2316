/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest is gone: its record, and only its record, says what is to be taken back. */

#include <errno.h>

#include "event/apply.h"
#include "event/event.h"
#include "event/facts.h"
#include "event/outcome.h"
#include "event/record.h"

/* Returns the first failure; left gets what could not be taken back. */
static int take_back(const struct plan *settings, struct facts *facts, struct plan *left, struct outcome *outcome,
		     struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	int result = netlink_open(&nl, err);

	if (result < 0)
		return result;
	for (size_t i = 0; i < settings->count; i++) {
		const struct setting *setting = &settings->settings[i];
		struct err failure;
		int r = facts_ask_link(nl, facts, setting->device, &failure);

		if (r == 0)
			r = apply_undo(nl, facts, setting, &failure);
		if (r == 0) {
			outcome_done(outcome, setting);
			continue;
		}
		outcome_failed(outcome, &result, &failure, err);
		if (plan_add(left, setting) < 0)
			return err_errno(err, ENOMEM, "record");
	}
	return result;
}

static int down(struct record_store *store, struct facts *facts, struct plan *settings, struct plan *left,
		struct outcome *outcome, struct err *err)
{
	bool exists = false;
	struct err failure;
	int result = record_load(store, settings, &exists, &outcome->notes, err);
	int r;

	if (result < 0 || !exists)
		return result;
	if (settings->count > 0)
		result = take_back(settings, facts, left, outcome, err);
	if (result == 0)
		return record_remove(store, err);
	/* Nothing was tried: the record stays as it is. */
	if (left->count == 0)
		return result;
	r = record_save(store, left, &failure);
	if (r < 0)
		notes_add_err(&outcome->notes, &failure);
	return result;
}

int event_down(const struct guest *guest, struct outcome *outcome, struct err *err)
{
	struct record_store store = RECORD_STORE_CLOSED;
	struct facts facts;
	struct plan settings = { 0 };
	struct plan left = { 0 };
	int r = record_open(guest, false, &store, err);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	facts_init(&facts);
	r = down(&store, &facts, &settings, &left, outcome, err);
	plan_done(&left);
	plan_done(&settings);
	facts_done(&facts);
	record_close(&store);
	return r;
}

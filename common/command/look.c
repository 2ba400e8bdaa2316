/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check, status, plan and policy: what is so, and what would be. */

#include "command/look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/choose.h"
#include "doctor/explain.h"
#include "doctor/status.h"

int look_check(const struct call *call)
{
	bool found = false;
	struct err err;
	int r;

	if (call->look.prometheus && call->json) {
		(void)err_set(&err, EINVAL, "check: one of --json and --prometheus");
		return call_wrong(call, &err);
	}
	r = check_run(&call->look, call->json, call->colour, call->out, &found, &err);

	if (r == -EINVAL || r == -ENODEV)
		return call_wrong(call, &err);
	return r < 0 ? call_failed(call, &err) : found ? EXIT_FOUND : EXIT_SUCCESS;
}

/* Those named, or all. 0, -ENOENT for one that is nowhere. */
static int take(char *const words[], size_t count, enum status_as as, struct status *status, struct err *err)
{
	struct chosen chosen = { 0 };
	int r = choose_guests(words, count, &chosen, err);

	memset(status, 0, sizeof(*status));
	if (r == 0)
		r = status_take(count ? chosen.list : NULL, chosen.count, as, status, err);
	chosen_done(&chosen);
	return r;
}

int look_status(const struct call *call)
{
	struct status status;
	struct err err;
	int result = EXIT_SUCCESS;
	int r = take(call->words, call->count, STATUS_AS_IS, &status, &err);

	if (r < 0) {
		status_done(&status);
		return r == -ENOENT ? call_wrong(call, &err) : call_failed(call, &err);
	}
	if (call->json)
		(void)status_print_json(&status, call->out);
	else
		status_print(&status, call->colour, call->unicode, call->out);
	if (!status_is_well(&status))
		result = EXIT_FOUND;
	else if (status.platform_missing)
		result = EXIT_UNKNOWN;
	status_done(&status);
	return result;
}

/* The last word may be an event; "plan 101 up". */
static const char *event_of(const struct call *call, size_t *ret_count)
{
	const char *last = call->count > 0 ? call->words[call->count - 1] : NULL;

	*ret_count = call->count;
	if (!last || !explain_is_event(last))
		return NULL;
	(*ret_count)--;
	return last;
}

int look_plan(const struct call *call)
{
	size_t count;
	const char *event = event_of(call, &count);
	struct status status = { 0 };
	struct err err;
	int result = EXIT_SUCCESS;
	int r;

	if (call->all != (count == 0)) {
		(void)err_set(&err, EINVAL, "usage: guestarp plan GUEST...|--all [EVENT]");
		return call_wrong(call, &err);
	}
	r = take(call->words, count, STATUS_AS_MANAGED, &status, &err);
	for (size_t i = 0; r == 0 && i < status.count; i++) {
		if (call->all || count > 1 || status.count > 1)
			explain_guest(&status.list[i], i > 0, call->out);
		explain_plan(&status.list[i], event, call->out);
	}
	if (r < 0)
		result = r == -ENOENT ? call_wrong(call, &err) : call_failed(call, &err);
	status_done(&status);
	return result;
}

int look_policy(const struct call *call)
{
	struct guest guest;
	struct err err;

	if (call->check) {
		if (policy_check_file(call->words[0], &err) == 0)
			return EXIT_SUCCESS;
		(void)call_failed(call, &err);
		return access(call->words[0], R_OK) == 0 ? EXIT_FOUND : EXIT_UNKNOWN;
	}
	if (choose_one(call->words[0], &guest, &err) < 0)
		return call_wrong(call, &err);
	return explain_policy(&guest, call->json, call->out, &err) < 0 ? call_failed(call, &err) : EXIT_SUCCESS;
}

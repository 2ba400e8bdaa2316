/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The straight line from guest to comparison, without the rest of it. */

#include "event/inspect.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "event/apply.h"
#include "event/facts.h"
#include "event/record.h"

static int compare(struct netlink *nl, const struct facts *facts, struct inspection *in, struct err *err)
{
	in->holds = calloc(in->settings.count ? in->settings.count : 1, sizeof(*in->holds));
	if (!in->holds)
		return err_errno(err, ENOMEM, "settings");
	for (size_t i = 0; i < in->settings.count; i++) {
		struct err failure;

		struct setting *setting = &in->settings.settings[i];

		if (!setting->device[0])
			(void)if_indextoname((unsigned)setting->ifindex, setting->device);
		if (apply_read(nl, facts, setting, &in->holds[i], &failure) < 0)
			notes_add_err(&in->notes, &failure);
	}
	return 0;
}

static int take_plan(struct netlink *nl, const struct guest *guest, const struct policy *policy, struct facts *facts,
		     struct inspection *in, struct err *err)
{
	struct err failure;
	int r = facts_prepare(nl, guest, policy, facts, err);

	if (r < 0)
		return r;
	if (plan_prepare(guest, policy, facts, &in->settings, &in->notes, &failure) < 0)
		notes_add_err(&in->notes, &failure);
	in->prepare_count = in->settings.count;
	r = facts_up(nl, guest, policy, facts, err);
	if (r < 0)
		return r;
	if (plan_up(guest, policy, facts, &in->settings, &in->notes, &failure) < 0)
		notes_add_err(&in->notes, &failure);
	return compare(nl, facts, in, err);
}

static int take_record(const struct guest *guest, struct inspection *in, struct err *err)
{
	struct record_store store = RECORD_STORE_CLOSED;
	int r = record_open(guest, false, &store, err);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = record_load(&store, &in->recorded, &in->has_record, &in->notes, err);
	record_close(&store);
	return r;
}

int event_inspect(const struct guest *guest, const struct policy *policy, struct inspection *ret_inspection,
		  struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	struct inspection *in = ret_inspection;
	struct facts facts;
	int r;

	memset(in, 0, sizeof(*in));
	facts_init(&facts);
	r = running_ask(guest, &in->running, err);
	if (r == 0)
		r = netlink_open(&nl, err);
	if (r == 0)
		r = take_plan(nl, guest, policy, &facts, in, err);
	if (r == 0)
		r = take_record(guest, in, err);
	facts_done(&facts);
	return r;
}

void inspection_done(struct inspection *inspection)
{
	plan_done(&inspection->settings);
	plan_done(&inspection->recorded);
	free(inspection->holds);
	inspection->holds = NULL;
}

size_t inspection_missing(const struct inspection *inspection)
{
	size_t missing = 0;

	for (size_t i = 0; i < inspection->settings.count; i++)
		missing += !inspection->holds[i];
	return missing;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest is gone: its record, and only its record, says what is to be removed. */

#include <errno.h>

#include "effect/apply.h"
#include "event/event.h"

/* One down on its way from record to nothing. */
struct down {
	struct plan recorded;
	struct plan going;
	struct plan left; /* what stays, or could not be removed */
	bool unlisted;    /* left lacks some of that, because there was no memory */
};

/* Returns the first failure. */
static int take_back(struct turn *turn, struct down *d)
{
	const struct policy *policy = turn->loaded ? &turn->policy : NULL;
	int result = turn_ask(turn);

	if (result < 0)
		return result;
	for (size_t i = 0; i < d->going.count; i++) {
		const struct setting *setting = &d->going.settings[i];
		struct err failure;
		int r = apply_release(turn->nl, &turn->facts, &turn->guest, policy, setting, &failure);

		if (r > 0)
			outcome_done(&turn->outcome, setting);
		if (r >= 0)
			continue;
		outcome_failed(&turn->outcome, &result, &failure, &turn->err);
		if (plan_add(&d->left, setting) < 0)
			d->unlisted = true;
	}
	return result;
}

/* Which settings go: all, or those about some addresses. */
struct which {
	const struct ip *ips; /* NULL: all */
	size_t count;
};

static bool goes(const struct which *which, const struct setting *setting)
{
	return !which->ips || ip_among(which->ips, which->count, &setting->ip);
}

/* Splits the record; what stays is in left from the start. */
static int choose(const struct plan *recorded, const struct which *which, struct plan *going, struct plan *left)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < recorded->count; i++) {
		const struct setting *setting = &recorded->settings[i];

		if (!goes(which, setting))
			r = plan_add(left, setting);
		else if (!which->ips || !setting->platforms)
			r = plan_add(going, setting);
	}
	return r;
}

static int down(struct turn *turn, const struct which *which, struct down *d)
{
	const struct lock *lock = &turn->lock;
	struct err *err = &turn->err;
	bool exists = false;
	struct err failure;
	int result = turn_record(turn, &d->recorded, &exists);
	size_t staying;
	int r;

	if (result < 0)
		return result;
	/* A save that was interrupted may have left its half. */
	if (!exists)
		return record_remove(lock, err);
	if (choose(&d->recorded, which, &d->going, &d->left) < 0)
		return err_errno(err, ENOMEM, "record");
	staying = d->left.count;
	if (d->going.count > 0)
		result = take_back(turn, d);
	if (result == 0 && staying == 0)
		return record_remove(lock, err);
	/* Nothing was tried: the record stays as it is, and may name too much. */
	if (result < 0 && (d->unlisted || d->left.count == staying))
		return result;
	r = record_save(lock, &d->left, &failure);
	if (r < 0)
		notes_add_err(&turn->outcome.notes, &failure);
	return result;
}

static int run(struct turn *turn, const struct which *which)
{
	struct down d = { 0 };
	int r = turn_locked(turn, &turn->err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = down(turn, which, &d);
	plan_done(&d.left);
	plan_done(&d.going);
	plan_done(&d.recorded);
	return r;
}

int event_down(struct turn *turn)
{
	const struct which all = { NULL, 0 };

	return run(turn, &all);
}

int event_down_ips(struct turn *turn, const struct ip *ips, size_t count)
{
	const struct which some = { ips, count };

	return run(turn, &some);
}

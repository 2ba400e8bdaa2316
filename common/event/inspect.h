/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_INSPECT_H
#define GUESTARP_EVENT_INSPECT_H
/* What should hold for a guest and what does, changing nothing. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/log.h"
#include "event/running.h"
#include "guest/guest.h"
#include "plan/plan.h"
#include "policy/policy.h"

struct inspection {
	struct plan settings; /* in the order in which events make them hold: prepare's, then up's */
	bool *holds;          /* beside settings */
	size_t prepare_count; /* so many of them are prepare's */
	struct plan recorded; /* what down would take back */
	bool has_record;
	enum running running;
	struct notes notes;
};

/* To be released with inspection_done(), also after a failure. */
int event_inspect(const struct guest *guest, const struct policy *policy, struct inspection *ret_inspection,
		  struct err *err);
void inspection_done(struct inspection *inspection);

/* Settings that do not hold. */
size_t inspection_missing(const struct inspection *inspection);

#endif

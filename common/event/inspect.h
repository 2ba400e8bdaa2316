/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_INSPECT_H
#define GUESTARP_EVENT_INSPECT_H
/* What should hold for a guest and what does, changing nothing. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/log.h"
#include "guest/guest.h"
#include "host/owner.h"
#include "host/running.h"
#include "kernel/quiet.h"
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
	/* Its addresses and whose each is. What is refused is not among the settings. */
	struct owner_claim *claims;
	size_t claim_count;
};

/* The table of names for event_inspect(). Not known: the kernel has no nf_tables, or we may not ask it. */
struct inspect_table {
	bool known;
	bool denied;
	struct quiet_table table;
};

/* To be released with quiet_names_done(&table->table.names). */
int inspect_table_take(struct inspect_table *ret_table, struct err *err);

/* To be released with inspection_done(), also after a failure. managed: it is ours to touch. */
int event_inspect(const struct guest *guest, const struct policy *policy, bool managed,
		  const struct inspect_table *table, struct inspection *ret_inspection, struct err *err);
void inspection_done(struct inspection *inspection);

/* Settings that do not hold. */
size_t inspection_missing(const struct inspection *inspection);

/* Addresses that it wants and another guest has. */
size_t inspection_refused(const struct inspection *inspection);

#endif

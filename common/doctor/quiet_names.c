/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of quiet names: is it there, is it ours, does it have every guest's? */

#include "base/text.h"
#include "doctor/doctor.h"

#define NAMED_MAX 6 /* guests that a finding names */

static void unsupported(struct doctor *d)
{
	struct finding *f = findings_add(d->findings, FINDING_QUIET_UNSUPPORTED);

	if (f)
		finding_set(f->what, "This kernel has no nf_tables for ARP.");
}

static void missing_names(struct doctor *d, size_t count)
{
	struct finding *f = findings_add(d->findings, FINDING_QUIET_NAME);
	char guests[NAMED_MAX * GUEST_NAME_SIZE] = "";
	size_t named = 0;

	for (size_t i = 0; i < d->patient_count && named < NAMED_MAX; i++) {
		if (d->patients[i].nameless)
			(void)text_append(guests, sizeof(guests), "%s%s", named++ ? ", " : "", d->patients[i].name);
	}
	if (!f)
		return;
	finding_set(f->what, "The nftables table \"arp guestarp\" lacks names of %zu guest%s: %s%s.", count,
		    count == 1 ? "" : "s", guests, count > named ? ", ..." : "");
	finding_set(f->mend, "guestarp sync");
}

void check_names(struct doctor *d)
{
	size_t quiet = 0;
	size_t nameless = 0;
	struct finding *f;

	for (size_t i = 0; i < d->patient_count; i++) {
		quiet += d->patients[i].quiet;
		nameless += d->patients[i].nameless;
	}
	if (quiet == 0 || d->state.filters.denied)
		return;
	if (!d->state.filters.known) {
		unsupported(d);
		return;
	}
	if (d->state.filters.quiet.whole) {
		if (nameless > 0)
			missing_names(d, nameless);
		return;
	}
	f = findings_add(d->findings, FINDING_QUIET_TABLE);
	if (!f)
		return;
	finding_set(f->what, d->state.filters.quiet.exists
				     ? "The nftables table \"arp guestarp\" is not as guestarp made it."
				     : "The nftables table \"arp guestarp\" is gone.");
	finding_set(f->mend, "guestarp sync");
}

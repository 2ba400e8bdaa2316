/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of quiet names: is it there, is it ours, does it have every guest's? */

#include "doctor/doctor.h"

static void unsupported(struct doctor *d)
{
	struct finding *f = findings_add(d->findings, FINDING_QUIET_UNSUPPORTED);

	if (f)
		finding_set(f->what, "This kernel has no nf_tables for ARP.");
}

static void missing_name(struct doctor *d, const struct patient *p)
{
	struct finding *f = findings_add(d->findings, FINDING_QUIET_NAME);

	if (!f)
		return;
	finding_set(f->guest, "%s", p->name);
	finding_set(f->what, "The nftables table \"arp guestarp\" lacks names of guest %s.", p->name);
	finding_set(f->several, "The nftables table \"arp guestarp\" lacks names of {guests}.");
	finding_set(f->fix, "guestarp sync");
}

void check_names(struct doctor *d)
{
	size_t quiet = 0;
	struct finding *f;

	for (size_t i = 0; i < d->patient_count; i++)
		quiet += d->patients[i].quiet;
	if (quiet == 0 || d->state.filters.denied)
		return;
	if (!d->state.filters.known) {
		unsupported(d);
		return;
	}
	if (d->state.filters.quiet.whole) {
		for (size_t i = 0; i < d->patient_count; i++) {
			if (d->patients[i].nameless)
				missing_name(d, &d->patients[i]);
		}
		return;
	}
	f = findings_add(d->findings, FINDING_QUIET_TABLE);
	if (!f)
		return;
	finding_set(f->what, d->state.filters.quiet.exists
				     ? "The nftables table \"arp guestarp\" is not as guestarp made it."
				     : "The nftables table \"arp guestarp\" is gone.");
	finding_set(f->fix, "guestarp sync");
}

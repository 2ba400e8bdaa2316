/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does Proxmox VE call us for the guests that it should, and does guestarp-watch hear what it calls nobody for? */

#include <errno.h>
#include <string.h>

#include "doctor/doctor.h"
#include "doctor/storage.h"
#include "guest/identity.h"
#include "host/watching.h"

static void missing(struct doctor *d, const struct patient *p, const struct err *err)
{
	struct finding *f = findings_add(d->findings, FINDING_HOOK_MISSING);
	char path[200];

	if (!f)
		return;
	finding_set(f->guest, "%s", p->name);
	finding_set(f->what, "Guest %s names the hookscript %s: %s.", p->name, p->guest.hookscript, err->text);
	finding_set(f->several, "{guests} have the hookscript %s: %s.", p->guest.hookscript, err->text);
	if (err->code == EACCES && storage_path(p->guest.hookscript, path, sizeof(path), NULL) == 0)
		finding_set(f->fix, "chmod +x %s", path);
	else
		finding_set(f->fix, "guestarp detach %s", p->name);
}

/* Can it be told from a later guest with its number? */
static bool is_known(const struct guest *guest)
{
	struct identity identity;

	return identity_read(guest, NULL, &identity, NULL) == 0 && !identity_is_empty(&identity);
}

static void other_words(const struct patient *p, struct finding *f)
{
	const char *hookscript = p->guest.hookscript;

	if (hookscript[0]) {
		finding_set(f->what, "Policy has \"%s\" for guest %s, but its hookscript is %s.", p->hookable, p->name,
			    hookscript);
		finding_set(f->several, "Policy has \"%s\" for {guests}, but their hookscript is %s.", p->hookable,
			    hookscript);
	} else {
		finding_set(f->what, "Policy has \"%s\" for guest %s, but it has no hookscript.", p->hookable, p->name);
		finding_set(f->several, "Policy has \"%s\" for {guests}, but they have no hookscript.", p->hookable);
	}
}

/* attach would refuse: it replaces no chain, and chains no script that is not there, or whose nobody can tell. */
static bool is_refused(const struct patient *p, struct finding *f)
{
	const char *hookscript = p->guest.hookscript;
	struct err err;

	if (!hookscript[0])
		return false;
	if (p->chained)
		finding_set(f->advice, "name %s in policy's \"then\", or take the \"then\" away, and attach",
			    hookscript);
	else if (!is_known(&p->guest))
		finding_set(f->advice, "give its NIC a MAC, by which its hookscript is known for its own, and attach");
	else if (storage_check(hookscript, &err) < 0)
		finding_set(f->advice, "put its file back, or take it away (%s), and attach", err.text);
	else
		return false;
	return true;
}

static void other(struct doctor *d, const struct patient *p)
{
	struct finding *f = findings_add(d->findings, FINDING_HOOK_OTHER);

	if (!f)
		return;
	finding_set(f->guest, "%s", p->name);
	other_words(p, f);
	if (!is_refused(p, f))
		finding_set(f->fix, "guestarp attach %s", p->name);
}

static void check_watch(struct doctor *d)
{
	struct finding *f;
	bool managed = false;

	for (size_t i = 0; i < d->patient_count; i++)
		managed = managed || d->patients[i].managed;
	if (!managed || !watching_is_due() || watching_runs())
		return;
	f = findings_add(d->findings, FINDING_WATCH);
	if (!f)
		return;
	finding_set(f->what, "guestarp-watch does not run.");
	finding_set(f->fix, "systemctl start guestarp-watch.service");
	finding_set(f->permanent, "systemctl enable guestarp-watch.service");
}

void check_hooks(struct doctor *d)
{
	check_watch(d);
	for (size_t i = 0; i < d->patient_count; i++) {
		const struct patient *p = &d->patients[i];
		struct err err;

		if (p->guest.kind != GUEST_PVE || !p->readable)
			continue;
		if (p->guest.hooked && storage_check(p->guest.hookscript, &err) < 0)
			missing(d, p, &err);
		else if (!p->guest.hooked && p->managed && p->hookable)
			other(d, p);
	}
}

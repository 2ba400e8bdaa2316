/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guests' state: found, compared with what should be set, judged. */

#include "doctor/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doctor/doctor.h"
#include "host/guests.h"
#include "host/record.h"

/* By its whole name; or, under_name, a container that lies elsewhere by LXC's name, where that tells one alone. */
static bool find_recorded(const char *id, enum guest_kind kind, bool under_name, struct guest *ret_guest)
{
	struct guest_list recorded = { 0 };
	size_t found = 0;

	if (guest_list_recorded(&recorded, NULL) == 0) {
		for (size_t i = 0; i < recorded.count; i++) {
			const struct guest *guest = &recorded.list[i];

			if (guest->kind != kind || strcmp(under_name ? guest->alias : guest->id, id) != 0)
				continue;
			guest_copy(ret_guest, guest);
			found++;
		}
	}
	guest_list_done(&recorded);
	return found == 1;
}

static bool find_kind(enum guest_kind kind, const char *id, struct guest *ret_guest, bool *ret_readable,
		      struct err *err)
{
	int r;

	if (guest_init(ret_guest, kind, id, NULL) < 0)
		return false;
	r = guest_read(ret_guest, err);
	*ret_readable = r == 0;
	if (r != -ENOENT || find_recorded(ret_guest->id, kind, false, ret_guest))
		return true;
	if (kind != GUEST_LXC || !find_recorded(id, kind, true, ret_guest))
		return false;
	*ret_readable = guest_read(ret_guest, err) == 0;
	return true;
}

int status_find(const char *word, struct guest *ret_guest, bool *ret_readable, struct err *err)
{
	static const enum guest_kind kinds[] = { GUEST_PVE, GUEST_VZ, GUEST_LXC };
	char shown[80];
	bool named = false; /* the kind is */

	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(guest_kind_to_str(kinds[i]));

		if (strncmp(word, guest_kind_to_str(kinds[i]), len) != 0 || word[len] != '/')
			continue;
		named = true;
		if (find_kind(kinds[i], word + len + 1, ret_guest, ret_readable, err))
			return 0;
	}
	for (size_t i = 0; !named && i < 3; i++) {
		if (find_kind(kinds[i], word, ret_guest, ret_readable, err))
			return 0;
	}
	(void)text_shown(word, shown, sizeof(shown));
	if (guest_platform_missing())
		return err_set(err, ENOENT, "no guest '%s' is known: %s", shown, GUEST_PLATFORM_MISSING);
	return err_set(err, ENOENT, "no guest '%s' on this host", shown);
}

/*
 * 1; or 0 for a guest that is none of ours: nobody manages it, and it is not wanted all the same. The host is taken for
 * the first one that is looked at.
 */
static int look(struct guest_status *s, enum status_as as, bool wanted, struct inspect_host *host, struct err *err)
{
	struct policy policy;
	struct err failure;
	int bad;
	int r = 0;

	(void)guest_name(&s->guest, s->name);
	s->readable = guest_read(&s->guest, NULL) == 0;
	bad = policy_load(&policy, &s->guest, &failure);
	s->managed = policy_manages(&policy, &s->guest);
	if (!s->managed && !wanted && as == STATUS_AS_IS) {
		policy_done(&policy);
		memset(s, 0, sizeof(*s));
		return 0;
	}
	if (!host->nl)
		r = inspect_host_take(host, err);
	if (r == 0)
		r = inspect_guest(&s->guest, &policy, s->managed || as == STATUS_AS_MANAGED, host, &s->inspection, err);
	notes_add_all(&s->inspection.notes, &s->guest.notes);
	if (bad < 0)
		notes_add_err(&s->inspection.notes, &failure);
	policy_done(&policy);
	if (r == 0 && s->inspection.running != RUNNING_NO) {
		s->missing = inspection_missing(&s->inspection);
		s->refused = inspection_refused(&s->inspection);
	}
	return r < 0 ? err_wrap(err, "%s", s->name) : 1;
}

/* Those named, or all; the first so many are wanted managed or not: they are named, or have a record. */
static int take_guests(const struct guest *guests, size_t count, size_t wanted, enum status_as as,
		       struct status *status, struct err *err)
{
	struct inspect_host host = { 0 };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct guest_status *s = &status->list[status->count];

		guest_copy(&s->guest, &guests[i]);
		r = look(s, as, i < wanted, &host, err);
		status->count += r != 0;
	}
	inspect_host_done(&host);
	return r < 0 ? r : 0;
}

/* pve/99 before pve/100. */
static int by_guest_name(const void *a, const void *b)
{
	return strverscmp(((const struct guest_status *)a)->name, ((const struct guest_status *)b)->name);
}

/* Where nobody manages anything, that nothing is missing says nothing of the host. */
static int take_findings(struct status *status, struct err *err)
{
	struct findings findings = { 0 };
	int r = doctor_check(false, &findings, err);

	for (size_t i = 0; i < findings.count; i++)
		status->findings += !findings.list[i].joined;
	status->checked = r == 0;
	findings_done(&findings);
	return r;
}

int status_take(const struct guest *guests, size_t count, enum status_as as, struct status *ret_status, struct err *err)
{
	struct guest_list all = { 0 };
	size_t wanted = count;
	int r = 0;

	memset(ret_status, 0, sizeof(*ret_status));
	ret_status->platform_missing = guest_platform_missing();
	ret_status->watched = watching_read(&ret_status->watching);
	if (!guests) {
		r = guest_list_recorded(&all, err);
		wanted = all.count;
		if (r == 0)
			r = guest_list_configured(&all, err);
		count = all.count;
	}
	if (r == 0) {
		ret_status->list = calloc(count + 1, sizeof(*ret_status->list));
		if (!ret_status->list)
			r = err_errno(err, ENOMEM, "status");
	}
	if (r == 0)
		r = take_guests(guests ? guests : all.list, count, wanted, as, ret_status, err);
	guest_list_done(&all);
	if (!guests && ret_status->count > 1)
		qsort(ret_status->list, ret_status->count, sizeof(*ret_status->list), by_guest_name);
	if (r == 0 && !guests && ret_status->count == 0 && as == STATUS_AS_IS)
		r = take_findings(ret_status, err);
	return r;
}

void status_done(struct status *status)
{
	for (size_t i = 0; i < status->count; i++)
		inspection_done(&status->list[i].inspection);
	free(status->list);
	memset(status, 0, sizeof(*status));
}

bool status_guest_is_well(const struct guest_status *s)
{
	return s->missing == 0 && s->refused == 0 && s->inspection.notes.count == 0;
}

bool status_is_well(const struct status *status)
{
	for (size_t i = 0; i < status->count; i++) {
		if (!status_guest_is_well(&status->list[i]))
			return false;
	}
	return status->findings == 0;
}

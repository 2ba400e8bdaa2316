/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking the host's state and its guests once, for all checks. */

#include "doctor/doctor.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/text.h"
#include "doctor/anyip.h"
#include "doctor/attach.h"
#include "doctor/wire.h"
#include "effect/asking.h"
#include "host/guests.h"
#include "plan/names.h"
#include "policy/kept.h"

static void take_machine_id(struct doctor *d)
{
	struct facts facts;

	facts_init(&facts);
	asking_machine_id(&facts);
	memcpy(d->machine_id, facts.machine_id, sizeof(d->machine_id));
}

/* Most of what a check knows is of no use then, and a clean bill would be a lie. */
static void check_platform(struct doctor *d)
{
	struct finding *f = guest_platform_missing() ? findings_add(d->findings, FINDING_PLATFORM) : NULL;

	if (!f)
		return;
	finding_set(f->what, "%s.", GUEST_PLATFORM_MISSING);
	finding_set(f->advice, "see why: systemctl status pve-cluster");
}

/* What ends it: the last good text in the file's place. Out of the way it would remove everything that it once
 * wanted. */
static void policy_fix(struct finding *f, const char *file, const char *kept, enum policy_file_state state)
{
	/* /etc/pve without pmxcfs: no file here to do anything about. */
	if (!path_exists(file)) {
		finding_set(f->advice, "Proxmox VE's cluster file system is not there: systemctl status pve-cluster");
		return;
	}
	if (state == POLICY_FILE_KEPT)
		finding_set(f->fix, "mv %s %s.broken && cp " KEPT_DIR "/%s %s", file, file, kept, file);
	finding_set(f->advice, "correct it and see: guestarp policy --check %s%s", file,
		    state == POLICY_FILE_KEPT ? ".broken" : "");
}

/* The same mistake in a policy file concerns every guest, and is said once. */
static void policy_finding(struct doctor *d, const struct policy *policy, const struct err *err)
{
	const char *cluster = POLICY_CLUSTER_FILE;
	bool of_cluster = strncmp(err->text, cluster, strlen(cluster)) == 0;
	struct finding *f;

	for (size_t i = 0; i < d->findings->count; i++) {
		if (d->findings->list[i].kind == FINDING_POLICY && strcmp(d->findings->list[i].what, err->text) == 0)
			return;
	}
	f = findings_add(d->findings, FINDING_POLICY);
	if (!f)
		return;
	finding_set(f->what, "%s", err->text);
	if (of_cluster)
		policy_fix(f, cluster, KEPT_CLUSTER, policy->files[0].state);
	else
		policy_fix(f, POLICY_HOST_FILE, KEPT_HOST, policy->files[1].state);
}

/* A port that is routed was put into the other set when it was seen. */
static bool is_named(const struct doctor *d, const struct quiet_name *name)
{
	struct quiet_name other = *name;
	struct guest guest;
	bool port;

	other.loud = !other.loud;
	return quiet_names_have(&d->state.filters.quiet.names, name) ||
	       (names_parse(name->text, &guest, &port) && port &&
		quiet_names_have(&d->state.filters.quiet.names, &other));
}

static void take_names(struct doctor *d, struct patient *p, const struct policy *policy)
{
	enum names_ports ports = p->readable ? names_ports_of(&p->guest) : NAMES_PORTS_UNKNOWN;
	struct names names = names_plan(&p->guest, policy, p->managed, ports);
	struct quiet_names wanted = { 0 };

	if (names_add(&names, &p->guest, &wanted) < 0)
		d->findings->failed = true;
	for (size_t i = 0; i < wanted.count; i++)
		p->nameless = p->nameless || !is_named(d, &wanted.list[i]);
	p->quiet = wanted.count > 0;
	p->quietable = names_quietable(&p->guest, policy);
	quiet_names_done(&wanted);
}

/* The rest of the policy is done without a hookscript as well: by name, by LXC's hook and by guestarp-watch. */
static const char *hookable(const struct patient *p, const struct policy *policy)
{
	if (p->chained)
		return "then";
	if (policy->probe != PROBE_OFF)
		return "probe";
	return policy->abort_on_error ? "on_error" : NULL;
}

static void take_policy(struct doctor *d, struct patient *p)
{
	struct policy policy;
	struct err err;

	if (policy_load_like(&policy, &d->policy, &p->guest, &err) < 0)
		policy_finding(d, &policy, &err);
	p->managed = policy_manages(&policy, &p->guest);
	p->chained = attach_has_then(&p->guest, &policy);
	p->hookable = hookable(p, &policy);
	(void)text_copy(p->device, sizeof(p->device), policy.device);
	take_names(d, p, &policy);
	if (p->readable)
		claimants_take(d, &p->guest, &policy);
	policy_done(&policy);
}

/* Also where there is no guest at all a policy may be broken. */
static void check_policy(struct doctor *d)
{
	const struct guest nobody = { .kind = GUEST_PVE };
	struct err err;

	if (policy_load(&d->policy, &nobody, &err) < 0)
		policy_finding(d, &d->policy, &err);
}

static bool device_exists(const char *name, const void *arg)
{
	return netstate_named(arg, name);
}

/* pve/99 before pve/100. */
static int by_name(const void *a, const void *b, void *arg)
{
	const struct guest_list *guests = arg;
	char x[GUEST_NAME_SIZE];
	char y[GUEST_NAME_SIZE];

	return strverscmp(guest_name(&guests->list[*(const size_t *)a], x),
			  guest_name(&guests->list[*(const size_t *)b], y));
}

/* Places in the list; NULL without memory. A guest is too large to be moved about. */
static size_t *sorted(struct guest_list *guests)
{
	size_t *order = calloc(guests->count, sizeof(*order));

	for (size_t i = 0; order && i < guests->count; i++)
		order[i] = i;
	if (order)
		qsort_r(order, guests->count, sizeof(*order), by_name, guests);
	return order;
}

static void count_patients(const struct doctor *d)
{
	d->findings->guests = d->patient_count;
	for (size_t i = 0; i < d->patient_count; i++) {
		d->findings->managed += d->patients[i].managed;
		d->findings->running += d->patients[i].running == RUNNING_YES;
	}
}

static int take_patients(struct doctor *d, struct err *err)
{
	const struct running_devices devices = { device_exists, &d->state };
	struct guest_list guests = { 0 };
	size_t *order = NULL;
	int r = guest_list_configured(&guests, err);

	if (r == 0)
		r = guest_list_recorded(&guests, err);
	if (r == 0 && guests.count > 0) {
		order = sorted(&guests);
		d->patients = calloc(guests.count, sizeof(*d->patients));
		if (!order || !d->patients)
			r = err_errno(err, ENOMEM, "guests");
	}
	for (size_t i = 0; r == 0 && i < guests.count; i++) {
		struct patient *p = &d->patients[d->patient_count++];

		guest_copy(&p->guest, &guests.list[order[i]]);
		(void)guest_name(&p->guest, p->name);
		p->readable = guest_read(&p->guest, NULL) == 0;
		take_policy(d, p);
		p->running = running_ask_listed(&p->guest, &devices);
	}
	free(order);
	guest_list_done(&guests);
	return r;
}

/* The state, and the guests. */
static int take(struct doctor *d, struct err *err)
{
	int r = netlink_open(&d->nl, err);

	if (r == 0)
		r = netstate_take(d->nl, &d->state, err);
	if (r == 0 && addresses_global(&d->state.addresses, &d->addresses) < 0)
		r = err_errno(err, ENOMEM, "addresses");
	if (r == 0)
		r = lookup_kernel_open(d->nl, &d->state.rules, &d->kernel, &d->lookups, err);
	if (r == 0 && segments_find(&d->state, &d->addresses, &d->segments) < 0)
		r = err_errno(err, ENOMEM, "segments");
	if (r < 0)
		return r;
	anyip_take(d);
	take_machine_id(d);
	check_platform(d);
	check_policy(d);
	return take_patients(d, err);
}

static void (*const checks[])(struct doctor *doctor) = {
#define ROW(kind, id, meaning)
#define LOOK(kind, id, meaning, check) check,
	FINDING_TABLE(ROW, LOOK)
#undef ROW
#undef LOOK
};

static int judge(struct doctor *d, struct err *err)
{
	count_patients(d);
	d->findings->unknown = d->state.filters.others;
	wires_take(d);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](d);
	findings_join(d->findings);
	return d->findings->failed ? err_errno(err, ENOMEM, "findings") : 0;
}

static void done(struct doctor *d)
{
	policy_done(&d->policy);
	free(d->patients);
	free(d->claimants.list);
	free(d->rounds);
	wires_done(&d->wires);
	segments_done(&d->segments);
	lookup_kernel_close(d->kernel);
	addresses_done(&d->addresses);
	netstate_done(&d->state);
	netlink_close(d->nl);
}

int doctor_check(bool probe, struct findings *findings, struct err *err)
{
	struct doctor d = { .findings = findings };
	int r = take(&d, err);

	if (r == 0 && probe)
		r = wire_take(&d, err);
	if (r == 0)
		r = judge(&d, err);
	done(&d);
	return r;
}

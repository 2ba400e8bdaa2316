/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The straight line from guest to comparison, without the rest of it. */

#include "doctor/inspect.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "answer/entry.h"
#include "base/array.h"
#include "base/text.h"
#include "effect/answering.h"
#include "effect/apply.h"
#include "effect/asking.h"
#include "host/record.h"
#include "plan/choice.h"
#include "plan/names.h"

int inspect_host_take(struct inspect_host *ret_host, struct err *err)
{
	struct inspect_host *host = ret_host;
	int r;

	memset(host, 0, sizeof(*host));
	r = netlink_open(&host->nl, err);
	if (r == 0)
		r = netstate_take(host->nl, &host->state, err);
	if (r == 0 && addresses_global(&host->state.addresses, &host->addresses) < 0)
		r = err_errno(err, ENOMEM, "addresses");
	if (r == 0)
		r = lookup_kernel_open(host->nl, &host->state.rules, &host->kernel, &host->lookups, err);
	return r;
}

void inspect_host_done(struct inspect_host *host)
{
	lookup_kernel_close(host->kernel);
	addresses_done(&host->addresses);
	netstate_done(&host->state);
	netlink_close(host->nl);
	memset(host, 0, sizeof(*host));
}

/* The names that should be there. Ports that are left alone, as one is routed, do not concern policy. */
static int take_names(const struct guest *guest, const struct policy *policy, bool managed,
		      const struct inspect_host *host, struct inspection *in, struct err *err)
{
	struct names names = names_plan(guest, policy, managed, names_ports_of(guest));
	struct quiet_names wanted = { 0 };
	int r = host->state.filters.known ? names_add(&names, guest, &wanted) : 0;

	for (size_t i = 0; r == 0 && i < wanted.count; i++) {
		struct setting setting = { .kind = SETTING_QUIET_NAME, .value = 1 };
		struct quiet_name other = wanted.list[i];

		other.loud = !other.loud;
		if (wanted.list[i].loud || quiet_names_have(&host->state.filters.quiet.names, &other))
			continue;
		(void)text_copy(setting.device, sizeof(setting.device), wanted.list[i].text);
		r = plan_add(&in->settings, &setting);
	}
	quiet_names_done(&wanted);
	return r < 0 ? err_errno(err, ENOMEM, "names") : 0;
}

static int compare(struct netlink *nl, const struct facts *facts, const struct inspect_host *host,
		   struct inspection *in, struct err *err)
{
	in->holds = calloc(in->settings.count ? in->settings.count : 1, sizeof(*in->holds));
	if (!in->holds)
		return err_errno(err, ENOMEM, "settings");
	for (size_t i = 0; i < in->settings.count; i++) {
		struct err failure;

		struct setting *setting = &in->settings.settings[i];

		if (setting->kind == SETTING_QUIET_NAME) {
			struct quiet_name name = { .loud = false };

			(void)text_copy(name.text, sizeof(name.text), setting->device);
			in->holds[i] = host->state.filters.quiet.whole &&
				       quiet_names_have(&host->state.filters.quiet.names, &name);
			continue;
		}
		if (!setting->device[0])
			link_name(nl, setting->ifindex, setting->device);
		if (apply_read(nl, facts, setting, &in->holds[i], &failure) < 0)
			notes_add_err(&in->notes, &failure);
	}
	return 0;
}

/* Every entry for one of the guest's addresses, no matter who made it. */
static int take_answers(const struct inspect_host *host, struct inspection *in, struct err *err)
{
	const struct proxies *proxies = &host->state.proxies;
	size_t room = 0;

	for (size_t i = 0; i < proxies->count; i++) {
		const struct proxy_entry *entry = &proxies->list[i];
		const struct link *link = netstate_link(&host->state, entry->ifindex);
		struct inspected_answer *list;

		if (!ip_among(in->ips, in->ip_count, &entry->ip))
			continue;
		list = array_grow(in->answers, in->answer_count, &room, sizeof(*list));
		if (!list)
			return err_errno(err, ENOMEM, "answers");
		in->answers = list;
		list += in->answer_count++;
		memset(list, 0, sizeof(*list));
		list->ip = entry->ip;
		list->ifindex = entry->ifindex;
		(void)text_copy(list->device, sizeof(list->device), link ? link->name : "");
		if (link)
			list->answer = answer_by_entry(&host->state, &host->lookups, &host->addresses, entry->ifindex,
						       &entry->ip);
	}
	return 0;
}

static const struct inspected_answer *find_answer(const struct inspection *in, const struct setting *s)
{
	for (size_t i = 0; i < in->answer_count; i++) {
		if (in->answers[i].ifindex == s->ifindex && ip_equal(&in->answers[i].ip, &s->ip))
			return &in->answers[i];
	}
	return NULL;
}

/* Entries of one device, one after the other, that are silent for one reason are said once. */
static void note_silent(struct inspection *in)
{
	enum answer_reason said = REASON_NONE;
	int device = 0;

	for (size_t i = 0; i < in->settings.count; i++) {
		const struct setting *s = &in->settings.settings[i];
		const struct inspected_answer *a;

		if (s->kind != SETTING_PROXY || !in->holds[i] || (a = find_answer(in, s)) == NULL)
			continue;
		if (a->answer.verdict == ANSWER_SILENT && (a->answer.reason != said || s->ifindex != device))
			answering_note(&in->notes, s->device, &s->ip, a->answer.reason, "");
		if (a->answer.verdict == ANSWER_SILENT)
			said = a->answer.reason;
		device = s->ifindex;
	}
}

/*
 * As the guest's next event will be answered: a start where it does not run, else sync. A claim that nobody has made
 * yet is not in the way.
 */
static int take_claims(const struct guest *guest, const struct policy *policy, const struct facts *facts,
		       struct inspection *in, struct err *err)
{
	struct owner_claim claims[GUEST_IPS_MAX];
	size_t count = owner_claims_of(guest, policy, facts, &in->settings, claims);
	struct err failure;

	if (count == 0)
		return 0;
	in->claims = calloc(count, sizeof(claims[0]));
	if (!in->claims)
		return err_errno(err, ENOMEM, "claims");
	if (owner_foresee(guest, in->running == RUNNING_NO, claims, count, &failure) < 0)
		notes_add_err(&in->notes, &failure);
	memcpy(in->claims, claims, count * sizeof(claims[0]));
	in->claim_count = count;
	for (size_t i = 0; i < count; i++) {
		if (!claims[i].granted)
			plan_leave_out(&in->settings, &claims[i].ip);
	}
	return 0;
}

static void take_ips(const struct guest *guest, const struct policy *policy, struct inspection *in)
{
	struct ip buffer[GUEST_IPS_MAX];
	const struct ip *ips = plan_ips(guest, policy, buffer, &in->ip_count);

	memcpy(in->ips, ips, in->ip_count * sizeof(in->ips[0]));
}

static int take_plan(struct netlink *nl, const struct guest *guest, const struct policy *policy, bool managed,
		     const struct inspect_host *host, struct facts *facts, struct inspection *in, struct err *err)
{
	struct err failure;
	int r = take_names(guest, policy, managed, host, in, err);

	take_ips(guest, policy, in);
	if (r == 0)
		r = asking_prepare(nl, guest, policy, facts, err);
	if (r < 0)
		return r;
	if (plan_prepare(guest, policy, facts, &in->settings, &in->notes, &failure) < 0)
		notes_add_err(&in->notes, &failure);
	in->prepare_count = in->settings.count;
	r = asking_quiet(nl, guest, facts, err);
	if (r == 0)
		r = plan_quiet(guest, policy, facts, &in->settings, err);
	if (r == 0)
		r = asking_up(nl, guest, policy, facts, err);
	if (r < 0)
		return r;
	if (plan_up(guest, policy, facts, &in->settings, &in->notes, &failure) < 0)
		notes_add_err(&in->notes, &failure);
	if (managed)
		r = take_claims(guest, policy, facts, in, err);
	if (r == 0)
		r = compare(nl, facts, host, in, err);
	if (r == 0 && in->running != RUNNING_NO)
		r = take_answers(host, in, err);
	if (r == 0)
		note_silent(in);
	return r;
}

int inspect_guest(const struct guest *guest, const struct policy *policy, bool managed, const struct inspect_host *host,
		  struct inspection *ret_inspection, struct err *err)
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
		r = take_plan(nl, guest, policy, managed, host, &facts, in, err);
	if (r == 0)
		r = record_peek(guest, &in->recorded, &in->has_record, &in->notes, err);
	facts_done(&facts);
	return r;
}

void inspection_done(struct inspection *inspection)
{
	plan_done(&inspection->settings);
	plan_done(&inspection->recorded);
	free(inspection->holds);
	free(inspection->claims);
	free(inspection->answers);
	inspection->holds = NULL;
	inspection->claims = NULL;
	inspection->answers = NULL;
}

size_t inspection_missing(const struct inspection *inspection)
{
	size_t missing = 0;

	for (size_t i = 0; i < inspection->settings.count; i++)
		missing += !inspection->holds[i];
	return missing;
}

size_t inspection_refused(const struct inspection *inspection)
{
	size_t refused = 0;

	for (size_t i = 0; i < inspection->claim_count; i++)
		refused += !inspection->claims[i].granted;
	return refused;
}

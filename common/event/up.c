/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's devices exist: make its plan hold, and remember what that took. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "effect/announce.h"
#include "effect/answering.h"
#include "effect/apply.h"
#include "effect/asking.h"
#include "effect/outcome.h"
#include "event/event.h"
#include "event/quieting.h"
#include "host/owner.h"
#include "host/record.h"
#include "kernel/proxy.h"
#include "kernel/route.h"
#include "kernel/silence.h"
#include "plan/choice.h"
#include "policy/ask.h"

/* One up on its way from plan to record. */
struct up {
	struct turn *turn;
	const struct guest *guest;
	const struct policy *policy; /* what holds of the turn's */
	struct netlink *nl;          /* the turn's, and its facts */
	struct facts *facts;
	struct plan plan;
	struct plan todo;     /* of the plan, what the kernel does not have yet */
	struct plan unwanted; /* recorded earlier, no longer wanted */
	struct plan recorded; /* the record as found */
	struct plan record;   /* the record to be */
	struct plan taken;    /* recorded for guests whose addresses were taken over: theirs no longer */
	bool has_record;
	bool incomplete;        /* the plan says not all that is wanted, as a device for it is missing */
	int forwarding_told[2]; /* the device for which it was said last that forwarding is off, IPv4's and IPv6's */
	int result;
};

static void failed(struct up *up, const struct err *failure)
{
	outcome_failed(&up->turn->outcome, &up->result, failure, &up->turn->err);
}

static bool keep(struct up *up, struct plan *list, const struct setting *setting)
{
	struct err failure;

	if (plan_add(list, setting) == 0)
		return true;
	(void)err_errno(&failure, ENOMEM, "plan");
	failed(up, &failure);
	return false;
}

/* What an earlier up recorded and still is so: same fact, same device. */
static const struct setting *recorded_as(const struct up *up, const struct setting *setting)
{
	const struct setting *earlier = setting->guests ? plan_find(&up->recorded, setting) : NULL;

	return earlier && earlier->ifindex == setting->ifindex ? earlier : NULL;
}

/* Is it this event's to say that a recorded setting is no longer wanted? */
static bool concerns(const struct up *up, const struct setting *earlier)
{
	struct ip buffer[GUEST_IPS_MAX];
	size_t count;
	const struct ip *ips = plan_ips(up->guest, up->policy, buffer, &count);

	if (up->policy->broken || up->incomplete)
		return false;
	return !up->turn->partly || ip_among(ips, count, &earlier->ip);
}

/* A route that another guest has made: it was taken over with its address, or both guests share that. */
static bool is_others(const struct up *up, const struct setting *setting)
{
	return plan_find(&up->taken, setting) || (setting->shared && owner_shares(up->guest, setting));
}

/*
 * An entry that the kernel does not tell of (IPv6's before Linux 3.4) is as the record has it for callers that only
 * read. An event makes it, or removes it, once more: others may have been there.
 */
static bool holds_unseen(const struct up *up, const struct setting *setting)
{
	return !up->turn->claims && (setting->kind == SETTING_NO_PROXY || recorded_as(up, setting));
}

static int read_one(struct up *up, const struct setting *setting, bool *ret_holds, struct err *err)
{
	int r = apply_read(up->nl, up->facts, setting, ret_holds, err);

	if (r != -EOPNOTSUPP || setting->ip.family != AF_INET6)
		return r;
	*ret_holds = holds_unseen(up, setting);
	return 0;
}

/*
 * Sorts the plan into what is to be done and what is to be recorded. False without the memory for that: a record that
 * leaves out what an earlier one has must not replace it.
 */
static bool compare(struct up *up)
{
	CLEANUP(free) enum reading *readings = NULL;
	bool all = true;

	if (up->plan.count > 0)
		readings = calloc(up->plan.count, sizeof(*readings));
	if (readings)
		apply_read_each(up->nl, &up->plan, readings);
	for (size_t i = 0; i < up->plan.count; i++) {
		struct setting *setting = &up->plan.settings[i];
		const struct setting *earlier = recorded_as(up, setting);
		struct err failure;
		enum reading reading = readings ? readings[i] : READING_NONE;
		bool holds = reading == READING_HOLDS;
		bool kept = true;

		if (reading == READING_NONE && read_one(up, setting, &holds, &failure) < 0) {
			failed(up, &failure);
			if (earlier)
				all = keep(up, &up->record, earlier) && all;
			continue;
		}
		/*
		 * What held already without us is not ours to remove later, but for an entry that answers in
		 * this guest's name: no matter who made it, it must go when the guest goes.
		 */
		if (setting->guests && earlier)
			kept = keep(up, &up->record, earlier);
		else if (setting->guests &&
			 (!holds || setting->kind == SETTING_PROXY || setting->platforms || is_others(up, setting)))
			kept = keep(up, &up->record, setting);
		/* What could not be recorded is not done. */
		if (!holds && kept)
			(void)keep(up, &up->todo, setting);
		all = all && kept;
	}
	for (size_t i = 0; i < up->recorded.count; i++) {
		const struct setting *earlier = &up->recorded.settings[i];

		if (!plan_find(&up->plan, earlier))
			all = keep(up, concerns(up, earlier) ? &up->unwanted : &up->record, earlier) && all;
	}
	return all;
}

static bool same_lists(const struct plan *a, const struct plan *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct setting *other = plan_find(b, &a->settings[i]);

		if (!other || other->ifindex != a->settings[i].ifindex)
			return false;
	}
	return true;
}

/* The record is written before the kernel is: a kill in between leaves too much in it, never too little. */
static int save_intent(struct up *up)
{
	struct plan intent = { 0 };
	int r = 0;

	if (up->has_record && up->unwanted.count == 0 && same_lists(&up->record, &up->recorded))
		return 0;
	for (size_t i = 0; r == 0 && i < up->record.count; i++)
		r = plan_add(&intent, &up->record.settings[i]);
	for (size_t i = 0; r == 0 && i < up->unwanted.count; i++)
		r = plan_add(&intent, &up->unwanted.settings[i]);
	r = r < 0 ? err_errno(&up->turn->err, ENOMEM, "record") : record_save(&up->turn->lock, &intent, &up->turn->err);
	plan_done(&intent);
	return r;
}

/* Neighbours may know another MAC: the entry is new, new to us, on a device that nobody heard until now, or another
 * device has answered. */
static bool worth_announcing(const struct up *up, const struct setting *entry)
{
	if (up->turn->announces || !recorded_as(up, entry))
		return true;
	for (size_t i = 0; i < up->todo.count; i++) {
		const struct setting *todo = &up->todo.settings[i];

		if ((todo->kind == SETTING_PROXY || todo->kind == SETTING_NO_PROXY) && ip_equal(&todo->ip, &entry->ip))
			return true;
	}
	return false;
}

static void announce_entry(struct up *up, const struct setting *entry)
{
	const struct link *link = facts_link(up->facts, entry->device);
	struct announcement a = {
		.packet = { entry->ifindex, link->mac, entry->ip },
		.proxied = true,
	};
	struct err failure;

	if (up->policy->announce == 0 || !announcements_can(link) ||
	    announcements_add(&up->turn->announcements, &a) == 0)
		return;
	(void)err_errno(&failure, ENOMEM, "announcement");
	failed(up, &failure);
}

/* Do the host's own packets to the address leave by the entry's device? */
static bool is_own_way(struct up *up, const struct setting *entry)
{
	const struct link *link = facts_link(up->facts, entry->device);
	struct route own;

	return route_lookup(up->nl, link && link->table ? link->ifindex : 0, &entry->ip, &own, NULL) == 0 &&
	       own.ifindex == entry->ifindex;
}

/* Before the entry is there, as IPv6 would answer instead of the guest at once. */
static bool in_front_6(struct up *up, const struct setting *entry)
{
	const struct link *link = facts_link(up->facts, entry->device);
	bool in_front = false;

	/* The platform may be yet to add its route. */
	if (up->guest->platform_routes)
		return false;
	if (silence_in_front(up->nl, link, &up->facts->addresses, &entry->ip, &in_front, NULL) == 0)
		return in_front;
	return is_own_way(up, entry);
}

/* A caller that only reads is called again when the device comes back, and a device with many guests goes down for all
 * of them. */
static bool is_passing(const struct up *up, enum answer_reason reason)
{
	return !up->turn->claims && (reason == REASON_DOWN || reason == REASON_NO_CARRIER);
}

/* Said, not changed; the command once for a device and family. */
static void warn_silent(struct up *up, const struct setting *entry, enum answer_reason reason)
{
	const struct link *link = facts_link(up->facts, entry->device);
	uint8_t family = entry->ip.family;
	enum forwarding forwarding = silence_forwarding(link, family);
	int *told = &up->forwarding_told[family == AF_INET6];
	struct notes *notes = &up->turn->outcome.notes;
	bool vain = forwarding == FORWARDING_OFF_ALL && reason_verdict(reason) != ANSWER_SILENT;
	char command[384] = "";
	char text[IP_TEXT];

	if ((vain || reason == REASON_FORWARDING) && *told != link->ifindex) {
		silence_forwarding_fix(up->nl, link, family, forwarding, command, sizeof(command));
		*told = link->ifindex;
	}
	if (vain)
		notes_add(notes, "%s answers in vain for %s: forwarding is off for all devices%s%s%s", link->name,
			  ip_to_str(&entry->ip, text), command[0] ? " (" : "", command, command[0] ? ")" : "");
	else if (reason_verdict(reason) == ANSWER_SILENT && !is_passing(up, reason))
		answering_note(notes, entry->device, &entry->ip, reason, command);
}

static void leave_out(struct up *up, const struct setting *setting)
{
	struct setting *entry = plan_find(&up->record, setting);

	if (entry && !plan_find(&up->recorded, setting))
		*entry = up->record.settings[--up->record.count];
}

/* The same address of another VRF is another address. */
static bool in_same_vrf(struct up *up, const struct setting *setting)
{
	const char *device = plan_entry_device(&up->plan, &setting->ip);
	char vrf[IFNAMSIZ];
	struct link link;

	if (link_get_by_index(up->nl, setting->ifindex, &link, NULL) < 0)
		return true;
	link_vrf(up->nl, &link, vrf);
	return strcmp(vrf, asking_vrf(up->nl, up->facts, device)) == 0;
}

static int write_one(struct up *up, struct setting *setting, struct err *err)
{
	if (!setting->device[0])
		link_name(up->nl, setting->ifindex, setting->device);
	/* Only now, as it is rarely there. */
	if (setting->kind == SETTING_NO_PROXY && !in_same_vrf(up, setting))
		return -ECANCELED;
	if (setting->kind == SETTING_PROXY && setting->ip.family == AF_INET6 && in_front_6(up, setting)) {
		warn_silent(up, setting, REASON_IN_FRONT);
		return -ECANCELED;
	}
	return apply_write(up->nl, up->facts, setting, err);
}

/* Each setting stands for itself: one that fails is said and left out, the others are done all the same. */
static bool write_differences(struct up *up)
{
	bool all = true;

	for (size_t i = 0; i < up->todo.count; i++) {
		struct setting *setting = &up->todo.settings[i];
		struct err failure;
		int r = write_one(up, setting, &failure);

		if (r == 0) {
			outcome_done(&up->turn->outcome, setting);
			continue;
		}
		/* An answer may be lost when the work is done: what was tried stays recorded, to be removed. */
		if (r != -ECANCELED) {
			failed(up, &failure);
			continue;
		}
		leave_out(up, setting);
		all = false;
	}
	return all;
}

/*
 * It was another guest's. What that one has still recorded for the address it will not remove any more: also one
 * that has stopped unheard, or whose configuration is on another node by now.
 */
static void take_over(struct up *up, const struct owner_claim *claim)
{
	struct plan theirs = { 0 };
	struct notes notes = { 0 };
	struct guest other;
	struct err failure;
	bool exists;
	char text[IP_TEXT];

	if (claim->displaces)
		notes_add(&up->turn->outcome.notes, "%s is taken over from %s, which runs", ip_to_str(&claim->ip, text),
			  claim->other);
	if (!guest_init_named(&other, claim->other, '/'))
		return;
	if (record_peek(&other, &theirs, &exists, &notes, &failure) < 0)
		failed(up, &failure);
	for (size_t i = 0; i < theirs.count; i++) {
		if (ip_equal(&theirs.settings[i].ip, &claim->ip))
			(void)keep(up, &up->taken, &theirs.settings[i]);
	}
	plan_done(&theirs);
}

/* What was taken over, and is not wanted on that device. */
static void remove_taken(struct up *up)
{
	for (size_t i = 0; i < up->taken.count; i++) {
		const struct setting *setting = &up->taken.settings[i];
		struct err failure;
		int r = 0;

		if (!plan_find(&up->plan, setting))
			r = apply_delete(up->nl, up->facts, setting, &failure);
		if (r > 0)
			outcome_removed(&up->turn->outcome, setting);
		if (r < 0)
			failed(up, &failure);
	}
}

/* Each address has one owner. What is not granted is left out, and said. */
static void claim_addresses(struct up *up)
{
	struct owner_claim claims[GUEST_IPS_MAX];
	size_t count = owner_claims_of(up->guest, up->policy, up->facts, &up->plan, claims);
	struct err failure;

	if (owner_claim(up->guest, up->turn->claims, claims, count, &failure) < 0)
		notes_add_err(&up->turn->outcome.notes, &failure);
	for (size_t i = 0; i < count; i++) {
		char text[IP_TEXT];

		if (claims[i].granted && claims[i].other[0])
			take_over(up, &claims[i]);
		if (claims[i].granted)
			continue;
		plan_leave_out(&up->plan, &claims[i].ip);
		notes_add(&up->turn->outcome.notes, "%s is %s's, and left to it", ip_to_str(&claims[i].ip, text),
			  claims[i].other);
	}
}

/* It is the guest's also where no device of the host's is to answer for it any more. */
static bool is_claimed(const struct up *up, const struct ip *ip)
{
	struct ip buffer[GUEST_IPS_MAX];
	size_t count;
	const struct ip *ips = plan_ips(up->guest, up->policy, buffer, &count);

	return ip_among(ips, count, ip) && !policy_shares(up->policy, ip) &&
	       plan_sane(up->guest, up->policy, up->facts, ip);
}

/* What cannot be removed stays in the record, for the next event to try again. False where it was not kept there. */
static bool remove_unwanted(struct up *up)
{
	bool all = true;

	for (size_t i = 0; i < up->unwanted.count; i++) {
		const struct setting *setting = &up->unwanted.settings[i];
		struct err failure;
		int r = apply_release(up->nl, up->facts, up->guest, up->policy, setting, &failure);

		if (r >= 0 && setting->kind == SETTING_PROXY && !is_claimed(up, &setting->ip))
			owner_drop(up->guest, asking_vrf(up->nl, up->facts, setting->device), &setting->ip);
		if (r > 0)
			outcome_removed(&up->turn->outcome, setting);
		if (r < 0) {
			failed(up, &failure);
			all = keep(up, &up->record, setting) && all;
		}
	}
	return all;
}

/* Never take neighbours away from a guest that answers for itself. */
static bool is_in_front(struct up *up, const struct setting *entry, const struct answering *answering)
{
	if (answering->way < 0 && !up->guest->platform_routes)
		return is_own_way(up, entry);
	return answering->reason == REASON_IN_FRONT;
}

static void announce_entries(struct up *up)
{
	CLEANUP(free) struct answering *asked = NULL;
	CLEANUP(free) size_t *entries = NULL; /* in the record */
	size_t count = 0;
	struct err failure;

	if (up->record.count == 0)
		return;
	asked = calloc(up->record.count, sizeof(*asked));
	entries = calloc(up->record.count, sizeof(*entries));
	if (!asked || !entries) {
		(void)err_errno(&failure, ENOMEM, "announcement");
		failed(up, &failure);
		return;
	}
	for (size_t i = 0; i < up->record.count; i++) {
		const struct setting *entry = &up->record.settings[i];
		const struct link *link = entry->kind == SETTING_PROXY ? facts_link(up->facts, entry->device) : NULL;

		if (!link || !worth_announcing(up, entry))
			continue;
		asked[count].link = link;
		asked[count].ip = &entry->ip;
		entries[count++] = i;
	}
	answering_ask_each(up->nl, &up->facts->addresses, !up->guest->platform_routes, asked, count);
	for (size_t i = 0; i < count; i++) {
		const struct setting *entry = &up->record.settings[entries[i]];

		warn_silent(up, entry, asked[i].reason);
		if (!is_in_front(up, entry, &asked[i]))
			announce_entry(up, entry);
	}
}

/* With a broken policy firewall bridges are quiet, and nothing else is done. */
static void settle_policy(struct up *up, struct policy *quiet_alone)
{
	up->policy = &up->turn->policy;
	if (!up->policy->broken)
		return;
	policy_quiet_alone(quiet_alone);
	quiet_alone->broken = true;
	quiet_alone->managed = up->policy->managed;
	up->policy = quiet_alone;
}

/* First, and without the lock: nothing that may go wrong with that keeps a firewall bridge from being quiet. */
static void quiet(struct up *up)
{
	struct err failure;

	if (quieting_up(up->turn, up->guest, up->policy, &failure) < 0)
		failed(up, &failure);
}

static int take_addresses(struct up *up)
{
	struct turn *turn = up->turn;
	struct err failure;
	int r = asking_up(up->nl, up->guest, up->policy, up->facts, &turn->err);

	if (r < 0)
		return r;
	if (plan_up(up->guest, up->policy, up->facts, &up->plan, &turn->outcome.notes, &failure) < 0) {
		/* The device may be back in a moment; until then the record alone may know the guest's addresses. */
		up->incomplete = true;
		failed(up, &failure);
	}
	claim_addresses(up);
	return 0;
}

static int up_run(struct up *up, struct policy *quiet_alone)
{
	struct turn *turn = up->turn;
	struct err failure;
	bool all;
	bool kept;
	int r = turn_ask(turn);

	if (r < 0)
		return r;
	up->nl = turn->nl;
	settle_policy(up, quiet_alone);
	quiet(up);
	r = turn_locked(turn, &turn->err);
	if (r == 0)
		r = turn_record(turn, &up->recorded, &up->has_record);
	if (r == 0 && !turn->elsewhere)
		r = take_addresses(up);
	if (r < 0)
		return r;
	if (!compare(up))
		return up->result;
	r = save_intent(up);
	if (r < 0)
		return r;
	remove_taken(up);
	all = write_differences(up);
	/* The intent names the rest, too. */
	kept = remove_unwanted(up);
	announce_entries(up);
	if (kept && (!all || up->unwanted.count > 0)) {
		if (record_save(&turn->lock, &up->record, &failure) < 0)
			failed(up, &failure);
	}
	return up->result;
}

int event_up(struct turn *turn, const struct guest *guest)
{
	struct policy quiet_alone;
	struct up up = { .turn = turn, .guest = guest, .facts = &turn->facts };
	int r = up_run(&up, &quiet_alone);

	if (r < 0)
		up.result = r;
	plan_done(&up.taken);
	plan_done(&up.record);
	plan_done(&up.recorded);
	plan_done(&up.unwanted);
	plan_done(&up.todo);
	plan_done(&up.plan);
	return up.result;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guests' state for people: host, bridge, firewall bridge, guest, and who answers for it. */

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "doctor/output.h"
#include "doctor/status.h"
#include "doctor/tree.h"
#include "host/guests.h"
#include "plan/bind.h"

#define NAME_SIZE (GUEST_NAME_SIZE + GUEST_HOSTNAME_SIZE + 1)

const char *status_given_name(const struct guest *guest)
{
	return guest->hostname[0] ? guest->hostname : guest->alias;
}

const char *status_running(const struct guest_status *status)
{
	enum running running = status->inspection.running;

	return running == RUNNING_YES ? "running" : running == RUNNING_NO ? "stopped" : "unknown";
}

/* What the inspection says of one device's settings of some kinds. */
static enum tree_mark mark_of(const struct inspection *in, const char *device, bool quiet)
{
	enum tree_mark mark = TREE_NONE;

	for (size_t i = 0; i < in->settings.count; i++) {
		const struct setting *s = &in->settings.settings[i];
		bool wanted = quiet ? s->kind == SETTING_ARP_IGNORE || s->kind == SETTING_NOARP
				    : s->kind == SETTING_BRIDGE_MAC;

		if (!wanted || strcmp(s->device, device) != 0)
			continue;
		if (!in->holds[i])
			return TREE_BAD;
		mark = TREE_OK;
	}
	return mark;
}

const char *status_refusal(const struct owner_claim *claim, char *text)
{
	char ip[IP_TEXT];

	(void)snprintf(text, STATUS_CLAIM, "%s is %s's, which %s", ip_to_str(&claim->ip, ip), claim->other,
		       claim->resting ? "is stopped; a start or apply takes it" : "runs");
	return text;
}

/* Only what is its own, or another's; what nobody has claimed yet is no news. */
static void add_claims(struct tree *tree, const struct guest_status *s)
{
	char text[STATUS_CLAIM];
	char list[NOTE_SIZE] = "";

	for (size_t i = 0; i < s->inspection.claim_count; i++) {
		const struct owner_claim *claim = &s->inspection.claims[i];

		if (claim->standing)
			(void)text_append(list, sizeof(list), "%s%s", *list ? ", " : "", ip_to_str(&claim->ip, text));
	}
	if (*list)
		tree_detail(tree, "owns", list);
	for (size_t i = 0; i < s->inspection.claim_count; i++) {
		if (!s->inspection.claims[i].granted)
			tree_detail(tree, "wants", status_refusal(&s->inspection.claims[i], text));
	}
}

/* "eth3", "eth0, eth3", "itself on vmbr0", "nobody" */
static void answerers(const struct guest_status *s, const struct ip *ip, char *text, size_t size)
{
	const struct inspection *in = &s->inspection;
	const struct guest_nic *nic = bind_nic(&s->guest, ip);
	bool wanted = plan_entry_device(&in->settings, ip)[0] != '\0';

	text[0] = '\0';
	for (size_t i = 0; i < in->answer_count; i++) {
		const struct inspected_answer *a = &in->answers[i];

		if (!ip_equal(&a->ip, ip) || (a->ifindex && a->answer.verdict == ANSWER_SILENT))
			continue;
		(void)text_append(text, size, "%s%s%s", *text ? ", " : "", a->ifindex ? a->device : "every device",
				  a->ifindex && a->answer.verdict == ANSWER_UNKNOWN ? " (perhaps)" : "");
	}
	if (*text)
		return;
	if (!wanted && nic && nic->bridge[0] && !nic->link_down)
		(void)text_append(text, size, "itself on %s", nic->bridge);
	else
		(void)text_append(text, size, "nobody");
}

/* Addresses that have the same answerers one after the other share a line. */
static void add_answers(struct tree *tree, const struct guest_status *s)
{
	const struct inspection *in = &s->inspection;
	char line[NOTE_SIZE] = "";
	char last[120] = "";
	char by[120];
	char ip[IP_TEXT];

	if (in->running == RUNNING_NO)
		return;
	for (size_t i = 0; i < in->ip_count; i++) {
		answerers(s, &in->ips[i], by, sizeof(by));
		if (*line && strcmp(by, last) != 0) {
			(void)text_append(line, sizeof(line), " answered by %s", last);
			tree_detail(tree, "", line);
			line[0] = '\0';
		}
		(void)text_append(line, sizeof(line), "%s%s", *line ? ", " : "", ip_to_str(&in->ips[i], ip));
		memcpy(last, by, sizeof(last));
	}
	if (!*line)
		return;
	(void)text_append(line, sizeof(line), " answered by %s", last);
	tree_detail(tree, "", line);
}

static void add_guest(struct tree *tree, int depth, const struct guest_status *s)
{
	enum tree_mark mark = s->inspection.running == RUNNING_NO ? TREE_NONE
			      : status_guest_is_well(s)           ? TREE_OK
								  : TREE_BAD;
	const char *given = status_given_name(&s->guest);
	char name[NAME_SIZE];
	char text[64];

	(void)snprintf(name, sizeof(name), "%s%s%s", s->name, *given ? " " : "", given);
	(void)snprintf(text, sizeof(text), "%s%s", status_running(s), s->managed ? "" : ", not managed");
	tree_node(tree, depth, mark, name, text);
	for (size_t i = 0; s->missing && i < s->inspection.settings.count; i++) {
		char setting[SETTING_TEXT];

		if (!s->inspection.holds[i])
			tree_detail(tree, "missing", setting_to_str(&s->inspection.settings.settings[i], setting));
	}
	add_answers(tree, s);
	add_claims(tree, s);
	for (size_t i = 0; i < s->inspection.notes.count; i++)
		tree_detail(tree, "note", s->inspection.notes.line[i]);
}

/* Is the device quiet by one of the names that are there? */
static bool by_name(const struct inspection *in, const char *device)
{
	for (size_t i = 0; i < in->settings.count; i++) {
		const struct setting *s = &in->settings.settings[i];

		if (s->kind == SETTING_QUIET_NAME && in->holds[i] &&
		    strncmp(s->device, device, strcspn(s->device, "*")) == 0)
			return true;
	}
	return false;
}

static void add_nic(struct tree *tree, const struct guest_status *s, const struct guest_nic *nic)
{
	enum tree_mark mark = nic->firewall_bridge[0] ? mark_of(&s->inspection, nic->firewall_bridge, true) : TREE_NONE;

	if (mark == TREE_NONE) {
		add_guest(tree, 2, s);
		return;
	}
	if (by_name(&s->inspection, nic->firewall_bridge))
		tree_node(tree, 2, TREE_OK, nic->firewall_bridge,
			  mark == TREE_OK ? "quiet by name and by flag" : "quiet by name");
	else
		tree_node(tree, 2, mark, nic->firewall_bridge,
			  mark == TREE_OK ? "quiet by flag" : "answers for the host");
	add_guest(tree, 3, s);
}

/* Has an earlier guest printed this bridge? */
static bool printed(const struct status *status, size_t guest, size_t nic)
{
	const char *bridge = status->list[guest].guest.nics[nic].bridge;

	for (size_t i = 0; i <= guest; i++) {
		const struct guest *g = &status->list[i].guest;

		for (size_t j = 0; j < g->nic_count && (i < guest || j < nic); j++) {
			if (strcmp(g->nics[j].bridge, bridge) == 0)
				return true;
		}
	}
	return false;
}

static void add_bridge(struct tree *tree, const struct status *status, const struct guest_status *first,
		       const char *bridge)
{
	enum tree_mark mark = bridge[0] ? mark_of(&first->inspection, bridge, false) : TREE_NONE;

	tree_node(tree, 1, mark, bridge[0] ? bridge : "no bridge",
		  mark == TREE_OK    ? "MAC pinned"
		  : mark == TREE_BAD ? "MAC follows its ports"
				     : "");
	for (size_t i = 0; i < status->count; i++) {
		const struct guest_status *s = &status->list[i];

		for (size_t j = 0; j < s->guest.nic_count; j++) {
			if (strcmp(s->guest.nics[j].bridge, bridge) == 0)
				add_nic(tree, s, &s->guest.nics[j]);
		}
	}
}

/* "since 2026-11-27 02:33:01, 12 events", and below it "last: pve/101, 2026-11-27 02:40:12, 3.0 ms" */
static void add_watching(struct tree *tree, const struct status *status)
{
	const struct watching *w = &status->watching;
	char text[STATUS_CLAIM] = "does not run";
	char time[OUTPUT_TIME];

	if (!status->watched && (status->count == 0 || !watching_is_due()))
		return;
	if (status->watched)
		(void)snprintf(text, sizeof(text), "since %s, %" PRIu64 " events", output_time(w->since, time),
			       w->events);
	tree_node(tree, 1, status->watched ? TREE_OK : TREE_BAD, "guestarp-watch", text);
	if (!status->watched || !w->last[0])
		return;
	(void)snprintf(text, sizeof(text), "%s, %s, %.1f ms", w->last, output_time(w->last_at, time),
		       (double)w->last_us / 1000);
	tree_detail(tree, "last", text);
}

/* "3 guests: 1 ok, 1 stopped, 1 to look at", and with nobody managed what there is to do. */
static void print_summary(const struct status *status, FILE *out)
{
	size_t stopped = 0;
	size_t bad = 0;

	for (size_t i = 0; i < status->count; i++) {
		const struct guest_status *s = &status->list[i];

		if (!status_guest_is_well(s))
			bad++;
		else if (s->inspection.running == RUNNING_NO)
			stopped++;
	}
	(void)fputc('\n', out);
	if (status->count > 0) {
		(void)fprintf(out, "%zu guest%s: %zu ok, %zu stopped, %zu with something missing\n", status->count,
			      status->count == 1 ? "" : "s", status->count - stopped - bad, stopped, bad);
		return;
	}
	if (status->findings > 0)
		(void)fprintf(out, "%zu finding%s on this host: guestarp check\n", status->findings,
			      status->findings == 1 ? "" : "s");
	if (!status->platform_missing)
		(void)fprintf(out, "no guest is managed: guestarp plan --all, then guestarp manage --all\n");
}

static enum tree_mark host_mark(const struct status *status)
{
	return !status_is_well(status) || status->platform_missing ? TREE_BAD : status->count > 0 ? TREE_OK : TREE_NONE;
}

void status_print(const struct status *status, bool colour, bool unicode, FILE *out)
{
	struct tree tree = { 0 };
	char host[65] = "host";

	(void)gethostname(host, sizeof(host) - 1);
	tree_node(&tree, 0, host_mark(status), host, "");
	if (status->platform_missing)
		tree_detail(&tree, "note", GUEST_PLATFORM_MISSING);
	add_watching(&tree, status);
	for (size_t i = 0; i < status->count; i++) {
		const struct guest_status *s = &status->list[i];

		for (size_t j = 0; j < s->guest.nic_count; j++) {
			if (!printed(status, i, j))
				add_bridge(&tree, status, s, s->guest.nics[j].bridge);
		}
	}
	for (size_t i = 0; i < status->count; i++) {
		if (status->list[i].guest.nic_count == 0)
			add_guest(&tree, 1, &status->list[i]);
	}
	tree_print(&tree, colour, unicode, out);
	tree_done(&tree);
	print_summary(status, out);
}

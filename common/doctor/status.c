/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guests' state, as a tree for people and as JSON for programs. */

#include "doctor/status.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json_object.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "doctor/output.h"
#include "host/guests.h"
#include "host/record.h"

#define MARK_COLUMN  40
#define VERSION_JSON 1

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

static int look(struct guest_status *s, enum status_as as, const struct inspect_host *host, struct err *err)
{
	struct policy policy;
	struct err failure;
	int bad;
	int r;

	(void)guest_name(&s->guest, s->name);
	bad = policy_load(&policy, &s->guest, &failure);
	s->managed = policy_manages(&policy, &s->guest);
	r = event_inspect(&s->guest, &policy, s->managed || as == STATUS_AS_MANAGED, host, &s->inspection, err);
	notes_add_all(&s->inspection.notes, &s->guest.notes);
	if (bad < 0)
		notes_add_err(&s->inspection.notes, &failure);
	policy_done(&policy);
	if (r == 0 && s->inspection.running != RUNNING_NO) {
		s->missing = inspection_missing(&s->inspection);
		s->refused = inspection_refused(&s->inspection);
	}
	return r < 0 ? err_wrap(err, "%s", s->name) : 0;
}

static int take_named(const struct guest *guests, size_t count, enum status_as as, const struct inspect_host *host,
		      struct status *status, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct guest_status *s = &status->list[status->count++];

		guest_copy(&s->guest, &guests[i]);
		s->readable = guest_read(&s->guest, NULL) == 0;
		r = look(s, as, host, err);
	}
	return r;
}

/* Those that nobody manages and that have no record are none of ours. */
static int take_all(const struct guest_list *guests, size_t recorded, enum status_as as,
		    const struct inspect_host *host, struct status *status, struct err *err)
{
	for (size_t i = 0; i < guests->count; i++) {
		struct guest_status *s = &status->list[status->count];
		int r;

		s->guest = guests->list[i];
		s->readable = guest_read(&s->guest, NULL) == 0;
		r = look(s, as, host, err);
		if (r < 0) {
			status->count++;
			return r;
		}
		if (s->managed || as == STATUS_AS_MANAGED || i < recorded) {
			status->count++;
			continue;
		}
		inspection_done(&s->inspection);
		memset(s, 0, sizeof(*s));
	}
	return 0;
}

/* pve/99 before pve/100. */
static int by_guest_name(const void *a, const void *b)
{
	return strverscmp(((const struct guest_status *)a)->name, ((const struct guest_status *)b)->name);
}

int status_take(const struct guest *guests, size_t count, enum status_as as, struct status *ret_status, struct err *err)
{
	struct guest_list all = { 0 };
	struct inspect_host host;
	size_t recorded = 0;
	int r = inspect_host_take(&host, err);

	memset(ret_status, 0, sizeof(*ret_status));
	ret_status->platform_missing = guest_platform_missing();
	ret_status->watched = watching_read(&ret_status->watching);
	if (r == 0 && !guests) {
		r = guest_list_recorded(&all, err);
		recorded = all.count;
		if (r == 0)
			r = guest_list_configured(&all, err);
	}
	if (r == 0) {
		ret_status->list = calloc(count + all.count + 1, sizeof(*ret_status->list));
		if (!ret_status->list)
			r = err_errno(err, ENOMEM, "status");
	}
	if (r == 0)
		r = guests ? take_named(guests, count, as, &host, ret_status, err)
			   : take_all(&all, recorded, as, &host, ret_status, err);
	guest_list_done(&all);
	inspect_host_done(&host);
	if (!guests && ret_status->count > 1)
		qsort(ret_status->list, ret_status->count, sizeof(*ret_status->list), by_guest_name);
	return r;
}

void status_done(struct status *status)
{
	for (size_t i = 0; i < status->count; i++)
		inspection_done(&status->list[i].inspection);
	free(status->list);
	memset(status, 0, sizeof(*status));
}

bool status_is_well(const struct status *status)
{
	for (size_t i = 0; i < status->count; i++) {
		const struct guest_status *s = &status->list[i];

		if (s->missing > 0 || s->refused > 0 || s->inspection.notes.count > 0)
			return false;
	}
	return true;
}

/* --- the tree ----------------------------------------------------------------------------------------------------- */

struct tree {
	FILE *out;
	bool colour;
};

enum mark { MARK_OK, MARK_BAD, MARK_NONE };

static void print_line(const struct tree *t, int depth, const char *name, enum mark mark, const char *text)
{
	static const char *const plain[] = { [MARK_OK] = "ok", [MARK_BAD] = "!!", [MARK_NONE] = "--" };
	static const char *const colours[] = { [MARK_OK] = "\033[32m", [MARK_BAD] = "\033[1;31m", [MARK_NONE] = "" };
	int indent = depth * 3;

	(void)fprintf(t->out, "%*s%s%-*s %s%s%s%s%s\n", indent, "", depth ? "`- " : "",
		      MARK_COLUMN - indent - (depth ? 3 : 0), name, t->colour ? colours[mark] : "", plain[mark],
		      t->colour && *colours[mark] ? "\033[0m" : "", *text ? "  " : "", text);
}

static const char *running_to_str(enum running running)
{
	return running == RUNNING_YES ? "running" : running == RUNNING_NO ? "stopped" : "unknown";
}

/* What the inspection says of one device's settings of some kinds. */
static enum mark mark_of(const struct inspection *in, const char *device, bool quiet)
{
	enum mark mark = MARK_NONE;

	for (size_t i = 0; i < in->settings.count; i++) {
		const struct setting *s = &in->settings.settings[i];
		bool wanted = quiet ? s->kind == SETTING_ARP_IGNORE || s->kind == SETTING_NOARP
				    : s->kind == SETTING_BRIDGE_MAC;

		if (!wanted || strcmp(s->device, device) != 0)
			continue;
		if (!in->holds[i])
			return MARK_BAD;
		mark = MARK_OK;
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
static void print_claims(const struct tree *t, int depth, const struct guest_status *s)
{
	char text[STATUS_CLAIM];
	char list[NOTE_SIZE] = "";

	for (size_t i = 0; i < s->inspection.claim_count; i++) {
		const struct owner_claim *claim = &s->inspection.claims[i];

		if (claim->standing)
			(void)text_append(list, sizeof(list), "%s%s", *list ? ", " : "", ip_to_str(&claim->ip, text));
	}
	if (*list) {
		(void)fprintf(t->out, "%*sowns: ", depth * 3 + 3, "");
		output_wrapped(t->out, list, depth * 3 + 9);
	}
	for (size_t i = 0; i < s->inspection.claim_count; i++) {
		if (s->inspection.claims[i].granted)
			continue;
		(void)fprintf(t->out, "%*swants: ", depth * 3 + 3, "");
		output_wrapped(t->out, status_refusal(&s->inspection.claims[i], text), depth * 3 + 10);
	}
}

static void print_guest(const struct tree *t, int depth, const struct guest_status *s)
{
	enum mark mark = s->inspection.running == RUNNING_NO ? MARK_NONE
			 : s->missing || s->refused          ? MARK_BAD
							     : MARK_OK;
	char text[64];

	(void)snprintf(text, sizeof(text), "%s%s", running_to_str(s->inspection.running),
		       s->managed ? "" : ", not managed");
	print_line(t, depth, s->name, mark, text);
	for (size_t i = 0; s->missing && i < s->inspection.settings.count; i++) {
		char setting[SETTING_TEXT];

		if (!s->inspection.holds[i])
			(void)fprintf(t->out, "%*smissing: %s\n", depth * 3 + 3, "",
				      setting_to_str(&s->inspection.settings.settings[i], setting));
	}
	print_claims(t, depth, s);
	for (size_t i = 0; i < s->inspection.notes.count; i++) {
		(void)fprintf(t->out, "%*snote: ", depth * 3 + 3, "");
		output_wrapped(t->out, s->inspection.notes.line[i], depth * 3 + 9);
	}
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

static void print_nic(const struct tree *t, const struct guest_status *s, const struct guest_nic *nic)
{
	enum mark mark = nic->firewall_bridge[0] ? mark_of(&s->inspection, nic->firewall_bridge, true) : MARK_NONE;

	if (mark == MARK_NONE) {
		print_guest(t, 2, s);
		return;
	}
	if (by_name(&s->inspection, nic->firewall_bridge))
		print_line(t, 2, nic->firewall_bridge, MARK_OK,
			   mark == MARK_OK ? "quiet by name and by flag" : "quiet by name");
	else
		print_line(t, 2, nic->firewall_bridge, mark,
			   mark == MARK_OK ? "quiet by flag" : "answers for the host");
	print_guest(t, 3, s);
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

static void print_bridge(const struct tree *t, const struct status *status, const struct guest_status *first,
			 const char *bridge)
{
	enum mark mark = bridge[0] ? mark_of(&first->inspection, bridge, false) : MARK_NONE;

	print_line(t, 1, bridge[0] ? bridge : "no bridge", mark,
		   mark == MARK_OK    ? "MAC pinned"
		   : mark == MARK_BAD ? "MAC follows its ports"
				      : "");
	for (size_t i = 0; i < status->count; i++) {
		const struct guest_status *s = &status->list[i];

		for (size_t j = 0; j < s->guest.nic_count; j++) {
			if (strcmp(s->guest.nics[j].bridge, bridge) == 0)
				print_nic(t, s, &s->guest.nics[j]);
		}
	}
}

/* "since 2026-11-27 02:33:01, 12 events", and below it "last: pve/101, 2026-11-27 02:40:12, 3.0 ms" */
static void print_watching(const struct tree *t, const struct status *status)
{
	const struct watching *w = &status->watching;
	char text[STATUS_CLAIM] = "does not run";
	char time[OUTPUT_TIME];

	if (!status->watched && (status->count == 0 || !watching_is_due()))
		return;
	if (status->watched)
		(void)snprintf(text, sizeof(text), "since %s, %" PRIu64 " events", output_time(w->since, time),
			       w->events);
	print_line(t, 1, "guestarp-watch", status->watched ? MARK_OK : MARK_BAD, text);
	if (status->watched && w->last[0])
		(void)fprintf(t->out, "%*slast: %s, %s, %.1f ms\n", 6, "", w->last, output_time(w->last_at, time),
			      (double)w->last_us / 1000);
}

void status_print(const struct status *status, bool colour, FILE *out)
{
	struct tree t = { out, colour };
	char host[65] = "host";

	(void)gethostname(host, sizeof(host) - 1);
	print_line(&t, 0, host, status_is_well(status) ? MARK_OK : MARK_BAD,
		   status->count || status->platform_missing ? "" : "no guest is managed: guestarp attach GUEST");
	if (status->platform_missing) {
		(void)fprintf(out, "   note: ");
		output_wrapped(out, GUEST_PLATFORM_MISSING, 9);
	}
	print_watching(&t, status);
	for (size_t i = 0; i < status->count; i++) {
		const struct guest_status *s = &status->list[i];

		for (size_t j = 0; j < s->guest.nic_count; j++) {
			if (!printed(status, i, j))
				print_bridge(&t, status, s, s->guest.nics[j].bridge);
		}
	}
	for (size_t i = 0; i < status->count; i++) {
		if (status->list[i].guest.nic_count == 0)
			print_guest(&t, 1, &status->list[i]);
	}
}

/* --- JSON -----------------------------------------------------------------------------------------------------------
 */

static struct json_object *setting_json(const struct setting *s, bool holds, const char *event)
{
	struct json_object *json = json_object_new_object();
	char text[SETTING_TEXT];
	bool about_ip = s->kind == SETTING_PROXY || s->kind == SETTING_NO_PROXY || s->kind == SETTING_ROUTE;

	json_object_object_add(json, "setting", json_object_new_string(setting_kind_to_str(s->kind)));
	json_object_object_add(json, "event", json_object_new_string(event));
	json_object_object_add(json, "device", s->device[0] ? json_object_new_string(s->device) : NULL);
	json_object_object_add(json, "ifindex", json_object_new_int(s->ifindex));
	if (about_ip)
		json_object_object_add(json, "address", json_object_new_string(ip_to_str(&s->ip, text)));
	else if (s->kind == SETTING_BRIDGE_MAC)
		json_object_object_add(json, "mac", json_object_new_string(mac_to_str(&s->mac, text)));
	else
		json_object_object_add(json, "value", json_object_new_int64(s->value));
	json_object_object_add(json, "holds", json_object_new_boolean(holds));
	return json;
}

/* owner is null where nobody has claimed the address. */
static struct json_object *claim_json(const struct owner_claim *claim, const char *guest)
{
	struct json_object *json = json_object_new_object();
	const char *owner = claim->standing ? guest : claim->granted ? "" : claim->other;
	char text[IP_TEXT];

	json_object_object_add(json, "address", json_object_new_string(ip_to_str(&claim->ip, text)));
	json_object_object_add(json, "owner", *owner ? json_object_new_string(owner) : NULL);
	json_object_object_add(json, "granted", json_object_new_boolean(claim->granted));
	return json;
}

static struct json_object *guest_json(const struct guest_status *s)
{
	struct json_object *json = json_object_new_object();
	struct json_object *settings = json_object_new_array();
	struct json_object *claims = json_object_new_array();
	struct json_object *notes = json_object_new_array();
	const struct inspection *in = &s->inspection;

	json_object_object_add(json, "guest", json_object_new_string(s->name));
	json_object_object_add(json, "managed", json_object_new_boolean(s->managed));
	json_object_object_add(json, "running", json_object_new_string(running_to_str(in->running)));
	json_object_object_add(json, "recorded", json_object_new_boolean(in->has_record));
	json_object_object_add(json, "missing", json_object_new_int64((int64_t)s->missing));
	for (size_t i = 0; i < in->settings.count; i++)
		json_object_array_add(settings, setting_json(&in->settings.settings[i], in->holds[i],
							     i < in->prepare_count ? "prepare" : "up"));
	for (size_t i = 0; i < in->notes.count; i++)
		json_object_array_add(notes, json_object_new_string(in->notes.line[i]));
	for (size_t i = 0; i < in->claim_count; i++)
		json_object_array_add(claims, claim_json(&in->claims[i], s->name));
	json_object_object_add(json, "settings", settings);
	json_object_object_add(json, "claims", claims);
	json_object_object_add(json, "notes", notes);
	return json;
}

/* null where it does not run. */
static struct json_object *watching_json(const struct status *status)
{
	const struct watching *w = &status->watching;
	struct json_object *json = json_object_new_object();
	struct json_object *last = w->last[0] ? json_object_new_object() : NULL;

	json_object_object_add(json, "since", json_object_new_int64(w->since));
	json_object_object_add(json, "events", json_object_new_int64((int64_t)w->events));
	if (last) {
		json_object_object_add(last, "what", json_object_new_string(w->last));
		json_object_object_add(last, "at", json_object_new_int64(w->last_at));
		json_object_object_add(last, "microseconds", json_object_new_int64(w->last_us));
	}
	json_object_object_add(json, "last", last);
	return json;
}

int status_print_json(const struct status *status, FILE *out)
{
	CLEANUP(json) struct json_object *json = json_object_new_object();
	struct json_object *guests = json_object_new_array();
	struct json_object *notes = json_object_new_array();

	if (status->platform_missing)
		json_object_array_add(notes, json_object_new_string(GUEST_PLATFORM_MISSING));
	json_object_object_add(json, "version", json_object_new_int(VERSION_JSON));
	json_object_object_add(json, "notes", notes);
	json_object_object_add(json, "watch", status->watched ? watching_json(status) : NULL);
	json_object_object_add(json, "guests", guests);
	for (size_t i = 0; i < status->count; i++)
		json_object_array_add(guests, guest_json(&status->list[i]));
	return output_json(json, out);
}

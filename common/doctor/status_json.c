/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guests' state for programs: packaging/status.schema.json. */

#include <inttypes.h>
#include <json-c/json_object.h>

#include "base/json.h"
#include "doctor/output.h"
#include "doctor/status.h"
#include "host/guests.h"

#define VERSION_JSON 1

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

/* Each address, and the devices of the host that answer for it. */
static struct json_object *addresses_json(const struct inspection *in)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < in->ip_count; i++) {
		struct json_object *json = json_object_new_object();
		struct json_object *devices = json_object_new_array();
		char text[IP_TEXT];

		for (size_t j = 0; j < in->answer_count; j++) {
			const struct inspected_answer *a = &in->answers[j];

			if (a->ifindex && a->answer.verdict != ANSWER_SILENT && ip_equal(&a->ip, &in->ips[i]))
				json_object_array_add(devices, json_object_new_string(a->device));
		}
		json_object_object_add(json, "address", json_object_new_string(ip_to_str(&in->ips[i], text)));
		json_object_object_add(json, "answered_by", devices);
		json_object_array_add(list, json);
	}
	return list;
}

static struct json_object *name_of(const struct guest *guest)
{
	const char *name = status_given_name(guest);

	return *name ? json_object_new_string(name) : NULL;
}

static struct json_object *guest_json(const struct guest_status *s)
{
	struct json_object *json = json_object_new_object();
	struct json_object *settings = json_object_new_array();
	struct json_object *claims = json_object_new_array();
	struct json_object *notes = json_object_new_array();
	const struct inspection *in = &s->inspection;

	json_object_object_add(json, "guest", json_object_new_string(s->name));
	json_object_object_add(json, "name", name_of(&s->guest));
	json_object_object_add(json, "managed", json_object_new_boolean(s->managed));
	json_object_object_add(json, "running", json_object_new_string(status_running(s)));
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
	json_object_object_add(json, "addresses", addresses_json(in));
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
	json_object_object_add(json, "findings",
			       status->checked ? json_object_new_int64((int64_t)status->findings) : NULL);
	json_object_object_add(json, "guests", guests);
	for (size_t i = 0; i < status->count; i++)
		json_object_array_add(guests, guest_json(&status->list[i]));
	return output_json(json, out);
}

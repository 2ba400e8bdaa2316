/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan and the policy in words, changing nothing. */

#include "doctor/explain.h"

#include <json-c/json_object.h>
#include <string.h>

#include "base/json.h"
#include "doctor/output.h"
#include "policy/key.h"
#include "policy/policy.h"

enum { PREPARE = 1U << 0, UP = 1U << 1, DOWN = 1U << 2 };

static const struct event_word {
	const char *word;
	unsigned events;
} words[] = {
	{ "prepare", PREPARE },
	{ "up", UP },
	{ "down", DOWN },
};

static unsigned find_events(const char *word)
{
	if (!word)
		return PREPARE | UP;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, word) == 0)
			return words[i].events;
	}
	return 0;
}

bool explain_is_event(const char *word)
{
	return find_events(word) != 0;
}

void explain_guest(const struct guest_status *status, bool again, FILE *out)
{
	const char *hostname = status->guest.hostname;

	(void)fprintf(out, "%s%s%s%s%s\n", again ? "\n" : "", status->name, *hostname ? " " : "", hostname,
		      status->managed ? "" : " (not managed yet)");
}

void explain_plan(const struct guest_status *status, const char *event, FILE *out)
{
	const struct inspection *in = &status->inspection;
	unsigned events = find_events(event);
	char text[SETTING_TEXT];

	for (size_t i = 0; i < in->settings.count; i++) {
		bool prepare = i < in->prepare_count;

		if (events & (prepare ? PREPARE : UP))
			(void)fprintf(out, "%-8s %-6s %s\n", prepare ? "prepare" : "up", in->holds[i] ? "holds" : "set",
				      setting_to_str(&in->settings.settings[i], text));
	}
	for (size_t i = 0; (events & DOWN) && i < in->recorded.count; i++)
		(void)fprintf(out, "%-8s %-6s %s\n", "down", "undo", setting_to_str(&in->recorded.settings[i], text));
	for (size_t i = 0; (events & UP) && i < in->claim_count; i++) {
		char refusal[STATUS_CLAIM];

		if (!in->claims[i].granted)
			(void)fprintf(out, "note: %s\n", status_refusal(&in->claims[i], refusal));
	}
	for (size_t i = 0; i < in->notes.count; i++) {
		(void)fprintf(out, "note: ");
		output_wrapped(out, in->notes.line[i], 6);
	}
}

static struct json_object *name_or_null(const char *name)
{
	return name[0] ? json_object_new_string(name) : NULL;
}

static struct json_object *ips_json(const struct ip ips[], size_t count)
{
	struct json_object *list = json_object_new_array();
	char text[IP_TEXT];

	for (size_t i = 0; i < count; i++)
		json_object_array_add(list, json_object_new_string(ip_to_str(&ips[i], text)));
	return list;
}

static struct json_object *addresses_json(bool from_config, const struct ip ips[], size_t count)
{
	return from_config ? json_object_new_string("config") : ips_json(ips, count);
}

static struct json_object *show_allowed(const struct policy *policy)
{
	struct json_object *list;
	char ip[IP_TEXT];
	char text[IP_TEXT + 4];

	if (policy->allowed_any)
		return NULL;
	list = json_object_new_array();
	for (size_t i = 0; i < policy->allowed_count; i++) {
		(void)snprintf(text, sizeof(text), "%s/%u", ip_to_str(&policy->allowed[i].ip, ip),
			       policy->allowed[i].bits);
		json_object_array_add(list, json_object_new_string(text));
	}
	return list;
}

/* What is said of each NIC, and nothing else. */
static struct json_object *show_nics(const struct policy *policy)
{
	struct json_object *all = json_object_new_object();

	for (size_t i = 0; i < policy->nic_count; i++) {
		const struct policy_nic *nic = &policy->nics[i];
		struct json_object *one = json_object_new_object();
		char name[16];

		if (nic->has_device)
			json_object_object_add(one, "device", name_or_null(nic->device));
		if (nic->has_route)
			json_object_object_add(one, "route", name_or_null(nic->route));
		if (nic->has_addresses)
			json_object_object_add(one, "addresses",
					       addresses_json(nic->addresses_from_config, nic->ips, nic->ip_count));
		(void)snprintf(name, sizeof(name), "net%u", nic->index);
		json_object_object_add(all, name, one);
	}
	return all;
}

static struct json_object *show_then(const struct policy *policy)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < policy->then_count; i++)
		json_object_array_add(list, json_object_new_string(policy->then[i]));
	return list;
}

static struct json_object *of_json(const struct identity *of)
{
	struct json_object *list = json_object_new_array();
	char text[MAC_TEXT];

	if (of->uuid[0])
		json_object_array_add(list, json_object_new_string(of->uuid));
	for (size_t i = 0; i < of->mac_count; i++)
		json_object_array_add(list, json_object_new_string(mac_to_str(&of->macs[i], text)));
	return list;
}

static struct json_object *show_firewall_bridge(const struct policy *policy)
{
	return json_object_new_string(policy->quiet ? "quiet" : "leave");
}

static struct json_object *show_ports(const struct policy *policy)
{
	return json_object_new_string(policy->quiet_ports ? "quiet" : "leave");
}

static struct json_object *show_bridge_mac(const struct policy *policy)
{
	return json_object_new_string(policy->pin ? "pin" : "leave");
}

static struct json_object *show_device(const struct policy *policy)
{
	return name_or_null(policy->device);
}

static struct json_object *show_addresses(const struct policy *policy)
{
	return addresses_json(policy->addresses_from_config, policy->ips, policy->ip_count);
}

static struct json_object *show_shared(const struct policy *policy)
{
	return ips_json(policy->shared, policy->shared_count);
}

static struct json_object *show_route(const struct policy *policy)
{
	return name_or_null(policy->route);
}

static struct json_object *show_probe(const struct policy *policy)
{
	static const char *const probes[] = { [PROBE_OFF] = "off", [PROBE_WARN] = "warn", [PROBE_REFUSE] = "refuse" };

	return json_object_new_string(probes[policy->probe]);
}

static struct json_object *show_announce(const struct policy *policy)
{
	return json_object_new_int64(policy->announce);
}

static struct json_object *show_on_error(const struct policy *policy)
{
	return json_object_new_string(policy->abort_on_error ? "abort" : "warn");
}

/* Of each key what holds. */
static struct json_object *(*const shows[])(const struct policy *policy) = {
#define ROW(key, name) show_##name,
	POLICY_TABLE(ROW)
#undef ROW
};

int explain_policy(const struct guest *guest, bool json, FILE *out, struct err *err)
{
	CLEANUP(json) struct json_object *all = json_object_new_object();
	struct policy policy;
	char name[GUEST_NAME_SIZE];
	int r = policy_load(&policy, guest, err);

	json_object_object_add(all, "version", json_object_new_int(1));
	json_object_object_add(all, "guest", json_object_new_string(guest_name(guest, name)));
	json_object_object_add(all, "managed", json_object_new_boolean(policy_manages(&policy, guest)));
	for (unsigned i = 0; i < POLICY_KEY_COUNT; i++) {
		struct json_object *item = json_object_new_object();
		struct json_object *value = shows[i](&policy);
		const char *text =
			json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

		if (!json)
			(void)fprintf(out, "%-15s %-20s %s\n", policy_key_to_str((enum policy_key)i), text,
				      policy.source[i]);
		json_object_object_add(item, "value", value);
		if (i == POLICY_THEN && !identity_is_empty(&policy.then_of))
			json_object_object_add(item, "of", of_json(&policy.then_of));
		json_object_object_add(item, "source", json_object_new_string(policy.source[i]));
		json_object_object_add(all, policy_key_to_str((enum policy_key)i), item);
	}
	if (json)
		(void)output_json(all, out);
	policy_done(&policy);
	return r;
}

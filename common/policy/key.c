/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each key's type and range, checked before a value of it is believed. */

#include "policy/key.h"

#include <errno.h>
#include <json-c/linkhash.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/value.h"

#define ANNOUNCE_MAX    10
#define PROXY_DELAY_MAX 1000 /* ten seconds: more is a mistake, not a wish */

static int take_quiet(bool *ret_quiet, const char *where, struct json_object *value, struct err *err)
{
	static const char *const words[] = { "leave", "quiet" };
	unsigned i = 0;
	int r = value_word(where, value, words, 2, "\"quiet\" or \"leave\"", &i, err);

	if (r == 0)
		*ret_quiet = i == 1;
	return r;
}

static int take_firewall_bridge(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	return take_quiet(&p->quiet, where, value, err);
}

static int take_ports(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	return take_quiet(&p->quiet_ports, where, value, err);
}

static int take_bridge_mac(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	static const char *const words[] = { "leave", "pin" };
	unsigned i = 0;
	int r = value_word(where, value, words, 2, "\"pin\" or \"leave\"", &i, err);

	if (r == 0)
		p->pin = i == 1;
	return r;
}

static int take_device(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	return value_ifname(p->device, where, value, err);
}

static int take_route(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	return value_ifname(p->route, where, value, err);
}

static int take_addresses(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	return value_addresses(where, value, GUEST_IPS_MAX, &p->addresses_from_config, p->ips, &p->ip_count, err);
}

/* null, or prefixes. An empty list allows none. */
static int take_allowed(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	struct policy_prefix prefixes[POLICY_ALLOWED_MAX];
	size_t count = 0;

	if (value && !json_object_is_type(value, json_type_array))
		return value_wrong(where, value, "a list of prefixes or null", err);
	if (value)
		count = json_object_array_length(value);
	if (count > POLICY_ALLOWED_MAX)
		return err_set(err, EINVAL, "%s: more than %d prefixes", where, POLICY_ALLOWED_MAX);
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(value, i);

		if (!json_object_is_type(item, json_type_string) ||
		    ip_parse_net(json_object_get_string(item), &prefixes[i].ip, &prefixes[i].bits) < 0)
			return value_wrong(where, item, "a prefix such as \"192.0.2.0/24\"", err);
	}
	memcpy(p->allowed, prefixes, count * sizeof(prefixes[0]));
	p->allowed_count = count;
	p->allowed_any = !value;
	return 0;
}

static int take_shared(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	return value_addresses(where, value, GUEST_IPS_MAX, NULL, p->shared, &p->shared_count, err);
}

/* The keys of one NIC. */
static int take_nic(struct policy_nic *nic, const char *where, struct json_object *values, struct err *err)
{
	static const char *const names[] = { "device", "route", "addresses" };

	if (!json_object_is_type(values, json_type_object))
		return err_set(err, EINVAL, "%s: not an object", where);
	json_object_object_foreach(values, name, value) {
		char path[220] = "";
		int r;

		(void)text_append(path, sizeof(path), "%s.%s", where, name);
		if (strcmp(name, "device") == 0)
			r = value_ifname(nic->device, path, value, err);
		else if (strcmp(name, "route") == 0)
			r = value_ifname(nic->route, path, value, err);
		else if (strcmp(name, "addresses") == 0)
			r = value_addresses(path, value, GUEST_NIC_IPS_MAX, &nic->addresses_from_config, nic->ips,
					    &nic->ip_count, err);
		else
			r = key_unknown(where, name, names, 3, sizeof(names[0]), err);
		if (r < 0)
			return r;
		nic->has_device = nic->has_device || strcmp(name, "device") == 0;
		nic->has_route = nic->has_route || strcmp(name, "route") == 0;
		nic->has_addresses = nic->has_addresses || strcmp(name, "addresses") == 0;
	}
	return 0;
}

/* By their names, each key of each by itself: what weaker places say of the others stays. */
static int take_nics(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	struct policy_nic nics[GUEST_NICS_MAX];
	size_t count = p->nic_count;

	memcpy(nics, p->nics, count * sizeof(nics[0]));
	if (!json_object_is_type(value, json_type_object))
		return value_wrong(where, value, "an object of NICs", err);
	json_object_object_foreach(value, name, values) {
		char path[200] = "";
		char shown[40];
		uint32_t index;
		size_t i = 0;
		int r;

		(void)text_append(path, sizeof(path), "%s.%s", where, text_shown(name, shown, sizeof(shown)));
		if (strncmp(name, "net", 3) != 0 || parse_u32(name + 3, 0, GUEST_NICS_MAX - 1, &index) < 0)
			return err_set(err, EINVAL, "%s: not a NIC's name (net0 to net%d)", path, GUEST_NICS_MAX - 1);
		while (i < count && nics[i].index != index)
			i++;
		if (i == count)
			nics[count++] = (struct policy_nic){ .index = index, .addresses_from_config = true };
		r = take_nic(&nics[i], path, values, err);
		if (r < 0)
			return r;
	}
	memcpy(p->nics, nics, count * sizeof(nics[0]));
	p->nic_count = count;
	return 0;
}

static int take_probe(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	static const char *const words[] = { [PROBE_OFF] = "off", [PROBE_WARN] = "warn", [PROBE_REFUSE] = "refuse" };
	unsigned i = 0;
	int r = value_word(where, value, words, 3, "\"off\", \"warn\" or \"refuse\"", &i, err);

	if (r == 0)
		p->probe = (enum policy_probe)i;
	return r;
}

static int take_announce(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	return value_number(where, value, ANNOUNCE_MAX, &p->announce, err);
}

static int take_on_error(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	static const char *const words[] = { "warn", "abort" };
	unsigned i = 0;
	int r = value_word(where, value, words, 2, "\"warn\" or \"abort\"", &i, err);

	if (r == 0)
		p->abort_on_error = i == 1;
	return r;
}

static void drop_then(struct policy *p)
{
	for (size_t i = 0; i < p->then_count; i++)
		free(p->then[i]);
	p->then_count = 0;
}

/* A list of absolute paths, or NULL and err. */
static int take_paths(const char *where, struct json_object *value, char *paths[], size_t *ret_count, struct err *err)
{
	size_t count;

	if (!json_object_is_type(value, json_type_array))
		return value_wrong(where, value, "a list of absolute paths", err);
	count = json_object_array_length(value);
	if (count > POLICY_THEN_MAX)
		return err_set(err, EINVAL, "%s: more than %d hook scripts", where, POLICY_THEN_MAX);
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(value, i);
		const char *path = json_object_get_string(item);

		if (!json_object_is_type(item, json_type_string) || path[0] != '/' || strlen(path) >= PATH_MAX)
			return value_wrong(where, item, "an absolute path", err);
	}
	for (size_t i = 0; i < count; i++) {
		paths[i] = strdup(json_object_get_string(json_object_array_get_idx(value, i)));
		if (!paths[i]) {
			*ret_count = i;
			return err_errno(err, ENOMEM, "%s", where);
		}
	}
	*ret_count = count;
	return 0;
}

static int take_of(const char *where, struct json_object *value, struct identity *ret_of, struct err *err)
{
	if (!json_object_is_type(value, json_type_array) || json_object_array_length(value) == 0)
		return value_wrong(where, value, "a list of UUIDs and MACs", err);
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		struct json_object *item = json_object_array_get_idx(value, i);
		int r = json_object_is_type(item, json_type_string) ? identity_add(ret_of, json_object_get_string(item))
								    : -EINVAL;

		if (r == -ENOSPC)
			return err_set(err, EINVAL, "%s: more than %d MACs", where, GUEST_NICS_MAX);
		if (r < 0)
			return value_wrong(where, item, "a UUID or a MAC", err);
	}
	return 0;
}

/* {"of": whose they are, "call": [...]}, as attach writes it. */
static int take_chain(const char *where, struct json_object *value, struct json_object **ret_call,
		      struct identity *ret_of, struct err *err)
{
	static const char *const parts[] = { "of", "call" };

	json_object_object_foreach(value, name, part) {
		char path[220] = "";
		int r = 0;

		(void)text_append(path, sizeof(path), "%s.%s", where, name);
		if (strcmp(name, "call") == 0)
			*ret_call = part;
		else if (strcmp(name, "of") == 0)
			r = take_of(path, part, ret_of, err);
		else
			r = key_unknown(where, name, parts, 2, sizeof(parts[0]), err);
		if (r < 0)
			return r;
	}
	if (identity_is_empty(ret_of) || !*ret_call)
		return err_set(err, EINVAL, "%s: both \"of\" and \"call\" are needed", where);
	return 0;
}

static int take_then(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	struct identity of = { .mac_count = 0 };
	struct json_object *call = value;
	char *paths[POLICY_THEN_MAX];
	size_t count = 0;
	int r = 0;

	if (json_object_is_type(value, json_type_object)) {
		call = NULL;
		r = take_chain(where, value, &call, &of, err);
	}
	if (r == 0)
		r = take_paths(where, call, paths, &count, err);
	if (r < 0) {
		for (size_t i = 0; i < count; i++)
			free(paths[i]);
		return r;
	}
	drop_then(p);
	memcpy(p->then, paths, count * sizeof(paths[0]));
	p->then_count = count;
	p->then_of = of;
	return 0;
}

static const struct key {
	const char *name;
	int (*take)(struct policy *p, const char *where, struct json_object *value, struct err *err);
} keys[] = {
#define ROW(key, name) { #name, take_##name },
	POLICY_TABLE(ROW)
#undef ROW
};

/* Beside the values two keys that are none of the kernel's. */
#define DEVICE_KEY_QUIET  POLICY_VALUE_COUNT
#define DEVICE_KEY_UPLINK (POLICY_VALUE_COUNT + 1)
#define DEVICE_KEY_COUNT  (POLICY_VALUE_COUNT + 2)

static const struct device_key {
	const char *name;
	uint32_t max;
} device_keys[DEVICE_KEY_COUNT] = {
	[POLICY_ARP_IGNORE] = { "arp_ignore", 8 }, [POLICY_ARP_ANNOUNCE] = { "arp_announce", 2 },
	[POLICY_ARP_FILTER] = { "arp_filter", 1 }, [POLICY_PROXY_DELAY] = { "proxy_delay", PROXY_DELAY_MAX },
	[DEVICE_KEY_QUIET] = { "quiet", 0 },       [DEVICE_KEY_UPLINK] = { "uplink", 0 },
};

void key_defaults(struct policy *policy)
{
	memset(policy, 0, offsetof(struct policy, ips));
	policy->quiet = true;
	policy->quiet_others = true;
	policy->quiet_ports = true;
	policy->pin = true;
	policy->addresses_from_config = true;
	policy->allowed_any = true;
	policy->announce = 2;
	for (size_t i = 0; i < POLICY_KEY_COUNT; i++)
		memcpy(policy->source[i], "default", sizeof("default"));
}

void policy_quiet_alone(struct policy *policy)
{
	key_defaults(policy);
	policy->pin = false;
}

int key_unknown(const char *where, const char *name, const void *table, size_t count, size_t stride, struct err *err)
{
	const char *nearest = text_nearest(name, table, count, stride);
	char shown[60];

	(void)text_shown(name, shown, sizeof(shown));
	if (nearest)
		return err_set(err, ENOENT, "%s: unknown key \"%s\", did you mean \"%s\"?", where, shown, nearest);
	return err_set(err, ENOENT, "%s: unknown key \"%s\"", where, shown);
}

int key_take(struct policy *policy, const char *where, const char *name, struct json_object *value,
	     enum policy_key *ret_key, struct err *err)
{
	for (unsigned i = 0; i < POLICY_KEY_COUNT; i++) {
		char path[200] = "";

		if (strcmp(keys[i].name, name) != 0)
			continue;
		(void)text_append(path, sizeof(path), "%s.%s", where, name);
		*ret_key = (enum policy_key)i;
		return keys[i].take(policy, path, value, err);
	}
	return key_unknown(where, name, keys, POLICY_KEY_COUNT, sizeof(keys[0]), err);
}

int key_take_device(struct policy_device *device, const char *where, const char *name, struct json_object *value,
		    struct err *err)
{
	for (unsigned i = 0; i < DEVICE_KEY_COUNT; i++) {
		char path[200] = "";
		int r;

		if (strcmp(device_keys[i].name, name) != 0)
			continue;
		(void)text_append(path, sizeof(path), "%s.%s", where, name);
		if (i == DEVICE_KEY_QUIET)
			return value_bool(path, value, &device->quiet, err);
		if (i == DEVICE_KEY_UPLINK)
			return value_ifname(device->uplink, path, value, err);
		r = value_number(path, value, device_keys[i].max, &device->value[i], err);
		if (r == 0)
			device->set[i] = true;
		return r;
	}
	return key_unknown(where, name, device_keys, DEVICE_KEY_COUNT, sizeof(device_keys[0]), err);
}

const char *policy_key_to_str(enum policy_key key)
{
	return keys[key].name;
}

void policy_done(struct policy *policy)
{
	drop_then(policy);
	for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
		free(policy->files[i].text);
		policy->files[i].text = NULL;
	}
}

void policy_drop_nic_addresses(struct policy *policy)
{
	for (size_t i = 0; i < policy->nic_count; i++)
		policy->nics[i].has_addresses = false;
}

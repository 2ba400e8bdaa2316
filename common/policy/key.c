/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each key's type and range, checked before a value of it is believed. */

#include "policy/key.h"

#include <errno.h>
#include <json-c/linkhash.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define ANNOUNCE_MAX    10
#define PROXY_DELAY_MAX 1000 /* ten seconds: more is a mistake, not a wish */

static int wrong(const char *where, struct json_object *value, const char *wanted, struct err *err)
{
	char shown[60];

	return err_set(err, EINVAL, "%s: %s is not %s", where,
		       text_shown(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
										JSON_C_TO_STRING_NOSLASHESCAPE),
				  shown, sizeof(shown)),
		       wanted);
}

static int take_number(const char *where, struct json_object *value, uint32_t max, uint32_t *ret_value, struct err *err)
{
	int64_t n = json_object_get_int64(value);

	if (!json_object_is_type(value, json_type_int) || n < 0 || n > max) {
		char wanted[40] = "";

		(void)text_append(wanted, sizeof(wanted), "a whole number from 0 to %u", max);
		return wrong(where, value, wanted, err);
	}
	*ret_value = (uint32_t)n;
	return 0;
}

static int take_bool(const char *where, struct json_object *value, bool *ret_value, struct err *err)
{
	if (!json_object_is_type(value, json_type_boolean))
		return wrong(where, value, "true or false", err);
	*ret_value = json_object_get_boolean(value);
	return 0;
}

static bool whole_string(struct json_object *value)
{
	return json_object_is_type(value, json_type_string) &&
	       strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value);
}

/* One of the words "first|second|third"; ret_index is its place. A JSON string with a NUL in it matches none. */
static int take_word(const char *where, struct json_object *value, const char *const *words, size_t count,
		     const char *wanted, unsigned *ret_index, struct err *err)
{
	if (whole_string(value)) {
		for (size_t i = 0; i < count; i++) {
			if (strcmp(json_object_get_string(value), words[i]) == 0) {
				*ret_index = (unsigned)i;
				return 0;
			}
		}
	}
	return wrong(where, value, wanted, err);
}

static int take_quiet(bool *ret_quiet, const char *where, struct json_object *value, struct err *err)
{
	static const char *const words[] = { "leave", "quiet" };
	unsigned i = 0;
	int r = take_word(where, value, words, 2, "\"quiet\" or \"leave\"", &i, err);

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
	int r = take_word(where, value, words, 2, "\"pin\" or \"leave\"", &i, err);

	if (r == 0)
		p->pin = i == 1;
	return r;
}

/* null, or a name that a device can have. */
static int take_ifname(char ret_name[IFNAMSIZ], const char *where, struct json_object *value, struct err *err)
{
	if (!value) {
		ret_name[0] = '\0';
		return 0;
	}
	if (!whole_string(value) || ifname_copy(ret_name, json_object_get_string(value)) < 0)
		return wrong(where, value, "a device name (1 to 15 characters) or null", err);
	return 0;
}

static int take_device(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	return take_ifname(p->device, where, value, err);
}

static int take_route(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	return take_ifname(p->route, where, value, err);
}

static int take_addresses(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	struct ip ips[GUEST_IPS_MAX];
	size_t count;

	if (whole_string(value) && strcmp(json_object_get_string(value), "config") == 0) {
		p->addresses_from_config = true;
		p->ip_count = 0;
		return 0;
	}
	if (!json_object_is_type(value, json_type_array))
		return wrong(where, value, "\"config\" or a list of addresses", err);
	count = json_object_array_length(value);
	if (count > GUEST_IPS_MAX)
		return err_set(err, EINVAL, "%s: more than %d addresses", where, GUEST_IPS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(value, i);

		if (!whole_string(item) || ip_parse(json_object_get_string(item), &ips[i]) < 0)
			return wrong(where, item, "an address of a host", err);
	}
	memcpy(p->ips, ips, count * sizeof(ips[0]));
	p->ip_count = count;
	p->addresses_from_config = false;
	return 0;
}

static int take_probe(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	static const char *const words[] = { [PROBE_OFF] = "off", [PROBE_WARN] = "warn", [PROBE_REFUSE] = "refuse" };
	unsigned i = 0;
	int r = take_word(where, value, words, 3, "\"off\", \"warn\" or \"refuse\"", &i, err);

	if (r == 0)
		p->probe = (enum policy_probe)i;
	return r;
}

static int take_announce(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	return take_number(where, value, ANNOUNCE_MAX, &p->announce, err);
}

static int take_on_error(struct policy *p, const char *where, struct json_object *value, struct err *err)
{
	static const char *const words[] = { "warn", "abort" };
	unsigned i = 0;
	int r = take_word(where, value, words, 2, "\"warn\" or \"abort\"", &i, err);

	if (r == 0)
		p->abort_on_error = i == 1;
	return r;
}

void key_drop_then(struct policy *p)
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
		return wrong(where, value, "a list of absolute paths", err);
	count = json_object_array_length(value);
	if (count > POLICY_THEN_MAX)
		return err_set(err, EINVAL, "%s: more than %d hook scripts", where, POLICY_THEN_MAX);
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(value, i);
		const char *path = json_object_get_string(item);

		if (!whole_string(item) || path[0] != '/' || strlen(path) >= PATH_MAX)
			return wrong(where, item, "an absolute path", err);
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
		return wrong(where, value, "a list of UUIDs and MACs", err);
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		struct json_object *item = json_object_array_get_idx(value, i);
		int r = whole_string(item) ? identity_add(ret_of, json_object_get_string(item)) : -EINVAL;

		if (r == -ENOSPC)
			return err_set(err, EINVAL, "%s: more than %d MACs", where, GUEST_NICS_MAX);
		if (r < 0)
			return wrong(where, item, "a UUID or a MAC", err);
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
	key_drop_then(p);
	memcpy(p->then, paths, count * sizeof(paths[0]));
	p->then_count = count;
	p->then_of = of;
	return 0;
}

static const struct key {
	const char *name;
	int (*take)(struct policy *p, const char *where, struct json_object *value, struct err *err);
} keys[POLICY_KEY_COUNT] = {
	[POLICY_FIREWALL_BRIDGE] = { "firewall_bridge", take_firewall_bridge },
	[POLICY_PORTS] = { "ports", take_ports },
	[POLICY_BRIDGE_MAC] = { "bridge_mac", take_bridge_mac },
	[POLICY_DEVICE] = { "device", take_device },
	[POLICY_ADDRESSES] = { "addresses", take_addresses },
	[POLICY_ROUTE] = { "route", take_route },
	[POLICY_PROBE] = { "probe", take_probe },
	[POLICY_ANNOUNCE] = { "announce", take_announce },
	[POLICY_ON_ERROR] = { "on_error", take_on_error },
	[POLICY_THEN] = { "then", take_then },
};

/* Beside the values one key that is none of the kernel's. */
#define DEVICE_KEY_QUIET POLICY_VALUE_COUNT
#define DEVICE_KEY_COUNT (POLICY_VALUE_COUNT + 1)

static const struct device_key {
	const char *name;
	uint32_t max;
} device_keys[DEVICE_KEY_COUNT] = {
	[POLICY_ARP_IGNORE] = { "arp_ignore", 8 }, [POLICY_ARP_ANNOUNCE] = { "arp_announce", 2 },
	[POLICY_ARP_FILTER] = { "arp_filter", 1 }, [POLICY_PROXY_DELAY] = { "proxy_delay", PROXY_DELAY_MAX },
	[DEVICE_KEY_QUIET] = { "quiet", 0 },
};

void key_defaults(struct policy *policy)
{
	memset(policy, 0, sizeof(*policy));
	policy->quiet = true;
	policy->quiet_ports = true;
	policy->pin = true;
	policy->addresses_from_config = true;
	policy->announce = 2;
	for (size_t i = 0; i < POLICY_KEY_COUNT; i++)
		(void)text_copy(policy->source[i], POLICY_SOURCE_SIZE, "default");
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
			return take_bool(path, value, &device->quiet, err);
		r = take_number(path, value, device_keys[i].max, &device->value[i], err);
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
	key_drop_then(policy);
	for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
		free(policy->files[i].text);
		policy->files[i].text = NULL;
	}
}

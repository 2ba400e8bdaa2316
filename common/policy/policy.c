/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guestarp.json of this host over that of the cluster: read, merged, checked. */

#include "policy/policy.h"

#include <errno.h>
#include <json-c/json_object.h>
#include <json-c/linkhash.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "policy/key.h"

#define WHERE_SIZE 160

/* One file being taken in. The first failure is kept; later ones would only be its echo. */
struct reading {
	struct policy *policy;
	const struct guest *guest; /* NULL: every guest's part is checked, none taken */
	const char *file;
	struct err *err;
	int result;
};

/* How a "guests" key covers a guest, from weak to strong. */
enum cover { COVER_NONE, COVER_ALL, COVER_RANGE, COVER_NAME };

static void failed(struct reading *in, int result, const struct err *err, bool concerns)
{
	if (concerns)
		in->policy->broken = true;
	if (in->result == 0) {
		in->result = result;
		if (in->err)
			*in->err = *err;
	}
}

/* The keys of one scope ("defaults", "guests.101"). concerns: a failure in it makes the guest's policy broken. */
static void take_scope(struct reading *in, const char *scope, struct json_object *json, bool concerns)
{
	char where[WHERE_SIZE] = "";
	struct policy scratch;
	struct policy *into = in->policy;
	struct err err;

	(void)text_append(where, sizeof(where), "%s: %s", in->file, scope);
	if (!json_object_is_type(json, json_type_object)) {
		failed(in, err_set(&err, EINVAL, "%s: not an object", where), &err, concerns);
		return;
	}
	if (!concerns) {
		/* Other guests' part: read only for its errors. */
		key_defaults(&scratch);
		into = &scratch;
	}
	json_object_object_foreach(json, name, value) {
		enum policy_key key;
		int r = key_take(into, where, name, value, &key, &err);

		if (r < 0)
			failed(in, r, &err, concerns);
		else
			(void)text_copy(into->source[key], POLICY_SOURCE_SIZE, where);
	}
	if (!concerns)
		policy_done(&scratch);
}

static void take_devices(struct reading *in, struct json_object *json)
{
	struct err err;

	if (!json_object_is_type(json, json_type_object)) {
		failed(in, err_set(&err, EINVAL, "%s: devices: not an object", in->file), &err, true);
		return;
	}
	json_object_object_foreach(json, name, values) {
		char where[WHERE_SIZE] = "";
		struct policy_device *device = NULL;
		char shown[40];

		(void)text_append(where, sizeof(where), "%s: devices.%s", in->file,
				  text_shown(name, shown, sizeof(shown)));
		for (size_t i = 0; i < in->policy->device_count && !device; i++) {
			if (strcmp(in->policy->devices[i].name, name) == 0)
				device = &in->policy->devices[i];
		}
		if (!ifname_valid(name)) {
			failed(in, err_set(&err, EINVAL, "%s: not a device name (1 to 15 characters)", where), &err,
			       true);
			continue;
		}
		if (!json_object_is_type(values, json_type_object)) {
			failed(in, err_set(&err, EINVAL, "%s: not an object", where), &err, true);
			continue;
		}
		if (!device && in->policy->device_count == POLICY_DEVICES_MAX) {
			failed(in, err_set(&err, EINVAL, "%s: more than %d devices", in->file, POLICY_DEVICES_MAX),
			       &err, true);
			return;
		}
		if (!device) {
			device = &in->policy->devices[in->policy->device_count++];
			(void)ifname_copy(device->name, name);
		}
		json_object_object_foreach(values, key, value) {
			int r = key_take_device(device, where, key, value, &err);

			if (r < 0)
				failed(in, r, &err, true);
		}
	}
}

/* "200-299": both ends plain numbers. Returns false for what is no range at all. */
static bool parse_range(const char *key, uint32_t *ret_first, uint32_t *ret_last)
{
	const char *dash = strchr(key, '-');
	char first[16];

	if (!dash || (size_t)(dash - key) >= sizeof(first))
		return false;
	memcpy(first, key, (size_t)(dash - key));
	first[dash - key] = '\0';
	return parse_u32(first, 0, UINT32_MAX, ret_first) == 0 && parse_u32(dash + 1, 0, UINT32_MAX, ret_last) == 0;
}

/* How the key covers the guest; width is that of a range. A backward range is an error wherever it stands. */
static int cover_of(const struct reading *in, const char *key, enum cover *ret_cover, uint32_t *ret_width,
		    struct err *err)
{
	const struct guest *guest = in->guest;
	char name[GUEST_NAME_SIZE];
	char shown[40];
	uint32_t first;
	uint32_t last;
	uint32_t id;

	*ret_cover = COVER_NONE;
	*ret_width = 0;
	if (parse_range(key, &first, &last)) {
		if (first > last)
			return err_set(err, EINVAL, "%s: guests.%s: the range is backwards", in->file,
				       text_shown(key, shown, sizeof(shown)));
		*ret_width = last - first;
		if (guest && parse_u32(guest->id, first, last, &id) == 0)
			*ret_cover = COVER_RANGE;
	} else if (strcmp(key, "*") == 0) {
		*ret_cover = COVER_ALL;
	} else if (!guest_names_one(key)) {
		return err_set(err, EINVAL, "%s: guests.%s: no guest can have this name", in->file,
			       text_shown(key, shown, sizeof(shown)));
	} else if (guest && key[0] &&
		   (strcmp(key, guest->id) == 0 || strcmp(key, guest->alias) == 0 ||
		    strcmp(key, guest_name(guest, name)) == 0)) {
		*ret_cover = COVER_NAME;
	}
	return 0;
}

/* Takes every scope of one strength; ranges from wide to narrow, so that the narrowest has the last word. */
static void take_ranges(struct reading *in, struct json_object *json)
{
	uint64_t below = UINT64_MAX;

	for (;;) {
		uint64_t widest = 0;
		bool any = false;

		json_object_object_foreach(json, key, scope) {
			enum cover cover;
			uint32_t width;

			(void)scope;
			if (cover_of(in, key, &cover, &width, NULL) == 0 && cover == COVER_RANGE && width < below &&
			    width + UINT64_C(1) > widest) {
				widest = width + UINT64_C(1);
				any = true;
			}
		}
		if (!any)
			return;
		below = widest - 1;
		json_object_object_foreach(json, key2, scope2) {
			enum cover cover;
			uint32_t width;

			if (cover_of(in, key2, &cover, &width, NULL) == 0 && cover == COVER_RANGE && width == below) {
				char where[WHERE_SIZE] = "";

				(void)text_append(where, sizeof(where), "guests.%s", key2);
				take_scope(in, where, scope2, true);
			}
		}
	}
}

static void take_covered(struct reading *in, struct json_object *json, enum cover wanted)
{
	json_object_object_foreach(json, key, scope) {
		char where[WHERE_SIZE] = "";
		char shown[80];
		enum cover cover;
		uint32_t width;
		struct err err;
		int r = cover_of(in, key, &cover, &width, &err);

		(void)text_append(where, sizeof(where), "guests.%s", text_shown(key, shown, sizeof(shown)));
		if (r < 0 && wanted == COVER_NONE)
			failed(in, r, &err, true);
		if (r == 0 && cover == wanted)
			take_scope(in, where, scope, cover != COVER_NONE);
	}
}

static void take_guests(struct reading *in, struct json_object *json)
{
	struct err err;

	if (!json_object_is_type(json, json_type_object)) {
		failed(in, err_set(&err, EINVAL, "%s: guests: not an object", in->file), &err, true);
		return;
	}
	json_object_object_foreach(json, key, scope) {
		enum cover cover;
		uint32_t width;

		(void)scope;
		if (!in->guest || cover_of(in, key, &cover, &width, NULL) < 0 || cover == COVER_NONE)
			continue;
		in->policy->managed = true;
		in->policy->all = in->policy->all || cover == COVER_ALL;
	}
	take_covered(in, json, COVER_NONE);
	take_covered(in, json, COVER_ALL);
	take_ranges(in, json);
	take_covered(in, json, COVER_NAME);
}

static void take_defaults(struct reading *in, struct json_object *json)
{
	take_scope(in, "defaults", json, true);
}

/* The top level. "defaults" comes first whatever the order in the file. */
static const struct section {
	const char *name;
	void (*take)(struct reading *in, struct json_object *json);
} sections[] = {
	{ "defaults", take_defaults },
	{ "guests", take_guests },
	{ "devices", take_devices },
};

#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))

static bool is_section(const char *name)
{
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		if (strcmp(name, sections[i].name) == 0)
			return true;
	}
	return false;
}

static void take_json(struct reading *in, struct json_object *json)
{
	struct err err;

	json_object_object_foreach(json, name, unused) {
		(void)unused;
		if (!is_section(name))
			failed(in, key_unknown(in->file, name, sections, SECTION_COUNT, sizeof(sections[0]), &err),
			       &err, true);
	}
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		struct json_object *part;

		if (json_object_object_get_ex(json, sections[i].name, &part))
			sections[i].take(in, part);
	}
}

static int take_text(struct reading *in, const char *text, size_t len)
{
	CLEANUP(json) struct json_object *json = NULL;
	struct err err;
	int r = json_parse_written(in->file, text, len, &json, &err);

	if (r < 0)
		failed(in, r, &err, true);
	else
		take_json(in, json);
	return in->result;
}

/* Text or failure becomes part of the fingerprint. */
static int read_file(const char *file, uint64_t *fingerprint, char **ret_text, size_t *ret_len, struct err *err)
{
	int r = file_read(file, FILE_ROOT_ALONE, ret_text, ret_len, err);
	char failure[16];

	(void)snprintf(failure, sizeof(failure), "\n%d\n", r);
	*fingerprint = text_hash(text_hash(*fingerprint, r == 0 ? *ret_text : ""), failure);
	return r;
}

/* A missing file is no failure. */
static int take_file(struct reading *in)
{
	CLEANUP(free) char *text = NULL;
	struct err err;
	size_t len;
	int r = read_file(in->file, &in->policy->fingerprint, &text, &len, &err);

	/* ENOTDIR, ENOTCONN: /etc/pve is no directory here, or pmxcfs is down; the host's own file still counts. */
	if (r == -ENOENT || r == -ENOTDIR || r == -ENOTCONN)
		return 0;
	if (r < 0) {
		failed(in, r, &err, true);
		return in->result;
	}
	return take_text(in, text, len);
}

/* The host's file has the last word. */
static const char *const files[] = { POLICY_CLUSTER_FILE, POLICY_HOST_FILE };

int policy_load(struct policy *policy, const struct guest *guest, struct err *err)
{
	struct reading in = { .policy = policy, .guest = guest, .err = err };

	key_defaults(policy);
	policy->fingerprint = TEXT_HASH_START;
	for (size_t i = 0; i < 2; i++) {
		in.file = files[i];
		(void)take_file(&in);
	}
	return in.result;
}

bool policy_changed(const struct policy *policy)
{
	uint64_t fingerprint = TEXT_HASH_START;

	for (size_t i = 0; i < 2; i++) {
		CLEANUP(free) char *text = NULL;
		size_t len;

		(void)read_file(files[i], &fingerprint, &text, &len, NULL);
	}
	return fingerprint != policy->fingerprint;
}

int policy_reload(struct policy *policy, const struct guest *guest, struct err *err)
{
	struct policy old = *policy;
	int r = policy_load(policy, guest, err);

	policy_done(policy);
	memcpy(policy->then, old.then, sizeof(policy->then));
	policy->then_count = old.then_count;
	return r;
}

bool policy_manages(const struct policy *policy, const struct guest *guest)
{
	return policy->managed || guest->hooked || guest->device[0];
}

int policy_check_file(const char *path, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	struct policy policy;
	struct reading in = { .policy = &policy, .file = path, .err = err };
	size_t len;
	int r = file_read_given(path, FILE_ANY, &text, &len, err);

	if (r < 0)
		return r;
	key_defaults(&policy);
	r = take_text(&in, text, len);
	policy_done(&policy);
	return r;
}

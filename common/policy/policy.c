/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guestarp.json of this host over that of the cluster: read, merged, checked. */

#include "policy/policy.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json_object.h>
#include <json-c/linkhash.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "policy/kept.h"
#include "policy/key.h"

#define WHERE_SIZE 160

/* One file being taken in. The first failure is kept; later ones would only be its echo. */
struct reading {
	struct policy *policy;
	const struct guest *guest; /* NULL: every guest's part is checked, none taken */
	const char *file;
	struct err *err;
	int result;
	bool of_all; /* the scope at hand is every guest's: "defaults", "*" */
};

/* How a "guests" key covers a guest, from weak to strong. */
enum cover {
	COVER_NONE,
	COVER_ALL,
	COVER_RANGE,
	COVER_NAME,
	COVER_PLACE, /* the name with the lxcpath: of several containers of one name this one */
};

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
		if (r == 0 && key == POLICY_FIREWALL_BRIDGE && in->of_all)
			in->policy->quiet_others = into->quiet;
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
			*device = (struct policy_device){ 0 };
			(void)ifname_copy(device->name, name);
		}
		json_object_object_foreach(values, key, value) {
			int r = key_take_device(device, where, key, value, &err);

			if (r < 0)
				failed(in, r, &err, true);
		}
	}
}

/* Its id or name, with the kind or without. */
static bool is_name_of(const char *key, const struct guest *guest)
{
	char name[GUEST_NAME_SIZE];
	const char *slash = strchr(key, '/');

	if (!key[0])
		return false;
	if (strcmp(key, guest->id) == 0 || strcmp(key, guest->alias) == 0 || strcmp(key, guest_name(guest, name)) == 0)
		return true;
	/* "lxc/web" as "web": wherever it lies. */
	return guest->lxcpath[0] && slash && strncmp(key, name, (size_t)(slash + 1 - key)) == 0 &&
	       strcmp(slash + 1, guest->alias) == 0;
}

/* How the key covers the guest; width is that of a range. A backward range is an error wherever it stands. */
static int cover_of(const struct reading *in, const char *key, enum cover *ret_cover, uint32_t *ret_width,
		    struct err *err)
{
	const struct guest *guest = in->guest;
	char shown[40];
	uint32_t first;
	uint32_t last;
	uint32_t id;

	*ret_cover = COVER_NONE;
	*ret_width = 0;
	if (parse_u32_range(key, &first, &last)) {
		if (first > last)
			return err_set(err, EINVAL, "%s: guests.%s: the range is backwards", in->file,
				       text_shown(key, shown, sizeof(shown)));
		*ret_width = last - first;
		if (guest && parse_u32(guest_lxc_name(guest), first, last, &id) == 0)
			*ret_cover = COVER_RANGE;
	} else if (strcmp(key, "*") == 0) {
		*ret_cover = COVER_ALL;
	} else if (!guest_names_one(key)) {
		return err_set(err, EINVAL, "%s: guests.%s: no guest can have this name", in->file,
			       text_shown(key, shown, sizeof(shown)));
	} else if (guest && is_name_of(key, guest)) {
		*ret_cover = strchr(key, '@') ? COVER_PLACE : COVER_NAME;
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
		if (r < 0 || cover != wanted)
			continue;
		in->of_all = cover == COVER_ALL;
		take_scope(in, where, scope, cover != COVER_NONE);
		in->of_all = false;
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
		struct policy *policy = in->policy;
		enum cover cover;
		uint32_t width;

		(void)scope;
		if (!in->guest || cover_of(in, key, &cover, &width, NULL) < 0 || cover == COVER_NONE)
			continue;
		(void)text_append(policy->managed_by, sizeof(policy->managed_by), "%s%s: guests.%s",
				  policy->managed ? ", " : "", in->file, key);
		policy->managed = true;
		policy->all = policy->all || cover == COVER_ALL;
	}
	take_covered(in, json, COVER_NONE);
	take_covered(in, json, COVER_ALL);
	take_ranges(in, json);
	take_covered(in, json, COVER_NAME);
	take_covered(in, json, COVER_PLACE);
}

static void take_defaults(struct reading *in, struct json_object *json)
{
	in->of_all = true;
	take_scope(in, "defaults", json, true);
	in->of_all = false;
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

/* Where a policy comes from. The host's file has the last word. */
static const struct origin {
	const char *file;
	const char *kept; /* its last good text, see kept.h */
	bool of_cluster;
} origins[POLICY_FILE_COUNT] = {
	{ POLICY_CLUSTER_FILE, KEPT_CLUSTER, true },
	{ POLICY_HOST_FILE, KEPT_HOST, false },
};

/* What is to be taken in for one of them. */
struct input {
	const struct origin *origin;
	enum policy_file_state state;
	char *own; /* the file's own text, or NULL */
	size_t own_len;
	char *kept; /* the last good one, once it was asked for */
	size_t kept_len;
	int result; /* what is wrong with the file: 0, or its failure in err */
	struct err err;
};

/* Without pmxcfs /etc/pve is an empty directory, and its files are not gone. */
static bool pmxcfs_lives(void)
{
	return path_exists("/etc/pve/nodes");
}

static bool is_missing(int result)
{
	return result == -ENOENT || result == -ENOTDIR;
}

/* False where there is none, or none that can be read. */
static bool read_kept(struct input *input)
{
	return input->kept || kept_read(input->origin->kept, &input->kept, &input->kept_len, NULL) == 0;
}

static void read_input(struct input *input)
{
	int r = file_read(input->origin->file, FILE_ROOT_ALONE, &input->own, &input->own_len, &input->err);
	bool missing = is_missing(r);

	input->state = POLICY_FILE_GOOD;
	if (r == 0)
		return;
	if (missing && !input->origin->of_cluster) {
		input->state = POLICY_FILE_GONE;
	} else if (read_kept(input)) {
		input->state = missing && pmxcfs_lives() ? POLICY_FILE_GONE : POLICY_FILE_KEPT;
		if (missing)
			r = err_set(&input->err, ENOENT, "%s: not there, and neither is /etc/pve/nodes",
				    input->origin->file);
	} else if (missing || r == -ENOTCONN) {
		/* No Proxmox VE here, or one that has not come up yet: the host's own file still counts. */
		input->state = POLICY_FILE_NONE;
	} else {
		input->state = POLICY_FILE_BROKEN;
	}
	input->result = input->state == POLICY_FILE_KEPT || input->state == POLICY_FILE_BROKEN ? r : 0;
}

/* One file's part, by its own text or the kept one. Returns what is wrong with that text. */
static int take_input(struct reading *in, struct input *input, struct err *err)
{
	in->file = input->origin->file;
	in->err = err;
	in->result = 0;
	if (input->state == POLICY_FILE_KEPT)
		return take_text(in, input->kept, input->kept_len);
	if (input->own)
		return take_text(in, input->own, input->own_len);
	if (input->state == POLICY_FILE_BROKEN)
		in->policy->broken = true;
	return 0;
}

/* Both files' parts. False where one of them turns out to be another text: then all is to be taken once more. */
static bool take_inputs(struct policy *policy, const struct guest *guest, struct input inputs[])
{
	struct reading in = { .policy = policy, .guest = guest };

	key_defaults(policy);
	for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
		struct input *input = &inputs[i];
		struct err err;
		int r = take_input(&in, input, &err);

		if (r == 0)
			continue;
		if (input->state == POLICY_FILE_KEPT) {
			/* Kept by another version, perhaps. */
			input->state = POLICY_FILE_BROKEN;
			return false;
		}
		input->result = r;
		input->err = err;
		if (input->state != POLICY_FILE_GOOD)
			continue;
		input->state = r != -ENOMEM && read_kept(input) ? POLICY_FILE_KEPT : POLICY_FILE_BROKEN;
		if (input->state == POLICY_FILE_KEPT)
			return false;
	}
	return true;
}

/* What is wrong: first what is wrong without a last good text. */
static int say_mistake(struct input inputs[], struct err *err)
{
	const struct input *worst = NULL;
	char date[KEPT_DATE_SIZE];

	for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
		if (inputs[i].result < 0 &&
		    (!worst || (worst->state == POLICY_FILE_KEPT && inputs[i].state != worst->state)))
			worst = &inputs[i];
	}
	if (!worst)
		return 0;
	if (worst->state == POLICY_FILE_KEPT)
		return err_set(err, worst->err.code, "%.300s; the last good policy of %s stays in force",
			       worst->err.text, kept_date(worst->origin->kept, date));
	if (err)
		*err = worst->err;
	return worst->result;
}

static int load_inputs(struct policy *policy, const struct guest *guest, struct input inputs[], struct err *err)
{
	while (!take_inputs(policy, guest, inputs))
		policy_done(policy);
	for (size_t i = 0; i < POLICY_FILE_COUNT; i++)
		policy->files[i].state = inputs[i].state;
	return say_mistake(inputs, err);
}

int policy_load(struct policy *policy, const struct guest *guest, struct err *err)
{
	struct input inputs[POLICY_FILE_COUNT] = { 0 };
	int r;

	for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
		inputs[i].origin = &origins[i];
		read_input(&inputs[i]);
	}
	r = load_inputs(policy, guest, inputs, err);
	for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
		struct input *input = &inputs[i];

		policy->files[i].text = input->state == POLICY_FILE_KEPT ? steal_ptr(&input->kept)
									 : steal_ptr(&input->own);
		policy->files[i].result = input->result;
		policy->files[i].err = input->err;
		free(input->own);
		free(input->kept);
	}
	(void)guest_name(guest, policy->guest);
	(void)text_copy(policy->alias, sizeof(policy->alias), guest->alias);
	return r;
}

bool policy_is_current(const struct policy *policy, const struct guest *guest)
{
	char name[GUEST_NAME_SIZE];
	bool same = strcmp(guest_name(guest, name), policy->guest) == 0 && strcmp(guest->alias, policy->alias) == 0;

	for (size_t i = 0; same && i < POLICY_FILE_COUNT; i++) {
		const struct policy_file *file = &policy->files[i];
		struct input input = { .origin = &origins[i] };

		read_input(&input);
		same = file->result == 0 && input.state == file->state && !input.own == !file->text &&
		       (!input.own || strcmp(input.own, file->text) == 0);
		free(input.own);
		free(input.kept);
	}
	return same;
}

int policy_load_like(struct policy *policy, const struct policy *like, const struct guest *guest, struct err *err)
{
	struct input inputs[POLICY_FILE_COUNT] = { 0 };
	int r;

	for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
		const struct policy_file *file = &like->files[i];
		char *text = file->text ? strdup(file->text) : NULL;

		inputs[i] = (struct input){
			.origin = &origins[i], .state = file->state, .result = file->result, .err = file->err
		};
		*(file->state == POLICY_FILE_KEPT ? &inputs[i].kept : &inputs[i].own) = text;
		inputs[i].own_len = inputs[i].kept_len = text ? strlen(text) : 0;
		/* Without its text as if it had a mistake: nothing is removed then. */
		if (file->text && !text) {
			inputs[i].state = POLICY_FILE_BROKEN;
			inputs[i].result = err_errno(&inputs[i].err, ENOMEM, "%s", origins[i].file);
		}
	}
	r = load_inputs(policy, guest, inputs, err);
	for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
		free(inputs[i].own);
		free(inputs[i].kept);
	}
	return r;
}

void policy_keep(const struct policy *policy, struct notes *notes)
{
	if (geteuid() != 0)
		return;
	for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
		CLEANUP(free) char *kept = NULL;
		const char *text = policy->files[i].text;
		const char *name = origins[i].kept;
		struct err err;
		size_t len;

		if (policy->files[i].state == POLICY_FILE_GONE ? !kept_exists(name)
							       : policy->files[i].state != POLICY_FILE_GOOD)
			continue;
		if (text && kept_read(name, &kept, &len, NULL) == 0 && strcmp(kept, text) == 0)
			continue;
		if (kept_write(name, text, &err) < 0)
			notes_add(notes, "the last good policy is not kept: %s", err.text);
	}
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Editing a policy's text: what comes out is what went in with one value changed, as a JSON parser sees both. */

#include "policy/edit.h"

#include <json-c/json_object.h>

#include "base/json.h"
#include "fuzz.h"

static const char *const guests[] = { "101", "*", "200-299", "lxc/web1" };
static const char *const keys[] = { "device", "route", "announce" };
static const char *const values[] = { "\"eth3\"", "null", "7", NULL };

static struct json_object *parse(const char *text)
{
	struct json_object *json = NULL;

	/* Nothing but blanks stands for no file yet. */
	if (!text[strspn(text, " \t\n\v\f\r")])
		return json_object_new_object();
	return json_parse_written("f", text, strlen(text), &json, NULL) == 0 ? json : NULL;
}

/* The member of that name, which is made where there is none. */
static struct json_object *member(struct json_object *json, const char *name)
{
	struct json_object *found = NULL;

	if (!json_object_object_get_ex(json, name, &found)) {
		found = json_object_new_object();
		json_object_object_add(json, name, found);
	}
	return found;
}

static struct json_object *new_value(const char *value)
{
	if (strcmp(value, "null") == 0)
		return NULL;
	return value[0] == '"' ? json_object_new_string("eth3") : json_object_new_int(7);
}

/* The same edit on the parsed text: what policy_edit_text() should amount to. */
static void edit_model(struct json_object *json, const char *guest, const char *key, const char *value)
{
	struct json_object *all = NULL;
	struct json_object *one = NULL;

	if (value) {
		json_object_object_add(member(member(json, "guests"), guest), key, new_value(value));
		return;
	}
	if (!json_object_object_get_ex(json, "guests", &all) || !json_object_object_get_ex(all, guest, &one) ||
	    !json_object_object_get_ex(one, key, NULL))
		return;
	json_object_object_del(one, key);
	if (json_object_object_length(one) > 0)
		return;
	json_object_object_del(all, guest);
	if (json_object_object_length(all) == 0)
		json_object_object_del(json, "guests");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned choice = fuzz_choice(&data, &size);
	const char *guest = guests[choice & 3];
	const char *key = keys[(choice >> 2) % 3];
	const char *value = values[choice >> 4 & 3];
	char *text = fuzz_text(data, size);
	struct json_object *model = parse(text);
	char *edited = NULL;
	char *again = NULL;
	struct err err = { 0 };
	int r = policy_edit_text(text, guest, key, value, &edited, &err);

	fuzz_check_err(r, &err);
	if (r < 0) {
		CHECK(!edited);
	} else {
		struct json_object *result = parse(edited);
		struct json_object *guests_left = NULL;

		CHECK(model && result);
		edit_model(model, guest, key, value);
		/* An object of nothing but comments is kept where it manages nobody. */
		if (strchr(text, '/') && json_object_object_get_ex(result, "guests", &guests_left) &&
		    json_object_object_length(guests_left) == 0 && !json_object_object_get_ex(model, "guests", NULL))
			json_object_object_del(result, "guests");
		CHECK(json_object_equal(model, result));
		/* The second time there is nothing left to change. */
		CHECK(policy_edit_text(edited, guest, key, value, &again, &err) == 0);
		CHECK(strcmp(edited, again) == 0);
		json_object_put(result);
	}
	json_object_put(model);
	free(again);
	free(edited);
	free(text);
	return 0;
}

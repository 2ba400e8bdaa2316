/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json-c would write the whole file anew in its own fashion; an administrator's layout is his. */

#include "policy/edit.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json_object.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "policy/policy.h"

/* The text is known to be valid JSON, so walking over it needs no checks but for its end. */

static const char *skip_blanks(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
	}
	return *p ? p + 1 : p;
}

/* One value: string, number, word, or everything between matching brackets. */
static const char *skip_value(const char *p)
{
	int depth = 0;

	do {
		if (*p == '"') {
			p = skip_string(p);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		else if (depth == 0) {
			p += strcspn(p, ",}] \t\r\n");
			return p;
		}
		p++;
	} while (*p && depth > 0);
	return p;
}

/* One member of an object, as places in the text. */
struct member {
	const char *before; /* the '{' or ',' in front of it */
	const char *value;
	const char *end; /* behind the value */
};

/* One character of a string, and what is behind it. An escape beyond ASCII is NUL: our names have neither. */
static const char *take_character(const char *p, char *ret_character)
{
	static const char escapes[] = "\"\\/bfnrt";
	static const char characters[] = "\"\\/\b\f\n\r\t";
	const char *escape = strchr(escapes, p[1]);
	unsigned code = 0;

	if (*p != '\\') {
		*ret_character = *p;
		return p + 1;
	}
	if (escape) {
		*ret_character = characters[escape - escapes];
		return p + 2;
	}
	(void)sscanf(p + 2, "%4x", &code);
	*ret_character = '\0';
	if (code < 0x80)
		*ret_character = (char)code;
	return p + 6;
}

/*
 * Is the key between begin (its '"') and end the name? It may be written with escapes. Told without memory: for want
 * of it a member that is there must not be taken for one that is not.
 */
static bool key_is(const char *begin, const char *end, const char *name)
{
	const char *p = begin + 1;

	while (p < end - 1) {
		char character;

		p = take_character(p, &character);
		if (*name == '\0' || character != *name++)
			return false;
	}
	return *name == '\0';
}

/*
 * Finds a member of the object at p (its '{'), the last of several, as json-c reads them. When there is none,
 * ret_member->before is where a new one goes.
 */
static bool find_member(const char *p, const char *name, struct member *ret_member)
{
	const char *before = p;
	bool found = false;

	ret_member->before = p;
	p = skip_blanks(p + 1);
	while (*p == '"') {
		const char *key = p;
		const char *value;

		p = skip_string(p);
		value = skip_blanks(skip_blanks(p) + 1);
		if (key_is(key, p, name)) {
			*ret_member = (struct member){ before, value, skip_value(value) };
			found = true;
		}
		before = skip_blanks(skip_value(value));
		if (*before != ',')
			break;
		p = skip_blanks(before + 1);
	}
	return found;
}

/* text[0..from) + middle + text[to..) */
static char *splice(const char *text, const char *from, const char *to, const char *middle)
{
	char *result = NULL;

	if (asprintf(&result, "%.*s%s%s", (int)(from - text), text, middle, to) < 0)
		return NULL;
	return result;
}

/* A new first member of the object at brace. */
static char *insert(const char *text, const char *brace, const char *name, const char *value)
{
	const char *next = skip_blanks(brace + 1);
	CLEANUP(free) char *member = NULL;

	/* The blanks that stood behind the brace stand between the new member and the old first one. */
	if (asprintf(&member, " \"%s\": %s%s", name, value, *next == '}' ? " " : ",") < 0) {
		member = NULL;
		return NULL;
	}
	return splice(text, brace + 1, *next == '}' ? next : brace + 1, member);
}

/* Takes the member away with the comma that is then one too many. */
static char *take_member(const char *text, const struct member *member)
{
	const char *after = skip_blanks(member->end);

	if (*member->before == ',')
		return splice(text, member->before, member->end, "");
	return splice(text, member->before + 1, *after == ',' ? after + 1 : after, "");
}

/* Takes all members of that name away from the object at that place: of several the last one counts, until it is gone.
 */
static char *take_away(const char *text, size_t object, const char *name)
{
	char *result = strdup(text);
	struct member member;

	while (result && find_member(result + object, name, &member)) {
		char *rest = take_member(result, &member);

		free(result);
		result = rest;
	}
	return result;
}

static bool is_empty(const char *object)
{
	return *object == '{' && *skip_blanks(object + 1) == '}';
}

/* What a key is in: each would be left empty when what is inside it goes, and then goes, too. */
struct level {
	size_t object;
	const char *name;
};

static char *remove_key(const char *text, const struct level levels[], size_t count)
{
	char *result = strdup(text);

	for (size_t i = 0; result && i < count; i++) {
		char *rest;

		if (i > 0 && !is_empty(result + levels[i - 1].object))
			break;
		rest = take_away(result, levels[i].object, levels[i].name);
		free(result);
		result = rest;
	}
	return result;
}

static char *edit(const char *text, const char *guest, const char *key, const char *value)
{
	struct member guests;
	struct member of_guest;
	struct member of_key;
	CLEANUP(free) char *inner = NULL;
	CLEANUP(free) char *outer = NULL;
	const char *top = skip_blanks(text);

	if (!find_member(top, "guests", &guests)) {
		if (!value)
			return strdup(text);
		if (asprintf(&outer, "{ \"%s\": { \"%s\": %s } }", guest, key, value) < 0)
			outer = NULL;
		return outer ? insert(text, top, "guests", outer) : NULL;
	}
	if (!find_member(guests.value, guest, &of_guest)) {
		if (!value)
			return strdup(text);
		if (asprintf(&inner, "{ \"%s\": %s }", key, value) < 0)
			inner = NULL;
		return inner ? insert(text, guests.value, guest, inner) : NULL;
	}
	if (!find_member(of_guest.value, key, &of_key))
		return value ? insert(text, of_guest.value, key, value) : strdup(text);
	if (value)
		return splice(text, of_key.value, of_key.end, value);
	return remove_key(text,
			  (const struct level[]){ { (size_t)(of_guest.value - text), key },
						  { (size_t)(guests.value - text), guest },
						  { (size_t)(top - text), "guests" } },
			  3);
}

/* The objects that are to be walked into must be objects. */
static int check_shape(const char *text, const char *guest, struct err *err)
{
	CLEANUP(json) struct json_object *json = NULL;
	struct json_object *guests = NULL;
	struct json_object *one = NULL;
	int r = json_parse("policy", text, strlen(text), &json, err);

	if (r < 0)
		return r;
	if (json_object_object_get_ex(json, "guests", &guests)) {
		if (!json_object_is_type(guests, json_type_object))
			return err_set(err, EINVAL, "guests: not an object");
		if (json_object_object_get_ex(guests, guest, &one) && !json_object_is_type(one, json_type_object))
			return err_set(err, EINVAL, "guests.%s: not an object", guest);
	}
	return 0;
}

int policy_edit_text(const char *text, const char *guest, const char *key, const char *value, char **ret_text,
		     struct err *err)
{
	CLEANUP(free) char *result = NULL;
	int r;

	if (!*skip_blanks(text))
		text = "{ }\n";
	r = check_shape(text, guest, err);
	if (r < 0)
		return r;
	result = edit(text, guest, key, value);
	if (!result)
		return err_errno(err, ENOMEM, "policy");
	r = check_shape(result, guest, err);
	if (r == 0)
		*ret_text = steal_ptr(&result);
	return r;
}

static int open_directory(const char *path, int *ret_dir, struct err *err)
{
	char directory[PATH_MAX];

	if (snprintf(directory, sizeof(directory), "%s", path) >= (int)sizeof(directory))
		return err_errno(err, ENAMETOOLONG, "%s", path);
	return file_open_dir(dirname(directory), true, ret_dir, err);
}

int policy_replace_file(const char *path, const char *text, struct err *err)
{
	CLEANUP(fd) int dir = -1;
	const char *name = strrchr(path, '/') + 1;
	int r = open_directory(path, &dir, err);

	if (r < 0)
		return r;
	return text ? file_replace_at(dir, name, text, strlen(text), err) : file_remove_at(dir, name, err);
}

/* An edit that was interrupted has left its half, and nothing is to be edited any more. It says nothing to anybody. */
static void tidy(const char *path)
{
	CLEANUP(fd) int dir = -1;

	if (open_directory(path, &dir, NULL) == 0)
		(void)file_tidy_at(dir, strrchr(path, '/') + 1, NULL);
}

int policy_edit_file(const char *path, const char *guest, const char *key, const char *value, char **ret_before,
		     struct err *err)
{
	CLEANUP(free) char *text = NULL;
	CLEANUP(free) char *edited = NULL;
	size_t len = 0;
	int r = file_read(path, FILE_ROOT_ALONE, &text, &len, err);

	if (r == -ENOENT)
		r = 0;
	if (r == 0)
		r = policy_edit_text(text ? text : "", guest, key, value, &edited, err);
	if (r < 0)
		return err->code == EINVAL ? err_wrap(err, "%s", path) : r;
	if (text && strcmp(text, edited) == 0)
		tidy(path);
	else
		r = policy_replace_file(path, !value && is_empty(skip_blanks(edited)) ? NULL : edited, err);
	if (r == 0 && ret_before)
		*ret_before = steal_ptr(&text);
	return r;
}

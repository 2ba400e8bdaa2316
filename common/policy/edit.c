/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json-c would write the whole file anew in its own fashion; an administrator's layout is his. */

#include "policy/edit.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json_object.h>
#include <json-c/linkhash.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/grammar.h"
#include "base/json.h"
#include "policy/policy.h"

/*
 * The text is known to be valid JSON but for comments and commas before closing brackets. What is walked over is its
 * shape, in which each comment is blanks: a place in the one is the same place in the other. Walking needs no checks
 * but for the end.
 */

static char *shape_of(const char *text)
{
	char *shape = strdup(text);

	if (shape)
		grammar_blank_comments(shape);
	return shape;
}

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

/* One member of an object, as places in the shape. */
struct member {
	const char *before; /* the '{' or ',' in front of it */
	const char *key;
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
			*ret_member = (struct member){ before, key, value, skip_value(value) };
			found = true;
		}
		before = skip_blanks(skip_value(value));
		if (*before != ',')
			break;
		p = skip_blanks(before + 1);
	}
	return found;
}

/* A text and its shape, to be done with. */
struct both {
	const char *text;
	char *shape;
};

static const char *in_text(const struct both *b, const char *place)
{
	return b->text + (place - b->shape);
}

/* No comment between two places of the shape? */
static bool is_plain(const struct both *b, const char *from, const char *to)
{
	return memcmp(from, in_text(b, from), (size_t)(to - from)) == 0;
}

/* The text with what is between two places replaced. */
static char *splice(const struct both *b, const char *from, const char *to, const char *middle)
{
	char *result = NULL;

	if (asprintf(&result, "%.*s%s%s", (int)(from - b->shape), b->text, middle, in_text(b, to)) < 0)
		return NULL;
	return result;
}

/* The text without what is between two places, and between two others further on. */
static char *cut(const struct both *b, const char *from, const char *to, const char *from2, const char *to2)
{
	char *result = NULL;

	if (asprintf(&result, "%.*s%.*s%s", (int)(from - b->shape), b->text, (int)(from2 - to), in_text(b, to),
		     in_text(b, to2)) < 0)
		return NULL;
	return result;
}

/* A new first member of the object at brace. */
static char *insert(const struct both *b, const char *brace, const char *name, const char *value)
{
	const char *next = skip_blanks(brace + 1);
	bool empty = *next == '}';
	bool plain = is_plain(b, brace + 1, next);
	CLEANUP(free) char *member = NULL;

	/* The blanks that stood behind the brace stand between the new member and the old first one. */
	if (asprintf(&member, " \"%s\": %s%s", name, value, !empty ? "," : plain ? " " : "") < 0) {
		member = NULL;
		return NULL;
	}
	return splice(b, brace + 1, empty && plain ? next : brace + 1, member);
}

/* Takes the member away with the comma that is then one too many, and no comment around it. */
static char *take_member(const struct both *b, const struct member *member)
{
	const char *after = skip_blanks(member->end);
	const char *from = is_plain(b, member->before + 1, member->key) ? member->before + 1 : member->key;
	bool plain_after = is_plain(b, member->end, after);

	if (*member->before == ',' && from < member->key)
		return splice(b, member->before, member->end, "");
	if (*member->before == ',')
		return cut(b, member->before, member->before + 1, member->key, member->end);
	if (*after == ',')
		return plain_after ? splice(b, from, after + 1, "") : cut(b, from, member->end, after, after + 1);
	return splice(b, from, plain_after ? after : member->end, "");
}

/* Takes all members of that name away from the object at that place: of several the last one counts, until it is gone.
 */
static char *take_away(const char *text, size_t object, const char *name)
{
	char *result = strdup(text);

	while (result) {
		CLEANUP(free) char *shape = shape_of(result);
		struct member member;
		char *rest;

		if (shape && !find_member(shape + object, name, &member))
			break;
		rest = shape ? take_member(&(struct both){ result, shape }, &member) : NULL;
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
	bool commented; /* goes also with comments in it */
};

static char *remove_key(const char *text, const struct level levels[], size_t count)
{
	char *result = strdup(text);

	for (size_t i = 0; result && i < count; i++) {
		CLEANUP(free) char *shape = shape_of(result);
		char *rest;

		if (i > 0 && shape && !is_empty((levels[i].commented ? shape : result) + levels[i - 1].object))
			break;
		rest = shape ? take_away(result, levels[i].object, levels[i].name) : NULL;
		free(result);
		result = rest;
	}
	return result;
}

/* The guest's object goes, and guests with it where that says nothing more. */
static char *remove_guest(const char *text, size_t top, size_t guests, const char *guest)
{
	return remove_key(text, (const struct level[]){ { guests, guest, true }, { top, "guests", false } }, 2);
}

/* key NULL: the guest's object itself, {} for a value. */
static char *edit(const char *text, const char *guest, const char *key, const char *value)
{
	struct member guests;
	struct member of_guest;
	struct member of_key;
	CLEANUP(free) char *shape = shape_of(text);
	CLEANUP(free) char *inner = NULL;
	CLEANUP(free) char *outer = NULL;
	const struct both b = { text, shape };
	const char *top;

	if (!shape)
		return NULL;
	top = skip_blanks(shape);
	if (!find_member(top, "guests", &guests)) {
		if (!value)
			return strdup(text);
		if ((key ? asprintf(&outer, "{ \"%s\": { \"%s\": %s } }", guest, key, value)
			 : asprintf(&outer, "{ \"%s\": %s }", guest, value)) < 0)
			outer = NULL;
		return outer ? insert(&b, top, "guests", outer) : NULL;
	}
	if (!find_member(guests.value, guest, &of_guest)) {
		if (!value)
			return strdup(text);
		if ((key ? asprintf(&inner, "{ \"%s\": %s }", key, value) : asprintf(&inner, "%s", value)) < 0)
			inner = NULL;
		return inner ? insert(&b, guests.value, guest, inner) : NULL;
	}
	if (!key)
		return value ? strdup(text)
			     : remove_guest(text, (size_t)(top - shape), (size_t)(guests.value - shape), guest);
	if (!find_member(of_guest.value, key, &of_key))
		return value ? insert(&b, of_guest.value, key, value) : strdup(text);
	if (value)
		return splice(&b, of_key.value, of_key.end, value);
	/* A guest's object that says nothing would still have it managed. */
	return remove_key(text,
			  (const struct level[]){ { (size_t)(of_guest.value - shape), key, true },
						  { (size_t)(guests.value - shape), guest, true },
						  { (size_t)(top - shape), "guests", false } },
			  3);
}

/* The objects that are to be walked into must be objects. */
static int check_shape(const char *file, const char *text, const char *guest, struct err *err)
{
	CLEANUP(json) struct json_object *json = NULL;
	struct json_object *guests = NULL;
	struct json_object *one = NULL;
	int r = json_parse_written(file, text, strlen(text), &json, err);

	if (r < 0)
		return r;
	if (json_object_object_get_ex(json, "guests", &guests)) {
		if (!json_object_is_type(guests, json_type_object))
			return err_set(err, EINVAL, "%s: guests: not an object", file);
		if (json_object_object_get_ex(guests, guest, &one) && !json_object_is_type(one, json_type_object))
			return err_set(err, EINVAL, "%s: guests.%s: not an object", file, guest);
	}
	return 0;
}

static int edit_text(const char *file, const char *text, const char *guest, const char *key, const char *value,
		     char **ret_text, struct err *err)
{
	CLEANUP(free) char *result = NULL;
	int r;

	if (!*skip_blanks(text))
		text = "{ }\n";
	r = check_shape(file, text, guest, err);
	if (r < 0)
		return r;
	result = edit(text, guest, key, value);
	if (!result)
		return err_errno(err, ENOMEM, "%s", file);
	r = check_shape(file, result, guest, err);
	if (r == 0)
		*ret_text = steal_ptr(&result);
	return r;
}

int policy_edit_text(const char *text, const char *guest, const char *key, const char *value, char **ret_text,
		     struct err *err)
{
	return edit_text("policy", text, guest, key, value, ret_text, err);
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

/* 1: the file has changed; 0: it said so already. */
static int edit_file(const char *path, char *text, const char *guest, const char *key, const char *value,
		     struct err *err)
{
	CLEANUP(free) char *edited = NULL;
	int r = edit_text(path, text ? text : "", guest, key, value, &edited, err);

	if (r < 0)
		return r;
	if (text && strcmp(text, edited) == 0) {
		tidy(path);
		return 0;
	}
	r = policy_replace_file(path, !value && is_empty(skip_blanks(edited)) ? NULL : edited, err);
	return r < 0 ? r : 1;
}

int policy_edit_file(const char *path, const char *guest, const char *key, const char *value, char **ret_before,
		     struct err *err)
{
	CLEANUP(free) char *text = NULL;
	size_t len = 0;
	int r = file_read(path, FILE_ROOT_ALONE, &text, &len, err);

	if (r == -ENOENT)
		r = 0;
	if (r == 0)
		r = edit_file(path, text, guest, key, value, err);
	if (r < 0)
		return r;
	if (ret_before)
		*ret_before = steal_ptr(&text);
	return 0;
}

static bool has_no_key(struct json_object *json)
{
	return json_object_is_type(json, json_type_object) && json_object_get_object(json)->count == 0;
}

/* -ENOTEMPTY where the guest's object says more than that it is managed. */
static int check_empty(const char *path, const char *text, const char *guest, struct err *err)
{
	CLEANUP(json) struct json_object *json = NULL;
	struct json_object *guests = NULL;
	struct json_object *one = NULL;
	int r = check_shape(path, text, guest, err);

	if (r == 0)
		r = json_parse_written(path, text, strlen(text), &json, err);
	if (r == 0 && json_object_object_get_ex(json, "guests", &guests) &&
	    json_object_object_get_ex(guests, guest, &one) && !has_no_key(one))
		r = err_set(err, ENOTEMPTY, "%s: guests.%s has settings, which would be lost: take them away first",
			    path, guest);
	return r;
}

int policy_cover_file(const char *path, const char *guest, bool covered, bool *ret_changed, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	size_t len = 0;
	int r = file_read(path, FILE_ROOT_ALONE, &text, &len, err);

	*ret_changed = false;
	if (r == -ENOENT)
		r = 0;
	if (r == 0 && !covered && !text)
		return 0;
	if (r == 0 && !covered && *skip_blanks(text))
		r = check_empty(path, text, guest, err);
	if (r == 0)
		r = edit_file(path, text, guest, NULL, covered ? "{}" : NULL, err);
	*ret_changed = r == 1;
	return r < 0 ? r : 0;
}

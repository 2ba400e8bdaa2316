/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json-c's parser, behind a check of its own of what is JSON: json-c forgives this and that, each version another. */

#include "base/json.h"

#include <errno.h>
#include <json-c/json_tokener.h>
#include <json-c/linkhash.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/grammar.h"

DEFINE_CLEANUP(tokener, struct json_tokener *, json_tokener_free)

/* RFC 3629. The first byte that no character begins or goes on with, or NULL. */
static const char *find_no_utf8(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		const char *character = (const char *)p;
		size_t more = *p < 0x80 ? 0 : *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1;

		if ((*p >= 0x80 && *p < 0xc2) || *p > 0xf4)
			return character;
		/* Overlong forms, surrogates, beyond U+10FFFF: told by the second byte. */
		if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
		    (*p == 0xf4 && p[1] > 0x8f))
			return character;
		for (p++; more > 0; more--, p++) {
			if ((*p & 0xc0) != 0x80)
				return character;
		}
	}
	return NULL;
}

/* One character of valid UTF-8. *p moves behind it. */
static uint32_t next_character(const char **p)
{
	uint8_t first = (uint8_t)(*p)[0];
	int more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
	uint32_t c = more ? first & (0x3fU >> more) : first;

	for (*p += 1; more > 0; more--, *p += 1)
		c = c << 6 | ((*p)[0] & 0x3fU);
	return c;
}

/* \uXXXX, or two of them: a surrogate pair. */
static size_t escaped_size(uint32_t c)
{
	return c < 0x80 ? 1 : c < 0x10000 ? 6 : 12;
}

/*
 * Valid UTF-8 beyond ASCII as \uXXXX: json-c 0.18 (Debian 13), when strict, takes such bytes for control characters.
 * Outside strings they are an error either way. To be freed; NULL without memory.
 */
static char *escape_beyond_ascii(const char *text, size_t len)
{
	char *escaped = malloc(len * 3 + 1);
	char *to = escaped;

	while (escaped && *text) {
		uint32_t c = next_character(&text);

		if (c < 0x80)
			*to = (char)c;
		else if (c < 0x10000)
			(void)snprintf(to, 7, "\\u%04x", c);
		else
			(void)snprintf(to, 13, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10 & 0x3ff),
				       0xdc00 + ((c - 0x10000) & 0x3ff));
		to += escaped_size(c);
	}
	if (escaped)
		*to = '\0';
	return escaped;
}

static bool is_ascii(const char *text)
{
	while (*text && (uint8_t)*text < 0x80)
		text++;
	return !*text;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool may_follow_number(char c)
{
	return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/*
 * json-c tells a lack of memory by errno alone, and reads a number with an errno of 0 set first: what it could not keep
 * before that number is silently missing. So it gets one piece at a time, each ending where the value of a number is
 * yet to come, at most in its first byte.
 */
static size_t piece_len(const char *text)
{
	size_t len = 0;

	while (text[len] && !(may_follow_number(text[len]) && len > 0 && is_digit(text[len - 1])))
		len++;
	/* With the NUL, so that the end is the end. */
	return text[len] ? len : len + 1;
}

/* NULL with errno ENOMEM, or with the tokener's own error. */
static struct json_object *parse_pieces(struct json_tokener *tokener, const char *text)
{
	struct json_object *json = NULL;
	size_t at = 0;
	size_t len;

	do {
		len = piece_len(text + at);
		errno = 0;
		json = json_tokener_parse_ex(tokener, text + at, (int)len);
		at += len;
	} while (errno != ENOMEM && json_tokener_get_error(tokener) == json_tokener_continue && text[at - 1] != '\0');
	return json;
}

static int parse(const char *file, const char *text, struct json_object **ret_json, struct err *err)
{
	CLEANUP(tokener) struct json_tokener *tokener = json_tokener_new_ex(GRAMMAR_DEPTH_MAX);
	CLEANUP(json) struct json_object *json = NULL;
	bool ascii = is_ascii(text);
	CLEANUP(free) char *escaped = ascii ? NULL : escape_beyond_ascii(text, strlen(text));

	if (!tokener || (!ascii && !escaped))
		return err_errno(err, ENOMEM, "%s", file);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	/* The other hash wants a random seed, and writes to stderr where it gets none. What we read is root's own. */
#ifdef JSON_C_STR_HASH_PERLLIKE /* since json-c 0.13 */
	(void)json_global_set_string_hash(JSON_C_STR_HASH_PERLLIKE);
#endif
	json = parse_pieces(tokener, ascii ? text : escaped);
	if (errno == ENOMEM)
		return err_errno(err, ENOMEM, "%s", file);
	if (!json)
		return err_set(err, EINVAL, "%s: %s", file, json_tokener_error_desc(json_tokener_get_error(tokener)));
	*ret_json = steal_ptr(&json);
	return 0;
}

/* An escaped NUL, of valid JSON, or NULL. json-c ends a key there: "101\u00009" would be 101's. */
static const char *find_escaped_nul(const char *text)
{
	const char *p = text;

	while ((p = strchr(p, '\\'))) {
		if (strncmp(p, "\\u0000", strlen("\\u0000")) == 0)
			return p;
		p += 2;
	}
	return NULL;
}

static int check_and_parse(const char *file, const char *text, size_t len, bool written, struct json_object **ret_json,
			   struct err *err)
{
	CLEANUP(free) char *copy = strdup(text);
	const char *no_utf8 = find_no_utf8(text);
	const char *nul;
	int r = 0;

	if (!copy)
		return err_errno(err, ENOMEM, "%s", file);
	if (strlen(text) < len)
		r = grammar_mistake(text, text + strlen(text), "a NUL byte", err);
	else if (no_utf8)
		r = grammar_mistake(text, no_utf8, "not valid UTF-8", err);
	if (r == 0 && written)
		grammar_blank_comments(copy);
	if (r == 0)
		r = grammar_check(text, copy, written, err);
	nul = r == 0 ? find_escaped_nul(copy) : NULL;
	if (nul)
		r = grammar_mistake(text, text + (nul - copy), "a NUL character", err);
	if (r == 0)
		return parse(file, copy, ret_json, err);
	(void)err_wrap(err, "%s", file);
	return r;
}

int json_parse(const char *file, const char *text, size_t len, struct json_object **ret_json, struct err *err)
{
	return check_and_parse(file, text, len, false, ret_json, err);
}

int json_parse_written(const char *file, const char *text, size_t len, struct json_object **ret_json, struct err *err)
{
	return check_and_parse(file, text, len, true, ret_json, err);
}

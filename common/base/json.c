/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json-c's parser, which by itself takes a file cut short for a wish for more. */

#include "base/json.h"

#include <errno.h>
#include <json-c/json_tokener.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 8

DEFINE_CLEANUP(tokener, struct json_tokener *, json_tokener_free)

/* RFC 3629. */
static bool utf8_valid(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		size_t more = *p < 0x80 ? 0 : *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1;

		if ((*p >= 0x80 && *p < 0xc2) || *p > 0xf4)
			return false;
		/* Overlong forms, surrogates, beyond U+10FFFF: told by the second byte. */
		if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
		    (*p == 0xf4 && p[1] > 0x8f))
			return false;
		for (p++; more > 0; more--, p++) {
			if ((*p & 0xc0) != 0x80)
				return false;
		}
	}
	return true;
}

/*
 * Valid UTF-8 beyond ASCII as \uXXXX: json-c 0.18 (Debian 13), when strict, takes such bytes for control characters.
 * Outside strings they are an error either way. To be freed; NULL without memory.
 */
static char *escape_beyond_ascii(const char *text, size_t len)
{
	char *escaped = malloc(len * 3 + 1);
	char *to = escaped;

	for (const unsigned char *p = (const unsigned char *)text; escaped && *p;) {
		size_t more = *p < 0x80 ? 0 : *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1;
		uint32_t c = more ? *p & (0x3fU >> more) : *p;

		for (p++; more > 0; more--, p++)
			c = c << 6 | (*p & 0x3fU);
		if (c < 0x80)
			*to++ = (char)c;
		else if (c < 0x10000)
			to += snprintf(to, 7, "\\u%04x", c);
		else
			to += snprintf(to, 13, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
				       0xdc00 + ((c - 0x10000) & 0x3ff));
	}
	if (escaped)
		*to = '\0';
	return escaped;
}

int json_parse(const char *file, const char *text, size_t len, struct json_object **ret_json, struct err *err)
{
	CLEANUP(tokener) struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	CLEANUP(json) struct json_object *json = NULL;
	CLEANUP(free) char *escaped = NULL;
	enum json_tokener_error code;
	unsigned line = 1;
	unsigned column = 1;

	if (!tokener)
		return err_errno(err, ENOMEM, "%s", file);
	if (!utf8_valid(text))
		return err_set(err, EINVAL, "%s: not valid UTF-8", file);
	escaped = escape_beyond_ascii(text, len);
	if (!escaped)
		return err_errno(err, ENOMEM, "%s", file);
	text = escaped;
	len = strlen(escaped);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	/* With its NUL, so that the end is the end. Of a lack of memory json-c tells by errno alone. */
	errno = 0;
	json = json_tokener_parse_ex(tokener, text, (int)len + 1);
	if (errno == ENOMEM)
		return err_errno(err, ENOMEM, "%s", file);
	code = json_tokener_get_error(tokener);
	if (code == json_tokener_success && json_object_is_type(json, json_type_object)) {
		*ret_json = steal_ptr(&json);
		return 0;
	}
	if (code == json_tokener_success)
		return err_set(err, EINVAL, "%s: not a JSON object", file);
	for (size_t i = 0; i < len && i < json_tokener_get_parse_end(tokener); i++) {
		column = text[i] == '\n' ? 1 : column + 1;
		line += text[i] == '\n';
	}
	return err_set(err, EINVAL, "%s:%u:%u: %s", file, line, column,
		       code == json_tokener_continue ? "unexpected end of file" : json_tokener_error_desc(code));
}

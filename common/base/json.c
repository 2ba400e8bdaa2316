/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json-c's parser, which by itself takes a file cut short for a wish for more. */

#include "base/json.h"

#include <errno.h>
#include <json-c/json_tokener.h>

#define DEPTH_MAX 8

DEFINE_CLEANUP(tokener, struct json_tokener *, json_tokener_free)

int json_parse(const char *file, const char *text, size_t len, struct json_object **ret_json, struct err *err)
{
	CLEANUP(tokener) struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	CLEANUP(json) struct json_object *json = NULL;
	enum json_tokener_error code;
	unsigned line = 1;
	unsigned column = 1;

	if (!tokener)
		return err_errno(err, ENOMEM, "%s", file);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* With its NUL, so that the end is the end. */
	json = json_tokener_parse_ex(tokener, text, (int)len + 1);
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

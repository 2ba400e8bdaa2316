/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_JSON_H
#define GUESTARP_BASE_JSON_H
/* One whole JSON object, valid UTF-8, nothing behind it. (json-c keeps the last of duplicate keys, and tells nobody.)
 */

#include <json-c/json_object.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

DEFINE_CLEANUP(json, struct json_object *, json_object_put)

/*
 * text[len] must be NUL. The object is the caller's (json_object_put). -EINVAL: err is "file: line 7, column 3: " and
 * the mistake in words.
 */
int json_parse(const char *file, const char *text, size_t len, struct json_object **ret_json, struct err *err);

/* The same for a file that people write: it may have comments, and commas before closing brackets. */
int json_parse_written(const char *file, const char *text, size_t len, struct json_object **ret_json, struct err *err);

#endif

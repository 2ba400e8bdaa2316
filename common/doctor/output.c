/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One style of JSON for all commands. */

#include "doctor/output.h"

#include <errno.h>

int output_json(struct json_object *json, FILE *out)
{
	const int style = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;

	return fprintf(out, "%s\n", json_object_to_json_string_ext(json, style)) < 0 ? -EIO : 0;
}

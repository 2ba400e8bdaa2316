/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One style of JSON for all commands. */

#include "doctor/output.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

#define COLUMNS 79

int output_json(struct json_object *json, FILE *out)
{
	const int style = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;

	return fprintf(out, "%s\n", json_object_to_json_string_ext(json, style)) < 0 ? -EIO : 0;
}

void output_wrapped(FILE *out, const char *text, int indent)
{
	output_wrapped_behind(out, text, "", 0, indent);
}

void output_wrapped_behind(FILE *out, const char *text, const char *margin, int width, int indent)
{
	int column = indent;
	bool first = true;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (!first && column + 1 + len > COLUMNS) {
			(void)fprintf(out, "\n%s%*s", margin, indent - width, "");
			column = indent;
		} else if (!first) {
			(void)fputc(' ', out);
			column++;
		}
		(void)fprintf(out, "%.*s", len, text);
		column += len;
		first = false;
		text += len;
		text += strspn(text, " ");
	}
	(void)fputc('\n', out);
}

const char *output_time(time_t time, char text[OUTPUT_TIME])
{
	struct tm tm;

	if (!localtime_r(&time, &tm) || strftime(text, OUTPUT_TIME, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		(void)text_copy(text, OUTPUT_TIME, "?");
	return text;
}

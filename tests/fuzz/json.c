/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON, strict and as people write it: the check and json-c agree on what is JSON, and each mistake has its place. */

#include "base/json.h"

#include "base/grammar.h"
#include "fuzz.h"

static struct json_object *parse(bool written, const char *text, size_t size)
{
	struct json_object *json = NULL;
	struct err err = { 0 };
	int r = written ? json_parse_written("f", text, size, &json, &err) : json_parse("f", text, size, &json, &err);

	fuzz_check_err(r, &err);
	CHECK((r == 0) == (json != NULL));
	/* json-c has nothing to say about what the check has let pass. */
	CHECK(r == 0 || strncmp(err.text, "f: line ", 8) == 0);
	return json;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct json_object *strict = parse(false, text, size);
	struct json_object *written = parse(true, text, size);
	size_t len = strlen(text);

	CHECK(!strict || json_object_equal(strict, written));
	/* Blanks for comments: as long, with the same lines, and no comment left. */
	if (written && !strict) {
		char *shape = strdup(text);

		CHECK(shape);
		grammar_blank_comments(shape);
		CHECK(strlen(shape) == len);
		for (size_t i = 0; i < len; i++)
			CHECK(shape[i] == text[i] || (shape[i] == ' ' && text[i] != '\n'));
		json_object_put(written);
		written = parse(true, shape, len);
		CHECK(written);
		free(shape);
	}
	json_object_put(strict);
	json_object_put(written);
	free(text);
	return 0;
}

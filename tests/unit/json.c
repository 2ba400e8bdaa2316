/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON read whole, with nothing forgiven. */

#include "base/json.h"

#include <errno.h>
#include <string.h>

#include "memory.h"
#include "table.h"

/* error is NULL for what is taken. len 0 means the text's own. */
static const struct row {
	const char *name;
	const char *text;
	size_t len;
	const char *error;
} rows[] = {
	{ "empty object", "{}", 0, NULL },
	{ "blanks around", " \r\n\t{} \n", 0, NULL },
	{ "UTF-8", "{\"a\":\"\xc3\xa4\"}", 0, NULL },
	{ "UTF-8, two to four bytes", "{\"\xc3\xa4\":\"\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"}", 0, NULL },
	{ "an escaped control character", "{\"a\":\"\\t\\u0001\\\"\"}\n", 0, NULL },
	{ "seven levels", "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}", 0, NULL },
	{ "empty file", "", 0, "f:1:1: unexpected end of data" },
	{ "blanks alone", " \n\n", 0, "f:3:1: unexpected end of data" },
	{ "an object cut short", "{\n  \"a\": 1", 0, "f:2:9: unexpected end of data" },
	{ "a string cut short", "{\"a\": \"b", 0, "f:1:9: unexpected end of data" },
	{ "a word cut short", "{\"a\": tru", 0, "f:1:10: unexpected end of data" },
	{ "bytes behind it", "{} x", 0, "f:1:4: unexpected character" },
	{ "a second object", "{}\n{}", 0, "f:2:1: unexpected character" },
	{ "a comma behind it", "{},", 0, "f:1:3: unexpected character" },
	{ "NUL inside", "{\"a\"\0:1}", 8, "f:1:5: unexpected end of data" },
	{ "NUL in a string", "{\"a\0\":1}", 8, "f:1:4: unexpected end of data" },
	{ "an array", "[]", 0, "f: not a JSON object" },
	{ "a string", "\"a\"", 0, "f: not a JSON object" },
	{ "null", "null", 0, "f: not a JSON object" },
	{ "a comma too many", "{\"a\":1,}", 0, "f:1:8: unexpected character" },
	{ "an array's comma too many", "{\"a\":[1,]}", 0, "f:1:9: unexpected character" },
	{ "no comma", "{\"a\":1 \"b\":2}", 0, "f:1:8: object value separator ',' expected" },
	{ "no colon", "{\"a\" 1}", 0, "f:1:6: object property name separator ':' expected" },
	{ "key without quotes", "{a:1}", 0, "f:1:2: quoted object property name expected" },
	{ "single quotes", "{\"a\":'x'}", 0, "f:1:6: unexpected character" },
	{ "a comment", "{/* a */}", 0, "f:1:2: quoted object property name expected" },
	{ "no UTF-8", "{\"a\":\"\xe4\"}", 0, "f: not valid UTF-8" },
	{ "a byte that no character begins with", "{\"a\":\"\x80\"}", 0, "f: not valid UTF-8" },
	{ "a longer form of ASCII", "{\"a\":\"\xc1\xbf\"}", 0, "f: not valid UTF-8" },
	{ "a byte that UTF-8 never has", "{\"a\":\"\xf5\x80\x80\x80\"}", 0, "f: not valid UTF-8" },
	{ "UTF-8 cut short", "{\"a\":\"\xe2\x82\"}", 0, "f: not valid UTF-8" },
	{ "overlong UTF-8", "{\"a\":\"\xe0\x9f\xbf\"}", 0, "f: not valid UTF-8" },
	{ "overlong UTF-8, four bytes", "{\"a\":\"\xf0\x8f\xbf\xbf\"}", 0, "f: not valid UTF-8" },
	{ "a surrogate", "{\"a\":\"\xed\xa0\x80\"}", 0, "f: not valid UTF-8" },
	{ "beyond U+10FFFF", "{\"a\":\"\xf4\x90\x80\x80\"}", 0, "f: not valid UTF-8" },
	{ "UTF-8 outside a string", "{\xc3\xa4:1}", 0, "f:1:2: quoted object property name expected" },
	{ "an error behind UTF-8", "{\"\xc3\xa4\":\"\xe2\x82\xac\xf0\x9f\x98\x80\" x}", 0,
	  "f:1:11: object value separator ',' expected" },
	{ "a tab in a string", "{\"\xc3\xa4\":\"b\tc\"}", 0, "f:1:8: control character in a string" },
	{ "a control character in a key", "{\n\"\\\"\x1f\":1}", 0, "f:2:4: control character in a string" },
	{ "a string not closed", "{\"a\": \"b\n}\n", 0, "f:1:9: control character in a string" },
	{ "a quote too few, earlier", "{a\": 1,\n\"b\": 2}", 0, "f:1:2: quoted object property name expected" },
	{ "a wrong escape", "{\"a\":\"\\x\"}", 0, "f:1:8: invalid string sequence" },
	{ "capitals", "{\"a\":TRUE}", 0, "f:1:6: boolean expected" },
	{ "leading zero", "{\"a\":01}", 0, "f:1:8: number expected" },
	{ "nine levels", "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}", 0,
	  "f:1:41: nesting too deep" },
	{ "a third line", "{\n\n  x}", 0, "f:3:3: quoted object property name expected" },
};

static void parse(void **state)
{
	const struct row *row = *state;
	struct json_object *const untouched = (struct json_object *)(uintptr_t)row;
	struct json_object *json = untouched;
	struct err err = { 0 };
	int r = json_parse("f", row->text, row->len ? row->len : strlen(row->text), &json, &err);

	if (!row->error) {
		assert_int_equal(r, 0);
		assert_true(json_object_is_type(json, json_type_object));
		json_object_put(json);
		return;
	}
	assert_string_equal(err.text, row->error);
	assert_int_equal(r, -EINVAL);
	assert_int_equal(err.code, EINVAL);
	assert_ptr_equal(json, untouched);
}

/* Cut short at every byte: never taken, never read beyond its end. */
static void truncated(void **state)
{
	static const char whole[] = "{\"guests\": {\"101\": {\"announce\": 12, \"then\": [\"/a\", null, true]}}}";

	(void)state;
	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		char *text = strndup(whole, len);
		struct json_object *json = NULL;
		struct err err = { 0 };

		assert_non_null(text);
		assert_int_equal(json_parse("f", text, len, &json, &err), -EINVAL);
		assert_non_null(strstr(err.text, "unexpected end of data"));
		assert_null(json);
		free(text);
	}
}

/* What is beyond ASCII arrives as it was written. */
static void beyond_ascii(void **state)
{
	static const char text[] =
		"{\"\xc3\xa4\": \"\xdf\xbf \xe0\xa0\x80\xef\xbf\xbf \xf0\x90\x80\x80\xf4\x8f\xbf\xbf \\u00e4\"}";
	struct json_object *json = NULL;
	struct json_object *value = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(json_parse("f", text, sizeof(text) - 1, &json, &err), 0);
	assert_true(json_object_object_get_ex(json, "\xc3\xa4", &value));
	assert_string_equal(json_object_get_string(value),
			    "\xdf\xbf \xe0\xa0\x80\xef\xbf\xbf \xf0\x90\x80\x80\xf4\x8f\xbf\xbf \xc3\xa4");
	json_object_put(json);
}

/* Whole, or said to be without memory? */
static int parse_without(void)
{
	static const char text[] = "{\"a\":\"b\",\"c\":[12,{\"d\":\"e\",\"f\":-3},\"g\"],\"h\":true,\"i\":4}";
	struct json_object *json = NULL;
	struct err err = { 0 };
	int r = json_parse("f", text, sizeof(text) - 1, &json, &err);

	memory_fail(0);
	if (r < 0)
		return r != -ENOMEM || err.code != ENOMEM;
	r = strcmp(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN), text);
	json_object_put(json);
	return r != 0;
}

static void without_memory(void **state)
{
	(void)state;
	assert_int_equal(memory_fail_each(parse_without), 0);
}

static void without_err(void **state)
{
	struct json_object *json = NULL;

	(void)state;
	assert_int_equal(json_parse("f", "{", 1, &json, NULL), -EINVAL);
	assert_null(json);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, parse, rows);
	TABLE_TEST(&table, truncated);
	TABLE_TEST(&table, beyond_ascii);
	TABLE_TEST(&table, without_memory);
	TABLE_TEST(&table, without_err);
	return table_run(&table, NULL, NULL);
}

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
	{ "empty file", "", 0, "f: line 1, column 1: empty: not even '{ }'" },
	{ "blanks alone", " \n\n", 0, "f: line 3, column 1: empty: not even '{ }'" },
	{ "an object cut short", "{\n  \"a\": 1", 0,
	  "f: line 2, column 9: the text ends here, but the '{' of line 1 is not closed" },
	{ "a string cut short", "{\"a\": \"b", 0, "f: line 1, column 7: this string is not closed on its line" },
	{ "a word cut short", "{\"a\": tru", 0,
	  "f: line 1, column 7: 'tru' is not a value: text stands in double quotes" },
	{ "bytes behind it", "{} x", 0, "f: line 1, column 4: the object has ended before 'x'" },
	{ "a second object", "{}\n{}", 0, "f: line 2, column 1: the object has ended before '{'" },
	{ "a comma behind it", "{},", 0, "f: line 1, column 3: the object has ended before ','" },
	{ "NUL inside", "{\"a\"\0:1}", 8, "f: line 1, column 5: a NUL byte" },
	{ "NUL in a string", "{\"a\0\":1}", 8, "f: line 1, column 4: a NUL byte" },
	{ "an escaped NUL in a key", "{\"101\\u00009\":1}", 0, "f: line 1, column 6: a NUL character" },
	{ "an escaped NUL in a value", "{\"a\":\n\"\\\\\\u0000\"}", 0, "f: line 2, column 4: a NUL character" },
	{ "an escaped backslash", "{\"a\":\"\\\\u0000\"}", 0, NULL },
	{ "an array", "[]", 0, "f: line 1, column 1: not an object, which begins with '{'" },
	{ "a string", "\"a\"", 0, "f: line 1, column 1: not an object, which begins with '{'" },
	{ "null", "null", 0, "f: line 1, column 1: not an object, which begins with '{'" },
	{ "a comma too many", "{\"a\":1,}", 0, "f: line 1, column 7: a comma before '}'" },
	{ "an array's comma too many", "{\"a\":[1,\n]}", 0, "f: line 1, column 8: a comma before ']'" },
	{ "a comma alone", "{,}", 0, "f: line 1, column 2: a name is missing before ','" },
	{ "a comma twice", "{\"a\":[1,,2]}", 0, "f: line 1, column 9: a value is missing before ','" },
	{ "no comma", "{\"a\":1 \"b\":2}", 0, "f: line 1, column 8: a comma is missing before \"b\"" },
	{ "no comma before a number", "{\"a\":[1 2]}", 0, "f: line 1, column 9: a comma is missing before '2'" },
	{ "no colon", "{\"a\" 1}", 0, "f: line 1, column 6: a colon is missing before '1'" },
	{ "no value", "{\"a\": }", 0, "f: line 1, column 7: a value is missing before '}'" },
	{ "another bracket", "{\"a\":\n[1}", 0,
	  "f: line 2, column 3: a ']' is missing before '}', for the '[' of line 2" },
	{ "an array that nothing closes", "{\n\"a\":[1", 0,
	  "f: line 2, column 7: the text ends here, but the '[' of line 2 is not closed" },
	{ "key without quotes", "{a:1}", 0, "f: line 1, column 2: 'a' is not a name: names stand in double quotes" },
	{ "single quotes", "{\"a\":'x'}", 0, "f: line 1, column 6: single quotes: JSON has double ones" },
	{ "single quotes around a name", "{'a':1}", 0, "f: line 1, column 2: single quotes: JSON has double ones" },
	{ "a comment", "{/* a */}", 0, "f: line 1, column 2: a comment, which this file cannot have" },
	{ "a comment to the line's end", "{} // a", 0, "f: line 1, column 4: a comment, which this file cannot have" },
	{ "a comment in front", "// a\n{}", 0, "f: line 1, column 1: a comment, which this file cannot have" },
	{ "no UTF-8", "{\"a\":\"\xe4\"}", 0, "f: line 1, column 7: not valid UTF-8" },
	{ "a byte that no character begins with", "{\"\xc3\xa4\":\"\x80\"}", 0,
	  "f: line 1, column 7: not valid UTF-8" },
	{ "a longer form of ASCII", "{\"a\":\n\"\xc1\xbf\"}", 0, "f: line 2, column 2: not valid UTF-8" },
	{ "a byte that UTF-8 never has", "{\"a\":\"\xf5\x80\x80\x80\"}", 0, "f: line 1, column 7: not valid UTF-8" },
	{ "UTF-8 cut short", "{\"a\":\"\xe2\x82\"}", 0, "f: line 1, column 7: not valid UTF-8" },
	{ "overlong UTF-8", "{\"a\":\"\xe0\x9f\xbf\"}", 0, "f: line 1, column 7: not valid UTF-8" },
	{ "overlong UTF-8, four bytes", "{\"a\":\"\xf0\x8f\xbf\xbf\"}", 0, "f: line 1, column 7: not valid UTF-8" },
	{ "a surrogate", "{\"a\":\"\xed\xa0\x80\"}", 0, "f: line 1, column 7: not valid UTF-8" },
	{ "beyond U+10FFFF", "{\"a\":\"\xf4\x90\x80\x80\"}", 0, "f: line 1, column 7: not valid UTF-8" },
	{ "UTF-8 outside a string", "{\xc3\xa4:1}", 0, "f: line 1, column 2: a name is missing before '\xc3\xa4'" },
	{ "an error behind UTF-8", "{\"\xc3\xa4\":\"\xe2\x82\xac\xf0\x9f\x98\x80\" x}", 0,
	  "f: line 1, column 11: a comma is missing before 'x'" },
	{ "a tab in a string", "{\"\xc3\xa4\":\"b\tc\"}", 0, "f: line 1, column 8: a control character in a string" },
	{ "a control character in a key", "{\n\"\\\"\x1f\":1}", 0,
	  "f: line 2, column 4: a control character in a string" },
	{ "a control character outside a string", "{\"a\":\x0b 1}", 0,
	  "f: line 1, column 6: '?' is not a value: text stands in double quotes" },
	{ "a string not closed", "{\"a\": \"b\n}\n", 0, "f: line 1, column 7: this string is not closed on its line" },
	{ "a quote too few, earlier", "{a\": 1,\n\"b\": 2}", 0,
	  "f: line 1, column 2: 'a' is not a name: names stand in double quotes" },
	{ "a wrong escape", "{\"a\":\"\\x\"}", 0,
	  "f: line 1, column 7: not an escape that JSON has (\\\\ is a backslash)" },
	{ "an escape too short", "{\"a\":\"\\u12g4\"}", 0,
	  "f: line 1, column 7: not an escape that JSON has (\\\\ is a backslash)" },
	{ "capitals", "{\"a\":TRUE}", 0, "f: line 1, column 6: 'TRUE' is not a value: text stands in double quotes" },
	{ "NaN", "{\"a\":NaN}", 0, "f: line 1, column 6: 'NaN' is not a value: text stands in double quotes" },
	{ "Infinity", "{\"a\":-Infinity}", 0, "f: line 1, column 6: '-Infinity' is not a number" },
	{ "leading zero", "{\"a\":01}", 0, "f: line 1, column 6: '01' is not a number" },
	{ "a number with a plus", "{\"a\":+1}", 0,
	  "f: line 1, column 6: '+1' is not a value: text stands in double quotes" },
	{ "a number that ends in a dot", "{\"a\":1.}", 0, "f: line 1, column 6: '1.' is not a number" },
	{ "an exponent without digits", "{\"a\":1e+}", 0, "f: line 1, column 6: '1e+' is not a number" },
	{ "hexadecimal", "{\"a\":0x1f}", 0, "f: line 1, column 6: '0x1f' is not a number" },
	{ "a long word", "{\"a\":abcdefghijklmnopqrstuvwxyz}", 0,
	  "f: line 1, column 6: 'abcdefghijklmnopqr...' is not a value: text stands in double quotes" },
	{ "numbers", "{\"a\":[0,-0,1.5,-10e3,2E-1,123456789012345678]}", 0, NULL },
	{ "a number that is too large", "{\"a\": 1234567890123456789}", 0,
	  "f: line 1, column 7: '1234567890123456789' is too large a number" },
	{ "nine levels", "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}", 0,
	  "f: line 1, column 41: more than 7 levels" },
	{ "a third line", "{\n\n  x}", 0, "f: line 3, column 3: 'x' is not a name: names stand in double quotes" },
};

/* As above, for what people write. */
static const struct row written_rows[] = {
	{ "strict JSON", "{\"a\":[1,{\"b\":null}]}", 0, NULL },
	{ "comments to the line's end", "// a\n{ // \"b\n\"a\": 1 //,\n} // c", 0, NULL },
	{ "comments with an end", "/* a */{/**/\"a\"/* \n // */:/***/1/* \" */}/* b", 0,
	  "f: line 2, column 22: this comment is not closed" },
	{ "comments with an end, closed", "/* a */{/**/\"a\"/* \n // */:/***/1/* \" */}/* b */", 0, NULL },
	{ "a comment beyond ASCII", "{ // \xc3\xa4 \xe2\x82\xac\n}", 0, NULL },
	{ "no UTF-8 in a comment", "{ // \xe4\n}", 0, "f: line 1, column 6: not valid UTF-8" },
	{ "a comment in a string is none", "{\"a\":\"http://x\",\"/* b\":\"*/\"}", 0, NULL },
	{ "a quote behind a backslash", "{\"a\":\"\\\"// x\"}", 0, NULL },
	{ "commas before closing brackets", "{\"a\":[1,2,],\"b\":{\"c\":1 , \n},}", 0, NULL },
	{ "a comment behind the last comma", "{\"a\":1, // b\n /* c */ }", 0, NULL },
	{ "a comma alone", "{,}", 0, "f: line 1, column 2: a name is missing before ','" },
	{ "a comma alone in an array", "{\"a\":[,]}", 0, "f: line 1, column 7: a value is missing before ','" },
	{ "two commas", "{\"a\":1,,}", 0, "f: line 1, column 8: a name is missing before ','" },
	{ "no comma", "{ // one\n \"a\": 1 // two\n \"guests\": {}\n}", 0,
	  "f: line 3, column 2: a comma is missing before \"guests\"" },
	{ "a place behind a comment", "{ /* \xc3\xa4 */ x}", 0,
	  "f: line 1, column 11: 'x' is not a name: names stand in double quotes" },
	{ "a slash alone", "{ / }", 0, "f: line 1, column 3: a name is missing before '/'" },
	{ "a comment in a number", "{\"a\":1/* */2}", 0, "f: line 1, column 12: a comma is missing before '2'" },
	{ "a comment not closed", "{\n/* \"a\": 1 }", 0, "f: line 2, column 1: this comment is not closed" },
	{ "a hash", "{ # a\n}", 0, "f: line 1, column 3: a name is missing before '#'" },
	{ "single quotes", "{\"a\":'x'}", 0, "f: line 1, column 6: single quotes: JSON has double ones" },
	{ "NaN", "{\"a\":NaN,}", 0, "f: line 1, column 6: 'NaN' is not a value: text stands in double quotes" },
	{ "Infinity", "{\"a\":Infinity}", 0,
	  "f: line 1, column 6: 'Infinity' is not a value: text stands in double quotes" },
	{ "capitals", "{\"a\":Null}", 0, "f: line 1, column 6: 'Null' is not a value: text stands in double quotes" },
	{ "a tab in a string", "{\"a\":\"b\tc\"}", 0, "f: line 1, column 8: a control character in a string" },
	{ "a string not closed, and a comment", "{\"a\": \"b // c\n}", 0,
	  "f: line 1, column 7: this string is not closed on its line" },
};

typedef int (*parse_fn)(const char *file, const char *text, size_t len, struct json_object **ret_json, struct err *err);

static void parse_by(parse_fn parse_text, const struct row *row)
{
	struct json_object *const untouched = (struct json_object *)(uintptr_t)row;
	struct json_object *json = untouched;
	struct err err = { 0 };
	int r = parse_text("f", row->text, row->len ? row->len : strlen(row->text), &json, &err);

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

static void parse(void **state)
{
	parse_by(json_parse, *state);
}

static void parse_written(void **state)
{
	parse_by(json_parse_written, *state);
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
		assert_non_null(strstr(err.text, "f: line 1, column "));
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
	TABLE_ROWS(&table, parse_written, written_rows);
	TABLE_TEST(&table, truncated);
	TABLE_TEST(&table, beyond_ascii);
	TABLE_TEST(&table, without_memory);
	TABLE_TEST(&table, without_err);
	return table_run(&table, NULL, NULL);
}

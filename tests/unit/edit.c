/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One value of a policy changed, every other byte as it was. */

#include "policy/edit.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "memory.h"
#include "policy/policy.h"
#include "root.h"
#include "table.h"

#define ETH3 "\"eth3\""

/* result: the whole text that comes out; NULL: error is said. value NULL takes the key away. */
static const struct row {
	const char *name;
	const char *text;
	const char *guest;
	const char *key;
	const char *value;
	const char *result;
	const char *error;
} rows[] = {
	/* Nothing there yet. */
	{ "no file", "", "101", "device", ETH3, "{ \"guests\": { \"101\": { \"device\": \"eth3\" } } }\n", NULL },
	{ "blanks alone", " \n\t\n", "101", "device", ETH3, "{ \"guests\": { \"101\": { \"device\": \"eth3\" } } }\n",
	  NULL },
	{ "empty object", "{}", "101", "device", ETH3, "{ \"guests\": { \"101\": { \"device\": \"eth3\" } } }", NULL },
	{ "empty object with blanks", "\n{ \n }\n\n", "101", "device", ETH3,
	  "\n{ \"guests\": { \"101\": { \"device\": \"eth3\" } } }\n\n", NULL },
	{ "guests empty", "{\"guests\":{}}", "101", "device", ETH3,
	  "{\"guests\":{ \"101\": { \"device\": \"eth3\" } }}", NULL },
	{ "guest empty", "{\"guests\":{\"101\":{}}}", "101", "device", ETH3,
	  "{\"guests\":{\"101\":{ \"device\": \"eth3\" }}}", NULL },
	{ "no guests", "{\"devices\":{\"eth0\":{\"arp_ignore\":1}}}", "101", "device", ETH3,
	  "{ \"guests\": { \"101\": { \"device\": \"eth3\" } },\"devices\":{\"eth0\":{\"arp_ignore\":1}}}", NULL },

	/* Layouts. */
	{ "one line, set", "{\"guests\":{\"101\":{\"device\":\"eth0\"}}}", "101", "device", ETH3,
	  "{\"guests\":{\"101\":{\"device\":\"eth3\"}}}", NULL },
	{ "one line, another guest", "{\"guests\":{\"101\":{\"device\":\"eth0\"}}}", "102", "device", ETH3,
	  "{\"guests\":{ \"102\": { \"device\": \"eth3\" },\"101\":{\"device\":\"eth0\"}}}", NULL },
	{ "one line, another key", "{\"guests\":{\"101\":{\"announce\":1}}}", "101", "device", ETH3,
	  "{\"guests\":{\"101\":{ \"device\": \"eth3\",\"announce\":1}}}", NULL },
	{ "pretty, set", "{\n  \"guests\": {\n    \"101\": {\n      \"device\": \"eth0\"\n    }\n  }\n}\n", "101",
	  "device", ETH3, "{\n  \"guests\": {\n    \"101\": {\n      \"device\": \"eth3\"\n    }\n  }\n}\n", NULL },
	{ "pretty, another guest", "{\n  \"guests\": {\n    \"101\": { \"device\": \"eth0\" }\n  }\n}\n", "102",
	  "device", ETH3,
	  "{\n  \"guests\": { \"102\": { \"device\": \"eth3\" },\n    \"101\": { \"device\": \"eth0\" }\n  }\n}\n",
	  NULL },
	{ "tabs and CR LF", "{\r\n\t\"guests\"\t:\r\n{ \"101\"\r\n:\t{\"device\" :\t\"eth0\" } }\r\n}\r\n", "101",
	  "device", ETH3, "{\r\n\t\"guests\"\t:\r\n{ \"101\"\r\n:\t{\"device\" :\t\"eth3\" } }\r\n}\r\n", NULL },
	{ "no newline at the end", "{\"guests\": {\"101\": {\"device\": null}}}", "101", "device", ETH3,
	  "{\"guests\": {\"101\": {\"device\": \"eth3\"}}}", NULL },

	/* Which member it is. */
	{ "first member", "{\"guests\":{\"101\":{\"device\":\"a\", \"route\":\"b\", \"announce\":1}}}", "101", "device",
	  ETH3, "{\"guests\":{\"101\":{\"device\":\"eth3\", \"route\":\"b\", \"announce\":1}}}", NULL },
	{ "middle member", "{\"guests\":{\"101\":{\"route\":\"b\", \"device\":\"a\", \"announce\":1}}}", "101",
	  "device", ETH3, "{\"guests\":{\"101\":{\"route\":\"b\", \"device\":\"eth3\", \"announce\":1}}}", NULL },
	{ "last member", "{\"guests\":{\"101\":{\"route\":\"b\", \"announce\":1, \"device\":\"a\"}}}", "101", "device",
	  ETH3, "{\"guests\":{\"101\":{\"route\":\"b\", \"announce\":1, \"device\":\"eth3\"}}}", NULL },
	{ "last guest", "{\"guests\":{\"1\":{\"device\":\"a\"},\"10\":{\"device\":\"b\"},\"101\":{\"device\":\"c\"}}}",
	  "101", "device", ETH3,
	  "{\"guests\":{\"1\":{\"device\":\"a\"},\"10\":{\"device\":\"b\"},\"101\":{\"device\":\"eth3\"}}}", NULL },
	{ "guests behind others",
	  "{\"devices\":{\"101\":{\"device\":1}},\"defaults\":{\"device\":\"x\"},\"guests\":{}}", "101", "device", ETH3,
	  "{\"devices\":{\"101\":{\"device\":1}},\"defaults\":{\"device\":\"x\"},\"guests\":{ \"101\": { \"device\": "
	  "\"eth3\" } }}",
	  NULL },
	{ "a value of the same name", "{\"a\":\"guests\",\"b\":[\"guests\",{\"guests\":1}],\"guests\":{}}", "101",
	  "device", ETH3,
	  "{\"a\":\"guests\",\"b\":[\"guests\",{\"guests\":1}],\"guests\":{ \"101\": { \"device\": \"eth3\" } }}",
	  NULL },
	{ "a longer name", "{\"guests\":{\"1011\":{\"device\":\"a\"}}}", "101", "device", ETH3,
	  "{\"guests\":{ \"101\": { \"device\": \"eth3\" },\"1011\":{\"device\":\"a\"}}}", NULL },

	/* Every kind of value in the place of the new one. */
	{ "over null", "{\"guests\":{\"101\":{\"device\":null }}}", "101", "device", ETH3,
	  "{\"guests\":{\"101\":{\"device\":\"eth3\" }}}", NULL },
	{ "over true", "{\"guests\":{\"101\":{\"device\":true\n}}}", "101", "device", ETH3,
	  "{\"guests\":{\"101\":{\"device\":\"eth3\"\n}}}", NULL },
	{ "over a number", "{\"guests\":{\"101\":{\"device\":-1.5e3,\"x\":1}}}", "101", "device", ETH3,
	  "{\"guests\":{\"101\":{\"device\":\"eth3\",\"x\":1}}}", NULL },
	{ "over an empty list", "{\"guests\":{\"101\":{\"then\":[]}}}", "101", "then", "[\"/a\"]",
	  "{\"guests\":{\"101\":{\"then\":[\"/a\"]}}}", NULL },
	{ "over nested lists", "{\"guests\":{\"101\":{\"then\":[\"a]\",[\"}\",{\"b\":[1,2]}]] ,\"x\":1}}}", "101",
	  "then", "[]", "{\"guests\":{\"101\":{\"then\":[] ,\"x\":1}}}", NULL },
	{ "over an empty string", "{\"guests\":{\"101\":{\"device\":\"\"}}}", "101", "device", ETH3,
	  "{\"guests\":{\"101\":{\"device\":\"eth3\"}}}", NULL },
	{ "a string by null", "{\"guests\":{\"101\":{\"device\":\"eth0\"}}}", "101", "device", "null",
	  "{\"guests\":{\"101\":{\"device\":null}}}", NULL },
	{ "by the same", "{\"guests\" :{ \"101\":{\"device\":\"eth3\"}}}", "101", "device", ETH3,
	  "{\"guests\" :{ \"101\":{\"device\":\"eth3\"}}}", NULL },

	/* Strings that look like structure. */
	{ "braces in strings", "{\"a\":\"{\\\"guests\\\":{\",\"guests\":{\"x}\":{\"y\":\"]}\"},\"101\":{}}}", "101",
	  "device", ETH3,
	  "{\"a\":\"{\\\"guests\\\":{\",\"guests\":{\"x}\":{\"y\":\"]}\"},\"101\":{ \"device\": \"eth3\" }}}", NULL },
	{ "quotes in strings", "{\"a\\\"b\":\"\\\"\",\"guests\":{\"101\":{\"device\":\"\\\"},\"}}}", "101", "device",
	  ETH3, "{\"a\\\"b\":\"\\\"\",\"guests\":{\"101\":{\"device\":\"eth3\"}}}", NULL },
	{ "backslashes at a string's end", "{\"a\":\"\\\\\",\"guests\":{\"101\":{\"x\":\"\\\\\\\\\"}}}", "101",
	  "device", ETH3, "{\"a\":\"\\\\\",\"guests\":{\"101\":{ \"device\": \"eth3\",\"x\":\"\\\\\\\\\"}}}", NULL },
	{ "UTF-8", "{\"\xc3\xa4\":\"\xe2\x82\xac\xf0\x9f\x90\x99\",\"guests\":{\"101\":{\"device\":\"br\xc3\xa4\"}}}",
	  "101", "device", ETH3,
	  "{\"\xc3\xa4\":\"\xe2\x82\xac\xf0\x9f\x90\x99\",\"guests\":{\"101\":{\"device\":\"eth3\"}}}", NULL },
	{ "escapes elsewhere", "{\"a\":\"\\u00e4\\ud83d\\udc19\\/\\n\",\"guests\":{\"101\":{}}}", "101", "device", ETH3,
	  "{\"a\":\"\\u00e4\\ud83d\\udc19\\/\\n\",\"guests\":{\"101\":{ \"device\": \"eth3\" }}}", NULL },
	{ "the guest's name with an escape", "{\"guests\":{\"\\u0031\\u0030\\u0031\":{\"device\":\"eth0\"}}}", "101",
	  "device", ETH3, "{\"guests\":{\"\\u0031\\u0030\\u0031\":{\"device\":\"eth3\"}}}", NULL },
	{ "the guest's name with other escapes", "{\"guests\":{\"pve\\/10\\u0031\":{\"device\":\"eth0\"}}}", "pve/101",
	  "device", ETH3, "{\"guests\":{\"pve\\/10\\u0031\":{\"device\":\"eth3\"}}}", NULL },
	{ "a name that begins so", "{\"guests\":{\"10\\u00311\":{},\"10\":{},\"101\\u00e4\":{},\"101\":{}}}", "101",
	  "device", ETH3,
	  "{\"guests\":{\"10\\u00311\":{},\"10\":{},\"101\\u00e4\":{},\"101\":{ \"device\": \"eth3\" }}}", NULL },
	{ "guests with an escape", "{\"guest\\u0073\":{\"101\":{\"device\":\"eth0\"}}}", "101", "device", ETH3,
	  "{\"guest\\u0073\":{\"101\":{\"device\":\"eth3\"}}}", NULL },

	/* The last of two counts, so it is the one to change. */
	{ "a key twice", "{\"guests\":{\"101\":{\"device\":\"a\",\"device\":\"b\"}}}", "101", "device", ETH3,
	  "{\"guests\":{\"101\":{\"device\":\"a\",\"device\":\"eth3\"}}}", NULL },
	{ "a guest twice", "{\"guests\":{\"101\":{\"device\":\"a\"},\"101\":{\"device\":\"b\"}}}", "101", "device",
	  ETH3, "{\"guests\":{\"101\":{\"device\":\"a\"},\"101\":{\"device\":\"eth3\"}}}", NULL },

	/* Taken away. */
	{ "remove the first", "{\"guests\":{\"101\":{\"then\":[\"/a\"], \"route\":\"b\", \"announce\":1}}}", "101",
	  "then", NULL, "{\"guests\":{\"101\":{ \"route\":\"b\", \"announce\":1}}}", NULL },
	{ "remove the middle", "{\"guests\":{\"101\":{\"route\":\"b\", \"then\":[\"/a\"], \"announce\":1}}}", "101",
	  "then", NULL, "{\"guests\":{\"101\":{\"route\":\"b\", \"announce\":1}}}", NULL },
	{ "remove the last", "{\"guests\":{\"101\":{\"route\":\"b\", \"announce\":1, \"then\":[\"/a\"]}}}", "101",
	  "then", NULL, "{\"guests\":{\"101\":{\"route\":\"b\", \"announce\":1}}}", NULL },
	{ "remove the only one", "{\"guests\":{\"100\":{}, \"101\":{ \"then\":[\"/a\"] }, \"102\":{}}}", "101", "then",
	  NULL, "{\"guests\":{\"100\":{}, \"102\":{}}}", NULL },
	{ "remove the only one of the first", "{\"guests\":{\"101\":{\"then\":[]}, \"102\":{}}}", "101", "then", NULL,
	  "{\"guests\":{ \"102\":{}}}", NULL },
	{ "remove the only one of the only", "{\"guests\": {\"101\": {\"then\": []}}}\n", "101", "then", NULL, "{}\n",
	  NULL },
	{ "remove one of two", "{\"guests\":{\"101\":{\"device\":\"a\",\"route\":\"b\",\"device\":\"c\"}}}", "101",
	  "device", NULL, "{\"guests\":{\"101\":{\"route\":\"b\"}}}", NULL },
	{ "remove of a guest that is there three times",
	  "{\"guests\":{\"101\":{\"device\":\"a\"},\"7\":{},\"101\":{\"route\":\"b\"},\"101\":{\"device\":\"c\"}}}",
	  "101", "device", NULL, "{\"guests\":{\"7\":{}}}", NULL },
	{ "remove what is not there", "{\"guests\":{\"101\":{\"route\":\"b\"}}}", "101", "then", NULL,
	  "{\"guests\":{\"101\":{\"route\":\"b\"}}}", NULL },
	{ "remove of a guest not there", "{\"guests\":{\"102\":{\"then\":[]}}}", "101", "then", NULL,
	  "{\"guests\":{\"102\":{\"then\":[]}}}", NULL },
	{ "remove from nothing", "{\"defaults\":{\"then\":[\"/a\"]}}", "101", "then", NULL,
	  "{\"defaults\":{\"then\":[\"/a\"]}}", NULL },
	{ "remove across lines", "{\"guests\":{\"101\":{\n  \"route\": \"b\",\n  \"then\": [\n    \"/a\"\n  ]\n}}}\n",
	  "101", "then", NULL, "{\"guests\":{\"101\":{\n  \"route\": \"b\"\n}}}\n", NULL },

	/* Comments and commas before closing brackets stay. */
	{ "a comment in an empty object", "{ // nothing yet\n}", "101", "device", ETH3,
	  "{ \"guests\": { \"101\": { \"device\": \"eth3\" } } // nothing yet\n}", NULL },
	{ "a comment in front", "// guests\n{\"guests\":{\"101\":{}}}", "101", "device", ETH3,
	  "// guests\n{\"guests\":{\"101\":{ \"device\": \"eth3\" }}}", NULL },
	{ "comments around a value", "{\"guests\":{\"101\":{\"device\"/*a*/:/*b*/\"eth0\"/*c*/,//d\n}}}", "101",
	  "device", ETH3, "{\"guests\":{\"101\":{\"device\"/*a*/:/*b*/\"eth3\"/*c*/,//d\n}}}", NULL },
	{ "a number and a comment", "{\"guests\":{\"101\":{\"device\":7// a\n}}}", "101", "device", ETH3,
	  "{\"guests\":{\"101\":{\"device\":\"eth3\"// a\n}}}", NULL },
	{ "a comment that looks like a member", "{\"guests\":{\"101\":{ // \"device\": \"eth0\",\n\"route\":\"b\",}}}",
	  "101", "device", ETH3,
	  "{\"guests\":{\"101\":{ \"device\": \"eth3\", // \"device\": \"eth0\",\n\"route\":\"b\",}}}", NULL },
	{ "a comment that looks like guests", "{ /* \"guests\": { */ \"guests\": {}, }", "101", "device", ETH3,
	  "{ /* \"guests\": { */ \"guests\": { \"101\": { \"device\": \"eth3\" } }, }", NULL },
	{ "a last comma", "{\"guests\":{\"102\":{},},}", "101", "device", ETH3,
	  "{\"guests\":{ \"101\": { \"device\": \"eth3\" },\"102\":{},},}", NULL },
	{ "a value with a last comma", "{\"guests\":{\"101\":{\"then\":[\"/a\", /*b*/ ], \"route\":\"c\"}}}", "101",
	  "then", "[]", "{\"guests\":{\"101\":{\"then\":[], \"route\":\"c\"}}}", NULL },
	{ "slashes in strings", "{\"a\":\"http://b\",\"guests\":{\"101\":{\"device\":\"/*\"}}}", "101", "device", ETH3,
	  "{\"a\":\"http://b\",\"guests\":{\"101\":{\"device\":\"eth3\"}}}", NULL },
	{ "remove the first beside comments",
	  "{\"guests\":{\"101\":{ // a\n \"then\":[] /* b */ , // c\n \"route\":\"d\"}}}", "101", "then", NULL,
	  "{\"guests\":{\"101\":{ // a\n  /* b */  // c\n \"route\":\"d\"}}}", NULL },
	{ "remove the last beside comments", "{\"guests\":{\"101\":{\"route\":\"d\", // a\n \"then\":[] // b\n}}}",
	  "101", "then", NULL, "{\"guests\":{\"101\":{\"route\":\"d\" // a\n  // b\n}}}", NULL },
	{ "remove the last with a last comma", "{\"guests\":{\"101\":{\"route\":\"d\",\n \"then\":[],\n}}}", "101",
	  "then", NULL, "{\"guests\":{\"101\":{\"route\":\"d\",\n}}}", NULL },
	{ "remove the only one with a last comma", "{\"guests\":{\"101\":{\"then\":[],},\"102\":{},}}", "101", "then",
	  NULL, "{\"guests\":{\"102\":{},}}", NULL },
	{ "remove the only one beside comments",
	  "{\"guests\":{ // guests\n\"101\":{ // a\n\"then\":[], // b\n}, // c\n}}", "101", "then", NULL,
	  "{\"guests\":{ // guests\n // c\n}}", NULL },
	{ "remove the only one of all beside a comment", "// mine\n{\"guests\":{\"101\":{\"then\":[]}}}", "101", "then",
	  NULL, "// mine\n{}", NULL },

	/* No policy, or none of that shape. */
	{ "no JSON", "{\"guests\":", "101", "device", ETH3, NULL,
	  "policy: line 1, column 11: the text ends here, but the '{' of line 1 is not closed" },
	{ "bytes behind it", "{} {}", "101", "device", ETH3, NULL,
	  "policy: line 1, column 4: the object has ended before '{'" },
	{ "a list", "[]", "101", "device", ETH3, NULL,
	  "policy: line 1, column 1: not an object, which begins with '{'" },
	{ "a comment not closed", "{} /* eth3", "101", "device", ETH3, NULL,
	  "policy: line 1, column 4: this comment is not closed" },
	{ "guests is a list", "{\"guests\":[]}", "101", "device", ETH3, NULL, "policy: guests: not an object" },
	{ "guests is null", "{\"guests\":null}", "101", "device", ETH3, NULL, "policy: guests: not an object" },
	{ "the guest is a string", "{\"guests\":{\"101\":\"eth3\"}}", "101", "device", ETH3, NULL,
	  "policy: guests.101: not an object" },
	{ "the guest is null", "{\"guests\":{\"101\":null}}", "101", "device", ETH3, NULL,
	  "policy: guests.101: not an object" },
	{ "the new value is no JSON", "{}", "101", "device", "eth3", NULL,
	  "policy: line 1, column 34: 'eth3' is not a value: text stands in double quotes" },
};

static void edit(void **state)
{
	const struct row *row = *state;
	char untouched[] = "";
	char *result = untouched;
	struct err err = { 0 };
	int r = policy_edit_text(row->text, row->guest, row->key, row->value, &result, &err);

	if (row->error) {
		assert_string_equal(err.text, row->error);
		assert_int_equal(r, -EINVAL);
		assert_ptr_equal(result, untouched);
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(result, row->result);
	free(result);
}

/* Set twice is set once. */
static void again(void **state)
{
	const struct row *row = *state;
	CLEANUP(free) char *once = NULL;
	CLEANUP(free) char *twice = NULL;

	if (row->error)
		return;
	assert_int_equal(policy_edit_text(row->text, row->guest, row->key, row->value, &once, NULL), 0);
	assert_int_equal(policy_edit_text(once, row->guest, row->key, row->value, &twice, NULL), 0);
	assert_string_equal(twice, once);
}

/* Each edit with each allocation failing: what comes out is the whole result, or nothing. */
static const struct row *row_tried;

static int edit_without(void)
{
	char *result = NULL;
	int r = policy_edit_text(row_tried->text, row_tried->guest, row_tried->key, row_tried->value, &result, NULL);

	memory_fail(0);
	return r == 0 && (!row_tried->result || strcmp(result, row_tried->result) != 0);
}

static void without_memory(void **state)
{
	row_tried = *state;
	assert_int_equal(memory_fail_each(edit_without), 0);
}

/* Whatever was there: a key that was added and taken away again leaves what stood before, and nothing but "guests". */
static void there_and_back(void **state)
{
	static const char *const texts[] = {
		"{\"guests\":{\"102\":{\"device\":\"a\"}}}",
		"{\n  \"guests\": {\n    \"102\": { \"device\": \"a\" }\n  }\n}\n",
		"{\"guests\":{\"101\":{\"device\":\"a\"}}}",
		"{\n  \"guests\": {\n    \"101\": {\n      \"device\": \"a\"\n    }\n  }\n}\n",
		"// a\n{ // b\n  \"guests\": { // c\n    \"102\": { \"device\": \"a\" /* d */, }, // e\n  }\n} // f\n",
		"{ // b\n  \"guests\": { // c\n    \"101\": { // d\n \"device\": \"a\", },\n  }, }",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CLEANUP(free) char *there = NULL;
		CLEANUP(free) char *back = NULL;

		assert_int_equal(policy_edit_text(texts[i], "101", "then", "[\"/a\"]", &there, NULL), 0);
		assert_string_not_equal(there, texts[i]);
		assert_int_equal(policy_edit_text(there, "101", "then", NULL, &back, NULL), 0);
		assert_string_equal(back, texts[i]);
	}
}

static char *file_text(void)
{
	char *text = NULL;
	size_t len;

	assert_int_equal(file_read(POLICY_HOST_FILE, FILE_ROOT_ALONE, &text, &len, NULL), 0);
	return text;
}

static void new_file(void **state)
{
	CLEANUP(free) char *text = NULL;
	struct stat st;

	(void)state;
	root_clean();
	root_mkdirs("/etc/");
	assert_int_equal(policy_edit_file(POLICY_HOST_FILE, "101", "device", ETH3, NULL, NULL), 0);
	text = file_text();
	assert_string_equal(text, "{ \"guests\": { \"101\": { \"device\": \"eth3\" } } }\n");
	assert_int_equal(stat(root_path(POLICY_HOST_FILE), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* The same value again: not even written. */
static void same_file(void **state)
{
	struct stat before;
	struct stat after;

	(void)state;
	root_clean();
	root_put(POLICY_HOST_FILE, "{\"guests\":{\"101\":{\"device\":\"eth3\"}}}");
	assert_int_equal(stat(root_path(POLICY_HOST_FILE), &before), 0);
	assert_int_equal(policy_edit_file(POLICY_HOST_FILE, "101", "device", ETH3, NULL, NULL), 0);
	assert_int_equal(stat(root_path(POLICY_HOST_FILE), &after), 0);
	assert_true(before.st_ino == after.st_ino);
}

/* What an interrupted edit has left goes with the next one, also when that has nothing to write, or only to remove. */
static void left_beside(void **state)
{
	static const char *const values[] = { "\"eth4\"", ETH3, NULL };
	const char *beside = "/etc/guestarp/.guestarp.json.tmp";

	(void)state;
	root_clean();
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		root_put(POLICY_HOST_FILE, "{\"guests\":{\"101\":{\"device\":\"eth3\"}}}");
		root_put(beside, "{\"gue");
		assert_int_equal(policy_edit_file(POLICY_HOST_FILE, "101", "device", values[i], NULL, NULL), 0);
		assert_int_equal(access(root_path(beside), F_OK), -1);
		assert_int_equal(access(root_path(POLICY_HOST_FILE), F_OK), values[i] ? 0 : -1);
	}
}

/* What is broken stays as it is, and the message names the file. */
static void broken_file(void **state)
{
	CLEANUP(free) char *text = NULL;
	struct err err = { 0 };

	(void)state;
	root_clean();
	root_put(POLICY_HOST_FILE, "{ # comment\n}");
	assert_int_equal(policy_edit_file(POLICY_HOST_FILE, "101", "device", ETH3, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, POLICY_HOST_FILE));
	text = file_text();
	assert_string_equal(text, "{ # comment\n}");
}

/* covered: put in; else taken out. result NULL: the file is gone, or error is said and it is as it was. */
static const struct cover_row {
	const char *name;
	const char *text; /* NULL: there is no file */
	bool covered;
	const char *result;
	const char *error;
} cover_rows[] = {
	{ "no file, on", NULL, true, "{ \"guests\": { \"*\": {} } }\n", NULL },
	{ "no file, off", NULL, false, NULL, NULL },
	{ "no guests, on", "{\"defaults\":{\"announce\":1}}", true,
	  "{ \"guests\": { \"*\": {} },\"defaults\":{\"announce\":1}}", NULL },
	{ "guests, on", "{\"guests\":{\"101\":{\"device\":\"eth3\"}}}", true,
	  "{\"guests\":{ \"*\": {},\"101\":{\"device\":\"eth3\"}}}", NULL },
	{ "there, on", "{\"guests\":{\"*\":{}}}", true, "{\"guests\":{\"*\":{}}}", NULL },
	{ "there with settings, on", "{\"guests\":{\"*\":{\"announce\":1}}}", true,
	  "{\"guests\":{\"*\":{\"announce\":1}}}", NULL },
	{ "alone, off", "{\"guests\":{\"*\":{}}}", false, NULL, NULL },
	{ "with a comment in it, off", "{\"guests\":{\"*\":{ /* all */ }}}", false, NULL, NULL },
	{ "beside others, off", "{\"guests\":{ \"*\": {},\"101\":{\"device\":\"eth3\"}}}", false,
	  "{\"guests\":{\"101\":{\"device\":\"eth3\"}}}", NULL },
	{ "behind others, off", "{\"guests\":{\"101\":{\"device\":\"eth3\"}, \"*\": {}, } }", false,
	  "{\"guests\":{\"101\":{\"device\":\"eth3\"}, } }", NULL },
	{ "not there, off", "{\"guests\":{\"101\":{}}}", false, "{\"guests\":{\"101\":{}}}", NULL },
	{ "with settings, off", "{\"guests\":{\"*\":{\"announce\":1}}}", false, "{\"guests\":{\"*\":{\"announce\":1}}}",
	  "guests.* has settings" },
	{ "no policy, on", "{ # mine", true, "{ # mine", "guestarp.json" },
	{ "no policy, off", "[]", false, "[]", "guestarp.json" },
	{ "guests is a list", "{\"guests\":[]}", true, "{\"guests\":[]}", "guests: not an object" },
};

static void cover(void **state)
{
	const struct cover_row *row = *state;
	CLEANUP(free) char *text = NULL;
	bool changed = true;
	struct err err = { 0 };
	size_t len;
	int r;

	root_clean();
	root_mkdirs("/etc/");
	if (row->text)
		root_put(POLICY_HOST_FILE, row->text);
	r = policy_cover_file(POLICY_HOST_FILE, "*", row->covered, &changed, &err);
	assert_int_equal(r < 0, row->error != NULL);
	if (row->error)
		assert_non_null(strstr(err.text, row->error));
	r = file_read(POLICY_HOST_FILE, FILE_ANY, &text, &len, NULL);
	assert_int_equal(r, row->result ? 0 : -ENOENT);
	if (row->result)
		assert_string_equal(text, row->result);
	assert_int_equal(changed, (row->result != NULL) != (row->text != NULL) ||
					  (row->text && strcmp(row->text, row->result) != 0));
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, edit, rows);
	TABLE_ROWS(&table, again, rows);
	TABLE_ROWS(&table, without_memory, rows);
	TABLE_ROWS(&table, cover, cover_rows);
	TABLE_TEST(&table, there_and_back);
	TABLE_TEST(&table, new_file);
	TABLE_TEST(&table, same_file);
	TABLE_TEST(&table, left_beside);
	TABLE_TEST(&table, broken_file);
	return table_run(&table, root_setup, root_teardown);
}

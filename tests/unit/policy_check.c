/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One guestarp.json checked as a whole, for every guest that it names. */

#include "policy/policy.h"

#include <errno.h>

#include "root.h"

static const struct check {
	const char *name;
	const char *text;
	const char *error;
} checks[] = {
	{ "all is well", "{\"defaults\": {}, \"guests\": {\"101\": {\"announce\": 1}, \"200-299\": {}, \"*\": {}}}",
	  NULL },
	{ "in an id", "{\"guests\": {\"101\": {}, \"777\": {\"announce\": 11}}}",
	  "/x.json: guests.777.announce: 11 is not a whole number from 0 to 10" },
	{ "in a range", "{\"guests\": {\"200-299\": {\"devise\": null}}}",
	  "/x.json: guests.200-299: unknown key \"devise\", did you mean \"device\"?" },
	{ "in *", "{\"guests\": {\"*\": {\"then\": null}}}",
	  "/x.json: guests.*.then: null is not a list of absolute paths" },
	{ "in an lxcpath", "{\"guests\": {\"web@/srv/lxc\": []}}", "/x.json: guests.web@/srv/lxc: not an object" },
	{ "in an lxcpath that is none", "{\"guests\": {\"web@srv\": {}}}",
	  "/x.json: guests.web@srv: no guest can have this name" },
	{ "in a name", "{\"guests\": {\"lxc/web\": []}}", "/x.json: guests.lxc/web: not an object" },
	{ "a backward range", "{\"guests\": {\"2-1\": {}}}", "/x.json: guests.2-1: the range is backwards" },
	{ "in devices", "{\"devices\": {\"eth0\": {\"arp_ignore\": -1}}}",
	  "/x.json: devices.eth0.arp_ignore: -1 is not a whole number from 0 to 8" },
	{ "cut short", "{", "/x.json: line 1, column 2: the text ends here, but the '{' of line 1 is not closed" },
};

static void check_file(void **state)
{
	const struct check *row = *state;
	struct err err = { 0 };

	root_put("/x.json", row->text);
	assert_int_equal(policy_check_file(root_path("/x.json"), &err) < 0, row->error != NULL);
	assert_string_equal(row->error ? err.text + strlen(root_dir) : "", row->error ? row->error : "");
}

static void check_missing_file(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(policy_check_file("/y.json", &err), -ENOENT);
	assert_string_equal(err.text, "/y.json: No such file or directory");
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, check_file, checks);
	TABLE_TEST(&table, check_missing_file);
	return table_run(&table, root_setup, root_teardown);
}

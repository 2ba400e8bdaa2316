/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files of the records' directory are guests. */

#include "event/guests.h"

#include <string.h>

#include "root.h"

/* The guest that a record of this name is of, NULL where it is no record. */
static const struct row {
	const char *name;
	const char *guest;
} rows[] = {
	{ "pve-101.json", "pve/101" },
	{ "lxc-web.json", "lxc/web" },
	{ "vz-6b18a1f4-4f2c-4b6e-9d52-0d2b5c1f1b7a.json", "vz/6b18a1f4-4f2c-4b6e-9d52-0d2b5c1f1b7a" },
	{ "lxc-a.json.b.json", "lxc/a.json.b" },
	{ "lxc-a.json.json", "lxc/a.json" },
	{ "lxc-a-b.json", "lxc/a-b" },
	{ "lxc-a.json.b", NULL },
	{ "lxc-a.json.b.json.tmp", NULL },
	{ ".lxc-a.json.tmp", NULL },
	{ "lxc-.json", NULL },
	{ "lxc-web", NULL },
	{ "lxcweb.json", NULL },
	{ "kvm-web.json", NULL },
	{ "pve-web.json", NULL },
	{ "lock", NULL },
};

static void recorded(void **state)
{
	const struct row *row = *state;
	struct guest_list guests = { 0 };
	char path[200] = "/run/guestarp/";
	char name[GUEST_NAME_SIZE];

	root_clean();
	(void)strncat(path, row->name, sizeof(path) - strlen(path) - 1);
	root_put(path, "{}");
	assert_int_equal(guest_list_recorded(&guests, NULL), 0);
	assert_int_equal(guests.count, row->guest ? 1 : 0);
	if (row->guest)
		assert_string_equal(guest_name(&guests.list[0], name), row->guest);
	guest_list_done(&guests);
	root_clean();
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, recorded, rows);
	return table_run(&table, root_setup, root_teardown);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files of the records' directory are guests. */

#include "host/guests.h"

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
	{ "lxc-web@:srv:lxc.json", "lxc/web@/srv/lxc" },
	{ "lxc-web@:srv:my%20lxc%3A1.json", "lxc/web@/srv/my%20lxc%3A1" },
	{ "lxc-web@:var:lib:lxc.json", NULL },
	{ "lxc-web@srv.json", NULL },
	{ "vz-web@:srv:lxc.json", NULL },
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

#define MANY 300

/* Each is there once, however many there are, and no other. */
static void many(void **state)
{
	struct guest_list guests = { 0 };
	struct guest guest = { .kind = GUEST_PVE };

	(void)state;
	root_clean();
	assert_false(guest_list_has(&guests, &guest));
	for (unsigned i = 0; i < MANY; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/etc/pve/%s/%u.conf", i % 2 ? "lxc" : "qemu-server",
			       100 + i / 3 * 2);
		root_put(path, "");
		(void)snprintf(path, sizeof(path), "/etc/vz/conf/%u.conf", 100 + i);
		root_put(path, "");
	}
	for (int twice = 0; twice < 2; twice++)
		assert_int_equal(guest_list_configured(&guests, NULL), 0);
	assert_int_equal(guests.count, MANY / 3 + MANY);
	for (size_t i = 0; i < guests.count; i++)
		assert_true(guest_list_has(&guests, &guests.list[i]));
	assert_int_equal(guest_init(&guest, GUEST_PVE, "101", NULL), 0);
	assert_false(guest_list_has(&guests, &guest));
	assert_int_equal(guest_init(&guest, GUEST_VZ, "101", NULL), 0);
	assert_true(guest_list_has(&guests, &guest));
	guest_list_done(&guests);
	root_clean();
}

int main(void)
{
	static struct table table;

	TABLE_TEST(&table, many);
	TABLE_ROWS(&table, recorded, rows);
	return table_run(&table, root_setup, root_teardown);
}

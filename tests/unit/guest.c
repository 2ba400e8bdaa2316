/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which ids a guest can have, and its list of addresses. */

#include "guest/guest.h"

#include <errno.h>
#include <string.h>

#include "table.h"

#define LETTERS_64 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl"

/* full is NULL for what is refused. */
static const struct row {
	const char *name;
	enum guest_kind kind;
	const char *id;
	const char *full;
	const char *error;
} rows[] = {
	{ "the first VMID", GUEST_PVE, "100", "pve/100", NULL },
	{ "the last VMID", GUEST_PVE, "999999999", "pve/999999999", NULL },
	{ "VMID 99", GUEST_PVE, "99", NULL, "'99' is no VMID (100 to 999999999)" },
	{ "ten digits", GUEST_PVE, "1000000000", NULL, "'1000000000' is no VMID (100 to 999999999)" },
	{ "20 digits", GUEST_PVE, "12345678901234567890", NULL,
	  "'12345678901234567890' is no VMID (100 to 999999999)" },
	{ "VMID 0", GUEST_PVE, "0", NULL, "'0' is no VMID (100 to 999999999)" },
	{ "leading zero", GUEST_PVE, "0101", NULL, "'0101' is no VMID (100 to 999999999)" },
	{ "minus", GUEST_PVE, "-101", NULL, "'-101' is no VMID (100 to 999999999)" },
	{ "letters", GUEST_PVE, "web", NULL, "'web' is no VMID (100 to 999999999)" },
	{ "empty VMID", GUEST_PVE, "", NULL, "'' is no VMID (100 to 999999999)" },
	{ "trailing newline", GUEST_PVE, "101\n", NULL, "'101?' is no VMID (100 to 999999999)" },
	{ "a path", GUEST_PVE, "../101", NULL, "'../101' is no VMID (100 to 999999999)" },
	{ "a long one is cut", GUEST_PVE, "1234567890123456789012345678901234567890", NULL,
	  "'123456789012345678901234567890123456...' is no VMID (100 to 999999999)" },
	{ "an LXC name", GUEST_LXC, "web-1.example_a+b", "lxc/web-1.example_a+b", NULL },
	{ "a number as LXC name", GUEST_LXC, "7", "lxc/7", NULL },
	{ "64 bytes", GUEST_LXC, LETTERS_64, "lxc/" LETTERS_64, NULL },
	{ "65 bytes", GUEST_LXC, LETTERS_64 "m", NULL, "'abcdefghijklmnopqrstuvwxyzabcdefghij...' is no guest name" },
	{ "an lxcpath", GUEST_LXC, "web@/srv/lxc", "lxc/web@/srv/lxc", NULL },
	{ "the usual lxcpath", GUEST_LXC, "web@/var/lib/lxc", NULL, "'web@/var/lib/lxc' is no guest name" },
	{ "no whole lxcpath", GUEST_LXC, "web@srv", NULL, "'web@srv' is no guest name" },
	{ "an empty lxcpath", GUEST_LXC, "web@", NULL, "'web@' is no guest name" },
	{ "a blank in an lxcpath", GUEST_LXC, "web@/a b", NULL, "'web@/a b' is no guest name" },
	{ "a second text for an lxcpath", GUEST_LXC, "web@/%61", NULL, "'web@/%61' is no guest name" },
	{ "small digits", GUEST_LXC, "web@/%3a", NULL, "'web@/%3a' is no guest name" },
	{ "a NUL in an lxcpath", GUEST_LXC, "web@/%00", NULL, "'web@/%00' is no guest name" },
	{ "a cut off byte", GUEST_LXC, "web@/%3", NULL, "'web@/%3' is no guest name" },
	{ "no name before an lxcpath", GUEST_LXC, "@/srv", NULL, "'@/srv' is no guest name" },
	{ "an lxcpath is LXC's alone", GUEST_VZ, "web@/srv", NULL, "'web@/srv' is no guest name" },
	{ "a CTID", GUEST_VZ, "101", "vz/101", NULL },
	{ "a UUID", GUEST_VZ, "6b18a1f4-4f2c-4b6e-9d52-0d2b5c1f1b7a", "vz/6b18a1f4-4f2c-4b6e-9d52-0d2b5c1f1b7a", NULL },
	{ "empty name", GUEST_LXC, "", NULL, "'' is no guest name" },
	{ "a name with a slash", GUEST_LXC, "a/b", NULL, "'a/b' is no guest name" },
	{ "dot dot", GUEST_LXC, "..", NULL, "'..' is no guest name" },
	{ "a hidden name", GUEST_LXC, ".web", NULL, "'.web' is no guest name" },
	{ "an option", GUEST_LXC, "-web", NULL, "'-web' is no guest name" },
	{ "a blank", GUEST_VZ, "we b", NULL, "'we b' is no guest name" },
	{ "a newline", GUEST_VZ, "web\n", NULL, "'web?' is no guest name" },
	{ "a byte over 127", GUEST_LXC, "w\xc3\xa4", NULL, "'w\xc3\xa4' is no guest name" },
};

static void init(void **state)
{
	const struct row *row = *state;
	struct guest before;
	struct guest guest;
	struct err err = { 0 };
	char name[GUEST_NAME_SIZE];

	memset(&guest, 0x5a, sizeof(guest));
	before = guest;
	if (!row->full) {
		assert_int_equal(guest_init(&guest, row->kind, row->id, &err), -EINVAL);
		assert_string_equal(err.text, row->error);
		assert_memory_equal(&guest, &before, sizeof(guest));
		return;
	}
	assert_int_equal(guest_init(&guest, row->kind, row->id, &err), 0);
	assert_string_equal(guest_name(&guest, name), row->full);
	assert_int_equal(guest.nic_count + guest.ip_count + guest.hooked + guest.device[0], 0);
}

static void addresses(void **state)
{
	struct guest guest = { .kind = GUEST_PVE };
	struct ip ip;

	(void)state;
	assert_int_equal(ip_parse("10.0.0.0", &ip), 0);
	for (unsigned i = 0; i < GUEST_IPS_MAX; i++) {
		ip.bytes[3] = (uint8_t)i;
		assert_int_equal(guest_add_ip(&guest, &ip), 0);
		assert_int_equal(guest_add_ip(&guest, &ip), 0);
		assert_int_equal(guest.ip_count, i + 1);
	}
	ip.bytes[2] = 1;
	assert_int_equal(guest_add_ip(&guest, &ip), -ENOSPC);
	assert_int_equal(guest.ip_count, GUEST_IPS_MAX);
	/* One that it has already needs no room. */
	ip.bytes[2] = 0;
	assert_int_equal(guest_add_ip(&guest, &ip), 0);
}

/* One address on two NICs is one of the guest's, and each NIC's. */
static void nic_addresses(void **state)
{
	struct guest guest;
	struct guest copy;
	struct guest_ip ip = { .prefix = 24 };

	(void)state;
	assert_int_equal(guest_init(&guest, GUEST_PVE, "101", NULL), 0);
	assert_int_equal(ip_parse("10.0.0.0", &ip.ip), 0);
	for (unsigned i = 0; i < 2; i++) {
		struct guest_nic *nic = guest_add_nic(&guest, i);

		assert_non_null(nic);
		for (unsigned j = 0; j < GUEST_NIC_IPS_MAX; j++) {
			ip.ip.bytes[3] = (uint8_t)j;
			assert_int_equal(guest_add_nic_ip(&guest, nic, &ip), 0);
		}
		ip.ip.bytes[3] = 200;
		assert_int_equal(guest_add_nic_ip(&guest, nic, &ip), -ENOSPC);
		assert_int_equal(nic->ip_count, GUEST_NIC_IPS_MAX);
	}
	assert_int_equal(guest.ip_count, GUEST_NIC_IPS_MAX);
	notes_add(&guest.notes, "a note");
	guest_copy(&copy, &guest);
	assert_int_equal(copy.nics[1].ips[15].prefix, 24);
	assert_int_equal(copy.notes.count, 1);
	assert_string_equal(copy.notes.line[0], "a note");
	guest_clear(&guest);
	assert_int_equal(guest.nic_count + guest.ip_count + guest.notes.count, 0);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, init, rows);
	TABLE_TEST(&table, addresses);
	TABLE_TEST(&table, nic_addresses);
	return table_run(&table, NULL, NULL);
}

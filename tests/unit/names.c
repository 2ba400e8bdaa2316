/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which names belong into the table, and what a name is. */

#include "table.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "kernel/quiet.h"
#include "kernel/quiet_message.h"
#include "plan/names.h"
#include "policy/key.h"

#define FIREWALL "fwbr101i* fwln101i* fwln101o* fwpr101p*"
#define PORTS    "tap101i* veth101i*"

/* A guest with one bridged NIC, unless it says otherwise. names: "!" for those that are left alone. */
static const struct row {
	const char *name;
	enum guest_kind kind;
	const char *id;
	bool unmanaged;
	bool all; /* the key "*" covers every guest */
	bool others_leave;
	bool leave;
	bool leave_ports;
	bool broken;
	enum names_ports ports;
	const char *names;
} rows[] = {
	{ .name = "one guest", .ports = NAMES_PORTS_BRIDGED, .names = FIREWALL " " PORTS },
	{ .name = "nobody's", .unmanaged = true, .ports = NAMES_PORTS_BRIDGED, .names = "" },
	{ .name = "its configuration cannot be read", .ports = NAMES_PORTS_UNKNOWN, .names = FIREWALL },
	{ .name = "a routed port is left alone",
	  .ports = NAMES_PORTS_ROUTED,
	  .names = FIREWALL " !tap101i* !veth101i*" },
	{ .name = "ports leave", .leave_ports = true, .ports = NAMES_PORTS_BRIDGED, .names = FIREWALL },
	{ .name = "firewall_bridge leave", .leave = true, .ports = NAMES_PORTS_BRIDGED, .names = PORTS },
	{ .name = "both leave", .leave = true, .leave_ports = true, .ports = NAMES_PORTS_BRIDGED, .names = "" },
	{ .name = "every guest", .all = true, .ports = NAMES_PORTS_BRIDGED, .names = "fwbr1* fwln1* fwpr1* " PORTS },
	{ .name = "every guest but this one",
	  .all = true,
	  .leave = true,
	  .ports = NAMES_PORTS_UNKNOWN,
	  .names = "!fwbr101i* !fwln101i* !fwln101o* !fwpr101p*" },
	{ .name = "every guest is left alone, but this one",
	  .all = true,
	  .others_leave = true,
	  .ports = NAMES_PORTS_UNKNOWN,
	  .names = FIREWALL },
	{ .name = "every guest is left alone",
	  .all = true,
	  .others_leave = true,
	  .leave = true,
	  .ports = NAMES_PORTS_UNKNOWN,
	  .names = "" },
	{ .name = "a policy with a mistake",
	  .leave = true,
	  .broken = true,
	  .ports = NAMES_PORTS_UNKNOWN,
	  .names = FIREWALL },
	{ .name = "the longest VMID",
	  .id = "999999999",
	  .ports = NAMES_PORTS_UNKNOWN,
	  .names = "fwbr999999999i* fwln999999999i* fwln999999999o* fwpr999999999p*" },
	{ .name = "a plain container", .kind = GUEST_LXC, .id = "101", .ports = NAMES_PORTS_BRIDGED, .names = "" },
};

static void plan(void **state)
{
	const struct row *row = *state;
	struct policy policy;
	struct guest guest;
	struct quiet_names list = { 0 };
	struct names names;
	char text[400] = "";

	key_defaults(&policy);
	policy.all = row->all;
	policy.quiet = !row->leave;
	policy.quiet_others = !row->others_leave;
	policy.quiet_ports = !row->leave_ports;
	policy.broken = row->broken;
	assert_int_equal(guest_init(&guest, row->kind, row->id ? row->id : "101", NULL), 0);
	names = names_plan(&guest, &policy, !row->unmanaged, row->ports);
	assert_int_equal(names_add(&names, &guest, &list), 0);
	quiet_names_sort(&list);
	for (size_t i = 0; i < list.count; i++)
		(void)text_append(text, sizeof(text), "%s%s%s", i ? " " : "", list.list[i].loud ? "!" : "",
				  list.list[i].text);
	assert_string_equal(text, row->names);
	quiet_names_done(&list);
}

/* What was added for a guest is known again as its own. */
static void parse(void **state)
{
	static const char *const others[] = { "fwbr*",    "vmbr9",    "fwbr101i0", "fwbr101p*", "fwpr101i*",
					      "fwbr99i*", "fwbr101i", "tap101o*",  "veth0i*",   "fwbr1234567890*" };
	struct guest guest;
	struct guest again;
	struct quiet_names list = { 0 };
	bool port;

	(void)state;
	assert_int_equal(guest_init(&guest, GUEST_PVE, "123456789", NULL), 0);
	assert_int_equal(names_add_firewall(&guest, false, &list), 0);
	assert_int_equal(names_add_ports(&guest, false, &list), 0);
	assert_int_equal(list.count, 6);
	for (size_t i = 0; i < list.count; i++) {
		assert_true(names_parse(list.list[i].text, &again, &port));
		assert_string_equal(again.id, guest.id);
		assert_int_equal(port, i >= 4);
	}
	quiet_names_done(&list);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(names_parse(others[i], &again, &port));
}

static void ports(void **state)
{
	struct guest guest;

	(void)state;
	assert_int_equal(guest_init(&guest, GUEST_PVE, "101", NULL), 0);
	assert_int_equal(names_ports_of(&guest), NAMES_PORTS_UNKNOWN);
	(void)snprintf(guest_add_nic(&guest, 0)->bridge, IFNAMSIZ, "vmbr0");
	assert_int_equal(names_ports_of(&guest), NAMES_PORTS_BRIDGED);
	guest_add_nic(&guest, 1)->skipped = true;
	assert_int_equal(names_ports_of(&guest), NAMES_PORTS_BRIDGED);
	assert_non_null(guest_add_nic(&guest, 2));
	assert_int_equal(names_ports_of(&guest), NAMES_PORTS_UNKNOWN);
	(void)snprintf(guest.nics[2].bridge, IFNAMSIZ, "vmbr0");
	assert_int_equal(names_ports_of(&guest), NAMES_PORTS_BRIDGED);
	guest.nics[2].routed = true;
	assert_int_equal(names_ports_of(&guest), NAMES_PORTS_UNKNOWN);
}

static void cover(void **state)
{
	struct quiet_names list = { 0 };

	(void)state;
	assert_false(quiet_names_cover(&list, "fwbr101i0"));
	assert_int_equal(quiet_names_add(&list, "vmbr9", false), 0);
	assert_int_equal(quiet_names_add(&list, "fwbr*", false), 0);
	assert_int_equal(quiet_names_add(&list, "fwbr*", false), 0);
	assert_int_equal(quiet_names_add(&list, "fwbr102i*", true), 0);
	assert_int_equal(quiet_names_add(&list, "fwbr123456789i*", false), 0);
	quiet_names_sort(&list);
	assert_int_equal(list.count, 4);
	assert_true(quiet_names_cover(&list, "fwbr101i0"));
	assert_true(quiet_names_cover(&list, "fwbr123456789i0"));
	assert_true(quiet_names_cover(&list, "vmbr9"));
	assert_false(quiet_names_cover(&list, "vmbr90"));
	assert_false(quiet_names_cover(&list, "fwbr102i0"));
	assert_true(quiet_names_cover(&list, "fwbr1021i0"));
	assert_false(quiet_names_cover(&list, "fwb"));
	quiet_names_done(&list);
}

/* As nft sends them: the last key is not in the interval. */
static void intervals(void **state)
{
	char first[IFNAMSIZ];
	char behind[IFNAMSIZ];

	(void)state;
	quiet_interval("fwbr101i*", first, behind);
	assert_memory_equal(first, "fwbr101i\0\0\0\0\0\0\0\0", IFNAMSIZ);
	assert_memory_equal(behind, "fwbr101j\0\0\0\0\0\0\0\0", IFNAMSIZ);
	quiet_interval("vmbr9", first, behind);
	assert_memory_equal(first, "vmbr9\0\0\0\0\0\0\0\0\0\0\0", IFNAMSIZ);
	assert_memory_equal(behind, "vmbr9\0\0\0\0\0\0\0\0\0\0\1", IFNAMSIZ);
	quiet_interval("fwbr999999999i*", first, behind);
	assert_memory_equal(first, "fwbr999999999i\0\0", IFNAMSIZ);
	assert_memory_equal(behind, "fwbr999999999j\0\0", IFNAMSIZ);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, plan, rows);
	TABLE_TEST(&table, parse);
	TABLE_TEST(&table, ports);
	TABLE_TEST(&table, cover);
	TABLE_TEST(&table, intervals);
	return table_run(&table, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which ports of a bridge are a guest's, by their names. */

#include "kernel/bridge.h"

#include "table.h"

static const struct row {
	const char *name;
	bool guests;
} rows[] = {
	{ "tap101i0", true },   { "veth101i0", true }, { "fwpr101p0", true }, { "fwln101i0", true },
	{ "vnet0", true },      { "vif1.0", true },    { "vb-web", true },    { "ve-web", true },
	{ "vxlan7", true },     { "eth0", false },     { "eno1", false },     { "enp3s0f0", false },
	{ "eno1.100", false },  { "bond0", false },    { "wlan0", false },    { "vlan100", false },
	{ "virt0", false },     { "ta", false },       { "", false },         { "mytap0", false },
	{ "Veth101i0", false },
};

static void port_is_guests(void **state)
{
	const struct row *row = *state;

	assert_int_equal(bridge_port_is_guests(row->name), row->guests);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, port_is_guests, rows);
	return table_run(&table, NULL, NULL);
}

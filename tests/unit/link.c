/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device's master makes of it, as the kernel tells it (rtnl_link_slave_info_fill()). */

#include "kernel/link.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

#include "kernel/netlink.h"
#include "table.h"

static const struct row {
	const char *name;
	uint32_t master;
	const char *slave;  /* IFLA_INFO_SLAVE_KIND; NULL where the kernel does not tell it */
	uint32_t vrf_table; /* IFLA_VRF_PORT_TABLE; 0 for none */
	bool port;
	unsigned table;
} rows[] = {
	{ "no master", 0, NULL, 0, false, 0 },
	{ "a bridge's port", 10, "bridge", 0, true, 0 },
	{ "a bond's slave", 10, "bond", 0, true, 0 },
	{ "a kernel that tells no kind (before 3.14)", 10, NULL, 0, true, 0 },
	{ "a VRF's device", 10, "vrf", 10, false, 10 },
	{ "a VRF's device, a table that needs 32 bits", 10, "vrf", 1001, false, 1001 },
	{ "a number of another kind of slave", 10, "bridge", 1001, true, 0 },
};

static void parsed(void **state)
{
	const struct row *row = *state;
	const struct ifinfomsg info = { .ifi_index = 3 };
	CLEANUP(nl_msg) struct nl_msg *msg = netlink_message(RTM_NEWLINK, 0, &info, sizeof(info));
	struct nlattr *linkinfo;
	struct nlattr *data;
	struct link link;

	assert_non_null(msg);
	assert_int_equal(nla_put_string(msg, IFLA_IFNAME, "eth3"), 0);
	if (row->master)
		assert_int_equal(nla_put_u32(msg, IFLA_MASTER, row->master), 0);
	linkinfo = nla_nest_start(msg, IFLA_LINKINFO);
	assert_non_null(linkinfo);
	if (row->slave)
		assert_int_equal(nla_put_string(msg, IFLA_INFO_SLAVE_KIND, row->slave), 0);
	data = nla_nest_start(msg, IFLA_INFO_SLAVE_DATA);
	assert_non_null(data);
	if (row->vrf_table)
		assert_int_equal(nla_put_u32(msg, IFLA_VRF_PORT_TABLE, row->vrf_table), 0);
	(void)nla_nest_end(msg, data);
	(void)nla_nest_end(msg, linkinfo);

	assert_int_equal(link_parse(nlmsg_hdr(msg), &link), 0);
	assert_string_equal(link.name, "eth3");
	assert_int_equal(link.master, row->master);
	assert_int_equal(link.port, row->port);
	assert_int_equal(link.table, row->table);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, parsed, rows);
	return table_run(&table, NULL, NULL);
}

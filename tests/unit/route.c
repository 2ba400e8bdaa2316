/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Look-ups where there is no route, in a network namespace of the test's own. */

#include "kernel/route.h"

#include <errno.h>
#include <sched.h>

#include "kernel/netlink.h"
#include "table.h"

static bool have_namespace;

static int setup(void **state)
{
	(void)state;
	have_namespace = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
	return 0;
}

static const struct row {
	const char *name;
	struct ip ip;
} rows[] = {
	{ "IPv4", { AF_INET, { 192, 0, 2, 7 } } },
	{ "IPv6", { AF_INET6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 } } },
};

/* That there is none is an answer: an error that was found before is not written over. */
static void no_route(void **state)
{
	const struct row *row = *state;
	CLEANUP(netlink) struct netlink *nl = NULL;
	struct err err = { .code = EIO, .text = "before" };
	struct route route;
	struct ip gateway;
	int ifindex;

	if (!have_namespace)
		skip();
	assert_int_equal(netlink_open(&nl, NULL), 0);
	assert_int_equal(route_lookup(nl, 0, &row->ip, &route, &err), 0);
	assert_int_equal(route.ifindex, 0);
	assert_int_equal(route_gateway(nl, row->ip.family, 0, &gateway, &ifindex, &err), 0);
	assert_int_equal(ifindex, 0);
	assert_int_equal(err.code, EIO);
	assert_string_equal(err.text, "before");
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, no_route, rows);
	return table_run(&table, setup, NULL);
}

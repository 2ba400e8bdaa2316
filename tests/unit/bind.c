/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses are bound and routed, for each usual set-up. */

#include "table.h"

#include <string.h>

#include "base/ip.h"
#include "plan/bind.h"

#define ADDRESSES_MAX 4

/* eth3 is 3, vmbr1 10, vmbr2 20, a port of vmbr1 11. */
enum { NONE = 0, ETH3 = 3, VMBR1 = 10, PORT1 = 11, VMBR2 = 20, VENET = 30, VRF = 40, IN_VRF = 41 };

static const struct row {
	const char *name;
	const char *ip;
	bool named;
	int device; /* that is to answer */
	int route;  /* towards the guest */
	int bridge; /* the NIC's */
	struct {
		const char *ip; /* with its prefix */
		int ifindex;
	} host[ADDRESSES_MAX];
	const char *gateway;
	int gateway_ifindex;
	enum bind_verdict entry;
	enum bind_verdict routed;
} rows[] = {
	{ "a single address, routed through a bridge",
	  "192.0.2.7",
	  false,
	  ETH3,
	  VMBR1,
	  VMBR1,
	  { { "192.0.2.1/24", ETH3 } },
	  NULL,
	  0,
	  BIND_YES,
	  BIND_YES },
	{ "the host's own address on the bridge as /32",
	  "192.0.2.7",
	  false,
	  ETH3,
	  VMBR1,
	  VMBR1,
	  { { "192.0.2.1/32", ETH3 }, { "192.0.2.1/32", VMBR1 } },
	  "192.0.2.254",
	  ETH3,
	  BIND_YES,
	  BIND_YES },
	{ "proxy-subnetting: the bridge has a part of the card's prefix",
	  "192.0.2.70",
	  false,
	  ETH3,
	  NONE,
	  VMBR1,
	  { { "192.0.2.1/24", ETH3 }, { "192.0.2.65/26", VMBR1 } },
	  NULL,
	  0,
	  BIND_YES,
	  BIND_YES },
	{ "an on-link /64",
	  "2001:db8::7",
	  false,
	  ETH3,
	  NONE,
	  VMBR1,
	  { { "2001:db8::2/64", ETH3 }, { "2001:db8::3/80", VMBR1 } },
	  NULL,
	  0,
	  BIND_YES,
	  BIND_YES },
	{ "a public prefix that is routed to the host",
	  "198.51.100.7",
	  false,
	  ETH3,
	  NONE,
	  VMBR1,
	  { { "192.0.2.1/24", ETH3 }, { "198.51.100.1/29", VMBR1 } },
	  NULL,
	  0,
	  BIND_YES,
	  BIND_YES },
	{ "a private network behind NAT",
	  "10.0.0.5",
	  false,
	  ETH3,
	  VMBR2,
	  VMBR2,
	  { { "192.0.2.1/24", ETH3 }, { "10.0.0.1/24", VMBR2 } },
	  NULL,
	  0,
	  BIND_PRIVATE,
	  BIND_PRIVATE },
	{ "unique local",
	  "fd00::5",
	  false,
	  ETH3,
	  NONE,
	  VMBR2,
	  { { "fd00::1/64", VMBR2 } },
	  NULL,
	  0,
	  BIND_PRIVATE,
	  BIND_YES },
	{ "shared address space",
	  "100.64.0.5",
	  false,
	  ETH3,
	  NONE,
	  VMBR2,
	  { { "100.64.0.1/24", VMBR2 } },
	  NULL,
	  0,
	  BIND_PRIVATE,
	  BIND_YES },
	{ "private, and on the card's own network",
	  "192.168.18.101",
	  false,
	  ETH3,
	  NONE,
	  VMBR1,
	  { { "192.168.18.13/24", ETH3 }, { "192.168.18.65/26", VMBR1 } },
	  NULL,
	  0,
	  BIND_YES,
	  BIND_YES },
	{ "private, and the policy names it",
	  "10.0.0.5",
	  true,
	  ETH3,
	  NONE,
	  VMBR2,
	  { { "10.0.0.1/24", VMBR2 } },
	  NULL,
	  0,
	  BIND_YES,
	  BIND_YES },
	{ "private, and nobody's network",
	  "10.9.0.5",
	  false,
	  ETH3,
	  VMBR2,
	  VMBR2,
	  { { "10.0.0.1/24", VMBR2 } },
	  NULL,
	  0,
	  BIND_YES,
	  BIND_YES },
	{ "the chosen device is its own bridge",
	  "192.0.2.7",
	  true,
	  VMBR1,
	  NONE,
	  VMBR1,
	  { { NULL, 0 } },
	  NULL,
	  0,
	  BIND_OWN_BRIDGE,
	  BIND_YES },
	{ "the chosen device is a port of its own bridge",
	  "192.0.2.7",
	  false,
	  PORT1,
	  NONE,
	  VMBR1,
	  { { NULL, 0 } },
	  NULL,
	  0,
	  BIND_OWN_BRIDGE,
	  BIND_YES },
	{ "a route by another bridge",
	  "192.0.2.7",
	  false,
	  ETH3,
	  VMBR1,
	  VMBR2,
	  { { NULL, 0 } },
	  NULL,
	  0,
	  BIND_YES,
	  BIND_OTHER_BRIDGE },
	{ "a route by a port of a bridge",
	  "192.0.2.7",
	  false,
	  ETH3,
	  PORT1,
	  NONE,
	  { { NULL, 0 } },
	  NULL,
	  0,
	  BIND_YES,
	  BIND_PORT },
	{ "a route by a device of a VRF",
	  "192.0.2.7",
	  false,
	  ETH3,
	  IN_VRF,
	  NONE,
	  { { NULL, 0 } },
	  NULL,
	  0,
	  BIND_YES,
	  BIND_YES },
	{ "OpenVZ's venet",
	  "192.0.2.7",
	  false,
	  ETH3,
	  VENET,
	  NONE,
	  { { "192.0.2.1/24", ETH3 } },
	  NULL,
	  0,
	  BIND_YES,
	  BIND_YES },
	{ "the host's own address",
	  "192.0.2.1",
	  true,
	  ETH3,
	  VMBR1,
	  VMBR1,
	  { { "192.0.2.1/24", ETH3 } },
	  NULL,
	  0,
	  BIND_HOSTS_OWN,
	  BIND_HOSTS_OWN },
	{ "the gateway",
	  "192.0.2.254",
	  true,
	  ETH3,
	  VMBR1,
	  VMBR1,
	  { { "192.0.2.1/24", ETH3 } },
	  "192.0.2.254",
	  ETH3,
	  BIND_GATEWAY,
	  BIND_GATEWAY },
	{ "a firewall guest that is the host's gateway",
	  "192.0.2.254",
	  false,
	  ETH3,
	  NONE,
	  VMBR1,
	  { { "192.0.2.1/24", VMBR1 } },
	  "192.0.2.254",
	  VMBR1,
	  BIND_YES,
	  BIND_YES },
	{ "another family's gateway",
	  "192.0.2.254",
	  false,
	  ETH3,
	  NONE,
	  VMBR1,
	  { { NULL, 0 } },
	  "2001:db8::1",
	  ETH3,
	  BIND_YES,
	  BIND_YES },
	{ "outside of what is allowed",
	  "192.0.2.7",
	  true,
	  ETH3,
	  VMBR1,
	  VMBR1,
	  { { "192.0.2.1/24", ETH3 } },
	  NULL,
	  0,
	  BIND_NOT_ALLOWED,
	  BIND_NOT_ALLOWED },
	{ "link-local",
	  "169.254.1.1",
	  true,
	  ETH3,
	  VMBR1,
	  VMBR1,
	  { { NULL, 0 } },
	  NULL,
	  0,
	  BIND_LINK_LOCAL,
	  BIND_LINK_LOCAL },
	{ "link-local, IPv6",
	  "fe80::1",
	  true,
	  ETH3,
	  VMBR1,
	  VMBR1,
	  { { NULL, 0 } },
	  NULL,
	  0,
	  BIND_LINK_LOCAL,
	  BIND_LINK_LOCAL },
};

static struct link link_of(int ifindex)
{
	struct link link = { .ifindex = ifindex, .master = ifindex == PORT1 ? VMBR1 : 0, .port = ifindex == PORT1 };

	if (ifindex == IN_VRF)
		link.master = VRF;
	if (ifindex == VMBR1 || ifindex == VMBR2)
		memcpy(link.kind, "bridge", sizeof("bridge"));
	return link;
}

static void decide(void **state)
{
	const struct row *row = *state;
	const struct link device = link_of(row->device);
	const struct link route = link_of(row->route);
	const struct link bridge = link_of(row->bridge);
	struct address list[ADDRESSES_MAX] = { 0 };
	struct addresses addresses = { .list = list };
	struct ip ip;
	struct bind_question question = {
		.ip = &ip,
		.allowed = row->entry != BIND_NOT_ALLOWED,
		.named = row->named,
		.device = &device,
		.bridge = row->bridge ? &bridge : NULL,
		.addresses = &addresses,
		.gateway_ifindex = row->gateway_ifindex,
	};

	assert_int_equal(ip_parse(row->ip, &ip), 0);
	for (size_t i = 0; i < ADDRESSES_MAX && row->host[i].ip; i++) {
		struct address *address = &addresses.list[addresses.count++];
		uint8_t prefix;

		assert_int_equal(ip_parse_prefix(row->host[i].ip, &address->ip, &prefix), 0);
		address->prefix = prefix;
		address->ifindex = row->host[i].ifindex;
	}
	if (row->gateway)
		assert_int_equal(ip_parse(row->gateway, &question.gateway), 0);
	assert_int_equal(bind_entry(&question), row->entry);
	if (row->route) {
		question.device = &route;
		assert_int_equal(bind_route(&question), row->routed);
	}
}

static void reasons(void **state)
{
	(void)state;
	for (enum bind_verdict verdict = BIND_NOT_ALLOWED; verdict <= BIND_PORT; verdict++)
		assert_true(strlen(bind_reason(verdict)) > 0);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, decide, rows);
	TABLE_TEST(&table, reasons);
	return table_run(&table, NULL, NULL);
}

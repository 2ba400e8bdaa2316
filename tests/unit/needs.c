/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a plan needs to be told of the host, in words and in the order in which it is asked for. */

#include "plan/needs.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/ip.h"
#include "base/text.h"
#include "policy/key.h"
#include "table.h"

struct nic {
	const char *bridge;
	unsigned tag;
	const char *firewall;
	const char *ip;
};

static const struct row {
	const char *name;
	struct nic nics[3];
	const char *ips[4]; /* that are no NIC's */
	const char *device; /* policy's */
	const char *route;
	const char *net1; /* policy's device for net1 */
	const char *devices[3];
	bool leave; /* MACs */
	const char *prepare;
	const char *quiet;
	const char *up;
} rows[] = {
	{ .name = "a guest without anything", .prepare = "", .quiet = "", .up = "" },
	{ .name = "bridges, and that of a VLAN",
	  .nics = { { "vmbr0", 0, "", NULL }, { "vmbr1", 7, "", NULL } },
	  .prepare = "bridge vmbr0, bridge vmbr1, bridge vmbr1v7",
	  .quiet = "",
	  .up = "vrf vmbr0, vrf vmbr1" },
	{ .name = "a bridge of two NICs once",
	  .nics = { { "vmbr0", 0, "fwbr101i0", NULL }, { "vmbr0", 0, "fwbr101i1", NULL } },
	  .prepare = "bridge vmbr0",
	  .quiet = "device fwbr101i0, device fwbr101i1",
	  .up = "vrf vmbr0" },
	{ .name = "an address that is not bound: whose it is",
	  .nics = { { "vmbr0", 0, "", "192.0.2.7" } },
	  .prepare = "bridge vmbr0",
	  .quiet = "",
	  .up = "device vmbr0, vrf vmbr0" },
	{ .name = "bound and routed",
	  .ips = { "192.0.2.7", "192.0.2.8" },
	  .device = "eth3",
	  .route = "veth0",
	  .prepare = "device eth3, base eth3",
	  .quiet = "",
	  .up = "device veth0, device eth3, addresses 4, vrf eth3, gateway 4" },
	{ .name = "of both families",
	  .ips = { "2001:db8::7", "192.0.2.7" },
	  .device = "eth3",
	  .prepare = "device eth3, base eth3",
	  .quiet = "",
	  .up = "device eth3, addresses 4, addresses 6, vrf eth3, gateway 4, gateway 6" },
	{ .name = "IPv6 alone: who could answer, and not IPv4's gateway",
	  .ips = { "2001:db8::7" },
	  .device = "eth3",
	  .prepare = "device eth3, base eth3",
	  .quiet = "",
	  .up = "device eth3, addresses 4, addresses 6, vrf eth3, gateway 6" },
	{ .name = "routed alone",
	  .ips = { "192.0.2.7" },
	  .route = "veth0",
	  .prepare = "",
	  .quiet = "",
	  .up = "device veth0, addresses 4, gateway 4" },
	{ .name = "policy's devices where something is bound",
	  .ips = { "192.0.2.7" },
	  .device = "eth3",
	  .devices = { "eth0", "eth3" },
	  .prepare = "device eth3, device eth0, base eth3",
	  .quiet = "",
	  .up = "device eth3, device eth0, addresses 4, vrf eth3, gateway 4" },
	{ .name = "policy's devices where nothing is",
	  .devices = { "eth0" },
	  .prepare = "device eth0",
	  .quiet = "",
	  .up = "" },
	{ .name = "one device for each NIC",
	  .nics = { { "vmbr0", 0, "", "192.0.2.7" }, { "vmbr0", 0, "", "192.0.2.8" } },
	  .device = "eth3",
	  .net1 = "eth4",
	  .prepare = "device eth3, device eth4, bridge vmbr0, base eth3, base eth4",
	  .quiet = "",
	  .up = "device eth3, device eth4, addresses 4, device vmbr0, vrf vmbr0, vrf eth3, vrf eth4, gateway 4" },
	{ .name = "MACs are left alone",
	  .nics = { { "vmbr0", 0, "", NULL } },
	  .ips = { "192.0.2.7" },
	  .device = "eth3",
	  .leave = true,
	  .prepare = "device eth3",
	  .quiet = "",
	  .up = "device eth3, addresses 4, vrf vmbr0, vrf eth3, gateway 4" },
};

static void make_guest(const struct row *row, struct guest *guest)
{
	assert_int_equal(guest_init(guest, GUEST_PVE, "101", NULL), 0);
	for (unsigned i = 0; i < 3 && row->nics[i].bridge; i++) {
		struct guest_nic *nic = guest_add_nic(guest, i);
		struct guest_ip ip = { .prefix = 24 };

		(void)text_copy(nic->bridge, sizeof(nic->bridge), row->nics[i].bridge);
		(void)text_copy(nic->firewall_bridge, sizeof(nic->firewall_bridge), row->nics[i].firewall);
		nic->tag = (uint16_t)row->nics[i].tag;
		if (!row->nics[i].ip)
			continue;
		assert_int_equal(ip_parse(row->nics[i].ip, &ip.ip), 0);
		assert_int_equal(guest_add_nic_ip(guest, nic, &ip), 0);
	}
	for (size_t i = 0; i < 4 && row->ips[i]; i++) {
		struct ip ip;

		assert_int_equal(ip_parse(row->ips[i], &ip), 0);
		assert_int_equal(guest_add_ip(guest, &ip), 0);
	}
}

static void make_policy(const struct row *row, struct policy *policy)
{
	key_defaults(policy);
	policy->pin = !row->leave;
	if (row->device)
		(void)text_copy(policy->device, sizeof(policy->device), row->device);
	if (row->route)
		(void)text_copy(policy->route, sizeof(policy->route), row->route);
	if (row->net1) {
		policy->nics[0] = (struct policy_nic){ .index = 1, .has_device = true, .addresses_from_config = true };
		(void)text_copy(policy->nics[0].device, sizeof(policy->nics[0].device), row->net1);
		policy->nic_count = 1;
	}
	for (size_t i = 0; i < 3 && row->devices[i]; i++) {
		struct policy_device *device = &policy->devices[policy->device_count++];

		memset(device, 0, sizeof(*device));
		(void)text_copy(device->name, sizeof(device->name), row->devices[i]);
	}
}

/* Ends the needs, too. */
static const char *in_words(struct needs *needs, char *text, size_t size)
{
	static const char *const kinds[] = {
		[NEED_DEVICE] = "device", [NEED_BRIDGE] = "bridge",       [NEED_BASE] = "base",
		[NEED_VRF] = "vrf",       [NEED_ADDRESSES] = "addresses", [NEED_GATEWAY] = "gateway",
	};

	text[0] = '\0';
	for (size_t i = 0; i < needs->count; i++) {
		const struct need *need = &needs->list[i];
		const char *family = need->family == AF_INET ? "4" : "6";

		(void)text_append(text, size, "%s%s %s", i ? ", " : "", kinds[need->kind],
				  need->family ? family : need->device);
	}
	needs_done(needs);
	assert_int_equal(needs->count, 0);
	return text;
}

static void needed(void **state)
{
	static struct policy policy;
	static struct guest guest;
	const struct row *row = *state;
	struct needs needs = { 0 };
	char text[400];

	make_guest(row, &guest);
	make_policy(row, &policy);
	assert_int_equal(needs_prepare(&guest, &policy, &needs), 0);
	assert_string_equal(in_words(&needs, text, sizeof(text)), row->prepare);
	assert_int_equal(needs_quiet(&guest, &needs), 0);
	assert_string_equal(in_words(&needs, text, sizeof(text)), row->quiet);
	assert_int_equal(needs_up(&guest, &policy, &needs), 0);
	assert_string_equal(in_words(&needs, text, sizeof(text)), row->up);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, needed, rows);
	return table_run(&table, NULL, NULL);
}

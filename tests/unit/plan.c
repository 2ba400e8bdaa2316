/* SPDX-License-Identifier: GPL-2.0-or-later */
/* (guest, policy, facts) -> settings: each row says what the host has and wants the plan in words. */

#include "plan/plan.h"
#include "plan/choice.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "policy/key.h"
#include "table.h"

#define MACHINE "0123456789abcdef0123456789abcdef"

/* The guest of every row is pve/101; lists end with an empty item. */
struct nic {
	const char *bridge;
	unsigned tag;
};

enum bridge_state { NO_BRIDGE, FLOATING, FLOATING_WITH_UPLINK, PINNED };

struct host_link {
	const char *name;
	enum bridge_state bridge;
	bool carries_chosen;
};

struct host_address {
	const char *device;
	const char *ip;
};

struct value {
	const char *device;
	enum policy_value which;
	uint32_t value;
};

struct row {
	const char *name;
	/* the guest */
	struct nic nics[4];
	const char *ips[4];
	const char *own_device;
	/* the policy, beside the defaults */
	const char *device;
	const char *route;
	const char *addresses[3];
	struct value values[6];
	/* the host; the ifindex is the place in the list, from 1 */
	struct host_link links[8];
	struct host_address host_addresses[6];
	/* what comes of it: settings joined by "; ", the guest's own marked "*" */
	const char *plan;
	const char *error;
	const char *notes[3];
	/* firewall_bridge and bridge_mac "leave"; a host without /etc/machine-id */
	bool leave;
	bool unpinned;
	bool no_machine_id;
};

static const struct row prepares[] = {
	{ .name = "nothing to do", .plan = "" },
	{ .name = "an uplink's MAC is pinned",
	  .nics = { { "vmbr0", 0 } },
	  .links = { { "vmbr0", FLOATING_WITH_UPLINK } },
	  .plan = "vmbr0: MAC pinned to 02:0b:0b:00:00:01" },
	{ .name = "without an uplink the MAC is derived",
	  .nics = { { "vmbr1", 0 } },
	  .links = { { "vmbr1", FLOATING } },
	  .plan = "vmbr1: MAC pinned to 26:f4:21:53:7d:3f" },
	{ .name = "a pinned MAC is the one it has",
	  .nics = { { "vmbr0", 0 } },
	  .links = { { "vmbr0", PINNED } },
	  .plan = "vmbr0: MAC pinned to 02:aa:00:00:00:01" },
	{ .name = "the bridge of a VLAN, too",
	  .nics = { { "vmbr1", 7 } },
	  .links = { { "vmbr1", FLOATING_WITH_UPLINK }, { "vmbr1v7", FLOATING } },
	  .plan = "vmbr1: MAC pinned to 02:0b:0b:00:00:01; vmbr1v7: MAC pinned to d2:53:ce:d1:92:c7" },
	{ .name = "the bridge of a VLAN does not exist yet",
	  .nics = { { "vmbr1", 8 } },
	  .links = { { "vmbr1", FLOATING }, { "vmbr1v7", FLOATING } },
	  .plan = "vmbr1: MAC pinned to 26:f4:21:53:7d:3f" },
	{ .name = "two NICs on one bridge pin it once",
	  .nics = { { "vmbr0", 0 }, { "vmbr0", 0 } },
	  .links = { { "vmbr0", FLOATING_WITH_UPLINK } },
	  .plan = "vmbr0: MAC pinned to 02:0b:0b:00:00:01" },
	{ .name = "two bridges",
	  .nics = { { "vmbr1", 0 }, { "vmbr0", 0 } },
	  .links = { { "vmbr0", FLOATING }, { "vmbr1", FLOATING } },
	  .plan = "vmbr1: MAC pinned to 26:f4:21:53:7d:3f; vmbr0: MAC pinned to 8a:83:c4:11:56:b9" },
	{ .name = "the bridge under the chosen device, too",
	  .nics = { { "vmbr1", 0 } },
	  .device = "vmbr0.70",
	  .links = { { "vmbr0.70", NO_BRIDGE }, { "vmbr0", FLOATING_WITH_UPLINK, true }, { "vmbr1", PINNED } },
	  .plan = "vmbr1: MAC pinned to 02:aa:00:00:00:01; vmbr0: MAC pinned to 02:0b:0b:00:00:01" },
	{ .name = "under the chosen device with bridge_mac leave",
	  .device = "vmbr0.70",
	  .unpinned = true,
	  .links = { { "vmbr0.70", NO_BRIDGE }, { "vmbr0", FLOATING_WITH_UPLINK, true } },
	  .plan = "" },
	{ .name = "bridge_mac leave",
	  .nics = { { "vmbr0", 0 } },
	  .unpinned = true,
	  .links = { { "vmbr0", FLOATING } },
	  .plan = "" },
	{ .name = "a missing bridge is not ours to complain of", .nics = { { "vmbr9", 0 } }, .plan = "" },
	{ .name = "what is no Linux bridge has no MAC to pin",
	  .nics = { { "ovs0", 0 } },
	  .links = { { "ovs0", NO_BRIDGE } },
	  .plan = "" },
	{ .name = "a NIC without a bridge", .nics = { { "", 0 } }, .links = { { "vmbr0", FLOATING } }, .plan = "" },
	{ .name = "no machine id",
	  .nics = { { "vmbr1", 0 } },
	  .links = { { "vmbr1", FLOATING } },
	  .no_machine_id = true,
	  .plan = "",
	  .error = "vmbr1: MAC not pinned: no uplink port and no /etc/machine-id" },
	{ .name = "no machine id, but an uplink",
	  .nics = { { "vmbr0", 0 } },
	  .links = { { "vmbr0", FLOATING_WITH_UPLINK } },
	  .no_machine_id = true,
	  .plan = "vmbr0: MAC pinned to 02:0b:0b:00:00:01" },
	{ .name = "every value of a device",
	  .values = { { "eth0", POLICY_ARP_IGNORE, 1 },
		      { "eth0", POLICY_ARP_ANNOUNCE, 2 },
		      { "eth0", POLICY_ARP_FILTER, 0 },
		      { "eth0", POLICY_PROXY_DELAY, 80 } },
	  .links = { { "eth0", NO_BRIDGE } },
	  .plan = "eth0: arp_ignore 1; eth0: arp_announce 2; eth0: arp_filter 0; eth0: proxy_delay 80; "
		  "eth0: proxy_delay (IPv6) 80" },
	{ .name = "only the values that are set",
	  .values = { { "eth0", POLICY_ARP_FILTER, 1 }, { "eth1", POLICY_ARP_IGNORE, 0 } },
	  .links = { { "eth0", NO_BRIDGE }, { "eth1", NO_BRIDGE } },
	  .plan = "eth0: arp_filter 1; eth1: arp_ignore 0" },
	{ .name = "a missing device does not stop the rest",
	  .nics = { { "vmbr0", 0 } },
	  .values = { { "eth8", POLICY_ARP_IGNORE, 1 },
		      { "eth9", POLICY_ARP_IGNORE, 1 },
		      { "eth0", POLICY_ARP_IGNORE, 1 } },
	  .links = { { "eth0", NO_BRIDGE }, { "vmbr0", FLOATING_WITH_UPLINK } },
	  .plan = "eth0: arp_ignore 1; vmbr0: MAC pinned to 02:0b:0b:00:00:01",
	  .notes = { "device eth8 does not exist", "device eth9 does not exist" } },
	{ .name = "a missing device that the guest needs is its own",
	  .nics = { { "vmbr0", 0 } },
	  .values = { { "eth8", POLICY_ARP_IGNORE, 1 }, { "eth3", POLICY_ARP_IGNORE, 1 } },
	  .device = "eth3",
	  .links = { { "vmbr0", FLOATING_WITH_UPLINK } },
	  .plan = "vmbr0: MAC pinned to 02:0b:0b:00:00:01",
	  .error = "device eth3 does not exist",
	  .notes = { "device eth8 does not exist" } },
	{ .name = "the chosen device is missing", .device = "eth3", .plan = "", .error = "device eth3 does not exist" },
	{ .name = "the guest's own choice is missing",
	  .own_device = "eth4",
	  .device = "eth3",
	  .links = { { "eth3", NO_BRIDGE } },
	  .plan = "",
	  .error = "device eth4 does not exist" },
	{ .name = "nothing of up's",
	  .nics = { { "vmbr0", 0 } },
	  .ips = { "192.0.2.7" },
	  .device = "eth3",
	  .route = "eth9",
	  .links = { { "eth3", NO_BRIDGE }, { "fwbr101i0", FLOATING } },
	  .plan = "" },
};

static const struct row ups[] = {
	{ .name = "nothing to do", .plan = "" },
	{ .name = "a firewall bridge is made quiet",
	  .nics = { { "vmbr0", 0 } },
	  .links = { { "vmbr0", FLOATING }, { "fwbr101i0", FLOATING } },
	  .plan = "fwbr101i0: arp_ignore 1; fwbr101i0: NOARP 1" },
	{ .name = "two firewall bridges",
	  .nics = { { "vmbr0", 0 }, { "vmbr1", 7 } },
	  .links = { { "fwbr101i0", FLOATING }, { "fwbr101i1", FLOATING } },
	  .plan = "fwbr101i0: arp_ignore 1; fwbr101i0: NOARP 1; fwbr101i1: arp_ignore 1; fwbr101i1: NOARP 1" },
	{ .name = "no firewall bridge (nftables)",
	  .nics = { { "vmbr0", 0 } },
	  .links = { { "vmbr0", FLOATING } },
	  .plan = "" },
	{ .name = "another guest's firewall bridge",
	  .nics = { { "vmbr0", 0 } },
	  .links = { { "fwbr102i0", FLOATING } },
	  .plan = "" },
	{ .name = "firewall_bridge leave",
	  .nics = { { "vmbr0", 0 } },
	  .leave = true,
	  .links = { { "fwbr101i0", FLOATING } },
	  .plan = "" },
	{ .name = "an entry on the chosen device",
	  .ips = { "192.0.2.7" },
	  .device = "eth3",
	  .links = { { "eth3", NO_BRIDGE } },
	  .plan = "eth3: proxy_delay 0; *eth3: proxy entry for 192.0.2.7" },
	{ .name = "no device chosen", .ips = { "192.0.2.7" }, .links = { { "eth3", NO_BRIDGE } }, .plan = "" },
	{ .name = "no address", .device = "eth3", .links = { { "eth3", NO_BRIDGE } }, .plan = "" },
	{ .name = "no address: whether the device exists was not asked", .device = "eth3", .plan = "" },
	{ .name = "the guest's own choice comes first",
	  .ips = { "192.0.2.7" },
	  .own_device = "eth4",
	  .device = "eth3",
	  .links = { { "eth3", NO_BRIDGE }, { "eth4", NO_BRIDGE } },
	  .plan = "eth4: proxy_delay 0; *eth4: proxy entry for 192.0.2.7" },
	{ .name = "IPv6",
	  .ips = { "2001:db8::7" },
	  .device = "eth3",
	  .links = { { "eth3", NO_BRIDGE } },
	  .plan = "eth3: proxy_delay (IPv6) 0; eth3: proxy_ndp 1; *eth3: proxy entry for 2001:db8::7" },
	{ .name = "both families, two of one",
	  .ips = { "192.0.2.7", "192.0.2.8", "2001:db8::7" },
	  .device = "eth3",
	  .links = { { "eth3", NO_BRIDGE } },
	  .plan = "eth3: proxy_delay 0; *eth3: proxy entry for 192.0.2.7; *eth3: proxy entry for 192.0.2.8; "
		  "eth3: proxy_delay (IPv6) 0; eth3: proxy_ndp 1; *eth3: proxy entry for 2001:db8::7" },
	{ .name = "the policy's addresses instead of the guest's",
	  .ips = { "192.0.2.7" },
	  .addresses = { "192.0.2.9" },
	  .device = "eth3",
	  .links = { { "eth3", NO_BRIDGE } },
	  .plan = "eth3: proxy_delay 0; *eth3: proxy entry for 192.0.2.9" },
	{ .name = "the policy's delay on the chosen device",
	  .ips = { "192.0.2.7", "2001:db8::7" },
	  .device = "eth3",
	  .values = { { "eth3", POLICY_PROXY_DELAY, 50 }, { "eth3", POLICY_ARP_IGNORE, 1 } },
	  .links = { { "eth3", NO_BRIDGE } },
	  .plan = "eth3: proxy_delay 50; *eth3: proxy entry for 192.0.2.7; eth3: proxy_delay (IPv6) 50; "
		  "eth3: proxy_ndp 1; *eth3: proxy entry for 2001:db8::7" },
	{ .name = "another device's delay is not this one's",
	  .ips = { "192.0.2.7" },
	  .device = "eth3",
	  .values = { { "eth4", POLICY_PROXY_DELAY, 50 } },
	  .links = { { "eth3", NO_BRIDGE } },
	  .plan = "eth3: proxy_delay 0; *eth3: proxy entry for 192.0.2.7" },
	{ .name = "on no other device that holds an address of the host",
	  .ips = { "192.0.2.7" },
	  .device = "eth3",
	  .links = { { "eth0", NO_BRIDGE }, { "eth3", NO_BRIDGE }, { "eth4", NO_BRIDGE } },
	  .host_addresses = { { "eth0", "192.0.2.1" },
			      { "eth3", "192.0.2.3" },
			      { "eth4", "192.0.2.4" },
			      { "eth4", "198.51.100.4" } },
	  .plan = "eth3: proxy_delay 0; *eth3: proxy entry for 192.0.2.7; "
		  "device 1: no proxy entry for 192.0.2.7; device 3: no proxy entry for 192.0.2.7" },
	{ .name = "on no other device that policy names",
	  .ips = { "192.0.2.7" },
	  .device = "eth3",
	  .values = { { "eth0", POLICY_ARP_IGNORE, 1 },
		      { "eth3", POLICY_ARP_IGNORE, 1 },
		      { "eth9", POLICY_ARP_IGNORE, 1 } },
	  .links = { { "eth0", NO_BRIDGE }, { "eth3", NO_BRIDGE } },
	  .host_addresses = { { "eth0", "192.0.2.1" } },
	  .plan = "eth3: proxy_delay 0; *eth3: proxy entry for 192.0.2.7; device 1: no proxy entry for 192.0.2.7" },
	{ .name = "each address on no other device",
	  .ips = { "192.0.2.7", "2001:db8::7" },
	  .device = "eth3",
	  .links = { { "eth0", NO_BRIDGE }, { "eth3", NO_BRIDGE } },
	  .host_addresses = { { "eth0", "192.0.2.1" }, { "eth0", "2001:db8::1" } },
	  .plan = "eth3: proxy_delay 0; *eth3: proxy entry for 192.0.2.7; eth3: proxy_delay (IPv6) 0; eth3: proxy_ndp "
		  "1; "
		  "*eth3: proxy entry for 2001:db8::7; device 1: no proxy entry for 192.0.2.7; "
		  "device 1: no proxy entry for 2001:db8::7" },
	{ .name = "the chosen device is missing: no entry anywhere, the rest is done",
	  .nics = { { "vmbr0", 0 } },
	  .ips = { "192.0.2.7" },
	  .device = "eth3",
	  .route = "veth101i0",
	  .links = { { "fwbr101i0", FLOATING }, { "veth101i0", NO_BRIDGE }, { "eth0", NO_BRIDGE } },
	  .host_addresses = { { "eth0", "192.0.2.1" } },
	  .plan = "fwbr101i0: arp_ignore 1; fwbr101i0: NOARP 1; *veth101i0: host route to 192.0.2.7",
	  .error = "device eth3 does not exist" },
	{ .name = "host routes, before the entries that need them",
	  .ips = { "192.0.2.7", "2001:db8::7" },
	  .device = "eth3",
	  .route = "veth101i0",
	  .links = { { "eth3", NO_BRIDGE }, { "veth101i0", NO_BRIDGE } },
	  .plan = "*veth101i0: host route to 192.0.2.7; eth3: proxy_delay 0; *eth3: proxy entry for 192.0.2.7; "
		  "*veth101i0: host route to 2001:db8::7; eth3: proxy_delay (IPv6) 0; eth3: proxy_ndp 1; "
		  "*eth3: proxy entry for 2001:db8::7" },
	{ .name = "a route without a device",
	  .ips = { "192.0.2.7" },
	  .route = "vmbr0",
	  .links = { { "vmbr0", FLOATING } },
	  .plan = "*vmbr0: host route to 192.0.2.7" },
	{ .name = "the route's device is missing",
	  .ips = { "192.0.2.7" },
	  .device = "eth3",
	  .route = "vmbr9",
	  .links = { { "eth3", NO_BRIDGE } },
	  .plan = "eth3: proxy_delay 0; *eth3: proxy entry for 192.0.2.7",
	  .error = "route's device vmbr9 does not exist" },
	{ .name = "both are missing",
	  .ips = { "192.0.2.7" },
	  .device = "eth3",
	  .route = "vmbr9",
	  .plan = "",
	  .error = "device eth3 does not exist",
	  .notes = { "route's device vmbr9 does not exist" } },
	{ .name = "nothing of prepare's",
	  .nics = { { "vmbr0", 0 } },
	  .values = { { "eth0", POLICY_ARP_IGNORE, 1 } },
	  .links = { { "vmbr0", FLOATING }, { "eth0", NO_BRIDGE } },
	  .plan = "" },
};

static void build_guest(const struct row *row, struct guest *guest)
{
	assert_int_equal(guest_init(guest, GUEST_PVE, "101", NULL), 0);
	for (unsigned i = 0; row->nics[i].bridge; i++) {
		struct guest_nic *nic = guest_add_nic(guest, i);

		assert_non_null(nic);
		nic->tag = row->nics[i].tag;
		(void)snprintf(nic->bridge, IFNAMSIZ, "%s", row->nics[i].bridge);
		(void)snprintf(nic->firewall_bridge, IFNAMSIZ, "fwbr101i%u", i);
	}
	for (size_t i = 0; row->ips[i]; i++) {
		struct ip ip;

		assert_int_equal(ip_parse(row->ips[i], &ip), 0);
		assert_int_equal(guest_add_ip(guest, &ip), 0);
	}
	if (row->own_device)
		assert_int_equal(ifname_copy(guest->device, row->own_device), 0);
}

static void build_values(const struct row *row, struct policy *policy)
{
	for (size_t i = 0; row->values[i].device; i++) {
		const struct value *value = &row->values[i];
		struct policy_device *device = &policy->devices[policy->device_count];

		if (i > 0 && strcmp(row->values[i - 1].device, value->device) == 0)
			device--;
		else
			policy->devices[policy->device_count++] = (struct policy_device){ 0 };
		assert_int_equal(ifname_copy(device->name, value->device), 0);
		device->set[value->which] = true;
		device->value[value->which] = value->value;
	}
}

static void build_policy(const struct row *row, struct policy *policy)
{
	key_defaults(policy);
	policy->quiet = !row->leave;
	policy->pin = !row->unpinned;
	if (row->device)
		assert_int_equal(ifname_copy(policy->device, row->device), 0);
	if (row->route)
		assert_int_equal(ifname_copy(policy->route, row->route), 0);
	policy->addresses_from_config = row->addresses[0] == NULL;
	for (size_t i = 0; row->addresses[i]; i++)
		assert_int_equal(ip_parse(row->addresses[i], &policy->ips[policy->ip_count++]), 0);
	build_values(row, policy);
}

static void build_facts(const struct row *row, struct facts *facts)
{
	static const struct mac own = { { 0x02, 0xaa, 0, 0, 0, 1 } };
	static const struct mac uplink = { { 0x02, 0x0b, 0x0b, 0, 0, 1 } };
	static struct address held[6];

	memset(facts, 0, sizeof(*facts));
	for (size_t i = 0; row->links[i].name; i++) {
		struct link *link = &facts->links[facts->link_count++];

		assert_int_equal(ifname_copy(link->name, row->links[i].name), 0);
		link->ifindex = (int)i + 1;
		link->mac = own;
		facts->bridge_known[i] = row->links[i].bridge != NO_BRIDGE;
		facts->carries_chosen[i] = row->links[i].carries_chosen;
		facts->bridges[i].pinned = row->links[i].bridge == PINNED;
		facts->bridges[i].has_uplink = row->links[i].bridge == FLOATING_WITH_UPLINK;
		facts->bridges[i].uplink = uplink;
	}
	facts->addresses.list = held;
	for (size_t i = 0; row->host_addresses[i].device; i++) {
		const struct link *link = facts_link(facts, row->host_addresses[i].device);

		assert_non_null(link);
		held[i].ifindex = link->ifindex;
		assert_int_equal(ip_parse(row->host_addresses[i].ip, &held[i].ip), 0);
		facts->addresses.count++;
	}
	if (!row->no_machine_id)
		(void)snprintf(facts->machine_id, sizeof(facts->machine_id), "%s", MACHINE);
}

static void check_notes(const struct row *row, const struct notes *notes)
{
	size_t count = 0;

	for (; row->notes[count]; count++) {
		assert_true(count < notes->count);
		assert_string_equal(notes->line[count], row->notes[count]);
	}
	assert_int_equal(notes->count, count);
}

/* All of an up's settings. */
static int quiet_and_up(const struct guest *guest, const struct policy *policy, const struct facts *facts,
			struct plan *plan, struct notes *notes, struct err *err)
{
	assert_int_equal(plan_quiet(guest, policy, facts, plan, err), 0);
	return plan_up(guest, policy, facts, plan, notes, err);
}

typedef int (*plan_fn)(const struct guest *guest, const struct policy *policy, const struct facts *facts,
		       struct plan *plan, struct notes *notes, struct err *err);

static void check(const struct row *row, plan_fn make)
{
	static struct facts facts;
	struct guest guest;
	struct policy policy;
	struct plan plan = { 0 };
	struct notes notes = { 0 };
	struct err err = { 0 };
	char words[2000] = "";
	int r;

	build_guest(row, &guest);
	build_policy(row, &policy);
	build_facts(row, &facts);
	r = make(&guest, &policy, &facts, &plan, &notes, &err);
	for (size_t i = 0; i < plan.count; i++) {
		char text[SETTING_TEXT];

		assert_true(plan.settings[i].ifindex > 0);
		assert_true(text_append(words, sizeof(words), "%s%s%s", i ? "; " : "",
					plan.settings[i].guests ? "*" : "", setting_to_str(&plan.settings[i], text)));
	}
	plan_done(&plan);
	assert_string_equal(words, row->plan);
	assert_string_equal(err.text, row->error ? row->error : "");
	assert_int_equal(r, -err.code);
	assert_int_equal(r < 0, row->error != NULL);
	check_notes(row, &notes);
}

static void prepare(void **state)
{
	check(*state, plan_prepare);
}

static void up(void **state)
{
	check(*state, quiet_and_up);
}

/* Literal MACs: a host must have the same after every update of guestarp. */
static const struct derived {
	const char *name;
	const char *machine_id;
	const char *bridge;
	const char *mac;
} deriveds[] = {
	{ "vmbr0", MACHINE, "vmbr0", "8a:83:c4:11:56:b9" },
	{ "vmbr1", MACHINE, "vmbr1", "26:f4:21:53:7d:3f" },
	{ "vmbr1v7", MACHINE, "vmbr1v7", "d2:53:ce:d1:92:c7" },
	{ "vmbr0 of another machine", "fedcba9876543210fedcba9876543210", "vmbr0", "9e:47:12:05:5f:59" },
};

static void derive(void **state)
{
	const struct derived *row = *state;
	struct mac mac;
	char text[MAC_TEXT];

	plan_derive_mac(row->machine_id, row->bridge, &mac);
	assert_string_equal(mac_to_str(&mac, text), row->mac);
	/* Unicast, locally administered. */
	assert_int_equal(mac.bytes[0] & 3, 2);
}

static const struct vlan {
	const char *name;
	struct nic nic;
	const char *want;
} vlans[] = {
	{ "a tag", { "vmbr1", 7 }, "vmbr1v7" },
	{ "the highest tag", { "vmbr1", 4094 }, "vmbr1v4094" },
	{ "15 bytes", { "abcdefghij", 4094 }, "abcdefghijv4094" },
	{ "16 bytes: no such device", { "abcdefghijk", 4094 }, "" },
	{ "no tag", { "vmbr1", 0 }, "" },
	{ "no bridge", { "", 7 }, "" },
};

static void vlan_bridge(void **state)
{
	const struct vlan *row = *state;
	struct guest_nic nic = { .tag = row->nic.tag };
	char name[IFNAMSIZ] = "before";

	(void)snprintf(nic.bridge, IFNAMSIZ, "%s", row->nic.bridge);
	plan_vlan_bridge(&nic, name);
	assert_string_equal(name, row->want);
}

static void list(void **state)
{
	struct setting setting = { .kind = SETTING_ARP_IGNORE, .device = "eth0" };
	struct plan plan = { 0 };

	(void)state;
	assert_null(plan_find(&plan, &setting));
	for (int i = 1; i <= 100; i++) {
		(void)snprintf(setting.device, IFNAMSIZ, "eth%d", i);
		setting.ifindex = i;
		setting.value = (uint32_t)i;
		assert_int_equal(plan_add(&plan, &setting), 0);
	}
	assert_int_equal(plan.count, 100);
	(void)snprintf(setting.device, IFNAMSIZ, "eth42");
	assert_non_null(plan_find(&plan, &setting));
	assert_int_equal(plan_find(&plan, &setting)->value, 42);
	setting.kind = SETTING_ARP_FILTER;
	assert_null(plan_find(&plan, &setting));
	plan_done(&plan);
	assert_int_equal(plan.count, 0);
	assert_null(plan.settings);
	plan_done(&plan);
}

static void find_facts(void **state)
{
	static struct facts facts;

	(void)state;
	memset(&facts, 0x5a, sizeof(facts));
	facts_init(&facts);
	assert_null(facts_link(&facts, "eth0"));
	assert_null(facts_bridge(&facts, "eth0"));
	(void)snprintf(facts.links[0].name, IFNAMSIZ, "eth0");
	(void)snprintf(facts.links[1].name, IFNAMSIZ, "vmbr0");
	facts.bridge_known[0] = false;
	facts.bridge_known[1] = true;
	facts.link_count = 2;
	assert_ptr_equal(facts_link(&facts, "vmbr0"), &facts.links[1]);
	assert_ptr_equal(facts_bridge(&facts, "vmbr0"), &facts.bridges[1]);
	assert_null(facts_bridge(&facts, "eth0"));
	assert_null(facts_link(&facts, "vmbr"));
	facts_done(&facts);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, prepare, prepares);
	TABLE_ROWS(&table, up, ups);
	TABLE_ROWS(&table, derive, deriveds);
	TABLE_ROWS(&table, vlan_bridge, vlans);
	TABLE_TEST(&table, list);
	TABLE_TEST(&table, find_facts);
	return table_run(&table, NULL, NULL);
}

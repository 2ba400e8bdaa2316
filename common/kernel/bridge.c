/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bridges and what they stand on. addr_assign_type is in no netlink message. */

#include "kernel/bridge.h"

#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define PATH_SIZE    96
#define DEPTH_MAX    4 /* VLAN on bond on ...: deeper than anybody builds */
#define NET_ADDR_SET 3 /* include/uapi/linux/netdevice.h */

static int read_attribute(const char *device, const char *attribute, char *ret_text, size_t size)
{
	char path[PATH_SIZE];

	if (snprintf(path, sizeof(path), "/sys/class/net/%s/%s", device, attribute) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return file_read_kernel(path, ret_text, size);
}

bool bridge_port_is_guests(const char *port)
{
	/* vif: Xen; vnet, tap: libvirt, QEMU; veth: LXC, OpenVZ, Docker; vb-, ve-: systemd-nspawn; vxlan leads to no
	 * provider. */
	static const char *const prefixes[] = { "veth", "tap", "fwpr", "fwln", "vnet", "vif", "vb-", "ve-", "vxlan" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strncmp(port, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

/* An Ethernet device that no driver of virtual devices made. */
static bool is_physical(const struct link *link)
{
	return !link->kind[0] && link->type == ARPHRD_ETHER && !(link->flags & IFF_LOOPBACK);
}

struct search {
	struct netlink *nl;
	struct err *err;
	unsigned depth;
	/* Of the bridge's own ports. */
	const struct bridge_claims *claims;
	struct bridge *bridge;
	bool found_physical;
};

static int stands_on_physical(struct search *search, const struct link *link);

static int any_lower(const struct link *link, void *arg)
{
	return stands_on_physical(arg, link);
}

/* 1 where it does, 0 where it does not. */
static int stands_on_physical(struct search *search, const struct link *link)
{
	static const char *const kinds[] = { "bond", "team", "bridge", "vlan" };
	int r = 0;

	if (is_physical(link))
		return 1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(link->kind, kinds[i]) != 0 || search->depth == DEPTH_MAX)
			continue;
		search->depth++;
		r = link_each_lower(search->nl, link->name, any_lower, search, search->err);
		search->depth--;
	}
	return r;
}

/* A port that may lead out although nothing physical is seen: a host that is a container itself has such. */
static bool may_lead_out(const struct link *port)
{
	static const char *const never[] = { "vxlan", "tun", "macvlan", "macvtap" };

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (strcmp(port->kind, never[i]) == 0)
			return false;
	}
	return !bridge_port_is_guests(port->name);
}

static int consider(const struct link *port, void *arg)
{
	struct search *search = arg;
	struct bridge *bridge = search->bridge;
	bool better;
	int physical = stands_on_physical(search, port);

	if (physical < 0)
		return physical;
	if (!physical && (search->found_physical || !may_lead_out(port) ||
			  search->claims->is_guests(port->name, search->claims->arg)))
		return 0;
	better = !bridge->has_uplink || (physical && !search->found_physical) ||
		 (physical == search->found_physical && memcmp(port->mac.bytes, bridge->uplink.bytes, ETH_ALEN) < 0);
	if (better) {
		bridge->has_uplink = true;
		bridge->uplink = port->mac;
		search->found_physical = physical;
	}
	return 0;
}

int bridge_uplink(struct netlink *nl, const char *name, const struct bridge_claims *claims, struct bridge *bridge,
		  struct err *err)
{
	struct search search = { .nl = nl, .err = err, .claims = claims, .bridge = bridge };

	return link_each_lower(nl, name, consider, &search, err);
}

int bridge_read(struct netlink *nl, const struct link *link, const struct bridge_claims *claims,
		struct bridge *ret_bridge, struct err *err)
{
	struct bridge bridge = { 0 };
	char text[16];
	uint32_t number;
	int r;

	if (strcmp(link->kind, "bridge") != 0)
		return err_set(err, ENOTSUP, "%s: not a Linux bridge", link->name);
	r = read_attribute(link->name, "ifindex", text, sizeof(text));
	if (r < 0 || parse_u32(text, 0, INT32_MAX, &number) < 0 || (int)number != link->ifindex)
		return err_set(err, EXDEV, "%s: /sys shows another network namespace", link->name);
	r = read_attribute(link->name, "addr_assign_type", text, sizeof(text));
	if (r < 0)
		return err_errno(err, -r, "%s: addr_assign_type", link->name);
	bridge.pinned = parse_u32(text, 0, 255, &number) == 0 && number == NET_ADDR_SET;
	if (!bridge.pinned) {
		r = bridge_uplink(nl, link->name, claims, &bridge, err);
		if (r < 0)
			return err_wrap(err, "%s", link->name);
	}
	*ret_bridge = bridge;
	return 0;
}

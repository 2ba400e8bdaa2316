/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bridges and what they stand on. addr_assign_type is in no netlink message. */

#include "kernel/bridge.h"

#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "base/kernel_file.h"
#include "base/text.h"

#define PATH_SIZE    96
#define DEPTH_MAX    4 /* VLAN on bond on ...: deeper than anybody builds */
#define NET_ADDR_SET 3 /* include/uapi/linux/netdevice.h */

static int read_attribute(const char *device, const char *attribute, char *ret_text, size_t size)
{
	char path[PATH_SIZE];

	if (snprintf(path, sizeof(path), "/sys/class/net/%s/%s", device, attribute) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return kernel_file_read(path, ret_text, size);
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

/* Whether a device leads out of the host, and how surely. */
enum way_out {
	WAY_OUT_NONE,
	WAY_OUT_LIKELY, /* nothing physical is seen: a host that is a container itself has such */
	WAY_OUT_PHYSICAL
};

struct search {
	struct netlink *nl;
	struct err *err;
	unsigned depth;
	/* Of the bridge's own ports. */
	const struct bridge_claims *claims;
	struct bridge *bridge;
	enum way_out found;
};

/* What one device stands on. */
struct lowers {
	struct search *search;
	size_t count;
	enum way_out best;
};

static int way_out(struct search *search, const struct link *link, enum way_out *ret_way);

static int take_lower(const struct link *link, void *arg)
{
	struct lowers *lowers = arg;
	enum way_out way = WAY_OUT_NONE;
	int r = way_out(lowers->search, link, &way);

	lowers->count++;
	if (way > lowers->best)
		lowers->best = way;
	return r < 0 ? r : lowers->best == WAY_OUT_PHYSICAL;
}

static bool stands_on_others(const struct link *link)
{
	static const char *const kinds[] = { "bond", "team", "bridge", "vlan" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(link->kind, kinds[i]) == 0)
			return true;
	}
	return false;
}

/* By the device itself, where nothing physical is seen. */
static bool may_lead_out(const struct search *search, const struct link *link)
{
	static const char *const never[] = { "vxlan", "tun", "macvlan", "macvtap", "ipvlan", "ipvtap", "dummy" };

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (strcmp(link->kind, never[i]) == 0)
			return false;
	}
	return !bridge_port_is_guests(link->name) && !search->claims->is_guests(link->name, search->claims->arg);
}

static int way_out(struct search *search, const struct link *link, enum way_out *ret_way)
{
	struct lowers lowers = { .search = search };
	int r;

	*ret_way = WAY_OUT_NONE;
	if (is_physical(link)) {
		*ret_way = WAY_OUT_PHYSICAL;
		return 0;
	}
	if (stands_on_others(link)) {
		if (search->depth == DEPTH_MAX)
			return 0;
		search->depth++;
		r = link_each_lower(search->nl, link->name, NULL, take_lower, &lowers, search->err);
		search->depth--;
		*ret_way = lowers.best;
		/* A VLAN device may have been given to a container, and the one below it not. */
		if (r < 0 || lowers.count > 0 || strcmp(link->kind, "vlan") != 0)
			return r < 0 ? r : 0;
	}
	if (search->found != WAY_OUT_PHYSICAL && may_lead_out(search, link))
		*ret_way = WAY_OUT_LIKELY;
	return 0;
}

static int consider(const struct link *port, void *arg)
{
	struct search *search = arg;
	struct bridge *bridge = search->bridge;
	enum way_out way;
	int r = way_out(search, port, &way);

	if (r < 0)
		return r;
	if (way == WAY_OUT_NONE || way < search->found)
		return 0;
	if (way > search->found || memcmp(port->mac.bytes, bridge->uplink.bytes, ETH_ALEN) < 0) {
		bridge->has_uplink = true;
		bridge->uplink = port->mac;
		search->found = way;
	}
	return 0;
}

int bridge_uplink(struct netlink *nl, const char *name, const struct bridge_claims *claims, struct bridge *bridge,
		  struct err *err)
{
	struct search search = { .nl = nl, .err = err, .claims = claims, .bridge = bridge };

	/* A thousand guests' ports lead nowhere, and their names are the platforms'. */
	return link_each_lower(nl, name, bridge_port_is_guests, consider, &search, err);
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

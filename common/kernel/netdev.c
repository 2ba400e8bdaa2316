/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands on what, and which frames a device passes on: kinds of devices and of ports as IFLA_LINKINFO has them. */

#include "kernel/netdev.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

#include "kernel/attr.h"

/* linux/rtnetlink.h of Debian 12 has it not. */
#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

#define BRIDGE_FORWARDING 3 /* linux/if_bridge.h BR_STATE_FORWARDING */

static const struct {
	const char *name;
	enum netdev_kind kind;
} kinds[] = {
	{ "bridge", NETDEV_BRIDGE },   { "bond", NETDEV_BOND },       { "vlan", NETDEV_VLAN },
	{ "macvlan", NETDEV_MACVLAN }, { "ipvlan", NETDEV_IPVLAN },   { "vrf", NETDEV_VRF },
	{ "veth", NETDEV_VETH },       { "vxlan", NETDEV_VXLAN },     { "openvswitch", NETDEV_SWITCH },
	{ "team", NETDEV_SWITCH },     { "macvtap", NETDEV_MACVLAN },
};

/* A number of up to four bytes; missing where it is not there. */
static uint32_t number(struct nlattr *attr, uint32_t missing)
{
	uint32_t word;
	uint16_t half;

	switch (attr ? nla_len(attr) : 0) {
	case 1:
		return *(const uint8_t *)nla_data(attr);
	case 2:
		memcpy(&half, nla_data(attr), sizeof(half));
		return half;
	case 4:
		memcpy(&word, nla_data(attr), sizeof(word));
		return word;
	default:
		return missing;
	}
}

static void take_data(struct netdev *d, struct nlattr *data)
{
	switch (d->kind) {
	case NETDEV_BRIDGE:
		d->vlan_filtering = number(attr_within(data, IFLA_BR_VLAN_FILTERING), 0) != 0;
		break;
	case NETDEV_BOND:
		d->bond_mode = (uint8_t)number(attr_within(data, IFLA_BOND_MODE), 0);
		break;
	case NETDEV_VLAN:
		d->vlan = (uint16_t)number(attr_within(data, IFLA_VLAN_ID), 0);
		break;
	case NETDEV_MACVLAN:
		d->mode = number(attr_within(data, IFLA_MACVLAN_MODE), 0);
		break;
	case NETDEV_IPVLAN:
		d->mode = number(attr_within(data, IFLA_IPVLAN_MODE), 0);
		break;
	case NETDEV_VRF:
		d->table = number(attr_within(data, IFLA_VRF_TABLE), 0);
		break;
	case NETDEV_VXLAN:
		d->vxlan_proxy = number(attr_within(data, IFLA_VXLAN_PROXY), 0) != 0;
		break;
	case NETDEV_OTHER:
	case NETDEV_VETH:
	case NETDEV_SWITCH:
	default:
		break;
	}
}

/* Values that an older kernel does not have are as new ports have them. */
static void take_port(struct netdev *d, struct nlattr *data)
{
	d->port = (struct bridge_port){
		.forwarding = number(attr_within(data, IFLA_BRPORT_STATE), 0) == BRIDGE_FORWARDING,
		.learning = number(attr_within(data, IFLA_BRPORT_LEARNING), 1) != 0,
		.flood = number(attr_within(data, IFLA_BRPORT_UNICAST_FLOOD), 1) != 0,
		.bcast_flood = number(attr_within(data, IFLA_BRPORT_BCAST_FLOOD), 1) != 0,
		.mcast_flood = number(attr_within(data, IFLA_BRPORT_MCAST_FLOOD), 1) != 0,
		.isolated = number(attr_within(data, IFLA_BRPORT_ISOLATED), 0) != 0,
		.locked = number(attr_within(data, IFLA_BRPORT_LOCKED), 0) != 0,
		.suppress = number(attr_within(data, IFLA_BRPORT_PROXYARP), 0) != 0 ||
			    number(attr_within(data, IFLA_BRPORT_PROXYARP_WIFI), 0) != 0 ||
			    number(attr_within(data, IFLA_BRPORT_NEIGH_SUPPRESS), 0) != 0,
	};
}

int netdev_parse(struct nlmsghdr *answer, struct netdev *ret_device)
{
	struct netdev *d = ret_device;
	struct nlattr *permanent;
	struct nlattr *info;
	struct nlattr *slave;
	int r;

	memset(d, 0, sizeof(*d));
	r = link_parse(answer, &d->link);
	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(d->link.kind, kinds[i].name) == 0)
			d->kind = kinds[i].kind;
	}
	permanent = nlmsg_find_attr(answer, sizeof(struct ifinfomsg), IFLA_PERM_ADDRESS);
	if (permanent && nla_len(permanent) == ETH_ALEN)
		memcpy(d->permanent.bytes, nla_data(permanent), ETH_ALEN);
	info = nlmsg_find_attr(answer, sizeof(struct ifinfomsg), IFLA_LINKINFO);
	take_data(d, attr_within(info, IFLA_INFO_DATA));
	slave = attr_within(info, IFLA_INFO_SLAVE_KIND);
	if (slave && nla_strcmp(slave, "bridge") == 0)
		take_port(d, attr_within(info, IFLA_INFO_SLAVE_DATA));
	if (slave && nla_strcmp(slave, "bond") == 0)
		d->backup = number(attr_within(attr_within(info, IFLA_INFO_SLAVE_DATA), IFLA_BOND_SLAVE_STATE), 0) != 0;
	d->intercepted =
		number(attr_within(nlmsg_find_attr(answer, sizeof(struct ifinfomsg), IFLA_XDP), IFLA_XDP_ATTACHED),
		       XDP_ATTACHED_NONE) != XDP_ATTACHED_NONE;
	return 0;
}

int netdev_list(struct netlink *nl, netlink_answer_fn take, void (*restart)(void *arg), void *arg, struct err *err)
{
	struct ifinfomsg info = { 0 };
	uint32_t mask = RTEXT_FILTER_SKIP_STATS;

	return netlink_dump(nl, RTM_GETLINK, &info, sizeof(info), IFLA_EXT_MASK, &mask, sizeof(mask), take, restart,
			    arg, err);
}

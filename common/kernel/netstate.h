/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_NETSTATE_H
#define GUESTARP_KERNEL_NETSTATE_H
/* All of the host's network state, but its routes, that decides who answers. One list of each kind; never for a hook.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "kernel/address.h"
#include "kernel/filters.h"
#include "kernel/link.h"
#include "kernel/lookup.h"
#include "kernel/netlink.h"
#include "kernel/proxy.h"

enum netdev_kind {
	NETDEV_OTHER,
	NETDEV_BRIDGE,
	NETDEV_BOND,
	NETDEV_VLAN,
	NETDEV_MACVLAN,
	NETDEV_IPVLAN,
	NETDEV_VRF,
	NETDEV_VETH,
	NETDEV_VXLAN,
	NETDEV_SWITCH, /* Open vSwitch, team: takes its ports' frames, and the kernel does not tell what becomes of them
			*/
};

enum { BOND_ROUND_ROBIN, BOND_ACTIVE_BACKUP, BOND_XOR, BOND_BROADCAST, BOND_8023AD, BOND_TLB, BOND_ALB };

#define NETDEV_CARRIER 0x10000U /* of link.flags: linux/if.h IFF_LOWER_UP, which cannot be had beside net/if.h */

/* A bridge's port (`bridge -d link`). */
struct bridge_port {
	bool forwarding;
	bool learning;
	bool flood;
	bool bcast_flood;
	bool mcast_flood;
	bool isolated;
	bool locked;
	bool suppress; /* proxy_arp, proxy_arp_wifi or neigh_suppress: the bridge may answer instead of a neighbour */
};

struct netdev {
	struct link link;
	enum netdev_kind kind;
	struct mac permanent;    /* the MAC that it was made with, all zero where the kernel does not tell */
	struct bridge_port port; /* of a bridge's port */
	bool vlan_filtering;     /* of a bridge */
	uint16_t vlan;           /* its tag, of a VLAN device */
	uint32_t table;          /* of a VRF */
	uint8_t bond_mode;
	bool backup;      /* a bond's slave that is not active */
	unsigned mode;    /* of a macvlan (MACVLAN_MODE_*) or ipvlan (IPVLAN_MODE_*) */
	bool vxlan_proxy; /* it answers from its neighbour table */
	bool intercepted; /* an XDP program or an ingress qdisc sees frames first */
	unsigned wire;    /* devices with the same one, but 0, hear each other; the kernel cannot know: the caller's */
};

/* VLANs of a port or, "self", of the bridge, that are alike. */
struct netdev_vlan {
	int ifindex;
	uint16_t vid;  /* the first */
	uint16_t last; /* the last, vid where it is one */
	bool pvid;
	bool untagged;
};

/* An IPv6 multicast group, or an anycast address, of a device. */
struct membership {
	int ifindex;
	struct ip ip;
};

struct memberships {
	struct membership *list;
	size_t count;
	size_t room;
};

struct netstate {
	struct netdev *devices; /* by ifindex */
	size_t count;
	size_t room;
	size_t *by_master; /* places in devices, by their master: netstate_index() */
	size_t *by_lower;
	size_t *by_name;
	struct netdev_vlan *vlans;
	size_t vlan_count;
	size_t vlan_room;
	struct addresses addresses; /* of every scope and state */
	struct proxies proxies;
	struct memberships groups;
	struct memberships anycasts;
	struct lookup_rules rules;
	struct filters filters;
	uint32_t all[LINK_VALUE_COUNT]; /* net/ipv4/conf/all and, with _6, net/ipv6/conf/all; not of all kinds */
};

/* To be released with netstate_done(), also after a failure. */
int netstate_take(struct netlink *nl, struct netstate *ret_state, struct err *err);
void netstate_done(struct netstate *state);

/* After devices, VLANs or proxy entries were changed by hand. -ENOMEM. */
int netstate_index(struct netstate *state);

/* The devices that have the device as their master, or that stand on it: state->devices[places[i]]. */
struct netdev_places {
	const size_t *places;
	size_t count;
};
struct netdev_places netstate_ports(const struct netstate *state, int ifindex);
struct netdev_places netstate_above(const struct netstate *state, int ifindex);

/* An entry on exactly this device; 0: on all. */
bool netstate_proxies(const struct netstate *state, int ifindex, const struct ip *ip);

/* NULL where there is none. */
const struct netdev *netstate_device(const struct netstate *state, int ifindex);
const struct link *netstate_link(const struct netstate *state, int ifindex);
const struct netdev *netstate_named(const struct netstate *state, const char *name);

/* The VRF that the device is in, itself or by the bridge or bond that it is a port of; NULL for none. */
const struct netdev *netstate_vrf(const struct netstate *state, int ifindex);

/* The device's or port's VLAN; NULL where it is not in it. pvid: that of untagged frames, whatever vid is. */
const struct netdev_vlan *netstate_vlan(const struct netstate *state, int ifindex, uint16_t vid, bool pvid);

#endif

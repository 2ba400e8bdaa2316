/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_LINK_H
#define GUESTARP_KERNEL_LINK_H
/* One network device, asked for by name or index; never a list of all. */

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"
#include "kernel/netlink.h"

/* Values that come with a device (Documentation/networking/ip-sysctl.rst): IPv4's, and IPv6's with _6. */
enum link_value {
	LINK_ARP_IGNORE,
	LINK_ARP_ANNOUNCE,
	LINK_ARP_FILTER,
	LINK_FORWARDING,
	LINK_RP_FILTER,
	LINK_PROXY_ARP,
	LINK_FORWARDING_6,
	LINK_ACCEPT_RA_6,
	LINK_PROXY_ARP_PVLAN,
	LINK_MEDIUM_ID, /* -1: on none, so proxy ARP is off */
	LINK_ROUTE_LOCALNET,
	LINK_DROP_GRATUITOUS_ARP,
	LINK_PROXY_NDP,
	LINK_DISABLE_IPV6,
	LINK_LOG_MARTIANS,
	LINK_ACCEPT_LOCAL,
	LINK_VALUE_COUNT
};

struct link {
	int ifindex;
	char name[IFNAMSIZ]; /* the kernel's own, also when an alternative name was asked for */
	unsigned flags;      /* IFF_* */
	unsigned type;       /* ARPHRD_* */
	struct mac mac;      /* all zero for a device that is no Ethernet */
	int master;          /* ifindex, 0 for none */
	bool port;           /* the master is no VRF, but takes its frames: its own stack sees nothing */
	unsigned table;      /* of its routes, in a VRF; 0: the main one */
	int lower;     /* ifindex of the device that it stands on, or a veth's peer; 0 for none, or one elsewhere */
	char kind[16]; /* "bridge", "veth", "" for a physical device */
	bool inet;     /* the kernel has IPv4 on it, so it has IPv4's values */
	bool inet6;
	bool whole; /* the kernel told all of this (since Linux 3.9); link_get() and link_get_by_index() look for the
		       rest */
	uint32_t value[LINK_VALUE_COUNT];
};

/* -ENODEV where there is none. */
int link_get(struct netlink *nl, const char *name, struct link *ret_link, struct err *err);
int link_get_by_index(struct netlink *nl, int ifindex, struct link *ret_link, struct err *err);

/*
 * What carries the device: itself, or under a VLAN device, or one VLAN in another, the device that all of them stand
 * on. -ENODEV where that is gone, or in another network namespace.
 */
int link_get_base(struct netlink *nl, const struct link *link, struct link *ret_base, struct err *err);

/*
 * The VRF that the device is in, itself or by the bridge or bond that it is a port of; "" for none. A request for each
 * device above it: none for most.
 */
void link_vrf(struct netlink *nl, const struct link *link, char ret_vrf[IFNAMSIZ]);

/* "" where there is none. */
void link_name(struct netlink *nl, int ifindex, char ret_name[IFNAMSIZ]);

/*
 * Calls take for each device that the named one stands on: a bridge's or bond's port or a VLAN device's parent,
 * until it returns other than 0; returns that. skip: those that are not asked for, by their names; NULL for none. /sys
 * tells of them (lower_*), so that no list of all devices is needed.
 */
typedef int (*link_fn)(const struct link *link, void *arg);
int link_each_lower(struct netlink *nl, const char *name, bool (*skip)(const char *name), link_fn take, void *arg,
		    struct err *err);

/* One RTM_NEWLINK message as a device, for lists of them. -EBADMSG. */
int link_parse(struct nlmsghdr *answer, struct link *ret_link);

/* Only LINK_ARP_IGNORE, LINK_ARP_ANNOUNCE and LINK_ARP_FILTER. */
int link_set_value(struct netlink *nl, int ifindex, enum link_value which, uint32_t value, struct err *err);

/* IFF_NOARP: `ip link set DEV arp off|on`; IFF_UP. */
int link_set_flag(struct netlink *nl, int ifindex, unsigned flag, bool on, struct err *err);

/* master is the bridge's ifindex, 0 to leave it. */
int link_set_master(struct netlink *nl, int ifindex, int master, struct err *err);

int link_set_mac(struct netlink *nl, int ifindex, const struct mac *mac, struct err *err);

#endif

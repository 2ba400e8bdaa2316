/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_BRIDGE_H
#define GUESTARP_KERNEL_BRIDGE_H
/* A bridge's MAC: does it follow its ports, and which port leads to the provider? */

#include <stdbool.h>

#include "base/err.h"
#include "base/ip.h"
#include "kernel/link.h"
#include "kernel/netlink.h"

struct bridge {
	bool pinned;     /* addr_assign_type 3 (NET_ADDR_SET): no port changes the MAC any more */
	bool has_uplink; /* see bridge_uplink() */
	struct mac uplink;
};

/* May tell more than a port's name does: that a guest's configuration has it. */
struct bridge_claims {
	bool (*is_guests)(const char *port, const void *arg);
	const void *arg;
};

/*
 * The bridge and, unless it is pinned, its uplink.
 * -ENOTSUP: it is no Linux bridge (Open vSwitch); -EXDEV: /sys, which alone tells of addr_assign_type, shows another
 * network namespace than the one we are in.
 */
int bridge_read(struct netlink *nl, const struct link *link, const struct bridge_claims *claims,
		struct bridge *ret_bridge, struct err *err);

/*
 * Looks for the uplink whether it is pinned or not; sets has_uplink and uplink. An uplink is a physical device, or a
 * bond, team, VLAN device or bridge that stands on one. Only where there is none of these (a host that is a container
 * itself) it is another port, or one that stands on another device, that neither a platform's naming nor claims give to
 * a guest; never a dummy, macvlan, ipvlan, vxlan or tun device, which lead nowhere or have a MAC made up at each boot.
 * Of several it is the one with the lowest MAC, which the kernel takes without guests. Claims are asked for such ports
 * alone.
 */
int bridge_uplink(struct netlink *nl, const char *name, const struct bridge_claims *claims, struct bridge *bridge,
		  struct err *err);

/* A port made for a guest, by the names that Proxmox VE, LXC, OpenVZ, libvirt and container engines give. */
bool bridge_port_is_guests(const char *port);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_BRIDGE_H
#define GUESTARP_KERNEL_BRIDGE_H
/* A bridge's MAC: does it follow its ports, and which port leads to the provider? */

#include <stdbool.h>

#include "base/err.h"
#include "base/ip.h"

struct bridge {
	bool pinned;     /* addr_assign_type 3 (NET_ADDR_SET): no port changes the MAC any more */
	bool has_uplink; /* one of its ports is no guest's */
	struct mac uplink;
};

/*
 * What /sys knows of the bridge; ports are looked at only when it is not pinned.
 * -ENODEV: no such device; -ENOTSUP: it is no Linux bridge (Open vSwitch); -EXDEV: /sys shows another
 * network namespace than the one we are in (ifindex is the device's in ours).
 * Of several uplink ports physical ones win, then the lowest MAC: the one that the kernel takes without guests.
 */
int bridge_read(const char *name, int ifindex, struct bridge *ret_bridge, struct err *err);

/* Looks for the uplink whether it is pinned or not; sets has_uplink and uplink. */
int bridge_uplink(const char *name, struct bridge *bridge, struct err *err);

/* A port made for a guest, by the names that Proxmox VE, LXC, OpenVZ, libvirt and container engines give. */
bool bridge_port_is_guests(const char *port);

#endif

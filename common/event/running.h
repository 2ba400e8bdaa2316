/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_RUNNING_H
#define GUESTARP_EVENT_RUNNING_H
/* Does a guest run here? As far as its devices tell, which is all that ARP needs to know. */

#include <stdbool.h>

#include "base/err.h"
#include "guest/guest.h"

enum running { RUNNING_NO, RUNNING_YES, RUNNING_UNKNOWN };

/*
 * Proxmox VE: one of tap<vmid>i<n>, veth<vmid>i<n> exists, asked for one by one. Plain LXC and OpenVZ give no
 * such names: a named veth or RUNNING_UNKNOWN. -errno where the kernel could not
 * be asked.
 */
int running_ask(const struct guest *guest, enum running *ret_running, struct err *err);

/* Is what was seen of its devices still so? True where nothing was, or it is not about devices. */
int running_as_seen(const struct guest *guest, bool *ret_so, struct err *err);

/*
 * The guest and the NIC that a device of Proxmox VE's names: tap, veth or fwbr, <vmid>i<n>
 * (PVE::Network's own patterns). False for any other device.
 */
bool running_parse_port(const char *name, struct guest *ret_guest, unsigned *ret_nic, bool *ret_firewall_bridge);

#endif

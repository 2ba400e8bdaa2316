/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_HOST_RUNNING_H
#define GUESTARP_HOST_RUNNING_H
/* Does a guest run here? Its platform is asked. */

#include <stdbool.h>

#include "base/err.h"
#include "guest/guest.h"

enum running { RUNNING_NO, RUNNING_YES, RUNNING_UNKNOWN };

/*
 * LXC's and Proxmox VE's containers: their monitor listens on its socket. VMs: QEMU holds the lock of its PID file.
 * OpenVZ: its own list. Where none of these says yes a port of the guest's that exists does: its own name, or
 * tap<vmid>i<n> and veth<vmid>i<n>. -errno where the kernel could not be asked.
 */
int running_ask(const struct guest *guest, enum running *ret_running, struct err *err);

/* The same for who has the list of all devices: is there one of that name? */
struct running_devices {
	bool (*exists)(const char *name, const void *arg);
	const void *arg;
};
enum running running_ask_listed(const struct guest *guest, const struct running_devices *devices);

/* Does QEMU run a guest of this number? */
bool running_is_vm(const char *vmid);

/*
 * The guest and the NIC that a device of Proxmox VE's names: tap, veth or fwbr, <vmid>i<n>
 * (PVE::Network's own patterns). False for any other device.
 */
bool running_parse_port(const char *name, struct guest *ret_guest, unsigned *ret_nic, bool *ret_firewall_bridge);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_GUEST_VZ_NETIF_H
#define GUESTARP_GUEST_VZ_NETIF_H
/* NETIF's value: a container's veth devices, as each generation reads them. */

#include "guest/guest.h"
#include "guest/vz_line.h"

/*
 * Adds its devices to the guest's NICs. Returns how many vzctl has by it, or -E2BIG where there is not room for all
 * of them and their addresses.
 */
int vz_netif_parse(enum vz_family family, const char *value, struct guest *guest);

/* The NIC with that end on the host, or NULL. */
const struct guest_nic *vz_netif_find(const struct guest *guest, const char *port);

#endif

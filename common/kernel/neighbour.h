/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_NEIGHBOUR_H
#define GUESTARP_KERNEL_NEIGHBOUR_H
/* The neighbour entries that one device has learned. */

#include "base/err.h"
#include "kernel/netlink.h"

/* Deletes every IPv4 neighbour entry of one device. The kernel sends only that device's (NDA_IFINDEX). */
int neighbour_flush(struct netlink *nl, int ifindex, struct err *err);

#endif

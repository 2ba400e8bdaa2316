/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_ROUTE_H
#define GUESTARP_KERNEL_ROUTE_H
/* Routes of the host towards a guest's address. */

#include <stdbool.h>

#include "base/err.h"
#include "base/ip.h"
#include "kernel/netlink.h"

/* The device by which a packet to ip leaves; 0 where there is no route. */
int route_lookup(struct netlink *nl, const struct ip *ip, int *ret_ifindex, struct err *err);

/* Whether the main table has a host route (/32, /128) for ip, and by which device (0: none). */
int route_get_host(struct netlink *nl, const struct ip *ip, int *ret_ifindex, struct err *err);

/* The gateway of the default route, family 0 where there is none, and the device by which it is reached. */
int route_gateway(struct netlink *nl, int family, struct ip *ret_gateway, int *ret_ifindex, struct err *err);

/* Does an IPv4 route of any table leave by the device, but for those that come with its own addresses? A dump. */
int route_by_device(struct netlink *nl, int ifindex, bool *ret_routed, struct err *err);

/* A host route by the device, on-link. -EEXIST where another one for the address exists. */
int route_add_host(struct netlink *nl, int ifindex, const struct ip *ip, struct err *err);

/* 1 when the route was deleted, 0 when it was gone already. */
int route_delete_host(struct netlink *nl, int ifindex, const struct ip *ip, struct err *err);

#endif

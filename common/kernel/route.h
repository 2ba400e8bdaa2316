/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_ROUTE_H
#define GUESTARP_KERNEL_ROUTE_H
/* Routes of the host towards a guest's address. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/ip.h"
#include "kernel/netlink.h"

/* The answer to one look-up. */
struct route {
	int ifindex;      /* of the device by which it leaves; 0 for no route */
	unsigned table;   /* where it was found; of IPv4 RT_TABLE_MAIN, unless RTM_F_LOOKUP_TABLE asked for it */
	unsigned prefix;  /* bits of the destination: of a packet all, of a route its own */
	bool cloned;      /* one address's way, made from a route (RTM_F_CLONED), and not the route itself */
	struct ip source; /* from which the host sends by it; family 0 where that is not said, or of link scope */
};

/* By which way a packet of the host's own to ip leaves. device: one of the VRF that it is of, 0 for none. */
int route_lookup(struct netlink *nl, int device, const struct ip *ip, struct route *ret_route, struct err *err);

/*
 * By which way a packet to ip leaves that came in on device iif from a neighbour there (NULL: from far away). This is
 * what proxy ARP asks (arp_process()): the rules' iif, VRFs and rp_filter are in the answer. Fails where the kernel
 * would not forward at all: -EHOSTUNREACH with forwarding off on iif (or an unreachable route), -EINVAL or -EXDEV where
 * rp_filter refuses the sender, -EINVAL for a blackhole, -EACCES for a prohibit.
 */
int route_forward(struct netlink *nl, int iif, const struct ip *from, const struct ip *ip, struct route *ret_route,
		  struct err *err);

struct route_question {
	int iif;
	struct ip from; /* family 0: from far away */
	struct ip ip;
	int result; /* 0, without a route or with one, or -errno as of route_forward(); -ENETUNREACH: no route */
	struct route route;
};

/* As route_forward() for each. */
void route_forward_each(struct netlink *nl, struct route_question *questions, size_t count);

/* A host route (/32, /128). table: of the device's VRF, 0 for the main one. */
struct host_route {
	int ifindex;
	unsigned table;
	struct ip ip;
};

/* Whatever the rules lead to before its table. */
int route_has_host(struct netlink *nl, const struct host_route *host, bool *ret_has, struct err *err);

/*
 * The gateway of the default route, family 0 where there is none, and the device by which it is reached. device: one of
 * the VRF that is meant, 0 for none.
 */
int route_gateway(struct netlink *nl, int family, int device, struct ip *ret_gateway, int *ret_ifindex,
		  struct err *err);

/* Does an IPv4 route of any table leave by the device, but for those that come with its own addresses? A dump. */
int route_by_device(struct netlink *nl, int ifindex, bool *ret_routed, struct err *err);

#define ROUTE_DEVICES_MAX 16

struct route_devices {
	size_t count;
	int ifindexes[ROUTE_DEVICES_MAX];
	bool more; /* than there was room for */
};

/* The devices with IPv6 routes that routers have advertised (RFC 4861 6.3.4), each once. A dump. */
int route_advertised(struct netlink *nl, struct route_devices *ret_devices, struct err *err);

/* On-link. source: to be sent from, NULL for what the kernel takes. -EEXIST: another one for the address exists. */
int route_add_host(struct netlink *nl, const struct host_route *route, const struct ip *source, struct err *err);

/* 1 when the route was deleted, 0 when it was gone already. */
int route_delete_host(struct netlink *nl, const struct host_route *route, struct err *err);

#endif

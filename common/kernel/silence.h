/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_SILENCE_H
#define GUESTARP_KERNEL_SILENCE_H
/* Why the kernel would not serve an address although its proxy entry is there (arp_process(), ndisc_recv_ns()). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"
#include "kernel/address.h"
#include "kernel/link.h"
#include "kernel/netlink.h"

/*
 * Would a packet to the address that came in on the device leave by the device itself? Then the guest is in front of it
 * and answers for itself: IPv4's proxy ARP stays silent, IPv6's would answer instead of the guest. addresses: the
 * host's own, for a sender that could be on the device. Fails as route_forward() does: then nothing is known.
 */
int silence_in_front(struct netlink *nl, const struct link *link, const struct addresses *addresses,
		     const struct ip *ip, bool *ret_in_front, struct err *err);

enum forwarding {
	FORWARDING_ON,
	FORWARDING_OFF,     /* on the device: it stays silent */
	FORWARDING_OFF_ALL, /* IPv6 alone, and only for all devices: it answers, and drops what comes then */
};

/* One file of /proc for IPv6 where it is on for the device, none else. */
enum forwarding silence_forwarding(const struct link *link, uint8_t family);

/*
 * The command that turns forwarding on and takes nothing away: IPv6 drops the routes that routers have advertised when
 * it is turned on for whatever device, and then believes them no more, but on devices with accept_ra=2. It lists the
 * IPv6 routes, so it is only for the case that something is to be said. "" where it cannot be known, and for IPv4
 * where the device would answer for others by proxy_arp as well.
 */
void silence_forwarding_fix(struct netlink *nl, const struct link *link, uint8_t family, enum forwarding forwarding,
			    char *ret_command, size_t size);

#endif

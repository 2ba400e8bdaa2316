/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EFFECT_ANNOUNCE_H
#define GUESTARP_EFFECT_ANNOUNCE_H
/* Telling the neighbours at once who answers for an address now. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "guest/guest.h"
#include "kernel/address.h"
#include "kernel/link.h"
#include "kernel/netlink.h"
#include "kernel/packet.h"

struct announcement {
	struct packet packet;
	bool proxied; /* said for a proxy entry; else the host's own address */
};

struct announcements {
	struct announcement *list;
	size_t count;
	size_t room;
};

int announcements_add(struct announcements *announcements, const struct announcement *announcement);

/* An Ethernet device that is up and does ARP; only that can say anything. */
bool announcements_can(const struct link *link);

/*
 * What has the bridge's MAC: the host's own addresses on it, and on the VLAN devices that stand on it, of which the
 * kernel tells only from above. to is the one host that is told, NULL for all. addresses are as
 * addresses_get_answered() has them; it is asked for each of their devices.
 */
int announcements_add_own(struct announcements *announcements, struct netlink *nl, const struct link *bridge,
			  const struct addresses *addresses, const struct mac *to, struct err *err);

/* The same of each bridge that the guest's NICs are in, told to all hosts or to the guest alone. */
int announcements_add_bridges(struct announcements *announcements, struct netlink *nl, const struct guest *guest,
			      int family, bool guest_alone, struct err *err);
/* And the entries by which the device, or a VLAN device on it, answers for others. Lists the host's: for a person's
 * command.
 */
int announcements_add_proxied(struct announcements *announcements, struct netlink *nl, const struct link *bridge,
			      struct err *err);

void announcements_done(struct announcements *announcements);

/* Sends all once. The first failure is returned, the others are sent all the same. */
int announcements_say(const struct announcements *announcements, int fd, struct err *err);

/*
 * Sends all at once now and then rounds - 1 times more, 2 s apart (RFC 5227 ANNOUNCE_INTERVAL), from a
 * detached child that repeats only what still is so.
 */
int announcements_send(const struct announcements *announcements, unsigned rounds, struct err *err);

/*
 * Tells all that has the device's MAC, for who has changed that by hand. *ret_count: how many addresses. -ENODEV;
 * -ENETDOWN where it can say nothing.
 */
int announce_device(const char *name, unsigned rounds, size_t *ret_count, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_ANNOUNCE_H
#define GUESTARP_EVENT_ANNOUNCE_H
/* Telling the neighbours at once who answers for an address now. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "kernel/address.h"
#include "kernel/link.h"
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

/* Adds the addresses of the host that the device (a bridge) holds. */
int announcements_add_own(struct announcements *announcements, const struct link *link,
			  const struct addresses *addresses);
void announcements_done(struct announcements *announcements);

/*
 * Sends all at once now and then rounds - 1 times more, 2 s apart (RFC 5227 ANNOUNCE_INTERVAL), from a
 * detached child that repeats only what still is so.
 */
int announcements_send(const struct announcements *announcements, unsigned rounds, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_PLAN_BIND_H
#define GUESTARP_PLAN_BIND_H
/* For one address of a guest: may this host answer for it, on the chosen device, and route to it? Pure. */

#include <stdbool.h>

#include "base/ip.h"
#include "guest/guest.h"
#include "kernel/address.h"
#include "kernel/link.h"

enum bind_verdict {
	BIND_YES,
	BIND_NOT_ALLOWED,  /* outside of the policy's prefixes */
	BIND_LINK_LOCAL,   /* it means another host on each link */
	BIND_HOSTS_OWN,    /* this host has it itself */
	BIND_GATEWAY,      /* this host's default route leads to it, and not by the guest's own bridge */
	BIND_OWN_BRIDGE,   /* the chosen device is the guest's own bridge, or a port of it: there it answers itself */
	BIND_PRIVATE,      /* private, and inside a prefix of the guest's own bridge: a network of this host's */
	BIND_OTHER_BRIDGE, /* routes alone: the device is a bridge that the NIC is not in */
	BIND_PORT,         /* routes alone: the device is a bridge's port, whose own stack sees nothing */
};

/* What the answer depends on. */
struct bind_question {
	const struct ip *ip;
	bool allowed;              /* it lies in one of the policy's prefixes, or there are none */
	bool named;                /* the policy names the address, or the device for its NIC */
	const struct link *device; /* the chosen one, or for a route the one towards the guest */
	const struct link *bridge; /* its NIC's, NULL for none */
	const struct addresses *addresses;
	struct ip gateway;   /* of the default route of the address's family; family 0 for none */
	int gateway_ifindex; /* by which device it is reached */
};

enum bind_verdict bind_sane(const struct bind_question *question);
enum bind_verdict bind_entry(const struct bind_question *question);
enum bind_verdict bind_route(const struct bind_question *question);

/* RFC 1918, RFC 6598 or RFC 4193: what several networks may use. */
bool bind_private(const struct ip *ip);

/* "192.0.2.7 is this host's own address": why not, for a note. */
const char *bind_reason(enum bind_verdict verdict);

/* The NIC whose address it is, or NULL. */
const struct guest_nic *bind_nic(const struct guest *guest, const struct ip *ip);

#endif

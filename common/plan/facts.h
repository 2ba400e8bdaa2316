/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_PLAN_FACTS_H
#define GUESTARP_PLAN_FACTS_H
/* What a plan needs to know of the host, as plain data. */

#include <stdbool.h>
#include <stddef.h>

#include "kernel/address.h"
#include "kernel/bridge.h"
#include "kernel/link.h"

#define FACTS_LINKS_MAX 192
#define MACHINE_ID_SIZE 33

/* What is known of the host: only what this guest's plan needs was asked. */
struct facts {
	/* Devices that were asked for by name and exist. */
	struct link links[FACTS_LINKS_MAX];
	char asked[FACTS_LINKS_MAX][IFNAMSIZ];  /* beside links; may be an alternative name */
	struct bridge bridges[FACTS_LINKS_MAX]; /* beside links; meaningful where bridge_known */
	bool bridge_known[FACTS_LINKS_MAX];
	bool carries_chosen[FACTS_LINKS_MAX]; /* beside links: is, or has as VLAN device, a chosen one */
	size_t link_count;

	struct ip gateways[2]; /* of the default routes, IPv4's and IPv6's; family 0 for none */
	int gateway_ifindexes[2];

	struct addresses addresses; /* the host's own, once asked for */
	bool addresses_known;
	char machine_id[MACHINE_ID_SIZE]; /* "" when there is none */
};

/* By the name that it was asked for, or its own. */
const struct link *facts_link(const struct facts *facts, const char *name);
const struct bridge *facts_bridge(const struct facts *facts, const char *name);

/* Empties facts cheaply: the tables are large and mostly unused. */
void facts_init(struct facts *facts);
void facts_done(struct facts *facts);

#endif

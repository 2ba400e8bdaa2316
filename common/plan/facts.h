/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_PLAN_FACTS_H
#define GUESTARP_PLAN_FACTS_H
/* What a plan needs to know of the host, as plain data. */

#include <stdbool.h>
#include <stddef.h>

#include "kernel/address.h"
#include "kernel/bridge.h"
#include "kernel/link.h"

#define FACTS_LINKS_MAX 384
#define MACHINE_ID_SIZE 33

/* What is known of the host: only what this guest's plan needs was asked. */
struct facts {
	/* Devices that were asked for by name and exist. */
	struct link links[FACTS_LINKS_MAX];
	char asked[FACTS_LINKS_MAX][IFNAMSIZ];  /* beside links; may be an alternative name */
	struct bridge bridges[FACTS_LINKS_MAX]; /* beside links; meaningful where bridge_known */
	bool bridge_known[FACTS_LINKS_MAX];
	bool carries_chosen[FACTS_LINKS_MAX]; /* beside links: is, or has as VLAN device, a chosen one */
	char vrfs[FACTS_LINKS_MAX][IFNAMSIZ]; /* beside links; "" for none, meaningful where vrf_known */
	bool vrf_known[FACTS_LINKS_MAX];
	size_t link_count;

	/* Of each family, IPv4's first: the default route's gateway, family 0 for none, and the host's own addresses.
	 */
	struct ip gateways[2];
	int gateway_ifindexes[2];
	bool gateway_known[2];
	struct addresses addresses;
	bool addresses_known[2];
	char machine_id[MACHINE_ID_SIZE]; /* "" when there is none */
};

/* By the name that it was asked for, or its own. */
const struct link *facts_link(const struct facts *facts, const char *name);
/* "" for none, and where it was not asked for. */
const char *facts_vrf(const struct facts *facts, const char *name);
const struct bridge *facts_bridge(const struct facts *facts, const char *name);

/* Empties facts cheaply: the tables are large and mostly unused. */
void facts_init(struct facts *facts);
void facts_done(struct facts *facts);

/* What is known may no longer be so. */
void facts_forget(struct facts *facts);

#endif

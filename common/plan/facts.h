/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_PLAN_FACTS_H
#define GUESTARP_PLAN_FACTS_H
/* What a plan needs to know of the host, as plain data. */

#include <stdbool.h>
#include <stddef.h>

#include "kernel/address.h"
#include "kernel/bridge.h"
#include "kernel/link.h"

#define FACTS_LINKS_MAX    384
#define FACTS_GATEWAYS_MAX 16
#define MACHINE_ID_SIZE    33

/* Of one table, as struct link has it, and family; ip.family 0 where there is no default route. */
struct facts_gateway {
	unsigned table;
	uint8_t family;
	struct ip ip;
	int ifindex;
};

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

	struct facts_gateway gateways[FACTS_GATEWAYS_MAX];
	size_t gateway_count;
	struct addresses addresses;       /* the host's own */
	bool addresses_known[2];          /* IPv4's, IPv6's */
	char machine_id[MACHINE_ID_SIZE]; /* "" when there is none */
};

/* By the name that it was asked for, or its own. */
const struct link *facts_link(const struct facts *facts, const char *name);
/* "" for none, and where it was not asked for. */
const char *facts_vrf(const struct facts *facts, const char *name);
/* NULL where it was not asked for. */
const struct facts_gateway *facts_gateway(const struct facts *facts, unsigned table, uint8_t family);
const struct bridge *facts_bridge(const struct facts *facts, const char *name);

/* Empties facts cheaply: the tables are large and mostly unused. */
void facts_init(struct facts *facts);
void facts_done(struct facts *facts);

/* What is known may no longer be so. */
void facts_forget(struct facts *facts);

#endif

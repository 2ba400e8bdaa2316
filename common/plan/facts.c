/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking facts up; asking for them is effect/'s. */

#include "plan/facts.h"

#include <string.h>

const struct link *facts_link(const struct facts *facts, const char *name)
{
	for (size_t i = 0; name[0] && i < facts->link_count; i++) {
		if (strcmp(facts->links[i].name, name) == 0 || strcmp(facts->asked[i], name) == 0)
			return &facts->links[i];
	}
	return NULL;
}

const char *facts_vrf(const struct facts *facts, const char *name)
{
	const struct link *link = facts_link(facts, name);

	return link && facts->vrf_known[link - facts->links] ? facts->vrfs[link - facts->links] : "";
}

const struct facts_gateway *facts_gateway(const struct facts *facts, unsigned table, uint8_t family)
{
	for (size_t i = 0; i < facts->gateway_count; i++) {
		const struct facts_gateway *gateway = &facts->gateways[i];

		if (gateway->family == family && gateway->table == table)
			return gateway;
	}
	return NULL;
}

const struct bridge *facts_bridge(const struct facts *facts, const char *name)
{
	const struct link *link = facts_link(facts, name);

	if (!link || !facts->bridge_known[link - facts->links])
		return NULL;
	return &facts->bridges[link - facts->links];
}

void facts_init(struct facts *facts)
{
	facts->link_count = 0;
	memset(&facts->addresses, 0, sizeof(facts->addresses));
	memset(facts->addresses_known, 0, sizeof(facts->addresses_known));
	facts->gateway_count = 0;
	facts->machine_id[0] = '\0';
}

void facts_done(struct facts *facts)
{
	addresses_done(&facts->addresses);
}

void facts_forget(struct facts *facts)
{
	facts_done(facts);
	facts_init(facts);
}

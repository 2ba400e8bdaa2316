/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question per device by name: what the host has beside this guest costs nothing. */

#include "effect/asking.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/text.h"
#include "host/guests.h"
#include "kernel/route.h"
#include "plan/needs.h"
#include "policy/ask.h"

int asking_link(struct netlink *nl, struct facts *facts, const char *name, struct err *err)
{
	int r;

	if (!name[0] || facts_link(facts, name))
		return 0;
	if (facts->link_count == FACTS_LINKS_MAX)
		return err_set(err, ENOSPC, "more than %d devices for one guest", FACTS_LINKS_MAX);
	r = link_get(nl, name, &facts->links[facts->link_count], err);
	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return err_wrap(err, "%s", name);
	(void)text_copy(facts->asked[facts->link_count], IFNAMSIZ, name);
	facts->carries_chosen[facts->link_count] = false;
	facts->vrf_known[facts->link_count] = false;
	facts->bridge_known[facts->link_count++] = false;
	return 0;
}

const char *asking_vrf(struct netlink *nl, struct facts *facts, const char *name)
{
	const struct link *link = facts_link(facts, name);
	size_t i;

	if (!link)
		return "";
	i = (size_t)(link - facts->links);
	if (!facts->vrf_known[i])
		link_vrf(nl, link, facts->vrfs[i]);
	facts->vrf_known[i] = true;
	return facts->vrfs[i];
}

int asking_addresses(struct netlink *nl, struct facts *facts, uint8_t family, struct err *err)
{
	bool *known = &facts->addresses_known[family == AF_INET6];
	int r = *known ? 0 : addresses_get(nl, family, &facts->addresses, err);

	*known = r == 0;
	return r;
}

/* device: one whose routes are in the table, 0 for the main one. */
static int ask_gateway(struct netlink *nl, struct facts *facts, unsigned table, int device, uint8_t family,
		       struct err *err)
{
	struct facts_gateway *gateway = &facts->gateways[facts->gateway_count];
	int r;

	if (facts_gateway(facts, table, family) || facts->gateway_count == FACTS_GATEWAYS_MAX)
		return 0;
	gateway->table = table;
	gateway->family = family;
	r = route_gateway(nl, family, device, &gateway->ip, &gateway->ifindex, err);
	facts->gateway_count += r == 0;
	return r;
}

/* The main table's, and those of the VRFs of the devices that were asked for before. */
static int ask_gateways(struct netlink *nl, struct facts *facts, uint8_t family, struct err *err)
{
	int r = ask_gateway(nl, facts, 0, 0, family, err);

	for (size_t i = 0; r == 0 && i < facts->link_count; i++) {
		const struct link *link = &facts->links[i];

		if (link->table)
			r = ask_gateway(nl, facts, link->table, link->ifindex, family, err);
	}
	return r;
}

/* A MAC that was derived, as there was no uplink, is pinned only until there is one. */
static int ask_giving_way(struct netlink *nl, const struct bridge_claims *claims, struct facts *facts, size_t i,
			  struct err *err)
{
	const struct link *link = &facts->links[i];
	struct bridge *bridge = &facts->bridges[i];
	struct mac derived;
	int r;

	/* All derived ones are locally administered. */
	if (!(link->mac.bytes[0] & 2))
		return 0;
	asking_machine_id(facts);
	if (!facts->machine_id[0])
		return 0;
	plan_derive_mac(facts->machine_id, link->name, &derived);
	if (!mac_equal(&link->mac, &derived))
		return 0;
	r = bridge_uplink(nl, link->name, claims, bridge, err);
	bridge->pinned = !bridge->has_uplink;
	return r;
}

/* The policy's word counts where the port is one. */
static int ask_named_uplink(struct netlink *nl, const struct policy *policy, struct facts *facts, size_t i,
			    struct err *err)
{
	const char *name = policy_uplink(policy, facts->links[i].name);
	struct link uplink;
	int r = name[0] ? link_get(nl, name, &uplink, err) : -ENODEV;

	if (r == 0 && uplink.master == facts->links[i].ifindex) {
		facts->bridges[i].has_uplink = true;
		facts->bridges[i].uplink = uplink.mac;
	}
	return r == -ENODEV ? 0 : r;
}

/* What is no Linux bridge has a MAC of its own already; -ENOTSUP is not a failure. */
static int ask_bridge(struct netlink *nl, const struct guest *guest, const struct policy *policy, struct facts *facts,
		      const char *name, struct err *err)
{
	const struct bridge_claims claims = { guest_has_port, guest };
	int r = asking_link(nl, facts, name, err);
	const struct link *link = name[0] ? facts_link(facts, name) : NULL;
	size_t i;

	if (r < 0 || !link)
		return r;
	i = (size_t)(link - facts->links);
	/* Mostly all NICs are in one bridge. */
	if (facts->bridge_known[i])
		return 0;
	r = bridge_read(nl, link, &claims, &facts->bridges[i], err);
	if (r == 0 && facts->bridges[i].pinned)
		r = ask_giving_way(nl, &claims, facts, i, err);
	if (r == 0 && !facts->bridges[i].pinned)
		r = ask_named_uplink(nl, policy, facts, i, err);
	facts->bridge_known[i] = r == 0;
	/* What its MAC is derived from. */
	if (r == 0 && !facts->bridges[i].pinned && !facts->bridges[i].has_uplink)
		asking_machine_id(facts);
	return r == -ENOTSUP ? 0 : r;
}

/* 32 hexadecimal digits (machine-id(5)), or nothing. */
void asking_machine_id(struct facts *facts)
{
	CLEANUP(free) char *text = NULL;
	size_t len;

	if (facts->machine_id[0])
		return;
	if (file_read("/etc/machine-id", FILE_ANY, &text, &len, NULL) < 0)
		return;
	if (strspn(text, "0123456789abcdef") == MACHINE_ID_SIZE - 1)
		(void)snprintf(facts->machine_id, MACHINE_ID_SIZE, "%.*s", MACHINE_ID_SIZE - 1, text);
}

/* The bridge that the device is, or is a VLAN device of: it has the MAC that is announced. */
static int ask_base(struct netlink *nl, const struct guest *guest, const struct policy *policy, struct facts *facts,
		    const char *device, struct err *err)
{
	int r = asking_link(nl, facts, device, err);
	const struct link *link = facts_link(facts, device);
	struct link base;

	if (r < 0 || !link)
		return r;
	r = link_get_base(nl, link, &base, err);
	if (r < 0)
		return r == -ENODEV ? 0 : r;
	if (strcmp(base.kind, "bridge") != 0)
		return 0;
	r = ask_bridge(nl, guest, policy, facts, base.name, err);
	link = facts_link(facts, base.name);
	if (r == 0 && link)
		facts->carries_chosen[link - facts->links] = true;
	return r;
}

static int ask_one(struct netlink *nl, const struct guest *guest, const struct policy *policy, const struct need *need,
		   struct facts *facts, struct err *err)
{
	switch (need->kind) {
	case NEED_BRIDGE:
		return ask_bridge(nl, guest, policy, facts, need->device, err);
	case NEED_BASE:
		return ask_base(nl, guest, policy, facts, need->device, err);
	case NEED_VRF:
		(void)asking_vrf(nl, facts, need->device);
		return 0;
	case NEED_ADDRESSES:
		return asking_addresses(nl, facts, need->family, err);
	case NEED_GATEWAY:
		return ask_gateways(nl, facts, need->family, err);
	case NEED_DEVICE:
	default:
		return asking_link(nl, facts, need->device, err);
	}
}

/* said: what naming the needs has returned. */
static int ask_each(struct netlink *nl, const struct guest *guest, const struct policy *policy, struct needs *needs,
		    int said, struct facts *facts, struct err *err)
{
	int r = said < 0 ? err_errno(err, -said, "plan") : 0;

	for (size_t i = 0; r == 0 && i < needs->count; i++)
		r = ask_one(nl, guest, policy, &needs->list[i], facts, err);
	needs_done(needs);
	return r;
}

int asking_prepare(struct netlink *nl, const struct guest *guest, const struct policy *policy, struct facts *facts,
		   struct err *err)
{
	struct needs needs = { 0 };
	int r = needs_prepare(guest, policy, &needs);

	return ask_each(nl, guest, policy, &needs, r, facts, err);
}

int asking_quiet(struct netlink *nl, const struct guest *guest, struct facts *facts, struct err *err)
{
	struct needs needs = { 0 };
	int r = needs_quiet(guest, &needs);

	return ask_each(nl, guest, NULL, &needs, r, facts, err);
}

int asking_up(struct netlink *nl, const struct guest *guest, const struct policy *policy, struct facts *facts,
	      struct err *err)
{
	struct needs needs = { 0 };
	int r = needs_up(guest, policy, &needs);

	return ask_each(nl, guest, policy, &needs, r, facts, err);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that the host has by a local route alone: of each range some, as nobody can ask for all of them. */

#include "doctor/anyip.h"

#include <sys/socket.h>

#include "base/array.h"
#include "doctor/doctor.h"

#define TRIED_MAX 64 /* of a range's addresses, until one is found that no other route takes out of it */

static const struct ip nobody = { AF_INET, { 0 } };

/* What the addresses of a table count for: the VRF's, or the host's own. */
static const struct netdev *owner_of(const struct doctor *d, uint32_t table)
{
	const struct netdev *loopback = NULL;

	for (size_t i = 0; i < d->state.count; i++) {
		const struct netdev *device = &d->state.devices[i];

		if (device->kind == NETDEV_VRF && device->table == table)
			return device;
		if (device->link.flags & IFF_LOOPBACK)
			loopback = device;
	}
	return loopback;
}

/* Rules may be for what comes in alone: then a neighbour's look-up counts, in the subnet (NULL: nobody's). */
static bool is_local(const struct doctor *d, const struct netdev *owner, const struct address *subnet,
		     const struct ip *ip)
{
	int oif = owner->kind == NETDEV_VRF ? owner->link.ifindex : 0;
	struct ip asker;

	if (d->lookups.leave(d->lookups.arg, oif, &nobody, ip).kind == LOOKUP_LOCAL)
		return true;
	return d->state.rules.custom && subnet && addresses_neighbour_in(&d->state.addresses, subnet, ip, &asker) &&
	       d->lookups.arrive(d->lookups.arg, subnet->ifindex, &asker, ip).kind == LOOKUP_LOCAL;
}

static void add(struct doctor *d, const struct netdev *owner, const struct ip *ip)
{
	struct addresses *all = &d->addresses;
	struct address *list;

	if (addresses_have(all, ip))
		return;
	list = array_grow(all->list, all->count, &all->room, sizeof(*list));
	if (!list) {
		d->findings->failed = true;
		return;
	}
	all->list = list;
	list[all->count++] = (struct address){ .ifindex = owner->link.ifindex, .ip = *ip, .peer = *ip, .prefix = 32 };
}

static struct ip ip_above(const struct ip *ip, uint32_t by)
{
	struct ip above = *ip;

	for (size_t i = 4; i-- > 0; by >>= 8) {
		by += above.bytes[i];
		above.bytes[i] = (uint8_t)by;
	}
	return above;
}

/* The lowest address of a subnet. */
static struct ip lowest_of(const struct ip *ip, unsigned prefix)
{
	struct ip lowest = *ip;

	for (unsigned bit = prefix; bit < 32; bit++)
		lowest.bytes[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
	return lowest;
}

/* One of the addresses that are both in the range and in the subnet (NULL: all). */
static void take_one(struct doctor *d, const struct netdev *owner, const struct address_range *range,
		     const struct address *subnet)
{
	bool within = subnet && subnet->prefix > range->prefix;
	unsigned prefix = within ? subnet->prefix : range->prefix;
	struct ip lowest = within ? lowest_of(&subnet->peer, prefix) : range->ip;
	uint32_t count = 32 - prefix < 6 ? 1U << (32 - prefix) : TRIED_MAX;

	/* A subnet's lowest address is no machine's. */
	for (uint32_t i = prefix < 31; i < count; i++) {
		struct ip ip = ip_above(&lowest, i);

		if (addresses_have(&d->state.addresses, &ip) || !is_local(d, owner, subnet, &ip))
			continue;
		add(d, owner, &ip);
		return;
	}
}

static bool overlap(const struct address_range *range, const struct address *subnet)
{
	return subnet->ip.family == AF_INET && subnet->prefix < 32 &&
	       ip_same_subnet(&range->ip, &subnet->peer,
			      subnet->prefix < range->prefix ? subnet->prefix : range->prefix);
}

static void take_range(struct doctor *d, const struct address_range *range)
{
	const struct netdev *owner = owner_of(d, range->table);
	size_t count = d->addresses.count;
	bool asked = false;

	for (size_t i = 0; owner && i < count; i++) {
		struct address subnet = d->addresses.list[i];

		if (!overlap(range, &subnet))
			continue;
		asked = true;
		take_one(d, owner, range, &subnet);
	}
	if (owner && !asked)
		take_one(d, owner, range, NULL);
}

/* An entry does nothing for an address that is the host's own. */
static void take_entry(struct doctor *d, const struct ip *ip)
{
	const struct address_range *range = addresses_range(&d->addresses, ip);
	const struct netdev *owner = range ? owner_of(d, range->table) : NULL;

	if (owner && !addresses_have(&d->addresses, ip) && is_local(d, owner, NULL, ip))
		add(d, owner, ip);
}

void anyip_take(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->addresses.range_count; i++)
		take_range(doctor, &doctor->addresses.ranges[i]);
	for (size_t i = 0; i < doctor->state.proxies.count; i++)
		take_entry(doctor, &doctor->state.proxies.list[i].ip);
}

bool address_is_routed(const struct doctor *doctor, const struct ip *ip)
{
	return addresses_have(&doctor->addresses, ip) && !addresses_have(&doctor->state.addresses, ip);
}

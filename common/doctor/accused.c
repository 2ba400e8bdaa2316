/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who answers is compared with who is right: the device that has the address, or the way back. */

#include "doctor/accused.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "doctor/doctor.h"
#include "kernel/route.h"

bool device_is_bare_bridge(const struct doctor *doctor, const struct netdev *device)
{
	return device->kind == NETDEV_BRIDGE && !device_has_ip4(doctor, device);
}

/* The device by which packets from the address to those who ask for it leave; 0 where there are several, or none. */
static int way_back(const struct doctor *d, const struct wire *w, const struct ip *target, const struct netdev *device)
{
	const struct netdev *vrf = netstate_vrf(&d->state, device->link.ifindex);

	for (size_t i = 0; i < w->asker_count; i++) {
		const struct asker *asker = &w->askers[i];
		struct lookup l;

		if (asker->ip.family != target->family ||
		    !(ip_same_subnet(&asker->ip, target, asker->prefix) || ip_equal(&asker->gateway, target)))
			continue;
		l = d->lookups.leave(d->lookups.arg, vrf ? vrf->link.ifindex : 0, target, &asker->ip);
		return l.kind == LOOKUP_UNICAST && l.hop_count == 1 ? l.hops[0] : 0;
	}
	return 0;
}

/* A VLAN device, or a bridge, has the MAC of another one: who learns it from there has learned the right one. */
static bool is_holders_mac(const struct doctor *d, const struct ip *target, const struct mac *mac)
{
	for (size_t i = 0; i < d->addresses.count; i++) {
		const struct link *link = netstate_link(&d->state, d->addresses.list[i].ifindex);

		if (link && ip_equal(&d->addresses.list[i].ip, target) && mac_equal(&link->mac, mac))
			return true;
	}
	return false;
}

/* Who has the address; else the one by which the host's packets to that wire leave. Probes do not count. */
static const struct netdev *right_device(const struct doctor *d, const struct wire *w, const struct reply_set *set)
{
	const struct link *back;

	for (size_t i = 0; i < set->count; i++) {
		if (set->list[i].request && device_holds(d, set->list[i].device, &set->target))
			return set->list[i].device;
	}
	for (size_t i = 0; i < set->count; i++) {
		if (set->list[i].request && is_holders_mac(d, &set->target, &set->list[i].device->link.mac))
			return set->list[i].device;
	}
	back = netstate_link(&d->state, way_back(d, w, &set->target, set->list[0].device));
	for (size_t i = 0; back && i < set->count; i++) {
		if (set->list[i].request && mac_equal(&set->list[i].device->link.mac, &back->mac))
			return set->list[i].device;
	}
	return NULL;
}

static bool several_macs(const struct reply_set *set)
{
	const struct mac *first = NULL;

	for (size_t i = 0; i < set->count; i++) {
		const struct mac *mac = &set->list[i].device->link.mac;

		if (!set->list[i].request)
			continue;
		if (first && !mac_equal(first, mac))
			return true;
		first = mac;
	}
	return false;
}

bool device_is_gateway(const struct doctor *doctor, const struct netdev *device)
{
	bool routed = false;

	return route_by_device(doctor->nl, device->link.ifindex, &routed, NULL) == 0 && routed;
}

/* A guest's own gateway, which has none, answers for all that is beyond it. */
static bool has_subnet(const struct doctor *d, const struct netdev *device)
{
	for (size_t i = 0; i < d->addresses.count; i++) {
		const struct address *a = &d->addresses.list[i];

		if (a->ifindex == device->link.ifindex && a->ip.family == AF_INET && a->prefix < 31)
			return true;
	}
	return false;
}

bool reply_is_wrong(const struct doctor *doctor, const struct wire *wire, const struct reply_set *set,
		    const struct reply *reply)
{
	const struct netdev *right;
	bool bare = device_is_bare_bridge(doctor, reply->device);

	if (set->stranger)
		return reply->reason == REASON_PROXY_ARP && (!set->foreign || has_subnet(doctor, reply->device));
	/* A probe asks whether the address is taken (RFC 5227): whichever card says so is right. */
	if (!set->own || (!bare && (set->foreign || !reply->request || !several_macs(set))) ||
	    is_holders_mac(doctor, &set->target, &reply->device->link.mac))
		return false;
	right = right_device(doctor, wire, set);
	if (right)
		return !mac_equal(&right->link.mac, &reply->device->link.mac);
	return bare && !device_is_gateway(doctor, reply->device);
}

struct accused *accusations_find(const struct doctor *doctor, const struct accusations *accusations,
				 const struct netdev *device, bool stranger)
{
	for (size_t i = 0; i < accusations->count; i++) {
		if (accusations->list[i].device == device &&
		    (accusations->list[i].stranger == stranger || device_is_bare_bridge(doctor, device)))
			return &accusations->list[i];
	}
	return NULL;
}

static struct accused *accuse(struct doctor *d, struct accusations *all, const struct netdev *device,
			      const struct wire *w, const struct reply_set *set, const struct netdev *right)
{
	struct accused *a = accusations_find(d, all, device, set->stranger);
	struct accused *list;

	if (a)
		return a;
	list = realloc(all->list, (all->count + 1) * sizeof(*list));
	if (!list) {
		d->findings->failed = true;
		return NULL;
	}
	all->list = list;
	list[all->count] = (struct accused){
		.device = device, .stranger = set->stranger, .set = set, .wire = w->id, .right = right
	};
	return &list[all->count++];
}

static void judge(struct doctor *d, const struct wire *w, const struct reply_set *set, struct accusations *all)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct reply *reply = &set->list[i];
		struct accused *a =
			reply_is_wrong(d, w, set, reply)
				? accuse(d, all, reply->device, w, set, set->stranger ? NULL : right_device(d, w, set))
				: NULL;

		if (a && reply->request)
			a->request = true;
	}
}

/*
 * What the device asks of its neighbours they take for an announcement of the sender (RFC 826). A macvlan's address may
 * go with the MAC of the device below: its maker wanted both to be one host.
 */
static void judge_claims(struct doctor *d, const struct wire *w, const struct reply_set *set, struct accusations *all)
{
	const struct netdev *right = set->own && !set->foreign ? right_device(d, w, set) : NULL;
	int back = right ? way_back(d, w, &set->target, right) : 0;
	const struct netdev *asks = back && wire_hears(w, back) ? netstate_device(&d->state, back) : NULL;
	struct accused *a;

	if (!asks || asks == right || mac_equal(&asks->link.mac, &right->link.mac) ||
	    !device_holds(d, right, &set->target) || device_holds(d, asks, &set->target) ||
	    (right->kind == NETDEV_MACVLAN && right->link.lower == asks->link.ifindex) ||
	    d->state.all[LINK_ARP_ANNOUNCE] >= 2 || asks->link.value[LINK_ARP_ANNOUNCE] >= 2)
		return;
	a = accusations_find(d, all, asks, false) ? NULL : accuse(d, all, asks, w, set, right);
	if (a)
		a->claims = true;
}

/* In the kernel's order. */
static int by_device(const void *a, const void *b)
{
	const struct accused *x = a;
	const struct accused *y = b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return x->stranger - y->stranger;
}

void accusations_take(struct doctor *doctor, struct accusations *ret_accusations)
{
	struct doctor *d = doctor;

	for (size_t i = 0; i < d->wires.count; i++) {
		const struct wire *w = &d->wires.list[i];

		for (size_t j = 0; j < w->set_count; j++)
			judge(d, w, &w->sets[j], ret_accusations);
	}
	for (size_t i = 0; i < d->wires.count; i++) {
		const struct wire *w = &d->wires.list[i];

		for (size_t j = 0; j < w->set_count; j++)
			judge_claims(d, w, &w->sets[j], ret_accusations);
	}
	if (ret_accusations->count > 1)
		qsort(ret_accusations->list, ret_accusations->count, sizeof(*ret_accusations->list), by_device);
}

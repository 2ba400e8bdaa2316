/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model asked: on each wire each device that hears, by each neighbour that could be there, for each address. */

#include "doctor/replies.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"
#include "doctor/anyip.h"
#include "doctor/doctor.h"
#include "host/running.h"
#include "kernel/route.h"

static const struct ip nobody = { AF_INET, { 0 } };

bool device_holds(const struct doctor *doctor, const struct netdev *device, const struct ip *ip)
{
	const struct addresses *all = &doctor->addresses;

	for (size_t i = 0; i < all->count; i++) {
		if (all->list[i].ifindex == device->link.ifindex && ip_equal(&all->list[i].ip, ip))
			return true;
	}
	return false;
}

bool device_has_ip4(const struct doctor *doctor, const struct netdev *device)
{
	const struct addresses *all = &doctor->state.addresses;

	for (size_t i = 0; i < all->count; i++) {
		if (all->list[i].ifindex == device->link.ifindex && all->list[i].ip.family == AF_INET)
			return true;
	}
	return false;
}

/* A neighbour in the subnet of one of the host's addresses, but not other. False where there is no room for one. */
static bool wire_neighbour(const struct doctor *doctor, const struct address *address, const struct ip *other,
			   struct ip *ret_ip)
{
	/* None of the host's own, whatever its scope: routing refuses what comes from one. */
	return addresses_neighbour_in(&doctor->state.addresses, address, other, ret_ip);
}

const struct reply *set_reply(const struct reply_set *set, int ifindex)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->list[i].device->link.ifindex == ifindex)
			return &set->list[i];
	}
	return NULL;
}

bool wire_hears(const struct wire *wire, int ifindex)
{
	for (size_t i = 0; i < wire->device_count; i++) {
		if (wire->devices[i].device->link.ifindex == ifindex)
			return true;
	}
	return false;
}

/* ---- who is there ------------------------------------------------------------------------------------------------ */

/* Silent whatever it is asked. Of IPv6 nobody but a chosen device answers for what it does not have. */
static bool is_mute(const struct doctor *d, const struct netdev *device)
{
	return (device->link.flags & IFF_NOARP) || !device->link.inet ||
	       quiet_names_cover(&d->state.filters.quiet.names, device->link.name);
}

static void add_device(struct doctor *d, struct wire *w, const struct netdev *device)
{
	struct wire_device *list;

	if (is_mute(d, device) || wire_hears(w, device->link.ifindex))
		return;
	list = array_grow(w->devices, w->device_count, &w->device_room, sizeof(*list));
	if (!list) {
		d->findings->failed = true;
		return;
	}
	w->devices = list;
	list[w->device_count++].device = device;
}

static bool asks_for(const struct asker *asker, const struct ip *ip)
{
	return asker->ip.family == ip->family &&
	       (ip_same_subnet(&asker->ip, ip, asker->prefix) || ip_equal(&asker->gateway, ip));
}

/* One of a subnet stands for all, but for one whose gateway is beyond it. */
static void add_asker(struct doctor *d, struct wire *w, const struct asker *asker)
{
	struct asker *list;

	for (size_t i = 0; i < w->asker_count; i++) {
		const struct asker *a = &w->askers[i];

		if (a->prefix <= asker->prefix && asks_for(a, &asker->ip) &&
		    (!asker->gateway.family || asks_for(a, &asker->gateway)))
			return;
	}
	list = array_grow(w->askers, w->asker_count, &w->asker_room, sizeof(*list));
	if (!list) {
		d->findings->failed = true;
		return;
	}
	w->askers = list;
	list[w->asker_count++] = *asker;
}

/* Of a point-to-point address the other end, else any neighbour of its subnet. */
static void add_neighbour(struct doctor *d, struct wire *w, const struct address *a)
{
	struct asker asker = { .ip = a->peer, .prefix = a->prefix, .gateway = a->ip };

	if (ip_equal(&a->peer, &a->ip) && !wire_neighbour(d, a, &a->ip, &asker.ip))
		return;
	add_asker(d, w, &asker);
}

/* A host whose addresses are /32s has a router for a neighbour, which may ask for any of them. */
static void add_router(struct doctor *d, struct wire *w)
{
	struct asker asker = { .prefix = 0 };
	int ifindex = 0;

	if (w->asker_count > 0 || route_gateway(d->nl, AF_INET, 0, &asker.ip, &ifindex, NULL) < 0 ||
	    asker.ip.family != AF_INET || !wire_hears(w, ifindex))
		return;
	add_asker(d, w, &asker);
}

static void add_guest(struct doctor *d, struct wire *w, const struct guest_nic *nic)
{
	for (size_t i = 0; i < nic->ip_count; i++) {
		const struct guest_ip *own = &nic->ips[i];

		if (own->ip.family == AF_INET)
			add_asker(d, w, &(struct asker){ own->ip, own->prefix, nic->gateway });
	}
}

/* ---- guests' ports ------------------------------------------------------------------------------------------------
 */

struct port {
	char name[IFNAMSIZ];
	const struct guest_nic *nic;
};

struct ports {
	struct port *list;
	size_t count;
	size_t room;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct port *)a)->name, ((const struct port *)b)->name);
}

static void add_port(struct doctor *d, struct ports *ports, const char *prefix, const struct guest *guest,
		     const struct guest_nic *nic)
{
	struct port *list = array_grow(ports->list, ports->count, &ports->room, sizeof(*list));
	struct port *port;

	if (!list) {
		d->findings->failed = true;
		return;
	}
	ports->list = list;
	port = &list[ports->count];
	port->nic = nic;
	if (snprintf(port->name, sizeof(port->name), prefix ? "%s%si%u" : "%s", prefix ? prefix : nic->port, guest->id,
		     nic->index) < IFNAMSIZ)
		ports->count++;
}

static void take_ports(struct doctor *d, struct ports *ports)
{
	for (size_t i = 0; i < d->patient_count; i++) {
		const struct guest *guest = &d->patients[i].guest;

		for (size_t j = 0; j < guest->nic_count; j++) {
			const struct guest_nic *nic = &guest->nics[j];

			if (nic->ip_count == 0)
				continue;
			if (guest->kind == GUEST_PVE)
				add_port(d, ports, guest->vm ? "tap" : "veth", guest, nic);
			else if (nic->port[0])
				add_port(d, ports, NULL, guest, nic);
		}
	}
	if (ports->count > 1)
		qsort(ports->list, ports->count, sizeof(*ports->list), by_name);
}

static void add_guests(struct doctor *d, struct wire *w, const struct segment *segment, const struct ports *ports)
{
	for (size_t i = 0; ports->count > 0 && i < segment->hearers.out_count; i++) {
		const struct link *link = netstate_link(&d->state, segment->hearers.outs[i].ifindex);
		struct port key = { .nic = NULL };
		const struct port *port;

		if (!link)
			continue;
		memcpy(key.name, link->name, sizeof(key.name));
		port = bsearch(&key, ports->list, ports->count, sizeof(key), by_name);
		if (port)
			add_guest(d, w, port->nic);
	}
}

/* ---- what they say ------------------------------------------------------------------------------------------------
 */

static bool replies(const struct doctor *d, const struct netdev *device, const struct ip *asker,
		    const struct ip *target, struct reply *reply)
{
	const struct answer_question q = { .ifindex = device->link.ifindex, .asker = *asker, .target = *target };
	struct answer answer = answer_of(&d->state, &d->lookups, device->link.ifindex, &q);

	if (answer.verdict != ANSWER_REPLIES)
		return false;
	reply->device = device;
	reply->reason = answer.reason;
	return true;
}

/*
 * Somebody of a subnet with the address, else beside it or its local route's range, whether or not such a one is there.
 * None of the host's own: routing refuses what comes from one.
 */
static struct ip stranger_to(const struct doctor *d, const struct ip *target)
{
	const struct address_range *range = address_is_routed(d, target) ? addresses_range(&d->addresses, target)
									 : NULL;
	const struct address around = { .ip = *target, .prefix = 24 };
	struct ip ip = *target;
	unsigned bit;

	for (size_t i = 0; !range && i < d->addresses.count; i++) {
		const struct address *a = &d->addresses.list[i];

		if (a->ip.family == target->family && ip_same_subnet(&a->ip, target, a->prefix) &&
		    wire_neighbour(d, a, target, &ip))
			return ip;
	}
	bit = range && range->prefix > 0 ? range->prefix - 1 : (unsigned)ip_len(&ip) * 8 - 1;
	ip.bytes[bit / 8] ^= (uint8_t)(0x80U >> bit % 8);
	if (addresses_have(&d->state.addresses, &ip))
		(void)wire_neighbour(d, &around, target, &ip);
	return ip;
}

/* An address that is not the host's own is answered for by proxy alone. */
static bool could_reply(const struct doctor *d, const struct reply_set *set, const struct netdev *device)
{
	return set->own || arp_may_proxy(&d->state, device, &set->target);
}

/* Of IPv6 a probe is answered as any other question; proxied IPv4 addresses are never probed for. */
static bool answers_probe(const struct doctor *d, const struct reply_set *set, const struct netdev *device,
			  struct reply *reply)
{
	return set->own && set->target.family == AF_INET && replies(d, device, &nobody, &set->target, reply);
}

bool device_answers_probe(const struct doctor *doctor, const struct reply_set *set, const struct netdev *device)
{
	struct reply reply;

	return answers_probe(doctor, set, device, &reply);
}

bool wire_ask(const struct doctor *doctor, const struct wire *wire, const struct reply_set *set,
	      const struct netdev *device, struct reply *ret_reply)
{
	bool replied = false;

	if (set->target.family == AF_INET && !could_reply(doctor, set, device))
		return false;
	ret_reply->request = false;
	for (size_t i = 0; !replied && i < wire->asker_count; i++) {
		/* Asked for by any asker that is there, where none is known to ask for it. */
		replied = (set->foreign || asks_for(&wire->askers[i], &set->target)) &&
			  wire->askers[i].ip.family == set->target.family &&
			  replies(doctor, device, &wire->askers[i].ip, &set->target, ret_reply);
	}
	if (!replied && set->foreign) {
		struct ip asker = stranger_to(doctor, &set->target);

		replied = replies(doctor, device, &asker, &set->target, ret_reply);
	}
	ret_reply->request = replied;
	return replied || answers_probe(doctor, set, device, ret_reply);
}

static void add_reply(struct doctor *d, struct reply_set *set, const struct reply *reply)
{
	struct reply *list = array_grow(set->list, set->count, &set->room, sizeof(*list));

	if (!list) {
		d->findings->failed = true;
		return;
	}
	set->list = list;
	list[set->count++] = *reply;
}

/* Whether routing makes an address the host's can depend on the device that is asked: rules, VRFs. */
static bool is_own_there(const struct doctor *d, const struct reply_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->list[i].reason == REASON_OWN)
			return true;
	}
	return !address_is_routed(d, &set->target);
}

static bool is_asked_for(const struct wire *w, const struct ip *target)
{
	for (size_t i = 0; i < w->asker_count; i++) {
		if (asks_for(&w->askers[i], target))
			return true;
	}
	return false;
}

enum whose { OWN, PROXIED, STRANGER };

static void ask_for(struct doctor *d, struct wire *w, const struct ip *target, enum whose whose)
{
	struct reply_set set = { .target = *target, .own = whose == OWN, .stranger = whose == STRANGER };
	struct reply_set *list;

	for (size_t i = 0; i < w->set_count; i++) {
		if (ip_equal(&w->sets[i].target, target))
			return;
	}
	set.foreign = !is_asked_for(w, target);
	/* Nobody asks there for what is bound elsewhere. */
	if (set.foreign && whose == PROXIED)
		return;
	for (size_t i = 0; i < w->device_count; i++) {
		struct reply reply;

		if (wire_ask(d, w, &set, w->devices[i].device, &reply))
			add_reply(d, &set, &reply);
	}
	if (set.count == 0 || (set.own && !is_own_there(d, &set))) {
		free(set.list);
		return;
	}
	list = array_grow(w->sets, w->set_count, &w->set_room, sizeof(*list));
	if (!list) {
		free(set.list);
		d->findings->failed = true;
		return;
	}
	w->sets = list;
	list[w->set_count++] = set;
}

static struct wire *find_wire(struct doctor *d, size_t id)
{
	struct wires *all = &d->wires;
	struct wire *list;

	for (size_t i = all->count; i-- > 0;) {
		if (all->list[i].id == id)
			return &all->list[i];
	}
	list = array_grow(all->list, all->count, &all->room, sizeof(*list));
	if (!list) {
		d->findings->failed = true;
		return NULL;
	}
	all->list = list;
	list[all->count] = (struct wire){ .id = id };
	return &list[all->count++];
}

static void take_devices(struct doctor *d)
{
	for (size_t i = 0; i < d->segments.count; i++) {
		const struct segment *segment = &d->segments.list[i];
		struct wire *w = find_wire(d, segment->wire);

		for (size_t j = 0; w && j < segment->hearers.count; j++) {
			const struct hearer *hearer = &segment->hearers.list[j];

			if (hearer->reason == REASON_NONE)
				add_device(d, w, netstate_device(&d->state, hearer->ifindex));
		}
	}
}

static void take_askers(struct doctor *d, struct wire *w, const struct ports *ports)
{
	for (size_t i = 0; i < d->addresses.count; i++) {
		const struct address *a = &d->addresses.list[i];
		bool subnet = a->prefix < ip_len(&a->ip) * 8 || !ip_equal(&a->peer, &a->ip);

		if (subnet && wire_hears(w, a->ifindex))
			add_neighbour(d, w, a);
	}
	for (size_t i = 0; i < d->segments.count; i++) {
		if (d->segments.list[i].wire == w->id)
			add_guests(d, w, &d->segments.list[i], ports);
	}
	add_router(d, w);
}

/* Is there a device that answers for whatever it routes elsewhere? */
static bool has_proxy_arp(const struct doctor *d, const struct wire *w)
{
	for (size_t i = 0; i < w->device_count; i++) {
		const struct link *link = &w->devices[i].device->link;

		if (link->value[LINK_FORWARDING] && (d->state.all[LINK_PROXY_ARP] || link->value[LINK_PROXY_ARP]))
			return true;
	}
	return false;
}

/* An address of the asker's subnet that nobody is known to have. */
static void ask_for_stranger(struct doctor *d, struct wire *w, const struct asker *asker)
{
	const struct address subnet = { .ip = asker->ip, .prefix = asker->prefix };
	struct ip ip;

	if (asker->ip.family == AF_INET && asker->prefix > 0 && asker->prefix < 32 &&
	    wire_neighbour(d, &subnet, &asker->ip, &ip) && !patient_with(d, &ip))
		ask_for(d, w, &ip, STRANGER);
}

/* Of its own subnets, of other wires', and of the rest of the world (RFC 5737). */
static void take_strangers(struct doctor *d, struct wire *w)
{
	static const struct ip far = { AF_INET, { 198, 51, 100, 1 } };

	if (!has_proxy_arp(d, w))
		return;
	for (size_t i = 0; i < d->wires.count; i++) {
		for (size_t j = 0; j < d->wires.list[i].asker_count; j++)
			ask_for_stranger(d, w, &d->wires.list[i].askers[j]);
	}
	ask_for(d, w, &far, STRANGER);
}

/*
 * One device with an address of its own can mislead nobody about the host's others, and stands in for no other entry.
 * It may be the only one to answer for those that its neighbours ask for.
 */
static void take_simple_sets(struct doctor *d, struct wire *w)
{
	for (size_t i = 0; i < d->addresses.count; i++) {
		const struct address *a = &d->addresses.list[i];

		if (a->ip.family == AF_INET &&
		    (a->ifindex == w->devices[0].device->link.ifindex || is_asked_for(w, &a->ip)))
			ask_for(d, w, &a->ip, OWN);
	}
	take_strangers(d, w);
}

static void take_sets(struct doctor *d, struct wire *w)
{
	if (w->device_count == 1 && device_has_ip4(d, w->devices[0].device)) {
		take_simple_sets(d, w);
		return;
	}
	for (size_t i = 0; i < d->addresses.count; i++) {
		if (d->addresses.list[i].ip.family == AF_INET)
			ask_for(d, w, &d->addresses.list[i].ip, OWN);
	}
	for (size_t i = 0; i < d->state.proxies.count; i++) {
		const struct ip *ip = &d->state.proxies.list[i].ip;

		if (!addresses_have(&d->addresses, ip) || address_is_routed(d, ip))
			ask_for(d, w, ip, PROXIED);
	}
	take_strangers(d, w);
}

void wires_take(struct doctor *doctor)
{
	struct ports ports = { 0 };

	take_devices(doctor);
	take_ports(doctor, &ports);
	for (size_t i = 0; i < doctor->wires.count; i++)
		take_askers(doctor, &doctor->wires.list[i], &ports);
	for (size_t i = 0; i < doctor->wires.count; i++)
		take_sets(doctor, &doctor->wires.list[i]);
	free(ports.list);
}

void wires_done(struct wires *wires)
{
	for (size_t i = 0; i < wires->count; i++) {
		struct wire *w = &wires->list[i];

		for (size_t j = 0; j < w->set_count; j++)
			free(w->sets[j].list);
		free(w->devices);
		free(w->askers);
		free(w->sets);
	}
	free(wires->list);
	memset(wires, 0, sizeof(*wires));
}

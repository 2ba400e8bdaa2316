/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arp_rcv() and arp_process() of net/ipv4/arp.c, in their order. */

#include <string.h>
#include <sys/socket.h>

#include "answer/answer.h"

/* include/linux/inetdevice.h: either, or the greater. */
static bool either(const struct netstate *state, const struct netdev *d, enum link_value which)
{
	return state->all[which] || d->link.value[which];
}

static uint32_t greater(const struct netstate *state, const struct netdev *d, enum link_value which)
{
	return state->all[which] > d->link.value[which] ? state->all[which] : d->link.value[which];
}

static bool is_zero(const struct ip *ip)
{
	return ip->bytes[0] == 0 && ip->bytes[1] == 0 && ip->bytes[2] == 0 && ip->bytes[3] == 0;
}

static const struct netdev *vrf_of(const struct netstate *state, const struct netdev *d)
{
	const struct netdev *master = d->link.master ? netstate_device(state, d->link.master) : NULL;

	return master && master->kind == NETDEV_VRF ? master : NULL;
}

enum { SCOPE_LINK = 253, SCOPE_HOST = 254 }; /* linux/rtnetlink.h RT_SCOPE_* */

/*
 * confirm_addr_indev(): the device has the address, of at most this scope, and a subnet that it lies in, and the asker
 * where one is given. Not always the same entry, and a subnet is the other end's of a point-to-point address.
 */
static bool confirm_on(const struct netstate *state, const struct netdev *d, const struct ip *asker,
		       const struct ip *target, unsigned scope)
{
	unsigned most = either(state, d, LINK_ROUTE_LOCALNET) ? SCOPE_LINK : SCOPE_HOST;
	bool has = false;
	bool same = false;

	for (size_t i = 0; i < state->addresses.count; i++) {
		const struct address *a = &state->addresses.list[i];
		unsigned least = a->scope < most ? a->scope : most;

		if (a->ifindex != d->link.ifindex || a->ip.family != AF_INET)
			continue;
		has = has || (ip_equal(&a->ip, target) && least <= scope);
		same = same || (ip_same_subnet(&a->peer, target, a->prefix) &&
				(!asker || ip_same_subnet(&a->peer, asker, a->prefix)));
	}
	return has && same;
}

/* inet_confirm_addr() without a device. */
static bool confirm_anywhere(const struct netstate *state, const struct ip *target, unsigned scope)
{
	for (size_t i = 0; i < state->count; i++) {
		if (confirm_on(state, &state->devices[i], NULL, target, scope))
			return true;
	}
	return false;
}

/* arp_ignore() */
static bool ignores(const struct netstate *state, const struct netdev *d, const struct answer_question *q)
{
	switch (greater(state, d, LINK_ARP_IGNORE)) {
	case 1:
		return !confirm_on(state, d, NULL, &q->target, SCOPE_HOST);
	case 2:
		return !confirm_on(state, d, is_zero(&q->asker) ? NULL : &q->asker, &q->target, SCOPE_HOST);
	case 3:
		return !confirm_anywhere(state, &q->target, SCOPE_LINK);
	case 8:
		return true;
	default:
		return false;
	}
}

/* arp_filter(): would a packet from the address to the asker leave by the device? */
static enum answer_reason filter_reason(const struct netstate *state, const struct lookups *lookups,
					const struct netdev *d, const struct answer_question *q)
{
	const struct netdev *vrf = vrf_of(state, d);
	struct lookup l = lookups->leave(lookups->arg, vrf ? vrf->link.ifindex : 0, &q->target, &q->asker);
	size_t by_device = 0;

	if (l.kind == LOOKUP_UNCERTAIN)
		return REASON_UNCERTAIN;
	for (size_t i = 0; l.kind == LOOKUP_UNICAST && i < l.hop_count; i++)
		by_device += l.hops[i] == d->link.ifindex;
	if (by_device == 0)
		return REASON_ARP_FILTER;
	return by_device == l.hop_count ? REASON_OWN : REASON_MULTIPATH;
}

static enum answer_reason local_reason(const struct netstate *state, const struct lookups *lookups,
				       const struct netdev *d, const struct answer_question *q)
{
	if (ignores(state, d, q))
		return REASON_ARP_IGNORE;
	return either(state, d, LINK_ARP_FILTER) ? filter_reason(state, lookups, d, q) : REASON_OWN;
}

/* Whatever rules there are: inet_addr_type_dev_table(). */
static enum answer_reason probe_reason(const struct netstate *state, const struct lookups *lookups,
				       const struct netdev *d, const struct answer_question *q)
{
	const struct netdev *vrf = vrf_of(state, d);
	struct lookup l;

	/* What is cheap comes first. */
	if (ignores(state, d, q))
		return REASON_ARP_IGNORE;
	l = lookups->within(lookups->arg, vrf ? vrf->table : 0, &q->target);
	switch (l.kind) {
	case LOOKUP_LOCAL:
		return REASON_OWN;
	case LOOKUP_UNCERTAIN:
		return REASON_UNCERTAIN;
	case LOOKUP_FAILED:
	case LOOKUP_UNICAST:
	case LOOKUP_OTHER:
	default:
		return REASON_PROBE;
	}
}

static bool has_entry(const struct netstate *state, const struct netdev *d, const struct ip *target)
{
	return netstate_proxies(state, d->link.ifindex, target) || netstate_proxies(state, 0, target);
}

/* arp_fwd_proxy() where proxy_arp is on. */
static bool medium_allows(const struct netstate *state, const struct netdev *d, int out)
{
	const struct netdev *other = netstate_device(state, out);
	int here = (int)d->link.value[LINK_MEDIUM_ID];
	int there = other && other->link.inet ? (int)other->link.value[LINK_MEDIUM_ID] : -1;

	if (here == 0)
		return true;
	return here != -1 && there != here && there != -1;
}

/* A packet to the address would leave by the device out. */
static enum answer_reason forward_reason(const struct netstate *state, const struct netdev *d,
					 const struct answer_question *q, int out)
{
	bool proxy = either(state, d, LINK_PROXY_ARP);

	if (out == d->link.ifindex)
		return !ip_equal(&q->asker, &q->target) && either(state, d, LINK_PROXY_ARP_PVLAN) ? REASON_PROXY_PVLAN
												  : REASON_IN_FRONT;
	if (proxy && medium_allows(state, d, out))
		return REASON_PROXY_ARP;
	if (has_entry(state, d, &q->target))
		return REASON_PROXY_ENTRY;
	return proxy ? REASON_MEDIUM : REASON_NO_PROXY;
}

/*
 * Of several next hops the kernel takes one by a hash of what it finds in the packet, for ARP another than for a
 * look-up. Whether it believes the sender may depend on it, too, where one is the incoming device or they are of
 * different VRFs (fib_validate_source()).
 */
static bool trust_depends_on_hop(const struct netstate *state, const struct netdev *d, const struct lookup *l)
{
	for (size_t i = 0; l->hop_count > 1 && i < l->hop_count; i++) {
		if (l->hops[i] == d->link.ifindex || netstate_vrf(state, l->hops[i]) != netstate_vrf(state, l->hops[0]))
			return true;
	}
	return false;
}

/* All hops have to agree on whether it answers. */
static enum answer_reason hops_reason(const struct netstate *state, const struct netdev *d,
				      const struct answer_question *q, const struct lookup *l)
{
	enum answer_reason reason = REASON_NONE;

	for (size_t i = 0; i < l->hop_count; i++) {
		enum answer_reason next = forward_reason(state, d, q, l->hops[i]);

		if (reason != REASON_NONE && reason_verdict(next) != reason_verdict(reason))
			return REASON_MULTIPATH;
		reason = next;
	}
	if (reason_verdict(reason) == ANSWER_REPLIES && trust_depends_on_hop(state, d, l))
		return REASON_MULTIPATH;
	return reason == REASON_NONE ? REASON_UNCERTAIN : reason;
}

static bool has_ip4(const struct netstate *state, const struct netdev *d)
{
	for (size_t i = 0; i < state->addresses.count; i++) {
		if (state->addresses.list[i].ifindex == d->link.ifindex &&
		    state->addresses.list[i].ip.family == AF_INET)
			return true;
	}
	return false;
}

/*
 * fib_validate_source(), where asking the kernel itself would be a line in its log: with rp_filter 1 packets to the
 * asker have to leave by the device, with 2 by any, but where the device has no address.
 */
static bool is_martian(const struct netstate *state, const struct lookups *lookups, const struct netdev *d,
		       const struct answer_question *q)
{
	static const struct ip none = { AF_INET, { 0 } };
	uint32_t rp_filter = greater(state, d, LINK_RP_FILTER);
	const struct netdev *vrf = vrf_of(state, d);
	struct lookup l;

	if (rp_filter == 0 || !either(state, d, LINK_LOG_MARTIANS))
		return false;
	l = lookups->leave(lookups->arg, vrf ? vrf->link.ifindex : 0, &none, &q->asker);
	for (size_t i = 0; l.kind == LOOKUP_UNICAST && i < l.hop_count; i++) {
		if (l.hops[i] == d->link.ifindex)
			return false;
	}
	return rp_filter == 1 || l.kind != LOOKUP_UNICAST || !has_ip4(state, d);
}

static enum answer_reason routed_reason(const struct netstate *state, const struct lookups *lookups,
					const struct netdev *d, const struct answer_question *q)
{
	struct lookup l;

	if (is_martian(state, lookups, d, q))
		return REASON_RP_FILTER;
	l = lookups->arrive(lookups->arg, d->link.ifindex, &q->asker, &q->target);
	switch (l.kind) {
	case LOOKUP_LOCAL:
		return local_reason(state, lookups, d, q);
	case LOOKUP_UNICAST:
		return d->link.value[LINK_FORWARDING] ? hops_reason(state, d, q, &l) : REASON_FORWARDING;
	case LOOKUP_OTHER:
		return REASON_NOT_UNICAST;
	case LOOKUP_UNCERTAIN:
		return REASON_UNCERTAIN;
	case LOOKUP_FAILED:
	default:
		return trust_depends_on_hop(state, d, &l) ? REASON_MULTIPATH : REASON_ROUTING;
	}
}

static bool is_multicast(const struct ip *ip)
{
	return (ip->bytes[0] & 0xf0) == 0xe0;
}

/* Can it answer at all? Without look-ups, as one that rp_filter refuses can be a line in the kernel's log. */
bool arp_may_proxy(const struct netstate *state, const struct netdev *device, const struct ip *target)
{
	return device->link.value[LINK_FORWARDING] &&
	       (either(state, device, LINK_PROXY_ARP) || either(state, device, LINK_PROXY_ARP_PVLAN) ||
		has_entry(state, device, target));
}

enum answer_reason arp_reason(const struct netstate *state, const struct lookups *lookups, const struct netdev *device,
			      const struct answer_question *question)
{
	const struct answer_question *q = question;

	if (!device->link.inet)
		return REASON_NO_IP;
	if (device->link.flags & IFF_NOARP)
		return REASON_NOARP;
	if (quiet_names_cover(&state->filters.quiet.names, device->link.name))
		return REASON_QUIET;
	if (is_multicast(&q->target) || (q->target.bytes[0] == 127 && !either(state, device, LINK_ROUTE_LOCALNET)))
		return REASON_TARGET;
	if (ip_equal(&q->asker, &q->target) && either(state, device, LINK_DROP_GRATUITOUS_ARP))
		return REASON_GRATUITOUS;
	if (greater(state, device, LINK_ARP_IGNORE) == 8 && !arp_may_proxy(state, device, &q->target))
		return REASON_ARP_IGNORE;
	if (state->filters.others)
		return REASON_FILTERED;
	return is_zero(&q->asker) ? probe_reason(state, lookups, device, q) : routed_reason(state, lookups, device, q);
}

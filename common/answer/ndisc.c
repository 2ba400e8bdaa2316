/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ndisc_recv_ns() of net/ipv6/ndisc.c, and what lets a solicitation get there. */

#include <linux/if_addr.h>
#include <string.h>
#include <sys/socket.h>

#include "answer/answer.h"

static bool is_zero(const struct ip *ip)
{
	static const uint8_t zero[16];

	return memcmp(ip->bytes, zero, sizeof(zero)) == 0;
}

static bool is_link_local(const struct ip *ip)
{
	return ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

static bool is_member(const struct memberships *all, int ifindex, const struct ip *ip)
{
	for (size_t i = 0; i < all->count; i++) {
		if (all->list[i].ifindex == ifindex && ip_equal(&all->list[i].ip, ip))
			return true;
	}
	return false;
}

/* RFC 4291 2.7.1: ff02::1:ff00:0 and the last 24 bits. */
static struct ip group_of(const struct ip *target)
{
	struct ip group = { AF_INET6, { 0xff, 2, [11] = 1, 0xff } };

	memcpy(group.bytes + 13, target->bytes + 13, 3);
	return group;
}

static const struct address *address_on(const struct netstate *state, int ifindex, const struct ip *ip)
{
	for (size_t i = 0; i < state->addresses.count; i++) {
		const struct address *a = &state->addresses.list[i];

		if (a->ifindex == ifindex && ip_equal(&a->ip, ip))
			return a;
	}
	return NULL;
}

/* ipv6_dev_get_saddr(): for a link-local neighbour, or all of them, only the device's own addresses can be used. */
static bool has_source(const struct netstate *state, const struct netdev *d, const struct ip *asker)
{
	bool here = is_zero(asker) || is_link_local(asker);

	for (size_t i = 0; i < state->addresses.count; i++) {
		const struct address *a = &state->addresses.list[i];

		if (a->ip.family == AF_INET6 && (!here || a->ifindex == d->link.ifindex) &&
		    (!(a->flags & IFA_F_TENTATIVE) || (a->flags & IFA_F_OPTIMISTIC)))
			return true;
	}
	return false;
}

static enum answer_reason own_reason(const struct address *a, bool dad)
{
	if (a->flags & IFA_F_OPTIMISTIC)
		return dad ? REASON_OPTIMISTIC : REASON_OWN;
	return (a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) ? REASON_TENTATIVE : REASON_OWN;
}

static enum answer_reason other_reason(const struct netstate *state, const struct netdev *d,
				       const struct answer_question *q)
{
	enum answer_reason reason = REASON_PROXY_ENTRY;

	if (is_member(&state->anycasts, d->link.ifindex, &q->target))
		reason = REASON_ANYCAST;
	else if (!(state->all[LINK_PROXY_NDP] || d->link.value[LINK_PROXY_NDP]) ||
		 !netstate_proxies(state, d->link.ifindex, &q->target))
		return REASON_NO_PROXY;
	else if (!d->link.value[LINK_FORWARDING_6])
		return REASON_FORWARDING;
	return has_source(state, d, &q->asker) ? reason : REASON_NO_SOURCE;
}

/* The rules apply to the group as to any destination, but not in a VRF (l3mdev_ip6_rcv()). */
static enum answer_reason input_reason(const struct netstate *state, const struct lookups *lookups,
				       const struct netdev *d, const struct answer_question *q)
{
	const struct netdev *master = d->link.master ? netstate_device(state, d->link.master) : NULL;
	struct ip group = group_of(&q->target);
	struct lookup l;

	if (!is_member(&state->groups, d->link.ifindex, &group))
		return REASON_NO_GROUP;
	if (master && master->kind == NETDEV_VRF)
		return REASON_NONE;
	l = lookups->arrive(lookups->arg, d->link.ifindex, &q->asker, &group);
	if (l.kind == LOOKUP_UNCERTAIN)
		return REASON_UNCERTAIN;
	return l.kind == LOOKUP_FAILED ? REASON_ROUTING : REASON_NONE;
}

enum answer_reason ndisc_reason(const struct netstate *state, const struct lookups *lookups,
				const struct netdev *device, const struct answer_question *question)
{
	const struct answer_question *q = question;
	const struct address *a = address_on(state, device->link.ifindex, &q->target);
	bool dad = is_zero(&q->asker);
	enum answer_reason reason;

	if (!device->link.inet6 || device->link.value[LINK_DISABLE_IPV6])
		return REASON_NO_IP;
	if (q->target.bytes[0] == 0xff)
		return REASON_TARGET;
	if (!a && device->link.master)
		a = address_on(state, device->link.master, &q->target);
	reason = a ? own_reason(a, dad) : other_reason(state, device, q);
	if (reason_verdict(reason) == ANSWER_REPLIES && (device->link.flags & IFF_NOARP) && !dad)
		reason = REASON_NOARP_SELF;
	/* The look-up is the most expensive, so it comes last; what is silent already stays so. */
	if (reason_verdict(reason) == ANSWER_REPLIES) {
		enum answer_reason input = input_reason(state, lookups, device, q);

		reason = input == REASON_NONE ? reason : input;
	}
	if (reason_verdict(reason) == ANSWER_REPLIES && state->filters.others)
		reason = REASON_FILTERED;
	return reason;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model of who answers, with no more of the host's state than a hook may ask for. */

#include "effect/answering.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "answer/entry.h"
#include "base/cleanup.h"
#include "kernel/netstate.h"
#include "kernel/route.h"
#include "kernel/silence.h"

/* Routing was asked before: what it said of the entry at hand. */
static struct lookup looked_up(void *arg, int iif, const struct ip *from, const struct ip *to)
{
	const struct route_question *q = *(const struct route_question **)arg;
	struct lookup l = { .kind = LOOKUP_UNCERTAIN };

	(void)iif;
	(void)from;
	(void)to;
	switch (q->result) {
	case 0:
		l.kind = q->route.ifindex ? LOOKUP_UNICAST : LOOKUP_UNCERTAIN;
		l.hops[0] = q->route.ifindex;
		l.hop_count = 1;
		break;
	case -ENETUNREACH:
	case -EHOSTUNREACH:
	case -EACCES:
	case -EINVAL:
	case -EXDEV:
		l.kind = LOOKUP_FAILED;
		break;
	default:
		break;
	}
	return l;
}

static struct lookup never_asked(void *arg, int oif, const struct ip *from, const struct ip *to)
{
	(void)arg;
	(void)oif;
	(void)from;
	(void)to;
	return (struct lookup){ .kind = LOOKUP_UNCERTAIN };
}

static struct lookup never_listed(void *arg, uint32_t table, const struct ip *to)
{
	(void)arg;
	(void)table;
	(void)to;
	return (struct lookup){ .kind = LOOKUP_UNCERTAIN };
}

/* In its place by ifindex. */
static void add_device(struct netstate *state, const struct link *link)
{
	struct netdev *device = state->devices;

	if (netstate_device(state, link->ifindex))
		return;
	while (device < state->devices + state->count && device->link.ifindex < link->ifindex)
		device++;
	memmove(device + 1, device, (size_t)(state->devices + state->count - device) * sizeof(*device));
	memset(device, 0, sizeof(*device));
	device->link = *link;
	state->count++;
	/* What rp_filter refuses routing has refused, and the kernel logged, already. */
	device->link.value[LINK_LOG_MARTIANS] = 0;
}

/* The devices asked about are all that there is. */
static bool take_state(struct netstate *state, const struct answering *list, size_t count)
{
	state->devices = calloc(count, sizeof(*state->devices));
	if (!state->devices)
		return false;
	for (size_t i = 0; i < count; i++)
		add_device(state, list[i].link);
	return netstate_index(state) == 0;
}

static enum answer_reason reason_6(struct netlink *nl, const struct addresses *addresses, const struct answering *a,
				   const struct route_question *route)
{
	bool in_front = false;

	if (silence_forwarding(a->link, AF_INET6) == FORWARDING_OFF)
		return REASON_FORWARDING;
	if (route->result < 0 && route->result != -ENETUNREACH)
		return REASON_UNCERTAIN;
	if (route->route.ifindex != a->link->ifindex)
		return REASON_PROXY_ENTRY;
	/* IPv6 has a second question then. */
	return silence_in_front(nl, a->link, addresses, a->ip, &in_front, NULL) == 0 && in_front ? REASON_IN_FRONT
												 : REASON_PROXY_ENTRY;
}

static int way_of(const struct route_question *route)
{
	return route->result == 0 ? route->route.ifindex : route->result == -ENETUNREACH ? 0 : -1;
}

void answering_ask_each(struct netlink *nl, const struct addresses *addresses, bool routed, struct answering *list,
			size_t count)
{
	CLEANUP(free) struct route_question *routes = count > 0 ? calloc(count, sizeof(*routes)) : NULL;
	const struct route_question *current = routes;
	const struct lookups lookups = { looked_up, never_asked, never_listed, &current };
	struct netstate state = { 0 };
	bool known = routes && take_state(&state, list, count);

	for (size_t i = 0; known && i < count; i++) {
		routes[i] =
			(struct route_question){ .iif = list[i].link->ifindex, .ip = *list[i].ip, .result = -EAGAIN };
		if (!addresses_neighbour(addresses, list[i].link->ifindex, list[i].ip, &routes[i].from))
			routes[i].from.family = 0;
	}
	if (known && routed)
		route_forward_each(nl, routes, count);
	for (size_t i = 0; i < count; i++) {
		current = routes ? &routes[i] : NULL;
		list[i].way = known ? way_of(current) : -1;
		if (!known)
			list[i].reason = REASON_UNCERTAIN;
		else if (list[i].ip->family == AF_INET6)
			list[i].reason = reason_6(nl, addresses, &list[i], current);
		else
			list[i].reason =
				answer_by_entry(&state, &lookups, addresses, list[i].link->ifindex, list[i].ip).reason;
	}
	netstate_done(&state);
}

void answering_note(struct notes *notes, const char *device, const struct ip *ip, enum answer_reason reason,
		    const char *command)
{
	char text[IP_TEXT];

	notes_add(notes, "%s will not answer for %s: %s%s%s%s", device, ip_to_str(ip, text), reason_words(reason),
		  command[0] ? " (" : "", command, command[0] ? ")" : "");
}

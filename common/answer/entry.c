/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The question that a neighbour of the device would ask. */

#include "answer/entry.h"

#include <sys/socket.h>

static bool depends_on_asker(enum answer_reason reason)
{
	return reason == REASON_ROUTING || reason == REASON_RP_FILTER;
}

/* Without forwarding routing refuses before anything else is looked at, and says so in more than one way. */
static bool forwards(const struct netstate *state, int ifindex, const struct addresses *addresses,
		     const struct ip *target)
{
	const struct link *link = netstate_link(state, ifindex);

	return target->family != AF_INET || !link || link->value[LINK_FORWARDING] || addresses_have(addresses, target);
}

struct answer answer_by_entry(const struct netstate *state, const struct lookups *lookups,
			      const struct addresses *addresses, int ifindex, const struct ip *target)
{
	struct proxy_entry entry = { ifindex, *target };
	struct netstate with = *state;
	struct answer_question q = { .ifindex = ifindex, .target = *target };
	bool known = addresses_neighbour(addresses, ifindex, target, &q.asker);
	struct answer answer;

	if (!known) {
		q.asker = *target;
		q.asker.bytes[ip_len(target) - 1] ^= 1;
	}
	with.proxies = (struct proxies){ .list = &entry, .count = 1 };
	answer = answer_of(&with, lookups, ifindex, &q);
	if (!forwards(state, ifindex, addresses, target) &&
	    (depends_on_asker(answer.reason) || answer.reason == REASON_UNCERTAIN))
		answer.reason = REASON_FORWARDING;
	else if (!known && depends_on_asker(answer.reason))
		answer.reason = REASON_UNCERTAIN;
	answer.verdict = reason_verdict(answer.reason);
	return answer;
}

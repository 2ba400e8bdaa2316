/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_ANSWER_ANSWER_H
#define GUESTARP_ANSWER_ANSWER_H
/*
 * Who answers an ARP request or a neighbour solicitation: what the kernel decides (arp_process(), ndisc_recv_ns()),
 * worked out from the host's state. Pure, but for the look-ups that the caller hands in.
 */

#include <stddef.h>

#include "answer/reason.h"
#include "base/ip.h"
#include "kernel/lookup.h"
#include "kernel/netstate.h"

/* A broadcast request, or a solicitation to the address's group. */
struct answer_question {
	int ifindex;      /* of the device on which it arrives from outside */
	uint16_t vlan;    /* its tag, 0 for none */
	struct ip asker;  /* 0.0.0.0 and :: are probes (RFC 5227, RFC 4862) */
	struct ip target; /* of the same family */
};

/* What one of the devices that hear does. */
struct answer {
	int ifindex;
	enum answer_verdict verdict;
	enum answer_reason reason; /* REASON_NONE never */
	struct mac mac;            /* of one that replies */
};

struct answers {
	struct answer *list;
	size_t count;
	size_t room;
};

/*
 * One for each device that hears; one alone, of the device asked, where none does. To be released with answers_done(),
 * also after a failure. -ENOMEM.
 */
int answers_find(const struct netstate *state, const struct lookups *lookups, const struct answer_question *question,
		 struct answers *ret_answers);
void answers_done(struct answers *answers);

/* What the device does that hears a request; question's own ifindex does not count. */
struct answer answer_of(const struct netstate *state, const struct lookups *lookups, int ifindex,
			const struct answer_question *question);

/* Could it answer for an IPv4 address that is not the host's own? Without a look-up. */
bool arp_may_proxy(const struct netstate *state, const struct netdev *device, const struct ip *target);

/* Of one family each, for answer_of(), which has looked at what both have in common. */
enum answer_reason arp_reason(const struct netstate *state, const struct lookups *lookups, const struct netdev *device,
			      const struct answer_question *question);
enum answer_reason ndisc_reason(const struct netstate *state, const struct lookups *lookups,
				const struct netdev *device, const struct answer_question *question);

#endif

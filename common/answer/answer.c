/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each device that hears, asked what it does. */

#include "answer/answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "answer/hear.h"
#include "base/array.h"

enum { IPVLAN_L3 = 1 }; /* linux/if_link.h IPVLAN_MODE_L3 */

/*
 * In mode L3 the slave whose address is asked for takes the request, and has no ARP (ipvlan_handle_mode_l3()). It goes
 * by the address of the other end where there is one (ipvlan_add_addr()).
 */
static bool is_taken(const struct netstate *state, const struct netdev *device, const struct ip *target)
{
	struct netdev_places above = netstate_above(state, device->link.ifindex);

	for (size_t i = 0; i < above.count; i++) {
		const struct netdev *slave = &state->devices[above.places[i]];

		if (slave->kind != NETDEV_IPVLAN || slave->mode != IPVLAN_L3 || !(slave->link.flags & IFF_UP))
			continue;
		for (size_t j = 0; j < state->addresses.count; j++) {
			const struct address *a = &state->addresses.list[j];

			if (a->ifindex == slave->link.ifindex && ip_equal(&a->peer, target))
				return true;
		}
	}
	return false;
}

static enum answer_reason reason_of(const struct netstate *state, const struct lookups *lookups,
				    const struct netdev *device, const struct answer_question *q)
{
	if (!device || !(device->link.flags & IFF_UP))
		return REASON_DOWN;
	if (!(device->link.flags & NETDEV_CARRIER))
		return REASON_NO_CARRIER;
	if (is_taken(state, device, &q->target))
		return REASON_IPVLAN;
	return q->target.family == AF_INET ? arp_reason(state, lookups, device, q)
					   : ndisc_reason(state, lookups, device, q);
}

static struct answer answer_for(const struct netdev *device, int ifindex, enum answer_reason reason)
{
	struct answer answer = { .ifindex = ifindex, .reason = reason };

	/* Each of its devices has its own for a part of the askers (rlb_arp_xmit()). */
	if (device && reason_verdict(reason) == ANSWER_REPLIES && device->kind == NETDEV_BOND &&
	    device->bond_mode == BOND_ALB)
		answer.reason = REASON_BALANCE_ALB;
	answer.verdict = reason_verdict(answer.reason);
	if (device && answer.verdict == ANSWER_REPLIES)
		answer.mac = device->link.mac;
	return answer;
}

struct answer answer_of(const struct netstate *state, const struct lookups *lookups, int ifindex,
			const struct answer_question *question)
{
	const struct netdev *device = netstate_device(state, ifindex);

	return answer_for(device, ifindex, reason_of(state, lookups, device, question));
}

static int add(struct answers *answers, const struct answer *answer)
{
	struct answer *list = array_grow(answers->list, answers->count, &answers->room, sizeof(*list));

	if (!list)
		return -ENOMEM;
	answers->list = list;
	list[answers->count++] = *answer;
	return 0;
}

/* Why a device is silent by itself says more than that its answer would be lost. */
static struct answer answer_heard(const struct netstate *state, const struct lookups *lookups,
				  const struct hearer *hearer, const struct answer_question *q)
{
	struct answer answer;

	if (hearer->reason != REASON_NONE && reason_verdict(hearer->reason) == ANSWER_UNKNOWN)
		return answer_for(NULL, hearer->ifindex, hearer->reason);
	answer = answer_of(state, lookups, hearer->ifindex, q);
	return hearer->reason == REASON_NONE || answer.verdict == ANSWER_SILENT
		       ? answer
		       : answer_for(NULL, hearer->ifindex, hearer->reason);
}

static struct answer answer_unheard(const struct netstate *state, int ifindex)
{
	const struct netdev *device = netstate_device(state, ifindex);
	enum answer_reason reason = REASON_UNHEARD;

	if (!device || !(device->link.flags & IFF_UP))
		reason = REASON_DOWN;
	else if (!(device->link.flags & NETDEV_CARRIER))
		reason = REASON_NO_CARRIER;
	return answer_for(NULL, ifindex, reason);
}

int answers_find(const struct netstate *state, const struct lookups *lookups, const struct answer_question *question,
		 struct answers *ret_answers)
{
	struct hearers hearers;
	struct answer answer;
	int r;

	memset(ret_answers, 0, sizeof(*ret_answers));
	r = hearers_find(state, question->ifindex, question->vlan, question->target.family, &hearers);
	for (size_t i = 0; r == 0 && i < hearers.count; i++) {
		answer = answer_heard(state, lookups, &hearers.list[i], question);
		r = add(ret_answers, &answer);
	}
	if (r == 0 && hearers.count == 0) {
		answer = answer_unheard(state, question->ifindex);
		r = add(ret_answers, &answer);
	}
	hearers_done(&hearers);
	return r;
}

void answers_done(struct answers *answers)
{
	free(answers->list);
	memset(answers, 0, sizeof(*answers));
}

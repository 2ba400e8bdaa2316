/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_ANSWER_HEAR_H
#define GUESTARP_ANSWER_HEAR_H
/* Which of the host's devices hear a broadcast request, or a neighbour solicitation, that arrives on one of them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer/reason.h"
#include "kernel/netstate.h"

struct hearer {
	int ifindex;
	enum answer_reason
		reason; /* REASON_NONE, or why its answer is lost, or why nobody can tell what becomes of it */
};

/* A device by which the frame leaves the host again, as it looks there. */
struct way_out {
	int ifindex;
	uint16_t vlan; /* its tag, 0 for none */
};

struct hearers {
	struct hearer *list; /* each once */
	size_t count;
	size_t room;
	struct way_out *outs;
	size_t out_count;
	size_t out_room;
	bool even; /* a frame that came in by one of outs would take the same ways */
};

/*
 * A frame that arrives on the device, or on the wire that it shares with others (netdev.wire), with the tag vlan, or 0
 * for none. None where it is down. To be released with hearers_done(), also after a failure. -ENOMEM.
 */
int hearers_find(const struct netstate *state, int ifindex, uint16_t vlan, uint8_t family, struct hearers *ret_hearers);
void hearers_done(struct hearers *hearers);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_ANSWER_ENTRY_H
#define GUESTARP_ANSWER_ENTRY_H
/* Is a proxy entry of use where it is? */

#include "answer/answer.h"

/*
 * What the device does when one of its neighbours asks for the address, with a proxy entry for it there and no other.
 * addresses: the host's own that other hosts may ask for. Unknown as well where it depends on the neighbour, and none
 * can be named.
 */
struct answer answer_by_entry(const struct netstate *state, const struct lookups *lookups,
			      const struct addresses *addresses, int ifindex, const struct ip *target);

#endif

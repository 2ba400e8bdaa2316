/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_PROBE_H
#define GUESTARP_EVENT_PROBE_H
/* Before a guest starts: does somebody answer for its addresses where it is to be answered for? */

#include "base/err.h"
#include "base/log.h"
#include "guest/guest.h"
#include "kernel/netlink.h"
#include "plan/facts.h"
#include "policy/policy.h"

struct outcome;

/*
 * -EADDRINUSE where another machine does and the policy refuses such a start; else it is a note. What this host's own
 * devices answer is a note always: the guest's next event says whose it is. Asks for the host's addresses.
 */
int probe_addresses(struct netlink *nl, const struct guest *guest, const struct policy *policy, struct facts *facts,
		    struct outcome *outcome, struct err *err);

#endif

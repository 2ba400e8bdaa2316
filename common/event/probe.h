/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_PROBE_H
#define GUESTARP_EVENT_PROBE_H
/* Before a guest starts: does somebody answer for its addresses where it is to be answered for? */

#include "base/err.h"
#include "event/turn.h"
#include "guest/guest.h"

/*
 * -EADDRINUSE where another machine does and the policy refuses such a start; else it is a note. What this host's own
 * devices answer is a note always: the guest's next event says whose it is. Asks for the host's addresses.
 */
int probe_addresses(struct turn *turn, const struct guest *guest, struct err *err);

#endif

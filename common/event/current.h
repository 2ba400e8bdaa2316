/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_CURRENT_H
#define GUESTARP_EVENT_CURRENT_H
/* Of two events the later one must have read the later policy. */

#include "base/err.h"
#include "event/event.h"
#include "guest/guest.h"
#include "policy/policy.h"

/*
 * Asked when whoever changes the files from now on has an event after this one: under the guest's lock, or when the
 * work is done. 0: they say what they said. 1: they did not, and policy was read again; -errno: it is broken now. A
 * mistake in it that is of no concern to the guest is only noted.
 * -ESTALE for who only looks on (guest->seen): policy is as it was, whether there is anything to do is to be decided
 * anew.
 */
int current_ask(const struct guest *guest, struct policy *policy, struct outcome *outcome, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_REPORT_H
#define GUESTARP_EVENT_REPORT_H
/* What a hook says at its end, and what its failure means to the caller. */

#include <stdbool.h>

#include "base/err.h"
#include "event/event.h"
#include "policy/policy.h"

/*
 * Logs the failure (result < 0), what was done and the notes, and empties outcome for a next event. word is
 * the caller's for the event ("post-start"), done begins the line of what was done ("up").
 * Returns whether the failure is to keep the guest from starting: only where may_abort, and policy's on_error
 * says abort or an address is in use and its probe says refuse.
 */
bool report(const char *name, const char *word, const char *done, int result, const struct err *err,
	    const struct policy *policy, bool may_abort, struct outcome *outcome);

#endif

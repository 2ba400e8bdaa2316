/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_OUTCOME_H
#define GUESTARP_EVENT_OUTCOME_H
/* Keeping account of an event in which one failure does not end the rest. */

#include "base/err.h"
#include "event/event.h"
#include "plan/setting.h"

/* Something that is no setting joins the list of what was done. */
void outcome_text(struct outcome *outcome, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "eth3: proxy entry for 192.0.2.7" joins the list of what was done. */
void outcome_done(struct outcome *outcome, const struct setting *setting);

/* The same for what was set earlier and is no longer wanted. */
void outcome_undone(struct outcome *outcome, const struct setting *setting);

/* The first failure becomes the event's own (*result, err), later ones notes. */
void outcome_failed(struct outcome *outcome, int *result, const struct err *failure, struct err *err);

#endif

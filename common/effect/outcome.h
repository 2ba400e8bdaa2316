/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EFFECT_OUTCOME_H
#define GUESTARP_EFFECT_OUTCOME_H
/* Keeping account of an event in which one failure does not end the rest. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/log.h"
#include "plan/setting.h"

/* What an event did and what is worth saying of it. Starts zeroed. */
struct outcome {
	struct notes notes;
	char done[NOTE_SIZE];  /* "eth3: proxy entry for 192.0.2.7; ...", "" when nothing had to be changed */
	size_t count_left_out; /* of done, because there was no room */
};

/* Something that is no setting joins the list of what was done. */
void outcome_text(struct outcome *outcome, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "eth3: proxy entry for 192.0.2.7" joins the list of what was done. */
void outcome_done(struct outcome *outcome, const struct setting *setting);

/* The same for what was set earlier and is no longer wanted. */
void outcome_removed(struct outcome *outcome, const struct setting *setting);

/* The first failure becomes the event's own (*result, err), later ones notes. */
void outcome_failed(struct outcome *outcome, int *result, const struct err *failure, struct err *err);

/*
 * Logs the failure (result < 0), what was done and the notes, and empties outcome for a next event: few lines, as
 * Proxmox VE shows them in its task log. name is the guest's, or NULL; word the caller's for the event ("post-start");
 * done begins the line of what was done ("up").
 */
void outcome_say(struct outcome *outcome, const char *name, const char *word, const char *done, int result,
		 const struct err *err, bool refused);

#endif

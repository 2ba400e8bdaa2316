/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EFFECT_QUIETING_HOST_H
#define GUESTARP_EFFECT_QUIETING_HOST_H
/* The table of quiet names (kernel/quiet.h) for the whole host, and what is said of names. */

#include <stdbool.h>

#include "base/err.h"
#include "effect/outcome.h"
#include "kernel/quiet.h"

/*
 * The table as all guests' configurations and policies want it: made, repaired, or deleted where nothing is wanted. A
 * name goes only where its guest is known to be no longer managed, or to be nowhere in the cluster. Lists all guests.
 * -EOPNOTSUPP, and the note about it, without nf_tables, unless nothing is wanted.
 */
int quieting_host(struct outcome *outcome, struct err *err);

/* The same, with names that no configuration of this node asks for: those of a guest that is on its way here. */
int quieting_host_with(const struct quiet_names *also, struct outcome *outcome, struct err *err);

/* Says in a note, once until the host is restarted, that this kernel has no nf_tables. */
void quieting_host_unsupported(struct outcome *outcome);

/* "quiet by name: pve/101, vmbr9" joins the list of what was done, for the names of one set. */
void quieting_host_say(struct outcome *outcome, const char *what, const struct quiet_names *names, bool loud);

/* Is it there, as far as the kernel tells? */
bool quieting_host_has_table(void);

/* Deletes the table. */
int quieting_host_drop(struct err *err);

#endif

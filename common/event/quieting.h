/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_QUIETING_H
#define GUESTARP_EVENT_QUIETING_H
/*
 * Firewall bridges and ports that answer no ARP request: by name (kernel/quiet.h), and as a second line, where
 * somebody empties nftables, by each firewall bridge's own NOARP and arp_ignore. Neither is recorded or removed: a
 * firewall bridge dies with its guest, and one that is loud again before answers the LAN.
 */

#include <stdbool.h>

#include "base/err.h"
#include "event/announce.h"
#include "event/event.h"
#include "guest/guest.h"
#include "kernel/netlink.h"
#include "plan/facts.h"
#include "plan/names.h"
#include "policy/policy.h"

enum quieting {
	QUIETING_KEPT,        /* the guest's names were there */
	QUIETING_MADE,        /* they were not: its devices may have been loud until now */
	QUIETING_UNSUPPORTED, /* no nf_tables here: the second line is all there is. */
};

/* Makes sure that the names of a managed guest are in the table, and those of another are not; without a table, that
 * all guests' are. */
int quieting_names(const struct guest *guest, const struct policy *policy, enum names_ports ports,
		   enum quieting *ret_quieting, struct outcome *outcome, struct err *err);

/*
 * The same for a guest whose devices exist, and the second line; with turn->nl. What was loud until now is healed: the
 * bridges behind add announcements of their own addresses. policy is what holds of the turn's.
 */
int quieting_up(struct turn *turn, const struct guest *guest, const struct policy *policy, struct err *err);

/* What the kernel shows of the guest's ports, and where it has none of them what its configuration says. */
int quieting_ports(struct netlink *nl, const struct guest *guest, struct facts *facts, enum names_ports *ret_ports,
		   struct err *err);

/*
 * The table as all guests' configurations and policies want it: made, repaired, or deleted where nothing is wanted. A
 * name goes only where its guest is known to be no longer managed, or to be nowhere in the cluster. Lists all guests.
 * -EOPNOTSUPP, and the note about it, without nf_tables, unless nothing is wanted.
 */
int quieting_host(struct outcome *outcome, struct err *err);

/* The same, with names that no configuration of this node asks for: those of a guest that is on its way here. */
int quieting_host_with(const struct quiet_names *also, struct outcome *outcome, struct err *err);

/* Says in a note, once until the host is restarted, that this kernel has no nf_tables. */
void quieting_unsupported(struct outcome *outcome);

/* "quiet by name: pve/101, vmbr9" joins the list of what was done, for the names of one set. */
void quieting_say(struct outcome *outcome, const char *what, const struct quiet_names *names, bool loud);

/* Is it there, as far as the kernel tells? */
bool quieting_has_table(void);

/* Deletes the table. */
int quieting_drop(struct err *err);

#endif

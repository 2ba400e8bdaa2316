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

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_QUIETING_H
#define GUESTARP_EVENT_QUIETING_H
/*
 * Firewall bridges and ports that answer no ARP request: by name (effect/quieting_guest.h), and as a second line, where
 * somebody empties nftables, by each firewall bridge's own NOARP and arp_ignore. Neither is recorded or removed: a
 * firewall bridge dies with its guest, and one that is loud again before answers the LAN.
 */

#include "base/err.h"
#include "event/turn.h"
#include "guest/guest.h"
#include "policy/policy.h"

/*
 * Both, for a guest whose devices exist; with turn->nl. What was loud until now is healed: the bridges behind add
 * announcements of their own addresses. policy is what holds of the turn's.
 */
int quieting_up(struct turn *turn, const struct guest *guest, const struct policy *policy, struct err *err);

#endif

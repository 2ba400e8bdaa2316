/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_EVENT_H
#define GUESTARP_EVENT_EVENT_H
/*
 * The three events that cover every caller: prepare, up, down. Each may be repeated, and is part of a turn, which is
 * locked. Results are 0 or -errno with turn->err. guest is the turn's, or one like it with some of its addresses.
 */

#include <stdbool.h>
#include <stddef.h>

#include "event/turn.h"
#include "guest/guest.h"

/*
 * Its firewall bridges and ports are quiet by name, whatever else may be wrong: all that it takes is who it is. A guest
 * that is not managed has no names afterwards.
 */
int event_quiet(struct turn *turn);

/*
 * Before the guest's devices exist: host devices' ARP values, bridge MACs, and with probe the question
 * whether an address is in use. All that can be done is done; the first failure is returned, -EADDRINUSE
 * only where policy says "refuse". A turn without a lock is enough.
 */
int event_prepare(struct turn *turn, const struct guest *guest, bool probe);

/*
 * The guest's devices exist. Firewall bridges quiet, proxy entries on the chosen device alone, routes; what
 * an earlier up set and policy no longer wants is removed; what is new is announced when the turn is over. Changes
 * what differs, so any number of callers may report it. With a broken policy, or without the lock, only the
 * firewall bridges are made quiet and nothing is removed.
 */
int event_up(struct turn *turn, const struct guest *guest);

/* The guest is gone: removes exactly what the record says. Without a record there is nothing to do. */
int event_down(struct turn *turn);

/*
 * As event_down for some of its addresses, while it lives on with the others. A platform that takes an address away
 * takes its own route along, before or after: that one is only forgotten.
 */
int event_down_ips(struct turn *turn, const struct ip *ips, size_t count);

/*
 * Deletes the guest's addresses' entries from every device where an up would look for them, recorded or not, and with
 * routes the host routes by its platform's device: for what a platform has left behind that we never heard of.
 */
int event_remove_unrecorded(struct turn *turn, const struct guest *guest, bool routes);

#endif

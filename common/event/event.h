/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_EVENT_H
#define GUESTARP_EVENT_EVENT_H
/* The three events that cover every caller: prepare, up, down. Each may be repeated. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/log.h"
#include "guest/guest.h"
#include "policy/policy.h"

/* What an event did and what is worth saying of it. Starts zeroed. */
struct outcome {
	struct notes notes;
	char done[NOTE_SIZE];  /* "eth3: proxy entry for 192.0.2.7; ...", "" when nothing had to be changed */
	size_t count_left_out; /* of done, for want of room */
};

/*
 * Of two events the later one must have read the later policy. So each looks, once nothing can come in between, whether
 * the files are still as they were read: a guest's own event then reads policy again; who only looks on (enum
 * guest_seen) gets -ESTALE, as there is more to decide anew, and tries again at most EVENT_TRIES times.
 */
#define EVENT_TRIES 10

/*
 * Its firewall bridges and ports are quiet by name, whatever else may be wrong: all that it takes is who it is. For a
 * managed guest whose configuration cannot be read; prepare and up see to it by themselves.
 */
int event_quiet(const struct guest *guest, const struct policy *policy, struct outcome *outcome, struct err *err);

/*
 * Before the guest's devices exist: host devices' ARP values, bridge MACs, and with probe the question
 * whether an address is in use. All that can be done is done; the first failure is returned, -EADDRINUSE
 * only where policy says "refuse".
 */
int event_prepare(const struct guest *guest, struct policy *policy, bool probe, struct outcome *outcome,
		  struct err *err);

/*
 * The guest's devices exist. Firewall bridges quiet, proxy entries on the chosen device alone, routes; what
 * an earlier up set and policy no longer wants is taken back; announcements, the later ones from a detached
 * child. Changes what differs, so any number of callers may report it. With a broken policy only the
 * firewall bridges are made quiet and nothing is taken back.
 */
int event_up(const struct guest *guest, struct policy *policy, struct outcome *outcome, struct err *err);

/* The guest is gone: takes back exactly what the record says. Without a record there is nothing to do. */
int event_down(const struct guest *guest, struct outcome *outcome, struct err *err);

/*
 * As event_down for some of its addresses, while it lives on with the others. A platform that takes an address away
 * takes its own route along, before or after: that one is only forgotten.
 */
int event_down_ips(const struct guest *guest, const struct ip *ips, size_t count, struct outcome *outcome,
		   struct err *err);

/*
 * Deletes the guest's addresses' entries from every device where an up would look for them, recorded or not, and with
 * routes the host routes by its platform's device: for what a platform has left behind that we never heard of.
 */
int event_withdraw(const struct guest *guest, const struct policy *policy, bool routes, struct outcome *outcome,
		   struct err *err);

#endif

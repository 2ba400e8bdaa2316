/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_TURN_H
#define GUESTARP_EVENT_TURN_H
/*
 * One guest's turn: events of its that nothing may come in between. Its lock is taken first, and what its platform and
 * policy say is read under it: so of two events the later one has read the later state. Who changes a file after it was
 * read here has its own event wait for this one.
 */

#include <stdbool.h>

#include "base/err.h"
#include "effect/announce.h"
#include "effect/outcome.h"
#include "guest/guest.h"
#include "host/record.h"
#include "policy/policy.h"

struct turn {
	const char *word;           /* the caller's for it ("post-start") */
	char name[GUEST_NAME_SIZE]; /* the guest's in messages, "" for none */
	struct guest guest;         /* as its platform has it, read by the caller */
	struct policy policy;       /* turn_policy()'s */
	bool loaded;
	bool hurry;     /* another event that is under way is not waited for: it does this one's work in the end */
	bool claims;    /* it starts, or is asked for by name: it may take addresses whose owners do not run */
	bool partly;    /* turn_takes_some() */
	bool announces; /* as in struct hint */
	bool early;     /* as in struct hint */
	bool unsaid;    /* and something was wrong */
	char said[NOTE_SIZE]; /* the last failure that was said */
	bool elsewhere; /* the guest still runs on another node (live migration): nothing may answer for it here yet */
	struct lock lock;
	int locked; /* turn_locked()'s */
	struct err lock_err;
	struct netlink *nl;                 /* turn_ask()'s */
	struct facts facts;                 /* what its events have asked of the host */
	struct announcements announcements; /* to be sent when the lock is gone */
	struct outcome outcome;
	struct err err;
};

/* Neither locked nor read. who may be turn->guest. */
void turn_init(struct turn *turn, const struct guest *who, const char *word);

enum turn_kind {
	TURN_STARTS,  /* an event of a guest's that nobody may be able to list yet */
	TURN_LOOKS,   /* of one that runs already, or not at all */
	TURN_REMOVES, /* nothing is set */
};

/*
 * Takes the guest's lock, waiting for another turn at most 10 s. Who gives up leaves a mark, and that other one is
 * followed by a sync of this guest. A turn that starts begins a record, so that a list of the guests from now
 * on has this one, and its reader waits for it. Without a lock event_up() makes firewall bridges quiet
 * and event_prepare() does its work; nothing else is done. -ENOENT: there are no records, so nothing to be removed.
 */
void turn_lock(struct turn *turn, enum turn_kind kind);

/* 0, or why it could not be locked. */
int turn_locked(const struct turn *turn, struct err *err);

/* record_load() of the turn's own; what is wrong with the file is said. */
int turn_record(struct turn *turn, struct plan *ret_settings, bool *ret_exists);

/* policy_load() for the turn's guest, in place of what was loaded before unless that is current, and policy_keep()
 * where it is managed. */
int turn_policy(struct turn *turn);

/*
 * Its events are about those addresses that they are given: what is recorded for others stays, and what policy lists
 * for single NICs stays out.
 */
void turn_takes_some(struct turn *turn);

/* Opens turn->nl, unless it is open already. */
int turn_ask(struct turn *turn);

/*
 * Logs the failure (result < 0, turn->err), what was done and the notes, and empties the outcome for a next event. done
 * begins the line of what was done ("up"). In an early turn only what was done is said, in any turn no failure twice.
 * Returns whether the failure is to keep the guest from starting: only where may_abort, and policy's on_error says
 * abort or an address is in use and its probe says refuse.
 */
bool turn_say(struct turn *turn, const char *done, int result, bool may_abort);

/*
 * Lets go of the lock, forgets what was asked, then announces what is new, and says what went wrong with that. May be
 * repeated. Returns whether another event has given up waiting for it: the guest is to be synced. event/sync.h has the
 * two functions that do so; they are what callers use.
 */
bool turn_unlock(struct turn *turn) __attribute__((warn_unused_result));

/* Unlocks, and frees what was loaded. Returns what turn_unlock() does. */
bool turn_done(struct turn *turn) __attribute__((warn_unused_result));

#endif

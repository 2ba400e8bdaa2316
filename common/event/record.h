/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_RECORD_H
#define GUESTARP_EVENT_RECORD_H
/* /run/guestarp/<kind>-<id>.json: that a guest is up, and what guestarp has to take back when it is gone. */

#include <stdbool.h>

#include "base/err.h"
#include "base/log.h"
#include "guest/guest.h"
#include "plan/plan.h"

#define RECORD_DIR "/run/guestarp"

/* The directory, and the lock of one guest in it, held until record_close(). */
struct record_store {
	int dir;
	int lock;
	const struct guest *guest;
};

/*
 * One event of a guest at a time: waits for another at most 10 s, and leaves a mark for it then (-EBUSY). The lock is a
 * byte of RECORD_DIR/lock (an OFD lock), so no file per guest is left behind; it is gone with the process.
 * create makes the directory when it is missing; else that is -ENOENT: there are no records at all.
 */
int record_open(const struct guest *guest, bool create, struct record_store *ret_store, struct err *err);

/*
 * The lock of the names in kernel/quiet.h: alone for who takes some away, beside others for who only adds. The store
 * has no record.
 */
int record_open_names(bool alone, struct record_store *ret_store, struct err *err);

/* What the guest's record says just now, without its lock: for what another guest wants to know of it. */
int record_peek(const struct guest *guest, struct plan *ret_settings);

/* Is an event of the guest under way? */
bool record_is_locked(const struct guest *guest);

/* Has nobody asked this since the host was started? False where that cannot be told. */
bool record_first(const char *what);

/* The lock for changing a policy file; the store has no record. */
int record_open_policy(struct record_store *ret_store, struct err *err);

/* Has somebody given up waiting for this lock, since this was asked last? */
bool record_was_wanted(const struct record_store *store);

/* Takes a store that was never opened (dir and lock -1), too. */
void record_close(struct record_store *store);
#define RECORD_STORE_CLOSED                                                                                            \
	{                                                                                                              \
		.dir = -1, .lock = -1                                                                                  \
	}

/*
 * From now on who lists the recorded guests finds this one, and waits for its lock: an empty file counts as no record
 * yet. One that is there stays as it is.
 */
int record_begin(const struct record_store *store, struct err *err);

/* The reverse, where nothing has been recorded since. */
void record_give_up(const struct record_store *store);

/*
 * The settings that were recorded. *ret_exists is false, and the list empty, without a record. A record
 * that cannot be understood counts as an empty one, with a note.
 */
int record_load(const struct record_store *store, struct plan *ret_settings, bool *ret_exists, struct notes *notes,
		struct err *err);

/* Without the lock: whether there is anything at all to look at. True where that cannot be told. */
bool record_exists(const struct guest *guest);

/* Replaces the record as a whole. */
int record_save(const struct record_store *store, const struct plan *settings, struct err *err);

/* A record that is gone already is no failure. */
int record_remove(const struct record_store *store, struct err *err);

#endif

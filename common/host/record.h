/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_HOST_RECORD_H
#define GUESTARP_HOST_RECORD_H
/* /run/guestarp/<kind>-<id>.json: that a guest is up, and what guestarp has to remove when it is gone. */

#include <stdbool.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "guest/guest.h"
#include "host/lock.h"
#include "plan/plan.h"

/* As record_load(), without the guest's lock: what it says just now, for who only wants to know. */
int record_peek(const struct guest *guest, struct plan *ret_settings, bool *ret_exists, struct notes *notes,
		struct err *err);

/* The guest whose record has this file name; false for any other file. */
bool record_guest(const char *name, struct guest *ret_guest);

/* Does it name this setting just now? */
bool record_has(const struct guest *guest, const struct setting *setting);

/* Has nobody asked this since the host was started? False where that cannot be told. */
bool record_first(const char *what);

/* Takes over the record that a version before has made of it under another name. */
void record_adopt(const struct lock *lock);

/*
 * From now on who lists the recorded guests finds this one, and waits for its lock: an empty file counts as no record
 * yet. One that is there stays as it is.
 */
int record_begin(const struct lock *lock, struct err *err);

/* The reverse, where nothing has been recorded since. */
void record_give_up(const struct lock *lock);

/*
 * The settings that were recorded. *ret_exists is false, and the list empty, without a record. A record
 * that cannot be understood counts as an empty one, with a note.
 */
int record_load(const struct lock *lock, struct plan *ret_settings, bool *ret_exists, struct notes *notes,
		struct err *err);

/* Without the lock: whether there is anything at all to look at. True where that cannot be told. */
bool record_exists(const struct guest *guest);

/* When it was written last; false where there is none. */
bool record_time(const struct guest *guest, struct timespec *ret_time);

/* Replaces the record as a whole. */
int record_save(const struct lock *lock, const struct plan *settings, struct err *err);

/* A record that is gone already is no failure. */
int record_remove(const struct lock *lock, struct err *err);

#endif

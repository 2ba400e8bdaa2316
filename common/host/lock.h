/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_HOST_LOCK_H
#define GUESTARP_HOST_LOCK_H
/*
 * The locks of RECORD_DIR/lock: one byte (an OFD lock) for each guest, the policy, the quiet names and guestarp-watch.
 * So no file per guest is left behind, and a lock is gone with its process.
 */

#include <stdbool.h>

#include "base/err.h"
#include "guest/guest.h"

#define RECORD_DIR "/run/guestarp"

/* Held until lock_release(). */
struct lock {
	int dir; /* RECORD_DIR */
	int fd;
	const struct guest *guest; /* whose it is, or NULL */
};

#define LOCK_RELEASED                                                                                                  \
	{                                                                                                              \
		.dir = -1, .fd = -1                                                                                    \
	}

/*
 * One event of a guest at a time: waits for another at most 10 s, and leaves a mark for it then (-EBUSY); with hurry at
 * once. create makes the directory when it is missing; else that is -ENOENT: there are no records at all.
 */
int lock_guest(const struct guest *guest, bool create, bool hurry, struct lock *ret_lock, struct err *err);

/* For the names in kernel/quiet.h: alone for who takes some away, beside others for who only adds. */
int lock_names(bool alone, struct lock *ret_lock, struct err *err);

/* For changing a policy file. */
int lock_policy(struct lock *ret_lock, struct err *err);

/* For as long as guestarp-watch runs: -EBUSY where one does, after a second. */
int lock_watch(struct lock *ret_lock, struct err *err);
bool lock_watch_is_held(void);

/* The name of a guest's file in RECORD_DIR: "<kind>-<id>" and the ending. A colon stands for each slash of an lxcpath.
 */
#define LOCK_FILE_SIZE (GUEST_NAME_SIZE + 8)
const char *lock_file_name(const struct guest *guest, const char *ending, char name[LOCK_FILE_SIZE]);

/* Is an event of the guest under way? */
bool lock_is_held(const struct guest *guest);

/* Releases a guest's. True when somebody has given up waiting for it, and left his work to us. */
bool lock_let_go(struct lock *lock);

/* Takes one that was never held, too. */
void lock_release(struct lock *lock);

#endif

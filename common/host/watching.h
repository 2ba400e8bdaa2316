/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_HOST_WATCHING_H
#define GUESTARP_HOST_WATCHING_H
/* What guestarp-watch says of itself: RECORD_DIR/watch, a JSON object. That it runs is told by a lock. */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "guest/guest.h"
#include "host/lock.h"

struct watching {
	time_t since;               /* CLOCK_REALTIME, as last_at */
	uint64_t events;            /* news of the kernel's and of files */
	char last[GUEST_NAME_SIZE]; /* the guest that it has looked at last, "all" for every guest; "" for none */
	time_t last_at;
	uint64_t last_us; /* how long that took */
};

/* Only one runs: -EBUSY. ret_lock is held until lock_release(). Makes the directory when it is missing. */
int watching_begin(struct lock *ret_lock, struct err *err);

int watching_write(const struct lock *lock, const struct watching *watching, struct err *err);

/* Does one run? */
bool watching_runs(void);

/* True where one runs; what it has not told is 0. */
bool watching_read(struct watching *ret_watching);

/* Should one run? systemd is there, which runs it. */
bool watching_is_due(void);

#endif

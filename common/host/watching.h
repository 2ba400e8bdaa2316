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
	int64_t last_us; /* how long that took */
};

/* Only one runs: -EBUSY. ret_lock is held until lock_release(). Makes the directory when it is missing. */
int watching_begin(struct lock *ret_lock, struct err *err);

/* Who says it, at most once a second; all 0 but the lock's descriptors to begin with. */
struct teller {
	struct lock lock; /* held while it runs */
	struct watching says;
	bool untold; /* there is something new that is worth it */
	int64_t not_before;
	uint64_t told_events;
};

/* What was done, and how long it took. */
void teller_did(struct teller *teller, const char *what, int64_t took_us);

/* Something may have been heard that was nothing to do. */
void teller_heard(struct teller *teller);

/* now_ms: of clock_ms(). Nobody's network hangs on it, so it cannot fail. */
void teller_tell(struct teller *teller, int64_t now_ms);

/* Does one run? */
bool watching_runs(void);

/* True where one runs; what it has not told is 0. */
bool watching_read(struct watching *ret_watching);

/* Should one run? systemd is there, which runs it. */
bool watching_is_due(void);

#endif

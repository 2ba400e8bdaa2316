/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd's watchdog, only while there are timers to wake for it. */

#include "watch/alive.h"

#include "base/clock.h"

#define PAUSE_MS 30000

void alive_show(struct alive *alive, bool guarded)
{
	int64_t now = clock_ms();

	if (guarded != alive->guarded)
		alive->tell(guarded ? "WATCHDOG_USEC=300000000" : "WATCHDOG_USEC=0");
	alive->guarded = guarded;
	if (!guarded || now < alive->next_ms)
		return;
	alive->tell("WATCHDOG=1");
	alive->next_ms = now + PAUSE_MS;
}

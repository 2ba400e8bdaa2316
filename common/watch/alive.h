/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_WATCH_ALIVE_H
#define GUESTARP_WATCH_ALIVE_H
/* What systemd hears of a service that is ready, as sd_notify(3) takes it: that it is alive. */

#include <stdbool.h>
#include <stdint.h>

struct alive {
	void (*tell)(const char *state);
	bool guarded;
	int64_t next_ms; /* of clock_ms() */
};

/*
 * To be called at each of the service's timers, and within long work. guarded: there are timers, so systemd may wait
 * for signs of life, and end and start the service anew that shows none for five minutes. Where there are none, it is
 * told not to wait.
 */
void alive_show(struct alive *alive, bool guarded);

#endif

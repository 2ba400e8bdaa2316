/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_WATCH_WATCHER_H
#define GUESTARP_WATCH_WATCHER_H
/*
 * The kernel's own news, and what it tells nobody of, acted on by the same sync as everybody's: for what no hook
 * hears. It runs until SIGTERM or SIGINT; SIGHUP has it sync all guests.
 */

#include "base/err.h"

/*
 * tell is called with what sd_notify(3) takes: once all guests have been looked at, and from then on every change is
 * heard; and while a guest is managed, often enough for a watchdog. 0, or why it cannot run.
 */
int watcher_run(void (*tell)(const char *state), struct err *err);

#endif

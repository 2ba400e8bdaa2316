/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_SPAWN_H
#define GUESTARP_BASE_SPAWN_H
/* Running another program as our caller would have run it. */

#include "base/err.h"

#define SPAWN_SIGNAL 256

/*
 * Executes path with argv (argv[0] as given), our environment and descriptors, and waits without a limit.
 * Returns its exit status, SPAWN_SIGNAL + N after signal N, or -errno (err) where it could not be run.
 */
int spawn_wait(const char *path, char *const argv[], struct err *err);

#endif

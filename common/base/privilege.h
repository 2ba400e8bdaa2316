/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_PRIVILEGE_H
#define GUESTARP_BASE_PRIVILEGE_H
/* Root's rights, given away once a program knows what it has to do. */

#include <stdbool.h>

#include "base/err.h"

/* Is this root, to whom policy, records and configurations belong, or somebody with a GUESTARP_ROOT of his own? */
bool privilege_is_root(void);

/*
 * Keeps CAP_NET_ADMIN and CAP_NET_RAW of what the process has, for good (capabilities(7)); its files are root's own
 * and need none. Without will_exec also no_new_privs (prctl(2)). With it a program that root executes later has
 * root's full rights again, as our caller would have given it.
 */
int privilege_drop(bool will_exec, struct err *err);

#endif

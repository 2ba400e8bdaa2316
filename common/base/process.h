/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_DETACH_H
#define GUESTARP_BASE_DETACH_H
/* A child that nobody waits for. */

#include "base/err.h"

/*
 * fork(2) for work that outlives the hook. Returns 1 in the child, which is in a session of its own, in /, with
 * /dev/null for stdin, stdout and stderr and no other descriptor, and must _exit(); 0 in the parent. Proxmox VE
 * waits until nobody holds its pipes, and a lock must not outlive its hook.
 */
int detach(struct err *err);

#endif

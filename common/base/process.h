/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_PROCESS_H
#define GUESTARP_BASE_PROCESS_H
/* A program and its caller. */

#include "base/err.h"

/*
 * Before anything else: a reader of our stderr who stops before we do (LXC's hooks) must not end us half-way, and a
 * descriptor 0, 1 or 2 that the caller closed must not become a socket or a record that words are then written to.
 */
void process_begin(void);

/*
 * fork(2) for work that outlives the hook. Returns 1 in the child, which is in a session of its own, in /, with
 * /dev/null for stdin, stdout and stderr and no other descriptor than keep (-1: none), and must _exit(); 0 in the
 * parent. Proxmox VE waits until nobody holds its pipes, and a lock must not outlive its hook.
 */
int process_detach(int keep, struct err *err);

/*
 * Ends a hook that has done its work, its words on stdout included, without the libraries' own good-byes, which nobody
 * needs.
 */
_Noreturn void process_end(int status);

#endif

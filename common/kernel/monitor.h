/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_MONITOR_H
#define GUESTARP_KERNEL_MONITOR_H
/* The process behind a guest, asked without a word to it: whether it listens, or holds its lock. */

#include <stdbool.h>
#include <sys/types.h>

enum monitor { MONITOR_NONE, MONITOR_THERE, MONITOR_UNKNOWN };

/*
 * Does a process of root's, or of owner's, listen on the abstract Unix socket of this name (unix(7), without the
 * leading NUL) in our network namespace? One that is stopped counts as there; connect(2) does not wait for it. Any user
 * may bind a name that is free, so others do not count.
 */
enum monitor monitor_listens(const char *name, uid_t owner);

/* Does a process of root's listen on any abstract Unix socket whose name ends so? Reads the list of all. */
enum monitor monitor_listens_anywhere(const char *end);

/*
 * Does a process hold a lock (fcntl(2), F_SETLK) on the file, with these two words one behind the other among its
 * arguments? path is below GUESTARP_ROOT.
 */
enum monitor monitor_locks(const char *path, const char *option, const char *value);

#endif

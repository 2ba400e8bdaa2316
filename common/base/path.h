/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_PATH_H
#define GUESTARP_BASE_PATH_H
/* Where a path is: below GUESTARP_ROOT in tests, and elsewhere on a host without /run. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * The path as guestarp sees it: below GUESTARP_ROOT when that is set (secure_getenv), and of /run what a host without
 * has in its place: /var/run, and /var/run/guestarp-<boot id> for guestarp's own. -ENAMETOOLONG. Meant for files; /proc
 * and /sys are never below it.
 */
int path_full(const char *path, char *ret_path, size_t size, struct err *err);

/* Is there something at that place? A symbolic link is followed. */
bool path_exists(const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_WATCH_CHANGED_H
#define GUESTARP_WATCH_CHANGED_H
/* Files that are looked at again and again: has one changed since? One that is not there is one that never changes. */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "watch/bindings.h"

/* Has the file, below GUESTARP_ROOT, another time than it had? The first look only takes it down. */
bool changed_file(const char *path, struct timespec *last);

/* Has anything changed in /etc/pve of which pmxcfs keeps count in .version? Guests' configurations are of that, the
 * cluster's policy is not. */
bool changed_cluster(uint64_t *last);

/* It has not been looked at yet. */
bool changed_never_seen(const struct timespec *time);

/* The configuration of a guest of Proxmox VE, a container's or a virtual machine's of this node. At the first look:
 * since the guest's record was written. */
bool changed_config(struct bound_guest *guest);

#endif

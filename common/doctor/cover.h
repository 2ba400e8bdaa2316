/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_COVER_H
#define GUESTARP_DOCTOR_COVER_H
/* Putting guests under guestarp's care by the policy, and taking them out again. What else the files say is kept. */

#include <stdbool.h>

#include "base/err.h"
#include "guest/guest.h"

/* Room for a file and the places in it: "/etc/pve/guestarp.json: guests.*". */
#define COVER_FILE_SIZE 400

/*
 * {"guests": {"*": {}}}: in the cluster's file where Proxmox VE has one, else in this host's; or, not covered, that
 * taken out of both. *ret_changed: false where it was so already; ret_file: where it stands, or stood. -ENOENT where
 * pmxcfs is down; -ENOTEMPTY where the key has settings that would be lost.
 */
int cover_all(bool covered, bool *ret_changed, char *ret_file, struct err *err);

/*
 * The same for one guest: of Proxmox VE's in the cluster's file, as it may migrate, else in this host's. Not covered,
 * ret_file says by what it is still managed, "" for nothing.
 */
int cover_guest(const struct guest *guest, bool covered, bool *ret_changed, char *ret_file, struct err *err);

#endif

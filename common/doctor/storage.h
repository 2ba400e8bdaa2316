/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_STORAGE_H
#define GUESTARP_DOCTOR_STORAGE_H
/* Proxmox VE's snippets: from a volume ("local:snippets/x.pl") to its file and back (/etc/pve/storage.cfg). */

#include <stddef.h>

#include "base/err.h"

/* Our own hookscript, as the package installs it. */
#define STORAGE_GUESTARP "local:snippets/guestarp"

/*
 * The file of a snippets volume. -EINVAL for no such volume, -ENOENT where the storage is not defined or keeps no
 * files. "local" is always there, at /var/lib/vz: Proxmox VE allows no other.
 */
int storage_path(const char *volume, char *ret_path, size_t size, struct err *err);

/* The volume of a file in some storage's snippets directory; -ENOENT where no storage has it. */
int storage_volume(const char *path, char *ret_volume, size_t size, struct err *err);

/* What Proxmox VE checks before it calls a hookscript: a file, executable (PVE::GuestHelpers::check_hookscript). */
int storage_check(const char *volume, struct err *err);

#endif

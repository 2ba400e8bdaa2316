/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_MIGRATION_H
#define GUESTARP_EVENT_MIGRATION_H
/* Live migration's target: the last hook comes while the VM still runs on the source. */

#include "base/err.h"
#include "guest/guest.h"

/*
 * Leaves a detached child that waits until the VM's configuration is this node's, which Proxmox VE moves just before
 * it resumes the VM here, and then reports up. It gives up when the VM's devices are gone (aborted migration).
 */
int migration_watch(const struct guest *guest, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_WATCH_MOVE_H
#define GUESTARP_WATCH_MOVE_H
/* The end of a live migration, of which Proxmox VE tells nobody: both leave a detached child, and return at once. */

#include "base/err.h"
#include "guest/guest.h"

/*
 * The target's side, whose last hook comes while the VM still runs on the source: up is reported when the VM's
 * configuration is this node's, which Proxmox VE moves just before it resumes the VM here, and then move_tell() is
 * done. Gives up when the VM's devices are gone (aborted migration). Nothing while guestarp-watch runs, which waits for
 * every such guest.
 */
int move_wait(const struct guest *guest, struct err *err);

/*
 * For some seconds the VM that has just moved here is told the MACs of the bridges that it is in now: one of them may
 * be its gateway, as one on the source was.
 */
int move_tell(const struct guest *guest, struct err *err);

#endif

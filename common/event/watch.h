/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_WATCH_H
#define GUESTARP_EVENT_WATCH_H
/* Waiting for what Proxmox VE tells nobody: both leave a detached child, and return at once. */

#include "base/err.h"
#include "guest/guest.h"

/*
 * Live migration's target, whose last hook comes while the VM still runs on the source: up is reported when the VM's
 * configuration is this node's, which Proxmox VE moves just before it resumes the VM here. Then, for some seconds, the
 * VM is told the MACs of the bridges that it is in now: one of them may be its gateway, as one on the source was. Gives
 * up when the VM's devices are gone (aborted migration).
 */
int watch_migration(const struct guest *guest, struct err *err);

/* The last of that alone, for a guest that has just moved here. */
int watch_arrival(const struct guest *guest, struct err *err);

/*
 * A running guest whose devices have changed: Proxmox VE plugs first and writes the configuration afterwards. When that
 * is no longer the text that was read before the guest was looked at, within 10 s, it is looked at once more.
 */
int watch_config(const struct guest *guest, const char *text, struct err *err);

#endif

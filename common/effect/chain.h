/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EFFECT_CHAIN_H
#define GUESTARP_EFFECT_CHAIN_H
/* The hook scripts that policy's "then" names: Proxmox VE itself allows one per guest. */

#include "base/err.h"
#include "base/log.h"
#include "policy/policy.h"

/*
 * Runs them in order with the caller's own arguments, environment and descriptors, and waits without a limit,
 * as Proxmox VE would. argv[0] is replaced by each path. The first that fails is returned (-ECANCELED, err
 * in Proxmox VE's words: "exit code 3", "got signal 9"); stop_on_error: it also is the last one run.
 * Those that are another guest's, by its identity, are not run: a note. node: see identity_read().
 */
int chain_run(const struct policy *policy, const struct guest *guest, const char *node, char *const argv[],
	      bool stop_on_error, struct notes *notes, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_ATTACH_H
#define GUESTARP_DOCTOR_ATTACH_H
/* Making guestarp a guest's hookscript, and undoing that, through Proxmox VE's own pct and qm. */

#include <stdbool.h>

#include "base/err.h"
#include "guest/guest.h"
#include "policy/policy.h"

/*
 * A hookscript that is there already is called by guestarp from now on (policy's "then" in the cluster's file). The
 * policy is written first: until pct or qm has succeeded nobody reads it, and when they fail it is put back.
 * *ret_changed: false where it was attached already. -EINVAL, -ENOENT, -EACCES with the reason where Proxmox VE would
 * refuse the hookscript later; -ECANCELED where pct or qm failed.
 */
int attach_guest(const struct guest *guest, bool *ret_changed, struct err *err);

/*
 * The chained hookscript becomes the guest's own again; of several the first does, and the others are named in err. So
 * does a null that `guestarp device` has left go. ret_still, with room for ATTACH_STILL_SIZE, says where the guest is
 * still managed from, "" for nowhere.
 */
int detach_guest(const struct guest *guest, bool *ret_changed, char *ret_still, struct err *err);
#define ATTACH_STILL_SIZE 400

/* Has the policy a "then" for the guest, that is not an earlier guest's with this number? */
bool attach_has_then(const struct guest *guest, const struct policy *policy);

#endif

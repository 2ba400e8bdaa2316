/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_DEVICE_H
#define GUESTARP_DOCTOR_DEVICE_H
/* `guestarp device`: the one device that answers for a guest, in this host's policy file. */

#include "base/err.h"
#include "base/log.h"
#include "guest/guest.h"
#include "policy/policy.h"

/* Can it answer for a guest at all? -EINVAL for no device name, for lo, and for all and default. */
int device_check(const char *device, struct err *err);

/*
 * Sets it; "" takes it away, and leaves a null only where a weaker place names a device. Notes: that there is no such
 * device now, that the guest is no longer managed, that its own configuration names another device.
 */
int device_set(const struct guest *guest, const char *device, struct notes *notes, struct err *err);

/*
 * Takes a null away that device_set() of this version or an older one has left, if that alone keeps the guest managed.
 * The caller holds the policy's lock.
 */
int device_tidy(const struct guest *guest, struct err *err);

/* Where it is still said that the guest is managed: "/etc/pve/guestarp.json: guests.*, ..."; "" for nowhere. */
const char *device_managed_by(const struct guest *guest, const struct policy *policy, char *text, size_t size);

#endif

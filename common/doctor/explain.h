/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_EXPLAIN_H
#define GUESTARP_DOCTOR_EXPLAIN_H
/* What an event would do, and why policy wants it. */

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "doctor/status.h"
#include "guest/guest.h"

/* The steps of one event ("prepare", "up", "down"; NULL: prepare and up), in order. -EINVAL for another word. */
int explain_plan(const struct guest_status *status, const char *event, FILE *out, struct err *err);

/* Each key with its merged value and the file and scope that it comes from. */
int explain_policy(const struct guest *guest, bool json, FILE *out, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_EXPLAIN_H
#define GUESTARP_DOCTOR_EXPLAIN_H
/* What an event would do, and why policy wants it. */

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "doctor/status.h"
#include "guest/guest.h"

/* "prepare", "up" or "down" */
bool explain_is_event(const char *word);

/* The steps of one event (NULL: prepare and up), in order. */
void explain_plan(const struct guest_status *status, const char *event, FILE *out);

/* The heading of a guest where several are explained, with an empty line in front of all but the first. */
void explain_guest(const struct guest_status *status, bool again, FILE *out);

/* Each key with its merged value and the file and scope that it comes from. */
int explain_policy(const struct guest *guest, bool json, FILE *out, struct err *err);

#endif

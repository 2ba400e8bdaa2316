/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_WIRE_H
#define GUESTARP_DOCTOR_WIRE_H
/* Who answers on the wire, as --probe sees it. */

#include "base/err.h"

struct doctor;

/*
 * Asks, and puts those of the doctor's segments on one wire whose devices have heard each other. Fails where the wire
 * cannot be asked. doctor->rounds is to be freed, also after a failure.
 */
int wire_take(struct doctor *doctor, struct err *err);

#endif

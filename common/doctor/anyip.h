/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_ANYIP_H
#define GUESTARP_DOCTOR_ANYIP_H
/* Addresses that the host has by local routes alone (AnyIP). */

#include <stdbool.h>

#include "base/ip.h"

struct doctor;

/*
 * Adds some of them to the doctor's addresses, as those of lo or a VRF: of each range one for each subnet that it is
 * in, and those that have a proxy entry. Without memory the findings have failed.
 */
void anyip_take(struct doctor *doctor);

/* Is it one of these? */
bool address_is_routed(const struct doctor *doctor, const struct ip *ip);

#endif

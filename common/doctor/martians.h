/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_MARTIANS_H
#define GUESTARP_DOCTOR_MARTIANS_H
/* "martian source" lines of the kernel's log, explained. */

#include "base/err.h"
#include "doctor/finding.h"

#define MARTIANS_MAX 256

/*
 * Reads the log, which klog_open() has opened, to its end and adds a finding for each device and pair of addresses, of
 * the MARTIANS_MAX newest.
 */
int martians_check(int log, struct findings *findings, struct err *err);

#endif

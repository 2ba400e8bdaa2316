/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_OPENVZ_H
#define GUESTARP_DOCTOR_OPENVZ_H
/* Does vzctl call vznet-custom at each event? One finding with the commands that are missing (vznet-custom(8)). */

#include "doctor/doctor.h"

void check_openvz(struct doctor *doctor);

#endif

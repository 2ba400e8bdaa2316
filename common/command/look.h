/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_COMMAND_LOOK_H
#define GUESTARP_COMMAND_LOOK_H
/* The commands that change nothing. Each returns the exit status. */

#include "command/call.h"

int look_check(const struct call *call);
int look_status(const struct call *call);
int look_plan(const struct call *call);
int look_policy(const struct call *call);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_COMMAND_ACT_H
#define GUESTARP_COMMAND_ACT_H
/* The commands that change what the kernel has. Each returns the exit status. */

#include "command/call.h"

int act_apply(const struct call *call);
int act_undo(const struct call *call);
int act_sync(const struct call *call);
int act_announce(const struct call *call);

#endif

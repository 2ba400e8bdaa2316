/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_COMMAND_MANAGE_H
#define GUESTARP_COMMAND_MANAGE_H
/*
 * The commands that change which guests guestarp looks after, and how. Each says what is to be done now, and returns
 * the exit status.
 */

#include "command/call.h"

/* By the policy: the cluster's file where Proxmox VE has one, else this host's. */
int manage_on(const struct call *call);
int manage_off(const struct call *call);

/* By the hookscript. */
int manage_attach(const struct call *call);
int manage_detach(const struct call *call);

int manage_device(const struct call *call);

#endif

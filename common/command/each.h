/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_COMMAND_EACH_H
#define GUESTARP_COMMAND_EACH_H
/* A command for some guests, or for all that it is for. */

#include "command/call.h"
#include "guest/guest.h"

/* Which ones --all stands for. */
enum each_of {
	EACH_MANAGED, /* and those with a record */
	EACH_RUNNING, /* the same as far as they run */
	EACH_PVE      /* every one of Proxmox VE that has a configuration here */
};

/* What a command does to one guest; says itself what it did. */
typedef int (*each_fn)(const struct call *call, const struct guest *guest);

/* Those named are all found before anything is done to one of them. Returns the exit status. */
int each_guest(const struct call *call, enum each_of all, each_fn command);

/* The same again for the same guests, after status was returned; the worse status of both. */
int each_guest_again(const struct call *call, enum each_of all, each_fn command, int status);

/*
 * What was changed of which guests are managed shows in their names at once: the next start may be the first thing.
 * Returns the exit status, status where all went well.
 */
int each_name(int status);

/* The command for one guest by which a change of how it is managed shows in its names. */
int each_settle(const struct call *call, const struct guest *guest);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_COMMAND_CHOOSE_H
#define GUESTARP_COMMAND_CHOOSE_H
/* The guests that somebody means: by number, kind, list, range or name. */

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "guest/guest.h"

/* Each guest once, in the order of the words. */
struct chosen {
	struct guest *list;
	size_t count;
	size_t room;
};

/*
 * "101", "pve/101", "ct/101", "vm/101", "lxc/web1", "101,102", "101-103" (those that there are), Proxmox VE's host
 * names, OpenVZ's NAME. -ENOENT with the forms and the nearest name. To be released with chosen_done(), also after a
 * failure.
 */
int choose_guests(char *const words[], size_t count, struct chosen *ret_chosen, struct err *err);
int choose_one(const char *word, struct guest *ret_guest, struct err *err);
void chosen_done(struct chosen *chosen);

/* All that choose_guests() knows, one a line, for a shell's completion. */
int choose_names(FILE *out, struct err *err);

#endif

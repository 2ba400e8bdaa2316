/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_COMMAND_COMPLETION_H
#define GUESTARP_COMMAND_COMPLETION_H
/* What a shell offers while a command is typed. */

#include <stdio.h>

#include "base/err.h"

/*
 * what NULL: a bash script with all words of the table, as the package installs it. It asks for "guests" and "devices"
 * when they are needed: one a line. -EINVAL for another word.
 */
int completion_print(const char *what, FILE *out, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_COMMAND_CALL_H
#define GUESTARP_COMMAND_CALL_H
/* One call of the administrator's command: what was typed, where results and errors go, and how it may end. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "base/err.h"
#include "doctor/check.h"

#define EXIT_FOUND   1 /* something is wrong on this host */
#define EXIT_USAGE   2 /* called wrongly: nothing was done */
#define EXIT_UNKNOWN 3 /* it could not be done or found out */

struct call {
	bool json;
	bool all;
	bool check;
	bool quiet;
	bool help;
	struct check look; /* of check */
	char **words;      /* what was typed but for the command and options */
	size_t count;
	FILE *out; /* results */
	FILE *err; /* errors and progress */
	bool colour;
	bool unicode;     /* out's readers see UTF-8 */
	bool shows_steps; /* err is a terminal */
};

/* Says it in one line, and returns the exit status. */
int call_failed(const struct call *call, const struct err *err);
int call_wrong(const struct call *call, const struct err *err);

/* A line a second on a terminal, once it is clear that this takes longer: "guestarp: 2 of 3 guests". */
void call_progress(const struct call *call, size_t done, size_t count, time_t begun);

#endif

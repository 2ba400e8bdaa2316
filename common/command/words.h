/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_COMMAND_WORDS_H
#define GUESTARP_COMMAND_WORDS_H
/* The commands, their options, and the help that is printed from the same table. */

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "command/call.h"

/* What a command's words are, for completion. */
enum {
	TAKES_GUEST = 1U << 0,
	TAKES_DEVICE = 1U << 1,
	TAKES_EVENT = 1U << 2,
	TAKES_FILE = 1U << 3,
	TAKES_COMMAND = 1U << 4,
	TAKES_NONE_WORD = 1U << 5 /* "none" */
};

struct command {
	const char *word;
	unsigned options; /* bits of words_option() */
	unsigned takes;
	size_t min_words;
	size_t max_words;
	int (*run)(const struct call *call);
	const char *arguments;
	const char *help;    /* in one line, as it stands in the list */
	const char *more;    /* what is to be known beyond that, "" for nothing */
	const char *example; /* command lines, one a line */
};

/* NULL behind the last. */
const struct command *words_command(size_t i);

struct option {
	const char *word;
	unsigned bit;
	size_t offset;     /* of its flag in struct call */
	const char *value; /* what comes behind it, NULL for nothing */
	const char *help;
};
const struct option *words_option(size_t i);

/*
 * Sorts what was typed: the command, its options wherever they stand, its words. *ret_command is NULL for none and with
 * "help" alone. -EINVAL: wrongly called.
 */
int words_parse(int argc, char *argv[], struct call *call, const struct command **ret_command, struct err *err);

/* All commands; one of them, in a screen. */
void words_list(FILE *out);
void words_help(const struct command *command, FILE *out);

#endif

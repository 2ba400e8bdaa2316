/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_GRAMMAR_H
#define GUESTARP_BASE_GRAMMAR_H
/* JSON's grammar (RFC 8259), and what people write beyond it: a mistake is told in words and with its place. */

#include <stdbool.h>

#include "base/err.h"

/* A value at this depth, or deeper, is a mistake. */
#define GRAMMAR_DEPTH_MAX 8

/*
 * Is the text one JSON object with nothing behind it? It is UTF-8. -EINVAL: err says "line 7, column 3: ...", both
 * counted from 1, the column in characters, in the original, which is as long. blank_commas: a comma before a closing
 * bracket is no mistake, and becomes a blank.
 */
int grammar_check(const char *original, char *text, bool blank_commas, struct err *err);

/* Each comment, from // to the end of the line or from slash and star to star and slash, becomes blanks. */
void grammar_blank_comments(char *text);

/* err says the place in the text, and the words. Returns -EINVAL. */
int grammar_mistake(const char *text, const char *at, const char *words, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line for all that was done; one failure, and the others beside it. */

#include "effect/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Room kept for the mark that says that the line is not all. */
static const char more[] = "; ...";

static void add(struct outcome *outcome, const char *text)
{
	size_t room = sizeof(outcome->done) - sizeof(more);

	if (outcome->count_left_out == 0 &&
	    text_append(outcome->done, room, "%s%s", outcome->done[0] ? "; " : "", text))
		return;
	if (outcome->count_left_out++ == 0)
		(void)text_append(outcome->done, sizeof(outcome->done), "%s", more);
}

void outcome_text(struct outcome *outcome, const char *fmt, ...)
{
	char text[SETTING_TEXT];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	add(outcome, text);
}

void outcome_done(struct outcome *outcome, const struct setting *setting)
{
	char text[SETTING_TEXT];

	add(outcome, outcome->count_left_out > 0 ? "" : setting_to_str(setting, text));
}

void outcome_removed(struct outcome *outcome, const struct setting *setting)
{
	char text[SETTING_TEXT];

	outcome_text(outcome, "%s removed", setting_to_str(setting, text));
}

void outcome_failed(struct outcome *outcome, int *result, const struct err *failure, struct err *err)
{
	if (*result == 0) {
		*result = -failure->code;
		*err = *failure;
	} else {
		notes_add_err(&outcome->notes, failure);
	}
}

void outcome_say(struct outcome *outcome, const char *name, const char *word, const char *done, int result,
		 const struct err *err, bool refused)
{
	if (result < 0)
		log_line(name, "%s: %s%s", word, err->text, refused ? " (the start is refused)" : "");
	if (outcome->done[0])
		log_done(name, "%s: %s", done, outcome->done);
	log_notes(name, &outcome->notes);
	memset(outcome, 0, sizeof(*outcome));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line for all that was done; one failure, and the others beside it. */

#include "event/outcome.h"

#include "base/text.h"

/* Room kept for the mark that says that the line is not all. */
static const char more[] = "; ...";

static void add(struct outcome *outcome, const struct setting *setting, const char *what)
{
	char text[SETTING_TEXT];
	size_t room = sizeof(outcome->done) - sizeof(more);

	if (outcome->count_left_out == 0 && text_append(outcome->done, room, "%s%s%s", outcome->done[0] ? "; " : "",
							setting_to_str(setting, text), what))
		return;
	if (outcome->count_left_out++ == 0)
		(void)text_append(outcome->done, sizeof(outcome->done), "%s", more);
}

void outcome_done(struct outcome *outcome, const struct setting *setting)
{
	add(outcome, setting, "");
}

void outcome_undone(struct outcome *outcome, const struct setting *setting)
{
	add(outcome, setting, " taken back");
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

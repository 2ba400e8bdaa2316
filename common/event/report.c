/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line for a failure, one for what was done, a few notes: Proxmox VE shows them in its task log. */

#include "event/report.h"

#include <errno.h>
#include <string.h>

bool report(const char *name, const char *word, const char *done, int result, const struct err *err,
	    const struct policy *policy, bool may_abort, struct outcome *outcome)
{
	/* An address in use with "probe": "refuse" is a decision, not an accident. */
	bool abort = result < 0 && may_abort && (policy->abort_on_error || result == -EADDRINUSE);

	if (result < 0)
		log_line(name, "%s: %s%s", word, err->text, abort ? " (the start is refused)" : "");
	if (outcome->done[0])
		log_line(name, "%s: %s", done, outcome->done);
	log_notes(name, &outcome->notes);
	memset(outcome, 0, sizeof(*outcome));
	return abort;
}

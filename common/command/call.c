/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a command says that it failed, that it was called wrongly, and how far it is. */

#include "command/call.h"

int call_failed(const struct call *call, const struct err *err)
{
	(void)fprintf(call->err, "guestarp: %s\n", err->text);
	return EXIT_UNKNOWN;
}

int call_wrong(const struct call *call, const struct err *err)
{
	(void)fprintf(call->err, "guestarp: %s\n", err->text);
	return EXIT_USAGE;
}

void call_progress(const struct call *call, size_t done, size_t count, time_t begun)
{
	static time_t said;
	time_t now = time(NULL);

	if (!call->shows_steps || now <= begun + 1 || now == said)
		return;
	said = now;
	(void)fprintf(call->err, "guestarp: %zu of %zu guests\n", done, count);
}

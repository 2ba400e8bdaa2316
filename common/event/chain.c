/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calling the administrator's other hook scripts as Proxmox VE would have called them. */

#include "event/chain.h"

#include <errno.h>
#include <stdint.h>

#include "base/spawn.h"

#define ARGS_MAX 16

static int run_one(const char *path, char *const argv[], struct err *err)
{
	char *args[ARGS_MAX + 1] = { (char *)(uintptr_t)path };
	int status;

	for (size_t i = 1; i < ARGS_MAX && argv[i]; i++)
		args[i] = argv[i];
	status = spawn_wait(path, args, err);
	if (status < 0)
		return err_wrap(err, "then");
	if (status >= SPAWN_SIGNAL)
		return err_set(err, ECANCELED, "then: %s: got signal %d", path, status - SPAWN_SIGNAL);
	if (status > 0)
		return err_set(err, ECANCELED, "then: %s: exit code %d", path, status);
	return 0;
}

int chain_run(const struct policy *policy, char *const argv[], bool stop_on_error, struct notes *notes, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < policy->then_count; i++) {
		struct err failure;
		int r = run_one(policy->then[i], argv, &failure);

		if (r == 0)
			continue;
		if (result == 0) {
			result = r;
			*err = failure;
		} else {
			notes_add_err(notes, &failure);
		}
		if (stop_on_error)
			break;
	}
	return result;
}

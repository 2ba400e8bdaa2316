/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calling the administrator's other hook scripts as Proxmox VE would have called them. */

#include "effect/chain.h"

#include <errno.h>
#include <stdint.h>

#include "base/spawn.h"
#include "guest/identity.h"

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

/* Hook scripts that attach has chained are those of one guest, not of the one that has its number by now. */
static bool is_its_own(const struct policy *policy, const struct guest *guest, const char *node, struct notes *notes)
{
	struct identity now;
	struct err err;

	if (policy->then_count == 0 || identity_is_empty(&policy->then_of))
		return true;
	if (identity_read(guest, node, &now, &err) < 0) {
		notes_add(notes, "then (%s) is not called: whose it is cannot be told: %s", policy->source[POLICY_THEN],
			  err.text);
		return false;
	}
	if (identity_same(&policy->then_of, &now))
		return true;
	notes_add(notes, "then (%s) is not called: by UUID and MACs it is that of another guest",
		  policy->source[POLICY_THEN]);
	return false;
}

int chain_run(const struct policy *policy, const struct guest *guest, const char *node, char *const argv[],
	      bool stop_on_error, struct notes *notes, struct err *err)
{
	int result = 0;

	if (!is_its_own(policy, guest, node, notes))
		return 0;
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

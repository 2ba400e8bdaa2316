/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calling the administrator's other hook scripts as Proxmox VE would have called them. */

#include "event/chain.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 16

static int spawn(const char *path, char *const argv[], pid_t *ret_pid)
{
	char *args[ARGS_MAX + 1] = { (char *)(uintptr_t)path };
	posix_spawnattr_t attr;
	sigset_t defaults;
	int r;

	for (size_t i = 1; i < ARGS_MAX && argv[i]; i++)
		args[i] = argv[i];
	r = posix_spawnattr_init(&attr);
	if (r != 0)
		return -r;
	/* We ignore SIGPIPE; a script expects what Proxmox VE gives it. */
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	r = posix_spawn(ret_pid, path, NULL, &attr, args, environ);
	posix_spawnattr_destroy(&attr);
	return -r;
}

static int run_one(const char *path, char *const argv[], struct err *err)
{
	pid_t pid;
	int status;
	int r = spawn(path, argv, &pid);

	if (r < 0)
		return err_errno(err, -r, "then: %s", path);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_errno(err, errno, "then: %s", path);
	}
	if (WIFSIGNALED(status))
		return err_set(err, ECANCELED, "then: %s: got signal %d", path, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return err_set(err, ECANCELED, "then: %s: exit code %d", path, WEXITSTATUS(status));
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

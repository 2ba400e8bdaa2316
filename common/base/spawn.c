/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No shell and no PATH: the path is whole. */

#include "base/spawn.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static int spawn(const char *path, char *const argv[], pid_t *ret_pid)
{
	posix_spawnattr_t attr;
	sigset_t defaults;
	int r = posix_spawnattr_init(&attr);

	if (r != 0)
		return -r;
	/* We ignore SIGPIPE; others expect what our caller gave us. */
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	r = posix_spawn(ret_pid, path, NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	return -r;
}

int spawn_wait(const char *path, char *const argv[], struct err *err)
{
	pid_t pid;
	int status;
	int r;

	/* Who ignores SIGCHLD leaves that to us as well, and how a child ended would be lost (wait(2)). */
	(void)signal(SIGCHLD, SIG_DFL);
	r = spawn(path, argv, &pid);
	if (r < 0)
		return err_errno(err, -r, "%s", path);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_errno(err, errno, "%s", path);
	}
	return WIFSIGNALED(status) ? SPAWN_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

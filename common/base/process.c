/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three descriptors, one signal, one child. */

#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void process_begin(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* The lowest free number is this one. Policy's scripts get it closed, as our caller gave it. */
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", O_RDWR | O_CLOEXEC);
	}
}

_Noreturn void process_end(int status)
{
	(void)fflush(NULL);
#ifdef __SANITIZE_ADDRESS__
	exit(status); /* where leaks are looked for */
#else
	_exit(status);
#endif
}

static void close_all_but(int keep)
{
	unsigned first = STDERR_FILENO + 1;

	if (keep >= (int)first) {
		/* EINVAL where there is none between. */
		(void)close_range(first, (unsigned)keep - 1, 0);
		first = (unsigned)keep + 1;
	}
	(void)close_range(first, ~0U, 0);
}

int process_detach(int keep, struct err *err)
{
	pid_t child = fork();
	int null;

	if (child < 0)
		return err_errno(err, errno, "fork");
	if (child > 0)
		return 0;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	(void)setsid();
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	}
	close_all_but(keep);
	if (chdir("/") < 0)
		_exit(1);
	return 1;
}

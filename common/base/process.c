/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leaving the caller in peace. */

#include "base/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int detach(struct err *err)
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
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	if (chdir("/") < 0)
		_exit(1);
	return 1;
}

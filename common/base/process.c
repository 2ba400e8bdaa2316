/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three descriptors, one signal, one child. */

#include "base/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"

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

/* Those from first to last. Neither glibc before 2.34 nor Linux before 5.9 has close_range(); -errno. */
static int close_range_of(unsigned first, unsigned last)
{
#ifdef SYS_close_range
	return syscall(SYS_close_range, first, last, 0) < 0 ? -errno : 0;
#else
	(void)first;
	(void)last;
	return -ENOSYS;
#endif
}

/* One by one: /proc lists them by number, so that closing one hides no other. */
static void close_listed_but(int keep)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		uint32_t fd;

		if (parse_u32(entry->d_name, STDERR_FILENO + 1, INT_MAX, &fd) == 0 && (int)fd != keep &&
		    (int)fd != dirfd(dir))
			(void)close((int)fd);
	}
	if (dir)
		(void)closedir(dir);
}

static void close_all_but(int keep)
{
	unsigned first = STDERR_FILENO + 1;

	if (keep >= (int)first) {
		/* EINVAL where there is none between. */
		(void)close_range_of(first, (unsigned)keep - 1);
		first = (unsigned)keep + 1;
	}
	if (close_range_of(first, ~0U) < 0)
		close_listed_but(keep);
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By /proc alone: the kernels of old OpenVZ hosts have no pidfd. */

#include "base/script.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/kernel_file.h"

#define LINE_SIZE 512

/* "/bin/sh" NUL "/usr/libexec/vzctl/scripts/vps-net_del" NUL */
static bool read_line(pid_t pid, char line[LINE_SIZE])
{
	char path[32];

	memset(line, 0, LINE_SIZE);
	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	return kernel_file_read(path, line, LINE_SIZE - 1) >= 0;
}

bool script_calls(const char *name)
{
	char line[LINE_SIZE];

	if (!read_line(getppid(), line))
		return false;
	for (const char *arg = line; *arg; arg += strlen(arg) + 1) {
		if (strstr(arg, name))
			return true;
	}
	return false;
}

/* "17 (sh) S 16 ...": its state and what follows; the name may have any characters. NULL for another text. */
static const char *state_in(const char *stat)
{
	const char *end = strrchr(stat, ')');

	return end && end[1] == ' ' && end[2] ? end + 2 : NULL;
}

/* 0 for none. */
static pid_t parent_of(pid_t pid)
{
	char path[32];
	char text[LINE_SIZE];
	const char *state;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (kernel_file_read(path, text, sizeof(text)) < 0)
		return 0;
	state = state_in(text);
	return state ? (pid_t)strtol(state + 1, NULL, 10) : 0;
}

/* A subshell, as some shells fork for "$(...)", has its shell's command line. */
pid_t script_find(void)
{
	pid_t pid = getppid();
	char line[LINE_SIZE];

	if (!read_line(pid, line))
		return 0;
	for (;;) {
		pid_t parent = parent_of(pid);
		char above[LINE_SIZE];

		if (parent <= 1 || !read_line(parent, above) || memcmp(line, above, LINE_SIZE) != 0)
			return pid;
		pid = parent;
	}
}

int script_open(pid_t script)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)script);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Its own directory, not that of another process which has got its number. A zombie has ended, too. */
static bool is_running(int fd)
{
	char text[LINE_SIZE];
	int stat = openat(fd, "stat", O_RDONLY | O_CLOEXEC);
	ssize_t len = stat < 0 ? -1 : read(stat, text, sizeof(text) - 1);
	const char *state;

	if (stat >= 0)
		close(stat);
	if (len <= 0)
		return false;
	text[len] = '\0';
	state = state_in(text);
	return state && *state != 'Z' && *state != 'X';
}

bool script_wait(int fd, int seconds)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	int64_t last = clock_ms() + seconds * INT64_C(1000);

	while (is_running(fd)) {
		if (clock_ms() >= last)
			return false;
		(void)nanosleep(&pause, NULL);
	}
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A listening socket's peer, a lock's holder. */

#include "kernel/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"

DEFINE_CLEANUP(stream, FILE *, fclose)

#define PATH_SIZE    4096
#define CMDLINE_SIZE 65536 /* a VM with many disks has some ten thousand bytes */

enum monitor monitor_listens(const char *name, uid_t owner)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer;
	socklen_t size = sizeof(peer);
	size_t len = strlen(name);

	if (fd < 0 || len > sizeof(address.sun_path) - 1)
		return MONITOR_UNKNOWN;
	memcpy(address.sun_path + 1, name, len);
	if (connect(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)) <
	    0) {
		/* EAGAIN: somebody listens who takes no more just now. */
		return errno == ECONNREFUSED ? MONITOR_NONE : errno == EAGAIN ? MONITOR_THERE : MONITOR_UNKNOWN;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return MONITOR_UNKNOWN;
	return peer.uid == 0 || peer.uid == owner ? MONITOR_THERE : MONITOR_NONE;
}

enum monitor monitor_listens_anywhere(const char *end)
{
	CLEANUP(stream) FILE *file = fopen("/proc/net/unix", "re");
	char line[256];

	if (!file)
		return MONITOR_UNKNOWN;
	while (fgets(line, sizeof(line), file)) {
		const char *name = strchr(line, '@');
		size_t len;

		line[strcspn(line, "\n")] = '\0';
		len = strlen(line);
		/* Num: RefCount Protocol Flags Type St Inode Path; __SO_ACCEPTCON is 10000. */
		if (name && strstr(line, " 00010000 ") && len >= strlen(end) &&
		    strcmp(line + len - strlen(end), end) == 0 && monitor_listens(name + 1, 0) == MONITOR_THERE)
			return MONITOR_THERE;
	}
	return ferror(file) ? MONITOR_UNKNOWN : MONITOR_NONE;
}

/* /proc/PID/cmdline has a NUL behind each argument. */
static enum monitor has_words(pid_t pid, const char *option, const char *value)
{
	static char text[CMDLINE_SIZE];
	char path[32];
	CLEANUP(fd) int fd = -1;
	ssize_t len;
	const char *end;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (len < 0)
		return errno == ENOENT || errno == ESRCH ? MONITOR_NONE : MONITOR_UNKNOWN;
	text[len] = '\0';
	end = text + len;
	for (const char *p = text; p < end; p += strlen(p) + 1) {
		const char *next = p + strlen(p) + 1;

		if (strcmp(p, option) == 0 && next < end && strcmp(next, value) == 0)
			return MONITOR_THERE;
	}
	return MONITOR_NONE;
}

enum monitor monitor_locks(const char *path, const char *option, const char *value)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char full[PATH_SIZE];
	CLEANUP(fd) int fd = -1;

	if (path_full(path, full, sizeof(full), NULL) < 0)
		return MONITOR_UNKNOWN;
	fd = open(full, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? MONITOR_NONE : MONITOR_UNKNOWN;
	if (fcntl(fd, F_GETLK, &lock) < 0)
		return MONITOR_UNKNOWN;
	if (lock.l_type == F_UNLCK)
		return MONITOR_NONE;
	/* One of another PID namespace has none here. */
	return lock.l_pid > 0 ? has_words(lock.l_pid, option, value) : MONITOR_UNKNOWN;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A service that hears what no hook is told of: devices that flap, entries and names that somebody deletes, files that
 * change. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/privilege.h"
#include "base/process.h"
#include "watch/watcher.h"

static void usage(void)
{
	(void)puts("usage: guestarp-watch [--foreground] (guestarp-watch.service runs it)\n\n"
		   "  SIGHUP   look at every guest\n"
		   "  SIGTERM  end");
}

/* sd_notify(3) is one datagram. */
static void tell(const char *state)
{
	static bool failed;
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to,
			     (socklen_t)(sizeof(to.sun_family) + len)) < 0) {
		if (!failed)
			log_line(NULL, "watch: systemd cannot be told that it runs");
		failed = true;
	}
	if (fd >= 0)
		close(fd);
}

int main(int argc, char *argv[])
{
	struct err err;

	process_begin();
	if (log_help(argc, argv, "guestarp-watch", usage))
		return EXIT_SUCCESS;
	/* It always is; for who wants to say so. */
	if (argc > 2 || (argc == 2 && strcmp(argv[1], "--foreground") != 0)) {
		log_line(NULL, "usage: guestarp-watch [--foreground] (see --help)");
		return 2;
	}
	if (privilege_drop(false, &err) < 0 || watcher_run(tell, &err) < 0) {
		log_line(NULL, "watch: %s", err.text);
		process_end(EXIT_FAILURE);
	}
	process_end(EXIT_SUCCESS);
}

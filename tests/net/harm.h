/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_TESTS_NET_HARM_H
#define GUESTARP_TESTS_NET_HARM_H
/* What harm-wire.c and harm-host.c share: into a network namespace and back, and commands, one a line. */

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 64
#define LINE_SIZE 4096

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

/* The one of /run/netns/NAME, or with NULL back to the test's own. */
static inline void enter(const char *name)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), name ? "/run/netns/%s" : "/proc/1/ns/net", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die(path);
	close(fd);
}

static inline void print_done(void)
{
	(void)printf(".\n");
	(void)fflush(stdout);
}

/* Until stdin ends: the exit status. obey is given each line's words, and says whether it understands them. */
static inline int commands(bool (*obey)(size_t count, char **words))
{
	static char line[LINE_SIZE];

	while (fgets(line, sizeof(line), stdin)) {
		char *words[WORDS_MAX + 1] = { 0 };
		size_t count = 0;
		char *rest = line;
		char *word;

		while (count < WORDS_MAX && (word = strsep(&rest, " \n")) != NULL) {
			if (word[0])
				words[count++] = word;
		}
		if (!obey(count, words)) {
			fprintf(stderr, "not understood: %s\n", words[0] ? words[0] : "an empty line");
			return 2;
		}
	}
	return 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All programs in one file, which the package has under all of their names (hard links): each by itself would repeat
 * the library, and a shared library could be found half upgraded by a guest that starts. Which of them it is, its own
 * path says: callers name it as they like (/var/lib/vz/snippets/guestarp, /etc/vz/conf/vps.mount).
 */

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The Makefile's, with one for each hooks/NAME.c. */
#ifndef PROGRAMS
#define PROGRAMS PROGRAM(guestarp, "guestarp")
#endif

#define PROGRAM(symbol, name) int symbol##_main(int argc, char *argv[]);
PROGRAMS
#undef PROGRAM

#define PROGRAM(symbol, name) { name, symbol##_main },
static const struct {
	const char *name;
	int (*run)(int argc, char *argv[]);
} programs[] = { PROGRAMS };

/* The whole of a path's last component; the kernel appends " (deleted)" when an upgrade has just replaced the file. */
static bool names(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	size_t len = strlen(name);

	return strncmp(last, name, len) == 0 && (last[len] == '\0' || strcmp(last + len, " (deleted)") == 0);
}

int main(int argc, char *argv[])
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (names(path, programs[i].name))
			return programs[i].run(argc, argv);
	}
	(void)fprintf(stderr, "guestarp: %s: not installed under the name of one of its programs\n", path);
	return 127;
}

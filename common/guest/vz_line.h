/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_GUEST_VZ_LINE_H
#define GUESTARP_GUEST_VZ_LINE_H
/* One line of a container's file, cut into key and value as each generation's C parser cuts it. */

#include <stdbool.h>

/* Three grammars: vzctl 3.x, vzctl 4.x, libvzctl (Virtuozzo 7 and later, which read alike). */
enum vz_family { VZ_CLASSIC_3, VZ_CLASSIC_4, VZ_LIBVZCTL };

struct vz_line {
	char *key;
	char *value;
};

/* Cuts text, without its newline, in place. False for a comment, a blank line and what vzctl skips with a warning. */
bool vz_line_split(enum vz_family family, char *text, struct vz_line *ret_line);

#endif

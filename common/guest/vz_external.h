/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_GUEST_VZ_EXTERNAL_H
#define GUESTARP_GUEST_VZ_EXTERNAL_H
/* What a host had as EXTERNAL_SCRIPT before it had us. */

#include "base/err.h"

#define VZ_EXTERNAL_SIZE 256

/*
 * The last script but our own that /etc/vz/vznet.conf assigns, "" for none. -EINVAL for one that is no plain absolute
 * path: the file is shell text, which is not run here.
 */
int vz_external(char ret_path[VZ_EXTERNAL_SIZE], struct err *err);

/* As vz_external() for text in memory; path is for messages. */
int vz_external_parse(const char *path, char *text, char ret_path[VZ_EXTERNAL_SIZE], struct err *err);

#endif

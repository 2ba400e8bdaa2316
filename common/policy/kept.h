/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_POLICY_KEPT_H
#define GUESTARP_POLICY_KEPT_H
/* /var/lib/guestarp: the last good text of each policy file, which holds while the file has a mistake. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define KEPT_DIR       "/var/lib/guestarp"
#define KEPT_CLUSTER   "cluster.json"
#define KEPT_HOST      "host.json"
#define KEPT_DATE_SIZE 24

/* The text kept under that name, to be freed. -ENOENT where there is none. */
int kept_read(const char *name, char **ret_text, size_t *ret_len, struct err *err);

/* Is one kept under that name? */
bool kept_exists(const char *name);

/* "2026-11-26 15:50", since when it is kept, in local time. "an unknown date" where that cannot be told. */
const char *kept_date(const char *name, char date[KEPT_DATE_SIZE]);

/*
 * Keeps this text from now on, so that it is there after a crash, too; NULL: none. The directory is made when missing
 * (0700, files 0600). While another process writes there nothing is done, which is no failure: its next event does it.
 */
int kept_write(const char *name, const char *text, struct err *err);

#endif

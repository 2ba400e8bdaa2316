/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_POLICY_EDIT_H
#define GUESTARP_POLICY_EDIT_H
/* Changing one value of a policy file and nothing else of it. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * The text with guests.<guest>.<key> set to value (JSON), or taken away for a NULL value (and the guest's object with
 * it when nothing is left in it). Everything else stays byte for byte, comments included but for those in an object
 * that goes. text may be "" for no file yet. The result is the caller's to free. -EINVAL where text is no policy.
 */
int policy_edit_text(const char *text, const char *guest, const char *key, const char *value, char **ret_text,
		     struct err *err);

/*
 * The same for a file, replaced as a whole (0600) once the result has been checked; its directory is made when missing,
 * and a file that would say nothing any more is removed. ret_before, unless NULL, gets the text that was there, to be
 * freed, or NULL where there was no file. The caller holds the lock (lock_policy()).
 */
int policy_edit_file(const char *path, const char *guest, const char *key, const char *value, char **ret_before,
		     struct err *err);

/*
 * guests.<guest> ("*" for every guest) with nothing in it where it is not there yet, so that the policy covers it; or,
 * not covered, taken away where nothing is in it. *ret_changed: false where that was so already. -ENOTEMPTY: it has
 * settings, and nothing was changed. The rest as policy_edit_file().
 */
int policy_cover_file(const char *path, const char *guest, bool covered, bool *ret_changed, struct err *err);

/* Puts a text back, or removes the file for NULL. */
int policy_replace_file(const char *path, const char *text, struct err *err);

#endif

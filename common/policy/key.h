/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_POLICY_KEY_H
#define GUESTARP_POLICY_KEY_H
/* The keys of guestarp.json: one table says name, type, range and where the value goes. */

#include <json-c/json_object.h>

#include "base/err.h"
#include "policy/policy.h"

/* The name of a key as it stands in the file. */
const char *policy_key_to_str(enum policy_key key);

/* Sets what holds where no file says anything. */
void key_defaults(struct policy *policy);

/*
 * Takes one guest key. where is the value's path in its file, for messages; on failure the policy's value
 * stays as it was. -ENOENT for a key that does not exist (err names the nearest).
 */
int key_take(struct policy *policy, const char *where, const char *name, struct json_object *value,
	     enum policy_key *ret_key, struct err *err);

/* As key_take, for one value of one device. */
int key_take_device(struct policy_device *device, const char *where, const char *name, struct json_object *value,
		    struct err *err);

/* err for a word that is not in a table of words, with the nearest one that is. */
int key_unknown(const char *where, const char *name, const void *table, size_t count, size_t stride, struct err *err);

#endif

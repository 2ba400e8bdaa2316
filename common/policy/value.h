/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_POLICY_VALUE_H
#define GUESTARP_POLICY_VALUE_H
/*
 * Values of guestarp.json: each is checked whole before anything is set. On failure (-EINVAL) err says where, what was
 * found and what was wanted.
 */

#include <json-c/json_object.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"

/* "where: value is not <wanted>". */
int value_wrong(const char *where, struct json_object *value, const char *wanted, struct err *err);

int value_number(const char *where, struct json_object *value, uint32_t max, uint32_t *ret_value, struct err *err);
int value_bool(const char *where, struct json_object *value, bool *ret_value, struct err *err);

/* One of the words; ret_index is its place. A JSON string with a NUL in it matches none. */
int value_word(const char *where, struct json_object *value, const char *const *words, size_t count, const char *wanted,
	       unsigned *ret_index, struct err *err);

/* null ("" then), or a name that a device can have. */
int value_ifname(char ret_name[IFNAMSIZ], const char *where, struct json_object *value, struct err *err);

/* A list of at most max addresses, max being GUEST_IPS_MAX at most; with ret_from_config also "config". */
int value_addresses(const char *where, struct json_object *value, size_t max, bool *ret_from_config,
		    struct ip ret_ips[], size_t *ret_count, struct err *err);

#endif

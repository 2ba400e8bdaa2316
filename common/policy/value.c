/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several keys of a policy have in common: a value of a type, in a range, or words for what it should have been.
 */

#include "policy/value.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "guest/guest.h"

int value_wrong(const char *where, struct json_object *value, const char *wanted, struct err *err)
{
	char shown[60];

	return err_set(err, EINVAL, "%s: %s is not %s", where,
		       text_shown(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
										JSON_C_TO_STRING_NOSLASHESCAPE),
				  shown, sizeof(shown)),
		       wanted);
}

int value_number(const char *where, struct json_object *value, uint32_t max, uint32_t *ret_value, struct err *err)
{
	int64_t n = json_object_get_int64(value);

	if (!json_object_is_type(value, json_type_int) || n < 0 || n > max) {
		char wanted[40] = "";

		(void)text_append(wanted, sizeof(wanted), "a whole number from 0 to %u", max);
		return value_wrong(where, value, wanted, err);
	}
	*ret_value = (uint32_t)n;
	return 0;
}

int value_bool(const char *where, struct json_object *value, bool *ret_value, struct err *err)
{
	if (!json_object_is_type(value, json_type_boolean))
		return value_wrong(where, value, "true or false", err);
	*ret_value = json_object_get_boolean(value);
	return 0;
}

int value_word(const char *where, struct json_object *value, const char *const *words, size_t count, const char *wanted,
	       unsigned *ret_index, struct err *err)
{
	if (json_object_is_type(value, json_type_string)) {
		for (size_t i = 0; i < count; i++) {
			if (strcmp(json_object_get_string(value), words[i]) == 0) {
				*ret_index = (unsigned)i;
				return 0;
			}
		}
	}
	return value_wrong(where, value, wanted, err);
}

int value_ifname(char ret_name[IFNAMSIZ], const char *where, struct json_object *value, struct err *err)
{
	if (!value) {
		ret_name[0] = '\0';
		return 0;
	}
	if (!json_object_is_type(value, json_type_string) || ifname_copy(ret_name, json_object_get_string(value)) < 0)
		return value_wrong(where, value, "a device name (1 to 15 characters) or null", err);
	return 0;
}

int value_addresses(const char *where, struct json_object *value, size_t max, bool *ret_from_config,
		    struct ip ret_ips[], size_t *ret_count, struct err *err)
{
	struct ip ips[GUEST_IPS_MAX];
	size_t count;

	if (ret_from_config && json_object_is_type(value, json_type_string) &&
	    strcmp(json_object_get_string(value), "config") == 0) {
		*ret_from_config = true;
		*ret_count = 0;
		return 0;
	}
	if (!json_object_is_type(value, json_type_array))
		return value_wrong(where, value,
				   ret_from_config ? "\"config\" or a list of addresses" : "a list of addresses", err);
	count = json_object_array_length(value);
	if (count > max || count > GUEST_IPS_MAX)
		return err_set(err, EINVAL, "%s: more than %zu addresses", where, max);
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(value, i);

		if (!json_object_is_type(item, json_type_string) || ip_parse(json_object_get_string(item), &ips[i]) < 0)
			return value_wrong(where, item, "an address of a host", err);
	}
	memcpy(ret_ips, ips, count * sizeof(ips[0]));
	*ret_count = count;
	if (ret_from_config)
		*ret_from_config = false;
	return 0;
}

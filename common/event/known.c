/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record, read by who does not change it. */

#include "event/known.h"

#include <errno.h>
#include <string.h>

static void add_device(struct known *known, const char *device)
{
	for (size_t i = 0; i < known->device_count; i++) {
		if (strcmp(known->devices[i], device) == 0)
			return;
	}
	if (known->device_count < KNOWN_DEVICES_MAX)
		memcpy(known->devices[known->device_count++], device, IFNAMSIZ);
}

static void take_route(struct known *known, size_t at, const struct plan *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		const struct setting *setting = &settings->settings[i];

		if (setting->kind != SETTING_ROUTE || !ip_equal(&setting->ip, &known->ips[at]))
			continue;
		memcpy(known->routes[at], setting->device, IFNAMSIZ);
		known->platforms[at] = setting->platforms;
	}
}

int known_read(const struct turn *turn, struct known *ret_known, struct err *err)
{
	struct plan settings = { 0 };
	struct notes notes = { 0 };
	bool exists = false;
	int r = turn_locked(turn, err);

	memset(ret_known, 0, sizeof(*ret_known));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = record_load(&turn->lock, &settings, &exists, &notes, err);
	for (size_t i = 0; r == 0 && i < settings.count; i++) {
		const struct setting *setting = &settings.settings[i];

		if (setting->kind != SETTING_PROXY || ret_known->ip_count == GUEST_IPS_MAX)
			continue;
		ret_known->ips[ret_known->ip_count] = setting->ip;
		take_route(ret_known, ret_known->ip_count++, &settings);
		add_device(ret_known, setting->device);
	}
	plan_done(&settings);
	return r;
}

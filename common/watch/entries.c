/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds of the bindings, and what has been taken away. */

#include "watch/entries.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "effect/apply.h"
#include "kernel/netlink.h"

static bool was_lost(struct netlink *nl, const struct devices *devices, struct binding *binding, int64_t now_ms)
{
	const struct device *device = devices_find(devices, binding->setting.ifindex);
	struct facts none; /* of the host an entry or a route needs to know nothing */
	char text[SETTING_TEXT];
	bool holds = true;

	/* What is down has none, and comes with news when it is up. */
	if (binding->left_alone || !device || !device->running)
		return false;
	facts_init(&none);
	if (apply_read(nl, &none, &binding->setting, &holds, NULL) < 0 || !binding_was_lost(binding, holds))
		return false;
	/* What is not back since the last look nobody has deleted: it could not be put back. */
	if (binding->looks > 1 || binding_may_return(binding, now_ms / 1000))
		return true;
	log_line(binding->guest, "%s was deleted for the third time within a minute: left alone",
		 setting_to_str(&binding->setting, text));
	return false;
}

/* A socket of its own each time: one that was left without an answer never asks again. */
void entries_look(struct bindings *bindings, const struct devices *devices, int64_t now_ms,
		  void (*lost)(const char *guest, bool arrives, void *arg), void *arg)
{
	CLEANUP(netlink) struct netlink *nl = NULL;

	if (netlink_open(&nl, NULL) < 0)
		return;
	for (size_t i = 0; i < bindings->count; i++) {
		if (was_lost(nl, devices, &bindings->list[i], now_ms))
			lost(bindings->list[i].guest, false, arg);
	}
}

void entries_restored(struct bindings *bindings, const char *guest)
{
	for (size_t i = 0; i < bindings->count; i++) {
		if (strcmp(bindings->list[i].guest, guest) == 0)
			bindings->list[i].looks = 0;
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pmxcfs tells nobody of a change by inotify. */

#include "watch/late.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "guest/pve.h"
#include "host/guests.h"
#include "host/running.h"

#define WRITTEN_MS 10000
#define ARRIVAL_MS (24L * 3600 * 1000)

static const long looks_ms[] = { 100, 500, 2000, 5000 };

/* Is it time for another look? */
static bool is_time(struct late *late, int64_t now_ms)
{
	if (!late->text || late->looks == sizeof(looks_ms) / sizeof(looks_ms[0]) ||
	    now_ms < late->since + looks_ms[late->looks])
		return false;
	late->looks++;
	return true;
}

void late_add(struct lates *lates, const char *guest, char *text, int64_t now_ms)
{
	struct late *late = NULL;

	for (size_t i = 0; i < LATE_MAX; i++) {
		struct late *l = &lates->list[i];

		if (strcmp(l->guest, guest) == 0 || (!late && !l->guest[0]))
			late = l;
	}
	if (!late) {
		free(text);
		return;
	}
	lates->count += !late->guest[0];
	memcpy(late->guest, guest, GUEST_NAME_SIZE);
	free(late->text);
	late->text = text;
	late->since = now_ms;
	late->looks = 0;
}

static bool is_written(const struct guest *guest, const char *text)
{
	CLEANUP(free) char *now = NULL;

	return pve_text(guest, &now, NULL) == 0 && strcmp(now, text) != 0;
}

bool late_has_arrived(struct guest *guest)
{
	return pve_read(guest, NULL, NULL) == 0 && !guest->migrating;
}

bool late_is_gone(const struct guest *guest)
{
	enum running running;

	return running_ask(guest, &running, NULL) == 0 && running == RUNNING_NO;
}

bool late_is_coming(struct guest *guest, int found, bool alive)
{
	if (found == -ENOENT)
		return guest_platform_known() && !late_is_gone(guest);
	return found == 0 && !alive && pve_read(guest, NULL, NULL) == 0 && guest->migrating;
}

void late_look(struct lates *lates, int64_t now_ms, void (*written)(const char *guest, bool arrives, void *arg),
	       void *arg)
{
	for (size_t i = 0; i < LATE_MAX; i++) {
		struct late *late = &lates->list[i];
		struct guest guest;

		if (!late->guest[0] || !guest_init_named(&guest, late->guest, '/'))
			continue;
		if (late->text ? is_written(&guest, late->text) : late_has_arrived(&guest))
			written(late->guest, !late->text, arg);
		else if (now_ms < late->since + (late->text ? WRITTEN_MS : ARRIVAL_MS) &&
			 (late->text || !late_is_gone(&guest))) {
			if (is_time(late, now_ms))
				written(late->guest, false, arg);
			continue;
		}
		late->guest[0] = '\0';
		free(late->text);
		late->text = NULL;
		lates->count--;
	}
}

void late_done(struct lates *lates)
{
	for (size_t i = 0; i < LATE_MAX; i++)
		free(lates->list[i].text);
	memset(lates, 0, sizeof(*lates));
}

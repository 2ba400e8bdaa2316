/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lock ends with its process, whatever ends that; no file has to be believed for whether it runs. */

#include "host/watching.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"

#define FILE_NAME    "watch"
#define VERSION_JSON 1
#define TELL_MS      1000

int watching_begin(struct lock *ret_lock, struct err *err)
{
	int r = lock_watch(ret_lock, err);

	return r == -EBUSY ? err_set(err, EBUSY, "another guestarp-watch runs") : r;
}

/* A guest's name has nothing in it that JSON would want escaped. */
static void write_file(const struct lock *lock, const struct watching *w)
{
	char text[GUEST_NAME_SIZE + 200];
	int len = snprintf(text, sizeof(text),
			   "{ \"version\": %d, \"since\": %lld, \"events\": %" PRIu64
			   ", \"last\": \"%s\", \"last_at\": %lld, "
			   "\"last_us\": %" PRId64 " }\n",
			   VERSION_JSON, (long long)w->since, w->events, w->last, (long long)w->last_at, w->last_us);

	(void)file_replace_at(lock->dir, FILE_NAME, text, (size_t)len, NULL);
}

void teller_did(struct teller *teller, const char *what, int64_t took_us)
{
	(void)text_copy(teller->says.last, sizeof(teller->says.last), what);
	teller->says.last_at = time(NULL);
	teller->says.last_us = took_us;
	teller->untold = true;
}

void teller_heard(struct teller *teller)
{
	teller->untold = teller->untold || teller->told_events != teller->says.events;
}

void teller_tell(struct teller *teller, int64_t now_ms)
{
	if (!teller->untold || now_ms < teller->not_before)
		return;
	write_file(&teller->lock, &teller->says);
	teller->untold = false;
	teller->told_events = teller->says.events;
	teller->not_before = now_ms + TELL_MS;
}

bool watching_runs(void)
{
	return lock_watch_is_held();
}

static int64_t number(struct json_object *json, const char *key)
{
	int64_t value = json_object_get_int64(json_object_object_get(json, key));

	return value > 0 ? value : 0;
}

bool watching_read(struct watching *ret_watching)
{
	CLEANUP(json) struct json_object *json = NULL;
	CLEANUP(free) char *text = NULL;
	CLEANUP(fd) int dir = -1;
	const char *last;
	size_t len;

	memset(ret_watching, 0, sizeof(*ret_watching));
	if (!watching_runs())
		return false;
	if (file_open_dir(RECORD_DIR, false, &dir, NULL) < 0 || file_read_at(dir, FILE_NAME, &text, &len, NULL) < 0 ||
	    json_parse(FILE_NAME, text, len, &json, NULL) < 0)
		return true;
	ret_watching->since = number(json, "since");
	ret_watching->events = (uint64_t)number(json, "events");
	ret_watching->last_at = number(json, "last_at");
	ret_watching->last_us = number(json, "last_us");
	last = json_object_get_string(json_object_object_get(json, "last"));
	(void)text_shown(last ? last : "", ret_watching->last, sizeof(ret_watching->last));
	return true;
}

bool watching_is_due(void)
{
	return path_exists("/run/systemd/system");
}

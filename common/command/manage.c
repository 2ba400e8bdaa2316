/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which guests guestarp looks after: all or some by the policy, some by their hookscript, and the device of one. */

#include "command/manage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "command/choose.h"
#include "command/each.h"
#include "doctor/attach.h"
#include "doctor/cover.h"
#include "doctor/device.h"
#include "event/event.h"
#include "host/guests.h"
#include "host/running.h"

#define LIST_SIZE 400

/* Those that were changed, in the words of a command line, and those of them that run. */
struct changed {
	size_t count;
	char running[LIST_SIZE];
	bool more; /* than there was room for */
};

/* Of this call alone: a program is one call. */
static struct changed changed;

static void note_changed(const struct guest *guest)
{
	enum running running = RUNNING_UNKNOWN;
	char name[GUEST_NAME_SIZE];

	changed.count++;
	if (running_ask(guest, &running, NULL) < 0 || running != RUNNING_YES)
		return;
	/* A number is what is typed. */
	if (!text_append(changed.running, sizeof(changed.running), " %s",
			 guest->kind == GUEST_PVE ? guest->id : guest_name(guest, name)))
		changed.more = true;
}

/* What is to be done now. word: the command that does it for guests that run. */
static void say_next(const struct call *call, const char *what, const char *word)
{
	/* What has been taken off the list and does not run is done with. */
	if (changed.count == 0 || (!changed.running[0] && strcmp(word, "undo") == 0))
		return;
	(void)fprintf(call->out, "%s", what);
	if (changed.running[0] && !call->all && !changed.more)
		(void)fprintf(call->out, "; now: guestarp %s%s", word, changed.running);
	else if (changed.running[0])
		(void)fprintf(call->out, "; now: guestarp %s --all", word);
	(void)fputc('\n', call->out);
}

#define AT_START(one) ((one) ? "takes effect at its next start" : "takes effect at their next start")
#define AT_STOP(one)                                                                                                   \
	((one) ? "what was set for it stays until it stops" : "what was set for them stays until they stop")

/* --- by the policy ------------------------------------------------------------------------------------------------ */

static int put_on(const struct call *call, const struct guest *guest)
{
	char file[COVER_FILE_SIZE];
	char name[GUEST_NAME_SIZE];
	bool was;
	struct err err;
	int r = cover_guest(guest, true, &was, file, &err);

	(void)call;
	(void)guest_name(guest, name);
	if (r < 0)
		log_line(name, "manage: %s", err.text);
	else
		log_result(name, was ? "is managed now (%s)" : "is managed already (%s)", file);
	if (r == 0 && was)
		note_changed(guest);
	return r;
}

static int take_off(const struct call *call, const struct guest *guest)
{
	char file[COVER_FILE_SIZE];
	char name[GUEST_NAME_SIZE];
	bool was;
	struct err err;
	int r = cover_guest(guest, false, &was, file, &err);

	(void)call;
	(void)guest_name(guest, name);
	if (r < 0) {
		log_line(name, "unmanage: %s", err.text);
		return r;
	}
	if (file[0])
		log_result(name, "%s; still managed by %s", was ? "taken off the list" : "is not on the list", file);
	else
		log_result(name, was ? "is no longer managed" : "is not managed");
	if (was && !file[0])
		note_changed(guest);
	return 0;
}

/* Every guest that is here, for what is to be done now. */
static void note_all(void)
{
	struct guest_list guests = { 0 };

	if (guest_list_configured(&guests, NULL) == 0) {
		for (size_t i = 0; i < guests.count; i++) {
			(void)guest_read(&guests.list[i], NULL);
			note_changed(&guests.list[i]);
		}
	}
	guest_list_done(&guests);
	/* Also those that are yet to come. */
	changed.count++;
}

static int all(const struct call *call, bool covered)
{
	char file[COVER_FILE_SIZE];
	bool was;
	struct err err;
	int r = cover_all(covered, &was, file, &err);

	if (r < 0)
		return call_failed(call, &err);
	if (covered)
		log_result(NULL, was ? "all guests are managed now (%s)" : "all guests are managed already (%s)", file);
	else
		log_result(NULL,
			   was ? "guests are no longer managed all together (%s)"
			       : "guests are not managed all together",
			   file);
	if (was)
		note_all();
	return each_name(EXIT_SUCCESS);
}

static int by_policy(const struct call *call, bool covered, each_fn one)
{
	if (call->all && call->count == 0)
		return all(call, covered);
	return each_guest_again(call, EACH_MANAGED, each_settle, each_name(each_guest(call, EACH_MANAGED, one)));
}

int manage_on(const struct call *call)
{
	int status = by_policy(call, true, put_on);

	say_next(call, AT_START(changed.count == 1), "apply");
	return status;
}

int manage_off(const struct call *call)
{
	int status = by_policy(call, false, take_off);

	say_next(call, AT_STOP(changed.count == 1), "undo");
	return status;
}

/* --- by the hookscript -------------------------------------------------------------------------------------------- */

static int attach(const struct call *call, const struct guest *guest)
{
	char name[GUEST_NAME_SIZE];
	bool was;
	struct err err;
	int r = attach_guest(guest, &was, &err);

	(void)call;
	(void)guest_name(guest, name);
	if (r < 0)
		log_line(name, "attach: %s", err.text);
	else
		log_result(name, was ? "attached" : "is attached already");
	if (r == 0 && was)
		note_changed(guest);
	return r;
}

static int detach(const struct call *call, const struct guest *guest)
{
	char still[ATTACH_STILL_SIZE];
	char name[GUEST_NAME_SIZE];
	bool was;
	struct err err;
	int r = detach_guest(guest, &was, still, &err);

	(void)call;
	(void)guest_name(guest, name);
	if (r < 0)
		log_line(name, "detach: %s", err.text);
	else
		log_result(name, "%s%s%s", was ? "detached" : "is not attached", *still ? "; still managed by " : "",
			   still);
	if (r == 0 && was && !*still)
		note_changed(guest);
	return r;
}

int manage_attach(const struct call *call)
{
	int status = each_name(each_guest(call, EACH_PVE, attach));

	status = each_guest_again(call, EACH_PVE, each_settle, status);
	say_next(call, AT_START(changed.count == 1), "apply");
	return status;
}

int manage_detach(const struct call *call)
{
	int status = each_name(each_guest(call, EACH_PVE, detach));

	status = each_guest_again(call, EACH_PVE, each_settle, status);
	say_next(call, AT_STOP(changed.count == 1), "undo");
	return status;
}

/* --- its device --------------------------------------------------------------------------------------------------- */

int manage_device(const struct call *call)
{
	struct notes notes = { 0 };
	struct guest guest;
	char name[GUEST_NAME_SIZE];
	struct err err;
	bool none = strcmp(call->words[1], "none") == 0;
	const char *device = none ? "" : call->words[1];

	if (choose_one(call->words[0], &guest, &err) < 0 || (!none && device_check(device, &err) < 0))
		return call_wrong(call, &err);
	if (device_set(&guest, device, &notes, &err) < 0)
		return call_failed(call, &err);
	(void)guest_name(&guest, name);
	log_notes(name, &notes);
	log_result(name, none ? "no device of its own answers for it" : "%s is to answer for it", device);
	note_changed(&guest);
	say_next(call, AT_START(true), "apply");
	return each_name(EXIT_SUCCESS) != EXIT_SUCCESS || each_settle(call, &guest) < 0 ? EXIT_UNKNOWN : EXIT_SUCCESS;
}

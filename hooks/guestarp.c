/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's command: what is wrong here, what should hold, and fixing it. */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/privilege.h"
#include "base/process.h"
#include "base/text.h"
#include "doctor/attach.h"
#include "doctor/check.h"
#include "doctor/device.h"
#include "doctor/explain.h"
#include "doctor/status.h"
#include "event/announce.h"
#include "event/event.h"
#include "event/quieting.h"
#include "event/sync.h"
#include "host/guests.h"
#include "host/running.h"
#include "policy/policy.h"

#define EXIT_FOUND 1
#define EXIT_USAGE 2

/* What was typed after the command's word. */
struct call {
	bool json;
	bool all;
	bool check;
	bool quiet;
	struct check look; /* of check */
	char **words;
	size_t count;
};

static bool has_colour(void)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color);
}

static int failed(const struct err *err)
{
	(void)fprintf(stderr, "guestarp: %s\n", err->text);
	return EXIT_FOUND;
}

/* A guest that is not there, a word too few: said in one line, as wrongly called. */
static int wrong(const struct err *err)
{
	(void)fprintf(stderr, "guestarp: %s\n", err->text);
	return EXIT_USAGE;
}

static int cmd_check(const struct call *call)
{
	bool found = false;
	struct err err;
	int r = check_run(&call->look, call->json, has_colour(), stdout, &found, &err);

	if (r == -EINVAL || r == -ENODEV)
		return wrong(&err);
	return r < 0 ? failed(&err) : found ? EXIT_FOUND : EXIT_SUCCESS;
}

static int cmd_status(const struct call *call)
{
	struct status status;
	struct err err;
	int result = EXIT_SUCCESS;
	int r = status_take(call->words, call->count, &status, &err);

	if (r < 0) {
		status_done(&status);
		return r == -ENOENT ? wrong(&err) : failed(&err);
	}
	if (call->json)
		(void)status_print_json(&status, stdout);
	else
		status_print(&status, has_colour(), stdout);
	if (!status_is_well(&status))
		result = EXIT_FOUND;
	status_done(&status);
	return result;
}

static int cmd_plan(const struct call *call)
{
	struct status status;
	struct err err;
	int result;
	int r = status_take(call->words, 1, &status, &err);

	if (r < 0)
		result = r == -ENOENT ? wrong(&err) : failed(&err);
	else if (explain_plan(&status.list[0], call->count > 1 ? call->words[1] : NULL, stdout, &err) < 0)
		result = wrong(&err);
	else
		result = EXIT_SUCCESS;
	status_done(&status);
	return result;
}

/* --- commands for some guests or all ---------------------------------------------------------------------------- */

/* What a command does to one guest; says itself what it did. */
typedef int (*command_fn)(const struct guest *guest);

/* Locked, with its policy, as its files are now. *ret_read: 0, or why its configuration could not be read: turn->err.
 */
static int begin_turn(struct turn *turn, const struct guest *guest, const char *word, enum turn_kind kind,
		      int *ret_read)
{
	struct guest now;
	struct err failure;
	int r;

	turn_init(turn, guest, word);
	turn_lock(turn, kind);
	*ret_read = guest_init(&now, guest->kind, guest->id, &failure);
	if (*ret_read == 0)
		*ret_read = guest_read(&now, &failure);
	if (*ret_read == 0)
		guest_copy(&turn->guest, &now);
	r = turn_policy(turn);
	if (r < 0)
		(void)turn_say(turn, "", r, false);
	if (*ret_read < 0)
		turn->err = failure;
	return r;
}

/* Entries for a guest that is elsewhere would draw its traffic away. */
static bool runs_here(const struct guest *guest)
{
	enum running running = RUNNING_UNKNOWN;

	return running_ask(guest, &running, NULL) == 0 && running != RUNNING_NO;
}

static int apply(const struct guest *guest)
{
	struct turn turn;
	int read;
	int policy = begin_turn(&turn, guest, "apply", TURN_LOOKS, &read);
	int prepared = 0;
	int up = -ESRCH;

	turn.claims = true;
	/* Without its addresses all that was set for it would seem to be no longer wanted. */
	if (read < 0) {
		log_line(turn.name, "apply: %s; nothing done",
			 guest_platform_missing() ? GUEST_PLATFORM_MISSING : turn.err.text);
	} else if (!runs_here(&turn.guest)) {
		log_line(turn.name, "apply: it does not run here, nothing done");
	} else {
		prepared = event_prepare(&turn, &turn.guest, false);
		(void)turn_say(&turn, "prepared", prepared, false);
		up = event_up(&turn, &turn.guest);
		(void)turn_say(&turn, "up", up, false);
	}
	turn_done(&turn);
	return prepared < 0 ? prepared : up < 0 ? up : policy;
}

static int undo(const struct guest *guest)
{
	struct turn turn;
	int read;
	int policy = begin_turn(&turn, guest, "undo", TURN_TAKES_BACK, &read);
	int r = event_down(&turn);

	(void)turn_say(&turn, "took back", r, false);
	turn_done(&turn);
	return r < 0 ? r : policy;
}

/*
 * What was changed of how it is managed shows in its names, also after an event of its that read the files before. What
 * cannot be read has been said.
 */
static int settle(const struct guest *guest)
{
	struct turn turn;
	int r = 0;

	turn_init(&turn, guest, "names");
	turn_lock(&turn, TURN_TAKES_BACK);
	if (guest_read(&turn.guest, NULL) == 0 && turn_policy(&turn) == 0) {
		r = event_quiet(&turn);
		(void)turn_say(&turn, "names", r, false);
	}
	turn_done(&turn);
	return r;
}

static int attach(const struct guest *guest)
{
	char name[GUEST_NAME_SIZE];
	bool changed;
	struct err err;
	int r = attach_guest(guest, &changed, &err);

	(void)guest_name(guest, name);
	if (r < 0)
		log_line(name, "attach: %s", err.text);
	else
		log_done(name, changed ? "attached" : "is attached already");
	return r;
}

static int detach(const struct guest *guest)
{
	char still[ATTACH_STILL_SIZE];
	char name[GUEST_NAME_SIZE];
	bool changed;
	struct err err;
	int r = detach_guest(guest, &changed, still, &err);

	(void)guest_name(guest, name);
	if (r < 0)
		log_line(name, "detach: %s", err.text);
	else
		log_done(name, "%s%s%s", changed ? "detached" : "is not attached", *still ? "; still managed by " : "",
			 still);
	return r;
}

/* A line a second on a terminal, once it is clear that this takes longer. */
static void progress(size_t done, size_t count, time_t begun)
{
	static time_t said;
	time_t now = time(NULL);

	if (!isatty(STDERR_FILENO) || now <= begun + 1 || now == said)
		return;
	said = now;
	(void)fprintf(stderr, "guestarp: %zu of %zu guests\n", done, count);
}

/* What was changed of which guests are managed shows in the names at once: the next start may be the first thing. */
static int sync_names(int status)
{
	/* Called wrongly: nothing is done. */
	if (status == EXIT_USAGE)
		return status;
	return event_sync_names("names") < 0 ? EXIT_FOUND : status;
}

/* All are found before anything is done to one of them. */
static int for_named(const struct call *call, command_fn command)
{
	CLEANUP(free) struct guest *guests = calloc(call->count, sizeof(*guests));
	int status = EXIT_SUCCESS;
	struct err err;
	bool readable;

	if (!guests) {
		(void)err_errno(&err, ENOMEM, "guests");
		return failed(&err);
	}
	for (size_t i = 0; i < call->count; i++) {
		if (status_find(call->words[i], &guests[i], &readable, &err) < 0)
			return wrong(&err);
	}
	for (size_t i = 0; i < call->count; i++) {
		if (command(&guests[i]) < 0)
			status = EXIT_FOUND;
	}
	return status;
}

/* --all: every managed guest, for apply those that run; for attach every guest of Proxmox VE. */
static bool is_meant(const struct guest_status *s, command_fn command)
{
	if (command == attach || command == settle)
		return s->guest.kind == GUEST_PVE && s->readable;
	/* One that runs and cannot be read is told of. */
	if (command == apply)
		return s->inspection.running != RUNNING_NO &&
		       (s->managed || (!s->readable && s->inspection.has_record));
	return true;
}

static int for_all(command_fn command)
{
	struct guest_list guests = { 0 };
	struct status status = { 0 };
	time_t begun = time(NULL);
	struct err err;
	int result = EXIT_SUCCESS;
	int r;

	if (command != attach && command != settle) {
		r = status_take(NULL, 0, &status, &err);
	} else {
		r = guest_list_configured(&guests, &err);
		status.list = r == 0 ? calloc(guests.count + 1, sizeof(*status.list)) : NULL;
		if (r == 0 && !status.list)
			r = err_errno(&err, ENOMEM, "guests");
		for (size_t i = 0; status.list && i < guests.count; i++) {
			status.list[i].guest = guests.list[i];
			status.list[i].readable = guest_read(&status.list[i].guest, NULL) == 0;
			status.count++;
		}
	}
	for (size_t i = 0; r == 0 && i < status.count; i++) {
		if (is_meant(&status.list[i], command) && command(&status.list[i].guest) < 0)
			result = EXIT_FOUND;
		progress(i + 1, status.count, begun);
	}
	guest_list_done(&guests);
	status_done(&status);
	return r < 0 ? failed(&err) : result;
}

static int for_guests(const struct call *call, command_fn command)
{
	struct err err;

	if (call->all != (call->count == 0)) {
		(void)err_set(&err, EINVAL, "name guests, or say --all");
		return wrong(&err);
	}
	return call->all ? for_all(command) : for_named(call, command);
}

static int cmd_apply(const struct call *call)
{
	return sync_names(for_guests(call, apply));
}

static int cmd_undo(const struct call *call)
{
	struct err err;

	if (!call->quiet)
		return for_guests(call, undo);
	if (call->all || call->count > 0) {
		(void)err_set(&err, EINVAL, "--quiet is for the whole host, and comes alone");
		return wrong(&err);
	}
	return quieting_drop(&err) < 0 ? failed(&err) : EXIT_SUCCESS;
}

static int settle_guests(const struct call *call, int status)
{
	if (status == EXIT_USAGE)
		return status;
	return for_guests(call, settle) == EXIT_SUCCESS ? status : EXIT_FOUND;
}

static int cmd_attach(const struct call *call)
{
	return settle_guests(call, sync_names(for_guests(call, attach)));
}

static int cmd_detach(const struct call *call)
{
	return settle_guests(call, sync_names(for_guests(call, detach)));
}

static int cmd_sync(const struct call *call)
{
	struct sync_result result;
	struct err err;

	(void)call;
	if (guest_platform_missing())
		log_line(NULL, "sync: %s; nothing is taken back because of that", GUEST_PLATFORM_MISSING);
	if (event_sync(true, false, &result, &err) < 0)
		return failed(&err);
	return result.failed ? EXIT_FOUND : EXIT_SUCCESS;
}

/* After a MAC that was set by hand. */
static int cmd_announce(const struct call *call)
{
	const char *device = call->words[0];
	struct err err;
	size_t count;

	if (!ifname_valid(device)) {
		(void)err_set(&err, EINVAL, "announce: that is no device's name");
		return wrong(&err);
	}
	if (announce_device(device, 2, &count, &err) < 0)
		return failed(&err);
	log_done(NULL, "announce: %s: %zu address%s", device, count, count == 1 ? "" : "es");
	return EXIT_SUCCESS;
}

static int cmd_policy(const struct call *call)
{
	struct guest guest;
	struct err err;
	bool readable;

	if (call->check) {
		if (policy_check_file(call->words[0], &err) < 0)
			return failed(&err);
		return EXIT_SUCCESS;
	}
	if (status_find(call->words[0], &guest, &readable, &err) < 0)
		return wrong(&err);
	return explain_policy(&guest, call->json, stdout, &err) < 0 ? failed(&err) : EXIT_SUCCESS;
}

static int cmd_device(const struct call *call)
{
	struct notes notes = { 0 };
	struct guest guest;
	char name[GUEST_NAME_SIZE];
	struct err err;
	bool readable;
	bool none = strcmp(call->words[1], "none") == 0;
	const char *device = none ? "" : call->words[1];

	if (status_find(call->words[0], &guest, &readable, &err) < 0)
		return wrong(&err);
	if (!none && device_check(device, &err) < 0)
		return wrong(&err);
	if (device_set(&guest, device, &notes, &err) < 0)
		return failed(&err);
	log_notes(guest_name(&guest, name), &notes);
	return sync_names(EXIT_SUCCESS) != EXIT_SUCCESS || settle(&guest) < 0 ? EXIT_FOUND : EXIT_SUCCESS;
}

/* -------------------------------------------------------------------------------------------------------------------
 */

enum {
	OPT_PROBE = 1U << 0,
	OPT_JSON = 1U << 1,
	OPT_ALL = 1U << 2,
	OPT_CHECK = 1U << 3,
	OPT_QUIET = 1U << 4,
	OPT_LISTEN = 1U << 5,
	OPT_ALLOW = 1U << 6,
	OPT_LOG = 1U << 7
};

static const struct option {
	const char *word;
	unsigned bit;
} options[] = {
	{ "--probe", OPT_PROBE }, { "--json", OPT_JSON },     { "--all", OPT_ALL },     { "--check", OPT_CHECK },
	{ "--quiet", OPT_QUIET }, { "--listen", OPT_LISTEN }, { "--allow", OPT_ALLOW }, { "--log", OPT_LOG },
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

static const struct command {
	const char *word;
	unsigned options;
	size_t min_words;
	size_t max_words;
	int (*run)(const struct call *call);
	const char *arguments;
	const char *help;
} commands[] = {
	{ "check", OPT_PROBE | OPT_JSON | OPT_LISTEN | OPT_ALLOW | OPT_LOG, 0, SIZE_MAX, cmd_check,
	  "[--probe|--listen ...|--log]", "find what is wrong on this host" },
	{ "status", OPT_JSON, 0, SIZE_MAX, cmd_status, "[GUEST...] [--json]", "what should hold, and what does" },
	{ "plan", 0, 1, 2, cmd_plan, "GUEST [EVENT]", "what prepare, up or down would do" },
	{ "apply", OPT_ALL, 0, SIZE_MAX, cmd_apply, "GUEST...|--all", "make it hold now" },
	{ "undo", OPT_ALL | OPT_QUIET, 0, SIZE_MAX, cmd_undo, "GUEST...|--all|--quiet", "take back what was set" },
	{ "sync", 0, 0, 0, cmd_sync, "", "fix what no hook was told of" },
	{ "attach", OPT_ALL, 0, SIZE_MAX, cmd_attach, "GUEST...|--all", "become the hookscript of guests" },
	{ "detach", OPT_ALL, 0, SIZE_MAX, cmd_detach, "GUEST...|--all", "the reverse" },
	{ "policy", OPT_CHECK | OPT_JSON, 1, 1, cmd_policy, "GUEST [--json]|--check FILE",
	  "what policy wants, and where it says so" },
	{ "announce", 0, 1, 1, cmd_announce, "DEVICE", "tell neighbours a device's MAC" },
	{ "device", 0, 2, 2, cmd_device, "GUEST DEVICE|none", "choose the device that answers for it" },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void usage(void)
{
	(void)puts("usage: guestarp COMMAND ...\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		(void)printf("  %-8s %-28s %s\n", commands[i].word, commands[i].arguments, commands[i].help);
	(void)puts("\nGUEST is a number or a name, or pve/100, vz/101, lxc/web1.");
}

/* For the package: bash's completion, from the same tables. */
static int completion(void)
{
	(void)puts("# bash completion for guestarp, written by `guestarp --completion`\n"
		   "_guestarp()\n{\n\tlocal word=${COMP_WORDS[COMP_CWORD]}\n\tif [ \"$COMP_CWORD\" -eq 1 ]; then");
	(void)printf("\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		(void)printf("%s%s", i ? " " : "", commands[i].word);
	(void)puts(" --help --version' -- \"$word\")\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!commands[i].options)
			continue;
		(void)printf("\t%s) mapfile -t COMPREPLY < <(compgen -W '", commands[i].word);
		for (size_t j = 0; j < OPTION_COUNT; j++) {
			if (commands[i].options & options[j].bit)
				(void)printf("%s ", options[j].word);
		}
		(void)puts("' -- \"$word\") ;;");
	}
	(void)puts("\tesac\n}\ncomplete -F _guestarp guestarp");
	return EXIT_SUCCESS;
}

static bool take_option(struct call *call, const struct command *command, const char *word)
{
	bool *const flags[] = { &call->look.probe, &call->json,         &call->all, &call->check,
				&call->quiet,      &call->look.listens, NULL,       &call->look.log };

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (!flags[i] || strcmp(options[i].word, word) != 0)
			continue;
		*flags[i] = true;
		return command->options & options[i].bit;
	}
	return false;
}

static int run(const struct command *command, int argc, char *argv[])
{
	struct call call = { .words = argv };
	struct err err;

	/* Words keep their order at the front of argv; options may stand anywhere. */
	for (int i = 0; i < argc; i++) {
		if (argv[i][0] != '-') {
			argv[call.count++] = argv[i];
		} else if (command->options & OPT_ALLOW && strcmp(argv[i], "--allow") == 0 && i + 1 < argc) {
			if (check_allow(&call.look, argv[++i], &err) < 0)
				return wrong(&err);
		} else if (!take_option(&call, command, argv[i])) {
			(void)err_set(&err, EINVAL, "%s: unknown option %s (%s %s)", command->word, argv[i],
				      command->word, command->arguments);
			return wrong(&err);
		}
	}
	if (call.count < command->min_words || call.count > command->max_words) {
		(void)err_set(&err, EINVAL, "usage: guestarp %s %s", command->word, command->arguments);
		return wrong(&err);
	}
	/* Policy, records and configurations are root's: anybody else would be told of a host without them. */
	if (!call.check && !privilege_is_root()) {
		(void)err_set(&err, EPERM, "%s: only root can do that", command->word);
		return failed(&err);
	}
	if (command->run == cmd_check && check_parse(&call.look, call.words, call.count, &err) < 0)
		return err.code == EINVAL ? wrong(&err) : failed(&err);
	/* pct and qm need what we were given. */
	if (command->run != cmd_attach && command->run != cmd_detach && privilege_drop(false, &err) < 0)
		return failed(&err);
	return command->run(&call);
}

/* A full disk or a closed pipe: what was not written was not said. */
static int written(int status)
{
	return fflush(stdout) != 0 || ferror(stdout) ? EXIT_FOUND : status;
}

int main(int argc, char *argv[])
{
	struct err err;
	const char *nearest;

	process_begin();
	if (log_help(argc, argv, "guestarp", usage))
		return written(EXIT_SUCCESS);
	if (argc < 2) {
		(void)err_set(&err, EINVAL, "usage: guestarp COMMAND ... (see --help)");
		return wrong(&err);
	}
	if (strcmp(argv[1], "--completion") == 0)
		return completion();
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].word, argv[1]) == 0)
			return written(run(&commands[i], argc - 2, argv + 2));
	}
	nearest = text_nearest(argv[1], commands, COMMAND_COUNT, sizeof(commands[0]));
	(void)err_set(&err, EINVAL, "unknown command '%s'%s%s%s (see --help)", argv[1],
		      nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	return wrong(&err);
}

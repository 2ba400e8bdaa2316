/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One table: what can be typed, what it means, and what help says of it. */

#include "command/words.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "command/act.h"
#include "command/look.h"
#include "command/manage.h"

enum {
	OPT_PROBE = 1U << 0,
	OPT_JSON = 1U << 1,
	OPT_ALL = 1U << 2,
	OPT_CHECK = 1U << 3,
	OPT_QUIET = 1U << 4,
	OPT_LISTEN = 1U << 5,
	OPT_ALLOW = 1U << 6,
	OPT_LOG = 1U << 7,
	OPT_PROMETHEUS = 1U << 8
};

static const struct option options[] = {
	{ "--probe", OPT_PROBE, offsetof(struct call, look.probe), NULL, "also ask on the wire who answers" },
	{ "--json", OPT_JSON, offsetof(struct call, json), NULL, "write JSON, for programs" },
	{ "--all", OPT_ALL, offsetof(struct call, all), NULL, "every guest that the command is for" },
	{ "--check", OPT_CHECK, offsetof(struct call, check), NULL, "check a policy file" },
	{ "--quiet", OPT_QUIET, offsetof(struct call, quiet), NULL, "the names that keep devices from answering" },
	{ "--listen", OPT_LISTEN, offsetof(struct call, look.listens), NULL,
	  "which source MACs leave by DEVICE within SECONDS" },
	{ "--allow", OPT_ALLOW, 0, "MAC", "with --listen: the provider knows this MAC, too" },
	{ "--log", OPT_LOG, offsetof(struct call, look.log), NULL, "explain \"martian source\" in the kernel's log" },
	{ "--prometheus", OPT_PROMETHEUS, offsetof(struct call, look.prometheus), NULL,
	  "metrics for node_exporter, into a file if one is named" },
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

static const struct command commands[] = {
	{ "check", OPT_PROBE | OPT_JSON | OPT_LISTEN | OPT_ALLOW | OPT_LOG | OPT_PROMETHEUS, TAKES_DEVICE | TAKES_FILE,
	  0, SIZE_MAX, look_check, "[--probe|--listen ...|--log]", "find what is wrong on this host",
	  "Looks at the whole host and changes nothing. Each finding has the command that\n"
	  "fixes it, and what keeps it fixed. It needs no configuration: begin here.",
	  "guestarp check --probe\nguestarp check --listen 60 eth0 --allow 00:50:56:00:12:34\n"
	  "guestarp check --prometheus" },
	{ "status", OPT_JSON, TAKES_GUEST, 0, SIZE_MAX, look_status, "[GUEST...] [--json]",
	  "what should be set, and whether it is",
	  "A tree of host, bridge, firewall bridge and guest. ok: all is set. !!: something\n"
	  "is missing or wrong. --: nothing has to be set. Without GUEST: all managed ones.",
	  "guestarp status\nguestarp status web1" },
	{ "manage", OPT_ALL, TAKES_GUEST, 0, SIZE_MAX, manage_on, "GUEST...|--all", "look after guests from now on",
	  "Writes the guest, or {\"guests\": {\"*\": {}}} with --all, into the policy: the\n"
	  "cluster's file /etc/pve/guestarp.json on Proxmox VE, else this host's. --all\n"
	  "covers future guests as well, on every node. Nothing else in it changes.",
	  "guestarp plan --all\nguestarp manage --all && guestarp apply --all" },
	{ "unmanage", OPT_ALL, TAKES_GUEST, 0, SIZE_MAX, manage_off, "GUEST...|--all", "no longer look after guests",
	  "Removes from the policy what manage has written. What was set for guests that\n"
	  "run stays until they stop; undo removes it now.",
	  "guestarp unmanage --all && guestarp undo --all" },
	{ "plan", OPT_ALL, TAKES_GUEST | TAKES_EVENT, 0, SIZE_MAX, look_plan, "GUEST...|--all [EVENT]",
	  "what prepare, up or down would do",
	  "Changes nothing. EVENT is prepare (before the guest's devices exist), up or\n"
	  "down; without it: prepare and up. Guests that are not managed yet are shown as\n"
	  "if they were, so that a rollout can be read before it is done.",
	  "guestarp plan --all\nguestarp plan 101 102 up" },
	{ "apply", OPT_ALL, TAKES_GUEST, 0, SIZE_MAX, act_apply, "GUEST...|--all",
	  "set now what the next start would set",
	  "Does for guests that run what their next start would do. --all: every managed\n"
	  "guest that runs.",
	  "guestarp apply 101" },
	{ "undo", OPT_ALL | OPT_QUIET, TAKES_GUEST, 0, SIZE_MAX, act_undo, "GUEST...|--all|--quiet",
	  "remove what was set",
	  "Removes what was set for the guest, as its stop would. --quiet: the names that\n"
	  "keep firewall bridges and ports from answering, of all guests.",
	  "guestarp undo 101" },
	{ "sync", 0, 0, 0, 0, act_sync, "", "fix what no hook was called for",
	  "Compares all guests with the kernel and changes what differs. guestarp.service\n"
	  "does this at boot.",
	  "guestarp sync" },
	{ "attach", OPT_ALL, TAKES_GUEST, 0, SIZE_MAX, manage_attach, "GUEST...|--all",
	  "become the hookscript of guests",
	  "Only for Proxmox VE, and only needed for the policy's probe, on_error and then:\n"
	  "for everything else manage is enough. If the guest has a hookscript already,\n"
	  "guestarp keeps and calls it.",
	  "guestarp attach 101 && guestarp apply 101" },
	{ "detach", OPT_ALL, TAKES_GUEST, 0, SIZE_MAX, manage_detach, "GUEST...|--all", "no longer be their hookscript",
	  "The guest gets back the hookscript that it had before.", "guestarp detach 101" },
	{ "policy", OPT_CHECK | OPT_JSON, TAKES_GUEST | TAKES_FILE, 1, 1, look_policy, "GUEST [--json]|--check FILE",
	  "what the policy says, and where",
	  "Each key of guestarp.json(5) with its value, and the file and place it comes\n"
	  "from. --check says what is wrong with a file, and needs no root.",
	  "guestarp policy 101\nguestarp policy --check new.json" },
	{ "announce", 0, TAKES_DEVICE, 1, 1, act_announce, "DEVICE", "tell neighbours a device's MAC",
	  "For a device whose MAC was changed by hand: its own addresses, and those of the\n"
	  "guests that it answers for.",
	  "guestarp announce vmbr0" },
	{ "device", 0, TAKES_GUEST | TAKES_DEVICE | TAKES_NONE_WORD, 2, 2, manage_device, "GUEST DEVICE|none",
	  "choose which device answers for it", "Written to /etc/guestarp/guestarp.json. none removes the choice.",
	  "guestarp device 101 eth3 && guestarp apply 101" },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

const struct command *words_command(size_t i)
{
	return i < COMMAND_COUNT ? &commands[i] : NULL;
}

const struct option *words_option(size_t i)
{
	return i < OPTION_COUNT ? &options[i] : NULL;
}

static const struct command *find(const char *word, struct err *err)
{
	const char *nearest;
	char shown[40];

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].word, word) == 0)
			return &commands[i];
	}
	nearest = text_nearest(word, commands, COMMAND_COUNT, sizeof(commands[0]));
	(void)err_set(err, EINVAL, "unknown command '%s'%s%s%s (see --help)", text_shown(word, shown, sizeof(shown)),
		      nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	return NULL;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* How many words of argv the option at i has behind it. */
static int values_of(const char *word)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (options[i].value && strcmp(options[i].word, word) == 0)
			return 1;
	}
	return 0;
}

/* The first word that is no option, nor an option's; "help attach" is attach with help. */
static int take_command(int argc, char *argv[], struct call *call, const struct command **ret_command, struct err *err)
{
	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];

		if (!word)
			continue;
		if (word[0] == '-' && word[1]) {
			call->help = call->help || is_help(word);
			i += values_of(word);
			continue;
		}
		argv[i] = NULL;
		if (strcmp(word, "help") == 0) {
			call->help = true;
			continue;
		}
		*ret_command = find(word, err);
		return *ret_command ? 0 : -EINVAL;
	}
	*ret_command = NULL;
	return call->help ? 0 : err_set(err, EINVAL, "usage: guestarp COMMAND ... (see --help)");
}

static int take_option(struct call *call, const struct command *command, const char *word, char *value, struct err *err)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (!(command->options & options[i].bit) || strcmp(options[i].word, word) != 0)
			continue;
		if (!options[i].value) {
			*(bool *)((char *)call + options[i].offset) = true;
			return 0;
		}
		if (value)
			return check_allow(&call->look, value, err);
	}
	return err_set(err, EINVAL, "%s: unknown option %s (%s %s)", command->word, word, command->word,
		       command->arguments);
}

int words_parse(int argc, char *argv[], struct call *call, const struct command **ret_command, struct err *err)
{
	const struct command *command = NULL;
	int r = take_command(argc, argv, call, &command, err);

	*ret_command = command;
	/* A call with --help prints the help, whatever else was typed. */
	for (int i = 0; i < argc; i++)
		call->help = call->help || (argv[i] && is_help(argv[i]));
	call->words = argv;
	for (int i = 0; r == 0 && command && !call->help && i < argc; i++) {
		char *word = argv[i];

		if (!word)
			continue;
		if (word[0] != '-' || !word[1]) {
			call->words[call->count++] = word;
			continue;
		}
		r = take_option(call, command, word, i + 1 < argc ? argv[i + 1] : NULL, err);
		i += values_of(word);
	}
	if (r == 0 && command && !call->help && (call->count < command->min_words || call->count > command->max_words))
		r = err_set(err, EINVAL, "usage: guestarp %s %s", command->word, command->arguments);
	return r;
}

void words_list(FILE *out)
{
	(void)fprintf(out, "usage: guestarp COMMAND ...\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		(void)fprintf(out, "  %-8s %-28s %s\n", commands[i].word, commands[i].arguments, commands[i].help);
	(void)fprintf(out, "\nGUEST is 101, pve/101, ct/101, vm/101, vz/101, lxc/web1, a list 101,102, a range\n"
			   "101-103, or a name. \"guestarp help COMMAND\" says more of one command.\n");
}

void words_help(const struct command *command, FILE *out)
{
	const char *line = command->example;

	(void)fprintf(out, "usage: guestarp %s%s%s\n\n%c%s.\n", command->word, *command->arguments ? " " : "",
		      command->arguments, toupper((unsigned char)command->help[0]), command->help + 1);
	(void)fprintf(out, "%s%s", command->more, *command->more ? "\n" : "");
	for (size_t i = 0, n = 0; i < OPTION_COUNT; i++) {
		if (!(command->options & options[i].bit))
			continue;
		(void)fprintf(out, "%s  %s%s%-*s %s\n", n++ == 0 ? "\nOptions:\n" : "", options[i].word,
			      options[i].value ? " " : "",
			      (int)(13 - strlen(options[i].word) - (options[i].value ? 1 : 0)),
			      options[i].value ? options[i].value : "", options[i].help);
	}
	(void)fprintf(out, "\nExample:\n");
	while (*line) {
		int len = (int)strcspn(line, "\n");

		(void)fprintf(out, "  # %.*s\n", len, line);
		line += len + (line[len] == '\n');
	}
	(void)fprintf(out, "\nguestarp(8) says all.\n");
}

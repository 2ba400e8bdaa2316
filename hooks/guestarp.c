/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's command: what is wrong here, what should hold, and fixing it. */

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/privilege.h"
#include "base/process.h"
#include "command/completion.h"
#include "command/look.h"
#include "command/manage.h"
#include "command/words.h"

/* What somebody can have who is not root. */
#define WITHOUT_ROOT "a monitoring user gets its findings from guestarp-prometheus.timer or by sudo, see guestarp(8)"

static bool has_colour(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term && *term && strcmp(term, "dumb") != 0;
}

/* By LC_ALL, LC_CTYPE and LANG. The program itself stays in the C locale: what it reads has no language. */
static bool has_unicode(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool unicode = locale != (locale_t)0 && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;

	if (locale != (locale_t)0)
		freelocale(locale);
	return unicode;
}

static int run(struct call *call, const struct command *command)
{
	struct err err;

	/* Policy, records and configurations are root's: anybody else would be told of a host without them. */
	if (!call->check && !privilege_is_root()) {
		(void)err_set(&err, EPERM, "%s: only root can do that%s%s", command->word,
			      command->run == look_check ? "; " : "", command->run == look_check ? WITHOUT_ROOT : "");
		return call_failed(call, &err);
	}
	if (command->run == look_check && check_parse(&call->look, call->words, call->count, &err) < 0)
		return err.code == EINVAL ? call_wrong(call, &err) : call_failed(call, &err);
	/* pct and qm need what we were given. */
	if (command->run != manage_attach && command->run != manage_detach && privilege_drop(false, &err) < 0)
		return call_failed(call, &err);
	return command->run(call);
}

static int help(const struct command *command)
{
	if (command)
		words_help(command, stdout);
	else
		words_list(stdout);
	if (!command)
		(void)printf("\nguestarp %s, guestarp(8)\n", VERSION);
	return EXIT_SUCCESS;
}

/* A full disk or a closed pipe: what was not written was not said. */
static int written(int status)
{
	return fflush(stdout) != 0 || ferror(stdout) ? EXIT_UNKNOWN : status;
}

int main(int argc, char *argv[])
{
	const struct command *command;
	struct call call = { .out = stdout,
			     .err = stderr,
			     .colour = has_colour(),
			     .unicode = has_unicode(),
			     .shows_steps = isatty(STDERR_FILENO) };
	struct err err;

	process_begin();
	if (argc > 1 && strcmp(argv[1], "--completion") == 0)
		return completion_print(argv[2], stdout, &err) < 0 ? call_wrong(&call, &err) : written(EXIT_SUCCESS);
	if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
		(void)printf("guestarp %s\n", VERSION);
		return written(EXIT_SUCCESS);
	}
	if (words_parse(argc - 1, argv + 1, &call, &command, &err) < 0)
		return call_wrong(&call, &err);
	return written(call.help ? help(command) : run(&call, command));
}

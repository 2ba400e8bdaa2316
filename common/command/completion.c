/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completion for bash, from the table that the commands are read by. */

#include "command/completion.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "base/text.h"
#include "command/choose.h"
#include "command/words.h"

static void print_options(const struct command *command, FILE *out)
{
	const struct option *option;

	for (size_t i = 0; (option = words_option(i)) != NULL; i++) {
		if (command->options & option->bit)
			(void)fprintf(out, "%s ", option->word);
	}
	(void)fprintf(out, "--help");
}

/* A case of the shell's: options where a dash was typed, else what the command takes. */
static void print_command(const struct command *command, FILE *out)
{
	(void)fprintf(out, "\t%s)\n\t\toptions='", command->word);
	print_options(command, out);
	(void)fprintf(out, "'\n");
	if (command->takes & TAKES_EVENT)
		(void)fprintf(out, "\t\twords+=' prepare up down'\n");
	if (command->takes & TAKES_NONE_WORD)
		(void)fprintf(out, "\t\twords+=' none'\n");
	if (command->takes & TAKES_GUEST)
		(void)fprintf(out, "\t\twords+=\" $(guestarp --completion guests 2>/dev/null)\"\n");
	if (command->takes & TAKES_DEVICE)
		(void)fprintf(out, "\t\twords+=\" $(guestarp --completion devices 2>/dev/null)\"\n");
	if (command->takes & TAKES_FILE)
		(void)fprintf(out, "\t\tfiles=yes\n");
	(void)fprintf(out, "\t\t;;\n");
}

static void print_script(FILE *out)
{
	const struct command *command;

	(void)fprintf(out,
		      "# bash completion for guestarp, written by `guestarp --completion`\n"
		      "_guestarp()\n{\n\tlocal word=${COMP_WORDS[COMP_CWORD]} command= words= options=--help files= "
		      "i\n\tlocal commands='");
	for (size_t i = 0; (command = words_command(i)) != NULL; i++)
		(void)fprintf(out, "%s ", command->word);
	(void)fprintf(out, "help'\n"
			   "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
			   "\t\tcase ${COMP_WORDS[i]} in\n"
			   "\t\thelp) words=$commands command=help ;;\n"
			   "\t\t[!-]*) command=${COMP_WORDS[i]}; break ;;\n"
			   "\t\tesac\n"
			   "\tdone\n"
			   "\tcase $command in\n"
			   "\t'') words=$commands options='--help --version' ;;\n");
	for (size_t i = 0; (command = words_command(i)) != NULL; i++)
		print_command(command, out);
	(void)fprintf(out, "\tesac\n"
			   "\t[[ $word != -* ]] || words=$options\n"
			   "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
			   "\t[[ -z $files || $word == -* ]] || mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < "
			   "<(compgen -f -- \"$word\")\n"
			   "}\ncomplete -F _guestarp guestarp\n");
}

static void print_devices(FILE *out)
{
	struct if_nameindex *all = if_nameindex();

	for (size_t i = 0; all && all[i].if_index; i++)
		(void)fprintf(out, "%s\n", all[i].if_name);
	if (all)
		if_freenameindex(all);
}

int completion_print(const char *what, FILE *out, struct err *err)
{
	char shown[40];

	if (!what)
		print_script(out);
	else if (strcmp(what, "devices") == 0)
		print_devices(out);
	else if (strcmp(what, "guests") == 0)
		return choose_names(out, err);
	else
		return err_set(err, EINVAL, "--completion %s: guests or devices",
			       text_shown(what, shown, sizeof(shown)));
	return 0;
}

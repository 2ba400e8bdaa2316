/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The only place that writes to stdout, stderr and syslog on a hook's behalf. */

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

void notes_add(struct notes *notes, const char *fmt, ...)
{
	char line[NOTE_SIZE] = "";
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < notes->count; i++) {
		if (strcmp(notes->line[i], line) == 0)
			return;
	}
	if (notes->count == NOTES_MAX)
		notes->dropped++;
	else
		memcpy(notes->line[notes->count++], line, sizeof(line));
}

void notes_add_all(struct notes *notes, const struct notes *more)
{
	for (size_t i = 0; i < more->count; i++)
		notes_add(notes, "%s", more->line[i]);
	notes->dropped += more->dropped;
}

void notes_add_err(struct notes *notes, const struct err *err)
{
	notes_add(notes, "%s", err->text);
}

static void tell_syslog(int priority, const char *subject, const char *text)
{
	openlog("guestarp", LOG_NDELAY | LOG_PID, LOG_DAEMON);
	syslog(priority, "%s%s%s", subject ? subject : "", subject ? ": " : "", text);
}

static void say(int priority, const char *subject, const char *fmt, va_list ap)
{
	char text[NOTE_SIZE];
	char line[NOTE_SIZE + 128];
	int n;

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	n = snprintf(line, sizeof(line), "guestarp: %s%s%s\n", subject ? subject : "", subject ? ": " : "", text);
	/* One write, so that lines of hooks running at once do not mix. A closed stderr is no failure. */
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1) < 0)
		(void)0;
	tell_syslog(priority, subject, text);
}

void log_line(const char *subject, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_WARNING, subject, fmt, ap);
	va_end(ap);
}

void log_done(const char *subject, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_NOTICE, subject, fmt, ap);
	va_end(ap);
}

void log_result(const char *subject, const char *fmt, ...)
{
	char text[NOTE_SIZE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)printf("%s%s%s\n", subject ? subject : "", subject ? ": " : "", text);
	tell_syslog(LOG_NOTICE, subject, text);
}

void log_notes(const char *subject, const struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		log_line(subject, "%s", notes->line[i]);
	if (notes->dropped)
		log_line(subject, "%zu more of the kind", notes->dropped);
}

bool log_help(int argc, char *argv[], const char *manual, void (*usage)(void))
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage();
		(void)printf("\nguestarp %s, %s(8)\n", VERSION, manual);
		return true;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)printf("guestarp %s\n", VERSION);
		return true;
	}
	return false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_LOG_H
#define GUESTARP_BASE_LOG_H
/* What a program says: help when asked for, and once, at its end, notes collected by the library. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define NOTES_MAX 6
#define NOTE_SIZE 512

/* Things worth saying that are no failure of the whole event. More than NOTES_MAX are counted only. */
struct notes {
	size_t count;
	size_t dropped;
	char line[NOTES_MAX][NOTE_SIZE];
};

void notes_add(struct notes *notes, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Those of more, behind those that are there. */
void notes_add_all(struct notes *notes, const struct notes *more);

/* The text of err as a note. */
void notes_add_err(struct notes *notes, const struct err *err);

/*
 * One line "guestarp: <subject>: <text>" to stderr and to syslog (LXC drops a hook's output), there as a warning.
 * subject may be NULL.
 */
void log_line(const char *subject, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for what was done, in syslog as a notice. */
void log_done(const char *subject, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What a command was asked to do and has done: "<subject>: <text>" to stdout, and to syslog as a notice. */
void log_result(const char *subject, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Answers --help (by usage, then the manual's name) and --version on stdout. True when one of them was all that the
 * caller wanted.
 */
bool log_help(int argc, char *argv[], const char *manual, void (*usage)(void));

/* Prints all notes, then how many there was no room for. */
void log_notes(const char *subject, const struct notes *notes);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_FINDING_H
#define GUESTARP_DOCTOR_FINDING_H
/* What is wrong on this host, what it means, and the command that ends it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "base/ip.h"
#include "doctor/finding_table.h"
#include "guest/guest.h"

#define FINDING_TEXT 1000

/* FINDING_PLATFORM and so on, in the order of the table. */
#define FINDING_ROW(kind, id, meaning)         FINDING_##kind,
#define FINDING_LOOK(kind, id, meaning, check) FINDING_##kind,
enum finding_kind { FINDING_TABLE(FINDING_ROW, FINDING_LOOK) FINDING_KIND_COUNT };
#undef FINDING_ROW
#undef FINDING_LOOK

/*
 * The checks add one for each device and guest. findings_join() then makes those of one cause one: the first has the
 * words and commands for all, and by next the devices and guests of the others.
 */
struct finding {
	enum finding_kind kind;
	char device[16];             /* "" where no device is concerned */
	char guest[GUEST_NAME_SIZE]; /* "pve/101", "" for none */
	char mac[MAC_TEXT];          /* that --listen or --log is about, else "" */
	char what[400];
	/* What for several of one cause, with {devices} and {guests} for their names; "" where none shares the cause.
	 */
	char several[400];
	size_t wire; /* tells causes apart whose words are the same: the wire's id and 1; 0: on no certain wire */
	char fix[FINDING_TEXT];
	/* A command line; or text to paste: a line that says where, and the lines. "" where the fix is permanent. */
	char permanent[FINDING_TEXT];
	char advice[FINDING_TEXT]; /* what to look at or to decide, in the same two forms */
	char seen[200];            /* what was seen of it on the wire or in the log, "" for nothing */
	size_t more_seen;          /* of how many others that were joined to it, too */
	bool permanent_fixes;      /* the permanent command alone ends it at once, too */
	bool joined;               /* not the first of its cause */
	bool device_again;         /* an earlier one of the same cause has the same device */
	bool guest_again;          /* or guest */
	size_t next;               /* place of the next one of the same cause; 0: none */
};

struct findings {
	struct finding *list;
	size_t count;
	size_t room;
	bool failed;    /* because there was no memory */
	size_t guests;  /* that there are on this host */
	size_t managed; /* of these */
	size_t running;
	bool unknown; /* who answers depends on rules that are not followed */
};

/* A new finding, empty but for its kind; NULL without memory. Pointers to earlier ones end with it. */
struct finding *findings_add(struct findings *findings, enum finding_kind kind);
void findings_done(struct findings *findings);

/* Sets one of finding's texts; what does not fit is cut. */
#define finding_set(text, ...) finding_text((text), sizeof(text), __VA_ARGS__)
void finding_text(char *text, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A permanent form of a fix that is "sysctl -w ...": its assignments as lines of a file in /etc/sysctl.d. */
void finding_keep_sysctl(struct finding *finding);

/*
 * Makes one of those with one kind, cause and form of fix, as long as their commands fit into one line: none is cut.
 * What they say must be true, and each fix right, for all of them together.
 */
void findings_join(struct findings *findings);

/*
 * Calls back for each distinct device, or guest, of a finding and of those joined to it, in order; returns how many.
 * each may be NULL.
 */
size_t finding_devices(const struct findings *findings, const struct finding *finding,
		       void (*each)(const char *name, size_t i, void *arg), void *arg);
size_t finding_guests(const struct findings *findings, const struct finding *finding,
		      void (*each)(const char *name, size_t i, void *arg), void *arg);

/* For people at 80 columns; colour marks the numbers. */
void findings_print(const struct findings *findings, bool colour, FILE *out);

/* Calls back for each kind that there is, with its id and how many findings have it. */
void findings_count(const struct findings *findings, void (*each)(const char *id, size_t count, void *arg), void *arg);

/* {"version": 2, "findings": [...]}: packaging/check.schema.json. */
int findings_print_json(const struct findings *findings, FILE *out);

#endif

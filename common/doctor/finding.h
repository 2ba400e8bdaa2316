/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_FINDING_H
#define GUESTARP_DOCTOR_FINDING_H
/* One thing that is wrong on this host: what, what it means, and the command that mends it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "base/ip.h"
#include "guest/guest.h"

/* In the order of the table that says what each means. */
enum finding_kind {
	FINDING_BRIDGE_ANSWERS,
	FINDING_BRIDGE_MARTIANS,
	FINDING_QUIET_TABLE,
	FINDING_QUIET_NAME,
	FINDING_QUIET_UNSUPPORTED,
	FINDING_MAC_FLOATS,
	FINDING_MAC_NOT_UPLINK,
	FINDING_PROXY_MANY,
	FINDING_PROXY_GONE,
	FINDING_PROXY_ALL,
	FINDING_PROXY_FORWARDING,
	FINDING_PROXY_IN_FRONT,
	FINDING_PROXY_SLOW,
	FINDING_PROXY_STRANGERS,
	FINDING_PROXY_NDP,
	FINDING_ADDRESS_TWICE,
	FINDING_FLUX,
	FINDING_WIRE,
	FINDING_HOOK_MISSING,
	FINDING_HOOK_OTHER,
	FINDING_POLICY,
	FINDING_GUEST_UNKNOWN,
	FINDING_DEVICE_MISSING,
	FINDING_GUEST_LINE,
	FINDING_PLATFORM,
	FINDING_WATCH,
	FINDING_MAC_BRIDGED,
	FINDING_MAC_REJECT,
	FINDING_MAC_UNKNOWN,
	FINDING_MARTIANS,
	FINDING_KIND_COUNT
};

struct finding {
	enum finding_kind kind;
	char device[16];             /* "" where no device is concerned */
	char guest[GUEST_NAME_SIZE]; /* "pve/101", "" for none */
	char mac[MAC_TEXT];          /* that --listen or --log is about, else "" */
	char what[400];
	char mend[400]; /* a command line for a shell */
	char last[200]; /* how it stays mended, "" where mend does that */
	char seen[200]; /* what was seen of it on the wire or in the kernel's log, "" for nothing */
};

struct findings {
	struct finding *list;
	size_t count;
	size_t room;
	bool failed;  /* for want of memory */
	bool unknown; /* who answers depends on rules that are not followed */
};

/* A new finding, empty but for its kind; NULL without memory. Pointers to earlier ones end with it. */
struct finding *findings_add(struct findings *findings, enum finding_kind kind);
void findings_done(struct findings *findings);

/* Sets one of finding's texts; what does not fit is cut. */
#define finding_set(text, ...) finding_text((text), sizeof(text), __VA_ARGS__)
void finding_text(char *text, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* For people at 80 columns; colour marks the numbers. */
void findings_print(const struct findings *findings, bool colour, FILE *out);

/* {"version": 1, "findings": [...]}: packaging/check.schema.json. */
int findings_print_json(const struct findings *findings, FILE *out);

#endif

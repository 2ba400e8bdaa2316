/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_STATUS_H
#define GUESTARP_DOCTOR_STATUS_H
/* For each managed guest what should be set, and whether it is. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "doctor/inspect.h"
#include "guest/guest.h"
#include "host/watching.h"

struct guest_status {
	struct guest guest;
	char name[GUEST_NAME_SIZE];
	bool readable;
	bool managed;
	struct inspection inspection;
	size_t missing; /* settings that should hold and do not; 0 for a guest that does not run */
	size_t refused; /* addresses that it wants and another guest has; 0 likewise */
};

struct status {
	struct guest_status *list;
	size_t count;
	struct watching watching; /* guestarp-watch */
	bool watched;             /* it runs */
	bool checked;             /* nobody is managed, so the host was checked */
	size_t findings;          /* by that */
	bool platform_missing;    /* pmxcfs is down: there may be more guests, and what is known of these is little */
};

enum status_as {
	STATUS_AS_IS,      /* all are those that are managed or have a record */
	STATUS_AS_MANAGED, /* as if each were managed; all are those that have a configuration, too */
};

/* guests names some; NULL: all. To be released with status_done(), also after a failure. */
int status_take(const struct guest *guests, size_t count, enum status_as as, struct status *ret_status,
		struct err *err);
void status_done(struct status *status);

/* Does everything hold that should, as far as the guests are known? */
bool status_is_well(const struct status *status);
bool status_guest_is_well(const struct guest_status *status);

/* A tree host, bridge, firewall bridge, guest, with a mark at each, and a summary; 80 columns. */
void status_print(const struct status *status, bool colour, bool unicode, FILE *out);

/* The name that people gave it: Proxmox VE's host name, OpenVZ's NAME; "" for none. */
const char *status_given_name(const struct guest *guest);

/* "running", "stopped" or "unknown" */
const char *status_running(const struct guest_status *status);

/*
 * "192.0.2.7 is pve/105's, which runs": whose an address is that the guest wants and does not get. Returns text, which
 * has room for STATUS_CLAIM.
 */
const char *status_refusal(const struct owner_claim *claim, char *text);
#define STATUS_CLAIM (GUEST_NAME_SIZE + IP_TEXT + 64)

/* {"version": 1, "guests": [...]}: packaging/status.schema.json. */
int status_print_json(const struct status *status, FILE *out);

/* "101", "pve/101", "web1": a guest with a configuration or a record. Ambiguous names: Proxmox VE, OpenVZ, LXC. */
int status_find(const char *word, struct guest *ret_guest, bool *ret_readable, struct err *err);

#endif

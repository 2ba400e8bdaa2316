/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_PATIENT_H
#define GUESTARP_DOCTOR_PATIENT_H
/* The guests that a check looks at, and which device or address is whose. */

#include <net/if.h>
#include <stdbool.h>

#include "base/ip.h"
#include "guest/guest.h"
#include "host/running.h"

struct doctor;

/* A guest as the doctor sees it. */
struct patient {
	struct guest guest; /* its configuration, where it can be read */
	char name[GUEST_NAME_SIZE];
	char device[IFNAMSIZ]; /* that policy names for it, "" for none */
	bool readable;
	bool managed;
	bool chained;         /* policy's "then" names further scripts */
	const char *hookable; /* what policy has that only a hookscript does: its key; NULL for nothing */
	bool quiet;           /* it has names that belong into the table */
	bool nameless;        /* one of them is not there */
	bool quietable;       /* where guestarp manages it, its firewall bridges are quiet by name */
	enum running running;
};

/* "pve/101" for fwbr101i0, tap101i0, ...; "" for a device that is no guest's. Returns name. */
const char *patient_of_device(const char *device, char name[GUEST_NAME_SIZE]);

/* The same for a port of a bridge: also "pve/101" for fwpr101p0, fwln101i0 and fwln101o0. */
const char *patient_of_port(const char *port, char name[GUEST_NAME_SIZE]);

/* The patient who has the address, or NULL; of several one that runs, and of those its owner. */
const struct patient *patient_with(const struct doctor *doctor, const struct ip *ip);

/* The patient of that name ("pve/101"), or NULL. */
const struct patient *patient_named(const struct doctor *doctor, const char *name);

#endif

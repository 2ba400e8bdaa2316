/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_DOCTOR_H
#define GUESTARP_DOCTOR_DOCTOR_H
/* What is wrong on this host, found with no configuration needed. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "doctor/claimants.h"
#include "doctor/finding.h"
#include "doctor/replies.h"
#include "host/guests.h"
#include "host/running.h"
#include "kernel/netlink.h"
#include "kernel/netstate.h"
#include "plan/facts.h"
#include "policy/policy.h"

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

/* All that the checks look at, taken once. */
struct doctor {
	struct netlink *nl;
	struct policy policy; /* of a guest that no key names, and the texts for all */
	struct netstate state;
	struct addresses addresses; /* the host's own that other hosts may ask for */
	struct lookups lookups;
	struct segments segments;
	struct wires wires;
	struct wire_round *rounds; /* what was seen on the wire */
	size_t round_count;
	struct patient *patients;
	size_t patient_count;
	struct claimants claimants;
	char machine_id[MACHINE_ID_SIZE];
	struct findings *findings;
};

/*
 * Looks at everything once and adds what is wrong. probe: also asks on the wire, at most 16 devices and 64 addresses
 * on each, half a second a device. Bounded otherwise by the size of the host.
 */
int doctor_check(bool probe, struct findings *findings, struct err *err);

/* The parts, each in the file of its topic. */
void check_bridges(struct doctor *doctor);
void check_names(struct doctor *doctor);
void check_proxies(struct doctor *doctor);
void check_claimants(struct doctor *doctor);
void check_flux(struct doctor *doctor);
void check_hooks(struct doctor *doctor);
void check_policies(struct doctor *doctor);

/* The name of the VRF that it is in, "" for none. */
const char *doctor_vrf(const struct doctor *doctor, int ifindex);

/* "pve/101" for fwbr101i0, tap101i0, ...; "" for a device that is no guest's. Returns name. */
const char *device_guest(const char *device, char name[GUEST_NAME_SIZE]);

/* The same for a port of a bridge: also "pve/101" for fwpr101p0, fwln101i0 and fwln101o0. */
const char *port_guest(const char *port, char name[GUEST_NAME_SIZE]);

/* The patient who has the address, or NULL; of several one that runs, and of those its owner. */
const struct patient *address_patient(const struct doctor *doctor, const struct ip *ip);

#endif

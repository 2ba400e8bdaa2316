/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_DOCTOR_H
#define GUESTARP_DOCTOR_DOCTOR_H
/* What is wrong on this host, found with no configuration needed. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "doctor/claimants.h"
#include "doctor/finding.h"
#include "doctor/patient.h"
#include "doctor/replies.h"
#include "kernel/netlink.h"
#include "kernel/netstate.h"
#include "plan/facts.h"
#include "policy/policy.h"

/* All that the checks look at, taken once. */
struct doctor {
	struct netlink *nl;
	struct policy policy; /* of a guest that no key names, and the texts for all */
	struct netstate state;
	struct addresses addresses; /* the host's own that other hosts may ask for */
	struct lookup_kernel *kernel;
	struct lookups lookups; /* of that */
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
#define DOCTOR_ROW(kind, id, meaning)
#define DOCTOR_LOOK(kind, id, meaning, check) void check(struct doctor *doctor);
FINDING_TABLE(DOCTOR_ROW, DOCTOR_LOOK)
#undef DOCTOR_ROW
#undef DOCTOR_LOOK

/* Adds to the host's addresses some of those that it has by local routes alone ("AnyIP"), as those of lo or a VRF. */
void anyip_take(struct doctor *doctor);

/* Is it one of these? */
bool address_is_routed(const struct doctor *doctor, const struct ip *ip);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_HEARD_H
#define GUESTARP_DOCTOR_HEARD_H
/* A MAC that left by a network card: whose it is, and why it left. */

#include <stdbool.h>
#include <stdint.h>

#include "doctor/finding.h"
#include "doctor/listen.h"
#include "guest/guest.h"
#include "kernel/frame.h"
#include "kernel/netstate.h"

#define HEARD_NO_NIC      (-1)
#define HEARD_UPLINKS_MAX 16

struct heard {
	struct mac mac;
	uint64_t frames;
	bool more;                    /* there were more than that: they are no longer counted */
	bool only_rejects;            /* of a firewall (struct frame_sender) */
	unsigned kinds;               /* bits 1 << enum frame_kind */
	uint16_t type;                /* EtherType of the first FRAME_OTHER */
	struct ip ip;                 /* the first address that it sent from, family 0 for none */
	int port;                     /* ifindex of the bridge's port that it was learned on, 0 for none */
	char guest[GUEST_NAME_SIZE];  /* whose configuration has it, "" for none */
	int nic;                      /* N of netN of that guest */
	char behind[GUEST_NAME_SIZE]; /* the guest whose configuration names the port, "" for none */
};

/* All that is known when they are judged. */
struct hearing {
	struct netstate before; /* when the listening began */
	struct netstate now;
	int device; /* ifindex; of before */
	/* Bridges' ports that the device is, or that stand on it: a card has several by its VLAN devices. */
	int uplinks[HEARD_UPLINKS_MAX];
	size_t uplink_count;
	struct heard list[LISTEN_MACS_MAX];
	size_t count;
	uint64_t untold; /* frames of MACs that there was no room for */
};

/* Adds a finding for each. */
void heard_judge(const struct hearing *hearing, struct findings *findings);

#endif

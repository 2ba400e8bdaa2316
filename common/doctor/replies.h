/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_REPLIES_H
#define GUESTARP_DOCTOR_REPLIES_H
/* Who answers on each wire for each address of the host and its guests, as the model of the kernel has it. */

#include <stdbool.h>
#include <stddef.h>

#include "answer/answer.h"
#include "answer/segment.h"

struct doctor;

/* A neighbour who could ask on a wire. */
struct asker {
	struct ip ip;
	unsigned prefix;   /* bits of the subnet that it asks in */
	struct ip gateway; /* an address beyond that it asks for, too; family 0 for none */
};

/* A device that answers. */
struct reply {
	const struct netdev *device;
	enum answer_reason reason;
	bool request; /* an ordinary request; else probes alone (RFC 5227) */
};

/* All that answer for one address. */
struct reply_set {
	struct ip target;
	bool own;      /* the host's */
	bool stranger; /* another machine's; else one with a proxy entry */
	bool foreign;  /* no asker that is known to be there asks for it */
	struct reply *list;
	size_t count;
	size_t room;
};

struct wire_device {
	const struct netdev *device;
};

/* One or several segments that hear each other. */
struct wire {
	size_t id;                   /* segment.wire */
	struct wire_device *devices; /* that hear, and could say something */
	size_t device_count;
	size_t device_room;
	struct asker *askers;
	size_t asker_count;
	size_t asker_room;
	struct reply_set *sets;
	size_t set_count;
	size_t set_room;
};

struct wires {
	struct wire *list;
	size_t count;
	size_t room;
};

/* Of the doctor's segments. Missing memory shows in the findings. To be released with wires_done(). */
void wires_take(struct doctor *doctor);
void wires_done(struct wires *wires);

/* What the device says there; NULL: nothing. */
const struct reply *set_reply(const struct reply_set *set, int ifindex);

bool wire_hears(const struct wire *wire, int ifindex);

/* What the device says to the wire's askers for the address; false: nothing. unknown: nobody can tell. */
bool wire_ask(const struct doctor *doctor, const struct wire *wire, const struct reply_set *set,
	      const struct netdev *device, struct reply *ret_reply);

/* Does the device answer a probe for the address (RFC 5227)? That one asks without an address, on any wire. */
bool device_answers_probe(const struct doctor *doctor, const struct reply_set *set, const struct netdev *device);

/* Has it an IPv4 address, of whatever scope? */
bool device_has_ip4(const struct doctor *doctor, const struct netdev *device);

/* Does it have the address? */
bool device_holds(const struct doctor *doctor, const struct netdev *device, const struct ip *ip);

#endif

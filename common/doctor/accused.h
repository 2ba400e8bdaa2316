/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_ACCUSED_H
#define GUESTARP_DOCTOR_ACCUSED_H
/* Devices that answer where another one should, or that nobody should. */

#include <stdbool.h>
#include <stddef.h>

#include "doctor/replies.h"

/*
 * A device against which something was found, and the first thing that was. One that answers for the host's addresses
 * and for strangers' is accused of both, as what ends the one does not end the other; a bare bridge once.
 */
struct accused {
	const struct netdev *device;
	bool stranger; /* what it answers for, and set's */
	const struct reply_set *set;
	size_t wire;                /* its id */
	const struct netdev *right; /* NULL: nobody there */
	bool request;               /* answers requests; else probes alone */
	bool claims;                /* does not answer, but asks with the address for a sender */
};

struct accusations {
	struct accused *list;
	size_t count;
};

/* Of all wires, in the kernel's order of devices. Missing memory shows in the findings. The list is to be freed. */
void accusations_take(struct doctor *doctor, struct accusations *ret_accusations);

/* NULL: it is not accused of that. */
struct accused *accusations_find(const struct doctor *doctor, const struct accusations *accusations,
				 const struct netdev *device, bool stranger);

/* Is it wrong that this one answers? */
bool reply_is_wrong(const struct doctor *doctor, const struct wire *wire, const struct reply_set *set,
		    const struct reply *reply);

/* A bridge without an IPv4 address. */
bool device_is_bare_bridge(const struct doctor *doctor, const struct netdev *device);

/* One by which routes leave is there to be asked: for the gateway, which may be any address of the host's. */
bool device_is_gateway(const struct doctor *doctor, const struct netdev *device);

#endif

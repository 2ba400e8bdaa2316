/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_LISTEN_H
#define GUESTARP_DOCTOR_LISTEN_H
/* Which MACs leave by a network card that the provider does not know. */

#include <net/if.h>
#include <stddef.h>

#include "base/err.h"
#include "base/ip.h"
#include "doctor/finding.h"

#define LISTEN_SECONDS_MAX 3600
#define LISTEN_ALLOWED_MAX 32
#define LISTEN_MACS_MAX    1024

struct listen {
	unsigned seconds;   /* from 1 to LISTEN_SECONDS_MAX */
	const char *device; /* a bridge stands for its uplink */
	struct mac allowed[LISTEN_ALLOWED_MAX];
	size_t allowed_count;
};

/*
 * Listens for so long, or until SIGINT or SIGTERM, and adds a finding for each MAC, at most LISTEN_MACS_MAX, but the
 * device's own, its permanent one and those that are allowed. The device that was listened on is in ret_device.
 * -ENODEV, -EINVAL: there is no such device, it is no Ethernet device, or a bridge without an uplink.
 * -ENETDOWN: it is down when the listening begins, or gone when it ends.
 */
int listen_check(const struct listen *listen, struct findings *findings, char ret_device[IFNAMSIZ], struct err *err);

#endif

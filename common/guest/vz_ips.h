/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_GUEST_VZ_IPS_H
#define GUESTARP_GUEST_VZ_IPS_H
/* Lists of addresses as they stand in OpenVZ's files and in its scripts' environment. */

#include <stdbool.h>
#include <stddef.h>

#include "guest/guest.h"
#include "guest/vz_line.h"

enum vz_ip {
	VZ_IP_GOOD,
	VZ_IP_UNSERVED, /* vzctl takes it, and no host can have it: 0.0.0.0, 127.0.0.1, multicast */
	VZ_IP_BAD,      /* refused by vzctl */
};

/* One address, with or without a mask, len characters long. ret_ip is set where it is good. */
enum vz_ip vz_ip_parse(enum vz_family family, const char *text, size_t len, struct guest_ip *ret_ip);

/* Called for each good one; false ends the walk. */
typedef bool (*vz_ip_fn)(const struct guest_ip *ip, void *arg);

/* IP_ADDRESS, or the environment's IP_ADDR: as vzctl does it, what follows a bad one is dropped. */
void vz_ips_walk(enum vz_family family, const char *list, vz_ip_fn fn, void *arg);

#endif

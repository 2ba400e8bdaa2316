/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_GUEST_VZ_H
#define GUESTARP_GUEST_VZ_H
/* OpenVZ and Virtuozzo containers: /etc/vz/conf/<ctid>.conf, read as vzctl itself reads it. */

#include <stdbool.h>

#include "base/err.h"
#include "guest/guest.h"
#include "guest/vz_line.h"

/*
 * Which grammar holds here, by what is installed: libvzctl's where /usr/libexec/libvzctl/scripts is; vzctl 3.x's where
 * /usr/lib/vzctl/scripts (or lib64) has vps-functions, and not 4.x's vps-netns_dev_add, and there is no
 * /usr/libexec/vzctl; else 4.x's.
 */
enum vz_family vz_family(void);

/* What does not fit: the file, then the three limits. */
#define VZ_TOO_MANY "%s: more than %d addresses, %d of one device, or %d devices: nothing is done for its addresses"

/*
 * Reads the container that guest_init() named: IP_ADDRESS, NETIF, NAME, and our own GUESTARP_DEVICE (bad name:
 * -EINVAL), the wiki's VETH_IP_ADDRESS and vznetaddbr's VZHOSTBR. What vzctl skips with a warning is skipped here
 * without. -ENOENT without a file. -E2BIG (VZ_TOO_MANY): it has its NICs then, and no address.
 */
int vz_read(struct guest *guest, struct err *err);

/* As vz_read for text in memory; path is for messages. */
int vz_parse(struct guest *guest, enum vz_family family, const char *path, char *text, struct err *err);

/*
 * The addresses of a list such as IP_ADDRESS or the environment's IP_ADDR, masks cut, at most max. -E2BIG where there
 * are more.
 */
int vz_parse_ips(enum vz_family family, const char *list, struct ip *ret_ips, size_t max, size_t *ret_count);

#endif

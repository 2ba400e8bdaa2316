/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_GUEST_VZ_H
#define GUESTARP_GUEST_VZ_H
/* OpenVZ and Virtuozzo containers: /etc/vz/conf/<ctid>.conf, read as vzctl itself reads it. */

#include <stdbool.h>

#include "base/err.h"
#include "guest/guest.h"

/* Two families with different grammars: vzctl (3.0 to 4.11) and libvzctl (Virtuozzo 7 to 9). */
enum vz_family { VZ_CLASSIC, VZ_LIBVZCTL };

/* VZ_LIBVZCTL where /usr/libexec/libvzctl is a directory. */
enum vz_family vz_family(void);

/*
 * Reads the container that guest_init() named: IP_ADDRESS, NETIF, NAME, and our own GUESTARP_DEVICE (bad name:
 * -EINVAL) and the wiki's VETH_IP_ADDRESS. What vzctl skips with a warning is skipped here without. -ENOENT without a
 * file.
 */
int vz_read(struct guest *guest, struct err *err);

/* As vz_read for text in memory; path is for messages. */
int vz_parse(struct guest *guest, enum vz_family family, const char *path, char *text, struct err *err);

/*
 * The addresses of a list such as IP_ADDRESS or the environment's IP_ADDR, masks cut; returns how many, at most
 * max. As vzctl does it: 0.0.0.0 and :: are passed over, and what follows a bad token is dropped.
 */
size_t vz_parse_ips(enum vz_family family, const char *list, struct ip *ret_ips, size_t max);

/* The NIC with that end on the host, or NULL. */
const struct guest_nic *vz_find_port(const struct guest *guest, const char *port);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_GUEST_LXC_H
#define GUESTARP_GUEST_LXC_H
/* Plain LXC containers: the network keys of lxc.container.conf(5). */

#include "base/err.h"
#include "guest/guest.h"

/*
 * Reads the configuration at path (LXC_CONFIG_FILE: taken as it is, not below GUESTARP_ROOT) into the guest that
 * guest_init() named: lxc.net.N.link, .veth.pair, .veth.mode, .ipv4.address, .ipv6.address, and whether an
 * lxc.hook line of its own names guestarp-lxc. Files that it includes are not read. -ENOENT, -EINVAL (err: file,
 * line, value); guest is unchanged on failure.
 */
int lxc_read(struct guest *guest, const char *path, struct err *err);

/* As lxc_read for text in memory; path is for messages. */
int lxc_parse(struct guest *guest, const char *path, char *text, struct err *err);

#endif

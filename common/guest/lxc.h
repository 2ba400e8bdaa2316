/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_GUEST_LXC_H
#define GUESTARP_GUEST_LXC_H
/* Plain LXC containers: the network keys of lxc.container.conf(5). */

#include "base/err.h"
#include "guest/guest.h"

/*
 * Reads a container's configuration into the guest that guest_init() named: lxc.net.N.type, .link, .veth.pair,
 * .veth.mode, .l2proxy, addresses and gateways, and whether an lxc.hook line of its own names guestarp-lxc. path is
 * LXC_CONFIG_FILE, taken as it is, or NULL: its place in its lxcpath, the usual one below GUESTARP_ROOT.
 * What it includes is read in its place, files and the *.conf of directories, a bounded number of them, no symbolic
 * links. -ENOENT and other failures of the configuration itself: guest is unchanged then. A bad value costs its address
 * or NIC, a file that cannot be read its lines; guest->notes say so.
 */
int lxc_read(struct guest *guest, const char *path, struct err *err);

/*
 * guest_init() by the name and the path of its configuration. One that does not lie at "<lxcpath>/<name>/config"
 * (lxc-start -f) says nothing of the lxcpath: that is the usual one then. -EINVAL also for a path that is too long.
 */
int lxc_identify(struct guest *guest, const char *name, const char *config, struct err *err);

/*
 * Versions before 0.2 knew a container in whatever lxcpath by its name alone. Is this one in another than the usual
 * lxcpath, and none of its name in the usual one? Then what that name has is taken for this one's.
 */
bool lxc_had_name(const struct guest *guest, struct guest *ret_former);

/* As lxc_read for text in memory; path is for notes, what it includes lies below GUESTARP_ROOT. */
void lxc_parse(struct guest *guest, const char *path, char *text);

#endif

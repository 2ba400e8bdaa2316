/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_FDB_H
#define GUESTARP_KERNEL_FDB_H
/* Which port of a bridge leads to which MAC: its forwarding database (bridge(8), fdb). */

#include "base/err.h"
#include "base/ip.h"
#include "kernel/netlink.h"

typedef void (*fdb_fn)(int port, const struct mac *mac, void *arg);

/*
 * Calls take for each entry of one bridge, in whatever VLAN; for one entry perhaps more than once. An entry that was
 * learned ends after the bridge's ageing time, 300 s. Never for a hook.
 */
int fdb_list(struct netlink *nl, int bridge, fdb_fn take, void *arg, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_SNAPSHOT_H
#define GUESTARP_KERNEL_SNAPSHOT_H
/* The whole host at once, for the administrator's command. Never on a hook's path: it grows with the host. */

#include <stddef.h>

#include "base/err.h"
#include "kernel/address.h"
#include "kernel/link.h"
#include "kernel/netlink.h"
#include "kernel/proxy.h"

struct snapshot {
	struct link *links; /* by ifindex */
	size_t link_count;
	struct addresses addresses;
	struct proxies proxies;
};

/* To be released with snapshot_done(), also after a failure. */
int snapshot_take(struct netlink *nl, struct snapshot *ret_snapshot, struct err *err);
void snapshot_done(struct snapshot *snapshot);

const struct link *snapshot_link(const struct snapshot *snapshot, int ifindex);

/* The device whose MAC it is (the lowest ifindex of several), or NULL. */
const struct link *snapshot_link_by_mac(const struct snapshot *snapshot, const struct mac *mac);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_SYSCTL_H
#define GUESTARP_KERNEL_SYSCTL_H
/* Device values that netlink cannot read for one device alone: /proc/sys/net, which shows the caller's namespace. */

#include <stdint.h>

#include "base/err.h"

enum sysctl {
	SYSCTL_PROXY_DELAY,        /* ipv4/neigh/DEV/proxy_delay, hundredths of a second */
	SYSCTL_PROXY_DELAY_6,      /* ipv6/neigh/DEV/proxy_delay */
	SYSCTL_PROXY_NDP,          /* ipv6/conf/DEV/proxy_ndp */
	SYSCTL_FORWARDING_6,       /* ipv6/conf/all/forwarding: DEV must be "all" */
	SYSCTL_FORCE_FORWARDING_6, /* ipv6/conf/DEV/force_forwarding, since Linux 6.17 */
	/* ipv4/conf/DEV: for DEV "all", as a device's own come with it (link.h). */
	SYSCTL_ARP_IGNORE,
	SYSCTL_ARP_ANNOUNCE,
	SYSCTL_ARP_FILTER,
	SYSCTL_PROXY_ARP,
	SYSCTL_PROXY_ARP_PVLAN,
	SYSCTL_ROUTE_LOCALNET,
	SYSCTL_DROP_GRATUITOUS_ARP,
	SYSCTL_RP_FILTER,
	SYSCTL_LOG_MARTIANS,
};

/* -ENOENT where the device or the whole family is not there. Names with dots need no care: the path has slashes. */
int sysctl_get(enum sysctl which, const char *device, uint32_t *ret_value, struct err *err);
int sysctl_set(enum sysctl which, const char *device, uint32_t value, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_PROXY_H
#define GUESTARP_KERNEL_PROXY_H
/* Proxy ARP and NDP proxy entries: `ip neigh ... proxy ADDRESS dev DEV`. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/ip.h"
#include "kernel/netlink.h"

/*
 * An ifindex of 0 would mean "all devices" to the kernel: all three refuse it (-ENODEV).
 * proxy_get: 0 and whether the entry exists on exactly that device; -EOPNOTSUPP for IPv6 on a kernel that has no list
 * of such entries (before Linux 3.4). A kernel that takes no question for one entry (before 5.0) is asked for all of
 * them.
 */
int proxy_get(struct netlink *nl, int ifindex, const struct ip *ip, bool *ret_exists, struct err *err);

struct proxy_question {
	int ifindex;
	struct ip ip;
	bool known;   /* where not, proxy_get() says why */
	bool refused; /* the kernel takes no question for one entry */
	bool exists;
};

/* As proxy_get() for each. */
void proxy_get_each(struct netlink *nl, struct proxy_question *questions, size_t count);

/* NUD_PERMANENT, so that newer kernels (c7d78566bbd3) keep it over a carrier loss. An existing entry is no failure. */
int proxy_add(struct netlink *nl, int ifindex, const struct ip *ip, struct err *err);

/* 1 when the entry was deleted, 0 when it was gone already. */
int proxy_delete(struct netlink *nl, int ifindex, const struct ip *ip, struct err *err);

struct proxy_entry {
	int ifindex; /* 0: all devices */
	struct ip ip;
};

struct proxies {
	struct proxy_entry *list; /* by address, then ifindex */
	size_t count;
	size_t room;
};

/* Every entry of the host: not for a hook. To be released with proxies_done(), also after a failure. */
int proxies_get(struct netlink *nl, struct proxies *ret_proxies, struct err *err);
void proxies_done(struct proxies *proxies);

/* Into that order, where it was made in another way. */
void proxies_sort(struct proxies *proxies);

/* The entry on exactly this device (0: on all), or NULL. */
const struct proxy_entry *proxies_find(const struct proxies *proxies, int ifindex, const struct ip *ip);

#endif

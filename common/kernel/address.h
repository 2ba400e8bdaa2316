/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_ADDRESS_H
#define GUESTARP_KERNEL_ADDRESS_H
/* The host's own addresses and the devices that hold them. */

#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/ip.h"
#include "kernel/netlink.h"

struct address {
	int ifindex;
	struct ip ip;
	unsigned prefix; /* bits of its subnet */
};

struct addresses {
	struct address *list;
	size_t count;
	size_t room;
};

/*
 * Adds the host's addresses of one family to what is there, but those of host and link scope (127.0.0.1, fe80::).
 * A host's addresses are few however many guests' devices it has. To be released with addresses_done().
 */
int addresses_get(struct netlink *nl, int family, struct addresses *ret_addresses, struct err *err);

/*
 * As addresses_get(), of every scope, but only those that the kernel itself answers for: none that is still tried, or
 * that another host was found to have (RFC 4862 section 5.4). AF_UNSPEC is both families.
 */
int addresses_get_answered(struct netlink *nl, int family, struct addresses *ret_addresses, struct err *err);
void addresses_done(struct addresses *addresses);

#endif

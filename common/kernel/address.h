/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_ADDRESS_H
#define GUESTARP_KERNEL_ADDRESS_H
/* The host's own addresses and the devices that hold them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/ip.h"
#include "kernel/netlink.h"

struct address {
	int ifindex;
	struct ip ip;
	unsigned prefix; /* bits of its subnet */
	uint32_t flags;  /* IFA_F_* */
	struct ip peer;  /* whose subnet it is: the other end of a point-to-point address, else ip */
	uint8_t scope;   /* RT_SCOPE_* */
};

/* IPv4 addresses that a route of type local makes the host's ("AnyIP"), where a look-up reaches its table. */
struct address_range {
	struct ip ip;
	unsigned prefix;
	uint32_t table;
};

struct addresses {
	struct address *list;
	size_t count;
	size_t room;
	struct address_range *ranges; /* none unless addresses_get_ranges() has been asked */
	size_t range_count;
	size_t range_room;
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

/* As addresses_get(), of every scope and state. AF_UNSPEC is both families. */
int addresses_get_all(struct netlink *nl, int family, struct addresses *ret_addresses, struct err *err);

/* Adds the ranges of all tables, but 127.0.0.0/8 and the routes that the addresses in the list have. */
int addresses_get_ranges(struct netlink *nl, struct addresses *addresses, struct err *err);

/* The first range that has it, or NULL. */
const struct address_range *addresses_range(const struct addresses *addresses, const struct ip *ip);

/* Those of a list of all that addresses_get() would have had, and all ranges. -ENOMEM. To be released with
 * addresses_done(). */
int addresses_global(const struct addresses *all, struct addresses *ret_addresses);

/* Is it one of them, on whatever device? */
bool addresses_have(const struct addresses *addresses, const struct ip *ip);

void addresses_done(struct addresses *addresses);

/*
 * One in the subnet of own that is neither the host's own, nor own, nor other; one out of all ranges where there is
 * room for it. False where there is none at all.
 */
bool addresses_neighbour_in(const struct addresses *addresses, const struct address *own, const struct ip *other,
			    struct ip *ret_ip);

/*
 * An address that a neighbour on the device could have: in one of the device's subnets, not the host's own, and not
 * "other". Of its family. False where the device has no subnet.
 */
bool addresses_neighbour(const struct addresses *addresses, int ifindex, const struct ip *other, struct ip *ret_ip);

/*
 * The device's own address from which to ask for ip: of its subnet where there is one, and never ip itself. None that
 * is not sure to be the device's (RFC 4862 5.4). False where it has none.
 */
bool addresses_sender(const struct addresses *addresses, int ifindex, const struct ip *ip, struct ip *ret_sender);

#endif

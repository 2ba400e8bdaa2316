/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_LOOKUP_H
#define GUESTARP_KERNEL_LOOKUP_H
/* What the kernel's routing says where it decides on an answer (arp_process(), ndisc_recv_ns()). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"
#include "kernel/netlink.h"

#define LOOKUP_HOPS 8

enum lookup_kind {
	LOOKUP_FAILED,    /* an error of whatever kind: no route, rp_filter, no forwarding, a rule */
	LOOKUP_LOCAL,     /* the host's own */
	LOOKUP_UNICAST,   /* by one of hops */
	LOOKUP_OTHER,     /* broadcast, ... */
	LOOKUP_UNCERTAIN, /* it cannot be asked as ARP asks */
};

struct lookup {
	enum lookup_kind kind;
	size_t hop_count; /* of several the kernel takes one by a hash; also of a look-up that failed for its sender */
	int hops[LOOKUP_HOPS];
};

/* So that the model can be tried without a kernel. None of them fails; what cannot be asked is LOOKUP_UNCERTAIN. */
struct lookups {
	/* A packet from a neighbour on device iif. IPv6: whether the rules let it in at all. */
	struct lookup (*arrive)(void *arg, int iif, const struct ip *from, const struct ip *to);
	/* A packet of the host's own, from (0.0.0.0: any) and to; oif: the VRF's, 0 for none. IPv4 alone. */
	struct lookup (*leave)(void *arg, int oif, const struct ip *from, const struct ip *to);
	/* What one table has of the address, whatever the rules; 0: the table "local". IPv4 alone. */
	struct lookup (*within)(void *arg, uint32_t table, const struct ip *to);
	void *arg;
};

/* IPv4's rules. */
struct lookup_rules {
	bool custom;        /* there are others than the kernel's own */
	uint32_t protocols; /* named by rules: bit 0 ICMP, bit 1 TCP, bit 2 UDP */
	uint8_t protocol;   /* of these three one that no rule names, as ARP has none; 0: there is none left */
};

int lookup_rules_take(struct netlink *nl, struct lookup_rules *ret_rules, struct err *err);

struct lookup_kernel;

/*
 * Look-ups that ask the kernel. *ret_kernel is to be closed when they are needed no more, and nl after it. With
 * log_martians each that rp_filter refuses is a line in the kernel's log.
 */
int lookup_kernel_open(struct netlink *nl, const struct lookup_rules *rules, struct lookup_kernel **ret_kernel,
		       struct lookups *ret_lookups, struct err *err);
void lookup_kernel_close(struct lookup_kernel *kernel);

#endif

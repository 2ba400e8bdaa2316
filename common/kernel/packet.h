/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_PACKET_H
#define GUESTARP_KERNEL_PACKET_H
/* Frames out of and in from one device (packet(7)). */

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/ip.h"

/* What one device says of one address: by an announcement from it, by a probe on it. */
struct packet {
	int ifindex;
	struct mac source; /* the device's MAC */
	struct ip ip;
	struct ip sender; /* of a probe: an address of the device's own to ask from; family 0 for none */
	bool router;      /* an announcement's: the host is an IPv6 router there, and the address its own */
	struct mac to;    /* an announcement's: the one host that is told, all zero for all hosts */
};

/* A socket that only sends. The descriptor is the caller's to close. */
int packet_open(int *ret_fd, struct err *err);

/* One ARP announcement or unsolicited neighbour advertisement. -ENETDOWN where the device is down. */
int packet_announce(int fd, const struct packet *packet, struct err *err);

/*
 * A socket that gets the device's frames, both ways, as far as the filter (linux/filter.h) of len instructions takes
 * them. The descriptor is the caller's to close.
 */
int packet_listen(int ifindex, const struct sock_filter *code, size_t len, int *ret_fd, struct err *err);

#define PROBE_HOLDERS_MAX 8

struct probe_result {
	size_t count; /* 0: nobody holds it */
	struct mac holders[PROBE_HOLDERS_MAX];
};

#define PROBE_HEARD_MAX 64

/* Devices of this host on which the questions came in again, untagged: they are on the wire of the one that asked. */
struct probe_heard {
	size_t count;
	int ifindexes[PROBE_HEARD_MAX];
};

/*
 * Asks on the device whether anybody answers for the addresses: three times each, 100 ms apart, and 200 ms of
 * listening after the last (RFC 5227 waits up to 9 s; a guest's start cannot). IPv4: by probes, and by ordinary
 * requests, as Linux never answers a probe for a proxied address. IPv6: by solicitations, from :: only where there is
 * no sender, as such a one ends the duplicate address detection of a host that has just begun to use the address.
 * All packets are for the same device. results has count items, all set on success, as is ret_heard where it is not
 * NULL.
 */
int packet_probe(const struct packet *packets, size_t count, struct probe_result *results,
		 struct probe_heard *ret_heard, struct err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_FRAME_H
#define GUESTARP_KERNEL_FRAME_H
/* ARP and neighbour discovery frames as bytes: built and read without a socket. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

#define FRAME_MAX 96

/*
 * An ARP announcement (RFC 5227 section 3: a request, sender = target = the address) or, for IPv6, an
 * unsolicited neighbour advertisement (RFC 4861 section 7.2.6) to all nodes. The advertisement has Override
 * set and comes from the address itself, as neighbours must take the new MAC at once; a proxy's solicited
 * answers, without Override, are the kernel's. router is its Router flag: neighbours that learn of a router that is
 * none any more drop the default route by it (RFC 4861 section 7.2.5). Returns the length.
 */
size_t frame_announcement(const struct ip *ip, const struct mac *source, bool router, uint8_t frame[FRAME_MAX]);

/* An ARP probe (RFC 5227 section 2.1.1: sender 0.0.0.0) or DAD's neighbour solicitation (RFC 4862 section 5.4.2, from
 * ::). */
size_t frame_probe(const struct ip *ip, const struct mac *source, uint8_t frame[FRAME_MAX]);

/*
 * An ordinary ARP request (RFC 826), or a neighbour solicitation to the solicited-node group (RFC 4861 section 7.2.2).
 * Those who hear it learn that the sender is at source: both must be the device's own.
 */
size_t frame_request(const struct ip *ip, const struct ip *sender, const struct mac *source, uint8_t frame[FRAME_MAX]);

/*
 * Does this frame show that somebody holds, or is about to take, the address? Any ARP packet sent from it, another's
 * probe for it (RFC 5227 section 2.1.1), a neighbour advertisement for it or a solicitation from :: for it.
 * The holder's MAC is the one in the packet, not the Ethernet source.
 */
bool frame_shows_holder(const uint8_t *frame, size_t len, const struct ip *ip, const struct mac *ours,
			struct mac *ret_holder);

enum frame_kind { FRAME_ARP, FRAME_IP4, FRAME_IP6, FRAME_OTHER };

/* Who sent a frame, and of what kind it is. */
struct frame_sender {
	struct mac mac; /* Ethernet's source */
	enum frame_kind kind;
	uint16_t type; /* EtherType, behind at most two VLAN tags; a length where it is below 1536 */
	struct ip ip;  /* the address that it is sent from, family 0 for none or an unspecified one */
	bool reject;   /* a TCP reset, or ICMP's "destination unreachable" (RFC 792, RFC 4443 section 3.1) */
};

/* False for what is shorter than an Ethernet header. A frame may be cut: what is missing counts as not there. */
bool frame_read_sender(const uint8_t *frame, size_t len, struct frame_sender *ret_sender);

#endif

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
 * Does this frame show that somebody holds, or is about to take, the address? Any ARP packet sent from it, another's
 * probe for it (RFC 5227 section 2.1.1), a neighbour advertisement for it or a solicitation from :: for it.
 * The holder's MAC is the one in the packet, not the Ethernet source.
 */
bool frame_shows_holder(const uint8_t *frame, size_t len, const struct ip *ip, const struct mac *ours,
			struct mac *ret_holder);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_IP_H
#define GUESTARP_BASE_IP_H
/* IP and MAC addresses as values: parsed, compared, printed. */

#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ip {
	uint8_t family;    /* AF_INET or AF_INET6 */
	uint8_t bytes[16]; /* network order; IPv4 uses the first four */
};

struct mac {
	uint8_t bytes[ETH_ALEN];
};

/* Room for an address or a MAC as text, NUL included. */
#define IP_TEXT  INET6_ADDRSTRLEN
#define MAC_TEXT 18

/*
 * Text is a whole address, without prefix length. Refused as no unicast address of a
 * host (-EINVAL): multicast, unspecified, IPv4 broadcast, loopback, IPv4-mapped IPv6.
 */
int ip_parse(const char *text, struct ip *ret_ip);

/*
 * As ip_parse, with an optional "/N" that must fit the family; leading zeros of N do no harm. Without it the prefix is
 * the whole address. -EADDRNOTAVAIL for what is written well but is no unicast address of a host.
 */
int ip_parse_prefix(const char *text, struct ip *ret_ip, uint8_t *ret_prefix);

/* "192.0.2.0/24", "2001:db8::/32", or a single address: any network, without a bit set beyond its prefix. -EINVAL. */
int ip_parse_net(const char *text, struct ip *ret_ip, unsigned *ret_bits);

static inline bool ip_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family &&
	       (a->family == AF_INET ? memcmp(a->bytes, b->bytes, 4) == 0 : memcmp(a->bytes, b->bytes, 16) == 0);
}

bool ip_among(const struct ip *ips, size_t count, const struct ip *ip);
/* Are both in the subnet of so many bits? */
bool ip_same_subnet(const struct ip *a, const struct ip *b, unsigned prefix);
size_t ip_len(const struct ip *ip);

/* Returns text, which has room for IP_TEXT bytes. */
const char *ip_to_str(const struct ip *ip, char *text);

bool mac_equal(const struct mac *a, const struct mac *b);

/* "02:00:5e:10:00:01", in any case. -EINVAL. */
int mac_parse(const char *text, struct mac *ret_mac);

/* Returns text, which has room for MAC_TEXT bytes. */
const char *mac_to_str(const struct mac *mac, char *text);

#endif

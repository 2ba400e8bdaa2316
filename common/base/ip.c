/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses as values, and what counts as an address that a guest may hold. */

#include "base/ip.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static bool is_host_ip4(const uint8_t *b)
{
	/* 0/8 is "this network", 127/8 never leaves a host, 224/3 is multicast, reserved and broadcast. */
	return b[0] != 0 && b[0] != 127 && b[0] < 224;
}

static bool is_host_ip6(const uint8_t *b)
{
	struct in6_addr in6;

	memcpy(&in6, b, sizeof(in6));
	return !IN6_IS_ADDR_UNSPECIFIED(&in6) && !IN6_IS_ADDR_LOOPBACK(&in6) && !IN6_IS_ADDR_MULTICAST(&in6) &&
	       !IN6_IS_ADDR_V4MAPPED(&in6);
}

static bool is_host(const struct ip *ip)
{
	return ip->family == AF_INET ? is_host_ip4(ip->bytes) : is_host_ip6(ip->bytes);
}

/* -EADDRNOTAVAIL: an address, but none of a host. */
static int parse(const char *text, struct ip *ret_ip)
{
	struct ip ip = { 0 };

	if (inet_pton(AF_INET, text, ip.bytes) == 1)
		ip.family = AF_INET;
	else if (inet_pton(AF_INET6, text, ip.bytes) == 1)
		ip.family = AF_INET6;
	else
		return -EINVAL;
	if (!is_host(&ip))
		return -EADDRNOTAVAIL;

	*ret_ip = ip;
	return 0;
}

int ip_parse(const char *text, struct ip *ret_ip)
{
	return parse(text, ret_ip) < 0 ? -EINVAL : 0;
}

int ip_parse_prefix(const char *text, struct ip *ret_ip, uint8_t *ret_prefix)
{
	char alone[IP_TEXT];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	uint32_t whole = memchr(text, ':', len) ? 128 : 32;
	uint32_t prefix = whole;
	int r;

	if (len >= sizeof(alone))
		return -EINVAL;
	memcpy(alone, text, len);
	alone[len] = '\0';
	if (slash && parse_u32_padded(slash + 1, 0, whole, &prefix) < 0)
		return -EINVAL;
	r = parse(alone, ret_ip);
	if (r == 0)
		*ret_prefix = (uint8_t)prefix;
	return r;
}

int ip_parse_net(const char *text, struct ip *ret_ip, unsigned *ret_bits)
{
	char alone[IP_TEXT];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct ip ip = { 0 };
	uint32_t bits;

	if (len >= sizeof(alone))
		return -EINVAL;
	memcpy(alone, text, len);
	alone[len] = '\0';
	if (inet_pton(AF_INET, alone, ip.bytes) == 1)
		ip.family = AF_INET;
	else if (inet_pton(AF_INET6, alone, ip.bytes) == 1)
		ip.family = AF_INET6;
	else
		return -EINVAL;
	bits = (uint32_t)ip_len(&ip) * 8;
	if (slash && parse_u32(slash + 1, 0, bits, &bits) < 0)
		return -EINVAL;
	for (uint32_t bit = bits; bit < ip_len(&ip) * 8; bit++) {
		if (ip.bytes[bit / 8] & (0x80U >> bit % 8))
			return -EINVAL;
	}
	*ret_ip = ip;
	*ret_bits = bits;
	return 0;
}

size_t ip_len(const struct ip *ip)
{
	return ip->family == AF_INET ? 4 : 16;
}

bool ip_among(const struct ip *ips, size_t count, const struct ip *ip)
{
	for (size_t i = 0; i < count; i++) {
		if (ip_equal(&ips[i], ip))
			return true;
	}
	return false;
}

bool ip_same_subnet(const struct ip *a, const struct ip *b, unsigned prefix)
{
	if (a->family != b->family || prefix > ip_len(a) * 8)
		return false;
	for (unsigned bit = 0; bit < prefix; bit++) {
		if ((a->bytes[bit / 8] ^ b->bytes[bit / 8]) & (0x80U >> bit % 8))
			return false;
	}
	return true;
}

const char *ip_to_str(const struct ip *ip, char *text)
{
	if (!inet_ntop(ip->family, ip->bytes, text, IP_TEXT))
		text[0] = '\0';
	return text;
}

bool mac_equal(const struct mac *a, const struct mac *b)
{
	return memcmp(a->bytes, b->bytes, ETH_ALEN) == 0;
}

int mac_parse(const char *text, struct mac *ret_mac)
{
	static const char shape[] = "xx:xx:xx:xx:xx:xx";
	struct mac mac;

	if (strlen(text) != sizeof(shape) - 1)
		return -EINVAL;
	for (size_t i = 0; shape[i]; i++) {
		if (shape[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != shape[i])
			return -EINVAL;
	}
	for (size_t i = 0; i < ETH_ALEN; i++)
		mac.bytes[i] = (uint8_t)strtoul(text + 3 * i, NULL, 16);
	*ret_mac = mac;
	return 0;
}

const char *mac_to_str(const struct mac *mac, char *text)
{
	const uint8_t *b = mac->bytes;

	(void)snprintf(text, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
	return text;
}

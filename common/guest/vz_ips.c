/* SPDX-License-Identifier: GPL-2.0-or-later */
/* canon_ip() of vzctl, parse_ip() and parse_ip_str() of libvzctl (util.c): what they take and what ends their list. */

#include "guest/vz_ips.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"

#define TOKEN_SIZE 128

/* get_netaddr(): the family is told by a ':'. */
static bool is_address(const char *text)
{
	struct in6_addr address;

	return inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, &address) == 1;
}

/* Leading zeros, a sign and, for vzctl alone, nothing at all are numbers to it. */
static bool parse_number(const char *text, long max, long *ret_number)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (*end || number < 0 || number > max)
		return false;
	*ret_number = number;
	return true;
}

static bool is_dotted(const char *mask)
{
	size_t dots = 0;

	for (; *mask; mask++)
		dots += *mask == '.';
	return dots == 3;
}

/* 255.255.255.0; one with holes has no length, so it counts as the address alone. */
static uint8_t dotted_prefix(const char *mask, uint8_t whole)
{
	struct in_addr in;
	uint32_t holes;
	uint8_t prefix = 32;

	if (whole != 32 || inet_pton(AF_INET, mask, &in) != 1)
		return whole;
	holes = ~ntohl(in.s_addr);
	if (holes & (holes + 1))
		return whole;
	for (; holes; holes >>= 1)
		prefix--;
	return prefix;
}

static bool parse_mask(enum vz_family family, const char *mask, uint8_t whole, uint8_t *ret_prefix)
{
	long number;

	if (family == VZ_LIBVZCTL && is_dotted(mask)) {
		*ret_prefix = dotted_prefix(mask, whole);
		return is_address(mask);
	}
	if (family == VZ_LIBVZCTL && !*mask)
		return false;
	/* libvzctl has one limit for both families. */
	if (!parse_number(mask, family == VZ_LIBVZCTL ? 128 : whole, &number))
		return false;
	*ret_prefix = number > whole ? whole : (uint8_t)number;
	return true;
}

enum vz_ip vz_ip_parse(enum vz_family family, const char *text, size_t len, struct guest_ip *ret_ip)
{
	char token[TOKEN_SIZE];
	struct guest_ip ip;
	char *mask;
	uint8_t whole;

	if (len >= sizeof(token))
		return VZ_IP_BAD;
	memcpy(token, text, len);
	token[len] = '\0';
	mask = strchr(token, '/');
	if (mask)
		*mask++ = '\0';
	if (!is_address(token))
		return VZ_IP_BAD;
	whole = strchr(token, ':') ? 128 : 32;
	ip.prefix = whole;
	if (mask && !parse_mask(family, mask, whole, &ip.prefix))
		return VZ_IP_BAD;
	if (ip_parse(token, &ip.ip) < 0)
		return VZ_IP_UNSERVED;
	*ret_ip = ip;
	return VZ_IP_GOOD;
}

void vz_ips_walk(enum vz_family family, const char *list, vz_ip_fn fn, void *arg)
{
	const char *delimiters = family == VZ_LIBVZCTL ? " \t," : " \t";

	while (*(list += strspn(list, delimiters))) {
		size_t len = strcspn(list, delimiters);
		struct guest_ip ip;
		enum vz_ip taken = vz_ip_parse(family, list, len, &ip);

		if (taken == VZ_IP_BAD || (taken == VZ_IP_GOOD && !fn(&ip, arg)))
			return;
		list += len;
	}
}

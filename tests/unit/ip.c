/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses: what is one of a host, and how it is printed. */

#include "base/ip.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "table.h"

/* printed is NULL for what is refused. */
struct row {
	const char *name;
	const char *printed;
};

static const struct row addresses[] = {
	{ "192.0.2.7", "192.0.2.7" },
	{ "1.0.0.0", "1.0.0.0" },
	{ "126.255.255.255", "126.255.255.255" },
	{ "128.0.0.1", "128.0.0.1" },
	{ "169.254.0.1", "169.254.0.1" },
	{ "223.255.255.255", "223.255.255.255" },
	{ "0.0.0.0", NULL },
	{ "0.1.2.3", NULL },
	{ "127.0.0.1", NULL },
	{ "127.255.255.255", NULL },
	{ "224.0.0.1", NULL },
	{ "239.1.2.3", NULL },
	{ "240.0.0.1", NULL },
	{ "255.255.255.255", NULL },
	{ "192.0.2", NULL },
	{ "192.0.2.7.1", NULL },
	{ "192.0.2.256", NULL },
	{ "192.0.2.07", NULL },
	{ "0xc0000207", NULL },
	{ "192.0.2.7 ", NULL },
	{ " 192.0.2.7", NULL },
	{ "192.0.2.7/24", NULL },
	{ "192.0.2.-7", NULL },
	{ "", NULL },
	{ "dhcp", NULL },
	{ "2001:db8::7", "2001:db8::7" },
	{ "2001:DB8:0:0:0:0:0:7", "2001:db8::7" },
	{ "fd00::1", "fd00::1" },
	{ "fe80::1", "fe80::1" },
	{ "2001:db8::192.0.2.7", "2001:db8::c000:207" },
	{ "::2", "::2" },
	{ "::", NULL },
	{ "::1", NULL },
	{ "ff02::1", NULL },
	{ "ff00::", NULL },
	{ "::ffff:192.0.2.7", NULL },
	{ "fe80::1%eth0", NULL },
	{ "2001:db8::7/64", NULL },
	{ "2001:db8::7::1", NULL },
	{ "[2001:db8::7]", NULL },
	{ "2001:db8:0:0:0:0:0:0:7", NULL },
};

/* printed is NULL for what is refused, with that result. */
static const struct prefix_row {
	const char *name;
	const char *printed;
	int prefix; /* or the result */
} prefixes[] = {
	{ "192.0.2.7", "192.0.2.7", 32 },
	{ "192.0.2.7/0", "192.0.2.7", 0 },
	{ "192.0.2.7/24", "192.0.2.7", 24 },
	{ "192.0.2.7/32", "192.0.2.7", 32 },
	{ "192.0.2.7/024", "192.0.2.7", 24 },
	{ "192.0.2.7/000", "192.0.2.7", 0 },
	{ "192.0.2.7/33", NULL, -EINVAL },
	{ "192.0.2.7/", NULL, -EINVAL },
	{ "192.0.2.7/+24", NULL, -EINVAL },
	{ "192.0.2.7/-1", NULL, -EINVAL },
	{ "192.0.2.7/24/24", NULL, -EINVAL },
	{ "192.0.2.7/255.255.255.0", NULL, -EINVAL },
	{ "192.0.2.7/4294967320", NULL, -EINVAL },
	{ "/24", NULL, -EINVAL },
	{ "127.0.0.1/8", NULL, -EADDRNOTAVAIL },
	{ "224.0.0.5/32", NULL, -EADDRNOTAVAIL },
	{ "224.0.0.5/33", NULL, -EINVAL },
	{ "2001:db8::7", "2001:db8::7", 128 },
	{ "2001:db8::7/128", "2001:db8::7", 128 },
	{ "2001:db8::7/064", "2001:db8::7", 64 },
	{ "2001:db8::7/0", "2001:db8::7", 0 },
	{ "2001:db8::7/129", NULL, -EINVAL },
	{ "ff02::1/64", NULL, -EADDRNOTAVAIL },
	{ "2001:0db8:0000:0000:0000:0000:0000:0007/64", "2001:db8::7", 64 },
	{ "2001:0db8:0000:0000:0000:0000:192.000.002.007/64", NULL, -EINVAL },
	{ "0000000000000000000000000000000000000000000000000000001/64", NULL, -EINVAL },
};

static void parse_address(void **state)
{
	const struct row *row = *state;
	struct ip before;
	struct ip ip;
	char text[IP_TEXT];

	memset(&ip, 0x5a, sizeof(ip));
	before = ip;
	if (!row->printed) {
		assert_int_equal(ip_parse(row->name, &ip), -EINVAL);
		assert_memory_equal(&ip, &before, sizeof(ip));
		return;
	}
	assert_int_equal(ip_parse(row->name, &ip), 0);
	assert_int_equal(ip.family, strchr(row->name, ':') ? AF_INET6 : AF_INET);
	assert_int_equal(ip_len(&ip), ip.family == AF_INET ? 4 : 16);
	assert_ptr_equal(ip_to_str(&ip, text), text);
	assert_string_equal(text, row->printed);
}

static void parse_prefix(void **state)
{
	const struct prefix_row *row = *state;
	struct ip before;
	struct ip ip;
	uint8_t prefix = 200;
	char text[IP_TEXT];

	memset(&ip, 0x5a, sizeof(ip));
	before = ip;
	assert_int_equal(ip_parse_prefix(row->name, &ip, &prefix), row->printed ? 0 : row->prefix);
	if (!row->printed) {
		assert_memory_equal(&ip, &before, sizeof(ip));
		assert_int_equal(prefix, 200);
		return;
	}
	assert_string_equal(ip_to_str(&ip, text), row->printed);
	assert_int_equal(prefix, row->prefix);
}

static void bytes(void **state)
{
	static const uint8_t v4[16] = { 192, 0, 2, 7 };
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 };
	struct ip ip;

	(void)state;
	assert_int_equal(ip_parse("192.0.2.7", &ip), 0);
	assert_memory_equal(ip.bytes, v4, 16);
	assert_int_equal(ip_parse("2001:db8::7", &ip), 0);
	assert_memory_equal(ip.bytes, v6, 16);
}

static const struct pair {
	const char *name;
	const char *a;
	const char *b;
	bool same;
} pairs[] = {
	{ "same IPv4", "192.0.2.7", "192.0.2.7", true },
	{ "other last byte", "192.0.2.7", "192.0.2.8", false },
	{ "same IPv6 written otherwise", "2001:db8::7", "2001:DB8:0::0:7", true },
	{ "other last byte of IPv6", "2001:db8::7", "2001:db8::8", false },
	{ "IPv4 and the IPv6 address with its bytes", "32.1.13.184", "2001:db8::", false },
};

static void equal(void **state)
{
	const struct pair *pair = *state;
	struct ip a;
	struct ip b;

	assert_int_equal(ip_parse(pair->a, &a), 0);
	assert_int_equal(ip_parse(pair->b, &b), 0);
	assert_int_equal(ip_equal(&a, &b), pair->same);
	assert_int_equal(ip_equal(&b, &a), pair->same);
}

/* What lies behind an IPv4 address's four bytes is not part of it. */
static void equal_ignores_padding(void **state)
{
	struct ip a;
	struct ip b;

	(void)state;
	assert_int_equal(ip_parse("192.0.2.7", &a), 0);
	b = a;
	b.bytes[4] = 1;
	assert_true(ip_equal(&a, &b));
}

static void macs(void **state)
{
	struct mac a = { { 0x02, 0, 0x0a, 0xbc, 0xde, 0xff } };
	struct mac b = a;
	char text[MAC_TEXT];

	(void)state;
	assert_true(mac_equal(&a, &b));
	b.bytes[5] = 0;
	assert_false(mac_equal(&a, &b));
	assert_ptr_equal(mac_to_str(&a, text), text);
	assert_string_equal(text, "02:00:0a:bc:de:ff");
}

static void parse_mac(void **state)
{
	static const char *const bad[] = { "",
					   "02:00:0a:bc:de",
					   "02:00:0a:bc:de:f",
					   "02:00:0a:bc:de:ff:",
					   "02:00:0a:bc:de:fg",
					   "02-00-0a-bc-de-ff",
					   "02:00:0a:bc:de: f",
					   "02:00:0a:bc:de:+f" };
	const struct mac want = { { 0x02, 0, 0x0a, 0xbc, 0xde, 0xff } };
	struct mac mac;

	(void)state;
	assert_int_equal(mac_parse("02:00:0A:bC:de:FF", &mac), 0);
	assert_true(mac_equal(&mac, &want));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(mac_parse(bad[i], &mac), -EINVAL);
		assert_true(mac_equal(&mac, &want));
	}
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, parse_address, addresses);
	TABLE_ROWS(&table, parse_prefix, prefixes);
	TABLE_ROWS(&table, equal, pairs);
	TABLE_TEST(&table, bytes);
	TABLE_TEST(&table, equal_ignores_padding);
	TABLE_TEST(&table, macs);
	TABLE_TEST(&table, parse_mac);
	return table_run(&table, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings in words, and when two of them are the same fact. */

#include "plan/setting.h"

#include <errno.h>
#include <string.h>

#include "table.h"

static const struct row {
	const char *name; /* the word in records */
	enum setting_kind kind;
	const char *named;
	const char *by_index;
} rows[SETTING_KIND_COUNT] = {
	{ "arp_ignore", SETTING_ARP_IGNORE, "eth3: arp_ignore 7", "device 12: arp_ignore 7" },
	{ "arp_announce", SETTING_ARP_ANNOUNCE, "eth3: arp_announce 7", "device 12: arp_announce 7" },
	{ "arp_filter", SETTING_ARP_FILTER, "eth3: arp_filter 7", "device 12: arp_filter 7" },
	{ "noarp", SETTING_NOARP, "eth3: NOARP 7", "device 12: NOARP 7" },
	{ "proxy_delay", SETTING_PROXY_DELAY, "eth3: proxy_delay 7", "device 12: proxy_delay 7" },
	{ "proxy_delay_ipv6", SETTING_PROXY_DELAY_6, "eth3: proxy_delay (IPv6) 7", "device 12: proxy_delay (IPv6) 7" },
	{ "proxy_ndp", SETTING_PROXY_NDP, "eth3: proxy_ndp 7", "device 12: proxy_ndp 7" },
	{ "quiet_name", SETTING_QUIET_NAME, "eth3: quiet by name", "device 12: quiet by name" },
	{ "bridge_mac", SETTING_BRIDGE_MAC, "eth3: MAC pinned to 02:00:00:00:00:0f",
	  "device 12: MAC pinned to 02:00:00:00:00:0f" },
	{ "no_proxy_entry", SETTING_NO_PROXY, "eth3: no proxy entry for 192.0.2.7",
	  "device 12: no proxy entry for 192.0.2.7" },
	{ "proxy_entry", SETTING_PROXY, "eth3: proxy entry for 192.0.2.7", "device 12: proxy entry for 192.0.2.7" },
	{ "host_route", SETTING_ROUTE, "eth3: host route to 192.0.2.7", "device 12: host route to 192.0.2.7" },
};

static void in_words(void **state)
{
	const struct row *row = *state;
	struct setting setting = {
		.kind = row->kind,
		.ifindex = 12,
		.device = "eth3",
		.value = 7,
		.mac = { { 2, 0, 0, 0, 0, 15 } },
	};
	enum setting_kind kind = SETTING_KIND_COUNT;
	char text[SETTING_TEXT];

	assert_int_equal(ip_parse("192.0.2.7", &setting.ip), 0);
	assert_ptr_equal(setting_to_str(&setting, text), text);
	assert_string_equal(text, row->named);
	setting.device[0] = '\0';
	assert_string_equal(setting_to_str(&setting, text), row->by_index);
	assert_string_equal(setting_kind_to_str(row->kind), row->name);
	assert_int_equal(setting_kind_parse(row->name, &kind), 0);
	assert_int_equal(kind, row->kind);
}

static void longest(void **state)
{
	struct setting setting = { .kind = SETTING_NO_PROXY, .device = "abcdefghijklmno" };
	char text[SETTING_TEXT];

	(void)state;
	assert_int_equal(ip_parse("2001:db8:1111:2222:3333:4444:5555:6666", &setting.ip), 0);
	assert_string_equal(setting_to_str(&setting, text),
			    "abcdefghijklmno: no proxy entry for 2001:db8:1111:2222:3333:4444:5555:6666");
	setting = (struct setting){ .kind = SETTING_PROXY_DELAY_6, .ifindex = INT32_MAX, .value = UINT32_MAX };
	assert_string_equal(setting_to_str(&setting, text), "device 2147483647: proxy_delay (IPv6) 4294967295");
}

static const struct {
	const char *name;
} no_words[] = { { "" }, { "arp_ignor" }, { "ARP_IGNORE" }, { "arp_ignore " }, { "proxy" } };

static void no_kind(void **state)
{
	const char *const *word = *state;
	enum setting_kind kind = SETTING_NOARP;

	assert_int_equal(setting_kind_parse(*word, &kind), -EINVAL);
	assert_int_equal(kind, SETTING_NOARP);
}

struct half {
	enum setting_kind kind;
	const char *device;
	int ifindex;
	const char *ip;
	uint32_t value;
};

static const struct pair {
	const char *name;
	struct half a;
	struct half b;
	bool same;
} pairs[] = {
	{ "alike", { SETTING_PROXY, "eth3", 3, "192.0.2.7", 0 }, { SETTING_PROXY, "eth3", 3, "192.0.2.7", 0 }, true },
	{ "another address",
	  { SETTING_PROXY, "eth3", 3, "192.0.2.7", 0 },
	  { SETTING_PROXY, "eth3", 3, "192.0.2.8", 0 },
	  false },
	{ "another family",
	  { SETTING_PROXY, "eth3", 3, "32.1.13.184", 0 },
	  { SETTING_PROXY, "eth3", 3, "2001:db8::", 0 },
	  false },
	{ "another device",
	  { SETTING_PROXY, "eth3", 3, "192.0.2.7", 0 },
	  { SETTING_PROXY, "eth4", 3, "192.0.2.7", 0 },
	  false },
	{ "the same name, made anew",
	  { SETTING_PROXY, "eth3", 3, "192.0.2.7", 0 },
	  { SETTING_PROXY, "eth3", 9, "192.0.2.7", 0 },
	  true },
	{ "another kind",
	  { SETTING_PROXY, "eth3", 3, "192.0.2.7", 0 },
	  { SETTING_ROUTE, "eth3", 3, "192.0.2.7", 0 },
	  false },
	{ "another value",
	  { SETTING_ARP_IGNORE, "eth3", 3, NULL, 1 },
	  { SETTING_ARP_IGNORE, "eth3", 3, NULL, 2 },
	  true },
	{ "a value does not look at addresses",
	  { SETTING_NOARP, "eth3", 3, "192.0.2.7", 1 },
	  { SETTING_NOARP, "eth3", 3, "192.0.2.8", 1 },
	  true },
	{ "a MAC does not look at addresses",
	  { SETTING_BRIDGE_MAC, "vmbr0", 3, "192.0.2.7", 0 },
	  { SETTING_BRIDGE_MAC, "vmbr0", 3, NULL, 0 },
	  true },
	{ "one without a name, same index",
	  { SETTING_NO_PROXY, "", 3, "192.0.2.7", 0 },
	  { SETTING_NO_PROXY, "eth3", 3, "192.0.2.7", 0 },
	  true },
	{ "one without a name, another index",
	  { SETTING_NO_PROXY, "", 4, "192.0.2.7", 0 },
	  { SETTING_NO_PROXY, "eth3", 3, "192.0.2.7", 0 },
	  false },
	{ "both without a name",
	  { SETTING_NO_PROXY, "", 4, "192.0.2.7", 0 },
	  { SETTING_NO_PROXY, "", 4, "192.0.2.7", 0 },
	  true },
	{ "both without a name, other indices",
	  { SETTING_NO_PROXY, "", 4, "192.0.2.7", 0 },
	  { SETTING_NO_PROXY, "", 5, "192.0.2.7", 0 },
	  false },
};

static struct setting build(const struct half *half)
{
	struct setting setting = { .kind = half->kind, .ifindex = half->ifindex, .value = half->value };

	(void)snprintf(setting.device, sizeof(setting.device), "%s", half->device);
	if (half->ip)
		assert_int_equal(ip_parse(half->ip, &setting.ip), 0);
	return setting;
}

static void same(void **state)
{
	const struct pair *pair = *state;
	struct setting a = build(&pair->a);
	struct setting b = build(&pair->b);

	assert_int_equal(setting_same(&a, &b), pair->same);
	assert_int_equal(setting_same(&b, &a), pair->same);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, in_words, rows);
	TABLE_TEST(&table, longest);
	TABLE_ROWS(&table, no_kind, no_words);
	TABLE_ROWS(&table, same, pairs);
	return table_run(&table, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings as values: named, compared and said in words. */

#include "plan/setting.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum subject { ABOUT_VALUE, ABOUT_MAC, ABOUT_IP };

static const struct {
	const char *word;
	enum subject about;
	const char *text; /* device, then value / MAC / address */
} kinds[SETTING_KIND_COUNT] = {
	[SETTING_ARP_IGNORE] = { "arp_ignore", ABOUT_VALUE, "%s arp_ignore %u" },
	[SETTING_ARP_ANNOUNCE] = { "arp_announce", ABOUT_VALUE, "%s arp_announce %u" },
	[SETTING_ARP_FILTER] = { "arp_filter", ABOUT_VALUE, "%s arp_filter %u" },
	[SETTING_NOARP] = { "noarp", ABOUT_VALUE, "%s NOARP %u" },
	[SETTING_PROXY_DELAY] = { "proxy_delay", ABOUT_VALUE, "%s proxy_delay %u" },
	[SETTING_PROXY_DELAY_6] = { "proxy_delay_ipv6", ABOUT_VALUE, "%s proxy_delay (IPv6) %u" },
	[SETTING_PROXY_NDP] = { "proxy_ndp", ABOUT_VALUE, "%s proxy_ndp %u" },
	[SETTING_QUIET_NAME] = { "quiet_name", ABOUT_VALUE, "%s quiet by name" },
	[SETTING_BRIDGE_MAC] = { "bridge_mac", ABOUT_MAC, "%s MAC pinned to %s" },
	[SETTING_NO_PROXY] = { "no_proxy_entry", ABOUT_IP, "%s no proxy entry for %s" },
	[SETTING_PROXY] = { "proxy_entry", ABOUT_IP, "%s proxy entry for %s" },
	[SETTING_ROUTE] = { "host_route", ABOUT_IP, "%s host route to %s" },
};

bool setting_same(const struct setting *a, const struct setting *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->device[0] && b->device[0] ? strcmp(a->device, b->device) != 0 : a->ifindex != b->ifindex)
		return false;
	return kinds[a->kind].about != ABOUT_IP || ip_equal(&a->ip, &b->ip);
}

const char *setting_kind_to_str(enum setting_kind kind)
{
	return kinds[kind].word;
}

int setting_kind_parse(const char *word, enum setting_kind *ret_kind)
{
	for (unsigned i = 0; i < SETTING_KIND_COUNT; i++) {
		if (strcmp(word, kinds[i].word) == 0) {
			*ret_kind = (enum setting_kind)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* The format comes from the table above, whose arguments fit its subject. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
const char *setting_to_str(const struct setting *setting, char *text)
{
	const char *format = kinds[setting->kind].text;
	char device[IFNAMSIZ + 8];
	char subject[IP_TEXT];

	if (setting->device[0])
		(void)snprintf(device, sizeof(device), "%s:", setting->device);
	else
		(void)snprintf(device, sizeof(device), "device %d:", setting->ifindex);
	if (kinds[setting->kind].about == ABOUT_VALUE)
		(void)snprintf(text, SETTING_TEXT, format, device, setting->value);
	else
		(void)snprintf(text, SETTING_TEXT, format, device,
			       kinds[setting->kind].about == ABOUT_MAC ? mac_to_str(&setting->mac, subject)
								       : ip_to_str(&setting->ip, subject));
	return text;
}
#pragma GCC diagnostic pop

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
} kinds[] = {
#define ROW(kind, word, about, text, read, write, remove) { word, ABOUT_##about, text },
	SETTING_TABLE(ROW)
#undef ROW
};

bool setting_same(const struct setting *a, const struct setting *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->device[0] && b->device[0] ? strcmp(a->device, b->device) != 0 : a->ifindex != b->ifindex)
		return false;
	return kinds[a->kind].about != ABOUT_IP || (a->table == b->table && ip_equal(&a->ip, &b->ip));
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

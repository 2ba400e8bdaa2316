/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_PLAN_SETTING_H
#define GUESTARP_PLAN_SETTING_H
/* One checkable fact about the kernel that must hold: what, on which device, with which value. */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "plan/setting_table.h"

/* SETTING_ARP_IGNORE and so on, in the order of the table. */
#define SETTING_ROW(kind, word, about, text, read, write, remove) SETTING_##kind,
enum setting_kind { SETTING_TABLE(SETTING_ROW) SETTING_KIND_COUNT };
#undef SETTING_ROW

struct setting {
	enum setting_kind kind;
	int ifindex;
	char device[IFNAMSIZ]; /* "" only for SETTING_NO_PROXY on a device known by its index */
	struct ip ip;
	struct mac mac;
	uint32_t value;
	unsigned table; /* of a host route by a device of a VRF; 0: the main one */
	bool guests;    /* the guest's own: recorded, and removed when it is gone; else the host's, and it stays */
	bool shared;    /* several guests may have it: deleted with the last of them that runs */
	bool platforms; /* made by the platform, not by us; only removed, where the platform forgets to */
};

#define SETTING_TEXT 160

/* The same fact, whatever the value: kind, device, table and address. A setting without a name is compared by index. */
bool setting_same(const struct setting *a, const struct setting *b);

/* "proxy_entry", "arp_ignore": the word in records and JSON. */
const char *setting_kind_to_str(enum setting_kind kind);
int setting_kind_parse(const char *word, enum setting_kind *ret_kind);

/* For people: "eth3: proxy entry for 192.0.2.7". Returns text, which has room for SETTING_TEXT. */
const char *setting_to_str(const struct setting *setting, char *text);

#endif

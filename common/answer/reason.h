/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_ANSWER_REASON_H
#define GUESTARP_ANSWER_REASON_H
/* Why a device answers, is silent, or why nobody can tell. */

enum answer_verdict { ANSWER_SILENT, ANSWER_REPLIES, ANSWER_UNKNOWN };

/* In the order of the table that has each one's verdict and words. */
enum answer_reason {
	REASON_NONE,

	/* Silent: nobody hears, or the answer is lost. */
	REASON_DOWN,
	REASON_NO_CARRIER,
	REASON_UNHEARD,
	REASON_NO_WAY_BACK,
	REASON_OTHER_VLAN,
	REASON_VLAN_DEVICE,

	/* Silent: the device does not speak the protocol, or not of this address. */
	REASON_NO_IP,
	REASON_NOARP,
	REASON_QUIET,
	REASON_IPVLAN,
	REASON_TARGET,
	REASON_GRATUITOUS,

	/* Silent: routing, and what the administrator has set. */
	REASON_PROBE,
	REASON_ROUTING,
	REASON_RP_FILTER,
	REASON_NOT_UNICAST,
	REASON_ARP_IGNORE,
	REASON_ARP_FILTER,
	REASON_FORWARDING,
	REASON_IN_FRONT,
	REASON_MEDIUM,
	REASON_NO_PROXY,

	/* Silent: IPv6 alone. */
	REASON_NO_GROUP,
	REASON_TENTATIVE,
	REASON_OPTIMISTIC,
	REASON_NO_SOURCE,
	REASON_NOARP_SELF,

	REASON_OWN,
	REASON_PROXY_ARP,
	REASON_PROXY_PVLAN,
	REASON_PROXY_ENTRY,
	REASON_ANYCAST,

	REASON_FILTERED,
	REASON_INTERCEPTED,
	REASON_SWITCH,
	REASON_LOCKED,
	REASON_SOURCE_LIST,
	REASON_SUPPRESS,
	REASON_VXLAN_PROXY,
	REASON_BALANCE_ALB,
	REASON_UNCERTAIN,
	REASON_MULTIPATH,
	REASON_COUNT
};

enum answer_verdict reason_verdict(enum answer_reason reason);

/* What comes behind "eth0 is silent: " and the like. */
const char *reason_words(enum answer_reason reason);

#endif

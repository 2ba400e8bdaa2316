/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words for each reason, in one place, so that all commands say the same. */

#include "answer/reason.h"

#include <stddef.h>

static const struct {
	enum answer_verdict verdict;
	const char *words;
} reasons[REASON_COUNT] = {
	[REASON_NONE] = { ANSWER_UNKNOWN, "" },

	[REASON_DOWN] = { ANSWER_SILENT, "it is down" },
	[REASON_NO_CARRIER] = { ANSWER_SILENT, "it has no carrier" },
	[REASON_UNHEARD] = { ANSWER_SILENT, "no device of this host hears the request" },
	[REASON_NO_WAY_BACK] = { ANSWER_SILENT, "the bridge neither learns nor floods on the port that the request "
						"comes by, so no answer gets there" },
	[REASON_OTHER_VLAN] = { ANSWER_SILENT, "its answer leaves in another VLAN than the request came in" },
	[REASON_VLAN_DEVICE] = { ANSWER_SILENT, "a VLAN device on a port of the bridge takes its answer" },

	[REASON_NO_IP] = { ANSWER_SILENT, "the kernel has this protocol switched off on it" },
	[REASON_NOARP] = { ANSWER_SILENT, "ARP is off on it (NOARP)" },
	[REASON_QUIET] = { ANSWER_SILENT, "guestarp keeps it quiet by its name" },
	[REASON_IPVLAN] = { ANSWER_SILENT, "an ipvlan device on it takes the request, and answers nobody" },
	[REASON_TARGET] = { ANSWER_SILENT, "nobody may ask for this address" },
	[REASON_GRATUITOUS] = { ANSWER_SILENT, "it drops announcements (drop_gratuitous_arp)" },

	[REASON_PROBE] = { ANSWER_SILENT, "a probe is answered only for the host's own addresses" },
	[REASON_ROUTING] = { ANSWER_SILENT, "routing refuses a packet from the neighbour to the address (no "
					    "route, rules, rp_filter, or no forwarding)" },
	[REASON_RP_FILTER] = { ANSWER_SILENT, "rp_filter refuses the neighbour, and the kernel logs it as a martian "
					      "source" },
	[REASON_NOT_UNICAST] = { ANSWER_SILENT, "the address is no single host's" },
	[REASON_ARP_IGNORE] = { ANSWER_SILENT, "arp_ignore keeps it silent" },
	[REASON_ARP_FILTER] = { ANSWER_SILENT, "arp_filter is on, and packets to that neighbour leave by another "
					       "device" },
	[REASON_FORWARDING] = { ANSWER_SILENT, "forwarding is off" },
	[REASON_IN_FRONT] = { ANSWER_SILENT, "the route to it leaves by the device itself" },
	[REASON_MEDIUM] = { ANSWER_SILENT, "medium_id allows no proxy ARP between the two devices" },
	[REASON_NO_PROXY] = { ANSWER_SILENT, "the address is another's, and nothing makes it answer for that" },

	[REASON_NO_GROUP] = { ANSWER_SILENT, "it does not listen for solicitations of this address" },
	[REASON_TENTATIVE] = { ANSWER_SILENT, "the address is tentative, or a duplicate" },
	[REASON_OPTIMISTIC] = { ANSWER_SILENT, "the address is optimistic" },
	[REASON_NO_SOURCE] = { ANSWER_SILENT, "there is no address of the host from which it could answer" },
	[REASON_NOARP_SELF] = { ANSWER_SILENT, "ARP is off on it (NOARP), so it sends its answer to itself" },

	[REASON_OWN] = { ANSWER_REPLIES, "the address is the host's own" },
	[REASON_PROXY_ARP] = { ANSWER_REPLIES, "proxy_arp is on, and the address is routed to another device" },
	[REASON_PROXY_PVLAN] = { ANSWER_REPLIES, "proxy_arp_pvlan is on, and the address is routed to this device" },
	[REASON_PROXY_ENTRY] = { ANSWER_REPLIES, "it has a proxy entry for the address" },
	[REASON_ANYCAST] = { ANSWER_REPLIES, "the address is an anycast address of the host" },

	[REASON_FILTERED] = { ANSWER_UNKNOWN, "rules of nftables or arptables that are not guestarp's see the request "
					      "first" },
	[REASON_INTERCEPTED] = { ANSWER_UNKNOWN, "an XDP program or an ingress qdisc sees the request first" },
	[REASON_SWITCH] = { ANSWER_UNKNOWN, "Open vSwitch or a team device takes the request" },
	[REASON_LOCKED] = { ANSWER_UNKNOWN, "its port is locked" },
	[REASON_SOURCE_LIST] = { ANSWER_UNKNOWN, "a macvlan device hears only the MACs of a list" },
	[REASON_SUPPRESS] = { ANSWER_UNKNOWN, "a port of the bridge has proxy_arp or neigh_suppress, so it may answer "
					      "with a neighbour's MAC" },
	[REASON_VXLAN_PROXY] = { ANSWER_UNKNOWN, "the VXLAN device answers from its neighbour table" },
	[REASON_BALANCE_ALB] = { ANSWER_UNKNOWN, "the bond (balance-alb) answers with one of its devices' MACs" },
	[REASON_UNCERTAIN] = { ANSWER_UNKNOWN, "routing cannot be asked as ARP asks it" },
	[REASON_MULTIPATH] = { ANSWER_UNKNOWN, "the route has several next hops, and only some make it answer" },
};

enum answer_verdict reason_verdict(enum answer_reason reason)
{
	return reasons[reason].verdict;
}

const char *reason_words(enum answer_reason reason)
{
	return reasons[reason].words;
}

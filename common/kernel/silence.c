/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's conditions for answering, asked for one address and one device. */

#include "kernel/silence.h"

#include <sys/socket.h>

#include "base/text.h"
#include "kernel/route.h"
#include "kernel/sysctl.h"

int silence_in_front(struct netlink *nl, const struct link *link, const struct addresses *addresses,
		     const struct ip *ip, bool *ret_in_front, struct err *err)
{
	struct ip neighbour;
	bool known = addresses_neighbour(addresses, link->ifindex, ip, &neighbour);
	struct route forward = { .ifindex = 0 };
	struct route own = { .ifindex = 0 };
	int r = route_forward(nl, link->ifindex, known ? &neighbour : NULL, ip, &forward, err);
	bool in_front = forward.ifindex == link->ifindex;

	/*
	 * Of several devices in one subnet IPv6 takes the one where the packet came in. That is no way to a guest whose
	 * own route may be yet to come, unless it is what the host's own packets take.
	 */
	if (r == 0 && in_front && ip->family == AF_INET6)
		r = route_lookup(nl, link->table ? link->ifindex : 0, ip, &own, err);
	if (r == 0)
		*ret_in_front = in_front &&
				(own.ifindex == 0 || own.ifindex == link->ifindex || own.table != forward.table);
	return r;
}

enum forwarding silence_forwarding(const struct link *link, uint8_t family)
{
	uint32_t all = 1;
	uint32_t forced = 0;

	if (family == AF_INET)
		return link->value[LINK_FORWARDING] ? FORWARDING_ON : FORWARDING_OFF;
	if (link->value[LINK_FORWARDING_6] == 0)
		return FORWARDING_OFF;
	/* ip6_forward() looks at all's value; since Linux 6.17 a device may be told to forward all the same. */
	(void)sysctl_get(SYSCTL_FORWARDING_6, "all", &all, NULL);
	if (all == 0)
		(void)sysctl_get(SYSCTL_FORCE_FORWARDING_6, link->name, &forced, NULL);
	return all || forced ? FORWARDING_ON : FORWARDING_OFF_ALL;
}

/* Appends the devices that believe routers as long as they do not forward (accept_ra=1). */
static bool append_accept_ra(struct netlink *nl, char *command, size_t size)
{
	struct route_devices devices;

	if (route_advertised(nl, &devices, NULL) < 0)
		return false;
	for (size_t i = 0; i < devices.count; i++) {
		struct link link;

		if (link_get_by_index(nl, devices.ifindexes[i], &link, NULL) < 0 || link.value[LINK_ACCEPT_RA_6] != 1)
			continue;
		if (!text_append(command, size, " net/ipv6/conf/%s/accept_ra=2", link.name))
			return false;
	}
	return !devices.more;
}

/*
 * Once it forwards, proxy_arp has it answer for all that is routed to another device, and proxy_arp_pvlan for its own
 * neighbours, whom this host then takes for itself.
 */
static bool answers_beyond(const struct link *link)
{
	uint32_t all = 0;
	uint32_t pvlan = 0;

	return link->value[LINK_PROXY_ARP] || link->value[LINK_PROXY_ARP_PVLAN] ||
	       sysctl_get(SYSCTL_PROXY_ARP, "all", &all, NULL) < 0 || all != 0 ||
	       sysctl_get(SYSCTL_PROXY_ARP_PVLAN, "all", &pvlan, NULL) < 0 || pvlan != 0;
}

void silence_forwarding_fix(struct netlink *nl, const struct link *link, uint8_t family, enum forwarding forwarding,
			    char *ret_command, size_t size)
{
	const char *device = link->name;
	uint32_t all = 0;
	bool whole;

	ret_command[0] = '\0';
	if (family == AF_INET) {
		if (!answers_beyond(link))
			(void)text_append(ret_command, size, "sysctl -w net/ipv4/conf/%s/forwarding=1", device);
		return;
	}
	/* Turned on for all, it is on for each. */
	if (forwarding == FORWARDING_OFF_ALL || sysctl_get(SYSCTL_FORWARDING_6, "all", &all, NULL) < 0 || all == 0)
		device = "all";
	whole = text_append(ret_command, size, "sysctl -w") && append_accept_ra(nl, ret_command, size) &&
		text_append(ret_command, size, " net/ipv6/conf/%s/forwarding=1", device);
	/* A part of it would do the harm. */
	if (!whole)
		ret_command[0] = '\0';
}

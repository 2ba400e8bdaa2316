/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's ports, as the kernel shows them. */

#include "effect/ports.h"

#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>

#include "effect/asking.h"
#include "kernel/route.h"

static bool has_address(const struct facts *facts, int ifindex)
{
	static const struct ip zero = { .family = AF_INET };

	for (size_t i = 0; i < facts->addresses.count; i++) {
		const struct address *a = &facts->addresses.list[i];

		/* Proxmox VE gives each port of a container 0.0.0.0. */
		if (a->ifindex == ifindex && a->ip.family == AF_INET && !ip_equal(&a->ip, &zero))
			return true;
	}
	return false;
}

/* In a bridge its own stack sees nothing; out of one it may be the guest's gateway, or on its way into one. */
static int is_routed(struct netlink *nl, struct facts *facts, const struct link *port, bool *ret_routed,
		     struct err *err)
{
	int r;

	*ret_routed = false;
	if (port->port)
		return 0;
	*ret_routed = port->value[LINK_PROXY_ARP] != 0;
	if (*ret_routed)
		return 0;
	r = asking_addresses(nl, facts, AF_INET, err);
	if (r < 0)
		return r;
	*ret_routed = has_address(facts, port->ifindex);
	return *ret_routed ? 0 : route_by_device(nl, port->ifindex, ret_routed, err);
}

int ports_ask(struct netlink *nl, const struct guest *guest, struct facts *facts, enum names_ports *ret_ports,
	      struct err *err)
{
	static const char *const prefixes[] = { "tap", "veth" };

	*ret_ports = names_ports_of(guest);
	for (size_t i = 0; i < guest->nic_count; i++) {
		for (size_t j = 0; j < 2; j++) {
			char name[IFNAMSIZ];
			const struct link *port;
			bool routed;
			int r;

			if (snprintf(name, sizeof(name), "%s%si%u", prefixes[j], guest->id, guest->nics[i].index) >=
			    (int)sizeof(name))
				continue;
			r = asking_link(nl, facts, name, err);
			port = r == 0 ? facts_link(facts, name) : NULL;
			if (port)
				r = is_routed(nl, facts, port, &routed, err);
			if (r < 0)
				return r;
			if (port && routed) {
				*ret_ports = NAMES_PORTS_ROUTED;
				return 0;
			}
		}
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another machine is heard on the wire. Of our own devices IPv4's are not: none takes an address of ours for a sender.
 */

#include "event/probe.h"

#include <errno.h>
#include <sys/socket.h>

#include "effect/asking.h"
#include "kernel/packet.h"
#include "kernel/proxy.h"
#include "plan/choice.h"

/* Another device of this host that holds an address: each is called once. */
typedef bool (*device_fn)(struct netlink *nl, int ifindex, const void *what);

static int find_device(struct netlink *nl, const struct facts *facts, int except, device_fn is, const void *what)
{
	const struct addresses *all = &facts->addresses;

	for (size_t i = 0; i < all->count; i++) {
		bool again = all->list[i].ifindex == except;

		for (size_t j = 0; !again && j < i; j++)
			again = all->list[j].ifindex == all->list[i].ifindex;
		if (!again && is(nl, all->list[i].ifindex, what))
			return all->list[i].ifindex;
	}
	return 0;
}

static bool has_mac(struct netlink *nl, int ifindex, const void *what)
{
	struct link link;

	return link_get_by_index(nl, ifindex, &link, NULL) == 0 && mac_equal(&link.mac, what);
}

static bool has_entry(struct netlink *nl, int ifindex, const void *what)
{
	bool exists = false;

	return proxy_get(nl, ifindex, what, &exists, NULL) == 0 && exists;
}

/* Our own devices are told from other machines. NULL where nobody else answers. */
static const struct mac *foreign_holder(struct netlink *nl, const struct facts *facts, const struct packet *packet,
					const struct probe_result *result)
{
	for (size_t i = 0; i < result->count; i++) {
		if (!find_device(nl, facts, packet->ifindex, has_mac, &result->holders[i]))
			return &result->holders[i];
	}
	return NULL;
}

static void note_own(struct netlink *nl, const struct facts *facts, const struct packet *packet,
		     struct outcome *outcome)
{
	int ifindex = find_device(nl, facts, packet->ifindex, has_entry, &packet->ip);
	char name[IFNAMSIZ];
	char ip[IP_TEXT];

	if (!ifindex)
		return;
	link_name(nl, ifindex, name);
	notes_add(&outcome->notes, "%s of this host has an entry for %s", name, ip_to_str(&packet->ip, ip));
}

static int ask_addresses(struct netlink *nl, struct facts *facts, const struct ip *ips, size_t count, struct err *err)
{
	int r = asking_addresses(nl, facts, AF_INET, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		if (ips[i].family == AF_INET6)
			r = asking_addresses(nl, facts, AF_INET6, err);
	}
	return r;
}

int probe_addresses(struct turn *turn, const struct guest *guest, struct err *err)
{
	const struct policy *policy = &turn->policy;
	struct facts *facts = &turn->facts;
	struct packet packets[GUEST_IPS_MAX];
	struct probe_result results[GUEST_IPS_MAX];
	const struct link *link = facts_link(facts, plan_device(guest, policy));
	struct ip buffer[GUEST_IPS_MAX];
	size_t count;
	const struct ip *ips = plan_ips(guest, policy, buffer, &count);
	int result = 0;
	int r;

	if (!link)
		return 0;
	r = ask_addresses(turn->nl, facts, ips, count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		packets[i] = (struct packet){ .ifindex = link->ifindex, .source = link->mac, .ip = ips[i] };
		(void)addresses_sender(&facts->addresses, link->ifindex, &ips[i], &packets[i].sender);
	}
	r = packet_probe(packets, count, results, NULL, err);
	if (r < 0)
		return err_wrap(err, "%s: address probe", link->name);
	for (size_t i = 0; i < count; i++) {
		const struct mac *holder = foreign_holder(turn->nl, facts, &packets[i], &results[i]);
		struct err used;
		char ip[IP_TEXT];
		char mac[MAC_TEXT];

		note_own(turn->nl, facts, &packets[i], &turn->outcome);
		if (!holder)
			continue;
		(void)err_set(&used, EADDRINUSE, "%s is in use: %s answers for it on %s", ip_to_str(&ips[i], ip),
			      mac_to_str(holder, mac), link->name);
		if (policy->probe == PROBE_REFUSE)
			outcome_failed(&turn->outcome, &result, &used, err);
		else
			notes_add_err(&turn->outcome.notes, &used);
	}
	return result;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several network cards of this host in one subnet. */

#include <net/if.h>
#include <string.h>

#include "doctor/doctor.h"

/* A VRF has a table of its own: the kernel finds no address of another one in it, and is silent. */
static bool same_vrf(const struct doctor *d, int ifindex, int other)
{
	return strcmp(doctor_vrf(d, ifindex), doctor_vrf(d, other)) == 0;
}

static bool shares_subnet(const struct doctor *d, const struct address *address)
{
	const struct addresses *all = &d->addresses;

	for (size_t i = 0; i < all->count; i++) {
		const struct address *other = &all->list[i];

		/* A host route's /32 on two devices is no subnet that both are in. */
		if (other->ifindex != address->ifindex && other->prefix < 32 && address->prefix < 32 &&
		    ip_same_subnet(&other->ip, &address->ip,
				   other->prefix > address->prefix ? other->prefix : address->prefix) &&
		    same_vrf(d, address->ifindex, other->ifindex))
			return true;
	}
	return false;
}

static bool hears(const struct doctor *d, int ifindex)
{
	const struct link *link = netstate_link(&d->state, ifindex);

	return link && (link->flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
}

/*
 * An address of the subnet on a device that hears no request for it (lo, a bridge without ports, a card without its
 * cable): with arp_ignore nobody would answer for it. NULL for none.
 */
static const struct address *only_answered_there(const struct doctor *d, const struct address *address)
{
	const struct addresses *all = &d->addresses;

	for (size_t i = 0; i < all->count; i++) {
		const struct address *other = &all->list[i];

		if (other->ifindex != address->ifindex && ip_same_subnet(&other->ip, &address->ip, address->prefix) &&
		    (!shares_subnet(d, other) || !hears(d, other->ifindex)))
			return other;
	}
	return NULL;
}

static bool reported(const struct doctor *d, const char *device)
{
	for (size_t i = 0; i < d->findings->count; i++) {
		const struct finding *f = &d->findings->list[i];

		if (f->kind == FINDING_FLUX && strcmp(f->device, device) == 0)
			return true;
	}
	return false;
}

void check_flux(struct doctor *d)
{
	for (size_t i = 0; i < d->addresses.count; i++) {
		const struct address *address = &d->addresses.list[i];
		const struct link *link = netstate_link(&d->state, address->ifindex);
		const struct address *silenced;
		struct finding *f;
		char ip[IP_TEXT];

		/* IPv6 has no flux: an address is answered for on its own device alone. */
		if (!link || address->ip.family != AF_INET || (link->flags & (IFF_NOARP | IFF_LOOPBACK)) ||
		    !shares_subnet(d, address))
			continue;
		if (effective(d->state.all[LINK_ARP_IGNORE], link->value[LINK_ARP_IGNORE]) >= 1 &&
		    effective(d->state.all[LINK_ARP_ANNOUNCE], link->value[LINK_ARP_ANNOUNCE]) >= 2)
			continue;
		if (reported(d, link->name))
			continue;
		f = findings_add(d->findings, FINDING_FLUX);
		if (!f)
			return;
		finding_set(f->device, "%s", link->name);
		finding_set(f->what, "%s (%s/%u) is one of several network cards in the same subnet.", link->name,
			    ip_to_str(&address->ip, ip), address->prefix);
		silenced = only_answered_there(d, address);
		if (!silenced) {
			finding_set(f->mend, "sysctl -w net/ipv4/conf/%s/arp_ignore=1 net/ipv4/conf/%s/arp_announce=2",
				    link->name, link->name);
			finding_set(f->last, "\"devices\" in /etc/guestarp/guestarp.json");
			continue;
		}
		finding_set(f->last,
			    "first give %s, which another device has and this one answers for, to %s; then "
			    "arp_ignore and arp_announce among \"devices\" in /etc/guestarp/guestarp.json",
			    ip_to_str(&silenced->ip, ip), link->name);
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bridges that answer in a guest's stead, and bridges whose MAC moves. */

#include <net/if.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/guests.h"
#include "kernel/bridge.h"
#include "kernel/route.h"
#include "plan/plan.h"

#define VLAN_DEPTH_MAX 8 /* the kernel's MAX_NEST_DEV */

uint32_t effective(uint32_t all, uint32_t device)
{
	return all > device ? all : device;
}

static bool has_address(const struct doctor *d, const struct link *link)
{
	for (size_t i = 0; i < d->addresses.count; i++) {
		if (d->addresses.list[i].ifindex == link->ifindex)
			return true;
	}
	return false;
}

/* Do neighbours know the host by its MAC: has it an address, or a VLAN device on it? */
static bool has_neighbours(const struct doctor *d, const struct link *link)
{
	for (size_t i = 0; i < d->addresses.count; i++) {
		const struct link *at = netstate_link(&d->state, d->addresses.list[i].ifindex);

		for (int depth = 0; at && depth < VLAN_DEPTH_MAX && strcmp(at->kind, "vlan") == 0; depth++)
			at = netstate_link(&d->state, at->lower);
		if (at == link)
			return true;
	}
	return false;
}

static bool host_has_ip4(const struct doctor *d)
{
	for (size_t i = 0; i < d->addresses.count; i++) {
		if (d->addresses.list[i].ip.family == AF_INET)
			return true;
	}
	return false;
}

static bool is_addressless_bridge(const struct doctor *d, const struct link *link)
{
	return strcmp(link->kind, "bridge") == 0 && (link->flags & IFF_UP) && !(link->flags & IFF_NOARP) &&
	       !has_address(d, link) &&
	       !(d->state.filters.quiet.whole && quiet_names_cover(&d->state.filters.quiet.names, link->name));
}

/* arp_process(): the route look-up with its rp_filter comes first, but not for a probe from 0.0.0.0. */
static bool bridge_answers(const struct doctor *d, const struct link *link)
{
	uint32_t rp_filter = effective(d->state.all[LINK_RP_FILTER], link->value[LINK_RP_FILTER]);

	if (effective(d->state.all[LINK_ARP_IGNORE], link->value[LINK_ARP_IGNORE]) == 0)
		return true;
	return rp_filter == 0 && (d->state.all[LINK_PROXY_ARP] || link->value[LINK_PROXY_ARP]) &&
	       link->value[LINK_FORWARDING];
}

/*
 * Nothing but a guest's own frames passes a firewall bridge. Any other may be somebody's gateway by IPv6, which NOARP
 * would end too; what arp_ignore leaves needs the names.
 */
static void mend_bridge(const struct doctor *d, const struct link *link, struct finding *f)
{
	if (f->guest[0]) {
		finding_set(f->mend, "ip link set dev %s arp off", link->name);
		finding_set(f->last, "guestarp attach %s", f->guest);
		return;
	}
	if (f->kind == FINDING_BRIDGE_ANSWERS &&
	    effective(d->state.all[LINK_ARP_IGNORE], link->value[LINK_ARP_IGNORE]) == 0 &&
	    !d->state.all[LINK_PROXY_ARP] && !link->value[LINK_PROXY_ARP])
		finding_set(f->mend, "sysctl -w net/ipv4/conf/%s/arp_ignore=1", link->name);
	finding_set(f->last, "\"%s\": {\"quiet\": true} among \"devices\" in %s, then guestarp sync", link->name,
		    POLICY_HOST_FILE);
}

/* One by which IPv4 routes leave is there to be asked: for the gateway, which may be any address of the host's. */
static bool is_gateway(const struct doctor *d, const struct link *link)
{
	bool routed = false;

	return route_by_device(d->nl, link->ifindex, &routed, NULL) == 0 && routed;
}

static void answering(struct doctor *d, const struct link *link)
{
	struct finding *f = findings_add(d->findings, FINDING_BRIDGE_ANSWERS);
	bool probes = effective(d->state.all[LINK_RP_FILTER], link->value[LINK_RP_FILTER]) != 0;

	if (!f)
		return;
	finding_set(f->device, "%s", link->name);
	(void)device_guest(link->name, f->guest);
	finding_set(f->what, "Bridge %s%s%s has no address, yet it answers ARP %sfor this host's addresses.",
		    link->name, f->guest[0] ? " in front of guest " : "", f->guest, probes ? "probes " : "");
	mend_bridge(d, link, f);
}

static void martians(struct doctor *d, const struct link *link)
{
	struct finding *f = findings_add(d->findings, FINDING_BRIDGE_MARTIANS);

	if (!f)
		return;
	finding_set(f->device, "%s", link->name);
	(void)device_guest(link->name, f->guest);
	finding_set(f->what, "Bridge %s has no address and is asked by ARP all the same.", link->name);
	mend_bridge(d, link, f);
}

static bool logs_martians(const struct doctor *d, const struct link *link)
{
	if (effective(d->state.all[LINK_RP_FILTER], link->value[LINK_RP_FILTER]) == 0)
		return false;
	return d->state.all[LINK_LOG_MARTIANS] || link->value[LINK_LOG_MARTIANS];
}

/* The port whose MAC the bridge has now, if it is a guest's: with it goes the MAC. */
static const struct link *lender(const struct doctor *d, const struct link *bridge)
{
	for (size_t i = 0; i < d->state.count; i++) {
		const struct link *port = &d->state.devices[i].link;

		if (port->master == bridge->ifindex && mac_equal(&port->mac, &bridge->mac) &&
		    bridge_port_is_guests(port->name))
			return port;
	}
	return NULL;
}

/* fwpr100p0 is the one name that running_parse_port() does not know, as it stands for no guest's own device. */
static void port_guest(const char *port, char name[GUEST_NAME_SIZE])
{
	char fwbr[IFNAMSIZ];
	const char *p;

	if (strncmp(port, "fwpr", 4) != 0) {
		(void)device_guest(port, name);
		return;
	}
	p = strchr(port + 4, 'p');
	name[0] = '\0';
	if (p && snprintf(fwbr, sizeof(fwbr), "fwbr%.*si%s", (int)(p - port - 4), port + 4, p + 1) < IFNAMSIZ)
		(void)device_guest(fwbr, name);
}

/* Who knew the MAC that it had learns the other one at once. */
static void mend_mac(const struct link *link, const struct mac *mac, struct finding *f)
{
	char text[MAC_TEXT];
	bool other = !mac_equal(mac, &link->mac);

	finding_set(f->mend, "ip link set dev %s address %s%s%s", link->name, mac_to_str(mac, text),
		    other ? " && guestarp announce " : "", other ? link->name : "");
}

static void floating(struct doctor *d, const struct link *link, const struct bridge *bridge)
{
	const struct link *port = lender(d, link);
	struct mac mac = bridge->has_uplink ? bridge->uplink : link->mac;
	struct finding *f = findings_add(d->findings, FINDING_MAC_FLOATS);
	char text[MAC_TEXT];

	if (!f)
		return;
	/* The same that guestarp itself would pin. */
	if (!bridge->has_uplink && d->machine_id[0])
		plan_derive_mac(d->machine_id, link->name, &mac);
	finding_set(f->device, "%s", link->name);
	if (port)
		port_guest(port->name, f->guest);
	finding_set(f->what, "The MAC of bridge %s follows its lowest port%s%s%s%s.", link->name,
		    port ? "; it is now that of " : "", port ? port->name : "",
		    f->guest[0] ? " and changes when it stops: guest " : "", f->guest);
	mend_mac(link, &mac, f);
	(void)mac_to_str(&mac, text);
	finding_set(f->last, "guestarp attach its guests, or hwaddress %s in /etc/network/interfaces", text);
}

static void not_uplink(struct doctor *d, const struct link *link, const struct bridge *bridge)
{
	struct finding *f = findings_add(d->findings, FINDING_MAC_NOT_UPLINK);
	char is[MAC_TEXT];
	char uplink[MAC_TEXT];

	if (!f)
		return;
	finding_set(f->device, "%s", link->name);
	finding_set(f->what, "Bridge %s has the MAC %s, its network card has %s.", link->name,
		    mac_to_str(&link->mac, is), mac_to_str(&bridge->uplink, uplink));
	mend_mac(link, &bridge->uplink, f);
	finding_set(f->last, "hwaddress %s in /etc/network/interfaces", uplink);
}

static void check_mac(struct doctor *d, const struct link *link)
{
	static const struct bridge_claims claims = { guest_has_port, NULL };
	struct bridge bridge;

	if (bridge_read(d->nl, link, &claims, &bridge, NULL) < 0)
		return;
	if (!bridge.pinned)
		floating(d, link, &bridge);
	else if (bridge_uplink(d->nl, link->name, &claims, &bridge, NULL) == 0 && bridge.has_uplink &&
		 !mac_equal(&bridge.uplink, &link->mac))
		not_uplink(d, link, &bridge);
}

void check_bridges(struct doctor *d)
{
	bool can_answer = host_has_ip4(d);

	for (size_t i = 0; i < d->state.count; i++) {
		const struct link *link = &d->state.devices[i].link;

		if (strcmp(link->kind, "bridge") == 0 && has_neighbours(d, link))
			check_mac(d, link);
		if (!can_answer || !is_addressless_bridge(d, link) || is_gateway(d, link))
			continue;
		if (bridge_answers(d, link))
			answering(d, link);
		else if (logs_martians(d, link))
			martians(d, link);
	}
}

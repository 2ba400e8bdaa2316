/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bridges whose MAC moves. */

#include <net/if.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/guests.h"
#include "kernel/bridge.h"
#include "plan/plan.h"

#define VLAN_DEPTH_MAX 8 /* the kernel's MAX_NEST_DEV */

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

/* Who knew the MAC that it had learns the other one at once. */
static void fix_mac(const struct link *link, const struct mac *mac, struct finding *f)
{
	char text[MAC_TEXT];
	bool other = !mac_equal(mac, &link->mac);

	finding_set(f->fix, "ip link set dev %s address %s%s%s", link->name, mac_to_str(mac, text),
		    other ? " && guestarp announce " : "", other ? link->name : "");
	finding_set(f->permanent, "in /etc/network/interfaces, below \"iface %s\":\nhwaddress %s", link->name, text);
}

static void floating(struct doctor *d, const struct link *link, const struct bridge *bridge)
{
	const struct link *port = lender(d, link);
	struct mac mac = bridge->has_uplink ? bridge->uplink : link->mac;
	struct finding *f = findings_add(d->findings, FINDING_MAC_FLOATS);

	if (!f)
		return;
	/* The same that guestarp itself would pin. */
	if (!bridge->has_uplink && d->machine_id[0])
		plan_derive_mac(d->machine_id, link->name, &mac);
	finding_set(f->device, "%s", link->name);
	if (port)
		patient_of_port(port->name, f->guest);
	finding_set(f->what, "The MAC of bridge %s follows its lowest port%s%s%s%s.", link->name,
		    port ? "; it is now that of " : "", port ? port->name : "",
		    f->guest[0] ? " and changes when it stops: guest " : "", f->guest);
	finding_set(f->several, "The MACs of bridges {devices} follow their lowest ports.");
	fix_mac(link, &mac, f);
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
	finding_set(f->several, "Bridges {devices} have other MACs than their network cards.");
	fix_mac(link, &bridge->uplink, f);
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
	for (size_t i = 0; i < d->state.count; i++) {
		const struct link *link = &d->state.devices[i].link;

		if (strcmp(link->kind, "bridge") == 0 && has_neighbours(d, link))
			check_mac(d, link);
	}
}

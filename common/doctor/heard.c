/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose a MAC is that the provider does not know, why it left, and what ends that. */

#include "doctor/heard.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "doctor/doctor.h"
#include "doctor/firewall_bridge.h"

/* ---- in words ---------------------------------------------------------------------------------------------------- */

static void seen(const struct heard *h, struct finding *f)
{
	static const char *const kinds[] = { "ARP", "IPv4", "IPv6", "other" };
	char ip[IP_TEXT];
	size_t count = 0;

	finding_set(f->seen, "%" PRIu64 " frame%s%s: ", h->frames, h->frames == 1 ? "" : "s",
		    h->more ? " or more" : "");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (h->kinds & 1U << i)
			(void)text_append(f->seen, sizeof(f->seen), "%s%s", count++ ? ", " : "", kinds[i]);
	}
	if (h->type)
		(void)text_append(f->seen, sizeof(f->seen), " (type 0x%04x)", h->type);
	if (h->only_rejects)
		(void)text_append(f->seen, sizeof(f->seen), ", all of them a firewall's rejects");
	if (h->ip.family)
		(void)text_append(f->seen, sizeof(f->seen), "; from %s", ip_to_str(&h->ip, ip));
}

static struct finding *new_finding(struct findings *findings, enum finding_kind kind, const struct heard *h)
{
	struct finding *f = findings_add(findings, kind);

	if (!f)
		return NULL;
	(void)mac_to_str(&h->mac, f->mac);
	seen(h, f);
	return f;
}

/* Of a port: is it the one by which the provider is reached? */
static bool is_uplink(const struct hearing *hearing, int port)
{
	for (size_t i = 0; i < hearing->uplink_count; i++) {
		if (hearing->uplinks[i] == port)
			return true;
	}
	return false;
}

static bool is_bridge_there(const struct hearing *hearing, const struct netdev *d)
{
	struct netdev_places ports = netstate_ports(&hearing->now, d->link.ifindex);

	for (size_t i = 0; d->kind == NETDEV_BRIDGE && i < ports.count; i++) {
		if (is_uplink(hearing, hearing->now.devices[ports.places[i]].link.ifindex))
			return true;
	}
	return false;
}

static const char *device_name(const struct hearing *hearing)
{
	return netstate_link(&hearing->before, hearing->device)->name;
}

/* ---- a device of this host --------------------------------------------------------------------------------------- */

/* A bridge has the MAC of one of its ports, and it is the bridge that has an IP stack to send with. */
static const struct netdev *with_mac(const struct netstate *state, const struct mac *mac)
{
	const struct netdev *found = NULL;

	for (size_t i = 0; i < state->count; i++) {
		const struct netdev *d = &state->devices[i];

		if (!mac_equal(&d->link.mac, mac))
			continue;
		if (!found || d->kind == NETDEV_BRIDGE || (found->kind != NETDEV_BRIDGE && found->link.port))
			found = d;
	}
	return found;
}

/* Why a bridge or port of the platform's sends: the guest is its own, the MAC is not. */
static void guests_device(const struct hearing *hearing, const struct heard *h, const struct netdev *d,
			  const char *guest, struct findings *findings)
{
	bool answers = h->kinds & 1U << FRAME_ARP;
	struct finding *f = new_finding(findings, answers ? FINDING_BRIDGE_ANSWERS : FINDING_MAC_NOT_UPLINK, h);

	if (!f)
		return;
	finding_set(f->device, "%s", d->link.name);
	finding_set(f->guest, "%s", guest);
	finding_set(f->what, "%s %s in front of guest %s sends by %s with its own MAC %s.",
		    d->kind == NETDEV_BRIDGE ? "Bridge" : "Port", d->link.name, guest, device_name(hearing), f->mac);
	firewall_bridge_fix(&hearing->now, d->link.name, h->kinds, f);
}

static void hosts_device(const struct hearing *hearing, const struct heard *h, const struct netdev *d,
			 struct findings *findings)
{
	const struct link *uplink = netstate_link(&hearing->before, hearing->device);
	struct finding *f = new_finding(findings, FINDING_MAC_NOT_UPLINK, h);
	char mac[MAC_TEXT];

	if (!f)
		return;
	(void)mac_to_str(&uplink->mac, mac);
	finding_set(f->device, "%s", d->link.name);
	finding_set(f->what, "%s%s has the MAC %s and sends by %s, which has %s.",
		    d->kind == NETDEV_BRIDGE ? "Bridge " : "", d->link.name, f->mac, uplink->name, mac);
	if (is_bridge_there(hearing, d)) {
		finding_set(f->fix, "ip link set dev %s address %s && guestarp announce %s", d->link.name, mac,
			    d->link.name);
		finding_set(f->permanent, "in /etc/network/interfaces, below \"iface %s\":\nhwaddress %s", d->link.name,
			    mac);
	} else {
		finding_set(f->advice,
			    "give it the MAC %s, or have the provider assign one to it, and --allow that one", mac);
	}
}

static bool judge_device(const struct hearing *hearing, const struct heard *h, struct findings *findings)
{
	const struct netdev *d = with_mac(&hearing->now, &h->mac);
	char guest[GUEST_NAME_SIZE];

	if (!d)
		d = with_mac(&hearing->before, &h->mac);
	if (!d)
		return false;
	if (*patient_of_port(d->link.name, guest))
		guests_device(hearing, h, d, guest, findings);
	else
		hosts_device(hearing, h, d, findings);
	return true;
}

/* ---- a guest's, or nobody's -------------------------------------------------------------------------------------- */

static void guests_mac(const struct hearing *hearing, const struct heard *h, struct findings *findings)
{
	struct finding *f = new_finding(findings, FINDING_MAC_BRIDGED, h);

	if (!f)
		return;
	finding_set(f->guest, "%s", h->guest);
	finding_set(f->what, "Guest %s is bridged: the MAC %s of its net%d leaves by %s.", h->guest, f->mac, h->nic,
		    device_name(hearing));
	finding_set(f->advice,
		    "give net%d the MAC that the provider assigns for its address, and --allow that one; or route "
		    "the guest and say: guestarp device %s %s",
		    h->nic, h->guest, device_name(hearing));
}

/* The guest that a bridge's port leads to, "" for none. */
static const char *guest_behind(const struct heard *h, const struct link *port, char name[GUEST_NAME_SIZE])
{
	if (!port)
		name[0] = '\0';
	else if (!*patient_of_port(port->name, name))
		(void)text_copy(name, GUEST_NAME_SIZE, h->behind);
	return name;
}

/* What a container has whose configuration names no MAC, or a machine inside a guest. */
static void behind_guest(const struct hearing *hearing, const struct heard *h, const struct link *port,
			 const char *guest, struct findings *findings)
{
	struct finding *f = new_finding(findings, FINDING_MAC_BRIDGED, h);

	if (!f)
		return;
	finding_set(f->device, "%s", port->name);
	finding_set(f->guest, "%s", guest);
	finding_set(f->what,
		    "The MAC %s, which the configuration of guest %s does not have, leaves by %s. It comes from "
		    "the guest, through port %s.",
		    f->mac, guest, device_name(hearing), port->name);
	finding_set(f->advice,
		    "have the provider assign a MAC and --allow it, or route the guest; a machine inside it is shut "
		    "out by macfilter in its firewall (Proxmox VE)");
}

/* bridge-disable-mac-learning is Proxmox VE's own word in that file. */
static void rejected(const struct hearing *hearing, const struct heard *h, const struct link *port, const char *guest,
		     struct findings *findings)
{
	const struct link *learned = netstate_link(&hearing->before, h->port);
	const struct link *bridge = learned ? netstate_link(&hearing->before, learned->master) : NULL;
	struct finding *f = new_finding(findings, FINDING_MAC_REJECT, h);

	if (!f)
		return;
	finding_set(f->device, "%s", port ? port->name : "");
	finding_set(f->guest, "%s", guest);
	finding_set(f->what, "A firewall rejects by %s in the name of another machine, %s%s%s%s%s.",
		    device_name(hearing), f->mac, port ? ", through port " : "", port ? port->name : "",
		    guest[0] ? " of guest " : "", guest);
	finding_set(f->advice, "let the firewall drop instead of reject%s%s%s",
		    bridge ? ", or bridge-disable-mac-learning 1 for " : "", bridge ? bridge->name : "",
		    bridge ? " in /etc/network/interfaces (Proxmox VE)" : "");
}

static void unknown(const struct hearing *hearing, const struct heard *h, const struct link *port, bool outside,
		    struct findings *findings)
{
	struct finding *f = new_finding(findings, FINDING_MAC_UNKNOWN, h);

	if (!f)
		return;
	finding_set(f->device, "%s", port ? port->name : "");
	finding_set(f->what, "The MAC %s of another machine leaves by %s%s%s%s.", f->mac, device_name(hearing),
		    port ? ", bridged through port " : "", port ? port->name : "",
		    outside ? "; that machine is beyond it" : "");
	finding_set(f->advice, "see what it sends: tcpdump -e -n -i %s ether src %s", device_name(hearing), f->mac);
}

/* Neither a guest's configuration nor this host has it: the bridge may tell. */
static void others_mac(const struct hearing *hearing, const struct heard *h, struct findings *findings)
{
	bool outside = is_uplink(hearing, h->port);
	const struct link *port = outside ? NULL : netstate_link(&hearing->before, h->port);
	char guest[GUEST_NAME_SIZE];

	if (!port && !outside)
		port = netstate_link(&hearing->now, h->port);
	(void)guest_behind(h, port, guest);
	if (h->only_rejects)
		rejected(hearing, h, port, guest, findings);
	else if (guest[0])
		behind_guest(hearing, h, port, guest, findings);
	else
		unknown(hearing, h, port, outside, findings);
}

void heard_judge(const struct hearing *hearing, struct findings *findings)
{
	struct finding *f;

	for (size_t i = 0; i < hearing->count; i++) {
		const struct heard *h = &hearing->list[i];

		if (h->guest[0])
			guests_mac(hearing, h, findings);
		else if (!judge_device(hearing, h, findings))
			others_mac(hearing, h, findings);
	}
	f = hearing->untold ? findings_add(findings, FINDING_MAC_UNKNOWN) : NULL;
	if (f)
		finding_set(f->what, "More than %d MACs leave by %s: %" PRIu64 " frames of others are not told apart.",
			    LISTEN_MACS_MAX, device_name(hearing), hearing->untold);
}

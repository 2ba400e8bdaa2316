/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of devices that answer where another one should, and the commands that end it, tried on the model. */

#include <linux/if_link.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "doctor/accused.h"
#include "doctor/anyip.h"
#include "doctor/doctor.h"
#include "doctor/firewall_bridge.h"

/* ---- fixes, tried on the model -------------------------------------------------------------------------------------
 */

/* Everybody whom the device answers on the wire the other one answers, too. */
static bool is_covered(const struct doctor *d, const struct wire *w, const struct netdev *device,
		       const struct netdev *other)
{
	return device_is_bare_bridge(d, device) ||
	       segments_covered(&d->segments, w->id, device->link.ifindex, other->link.ifindex);
}

/* Does one that has the address answer requests for it, on the wire for all who ask the device, or on another one? */
static bool lives(const struct doctor *d, const struct wire *wire, const struct netdev *device, const struct ip *target)
{
	for (size_t i = 0; i < d->wires.count; i++) {
		const struct wire *w = &d->wires.list[i];

		for (size_t j = 0; j < w->set_count; j++) {
			const struct reply_set *set = &w->sets[j];

			for (size_t k = 0; ip_equal(&set->target, target) && k < set->count; k++) {
				const struct netdev *other = set->list[k].device;

				if (set->list[k].request && device_holds(d, other, target) &&
				    (w != wire || is_covered(d, w, device, other)))
					return true;
			}
		}
	}
	return false;
}

/* Somebody else answers the same questions as before, who will not be told to be silent, too. */
static bool is_left(const struct doctor *d, const struct wire *w, const struct accusations *all,
		    const struct reply_set *set, const struct reply *lost)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct reply *other = &set->list[i];

		if (other->device != lost->device && other->request >= lost->request &&
		    !accusations_find(d, all, other->device, false) && is_covered(d, w, lost->device, other->device))
			return true;
	}
	return false;
}

/*
 * Who probes for the address there, as the device answered it, would no longer hear that it is taken: what answers
 * requests for it need not answer probes, as a VRF's device asks its own table alone for these.
 */
static bool loses_probe(struct doctor *d, const struct wire *w, const struct accusations *all,
			const struct reply_set *set, struct netdev *device, const struct netdev *before)
{
	const struct netdev now = *device;
	bool answered;

	if (device_answers_probe(d, set, device))
		return false;
	*device = *before;
	answered = device_answers_probe(d, set, device);
	*device = now;
	for (size_t i = 0; answered && i < set->count; i++) {
		const struct netdev *other = set->list[i].device;

		/* One that is told to be silent, too, keeps what it has itself. */
		if (other != device &&
		    (device_holds(d, other, &set->target) || !accusations_find(d, all, other, false)) &&
		    is_covered(d, w, device, other) && device_answers_probe(d, set, other))
			answered = false;
	}
	return answered;
}

/*
 * With the device as it is now, and not as before: does it no longer answer where it was wrong, and does nobody lose
 * an answer? *ret_lost: the address that nobody would answer for, or NULL.
 */
static bool try_device(struct doctor *d, const struct accusations *all, struct netdev *device, const struct netdev *old,
		       const struct ip **ret_lost)
{
	bool ends = true;

	*ret_lost = NULL;
	for (size_t i = 0; i < d->wires.count; i++) {
		const struct wire *w = &d->wires.list[i];

		for (size_t j = 0; wire_hears(w, device->link.ifindex) && j < w->set_count; j++) {
			const struct reply_set *set = &w->sets[j];
			const struct reply *before = set_reply(set, device->link.ifindex);
			struct reply now;
			bool wrong;

			if (!before)
				continue;
			/* What is to end is what it is accused of: arp_ignore leaves strangers to proxy_arp. */
			wrong = reply_is_wrong(d, w, set, before) &&
				(!set->stranger || device_is_bare_bridge(d, device));
			if (!set->stranger && !set->foreign && loses_probe(d, w, all, set, device, old))
				*ret_lost = &set->target;
			if (wire_ask(d, w, set, device, &now)) {
				ends = ends && !wrong;
				continue;
			}
			if (set->stranger || set->foreign || is_left(d, w, all, set, before))
				continue;
			/* Nobody misses an answer that misleads, where the right one can be had. */
			if (wrong && lives(d, w, device, &set->target))
				continue;
			*ret_lost = &set->target;
		}
	}
	return ends && !*ret_lost;
}

enum change { CHANGE_NOARP, CHANGE_ARP_IGNORE };

static bool try_change(struct doctor *d, const struct accusations *all, const struct netdev *device, enum change change,
		       const struct ip **ret_lost)
{
	struct netdev *changed = &d->state.devices[device - d->state.devices];
	struct netdev before = *changed;
	bool works;

	if (change == CHANGE_NOARP)
		changed->link.flags |= IFF_NOARP;
	else
		changed->link.value[LINK_ARP_IGNORE] = 1;
	works = try_device(d, all, changed, &before, ret_lost);
	*changed = before;
	return works;
}

/* ---- in words ------------------------------------------------------------------------------------------------------
 */

/*
 * Nothing but a guest's own frames passes a firewall bridge, so NOARP costs nobody anything. A quiet name silences the
 * same: it drops each request. What silences one bridge changes no other device's answers, and try_device() counts none
 * of the accused as one who is left to answer: so what is right for each is right for all of them together.
 */
static void fix_firewall_bridge(struct doctor *d, const struct accusations *all, const struct netdev *device,
				struct finding *f)
{
	const struct patient *p = patient_named(d, f->guest);
	bool names = p && p->quietable && d->state.filters.known && !d->state.filters.denied;
	const struct ip *lost;
	bool works = try_change(d, all, device, CHANGE_NOARP, &lost);

	if (works && names && p->managed) {
		finding_set(f->fix, "guestarp sync");
		return;
	}
	if (works)
		finding_set(f->fix, "ip link set dev %s arp off", device->link.name);
	if (!p || !p->readable)
		return; /* what no configuration names cannot be managed */
	firewall_bridge_keep(p->managed, p->quietable, f);
	f->permanent_fixes = works && names && !p->managed;
}

/* Who needs proxy_arp is not known: a guest without an entry may be answered for by it. */
static void advise_entries(const struct doctor *d, const struct netdev *device, struct finding *f)
{
	finding_set(f->advice,
		    "guestarp device GUEST DEVICE for each guest that is to be answered for there, then in "
		    "/etc/sysctl.d/90-guestarp.conf:\nnet/ipv4/conf/%s/proxy_arp=0",
		    d->state.all[LINK_PROXY_ARP] ? "all" : device->link.name);
}

/* Somebody is to be answered for there, whether or not anybody is known to ask. */
static bool has_entry(const struct doctor *d, const struct netdev *device)
{
	for (size_t i = 0; i < d->state.proxies.count; i++) {
		const struct proxy_entry *entry = &d->state.proxies.list[i];

		if (entry->ifindex == device->link.ifindex && entry->ip.family == AF_INET)
			return true;
	}
	return false;
}

/*
 * It may be somebody's gateway by IPv6, which NOARP would end too; what arp_ignore leaves needs the names. A quiet name
 * silences as much as NOARP does: where a guest is answered for, what lasts is arp_ignore, which leaves proxy entries.
 */
static void fix_bridge(struct doctor *d, const struct accusations *all, const struct netdev *device, struct finding *f)
{
	const char *name = device->link.name;
	const struct ip *lost = NULL;
	char ip[IP_TEXT];

	if (f->guest[0]) {
		fix_firewall_bridge(d, all, device, f);
		return;
	}
	if (f->kind == FINDING_BRIDGE_ANSWERS && try_change(d, all, device, CHANGE_ARP_IGNORE, &lost))
		finding_set(f->fix, "sysctl -w net/ipv4/conf/%s/arp_ignore=1", name);
	if (!has_entry(d, device) && (try_change(d, all, device, CHANGE_NOARP, &lost) || !lost))
		finding_set(f->permanent, "in \"devices\" of %s, then guestarp sync:\n\"%s\": { \"quiet\": true },",
			    POLICY_HOST_FILE, name);
	else if (f->fix[0])
		finding_keep_sysctl(f);
	else if (lost)
		finding_set(f->advice,
			    "nobody else answers for %s there: first let the device that has it answer, then "
			    "arp_ignore=1 on %s",
			    ip_to_str(lost, ip), name);
	else
		advise_entries(d, device, f);
}

static void bridge_finding(struct doctor *d, const struct accusations *all, const struct accused *a)
{
	const char *name = a->device->link.name;
	struct finding *f = findings_add(d->findings, FINDING_BRIDGE_ANSWERS);

	if (!f)
		return;
	finding_set(f->device, "%s", name);
	(void)patient_of_device(name, f->guest);
	finding_set(f->what, "Bridge %s%s%s has no address, yet it answers ARP %sfor %s addresses.", name,
		    f->guest[0] ? " in front of guest " : "", f->guest, a->request ? "" : "probes ",
		    a->set->stranger ? "other machines'" : "this host's");
	finding_set(f->several, "Bridges {devices}%s have no address, yet they answer ARP %sfor %s addresses.",
		    f->guest[0] ? " in front of {guests}" : "", a->request ? "" : "probes ",
		    a->set->stranger ? "other machines'" : "this host's");
	fix_bridge(d, all, a->device, f);
}

static void flux_words(const struct doctor *d, const struct accused *a, struct finding *f)
{
	const char *name = a->device->link.name;
	char ip[IP_TEXT];

	(void)ip_to_str(&a->set->target, ip);
	f->wire = a->wire + 1;
	if (a->claims) {
		finding_set(f->what, "%s asks its neighbours with the sender %s, which %s on the same wire has.", name,
			    ip, a->right->link.name);
		finding_set(f->several,
			    "{devices} ask their neighbours with senders that another device on the same wire has.");
	} else if (a->right && device_holds(d, a->right, &a->set->target)) {
		finding_set(f->what, "%s answers ARP %sfor %s, which %s on the same wire has.", name,
			    a->request ? "" : "probes ", ip, a->right->link.name);
		finding_set(f->several,
			    "{devices} answer ARP %sfor addresses that another device on the same wire has.",
			    a->request ? "" : "probes ");
	} else {
		finding_set(f->what, "%s is one of several devices on one wire that answer ARP for %s.", name, ip);
		finding_set(f->several,
			    "{devices} are among those on one wire that answer ARP for the same addresses.");
	}
}

/*
 * Containers' macvlans, which are in other namespaces, hear this one and not the device below both: what it answers
 * them for the host's other addresses nobody else would. A route to them tells of them.
 */
static bool serves_macvlans(const struct doctor *d, const struct netdev *device)
{
	return device->kind == NETDEV_MACVLAN && device->mode == MACVLAN_MODE_BRIDGE && device_is_gateway(d, device);
}

static void flux_finding(struct doctor *d, const struct accusations *all, const struct accused *a)
{
	const char *name = a->device->link.name;
	struct finding *f = findings_add(d->findings, FINDING_FLUX);
	const struct ip *lost = NULL;
	char ip[IP_TEXT];

	if (!f)
		return;
	finding_set(f->device, "%s", name);
	flux_words(d, a, f);
	if (!a->claims && serves_macvlans(d, a->device)) {
		finding_set(f->advice,
			    "the macvlans to which a route leaves by %s hear no other device of this host: let them "
			    "use an address that %s has, then arp_ignore=1 and arp_announce=2 on it",
			    name, name);
	} else if (try_change(d, all, a->device, CHANGE_ARP_IGNORE, &lost)) {
		finding_set(f->fix, "sysctl -w net/ipv4/conf/%s/arp_ignore=1 net/ipv4/conf/%s/arp_announce=2", name,
			    name);
		finding_keep_sysctl(f);
	} else if (lost && address_is_routed(d, lost)) {
		finding_set(
			f->advice,
			"arp_ignore would end the answers for %s, which this host has by a local route alone: first "
			"give a device the addresses that are in use, or route them to this host elsewhere",
			ip_to_str(lost, ip));
	} else if (lost) {
		finding_set(f->advice,
			    "first give %s, which another device has and this one answers for, to %s; then "
			    "arp_ignore and arp_announce among \"devices\" in /etc/guestarp/guestarp.json",
			    ip_to_str(lost, ip), name);
	} else {
		finding_set(f->advice, "see which of its settings lets it answer: ip -d link show %s", name);
	}
}

static void stranger_finding(struct doctor *d, const struct accused *a)
{
	const char *name = a->device->link.name;
	struct finding *f = findings_add(d->findings, FINDING_PROXY_STRANGERS);
	char ip[IP_TEXT];

	if (!f)
		return;
	finding_set(f->device, "%s", name);
	finding_set(f->what, "proxy_arp is on for %s: it answers ARP for other machines' addresses, such as %s.", name,
		    ip_to_str(&a->set->target, ip));
	if (d->state.all[LINK_PROXY_ARP])
		finding_set(f->several,
			    "proxy_arp is on for all devices: {devices} answer ARP for other machines' addresses.");
	advise_entries(d, a->device, f);
}

static void report(struct doctor *d, const struct accusations *all)
{
	for (size_t i = 0; i < all->count; i++) {
		if (device_is_bare_bridge(d, all->list[i].device))
			bridge_finding(d, all, &all->list[i]);
	}
	for (size_t i = 0; i < all->count; i++) {
		const struct accused *a = &all->list[i];

		if (device_is_bare_bridge(d, a->device))
			continue;
		if (a->set->stranger)
			stranger_finding(d, a);
		else
			flux_finding(d, all, a);
	}
}

/* ---- martians ------------------------------------------------------------------------------------------------------
 */

/* Does rp_filter refuse, and the kernel log, what a neighbour asks there for the host's own addresses? */
static bool logs_martians(const struct doctor *d, const struct wire *w, const struct netdev *device)
{
	for (size_t i = 0; i < d->addresses.count; i++) {
		const struct ip *target = &d->addresses.list[i].ip;

		for (size_t j = 0; target->family == AF_INET && j < w->asker_count; j++) {
			const struct asker *asker = &w->askers[j];
			struct answer_question q = { .asker = asker->ip, .target = *target };

			if (asker->ip.family == AF_INET && ip_same_subnet(&asker->ip, target, asker->prefix) &&
			    answer_of(&d->state, &d->lookups, device->link.ifindex, &q).reason == REASON_RP_FILTER)
				return true;
		}
	}
	return false;
}

static void martians_finding(struct doctor *d, const struct accusations *all, const struct netdev *device)
{
	struct finding *f = findings_add(d->findings, FINDING_BRIDGE_MARTIANS);

	if (!f)
		return;
	finding_set(f->device, "%s", device->link.name);
	(void)patient_of_device(device->link.name, f->guest);
	finding_set(f->what, "Bridge %s has no address and is asked by ARP all the same.", device->link.name);
	finding_set(f->several, "Bridges {devices}%s have no address and are asked by ARP all the same.",
		    f->guest[0] ? " in front of {guests}" : "");
	fix_bridge(d, all, device, f);
}

static void check_martians(struct doctor *d, const struct accusations *all)
{
	for (size_t i = 0; i < d->wires.count; i++) {
		const struct wire *w = &d->wires.list[i];

		for (size_t j = 0; j < w->device_count; j++) {
			const struct netdev *device = w->devices[j].device;

			/* One with an entry is asked for a guest. */
			if (device_is_bare_bridge(d, device) && !has_entry(d, device) &&
			    !accusations_find(d, all, device, false) && logs_martians(d, w, device))
				martians_finding(d, all, device);
		}
	}
}

void check_flux(struct doctor *d)
{
	struct accusations all = { 0 };

	accusations_take(d, &all);
	report(d, &all);
	check_martians(d, &all);
	free(all.list);
}

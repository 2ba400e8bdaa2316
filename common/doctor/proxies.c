/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proxy entries: on one device, for a guest that is here, and able to answer. */

#include <stdlib.h>
#include <string.h>

#include "answer/entry.h"
#include "base/text.h"
#include "doctor/doctor.h"
#include "host/record.h"
#include "kernel/silence.h"
#include "kernel/sysctl.h"
#include "plan/choice.h"

#define ENTRIES_MAX 32 /* of one address: more devices than a finding names */

/* The entries of one address stand side by side in the list. */
struct group {
	const struct proxy_entry *entries;
	size_t count;
	char ip[IP_TEXT];
};

static const char *device_name(const struct doctor *d, const struct proxy_entry *entry)
{
	const struct link *link = netstate_link(&d->state, entry->ifindex);

	return link ? link->name : "?";
}

static void for_guest(struct finding *f, const struct patient *patient)
{
	if (patient)
		finding_set(f->guest, "%s", patient->name);
}

/* How a sentence about several entries begins. */
static const char *whose(const struct finding *f)
{
	return f->guest[0] ? "Addresses of {guests}" : "Addresses of no known guest";
}

static bool is_answered(const struct doctor *d, const struct wire *w, const struct ip *target)
{
	const struct reply_set set = { .target = *target };
	struct reply reply;

	for (size_t i = 0; i < w->device_count; i++) {
		if (wire_ask(d, w, &set, w->devices[i].device, &reply))
			return true;
	}
	return false;
}

/* Without its first entry, does somebody still answer for the address on each wire where it is asked for? */
static bool is_spare(const struct doctor *d, const struct group *g)
{
	struct doctor without = *d;
	struct proxies *all = &without.state.proxies;
	struct proxy_entry *list = calloc(all->count, sizeof(*list));
	size_t before = (size_t)(g->entries - all->list);
	bool spare = list;

	if (!list)
		return false;
	memcpy(list, all->list, before * sizeof(*list));
	memcpy(list + before, g->entries + 1, (all->count - before - 1) * sizeof(*list));
	all->list = list;
	all->count--;
	for (size_t i = 0; spare && i < d->wires.count; i++) {
		const struct wire *w = &d->wires.list[i];
		spare = !is_answered(d, w, &g->entries->ip) || is_answered(&without, w, &g->entries->ip);
	}
	free(list);
	return spare;
}

static void check_all_devices(struct doctor *d, const struct group *g)
{
	struct finding *f = findings_add(d->findings, FINDING_PROXY_ALL);

	if (!f)
		return;
	for_guest(f, patient_with(d, &g->entries->ip));
	finding_set(f->what, "A proxy entry for %s names no device.", g->ip);
	/*
	 * Without the only one nobody would answer; and while it is there the kernel takes an entry on a device for the
	 * same one (pneigh_lookup()), so the other cannot be made first.
	 */
	if (g->count > 1 && is_spare(d, g))
		finding_set(f->fix, "ip neigh del proxy %s", g->ip);
	else
		finding_set(f->advice, "choose DEVICE:\nip neigh del proxy %s; ip neigh add proxy %s dev DEVICE", g->ip,
			    g->ip);
	finding_set(f->several, "Proxy entries for %s%s name no device.",
		    f->guest[0] ? "addresses of " : "several addresses", f->guest[0] ? "{guests}" : "");
}

static bool in_its_subnet(const struct doctor *d, const struct proxy_entry *entry)
{
	for (size_t i = 0; i < d->addresses.count; i++) {
		const struct address *a = &d->addresses.list[i];

		if (a->ifindex == entry->ifindex && ip_same_subnet(&a->ip, &entry->ip, a->prefix))
			return true;
	}
	return false;
}

/* The one that policy has chosen; else one whose neighbours ask for such an address; else the first. */
static size_t right_one(const struct doctor *d, const struct group *g, const struct patient *patient)
{
	char chosen[IFNAMSIZ] = "";
	struct policy policy;
	size_t right = 0;

	if (patient && patient->readable) {
		(void)policy_load_like(&policy, &d->policy, &patient->guest, NULL);
		(void)text_copy(chosen, sizeof(chosen), plan_device_of(&patient->guest, &policy, &g->entries->ip));
		policy_done(&policy);
	}
	for (size_t i = g->count; i > 0; i--) {
		if (in_its_subnet(d, &g->entries[i - 1]))
			right = i - 1;
	}
	for (size_t i = 0; i < g->count; i++) {
		if (strcmp(device_name(d, &g->entries[i]), chosen) == 0)
			right = i;
	}
	return right;
}

/* Has the device the MAC of one that is in the group? */
static bool doubles(const struct doctor *d, const struct group *g, int ifindex)
{
	const struct link *link = netstate_link(&d->state, ifindex);

	for (size_t i = 0; i < g->count; i++) {
		const struct link *other = netstate_link(&d->state, g->entries[i].ifindex);

		if (link && other && mac_equal(&link->mac, &other->mac))
			return true;
	}
	return false;
}

/* Takes from the group those entries whose devices answer for the address on that wire. */
static void take_answering(const struct doctor *d, const struct wire *w, const struct group *g,
			   struct proxy_entry entries[ENTRIES_MAX], struct group *ret_group)
{
	*ret_group = *g;
	ret_group->entries = entries;
	ret_group->count = 0;
	for (size_t i = 0; i < w->set_count; i++) {
		const struct reply_set *set = &w->sets[i];

		if (!ip_equal(&set->target, &g->entries->ip))
			continue;
		for (size_t j = 0; j < g->count && ret_group->count < ENTRIES_MAX; j++) {
			if (set_reply(set, g->entries[j].ifindex) && !doubles(d, ret_group, g->entries[j].ifindex))
				entries[ret_group->count++] = g->entries[j];
		}
	}
}

static enum answer_reason reason_of(const struct doctor *d, const struct group *g, const struct link *link)
{
	return answer_by_entry(&d->state, &d->lookups, &d->addresses, link->ifindex, &g->entries->ip).reason;
}

/* Others of the wire would answer as well once they forward: for their other entries a command may have them do so. */
static void delete_silent(const struct doctor *d, const struct wire *w, const struct group *all, struct finding *f)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct link *link = netstate_link(&d->state, all->entries[i].ifindex);

		if (link && wire_hears(w, link->ifindex) && reason_of(d, all, link) == REASON_FORWARDING)
			(void)text_append(f->fix, sizeof(f->fix), " && ip neigh del proxy %s dev %s", all->ip,
					  link->name);
	}
}

/* g: those of all that answer. */
static void many_finding(struct doctor *d, const struct wire *w, const struct group *all, const struct group *g)
{
	const struct patient *patient = patient_with(d, &g->entries->ip);
	struct finding *f = findings_add(d->findings, FINDING_PROXY_MANY);
	size_t right = right_one(d, g, patient);

	if (!f)
		return;
	for_guest(f, patient);
	finding_set(f->device, "%s", device_name(d, &g->entries[right]));
	finding_set(f->what, "%s%s%s%s is answered for on %zu network cards: %s", g->ip, patient ? " (guest " : "",
		    f->guest, patient ? ")" : "", g->count, f->device);
	for (size_t i = 0; i < g->count; i++) {
		const char *device = device_name(d, &g->entries[i]);

		/* Half a command would be worse than one for the first few. */
		if (i != right && text_append(f->fix, sizeof(f->fix), "%sip neigh del proxy %s dev %s",
					      f->fix[0] ? " && " : "", g->ip, device))
			(void)text_append(f->what, sizeof(f->what), ", %s", device);
	}
	(void)text_append(f->what, sizeof(f->what), ".");
	if (!patient)
		delete_silent(d, w, all, f);
	finding_set(f->several, "%s are answered for on several network cards, %s among them.", whose(f), f->device);
	if (patient)
		finding_set(f->permanent, "guestarp device %s %s && guestarp apply %s", patient->name, f->device,
			    patient->name);
}

static void check_gone(struct doctor *d, const struct group *g, const struct patient *patient)
{
	const char *device = device_name(d, g->entries);
	struct setting entry = { .kind = SETTING_PROXY, .ifindex = g->entries->ifindex, .ip = g->entries->ip };
	struct finding *f = findings_add(d->findings, FINDING_PROXY_GONE);

	if (!f)
		return;
	for_guest(f, patient);
	finding_set(f->device, "%s", device);
	finding_set(f->what, "%s answers for %s of guest %s, which does not run here.", device, g->ip, f->guest);
	/* Somebody else's may serve a guest whose address no configuration has (DHCP, set inside). */
	if (record_has(&patient->guest, &entry))
		finding_set(f->fix, "guestarp sync");
	else
		finding_set(f->advice, "if no other guest uses the address:\nip neigh del proxy %s dev %s", g->ip,
			    device);
	finding_set(f->several, "%s answers for addresses of {guests}, not running here.", device);
}

static void forwarding_finding(struct doctor *d, const struct group *g, const struct link *link,
			       enum forwarding forwarding)
{
	struct finding *f = findings_add(d->findings, FINDING_PROXY_FORWARDING);
	const char *where = forwarding == FORWARDING_OFF ? "there" : "for all devices";

	if (!f)
		return;
	for_guest(f, patient_with(d, &g->entries->ip));
	finding_set(f->device, "%s", link->name);
	finding_set(f->what, "%s is to be answered for on %s, but forwarding is off %s.", g->ip, link->name, where);
	finding_set(f->several, "%s are to be answered for on %s, but forwarding is off %s.", whose(f), link->name,
		    where);
	silence_forwarding_fix(d->nl, link, g->entries->ip.family, forwarding, f->fix, sizeof(f->fix));
	if (f->fix[0])
		finding_keep_sysctl(f);
	else if (g->entries->ip.family == AF_INET)
		finding_set(
			f->advice,
			"first turn proxy_arp and proxy_arp_pvlan off, for %s and for all: with forwarding, %s would "
			"answer for other machines as well",
			link->name, link->name);
	else
		finding_set(f->advice, "turn it on, after accept_ra=2 for each device that has an advertised route");
}

static void in_front_finding(struct doctor *d, const struct group *g, const struct link *link)
{
	struct finding *f = findings_add(d->findings, FINDING_PROXY_IN_FRONT);

	if (!f)
		return;
	for_guest(f, patient_with(d, &g->entries->ip));
	finding_set(f->device, "%s", link->name);
	finding_set(f->several, "%s are to be answered for on %s, but the routes to them leave by %s itself.", whose(f),
		    link->name, link->name);
	finding_set(f->what, "%s is to be answered for on %s, but the route to it leaves by %s itself.", g->ip,
		    link->name, link->name);
	/* IPv4's is silent. IPv6's may be the only answer: ports that are isolated, or a router on the way. */
	if (g->entries->ip.family == AF_INET)
		finding_set(f->fix, "ip neigh del proxy %s dev %s", g->ip, link->name);
	else
		finding_set(f->advice, "if the guest itself hears those who ask there:\nip neigh del proxy %s dev %s",
			    g->ip, link->name);
}

static void ndp_finding(struct doctor *d, const struct group *g, const struct link *link)
{
	struct finding *f = findings_add(d->findings, FINDING_PROXY_NDP);

	if (!f)
		return;
	finding_set(f->what, "%s is to be answered for on %s, but proxy_ndp is off there.", g->ip, link->name);
	finding_set(f->fix, "sysctl -w net/ipv6/conf/%s/proxy_ndp=1", link->name);
	finding_keep_sysctl(f);
	for_guest(f, patient_with(d, &g->entries->ip));
	finding_set(f->device, "%s", link->name);
	finding_set(f->several, "%s are to be answered for on %s, but proxy_ndp is off there.", whose(f), link->name);
}

/* A guest's that runs, and no other entry for the address is of use: nobody answers. */
static void silent_finding(struct doctor *d, const struct group *g, const struct link *link, enum answer_reason reason)
{
	const struct patient *patient = patient_with(d, &g->entries->ip);
	struct finding *f;

	if (!patient || reason_verdict(reason) != ANSWER_SILENT)
		return;
	for (size_t i = 0; i < d->wires.count; i++) {
		struct proxy_entry entries[ENTRIES_MAX];
		struct group answering;

		take_answering(d, &d->wires.list[i], g, entries, &answering);
		if (answering.count > 0)
			return;
	}
	f = findings_add(d->findings, FINDING_PROXY_SILENT);
	if (!f)
		return;
	finding_set(f->what, "%s is to be answered for on %s, but %s stays silent: %s.", g->ip, link->name, link->name,
		    reason_words(reason));
	finding_set(f->several, "Addresses of {guests} are to be answered for on %s, but %s stays silent: %s.",
		    link->name, link->name, reason_words(reason));
	finding_set(f->advice, "change that, then see: guestarp status");
	for_guest(f, patient);
	finding_set(f->device, "%s", link->name);
}

static void check_silent_4(struct doctor *d, const struct group *g, const struct link *link)
{
	enum answer_reason reason = reason_of(d, g, link);

	if (reason == REASON_IN_FRONT)
		in_front_finding(d, g, link);
	else if (reason == REASON_FORWARDING)
		forwarding_finding(d, g, link, FORWARDING_OFF);
	else
		silent_finding(d, g, link, reason);
}

static void check_silent_6(struct doctor *d, const struct group *g, const struct link *link)
{
	enum forwarding forwarding = silence_forwarding(link, AF_INET6);
	enum answer_reason reason = reason_of(d, g, link);
	bool in_front = false;

	/* The kernel answers all the same, instead of the guest. Where it cannot be known nothing is said. */
	(void)silence_in_front(d->nl, link, &d->addresses, &g->entries->ip, &in_front, NULL);
	if (in_front)
		in_front_finding(d, g, link);
	else if (forwarding != FORWARDING_ON)
		forwarding_finding(d, g, link, forwarding);
	else if (reason == REASON_NO_PROXY)
		ndp_finding(d, g, link);
	else
		silent_finding(d, g, link, reason);
}

static void check_silent(struct doctor *d, const struct group *g, const struct link *link)
{
	if (g->entries->ip.family == AF_INET)
		check_silent_4(d, g, link);
	else
		check_silent_6(d, g, link);
}

static void check_delay(struct doctor *d, const struct group *g, const struct link *link)
{
	bool v4 = g->entries->ip.family == AF_INET;
	uint32_t delay = 0;
	char fix[96];
	struct finding *f;

	if (sysctl_get(v4 ? SYSCTL_PROXY_DELAY : SYSCTL_PROXY_DELAY_6, link->name, &delay, NULL) < 0 || delay == 0)
		return;
	/* Once for a device and family. */
	(void)snprintf(fix, sizeof(fix), "sysctl -w net/%s/neigh/%s/proxy_delay=0", v4 ? "ipv4" : "ipv6", link->name);
	for (size_t i = 0; i < d->findings->count; i++) {
		if (strcmp(d->findings->list[i].fix, fix) == 0)
			return;
	}
	f = findings_add(d->findings, FINDING_PROXY_SLOW);
	if (!f)
		return;
	finding_set(f->device, "%s", link->name);
	finding_set(f->what, "Answers for guests on %s come up to %u.%02u s late (proxy_delay %u).", link->name,
		    delay / 100, delay % 100, delay);
	finding_set(f->several, "Answers for guests on {devices} come up to %u.%02u s late (proxy_delay %u).",
		    delay / 100, delay % 100, delay);
	finding_set(f->fix, "%s", fix);
	finding_keep_sysctl(f);
}

/* An entry that another one on its wire stands in for is not missed. */
static void check_entry(struct doctor *d, const struct group *g, const struct proxy_entry *entry)
{
	const struct link *link = netstate_link(&d->state, entry->ifindex);
	struct proxy_entry entries[ENTRIES_MAX];
	struct group answering = { .count = 0 };

	if (!link)
		return;
	for (size_t i = 0; i < d->wires.count && answering.count == 0; i++) {
		if (wire_hears(&d->wires.list[i], entry->ifindex))
			take_answering(d, &d->wires.list[i], g, entries, &answering);
	}
	if (answering.count == 0 || (g->entries->ip.family == AF_INET6 && answering.count == 1))
		check_silent(d, g, link);
	check_delay(d, g, link);
}

/* arp_process() looks at no entry for what routing says is the host's own. A VRF's own count in it alone. */
static bool is_own(const struct doctor *d, const struct group *g)
{
	const struct netdev *vrf = netstate_vrf(&d->state, g->entries->ifindex);

	for (size_t i = 0; g->entries->ip.family == AF_INET && i < d->addresses.count; i++) {
		const struct address *a = &d->addresses.list[i];
		const struct netdev *of = netstate_vrf(&d->state, a->ifindex);

		if (ip_equal(&a->ip, &g->entries->ip) && (!of || of == vrf))
			return true;
	}
	return false;
}

static void check_group(struct doctor *d, const struct group *g)
{
	const struct patient *patient = patient_with(d, &g->entries->ip);
	bool many = false;

	if (is_own(d, g))
		return;
	if (g->entries[0].ifindex == 0) {
		check_all_devices(d, g);
		return;
	}
	if (patient && patient->running == RUNNING_NO) {
		check_gone(d, g, patient);
		return;
	}
	/* Several that answer on different wires are right: each container's own gateway, or one network twice. */
	for (size_t i = 0; i < d->wires.count; i++) {
		struct proxy_entry entries[ENTRIES_MAX];
		struct group answering;

		if (d->wires.list[i].device_count < 2)
			continue;
		take_answering(d, &d->wires.list[i], g, entries, &answering);
		if (answering.count > 1) {
			many_finding(d, &d->wires.list[i], g, &answering);
			many = true;
		}
	}
	for (size_t i = 0; !many && i < g->count; i++)
		check_entry(d, g, &g->entries[i]);
}

void check_proxies(struct doctor *d)
{
	const struct proxies *all = &d->state.proxies;

	for (size_t i = 0; i < all->count;) {
		struct group g = { .entries = &all->list[i], .count = 1 };

		while (i + g.count < all->count && ip_equal(&all->list[i].ip, &all->list[i + g.count].ip))
			g.count++;
		(void)ip_to_str(&g.entries->ip, g.ip);
		check_group(d, &g);
		i += g.count;
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proxy entries: on one device, for a guest that is here, and able to answer. */

#include <string.h>

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

static void check_all_devices(struct doctor *d, const struct group *g)
{
	struct finding *f = findings_add(d->findings, FINDING_PROXY_ALL);

	if (!f)
		return;
	for_guest(f, address_patient(d, &g->entries->ip));
	finding_set(f->what, "A proxy entry for %s names no device.", g->ip);
	/*
	 * Without the only one nobody would answer; and while it is there the kernel takes an entry on a device for the
	 * same one (pneigh_lookup()), so the other cannot be made first.
	 */
	if (g->count > 1)
		finding_set(f->mend, "ip neigh del proxy %s", g->ip);
	else
		finding_set(f->last, "choose DEVICE: ip neigh del proxy %s; ip neigh add proxy %s dev DEVICE", g->ip,
			    g->ip);
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
		(void)policy_load(&policy, &patient->guest, NULL);
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

static void check_many(struct doctor *d, const struct group *g)
{
	const struct patient *patient = address_patient(d, &g->entries->ip);
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

		/* Half a command would be worse than one that mends the first few. */
		if (i != right && text_append(f->mend, sizeof(f->mend), "%sip neigh del proxy %s dev %s",
					      f->mend[0] ? " && " : "", g->ip, device))
			(void)text_append(f->what, sizeof(f->what), ", %s", device);
	}
	if (patient)
		finding_set(f->last, "guestarp device %s %s && guestarp apply %s", patient->name, f->device,
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
		finding_set(f->mend, "guestarp sync");
	else
		finding_set(f->last, "if no other guest uses the address: ip neigh del proxy %s dev %s", g->ip, device);
}

static bool check_forwarding(struct doctor *d, const struct group *g, const struct link *link)
{
	uint8_t family = g->entries->ip.family;
	enum forwarding forwarding = silence_forwarding(link, family);
	struct finding *f = forwarding != FORWARDING_ON ? findings_add(d->findings, FINDING_PROXY_FORWARDING) : NULL;

	if (!f)
		return forwarding != FORWARDING_ON;
	finding_set(f->what, "%s is to be answered for on %s, but forwarding is off %s.", g->ip, link->name,
		    forwarding == FORWARDING_OFF ? "there" : "for all devices");
	silence_forwarding_fix(d->nl, link, family, forwarding, f->mend, sizeof(f->mend));
	finding_set(f->last, "%s",
		    f->mend[0] ? "the same line in /etc/sysctl.d"
			       : "turn it on, after accept_ra=2 for each device that has an advertised route");
	for_guest(f, address_patient(d, &g->entries->ip));
	finding_set(f->device, "%s", link->name);
	return true;
}

static void check_silent(struct doctor *d, const struct group *g, const struct link *link)
{
	bool v4 = g->entries->ip.family == AF_INET;
	bool in_front = false;
	uint32_t ndp = 0;
	struct finding *f;

	/* Where it cannot be known nothing is said: the command would cut off a guest that is not in front. */
	(void)silence_in_front(d->nl, link, &d->addresses, &g->entries->ip, &in_front, NULL);
	if (in_front) {
		f = findings_add(d->findings, FINDING_PROXY_IN_FRONT);
		if (!f)
			return;
		finding_set(f->what, "%s is to be answered for on %s, but the route to it leaves by %s itself.", g->ip,
			    link->name, link->name);
		/* IPv4's is silent. IPv6's may be the only answer: ports that are isolated, or a router on the way. */
		if (v4)
			finding_set(f->mend, "ip neigh del proxy %s dev %s", g->ip, link->name);
		else
			finding_set(f->last, "if who asks there is heard by it: ip neigh del proxy %s dev %s", g->ip,
				    link->name);
	} else {
		if (check_forwarding(d, g, link) || v4 || d->state.all[LINK_PROXY_NDP] ||
		    sysctl_get(SYSCTL_PROXY_NDP, link->name, &ndp, NULL) < 0 || ndp != 0)
			return;
		f = findings_add(d->findings, FINDING_PROXY_NDP);
		if (!f)
			return;
		finding_set(f->what, "%s is to be answered for on %s, but proxy_ndp is off there.", g->ip, link->name);
		finding_set(f->mend, "sysctl -w net/ipv6/conf/%s/proxy_ndp=1", link->name);
	}
	for_guest(f, address_patient(d, &g->entries->ip));
	finding_set(f->device, "%s", link->name);
}

static void check_delay(struct doctor *d, const struct group *g, const struct link *link)
{
	bool v4 = g->entries->ip.family == AF_INET;
	uint32_t delay = 0;
	char mend[96];
	struct finding *f;

	if (sysctl_get(v4 ? SYSCTL_PROXY_DELAY : SYSCTL_PROXY_DELAY_6, link->name, &delay, NULL) < 0 || delay == 0)
		return;
	/* Once for a device and family. */
	(void)snprintf(mend, sizeof(mend), "sysctl -w net/%s/neigh/%s/proxy_delay=0", v4 ? "ipv4" : "ipv6", link->name);
	for (size_t i = 0; i < d->findings->count; i++) {
		if (strcmp(d->findings->list[i].mend, mend) == 0)
			return;
	}
	f = findings_add(d->findings, FINDING_PROXY_SLOW);
	if (!f)
		return;
	finding_set(f->device, "%s", link->name);
	finding_set(f->what, "Answers for guests on %s come up to %u.%02u s late (proxy_delay %u).", link->name,
		    delay / 100, delay % 100, delay);
	finding_set(f->mend, "%s", mend);
	finding_set(f->last, "guestarp sets it for guests with a chosen device");
}

static void check_group(struct doctor *d, const struct group *g)
{
	const struct patient *patient = address_patient(d, &g->entries->ip);
	const struct link *link;

	if (g->entries[0].ifindex == 0) {
		check_all_devices(d, g);
		return;
	}
	if (patient && patient->running == RUNNING_NO) {
		check_gone(d, g, patient);
		return;
	}
	if (g->count > 1) {
		check_many(d, g);
		return;
	}
	link = netstate_link(&d->state, g->entries->ifindex);
	if (!link)
		return;
	check_silent(d, g, link);
	check_delay(d, g, link);
}

static void entry_vrf(const struct doctor *d, const struct proxy_entry *entry, char ret_vrf[IFNAMSIZ])
{
	(void)text_copy(ret_vrf, IFNAMSIZ, doctor_vrf(d, entry->ifindex));
}

/* The same address in two VRFs is two addresses. */
static void check_vrfs(struct doctor *d, const struct group *g)
{
	struct proxy_entry entries[ENTRIES_MAX];
	char vrfs[ENTRIES_MAX][IFNAMSIZ];

	if (g->count == 1 || g->count > ENTRIES_MAX) {
		check_group(d, g);
		return;
	}
	for (size_t i = 0; i < g->count; i++)
		entry_vrf(d, &g->entries[i], vrfs[i]);
	for (size_t i = 0; i < g->count; i++) {
		struct group same = *g;
		bool first = true;

		same.entries = entries;
		same.count = 0;
		for (size_t j = 0; j < g->count; j++) {
			if (strcmp(vrfs[i], vrfs[j]) != 0)
				continue;
			first = first && j >= i;
			entries[same.count++] = g->entries[j];
		}
		if (first)
			check_group(d, &same);
	}
}

void check_proxies(struct doctor *d)
{
	const struct proxies *all = &d->state.proxies;

	for (size_t i = 0; i < all->count;) {
		struct group g = { .entries = &all->list[i], .count = 1 };

		while (i + g.count < all->count && ip_equal(&all->list[i].ip, &all->list[i + g.count].ip))
			g.count++;
		(void)ip_to_str(&g.entries->ip, g.ip);
		check_vrfs(d, &g);
		i += g.count;
	}
}

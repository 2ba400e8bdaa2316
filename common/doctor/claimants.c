/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who in the cluster has one address: ownership is per host, so only a look at all nodes shows a clone elsewhere. */

#include "doctor/claimants.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "doctor/doctor.h"
#include "host/guests.h"
#include "host/owner.h"
#include "kernel/bridge.h"
#include "plan/bind.h"
#include "plan/choice.h"
#include "policy/ask.h"

#define NAMED_MAX 6 /* guests that a finding names */

/* Not the host's own, and none that means another device on each link. */
static bool is_sane(const struct doctor *d, const struct ip *ip)
{
	const struct bind_question question = { .ip = ip, .allowed = true, .addresses = &d->addresses };

	return bind_sane(&question) == BIND_YES;
}

static void add(struct doctor *d, const struct claimant *claimant)
{
	struct claimants *all = &d->claimants;
	struct claimant *list = array_grow(all->list, all->count, &all->room, sizeof(*list));

	if (!list) {
		d->findings->failed = true;
		return;
	}
	all->list = list;
	all->list[all->count++] = *claimant;
}

/* The name of the VRF that it is in, "" for none. */
static const char *vrf_of(const struct doctor *d, int ifindex)
{
	const struct netdev *vrf = netstate_vrf(&d->state, ifindex);

	return vrf ? vrf->link.name : "";
}

static void take_vrf(const struct doctor *d, const char *device, char ret_vrf[IFNAMSIZ])
{
	const struct netdev *netdev = device[0] ? netstate_named(&d->state, device) : NULL;

	if (netdev)
		(void)text_copy(ret_vrf, IFNAMSIZ, vrf_of(d, netdev->link.ifindex));
}

static void add_ip(struct doctor *d, const struct guest *guest, const struct policy *policy, const char *node,
		   const struct ip *ip)
{
	const struct guest_nic *nic = policy ? plan_nic(guest, policy, ip) : bind_nic(guest, ip);
	struct claimant c = { .ip = *ip };
	const char *device;

	if (!is_sane(d, ip))
		return;
	(void)guest_name(guest, c.guest);
	(void)text_copy(c.node, sizeof(c.node), node);
	if (nic) {
		(void)text_copy(c.bridge, sizeof(c.bridge), nic->bridge);
		c.tag = nic->tag;
	}
	if (policy) {
		device = plan_device_of(guest, policy, ip);
		c.shared = policy_shares(policy, ip);
		c.bound = policy_manages(policy, guest) && (device[0] || plan_route_of(guest, policy, ip)[0]);
		take_vrf(d, device[0] ? device : c.bridge, c.vrf);
	}
	add(d, &c);
}

void claimants_take(struct doctor *d, const struct guest *guest, const struct policy *policy)
{
	struct ip buffer[GUEST_IPS_MAX];
	size_t count;
	const struct ip *ips = plan_ips(guest, policy, buffer, &count);

	for (size_t i = 0; i < guest->ip_count; i++)
		add_ip(d, guest, policy, "", &guest->ips[i]);
	/* Policy may give it others. */
	for (size_t i = 0; i < count; i++) {
		if (!ip_among(guest->ips, guest->ip_count, &ips[i]))
			add_ip(d, guest, policy, "", &ips[i]);
	}
}

static int by_guest(const void *key, const void *patient)
{
	return strverscmp(key, ((const struct patient *)patient)->name);
}

static const struct patient *find_patient(const struct doctor *d, const char *name)
{
	return d->patient_count ? bsearch(name, d->patients, d->patient_count, sizeof(*d->patients), by_guest) : NULL;
}

/* This node's are among them. */
static bool is_elsewhere(const struct guest *guest, const void *data)
{
	char name[GUEST_NAME_SIZE];
	const struct patient *patient = find_patient(data, guest_name(guest, name));

	return !patient || !patient->readable;
}

/* A guest of another node, as its configuration there says: what policy says of it is that node's. */
static void take_elsewhere(const struct guest *guest, const char *node, void *data)
{
	struct doctor *d = data;

	for (size_t i = 0; i < guest->ip_count; i++)
		add_ip(d, guest, NULL, node, &guest->ips[i]);
}

static int by_ip(const void *a, const void *b)
{
	const struct claimant *x = a;
	const struct claimant *y = b;
	int order = (int)x->ip.family - (int)y->ip.family;

	if (order == 0)
		order = memcmp(x->ip.bytes, y->ip.bytes, ip_len(&x->ip));
	return order ? order : strverscmp(x->guest, y->guest);
}

static bool runs(const struct doctor *d, const struct claimant *c)
{
	const struct patient *patient = c->node[0] ? NULL : find_patient(d, c->guest);

	return patient && patient->running == RUNNING_YES;
}

/* A bridge without an uplink ends at its node. */
static bool leaves_host(const struct doctor *d, const char *name)
{
	const struct bridge_claims claims = { guest_has_port, NULL };
	struct bridge bridge = { .has_uplink = false };

	return name[0] && bridge_uplink(d->nl, name, &claims, &bridge, NULL) == 0 && bridge.has_uplink;
}

/* Two networks of one numbering, as behind NAT: private addresses on different bridges, and nobody answers for them. */
static bool apart(const struct doctor *d, const struct claimant *holder, const struct claimant *other)
{
	if (!other->node[0] && strcmp(holder->vrf, other->vrf) != 0)
		return true;
	if (!bind_private(&holder->ip) || (holder->bound && other->bound))
		return false;
	if (strcmp(holder->bridge, other->bridge) != 0 || holder->tag != other->tag)
		return true;
	return other->node[0] && !leaves_host(d, holder->bridge);
}

/* Its owner where that runs, else the first that runs; NULL for none, when nothing is wrong yet. */
static const struct claimant *find_holder(const struct doctor *d, const struct claimant *group, size_t count,
					  bool *ret_owner)
{
	char owner[GUEST_NAME_SIZE] = "";
	const struct claimant *holder = NULL;

	for (size_t i = 0; i < count; i++) {
		bool owns = owner_of(group[i].vrf, &group->ip, owner) && strcmp(group[i].guest, owner) == 0;

		if ((holder && !owns) || !runs(d, &group[i]))
			continue;
		holder = &group[i];
		*ret_owner = owns;
	}
	return holder;
}

static void check_group(struct doctor *d, const struct claimant *group, size_t count)
{
	bool owner = false;
	const struct claimant *holder = count > 1 ? find_holder(d, group, count, &owner) : NULL;
	char others[NAMED_MAX * (GUEST_NAME_SIZE + sizeof(holder->node) + 16)] = "";
	bool rival = false;
	size_t named = 0;
	char ip[IP_TEXT];
	struct finding *f;

	for (size_t i = 0; holder && !holder->shared && i < count; i++) {
		const struct claimant *c = &group[i];
		const char *node = c->node;

		if (c == holder || c->shared || apart(d, holder, c) || named++ >= NAMED_MAX)
			continue;
		rival = rival || runs(d, c);
		(void)text_append(others, sizeof(others), "%s%s%s%s%s", named > 1 ? ", " : "", c->guest,
				  *node        ? " (node "
				  : runs(d, c) ? " (runs, too"
					       : "",
				  node, *node || runs(d, c) ? ")" : "");
	}
	f = named ? findings_add(d->findings, FINDING_ADDRESS_TWICE) : NULL;
	if (!f)
		return;
	finding_set(f->guest, "%s", holder->guest);
	finding_set(f->what, "%s is also in the configuration of %s%s; %s runs%s.", ip_to_str(&group->ip, ip), others,
		    named > NAMED_MAX ? ", ..." : "", holder->guest, owner || !rival ? " and has it" : "");
	finding_set(f->advice, "give one of them another address; for a failover pair, name it in \"shared\" of both");
}

void check_claimants(struct doctor *d)
{
	struct claimants *all = &d->claimants;

	if (guest_each_of_cluster(is_elsewhere, take_elsewhere, d) < 0)
		d->findings->failed = true;
	if (all->count > 1)
		qsort(all->list, all->count, sizeof(*all->list), by_ip);
	for (size_t i = 0, next; i < all->count; i = next) {
		for (next = i + 1; next < all->count && ip_equal(&all->list[i].ip, &all->list[next].ip);)
			next++;
		check_group(d, &all->list[i], next - i);
	}
}
